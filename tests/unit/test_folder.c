/* SPDX-License-Identifier: Apache-2.0 */
/* The folder share: sessions, walks, what keeps a guest inside, limits. */
#include "tests/unit/folder_fixture.h"

#include <sys/mount.h>
#include <sys/resource.h>

static void a_session_begins_with_a_version(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char version[64];

	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(get32(client), 8192);
	get_string(client, version);
	CHECK(strcmp(version, P9_VERSION) == 0);
	/* The fids of the session before are gone. */
	CHECK_EQ(do_clunk(client, 0), -EBADF);
	/* No more than the transport carries. */
	CHECK_EQ(do_version(client, 0xffffffff, P9_VERSION), 0);
	CHECK_EQ(get32(client), CLIENT_MSIZE);
	/* Another protocol, and then nothing goes. */
	CHECK_EQ(do_version(client, 8192, "9P2000"), 0);
	get32(client);
	get_string(client, version);
	CHECK(strcmp(version, "unknown") == 0);
	CHECK_EQ(do_attach(client, 0, 0), -EPROTO);
	CHECK_EQ(do_version(client, 4095, P9_VERSION), -EMSGSIZE);
	CHECK_EQ(do_version(client, 0, P9_VERSION), -EMSGSIZE);
	CHECK_EQ(do_attach(client, 0, 0), -EPROTO);
	tear_down(fixture);
}

/* The end of a file's bytes lies beyond what was agreed upon. */
static void a_request_longer_than_msize(void)
{
	static const uint8_t bytes[8193];

	for (uint32_t over = 0; over < 2; over++) {
		struct fixture *fixture = set_up();
		struct client *client = &fixture->client;

		CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
		CHECK_EQ(do_attach(client, 0, 0), 0);
		/* Of the root's fid, which is not open; cut as torture does it would take its time. */
		client->torture = false;
		begin(client, P9_TWRITE);
		put32(client, 0);
		put64(client, 0);
		put32(client, 8192 - P9_WRITE_HEADER_SIZE + over);
		put_bytes(client, bytes, 8192 - P9_WRITE_HEADER_SIZE + over);
		CHECK_EQ(call(client), over ? BROKEN : -EBADF);
		CHECK(!over || strcmp(client->share->broken, "a request longer than msize") == 0);
		tear_down(fixture);
	}
}

static void attaching(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_qid root, other;

	CHECK_EQ(do_attach(client, 1, 1000), 0);
	root = get_qid(client);
	CHECK_EQ(root.type, P9_QID_DIR);
	CHECK(root.version != 0);
	CHECK_EQ(do_attach(client, 2, P9_NO_UID), 0);
	other = get_qid(client);
	CHECK_EQ(other.path, root.path);
	CHECK_EQ(do_attach(client, 2, 0), -EBADF);
	CHECK_EQ(do_attach(client, P9_NO_FID, 0), -EBADF);
	/* Nobody authenticates here. */
	begin(client, P9_TAUTH);
	put32(client, 9);
	put_string(client, "");
	put_string(client, "");
	put32(client, 0);
	CHECK_EQ(call(client), -EOPNOTSUPP);
	begin(client, P9_TATTACH);
	put32(client, 9);
	put32(client, 1);
	put_string(client, "");
	put_string(client, "");
	put32(client, 0);
	CHECK_EQ(call(client), -EINVAL);
	CHECK_EQ(do_flush(client, 1), 0);
	tear_down(fixture);
}

