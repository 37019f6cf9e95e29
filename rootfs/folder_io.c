/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_read(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = folder_find(folder, request->u.read.fid);
	uint64_t offset = request->u.read.offset;
	uint32_t room, got;
	uint8_t *space = p9_read_space(reply, request->u.read.count, &room);
	struct iovec pieces[2];
	ssize_t length;
	int result, count;

	if (!fid)
		return -EBADF;
	if (fid->kind == FID_XATTR_READ) {
		result = xattr_read(fid->xattr, offset, space, room, &got);
		if (result == 0)
			p9_reply_read(reply, request->tag, got);
		return result;
	}
	result = folder_find_open(folder, request->u.read.fid, &fid);
	if (result < 0)
		return result;
	if (S_ISDIR(fid->node->type))
		return -EISDIR;
	if (offset > INT64_MAX)
		return -EINVAL;
	count = p9_read_pieces(reply, room, pieces);
	if (count == 0)
		pieces[0] = (struct iovec){.iov_base = space, .iov_len = room};
	length = preadv(fid->fd, pieces, count > 0 ? count : 1, (off_t)offset);
	if (length < 0)
		return -errno;
	if (count > 0)
		p9_reply_read_pieces(reply, request->tag, (uint32_t)length);
	else
		p9_reply_read(reply, request->tag, (uint32_t)length);
	return 0;
}

static int write_xattr(struct xattr *xattr, const struct p9_request *request)
{
	uint64_t offset = request->u.write.offset;
	int result = 0;

	for (int i = 0; result == 0 && i < request->u.write.piece_count; i++) {
		const struct iovec *piece = &request->u.write.pieces[i];

		result = xattr_write(xattr, offset, piece->iov_base, (uint32_t)piece->iov_len);
		offset += piece->iov_len;
	}
	return result;
}

int folder_write(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = folder_find(folder, request->u.write.fid);
	uint64_t offset = request->u.write.offset;
	uint32_t count = request->u.write.count;
	ssize_t length;
	int result;

	if (!fid)
		return -EBADF;
	if (fid->kind == FID_XATTR_WRITE) {
		result = write_xattr(fid->xattr, request);
		if (result == 0)
			p9_reply_write(reply, request->tag, count);
		return result;
	}
	if (fid->kind != FID_OPEN || !fid->writable)
		return -EBADF;
	if (offset > INT64_MAX)
		return -EINVAL;
	result = count > 0 ? folder_strip(folder, fid) : 0;
	if (result < 0)
		return result;
	length = pwritev(fid->fd, request->u.write.pieces, request->u.write.piece_count, (off_t)offset);
	if (length < 0)
		return -errno;
	p9_reply_write(reply, request->tag, (uint32_t)length);
	return 0;
}

int folder_fsync(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid;
	int result = folder_find_open(folder, request->u.fsync.fid, &fid);

	if (result < 0)
		return result;
	result = request->u.fsync.datasync ? fdatasync(fid->fd) : fsync(fid->fd);
	if (result < 0)
		return -errno;
	p9_reply_empty(reply, P9_RFSYNC, request->tag);
	return 0;
}
