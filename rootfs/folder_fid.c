/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder_fid *folder_find(const struct folder *folder, uint32_t number)
{
	return (struct folder_fid *)fids_find(&folder->fids, number);
}

int folder_find_dir(const struct folder *folder, uint32_t number, struct folder_fid **out)
{
	struct folder_fid *fid = folder_find(folder, number);

	if (!fid || fid->kind == FID_XATTR_READ || fid->kind == FID_XATTR_WRITE)
		return -EBADF;
	if (!S_ISDIR(fid->node->type))
		return -ENOTDIR;
	*out = fid;
	return 0;
}

struct folder_fid *fid_new(struct node *node, uint32_t uid)
{
	struct folder_fid *fid = calloc(1, sizeof(*fid));

	if (!fid)
		return NULL;
	fid->kind = FID_PATH;
	fid->uid = uid;
	fid->node = node_get(node);
	fid->fd = -1;
	return fid;
}

void fid_set_place(struct folder_fid *fid, struct node *parent, char *name)
{
	struct node *old = fid->parent;

	free(fid->name);
	fid->name = name;
	fid->parent = name ? node_get(parent) : NULL;
	node_put(old);
}

void fid_opened(struct folder *folder, struct folder_fid *fid, int fd, bool writable)
{
	fid->kind = FID_OPEN;
	fid->fd = fd;
	fid->writable = writable;
	folder->open_files++;
	folder->descriptors++;
}

int fid_release(struct folder *folder, struct folder_fid *fid)
{
	int result = 0;

	if (fid->kind == FID_XATTR_WRITE)
		result = xattr_commit(fid->node, fid->xattr);
	if (fid->xattr)
		xattr_free(folder, fid->xattr);
	if (fid->locks)
		lock_release(folder, fid);
	if (fid->kind == FID_OPEN) {
		close(fid->fd);
		folder->open_files--;
		folder->descriptors--;
	}
	node_put(fid->node);
	node_put(fid->parent);
	free(fid->name);
	free(fid);
	return result;
}
