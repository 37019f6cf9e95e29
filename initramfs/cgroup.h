/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup within the zone. */
#ifndef XENRUN_CGROUP_H
#define XENRUN_CGROUP_H

#include <sys/types.h>

/* Mounts the hierarchy and hands the kernel's controllers down; without cgroups it says so and goes on. */
void cgroup_boot(void);

/* Makes the container's cgroup. Returns a descriptor of its folder, -1 with errno. */
int cgroup_make(void);

/* Writes a file of it. */
int cgroup_write(int cgroup, const char *file, const char *value);

/* The cgroup that `pid` is in by now, below the container's or it: systemd moves itself. A descriptor, or -1.
 */
int cgroup_of(pid_t pid);

/* How many processes of it and below it the kernel has killed for want of memory. */
unsigned long cgroup_memory_kills(int cgroup);

/* A descriptor that becomes readable when that number may have changed; -1 where the kernel tells nobody. */
int cgroup_watch_memory(void);

/* Sends a signal to every process in it and below it. */
void cgroup_signal(int cgroup, int signal);

#endif
