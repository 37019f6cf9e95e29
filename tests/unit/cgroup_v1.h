/* SPDX-License-Identifier: Apache-2.0 */
/* Two hierarchies of cgroups of version 1 that have no controller, in a mount namespace of one's own: what
 * tests of it need no more than a kernel for. */
#ifndef XENRUN_UNIT_CGROUP_V1_H
#define XENRUN_UNIT_CGROUP_V1_H

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#define ROOT	"/sys/fs/cgroup"
#define MISSING "the kernel's cgroups of version 1 are missing"

static const char *const all[] = {"unit-a", "unit-b"};

static inline const char *in_hierarchy(const char *hierarchy, const char *path)
{
	static char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), ROOT "/%s%s", hierarchy, path);
	return whole;
}

/* Whether a process is there in that hierarchy. */
static inline bool is_in(int pid, const char *hierarchy, const char *path)
{
	char name[32], text[4096], line[256];
	FILE *file;
	size_t length;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	snprintf(line, sizeof(line), ":name=%s:%s\n", hierarchy, path);
	file = fopen(name, "re");
	length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[length] = '\0';
	if (file)
		fclose(file);
	return strstr(text, line) != NULL;
}

static inline bool mount_hierarchy(const char *name)
{
	char options[32];

	snprintf(options, sizeof(options), "none,name=%s", name);
	mkdir(in_hierarchy(name, ""), 0755);
	return mount("cgroup", in_hierarchy(name, ""), "cgroup", 0, options) == 0;
}

static inline bool mount_hierarchies(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", ROOT, "tmpfs", 0, "mode=755") == 0 && mount_hierarchy(all[0]) &&
	       mount_hierarchy(all[1]);
}

/* One that is unmounted while a cgroup of it still goes would stay. */
static inline void unmount_hierarchies(void)
{
	const struct timespec pause = {.tv_nsec = 100000000};

	for (int tries = 0; tries < 5; tries++) {
		bool left = true;

		nanosleep(&pause, NULL);
		for (int i = 0; i < 2; i++)
			umount(in_hierarchy(all[i], ""));
		for (int i = 0; i < 10 && left; i++) {
			nanosleep(&pause, NULL);
			left = is_in(getpid(), all[0], "/") || is_in(getpid(), all[1], "/");
		}
		if (!left)
			return;
		for (int i = 0; i < 2; i++)
			mount_hierarchy(all[i]);
	}
}

#endif
