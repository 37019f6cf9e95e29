/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/p9.h"

#include <errno.h>
#include <string.h>

/* Where decoding is in a message. Once `bad`, everything read is zero. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
	int refused; /* -errno of the first name that cannot be one */
};

static uint64_t take_integer(struct cursor *cursor, size_t bytes)
{
	uint64_t value = 0;

	if (cursor->bad || cursor->left < bytes) {
		cursor->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)cursor->at[i] << (8 * i);
	cursor->at += bytes;
	cursor->left -= bytes;
	return value;
}

static uint8_t take_u8(struct cursor *cursor)
{
	return (uint8_t)take_integer(cursor, 1);
}

static uint16_t take_u16(struct cursor *cursor)
{
	return (uint16_t)take_integer(cursor, 2);
}

static uint32_t take_u32(struct cursor *cursor)
{
	return (uint32_t)take_integer(cursor, 4);
}

static uint64_t take_u64(struct cursor *cursor)
{
	return take_integer(cursor, 8);
}

static const uint8_t *take_bytes(struct cursor *cursor, size_t length)
{
	const uint8_t *bytes = cursor->at;

	if (cursor->bad || cursor->left < length) {
		cursor->bad = true;
		return NULL;
	}
	cursor->at += length;
	cursor->left -= length;
	return bytes;
}

static struct p9_string take_string(struct cursor *cursor)
{
	struct p9_string string = {.data = "", .length = 0};
	uint16_t length = take_u16(cursor);
	const uint8_t *bytes = take_bytes(cursor, length);

	if (!bytes || length == 0)
		return string;
	if (memchr(bytes, '\0', length)) {
		cursor->bad = true;
		return string;
	}
	string.data = (const char *)bytes;
	string.length = length;
	return string;
}

static void refuse(struct cursor *cursor, int error)
{
	if (cursor->refused == 0)
		cursor->refused = -error;
}

static struct p9_string take_name(struct cursor *cursor)
{
	struct p9_string name = take_string(cursor);

	if (name.length == 0)
		refuse(cursor, ENOENT);
	else if (memchr(name.data, '/', name.length))
		refuse(cursor, EINVAL);
	else if (name.data[0] == '.' && (name.length == 1 || (name.length == 2 && name.data[1] == '.')))
		refuse(cursor, EINVAL);
	else if (name.length > P9_MAX_NAME)
		refuse(cursor, ENAMETOOLONG);
	return name;
}

static struct p9_string take_target(struct cursor *cursor)
{
	struct p9_string target = take_string(cursor);

	if (target.length == 0)
		refuse(cursor, ENOENT);
	else if (target.length > P9_MAX_PATH)
		refuse(cursor, ENAMETOOLONG);
	return target;
}

/* The errno is what setxattr(2) gives for such a name. */
static struct p9_string take_attribute_name(struct cursor *cursor, bool may_be_empty)
{
	struct p9_string name = take_string(cursor);

	if (name.length > P9_MAX_NAME || (name.length == 0 && !may_be_empty))
		refuse(cursor, ERANGE);
	return name;
}

static void decode_walk(struct cursor *cursor, struct p9_request *out)
{
	out->u.walk.fid = take_u32(cursor);
	out->u.walk.newfid = take_u32(cursor);
	out->u.walk.count = take_u16(cursor);
	if (out->u.walk.count > P9_MAX_WALK) {
		cursor->bad = true;
		out->u.walk.count = 0;
		return;
	}
	for (uint16_t i = 0; i < out->u.walk.count; i++)
		out->u.walk.names[i] = take_name(cursor);
}

static void decode_setattr(struct cursor *cursor, struct p9_request *out)
{
	out->u.setattr.fid = take_u32(cursor);
	out->u.setattr.valid = take_u32(cursor);
	out->u.setattr.mode = take_u32(cursor);
	out->u.setattr.uid = take_u32(cursor);
	out->u.setattr.gid = take_u32(cursor);
	out->u.setattr.size = take_u64(cursor);
	out->u.setattr.atime_sec = take_u64(cursor);
	out->u.setattr.atime_nsec = take_u64(cursor);
	out->u.setattr.mtime_sec = take_u64(cursor);
	out->u.setattr.mtime_nsec = take_u64(cursor);
}

