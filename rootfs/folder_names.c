/* SPDX-License-Identifier: Apache-2.0 */
/* What changes which names lead to a file, and not the file. */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int folder_link(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *target = folder_find(folder, request->u.link.fid);
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *dir;
	int result = folder_find_dir(folder, request->u.link.dfid, &dir);

	if (result < 0)
		return result;
	if (!target || target->kind == FID_XATTR_READ || target->kind == FID_XATTR_WRITE)
		return -EBADF;
	copy_name(name, request->u.link.name);
	/* Through /proc and not with AT_EMPTY_PATH, which wants CAP_DAC_READ_SEARCH. */
	if (linkat(folder->proc, proc_name(target->node->fd).text, dir->node->fd, name, AT_SYMLINK_FOLLOW) <
		0)
		return -errno;
	p9_reply_empty(reply, P9_RLINK, request->tag);
	return 0;
}

/* 0, or -EBUSY where something is mounted at a name. Linux looks for mounts of the namespace that asks, and
 * these trees are in none: what is mounted on the host, too, would be gone with the name. Any other error is
 * the caller's to find. */
static int check_not_mounted(const struct node *dir, const char *name)
{
	struct statx st;

	if (statx(dir->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0, &st) < 0)
		return 0;
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT ? -EBUSY : 0;
}

static int rename_in_share(
	const struct node *from, const char *old_name, const struct node *to, const char *new_name)
{
	int result = check_not_mounted(from, old_name);

	if (result == 0)
		result = check_not_mounted(to, new_name);
	if (result == 0 && renameat(from->fd, old_name, to->fd, new_name) < 0)
		result = -errno;
	return result;
}

static int unlink_in_share(const struct node *dir, const char *name, int flags)
{
	int result = check_not_mounted(dir, name);

	if (result == 0 && unlinkat(dir->fd, name, flags) < 0)
		result = -errno;
	return result;
}

int folder_renameat(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	char old_name[FOLDER_NAME_SIZE], new_name[FOLDER_NAME_SIZE];
	struct folder_fid *from, *to;
	int result = folder_find_dir(folder, request->u.renameat.olddirfid, &from);

	if (result == 0)
		result = folder_find_dir(folder, request->u.renameat.newdirfid, &to);
	if (result < 0)
		return result;
	copy_name(old_name, request->u.renameat.oldname);
	copy_name(new_name, request->u.renameat.newname);
	result = rename_in_share(from->node, old_name, to->node, new_name);
	if (result < 0)
		return result;
	p9_reply_empty(reply, P9_RRENAMEAT, request->tag);
	return 0;
}

int folder_unlinkat(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	uint32_t flags = request->u.unlinkat.flags;
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *dir;
	int result = folder_find_dir(folder, request->u.unlinkat.dirfid, &dir);

	if (result < 0)
		return result;
	if (flags & ~P9_AT_REMOVEDIR)
		return -EINVAL;
	copy_name(name, request->u.unlinkat.name);
	result = unlink_in_share(dir->node, name, flags & P9_AT_REMOVEDIR ? AT_REMOVEDIR : 0);
	if (result < 0)
		return result;
	p9_reply_empty(reply, P9_RUNLINKAT, request->tag);
	return 0;
}

/* Whether a fid is still where it was found: 0, -EBUSY for the root, -ESTALE. */
static int check_place(const struct folder_fid *fid)
{
	struct statx st;

	if (!fid->parent)
		return -EBUSY;
	if (statx(fid->parent->fd, fid->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_INO, &st) < 0)
		return -errno;
	if (st.stx_ino != fid->node->inode ||
		makedev(st.stx_dev_major, st.stx_dev_minor) != fid->node->device)
		return -ESTALE;
	return 0;
}

int folder_rename(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = folder_find(folder, request->u.rename.fid);
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *dir;
	int result = folder_find_dir(folder, request->u.rename.dfid, &dir);

	if (result < 0)
		return result;
	if (!fid || fid->kind == FID_XATTR_READ || fid->kind == FID_XATTR_WRITE)
		return -EBADF;
	result = check_place(fid);
	if (result < 0)
		return result;
	copy_name(name, request->u.rename.name);
	result = rename_in_share(fid->parent, fid->name, dir->node, name);
	if (result < 0)
		return result;
	fid_set_place(fid, dir->node, strdup(name)); /* without memory it only forgets where it is */
	p9_reply_empty(reply, P9_RRENAME, request->tag);
	return 0;
}

/* The fid is gone in any case, as after Tclunk. */
int folder_remove(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = (struct folder_fid *)fids_take(&folder->fids, request->u.fid.fid);
	int flags, result;

	if (!fid)
		return -EBADF;
	result = fid->kind == FID_PATH || fid->kind == FID_OPEN ? check_place(fid) : -EINVAL;
	if (result == 0) {
		flags = S_ISDIR(fid->node->type) ? AT_REMOVEDIR : 0;
		result = unlink_in_share(fid->parent, fid->name, flags);
	}
	if (result == 0)
		p9_reply_empty(reply, P9_RREMOVE, request->tag);
	fid_release(folder, fid);
	return result;
}