static void walking(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes one, two;

	CHECK_EQ(mkdir(host(fixture, "a"), 0755), 0);
	CHECK_EQ(mkdir(host(fixture, "a/b"), 0755), 0);
	host_file(fixture, "a/b/c", "text");

	CHECK_EQ(do_walk(client, 0, 1, "a/b/c"), 0);
	CHECK_EQ(get_qid(client).type, P9_QID_DIR);
	CHECK_EQ(get_qid(client).type, P9_QID_DIR);
	CHECK_EQ(get_qid(client).type, P9_QID_FILE);
	CHECK(at_end(client));
	CHECK_EQ(do_getattr(client, 1, &one), 0);
	CHECK_EQ(one.mode & S_IFMT, S_IFREG);
	/* A clone, which outlives what it was made of. */
	CHECK_EQ(do_walk(client, 1, 2, ""), 0);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(do_getattr(client, 2, &two), 0);
	CHECK_EQ(two.qid.path, one.qid.path);
	/* The same fid moves. */
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_walk(client, 1, 1, "a"), 0);
	CHECK_EQ(do_walk(client, 1, 1, "b/c"), 0);
	CHECK_EQ(do_getattr(client, 1, &two), 0);
	CHECK_EQ(two.qid.path, one.qid.path);
	CHECK_EQ(do_walk(client, 1, 1, ""), 0);

	/* The first name is not there: an error. */
	CHECK_EQ(do_walk(client, 0, 3, "none"), -ENOENT);
	CHECK_EQ(client->reply[4], P9_RLERROR);
	/* A later one: as far as it came, and no fid. */
	CHECK_EQ(do_walk(client, 0, 3, "a/none/c"), -ENOENT);
	CHECK_EQ(client->reply[4], P9_RWALK);
	CHECK_EQ(client->reply[7], 1);
	CHECK_EQ(do_clunk(client, 3), -EBADF);
	/* And the fid that should have moved stays. */
	CHECK_EQ(do_walk(client, 0, 4, "a"), 0);
	CHECK_EQ(do_walk(client, 4, 4, "b/none"), -ENOENT);
	CHECK_EQ(do_walk(client, 4, 5, "b"), 0);
	/* A file is no folder. */
	CHECK_EQ(do_walk(client, 1, 6, "x"), -ENOTDIR);
	/* Fids that are not, and that are already. */
	CHECK_EQ(do_walk(client, 99, 6, "a"), -EBADF);
	CHECK_EQ(do_walk(client, 0, 5, "a"), -EBADF);
	CHECK_EQ(do_walk(client, 0, P9_NO_FID, "a"), -EBADF);
	/* An open one can be cloned, not moved. */
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_walk(client, 1, 6, ""), 0);
	CHECK_EQ(do_walk(client, 1, 1, ""), -EBUSY);
	CHECK_EQ(do_lopen(client, 6, O_RDONLY), 0);
	CHECK_EQ(do_lopen(client, 6, O_RDONLY), -EBADF);
	tear_down(fixture);
}

static void walking_with_attributes(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes one, two;

	CHECK_EQ(mkdir(host(fixture, "a"), 0750), 0);
	host_file(fixture, "a/b", "text");

	CHECK_EQ(do_walkgetattr(client, 0, 1, "a", 0x3fff, &one), 0);
	CHECK_EQ(one.mode, S_IFDIR | 0750);
	CHECK_EQ(do_walkgetattr(client, 1, 2, "b", 0x3fff, &two), 0);
	CHECK_EQ(two.size, 4);
	CHECK(two.qid.path != one.qid.path);
	/* The fids are as after a walk. */
	CHECK_EQ(do_getattr(client, 1, &two), 0);
	CHECK_EQ(two.qid.path, one.qid.path);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY), 0);
	/* What is not there, is no folder, no name, no fid, a fid already: no new one. */
	CHECK_EQ(do_walkgetattr(client, 1, 3, "none", 0x3fff, &two), -ENOENT);
	CHECK_EQ(do_walkgetattr(client, 2, 3, "b", 0x3fff, &two), -ENOTDIR);
	CHECK_EQ(do_walkgetattr(client, 1, 3, "..", 0x3fff, &two), -EINVAL);
	CHECK_EQ(do_walkgetattr(client, 1, 3, "", 0x3fff, &two), -ENOENT);
	CHECK_EQ(do_walkgetattr(client, 9, 3, "b", 0x3fff, &two), -EBADF);
	CHECK_EQ(do_walkgetattr(client, 0, 2, "a", 0x3fff, &two), -EBADF);
	CHECK_EQ(do_walkgetattr(client, 1, P9_NO_FID, "b", 0x3fff, &two), -EBADF);
	/* None moves. */
	CHECK_EQ(do_walkgetattr(client, 1, 1, "b", 0x3fff, &two), -EINVAL);
	CHECK_EQ(do_clunk(client, 3), -EBADF);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(do_clunk(client, 2), 0);
	tear_down(fixture);
}

