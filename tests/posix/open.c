/* SPDX-License-Identifier: Apache-2.0 */
/* Flags and modes of open(2). */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void case_open_flags(void)
{
	char byte;
	int fd;

	put("file", "text");
	need(mkdir("folder", 0755), "mkdir");
	need(symlink("file", "link"), "symlink");
	need(symlink("folder", "to-folder"), "symlink");
	did(open("file", O_RDONLY | O_DIRECTORY), "O_DIRECTORY of a file");
	did(open("folder", O_RDONLY | O_DIRECTORY), "of a folder");
	did(open("to-folder", O_RDONLY | O_DIRECTORY), "of a symlink to one");
	did(open("to-folder", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), "and O_NOFOLLOW");
	did(open("link", O_RDONLY | O_NOFOLLOW), "O_NOFOLLOW of a symlink");
	did(open("file", O_RDONLY | O_NOFOLLOW), "of a file");
	did(open("folder", O_WRONLY), "a folder for writing");
	did(open("folder", O_RDWR), "for both");
	did(open("folder", O_RDONLY | O_TRUNC), "with O_TRUNC");
	did(open("folder", O_RDONLY | O_CREAT, 0644), "with O_CREAT");
	did(open("file", O_RDONLY | O_CREAT | O_DIRECTORY, 0644), "O_CREAT | O_DIRECTORY of a file");
	did(open("file/x", O_RDONLY), "below a file");
	did(open("nothing", O_RDONLY), "nothing");
	did(open("file", O_RDONLY | O_NOATIME), "O_NOATIME");
	fd = (int)need(open("file", O_RDONLY), "open");
	did(write(fd, "x", 1), "write to one for reading");
	did(ftruncate(fd, 0), "ftruncate of it");
	close(fd);
	fd = (int)need(open("file", O_WRONLY), "open");
	did(read(fd, &byte, 1), "read of one for writing");
	close(fd);
	fd = (int)need(open("file", O_RDWR | O_SYNC), "open");
	got(write(fd, "S", 1), "write with O_SYNC");
	close(fd);
	fd = (int)need(open("file", O_RDWR | O_DSYNC | O_APPEND), "open");
	got(write(fd, "D", 1), "write with O_DSYNC");
	say("flags %o", (unsigned)fcntl(fd, F_GETFL) & ~(unsigned)0100000);
	show("file");
}

void case_open_create(void)
{
	struct stat st;
	int fd;

	fd = (int)did(open("new", O_CREAT | O_EXCL | O_WRONLY, 0600), "O_EXCL of a new one");
	st = look_at(fd);
	say_stat("new", &st);
	did(open("new", O_CREAT | O_EXCL | O_WRONLY, 0644), "of an old one");
	need(mkdir("folder", 0755), "mkdir");
	did(open("folder", O_CREAT | O_EXCL | O_WRONLY, 0644), "of a folder");
	need(symlink("nothing", "dangling"), "symlink");
	did(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644), "of a symlink to nothing");
	did(access("nothing", F_OK), "what it would make");
	did(open("dangling", O_CREAT | O_NOFOLLOW | O_WRONLY, 0644), "O_NOFOLLOW of it");
	fd = (int)did(open("unwritable", O_CREAT | O_RDWR, 0400), "create unwritable, open for both");
	got(write(fd, "x", 1), "write to it");
	st = look("unwritable");
	say_stat("unwritable", &st);
	did(open("none", O_CREAT | O_RDONLY, 0000), "mode 0");
	st = look("none");
	say_stat("none", &st);
	did(open("special", O_CREAT | O_WRONLY, 07777), "mode 07777");
	st = look("special");
	say_stat("special", &st);
	did(open("new", O_CREAT | O_WRONLY, 0777), "an old one");
	st = look("new");
	say_stat("new", &st);
	did(open("no/new", O_CREAT | O_WRONLY, 0644), "below nothing");
	did(open("new/new", O_CREAT | O_WRONLY, 0644), "below a file");
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		int made = 0;

		pids[i] = child();
		/* Of two that try one makes it. */
		for (int j = 0; pids[i] == 0 && j < 50; j++) {
			char name[16];

			snprintf(name, sizeof(name), "once%d", j);
			made += open(name, O_CREAT | O_EXCL | O_WRONLY, 0644) >= 0;
		}
		if (pids[i] == 0) {
			char dots[50] = {'.'};

			fd = (int)need(open("made", O_CREAT | O_WRONLY | O_APPEND, 0644), "open");
			need(write(fd, dots, (size_t)made), "write");
			leave();
		}
	}
	join(pids[0]);
	join(pids[1]);
	st = look("made");
	say("made once: %lld", (long long)st.st_size);
}

