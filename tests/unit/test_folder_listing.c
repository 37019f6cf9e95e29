/* SPDX-License-Identifier: Apache-2.0 */
/* The folder share: what is in a folder, and what is not told of what it is in. */
#include "tests/unit/folder_fixture.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

/* What is left of the answer, marking in `seen` each "fNNN"; "." and ".." count in *dots. Returns how many;
 * the cookie of the last is in *offset. */
static int entries(struct client *client, uint64_t *offset, int *seen, int *dots)
{
	int total = 0;

	while (client->at < client->reply_length && !client->short_reply) {
		struct p9_qid qid = get_qid(client);
		uint8_t type;
		char name[256];

		*offset = get64(client);
		type = get8(client);
		get_string(client, name);
		total++;
		if (name[0] == '.') {
			CHECK_EQ(qid.type, P9_QID_DIR);
			CHECK_EQ(type, DT_DIR);
			++*dots;
		} else {
			CHECK_EQ(type, DT_REG);
			seen[atoi(name + 1)]++;
		}
	}
	CHECK(at_end(client));
	return total;
}

/* Lists from `offset` on. Returns how many. */
static int list(struct client *client, uint32_t fid, uint64_t offset, uint32_t count, int *seen, int *dots)
{
	int total = 0;

	for (;;) {
		uint32_t length;

		CHECK_EQ(do_readdir(client, fid, offset, count), 0);
		length = get32(client);
		CHECK(length <= count);
		if (length == 0)
			return total;
		total += entries(client, &offset, seen, dots);
	}
}

static void listing(void)
{
	enum { FILES = 500 };
	static const uint32_t counts[] = {4000, 131000, 280, 1000000};
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	char name[260];
	int dots = 0;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%03d", i);
		host_file(fixture, name, "");
	}
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY | P9_OPEN_DIRECTORY), 0);
	for (int round = 0; round < 4; round++) {
		int seen[FILES] = {0};

		dots = 0;
		CHECK_EQ(list(client, 1, 0, counts[round], seen, &dots), FILES + 2);
		CHECK_EQ(dots, 2);
		for (int i = 0; i < FILES; i++)
			CHECK_EQ(seen[i], 1);
	}
	/* No room for a single entry is an error, not the end. */
	CHECK_EQ(do_readdir(client, 1, 0, 10), -EINVAL);
	CHECK_EQ(do_readdir(client, 1, 0, 0), -EINVAL);
	CHECK_EQ(do_readdir(client, 1, 0x8000000000000000, 4096), -EINVAL);
	/* From a cookie of the middle on. */
	CHECK_EQ(do_readdir(client, 1, 0, 300), 0);
	get32(client);
	get_qid(client);
	{
		uint64_t cookie = get64(client);
		int seen[FILES] = {0};

		dots = 0;
		CHECK_EQ(list(client, 1, cookie, 4000, seen, &dots), FILES + 1);
	}
	CHECK_EQ(do_read(client, 1, 0, name, 10), -EISDIR);
	CHECK_EQ(do_write(client, 1, 0, name, 10), -EBADF);
	/* A folder is not opened for writing. */
	CHECK_EQ(do_walk(client, 0, 2, ""), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDWR), -EISDIR);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY | O_TRUNC), -EISDIR);
	CHECK_EQ(do_walk(client, 0, 3, "f000"), 0);
	CHECK_EQ(do_lopen(client, 3, O_RDONLY), 0);
	CHECK_EQ(do_readdir(client, 3, 0, 4096), -ENOTDIR);
	/* A folder that was removed while it is open is empty. */
	CHECK_EQ(do_mkdir(client, 0, "gone", 0755, 0), 0);
	CHECK_EQ(do_walk(client, 0, 4, "gone"), 0);
	CHECK_EQ(do_lopen(client, 4, O_RDONLY), 0);
	CHECK_EQ(do_unlinkat(client, 0, "gone", P9_AT_REMOVEDIR), 0);
	CHECK_EQ(do_readdir(client, 4, 0, 4096), -ENOENT);
	tear_down(fixture);
}

