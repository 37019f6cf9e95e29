/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may say, out of the bytes of an input: a grammar that makes 9P messages, most of them
 * well-formed, of few bytes. Numbers, names and flags are picked from those that matter; a byte says to take
 * them raw instead.
 */
#ifndef XENRUN_FUZZ_GUEST_H
#define XENRUN_FUZZ_GUEST_H

#include <sys/stat.h>

#include "rootfs/p9.h"
#include "tests/fuzz/input.h"

#define GUEST_MESSAGE 8192 /* the longest that is made */

struct guest_message {
	uint8_t bytes[GUEST_MESSAGE];
	size_t length;
};

static inline void guest_put(struct guest_message *message, const void *bytes, size_t length)
{
	size_t room = sizeof(message->bytes) - message->length;

	if (length > room)
		length = room;
	if (length)
		memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
}

static inline void guest_put_integer(struct guest_message *message, uint64_t value, size_t bytes)
{
	guest_put(message, &value, bytes);
}

static inline void guest_put_string(struct guest_message *message, const void *text, size_t length)
{
	guest_put_integer(message, length, 2);
	guest_put(message, text, length);
}

/* Small ones, and those at which something turns over. */
static inline uint64_t guest_number(struct input *in)
{
	static const uint64_t turns[] = {INT8_MAX, 255, 4096, UINT16_MAX, 1u << 16, INT32_MAX, 1u << 31,
		UINT32_MAX, 1ull << 32, INT64_MAX - 1, INT64_MAX, 1ull << 63, UINT64_MAX};
	uint8_t byte = input_u8(in);

	if (byte < 0xe0)
		return byte;
	if (byte - 0xe0u < sizeof(turns) / sizeof(turns[0]))
		return turns[byte - 0xe0];
	return input_integer(in, byte & 1 ? 4 : 8);
}

/* Numbers and strings of a list, or raw bytes. */
static inline void guest_put_text(
	struct guest_message *message, struct input *in, const char *const *texts, size_t count)
{
	uint8_t byte = input_u8(in);
	struct input raw;

	if (byte < 0xe0) {
		const char *text = texts[byte % count];

		guest_put_string(message, text, strlen(text));
	} else if (byte < 0xe8) { /* long */
		char text[512];
		size_t length = 248u + 2u * byte % 16u;

		memset(text, 'l', sizeof(text));
		guest_put_string(message, text, byte == 0xe7 ? sizeof(text) : length);
	} else {
		raw = input_part(in, byte & 0x0f);
		guest_put_string(message, raw.at, raw.left);
	}
}

#define GUEST_TEXT(message, in, ...)                                                     \
	do {                                                                             \
		static const char *const texts_[] = {__VA_ARGS__};                       \
		guest_put_text(message, in, texts_, sizeof(texts_) / sizeof(texts_[0])); \
	} while (0)

static inline void guest_put_name(struct guest_message *message, struct input *in)
{
	/* What folder.h has in its tree, what control.h has in its own, and what must not be a name. */
	GUEST_TEXT(message, in, "file", "dir", "sub", "link", "up", "fifo", "new", "a", "b", "events",
		"reports", "spec", "in", "out", "err", "0", "1", "2", "3", "4", "4294967296", "..", ".", "",
		"a/b", "secret");
}

static inline uint32_t guest_fid(struct input *in)
{
	uint8_t byte = input_u8(in);

	return byte == 0xff ? P9_NO_FID : byte % 12;
}

static inline uint32_t guest_open_flags(struct input *in)
{
	static const uint32_t flags[] = {P9_OPEN_TRUNC, P9_OPEN_APPEND, P9_OPEN_DSYNC, P9_OPEN_DIRECTORY,
		P9_OPEN_NOATIME, P9_OPEN_SYNC};
	uint8_t byte = input_u8(in);
	uint32_t value = byte & P9_OPEN_ACCESS;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (byte >> (2 + i) & 1)
			value |= flags[i];
	return value;
}

