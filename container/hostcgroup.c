/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup on the host: made, joined, removed; which of version 1 is in hostcgroup_v1.c. */
#include "container/hostcgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/log.h"

#define MARK "trusted.xenrun"

int64_t cgroup_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* -1 where the host has no cgroups of version 2. */
static int open_root(void)
{
	cleanup_close int root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (root < 0 || fstatfs(root, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	return steal_fd(&root);
}

int cgroup_open(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int cgroup_put(int dir, const char *file, const char *text)
{
	cleanup_close int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) >= 0 ? 0 : -1;
}

void cgroup_get(int dir, const char *file, char *text, size_t size)
{
	cleanup_close int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
}

/* The cgroup of a process, from the hierarchy's root; its own for pid 0. The caller frees it. */
static char *cgroup_of(pid_t pid)
{
	cleanup_free char *line = NULL;
	cleanup_fclose FILE *file = NULL;
	char name[32] = "/proc/self/cgroup";
	size_t size = 0;
	ssize_t length;

	if (pid)
		snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	while (file && (length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			return strdup(line + 3);
	}
	return NULL;
}

int hostcgroup_find(enum cgroup_manager manager, const char *asked, const char *id, struct hostcgroup *chosen,
	char **slice, struct error *err)
{
	cleanup_close int root = open_root();
	cleanup_free char *own = root < 0 ? NULL : cgroup_of(0);

	if (hostcgroup_choose(manager, asked, own ? own : "/", id, chosen, slice, err))
		return -1;
	if (!chosen->path || root >= 0)
		return 0;
	chosen->hierarchies = hostcgroup_v1_hierarchies(!chosen->unit && (!asked || *asked != '/'));
	if (!chosen->hierarchies) {
		log_message(LOG_DEBUG, "%s: " CGROUP_ROOT " has no cgroups: none is made", id);
		hostcgroup_free(chosen);
	}
	return 0;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (!at[length] || strchr(" \n", at[length])))
			return true;
	return false;
}

/* Has what is below the cgroup counted and limited, as far as the host lets it. */
static void enable_controllers(int dir, int below)
{
	char available[1024], enabled[1024], missing[2048] = "", *rest = available;

	(void)below;
	cgroup_get(dir, "cgroup.controllers", available, sizeof(available));
	cgroup_get(dir, "cgroup.subtree_control", enabled, sizeof(enabled));
	/* A write waits for cgroups that were removed to be gone for good: only what is missing is written.
	 */
	for (char *name; (name = strsep(&rest, " \n"));)
		if (*name && !has_word(enabled, name)) {
			strcat(missing, " +");
			strcat(missing, name);
		}
	if (!*missing || cgroup_put(dir, "cgroup.subtree_control", missing) == 0)
		return;
	rest = missing;
	for (char *one; (one = strsep(&rest, " "));)
		if (*one)
			cgroup_put(dir, "cgroup.subtree_control", one);
}

int cgroup_make(
	int root, const char *path, void (*prepare)(int above, int dir), size_t *existing, struct error *err)
{
	cleanup_close int dir = cgroup_open(root, ".");
	const char *part = path + 1;
	bool made = false;

	*existing = 0;
	for (;;) {
		size_t length = strcspn(part, "/");
		char name[NAME_MAX + 1] = "";
		int next;

		memcpy(name, part, length > NAME_MAX ? NAME_MAX : length);
		if (mkdirat(dir, name, 0755) == 0)
			made = true;
		else if (errno != EEXIST)
			return error_set(err, errno, "linux.cgroupsPath: cannot make %s", path);
		if (!made)
			*existing = (size_t)(part - path) + length;
		next = cgroup_open(dir, name);
		if (next < 0)
			return error_set(err, errno, "linux.cgroupsPath: %s", path);
		prepare(dir, next);
		close(dir);
		dir = next;
		if (!part[length])
			return steal_fd(&dir);
		part += length + 1;
	}
}

static bool is_populated(int dir)
{
	char events[256];

	cgroup_get(dir, "cgroup.events", events, sizeof(events));
	return strstr(events, "populated 1") != NULL;
}

/* As runc: a container has its cgroup to itself, and one that is frozen would hang. */
static int check_unused(int dir, const char *path, struct error *err)
{
	char frozen[8];

	if (is_populated(dir))
		return error_set(err, 0, "linux.cgroupsPath: %s: there are processes in this cgroup", path);
	cgroup_get(dir, "cgroup.freeze", frozen, sizeof(frozen));
	if (*frozen == '1')
		return error_set(err, 0, "linux.cgroupsPath: %s: this cgroup is frozen", path);
	return 0;
}

int cgroup_claim(int dir, const char *path, const uint8_t uuid[16], struct error *err)
{
	if (fsetxattr(dir, MARK, uuid, 16, XATTR_CREATE) == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, 0, "linux.cgroupsPath: %s: this cgroup is another container's", path);
	return error_set(err, errno, "linux.cgroupsPath: %s", path);
}

bool cgroup_is_claimed(int dir, const uint8_t uuid[16])
{
	uint8_t mark[16];
	ssize_t length = fgetxattr(dir, MARK, mark, sizeof(mark));

	return length == (ssize_t)sizeof(mark) && memcmp(mark, uuid, sizeof(mark)) == 0;
}

void cgroup_unclaim(int dir)
{
	fremovexattr(dir, MARK);
}

static int fork_holder(struct hostcgroup_hold *hold, struct error *err)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return error_set(err, errno, "pipe");
	hold->holder = fork();
	if (hold->holder == 0) {
		close_all_but(ends, 1);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(ends[0]);
	if (hold->holder < 0) {
		hold->holder = 0;
		close(ends[1]);
		return error_set(err, errno, "fork");
	}
	hold->release = ends[1];
	return 0;
}

static int make_scope(struct hostcgroup *cgroup, const char *slice, const char *id,
	struct hostcgroup_hold *hold, struct error *err)
{
	char *path = NULL;

	if (fork_holder(hold, err) || systemd_start_scope(cgroup->unit, slice, id, hold->holder, &path, err))
		return -1;
	free(cgroup->path);
	cgroup->path = path;
	return *path == '/' && path[1]
		       ? 0
		       : error_set(err, 0, "--systemd-cgroup: %s: \"%s\"", cgroup->unit, path);
}

/* Version 2. Returns its folder. */
static int make_one(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct hostcgroup_hold *hold,
	struct error *err)
{
	cleanup_close int root = open_root(), dir = -1;

	if (root < 0)
		return error_set(err, errno, CGROUP_ROOT);
	if (cgroup->unit) {
		/* systemd removes it all. */
		*hold->existing = strlen(cgroup->path);
		dir = cgroup_open(root, cgroup->path + 1);
		if (dir < 0)
			return error_set(
				err, errno, "--systemd-cgroup: %s: \"%s\"", cgroup->unit, cgroup->path);
	} else {
		dir = cgroup_make(root, cgroup->path, enable_controllers, hold->existing, err);
		if (dir < 0 || check_unused(dir, cgroup->path, err))
			return -1;
	}
	return cgroup_claim(dir, cgroup->path, uuid, err) ? -1 : steal_fd(&dir);
}

int hostcgroup_make(struct hostcgroup *cgroup, const char *slice, const char *id, const uint8_t uuid[16],
	struct hostcgroup_hold *hold, struct error *err)
{
	*hold = (struct hostcgroup_hold){.fd = -1, .release = -1};
	for (size_t i = 0; i < HOSTCGROUP_HIERARCHIES; i++)
		hold->existing[i] = SIZE_MAX;
	if (cgroup->unit && make_scope(cgroup, slice, id, hold, err)) {
		hostcgroup_release(hold);
		return -1;
	}
	if (cgroup->hierarchies)
		hold->made = hostcgroup_v1_make(cgroup, uuid, hold->existing, err) == 0;
	else
		hold->made = (hold->fd = make_one(cgroup, uuid, hold, err)) >= 0;
	if (!hold->made) {
		hostcgroup_release(hold);
		hostcgroup_prune(cgroup, hold->existing);
		return -1;
	}
	return 0;
}

void hostcgroup_release(struct hostcgroup_hold *hold)
{
	if (hold->fd >= 0)
		close(steal_fd(&hold->fd));
	if (hold->release >= 0)
		close(steal_fd(&hold->release));
	if (hold->holder > 0) {
		/* Others may not have closed their copies yet. */
		kill(hold->holder, SIGKILL);
		waitpid(hold->holder, NULL, 0);
	}
	hold->holder = 0;
}

int hostcgroup_open(const struct hostcgroup *cgroup)
{
	cleanup_close int root = cgroup->path && !cgroup->hierarchies ? open_root() : -1;

	return root < 0 ? -1 : cgroup_open(root, cgroup->path + 1);
}

FILE *hostcgroup_processes(const struct hostcgroup *cgroup)
{
	cleanup_close int dir =
		cgroup->hierarchies ? hostcgroup_v1_open(cgroup, "pids") : hostcgroup_open(cgroup);
	int procs = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);

	return procs < 0 ? NULL : fdopen(procs, "r");
}

int hostcgroup_enter(const struct hostcgroup *cgroup, struct error *err)
{
	return cgroup->hierarchies ? hostcgroup_v1_enter(cgroup, err) : 0;
}

pid_t fork_into(int cgroup)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (unsigned int)cgroup,
	};

	return cgroup < 0 ? fork() : (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

void hostcgroup_leave(const struct hostcgroup *cgroup, pid_t pid)
{
	cleanup_free char *now = cgroup->path && !cgroup->hierarchies ? cgroup_of(pid) : NULL;
	cleanup_close int root = now ? open_root() : -1;
	size_t length = now ? strlen(cgroup->path) : 0;
	char number[16];

	if (root < 0 || strncmp(now, cgroup->path, length) != 0 || (now[length] && now[length] != '/'))
		return;
	snprintf(number, sizeof(number), "%d", (int)pid);
	cgroup_put(root, "cgroup.procs", number);
}

int hostcgroup_step_out(const struct hostcgroup *cgroup)
{
	cleanup_close int device = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	int back;

	if (device >= 0 || errno != EPERM || !cgroup->path)
		return -1;
	back = hostcgroup_open(cgroup);
	if (back >= 0)
		hostcgroup_leave(cgroup, 0);
	return back;
}

int hostcgroup_step_in(int fd, struct error *err)
{
	cleanup_close int cgroup = fd;

	if (cgroup >= 0 && cgroup_put(cgroup, "cgroup.procs", "0"))
		return error_set(err, errno, "cannot go back into the container's cgroup");
	return 0;
}

/* Waits until there is nobody in it, or it is gone. */
static bool await_empty(int dir, int ms)
{
	cleanup_close int events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end = cgroup_now_ms() + ms;

	for (;;) {
		struct pollfd change = {.fd = events, .events = POLLPRI};
		char text[256];
		ssize_t length = pread(events, text, sizeof(text) - 1, 0);
		int64_t left = end - cgroup_now_ms();

		text[length > 0 ? length : 0] = '\0';
		if (!strstr(text, "populated 1"))
			return true;
		if (left <= 0)
			return false;
		poll(&change, 1, (int)left);
	}
}

static int remove_tree(int above, const char *name)
{
	cleanup_closedir DIR *folder = NULL;
	struct dirent *entry;
	int dir;

	if (unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -1;
	dir = cgroup_open(above, name);
	folder = dir < 0 ? NULL : fdopendir(dir);
	if (!folder) {
		if (dir >= 0)
			close(dir);
		return -1;
	}
	while ((entry = readdir(folder)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			remove_tree(dirfd(folder), entry->d_name);
	return unlinkat(above, name, AT_REMOVEDIR) && errno != ENOENT ? -1 : 0;
}

int cgroup_remove(int root, const char *path, struct error *err)
{
	struct timespec pause = {.tv_nsec = 2000000};
	int64_t end = cgroup_now_ms() + CGROUP_REMOVE_MS;

	while (remove_tree(root, path + 1)) {
		if (errno != EBUSY || cgroup_now_ms() >= end)
			return error_set(err, errno, "cannot remove cgroup %s", path);
		nanosleep(&pause, NULL);
	}
	return 0;
}

void cgroup_remove_unmarked(int root, const char *path, int dir)
{
	if (fgetxattr(dir, MARK, NULL, 0) < 0 && errno == ENODATA)
		unlinkat(root, path + 1, AT_REMOVEDIR);
}

int hostcgroup_remove(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct error *err)
{
	cleanup_close int root = cgroup->path ? open_root() : -1;
	cleanup_close int dir = root < 0 ? -1 : cgroup_open(root, cgroup->path + 1);
	struct error ignored = {0};

	if (cgroup->hierarchies)
		return hostcgroup_v1_remove(cgroup, uuid, err);
	if (dir < 0)
		return root < 0 || errno == ENOENT ? 0 : error_set(err, errno, "cgroup %s", cgroup->path);
	if (!cgroup_is_claimed(dir, uuid)) {
		/* A call that was killed may have made it and not marked it yet: then nobody is in it. */
		if (!cgroup->unit)
			cgroup_remove_unmarked(root, cgroup->path, dir);
		return 0;
	}
	hostcgroup_leave(cgroup, getpid());
	/* What stands for a process of exec is about to end with that one's status. */
	if (!await_empty(dir, CGROUP_GRACE_MS)) {
		cgroup_put(dir, "cgroup.kill", "1");
		await_empty(dir, CGROUP_KILL_MS);
	}
	if (cgroup->unit && systemd_stop(cgroup->unit, &ignored)) {
		log_message(LOG_DEBUG, "%s", error_message(&ignored));
		error_clear(&ignored);
	}
	return cgroup_remove(root, cgroup->path, err);
}

void cgroup_prune(int root, const char *path, size_t existing)
{
	cleanup_free char *left = strdup(path);

	while (left && *left && strlen(left) > existing) {
		unlinkat(root, left + 1, AT_REMOVEDIR);
		*strrchr(left, '/') = '\0';
	}
}

void hostcgroup_prune(const struct hostcgroup *cgroup, const size_t *existing)
{
	cleanup_close int root = cgroup->path ? open_root() : -1;

	if (cgroup->hierarchies)
		hostcgroup_v1_prune(cgroup, existing);
	else if (root >= 0)
		cgroup_prune(root, cgroup->path, existing ? *existing : 0);
}
