/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in's mounts: the trees that it serves, and the one that podman cp, top and nsenter find in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container/idmap.h"
#include "container/process.h"
#include "util/cleanup.h"
#include "util/descriptors.h"

/* Serving a tree executes nothing and opens no device of it, not even for a guest that has taken this process
 * over. */
static int restrict_tree(int fd)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID |
			    /* What nsenter brings to the root that people see may run. */
			    (fd == AT_FDCWD ? 0 : MOUNT_ATTR_NOEXEC),
	};

	return mount_setattr(
		fd, fd == AT_FDCWD ? "/" : "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes));
}

/* A copy of the mounts at a path that no path leads to: what is mounted over the original is not in it. */
static int detached(const char *path)
{
	cleanup_close int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	return fd >= 0 && restrict_tree(fd) == 0 ? steal_fd(&fd) : -1;
}

int standin_root(const char *rootfs, struct error *err)
{
	int fd = detached(rootfs);

	return fd < 0 ? error_set(err, errno, "root.path: %s", rootfs) : fd;
}

/* Puts the source of a bind at `target`. */
static int bind_source(const struct volume *volume, const char *target, struct error *err)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup_close int fd = open_tree(AT_FDCWD, volume->source,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (volume->recursive ? AT_RECURSIVE : 0));

	if (fd < 0)
		return error_set(err, errno, "mounts[%zu].source: %s", volume->mount, volume->source);
	if (volume->uids && idmap_tree(fd, volume, err))
		return -1;
	if (volume->read_only &&
		mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof(read_only)))
		return error_set(err, errno, "mounts[%zu].options: ro", volume->mount);
	if (move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))
		return error_set(err, errno, "mounts[%zu].source: %s", volume->mount, volume->source);
	return 0;
}

/* Makes N/NAME below `where`. */
static int make_volume(const char *where, size_t i, const struct volume *volume, struct error *err)
{
	cleanup_free char *folder = NULL, *target = NULL;
	bool is_folder = true;
	struct stat st;

	if (asprintf(&folder, "%s/%zu", where, i) < 0)
		return error_set(err, ENOMEM, "mounts");
	if (asprintf(&target, "%s/%s", folder, volume->name) < 0)
		return error_set(err, ENOMEM, "mounts");
	if (!volume->overlay) {
		if (stat(volume->source, &st))
			return error_set(err, errno, "mounts[%zu].source: %s", volume->mount, volume->source);
		is_folder = S_ISDIR(st.st_mode);
	}
	if (mkdir(folder, 0755) || (is_folder ? mkdir(target, 0755) : mknod(target, S_IFREG | 0644, 0)))
		return error_set(err, errno, "mounts[%zu]: %s", volume->mount, target);
	if (!volume->overlay)
		return bind_source(volume, target, err);
	if (mount("overlay", target, "overlay", volume->read_only ? MS_RDONLY : 0, volume->overlay))
		return error_set(
			err, errno, "mounts[%zu].options: overlay: %s", volume->mount, volume->overlay);
	return 0;
}

int standin_volumes(const struct volumes *volumes, const char *where, int *trees, struct error *err)
{
	int fd;

	/* Who is another in a lesser user namespace gets to the volumes as well. */
	umask(0);
	if (mount("volumes", where, "tmpfs", 0, "size=1m,mode=755"))
		return error_set(err, errno, "mounts: %s", where);
	for (size_t i = 0; i < volumes->len; i++)
		if (make_volume(where, i, &volumes->list[i], err))
			return -1;
	fd = detached(where);
	if (fd < 0)
		return error_set(err, errno, "mounts");
	/* Now, for a tree that is seen nowhere cannot be copied. */
	for (size_t i = 0; i < volumes->len; i++) {
		cleanup_free char *path = NULL;

		trees[i] = asprintf(&path, "%s/%zu/%s", where, i, volumes->list[i].name) < 0 ? -1
											     : detached(path);
	}
	umount2(where, MNT_DETACH);
	return fd;
}

