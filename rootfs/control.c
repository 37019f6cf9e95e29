/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/control.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/control_internal.h"

#define V9FS_MAGIC  0x01021997u
#define MAX_FIDS    4096
#define NUMBER_NAME 11 /* bytes of the decimal name of a uint32_t, and a NUL */

/* The names in a folder, in the order of their cookies, after "." and "..". */
struct entry {
	const char *name;
	enum control_kind kind;
};
static const struct entry root_entries[] = {
	{"events", CONTROL_EVENTS_FILE}, {"reports", CONTROL_REPORTS_FILE}};
static const struct entry process_entries[] = {{"spec", CONTROL_SPEC_FILE},
	{"in", CONTROL_STREAM_FILE + CONTROL_IN}, {"out", CONTROL_STREAM_FILE + CONTROL_OUT},
	{"err", CONTROL_STREAM_FILE + CONTROL_ERR}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct entry *entries_of(enum control_kind kind, size_t *count)
{
	*count = 0;
	if (kind == CONTROL_ROOT) {
		*count = COUNT(root_entries);
		return root_entries;
	}
	if (kind == CONTROL_PROCESS) {
		*count = COUNT(process_entries);
		return process_entries;
	}
	return NULL;
}

static bool is_folder(struct control_node node)
{
	return node.kind == CONTROL_ROOT || node.kind == CONTROL_PROCESS;
}

static bool is_stream(struct control_node node)
{
	return node.kind >= CONTROL_STREAM_FILE;
}

static bool is_for_writing(struct control_node node)
{
	return node.kind == CONTROL_REPORTS_FILE ||
	       (is_stream(node) && zone_stream_is_out(node.kind - CONTROL_STREAM_FILE));
}

static uint32_t mode_of(struct control_node node)
{
	if (is_folder(node))
		return S_IFDIR | 0555;
	return S_IFREG | (is_for_writing(node) ? 0200 : 0400);
}

/* Version 0 tells Linux's client that nothing of it is to be cached. */
static struct p9_qid qid_of(struct control_node node)
{
	return (struct p9_qid){
		.type = is_folder(node) ? P9_QID_DIR : P9_QID_FILE,
		.path = (uint64_t)node.process << 8 | node.kind,
	};
}

static bool control_idle(const struct share *share)
{
	return !((const struct control *)share)->fids.count;
}

static struct control_fid *find(const struct control *control, uint32_t number)
{
	return (struct control_fid *)fids_find(&control->fids, number);
}

static void release_fid(void *arg, struct fid *fid)
{
	(void)arg;
	free(fid);
}

static int control_version(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	fids_clear(&control->fids, release_fid, NULL);
	waits_drop_all(control);
	return share_version(&control->share, request, reply);
}

static int add_fid(struct control *control, uint32_t number, struct control_node node)
{
	int result = fids_may_insert(&control->fids, number);
	struct control_fid *fid;

	if (result < 0)
		return result;
	fid = calloc(1, sizeof(*fid));
	if (!fid)
		return -ENOMEM;
	fid->node = node;
	fids_insert(&control->fids, &fid->fid, number);
	return 0;
}

static int control_attach(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_node root = {.kind = CONTROL_ROOT};
	struct p9_qid qid = qid_of(root);
	int result;

	if (request->u.attach.afid != P9_NO_FID)
		return -EINVAL;
	result = add_fid(control, request->u.attach.fid, root);
	if (result == 0)
		p9_reply_qid(reply, P9_RATTACH, request->tag, &qid);
	return result;
}

static int control_flush(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	waits_drop_tag(control, request->u.flush.oldtag);
	p9_reply_empty(reply, P9_RFLUSH, request->tag);
	return 0;
}

static int control_clunk(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = (struct control_fid *)fids_take(&control->fids, request->u.fid.fid);

	if (!fid)
		return -EBADF;
	if (fid->open && is_stream(fid->node) && is_for_writing(fid->node))
		control->ops->stream_end(
			control->arg, fid->node.process, fid->node.kind - CONTROL_STREAM_FILE);
	free(fid);
	p9_reply_empty(reply, P9_RCLUNK, request->tag);
	return 0;
}

/* The fid is gone, as after Tclunk; the file is not. */
static int control_remove(struct control *control, const struct p9_request *request)
{
	struct fid *fid = fids_take(&control->fids, request->u.fid.fid);

	if (!fid)
		return -EBADF;
	free(fid);
	return -EPERM;
}

/* A decimal number without leading zeroes. */
static bool parse_number(struct p9_string name, uint32_t *number)
{
	uint64_t value = 0;

	if (name.length == 0 || name.length >= NUMBER_NAME || (name.data[0] == '0' && name.length > 1))
		return false;
	for (uint16_t i = 0; i < name.length; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(name.data[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= UINT32_MAX;
}

static int spec_of(const struct control *control, uint32_t process, const uint8_t **data, size_t *length)
{
	return control->ops->spec(control->arg, process, data, length);
}

static int step(const struct control *control, struct control_node *node, struct p9_string name)
{
	const uint8_t *spec;
	uint32_t number;
	size_t count, length;
	const struct entry *entries = entries_of(node->kind, &count);

	if (!entries)
		return -ENOTDIR;
	for (size_t i = 0; i < count; i++) {
		if (name.length == strlen(entries[i].name) &&
			memcmp(name.data, entries[i].name, name.length) == 0) {
			node->kind = entries[i].kind;
			return 0;
		}
	}
	if (!parse_number(name, &number))
		return -ENOENT;
	if (node->kind == CONTROL_PROCESS && number > CONTROL_ERR && number < ZONE_STREAMS_MAX) {
		node->kind = CONTROL_STREAM_FILE + number;
		return 0;
	}
	if (node->kind != CONTROL_ROOT || spec_of(control, number, &spec, &length) < 0)
		return -ENOENT;
	*node = (struct control_node){.kind = CONTROL_PROCESS, .process = number};
	return 0;
}

static int control_walk(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *from = find(control, request->u.walk.fid);
	bool same = request->u.walk.newfid == request->u.walk.fid;
	struct p9_qid qids[P9_MAX_WALK];
	struct control_node node;
	uint16_t done = 0;
	int result = 0;

	if (!from)
		return -EBADF;
	if (same && from->open)
		return -EBUSY;
	node = from->node;
	while (result == 0 && done < request->u.walk.count) {
		result = step(control, &node, request->u.walk.names[done]);
		if (result == 0)
			qids[done++] = qid_of(node);
	}
	if (result < 0 && done == 0)
		return result;
	if (result == 0 && same)
		from->node = node;
	else if (result == 0)
		result = add_fid(control, request->u.walk.newfid, node);
	else
		result = 0; /* came part of the way: no new fid */
	if (result == 0)
		p9_reply_walk(reply, request->tag, qids, done);
	return result;
}

static int control_lopen(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = find(control, request->u.lopen.fid);
	uint32_t access = request->u.lopen.flags & P9_OPEN_ACCESS;
	uint32_t iounit = control->share.msize - P9_IO_HEADER_SIZE;
	struct p9_qid qid;

	if (!fid || fid->open)
		return -EBADF;
	if (is_folder(fid->node) && access != 0)
		return -EISDIR;
	if (access != (is_for_writing(fid->node) ? 1 : 0))
		return -EACCES;
	fid->open = true;
	qid = qid_of(fid->node);
	p9_reply_open(reply, P9_RLOPEN, request->tag, &qid, iounit < CONTROL_CHUNK ? iounit : CONTROL_CHUNK);
	return 0;
}

static int control_getattr(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = find(control, request->u.getattr.fid);
	struct p9_attributes attributes;
	const uint8_t *data;
	size_t length = 0;

	if (!fid)
		return -EBADF;
	if (fid->node.kind == CONTROL_SPEC_FILE && spec_of(control, fid->node.process, &data, &length) < 0)
		length = 0;
	attributes = (struct p9_attributes){
		.valid = P9_GETATTR_BASIC,
		.qid = qid_of(fid->node),
		.mode = mode_of(fid->node),
		.nlink = is_folder(fid->node) ? 2 : 1,
		.size = length,
		.block_size = 4096,
	};
	p9_reply_getattr(reply, P9_RGETATTR, request->tag, &attributes);
	return 0;
}

/* What open(2) with O_TRUNC asks, as a shell's ">" does: there is nothing to cut off. */
static int control_setattr(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	const uint32_t others = P9_SETATTR_MODE | P9_SETATTR_UID | P9_SETATTR_GID;
	struct control_fid *fid = find(control, request->u.setattr.fid);
	uint32_t valid = request->u.setattr.valid;

	if (!fid)
		return -EBADF;
	if (!is_for_writing(fid->node) || !(valid & P9_SETATTR_SIZE) || (valid & others))
		return -EPERM;
	p9_reply_empty(reply, P9_RSETATTR, request->tag);
	return 0;
}

static int control_statfs(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct p9_statfs statfs = {.type = V9FS_MAGIC, .block_size = 4096, .name_length = P9_MAX_NAME};

	if (!find(control, request->u.fid.fid))
		return -EBADF;
	p9_reply_statfs(reply, request->tag, &statfs);
	return 0;
}

/* A cookie is the number of entries before it, "." and ".." first. Processes are not listed. */
static int control_readdir(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = find(control, request->u.read.fid);
	const struct entry *entries;
	size_t count;

	if (!fid || !fid->open)
		return -EBADF;
	entries = entries_of(fid->node.kind, &count);
	if (!entries)
		return -ENOTDIR;
	p9_reply_readdir(reply, P9_RREADDIR, request->tag);
	for (uint64_t at = request->u.read.offset; at < count + 2; at++) {
		struct control_node node = fid->node;
		const char *name = at == 0 ? "." : "..";
		struct p9_qid qid;

		if (at >= 2) {
			name = entries[at - 2].name;
			node.kind = entries[at - 2].kind;
		} else if (at == 1) {
			node = (struct control_node){.kind = CONTROL_ROOT};
		}
		qid = qid_of(node);
		if (!p9_add_entry(reply, request->u.read.count, &qid, at + 1, at < 2 ? DT_DIR : DT_REG, name,
			    strlen(name))) {
			if (at == request->u.read.offset)
				return -EINVAL;
			break;
		}
	}
	return 0;
}

static int read_spec(
	struct control *control, uint32_t process, const struct p9_request *request, struct p9_writer *reply)
{
	uint64_t offset = request->u.read.offset;
	const uint8_t *data;
	size_t length;
	uint32_t room;
	uint8_t *space = p9_read_space(reply, request->u.read.count, &room);
	int result = spec_of(control, process, &data, &length);

	if (result < 0)
		return result;
	length = offset < length ? length - (size_t)offset : 0;
	if (length > room)
		length = room;
	if (length > 0)
		memcpy(space, data + offset, length);
	p9_reply_read(reply, request->tag, (uint32_t)length);
	return 0;
}

static int control_read(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = find(control, request->u.read.fid);

	if (!fid || !fid->open)
		return -EBADF;
	switch (fid->node.kind) {
	case CONTROL_EVENTS_FILE:
		return control_read_event(control, request, reply);
	case CONTROL_SPEC_FILE:
		return read_spec(control, fid->node.process, request, reply);
	case CONTROL_ROOT:
	case CONTROL_PROCESS:
		return -EISDIR;
	default:
		if (!is_stream(fid->node) || is_for_writing(fid->node))
			return -EBADF;
		return control_read_stream(
			control, fid->node.process, fid->node.kind - CONTROL_STREAM_FILE, request, reply);
	}
}

static int control_write(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	struct control_fid *fid = find(control, request->u.write.fid);
	struct zone_report report;

	if (!fid || !fid->open || !is_for_writing(fid->node))
		return -EBADF;
	if (fid->node.kind != CONTROL_REPORTS_FILE)
		return control_write_stream(
			control, fid->node.process, fid->node.kind - CONTROL_STREAM_FILE, request, reply);
	if (request->u.write.count != sizeof(report))
		return -EINVAL;
	memcpy(&report, request->u.write.data, sizeof(report));
	control->ops->report(control->arg, &report);
	p9_reply_write(reply, request->tag, sizeof(report));
	return 0;
}

static int control_fsync(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	if (!find(control, request->u.fsync.fid))
		return -EBADF;
	p9_reply_empty(reply, P9_RFSYNC, request->tag);
	return 0;
}

static int dispatch(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	if (request->type == P9_TVERSION)
		return control_version(control, request, reply);
	if (control->share.msize == 0)
		return -EPROTO;
	if (reply->capacity > control->share.msize)
		reply->capacity = control->share.msize;
	switch (request->type) {
	case P9_TATTACH:
		return control_attach(control, request, reply);
	case P9_TFLUSH:
		return control_flush(control, request, reply);
	case P9_TWALK:
		return control_walk(control, request, reply);
	case P9_TCLUNK:
		return control_clunk(control, request, reply);
	case P9_TLOPEN:
		return control_lopen(control, request, reply);
	case P9_TGETATTR:
		return control_getattr(control, request, reply);
	case P9_TSETATTR:
		return control_setattr(control, request, reply);
	case P9_TSTATFS:
		return control_statfs(control, request, reply);
	case P9_TREADDIR:
		return control_readdir(control, request, reply);
	case P9_TREAD:
		return control_read(control, request, reply);
	case P9_TWRITE:
		return control_write(control, request, reply);
	case P9_TFSYNC:
		return control_fsync(control, request, reply);
	case P9_TREMOVE:
		return control_remove(control, request);
	case P9_TLCREATE:
	case P9_TSYMLINK:
	case P9_TMKNOD:
	case P9_TMKDIR:
	case P9_TLINK:
	case P9_TRENAME:
	case P9_TRENAMEAT:
	case P9_TUNLINKAT:
		return -EPERM;
	default:
		return -EOPNOTSUPP;
	}
}

static enum share_answer control_request(
	struct share *share, const struct p9_request *request, struct p9_writer *reply)
{
	struct control *control = (struct control *)share;
	struct p9_writer bounded = *reply;
	int result = dispatch(control, request, &bounded);

	if (result == CONTROL_LATER)
		return SHARE_LATER;
	if (result < 0)
		p9_reply_error(&bounded, request->tag, -result);
	reply->length = bounded.length;
	return SHARE_ANSWERED;
}

static void control_free(struct share *share)
{
	struct control *control = (struct control *)share;

	waits_drop_all(control);
	if (control->fids.buckets) {
		fids_clear(&control->fids, release_fid, NULL);
		fids_release(&control->fids);
	}
	free(control);
}

struct share *control_new(const struct control_ops *ops, void *arg)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->share.request = control_request;
	control->share.free = control_free;
	control->share.idle = control_idle;
	control->ops = ops;
	control->arg = arg;
	if (fids_init(&control->fids, MAX_FIDS) < 0) {
		control_free(&control->share);
		return NULL;
	}
	return &control->share;
}
