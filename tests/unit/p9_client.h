/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 9P client in memory, which hands raw messages to a share: begin() and put_* make a request, call() sends
 * it, get_* take the reply apart. With `torture` set each request goes ahead cut at every byte and with a
 * byte too many, none of which may be taken for a message.
 */
#ifndef XENRUN_UNIT_P9_CLIENT_H
#define XENRUN_UNIT_P9_CLIENT_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/share.h"
#include "tests/unit/unit.h"

#define CLIENT_MSIZE 131072
#define LATER	     (-100000) /* of call(): the share keeps the request */
#define BROKEN	     (-100001)

struct client {
	struct share *share;
	bool torture;
	uint8_t request[CLIENT_MSIZE + 64];
	size_t length;
	uint16_t tag;
	uint8_t reply[CLIENT_MSIZE];
	size_t reply_length, at;
	bool short_reply;	     /* a get_ found nothing left */
	int late;		     /* replies that came later; the last one is in reply */
	void (*around)(bool inside); /* called before and after the share is */
};

static inline void put_bytes(struct client *client, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(client->request + client->length, bytes, length);
	client->length += length;
}

static inline void put_integer(struct client *client, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		client->request[client->length++] = (uint8_t)(value >> (8 * i));
}

static inline void put8(struct client *client, uint8_t value)
{
	put_integer(client, value, 1);
}

static inline void put16(struct client *client, uint16_t value)
{
	put_integer(client, value, 2);
}

static inline void put32(struct client *client, uint32_t value)
{
	put_integer(client, value, 4);
}

static inline void put64(struct client *client, uint64_t value)
{
	put_integer(client, value, 8);
}

static inline void put_string(struct client *client, const char *string)
{
	put16(client, (uint16_t)strlen(string));
	put_bytes(client, string, strlen(string));
}

static inline void begin(struct client *client, uint8_t type)
{
	client->length = 0;
	client->tag = (uint16_t)(client->tag + 1) & 0x7fff;
	put32(client, 0);
	put8(client, type);
	put16(client, client->tag);
}

static inline void set_size(uint8_t *message, size_t length)
{
	for (size_t i = 0; i < 4; i++)
		message[i] = (uint8_t)(length >> (8 * i));
}

/* As a ring does it: the bytes of a Twrite are in two pieces, and those of an Rread are wanted in two. Where
 * they are cut changes from message to message. */
static inline enum share_answer send_pieces(
	struct client *client, uint8_t *bytes, size_t length, struct p9_writer *writer)
{
	size_t count = length - P9_WRITE_HEADER_SIZE, first = client->tag % (count + 1);
	uint8_t *data = bytes + P9_WRITE_HEADER_SIZE;
	const struct iovec pieces[2] = {
		{.iov_base = data, .iov_len = first}, {.iov_base = data + first, .iov_len = count - first}};

	return share_write(client->share, bytes, length, pieces, 2, writer);
}

static inline bool in_pieces(const struct client *client, const uint8_t *bytes, size_t length)
{
	return client->share->takes_pieces && length > P9_WRITE_HEADER_SIZE && bytes[4] == P9_TWRITE &&
	       (size_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) == length && client->tag % 3 != 0;
}

/* Sends bytes as they are, from memory that ends where they end. */
static inline enum share_answer send_raw(struct client *client, const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length ? length : 1);
	size_t room = sizeof(client->reply) - P9_READ_HEADER_SIZE, first = client->tag * 31u % room;
	uint8_t *behind = client->reply + P9_READ_HEADER_SIZE;
	struct p9_writer writer;
	enum share_answer answer;

	if (length > 0)
		memcpy(exact, bytes, length);
	p9_writer_init(&writer, client->reply, sizeof(client->reply));
	if (client->tag % 3 != 0) {
		writer.pieces[0] = (struct iovec){.iov_base = behind, .iov_len = first};
		writer.pieces[1] = (struct iovec){.iov_base = behind + first, .iov_len = room - first};
		writer.piece_count = 2;
	}
	if (client->around)
		client->around(true);
	answer = in_pieces(client, bytes, length) ? send_pieces(client, exact, length, &writer)
						  : share_message(client->share, exact, length, &writer);
	if (client->around)
		client->around(false);
	client->reply_length = writer.length + writer.in_pieces;
	client->at = 0;
	client->short_reply = false;
	free(exact);
	return answer;
}

static inline void send_mutilated(struct client *client)
{
	uint8_t *copy = malloc(client->length + 1);

	for (size_t cut = 0; cut <= client->length + 1; cut++) {
		size_t sent = cut <= client->length ? cut : client->length;

		if (cut == client->length)
			continue;
		memcpy(copy, client->request, client->length);
		copy[client->length] = 0;
		if (cut < client->length) {
			/* Cut, the size left as it was. */
			CHECK_EQ(send_raw(client, copy, sent), SHARE_BROKEN);
		}
		/* Cut or longer, with a size that fits. */
		set_size(copy, cut);
		CHECK_EQ(send_raw(client, copy, cut), SHARE_BROKEN);
	}
	client->share->broken = NULL;
	free(copy);
}

static inline uint64_t get_integer(struct client *client, size_t bytes)
{
	uint64_t value = 0;

	if (client->reply_length - client->at < bytes) {
		client->short_reply = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)client->reply[client->at++] << (8 * i);
	return value;
}

static inline uint8_t get8(struct client *client)
{
	return (uint8_t)get_integer(client, 1);
}

