/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: escape SECONDS FOLDER...
 * Tries, in a container, to reach a file "canary" above each of the folders, which are tops of shares: by
 * "..", by symlinks that are planted while another thread walks, by folders that are moved from under it, by
 * /proc's magic links. Prints how many processors there are, and how often it tried in each; status 1 and the
 * way when it has read the canary (a text with "xenrun-canary").
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define THREADS 2 /* of each kind, a folder */
#define PATHS	512

static atomic_bool ended;
static struct top {
	const char *path;
	int fd;
	atomic_ulong tries, moves;
} tops[8];
static _Thread_local uint32_t state;

static uint32_t next_random(size_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % (uint32_t)below;
}

#define PICK(array) array[next_random(sizeof(array) / sizeof(*array))]

static const char *const folders[] = {"a", "b", "a/b", "b/a", "a/b/c", "c"};
static const char *const links[] = {"a", "b", "c", "a/l", "b/l", "l"};
static const char *const targets[] = {"..", "../..", "../../..", "/", "/..", "../canary", "../../canary",
	"/proc/self/root", "/proc/self/cwd", "/proc/1/root/..", "/proc/self/fd", "/proc/thread-self/root/..",
	"../../../../../../.."};
static const char *const ways[] = {"canary", "../canary", "../../canary", "../../../canary",
	"../../../../canary", "l/canary", "l/../canary", "a/b/c/../../../../canary", "a/../../canary",
	"b/l/canary", "c/l/../../canary", "/canary", "/../canary", "/proc/self/root/../canary",
	"/proc/self/cwd/../canary", "/proc/1/root/../canary", "/proc/1/cwd/../canary", "a/l", "b/l", "l"};

static void found(const char *how, const char *path)
{
	printf("escaped: %s %s\n", how, path);
	fflush(stdout);
	_exit(1);
}

static void look(struct top *top, int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char text[128] = "";

	top->tries++;
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "xenrun-canary"))
		found("read", path);
	close(fd);
}

/* Moves folders, and puts links where folders were. */
static void *move(void *arg)
{
	struct top *own = arg;
	int top = own->fd;

	state = (uint32_t)(uintptr_t)&state;
	while (!ended) {
		const char *one = PICK(folders), *other = PICK(folders), *link = PICK(links);

		mkdirat(top, one, 0755);
		renameat(top, one, top, other);
		if (unlinkat(top, link, 0) < 0)
			unlinkat(top, link, AT_REMOVEDIR);
		symlinkat(PICK(targets), top, link);
		own->moves++;
	}
	return NULL;
}

/* Walks meanwhile, from the top or from within a folder that it holds. */
static void *walk(void *arg)
{
	struct top *own = arg;
	int top = own->fd;

	state = (uint32_t)(uintptr_t)&state + 1;
	while (!ended) {
		int dir = openat(top, PICK(folders), O_PATH | O_DIRECTORY | O_CLOEXEC);
		char path[PATHS];

		for (int i = 0; i < 8; i++)
			look(own, dir >= 0 && i % 2 ? dir : top, PICK(ways));
		snprintf(path, sizeof(path), "%s/%s", PICK(folders), PICK(ways));
		look(own, top, path);
		/* What would be planted outside. */
		snprintf(path, sizeof(path), "%s/../../../planted", PICK(folders));
		if (dir >= 0) {
			int fd = openat(dir, "../../../../planted", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

			if (fd >= 0)
				close(fd);
			renameat(dir, "c", top, path);
			linkat(dir, "../../canary", top, "stolen", 0);
			close(dir);
		}
		look(own, top, "stolen");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[16 * THREADS];
	int count = 0;

	if (argc < 3 || argc > 10) {
		fprintf(stderr, "usage: escape SECONDS FOLDER...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		tops[i - 2].path = argv[i];
		tops[i - 2].fd = open(argv[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (tops[i - 2].fd < 0) {
			fprintf(stderr, "escape: %s: %s\n", argv[i], strerror(errno));
			return 2;
		}
		for (int n = 0; n < THREADS; n++)
			if (pthread_create(&threads[count++], NULL, move, &tops[i - 2]) ||
				pthread_create(&threads[count++], NULL, walk, &tops[i - 2])) {
				fprintf(stderr, "escape: no thread\n");
				return 2;
			}
	}
	sleep((unsigned int)atoi(argv[1]));
	ended = true;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%ld processors\n", sysconf(_SC_NPROCESSORS_ONLN));
	for (int i = 0; i < argc - 2; i++)
		printf("%s: %lu tries, %lu moves\n", tops[i].path, (unsigned long)tops[i].tries,
			(unsigned long)tops[i].moves);
	return 0;
}
