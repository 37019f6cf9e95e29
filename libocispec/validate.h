/* SPDX-License-Identifier: Apache-2.0 */
/* Inside libocispec/: validation by the sections of the spec. All give 0, or -1 with *err set, path in front.
 */
#ifndef XENRUN_VALIDATE_H
#define XENRUN_VALIDATE_H

#include "libocispec/names.h"
#include "libocispec/ocispec.h"

/* Messages of these three have no path: the caller knows it, and puts it there by error_prefix(). */
int oci_check_absolute(const char *path, struct error *err);
int oci_check_list(const char *list, struct error *err); /* of CPUs or memory nodes */
int oci_check_name(const struct oci_name *table, const char *name, const char *what, struct error *err);

int oci_warn(struct oci_warnings *warnings, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `path` is the property that holds the mappings. */
int oci_validate_id_mappings(
	const struct oci_id_mapping *mappings, size_t len, const char *path, struct error *err);
int oci_validate_linux(const struct oci_config *config, struct error *err);
int oci_validate_seccomp(const struct oci_seccomp *seccomp, struct error *err);
int oci_validate_vm(const struct oci_vm *vm, struct error *err);

#endif
