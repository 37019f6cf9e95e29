/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder share over a new temporary folder, with a client attached: fid 0 is the root for user 0. Beside
 * the folder that is shared lies a file that no guest may reach, "../secret".
 */
#ifndef XENRUN_UNIT_FOLDER_FIXTURE_H
#define XENRUN_UNIT_FOLDER_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/folder.h"
#include "tests/unit/p9_client.h"

struct fixture {
	char base[64]; /* holds "root" and "secret" */
	char text[PATH_MAX];
	struct client client;
	int fds_before;
};

/* A path on the host of something in the share; valid until the next call. */
static inline const char *host(struct fixture *fixture, const char *name)
{
	snprintf(fixture->text, sizeof(fixture->text), "%s/root/%s", fixture->base, name);
	return fixture->text;
}

static inline void host_file(struct fixture *fixture, const char *name, const char *content)
{
	FILE *file = fopen(host(fixture, name), "w");

	if (CHECK(file != NULL)) {
		fputs(content, file);
		fclose(file);
	}
}

static inline bool host_exists(struct fixture *fixture, const char *name)
{
	struct stat st;

	return lstat(host(fixture, name), &st) == 0;
}

static inline struct stat host_stat(struct fixture *fixture, const char *name)
{
	struct stat st = {0};

	CHECK_EQ(lstat(host(fixture, name), &st), 0);
	return st;
}

/* The whole content of a small file, in `out` with a NUL. */
static inline void host_content(struct fixture *fixture, const char *name, char *out, size_t size)
{
	int fd = open(host(fixture, name), O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, out, size - 1);

	CHECK(length >= 0);
	out[length < 0 ? 0 : length] = '\0';
	if (fd >= 0)
		close(fd);
}

