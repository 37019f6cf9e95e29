/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_TRIES 16 /* while somebody else makes and removes the same name */

/* Whole pages, so that a large read of the guest is not cut in the middle of one. */
uint32_t folder_iounit(const struct folder *folder)
{
	uint32_t room = folder->share.msize - P9_IO_HEADER_SIZE;

	return room >= 4096 ? room & ~4095u : room;
}

/*
 * What of the guest's flags is the host's business. Not O_DIRECT (the ring's buffers are not aligned, and
 * the guest has not cached what it reads so), nor what is the guest kernel's own (O_NONBLOCK, O_CLOEXEC,
 * O_NOFOLLOW, O_NOCTTY, FASYNC).
 */
static int host_flags(uint32_t flags)
{
	int host = (int)(flags & P9_OPEN_ACCESS);

	if (flags & P9_OPEN_TRUNC)
		host |= O_TRUNC;
	if (flags & P9_OPEN_APPEND)
		host |= O_APPEND;
	if (flags & P9_OPEN_DSYNC)
		host |= O_DSYNC;
	if ((flags & P9_OPEN_SYNC) == P9_OPEN_SYNC)
		host |= O_SYNC;
	if (flags & P9_OPEN_NOATIME)
		host |= O_NOATIME;
	return host;
}

static bool writes(uint32_t flags)
{
	return (flags & P9_OPEN_ACCESS) != O_RDONLY;
}

int open_bytes(const struct folder *folder, const struct node *node, uint32_t flags)
{
	int host = host_flags(flags);
	int fd;

	if ((flags & P9_OPEN_ACCESS) == P9_OPEN_ACCESS)
		return -EINVAL;
	switch (node->type) {
	case S_IFREG:
		if (flags & P9_OPEN_DIRECTORY)
			return -ENOTDIR;
		break;
	case S_IFDIR:
		if (writes(flags) || (flags & P9_OPEN_TRUNC))
			return -EISDIR;
		host = O_RDONLY | O_DIRECTORY | (host & O_NOATIME);
		break;
	case S_IFLNK:
		return -ELOOP;
	default:
		return -ENXIO;
	}
	fd = node_open(folder, node, host);
	/* It is a wish: only a file's owner, or CAP_FOWNER, may have it. */
	if (fd == -EPERM && (host & O_NOATIME))
		fd = node_open(folder, node, host & ~O_NOATIME);
	return fd;
}

static bool has_privilege(const struct statx *st)
{
	return S_ISREG(st->stx_mode) &&
	       ((st->stx_mode & S_ISUID) || (st->stx_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP));
}

int folder_strip(const struct folder *folder, const struct folder_fid *fid)
{
	struct statx st;
	mode_t mode;
	int result;

	if (fid->uid == 0 || fid->uid == P9_NO_UID)
		return 0;
	result = node_stat(fid->node, &st);
	if (result < 0 || !has_privilege(&st))
		return result;
	mode = st.stx_mode & 07777 & ~(mode_t)S_ISUID;
	if (mode & S_IXGRP)
		mode &= ~(mode_t)S_ISGID;
	return fchmodat(folder->proc, proc_name(fid->node->fd).text, mode, 0) < 0 ? -errno : 0;
}

/* Opens a FID_PATH. 0 or -errno. */
static int open_fid(struct folder *folder, struct folder_fid *fid, uint32_t flags)
{
	int fd;

	if (folder->open_files >= folder->limits.open_files)
		return -ENFILE;
	fd = folder_room(folder, 1);
	if (fd == 0)
		fd = open_bytes(folder, fid->node, flags);
	if (fd < 0)
		return fd;
	fid_opened(folder, fid, fd, writes(flags));
	return 0;
}

int folder_lopen(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = folder_find(folder, request->u.lopen.fid);
	int result;

	if (!fid || fid->kind != FID_PATH)
		return -EBADF;
	result = open_fid(folder, fid, request->u.lopen.flags);
	if (result < 0)
		return result;
	p9_reply_open(reply, P9_RLOPEN, request->tag, &fid->node->qid, folder_iounit(folder));
	return 0;
}

