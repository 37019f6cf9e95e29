/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks against others than this guest: its own kernel has settled those between its processes before it
 * asks.
 *
 * A process of the guest has one open file description for the locks it holds on a file, whichever of its
 * fids it asks through, for its own locks are not in its way on a local file system either. On a folder,
 * which fcntl(2) does not lock for writing, it is flock(2).
 *
 * The host's kernel allocates for each range, and to lock every other byte of a file costs the guest nothing:
 * so what there will be is counted before the kernel is asked.
 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/ranges.h"

/* One that holds nothing is none. */
struct lock_owner {
	struct lock_owner *next;
	uint32_t proc_id;
	int fd;
	struct ranges ranges;
};

struct lock_file {
	struct lock_file *next;
	uint64_t device, inode;
	uint32_t fids; /* that asked for a lock; without them it ends */
	struct lock_owner *owners;
};

static struct lock_file *find_file(const struct folder *folder, const struct node *node)
{
	struct lock_file *file = folder->lock_files;

	while (file && (file->inode != node->inode || file->device != node->device))
		file = file->next;
	return file;
}

static struct lock_owner *find_owner(const struct lock_file *file, uint32_t proc_id)
{
	struct lock_owner *owner = file->owners;

	while (owner && owner->proc_id != proc_id)
		owner = owner->next;
	return owner;
}

static void drop_owner(struct folder *folder, struct lock_file *file, struct lock_owner *owner)
{
	struct lock_owner **at = &file->owners;

	while (*at != owner)
		at = &(*at)->next;
	*at = owner->next;
	close(owner->fd); /* lets go of its locks */
	folder->descriptors--;
	folder->locks -= owner->ranges.count;
	ranges_release(&owner->ranges);
	free(owner);
}

void lock_release(struct folder *folder, struct folder_fid *fid)
{
	struct lock_file **at = &folder->lock_files;
	struct lock_file *file = fid->locks;

	fid->locks = NULL;
	if (--file->fids > 0)
		return;
	while (file->owners)
		drop_owner(folder, file, file->owners);
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	free(file);
	folder->locked_files--;
}

/* Makes the fid one of those that keep its file's locks. */
static int join_file(struct folder *folder, struct folder_fid *fid)
{
	struct lock_file *file;

	if (fid->locks)
		return 0;
	file = find_file(folder, fid->node);
	if (!file) {
		/* Each is looked at when one is looked for. */
		if (folder->locked_files >= folder->limits.locks)
			return -ENOLCK;
		file = calloc(1, sizeof(*file));
		if (!file)
			return -ENOMEM;
		folder->locked_files++;
		file->device = fid->node->device;
		file->inode = fid->node->inode;
		file->next = folder->lock_files;
		folder->lock_files = file;
	}
	file->fids++;
	fid->locks = file;
	return 0;
}

static int new_owner(
	struct folder *folder, const struct folder_fid *fid, uint32_t proc_id, struct lock_owner **out)
{
	struct lock_owner *owner;
	int fd;

	if (folder->locks >= folder->limits.locks)
		return -ENOLCK;
	fd = folder_room(folder, 1);
	if (fd < 0)
		return fd;
	/* For writing, since flock(2) in the guest locks exclusively what is open for reading only. Where
	 * nothing can be written there is a lock for reading still. */
	fd = S_ISDIR(fid->node->type) ? -EISDIR : node_open(folder, fid->node, O_RDWR);
	if (fd == -EISDIR || fd == -EROFS || fd == -EACCES || fd == -EPERM || fd == -ETXTBSY)
		fd = node_open(folder, fid->node, O_RDONLY);
	if (fd < 0)
		return fd;
	owner = malloc(sizeof(*owner));
	if (!owner) {
		close(fd);
		return -ENOMEM;
	}
	*owner = (struct lock_owner){.next = fid->locks->owners, .proc_id = proc_id, .fd = fd};
	fid->locks->owners = owner;
	folder->descriptors++;
	*out = owner;
	return 0;
}

