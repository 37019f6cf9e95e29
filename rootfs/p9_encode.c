/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/p9.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void p9_writer_init(struct p9_writer *writer, uint8_t *buffer, size_t capacity)
{
	assert(capacity >= P9_ERROR_SIZE);
	*writer = (struct p9_writer){.data = buffer, .capacity = capacity};
}

/* While a message is made, its length may pass the capacity: it is counted, not written. */
static void put_bytes(struct p9_writer *writer, const void *bytes, size_t length)
{
	if (writer->length <= writer->capacity && length <= writer->capacity - writer->length && length > 0)
		memcpy(writer->data + writer->length, bytes, length);
	writer->length += length;
}

static void put_integer(struct p9_writer *writer, uint64_t value, size_t bytes)
{
	uint8_t little[8];

	for (size_t i = 0; i < bytes; i++)
		little[i] = (uint8_t)(value >> (8 * i));
	put_bytes(writer, little, bytes);
}

static void put_u8(struct p9_writer *writer, uint8_t value)
{
	put_integer(writer, value, 1);
}

static void put_u16(struct p9_writer *writer, uint16_t value)
{
	put_integer(writer, value, 2);
}

static void put_u32(struct p9_writer *writer, uint32_t value)
{
	put_integer(writer, value, 4);
}

static void put_u64(struct p9_writer *writer, uint64_t value)
{
	put_integer(writer, value, 8);
}

static void put_qid(struct p9_writer *writer, const struct p9_qid *qid)
{
	put_u8(writer, qid->type);
	put_u32(writer, qid->version);
	put_u64(writer, qid->path);
}

static void begin(struct p9_writer *writer, uint8_t type, uint16_t tag)
{
	writer->length = writer->in_pieces = 0;
	put_u32(writer, 0); /* the size, known at the end */
	put_u8(writer, type);
	put_u16(writer, tag);
}

static void set_u32(struct p9_writer *writer, size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		writer->data[at + i] = (uint8_t)(value >> (8 * i));
}

static void end(struct p9_writer *writer, uint16_t tag)
{
	if (writer->length > writer->capacity || writer->length > UINT32_MAX)
		p9_reply_error(writer, tag, EMSGSIZE);
	else
		set_u32(writer, 0, (uint32_t)writer->length);
}

void p9_reply_error(struct p9_writer *writer, uint16_t tag, int error)
{
	begin(writer, P9_RLERROR, tag);
	put_u32(writer, (uint32_t)error);
	set_u32(writer, 0, P9_ERROR_SIZE);
}

void p9_reply_empty(struct p9_writer *writer, uint8_t type, uint16_t tag)
{
	begin(writer, type, tag);
	end(writer, tag);
}

void p9_reply_qid(struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_qid *qid)
{
	begin(writer, type, tag);
	put_qid(writer, qid);
	end(writer, tag);
}

void p9_reply_open(
	struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_qid *qid, uint32_t iounit)
{
	begin(writer, type, tag);
	put_qid(writer, qid);
	put_u32(writer, iounit);
	end(writer, tag);
}

static void put_string(struct p9_writer *writer, const char *string, size_t length)
{
	/* One that is too long for its own length field is too long for the message, too. */
	if (length > UINT16_MAX)
		writer->length = writer->capacity + 1;
	put_u16(writer, (uint16_t)length);
	put_bytes(writer, string, length);
}

void p9_reply_version(struct p9_writer *writer, uint16_t tag, uint32_t msize, const char *version)
{
	begin(writer, P9_RVERSION, tag);
	put_u32(writer, msize);
	put_string(writer, version, strlen(version));
	end(writer, tag);
}

void p9_reply_walk(struct p9_writer *writer, uint16_t tag, const struct p9_qid *qids, uint16_t count)
{
	begin(writer, P9_RWALK, tag);
	put_u16(writer, count);
	for (uint16_t i = 0; i < count; i++)
		put_qid(writer, &qids[i]);
	end(writer, tag);
}

void p9_reply_write(struct p9_writer *writer, uint16_t tag, uint32_t count)
{
	begin(writer, P9_RWRITE, tag);
	put_u32(writer, count);
	end(writer, tag);
}

void p9_reply_readlink(struct p9_writer *writer, uint16_t tag, const char *target, size_t length)
{
	begin(writer, P9_RREADLINK, tag);
	put_string(writer, target, length);
	end(writer, tag);
}

void p9_reply_xattrwalk(struct p9_writer *writer, uint16_t tag, uint64_t size)
{
	begin(writer, P9_RXATTRWALK, tag);
	put_u64(writer, size);
	end(writer, tag);
}

void p9_reply_lock(struct p9_writer *writer, uint16_t tag, uint8_t status)
{
	begin(writer, P9_RLOCK, tag);
	put_u8(writer, status);
	end(writer, tag);
}

