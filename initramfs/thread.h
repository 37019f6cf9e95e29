/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for what can only be waited for in the kernel. They allocate nothing and use no stdio: a
 * child made meanwhile by clone3 would find the lock taken for ever.
 */
#ifndef XENRUN_THREAD_H
#define XENRUN_THREAD_H

#include <stddef.h>

/* Enough for a thread that keeps no buffer on its stack. */
#define THREAD_STACK 8192

/* Starts a detached thread, all signals blocked. 0, or -1 with errno. */
int thread_start(void *(*run)(void *), void *argument, size_t stack);

#endif
