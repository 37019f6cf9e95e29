/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

static void release_fid(void *arg, struct fid *fid)
{
	struct folder *folder = arg;
	struct folder_fid *own = (struct folder_fid *)fid;

	/* The guest gave up on it without a clunk: half an attribute is not set. */
	if (own->kind == FID_XATTR_WRITE)
		own->kind = FID_XATTR_READ;
	fid_release(folder, own);
}

/* Tversion begins a new session: whatever an earlier one held is let go. */
static int folder_version(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	fids_clear(&folder->fids, release_fid, folder);
	changes_share(&folder->changes, folder->share.changes);
	return share_version(&folder->share, request, reply);
}

static int folder_auth(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	(void)folder;
	(void)request;
	(void)reply;
	return -EOPNOTSUPP; /* who attaches is the guest's kernel, and nobody else can */
}

static int folder_attach(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid;
	int result;

	if (request->u.attach.afid != P9_NO_FID)
		return -EINVAL;
	result = fids_may_insert(&folder->fids, request->u.attach.fid);
	if (result < 0)
		return result;
	fid = fid_new(folder->root, request->u.attach.n_uname);
	if (!fid)
		return -ENOMEM;
	fids_insert(&folder->fids, &fid->fid, request->u.attach.fid);
	p9_reply_qid(reply, P9_RATTACH, request->tag, &fid->node->qid);
	return 0;
}

/* Every request before it is answered by now. */
static int folder_flush(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	(void)folder;
	p9_reply_empty(reply, P9_RFLUSH, request->tag);
	return 0;
}

static int folder_clunk(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *fid = (struct folder_fid *)fids_take(&folder->fids, request->u.fid.fid);
	int result;

	if (!fid)
		return -EBADF;
	result = fid_release(folder, fid);
	if (result < 0)
		return result;
	p9_reply_empty(reply, P9_RCLUNK, request->tag);
	return 0;
}

static folder_operation *const operations[] = {
	[P9_TVERSION] = folder_version,
	[P9_TAUTH] = folder_auth,
	[P9_TATTACH] = folder_attach,
	[P9_TFLUSH] = folder_flush,
	[P9_TCLUNK] = folder_clunk,
	[P9_TWALK] = folder_walk,
	[P9_TLOPEN] = folder_lopen,
	[P9_TLCREATE] = folder_lcreate,
	[P9_TMKDIR] = folder_mkdir,
	[P9_TMKNOD] = folder_mknod,
	[P9_TSYMLINK] = folder_symlink,
	[P9_TLINK] = folder_link,
	[P9_TRENAME] = folder_rename,
	[P9_TRENAMEAT] = folder_renameat,
	[P9_TUNLINKAT] = folder_unlinkat,
	[P9_TREMOVE] = folder_remove,
	[P9_TGETATTR] = folder_getattr,
	[P9_TWALKGETATTR] = folder_walkgetattr,
	[P9_TSETATTR] = folder_setattr,
	[P9_TSTATFS] = folder_statfs,
	[P9_TREADLINK] = folder_readlink,
	[P9_TREADDIR] = folder_readdir,
	[P9_TLIST] = folder_list,
	[P9_TREAD] = folder_read,
	[P9_TWRITE] = folder_write,
	[P9_TFSYNC] = folder_fsync,
	[P9_TXATTRWALK] = folder_xattrwalk,
	[P9_TXATTRCREATE] = folder_xattrcreate,
	[P9_TLOCK] = folder_lock,
	[P9_TGETLOCK] = folder_getlock,
};

static enum share_answer folder_request(
	struct share *share, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder *folder = (struct folder *)share;
	struct p9_writer bounded = *reply;
	folder_operation *operation = NULL;
	int result;

	if (request->type < sizeof(operations) / sizeof(operations[0]))
		operation = operations[request->type];
	if (!operation)
		result = -EOPNOTSUPP;
	else if (folder->share.msize == 0 && request->type != P9_TVERSION)
		result = -EPROTO;
	else {
		if (folder->share.msize != 0 && bounded.capacity > folder->share.msize)
			bounded.capacity = folder->share.msize;
		result = operation(folder, request, &bounded);
	}
	/* What this request has changed is told before it is answered, as is what others had when it came. */
	if (folder->changes.count > 0)
		changes_read(&folder->changes);
	if (result < 0)
		p9_reply_error(&bounded, request->tag, -result);
	reply->length = bounded.length;
	reply->in_pieces = bounded.in_pieces;
	return SHARE_ANSWERED;
}

static bool folder_changed(struct share *share)
{
	return changes_read(&((struct folder *)share)->changes);
}

static bool folder_idle(const struct share *share)
{
	return !((const struct folder *)share)->fids.count;
}

static void folder_free(struct share *share)
{
	struct folder *folder = (struct folder *)share;

	if (folder->fids.buckets) {
		fids_clear(&folder->fids, release_fid, folder);
		fids_release(&folder->fids);
	}
	qids_release(&folder->qids);
	node_put(folder->root);
	changes_release(&folder->changes);
	if (folder->owns_proc && folder->proc >= 0)
		close(folder->proc);
	free(folder);
}

static uint32_t value_or(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

struct share *folder_new(int root_fd, const struct folder_limits *limits, struct error *err)
{
	cleanup_close int root = root_fd;
	cleanup_close int inotify = limits ? limits->inotify_fd : -1;
	struct folder *folder = calloc(1, sizeof(*folder));
	int result;

	if (inotify == 0)
		inotify = -1;
	if (!folder) {
		error_set(err, ENOMEM, "folder share");
		return NULL;
	}
	folder->share.request = folder_request;
	folder->share.free = folder_free;
	folder->share.idle = folder_idle;
	folder->share.changed = folder_changed;
	folder->share.takes_pieces = true;
	if (limits)
		folder->limits = *limits;
	else
		folder->limits.proc_self_fd = -1;
	folder->limits.fids = value_or(folder->limits.fids, 262144);
	folder->limits.open_files = value_or(folder->limits.open_files, folder->limits.fids);
	folder->limits.descriptors = value_or(folder->limits.descriptors, UINT32_MAX);
	folder->limits.xattr_bytes = value_or(folder->limits.xattr_bytes, 4u << 20);
	folder->limits.locks = value_or(folder->limits.locks, 16384);
	folder->gid = getegid();
	qids_init(&folder->qids, QIDS_MAX_PREFIXES, QIDS_MAX_FILES);
	result = changes_init(&folder->changes, steal_fd(&inotify));

	folder->proc = folder->limits.proc_self_fd;
	if (result < 0) {
		error_set(err, -result, "folder share");
		goto fail;
	}
	if (folder->proc < 0) {
		folder->owns_proc = true;
		folder->proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (folder->proc < 0) {
			error_set(err, errno, "/proc/self/fd");
			goto fail;
		}
	}
	/* There is no setxattrat(2) in most kernels, and fsetxattr(2) takes no O_PATH descriptor: for the
	 * working directory a descriptor's number is its path. */
	if (fchdir(folder->proc) < 0) {
		error_set(err, errno, "/proc/self/fd");
		goto fail;
	}
	result = fids_init(&folder->fids, folder->limits.fids);
	if (result == 0)
		result = node_new(folder, steal_fd(&root), &folder->root);
	if (result == 0 && !S_ISDIR(folder->root->type))
		result = -ENOTDIR;
	if (result < 0) {
		error_set(err, -result, "the folder to share");
		goto fail;
	}
	folder->root->is_top = true;
	umask(0);
	return &folder->share;

fail:
	folder_free(&folder->share);
	return NULL;
}
