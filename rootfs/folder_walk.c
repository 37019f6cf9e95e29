/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/folder_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How far a walk has come. It owns a reference to each node it names. */
struct walk {
	struct node *node;
	struct node *parent;
	char name[FOLDER_NAME_SIZE];
};

static int step(struct folder *folder, struct walk *walk, struct p9_string name)
{
	struct node *child;
	int result;

	copy_name(walk->name, name);
	result = node_child(folder, walk->node, walk->name, &child);
	if (result < 0)
		return result;
	node_put(walk->parent);
	walk->parent = walk->node;
	walk->node = child;
	return 0;
}

/* The fid where the walk has ended: a new one, or the one it came from, moved. */
static int arrive(struct folder *folder, const struct p9_request *request, struct folder_fid *from,
	const struct walk *walk)
{
	char *name = walk->parent ? strdup(walk->name) : NULL;
	struct folder_fid *fid = fid_new(walk->node, from->uid);

	if (!fid || (walk->parent && !name)) {
		if (fid)
			fid_release(folder, fid);
		free(name);
		return -ENOMEM;
	}
	fid_set_place(fid, walk->parent, name);
	if (request->u.walk.newfid == request->u.walk.fid)
		fid_release(folder, (struct folder_fid *)fids_take(&folder->fids, request->u.walk.fid));
	fids_insert(&folder->fids, &fid->fid, request->u.walk.newfid);
	return 0;
}

int folder_walk(struct folder *folder, const struct p9_request *request, struct p9_writer *reply)
{
	struct folder_fid *from = folder_find(folder, request->u.walk.fid);
	struct p9_qid qids[P9_MAX_WALK];
	struct walk walk = {.node = NULL};
	uint16_t done = 0;
	int result = 0;

	if (!from)
		return -EBADF;
	if (from->kind == FID_XATTR_READ || from->kind == FID_XATTR_WRITE)
		return -EINVAL;
	if (request->u.walk.newfid != request->u.walk.fid)
		result = fids_may_insert(&folder->fids, request->u.walk.newfid);
	else if (from->kind != FID_PATH)
		result = -EBUSY;
	if (result < 0)
		return result;

	walk.node = node_get(from->node);
	if (from->parent) {
		walk.parent = node_get(from->parent);
		strncpy(walk.name, from->name, sizeof(walk.name) - 1);
	}
	while (result == 0 && done < request->u.walk.count) {
		result = step(folder, &walk, request->u.walk.names[done]);
		if (result == 0)
			qids[done++] = walk.node->qid;
	}
	if (result == 0)
		result = arrive(folder, request, from, &walk);
	else if (done > 0)
		result = 0; /* the qids of what was found tell how far it came; there is no new fid */
	node_put(walk.node);
	node_put(walk.parent);
	if (result == 0)
		p9_reply_walk(reply, request->tag, qids, done);
	return result;
}