static inline uint32_t guest_mode(struct input *in)
{
	static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, 0};
	uint32_t bits = (uint32_t)input_integer(in, 2);

	return types[bits >> 13] | (bits & 07777);
}

/* Bytes that are written: a pattern, the input's own, or a value of an attribute that the kernel takes. */
static inline void guest_put_data(struct guest_message *message, struct input *in)
{
	static const uint8_t capability[20] = {0, 0, 0, 2, 0, 4},
			     acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 4, 0, 4, 0, 255, 255, 255,
				     255, 32, 0, 4, 0, 255, 255, 255, 255};
	static uint8_t pattern[GUEST_MESSAGE];
	const void *bytes = pattern;
	uint8_t kind = input_u8(in);
	size_t length = kind & 0x3f;
	struct input raw;

	switch (kind >> 6) {
	case 0:
		break;
	case 1:
		raw = input_part(in, length);
		bytes = raw.at;
		length = raw.left;
		break;
	case 2:
		length *= 128; /* up to what does not fit */
		break;
	default:
		bytes = length & 1 ? acl : capability;
		length = length & 1 ? sizeof(acl) : sizeof(capability);
	}
	guest_put_integer(message, length, 4);
	guest_put(message, bytes, length);
}

static inline void guest_put_walk(struct guest_message *message, struct input *in)
{
	uint8_t count = input_u8(in);

	count = count < 0xf0 ? count % 4 : count & 0x1f;
	guest_put_integer(message, count, 2);
	while (count--)
		guest_put_name(message, in);
}

/* The fields of a message, a letter each. */
static inline void guest_put_field(struct guest_message *message, struct input *in, char field)
{
	uint8_t byte;

	switch (field) {
	case '1':
	case '4':
	case '8':
		guest_put_integer(message, guest_number(in), (size_t)(field - '0'));
		break;
	case 'f':
		guest_put_integer(message, guest_fid(in), 4);
		break;
	case 'N': /* the fid of an authentication, which is to be none */
		byte = input_u8(in);
		guest_put_integer(message, byte < 0xf0 ? P9_NO_FID : byte, 4);
		break;
	case 't':
		guest_put_integer(message, input_u8(in) & 0x1f, 2);
		break;
	case 'u':
		byte = input_u8(in);
		guest_put_integer(message, byte < 0xf0 ? byte & 3 : P9_NO_UID, 4);
		break;
	case 'n':
		guest_put_name(message, in);
		break;
	case 's':
		GUEST_TEXT(message, in, "", "xenrun");
		break;
	case 'V':
		GUEST_TEXT(message, in, P9_VERSION, P9_VERSION, P9_VERSION, "9P2000.u");
		break;
	case 'a':
		GUEST_TEXT(message, in, "user.a", "user.b", "", "trusted.a", "security.capability",
			"system.posix_acl_access", "system.posix_acl_default", "security.selinux", "user.");
		break;
	case 'p':
		GUEST_TEXT(message, in, "file", "../secret", "..", "/", "/proc/self/root", "dir/sub", "");
		break;
	case 'o':
		guest_put_integer(message, guest_open_flags(in), 4);
		break;
	case 'm':
		guest_put_integer(message, guest_mode(in), 4);
		break;
	case 'v':
		guest_put_integer(message, input_integer(in, 2), 4);
		break;
	case 'R':
		byte = input_u8(in);
		guest_put_integer(message, byte < 0xf0 ? (byte & 1) * P9_AT_REMOVEDIR : byte, 4);
		break;
	case 'T': /* of a lock */
		guest_put_integer(message, input_u8(in) % 4, 1);
		break;
	case 'D':
		guest_put_data(message, in);
		break;
	case 'W':
		guest_put_walk(message, in);
		break;
	}
}

