/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 9P2000.L messages: decoding what a guest asks, encoding what it is answered. Pure: (pointer,
 * length) in, values out; no memory is allocated and nothing else is looked at.
 *
 * Layouts are those of Linux's client (net/9p/protocol.c, fs/9p): integers little-endian, a string is
 * length[2] and its bytes, without a NUL.
 *
 * xenrun's own, beside Twalkgetattr and Tlist: a Tread, Treaddir, Tlock, Tgetlock or Tfsync of a file's or
 * folder's fid that is not open opens it for reading.
 */
#ifndef XENRUN_ROOTFS_P9_H
#define XENRUN_ROOTFS_P9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define P9_VERSION "9P2000.L"

#define P9_NO_TAG 0xffffu
#define P9_NO_FID 0xffffffffu
#define P9_NO_UID 0xffffffffu

#define P9_MAX_WALK 16	 /* names in one Twalk */
#define P9_MAX_NAME 255	 /* bytes in a name */
#define P9_MAX_PATH 4095 /* bytes in a symlink's text */

#define P9_HEADER_SIZE	     7 /* size[4] type[1] tag[2] */
#define P9_ERROR_SIZE	     (P9_HEADER_SIZE + 4)
#define P9_READ_HEADER_SIZE  (P9_HEADER_SIZE + 4)  /* what stands before the bytes of an Rread or Rreaddir */
#define P9_WRITE_HEADER_SIZE (P9_HEADER_SIZE + 16) /* what stands before the bytes of a Twrite */
#define P9_IO_HEADER_SIZE    24	  /* what an iounit leaves of msize: P9_IOHDRSZ, and P9_READDIRHDRSZ */
#define P9_MIN_MSIZE	     4096 /* Linux's client takes no less */

enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_RSTATFS = 9,
	P9_TLOPEN = 12,
	P9_RLOPEN = 13,
	P9_TLCREATE = 14,
	P9_RLCREATE = 15,
	P9_TSYMLINK = 16,
	P9_RSYMLINK = 17,
	P9_TMKNOD = 18,
	P9_RMKNOD = 19,
	P9_TRENAME = 20,
	P9_RRENAME = 21,
	P9_TREADLINK = 22,
	P9_RREADLINK = 23,
	P9_TGETATTR = 24,
	P9_RGETATTR = 25,
	P9_TSETATTR = 26,
	P9_RSETATTR = 27,
	P9_TXATTRWALK = 30,
	P9_RXATTRWALK = 31,
	P9_TXATTRCREATE = 32,
	P9_RXATTRCREATE = 33,
	P9_TREADDIR = 40,
	P9_RREADDIR = 41,
	P9_TFSYNC = 50,
	P9_RFSYNC = 51,
	P9_TLOCK = 52,
	P9_RLOCK = 53,
	P9_TGETLOCK = 54,
	P9_RGETLOCK = 55,
	P9_TLINK = 70,
	P9_RLINK = 71,
	P9_TMKDIR = 72,
	P9_RMKDIR = 73,
	P9_TRENAMEAT = 74,
	P9_RRENAMEAT = 75,
	P9_TUNLINKAT = 76,
	P9_RUNLINKAT = 77,
	/* xenrun's own: a Twalk of one name and a Tgetattr of what it found. Who does not know it says
	 * EOPNOTSUPP. */
	P9_TWALKGETATTR = 80,
	P9_RWALKGETATTR = 81,
	/* xenrun's own: all entries of a folder, fid[4] flags[4] count[4], answered as a Treaddir is. The fid
	 * need not be open; flags are Tlopen's. EFBIG if they are more than count bytes, EOPNOTSUPP where
	 * names may be found that are no entries. */
	P9_TLIST = 82,
	P9_RLIST = 83,
	P9_TVERSION = 100,
	P9_RVERSION = 101,
	P9_TAUTH = 102,
	P9_RAUTH = 103,
	P9_TATTACH = 104,
	P9_RATTACH = 105,
	P9_TFLUSH = 108,
	P9_RFLUSH = 109,
	P9_TWALK = 110,
	P9_RWALK = 111,
	P9_TREAD = 116,
	P9_RREAD = 117,
	P9_TWRITE = 118,
	P9_RWRITE = 119,
	P9_TCLUNK = 120,
	P9_RCLUNK = 121,
	P9_TREMOVE = 122,
	P9_RREMOVE = 123,
};

