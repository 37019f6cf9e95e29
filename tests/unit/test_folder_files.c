/* SPDX-License-Identifier: Apache-2.0 */
/* The folder share: making, naming, reading, writing and describing files. */
#include "tests/unit/folder_fixture.h"

#include <sys/statfs.h>

static void making_and_writing(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char buffer[64];

	client->torture = true;
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "file", O_RDWR | O_CREAT | O_EXCL, 0640, 0), 0);
	get_qid(client);
	CHECK_EQ(get32(client), (CLIENT_MSIZE - 24) & ~4095);
	CHECK(at_end(client));
	CHECK_EQ(host_stat(fixture, "file").st_mode, S_IFREG | 0640);
	CHECK_EQ(do_write(client, 1, 0, "hello world", 11), 11);
	CHECK_EQ(do_write(client, 1, 6, "there", 5), 5);
	CHECK_EQ(do_write(client, 1, 11, "", 0), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 11);
	CHECK(memcmp(buffer, "hello there", 11) == 0);
	CHECK_EQ(do_read(client, 1, 6, buffer, 3), 3);
	CHECK(memcmp(buffer, "the", 3) == 0);
	CHECK_EQ(do_read(client, 1, 11, buffer, 3), 0);
	CHECK_EQ(do_read(client, 1, 1 << 20, buffer, 3), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, 0), 0);
	CHECK_EQ(do_read(client, 1, 0xffffffffffffffff, buffer, 3), -EINVAL);
	CHECK_EQ(do_write(client, 1, 0xffffffffffffffff, "x", 1), -EINVAL);
	begin(client, P9_TFSYNC);
	put32(client, 1);
	put32(client, 0);
	CHECK_EQ(call(client), 0);
	begin(client, P9_TFSYNC);
	put32(client, 1);
	put32(client, 1);
	CHECK_EQ(call(client), 0);
	/* It is no folder any more, for it is the file. */
	CHECK_EQ(do_lcreate(client, 1, "other", O_RDWR, 0640, 0), -ENOTDIR);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, 1), -EBADF);

	/* Access is as it was opened. */
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_write(client, 1, 0, "x", 1), -EBADF);
	CHECK_EQ(do_lopen(client, 1, 3), -EINVAL);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY | P9_OPEN_DIRECTORY), -ENOTDIR);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY | 0400000 | 04000 | 040000 | 0100), 0);
	CHECK_EQ(do_write(client, 1, 0, "x", 1), -EBADF);
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_lopen(client, 2, O_WRONLY), 0);
	CHECK_EQ(do_read(client, 2, 0, buffer, 1), -EBADF);
	/* Appending, wherever the guest thinks the end is. */
	CHECK_EQ(do_walk(client, 0, 3, "file"), 0);
	CHECK_EQ(do_lopen(client, 3, O_WRONLY | O_APPEND), 0);
	CHECK_EQ(do_write(client, 3, 0, "!", 1), 1);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 12);
	CHECK_EQ(do_walk(client, 0, 4, "file"), 0);
	CHECK_EQ(do_lopen(client, 4, O_WRONLY | O_TRUNC), 0);
	CHECK_EQ(host_stat(fixture, "file").st_size, 0);
	tear_down(fixture);
}

