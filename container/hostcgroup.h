/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup of the host that a container's processes live in: config-linux.md, "Cgroups Path", as runc reads
 * it. At /sys/fs/cgroup it is one of version 2, or one of version 1 in each hierarchy that is mounted there;
 * on a host that has neither, containers go without.
 *
 * In version 2 the stand-in, the monitor and the keeper are in it, and limits are the zone's affair. In
 * version 1 limits are written there too. What takes the zone down is not to wait for them: only processes
 * that stand for the container's are in it, and they enter it when they have opened Xen's devices.
 *
 * The one that a container has is marked with the zone's UUID. What bears no mark, or another one, is
 * somebody else's: nothing in it is ended, and it is not removed.
 */
#ifndef XENRUN_HOSTCGROUP_H
#define XENRUN_HOSTCGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "container/container.h"
#include "libocispec/ocispec.h"
#include "util/error.h"

/* All strings are owned. */
struct hostcgroup {
	char *path; /* from the hierarchy's root, with a slash in front; NULL: none */
	char *unit; /* the scope that systemd makes it for; NULL: it is made by us */
	/* Version 1: a line for each hierarchy, "CONTROLLERS:FOLDER", where the path is below that folder.
	 * NULL: version 2. */
	char *hierarchies;
};

void hostcgroup_free(struct hostcgroup *cgroup);

/*
 * Chooses it: `asked` is linux.cgroupsPath (NULL or empty: absent), `own` the cgroup of the call. The scope's
 * slice goes to *slice, NULL where there is no scope; the caller frees it. Nothing is looked at, nothing
 * made.
 */
int hostcgroup_choose(enum cgroup_manager manager, const char *asked, const char *own, const char *id,
	struct hostcgroup *chosen, char **slice, struct error *err);

/* The same for this process, as the host is: where it has no cgroups, none is chosen. In version 1 what is
 * not absolute is below the caller's own cgroup of each hierarchy. */
int hostcgroup_find(enum cgroup_manager manager, const char *asked, const char *id, struct hostcgroup *chosen,
	char **slice, struct error *err);

/* More than any kernel has. */
#define HOSTCGROUP_HIERARCHIES 32

/* What making it leaves to be held until there are processes in it. */
struct hostcgroup_hold {
	bool made;
	int fd;					 /* the cgroup, for fork_into(); -1 */
	size_t existing[HOSTCGROUP_HIERARCHIES]; /* bytes of the path that were there before */
	pid_t holder; /* a scope ends when it is empty: this process does nothing in it; 0: none */
	int release;  /* which ends when this is closed; -1 */
};

/* Makes it, and what is above it. systemd may put it elsewhere than was expected: then the path changes. */
int hostcgroup_make(struct hostcgroup *cgroup, const char *slice, const char *id, const uint8_t uuid[16],
	struct hostcgroup_hold *hold, struct error *err);
void hostcgroup_release(struct hostcgroup_hold *hold);

/* Version 1: writes the limits of linux.resources (NULL: none) into it, and for a new container the rules for
 * devices. In version 2 it does nothing. */
int hostcgroup_limit(const struct hostcgroup *cgroup, const struct oci_resources *resources, bool is_new,
	struct error *err);

/* Version 1: takes the caller, with all of its threads, into it. In version 2 one is born in it. */
int hostcgroup_enter(const struct hostcgroup *cgroup, struct error *err);

/* A descriptor for fork_into(), -1 where there is none, and in version 1. */
int hostcgroup_open(const struct hostcgroup *cgroup);

/* fork(2), the child being born in the cgroup; -1 for the caller's own. */
pid_t fork_into(int cgroup);

/* Where the cgroup, or one above it, forbids its processes Xen's devices (Podman's of a pod does), takes the
 * caller out of it to open them: a descriptor to go back with, else -1. */
int hostcgroup_step_out(const struct hostcgroup *cgroup);
/* Back, if it was out. */
int hostcgroup_step_in(int fd, struct error *err);

/* The pids of those that are in it, one a line; NULL where there is none. */
FILE *hostcgroup_processes(const struct hostcgroup *cgroup);

/* Version 2: takes a process (0: the caller) out of it, to the hierarchy's root. */
void hostcgroup_leave(const struct hostcgroup *cgroup, pid_t pid);

/* Removes it and what is below it, ending what is still in it but the caller, which leaves it. What is above
 * it stays, as with runc. That there is none is no error. */
int hostcgroup_remove(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct error *err);

/* Removes what hostcgroup_make() made above it, as far as nobody else uses it. NULL: nothing was there. */
void hostcgroup_prune(const struct hostcgroup *cgroup, const size_t *existing);

/* Has systemd make a scope with that process in it; *path is where, the caller frees it. */
int systemd_start_scope(
	const char *unit, const char *slice, const char *id, pid_t pid, char **path, struct error *err);
/* One that is not there is no error. */
int systemd_stop(const char *unit, struct error *err);

#endif
