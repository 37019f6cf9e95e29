/* SPDX-License-Identifier: Apache-2.0 */
/* The folder share: extended attributes, locks, and a guest that sends whatever it likes. */
#include "tests/unit/folder_fixture.h"

#include <sys/file.h>
#include <sys/xattr.h>

/* Sets an attribute as Linux's client does: on a clone, whose clunk tells how it went. */
static int set_attribute(struct client *client, uint32_t fid, const char *name, const void *value,
	uint32_t size, uint32_t flags)
{
	int result;

	CHECK_EQ(do_walk(client, fid, 900, ""), 0);
	result = do_xattrcreate(client, 900, name, size, flags);
	if (result == 0 && size > 0)
		result = do_write(client, 900, 0, value, size) == (int)size ? 0 : -EIO;
	if (result < 0) {
		do_clunk(client, 900);
		return result;
	}
	return do_clunk(client, 900);
}

static int get_attribute(struct client *client, uint32_t fid, const char *name, char *value, uint32_t size)
{
	int length = do_xattrwalk(client, fid, 901, name);

	if (length < 0)
		return length;
	CHECK_EQ(do_read(client, 901, 0, value, size), length);
	CHECK_EQ(do_clunk(client, 901), 0);
	return length;
}

static bool lists(const char *list, int length, const char *name)
{
	for (int at = 0; at < length; at += (int)strlen(list + at) + 1)
		if (strcmp(list + at, name) == 0)
			return true;
	return false;
}