/* Who only reads, or locks, need not have opened a file. */
static void opened_by_the_first_request(void)
{
	const struct folder_limits limits = {.open_files = 3, .proc_self_fd = -1};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	char buffer[8];

	host_file(fixture, "file", "text");
	CHECK_EQ(mkdir(host(fixture, "folder"), 0755), 0);
	CHECK_EQ(symlink("file", host(fixture, "link")), 0);
	CHECK_EQ(mkfifo(host(fixture, "fifo"), 0644), 0);
	for (uint32_t i = 1; i <= 4; i++)
		CHECK_EQ(do_walk(client, 0, i, "file"), 0);
	CHECK_EQ(do_read(client, 1, 1, buffer, sizeof(buffer)), 3);
	CHECK_EQ(memcmp(buffer, "ext", 3), 0);
	CHECK_EQ(do_lock(client, 2, P9_LOCK_READ, 0, 0, 300), P9_LOCK_SUCCESS);
	CHECK_EQ(do_getlock(client, 3, P9_LOCK_WRITE, 301), P9_LOCK_READ);
	/* It is open now, for reading, and counts. */
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), -EBADF);
	CHECK_EQ(do_write(client, 1, 0, "x", 1), -EBADF);
	CHECK_EQ(do_read(client, 4, 0, buffer, sizeof(buffer)), -ENFILE);
	CHECK_EQ(do_clunk(client, 1), 0);
	begin(client, P9_TFSYNC);
	put32(client, 4);
	put32(client, 0);
	CHECK_EQ(call(client), 0);
	CHECK_EQ(do_clunk(client, 2), 0);
	/* Also when its name is gone. */
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(unlink(host(fixture, "file")), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 4);
	CHECK_EQ(do_clunk(client, 1), 0);
	/* What is no file or folder is not opened so. */
	CHECK_EQ(do_walk(client, 0, 5, "folder"), 0);
	CHECK_EQ(do_walk(client, 0, 6, "link"), 0);
	CHECK_EQ(do_walk(client, 0, 7, "fifo"), 0);
	CHECK_EQ(do_read(client, 5, 0, buffer, 1), -EISDIR);
	for (uint32_t i = 6; i <= 7; i++) {
		CHECK_EQ(do_read(client, i, 0, buffer, 1), -EBADF);
		CHECK_EQ(do_readdir(client, i, 0, 4096), -EBADF);
		CHECK_EQ(do_lock(client, i, P9_LOCK_READ, 0, 0, 300), -EBADF);
		CHECK_EQ(do_getlock(client, i, P9_LOCK_READ, 300), -EBADF);
	}
	tear_down(fixture);
}

static void creating_what_is_there(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char buffer[16];

	host_file(fixture, "file", "text");
	CHECK_EQ(mkdir(host(fixture, "folder"), 0755), 0);
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "file", O_RDWR | O_CREAT | O_EXCL, 0600, 0), -EEXIST);
	CHECK_EQ(do_lcreate(client, 1, "folder", O_RDWR | O_CREAT, 0600, 0), -EISDIR);
	CHECK_EQ(do_lcreate(client, 1, "file", O_RDWR | O_CREAT, 0600, 0), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 4);
	CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 0666);
	CHECK_EQ(do_walk(client, 0, 2, ""), 0);
	CHECK_EQ(do_lcreate(client, 2, "file", O_RDWR | O_CREAT | O_TRUNC, 0600, 0), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 0);
	CHECK_EQ(do_lcreate(client, 0, "x", 3, 0600, 0), -EINVAL);
	CHECK_EQ(do_lcreate(client, 77, "x", O_RDWR, 0600, 0), -EBADF);
	tear_down(fixture);
}

static void big_reads_and_writes(void)
{
	const uint32_t size = CLIENT_MSIZE - 24;
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	uint8_t *out = malloc(size), *in = malloc(CLIENT_MSIZE);

	for (uint32_t i = 0; i < size; i++)
		out[i] = (uint8_t)(i * 7 + i / 251);
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "big", O_RDWR, 0600, 0), 0);
	CHECK_EQ(do_write(client, 1, 4096, out, size), size);
	CHECK_EQ(do_read(client, 1, 4096, in, size), size);
	CHECK(memcmp(in, out, size) == 0);
	/* Never more than a message holds. */
	CHECK_EQ(do_read(client, 1, 0, in, CLIENT_MSIZE), CLIENT_MSIZE - P9_READ_HEADER_SIZE);
	CHECK_EQ(client->reply_length, CLIENT_MSIZE);
	CHECK_EQ(do_version(client, 4096, P9_VERSION), 0);
	CHECK_EQ(do_attach(client, 0, 0), 0);
	CHECK_EQ(do_walk(client, 0, 1, "big"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_read(client, 1, 0, in, 0x7fffffff), 4096 - P9_READ_HEADER_SIZE);
	free(in);
	free(out);
	tear_down(fixture);
}

