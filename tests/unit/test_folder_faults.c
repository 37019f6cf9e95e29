/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder share while memory and the host fail it: one story of requests is told again and again, each
 * time with the next allocation or system call in it failing. Whatever fails is an error of its request,
 * nothing is left half done, nothing leaks, and the session goes on.
 */
#include "tests/unit/folder_fixture.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "rootfs/folder_internal.h"

/* The sanitizer's own; without one there is libc's. */
void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);

static long until_fault; /* calls that still go well; negative: all of them */
static bool inside;	 /* the share's code runs */
static bool faulted;

static bool fails(int error)
{
	if (!inside || until_fault < 0 || until_fault-- > 0)
		return false;
	faulted = true;
	errno = error;
	return true;
}

void *malloc(size_t size)
{
	if (fails(ENOMEM))
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (fails(ENOMEM))
		return NULL;
	return __interceptor_calloc ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}

static long (*raw)(long number, ...);

static void __attribute__((constructor)) find_raw(void)
{
	raw = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

/* openat2(2) of the share's own. */
long syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return number == SYS_openat2 && fails(EIO) ? -1 : raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *out)
{
	return fails(EIO) ? -1 : (int)raw(SYS_statx, fd, path, flags, mask, out);
}

int fchownat(int fd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return fails(EIO) ? -1 : (int)raw(SYS_fchownat, fd, path, uid, gid, flags);
}

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
	(void)flags;
	return fails(EIO) ? -1 : (int)raw(SYS_fchmodat, fd, path, mode);
}

static int cut_entry = -1; /* of what is read at once: it is not whole, and that only once; -1: none */
static bool inodes_differ; /* in what numbers of files are made of, so that each wants memory of its own */

ssize_t getdents64(int fd, void *buffer, size_t length)
{
	ssize_t got = fails(EIO) ? -1 : (ssize_t)raw(SYS_getdents64, fd, buffer, length);
	struct dirent64 *entry = buffer;
	int n = 0;

	for (ssize_t at = 0; inside && at < got; at += entry->d_reclen) {
		entry = (struct dirent64 *)((char *)buffer + at);
		if (inodes_differ)
			entry->d_ino = (ino64_t)entry->d_off << 48;
		if (n++ != cut_entry)
			continue;
		entry->d_reclen = 0;
		cut_entry = -1;
		faulted = true;
		break;
	}
	return got;
}

static int seeks;

off_t lseek(int fd, off_t offset, int whence)
{
	seeks += inside;
	return (off_t)raw(SYS_lseek, fd, offset, whence);
}

int fstatfs(int fd, struct statfs *out)
{
	return fails(EIO) ? -1 : (int)raw(SYS_fstatfs, fd, out);
}

/* The locks, which is all that the share asks for. */
int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return fails(EIO) ? -1 : (int)raw(SYS_fcntl, fd, command, arg);
}

int fdatasync(int fd)
{
	return fails(EIO) ? -1 : (int)raw(SYS_fdatasync, fd);
}

static void around(bool enter)
{
	inside = enter;
}

/* A request must go well, unless it is the one where something failed. */
static bool went_well(int result)
{
	if (result >= 0)
		return true;
	CHECK(faulted);
	CHECK(result == -ENOMEM || result == -EIO);
	return false;
}

/* What was asked for is there if and only if it was answered so. */
static bool made(struct fixture *fixture, int result, const char *name)
{
	CHECK_EQ(host_exists(fixture, name), result == 0);
	return went_well(result);
}

static int do_statfs(struct client *client, uint32_t fid)
{
	begin(client, P9_TSTATFS);
	put32(client, fid);
	return call(client);
}

static int do_fsync(struct client *client, uint32_t fid)
{
	begin(client, P9_TFSYNC);
	put32(client, fid);
	put32(client, 1);
	return call(client);
}