/* Sends a walk of one name with any bytes in it. */
static int walk_bytes(struct client *client, const char *name, size_t length)
{
	int result;

	begin(client, P9_TWALK);
	put32(client, 0);
	put32(client, 50);
	put16(client, 1);
	put16(client, (uint16_t)length);
	put_bytes(client, name, length);
	result = call(client);
	if (result == 0)
		do_clunk(client, 50);
	return result;
}

static void no_way_out_by_names(void)
{
	static const char *const names[] = {".", "..", "/", "/etc", "../secret", "a/../..", "//", "./a"};
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	CHECK_EQ(mkdir(host(fixture, "a"), 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK_EQ(walk_bytes(client, names[i], strlen(names[i])), -EINVAL);
		CHECK_EQ(do_mkdir(client, 0, names[i], 0755, 0), -EINVAL);
		CHECK_EQ(do_mknod(client, 0, names[i], S_IFREG, 0, 0, 0), -EINVAL);
		CHECK_EQ(do_symlink(client, 0, names[i], "x", 0), -EINVAL);
		CHECK_EQ(do_lcreate(client, 0, names[i], O_RDWR, 0644, 0), -EINVAL);
		CHECK_EQ(do_unlinkat(client, 0, names[i], 0), -EINVAL);
		CHECK_EQ(do_renameat(client, 0, "a", 0, names[i]), -EINVAL);
		CHECK_EQ(do_renameat(client, 0, names[i], 0, "b"), -EINVAL);
		CHECK_EQ(do_link(client, 0, 0, names[i]), -EINVAL);
		CHECK_EQ(do_rename(client, 0, 0, names[i]), -EINVAL);
	}
	CHECK_EQ(walk_bytes(client, "", 0), -ENOENT);
	CHECK_EQ(walk_bytes(client, "a\0", 2), BROKEN);
	CHECK(client->share->broken != NULL);
	tear_down(fixture);
}

static void no_way_out_by_symlinks(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char target[PATH_MAX];

	CHECK_EQ(do_symlink(client, 0, "up", "..", 0), 0);
	CHECK_EQ(do_symlink(client, 0, "secret", "../secret", 0), 0);
	CHECK_EQ(do_symlink(client, 0, "root", "/", 0), 0);
	CHECK_EQ(do_symlink(client, 0, "self", "/proc/self/root", 0), 0);
	CHECK_EQ(do_symlink(client, 0, "0", "/etc", 0), 0);

	/* The symlink itself can be had, and nothing behind it. */
	CHECK_EQ(do_walk(client, 0, 1, "up"), 0);
	CHECK_EQ(get_qid(client).type, P9_QID_SYMLINK);
	CHECK_EQ(do_readlink(client, 1, target), 0);
	CHECK(strcmp(target, "..") == 0);
	CHECK_EQ(do_walk(client, 1, 2, "secret"), -ENOTDIR);
	CHECK_EQ(do_walk(client, 0, 2, "up/secret"), -ENOENT);
	CHECK_EQ(do_walk(client, 0, 2, "root/etc"), -ENOENT);
	CHECK_EQ(do_walk(client, 0, 2, "self/etc"), -ENOENT);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), -ELOOP);
	CHECK_EQ(do_mkdir(client, 1, "x", 0755, 0), -ENOTDIR);
	CHECK_EQ(do_lcreate(client, 1, "x", O_RDWR, 0644, 0), -ENOTDIR);
	CHECK_EQ(do_unlinkat(client, 1, "secret", 0), -ENOTDIR);
	CHECK_EQ(do_renameat(client, 1, "secret", 0, "x"), -ENOTDIR);
	CHECK_EQ(do_renameat(client, 0, "secret", 1, "x"), -ENOTDIR);
	CHECK_EQ(do_link(client, 1, 0, "x"), -ENOTDIR);
	/* Neither made, nor truncated, through a symlink that leads there. */
	CHECK_EQ(do_lcreate(client, 0, "secret", O_RDWR | O_TRUNC, 0644, 0), -ELOOP);
	CHECK_EQ(do_lcreate(client, 0, "secret", O_RDWR | O_EXCL, 0644, 0), -EEXIST);
	CHECK_EQ(do_walk(client, 0, 3, "secret"), 0);
	CHECK_EQ(do_setattr(client, 3, P9_SETATTR_SIZE, 0, 0, 0, 5), -EINVAL);
	CHECK_EQ(do_setattr(client, 3, P9_SETATTR_MODE, 0777, 0, 0, 0), -EOPNOTSUPP);
	/* Attributes of the symlink, never of its target. */
	CHECK_EQ(do_setattr(client, 3, P9_SETATTR_UID | P9_SETATTR_GID, 0, 7, 8, 0), 0);
	CHECK_EQ(host_stat(fixture, "secret").st_uid, 7);
	CHECK_EQ(host_stat(fixture, "../secret").st_uid, geteuid());
	CHECK_EQ(do_setattr(client, 3, P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET, 0, 0, 0, 0), 0);
	CHECK_EQ(host_stat(fixture, "secret").st_mtime, 2000);
	CHECK(host_stat(fixture, "../secret").st_mtime > 2000);
	CHECK_EQ(host_stat(fixture, "../secret").st_size, 0);
	/* A hard link to a symlink is one to the symlink. */
	CHECK_EQ(do_link(client, 0, 3, "again"), 0);
	CHECK_EQ(host_stat(fixture, "again").st_ino, host_stat(fixture, "secret").st_ino);
	tear_down(fixture);
}