enum p9_qid_type {
	P9_QID_FILE = 0x00,
	P9_QID_SYMLINK = 0x02,
	P9_QID_DIR = 0x80,
};

/* Tsetattr's `valid`. */
#define P9_SETATTR_MODE	     (1u << 0)
#define P9_SETATTR_UID	     (1u << 1)
#define P9_SETATTR_GID	     (1u << 2)
#define P9_SETATTR_SIZE	     (1u << 3)
#define P9_SETATTR_ATIME     (1u << 4)
#define P9_SETATTR_MTIME     (1u << 5)
#define P9_SETATTR_CTIME     (1u << 6)
#define P9_SETATTR_ATIME_SET (1u << 7)
#define P9_SETATTR_MTIME_SET (1u << 8)

/* Tgetattr's `mask` and Rgetattr's `valid`. */
#define P9_GETATTR_BASIC 0x000007ffull
#define P9_GETATTR_BTIME 0x00000800ull
/* xenrun's own: a promise of changes.h is asked for, and is what data_version holds. */
#define P9_GETATTR_PROMISE 0x00004000ull

/* Tlopen's and Tlcreate's `flags`, where Linux's client may set them. */
#define P9_OPEN_ACCESS	  00000003u
#define P9_OPEN_CREATE	  00000100u
#define P9_OPEN_EXCL	  00000200u
#define P9_OPEN_TRUNC	  00001000u
#define P9_OPEN_APPEND	  00002000u
#define P9_OPEN_DSYNC	  00010000u
#define P9_OPEN_DIRECTORY 00200000u
#define P9_OPEN_NOATIME	  01000000u
#define P9_OPEN_SYNC	  04000000u

/* Tunlinkat's `flags`. */
#define P9_AT_REMOVEDIR 0x200u

enum p9_lock_type { P9_LOCK_READ = 0, P9_LOCK_WRITE = 1, P9_LOCK_UNLOCK = 2 };
enum p9_lock_status { P9_LOCK_SUCCESS = 0, P9_LOCK_BLOCKED = 1, P9_LOCK_ERROR = 2, P9_LOCK_GRACE = 3 };

struct p9_qid {
	uint8_t type; /* enum p9_qid_type */
	uint32_t version;
	uint64_t path;
};

/* Points into the message; no NUL ends it, and none is in it. */
struct p9_string {
	const char *data;
	uint16_t length;
};

/* One request. Strings and payloads point into the message that was decoded. A *name* is one component
 * of a path: decoding refuses one that is empty, ".", "..", too long or has a '/' in it. */
