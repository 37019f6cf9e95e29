/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of rootfs/p9.h, and the tables that the shares stand on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/fids.h"
#include "rootfs/p9.h"
#include "rootfs/qids.h"
#include "tests/unit/unit.h"

struct message {
	uint8_t bytes[8192];
	size_t length;
};

static void add(struct message *message, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		message->bytes[message->length++] = (uint8_t)(value >> (8 * i));
}

static void add_string(struct message *message, const char *string, size_t length)
{
	add(message, length, 2);
	memcpy(message->bytes + message->length, string, length);
	message->length += length;
}

static void set_size(struct message *message, size_t size)
{
	for (size_t i = 0; i < 4; i++)
		message->bytes[i] = (uint8_t)(size >> (8 * i));
}

/* The fields of a message: '1' '2' '4' '8' an integer of so many bytes, 's' a string, 'n' a name, 'd' a
 * count[4] and so many bytes. Integers are 0x11, 0x22… repeated, so that each field is another. */
static void build(struct message *message, uint8_t type, const char *fields)
{
	uint64_t value = 0;

	message->length = 0;
	add(message, 0, 4);
	add(message, type, 1);
	add(message, 0x1234, 2);
	for (; *fields; fields++) {
		value += 0x1111111111111111ull;
		if (*fields == 's')
			add_string(message, "text", 4);
		else if (*fields == 'n')
			add_string(message, "name", 4);
		else if (*fields == 'w') {
			add(message, 2, 2);
			add_string(message, "a", 1);
			add_string(message, "bc", 2);
		} else if (*fields == 'd') {
			add(message, 3, 4);
			add(message, 0x636261, 3);
		} else {
			add(message, value, (size_t)(*fields - '0'));
		}
	}
	set_size(message, message->length);
}

/* From memory that ends where the message ends, for the sanitizer to see what is read beyond. */
static int decode(const struct message *message, size_t length, struct p9_request *request)
{
	uint8_t *exact = malloc(length ? length : 1);
	int result;

	memcpy(exact, message->bytes, length);
	result = p9_decode(exact, length, request);
	free(exact);
	return result;
}

