/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts go to descriptors, never to paths: a symlink of the image, or one that another container
 * moves about in a shared volume meanwhile, cannot send them elsewhere.
 */
#include "initramfs/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "initramfs/copy.h"
#include "initramfs/disks.h"
#include "initramfs/paths.h"
#include "initramfs/platform.h"
#include "initramfs/syscalls.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

/* A file system's options are one page for mount(2). */
#define DATA_MAX 4096

static const struct {
	unsigned long flag;
	uint64_t attr;
} attributes[] = {
	{MS_RDONLY, ZONE_MOUNT_RDONLY},
	{MS_NOSUID, ZONE_MOUNT_NOSUID},
	{MS_NODEV, ZONE_MOUNT_NODEV},
	{MS_NOEXEC, ZONE_MOUNT_NOEXEC},
	{MS_NOATIME, ZONE_MOUNT_NOATIME},
	{MS_STRICTATIME, ZONE_MOUNT_STRICTATIME},
	{MS_NODIRATIME, ZONE_MOUNT_NODIRATIME},
	{ZONE_MS_NOSYMFOLLOW, ZONE_MOUNT_NOSYMFOLLOW},
};

/* Sets flags (MS_*) and propagation of a mount that nobody sees yet. Flags that it has stay. */
static int set_attributes(int tree, unsigned long flags, unsigned long propagation)
{
	struct zone_mount_attr attr = {.propagation = propagation & ~(unsigned long)MS_REC};
	unsigned recursive = propagation & MS_REC ? ZONE_AT_RECURSIVE : 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (flags & attributes[i].flag)
			attr.attr_set |= attributes[i].attr;
	if (flags & (MS_NOATIME | MS_STRICTATIME | MS_RELATIME))
		attr.attr_clr = ZONE_MOUNT_ATIME;
	if ((attr.attr_set || attr.attr_clr) && attr.propagation && recursive) {
		/* Flags are the top's alone, propagation everybody's. */
		if (set_attributes(tree, flags, 0))
			return -1;
		attr.attr_set = attr.attr_clr = 0;
	}
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	return sys_mount_setattr(tree, "", ZONE_AT_EMPTY_PATH | recursive, &attr);
}

static int clone_tree(int fd, bool recursive)
{
	return sys_open_tree(fd, "",
		ZONE_AT_EMPTY_PATH | ZONE_OPEN_TREE_CLONE | ZONE_OPEN_TREE_CLOEXEC |
			(recursive ? ZONE_AT_RECURSIVE : 0));
}

/* Binds what `source` is open on over what `target` is open on. */
static int bind_over(int source, int target, bool recursive, unsigned long flags, unsigned long propagation)
{
	cleanup_close int tree = clone_tree(source, recursive);

	if (tree < 0 || set_attributes(tree, flags, propagation))
		return -1;
	return sys_move_mount(tree, "", target, "", ZONE_MOVE_MOUNT_F_EMPTY | ZONE_MOVE_MOUNT_T_EMPTY);
}

/* mount(2) over what `target` is open on: "." stays the folder that was opened, whatever its name means by
 * now. */
static int mount_over(int target, const char *source, const char *type, unsigned long flags, const char *data)
{
	int result;

	if (fchdir(target))
		return -1;
	result = mount(source, ".", type, flags, data);
	/* A current folder in the old root would keep it in use. */
	if (chdir("/"))
		return -1;
	return result;
}

static int need_root(const struct root *root)
{
	if (root->fd >= 0)
		return 0;
	errno = EINVAL;
	return -1;
}

int mounts_root(struct root *root, bool user_namespace)
{
	cleanup_close int fd = -1;

	/* Nothing that is mounted from here on is to be seen in the zone's own namespace. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	fd = open(ROOTFS_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (user_namespace) {
		/* A mount inherited into a lesser user namespace is locked in place and cannot be pivoted to.
		 */
		if (bind_over(fd, fd, true, 0, 0))
			return -1;
		close(fd);
		fd = open(ROOTFS_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -1;
	}
	root->fd = steal_fd(&fd);
	return 0;
}

