/* SPDX-License-Identifier: Apache-2.0 */
/* A mount's options (config.md, "Mounts", "Linux mount options") as what mount(2) and mount_setattr(2) take.
 */
#ifndef XENRUN_MOUNT_OPTIONS_H
#define XENRUN_MOUNT_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct error;

enum {
	OCI_MOUNT_TMPCOPYUP = 1 << 0,	 /* a tmpfs begins with what was at the mount point */
	OCI_MOUNT_IDMAP = 1 << 1,	 /* owners mapped, by the mount's mappings or else the container's */
	OCI_MOUNT_RIDMAP = 1 << 2,	 /* the same, of the mounts beneath as well */
	OCI_MOUNT_COPY_SYMLINK = 1 << 3, /* a source that is a symlink is made again, not followed */
	OCI_MOUNT_SRC_NOFOLLOW = 1 << 4, /* a source that is a symlink is mounted itself */
	OCI_MOUNT_DEST_NOFOLLOW = 1 << 5 /* so is a destination */
};

struct oci_mount_options {
	unsigned long flags;	    /* MS_* to set: MS_BIND, MS_REC, MS_RDONLY, … */
	unsigned long clear_flags;  /* MS_* that an option took away ("rw", "suid", …) */
	unsigned long *propagation; /* one mount(2) each, in order: MS_SLAVE, MS_PRIVATE | MS_REC, … */
	size_t propagation_len;
	uint64_t rec_set;    /* MOUNT_ATTR_* for mount_setattr(2) with AT_RECURSIVE: "rro", … */
	uint64_t rec_clear;  /* MOUNT_ATTR_*: "rrw", …; MOUNT_ATTR__ATIME whenever an atime mode is set */
	unsigned extensions; /* OCI_MOUNT_* */
	char *data;	     /* what is left, by commas, for the file system; NULL if nothing */
};

/* 0, or -1 with *err set. An option that is no option of this table goes to the file system. Of options that
 * contradict each other the last wins. What mount(8) keeps from the kernel ("nofail", "x-…") is dropped.
 * `options` ends with NULL and may be NULL. */
int oci_mount_options_parse(char *const *options, struct oci_mount_options *parsed, struct error *err);
void oci_mount_options_free(struct oci_mount_options *parsed); /* what it holds, not itself */

/* The known names in alphabetical order, NULL behind the last: the features document lists them. */
const char *oci_mount_option_name(size_t index);

#endif
