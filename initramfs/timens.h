/* SPDX-License-Identifier: Apache-2.0 */
/* Time namespaces. */
#ifndef XENRUN_TIMENS_H
#define XENRUN_TIMENS_H

#include <stdint.h>

#include "initramfs/ops.h"

/* Makes a time namespace with the spec's offsets and enters it; `proc` is the zone's /proc. Allocates
 * nothing. 0, or -1 with errno and, where one is to blame, the index of the operation. */
int timens_enter(int proc, const struct spec *spec, uint32_t *index);

#endif
