/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int folder_give(const struct folder *folder, int fd, uint32_t uid, uint32_t gid, const struct statx *st)
{
	mode_t privilege = st->stx_mode & (S_ISUID | S_ISGID);

	if (uid == P9_NO_UID)
		uid = st->stx_uid;
	/* Not the process's group: it is that of the folder, which has set-group-id. */
	if (gid == P9_NO_UID || st->stx_gid != folder->gid)
		gid = st->stx_gid;
	if (uid == st->stx_uid && gid == st->stx_gid)
		return 0;
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	/* Another owner costs a file these bits, which the guest asked for. */
	if (S_ISDIR(st->stx_mode) || S_ISLNK(st->stx_mode) || privilege == 0)
		return 0;
	return fchmodat(folder->proc, proc_name(fd).text, st->stx_mode & 07777, 0) < 0 ? -errno : 0;
}

/* The second half of making a thing by name: takes hold of it, and gives it to whom it belongs. */
static int finish(struct folder *folder, const struct folder_fid *dir, const char *name, mode_t type,
	uint32_t gid, struct p9_qid *qid)
{
	struct node *node = NULL;
	struct statx st;
	int result = node_child(folder, dir->node, name, &node);

	if (result == 0)
		result = node_stat(node, &st);
	if (result == 0 && node->type != type) {
		/* Not what was made: somebody was quicker, and it is theirs. */
		node_put(node);
		return -EEXIST;
	}
	if (result == 0)
		result = folder_give(folder, node->fd, dir->uid, gid, &st);
	if (result == 0)
		*qid = node->qid;
	else
		unlinkat(dir->node->fd, name, type == S_IFDIR ? AT_REMOVEDIR : 0);
	node_put(node);
	return result;
}

int folder_mkdir(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *dir;
	struct p9_qid qid;
	int result = folder_find_dir(folder, request->u.mkdir.dfid, &dir);

	if (result < 0)
		return result;
	copy_name(name, request->u.mkdir.name);
	/* Set-group-id comes from the folder it is in, as it does with mkdir(2). */
	if (mkdirat(dir->node->fd, name, request->u.mkdir.mode & 01777) < 0)
		return -errno;
	result = finish(folder, dir, name, S_IFDIR, request->u.mkdir.gid, &qid);
	if (result == 0)
		p9_reply_qid(reply, P9_RMKDIR, request->tag, &qid);
	return result;
}

int folder_mknod(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	mode_t mode = request->u.mknod.mode & (S_IFMT | 07777);
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *dir;
	struct p9_qid qid;
	dev_t device = 0;
	int result = folder_find_dir(folder, request->u.mknod.dfid, &dir);

	if (result < 0)
		return result;
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		/* 0:0 is overlayfs's mark of a file removed, not a device. */
		if (folder->limits.no_devices &&
			(S_ISBLK(mode) || request->u.mknod.major != 0 || request->u.mknod.minor != 0))
			return -EPERM;
		device = makedev(request->u.mknod.major, request->u.mknod.minor);
		break;
	default:
		return -EINVAL;
	}
	copy_name(name, request->u.mknod.name);
	if (mknodat(dir->node->fd, name, mode, device) < 0)
		return -errno;
	result = finish(folder, dir, name, mode & S_IFMT, request->u.mknod.gid, &qid);
	if (result == 0)
		p9_reply_qid(reply, P9_RMKNOD, request->tag, &qid);
	return result;
}

int folder_symlink(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	const struct p9_string *target = &request->u.symlink.target;
	char name[FOLDER_NAME_SIZE];
	char *text = (char *)folder->scratch;
	struct folder_fid *dir;
	struct p9_qid qid;
	int result = folder_find_dir(folder, request->u.symlink.dfid, &dir);

	if (result < 0)
		return result;
	copy_name(name, request->u.symlink.name);
	for (uint16_t i = 0; i < target->length; i++)
		text[i] = target->data[i];
	text[target->length] = '\0';
	if (symlinkat(text, dir->node->fd, name) < 0)
		return -errno;
	result = finish(folder, dir, name, S_IFLNK, request->u.symlink.gid, &qid);
	if (result == 0)
		p9_reply_qid(reply, P9_RSYMLINK, request->tag, &qid);
	return result;
}
