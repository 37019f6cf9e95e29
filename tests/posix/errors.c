/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as themselves. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

void case_error_paths(void)
{
	const char *volatile none = NULL;
	struct stat st;

	put("file", "");
	need(mkdir("d", 0755), "mkdir");
	put("d/file", "");
	need(symlink("self", "self"), "symlink");
	did(stat("nothing", &st), "stat of nothing");
	did(stat("nothing/x", &st), "below nothing");
	did(stat("file/x", &st), "below a file");
	did(stat("self/x", &st), "below a loop");
	did(chmod("nothing", 0644), "chmod of nothing");
	did(chown("nothing", 0, 0), "chown of nothing");
	did(utimensat(AT_FDCWD, "nothing", NULL, 0), "utimensat of nothing");
	did(unlink("nothing"), "unlink of nothing");
	did(unlink("file/"), "unlink with a slash");
	did(unlink("d"), "unlink of a folder");
	did(rmdir("d"), "rmdir of a full one");
	did(rename("d", "file"), "a folder over a file");
	did(rename("file", "d"), "a file over a folder");
	did(mkdir("file", 0755), "mkdir over a file");
	did(chdir("file"), "chdir to a file");
	did(chdir("nothing"), "chdir to nothing");
	did(open("d", O_WRONLY), "a folder for writing");
	did(stat(none, &st), "a path that is none");
}

void case_error_descriptors(void)
{
	char byte;
	int fd = make("file");
	struct stat st;

	close(fd);
	did(read(fd, &byte, 1), "read of a closed one");
	did(write(fd, "x", 1), "write");
	did(fstat(fd, &st), "fstat");
	did(fsync(fd), "fsync");
	did(ftruncate(fd, 0), "ftruncate");
	did(close(fd), "close");
	fd = make("file");
	did(write(fd, NULL, 5), "write of no memory");
	need(write(fd, "text", 4), "write");
	did(pread(fd, NULL, 4, 0), "read to no memory");
	did(openat(fd, "x", O_RDONLY), "openat in a file");
	did(fchdir(fd), "fchdir to a file");
}

void case_error_many(void)
{
	struct rlimit limit = {.rlim_cur = 20, .rlim_max = 20};
	int last = -1, error = 0;

	put("file", "text");
	need(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (int i = 0; i < 30 && !error; i++) {
		int fd = open("file", O_RDONLY);

		if (fd < 0)
			error = errno;
		else
			last = fd;
	}
	say("%s after descriptor %d", error_name(error), last);
	did(open("new", O_CREAT | O_WRONLY, 0644), "create");
	did(access("new", F_OK), "which made");
	close(last);
	did(open("file", O_RDONLY), "then");
}

/* On a file system of a few MiB: what does not fit is refused, what was there stays, and room comes back. */
void case_full(void)
{
	static char block[65536];
	long written = 0;
	int fd = make("file"), small, error = 0, synced;

	memset(block, 'x', sizeof(block));
	put("before", "safe");
	small = make("small");
	for (int i = 0; i < 4096 && !error; i++) {
		ssize_t length = write(fd, block, sizeof(block));

		if (length < 0)
			error = errno;
		else
			written += length;
	}
	/* Where writing is put off, the error comes with the sync. */
	synced = fsync(fd);
	if (!error && synced)
		error = errno;
	say("%s", error_name(error));
	say("%s", written > 1 << 20 ? "after a while" : "at once");
	say("it has %s", look("file").st_size == written ? "what was written" : "another length");
	error = 0;
	for (int i = 0; i < 64 && !error; i++)
		if (write(small, block, 4096) != 4096 || fsync(small))
			error = errno;
	say("another file: %s", error_name(error));
	show("before");
	close(fd);
	close(small);
	did(unlink("small"), "unlink");
	did(truncate("file", 0), "truncate");
	fd = (int)need(open("file", O_WRONLY), "open");
	got(write(fd, block, sizeof(block)), "write with room");
	did(fsync(fd), "fsync");
	did(close(fd), "close");
	error = 0;
	for (int i = 0; i < 100000 && !error; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0)
			error = errno;
		else
			close(fd);
	}
	say("names without end: %s", error_name(error));
	did(mkdir("folder", 0755), "mkdir");
	did(symlink("x", "link"), "symlink");
	did(unlink("n0"), "unlink");
	did(mkdir("folder", 0755), "mkdir");
}

