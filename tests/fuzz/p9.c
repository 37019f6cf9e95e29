/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 9P messages. What decodes is encoded again by a table of the protocol's layouts and must be the same
 * bytes; what is encoded must be a whole message within its buffer.
 */
#include <errno.h>

#include "rootfs/p9.h"
#include "tests/fuzz/input.h"

#define FIELDS_MAX 11

enum kind { END, U8, U16, U32, U64, STRING, NAMES, DATA };

struct field {
	enum kind kind;
	size_t offset; /* in struct p9_request */
};

struct layout {
	uint8_t type;
	struct field fields[FIELDS_MAX];
};

#define F(kind, member)                                   \
	{                                                 \
		kind, offsetof(struct p9_request, member) \
	}

static const struct layout layouts[] = {
	{P9_TVERSION, {F(U32, u.version.msize), F(STRING, u.version.version)}},
	{P9_TAUTH, {F(U32, u.auth.afid), F(STRING, u.auth.uname), F(STRING, u.auth.aname),
			   F(U32, u.auth.n_uname)}},
	{P9_TATTACH, {F(U32, u.attach.fid), F(U32, u.attach.afid), F(STRING, u.attach.uname),
			     F(STRING, u.attach.aname), F(U32, u.attach.n_uname)}},
	{P9_TFLUSH, {F(U16, u.flush.oldtag)}},
	{P9_TWALK, {F(U32, u.walk.fid), F(U32, u.walk.newfid), F(NAMES, u.walk)}},
	{P9_TCLUNK, {F(U32, u.fid.fid)}},
	{P9_TREMOVE, {F(U32, u.fid.fid)}},
	{P9_TSTATFS, {F(U32, u.fid.fid)}},
	{P9_TREADLINK, {F(U32, u.fid.fid)}},
	{P9_TLOPEN, {F(U32, u.lopen.fid), F(U32, u.lopen.flags)}},
	{P9_TLCREATE, {F(U32, u.lcreate.fid), F(STRING, u.lcreate.name), F(U32, u.lcreate.flags),
			      F(U32, u.lcreate.mode), F(U32, u.lcreate.gid)}},
	{P9_TSYMLINK, {F(U32, u.symlink.dfid), F(STRING, u.symlink.name), F(STRING, u.symlink.target),
			      F(U32, u.symlink.gid)}},
	{P9_TMKNOD, {F(U32, u.mknod.dfid), F(STRING, u.mknod.name), F(U32, u.mknod.mode),
			    F(U32, u.mknod.major), F(U32, u.mknod.minor), F(U32, u.mknod.gid)}},
	{P9_TRENAME, {F(U32, u.rename.fid), F(U32, u.rename.dfid), F(STRING, u.rename.name)}},
	{P9_TGETATTR, {F(U32, u.getattr.fid), F(U64, u.getattr.mask)}},
	{P9_TWALKGETATTR, {F(U32, u.walkgetattr.fid), F(U32, u.walkgetattr.newfid),
				  F(STRING, u.walkgetattr.name), F(U64, u.walkgetattr.mask)}},
	{P9_TSETATTR, {F(U32, u.setattr.fid), F(U32, u.setattr.valid), F(U32, u.setattr.mode),
			      F(U32, u.setattr.uid), F(U32, u.setattr.gid), F(U64, u.setattr.size),
			      F(U64, u.setattr.atime_sec), F(U64, u.setattr.atime_nsec),
			      F(U64, u.setattr.mtime_sec), F(U64, u.setattr.mtime_nsec)}},
	{P9_TXATTRWALK, {F(U32, u.xattrwalk.fid), F(U32, u.xattrwalk.newfid), F(STRING, u.xattrwalk.name)}},
	{P9_TXATTRCREATE, {F(U32, u.xattrcreate.fid), F(STRING, u.xattrcreate.name),
				  F(U64, u.xattrcreate.size), F(U32, u.xattrcreate.flags)}},
	{P9_TREADDIR, {F(U32, u.read.fid), F(U64, u.read.offset), F(U32, u.read.count)}},
	{P9_TLIST, {F(U32, u.list.fid), F(U32, u.list.flags), F(U32, u.list.count)}},
	{P9_TREAD, {F(U32, u.read.fid), F(U64, u.read.offset), F(U32, u.read.count)}},
	{P9_TWRITE, {F(U32, u.write.fid), F(U64, u.write.offset), F(DATA, u.write)}},
	{P9_TFSYNC, {F(U32, u.fsync.fid), F(U32, u.fsync.datasync)}},
	{P9_TLOCK, {F(U32, u.lock.fid), F(U8, u.lock.type), F(U32, u.lock.flags), F(U64, u.lock.start),
			   F(U64, u.lock.length), F(U32, u.lock.proc_id), F(STRING, u.lock.client_id)}},
	{P9_TGETLOCK,
		{F(U32, u.getlock.fid), F(U8, u.getlock.type), F(U64, u.getlock.start),
			F(U64, u.getlock.length), F(U32, u.getlock.proc_id), F(STRING, u.getlock.client_id)}},
	{P9_TLINK, {F(U32, u.link.dfid), F(U32, u.link.fid), F(STRING, u.link.name)}},
	{P9_TMKDIR,
		{F(U32, u.mkdir.dfid), F(STRING, u.mkdir.name), F(U32, u.mkdir.mode), F(U32, u.mkdir.gid)}},
	{P9_TRENAMEAT, {F(U32, u.renameat.olddirfid), F(STRING, u.renameat.oldname),
			       F(U32, u.renameat.newdirfid), F(STRING, u.renameat.newname)}},
	{P9_TUNLINKAT, {F(U32, u.unlinkat.dirfid), F(STRING, u.unlinkat.name), F(U32, u.unlinkat.flags)}},
};

