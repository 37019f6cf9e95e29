/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_PROGRAM_H
#define XENRUN_PROGRAM_H

#include <limits.h>

#include "initramfs/ops.h"

#define PROGRAM_MAX PATH_MAX

/*
 * Finds what args[0] means to the process, along PATH of its own environment, as execvp(3) does. Returns 0,
 * or -1 with ENOENT, or EACCES when all that was found may not be executed.
 */
int program_find(const struct spec *spec, char path[PROGRAM_MAX]);

#endif
