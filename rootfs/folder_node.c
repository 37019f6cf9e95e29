/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct proc_name proc_name(int fd)
{
	struct proc_name name;

	snprintf(name.text, sizeof(name.text), "%d", fd);
	return name;
}

void copy_name(char out[FOLDER_NAME_SIZE], struct p9_string name)
{
	size_t length = name.length <= P9_MAX_NAME ? name.length : P9_MAX_NAME;

	memcpy(out, name.data, length);
	out[length] = '\0';
}

int node_stat(const struct node *node, struct statx *st)
{
	unsigned int mask = STATX_BASIC_STATS | STATX_BTIME;

	return statx(node->fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, mask, st) < 0 ? -errno : 0;
}

/*
 * The version stays the same as long as the file lives, for Linux's client takes another version for
 * another file, and two names of one file would have a cache each. The time of birth tells a file from a
 * later one with its inode number. 0 would say that nothing is to be cached.
 */
struct p9_qid node_qid_of(uint64_t path, const struct statx *st)
{
	struct p9_qid qid = {.type = P9_QID_FILE, .version = 1, .path = path};

	if (S_ISDIR(st->stx_mode))
		qid.type = P9_QID_DIR;
	else if (S_ISLNK(st->stx_mode))
		qid.type = P9_QID_SYMLINK;
	if (st->stx_mask & STATX_BTIME)
		qid.version = ((uint32_t)st->stx_btime.tv_sec ^ (st->stx_btime.tv_nsec << 2)) | 1;
	return qid;
}

int folder_room(const struct folder *folder, uint32_t descriptors)
{
	return (uint64_t)folder->descriptors + descriptors <= folder->limits.descriptors ? 0 : -EMFILE;
}

int node_new(struct folder *folder, int fd, struct node **out)
{
	int result = folder_room(folder, 1);
	struct node *node = result < 0 ? NULL : malloc(sizeof(*node));
	struct statx *st = &folder->found;
	uint64_t path;

	if (!node) {
		close(fd);
		return result < 0 ? result : -ENOMEM;
	}
	*node = (struct node){.folder = folder, .fd = fd, .refs = 1};
	folder->descriptors++;
	result = node_stat(node, st);
	if (result < 0)
		goto fail;
	node->type = st->stx_mode & S_IFMT;
	node->is_top = st->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	node->device = makedev(st->stx_dev_major, st->stx_dev_minor);
	node->inode = st->stx_ino;
	result = qids_path(&folder->qids, node->device, node->inode, &path);
	if (result < 0)
		goto fail;
	node->qid = node_qid_of(path, st);
	*out = node;
	return 0;

fail:
	node_put(node);
	return result;
}

int node_child(struct folder *folder, const struct node *dir, const char *name, struct node **out)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir->fd, name, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	return node_new(folder, (int)fd, out);
}

struct node *node_get(struct node *node)
{
	node->refs++;
	return node;
}

void node_put(struct node *node)
{
	if (!node || --node->refs > 0)
		return;
	if (node->watch)
		changes_forget(&node->folder->changes, node->watch);
	close(node->fd);
	node->folder->descriptors--;
	free(node);
}

int open_again(const struct folder *folder, int fd, int flags)
{
	struct open_how how = {.flags = (unsigned int)(flags | O_CLOEXEC)};
	long again = syscall(SYS_openat2, folder->proc, proc_name(fd).text, &how, sizeof(how));

	return again < 0 ? -errno : (int)again;
}

int node_open(const struct folder *folder, const struct node *node, int flags)
{
	return open_again(folder, node->fd, flags | O_NOCTTY | O_NONBLOCK);
}