struct p9_request {
	uint8_t type; /* enum p9_type */
	uint16_t tag;
	union {
		struct {
			uint32_t msize;
			struct p9_string version;
		} version;
		struct {
			uint32_t afid;
			struct p9_string uname;
			struct p9_string aname;
			uint32_t n_uname;
		} auth;
		struct {
			uint32_t fid;
			uint32_t afid;
			struct p9_string uname;
			struct p9_string aname;
			uint32_t n_uname;
		} attach;
		struct {
			uint16_t oldtag;
		} flush;
		struct {
			uint32_t fid;
			uint32_t newfid;
			uint16_t count;
			struct p9_string names[P9_MAX_WALK];
		} walk;
		/* Tclunk, Tremove, Tstatfs, Treadlink */
		struct {
			uint32_t fid;
		} fid;
		struct {
			uint32_t fid;
			uint32_t flags;
		} lopen;
		struct {
			uint32_t fid;
			struct p9_string name;
			uint32_t flags;
			uint32_t mode;
			uint32_t gid;
		} lcreate;
		struct {
			uint32_t dfid;
			struct p9_string name;
			struct p9_string target; /* 1 to P9_MAX_PATH bytes */
			uint32_t gid;
		} symlink;
		struct {
			uint32_t dfid;
			struct p9_string name;
			uint32_t mode;
			uint32_t major;
			uint32_t minor;
			uint32_t gid;
		} mknod;
		struct {
			uint32_t fid;
			uint32_t dfid;
			struct p9_string name;
		} rename;
		struct {
			uint32_t fid;
			uint64_t mask;
		} getattr;
		struct {
			uint32_t fid;
			uint32_t newfid;
			struct p9_string name;
			uint64_t mask;
		} walkgetattr;
		struct {
			uint32_t fid;
			uint32_t valid;
			uint32_t mode;
			uint32_t uid;
			uint32_t gid;
			uint64_t size;
			uint64_t atime_sec;
			uint64_t atime_nsec;
			uint64_t mtime_sec;
			uint64_t mtime_nsec;
		} setattr;
		struct {
			uint32_t fid;
			uint32_t newfid;
			struct p9_string name; /* of an attribute; empty for the list of them */
		} xattrwalk;
		struct {
			uint32_t fid;
			struct p9_string name; /* of an attribute; not empty */
			uint64_t size;
			uint32_t flags;
		} xattrcreate;
		/* Tread, Treaddir */
		struct {
			uint32_t fid;
			uint64_t offset;
			uint32_t count;
		} read;
		struct {
			uint32_t fid;
			uint32_t flags;
			uint32_t count;
		} list;
		struct {
			uint32_t fid;
			uint64_t offset;
			uint32_t count; /* of the bytes at data, all of them in the message */
			const uint8_t *data;
			/* The same bytes; in memory that may change at any time if data is NULL: only whom
			 * share.h says gets such a request. */
			struct iovec pieces[2];
			int piece_count;
		} write;
		struct {
			uint32_t fid;
			uint32_t datasync;
		} fsync;
		struct {
			uint32_t fid;
			uint8_t type; /* enum p9_lock_type, unless the guest lies */
			uint32_t flags;
			uint64_t start;
			uint64_t length; /* 0: to the end */
			uint32_t proc_id;
			struct p9_string client_id;
		} lock;
		struct {
			uint32_t fid;
			uint8_t type;
			uint64_t start;
			uint64_t length;
			uint32_t proc_id;
			struct p9_string client_id;
		} getlock;
		struct {
			uint32_t dfid;
			uint32_t fid;
			struct p9_string name;
		} link;
		struct {
			uint32_t dfid;
			struct p9_string name;
			uint32_t mode;
			uint32_t gid;
		} mkdir;
		struct {
			uint32_t olddirfid;
			struct p9_string oldname;
			uint32_t newdirfid;
			struct p9_string newname;
		} renameat;
		struct {
			uint32_t dirfid;
			struct p9_string name;
			uint32_t flags;
		} unlinkat;
	} u;
};

/*
 * Decodes one whole message. Returns 0, or:
 *   -EBADMSG     it is malformed (sizes that do not fit, bytes left over, a NUL in a string): the
 *                session is not worth going on with. out->type and out->tag are set if length >= 7.
 *   -EINVAL, -ENAMETOOLONG, -ENOENT, -ERANGE
 *                well-formed, but a name in it cannot be one: to be answered with that errno.
 *   -EOPNOTSUPP  a type not known: to be answered with that errno.
 */
int p9_decode(const uint8_t *message, size_t length, struct p9_request *out);

/* Decodes the P9_WRITE_HEADER_SIZE bytes of a Twrite of `length` whose others are in pieces. Returns 0 or
 * -EBADMSG. */
int p9_decode_write(const uint8_t *head, size_t length, const struct iovec pieces[2], int piece_count,
	struct p9_request *out);

/*
 * Writes one reply into a buffer of the caller, never beyond it. Each p9_reply_ function makes a
 * whole message, replacing what was there; one that would not fit becomes Rlerror(EMSGSIZE).
 */
struct p9_writer {
	uint8_t *data;
	size_t capacity;
	size_t length; /* of the message, or of its part in `data`; 0 before one is made */

	/* Where the transport wants the bytes of an Rread, if it can say: its own memory, which is written
	 * only. */
	struct iovec pieces[2];
	int piece_count;
	size_t in_pieces; /* how many bytes of the message are there, behind those in `data` */
};

/* `capacity` is at least P9_ERROR_SIZE, so that an error always fits. */
void p9_writer_init(struct p9_writer *writer, uint8_t *buffer, size_t capacity);

