/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder to share, on a tmpfs that nobody else sees: TREE/root, the same at the beginning of each input.
 * What lies beside it no guest may reach: whoever opens, reads, links or changes it is told of.
 */
#ifndef XENRUN_FUZZ_TREE_H
#define XENRUN_FUZZ_TREE_H

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/folder_internal.h"
#include "tests/fuzz/input.h"

#define TREE "/mnt" /* a folder that is there on every host; only this process sees what is mounted on it */

static struct {
	int root, proc, here; /* O_PATH */
	int lock;	      /* somebody else's locks */
	int events;	      /* of what is outside */
	int open_fds;	      /* before this input */
	dev_t device;
} tree;

static inline int tree_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	MUST(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static inline void tree_must(bool done, const char *what)
{
	if (!done) {
		fprintf(stderr, "%s: %m (the harness is to run as root)\n", what);
		exit(1);
	}
}

static inline void tree_init(void)
{
	struct stat st;
	int fd;

	tree_must(unshare(CLONE_NEWNS) == 0, "unshare");
	tree_must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount");
	tree_must(mount("xenrun-fuzz", TREE, "tmpfs", MS_NODEV | MS_NOSUID, "size=64m,nr_inodes=65536") == 0,
		TREE);
	tree_must(mkdir(TREE "/root", 0755) == 0 && mkdir(TREE "/outside", 0755) == 0, TREE "/root");
	fd = open(TREE "/secret", O_WRONLY | O_CREAT, 0600);
	tree_must(fd >= 0 && write(fd, "secret\n", 7) == 7, TREE "/secret");
	close(fd);

	tree.events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	tree_must(tree.events >= 0 && inotify_add_watch(tree.events, TREE "/secret", IN_ALL_EVENTS) >= 0 &&
			  inotify_add_watch(tree.events, TREE "/outside", IN_ALL_EVENTS) >= 0,
		"inotify");
	tree.root = open(TREE "/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree.here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree.proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree_must(tree.root >= 0 && tree.here >= 0 && tree.proc >= 0 && fstat(tree.root, &st) == 0, "open");
	tree.device = st.st_dev;
}

static inline void tree_file(const char *name, const char *content)
{
	int fd = openat(tree.root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	MUST(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	close(fd);
}

static inline void tree_fill(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 8, .l_len = 8};

	tree.open_fds = tree_open_fds();
	tree_file("file", "content of the file");
	MUST(mkdirat(tree.root, "dir", 0755) == 0 && mkdirat(tree.root, "dir/sub", 02775) == 0);
	tree_file("dir/a", "");
	MUST(symlinkat("../secret", tree.root, "link") == 0 && symlinkat("..", tree.root, "up") == 0);
	MUST(mknodat(tree.root, "fifo", S_IFIFO | 0644, 0) == 0);
	tree.lock = openat(tree.root, "file", O_RDWR | O_CLOEXEC);
	MUST(tree.lock >= 0 && fcntl(tree.lock, F_OFD_SETLK, &lock) == 0);
}

/* Removes all in a folder; the descriptor is closed. */
static inline void tree_empty(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	MUST(dir);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_DIR) {
			tree_empty(
				openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
			MUST(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
		} else {
			MUST(unlinkat(fd, entry->d_name, 0) == 0);
		}
	}
	closedir(dir);
}

/* After the share is gone: nothing was touched outside, nothing is held any more. */
static inline void tree_clear(void)
{
	char event[4096];

	close(tree.lock);
	MUST(fchdir(tree.here) == 0);
	MUST(tree_open_fds() == tree.open_fds);
	tree_empty(openat(tree.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	/* What a guest made of the root itself. */
	MUST(fchmodat(tree.proc, proc_name(tree.root).text, 0755, 0) == 0);
	MUST(fchownat(tree.root, "", 0, 0, AT_EMPTY_PATH) == 0);
	MUST(read(tree.events, event, sizeof(event)) < 0);
}

/* Somebody on the host changes names while the guest works. */
static inline void tree_disturb(uint8_t how)
{
	static const char *const names[] = {"file", "dir", "new", "a"};
	const char *name = names[how & 3];

	switch (how >> 2 & 3) {
	case 0:
		unlinkat(tree.root, name, 0);
		break;
	case 1:
		(void)!symlinkat("../outside", tree.root, name);
		break;
	case 2:
		renameat(tree.root, name, tree.root, names[(how >> 4) & 3]);
		break;
	default:
		mkdirat(tree.root, name, 0700);
	}
}

/* Every file that a share holds is one below the root, and is opened only where that is harmless. */
static inline void tree_check_fid(const struct folder_fid *fid)
{
	static const char inside[] = TREE "/root";
	char path[4096];
	ssize_t length;

	MUST(fid->node->device == tree.device);
	length = readlinkat(tree.proc, proc_name(fid->node->fd).text, path, sizeof(path));
	MUST(length >= (ssize_t)strlen(inside) && memcmp(path, inside, strlen(inside)) == 0);
	if (fid->kind == FID_OPEN)
		MUST(fid->fd >= 0 && (S_ISREG(fid->node->type) || S_ISDIR(fid->node->type)));
}

/* The kernel's locks on files of the tree. */
static inline uint32_t tree_locks(void)
{
	FILE *file = fopen("/proc/locks", "re");
	unsigned int major, minor;
	char line[256];
	uint32_t count = 0;

	MUST(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %x:%x:", &major, &minor) == 2 &&
			makedev(major, minor) == tree.device)
			count++;
	fclose(file);
	return count;
}

/* The list is not read at once: while others come and go elsewhere in it, a lock may be seen twice. */
static inline bool tree_has_more_locks(uint32_t most)
{
	for (int i = 0; i < 20; i++)
		if (tree_locks() <= most)
			return false;
	return true;
}

static inline void tree_check(const struct share *share)
{
	const struct folder *folder = (const struct folder *)share;
	size_t fids = 0, open_files = 0;

	for (size_t i = 0; i < folder->fids.bucket_count; i++) {
		for (const struct fid *fid = folder->fids.buckets[i]; fid; fid = fid->next) {
			const struct folder_fid *own = (const struct folder_fid *)fid;

			tree_check_fid(own);
			fids++;
			open_files += own->kind == FID_OPEN;
		}
	}
	MUST(fids == folder->fids.count && open_files == folder->open_files);
	/* What somebody else has is one. A folder's is lost when another is refused in its place. */
	if (folder->lock_files)
		MUST(!tree_has_more_locks(folder->locks + 1));
}

/* What a share has open. */
static inline int tree_descriptors(const struct share *share)
{
	const struct folder *folder = (const struct folder *)share;

	return (int)folder->descriptors + (folder->changes.fd > 0);
}

/* What one guest may hold, after each message. */
static inline void tree_check_limits(const struct share *share)
{
	const struct folder *folder = (const struct folder *)share;

	MUST(folder->fids.count <= folder->limits.fids && folder->open_files <= folder->limits.open_files);
	MUST(folder->xattr_bytes <= folder->limits.xattr_bytes && folder->locks <= folder->limits.locks);
	MUST(folder->descriptors <= folder->limits.descriptors);
	MUST(folder->changes.count <= CHANGES_MAX);
}

/* A share of it; a few bits of the input choose its kind. */
static inline struct share *tree_share(uint8_t kind)
{
	struct folder_limits limits = {
		.proc_self_fd = tree.proc,
		.exclusive = kind & 1,
		.no_devices = kind & 2,
		.inotify_fd = kind & 1 ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
	};
	struct error err = {0};
	struct share *share;

	if (kind & 4) {
		limits.fids = 6;
		limits.open_files = 3;
		limits.xattr_bytes = 1000;
		limits.locks = 2;
		limits.descriptors = 9;
	}
	share = folder_new(dup(tree.root), &limits, &err);
	MUST(share);
	return share;
}

#endif
