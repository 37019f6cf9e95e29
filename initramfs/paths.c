/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and makes paths within the container's root. */
#include "initramfs/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "initramfs/syscalls.h"
#include "util/cleanup.h"

/* As many as the kernel follows in one path. */
#define LINKS_MAX 40

static int make(int root, char *path, enum path_kind kind, unsigned links);

int path_open(int root, const char *path)
{
	struct zone_open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = ZONE_RESOLVE_IN_ROOT | ZONE_RESOLVE_NO_MAGICLINKS,
	};

	return sys_openat2(root, *path ? path : ".", &how);
}

/*
 * `path`, its last part at `name`, is a symlink to nothing: what it points to is made. Joined as text,
 * since the kernel resolves the parts before the link once more.
 */
static __attribute__((noinline)) int make_link_target(
	int root, int parent, const char *path, const char *name, enum path_kind kind, unsigned links)
{
	char target[2 * PATH_MAX];
	size_t before = (size_t)(name - path);
	ssize_t length;

	if (before >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(target, path, before);
	length = readlinkat(parent, name, target + before, PATH_MAX - 1);
	if (length < 0)
		/* Not a symlink: somebody who shares the folder was faster. */
		return errno == EINVAL ? path_open(root, path) : -1;
	if (!links) {
		errno = ELOOP;
		return -1;
	}
	target[before + (size_t)length] = '\0';
	if (target[before] == '/')
		memmove(target, target + before, (size_t)length + 1);
	return make(root, target, kind, links - 1);
}

/* Writes to `path` but leaves it as it was. */
static int make(int root, char *path, enum path_kind kind, unsigned links)
{
	cleanup_close int parent = -1;
	char *slash, *name;
	int fd = path_open(root, path);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	parent = slash ? make(root, path, PATH_FOLDER, links) : path_open(root, ".");
	if (slash)
		*slash = '/';
	if (parent < 0)
		return -1;
	if (!*name)
		return steal_fd(&parent);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return path_open(root, path);
	if (kind == PATH_FOLDER ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0)) {
		if (errno != EEXIST)
			return -1;
		return make_link_target(root, parent, path, name, kind, links);
	}
	return openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int path_make(int root, const char *path, enum path_kind kind)
{
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(copy, path);
	return make(root, copy, kind, LINKS_MAX);
}

int path_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	size_t length = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (length >= sizeof(folder) || !**name || !strcmp(*name, ".") || !strcmp(*name, "..")) {
		errno = EINVAL;
		return -1;
	}
	memcpy(folder, path, length);
	folder[length] = '\0';
	return make(root, folder, PATH_FOLDER, LINKS_MAX);
}