static void owners_and_modes(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct stat st;

	if (geteuid() != 0) {
		tear_down(fixture);
		SKIP("needs root");
	}
	CHECK_EQ(do_attach(client, 1, 1000), 0);
	CHECK_EQ(do_mkdir(client, 1, "folder", 0751, 1001), 0);
	st = host_stat(fixture, "folder");
	CHECK(st.st_uid == 1000 && st.st_gid == 1001 && st.st_mode == (S_IFDIR | 0751));
	CHECK_EQ(do_symlink(client, 1, "link", "nowhere", 1001), 0);
	st = host_stat(fixture, "link");
	CHECK(st.st_uid == 1000 && st.st_gid == 1001);
	CHECK_EQ(do_mknod(client, 1, "fifo", S_IFIFO | 0622, 0, 0, 1001), 0);
	st = host_stat(fixture, "fifo");
	CHECK(st.st_uid == 1000 && st.st_gid == 1001 && st.st_mode == (S_IFIFO | 0622));
	CHECK_EQ(do_mknod(client, 1, "file", S_IFREG | 04755, 0, 0, 1001), 0);
	st = host_stat(fixture, "file");
	CHECK(st.st_uid == 1000 && st.st_gid == 1001 && st.st_mode == (S_IFREG | 04755));
	CHECK_EQ(do_walk(client, 1, 2, ""), 0);
	CHECK_EQ(do_lcreate(client, 2, "made", O_RDWR, 06777, 1001), 0);
	st = host_stat(fixture, "made");
	CHECK(st.st_uid == 1000 && st.st_gid == 1001 && st.st_mode == (S_IFREG | 06777));
	CHECK_EQ(do_mknod(client, 1, "odd", S_IFDIR | 0755, 0, 0, 0), -EINVAL);

	/* What is in a folder with set-group-id has the folder's group; folders, the bit too. */
	CHECK_EQ(mkdir(host(fixture, "shared"), 0777), 0);
	CHECK_EQ(chown(host(fixture, "shared"), 0, 555), 0);
	CHECK_EQ(chmod(host(fixture, "shared"), 02777), 0);
	CHECK_EQ(do_walk(client, 1, 3, "shared"), 0);
	CHECK_EQ(do_mkdir(client, 3, "folder", 02755, 1001), 0);
	st = host_stat(fixture, "shared/folder");
	CHECK(st.st_uid == 1000 && st.st_gid == 555 && st.st_mode == (S_IFDIR | 02755));
	CHECK_EQ(do_mknod(client, 3, "file", S_IFREG | 0644, 0, 0, 555), 0);
	st = host_stat(fixture, "shared/file");
	CHECK(st.st_uid == 1000 && st.st_gid == 555);

	/* Nobody in particular: the server's own. */
	CHECK_EQ(do_attach(client, 9, P9_NO_UID), 0);
	CHECK_EQ(do_mkdir(client, 9, "own", 0700, P9_NO_UID), 0);
	st = host_stat(fixture, "own");
	CHECK(st.st_uid == 0 && st.st_gid == 0);
	tear_down(fixture);
}

/* The host would let root's write pass; the guest's user is not root. */
static void a_write_takes_privilege_away(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	host_file(fixture, "file", "");
	CHECK_EQ(chmod(host(fixture, "file"), 06755), 0);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(do_write(client, 1, 0, "x", 1), 1);
	CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 06755);
	CHECK_EQ(do_attach(client, 2, 1000), 0);
	CHECK_EQ(do_walk(client, 2, 3, "file"), 0);
	CHECK_EQ(do_lopen(client, 3, O_RDWR), 0);
	CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 06755);
	CHECK_EQ(do_write(client, 3, 0, "x", 1), 1);
	CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 0755);
	/* Set-group-id without group execution is no privilege. */
	CHECK_EQ(chmod(host(fixture, "file"), 02745), 0);
	CHECK_EQ(do_walk(client, 2, 4, "file"), 0);
	CHECK_EQ(do_lopen(client, 4, O_RDWR), 0);
	CHECK_EQ(do_write(client, 4, 0, "x", 1), 1);
	CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 02745);
	tear_down(fixture);
}

