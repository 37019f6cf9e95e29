/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two guests in one folder that try to get out of it: each sends what comes into its head, while somebody on
 * the host moves folders and puts symlinks that lead outside in their places. RACE_SECONDS (3) says how long.
 *
 * Whatever any of them has opened is in the folder, and what is beside it is as it was.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#include "tests/unit/folder_fixture.h"

#define CANARY "what no guest reads"
#define FIDS   24

/* Names of folders, files and links, all of which become each other. */
static const char *const names[] = {"a", "b", "c", "d", "out", "up", "secret", "outside", "root"};
static const char *const targets[] = {"..", "../..", "../outside", "../secret", "../../outside/file", "/",
	"/etc", "/proc/self/root", "/proc/self/cwd", "/proc/self/fd"};
/* What no walk takes. */
static const char *const bad_names[] = {"..", ".", "../secret", "a/b", "/etc/passwd", ""};

#define PICK(array, state) array[next_random(state, sizeof(array) / sizeof(*array))]

static uint32_t next_random(uint32_t *state, size_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % (uint32_t)below;
}

static uint32_t guest = 1; /* what both do */

static const char *any_name(void)
{
	return next_random(&guest, 12) ? PICK(names, &guest) : PICK(bad_names, &guest);
}

static uint32_t any_fid(void)
{
	return next_random(&guest, FIDS);
}

/* The somebody on the host. */
struct mover {
	int root;
	atomic_bool ended;
	unsigned long moves;
};

static void *move_folders(void *arg)
{
	struct mover *mover = arg;
	uint32_t state = 7;

	while (!mover->ended) {
		const char *one = PICK(names, &state), *other = PICK(names, &state);
		int dir;

		switch (next_random(&state, 4)) {
		case 0:
			mkdirat(mover->root, one, 0755);
			break;
		case 1:
			symlinkat(PICK(targets, &state), mover->root, one);
			break;
		case 2: /* a folder and a link change places */
			syscall(SYS_renameat2, mover->root, one, mover->root, other, 2 /* RENAME_EXCHANGE */);
			break;
		default: /* deeper, or back */
			dir = openat(mover->root, one, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (dir < 0)
				break;
			if (renameat(mover->root, other, dir, other) < 0)
				renameat(dir, other, mover->root, other);
			close(dir);
			break;
		}
		mover->moves++;
	}
	return NULL;
}

static void any_walk(struct client *client, uint32_t from, uint32_t to)
{
	uint16_t count = (uint16_t)next_random(&guest, 6);

	begin(client, P9_TWALK);
	put32(client, from);
	put32(client, to);
	put16(client, count);
	while (count-- > 0)
		put_string(client, any_name());
	call(client);
}

static void read_and_look(struct client *client, uint32_t fid)
{
	char content[256];
	int got = do_read(client, fid, 0, content, sizeof(content) - 1);

	if (got > 0) {
		content[got] = '\0';
		CHECK(!strstr(content, CANARY));
	}
}

static void any_request(struct client *client)
{
	uint32_t fid = any_fid(), other = any_fid(), made = 1 + next_random(&guest, FIDS - 1);
	char text[P9_MAX_PATH + 1];
	struct p9_attributes attributes;

	switch (next_random(&guest, 18)) {
	case 0:
		do_lcreate(client, made, any_name(),
			O_RDWR | O_CREAT | (next_random(&guest, 2) ? O_TRUNC : 0), 0644, 0);
		break;
	case 1:
		do_mkdir(client, fid, any_name(), 0755, 0);
		break;
	case 2:
		do_symlink(client, fid, any_name(), PICK(targets, &guest), 0);
		break;
	case 3:
		do_link(client, fid, other, any_name());
		break;
	case 4:
		do_rename(client, other, fid, any_name());
		break;
	case 5:
		do_renameat(client, fid, any_name(), other, any_name());
		break;
	case 6:
		do_unlinkat(client, fid, any_name(), next_random(&guest, 2) ? P9_AT_REMOVEDIR : 0);
		break;
	case 7:
		do_lopen(client, made, next_random(&guest, 2) ? O_RDWR | O_TRUNC : O_RDONLY);
		break;
	case 8:
		do_write(client, made, 0, "written", 7);
		break;
	case 9:
		read_and_look(client, made);
		break;
	case 10:
		do_setattr(client, other, 1u << next_random(&guest, 9), 0700, 1, 1, 3);
		break;
	case 11:
		do_readlink(client, other, text);
		break;
	case 12:
		do_xattrwalk(client, other, made, "user.mine");
		break;
	case 13:
		do_getattr(client, other, &attributes);
		break;
	case 14:
		do_clunk(client, made);
		break;
	case 15:
		do_remove(client, made);
		break;
	default:
		any_walk(client, fid, made);
		break;
	}
	if (next_random(&guest, 200) == 0 && do_walk(client, 0, 0, "") == -EBADF) {
		do_version(client, CLIENT_MSIZE, P9_VERSION);
		CHECK_EQ(do_attach(client, 0, 0), 0);
	}
}

#define FD_MAX (4 * FIDS + 64)

static bool inherited[FD_MAX];

/* Every descriptor of a file is of one below the folder, of the folder itself, or of /proc/self/fd. */
static void look_at_descriptors(const char *root)
{
	size_t length = strlen(root);

	for (int fd = 0; fd < FD_MAX; fd++) {
		char link[32], path[PATH_MAX];
		ssize_t got;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		got = inherited[fd] ? -1 : readlink(link, path, sizeof(path) - 1);
		if (got < 0)
			continue;
		path[got] = '\0';
		if (strncmp(path, "/proc/", 6) == 0 && strcmp(path + got - 3, "/fd") == 0)
			continue;
		/* " (deleted)" may follow. */
		if (!CHECK(strncmp(path, root, length) == 0 && strchr("/ ", path[length])))
			printf("# open: %s\n", path);
	}
}

static void beside(struct fixture *fixture, const char *name, const char *content)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->base, name);
	file = fopen(path, "w");
	if (CHECK(file != NULL)) {
		fputs(content, file);
		fclose(file);
	}
}