/* F_RDLCK, F_WRLCK, F_UNLCK of a protocol's type; -EINVAL. */
static int host_type(uint8_t type)
{
	switch (type) {
	case P9_LOCK_READ:
		return F_RDLCK;
	case P9_LOCK_WRITE:
		return F_WRLCK;
	case P9_LOCK_UNLOCK:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

/* What a request is about. Of a folder it is all, for flock(2) knows no ranges. */
static struct range range_of(const struct folder_fid *fid, const struct p9_request *request, int type)
{
	uint64_t start = request->u.lock.start, length = request->u.lock.length;

	if (S_ISDIR(fid->node->type))
		start = length = 0;
	return (struct range){
		.start = start,
		.last = length ? start + length - 1 : INT64_MAX,
		.type = type,
	};
}

static bool is_all(const struct range *range)
{
	return range->start == 0 && range->last == INT64_MAX;
}

static int set_lock(int fd, bool is_folder, const struct range *range)
{
	struct flock lock = {
		.l_type = (short)range->type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)range->start,
		.l_len = range->last == INT64_MAX ? 0 : (off_t)(range->last - range->start + 1),
	};
	int result;

	if (is_folder)
		result = flock(fd, (range->type == F_RDLCK ? LOCK_SH : LOCK_EX) | LOCK_NB);
	else
		result = fcntl(fd, F_OFD_SETLK, &lock);
	return result < 0 ? -errno : 0;
}

/* An unlock that leaves two ends of a range needs one more, too. */
static int change_lock(
	struct folder *folder, struct lock_owner *owner, bool is_folder, const struct range *change)
{
	uint32_t others = folder->locks - owner->ranges.count;
	struct ranges after;
	int result = ranges_change(&owner->ranges, change, &after);

	if (result < 0)
		return result;
	if (after.count > folder->limits.locks - others)
		result = -ENOLCK;
	else
		result = set_lock(owner->fd, is_folder, change);
	if (result < 0) {
		ranges_release(&after);
		return result;
	}
	ranges_release(&owner->ranges);
	owner->ranges = after;
	folder->locks = others + after.count;
	return 0;
}

static int unlock(struct folder *folder, const struct folder_fid *fid, const struct p9_request *request)
{
	struct range change = range_of(fid, request, F_UNLCK);
	struct lock_file *file = find_file(folder, fid->node);
	struct lock_owner *owner = file ? find_owner(file, request->u.lock.proc_id) : NULL;
	int result = 0;

	if (!owner)
		return 0;
	if (!is_all(&change)) {
		result = change_lock(folder, owner, false, &change);
		if (result < 0 || owner->ranges.count > 0)
			return result;
	}
	drop_owner(folder, file, owner);
	return 0;
}

static int lock(struct folder *folder, struct folder_fid *fid, const struct p9_request *request, int type)
{
	struct range change = range_of(fid, request, type);
	struct lock_owner *owner;
	int result = join_file(folder, fid);

	if (result < 0)
		return result;
	owner = find_owner(fid->locks, request->u.lock.proc_id);
	if (!owner)
		result = new_owner(folder, fid, request->u.lock.proc_id, &owner);
	if (result < 0)
		return result;
	result = change_lock(folder, owner, S_ISDIR(fid->node->type), &change);
	if (owner->ranges.count == 0)
		drop_owner(folder, fid->locks, owner);
	return result;
}

static bool is_range(uint64_t start, uint64_t length)
{
	return start <= INT64_MAX && length <= INT64_MAX - start;
}

int folder_lock(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid;
	int type = host_type(request->u.lock.type);
	int result;

	if (type < 0 || !is_range(request->u.lock.start, request->u.lock.length))
		return -EINVAL;
	result = folder_find_open(folder, request->u.lock.fid, &fid);
	if (result < 0)
		return result;
	if (!folder->limits.exclusive) {
		if (type == F_UNLCK)
			result = unlock(folder, fid, request);
		else
			result = lock(folder, fid, request, type);
	}
	/* The guest asks again later when it is to wait. */
	if (result == -EAGAIN || result == -EACCES) {
		p9_reply_lock(reply, request->tag, P9_LOCK_BLOCKED);
		return 0;
	}
	if (result < 0)
		return result;
	p9_reply_lock(reply, request->tag, P9_LOCK_SUCCESS);
	return 0;
}

int folder_getlock(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid;
	int result;
	struct p9_lock answer = {
		.type = P9_LOCK_UNLOCK,
		.start = request->u.getlock.start,
		.length = request->u.getlock.length,
		.client_id = request->u.getlock.client_id,
	};
	/* Linux's client asks with "unlock" for either: what any other lock is in the way of is writing. */
	struct flock lock = {
		.l_type = request->u.getlock.type == P9_LOCK_READ ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)request->u.getlock.start,
		.l_len = (off_t)request->u.getlock.length,
	};

	if (host_type(request->u.getlock.type) < 0 ||
		!is_range(request->u.getlock.start, request->u.getlock.length))
		return -EINVAL;
	result = folder_find_open(folder, request->u.getlock.fid, &fid);
	if (result < 0)
		return result;
	if (!folder->limits.exclusive && !S_ISDIR(fid->node->type)) {
		const struct lock_file *file = find_file(folder, fid->node);
		const struct lock_owner *owner = file ? find_owner(file, request->u.getlock.proc_id) : NULL;

		if (fcntl(owner ? owner->fd : fid->fd, F_OFD_GETLK, &lock) < 0)
			return -errno;
		if (lock.l_type != F_UNLCK) {
			answer.type = lock.l_type == F_RDLCK ? P9_LOCK_READ : P9_LOCK_WRITE;
			answer.start = (uint64_t)lock.l_start;
			answer.length = (uint64_t)lock.l_len;
		}
	}
	p9_reply_getlock(reply, request->tag, &answer);
	return 0;
}