int mounts_propagation(struct root *root, const struct op *op)
{
	if (!root->pivoted) {
		/* pivot_root(2) refuses a shared root. */
		root->propagation = op_u32(op, 0);
		return 0;
	}
	return mount(NULL, "/", NULL, op_u32(op, 0), NULL);
}

bool mounts_binds_volume(const struct op *op)
{
	return op->type == ZONE_OP_MOUNT && (op_u32(op, 0) & (MS_BIND | MS_REMOUNT)) == MS_BIND &&
	       *op_string(op, 1) != '/';
}

/* A device of the zone's: while the old root is in sight. */
static int open_device(const struct root *root, const char *path)
{
	cleanup_close int devices = -1;

	if (root->pivoted || strncmp(path, "/dev/", 5)) {
		errno = EPERM;
		return -1;
	}
	devices = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return devices < 0 ? -1 : path_open(devices, path + 5);
}

static int open_volume(struct root *root, const char *path)
{
	struct zone_open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = ZONE_RESOLVE_BENEATH | ZONE_RESOLVE_NO_SYMLINKS | ZONE_RESOLVE_NO_MAGICLINKS,
	};

	if (root->volumes < 0)
		root->volumes = open(VOLUMES_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->volumes < 0)
		return -1;
	return sys_openat2(root->volumes, path, &how);
}

static int mount_bind(struct root *root, const struct op *op)
{
	cleanup_close int source = -1, target = -1;
	uint32_t flags = op_u32(op, 0);
	struct stat stat;

	source = *op_string(op, 1) == '/' ? open_device(root, op_string(op, 1))
					  : open_volume(root, op_string(op, 1));
	if (source < 0 || fstat(source, &stat))
		return -1;
	target = path_make(root->fd, op_string(op, 2), S_ISDIR(stat.st_mode) ? PATH_FOLDER : PATH_FILE);
	if (target < 0)
		return -1;
	return bind_over(source, target, flags & MS_REC, flags, op_u32(op, 1));
}

/* A tmpfs over a folder has the folder's mode unless its options say another. */
static int mount_tmpfs(int target, const char *source, unsigned long flags, const char *data)
{
	char with_mode[DATA_MAX];
	size_t length = strlen(data);
	struct stat stat;

	if (!strncmp(data, "mode=", 5) || strstr(data, ",mode="))
		return mount_over(target, source, "tmpfs", flags, data);
	if (fstat(target, &stat))
		return -1;
	if (length + sizeof(",mode=07777") > sizeof(with_mode)) {
		errno = E2BIG;
		return -1;
	}
	memcpy(with_mode, data, length);
	if (length)
		with_mode[length++] = ',';
	memcpy(with_mode + length, "mode=", 5);
	length += 5;
	for (int shift = 9; shift >= 0; shift -= 3)
		with_mode[length++] = (char)('0' + (stat.st_mode >> shift & 7));
	with_mode[length] = '\0';
	return mount_over(target, source, "tmpfs", flags, with_mode);
}

/* A tmpfs that begins with what `target`, now below it, is open on. It is written to before it is read-only.
 */
static int fill_tmpfs(const struct root *root, int target, const struct op *op)
{
	cleanup_close int top = path_open(root->fd, op_string(op, 2));
	uint32_t flags = op_u32(op, 0);

	if (top < 0 || copy_folder(target, top))
		return -1;
	return flags & MS_RDONLY ? set_attributes(top, MS_RDONLY, 0) : 0;
}

/* A sysfs is its network namespace's: who shares it from a lesser user namespace gets the zone's. */
static int bind_sysfs(const struct root *root, int target, unsigned long flags)
{
	cleanup_close int source = root->pivoted ? -1 : open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return source < 0 ? -1 : bind_over(source, target, true, flags, 0);
}

