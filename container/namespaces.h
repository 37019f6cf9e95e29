/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of config.json's namespaces a zone cannot have as it asks (config-linux.md, "Namespaces"): a type
 * that it leaves out is the runtime's own, dom0's, and no guest shares processes or IPC objects with dom0.
 */
#ifndef XENRUN_NAMESPACES_H
#define XENRUN_NAMESPACES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libocispec/ocispec.h"
#include "util/error.h"

/* Whether a namespace is the process's (PID, or "self"); `file` is its name in /proc/PID/ns. */
bool namespace_is_of(const struct stat *namespace, const char *process, const char *file);

/* Whether the namespace that fd has open is this host's first of that type (as in /proc/PID/ns), or the
 * caller's. */
bool namespace_is_hosts(int fd, const char *type);

/* Refuses those of the host: -1 and what to do instead in err. The network's is refused where it is opened.
 */
int namespaces_check(const struct oci_config *config, struct error *err);

#endif