static void all_at_once(void)
{
	enum { FILES = 100, SIZE = 2 * (24 + 1) + 1 + FILES * (24 + 4) };
	const struct folder_limits limits = {.descriptors = 5, .proc_self_fd = -1};
	struct fixture *fixture = set_up_on("/tmp", &limits);
	struct client *client = &fixture->client;
	int seen[FILES] = {0}, dots = 0, before;
	uint64_t offset;
	char name[16];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%03d", i);
		host_file(fixture, name, "");
	}
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_walk(client, 0, 2, "f000"), 0);
	before = unit_open_fds();
	CHECK_EQ(do_list(client, 1, 8000), 0);
	CHECK_EQ(get32(client), SIZE);
	CHECK_EQ(entries(client, &offset, seen, &dots), FILES + 2);
	CHECK_EQ(dots, 2);
	for (int i = 0; i < FILES; i++)
		CHECK_EQ(seen[i], 1);
	/* All or nothing. */
	CHECK_EQ(do_list(client, 1, SIZE - 1), -EFBIG);
	CHECK_EQ(do_list(client, 1, 0), -EFBIG);
	CHECK_EQ(do_list(client, 2, 8000), -ENOTDIR);
	CHECK_EQ(do_list(client, 3, 8000), -EBADF);
	/* The fid is as it was, and nothing stays open. */
	CHECK_EQ(unit_open_fds(), before);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_list(client, 1, 8000), 0);
	CHECK_EQ(do_walk(client, 0, 3, "f001"), 0);
	CHECK_EQ(do_walk(client, 0, 4, "f002"), 0);
	CHECK_EQ(do_walk(client, 0, 5, "f003"), -EMFILE);
	CHECK_EQ(do_list(client, 1, 8000), -EMFILE);
	tear_down(fixture);
}

/* One that is read without having been opened. */
static void opened_by_reading(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	int seen[2] = {0}, dots = 0;

	host_file(fixture, "f001", "");
	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(list(client, 1, 0, 4096, seen, &dots), 3);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), -EBADF);
	CHECK_EQ(do_walk(client, 1, 2, "f001"), 0);
	CHECK_EQ(do_readdir(client, 2, 0, 4096), -ENOTDIR);
	tear_down(fixture);
}

/* Where more may be found than is listed, a list says nothing. */
static void no_list_where_names_are_not_listed(void)
{
	struct error err = {0};
	struct client client;

	client_init(&client, folder_new(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), NULL, &err));
	CHECK_EQ(do_version(&client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(&client, 0, 0), 0);
	CHECK_EQ(do_list(&client, 0, CLIENT_MSIZE), -EOPNOTSUPP);
	CHECK_EQ(do_readdir(&client, 0, 0, 4000), 0);
	client.share->free(client.share);
	CHECK_EQ(chdir("/"), 0);
}

/* The numbers that an open folder, which has nothing in it, gives "." and "..". */
static void list_dots(struct client *client, uint32_t fid, uint64_t numbers[2])
{
	CHECK_EQ(do_readdir(client, fid, 0, 4096), 0);
	get32(client);
	for (int i = 0; i < 2; i++) {
		uint64_t number = get_qid(client).path;
		char name[256];

		get64(client);
		get8(client);
		get_string(client, name);
		CHECK(name[0] == '.');
		numbers[name[1] == '.'] = number;
	}
	CHECK(at_end(client));
}

static void the_number_of_what_is_outside_is_not_told(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	uint64_t root = host_stat(fixture, "").st_ino, numbers[2];

	CHECK_EQ(do_lopen(client, 0, O_RDONLY), 0);
	list_dots(client, 0, numbers);
	CHECK_EQ(numbers[0], root);
	CHECK_EQ(numbers[1], root);
	tear_down(fixture);
}

/* As a volume is: N/NAME is a mount of a folder from elsewhere on the host. */
static void nor_of_what_a_volume_is_in(void)
{
	struct fixture *fixture;
	struct client *client;
	char source[128], below[136];
	uint64_t numbers[2];

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP("needs a mount namespace");
	fixture = set_up();
	client = &fixture->client;
	snprintf(source, sizeof(source), "%s/source", fixture->base);
	snprintf(below, sizeof(below), "%s/below", source);
	CHECK_EQ(mkdir(source, 0755), 0);
	CHECK_EQ(mkdir(below, 0755), 0);
	CHECK_EQ(mkdir(host(fixture, "0"), 0755), 0);
	CHECK_EQ(mkdir(host(fixture, "0/name"), 0755), 0);
	CHECK_EQ(mount(source, host(fixture, "0/name"), NULL, MS_BIND, NULL), 0);
	CHECK_EQ(do_walk(client, 0, 1, "0/name/below"), 0);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	list_dots(client, 1, numbers);
	CHECK_EQ(numbers[0], host_stat(fixture, "0/name/below").st_ino);
	CHECK_EQ(numbers[1], host_stat(fixture, "0/name").st_ino);
	CHECK_EQ(rmdir(below), 0);
	CHECK_EQ(do_walk(client, 0, 2, "0/name"), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY), 0);
	list_dots(client, 2, numbers);
	CHECK_EQ(numbers[0], host_stat(fixture, "0/name").st_ino);
	CHECK_EQ(numbers[1], host_stat(fixture, "0/name").st_ino);
	CHECK_EQ(umount2(host(fixture, "0/name"), MNT_DETACH), 0);
	tear_down(fixture);
}

int main(void)
{
	RUN(listing);
	RUN(all_at_once);
	RUN(opened_by_reading);
	RUN(no_list_where_names_are_not_listed);
	RUN(the_number_of_what_is_outside_is_not_told);
	RUN(nor_of_what_a_volume_is_in);
	return unit_end();
}