/* As many as are counted are there, whatever failed. */
static void tell_locks(struct client *client)
{
	static const struct {
		uint8_t type;
		uint64_t start, length;
	} steps[] = {{P9_LOCK_READ, 0, 10}, {P9_LOCK_WRITE, 4, 2}, {P9_LOCK_UNLOCK, 2, 1},
		{P9_LOCK_READ, 0, 20}, {P9_LOCK_UNLOCK, 0, 20}, {P9_LOCK_WRITE, 0, 0}, {P9_LOCK_UNLOCK, 5, 0},
		{P9_LOCK_UNLOCK, 0, 0}};
	const struct folder *folder = (const struct folder *)client->share;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		const struct folder_fid *fid = folder_find(folder, 1);
		uint32_t count = 0;

		went_well(do_lock(client, 1, steps[i].type, steps[i].start, steps[i].length, 1));
		while (fcntl(fid->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && count < 10) {
			count++;
			if (lock.l_len == 0)
				break;
			lock = (struct flock){.l_type = F_WRLCK, .l_start = lock.l_start + lock.l_len};
		}
		CHECK_EQ(folder->locks, count);
	}
}

static void tell_files(struct fixture *fixture, struct client *client)
{
	struct p9_attributes attributes;
	char buffer[16];

	if (went_well(do_walk(client, 0, 1, "")) &&
		made(fixture, do_lcreate(client, 1, "file", O_RDWR, 04755, 1000), "file")) {
		went_well(do_write(client, 1, 0, "text", 4));
		went_well(do_fsync(client, 1));
		went_well(do_getattr(client, 1, &attributes));
		tell_locks(client);
		went_well(do_setattr(
			client, 1, P9_SETATTR_SIZE | P9_SETATTR_MODE | P9_SETATTR_UID, 0600, 0, 0, 2));
		went_well(do_link(client, 0, 1, "link"));
		went_well(do_rename(client, 1, 0, "moved"));
	}
	if (went_well(do_walk(client, 0, 2, "there"))) {
		went_well(do_setattr(client, 2, P9_SETATTR_SIZE, 0, 0, 0, 2));
		if (went_well(do_lopen(client, 2, O_RDONLY | P9_OPEN_NOATIME)))
			went_well(do_read(client, 2, 0, buffer, 4));
	}
	if (went_well(do_walk(client, 0, 3, "")) &&
		went_well(do_lcreate(client, 3, "there", O_RDWR, 0600, 0)))
		went_well(do_remove(client, 3));
}

static void tell_folders(struct fixture *fixture, struct client *client)
{
	char target[PATH_MAX];

	made(fixture, do_mkdir(client, 0, "folder", 0755, 1000), "folder");
	made(fixture, do_mknod(client, 0, "fifo", S_IFIFO | 0666, 0, 0, 1000), "fifo");
	if (made(fixture, do_symlink(client, 0, "symlink", "target", 1000), "symlink") &&
		went_well(do_walk(client, 0, 4, "symlink")))
		went_well(do_readlink(client, 4, target));
	if (went_well(do_walk(client, 0, 5, "")) && went_well(do_lopen(client, 5, O_RDONLY)))
		went_well(do_readdir(client, 5, 0, 4096));
	went_well(do_list(client, 0, 65536));
	went_well(do_statfs(client, 0));
}

static void tell_attributes(struct client *client)
{
	struct p9_attributes attributes;
	char buffer[16];

	if (!went_well(do_walkgetattr(client, 0, 9, "other", 0x3fff, &attributes)))
		CHECK_EQ(do_clunk(client, 9), -EBADF);
	if (went_well(do_walk(client, 0, 6, "other")) &&
		went_well(do_xattrcreate(client, 6, "user.name", 4, 0))) {
		went_well(do_write(client, 6, 0, "text", 4));
		went_well(do_clunk(client, 6));
	}
	if (went_well(do_walk(client, 0, 7, "other")) && went_well(do_xattrwalk(client, 7, 8, "")))
		went_well(do_read(client, 8, 0, buffer, 16));
}

