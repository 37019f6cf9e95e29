/* SPDX-License-Identifier: Apache-2.0 */
/* What the files hostcgroup*.c have in common. A path is from a hierarchy's folder, with a slash in front. */
#ifndef XENRUN_HOSTCGROUP_INTERNAL_H
#define XENRUN_HOSTCGROUP_INTERNAL_H

#include "container/hostcgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* How long what is still in it may take to end by itself, and then by SIGKILL; how long it may stay busy. */
#define CGROUP_GRACE_MS	 200
#define CGROUP_KILL_MS	 5000
#define CGROUP_REMOVE_MS 5000

int64_t cgroup_now_ms(void);

/* The folder, no link at its end; -1. */
int cgroup_open(int dir, const char *path);
/* Writes a file in one go; -1 with errno. */
int cgroup_put(int dir, const char *file, const char *text);
/* Empty where the file is not there. */
void cgroup_get(int dir, const char *file, char *text, size_t size);

/* Makes it, and what is above it; `prepare` is given each that is there or made, and the one above. Returns
 * its folder; *existing is how much of the path was there before. */
int cgroup_make(
	int root, const char *path, void (*prepare)(int above, int dir), size_t *existing, struct error *err);
/* Removes of it, and of what is above it, what was not there before, as far as it is empty. */
void cgroup_prune(int root, const char *path, size_t existing);

/* The mark of a container's own: none may be there. Errors name `path`. */
int cgroup_claim(int dir, const char *path, const uint8_t uuid[16], struct error *err);
bool cgroup_is_claimed(int dir, const uint8_t uuid[16]);
/* Removes one without a mark, if it is empty. */
void cgroup_remove_unmarked(int root, const char *path, int dir);
void cgroup_unclaim(int dir);
/* Removes it and all below it, in which there is nobody any more. */
int cgroup_remove(int root, const char *path, struct error *err);

/*
 * Version 1, in which each controller, or a few together, is a hierarchy of its own, and so is systemd's,
 * which has none.
 *
 * Those that are mounted: struct hostcgroup's `hierarchies`, the caller frees it. NULL: there are none, or no
 * memory. `below` is for a path below the caller's own cgroup in each.
 */
char *hostcgroup_v1_hierarchies(bool below);
/* The container's cgroup in the hierarchy of that controller; -1 with errno where there is none. */
int hostcgroup_v1_open(const struct hostcgroup *cgroup, const char *controller);
/* As hostcgroup_make(), _enter(), _prune() and _remove(), in all of them. */
int hostcgroup_v1_make(
	const struct hostcgroup *cgroup, const uint8_t uuid[16], size_t *existing, struct error *err);
int hostcgroup_v1_enter(const struct hostcgroup *cgroup, struct error *err);
void hostcgroup_v1_prune(const struct hostcgroup *cgroup, const size_t *existing);
int hostcgroup_v1_remove(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct error *err);

#endif
