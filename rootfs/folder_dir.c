/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define READ_AT_ONCE 32768 /* bytes of the host's entries */
#define LARGEST	     280   /* of which an entry has no more */

/* As getdents64(2) has it. */
struct entry {
	uint64_t inode;
	int64_t next_offset;
	uint16_t size;
	uint8_t type;
	const char *name;
	size_t name_length;
};

/* Decodes the entry at the beginning of `length` bytes. */
static bool entry_at(const uint8_t *bytes, size_t length, struct entry *out)
{
	const size_t header = offsetof(struct dirent64, d_name);
	struct dirent64 raw;

	if (length < header + 1)
		return false;
	memcpy(&raw, bytes, header);
	if (raw.d_reclen <= header || raw.d_reclen > length)
		return false;
	out->inode = raw.d_ino;
	out->next_offset = raw.d_off;
	out->size = raw.d_reclen;
	out->type = raw.d_type;
	out->name = (const char *)bytes + header;
	out->name_length = strnlen(out->name, raw.d_reclen - header);
	return true;
}

static bool is_name(const struct entry *entry, const char *name)
{
	return entry->name_length == strlen(name) && memcmp(entry->name, name, entry->name_length) == 0;
}

/* The number that local readdir gives: of what is below a mount, not of what is mounted. */
static int qid_of(
	struct folder *folder, const struct node *dir, const struct entry *entry, struct p9_qid *out)
{
	int result;

	if (is_name(entry, ".") || (is_name(entry, "..") && dir->is_top)) {
		*out = dir->qid;
		return 0;
	}
	*out = (struct p9_qid){.type = P9_QID_FILE, .version = 1};
	if (entry->type == DT_DIR)
		out->type = P9_QID_DIR;
	else if (entry->type == DT_LNK)
		out->type = P9_QID_SYMLINK;
	result = qids_path(&folder->qids, dir->device, entry->inode, &out->path);
	return result;
}

enum fill { FILL_MORE, FILL_FULL, FILL_END };

/*
 * How much to read so that all of it fits into `room` bytes of the reply, where an entry takes up to a
 * seventh more. To read again what did not fit the descriptor would have to go back, and where places of a
 * folder are counted, as in a tmpfs, a removal meanwhile would move it on.
 */
static size_t read_at_once(size_t room)
{
	size_t size = room - room / 7;

	return size < READ_AT_ONCE ? size : READ_AT_ONCE;
}

/* Adds what one getdents64(2) gives. Returns an enum fill or -errno. */
static int fill(struct folder *folder, struct folder_fid *fid, uint32_t wanted, struct p9_writer *reply)
{
	size_t used = reply->length - P9_READ_HEADER_SIZE, room = wanted > used ? wanted - used : 0;
	struct entry entry;
	ssize_t length;
	size_t size;

	if (room > reply->capacity - reply->length)
		room = reply->capacity - reply->length;
	size = read_at_once(room);
	if (size < LARGEST) {
		if (used > 0)
			return FILL_FULL;
		size = LARGEST; /* the guest takes few: what is left out is read again */
	}
	length = getdents64(fid->fd, folder->scratch, size);
	if (length < 0)
		return -errno;
	if (length == 0)
		return FILL_END;
	/* The descriptor stands behind whatever is left out now. */
	fid->listed = false;
	for (size_t at = 0; at < (size_t)length; at += entry.size) {
		struct p9_qid qid;
		int result;

		if (!entry_at(folder->scratch + at, (size_t)length - at, &entry))
			return -EIO;
		result = qid_of(folder, fid->node, &entry, &qid);
		if (result < 0)
			return result;
		if (!p9_add_entry(reply, wanted, &qid, (uint64_t)entry.next_offset, entry.type, entry.name,
			    entry.name_length))
			return FILL_FULL;
		fid->next_entry = (uint64_t)entry.next_offset;
	}
	fid->listed = true;
	return FILL_MORE;
}

int folder_readdir(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid;
	uint64_t offset = request->u.read.offset;
	int result = folder_find_open(folder, request->u.read.fid, &fid);

	if (result < 0)
		return result;
	if (!S_ISDIR(fid->node->type))
		return -ENOTDIR;
	if (offset > INT64_MAX)
		return -EINVAL;
	/* From the beginning always anew, for that is what rewinddir(3) promises. */
	if (!fid->listed || offset != fid->next_entry || offset == 0) {
		if (lseek(fid->fd, (off_t)offset, SEEK_SET) < 0)
			return -errno;
		fid->next_entry = offset;
		fid->listed = true;
	}
	p9_reply_readdir(reply, P9_RREADDIR, request->tag);
	do {
		result = fill(folder, fid, request->u.read.count, reply);
	} while (result == FILL_MORE);
	if (reply->length > P9_READ_HEADER_SIZE)
		return 0; /* an error comes again at the next read */
	if (result == FILL_FULL)
		return -EINVAL; /* no room for a single one; an empty reply would be the end */
	return result < 0 ? result : 0;
}

/*
 * 0 if each name that is found there is one that is listed, else -EOPNOTSUPP: where case is folded, and on
 * file systems that are not known, which may have more. /proc has threads, XFS may fold case and not say so.
 */
static int lists_all_names(int fd)
{
	struct statfs fs;
	long flags = 0;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	switch (fs.f_type) {
	case BTRFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return 0;
	case EXT4_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC: /* which has no flags, or has these */
		if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 && errno != ENOTTY)
			return -errno;
		return flags & FS_CASEFOLD_FL ? -EOPNOTSUPP : 0;
	default:
		return -EOPNOTSUPP;
	}
}

int folder_list(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid, open = {0};
	int result = folder_find_dir(folder, request->u.list.fid, &fid);

	if (result == 0)
		result = folder_room(folder, 1);
	if (result < 0)
		return result;
	open.node = fid->node;
	open.fd = open_bytes(folder, fid->node, request->u.list.flags);
	if (open.fd < 0)
		return open.fd;
	result = lists_all_names(open.fd);
	if (result == 0) {
		p9_reply_readdir(reply, P9_RLIST, request->tag);
		do {
			result = fill(folder, &open, request->u.list.count, reply);
		} while (result == FILL_MORE);
		if (result == FILL_FULL)
			result = -EFBIG;
		else if (result == FILL_END)
			result = 0;
	}
	close(open.fd);
	return result;
}
