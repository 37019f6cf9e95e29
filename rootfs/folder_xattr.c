/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VALUE_MAX 65536 /* XATTR_SIZE_MAX, and XATTR_LIST_MAX */

struct xattr {
	char name[FOLDER_NAME_SIZE]; /* of one to be set */
	uint32_t flags;
	uint32_t size; /* of data */
	uint32_t written;
	uint8_t data[];
};

/*
 * What a guest may see and set. Not the labels of the host's own security modules (security.selinux,
 * security.ima…), which mean nothing in the guest and much on the host.
 */
static bool is_allowed(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "trusted.", 8) == 0 ||
	       strcmp(name, "security.capability") == 0 || strcmp(name, "system.posix_acl_access") == 0 ||
	       strcmp(name, "system.posix_acl_default") == 0;
}

static struct xattr *xattr_new(struct folder *folder, size_t size)
{
	struct xattr *xattr;

	if (sizeof(*xattr) + size > folder->limits.xattr_bytes - folder->xattr_bytes)
		return NULL;
	xattr = calloc(1, sizeof(*xattr) + size);
	if (!xattr)
		return NULL;
	xattr->size = (uint32_t)size;
	folder->xattr_bytes += sizeof(*xattr) + size;
	return xattr;
}

void xattr_free(struct folder *folder, struct xattr *xattr)
{
	folder->xattr_bytes -= sizeof(*xattr) + xattr->size;
	free(xattr);
}

/* Leaves the names that a user of the guest may see. Returns the length left. */
static size_t filter_names(char *names, size_t length, uint32_t uid)
{
	size_t kept = 0;

	for (size_t at = 0; at < length;) {
		size_t size = strnlen(names + at, length - at) + 1;

		if (size > length - at)
			break;
		/* Only who may read a trusted attribute is told of it. */
		if (is_allowed(names + at) && (uid == 0 || strncmp(names + at, "trusted.", 8) != 0)) {
			memmove(names + kept, names + at, size);
			kept += size;
		}
		at += size;
	}
	return kept;
}

/* Reads a value, or with an empty name the list of names, into the scratch space. Its length or -errno. */
static ssize_t fetch(struct folder *folder, const struct folder_fid *fid, const char *name)
{
	struct proc_name path = proc_name(fid->node->fd);
	ssize_t length;

	if (name[0] == '\0') {
		length = listxattr(path.text, (char *)folder->scratch, VALUE_MAX);
		if (length > 0)
			length = (ssize_t)filter_names((char *)folder->scratch, (size_t)length, fid->uid);
	} else if (is_allowed(name)) {
		length = getxattr(path.text, name, folder->scratch, VALUE_MAX);
	} else {
		return -EOPNOTSUPP;
	}
	return length < 0 ? -errno : length;
}

int folder_xattrwalk(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *from = folder_find(folder, request->u.xattrwalk.fid);
	char name[FOLDER_NAME_SIZE];
	struct folder_fid *fid;
	ssize_t length;
	int result;

	if (!from || from->kind == FID_XATTR_READ || from->kind == FID_XATTR_WRITE)
		return -EBADF;
	result = fids_may_insert(&folder->fids, request->u.xattrwalk.newfid);
	if (result < 0)
		return result;
	copy_name(name, request->u.xattrwalk.name);
	length = fetch(folder, from, name);
	if (length < 0)
		return (int)length;
	fid = fid_new(from->node, from->uid);
	if (!fid)
		return -ENOMEM;
	fid->xattr = xattr_new(folder, (size_t)length);
	if (!fid->xattr) {
		fid_release(folder, fid);
		return -ENOMEM;
	}
	memcpy(fid->xattr->data, folder->scratch, (size_t)length);
	fid->kind = FID_XATTR_READ;
	fids_insert(&folder->fids, &fid->fid, request->u.xattrwalk.newfid);
	p9_reply_xattrwalk(reply, request->tag, (uint64_t)length);
	return 0;
}

int folder_xattrcreate(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = folder_find(folder, request->u.xattrcreate.fid);
	char name[FOLDER_NAME_SIZE];

	if (!fid || fid->kind != FID_PATH)
		return -EBADF;
	if (request->u.xattrcreate.flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (request->u.xattrcreate.size > VALUE_MAX)
		return -E2BIG;
	copy_name(name, request->u.xattrcreate.name);
	if (!is_allowed(name))
		return -EOPNOTSUPP;
	fid->xattr = xattr_new(folder, (size_t)request->u.xattrcreate.size);
	if (!fid->xattr)
		return -ENOMEM;
	memcpy(fid->xattr->name, name, sizeof(name));
	fid->xattr->flags = request->u.xattrcreate.flags;
	fid->kind = FID_XATTR_WRITE;
	p9_reply_empty(reply, P9_RXATTRCREATE, request->tag);
	return 0;
}

int xattr_read(const struct xattr *xattr, uint64_t offset, uint8_t *buffer, uint32_t count, uint32_t *got)
{
	uint32_t left = offset < xattr->size ? xattr->size - (uint32_t)offset : 0;

	*got = count < left ? count : left;
	if (*got > 0)
		memcpy(buffer, xattr->data + offset, *got);
	return 0;
}

int xattr_write(struct xattr *xattr, uint64_t offset, const uint8_t *data, uint32_t count)
{
	if (offset != xattr->written)
		return -EINVAL;
	if (count > xattr->size - xattr->written)
		return -ENOSPC;
	if (count > 0)
		memcpy(xattr->data + xattr->written, data, count);
	xattr->written += count;
	return 0;
}

int xattr_commit(const struct node *node, const struct xattr *xattr)
{
	struct proc_name path = proc_name(node->fd);
	int result;

	if (xattr->written != xattr->size)
		return -EINVAL;
	/* Linux's client says removexattr(2) so: nothing, in the place of what must be there. */
	if (xattr->size == 0 && xattr->flags == XATTR_REPLACE)
		result = removexattr(path.text, xattr->name);
	else
		result = setxattr(path.text, xattr->name, xattr->data, xattr->size, (int)xattr->flags);
	return result < 0 ? -errno : 0;
}