/* `error` is an errno, positive. */
void p9_reply_error(struct p9_writer *writer, uint16_t tag, int error);

/* Rflush, Rclunk, Rremove, Rrename, Rsetattr, Rxattrcreate, Rfsync, Rlink, Rrenameat, Runlinkat */
void p9_reply_empty(struct p9_writer *writer, uint8_t type, uint16_t tag);

/* Rattach, Rsymlink, Rmknod, Rmkdir */
void p9_reply_qid(struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_qid *qid);

/* Rlopen, Rlcreate */
void p9_reply_open(
	struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_qid *qid, uint32_t iounit);

void p9_reply_version(struct p9_writer *writer, uint16_t tag, uint32_t msize, const char *version);
void p9_reply_walk(struct p9_writer *writer, uint16_t tag, const struct p9_qid *qids, uint16_t count);
void p9_reply_write(struct p9_writer *writer, uint16_t tag, uint32_t count);
void p9_reply_readlink(struct p9_writer *writer, uint16_t tag, const char *target, size_t length);
void p9_reply_xattrwalk(struct p9_writer *writer, uint16_t tag, uint64_t size);
void p9_reply_lock(struct p9_writer *writer, uint16_t tag, uint8_t status);

struct p9_lock {
	uint8_t type;
	uint64_t start;
	uint64_t length;
	uint32_t proc_id;
	struct p9_string client_id;
};
void p9_reply_getlock(struct p9_writer *writer, uint16_t tag, const struct p9_lock *lock);

struct p9_attributes {
	uint64_t valid; /* P9_GETATTR_* */
	struct p9_qid qid;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t nlink;
	uint64_t rdev; /* as Linux's new_encode_dev() makes it, see p9_device() */
	uint64_t size;
	uint64_t block_size;
	uint64_t blocks;
	uint64_t atime_sec, atime_nsec;
	uint64_t mtime_sec, mtime_nsec;
	uint64_t ctime_sec, ctime_nsec;
	uint64_t btime_sec, btime_nsec;
	uint64_t data_version; /* a promise, or 0 */
};
/* Rgetattr, Rwalkgetattr */
void p9_reply_getattr(
	struct p9_writer *writer, uint8_t type, uint16_t tag, const struct p9_attributes *attributes);

struct p9_statfs {
	uint32_t type;
	uint32_t block_size;
	uint64_t blocks;
	uint64_t free;
	uint64_t available;
	uint64_t files;
	uint64_t files_free;
	uint64_t id;
	uint32_t name_length;
};
void p9_reply_statfs(struct p9_writer *writer, uint16_t tag, const struct p9_statfs *statfs);

/*
 * Rread, without a copy: the bytes are put where p9_read_space() says, at most as many as it says
 * (`wanted` or what the buffer holds), then p9_reply_read() puts the header before them.
 */
uint8_t *p9_read_space(struct p9_writer *writer, uint32_t wanted, uint32_t *room);
void p9_reply_read(struct p9_writer *writer, uint16_t tag, uint32_t count);

/*
 * The same into the transport's pieces: p9_read_pieces() sets `pieces` to the place for `room` bytes, as
 * p9_read_space() gave it, and returns their number, 0 if they have no place there. p9_reply_read_pieces()
 * then makes the header.
 */
int p9_read_pieces(const struct p9_writer *writer, uint32_t room, struct iovec pieces[2]);
void p9_reply_read_pieces(struct p9_writer *writer, uint16_t tag, uint32_t count);

/*
 * Rreaddir, Rlist: p9_reply_readdir() makes an empty one, then each p9_add_entry() adds one, or returns false
 * and changes nothing when the buffer or the `wanted` bytes of the request have no more room for it.
 */
void p9_reply_readdir(struct p9_writer *writer, uint8_t type, uint16_t tag);
bool p9_add_entry(struct p9_writer *writer, uint32_t wanted, const struct p9_qid *qid, uint64_t next_offset,
	uint8_t type, const char *name, size_t name_length);

/* The number of a device as it goes over the wire. */
uint64_t p9_device(uint32_t major, uint32_t minor);

#endif