static void decode_lock(struct cursor *cursor, struct p9_request *out)
{
	out->u.lock.fid = take_u32(cursor);
	out->u.lock.type = take_u8(cursor);
	out->u.lock.flags = take_u32(cursor);
	out->u.lock.start = take_u64(cursor);
	out->u.lock.length = take_u64(cursor);
	out->u.lock.proc_id = take_u32(cursor);
	out->u.lock.client_id = take_string(cursor);
}

static void decode_getlock(struct cursor *cursor, struct p9_request *out)
{
	out->u.getlock.fid = take_u32(cursor);
	out->u.getlock.type = take_u8(cursor);
	out->u.getlock.start = take_u64(cursor);
	out->u.getlock.length = take_u64(cursor);
	out->u.getlock.proc_id = take_u32(cursor);
	out->u.getlock.client_id = take_string(cursor);
}

/* The messages of a session and of its fids. False: it is none of them. */
static bool decode_session(struct cursor *cursor, struct p9_request *out)
{
	switch (out->type) {
	case P9_TVERSION:
		out->u.version.msize = take_u32(cursor);
		out->u.version.version = take_string(cursor);
		return true;
	case P9_TAUTH:
		out->u.auth.afid = take_u32(cursor);
		out->u.auth.uname = take_string(cursor);
		out->u.auth.aname = take_string(cursor);
		out->u.auth.n_uname = take_u32(cursor);
		return true;
	case P9_TATTACH:
		out->u.attach.fid = take_u32(cursor);
		out->u.attach.afid = take_u32(cursor);
		out->u.attach.uname = take_string(cursor);
		out->u.attach.aname = take_string(cursor);
		out->u.attach.n_uname = take_u32(cursor);
		return true;
	case P9_TFLUSH:
		out->u.flush.oldtag = take_u16(cursor);
		return true;
	case P9_TWALK:
		decode_walk(cursor, out);
		return true;
	case P9_TCLUNK:
	case P9_TREMOVE:
	case P9_TSTATFS:
	case P9_TREADLINK:
		out->u.fid.fid = take_u32(cursor);
		return true;
	default:
		return false;
	}
}

/* The messages that open a file and move its bytes. False: it is none of them. */
static bool decode_file(struct cursor *cursor, struct p9_request *out)
{
	switch (out->type) {
	case P9_TLOPEN:
		out->u.lopen.fid = take_u32(cursor);
		out->u.lopen.flags = take_u32(cursor);
		return true;
	case P9_TREAD:
	case P9_TREADDIR:
		out->u.read.fid = take_u32(cursor);
		out->u.read.offset = take_u64(cursor);
		out->u.read.count = take_u32(cursor);
		return true;
	case P9_TLIST:
		out->u.list.fid = take_u32(cursor);
		out->u.list.flags = take_u32(cursor);
		out->u.list.count = take_u32(cursor);
		return true;
	case P9_TWRITE:
		out->u.write.fid = take_u32(cursor);
		out->u.write.offset = take_u64(cursor);
		out->u.write.count = take_u32(cursor);
		out->u.write.data = take_bytes(cursor, out->u.write.count);
		out->u.write.pieces[0] =
			(struct iovec){.iov_base = (void *)out->u.write.data, .iov_len = out->u.write.count};
		out->u.write.piece_count = 1;
		return true;
	case P9_TFSYNC:
		out->u.fsync.fid = take_u32(cursor);
		out->u.fsync.datasync = take_u32(cursor);
		return true;
	case P9_TLOCK:
		decode_lock(cursor, out);
		return true;
	case P9_TGETLOCK:
		decode_getlock(cursor, out);
		return true;
	case P9_TGETATTR:
		out->u.getattr.fid = take_u32(cursor);
		out->u.getattr.mask = take_u64(cursor);
		return true;
	case P9_TWALKGETATTR:
		out->u.walkgetattr.fid = take_u32(cursor);
		out->u.walkgetattr.newfid = take_u32(cursor);
		out->u.walkgetattr.name = take_name(cursor);
		out->u.walkgetattr.mask = take_u64(cursor);
		return true;
	case P9_TSETATTR:
		decode_setattr(cursor, out);
		return true;
	case P9_TXATTRWALK:
		out->u.xattrwalk.fid = take_u32(cursor);
		out->u.xattrwalk.newfid = take_u32(cursor);
		out->u.xattrwalk.name = take_attribute_name(cursor, true);
		return true;
	case P9_TXATTRCREATE:
		out->u.xattrcreate.fid = take_u32(cursor);
		out->u.xattrcreate.name = take_attribute_name(cursor, false);
		out->u.xattrcreate.size = take_u64(cursor);
		out->u.xattrcreate.flags = take_u32(cursor);
		return true;
	default:
		return false;
	}
}