static const struct {
	uint8_t type;
	const char *fields;
} requests[] = {
	{P9_TVERSION, "4s"},
	{P9_TAUTH, "4ss4"},
	{P9_TATTACH, "44ss4"},
	{P9_TFLUSH, "2"},
	{P9_TWALK, "44w"},
	{P9_TCLUNK, "4"},
	{P9_TREMOVE, "4"},
	{P9_TSTATFS, "4"},
	{P9_TLOPEN, "44"},
	{P9_TLCREATE, "4n444"},
	{P9_TSYMLINK, "4ns4"},
	{P9_TMKNOD, "4n4444"},
	{P9_TRENAME, "44n"},
	{P9_TREADLINK, "4"},
	{P9_TGETATTR, "48"},
	{P9_TWALKGETATTR, "44n8"},
	{P9_TSETATTR, "4444488888"},
	{P9_TXATTRWALK, "44s"},
	{P9_TXATTRCREATE, "4s84"},
	{P9_TREADDIR, "484"},
	{P9_TLIST, "444"},
	{P9_TFSYNC, "44"},
	{P9_TLOCK, "414884s"},
	{P9_TGETLOCK, "41884s"},
	{P9_TLINK, "44n"},
	{P9_TMKDIR, "4n44"},
	{P9_TRENAMEAT, "4n4n"},
	{P9_TUNLINKAT, "4n4"},
	{P9_TREAD, "484"},
	{P9_TWRITE, "48d"},
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static void every_request_is_decoded(void)
{
	struct p9_request request;
	struct message message;

	for (size_t i = 0; i < REQUESTS; i++) {
		build(&message, requests[i].type, requests[i].fields);
		CHECK_EQ(decode(&message, message.length, &request), 0);
		CHECK_EQ(request.type, requests[i].type);
		CHECK_EQ(request.tag, 0x1234);
	}
}

static void no_part_of_a_request_is_one(void)
{
	struct p9_request request;
	struct message message;

	for (size_t i = 0; i < REQUESTS; i++) {
		build(&message, requests[i].type, requests[i].fields);
		for (size_t cut = 0; cut < message.length; cut++) {
			set_size(&message, message.length);
			CHECK_EQ(decode(&message, cut, &request), -EBADMSG);
			set_size(&message, cut);
			CHECK_EQ(decode(&message, cut, &request), -EBADMSG);
		}
		message.bytes[message.length] = 0;
		set_size(&message, message.length + 1);
		CHECK_EQ(decode(&message, message.length + 1, &request), -EBADMSG);
	}
}

/* Fields of several sizes in one message come out where they belong. */
static void fields_are_in_their_places(void)
{
	struct p9_request request;
	struct message message;

	build(&message, P9_TSETATTR, "4444488888");
	CHECK_EQ(decode(&message, message.length, &request), 0);
	CHECK_EQ(request.u.setattr.fid, 0x11111111);
	CHECK_EQ(request.u.setattr.valid, 0x22222222);
	CHECK_EQ(request.u.setattr.mode, 0x33333333);
	CHECK_EQ(request.u.setattr.uid, 0x44444444);
	CHECK_EQ(request.u.setattr.gid, 0x55555555);
	CHECK_EQ(request.u.setattr.size, 0x6666666666666666);
	CHECK_EQ(request.u.setattr.atime_sec, 0x7777777777777777);
	CHECK(request.u.setattr.atime_nsec == 0x8888888888888888ull);
	CHECK(request.u.setattr.mtime_sec == 0x9999999999999999ull);
	CHECK(request.u.setattr.mtime_nsec == 0xaaaaaaaaaaaaaaaaull);

	build(&message, P9_TLOCK, "414884s");
	CHECK_EQ(p9_decode(message.bytes, message.length, &request), 0);
	CHECK_EQ(request.u.lock.fid, 0x11111111);
	CHECK_EQ(request.u.lock.type, 0x22);
	CHECK_EQ(request.u.lock.flags, 0x33333333);
	CHECK_EQ(request.u.lock.start, 0x4444444444444444);
	CHECK_EQ(request.u.lock.length, 0x5555555555555555);
	CHECK_EQ(request.u.lock.proc_id, 0x66666666);
	CHECK_EQ(request.u.lock.client_id.length, 4);
	CHECK(memcmp(request.u.lock.client_id.data, "text", 4) == 0);

	build(&message, P9_TWALK, "44w");
	CHECK_EQ(p9_decode(message.bytes, message.length, &request), 0);
	CHECK_EQ(request.u.walk.count, 2);
	CHECK_EQ(request.u.walk.names[1].length, 2);
	CHECK(memcmp(request.u.walk.names[1].data, "bc", 2) == 0);

	build(&message, P9_TWRITE, "48d");
	CHECK_EQ(p9_decode(message.bytes, message.length, &request), 0);
	CHECK_EQ(request.u.write.count, 3);
	CHECK(memcmp(request.u.write.data, "abc", 3) == 0);
}

static int decode_mkdir(const char *name, size_t length)
{
	struct p9_request request;
	struct message message;

	build(&message, P9_TMKDIR, "4");
	add_string(&message, name, length);
	add(&message, 0, 8);
	set_size(&message, message.length);
	return decode(&message, message.length, &request);
}

static void names_that_cannot_be_are_refused(void)
{
	char longest[P9_MAX_NAME + 1];

	memset(longest, 'x', sizeof(longest));
	CHECK_EQ(decode_mkdir("ok", 2), 0);
	CHECK_EQ(decode_mkdir("...", 3), 0);
	CHECK_EQ(decode_mkdir(".x", 2), 0);
	CHECK_EQ(decode_mkdir("\xff\n", 2), 0);
	CHECK_EQ(decode_mkdir(longest, P9_MAX_NAME), 0);
	CHECK_EQ(decode_mkdir(longest, P9_MAX_NAME + 1), -ENAMETOOLONG);
	CHECK_EQ(decode_mkdir("", 0), -ENOENT);
	CHECK_EQ(decode_mkdir(".", 1), -EINVAL);
	CHECK_EQ(decode_mkdir("..", 2), -EINVAL);
	CHECK_EQ(decode_mkdir("/", 1), -EINVAL);
	CHECK_EQ(decode_mkdir("/etc", 4), -EINVAL);
	CHECK_EQ(decode_mkdir("a/b", 3), -EINVAL);
	CHECK_EQ(decode_mkdir("a/", 2), -EINVAL);
	CHECK_EQ(decode_mkdir("a\0b", 3), -EBADMSG);
}

static void odd_requests(void)
{
	struct p9_request request;
	struct message message;

	/* A type that there is not, replies among them. */
	for (int type = 0; type < 256; type++) {
		bool known = false;

		for (size_t i = 0; i < REQUESTS; i++)
			known |= requests[i].type == type;
		build(&message, (uint8_t)type, "");
		CHECK_EQ(decode(&message, message.length, &request), known ? -EBADMSG : -EOPNOTSUPP);
		CHECK_EQ(request.tag, 0x1234);
	}
	/* 17 names. */
	build(&message, P9_TWALK, "44");
	add(&message, 17, 2);
	for (int i = 0; i < 17; i++)
		add_string(&message, "x", 1);
	set_size(&message, message.length);
	CHECK_EQ(decode(&message, message.length, &request), -EBADMSG);
	/* More bytes than there are. */
	build(&message, P9_TWRITE, "48");
	add(&message, 0xffffffff, 4);
	add(&message, 0, 8);
	set_size(&message, message.length);
	CHECK_EQ(decode(&message, message.length, &request), -EBADMSG);
	/* A symlink's text. */
	build(&message, P9_TSYMLINK, "4n");
	add_string(&message, "", 0);
	add(&message, 0, 4);
	set_size(&message, message.length);
	CHECK_EQ(decode(&message, message.length, &request), -ENOENT);
	/* An attribute without a name can be asked for (the list), not made. */
	build(&message, P9_TXATTRWALK, "44");
	add_string(&message, "", 0);
	set_size(&message, message.length);
	CHECK_EQ(decode(&message, message.length, &request), 0);
	build(&message, P9_TXATTRCREATE, "4");
	add_string(&message, "", 0);
	add(&message, 0, 8);
	add(&message, 0, 4);
	set_size(&message, message.length);
	CHECK_EQ(decode(&message, message.length, &request), -ERANGE);
}

static uint32_t state = 1;

static uint32_t next_random(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static void mutilated_requests_do_no_harm(void)
{
	struct p9_request request;
	struct message message;

	for (int round = 0; round < 20000; round++) {
		size_t i = next_random() % REQUESTS;

		build(&message, requests[i].type, requests[i].fields);
		for (int change = 0; change < 3; change++)
			message.bytes[4 + next_random() % (message.length - 4)] = (uint8_t)next_random();
		decode(&message, message.length, &request);
	}
	CHECK(true);
}

static uint64_t take(const struct p9_writer *writer, size_t at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes && at + i < writer->length; i++)
		value |= (uint64_t)writer->data[at + i] << (8 * i);
	return value;
}

static void reply_all(struct p9_writer *writer, int which)
{
	const struct p9_qid qids[2] = {{.type = 1, .version = 2, .path = 3}, {.type = 4}};
	const struct p9_attributes attributes = {.valid = 1};
	const struct p9_statfs statfs = {.type = 1};
	const struct p9_lock lock = {.client_id = {.data = "id", .length = 2}};

	switch (which) {
	case 0:
		p9_reply_empty(writer, P9_RCLUNK, 9);
		break;
	case 1:
		p9_reply_qid(writer, P9_RATTACH, 9, qids);
		break;
	case 2:
		p9_reply_open(writer, P9_RLOPEN, 9, qids, 4096);
		break;
	case 3:
		p9_reply_version(writer, 9, 8192, P9_VERSION);
		break;
	case 4:
		p9_reply_walk(writer, 9, qids, 2);
		break;
	case 5:
		p9_reply_write(writer, 9, 1);
		break;
	case 6:
		p9_reply_readlink(writer, 9, "target", 6);
		break;
	case 7:
		p9_reply_xattrwalk(writer, 9, 1);
		break;
	case 8:
		p9_reply_lock(writer, 9, P9_LOCK_BLOCKED);
		break;
	case 9:
		p9_reply_getlock(writer, 9, &lock);
		break;
	case 10:
		p9_reply_getattr(writer, P9_RGETATTR, 9, &attributes);
		break;
	case 11:
		p9_reply_statfs(writer, 9, &statfs);
		break;
	default:
		p9_reply_readdir(writer, P9_RREADDIR, 9);
		break;
	}
}

static void replies_fit_or_are_errors(void)
{
	static const uint32_t sizes[] = {7, 20, 24, 21, 35, 11, 15, 15, 8, 32, 160, 67, 11};

	for (int which = 0; which < 13; which++) {
		for (size_t capacity = P9_ERROR_SIZE; capacity <= 200; capacity++) {
			uint8_t *exact = malloc(capacity);
			struct p9_writer writer;

			p9_writer_init(&writer, exact, capacity);
			reply_all(&writer, which);
			CHECK_EQ(take(&writer, 0, 4), writer.length);
			CHECK_EQ(take(&writer, 5, 2), 9);
			if (capacity >= sizes[which]) {
				CHECK_EQ(writer.length, sizes[which]);
				CHECK(take(&writer, 4, 1) != P9_RLERROR);
			} else {
				CHECK_EQ(writer.length, P9_ERROR_SIZE);
				CHECK_EQ(take(&writer, 4, 1), P9_RLERROR);
				CHECK_EQ(take(&writer, 7, 4), EMSGSIZE);
			}
			free(exact);
		}
	}
}

static void a_read_is_made_in_place(void)
{
	uint8_t buffer[64];
	struct p9_writer writer;
	uint32_t room;
	uint8_t *space;

	p9_writer_init(&writer, buffer, sizeof(buffer));
	space = p9_read_space(&writer, 1000, &room);
	CHECK_EQ(room, sizeof(buffer) - P9_READ_HEADER_SIZE);
	CHECK(space == buffer + P9_READ_HEADER_SIZE);
	memcpy(space, "abc", 3);
	p9_reply_read(&writer, 7, 3);
	CHECK_EQ(writer.length, P9_READ_HEADER_SIZE + 3);
	CHECK_EQ(take(&writer, 7, 4), 3);
	CHECK(memcmp(buffer + 11, "abc", 3) == 0);
	space = p9_read_space(&writer, 5, &room);
	CHECK_EQ(room, 5);
}

static void entries_are_added_while_there_is_room(void)
{
	const struct p9_qid qid = {.path = 77};
	struct p9_writer writer;
	uint8_t buffer[100];

	p9_writer_init(&writer, buffer, sizeof(buffer));
	p9_reply_readdir(&writer, P9_RREADDIR, 7);
	CHECK(p9_add_entry(&writer, 1000, &qid, 1, 4, "one", 3));
	CHECK_EQ(take(&writer, 7, 4), 27);
	CHECK_EQ(take(&writer, 0, 4), writer.length);
	CHECK(!p9_add_entry(&writer, 53, &qid, 1, 4, "two", 3));
	CHECK(p9_add_entry(&writer, 54, &qid, 1, 4, "two", 3));
	CHECK_EQ(writer.length, 11 + 54);
	CHECK(!p9_add_entry(&writer, 1000, &qid, 1, 4, "a name too long", 15));
	CHECK(p9_add_entry(&writer, 1000, &qid, 1, 4, "exact fits.", 11));
	CHECK_EQ(writer.length, sizeof(buffer));
	CHECK(!p9_add_entry(&writer, 1000, &qid, 1, 4, "", 0));
}

static void devices_are_as_linux_encodes_them(void)
{
	CHECK_EQ(p9_device(0, 0), 0);
	CHECK_EQ(p9_device(8, 1), 0x801);
	CHECK_EQ(p9_device(259, 0x12345), 0x12310345);
}

static void count_release(void *arg, struct fid *fid)
{
	(*(size_t *)arg)++;
	free(fid);
}

static void fids_are_found_and_limited(void)
{
	const uint32_t many = 5000;
	struct fids fids;
	size_t released = 0;

	CHECK_EQ(fids_init(&fids, many), 0);
	for (uint32_t i = 0; i < many; i++) {
		CHECK_EQ(fids_may_insert(&fids, i * 7), 0);
		fids_insert(&fids, calloc(1, sizeof(struct fid)), i * 7);
	}
	CHECK_EQ(fids_may_insert(&fids, 1), -EMFILE);
	CHECK_EQ(fids_may_insert(&fids, 7), -EBADF);
	CHECK_EQ(fids_may_insert(&fids, P9_NO_FID), -EBADF);
	CHECK(fids_find(&fids, 1) == NULL);
	CHECK(fids_take(&fids, 1) == NULL);
	for (uint32_t i = 0; i < many; i++)
		CHECK(fids_find(&fids, i * 7) && fids_find(&fids, i * 7)->number == i * 7);
	for (uint32_t i = 0; i < many; i += 2)
		free(fids_take(&fids, i * 7));
	CHECK_EQ(fids.count, many / 2);
	CHECK(fids_find(&fids, 0) == NULL);
	CHECK_EQ(fids_may_insert(&fids, 0), 0);
	fids_clear(&fids, count_release, &released);
	CHECK_EQ(released, many / 2);
	CHECK_EQ(fids.count, 0);
	fids_release(&fids);
}

static void file_numbers_stay_apart(void)
{
	const uint64_t high = 0xabcd000000000000ull;
	struct qids qids;
	uint64_t first, second, again;

	qids_init(&qids, 3, 2);
	CHECK_EQ(qids_path(&qids, 1, 42, &first), 0);
	CHECK_EQ(first, 42);
	CHECK_EQ(qids_path(&qids, 2, 42, &second), 0);
	CHECK(second != first);
	CHECK_EQ(qids_path(&qids, 1, 42 | high, &again), 0);
	CHECK(again != first && again != second);
	/* The prefixes are taken; the same file gets the same number still. */
	CHECK_EQ(qids_path(&qids, 3, 42, &first), 0);
	CHECK_EQ(qids_path(&qids, 3, 43, &second), 0);
	CHECK(first != second && first >> 63 && second >> 63);
	CHECK_EQ(qids_path(&qids, 3, 42, &again), 0);
	CHECK(again == first);
	CHECK_EQ(qids_path(&qids, 3, 44, &again), -ENFILE);
	CHECK_EQ(qids_path(&qids, 2, 44, &again), 0);
	qids_release(&qids);

	qids_init(&qids, QIDS_MAX_PREFIXES, 0);
	for (uint64_t device = 0; device < QIDS_MAX_PREFIXES; device++)
		CHECK_EQ(qids_path(&qids, device, 1, &first), 0);
	CHECK(first == ((uint64_t)(QIDS_MAX_PREFIXES - 1) << 48 | 1));
	CHECK_EQ(qids_path(&qids, QIDS_MAX_PREFIXES, 1, &first), -ENFILE);
	qids_release(&qids);
}

int main(void)
{
	RUN(every_request_is_decoded);
	RUN(no_part_of_a_request_is_one);
	RUN(fields_are_in_their_places);
	RUN(names_that_cannot_be_are_refused);
	RUN(odd_requests);
	RUN(mutilated_requests_do_no_harm);
	RUN(replies_fit_or_are_errors);
	RUN(a_read_is_made_in_place);
	RUN(entries_are_added_while_there_is_room);
	RUN(devices_are_as_linux_encodes_them);
	RUN(fids_are_found_and_limited);
	RUN(file_numbers_stay_apart);
	return unit_end();
}