int standin_proc(struct error *err)
{
	/* Who takes this process over can go up from the descriptor: in the host's /proc he would find every
	 * process and /proc/sys, which needs no capability where the user is root. */
	cleanup_close int context = fsopen("proc", FSOPEN_CLOEXEC), top = -1;
	int fd = -1;

	if (context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "subset", "pid", 0) == 0 &&
		fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		top = fsmount(context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (top >= 0)
		fd = openat(top, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "cannot make a /proc of the stand-in's own") : fd;
}

/* Whether a path is another, or below it. */
static bool is_below(const char *path, const char *other)
{
	size_t length = strlen(other);

	while (length > 1 && other[length - 1] == '/')
		length--;
	return length <= 1 ||
	       (strncmp(path, other, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

/* Whether what is there in the zone is a file system of the zone's own, which is not to be seen here. */
static bool hidden(const struct container *container, const struct volume *volume)
{
	const struct oci_config *config = container->config;
	const char *destination = config->mounts[volume->mount].destination;

	for (size_t i = 0; i < volume->mount; i++) {
		bool here = false;

		for (size_t j = 0; j < container->volumes.len; j++)
			here |= container->volumes.list[j].mount == i;
		if (!here && is_below(destination, config->mounts[i].destination))
			return true;
	}
	return false;
}

/* A folder, or an empty file, for the container's user 0. That it is there already is as well. */
static bool make_name(const struct container *container, int parent, const char *name, bool is_folder)
{
	uint32_t uid, gid;

	if (is_folder ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0))
		return errno == EEXIST;
	compile_root_owner(container->config, &uid, &gid);
	return fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is to be mounted over, made if it is missing: in a root that the container has read-only as well, for
 * so does the zone. -1: there is no such thing. */
static int open_destination(const struct container *container, const char *path, bool is_folder)
{
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *part = strdup(path);
	int fd = root < 0 || !part ? -1 : open_in_root(root, path, O_PATH);

	if (fd >= 0 || root < 0 || !part || errno != ENOENT)
		return fd;
	for (char *name = part + strspn(part, "/"); *name;) {
		char *end = name + strcspn(name, "/"), first = *name;
		bool last = !end[strspn(end, "/")];
		cleanup_close int parent = -1;

		*name = '\0';
		parent = open_in_root(root, *part ? part : "/", O_PATH);
		*name = first;
		*end = '\0';
		if (parent < 0 || !make_name(container, parent, name, is_folder || !last))
			return -1;
		if (last)
			return open_in_root(root, part, O_PATH);
		*end = '/';
		name = end + strspn(end, "/");
	}
	return -1;
}

/* What cannot be shown is missing to those who look, and to nobody else. */
static void show_volumes(const struct container *container, int *trees)
{
	for (size_t i = 0; i < container->volumes.len; i++) {
		const struct volume *volume = &container->volumes.list[i];
		cleanup_close int source = steal_fd(&trees[i]), destination = -1;
		struct stat st;

		if (source < 0 || hidden(container, volume) || fstat(source, &st))
			continue;
		destination = open_destination(
			container, container->config->mounts[volume->mount].destination, S_ISDIR(st.st_mode));
		if (destination >= 0)
			(void)move_mount(source, "", destination, "",
				MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	}
}

int standin_enter(const struct container *container, int *trees, struct error *err)
{
	const char *rootfs = container->record->rootfs;

	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) || chdir(rootfs))
		return error_set(err, errno, "root.path: %s", rootfs);
	/* The old root lies over the new one, and goes. */
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return error_set(err, errno, "root.path: cannot enter %s", rootfs);
	show_volumes(container, trees);
	if (restrict_tree(AT_FDCWD))
		return error_set(err, errno, "root.path: cannot restrict %s", rootfs);
	/* An image without a /proc has none to show; a link there is not followed. */
	{
		cleanup_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (proc >= 0 && fchdir(proc) == 0) {
			/* Its files are the host kernel's too: /proc/sys, /proc/sysrq-trigger. */
			if (mount("proc", ".", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
				return error_set(err, errno, "/proc");
			if (chdir("/"))
				return error_set(err, errno, "/");
		}
	}
	return 0;
}
