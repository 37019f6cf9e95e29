/* SPDX-License-Identifier: Apache-2.0 */
/* A container's state as runtime.md, "State" has it: what `state` prints and hooks read on standard input. */
#ifndef XENRUN_OCI_STATE_H
#define XENRUN_OCI_STATE_H

#include "libocispec/ocispec.h"
#include <sys/types.h>

enum oci_status {
	OCI_STATUS_CREATING,
	OCI_STATUS_CREATED,
	OCI_STATUS_RUNNING,
	OCI_STATUS_PAUSED, /* not the spec's, but runc's and crun's */
	OCI_STATUS_STOPPED,
};

/* Strings are borrowed. */
struct oci_state {
	const char *oci_version;
	const char *id;
	enum oci_status status;
	pid_t pid; /* 0 once stopped; -1 leaves it out */
	const char *bundle;
	const struct oci_map *annotations; /* may be NULL */
	/* runc's additions; left out where NULL */
	const char *rootfs;
	const char *created; /* RFC 3339 */
	const char *owner;   /* may be empty, as runc's is for root */
};

const char *oci_status_name(enum oci_status status);
int oci_status_number(const char *name); /* -1 if it is none */

/* Indented JSON without a newline at the end; NULL if there is no memory. The caller frees it. */
char *oci_state_to_json(const struct oci_state *state);

#endif