static inline uint16_t get16(struct client *client)
{
	return (uint16_t)get_integer(client, 2);
}

static inline uint32_t get32(struct client *client)
{
	return (uint32_t)get_integer(client, 4);
}

static inline uint64_t get64(struct client *client)
{
	return get_integer(client, 8);
}

static inline const uint8_t *get_bytes(struct client *client, size_t length)
{
	const uint8_t *bytes = client->reply + client->at;

	if (client->reply_length - client->at < length) {
		client->short_reply = true;
		return client->reply;
	}
	client->at += length;
	return bytes;
}

static inline struct p9_qid get_qid(struct client *client)
{
	struct p9_qid qid;

	qid.type = get8(client);
	qid.version = get32(client);
	qid.path = get64(client);
	return qid;
}

/* Into `out`, which has room for it and a NUL. */
static inline void get_string(struct client *client, char *out)
{
	uint16_t length = get16(client);

	memcpy(out, get_bytes(client, length), length);
	out[length] = '\0';
}

/* Whether the reply was taken apart to its last byte, and no further. */
static inline bool at_end(const struct client *client)
{
	return !client->short_reply && client->at == client->reply_length;
}

/* Looks at the reply's header: 0, or -errno of an Rlerror. */
static inline int look_at_reply(struct client *client, uint8_t type, uint16_t tag)
{
	uint8_t got;

	CHECK_EQ(get32(client), client->reply_length);
	got = get8(client);
	CHECK_EQ(get16(client), tag);
	if (got == P9_RLERROR) {
		int error = (int)get32(client);

		CHECK(at_end(client));
		CHECK(error > 0);
		return -error;
	}
	CHECK_EQ(got, type + 1);
	return 0;
}

static inline int call(struct client *client)
{
	enum share_answer answer;

	if (client->torture)
		send_mutilated(client);
	set_size(client->request, client->length);
	answer = send_raw(client, client->request, client->length);
	if (answer == SHARE_LATER)
		return LATER;
	if (answer == SHARE_BROKEN)
		return BROKEN;
	return look_at_reply(client, client->request[4], client->tag);
}

/* For share->reply: keeps the last one. */
static inline void take_late(void *transport, const uint8_t *message, size_t length)
{
	struct client *client = transport;

	CHECK(length <= sizeof(client->reply));
	memcpy(client->reply, message, length);
	client->reply_length = length;
	client->at = 0;
	client->short_reply = false;
	client->late++;
}

static inline void client_init(struct client *client, struct share *share)
{
	memset(client, 0, sizeof(*client));
	client->share = share;
	share->reply = take_late;
	share->transport = client;
	share->max_msize = CLIENT_MSIZE;
}

/* The requests that every test makes. */

static inline int do_version(struct client *client, uint32_t msize, const char *version)
{
	begin(client, P9_TVERSION);
	put32(client, msize);
	put_string(client, version);
	return call(client);
}

static inline int do_attach(struct client *client, uint32_t fid, uint32_t uid)
{
	begin(client, P9_TATTACH);
	put32(client, fid);
	put32(client, P9_NO_FID);
	put_string(client, "nobody");
	put_string(client, "");
	put32(client, uid);
	return call(client);
}

/* `path` is names with '/' between; "" makes a clone. A walk that ends early is -ENOENT, as Linux's client
 * sees it. */
static inline int do_walk(struct client *client, uint32_t fid, uint32_t newfid, const char *path)
{
	uint16_t count = 0;
	size_t count_at;
	int result;

	begin(client, P9_TWALK);
	put32(client, fid);
	put32(client, newfid);
	count_at = client->length;
	put16(client, 0);
	while (*path) {
		size_t length = strcspn(path, "/");

		put16(client, (uint16_t)length);
		put_bytes(client, path, length);
		path += length;
		path += *path == '/';
		count++;
	}
	client->request[count_at] = (uint8_t)count;
	result = call(client);
	if (result < 0)
		return result;
	return get16(client) == count ? 0 : -ENOENT;
}

static inline int do_clunk(struct client *client, uint32_t fid)
{
	begin(client, P9_TCLUNK);
	put32(client, fid);
	return call(client);
}

static inline int do_lopen(struct client *client, uint32_t fid, uint32_t flags)
{
	begin(client, P9_TLOPEN);
	put32(client, fid);
	put32(client, flags);
	return call(client);
}

/* Returns the number of bytes read into `buffer`, or a negative errno. */
static inline int do_read(struct client *client, uint32_t fid, uint64_t offset, void *buffer, uint32_t count)
{
	uint32_t got;
	int result;

	begin(client, P9_TREAD);
	put32(client, fid);
	put64(client, offset);
	put32(client, count);
	result = call(client);
	if (result < 0)
		return result;
	got = get32(client);
	CHECK(got <= count);
	memcpy(buffer, get_bytes(client, got), got);
	CHECK(at_end(client));
	return (int)got;
}

static inline int do_write(
	struct client *client, uint32_t fid, uint64_t offset, const void *data, uint32_t count)
{
	int result;

	begin(client, P9_TWRITE);
	put32(client, fid);
	put64(client, offset);
	put32(client, count);
	put_bytes(client, data, count);
	result = call(client);
	if (result < 0)
		return result;
	result = (int)get32(client);
	CHECK(at_end(client));
	return result;
}

static inline int do_flush(struct client *client, uint16_t oldtag)
{
	begin(client, P9_TFLUSH);
	put16(client, oldtag);
	return call(client);
}

#endif