/* The messages that change what a folder holds. False: it is none of them. */
static bool decode_folder(struct cursor *cursor, struct p9_request *out)
{
	switch (out->type) {
	case P9_TLCREATE:
		out->u.lcreate.fid = take_u32(cursor);
		out->u.lcreate.name = take_name(cursor);
		out->u.lcreate.flags = take_u32(cursor);
		out->u.lcreate.mode = take_u32(cursor);
		out->u.lcreate.gid = take_u32(cursor);
		return true;
	case P9_TSYMLINK:
		out->u.symlink.dfid = take_u32(cursor);
		out->u.symlink.name = take_name(cursor);
		out->u.symlink.target = take_target(cursor);
		out->u.symlink.gid = take_u32(cursor);
		return true;
	case P9_TMKNOD:
		out->u.mknod.dfid = take_u32(cursor);
		out->u.mknod.name = take_name(cursor);
		out->u.mknod.mode = take_u32(cursor);
		out->u.mknod.major = take_u32(cursor);
		out->u.mknod.minor = take_u32(cursor);
		out->u.mknod.gid = take_u32(cursor);
		return true;
	case P9_TMKDIR:
		out->u.mkdir.dfid = take_u32(cursor);
		out->u.mkdir.name = take_name(cursor);
		out->u.mkdir.mode = take_u32(cursor);
		out->u.mkdir.gid = take_u32(cursor);
		return true;
	case P9_TLINK:
		out->u.link.dfid = take_u32(cursor);
		out->u.link.fid = take_u32(cursor);
		out->u.link.name = take_name(cursor);
		return true;
	case P9_TRENAME:
		out->u.rename.fid = take_u32(cursor);
		out->u.rename.dfid = take_u32(cursor);
		out->u.rename.name = take_name(cursor);
		return true;
	case P9_TRENAMEAT:
		out->u.renameat.olddirfid = take_u32(cursor);
		out->u.renameat.oldname = take_name(cursor);
		out->u.renameat.newdirfid = take_u32(cursor);
		out->u.renameat.newname = take_name(cursor);
		return true;
	case P9_TUNLINKAT:
		out->u.unlinkat.dirfid = take_u32(cursor);
		out->u.unlinkat.name = take_name(cursor);
		out->u.unlinkat.flags = take_u32(cursor);
		return true;
	default:
		return false;
	}
}

int p9_decode(const uint8_t *message, size_t length, struct p9_request *out)
{
	struct cursor cursor = {.at = message, .left = length};
	uint32_t size;

	memset(out, 0, sizeof(*out));
	out->tag = P9_NO_TAG;
	size = take_u32(&cursor);
	if (length >= P9_HEADER_SIZE) {
		out->type = take_u8(&cursor);
		out->tag = take_u16(&cursor);
	}
	if (cursor.bad || length < P9_HEADER_SIZE || size != length)
		return -EBADMSG;

	if (!decode_session(&cursor, out) && !decode_file(&cursor, out) && !decode_folder(&cursor, out))
		return -EOPNOTSUPP;
	if (cursor.bad || cursor.left != 0)
		return -EBADMSG;
	return cursor.refused;
}

int p9_decode_write(const uint8_t *head, size_t length, const struct iovec pieces[2], int piece_count,
	struct p9_request *out)
{
	struct cursor cursor = {.at = head, .left = P9_WRITE_HEADER_SIZE};

	if (length < P9_WRITE_HEADER_SIZE || take_u32(&cursor) != length)
		return -EBADMSG;
	out->type = take_u8(&cursor);
	out->tag = take_u16(&cursor);
	out->u.write.fid = take_u32(&cursor);
	out->u.write.offset = take_u64(&cursor);
	out->u.write.count = take_u32(&cursor);
	out->u.write.data = NULL;
	out->u.write.piece_count = piece_count;
	memcpy(out->u.write.pieces, pieces, sizeof(out->u.write.pieces));
	return out->type == P9_TWRITE && out->u.write.count == length - P9_WRITE_HEADER_SIZE ? 0 : -EBADMSG;
}