/* Tells it with the call after `before` others failing. Returns whether there was such a call. */
static bool tell_with_fault(long before)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes attributes;

	host_file(fixture, "there", "text");
	host_file(fixture, "other", "text");
	CHECK_EQ(do_attach(client, 20, 1000), 0);
	CHECK_EQ(do_clunk(client, 0), 0);
	CHECK_EQ(do_walk(client, 20, 0, ""), 0);
	client->around = around;
	until_fault = before;
	faulted = false;

	tell_files(fixture, client);
	tell_folders(fixture, client);
	tell_attributes(client);

	until_fault = -1;
	CHECK_EQ(do_getattr(client, 0, &attributes), 0);
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(((const struct folder *)client->share)->descriptors, 1); /* the root's */
	CHECK_EQ(do_attach(client, 0, 0), 0);
	tear_down(fixture);
	return faulted;
}

static void every_call_fails_once(void)
{
	long calls = 0;

	if (geteuid() != 0)
		SKIP("needs root");
	while (tell_with_fault(calls) && calls < 1000)
		calls++;
	CHECK(calls > 50);
	CHECK(calls < 1000);
}

/* A folder that is read in pieces is read on: where its places are counted, going back would lose what is
 * left when something was removed. */
static void listing_does_not_go_back(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	uint64_t offset = 0;
	int entries = 0;
	char name[256];

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%.*s%d", i % 7, "xxxxxxx", i);
		host_file(fixture, name, "");
	}
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	client->around = around;
	seeks = 0;
	while (do_readdir(client, 1, offset, 1000) == 0 && get32(client) > 0)
		while (client->at < client->reply_length && !client->short_reply) {
			get_qid(client);
			offset = get64(client);
			get8(client);
			get_string(client, name);
			entries++;
		}
	CHECK_EQ(entries, 202);
	CHECK_EQ(seeks, 1); /* to the beginning */
	client->around = NULL;
	tear_down(fixture);
}

static void make_files(struct fixture *fixture, int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(fixture, name, "");
	}
}

/* Reads all of a folder, where one answer may be an error. Each of its files is told once. */
static void list_once(struct client *client, uint32_t fid, int files)
{
	uint64_t offset = 0;
	int seen[200] = {0}, result, errors = 0;
	uint32_t length = 0;
	char name[256];

	client->around = around;
	do {
		result = do_readdir(client, fid, offset, 4096);
		errors += result < 0;
		length = result < 0 ? 0 : get32(client);
		while (client->at < client->reply_length && !client->short_reply) {
			get_qid(client);
			offset = get64(client);
			get8(client);
			get_string(client, name);
			if (name[0] != '.')
				seen[atoi(name)]++;
		}
	} while (length > 0 || (result < 0 && errors == 1));
	client->around = NULL;
	CHECK_EQ(result, 0);
	for (int i = 0; i < files; i++)
		CHECK_EQ(seen[i], 1);
}

/* What fails in the middle of what was read at once loses nothing of it. */
static void listing_goes_on_after_a_fault(void)
{
	enum { FILES = 200 };
	struct fixture *fixture;

	for (int what = 0; what < 8; what++) {
		fixture = set_up();
		make_files(fixture, FILES);
		CHECK_EQ(do_walk(&fixture->client, 0, 1, ""), 0);
		CHECK_EQ(do_lopen(&fixture->client, 1, O_RDONLY), 0);
		faulted = false;
		if (what < 4) {
			static const int entries[] = {0, 1, 20, 70};

			cut_entry = entries[what];
		} else {
			inodes_differ = true;
			until_fault = what - 4;
		}
		list_once(&fixture->client, 1, FILES);
		CHECK(faulted);
		cut_entry = -1;
		inodes_differ = false;
		until_fault = -1;
		tear_down(fixture);
	}
}

int main(void)
{
	RUN(every_call_fails_once);
	RUN(listing_does_not_go_back);
	RUN(listing_goes_on_after_a_fault);
	return unit_end();
}
