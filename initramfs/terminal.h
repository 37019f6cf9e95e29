/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: each is a pair of the container's own devpts. All return -1 with errno on failure. */
#ifndef XENRUN_TERMINAL_H
#define XENRUN_TERMINAL_H

#include <sys/types.h>

/*
 * Opens a new pair as `root` (O_PATH) has it at /dev/pts, unlocked and of this size; its slave belongs to
 * `owner`. The slave becomes the caller's controlling terminal, which must lead a session, and descriptors
 * 0, 1 and 2. Returns the master.
 */
int terminal_open(int root, unsigned rows, unsigned columns, uid_t owner);

/* The slave of a master, which is not to become the caller's controlling terminal. */
int terminal_slave(int master);

int terminal_resize(int master, unsigned rows, unsigned columns);

#endif