int folder_find_open(struct folder *folder, uint32_t number, struct folder_fid **out)
{
	struct folder_fid *fid = folder_find(folder, number);

	if (fid && fid->kind == FID_OPEN) {
		*out = fid;
		return 0;
	}
	if (!fid || fid->kind != FID_PATH || !(S_ISREG(fid->node->type) || S_ISDIR(fid->node->type)))
		return -EBADF;
	*out = fid;
	return open_fid(folder, fid, O_RDONLY);
}

/* The node of an open descriptor. */
static int node_of_open(struct folder *folder, int fd, struct node **out)
{
	int path = open_again(folder, fd, O_PATH);

	return path < 0 ? path : node_new(folder, path, out);
}

/* Makes a new file and opens it. Returns the descriptor or -errno. */
static int create_new(struct folder *folder, const struct folder_fid *dir, const char *name,
	const struct p9_request *request, struct node **node)
{
	struct open_how how = {
		.flags = (unsigned int)(host_flags(request->u.lcreate.flags) & ~(O_TRUNC | O_NOATIME)) |
			 O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.mode = request->u.lcreate.mode & 07777,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	struct statx st;
	int fd = (int)syscall(SYS_openat2, dir->node->fd, name, &how, sizeof(how));
	int result;

	if (fd < 0)
		return -errno;
	result = node_of_open(folder, fd, node);
	if (result < 0)
		goto remove;
	result = node_stat(*node, &st);
	if (result == 0)
		result = folder_give(folder, fd, dir->uid, request->u.lcreate.gid, &st);
	if (result == 0)
		return fd;
	node_put(*node);
remove:
	unlinkat(dir->node->fd, name, 0);
	close(fd);
	return result;
}

/*
 * What O_CREAT does, in two steps: a new file is made with O_EXCL; one that is there already is
 * looked at before it is opened, for it may be what is never opened here.
 */
static int create_or_open(struct folder *folder, const struct folder_fid *dir, const char *name,
	const struct p9_request *request, struct node **node)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		int fd = create_new(folder, dir, name, request, node);
		int result;

		if (fd != -EEXIST || (request->u.lcreate.flags & P9_OPEN_EXCL))
			return fd;
		result = node_child(folder, dir->node, name, node);
		if (result == -ENOENT)
			continue;
		if (result < 0)
			return result;
		fd = S_ISDIR((*node)->type) ? -EISDIR : open_bytes(folder, *node, request->u.lcreate.flags);
		if (fd < 0)
			node_put(*node);
		return fd;
	}
	return -EAGAIN;
}

int folder_lcreate(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	uint32_t flags = request->u.lcreate.flags;
	struct folder_fid *fid;
	struct node *node;
	char *name;
	int result = folder_find_dir(folder, request->u.lcreate.fid, &fid);
	int fd;

	if (result < 0)
		return result;
	if (fid->kind != FID_PATH)
		return -EBADF;
	if ((flags & P9_OPEN_ACCESS) == P9_OPEN_ACCESS)
		return -EINVAL;
	if (folder->open_files >= folder->limits.open_files)
		return -ENFILE;
	result = folder_room(folder, 2);
	if (result < 0)
		return result;

	name = strndup(request->u.lcreate.name.data, request->u.lcreate.name.length);
	if (!name)
		return -ENOMEM;
	fd = create_or_open(folder, fid, name, request, &node);
	if (fd < 0) {
		free(name);
		return fd;
	}
	fid_set_place(fid, fid->node, name);
	node_put(fid->node);
	fid->node = node;
	fid_opened(folder, fid, fd, writes(flags));
	p9_reply_open(reply, P9_RLCREATE, request->tag, &node->qid, folder_iounit(folder));
	return 0;
}