static inline struct fixture *set_up_on(const char *where, const struct folder_limits *limits)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err = {0};
	char secret[128];
	int fd;

	fixture->fds_before = unit_open_fds();
	snprintf(fixture->base, sizeof(fixture->base), "%s/xenrun-unit-XXXXXX", where);
	CHECK(mkdtemp(fixture->base) != NULL);
	CHECK_EQ(mkdir(host(fixture, ""), 0755), 0);
	snprintf(secret, sizeof(secret), "%s/secret", fixture->base);
	fd = open(secret, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0);
	close(fd);

	fd = open(host(fixture, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
	client_init(&fixture->client, folder_new(fd, limits, &err));
	CHECK_EQ(do_version(&fixture->client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(&fixture->client, 0, 0), 0);
	return fixture;
}

static inline struct fixture *set_up(void)
{
	return set_up_on("/tmp", NULL);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void tear_down(struct fixture *fixture)
{
	fixture->client.share->free(fixture->client.share);
	CHECK_EQ(unit_open_fds(), fixture->fds_before);
	CHECK_EQ(chdir("/"), 0);
	nftw(fixture->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(fixture);
}

/* Requests that only a folder answers. */

static inline int do_lcreate(
	struct client *client, uint32_t fid, const char *name, uint32_t flags, uint32_t mode, uint32_t gid)
{
	begin(client, P9_TLCREATE);
	put32(client, fid);
	put_string(client, name);
	put32(client, flags);
	put32(client, mode);
	put32(client, gid);
	return call(client);
}

/* What the answer says, P9_LOCK_SUCCESS or another; -errno. */
static inline int do_lock(
	struct client *client, uint32_t fid, uint8_t type, uint64_t start, uint64_t length, uint32_t process)
{
	int result;

	begin(client, P9_TLOCK);
	put32(client, fid);
	put8(client, type);
	put32(client, 1);
	put64(client, start);
	put64(client, length);
	put32(client, process);
	put_string(client, "guest");
	result = call(client);
	return result < 0 ? result : get8(client);
}

/* The type of the lock in the way. */
static inline int do_getlock(struct client *client, uint32_t fid, uint8_t type, uint32_t process)
{
	char id[64];
	int result;

	begin(client, P9_TGETLOCK);
	put32(client, fid);
	put8(client, type);
	put64(client, 0);
	put64(client, 0);
	put32(client, process);
	put_string(client, "guest");
	result = call(client);
	if (result < 0)
		return result;
	result = get8(client);
	get64(client);
	get64(client);
	CHECK_EQ(get32(client), 0);
	get_string(client, id);
	CHECK(at_end(client));
	return result;
}

static inline int do_readdir(struct client *client, uint32_t fid, uint64_t offset, uint32_t count)
{
	begin(client, P9_TREADDIR);
	put32(client, fid);
	put64(client, offset);
	put32(client, count);
	return call(client);
}

static inline int do_list(struct client *client, uint32_t fid, uint32_t count)
{
	begin(client, P9_TLIST);
	put32(client, fid);
	put32(client, P9_OPEN_NOATIME);
	put32(client, count);
	return call(client);
}

static inline int do_mkdir(
	struct client *client, uint32_t dfid, const char *name, uint32_t mode, uint32_t gid)
{
	begin(client, P9_TMKDIR);
	put32(client, dfid);
	put_string(client, name);
	put32(client, mode);
	put32(client, gid);
	return call(client);
}

static inline int do_mknod(struct client *client, uint32_t dfid, const char *name, uint32_t mode,
	uint32_t major, uint32_t minor, uint32_t gid)
{
	begin(client, P9_TMKNOD);
	put32(client, dfid);
	put_string(client, name);
	put32(client, mode);
	put32(client, major);
	put32(client, minor);
	put32(client, gid);
	return call(client);
}

static inline int do_symlink(
	struct client *client, uint32_t dfid, const char *name, const char *target, uint32_t gid)
{
	begin(client, P9_TSYMLINK);
	put32(client, dfid);
	put_string(client, name);
	put_string(client, target);
	put32(client, gid);
	return call(client);
}

static inline int do_link(struct client *client, uint32_t dfid, uint32_t fid, const char *name)
{
	begin(client, P9_TLINK);
	put32(client, dfid);
	put32(client, fid);
	put_string(client, name);
	return call(client);
}

static inline int do_rename(struct client *client, uint32_t fid, uint32_t dfid, const char *name)
{
	begin(client, P9_TRENAME);
	put32(client, fid);
	put32(client, dfid);
	put_string(client, name);
	return call(client);
}

static inline int do_renameat(
	struct client *client, uint32_t from, const char *old_name, uint32_t to, const char *new_name)
{
	begin(client, P9_TRENAMEAT);
	put32(client, from);
	put_string(client, old_name);
	put32(client, to);
	put_string(client, new_name);
	return call(client);
}

static inline int do_unlinkat(struct client *client, uint32_t dfid, const char *name, uint32_t flags)
{
	begin(client, P9_TUNLINKAT);
	put32(client, dfid);
	put_string(client, name);
	put32(client, flags);
	return call(client);
}

static inline int do_remove(struct client *client, uint32_t fid)
{
	begin(client, P9_TREMOVE);
	put32(client, fid);
	return call(client);
}

static inline int do_readlink(struct client *client, uint32_t fid, char *out)
{
	int result;

	begin(client, P9_TREADLINK);
	put32(client, fid);
	result = call(client);
	if (result == 0) {
		get_string(client, out);
		CHECK(at_end(client));
	}
	return result;
}

/* Sends a request that is answered with attributes. */
static inline int call_for_attributes(struct client *client, struct p9_attributes *out)
{
	int result = call(client);

	if (result < 0)
		return result;
	out->valid = get64(client);
	out->qid = get_qid(client);
	out->mode = get32(client);
	out->uid = get32(client);
	out->gid = get32(client);
	out->nlink = get64(client);
	out->rdev = get64(client);
	out->size = get64(client);
	out->block_size = get64(client);
	out->blocks = get64(client);
	out->atime_sec = get64(client);
	out->atime_nsec = get64(client);
	out->mtime_sec = get64(client);
	out->mtime_nsec = get64(client);
	out->ctime_sec = get64(client);
	out->ctime_nsec = get64(client);
	out->btime_sec = get64(client);
	out->btime_nsec = get64(client);
	get64(client);
	out->data_version = get64(client);
	CHECK(at_end(client));
	return 0;
}

static inline int do_getattr_of(struct client *client, uint32_t fid, uint64_t mask, struct p9_attributes *out)
{
	begin(client, P9_TGETATTR);
	put32(client, fid);
	put64(client, mask);
	return call_for_attributes(client, out);
}

static inline int do_walkgetattr(struct client *client, uint32_t fid, uint32_t newfid, const char *name,
	uint64_t mask, struct p9_attributes *out)
{
	begin(client, P9_TWALKGETATTR);
	put32(client, fid);
	put32(client, newfid);
	put_string(client, name);
	put64(client, mask);
	return call_for_attributes(client, out);
}

static inline int do_getattr(struct client *client, uint32_t fid, struct p9_attributes *out)
{
	return do_getattr_of(client, fid, 0x3fff, out);
}

static inline int do_setattr(struct client *client, uint32_t fid, uint32_t valid, uint32_t mode, uint32_t uid,
	uint32_t gid, uint64_t size)
{
	begin(client, P9_TSETATTR);
	put32(client, fid);
	put32(client, valid);
	put32(client, mode);
	put32(client, uid);
	put32(client, gid);
	put64(client, size);
	put64(client, 1000);
	put64(client, 5);
	put64(client, 2000);
	put64(client, 6);
	return call(client);
}

static inline int do_xattrwalk(struct client *client, uint32_t fid, uint32_t newfid, const char *name)
{
	int result;

	begin(client, P9_TXATTRWALK);
	put32(client, fid);
	put32(client, newfid);
	put_string(client, name);
	result = call(client);
	return result < 0 ? result : (int)get64(client);
}

static inline int do_xattrcreate(
	struct client *client, uint32_t fid, const char *name, uint64_t size, uint32_t flags)
{
	begin(client, P9_TXATTRCREATE);
	put32(client, fid);
	put_string(client, name);
	put64(client, size);
	put32(client, flags);
	return call(client);
}

#endif
