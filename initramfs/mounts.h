/* SPDX-License-Identifier: Apache-2.0 */
/* The container's file systems, as the new process makes them in its mount namespace. */
#ifndef XENRUN_MOUNTS_H
#define XENRUN_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "initramfs/ops.h"

struct root {
	int fd;		      /* O_PATH of the root's top; -1 before ZONE_OP_ROOT */
	int volumes;	      /* O_PATH of the volumes share, -1 until a bind opens it */
	bool pivoted;	      /* it is / by now */
	unsigned propagation; /* flags that wait for the pivot, 0 for none */
};

/* Whether an operation wants the volumes share. */
bool mounts_binds_volume(const struct op *op);

/* Of ZONE_OP_SHM, what zone init does: the first container's memory is to be seen by later ones, too. */
int mounts_make_shm(const struct op *op);

/* One operation each; 0, or -1 with errno. */
int mounts_root(struct root *root, bool user_namespace);
int mounts_propagation(struct root *root, const struct op *op);
int mounts_mount(struct root *root, const struct op *op); /* MOUNT_COPY, too */
int mounts_shm(struct root *root, const struct op *op);
int mounts_attributes(struct root *root, const struct op *op);
int mounts_mknod(struct root *root, const struct op *op);
int mounts_symlink(struct root *root, const struct op *op);
int mounts_pivot(struct root *root);
int mounts_readonly_path(struct root *root, const struct op *op);
int mounts_mask_path(struct root *root, const struct op *op);
int mounts_readonly_root(struct root *root);

/* Binds a terminal over the container's /dev/console. */
int mounts_console(struct root *root, int terminal);

#endif
