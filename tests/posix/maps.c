/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2) */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static char *map_of(int fd, size_t length, int protection, int flags)
{
	char *map = mmap(NULL, length, protection, flags, fd, 0);

	if (map == MAP_FAILED)
		need(-1, "mmap");
	return map;
}

void case_map_shared(void)
{
	char text[8] = "";
	int fd = make("file");
	char *map;

	need(write(fd, "begin", 5), "write");
	map = map_of(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	say("%.5s", map);
	memcpy(map, "BEGIN", 5);
	got(pread(fd, text, 5, 0), "pread, not synced");
	say("%s", text);
	did(msync(map, PAGE, MS_ASYNC), "msync, MS_ASYNC");
	did(msync(map, PAGE, MS_SYNC), "msync, MS_SYNC");
	show("file");
	got(pwrite(fd, "write", 5, 0), "pwrite");
	say("%.5s", map);
	map[PAGE - 1] = 'x';
	need(msync(map, PAGE, MS_SYNC), "msync");
	struct stat st = look("file");
	say_stat("behind the end", &st);
	did(munmap(map, PAGE), "munmap");
	need(ftruncate(fd, PAGE), "ftruncate");
	need(pread(fd, text, 1, PAGE - 1), "pread");
	say("what was written behind the end: %d", text[0]);
	map = map_of(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	close(fd);
	memcpy(map, "after", 5);
	did(munmap(map, PAGE), "munmap, the descriptor closed");
	show("file");
}

void case_map_private(void)
{
	int fd = make("file");
	char *map;

	need(write(fd, "text", 4), "write");
	map = map_of(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memcpy(map, "mine", 4);
	show("file");
	did(munmap(map, PAGE), "munmap");
	map = map_of(fd, PAGE, PROT_READ, MAP_PRIVATE);
	need(pwrite(fd, "TEXT", 4, 0), "pwrite");
	say("%.4s", map);
}

/* Two processes, each with a map of its own. */
void case_map_two(void)
{
	struct turns turns;
	pid_t pid;
	char *map;
	int fd = make("file");

	need(ftruncate(fd, 3 * PAGE), "ftruncate");
	turns_init(&turns);
	pid = child();
	fd = (int)need(open("file", O_RDWR), "open");
	map = map_of(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (pid == 0) {
		await_parent(&turns);
		say("the child sees %.6s", map + 2 * PAGE);
		memcpy(map + PAGE, "child", 6);
		turn_parent(&turns);
		await_parent(&turns);
		say("the child sees %.6s", map);
		leave();
	}
	memcpy(map + 2 * PAGE, "parent", 7);
	turn_child(&turns);
	await_child(&turns);
	say("the parent sees %s", map + PAGE);
	need(pwrite(fd, "pwrite", 6, 0), "pwrite");
	turn_child(&turns);
	join(pid);
}

static sigjmp_buf back;

static void caught(int signal)
{
	siglongjmp(back, signal);
}

/* The signal that reading or writing there is, or 0. */
static int touch(volatile char *at, bool write)
{
	int signal_;

	signal(SIGBUS, caught);
	signal(SIGSEGV, caught);
	signal_ = sigsetjmp(back, 1);
	if (signal_ == 0) {
		if (write)
			*at = 'x';
		else
			(void)*at;
	}
	return signal_;
}

void case_map_truncated(void)
{
	int fd = make("file");
	char *map;

	need(ftruncate(fd, 2 * PAGE), "ftruncate");
	map = map_of(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	say("within: %d", touch(map + PAGE, true));
	say("behind the end: %d", touch(map + 2 * PAGE, false));
	need(ftruncate(fd, 10), "ftruncate");
	say("cut, within: %d", touch(map + 5, true));
	say("behind the end of the last page: %d", touch(map + PAGE, false));
	need(ftruncate(fd, 2 * PAGE), "ftruncate");
	say("longer again: %d", touch(map + PAGE, false));
	say("%d", map[PAGE]);
	need(truncate("file", 0), "truncate");
	say("cut by name: %d", touch(map, false));
}

void case_map_extend(void)
{
	int fd = make("file");
	char *map;

	map = map_of(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	say("an empty file: %d", touch(map, false));
	need(pwrite(fd, "x", 1, PAGE), "pwrite");
	say("longer: %d", touch(map, true));
	say("%c", map[PAGE]);
	need(msync(map, 2 * PAGE, MS_SYNC), "msync");
	struct stat st = look_at(fd);
	say_stat("file", &st);
}

void case_map_rights(void)
{
	int reader, writer;

	put("file", "text");
	reader = (int)need(open("file", O_RDONLY), "open");
	writer = (int)need(open("file", O_WRONLY), "open");
	did(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED ? -1 : 0,
		"shared writable of one for reading");
	did(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0) == MAP_FAILED ? -1 : 0,
		"private");
	did(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0) == MAP_FAILED ? -1 : 0, "shared readable");
	did(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0) == MAP_FAILED ? -1 : 0, "of one for writing");
	did(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, reader, 0) == MAP_FAILED ? -1 : 0,
		"executable");
	did(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0) == MAP_FAILED ? -1 : 0,
		"of a folder");
	did(mmap(NULL, 0, PROT_READ, MAP_SHARED, reader, 0) == MAP_FAILED ? -1 : 0, "of no length");
}