static void attributes(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes attributes;
	struct stat st, later;

	client->torture = true;
	host_file(fixture, "file", "12345");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_getattr(client, 1, &attributes), 0);
	st = host_stat(fixture, "file");
	CHECK_EQ(attributes.valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
	CHECK_EQ(attributes.size, 5);
	CHECK_EQ(attributes.nlink, 1);
	CHECK_EQ(attributes.mode, st.st_mode);
	CHECK_EQ(attributes.blocks, st.st_blocks);
	CHECK_EQ(attributes.block_size, st.st_blksize);
	CHECK_EQ(attributes.mtime_sec, st.st_mtim.tv_sec);
	CHECK_EQ(attributes.mtime_nsec, st.st_mtim.tv_nsec);
	CHECK_EQ(attributes.qid.path, st.st_ino);

	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_MODE, S_IFDIR | 0600, 0, 0, 0), 0);
	CHECK_EQ(host_stat(fixture, "file").st_mode, S_IFREG | 0600);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_SIZE | P9_SETATTR_MTIME | P9_SETATTR_CTIME, 0, 0, 0, 3), 0);
	CHECK_EQ(host_stat(fixture, "file").st_size, 3);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_SIZE, 0, 0, 0, 1ull << 63), -EINVAL);
	CHECK_EQ(do_setattr(client, 1,
			 P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET | P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET, 0,
			 0, 0, 0),
		0);
	st = host_stat(fixture, "file");
	CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5);
	CHECK(st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 6);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_ATIME, 0, 0, 0, 0), 0);
	st = host_stat(fixture, "file");
	CHECK(st.st_atim.tv_sec > 1000 && st.st_mtim.tv_sec == 2000);
	/* A size and a time in one: the time is the last word. */
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_SIZE | P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET, 0, 0, 0, 1),
		0);
	st = host_stat(fixture, "file");
	CHECK(st.st_size == 1 && st.st_mtim.tv_sec == 2000);
	if (geteuid() == 0) {
		CHECK_EQ(do_setattr(client, 1, P9_SETATTR_UID, 0, 12, 34, 0), 0);
		CHECK_EQ(host_stat(fixture, "file").st_uid, 12);
		CHECK_EQ(host_stat(fixture, "file").st_gid, 0);
		CHECK_EQ(do_setattr(client, 1, P9_SETATTR_GID | P9_SETATTR_MODE, 04755, 12, 34, 0), 0);
		CHECK_EQ(host_stat(fixture, "file").st_gid, 34);
		CHECK_EQ(host_stat(fixture, "file").st_mode & 07777, 04755);
	}
	/* Nothing at all; and nothing but the time of change, which is now. */
	CHECK_EQ(do_setattr(client, 1, 0, 0, 0, 0, 0), 0);
	st = host_stat(fixture, "file");
	usleep(30000);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_CTIME, 0, 0, 0, 0), 0);
	later = host_stat(fixture, "file");
	CHECK(later.st_ctim.tv_sec != st.st_ctim.tv_sec || later.st_ctim.tv_nsec != st.st_ctim.tv_nsec);
	CHECK(later.st_mtim.tv_sec == 2000 && later.st_uid == st.st_uid);
	CHECK_EQ(do_setattr(client, 0, P9_SETATTR_SIZE, 0, 0, 0, 0), -EISDIR);
	CHECK_EQ(do_setattr(client, 9, 0, 0, 0, 0, 0), -EBADF);
	tear_down(fixture);
}

/* Each bit of a Tsetattr does its own and nothing else, whatever others are set. */
static void each_mask_of_attributes(void)
{
	static const struct timespec old[2] = {{.tv_sec = 500}, {.tv_sec = 500}};
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	if (geteuid() != 0) {
		tear_down(fixture);
		SKIP("needs root");
	}
	host_file(fixture, "file", "text");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	for (uint32_t valid = 0; valid <= 0x1ff; valid++) {
		struct stat st;
		time_t atime = 500, mtime = 500;

		CHECK_EQ(chown(host(fixture, "file"), 1, 2), 0);
		CHECK_EQ(chmod(host(fixture, "file"), 0644), 0);
		CHECK_EQ(truncate(host(fixture, "file"), 4), 0);
		CHECK_EQ(utimensat(AT_FDCWD, host(fixture, "file"), old, 0), 0);
		CHECK_EQ(do_setattr(client, 1, valid, 0750, 3, 4, 2), 0);
		st = host_stat(fixture, "file");
		CHECK_EQ(st.st_mode, S_IFREG | (valid & P9_SETATTR_MODE ? 0750 : 0644));
		CHECK_EQ(st.st_uid, valid & P9_SETATTR_UID ? 3 : 1);
		CHECK_EQ(st.st_gid, valid & P9_SETATTR_GID ? 4 : 2);
		CHECK_EQ(st.st_size, valid & P9_SETATTR_SIZE ? 2 : 4);
		/* 0: now. */
		if (valid & (P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET))
			atime = valid & P9_SETATTR_ATIME_SET ? 1000 : 0;
		if (valid & (P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET))
			mtime = valid & P9_SETATTR_MTIME_SET ? 2000 : 0;
		else if (valid & P9_SETATTR_SIZE)
			mtime = 0;
		if (!CHECK(atime ? st.st_atim.tv_sec == atime : st.st_atim.tv_sec > 1000000000) ||
			!CHECK(mtime ? st.st_mtim.tv_sec == mtime : st.st_mtim.tv_sec > 1000000000))
			printf("# mask %x\n", valid);
		if (atime == 1000)
			CHECK_EQ(st.st_atim.tv_nsec, 5);
		if (mtime == 2000)
			CHECK_EQ(st.st_mtim.tv_nsec, 6);
	}
	tear_down(fixture);
}