/* All that is told of a file but when it was looked at. */
static void picture(struct fixture *fixture, const char *name, struct stat *out)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", fixture->base, name);
	CHECK_EQ(lstat(path, out), 0);
	memset(&out->st_atim, 0, sizeof(out->st_atim));
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void nobody_gets_out(void)
{
	static const char *const outside[] = {"secret", "outside", "outside/file"};
	double seconds = getenv("RACE_SECONDS") ? atof(getenv("RACE_SECONDS")) : 3;
	struct mover mover = {.moves = 0};
	struct fixture *fixture;
	struct stat before[3], after;
	unsigned long requests = 0;
	struct client *clients[2];
	struct client *second = calloc(1, sizeof(*second));
	struct error err = {0};
	char root[PATH_MAX];
	pthread_t thread;
	double end;

	for (int fd = 0; fd < FD_MAX; fd++)
		inherited[fd] = fcntl(fd, F_GETFD) >= 0;
	fixture = set_up();
	mover.root = open(host(fixture, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(root, sizeof(root), "%s/root", fixture->base);
	beside(fixture, "secret", CANARY);
	snprintf(fixture->text, sizeof(fixture->text), "%s/outside", fixture->base);
	CHECK_EQ(mkdir(fixture->text, 0755), 0);
	beside(fixture, "outside/file", CANARY);
	for (int i = 0; i < 3; i++)
		picture(fixture, outside[i], &before[i]);
	client_init(second, folder_new(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), NULL, &err));
	CHECK_EQ(do_version(second, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(second, 0, 0), 0);
	clients[0] = &fixture->client;
	clients[1] = second;

	CHECK_EQ(pthread_create(&thread, NULL, move_folders, &mover), 0);
	end = now() + seconds;
	while (!unit_failed && now() < end) {
		for (int i = 0; i < 100; i++, requests++)
			any_request(clients[next_random(&guest, 2)]);
		look_at_descriptors(root);
	}
	mover.ended = true;
	pthread_join(thread, NULL);
	printf("# %lu requests, %lu moves on the host\n", requests, mover.moves);
	CHECK(requests > 1000 && mover.moves > 100);

	for (int i = 0; i < 3; i++) {
		picture(fixture, outside[i], &after);
		if (!CHECK(memcmp(&before[i], &after, sizeof(after)) == 0))
			printf("# %s is not what it was\n", outside[i]);
	}
	second->share->free(second->share);
	free(second);
	close(mover.root);
	tear_down(fixture);
}

int main(void)
{
	RUN(nobody_gets_out);
	return unit_end();
}