static void extended_attributes(void)
{
	struct fixture *fixture = set_up_on("/tmp", NULL);
	struct client *client = &fixture->client;
	char value[512];
	int length;

	host_file(fixture, "file", "");
	if (setxattr(host(fixture, "file"), "user.probe", "x", 1, 0) < 0) {
		tear_down(fixture);
		SKIP("no extended attributes on this file system");
	}
	client->torture = true;
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(set_attribute(client, 1, "user.name", "value", 5, 0), 0);
	CHECK_EQ(getxattr(host(fixture, "file"), "user.name", value, sizeof(value)), 5);
	CHECK(memcmp(value, "value", 5) == 0);
	CHECK_EQ(get_attribute(client, 1, "user.name", value, sizeof(value)), 5);
	CHECK(memcmp(value, "value", 5) == 0);
	CHECK_EQ(get_attribute(client, 1, "user.none", value, sizeof(value)), -ENODATA);
	CHECK_EQ(set_attribute(client, 1, "user.name", "v", 1, XATTR_CREATE), -EEXIST);
	CHECK_EQ(set_attribute(client, 1, "user.none", "v", 1, XATTR_REPLACE), -ENODATA);
	CHECK_EQ(set_attribute(client, 1, "user.name", "new", 3, XATTR_REPLACE), 0);
	/* An empty value is one; nothing in the place of what must be there removes it. */
	CHECK_EQ(set_attribute(client, 1, "user.empty", "", 0, 0), 0);
	CHECK_EQ(get_attribute(client, 1, "user.empty", value, sizeof(value)), 0);
	length = get_attribute(client, 1, "", value, sizeof(value));
	CHECK(lists(value, length, "user.name") && lists(value, length, "user.empty"));
	CHECK_EQ(set_attribute(client, 1, "user.empty", "", 0, XATTR_REPLACE), 0);
	CHECK_EQ(set_attribute(client, 1, "user.empty", "", 0, XATTR_REPLACE), -ENODATA);
	length = get_attribute(client, 1, "", value, sizeof(value));
	CHECK(!lists(value, length, "user.empty"));

	/* The host's labels are neither seen nor set. */
	CHECK_EQ(set_attribute(client, 1, "security.selinux", "x", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(set_attribute(client, 1, "security.ima", "x", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(set_attribute(client, 1, "nonsense", "x", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(get_attribute(client, 1, "security.selinux", value, sizeof(value)), -EOPNOTSUPP);
	if (setxattr(host(fixture, "file"), "security.foreign", "x", 1, 0) == 0) {
		length = get_attribute(client, 1, "", value, sizeof(value));
		CHECK(!lists(value, length, "security.foreign") && lists(value, length, "user.name"));
	}
	/* On an open file, and on one that has no name any more. */
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY), 0);
	CHECK_EQ(do_unlinkat(client, 0, "file", 0), 0);
	CHECK_EQ(get_attribute(client, 2, "user.name", value, sizeof(value)), 3);
	CHECK_EQ(set_attribute(client, 2, "user.name", "late", 4, 0), 0);
	CHECK_EQ(get_attribute(client, 1, "user.name", value, sizeof(value)), 4);
	tear_down(fixture);
}

/* A file with the name of a descriptor's number, where the process worked before, is not taken for it. */
static void attributes_of_nobody_else(void)
{
	struct fixture *before = set_up(), *fixture;
	char name[16], value[16];
	struct client *client;

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(before, name, "");
	}
	CHECK_EQ(chdir(host(before, "")), 0);
	fixture = set_up();
	client = &fixture->client;
	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	if (set_attribute(client, 1, "user.name", "x", 1, 0) == -EOPNOTSUPP) {
		tear_down(fixture);
		tear_down(before);
		SKIP("no extended attributes on this file system");
	}
	CHECK_EQ(getxattr(host(fixture, "file"), "user.name", value, sizeof(value)), 1);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "%d", i);
		CHECK_EQ(getxattr(host(before, name), "user.name", value, sizeof(value)), -1);
	}
	tear_down(fixture);
	tear_down(before);
}

static void attributes_half_written(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char value[16];

	host_file(fixture, "file", "");
	if (setxattr(host(fixture, "file"), "user.probe", "x", 1, 0) < 0) {
		tear_down(fixture);
		SKIP("no extended attributes on this file system");
	}
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 65537, 0), -E2BIG);
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 0xffffffffffffffff, 0), -E2BIG);
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 5, 4), -EINVAL);
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 5, 0), 0);
	/* It is an attribute now, and nothing else. */
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 5, 0), -EBADF);
	CHECK_EQ(do_walk(client, 1, 2, ""), -EINVAL);
	CHECK_EQ(do_walk(client, 1, 1, ""), -EINVAL);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), -EBADF);
	CHECK_EQ(do_read(client, 1, 0, value, 1), -EBADF);
	CHECK_EQ(do_mkdir(client, 1, "x", 0755, 0), -EBADF);
	CHECK_EQ(do_link(client, 0, 1, "x"), -EBADF);
	CHECK_EQ(do_rename(client, 1, 0, "x"), -EBADF);
	CHECK_EQ(do_setattr(client, 1, 0, 0, 0, 0, 0), -EBADF);
	CHECK_EQ(do_xattrwalk(client, 1, 2, ""), -EBADF);
	CHECK_EQ(do_write(client, 1, 1, "x", 1), -EINVAL);
	CHECK_EQ(do_write(client, 1, 0, "123", 3), 3);
	CHECK_EQ(do_write(client, 1, 0, "123", 3), -EINVAL);
	CHECK_EQ(do_write(client, 1, 3, "456", 3), -ENOSPC);
	CHECK_EQ(do_clunk(client, 1), -EINVAL);
	CHECK_EQ(do_clunk(client, 1), -EBADF);
	CHECK_EQ(getxattr(host(fixture, "file"), "user.a", value, sizeof(value)), -1);
	/* In two writes; what a new session interrupts is not set. */
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_xattrcreate(client, 1, "user.a", 5, 0), 0);
	CHECK_EQ(do_write(client, 1, 0, "12", 2), 2);
	CHECK_EQ(do_write(client, 1, 2, "345", 3), 3);
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_xattrcreate(client, 2, "user.b", 0, 0), 0);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(getxattr(host(fixture, "file"), "user.a", value, sizeof(value)), 5);
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(getxattr(host(fixture, "file"), "user.b", value, sizeof(value)), -1);
	/* Read in parts. */
	CHECK_EQ(do_attach(client, 0, 0), 0);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_xattrwalk(client, 1, 2, "user.a"), 5);
	CHECK_EQ(do_read(client, 2, 3, value, 16), 2);
	CHECK_EQ(do_read(client, 2, 5, value, 16), 0);
	CHECK_EQ(do_read(client, 2, 0xffffffffffffffff, value, 16), 0);
	CHECK_EQ(do_write(client, 2, 0, value, 1), -EBADF);
	CHECK_EQ(do_xattrwalk(client, 1, 2, "user.a"), -EBADF);
	CHECK_EQ(do_remove(client, 2), -EINVAL);
	tear_down(fixture);
}

/* Whether somebody on the host would get a lock. */
static bool host_can_lock(int fd, short type, off_t start, off_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	CHECK_EQ(fcntl(fd, F_OFD_GETLK, &lock), 0);
	return lock.l_type == F_UNLCK;
}