/* A guest that holds a folder while it moves it about is still inside. */
static void no_way_out_by_renames(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;

	CHECK_EQ(do_mkdir(client, 0, "a", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 0, 1, "a"), 0);
	CHECK_EQ(do_mkdir(client, 1, "b", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 1, 2, "b"), 0);
	CHECK_EQ(do_mkdir(client, 2, "c", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 2, 3, "c"), 0);
	/* c is moved up, and "b" becomes a symlink that leads out, under the fids that were walked through
	 * them. */
	CHECK_EQ(do_renameat(client, 2, "c", 0, "c"), 0);
	CHECK_EQ(do_unlinkat(client, 1, "b", P9_AT_REMOVEDIR), 0);
	CHECK_EQ(do_symlink(client, 1, "b", "../..", 0), 0);
	CHECK_EQ(do_lcreate(client, 3, "made", O_RDWR, 0644, 0), 0);
	CHECK(host_exists(fixture, "c/made"));
	CHECK_EQ(do_mkdir(client, 2, "x", 0755, 0), -ENOENT); /* removed */
	CHECK_EQ(do_walk(client, 1, 4, "b"), 0);
	CHECK_EQ(do_walk(client, 1, 5, "b/secret"), -ENOENT);
	/* A folder does not go into itself. */
	CHECK_EQ(do_mkdir(client, 1, "d", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 1, 6, "d"), 0);
	CHECK_EQ(do_renameat(client, 0, "a", 6, "a"), -EINVAL);
	tear_down(fixture);
}