/* The numbers that utimensat(2) takes for "now" and "leave it" are no times. */
static void times_that_are_none(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	static const uint64_t none[] = {1000000000, UTIME_NOW, UTIME_OMIT, 0xffffffffffffffff};

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	for (int i = 0; i < 4; i++) {
		begin(client, P9_TSETATTR);
		put32(client, 1);
		put32(client, P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET);
		put32(client, 0);
		put64(client, 0);
		put64(client, 0);
		put64(client, 0);
		put64(client, 0);
		put64(client, 1);
		put64(client, none[i]);
		CHECK_EQ(call(client), -EINVAL);
	}
	tear_down(fixture);
}

static void a_file_unlinked_while_open(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes attributes;
	char buffer[16];

	host_file(fixture, "file", "text");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(do_unlinkat(client, 0, "file", 0), 0);
	CHECK(!host_exists(fixture, "file"));
	CHECK_EQ(do_write(client, 1, 4, "s", 1), 1);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 5);
	CHECK_EQ(do_getattr(client, 1, &attributes), 0);
	CHECK_EQ(attributes.nlink, 0);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_SIZE | P9_SETATTR_MODE, 0600, 0, 0, 2), 0);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET, 0, 0, 0, 0), 0);
	/* Another fid of it, made after it had no name. */
	CHECK_EQ(do_walk(client, 1, 2, ""), 0);
	CHECK_EQ(do_setattr(client, 2, P9_SETATTR_SIZE, 0, 0, 0, 1), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY), 0);
	CHECK_EQ(do_read(client, 2, 0, buffer, sizeof(buffer)), 1);
	CHECK_EQ(do_getattr(client, 2, &attributes), 0);
	CHECK(attributes.size == 1 && (attributes.mode & 07777) == 0600);
	CHECK_EQ(do_link(client, 0, 1, "back"), -ENOENT);
	tear_down(fixture);
}

static void names(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	client->torture = true;
	host_file(fixture, "file", "text");
	CHECK_EQ(do_mkdir(client, 0, "folder", 0755, 0), 0);
	CHECK_EQ(do_mkdir(client, 0, "folder", 0755, 0), -EEXIST);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "folder"), 0);
	CHECK_EQ(do_link(client, 2, 1, "link"), 0);
	CHECK_EQ(do_link(client, 2, 1, "link"), -EEXIST);
	CHECK_EQ(do_link(client, 2, 2, "other"), -EPERM);
	CHECK_EQ(do_link(client, 2, 77, "other"), -EBADF);
	CHECK_EQ(do_link(client, 1, 1, "other"), -ENOTDIR);
	CHECK_EQ(host_stat(fixture, "folder/link").st_nlink, 2);
	CHECK_EQ(do_renameat(client, 0, "file", 2, "moved"), 0);
	CHECK(host_exists(fixture, "folder/moved"));
	CHECK_EQ(do_renameat(client, 0, "file", 2, "moved"), -ENOENT);
	CHECK_EQ(do_renameat(client, 2, "moved", 0, "file"), 0);
	CHECK_EQ(do_unlinkat(client, 0, "folder", 0), -EISDIR);
	CHECK_EQ(do_unlinkat(client, 0, "folder", P9_AT_REMOVEDIR), -ENOTEMPTY);
	CHECK_EQ(do_unlinkat(client, 2, "link", P9_AT_REMOVEDIR), -ENOTDIR);
	CHECK_EQ(do_unlinkat(client, 2, "link", 0x100), -EINVAL);
	CHECK_EQ(do_unlinkat(client, 2, "link", 0), 0);
	CHECK_EQ(do_unlinkat(client, 0, "folder", P9_AT_REMOVEDIR), 0);
	CHECK(!host_exists(fixture, "folder"));
	tear_down(fixture);
}