static const struct guest_layout {
	uint8_t type;
	const char *fields;
} guest_layouts[] = {
	{P9_TWALK, "ffW"},
	{P9_TLOPEN, "fo"},
	{P9_TREAD, "f84"},
	{P9_TWRITE, "f8D"},
	{P9_TCLUNK, "f"},
	{P9_TLCREATE, "fnomu"},
	{P9_TREADDIR, "f84"},
	{P9_TGETATTR, "f8"},
	{P9_TSETATTR, "fvmuu88888"},
	{P9_TXATTRWALK, "ffa"},
	{P9_TXATTRCREATE, "fa84"},
	{P9_TLOCK, "fT4884s"},
	{P9_TGETLOCK, "fT884s"},
	{P9_TLINK, "ffn"},
	{P9_TMKDIR, "fnmu"},
	{P9_TRENAME, "ffn"},
	{P9_TRENAMEAT, "fnfn"},
	{P9_TUNLINKAT, "fnR"},
	{P9_TSYMLINK, "fnpu"},
	{P9_TMKNOD, "fnm44u"},
	{P9_TREMOVE, "f"},
	{P9_TREADLINK, "f"},
	{P9_TSTATFS, "f"},
	{P9_TFSYNC, "f4"},
	{P9_TFLUSH, "t"},
	{P9_TATTACH, "fNssu"},
	{P9_TVERSION, "4V"},
	{P9_TAUTH, "fssu"},
	{P9_TWALKGETATTR, "ffn8"},
	{P9_TLIST, "fo4"},
};

static inline void guest_begin(struct guest_message *message, uint8_t type, uint16_t tag)
{
	message->length = 0;
	guest_put_integer(message, 0, 4);
	guest_put_integer(message, type, 1);
	guest_put_integer(message, tag, 2);
}

static inline void guest_end(struct guest_message *message)
{
	uint32_t size = (uint32_t)message->length;

	memcpy(message->bytes, &size, sizeof(size));
}

/* How a session begins. */
static inline void guest_version(struct guest_message *message, uint32_t msize)
{
	guest_begin(message, P9_TVERSION, P9_NO_TAG);
	guest_put_integer(message, msize, 4);
	guest_put_string(message, P9_VERSION, strlen(P9_VERSION));
	guest_end(message);
}

static inline void guest_attach(struct guest_message *message, uint32_t fid, uint32_t uid)
{
	guest_begin(message, P9_TATTACH, 0);
	guest_put_integer(message, fid, 4);
	guest_put_integer(message, P9_NO_FID, 4);
	guest_put_string(message, "", 0);
	guest_put_string(message, "", 0);
	guest_put_integer(message, uid, 4);
	guest_end(message);
}

/* Makes the next message of the input. `what` is its first byte. */
static inline void guest_next(struct guest_message *message, struct input *in, uint8_t what)
{
	const size_t count = sizeof(guest_layouts) / sizeof(guest_layouts[0]);
	uint16_t tag = input_u8(in) & 0x1f;
	const struct guest_layout *layout = &guest_layouts[what % count];
	struct input raw;

	if (what == 0xff) { /* whatever it is, with a size that fits or not */
		uint8_t length = input_u8(in);

		raw = input_part(in, length);
		message->length = 0;
		guest_put(message, raw.at, raw.left);
		if (length & 1 && message->length >= 4)
			guest_end(message);
		return;
	}
	guest_begin(message, layout->type, tag);
	for (const char *field = layout->fields; *field; field++)
		guest_put_field(message, in, *field);
	guest_end(message);
}

/* Of an answer: what holds for each of them, whatever was asked. */
static inline void guest_check_reply(const uint8_t *reply, size_t length, uint8_t type, uint16_t tag)
{
	uint32_t size, error;

	MUST(length >= P9_HEADER_SIZE);
	memcpy(&size, reply, sizeof(size));
	MUST(size == length);
	MUST((reply[5] | reply[6] << 8) == tag);
	if (reply[4] == P9_RLERROR) {
		MUST(length == P9_ERROR_SIZE);
		memcpy(&error, reply + P9_HEADER_SIZE, sizeof(error));
		MUST(error > 0 && error < 4096);
	} else {
		MUST(reply[4] == type + 1);
	}
}

#endif