void case_open_kinds(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	need(mkfifo("fifo", 0644), "mkfifo");
	need(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	did(open("fifo", O_WRONLY | O_NONBLOCK), "a fifo that nobody reads");
	fd = (int)did(open("fifo", O_RDONLY | O_NONBLOCK), "to read");
	did(open("fifo", O_WRONLY | O_NONBLOCK), "which somebody reads");
	did(open("socket", O_RDWR), "a socket");
	did(open("fifo", O_RDONLY | O_DIRECTORY | O_NONBLOCK), "a fifo as folder");
	did(open("fifo", O_RDONLY | O_NONBLOCK | O_TRUNC), "with O_TRUNC");
	did(truncate("fifo", 0), "truncate of a fifo");
	did(truncate("socket", 0), "of a socket");
}

void case_open_path(void)
{
	char byte, path[64];
	struct stat st;
	int fd, folder;

	put("file", "text");
	need(chmod("file", 0), "chmod");
	need(symlink("file", "link"), "symlink");
	need(mkdir("folder", 0755), "mkdir");
	fd = (int)did(open("file", O_PATH), "a file");
	did(read(fd, &byte, 1), "read");
	did(write(fd, "x", 1), "write");
	did(fchmod(fd, 0644), "fchmod");
	did(fchown(fd, 1, 1), "fchown");
	did(ftruncate(fd, 0), "ftruncate");
	st = look_at(fd);
	say_stat("fstat", &st);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	did(chmod(path, 0640), "chmod through /proc");
	did(open(path, O_RDONLY), "open through /proc");
	need(unlink("file"), "unlink");
	st = look_at(fd);
	say_stat("unlinked", &st);
	did(open(path, O_RDWR), "open through /proc, unlinked");
	fd = (int)did(open("link", O_PATH | O_NOFOLLOW), "a symlink");
	st = look_at(fd);
	say_stat("fstat", &st);
	got(readlinkat(fd, "", path, sizeof(path)), "readlinkat");
	folder = (int)did(open("folder", O_PATH | O_DIRECTORY), "a folder");
	did(openat(folder, "new", O_CREAT | O_WRONLY, 0644), "create in it");
	did(fchdir(folder), "fchdir");
	did(fchownat(folder, "", 3, 4, AT_EMPTY_PATH), "fchownat");
	st = look_at(folder);
	say_stat("fstat", &st);
}

void case_open_tmpfile(void)
{
	char path[64];
	int fd = (int)did(open(".", O_TMPFILE | O_RDWR, 0600), "O_TMPFILE");

	if (fd < 0)
		return;
	got(write(fd, "text", 4), "write");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	did(linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW), "linkat");
	show("linked");
}

void case_open_trunc(void)
{
	struct stat st;
	int fd, other;

	put("file", "text");
	other = (int)need(open("file", O_RDONLY), "open");
	did(open("file", O_WRONLY | O_TRUNC), "O_TRUNC");
	st = look_at(other);
	say_stat("by another descriptor", &st);
	put("file", "text");
	did(open("file", O_RDONLY | O_TRUNC), "O_TRUNC for reading");
	st = look("file");
	say_stat("file", &st);
	put("file", "longer text");
	fd = (int)did(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), "O_CREAT and O_TRUNC");
	got(write(fd, "new", 3), "write");
	show("file");
	need(chmod("file", 0444), "chmod");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(open("file", O_RDONLY | O_TRUNC), "of another's unwritable one");
		leave();
	}
	join(pid);
	show("file");
}

/* Many open at a time, and all of them work. */
void case_open_many(void)
{
	enum { FILES = 150 };
	int fds[FILES], right = 0;
	char name[16];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		fds[i] = make(name);
		need(unlink(name), "unlink");
	}
	for (int i = 0; i < FILES; i++)
		need(pwrite(fds[i], &i, sizeof(i), 0), "pwrite");
	for (int i = 0; i < FILES; i++) {
		int value = -1;

		need(pread(fds[i], &value, sizeof(value), 0), "pread");
		right += value == i;
	}
	say("%d of %d hold what is theirs", right, FILES);
}

void case_access_modes(void)
{
	static const mode_t modes[] = {0, 0100, 0200, 0400, 0644, 0755};

	put("file", "");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		need(chmod("file", modes[i]), "chmod");
		did(access("file", R_OK), "%04o: R_OK of root", modes[i]);
		did(access("file", W_OK), "%04o: W_OK of root", modes[i]);
		did(access("file", X_OK), "%04o: X_OK of root", modes[i]);
	}
	did(faccessat(AT_FDCWD, "nothing", F_OK, 0), "F_OK of nothing");
	did(access("file/", F_OK), "F_OK with a slash");
}

void case_umask(void)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	char name[16];
	struct stat st;

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		snprintf(name, sizeof(name), "f%04o", masks[i]);
		close((int)need(open(name, O_CREAT | O_WRONLY, 0666), name));
		st = look(name);
		say_stat(name, &st);
		name[0] = 'd';
		need(mkdir(name, 0777), name);
		st = look(name);
		say_stat(name, &st);
		name[0] = 'p';
		need(mkfifo(name, 0666), name);
		st = look(name);
		say_stat(name, &st);
	}
}