void p9_reply_getlock(struct p9_writer *writer, uint16_t tag, const struct p9_lock *lock)
{
	begin(writer, P9_RGETLOCK, tag);
	put_u8(writer, lock->type);
	put_u64(writer, lock->start);
	put_u64(writer, lock->length);
	put_u32(writer, lock->proc_id);
	put_string(writer, lock->client_id.data, lock->client_id.length);
	end(writer, tag);
}

void p9_reply_getattr(
	struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_attributes *attributes)
{
	begin(writer, type, tag);
	put_u64(writer, attributes->valid);
	put_qid(writer, &attributes->qid);
	put_u32(writer, attributes->mode);
	put_u32(writer, attributes->uid);
	put_u32(writer, attributes->gid);
	put_u64(writer, attributes->nlink);
	put_u64(writer, attributes->rdev);
	put_u64(writer, attributes->size);
	put_u64(writer, attributes->block_size);
	put_u64(writer, attributes->blocks);
	put_u64(writer, attributes->atime_sec);
	put_u64(writer, attributes->atime_nsec);
	put_u64(writer, attributes->mtime_sec);
	put_u64(writer, attributes->mtime_nsec);
	put_u64(writer, attributes->ctime_sec);
	put_u64(writer, attributes->ctime_nsec);
	put_u64(writer, attributes->btime_sec);
	put_u64(writer, attributes->btime_nsec);
	put_u64(writer, 0); /* gen */
	put_u64(writer, attributes->data_version);
	end(writer, tag);
}

void p9_reply_statfs(struct p9_writer *writer, uint16_t tag, const struct p9_statfs *statfs)
{
	begin(writer, P9_RSTATFS, tag);
	put_u32(writer, statfs->type);
	put_u32(writer, statfs->block_size);
	put_u64(writer, statfs->blocks);
	put_u64(writer, statfs->free);
	put_u64(writer, statfs->available);
	put_u64(writer, statfs->files);
	put_u64(writer, statfs->files_free);
	put_u64(writer, statfs->id);
	put_u32(writer, statfs->name_length);
	end(writer, tag);
}

uint8_t *p9_read_space(struct p9_writer *writer, uint32_t wanted, uint32_t *room)
{
	size_t free = writer->capacity - P9_READ_HEADER_SIZE;

	*room = wanted < free ? wanted : (uint32_t)free;
	return writer->data + P9_READ_HEADER_SIZE;
}

void p9_reply_read(struct p9_writer *writer, uint16_t tag, uint32_t count)
{
	assert(count <= writer->capacity - P9_READ_HEADER_SIZE);
	begin(writer, P9_RREAD, tag);
	put_u32(writer, count);
	writer->length += count; /* the bytes are there already */
	end(writer, tag);
}

int p9_read_pieces(const struct p9_writer *writer, uint32_t room, struct iovec pieces[2])
{
	int count = 0;

	for (; count < writer->piece_count && room > 0; count++) {
		pieces[count] = writer->pieces[count];
		if (pieces[count].iov_len > room)
			pieces[count].iov_len = room;
		room -= (uint32_t)pieces[count].iov_len;
	}
	return room > 0 ? 0 : count;
}

void p9_reply_read_pieces(struct p9_writer *writer, uint16_t tag, uint32_t count)
{
	begin(writer, P9_RREAD, tag);
	put_u32(writer, count);
	set_u32(writer, 0, P9_READ_HEADER_SIZE + count);
	writer->in_pieces = count;
}

void p9_reply_readdir(struct p9_writer *writer, uint8_t type, uint16_t tag)
{
	begin(writer, type, tag);
	put_u32(writer, 0);
	end(writer, tag);
}

bool p9_add_entry(struct p9_writer *writer, uint32_t wanted, const struct p9_qid *qid, uint64_t next_offset,
	uint8_t type, const char *name, size_t name_length)
{
	size_t before = writer->length;
	size_t used = before - P9_READ_HEADER_SIZE;
	size_t need = 13 + 8 + 1 + 2 + name_length;

	if (name_length > UINT16_MAX || need > writer->capacity - before || used > wanted ||
		need > wanted - used)
		return false;
	put_qid(writer, qid);
	put_u64(writer, next_offset);
	put_u8(writer, type);
	put_string(writer, name, name_length);
	set_u32(writer, P9_HEADER_SIZE, (uint32_t)(used + need));
	set_u32(writer, 0, (uint32_t)writer->length);
	return true;
}

uint64_t p9_device(uint32_t major, uint32_t minor)
{
	return (minor & 0xffu) | ((uint64_t)major << 8) | ((uint64_t)(minor & ~0xffu) << 12);
}
