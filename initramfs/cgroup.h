/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup within the zone. */
#ifndef XENRUN_CGROUP_H
#define XENRUN_CGROUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Mounts the hierarchy and hands the kernel's controllers down; without cgroups it says so and goes on. */
void cgroup_boot(void);

/* Makes the container's cgroup. Returns a descriptor of its folder, -1 with errno. */
int cgroup_make(void);

/* That of another member's zone init; 0 for the first. A descriptor, -1 with errno. */
int cgroup_find(uint32_t member);

/* Removes it, if there is nobody left in it. */
void cgroup_remove(void);

/* Writes a file of it. */
int cgroup_write(int cgroup, const char *file, const char *value);

/* Gives its folder, and those of its files that may be delegated, to a user: config-linux.md, "Cgroup
 * ownership". */
int cgroup_give(int cgroup, uid_t uid);

/* Loads what decides over the devices of a cgroup: `length` bytes of struct bpf_insn. Returns a descriptor of
 * it, -1 with errno. */
int cgroup_load_devices(const void *program, size_t length);
/* From now on it decides. */
int cgroup_attach_devices(int cgroup, int program);

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