static void what_is_no_file_is_not_opened(void)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} kinds[] = {{"fifo", S_IFIFO}, {"socket", S_IFSOCK}, {"zero", S_IFCHR}, {"disk", S_IFBLK}};
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes attributes;

	if (geteuid() != 0) {
		tear_down(fixture);
		SKIP("needs root");
	}
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_EQ(do_mknod(client, 0, kinds[i].name, kinds[i].mode | 0666, 1, 5, 0), 0);
		CHECK_EQ(do_walk(client, 0, 1 + i, kinds[i].name), 0);
		CHECK_EQ(do_getattr(client, 1 + i, &attributes), 0);
		CHECK_EQ(attributes.mode, kinds[i].mode | 0666);
		if (i >= 2)
			CHECK_EQ(attributes.rdev, p9_device(1, 5));
		CHECK_EQ(do_lopen(client, 1 + i, O_RDONLY), -ENXIO);
		CHECK_EQ(do_lopen(client, 1 + i, O_WRONLY), -ENXIO);
		CHECK_EQ(do_setattr(client, 1 + i, P9_SETATTR_SIZE, 0, 0, 0, 0), -EINVAL);
		CHECK_EQ(do_lcreate(client, 0, kinds[i].name, O_RDWR, 0644, 0), -ENXIO);
	}
	tear_down(fixture);
}

static void limits_hold(void)
{
	const struct folder_limits limits = {.fids = 10,
		.open_files = 3,
		.xattr_bytes = 2 * 268 + 100, /* with two names */
		.locks = 1,
		.proc_self_fd = -1,
		.no_devices = true};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;

	host_file(fixture, "file", "");
	for (uint32_t i = 1; i < 10; i++)
		CHECK_EQ(do_walk(client, 0, i, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 10, "file"), -EMFILE);
	CHECK_EQ(do_attach(client, 10, 0), -EMFILE);
	CHECK_EQ(do_xattrwalk(client, 1, 10, ""), -EMFILE);
	for (uint32_t i = 1; i <= 3; i++)
		CHECK_EQ(do_lopen(client, i, O_RDWR), 0);
	CHECK_EQ(do_lopen(client, 4, O_RDWR), -ENFILE);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(do_lopen(client, 4, O_RDWR), 0);
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "new", O_RDWR, 0644, 0), -ENFILE);
	CHECK(!host_exists(fixture, "new"));
	/* Attributes in transit. */
	CHECK_EQ(do_xattrcreate(client, 5, "user.a", 60, 0), 0);
	CHECK_EQ(do_xattrcreate(client, 6, "user.b", 60, 0), -ENOMEM);
	CHECK_EQ(do_xattrcreate(client, 6, "user.b", 40, 0), 0);
	CHECK_EQ(do_clunk(client, 5), -EINVAL);
	CHECK_EQ(do_xattrcreate(client, 7, "user.b", 60, 0), 0);
	/* One without a value counts too. */
	CHECK_EQ(do_xattrcreate(client, 8, "user.c", 0, 0), -ENOMEM);
	/* Devices. */
	CHECK_EQ(do_mknod(client, 1, "null", S_IFCHR | 0666, 1, 3, 0), -EPERM);
	CHECK_EQ(do_mknod(client, 1, "disk", S_IFBLK | 0666, 0, 0, 0), -EPERM);
	if (geteuid() == 0)
		CHECK_EQ(do_mknod(client, 1, "whiteout", S_IFCHR, 0, 0, 0), 0);
	/* A new session begins with nothing. */
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(do_attach(client, 0, 0), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		CHECK_EQ(do_walk(client, 0, i, "file"), 0);
		CHECK_EQ(do_lopen(client, i, O_RDWR), 0);
	}
	tear_down(fixture);
}

