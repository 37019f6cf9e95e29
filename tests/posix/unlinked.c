/* SPDX-License-Identifier: Apache-2.0 */
/* What is open stays, whatever becomes of its name. */
#include "posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void show_fd(int fd, const char *what)
{
	char text[64] = "";
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	got(length, "%s: pread", what);
	if (length > 0)
		say("%s holds \"%.*s\"", what, (int)length, text);
}

void case_unlinked_read(void)
{
	int fd;
	struct stat st;

	put("file", "some text");
	fd = (int)need(open("file", O_RDONLY), "open");
	did(unlink("file"), "unlink");
	show_fd(fd, "unlinked");
	st = look_at(fd);
	say_stat("fstat", &st);
	did(access("file", F_OK), "access by name");
	put("file", "another");
	show_fd(fd, "with a new file of the name");
	show("file");
	st = look_at(fd);
	say_stat("fstat", &st);
	did(close(fd), "close");
}

void case_unlinked_write(void)
{
	int fd = make("file"), reader;
	struct stat st;

	need(write(fd, "abc", 3), "write");
	reader = (int)need(open("file", O_RDONLY), "open");
	did(unlink("file"), "unlink");
	got(write(fd, "def", 3), "write");
	show_fd(fd, "unlinked");
	show_fd(reader, "by another descriptor");
	did(ftruncate(fd, 2), "ftruncate to 2");
	show_fd(reader, "cut");
	did(ftruncate(fd, 5000), "ftruncate to 5000");
	st = look_at(reader);
	say_stat("fstat", &st);
	did(fsync(fd), "fsync");
	got(pwrite(fd, "end", 3, 6000), "pwrite behind the end");
	st = look_at(fd);
	say_stat("fstat", &st);
}

void case_unlinked_attributes(void)
{
	int fd = make("file");
	struct timespec times[2] = {
		{.tv_sec = 1000000000, .tv_nsec = 1}, {.tv_sec = 1100000000, .tv_nsec = 2}};
	struct stat st;

	need(unlink("file"), "unlink");
	did(fchmod(fd, 04711), "fchmod");
	did(fchown(fd, 12, 34), "fchown");
	did(futimens(fd, times), "futimens");
	st = look_at(fd);
	say_stat("fstat", &st);
	say("times %lld.%09ld %lld.%09ld", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

void case_unlinked_folder(void)
{
	int fd;
	struct stat st;

	need(mkdir("folder", 0755), "mkdir");
	fd = (int)need(open("folder", O_RDONLY | O_DIRECTORY), "open");
	did(rmdir("folder"), "rmdir");
	st = look_at(fd);
	say("links %lu", (unsigned long)st.st_nlink);
	did(openat(fd, "new", O_CREAT | O_WRONLY, 0644), "create in it");
	did(mkdirat(fd, "new", 0755), "mkdir in it");
	did(openat(fd, ".", O_RDONLY), "open of .");
	did(fchdir(fd), "fchdir");
	did(openat(AT_FDCWD, "nothing", O_RDONLY), "open of a name in it");
}

void case_unlinked_map(void)
{
	int fd = make("file");
	char *map;

	need(write(fd, "text", 4), "write");
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	did(map == MAP_FAILED ? -1 : 0, "mmap");
	if (map == MAP_FAILED)
		return;
	need(unlink("file"), "unlink");
	memcpy(map, "TEXT", 4);
	did(msync(map, 4096, MS_SYNC), "msync");
	show_fd(fd, "unlinked");
	did(munmap(map, 4096), "munmap");
}

void case_unlinked_link(void)
{
	char path[64];
	int fd = make("file");
	struct stat st;

	need(write(fd, "text", 4), "write");
	need(link("file", "second"), "link");
	need(unlink("file"), "unlink");
	st = look_at(fd);
	say_stat("one name less", &st);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	did(linkat(AT_FDCWD, path, AT_FDCWD, "third", AT_SYMLINK_FOLLOW), "link through /proc");
	st = look_at(fd);
	say_stat("with it", &st);
	need(unlink("second"), "unlink");
	unlink("third");
	st = look_at(fd);
	say_stat("no name", &st);
	did(linkat(AT_FDCWD, path, AT_FDCWD, "fourth", AT_SYMLINK_FOLLOW), "link of what has no name");
	close(fd);
}

void case_renamed_over_open(void)
{
	int fd;
	struct stat st;

	put("old", "old text");
	put("new", "new");
	fd = (int)need(open("old", O_RDWR), "open");
	did(rename("new", "old"), "rename over it");
	show("old");
	show_fd(fd, "the open one");
	st = look_at(fd);
	say_stat("fstat", &st);
	got(pwrite(fd, "OLD", 3, 0), "pwrite");
	show_fd(fd, "the open one");
	show("old");
	did(access("new", F_OK), "the former name");
}

void case_renamed_while_open(void)
{
	int fd, folder;
	struct stat a, b;

	put("file", "text");
	need(mkdir("folder", 0755), "mkdir");
	fd = (int)need(open("file", O_RDWR), "open");
	folder = (int)need(open("folder", O_RDONLY), "open");
	a = look_at(fd);
	did(rename("file", "folder/file"), "rename into a folder");
	did(rename("folder", "elsewhere"), "rename of the folder");
	got(pwrite(fd, "more", 4, 4), "pwrite");
	show("elsewhere/file");
	b = look("elsewhere/file");
	say("%s file", same_file(&a, &b) ? "same" : "another");
	did(ftruncate(fd, 1), "ftruncate");
	show("elsewhere/file");
	did(openat(folder, "file", O_RDONLY), "open in the open folder");
	did(openat(folder, "second", O_RDWR | O_CREAT, 0600), "create in it");
	did(access("elsewhere/second", F_OK), "by the folder's new name");
}