static int open_locked(struct fixture *fixture, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int fd = open(host(fixture, "file"), O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static void locks_against_others(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	int other;

	host_file(fixture, "file", "text");
	other = open(host(fixture, "file"), O_RDWR | O_CLOEXEC);
	for (uint32_t fid = 1; fid <= 3; fid++) {
		CHECK_EQ(do_walk(client, 0, fid, "file"), 0);
		CHECK_EQ(do_lopen(client, fid, fid == 3 ? O_RDONLY : O_RDWR), 0);
	}
	client->torture = true;
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 10, 100), P9_LOCK_SUCCESS);
	CHECK(!host_can_lock(other, F_RDLCK, 0, 1));
	CHECK(host_can_lock(other, F_WRLCK, 10, 0));
	/* The same process, through another fid, is not in its own way. */
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 5, 10, 100), P9_LOCK_SUCCESS);
	CHECK(host_can_lock(other, F_RDLCK, 5, 10));
	CHECK(!host_can_lock(other, F_WRLCK, 5, 10));
	/* Two processes read; one of them unlocks. */
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 5, 10, 200), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 100), P9_LOCK_SUCCESS);
	CHECK(host_can_lock(other, F_WRLCK, 0, 5));
	CHECK(!host_can_lock(other, F_WRLCK, 5, 10));
	CHECK_EQ(do_lock(client, 2, P9_LOCK_UNLOCK, 5, 5, 200), P9_LOCK_SUCCESS);
	CHECK(host_can_lock(other, F_WRLCK, 5, 5));
	CHECK(!host_can_lock(other, F_WRLCK, 10, 5));
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 999), P9_LOCK_SUCCESS);
	/* The end of the fids is the end of the locks. */
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK(!host_can_lock(other, F_WRLCK, 10, 5));
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK(host_can_lock(other, F_WRLCK, 0, 0));
	/* An exclusive flock(2) of what is open for reading only. */
	CHECK_EQ(do_lock(client, 3, P9_LOCK_WRITE, 0, 0, 300), P9_LOCK_SUCCESS);
	CHECK(!host_can_lock(other, F_RDLCK, 0, 0));
	CHECK_EQ(do_lock(client, 3, P9_LOCK_UNLOCK, 0, 0, 300), P9_LOCK_SUCCESS);
	CHECK(host_can_lock(other, F_WRLCK, 0, 0));
	close(other);

	/* In the way of the guest: it is told, and nothing waits. */
	other = open_locked(fixture, F_RDLCK);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_WRITE, 0, 0, 300), P9_LOCK_BLOCKED);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_READ, 0, 0, 300), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_WRITE, 0, 0, 300), P9_LOCK_BLOCKED);
	CHECK_EQ(do_getlock(client, 3, P9_LOCK_READ, 300), P9_LOCK_UNLOCK);
	CHECK_EQ(do_getlock(client, 3, P9_LOCK_WRITE, 300), P9_LOCK_READ);
	CHECK_EQ(do_getlock(client, 3, P9_LOCK_UNLOCK, 300), P9_LOCK_READ);
	close(other);
	/* Its own is not in the way. */
	CHECK_EQ(do_getlock(client, 3, P9_LOCK_WRITE, 300), P9_LOCK_UNLOCK);

	CHECK_EQ(do_lock(client, 3, 3, 0, 0, 300), -EINVAL);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_READ, 1ull << 63, 0, 300), -EINVAL);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_READ, 10, INT64_MAX, 300), -EINVAL);
	CHECK_EQ(do_lock(client, 9, P9_LOCK_READ, 0, 0, 300), -EBADF);
	CHECK_EQ(do_getlock(client, 3, 7, 300), -EINVAL);
	CHECK_EQ(do_getlock(client, 9, P9_LOCK_READ, 300), -EBADF);
	tear_down(fixture);
}

static void locks_of_folders(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	int other = open(host(fixture, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(flock(other, LOCK_SH | LOCK_NB), -1);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(flock(other, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), P9_LOCK_BLOCKED);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 1), P9_LOCK_BLOCKED);
	CHECK_EQ(do_getlock(client, 1, P9_LOCK_READ, 1), P9_LOCK_UNLOCK);
	close(other);
	tear_down(fixture);
}

static void locks_where_nobody_else_is(void)
{
	const struct folder_limits limits = {.proc_self_fd = -1, .exclusive = true};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	int other;

	host_file(fixture, "file", "");
	other = open_locked(fixture, F_WRLCK);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_getlock(client, 1, P9_LOCK_WRITE, 1), P9_LOCK_UNLOCK);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 1), P9_LOCK_SUCCESS);
	close(other);
	tear_down(fixture);
}

