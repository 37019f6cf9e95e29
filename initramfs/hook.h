/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_HOOK_H
#define XENRUN_HOOK_H

#include "initramfs/ops.h"

/*
 * Runs a ZONE_OP_HOOK to its end, as whoever calls. *arrays is moved on from its arguments (struct spec's
 * hooks) to the next one's; `env` is the process's. Returns 0, or -1 with errno: the exec's, ETIMEDOUT,
 * ECANCELED for a wait status that is not 0.
 */
int hook_run(const struct op *op, char ***arrays, char **env);

#endif
