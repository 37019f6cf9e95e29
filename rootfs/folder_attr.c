/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define V9FS_MAGIC 0x01021997u

/* The fid of a file, folder…, not of an attribute. */
static struct folder_fid *find_file(const struct folder *folder, uint32_t number)
{
	struct folder_fid *fid = folder_find(folder, number);

	return fid && (fid->kind == FID_PATH || fid->kind == FID_OPEN) ? fid : NULL;
}

/* `type` is that of the answer, st what it was after a promise was asked for. */
static void reply_attributes(const struct folder_fid *fid, const struct statx *st, uint64_t promise,
	uint8_t type, uint16_t tag, struct p9_writer *reply)
{
	const struct p9_attributes attributes = {
		.valid = P9_GETATTR_BASIC | (st->stx_mask & STATX_BTIME ? P9_GETATTR_BTIME : 0) |
			 (promise ? P9_GETATTR_PROMISE : 0),
		.data_version = promise,
		.qid = fid->node->qid,
		.mode = st->stx_mode,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.nlink = st->stx_nlink,
		.rdev = p9_device(st->stx_rdev_major, st->stx_rdev_minor),
		.size = st->stx_size,
		.block_size = st->stx_blksize,
		.blocks = st->stx_blocks,
		.atime_sec = (uint64_t)st->stx_atime.tv_sec,
		.atime_nsec = st->stx_atime.tv_nsec,
		.mtime_sec = (uint64_t)st->stx_mtime.tv_sec,
		.mtime_nsec = st->stx_mtime.tv_nsec,
		.ctime_sec = (uint64_t)st->stx_ctime.tv_sec,
		.ctime_nsec = st->stx_ctime.tv_nsec,
		.btime_sec = (uint64_t)st->stx_btime.tv_sec,
		.btime_nsec = st->stx_btime.tv_nsec,
	};

	p9_reply_getattr(reply, type, tag, &attributes);
}

/* Of the file that fid is; `type` is that of the answer. */
static int get_attributes(struct folder *folder, const struct folder_fid *fid, uint64_t mask, uint8_t type,
	uint16_t tag, struct p9_writer *reply)
{
	uint64_t promise = 0;
	struct statx st;
	int result;

	if (mask & P9_GETATTR_PROMISE)
		promise = changes_promise(&folder->changes, proc_name(fid->node->fd).text, fid->node->fd,
			fid->node->device, fid->node->type, fid->node->qid.path, &fid->node->watch);
	result = node_stat(fid->node, &st);
	if (result == 0)
		reply_attributes(fid, &st, promise, type, tag, reply);
	return result;
}

int folder_getattr(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	const struct folder_fid *fid = find_file(folder, request->u.getattr.fid);

	return fid ? get_attributes(folder, fid, request->u.getattr.mask, P9_RGETATTR, request->tag, reply)
		   : -EBADF;
}

int folder_walkgetattr(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	const struct p9_request walk = {.tag = request->tag,
		.u.walk = {.fid = request->u.walkgetattr.fid,
			.newfid = request->u.walkgetattr.newfid,
			.count = 1,
			.names = {request->u.walkgetattr.name}}};
	uint64_t mask = request->u.walkgetattr.mask;
	struct folder_fid *fid;
	int result;

	if (walk.u.walk.newfid == walk.u.walk.fid)
		return -EINVAL;
	result = folder_walk(folder, &walk, reply);
	if (result < 0)
		return result;
	fid = folder_find(folder, walk.u.walk.newfid);
	if (mask & P9_GETATTR_PROMISE)
		result = get_attributes(folder, fid, mask, P9_RWALKGETATTR, request->tag, reply);
	else
		reply_attributes(fid, &folder->found, 0, P9_RWALKGETATTR, request->tag, reply);
	if (result < 0)
		fid_release(folder, (struct folder_fid *)fids_take(&folder->fids, walk.u.walk.newfid));
	return result;
}