static void names_by_fid(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	host_file(fixture, "file", "text");
	CHECK_EQ(do_mkdir(client, 0, "folder", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "folder"), 0);
	CHECK_EQ(do_rename(client, 1, 2, "moved"), 0);
	CHECK(host_exists(fixture, "folder/moved"));
	CHECK_EQ(do_rename(client, 1, 0, "file"), 0);
	CHECK_EQ(do_rename(client, 0, 2, "root"), -EBUSY);
	/* A fid that was renamed by another's name does not name the new one there. */
	CHECK_EQ(do_renameat(client, 0, "file", 0, "elsewhere"), 0);
	CHECK_EQ(do_rename(client, 1, 2, "moved"), -ENOENT);
	host_file(fixture, "file", "another");
	CHECK_EQ(do_rename(client, 1, 2, "moved"), -ESTALE);
	CHECK_EQ(do_remove(client, 1), -ESTALE);
	CHECK_EQ(do_clunk(client, 1), -EBADF); /* gone all the same */
	CHECK(host_exists(fixture, "file"));
	CHECK_EQ(do_remove(client, 2), 0);
	CHECK(!host_exists(fixture, "folder"));
	CHECK_EQ(do_remove(client, 2), -EBADF);
	CHECK_EQ(do_walk(client, 0, 3, ""), 0);
	CHECK_EQ(do_lcreate(client, 3, "made", O_RDWR, 0600, 0), 0);
	CHECK_EQ(do_remove(client, 3), 0);
	CHECK(!host_exists(fixture, "made"));
	CHECK_EQ(do_remove(client, 0), -EBUSY);
	tear_down(fixture);
}

static void symlinks(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char longest[P9_MAX_PATH + 2], target[65536];

	client->torture = true;
	CHECK_EQ(do_symlink(client, 0, "link", "some/where", 0), 0);
	CHECK_EQ(get_qid(client).type, P9_QID_SYMLINK);
	CHECK_EQ(do_walk(client, 0, 1, "link"), 0);
	CHECK_EQ(do_readlink(client, 1, target), 0);
	CHECK(strcmp(target, "some/where") == 0);
	CHECK_EQ(do_readlink(client, 0, target), -EINVAL);
	CHECK_EQ(do_symlink(client, 0, "link", "x", 0), -EEXIST);
	CHECK_EQ(do_symlink(client, 0, "empty", "", 0), -ENOENT);
	client->torture = false;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK_EQ(do_symlink(client, 0, "long", longest, 0), -ENAMETOOLONG);
	longest[P9_MAX_PATH] = '\0';
	CHECK_EQ(do_symlink(client, 0, "long", longest, 0), 0);
	CHECK_EQ(do_walk(client, 0, 2, "long"), 0);
	CHECK_EQ(do_readlink(client, 2, target), 0);
	CHECK(strcmp(target, longest) == 0);
	tear_down(fixture);
}

static void file_system(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct statfs st;

	CHECK_EQ(statfs(host(fixture, ""), &st), 0);
	begin(client, P9_TSTATFS);
	put32(client, 0);
	CHECK_EQ(call(client), 0);
	CHECK_EQ(get32(client), 0x01021997);
	CHECK_EQ(get32(client), st.f_bsize);
	CHECK_EQ(get64(client), st.f_blocks);
	get64(client);
	get64(client);
	CHECK_EQ(get64(client), st.f_files);
	get64(client);
	get64(client);
	CHECK_EQ(get32(client), 255);
	CHECK(at_end(client));
	tear_down(fixture);
}

/* A file with the inode number of one that is gone is another file to the guest. */
static void versions_stay_and_tell_apart(void)
{
	struct fixture *fixture = set_up_on("/dev/shm", NULL);
	struct client *client = &fixture->client;
	struct p9_attributes one, two;

	host_file(fixture, "file", "text");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_getattr(client, 1, &one), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(do_write(client, 1, 0, "other text", 10), 10);
	CHECK_EQ(do_link(client, 0, 1, "alias"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "alias"), 0);
	CHECK_EQ(do_getattr(client, 2, &two), 0);
	CHECK_EQ(two.qid.version, one.qid.version);
	CHECK_EQ(two.qid.path, one.qid.path);
	CHECK(one.qid.version != 0);
	tear_down(fixture);
}

int main(void)
{
	RUN(making_and_writing);
	RUN(opened_by_the_first_request);
	RUN(creating_what_is_there);
	RUN(big_reads_and_writes);
	RUN(owners_and_modes);
	RUN(a_write_takes_privilege_away);
	RUN(attributes);
	RUN(each_mask_of_attributes);
	RUN(times_that_are_none);
	RUN(a_file_unlinked_while_open);
	RUN(names);
	RUN(names_by_fid);
	RUN(symlinks);
	RUN(file_system);
	RUN(versions_stay_and_tell_apart);
	return unit_end();
}