int mounts_mount(struct root *root, const struct op *op)
{
	cleanup_close int target = -1;
	uint32_t flags = op_u32(op, 0), propagation = op_u32(op, 1);
	const char *type = op_string(op, 0), *source = op_string(op, 1), *data = op_string(op, 3);
	int result;

	if (need_root(root))
		return -1;
	if (flags & MS_BIND && !(flags & MS_REMOUNT))
		return mount_bind(root, op);
	target = path_make(root->fd, op_string(op, 2), PATH_FOLDER);
	if (target < 0)
		return -1;
	if (!strcmp(type, "cgroup")) {
		/* A zone has version 2 only, and the options of version 1 mean nothing to it. */
		type = "cgroup2";
		data = "";
	}
	if (op->type == ZONE_OP_MOUNT_COPY)
		result = mount_tmpfs(target, source, flags & ~(uint32_t)MS_RDONLY, data) ||
					 fill_tmpfs(root, target, op)
				 ? -1
				 : 0;
	else if (!strcmp(type, "tmpfs") && !(flags & MS_REMOUNT))
		result = mount_tmpfs(target, source, flags, data);
	else
		result = mount_over(target, source, *type ? type : NULL, flags, *data ? data : NULL);
	if (result && errno == EPERM && !strcmp(type, "sysfs"))
		result = bind_sysfs(root, target, flags);
	if (result || !propagation)
		return result;
	/* What `target` is open on lies below the new mount by now. */
	close(target);
	target = path_open(root->fd, op_string(op, 2));
	if (target < 0)
		return -1;
	return mount_over(target, NULL, NULL, propagation, NULL);
}

#define SHM_FLAGS    (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define SHM_PATH_MAX (sizeof(SHM_PATH) + NAME_MAX)

/* Where zone init has the memory of that name. */
static const char *shm_path(char path[SHM_PATH_MAX], const struct op *op)
{
	return strcat(strcpy(path, SHM_PATH), op_string(op, 0));
}

int mounts_make_shm(const struct op *op)
{
	char path[SHM_PATH_MAX];

	if (mkdir(SHM_PATH, 0700) && errno != EEXIST)
		return -1;
	/* A config may mount it twice. */
	if (mkdir(shm_path(path, op), 0700))
		return errno == EEXIST ? 0 : -1;
	return mount("shm", path, "tmpfs", SHM_FLAGS, op_string(op, 1));
}

int mounts_shm(struct root *root, const struct op *op)
{
	cleanup_close int source = -1, target = -1;
	char path[SHM_PATH_MAX];

	if (need_root(root))
		return -1;
	target = path_make(root->fd, "/dev/shm", PATH_FOLDER);
	if (target < 0)
		return -1;
	source = root->pivoted ? -1 : open(shm_path(path, op), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return source < 0 ? mount_over(target, "shm", "tmpfs", SHM_FLAGS, op_string(op, 1))
			  : bind_over(source, target, false, SHM_FLAGS, 0);
}

/* The zone's own device of the same name, for where making a node is refused. */
static int bind_device(struct root *root, const char *path, mode_t mode, dev_t device)
{
	char disk[DISK_PATH_MAX];
	cleanup_close int source = open_device(root, S_ISBLK(mode) ? disk_path(disk, device) : path),
			  target = -1;
	struct stat stat;

	if (source < 0 || fstat(source, &stat))
		return -1;
	if ((stat.st_mode & S_IFMT) != (mode & S_IFMT) || stat.st_rdev != device) {
		errno = EPERM;
		return -1;
	}
	target = path_make(root->fd, path, PATH_FILE);
	if (target < 0)
		return -1;
	return bind_over(source, target, false, 0, 0);
}

int mounts_mknod(struct root *root, const struct op *op)
{
	cleanup_close int parent = -1;
	mode_t mode = op_u32(op, 0);
	dev_t device = makedev(op_u32(op, 1), op_u32(op, 2));
	const char *name;
	struct stat stat;

	if (need_root(root))
		return -1;
	parent = path_parent(root->fd, op->strings, &name);
	if (parent < 0)
		return -1;
	if (mknodat(parent, name, mode, device)) {
		if (errno == EPERM)
			return bind_device(root, op->strings, mode, device);
		if (errno != EEXIST)
			return -1;
		/* The image may bring the node itself, but nothing else in its place. */
		if (fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW))
			return -1;
		/* The same disk may have had another number when the container ran before. */
		if (S_ISBLK(mode) && S_ISBLK(stat.st_mode) && stat.st_rdev != device) {
			if (unlinkat(parent, name, 0) || mknodat(parent, name, mode, device))
				return -1;
			stat.st_rdev = device;
		}
		if ((stat.st_mode & S_IFMT) != (mode & S_IFMT) ||
			(!S_ISFIFO(mode) && stat.st_rdev != device)) {
			errno = EEXIST;
			return -1;
		}
		if (fchmodat(parent, name, mode & 07777, 0))
			return -1;
	}
	return fchownat(parent, name, op_u32(op, 3), op_u32(op, 4), AT_SYMLINK_NOFOLLOW);
}

