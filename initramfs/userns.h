/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces below the zone's: zone init does for a process in one what it may not do itself. */
#ifndef XENRUN_USERNS_H
#define XENRUN_USERNS_H

#include <stdint.h>
#include <sys/types.h>

#include "initramfs/ops.h"

/* Who its root is, as the zone sees it. */
struct userns {
	uint32_t uid, gid;
};

/* Writes the spec's maps for a process just made in a namespace of its own. `proc` is the zone's /proc.
 * 0, or -1 with errno and the index of the operation to blame. */
int userns_map(int proc, pid_t pid, const struct spec *spec, struct userns *user, uint32_t *index);

/* prlimit(2) and oom_score_adj of a process. */
int userns_limit(pid_t pid, uint32_t resource, const uint64_t soft_and_hard[2]);
int userns_score(int proc, pid_t pid, int32_t score);

#endif