/* What a fid has at worst, and what it counts. */
static void descriptors_are_limited(void)
{
	const struct folder_limits limits = {.descriptors = 8, .proc_self_fd = -1};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	int before = unit_open_fds(); /* one is the root's */

	CHECK_EQ(mkdir(host(fixture, "folder"), 0755), 0);
	host_file(fixture, "folder/file", "");
	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "folder/file"), 0);
	CHECK_EQ(unit_open_fds(), before + 2);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(unit_open_fds(), before + 3);
	CHECK_EQ(do_walk(client, 0, 2, "folder"), 0);
	CHECK_EQ(do_lcreate(client, 2, "new", O_RDWR, 0644, 0), 0);
	CHECK_EQ(unit_open_fds(), before + 6);
	/* One is left. */
	CHECK_EQ(do_walk(client, 0, 3, ""), 0);
	CHECK_EQ(do_lcreate(client, 3, "other", O_RDWR, 0644, 0), -EMFILE);
	CHECK(!host_exists(fixture, "other"));
	CHECK_EQ(do_walk(client, 0, 4, "file"), 0);
	CHECK_EQ(do_walk(client, 4, 5, ""), 0);
	CHECK_EQ(unit_open_fds(), before + 7);
	CHECK_EQ(do_walk(client, 0, 6, "file"), -EMFILE);
	CHECK_EQ(do_lopen(client, 4, O_RDONLY), -EMFILE);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), -EMFILE);
	CHECK_EQ(do_mkdir(client, 0, "other", 0755, 0), -EMFILE);
	CHECK(!host_exists(fixture, "other"));
	CHECK_EQ(do_clunk(client, 4), 0);
	CHECK_EQ(unit_open_fds(), before + 7);
	CHECK_EQ(do_clunk(client, 5), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), 0);
	CHECK_EQ(unit_open_fds(), before + 7);
	CHECK_EQ(do_walk(client, 0, 6, "file"), -EMFILE);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 1), 0);
	CHECK_EQ(do_walk(client, 0, 6, "file"), 0);
	/* A new session begins with nothing. */
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(unit_open_fds(), before);
	CHECK_EQ(do_attach(client, 0, 0), 0);
	CHECK_EQ(do_walk(client, 0, 1, "folder/file"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), 0);
	CHECK_EQ(unit_open_fds(), before + 3);
	tear_down(fixture);
}

/* The host's own limit is an error of the request, and the session goes on. */
static void running_out_of_descriptors(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct rlimit old, low;
	uint32_t fid = 1;
	int result;

	host_file(fixture, "file", "");
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 40;
	setrlimit(RLIMIT_NOFILE, &low);
	while ((result = do_walk(client, 0, fid, "file")) == 0)
		fid++;
	CHECK_EQ(result, -EMFILE);
	CHECK_EQ(do_mkdir(client, 0, "made", 0755, 0), -EMFILE);
	CHECK(!host_exists(fixture, "made"));
	CHECK_EQ(do_symlink(client, 0, "made", "x", 0), -EMFILE);
	CHECK(!host_exists(fixture, "made"));
	CHECK_EQ(do_clunk(client, 1), 0);
	/* One descriptor for the file, none for its node. */
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "made", O_RDWR, 0644, 0), -EMFILE);
	CHECK(!host_exists(fixture, "made"));
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK_EQ(do_lcreate(client, 1, "made", O_RDWR, 0644, 0), 0);
	setrlimit(RLIMIT_NOFILE, &old);
	tear_down(fixture);
}

static void a_root_must_be_a_folder(void)
{
	struct error err = {0};
	int fds = unit_open_fds();

	CHECK(folder_new(open("/proc/self/exe", O_PATH), NULL, &err) == NULL);
	CHECK(strstr(error_message(&err), "Not a directory") != NULL);
	error_clear(&err);
	CHECK(folder_new(-1, NULL, &err) == NULL);
	error_clear(&err);
	CHECK_EQ(unit_open_fds(), fds);
}