int mounts_symlink(struct root *root, const struct op *op)
{
	cleanup_close int parent = -1;
	const char *name;

	if (need_root(root))
		return -1;
	parent = path_parent(root->fd, op_string(op, 1), &name);
	if (parent < 0)
		return -1;
	if (symlinkat(op_string(op, 0), parent, name) && errno != EEXIST)
		return -1;
	return 0;
}

int mounts_pivot(struct root *root)
{
	cleanup_close int old = -1;

	if (need_root(root))
		return -1;
	old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || fchdir(root->fd))
		return -1;
	/* The old root comes to lie on the new one, from where it is taken away: no folder is needed for it.
	 */
	if (sys_pivot_root(".", ".") || fchdir(old) || umount2(".", MNT_DETACH) || chdir("/"))
		return -1;
	close(root->fd);
	root->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -1;
	root->pivoted = true;
	return root->propagation ? mount(NULL, "/", NULL, root->propagation, NULL) : 0;
}

int mounts_readonly_path(struct root *root, const struct op *op)
{
	cleanup_close int fd = -1;

	if (need_root(root))
		return -1;
	fd = path_open(root->fd, op->strings);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	return bind_over(fd, fd, true, MS_RDONLY, 0);
}

/* Opens /dev/null: the zone's while it is in sight, then the container's, which its image may have replaced.
 */
static int open_null(const struct root *root)
{
	cleanup_close int fd = -1;
	struct stat stat;

	if (!root->pivoted)
		return open("/dev/null", O_PATH | O_CLOEXEC);
	fd = path_open(root->fd, "/dev/null");
	if (fd < 0 || fstat(fd, &stat))
		return -1;
	if (!S_ISCHR(stat.st_mode) || stat.st_rdev != makedev(1, 3)) {
		errno = ENODEV;
		return -1;
	}
	return steal_fd(&fd);
}

int mounts_mask_path(struct root *root, const struct op *op)
{
	cleanup_close int fd = -1, null = -1;
	struct stat stat;

	if (need_root(root))
		return -1;
	fd = path_open(root->fd, op->strings);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(fd, &stat))
		return -1;
	if (S_ISDIR(stat.st_mode))
		return mount_over(fd, "tmpfs", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	null = open_null(root);
	if (null < 0)
		return -1;
	return bind_over(null, fd, false, 0, 0);
}

int mounts_attributes(struct root *root, const struct op *op)
{
	struct zone_mount_attr attr = {
		.attr_set = op_u64(op, 0),
		.attr_clr = op_u64(op, 8),
		.propagation = op_u32(op, 4),
	};
	cleanup_close int fd = -1;

	if (need_root(root))
		return -1;
	fd = path_open(root->fd, op->strings);
	if (fd < 0)
		return -1;
	return sys_mount_setattr(fd, "", ZONE_AT_EMPTY_PATH | (op_u32(op, 5) ? ZONE_AT_RECURSIVE : 0), &attr);
}

int mounts_readonly_root(struct root *root)
{
	if (need_root(root))
		return -1;
	return set_attributes(root->fd, MS_RDONLY, 0);
}

int mounts_console(struct root *root, int terminal)
{
	cleanup_close int target = -1;

	if (need_root(root))
		return -1;
	target = path_make(root->fd, "dev/console", PATH_FILE);
	return target < 0 ? -1 : bind_over(terminal, target, false, 0, 0);
}
