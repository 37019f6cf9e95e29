/* SPDX-License-Identifier: Apache-2.0 */
/* The new process, from clone to exec. */
#ifndef XENRUN_CHILD_H
#define XENRUN_CHILD_H

#include <stdint.h>

#include "initramfs/ops.h"

/* Said on the channel, a socket that keeps messages apart; that it closes without one is the exec's success.
 */
enum child_message_type {
	CHILD_READY = 1,  /* arg[0]: its pid as itself sees it; waits for CHILD_START */
	CHILD_FAILED = 2, /* arg[0]: index of the operation, arg[1]: errno */
	CHILD_START = 3,  /* to the child */
	CHILD_DONE =
		4, /* to the child: its user namespace is mapped, or the next two are done; arg[0]: errno */
	/* What takes a privilege of the zone's own user namespace, asked for from a lesser one. */
	CHILD_LIMIT = 5,    /* arg[0]: RLIMIT_*, value: soft, hard */
	CHILD_SCORE = 6,    /* arg[0]: oom_score_adj, as int32 */
	CHILD_TERMINAL = 7, /* with the master of its terminal as a descriptor */
};

struct child_message {
	uint32_t type;
	uint32_t arg[2];
	uint64_t value[2];
};

struct child_plan {
	const struct spec *spec;
	const int *streams; /* its standard input, output and error, and the spec's descriptors */
	int channel;
	int proc;      /* O_PATH of the zone's /proc, which no container can have replaced */
	int container; /* pidfd of the process whose namespaces it joins, -1 for a container's own */
	uint32_t join; /* which of them (CLONE_NEW*); its pid namespace it is born into */
};

/* Runs the spec's operations; does not return. Descriptors of the plan other than the streams are above 2. */
void child_run(const struct child_plan *plan) __attribute__((noreturn));

#endif
