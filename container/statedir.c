/* SPDX-License-Identifier: Apache-2.0 */
#include "container/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

#define ID_MAX 1024

int statedir_check_id(const char *id, struct error *err)
{
	size_t length = strlen(id);

	if (length == 0)
		return error_set(err, 0, "container ID: empty");
	if (length > ID_MAX)
		return error_set(err, 0, "container ID: longer than %d bytes", ID_MAX);
	if (strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") != length ||
		strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return error_set(err, 0,
			"container ID: \"%s\" is not made of letters, digits, '_', '+', '-' and '.'", id);
	return 0;
}

int statedir_name(const char *id, char name[NAME_MAX + 1])
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	if (strlen(id) <= 200) {
		strcpy(name, id);
		return 0;
	}
	for (const char *c = id; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3ull;
	return snprintf(name, NAME_MAX + 1, "%.200s~%016llx", id, (unsigned long long)hash) < 0 ? -1 : 0;
}

/* Makes ROOT and what is above it. */
static int make_root(const char *root)
{
	cleanup_free char *path = strdup(root);

	if (!path) {
		errno = ENOMEM;
		return -1;
	}
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

static int open_root(const char *root)
{
	return open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int statedir_create(const char *root, const char *id, struct error *err)
{
	cleanup_close int root_fd = -1;
	char name[NAME_MAX + 1];
	int dir;

	if (make_root(root) || (root_fd = open_root(root)) < 0)
		return error_set(err, errno, "%s", root);
	if (statedir_name(id, name))
		return error_set(err, EINVAL, "container ID");
	if (mkdirat(root_fd, name, 0700)) {
		if (errno == EEXIST)
			return error_set(err, 0, "container %s already exists", id);
		return error_set(err, errno, "%s/%s", root, name);
	}
	dir = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		error_set(err, errno, "%s/%s", root, name);
		unlinkat(root_fd, name, AT_REMOVEDIR);
	}
	return dir;
}

int statedir_open(const char *root, const char *id, struct error *err)
{
	cleanup_close int root_fd = -1;
	char name[NAME_MAX + 1];
	int dir = -1;

	if (statedir_check_id(id, err) || statedir_name(id, name))
		return -1;
	root_fd = open_root(root);
	if (root_fd >= 0)
		dir = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT) {
		error_set(err, 0, "container %s does not exist", id);
		err->number = ENOENT;
	} else if (dir < 0) {
		error_set(err, errno, "%s/%s", root, name);
	}
	return dir;
}

static int lock_file(int fd, int operation, int seconds)
{
	struct timespec pause = {.tv_nsec = 2000000};
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (flock(fd, operation | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec)) {
			errno = EWOULDBLOCK;
			return -1;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

int statedir_lock(int dir, const char *file, int operation, int seconds)
{
	cleanup_close int fd = openat(dir, file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 || lock_file(fd, operation, seconds) ? -1 : steal_fd(&fd);
}

int statedir_lock_root(const char *root, int seconds, struct error *err)
{
	cleanup_close int fd = make_root(root) ? -1 : open_root(root);

	if (fd < 0)
		return error_set(err, errno, "%s", root);
	return lock_file(fd, LOCK_EX, seconds) ? error_set(err, errno, "cannot lock %s", root)
					       : steal_fd(&fd);
}

int statedir_remove(const char *root, const char *id, struct error *err)
{
	static const char *const files[] = {"state.json", "state.json.new", "config.json", "config.json.new",
		"control.sock", "alive", "lock", "update"};
	cleanup_close int root_fd = open_root(root);
	cleanup_close int dir = -1;
	char name[NAME_MAX + 1];

	if (root_fd < 0 || statedir_name(id, name))
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", root);
	dir = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s/%s", root, name);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(dir, files[i], 0);
	if (unlinkat(root_fd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_set(err, errno, "%s/%s", root, name);
	return 0;
}

/* The start time stands behind the command's name, which is in parentheses and may hold anything. */
static uint64_t start_time(pid_t pid, char *state)
{
	char path[32], text[1024];
	cleanup_close int fd = -1;
	unsigned long long start = 0;
	ssize_t length;
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	end = strrchr(text, ')');
	if (!end ||
		sscanf(end,
			") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			state, &start) != 2)
		return 0;
	return start;
}

struct process_ref process_ref(pid_t pid)
{
	char state;

	return (struct process_ref){.pid = pid, .start_time = start_time(pid, &state)};
}

bool process_alive(const struct process_ref *ref)
{
	char state = 'Z';

	return ref->pid > 0 && start_time(ref->pid, &state) == ref->start_time && state != 'Z' &&
	       state != 'X';
}

int process_open(const struct process_ref *ref)
{
	cleanup_close int fd = ref->pid > 0 ? (int)syscall(SYS_pidfd_open, ref->pid, 0) : -1;

	/* Asked after the descriptor is there: it cannot change owner any more. */
	return fd >= 0 && process_alive(ref) ? steal_fd(&fd) : -1;
}

enum oci_status record_status(const struct record *record)
{
	if (record->status == OCI_STATUS_CREATING)
		return process_alive(&record->creator) ? OCI_STATUS_CREATING : OCI_STATUS_STOPPED;
	return process_alive(&record->standin) ? record->status : OCI_STATUS_STOPPED;
}