static void locks_are_limited(void)
{
	const struct folder_limits limits = {.proc_self_fd = -1, .locks = 2};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 2), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 3), -ENOLCK);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), P9_LOCK_BLOCKED);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 2), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 0, 3), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 3), P9_LOCK_SUCCESS);
	/* Files that were locked are kept until they are closed. */
	for (uint32_t fid = 2; fid <= 3; fid++) {
		host_file(fixture, fid == 2 ? "2" : "3", "");
		CHECK_EQ(do_walk(client, 0, fid, fid == 2 ? "2" : "3"), 0);
		CHECK_EQ(do_lopen(client, fid, O_RDWR), 0);
	}
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 0, 0, 3), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_UNLOCK, 0, 0, 3), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_READ, 0, 0, 3), -ENOLCK);
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK_EQ(do_lock(client, 3, P9_LOCK_READ, 0, 0, 3), P9_LOCK_SUCCESS);
	tear_down(fixture);
}

/* The host's locks of a file that one process of the guest has. */
static int locks_on_host(int other)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int count = 0;

	while (CHECK_EQ(fcntl(other, F_OFD_GETLK, &lock), 0) && lock.l_type != F_UNLCK) {
		count++;
		if (lock.l_len == 0)
			break;
		lock = (struct flock){
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock.l_start + lock.l_len};
	}
	return count;
}

static void ranges_are_limited(void)
{
	const struct folder_limits limits = {.proc_self_fd = -1, .locks = 5};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	int other;

	host_file(fixture, "file", "");
	host_file(fixture, "second", "");
	other = open(host(fixture, "file"), O_RDWR | O_CLOEXEC);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(do_walk(client, 0, 2, "second"), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDWR), 0);
	for (uint64_t at = 0; at < 10; at += 2)
		CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, at, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(locks_on_host(other), 5);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 10, 1, 1), -ENOLCK);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 0, 0, 1), -ENOLCK);
	CHECK_EQ(locks_on_host(other), 5);
	CHECK(host_can_lock(other, F_WRLCK, 10, 1));
	/* What makes no more of them goes on. */
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 8, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 1, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(locks_on_host(other), 4); /* 0 to 2, 4, 6, 8 */
	/* One is left, and another type in the middle of one makes it three. */
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 1, 1, 1), -ENOLCK);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 1, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(locks_on_host(other), 5);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 0, 7, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(locks_on_host(other), 2); /* 0 to 6, 8 */
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 1ull << 62, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 3, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 1ull << 62, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 0, 0, 1), P9_LOCK_SUCCESS);
	/* An unlock that cuts one in two, too. */
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 1, 1, 1), -ENOLCK);
	CHECK(!host_can_lock(other, F_WRLCK, 1, 1));
	CHECK_EQ(locks_on_host(other), 4);
	/* Of another process, on another file: all of a file is one. */
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(locks_on_host(other), 0);
	for (uint32_t process = 2; process <= 5; process++)
		CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, process, 1, process), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_READ, 6, 1, 6), -ENOLCK);
	/* The end of the fid is the end of what it has. */
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(locks_on_host(other), 0);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_UNLOCK, 0, 0, 1), P9_LOCK_SUCCESS);
	for (uint64_t at = 0; at < 10; at += 2)
		CHECK_EQ(do_lock(client, 2, P9_LOCK_WRITE, at, 1, 1), P9_LOCK_SUCCESS);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 100, 1, 2), -ENOLCK);
	close(other);
	tear_down(fixture);
}

/* Nothing is kept for a process that has let go of all it had, however it did. */
static void processes_that_come_and_go(void)
{
	const struct folder_limits limits = {.proc_self_fd = -1, .locks = 2};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	int fds;

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	fds = unit_open_fds();
	for (uint32_t process = 1; process < 10; process++) {
		CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 10, 10, process), P9_LOCK_SUCCESS);
		CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 10, 5, process), P9_LOCK_SUCCESS);
		CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 15, 5, process), P9_LOCK_SUCCESS);
		CHECK_EQ(unit_open_fds(), fds);
	}
	tear_down(fixture);
}

static uint32_t state = 12345;

