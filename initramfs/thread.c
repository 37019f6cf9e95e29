/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/thread.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

int thread_start(void *(*run)(void *), void *argument, size_t stack)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;

	/* It inherits the mask: signals are for the thread that holds the state. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (stack < (size_t)sysconf(_SC_THREAD_STACK_MIN))
		stack = (size_t)sysconf(_SC_THREAD_STACK_MIN);
	errno = pthread_attr_setstacksize(&attr, stack);
	if (!errno)
		errno = pthread_create(&thread, &attr, run, argument);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return errno ? -1 : 0;
}
