/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup on a host with version 1 of cgroups: the same path in each hierarchy. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "container/hostcgroup_internal.h"
#include "util/cleanup.h"
#include "util/log.h"

/* How often a process that is to end is looked for: nothing tells of it. */
#define POLL_NS 5000000

/* One line of `hierarchies`. */
struct hierarchy {
	const char *controllers, *folder; /* neither ends with a NUL */
	size_t controllers_length, folder_length;
};

static bool next_line(const char **rest, struct hierarchy *line)
{
	const char *colon = strchr(*rest, ':');

	if (!colon)
		return false;
	*line = (struct hierarchy){.controllers = *rest,
		.controllers_length = (size_t)(colon - *rest),
		.folder = colon + 1,
		.folder_length = strcspn(colon + 1, "\n")};
	*rest = line->folder + line->folder_length;
	*rest += **rest == '\n';
	return true;
}

static bool has_controller(const struct hierarchy *line, const char *name)
{
	size_t length = strlen(name), left = line->controllers_length;

	for (const char *at = line->controllers;;) {
		size_t one = strcspn(at, ",:");

		if (one == length && memcmp(at, name, one) == 0)
			return true;
		if (one >= left)
			return false;
		at += one + 1;
		left -= one + 1;
	}
}

/* Where that is a hierarchy of version 1. */
static int open_mount(const char *name, size_t length)
{
	char path[PATH_MAX];
	struct statfs fs;
	cleanup_close int dir = -1;

	snprintf(path, sizeof(path), CGROUP_ROOT "/%.*s", (int)length, name);
	/* A controller's name may be a link to where it is mounted with others. */
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstatfs(dir, &fs))
		return -1;
	if (fs.f_type != CGROUP_SUPER_MAGIC) {
		errno = ENOENT;
		return -1;
	}
	return steal_fd(&dir);
}

/* What the path is below. A hierarchy is mounted by the names of its controllers, or by one of them. */
static int open_hierarchy(const struct hierarchy *line)
{
	bool named = line->controllers_length > 5 && memcmp(line->controllers, "name=", 5) == 0;
	const char *names = line->controllers + (named ? 5 : 0), *end;
	cleanup_close int mount = -1;
	char folder[PATH_MAX];

	end = line->controllers + line->controllers_length;
	mount = open_mount(names, (size_t)(end - names));
	for (const char *at = names; mount < 0 && at < end; at += strcspn(at, ",:") + 1)
		mount = open_mount(at, strcspn(at, ",:"));
	if (mount < 0 || !line->folder_length)
		return steal_fd(&mount);
	snprintf(folder, sizeof(folder), "%.*s", (int)line->folder_length - 1, line->folder + 1);
	return cgroup_open(mount, folder);
}

char *hostcgroup_v1_hierarchies(bool below)
{
	cleanup_fclose FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL, *lines = NULL;
	size_t size = 0, lines_size = 0, count = 0;
	FILE *out = file ? open_memstream(&lines, &lines_size) : NULL;

	while (out && getline(&line, &size, file) > 0) {
		char *controllers = strchr(line, ':'),
		     *own = controllers ? strchr(controllers + 1, ':') : NULL;
		struct hierarchy one;
		cleanup_close int dir = -1;

		/* That of version 2 has none. */
		if (!own || own == controllers + 1 || count == HOSTCGROUP_HIERARCHIES)
			continue;
		controllers++;
		own[strcspn(own, "\n")] = '\0';
		/* Above what this process's namespace shows. */
		if (below && strncmp(own + 1, "/..", 3) == 0)
			continue;
		/* The root is no part of a path. */
		if (!below || own[2] == '\0')
			own[1] = '\0';
		one = (struct hierarchy){.controllers = controllers,
			.controllers_length = (size_t)(own - controllers),
			.folder = own + 1,
			.folder_length = strlen(own + 1)};
		dir = open_hierarchy(&one);
		if (dir < 0)
			continue;
		fprintf(out, "%s\n", controllers);
		count++;
	}
	if (!out || fclose(out) || !count)
		return NULL;
	return steal_pointer(&lines);
}

int hostcgroup_v1_open(const struct hostcgroup *cgroup, const char *controller)
{
	const char *rest = cgroup->hierarchies;
	struct hierarchy line;

	while (next_line(&rest, &line))
		if (has_controller(&line, controller)) {
			cleanup_close int root = open_hierarchy(&line);

			return root < 0 ? -1 : cgroup_open(root, cgroup->path + 1);
		}
	errno = ENOENT;
	return -1;
}

/* What a message says it is: /sys/fs/cgroup without what all have in common. */
static const char *place(const struct hierarchy *line, const struct hostcgroup *cgroup, char text[PATH_MAX])
{
	snprintf(text, PATH_MAX, "%.*s:%.*s%s", (int)line->controllers_length, line->controllers,
		(int)line->folder_length, line->folder, cgroup->path);
	return text;
}

/* A new one of cpuset has no CPUs, and nobody can enter it. */
static void fill_cpuset(int above, int dir)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	char text[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		cgroup_get(dir, files[i], text, sizeof(text));
		if (*text && *text != '\n')
			continue;
		cgroup_get(above, files[i], text, sizeof(text));
		if (*text)
			cgroup_put(dir, files[i], text);
	}
}

/* Sends a signal, 0 for none, to who is in it and below. Returns how many there are. The caller leaves it
 * instead. */