static uint32_t next_random(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void random_name(struct client *client)
{
	static const char *const names[] = {"a", "b", "c", "d", "..", ".", "", "a/b", "/", "0", "1", "2",
		"user.x", "security.capability"};

	put_string(client, names[next_random(sizeof(names) / sizeof(names[0]))]);
}

/* A request of a random type whose fields are mostly in range. */
static void random_request(struct client *client)
{
	static const struct {
		uint8_t type;
		const char
			*fields; /* f: fid, n: name, t: flags or mode, o: offset, c: count, others as it is */
	} kinds[] = {{P9_TATTACH, "fNnnt"}, {P9_TWALK, "ffw"}, {P9_TWALK, "ffw"}, {P9_TWALK, "ffw"},
		{P9_TWALK, "ff0"}, {P9_TCLUNK, "f"}, {P9_TREMOVE, "f"}, {P9_TLOPEN, "ft"},
		{P9_TLCREATE, "fnttt"}, {P9_TMKDIR, "fntt"}, {P9_TMKNOD, "fntttt"}, {P9_TSYMLINK, "fnnt"},
		{P9_TLINK, "ffn"}, {P9_TRENAME, "ffn"}, {P9_TRENAMEAT, "fnfn"}, {P9_TUNLINKAT, "fnu"},
		{P9_TREADLINK, "f"}, {P9_TGETATTR, "fo"}, {P9_TWALKGETATTR, "ffno"},
		{P9_TSETATTR, "fvtttooooo"}, {P9_TREAD, "foc"}, {P9_TWRITE, "fod"}, {P9_TREADDIR, "foc"},
		{P9_TFSYNC, "fc"}, {P9_TXATTRWALK, "ffn"}, {P9_TXATTRCREATE, "fnqx"}, {P9_TLOCK, "flcoocn"},
		{P9_TGETLOCK, "floocn"}, {P9_TSTATFS, "f"}};
	size_t kind = next_random(sizeof(kinds) / sizeof(kinds[0]));
	uint32_t count;

	begin(client, kinds[kind].type);
	for (const char *field = kinds[kind].fields; *field; field++) {
		switch (*field) {
		case 'f':
			put32(client, next_random(12));
			break;
		case 'N':
			put32(client, P9_NO_FID);
			break;
		case 'n':
			random_name(client);
			break;
		case 't':
			put32(client, next_random(4) ? next_random(4096) : state);
			break;
		case 'o':
			put64(client, next_random(4) ? next_random(100) : (uint64_t)state << 33);
			break;
		case 'c':
			put32(client, next_random(4) ? next_random(1000) : state);
			break;
		case 'u':
			put32(client, next_random(2) * P9_AT_REMOVEDIR);
			break;
		case 'v':
			put32(client, next_random(512));
			break;
		case 'l':
			put8(client, (uint8_t)next_random(4));
			break;
		case 'q':
			put64(client, next_random(10));
			break;
		case 'x':
			put32(client, next_random(4));
			break;
		case '0':
			put16(client, 0);
			break;
		case 'd':
			count = next_random(20);
			put32(client, count);
			put_bytes(client, "abcdefghijklmnopqrst", count);
			break;
		default:
			count = next_random(4);
			put16(client, (uint16_t)count);
			while (count-- > 0)
				random_name(client);
		}
	}
}

static void a_guest_that_sends_anything(void)
{
	const struct folder_limits limits = {.proc_self_fd = -1, .no_devices = true, .open_files = 5};
	struct fixture *fixture = set_up_on("/dev/shm", &limits);
	struct client *client = &fixture->client;
	struct stat before, after;
	int done = 0;

	before = host_stat(fixture, "../secret");
	for (int round = 0; round < 60000; round++) {
		if (round % 1000 == 0) {
			CHECK_EQ(do_version(client, 4096 + next_random(8192), P9_VERSION), 0);
			CHECK_EQ(do_attach(client, 0, 0), 0);
		}
		random_request(client);
		if (next_random(10) == 0)
			client->request[7 + next_random((uint32_t)client->length - 7)] =
				(uint8_t)next_random(256);
		if (call(client) == 0)
			done++;
	}
	CHECK(done > 5000);
	after = host_stat(fixture, "../secret");
	CHECK(after.st_mode == before.st_mode && after.st_size == 0 && after.st_nlink == 1 &&
		after.st_mtim.tv_nsec == before.st_mtim.tv_nsec &&
		after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	tear_down(fixture);
}

int main(void)
{
	RUN(extended_attributes);
	RUN(attributes_of_nobody_else);
	RUN(attributes_half_written);
	RUN(locks_against_others);
	RUN(locks_of_folders);
	RUN(locks_where_nobody_else_is);
	RUN(locks_are_limited);
	RUN(ranges_are_limited);
	RUN(processes_that_come_and_go);
	RUN(a_guest_that_sends_anything);
	return unit_end();
}
