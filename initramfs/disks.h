/* SPDX-License-Identifier: Apache-2.0 */
/* The host's block devices that the zone was given. */
#ifndef XENRUN_ZONE_DISKS_H
#define XENRUN_ZONE_DISKS_H

#include <sys/types.h>

#include "initramfs/ops.h"

#define DISK_PATH_MAX 40

/* Waits for the device of a ZONE_OP_DISK, and makes the zone's own node of it. 0, or -1 with errno: ENODEV
 * when it does not come. */
int disk_prepare(const struct op *op);

/* Where that node is. */
const char *disk_path(char path[DISK_PATH_MAX], dev_t device);

#endif