/* Through the descriptor that the guest opened for writing, or else one of the moment. */
static int set_size(const struct folder *folder, const struct folder_fid *fid, uint64_t size)
{
	int fd, result;

	if (size > INT64_MAX)
		return -EINVAL;
	if (S_ISDIR(fid->node->type))
		return -EISDIR;
	if (!S_ISREG(fid->node->type))
		return -EINVAL;
	if (fid->kind == FID_OPEN && fid->writable)
		return ftruncate(fid->fd, (off_t)size) < 0 ? -errno : 0;
	fd = node_open(folder, fid->node, O_WRONLY);
	if (fd < 0)
		return fd;
	result = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static int set_owner(const struct folder_fid *fid, const struct p9_request *request)
{
	uint32_t valid = request->u.setattr.valid;
	uid_t uid = valid & P9_SETATTR_UID ? request->u.setattr.uid : (uid_t)-1;
	gid_t gid = valid & P9_SETATTR_GID ? request->u.setattr.gid : (gid_t)-1;

	return fchownat(fid->node->fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int set_mode(const struct folder *folder, const struct folder_fid *fid, uint32_t mode)
{
	if (S_ISLNK(fid->node->type))
		return -EOPNOTSUPP;
	return fchmodat(folder->proc, proc_name(fid->node->fd).text, mode & 07777, 0) < 0 ? -errno : 0;
}

/* False: not a time. It must not be taken for UTIME_NOW or UTIME_OMIT. */
static bool time_of(
	uint32_t valid, uint32_t now, uint32_t set, uint64_t sec, uint64_t nsec, struct timespec *out)
{
	*out = (struct timespec){.tv_nsec = UTIME_OMIT};
	if (valid & set) {
		if (nsec > 999999999)
			return false;
		*out = (struct timespec){.tv_sec = (time_t)sec, .tv_nsec = (long)nsec};
	} else if (valid & now) {
		out->tv_nsec = UTIME_NOW;
	}
	return true;
}

static int set_times(const struct folder_fid *fid, const struct p9_request *request)
{
	uint32_t valid = request->u.setattr.valid;
	struct timespec times[2];

	if (!time_of(valid, P9_SETATTR_ATIME, P9_SETATTR_ATIME_SET, request->u.setattr.atime_sec,
		    request->u.setattr.atime_nsec, &times[0]) ||
		!time_of(valid, P9_SETATTR_MTIME, P9_SETATTR_MTIME_SET, request->u.setattr.mtime_sec,
			request->u.setattr.mtime_nsec, &times[1]))
		return -EINVAL;
	return utimensat(fid->node->fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* The owner before the mode, which another owner costs its set-user-id bits; the times last, which
 * all the others change. The time of change is the host's own business. */
int folder_setattr(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	const uint32_t times =
		P9_SETATTR_ATIME | P9_SETATTR_MTIME | P9_SETATTR_ATIME_SET | P9_SETATTR_MTIME_SET;
	struct folder_fid *fid = find_file(folder, request->u.setattr.fid);
	uint32_t valid = request->u.setattr.valid;
	int result = 0;

	if (!fid)
		return -EBADF;
	/* chown(2) to nobody else changes the time of change, and is asked for as that alone. */
	if (valid & (P9_SETATTR_UID | P9_SETATTR_GID) || valid == P9_SETATTR_CTIME)
		result = set_owner(fid, request);
	if (result == 0 && (valid & P9_SETATTR_MODE))
		result = set_mode(folder, fid, request->u.setattr.mode);
	if (result == 0 && (valid & P9_SETATTR_SIZE))
		result = set_size(folder, fid, request->u.setattr.size);
	if (result == 0 && (valid & times))
		result = set_times(fid, request);
	if (result == 0)
		p9_reply_empty(reply, P9_RSETATTR, request->tag);
	return result;
}

/* The type is 9P's: what a program would conclude from the host's does not hold in the guest. */
int folder_statfs(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = find_file(folder, request->u.fid.fid);
	struct p9_statfs statfs;
	struct statfs host;

	if (!fid)
		return -EBADF;
	if (fstatfs(fid->node->fd, &host) < 0)
		return -errno;
	statfs = (struct p9_statfs){
		.type = V9FS_MAGIC,
		.block_size = (uint32_t)host.f_bsize,
		.blocks = host.f_blocks,
		.free = host.f_bfree,
		.available = host.f_bavail,
		.files = host.f_files,
		.files_free = host.f_ffree,
		.name_length = host.f_namelen < P9_MAX_NAME ? (uint32_t)host.f_namelen : P9_MAX_NAME,
	};
	memcpy(&statfs.id, &host.f_fsid, sizeof(statfs.id));
	p9_reply_statfs(reply, request->tag, &statfs);
	return 0;
}

int folder_readlink(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = find_file(folder, request->u.fid.fid);
	ssize_t length;

	if (!fid)
		return -EBADF;
	if (!S_ISLNK(fid->node->type))
		return -EINVAL;
	length = readlinkat(fid->node->fd, "", (char *)folder->scratch, P9_MAX_PATH + 1);
	if (length < 0)
		return -errno;
	p9_reply_readlink(reply, request->tag, (char *)folder->scratch, (size_t)length);
	return 0;
}
