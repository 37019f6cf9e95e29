/* SPDX-License-Identifier: Apache-2.0 */
/* A change of the container's limits (ZONE_OP_LIMITS). */
#ifndef XENRUN_LIMITS_H
#define XENRUN_LIMITS_H

#include <stdint.h>

#include "initramfs/ops.h"

/* Writes the files of a decoded spec into the cgroup. Returns 0; or -1 with errno, the operation that failed
 * in *index, and all files as they were. */
int limits_change(const struct spec *spec, int cgroup, uint32_t *index);

#endif