/* Files of a mount below the root are told from those with the same inode numbers above it. */
static void mounts_below_the_root(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct p9_attributes one, two;

	CHECK_EQ(mkdir(host(fixture, "one"), 0755), 0);
	CHECK_EQ(mkdir(host(fixture, "two"), 0755), 0);
	if (mount("none", host(fixture, "one"), "tmpfs", 0, NULL) < 0) {
		tear_down(fixture);
		SKIP("cannot mount");
	}
	CHECK_EQ(mount("none", host(fixture, "two"), "tmpfs", 0, NULL), 0);
	CHECK_EQ(do_walk(client, 0, 1, "one"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "two"), 0);
	CHECK_EQ(do_getattr(client, 1, &one), 0);
	CHECK_EQ(do_getattr(client, 2, &two), 0);
	CHECK_EQ(host_stat(fixture, "one").st_ino, host_stat(fixture, "two").st_ino);
	CHECK(one.qid.path != two.qid.path);
	CHECK_EQ(do_mkdir(client, 1, "inside", 0755, 0), 0);
	CHECK(host_exists(fixture, "one/inside"));
	CHECK_EQ(do_renameat(client, 1, "inside", 2, "inside"), -EXDEV);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK_EQ(umount(host(fixture, "one")), 0);
	CHECK_EQ(umount(host(fixture, "two")), 0);
	tear_down(fixture);
}

/* Where the share's mounts are in no namespace, as the stand-in's are, Linux would take the host's away with
 * the name. */
static void what_is_mounted_stays(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct error err = {0};
	int tree;

	CHECK_EQ(mkdir(host(fixture, "one"), 0755), 0);
	host_file(fixture, "file", "");
	host_file(fixture, "other", "");
	if (mount("none", host(fixture, "one"), "tmpfs", 0, NULL) < 0) {
		tear_down(fixture);
		SKIP("cannot mount");
	}
	CHECK_EQ(mount("/dev/null", host(fixture, "file"), NULL, MS_BIND, NULL), 0);
	tree = open_tree(AT_FDCWD, host(fixture, ""), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	CHECK(tree >= 0);
	CHECK_EQ(umount(host(fixture, "one")), 0);
	CHECK_EQ(umount(host(fixture, "file")), 0);
	client->share->free(client->share);
	client_init(client, folder_new(tree, NULL, &err));
	CHECK_EQ(do_version(client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(client, 0, 0), 0);

	CHECK_EQ(do_unlinkat(client, 0, "one", P9_AT_REMOVEDIR), -EBUSY);
	CHECK_EQ(do_unlinkat(client, 0, "file", 0), -EBUSY);
	CHECK_EQ(do_renameat(client, 0, "one", 0, "two"), -EBUSY);
	CHECK_EQ(do_renameat(client, 0, "other", 0, "file"), -EBUSY);
	CHECK_EQ(do_walk(client, 0, 1, "one"), 0);
	CHECK_EQ(do_rename(client, 1, 0, "two"), -EBUSY);
	CHECK_EQ(do_remove(client, 1), -EBUSY);
	CHECK_EQ(do_unlinkat(client, 0, "other", 0), 0);
	CHECK_EQ(do_unlinkat(client, 0, "absent", 0), -ENOENT);
	tear_down(fixture);
}

int main(void)
{
	RUN(a_session_begins_with_a_version);
	RUN(a_request_longer_than_msize);
	RUN(attaching);
	RUN(walking);
	RUN(walking_with_attributes);
	RUN(no_way_out_by_names);
	RUN(no_way_out_by_symlinks);
	RUN(no_way_out_by_renames);
	RUN(what_is_no_file_is_not_opened);
	RUN(limits_hold);
	RUN(descriptors_are_limited);
	RUN(running_out_of_descriptors);
	RUN(a_root_must_be_a_folder);
	RUN(mounts_below_the_root);
	RUN(what_is_mounted_stays);
	return unit_end();
}