/* User 1000 may have 1 MiB. */
void case_over_quota(void)
{
	pid_t pid;

	need(chown(".", 1000, 1000), "chown");
	pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		static char block[65536];
		int fd = make("file"), error = 0;

		for (int i = 0; i < 64 && !error; i++)
			if (write(fd, block, sizeof(block)) < 0)
				error = errno;
		if (fsync(fd) && !error)
			error = errno;
		say("%s", error_name(error));
		did(unlink("file"), "unlink");
		close(fd);
		fd = make("again");
		got(write(fd, block, sizeof(block)), "write with room");
		did(fsync(fd), "fsync");
		leave();
	}
	join(pid);
}

int set_quota(const char *device, const char *uid, const char *bytes)
{
	struct dqblk quota = {.dqb_bhardlimit = strtoull(bytes, NULL, 10) / 1024, .dqb_valid = QIF_BLIMITS};

	if (quotactl(QCMD(Q_SETQUOTA, USRQUOTA), device, atoi(uid), (char *)&quota) == 0)
		return 0;
	perror(device);
	return 1;
}

/* Where nothing may be written; a file, a folder d, a fifo were made before. */
void case_read_only(void)
{
	struct stat st;

	did(open("file", O_WRONLY), "open for writing");
	did(open("file", O_RDONLY | O_TRUNC), "with O_TRUNC");
	did(open("new", O_CREAT | O_WRONLY, 0644), "create");
	did(open("file", O_CREAT | O_RDONLY, 0644), "O_CREAT of what is there");
	did(mkdir("new", 0755), "mkdir");
	did(mkdir("d", 0755), "mkdir of what is there");
	did(unlink("file"), "unlink");
	did(unlink("nothing"), "unlink of nothing");
	did(rmdir("d"), "rmdir");
	did(rename("file", "new"), "rename");
	did(link("file", "new"), "link");
	did(symlink("x", "new"), "symlink");
	did(mkfifo("new", 0644), "mkfifo");
	did(chmod("file", 0600), "chmod");
	did(chown("file", 1, 1), "chown");
	did(truncate("file", 0), "truncate");
	did(utimensat(AT_FDCWD, "file", NULL, 0), "utimensat");
	did(access("file", W_OK), "access for writing");
	did(open("fifo", O_RDWR | O_NONBLOCK), "a fifo for writing");
	show("file");
	st = look("file");
	say_stat("file", &st);
}

/* A folder "inner" that is of another device, and in it a file "far", which was made before. */
void case_devices(void)
{
	struct stat near, far, inside, first, second;

	put("near", "near");
	near = look("near");
	far = look("inner/far");
	say("%s", same_file(&near, &far) ? "the same file" : "different files");
	inside = look("inner");
	first = look(".");
	say("%s", same_file(&inside, &first) ? "the same folder" : "different folders");
	second = look("inner/..");
	say(".. of it is %s", same_file(&first, &second) ? "this" : "another");
	did(rename("near", "inner/near"), "rename to the other device");
	did(rename("inner/far", "far"), "from it");
	did(link("near", "inner/near"), "link to it");
	did(rmdir("inner"), "rmdir of it");
	did(rename("inner", "outer"), "rename of it");
	put("inner/new", "new");
	show("inner/new");
	did(rename("inner/new", "inner/newer"), "rename in it");
	did(unlink("inner/newer"), "unlink in it");
	/* Files of both, made in turns: no number twice. */
	int same = 0;
	for (int i = 0; i < 20; i++) {
		char a[16], b[32];

		snprintf(a, sizeof(a), "n%d", i);
		snprintf(b, sizeof(b), "inner/n%d", i);
		put(a, "");
		put(b, "");
	}
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 20; j++) {
			char a[16], b[32];

			snprintf(a, sizeof(a), "n%d", i);
			snprintf(b, sizeof(b), "inner/n%d", j);
			first = look(a);
			second = look(b);
			same += same_file(&first, &second);
		}
	say("%d pairs of the same number", same);
	for (int i = 0; i < 20; i++) {
		char b[32];

		snprintf(b, sizeof(b), "inner/n%d", i);
		need(unlink(b), "unlink");
	}
}