/* The message that is made again, of as many bytes as the one it comes from. */
struct message {
	uint8_t *bytes;
	size_t length, capacity;
};

static void add(struct message *message, const void *bytes, size_t length)
{
	MUST(length <= message->capacity - message->length);
	if (length)
		memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
}

static void add_string(struct message *message, const struct p9_string *string)
{
	MUST(!memchr(string->data, '\0', string->length));
	add(message, &string->length, sizeof(string->length));
	add(message, string->data, string->length);
}

static void add_field(struct message *message, const struct p9_request *request, const struct field *field)
{
	static const size_t sizes[] = {[U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8};
	const void *value = (const uint8_t *)request + field->offset;

	switch (field->kind) {
	case STRING:
		add_string(message, value);
		break;
	case NAMES:
		MUST(request->u.walk.count <= P9_MAX_WALK);
		add(message, &request->u.walk.count, sizeof(request->u.walk.count));
		for (uint16_t i = 0; i < request->u.walk.count; i++)
			add_string(message, &request->u.walk.names[i]);
		break;
	case DATA:
		add(message, &request->u.write.count, sizeof(request->u.write.count));
		add(message, request->u.write.data, request->u.write.count);
		break;
	default:
		add(message, value, sizes[field->kind]);
	}
}

/* A name that may be given to openat(2): what decoding promises where it returns 0. */
static void check_name(const struct p9_string *name)
{
	MUST(name->length > 0 && name->length <= P9_MAX_NAME);
	MUST(!memchr(name->data, '/', name->length));
	MUST(!(name->length == 1 && name->data[0] == '.'));
	MUST(!(name->length == 2 && name->data[0] == '.' && name->data[1] == '.'));
}

static void check_names(const struct p9_request *request)
{
	switch (request->type) {
	case P9_TWALK:
		for (uint16_t i = 0; i < request->u.walk.count; i++)
			check_name(&request->u.walk.names[i]);
		break;
	case P9_TLCREATE:
		check_name(&request->u.lcreate.name);
		break;
	case P9_TSYMLINK:
		check_name(&request->u.symlink.name);
		MUST(request->u.symlink.target.length > 0 && request->u.symlink.target.length <= P9_MAX_PATH);
		break;
	case P9_TMKNOD:
		check_name(&request->u.mknod.name);
		break;
	case P9_TRENAME:
		check_name(&request->u.rename.name);
		break;
	case P9_TLINK:
		check_name(&request->u.link.name);
		break;
	case P9_TMKDIR:
		check_name(&request->u.mkdir.name);
		break;
	case P9_TRENAMEAT:
		check_name(&request->u.renameat.oldname);
		check_name(&request->u.renameat.newname);
		break;
	case P9_TUNLINKAT:
		check_name(&request->u.unlinkat.name);
		break;
	case P9_TWALKGETATTR:
		check_name(&request->u.walkgetattr.name);
		break;
	case P9_TXATTRWALK:
		MUST(request->u.xattrwalk.name.length <= P9_MAX_NAME);
		break;
	case P9_TXATTRCREATE:
		MUST(request->u.xattrcreate.name.length > 0 &&
			request->u.xattrcreate.name.length <= P9_MAX_NAME);
		break;
	default:
		break;
	}
}

static const struct layout *layout_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* A Twrite whose bytes stay where they are is taken for the same. */
static void decode_write(
	const uint8_t *bytes, size_t length, const struct p9_request *whole, int whole_result)
{
	const struct iovec pieces[2] = {{0}};
	uint8_t *head = exact_copy(bytes, P9_WRITE_HEADER_SIZE);
	struct p9_request request = {.type = 0};
	int result = p9_decode_write(head, length, pieces, 2, &request);

	MUST(result == (whole->type == P9_TWRITE ? whole_result : -EBADMSG));
	if (result == 0) {
		MUST(request.type == P9_TWRITE && request.tag == whole->tag);
		MUST(request.u.write.fid == whole->u.write.fid);
		MUST(request.u.write.offset == whole->u.write.offset);
		MUST(request.u.write.count == whole->u.write.count && request.u.write.piece_count == 2);
	}
	free(head);
}

static void decode(const uint8_t *bytes, size_t length)
{
	struct message message = {.capacity = length};
	struct p9_request request;
	const struct layout *layout;
	int result = p9_decode(bytes, length, &request);

	if (length >= P9_HEADER_SIZE)
		MUST(request.type == bytes[4] && request.tag == (bytes[5] | bytes[6] << 8));
	if (length >= P9_WRITE_HEADER_SIZE)
		decode_write(bytes, length, &request, result);
	if (result == -EBADMSG)
		return;
	layout = layout_of(request.type);
	MUST((result == -EOPNOTSUPP) == !layout);
	if (!layout)
		return;
	MUST(result == 0 || result == -EINVAL || result == -ENAMETOOLONG || result == -ENOENT ||
		result == -ERANGE);
	message.bytes = malloc(length);
	MUST(message.bytes);
	add(&message, bytes, P9_HEADER_SIZE);
	for (const struct field *field = layout->fields; field->kind != END; field++)
		add_field(&message, &request, field);
	MUST(message.length == length && memcmp(message.bytes, bytes, length) == 0);
	if (result == 0)
		check_names(&request);
	free(message.bytes);
}

/* Entries of a folder, as many as go. */
static void encode_readdir(struct p9_writer *writer, struct input *in, uint16_t tag)
{
	uint32_t wanted = (uint32_t)input_integer(in, 2);
	size_t before;

	p9_reply_readdir(writer, P9_RREADDIR, tag);
	while (in->left) {
		struct p9_qid qid = {.type = input_u8(in), .path = input_u8(in)};
		struct input name = input_part(in, input_integer(in, 1) * 2);
		bool added;

		before = writer->length;
		added = p9_add_entry(writer, wanted, &qid, input_u8(in), 4, (const char *)name.at, name.left);
		MUST(writer->length == before + (added ? 24 + name.left : 0));
		MUST(!added || writer->length <= P9_READ_HEADER_SIZE + (size_t)wanted);
	}
}

static const char any_text[UINT16_MAX + 4096];

static void encode(struct input *in)
{
	size_t capacity = P9_ERROR_SIZE + input_integer(in, 1) * 4;
	uint8_t *buffer = malloc(capacity), kind = input_u8(in);
	struct p9_qid qids[P9_MAX_WALK] = {{.type = kind}};
	struct p9_attributes attributes = {.valid = kind, .rdev = p9_device(kind, (uint32_t)kind << 8)};
	struct p9_statfs statfs = {.type = kind};
	struct p9_lock lock = {.type = kind};
	struct p9_writer writer;
	uint32_t room;
	uint16_t tag = (uint16_t)input_integer(in, 2);
	struct input text = {in->at, in->left};
	char *string;

	MUST(buffer);
	p9_writer_init(&writer, buffer, capacity);
	switch (kind % 15) {
	case 0:
		encode_readdir(&writer, in, tag);
		break;
	case 1:
		memset(p9_read_space(&writer, (uint32_t)input_integer(in, 4), &room), 1, room);
		p9_reply_read(&writer, tag, room);
		break;
	case 2:
		string = strndup((const char *)text.at, text.left);
		p9_reply_version(&writer, tag, 4096, string);
		free(string);
		break;
	case 3:
		p9_reply_walk(&writer, tag, qids, input_u8(in) % (P9_MAX_WALK + 1));
		break;
	case 4:
		/* Longer than a string can be, too. */
		p9_reply_readlink(&writer, tag, any_text, input_integer(in, 4) % sizeof(any_text));
		break;
	case 5:
		lock.client_id = (struct p9_string){(const char *)text.at, (uint16_t)text.left};
		p9_reply_getlock(&writer, tag, &lock);
		break;
	case 6:
		p9_reply_getattr(&writer, P9_RGETATTR, tag, &attributes);
		break;
	case 7:
		p9_reply_statfs(&writer, tag, &statfs);
		break;
	case 8:
		p9_reply_error(&writer, tag, EIO);
		break;
	case 9:
		p9_reply_open(&writer, P9_RLOPEN, tag, qids, 4096);
		break;
	case 10:
		p9_reply_qid(&writer, P9_RATTACH, tag, qids);
		break;
	case 11:
		p9_reply_lock(&writer, tag, P9_LOCK_SUCCESS);
		break;
	case 12:
		p9_reply_xattrwalk(&writer, tag, 1);
		break;
	case 13:
		p9_reply_empty(&writer, P9_RCLUNK, tag);
		break;
	default:
		p9_reply_write(&writer, tag, 1);
	}
	MUST(writer.length >= P9_HEADER_SIZE && writer.length <= capacity);
	MUST((buffer[0] | (size_t)buffer[1] << 8 | (size_t)buffer[2] << 16) == writer.length &&
		buffer[3] == 0);
	MUST((buffer[5] | buffer[6] << 8) == tag);
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t *sized;

	if (size > 0 && *data == 0xff) {
		input_u8(&in);
		encode(&in);
		return 0;
	}
	decode(data, size);
	if (size < P9_HEADER_SIZE)
		return 0;
	/* With the size that it should have. */
	sized = exact_copy(data, size);
	for (size_t i = 0; i < 4; i++)
		sized[i] = (uint8_t)(size >> (8 * i));
	decode(sized, size);
	free(sized);
	return 0;
}
