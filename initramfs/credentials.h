/* SPDX-License-Identifier: Apache-2.0 */
/* Who the process is and what it may do, from a spec. Both return 0, or -1 with errno and *index set to the
 * operation. */
#ifndef XENRUN_CREDENTIALS_H
#define XENRUN_CREDENTIALS_H

#include "initramfs/ops.h"

/* User, groups, capabilities, working folder, umask, no_new_privs, and the filter if it needs a right that
 * goes. */
int credentials_apply(const struct spec *spec, uint32_t *index);

/* What can wait until the exec: the filter of a process that gains no privileges. */
int credentials_last(const struct spec *spec, uint32_t *index);

#endif