static size_t signal_all(int root, int dir, int signal)
{
	int again = cgroup_open(dir, "."), procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	cleanup_closedir DIR *folder = again < 0 ? NULL : fdopendir(again);
	cleanup_fclose FILE *file = procs < 0 ? NULL : fdopen(procs, "r");
	struct dirent *entry;
	size_t count = 0;
	int pid;

	while (file && fscanf(file, "%d", &pid) == 1) {
		count++;
		if (signal && pid == getpid())
			cgroup_put(root, "cgroup.procs", "0");
		else if (signal && pid > 0)
			kill(pid, signal);
	}
	while (folder && (entry = readdir(folder))) {
		cleanup_close int below = -1;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0)
			continue;
		below = cgroup_open(dir, entry->d_name);
		if (below >= 0)
			count += signal_all(root, below, signal);
	}
	return count;
}

/* As runc: a container has its cgroup to itself, and one that is frozen would hang. */
static int check_unused(int root, int dir, const char *path, struct error *err)
{
	char state[16];

	if (signal_all(root, dir, 0))
		return error_set(err, 0, "linux.cgroupsPath: %s: there are processes in this cgroup", path);
	cgroup_get(dir, "freezer.state", state, sizeof(state));
	if (*state && strncmp(state, "THAWED", 6) != 0)
		return error_set(err, 0, "linux.cgroupsPath: %s: this cgroup is frozen", path);
	return 0;
}

static int make_all(const struct hostcgroup *cgroup, size_t *existing, struct error *err)
{
	const char *rest = cgroup->hierarchies;
	struct hierarchy line;
	char path[PATH_MAX];

	for (; next_line(&rest, &line); existing++) {
		cleanup_close int root = open_hierarchy(&line), dir = -1;

		if (root < 0)
			return error_set(err, errno, "linux.cgroupsPath: %s", place(&line, cgroup, path));
		dir = cgroup_make(root, cgroup->path, fill_cpuset, existing, err);
		if (dir < 0)
			return -1;
		if (!cgroup->unit && check_unused(root, dir, place(&line, cgroup, path), err))
			return -1;
	}
	return 0;
}

/* Marks them all, or none. */
static int claim_all(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct error *err)
{
	const char *rest = cgroup->hierarchies;
	int dirs[HOSTCGROUP_HIERARCHIES];
	size_t count = 0;
	struct hierarchy line;
	char path[PATH_MAX];
	int result = 0;

	while (!result && next_line(&rest, &line)) {
		cleanup_close int root = open_hierarchy(&line);
		int dir = root < 0 ? -1 : cgroup_open(root, cgroup->path + 1);

		place(&line, cgroup, path);
		if (dir < 0)
			result = error_set(err, errno, "linux.cgroupsPath: %s", path);
		else if (cgroup_claim(dir, path, uuid, err) == 0)
			dirs[count++] = dir;
		else
			result = close(dir) - 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (result)
			cgroup_unclaim(dirs[i]);
		close(dirs[i]);
	}
	return result ? -1 : 0;
}

int hostcgroup_v1_make(
	const struct hostcgroup *cgroup, const uint8_t uuid[16], size_t *existing, struct error *err)
{
	return make_all(cgroup, existing, err) || claim_all(cgroup, uuid, err) ? -1 : 0;
}

int hostcgroup_v1_enter(const struct hostcgroup *cgroup, struct error *err)
{
	const char *rest = cgroup->hierarchies;
	struct hierarchy line;
	char path[PATH_MAX];

	while (next_line(&rest, &line)) {
		cleanup_close int root = open_hierarchy(&line);
		cleanup_close int dir = root < 0 ? -1 : cgroup_open(root, cgroup->path + 1);

		if (dir < 0 || cgroup_put(dir, "cgroup.procs", "0"))
			return error_set(
				err, errno, "linux.cgroupsPath: cannot enter %s", place(&line, cgroup, path));
	}
	return 0;
}

void hostcgroup_v1_prune(const struct hostcgroup *cgroup, const size_t *existing)
{
	const char *rest = cgroup->hierarchies;
	struct hierarchy line;

	for (size_t i = 0; next_line(&rest, &line); i++) {
		cleanup_close int root = open_hierarchy(&line);

		if (root >= 0)
			cgroup_prune(root, cgroup->path, existing ? existing[i] : 0);
	}
}

static void end_processes(int root, int dir)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	int64_t grace = cgroup_now_ms() + CGROUP_GRACE_MS, end = grace + CGROUP_KILL_MS;

	/* What stands for a process of exec is about to end with that one's status. */
	while (signal_all(root, dir, cgroup_now_ms() < grace ? 0 : SIGKILL) && cgroup_now_ms() < end)
		nanosleep(&pause, NULL);
}

static int remove_one(
	int root, const struct hostcgroup *cgroup, const uint8_t uuid[16], bool *ours, struct error *err)
{
	cleanup_close int dir = cgroup_open(root, cgroup->path + 1);

	if (dir < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "cgroup %s", cgroup->path);
	if (cgroup_is_claimed(dir, uuid)) {
		*ours = true;
		end_processes(root, dir);
		return cgroup_remove(root, cgroup->path, err);
	}
	/* A call that was killed may have made it and not marked it yet: then nobody is in it. */
	if (!cgroup->unit)
		cgroup_remove_unmarked(root, cgroup->path, dir);
	return 0;
}

int hostcgroup_v1_remove(const struct hostcgroup *cgroup, const uint8_t uuid[16], struct error *err)
{
	const char *rest = cgroup->hierarchies;
	struct error ignored = {0};
	struct hierarchy line;
	bool ours = false;
	int result = 0;

	while (next_line(&rest, &line)) {
		cleanup_close int root = open_hierarchy(&line);

		if (root >= 0 && remove_one(root, cgroup, uuid, &ours, result ? &ignored : err))
			result = -1;
		error_clear(&ignored);
	}
	if (ours && cgroup->unit && systemd_stop(cgroup->unit, &ignored)) {
		log_message(LOG_DEBUG, "%s", error_message(&ignored));
		error_clear(&ignored);
	}
	return result;
}
