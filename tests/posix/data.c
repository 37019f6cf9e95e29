/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: where they are written, and how many there are. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

void case_append(void)
{
	int fd, other;
	struct stat st;

	put("file", "begin");
	fd = (int)need(open("file", O_RDWR | O_APPEND), "open");
	got(write(fd, "+1", 2), "write");
	got(lseek(fd, 0, SEEK_SET), "lseek to 0");
	got(write(fd, "+2", 2), "write");
	got(lseek(fd, 0, SEEK_CUR), "stands at");
	show("file");
	other = (int)need(open("file", O_WRONLY), "open");
	got(pwrite(other, "BIG", 3, 20), "another writes further on");
	got(write(fd, "+3", 2), "write");
	st = look("file");
	say_stat("file", &st);
	/* Linux's own way: O_APPEND counts more than the offset. */
	got(pwrite(fd, "p", 1, 0), "pwrite at 0");
	st = look("file");
	say_stat("file", &st);
	need(fcntl(fd, F_SETFL, 0), "fcntl");
	got(pwrite(fd, "P", 1, 0), "pwrite without O_APPEND");
	need(fcntl(other, F_SETFL, O_APPEND), "fcntl");
	got(write(other, "end", 3), "write with O_APPEND set later");
	st = look("file");
	say_stat("file", &st);
	did(truncate("file", 1), "truncate");
	got(write(other, "x", 1), "write");
	show("file");
}

/* Nothing of what two append at a time is lost or torn. */
void case_append_two(void)
{
	enum { LINES = 100 };
	int of[2] = {0, 0}, torn = 0;
	struct stat st;
	char text[16];
	pid_t pids[2];
	FILE *file;

	put("log", "");
	for (int i = 0; i < 2; i++) {
		pids[i] = child();
		if (pids[i] == 0) {
			int fd = (int)need(open("log", O_WRONLY | O_APPEND), "open");

			memset(text, 'a' + i, sizeof(text));
			text[9] = '\n';
			for (int j = 0; j < LINES; j++)
				need(write(fd, text, 10), "write");
			leave();
		}
	}
	join(pids[0]);
	join(pids[1]);
	st = look("log");
	say_stat("log", &st);
	file = fopen("log", "r");
	while (file && fgets(text, sizeof(text), file)) {
		if (!strcmp(text, "aaaaaaaaa\n"))
			of[0]++;
		else if (!strcmp(text, "bbbbbbbbb\n"))
			of[1]++;
		else
			torn++;
	}
	say("lines of one %d, of the other %d, torn %d", of[0], of[1], torn);
}

void case_write_at(void)
{
	char text[16] = "";
	struct stat st;
	int fd = make("file");

	got(pwrite(fd, "abc", 3, 10), "pwrite at 10");
	got(lseek(fd, 0, SEEK_CUR), "stands at");
	got(write(fd, "01", 2), "write");
	got(pread(fd, text, 13, 0), "pread");
	say("%s, %d zeroes, %.3s", text, text[2] == 0 && text[9] == 0, text + 10);
	got(pread(fd, text, 5, 13), "pread at the end");
	got(pread(fd, text, 5, 100), "pread behind it");
	did(pread(fd, text, 5, -1), "pread before it");
	did(pwrite(fd, text, 5, -1), "pwrite before it");
	got(pwrite(fd, text, 0, 100), "nothing behind it");
	st = look_at(fd);
	say_stat("file", &st);
	did(lseek(fd, -1, SEEK_SET), "lseek before it");
	got(lseek(fd, 0, SEEK_END), "lseek to the end");
	got(lseek(fd, 5, SEEK_END), "behind it");
	got(write(fd, "x", 1), "write there");
	got(lseek(fd, 0, SEEK_END), "lseek to the end");
	close(fd);
	/* Across pages and what one message carries. */
	char *block = malloc(1 << 20), *back = malloc(1 << 20);

	for (int i = 0; i < 1 << 20; i++)
		block[i] = (char)(i * 7 + (i >> 9));
	fd = make("big");
	got(pwrite(fd, block, (1 << 20) - 5000, 4093), "a large write");
	got(pread(fd, back, (1 << 20) - 5000, 4093), "read");
	say("%s", memcmp(block, back, (1 << 20) - 5000) ? "differs" : "the same");
	got(pwrite(fd, "mark", 4, 524286), "a small one in it");
	got(pread(fd, back, 8, 524284), "read");
	say("%s", memcmp(back + 2, "mark", 4) || back[0] != block[524284 - 4093] ||
				  back[7] != block[524291 - 4093]
			  ? "differs"
			  : "the same");
}

void case_vectors(void)
{
	char a[4] = "", b[8] = "";
	struct iovec out[3] = {{"one", 3}, {"", 0}, {"twenty", 6}}, in[2] = {{a, 3}, {b, 7}};
	int fd = make("file");

	got(writev(fd, out, 3), "writev");
	got(preadv(fd, in, 2, 0), "preadv");
	say("%s and %s", a, b);
	got(pwritev(fd, out, 3, 4), "pwritev");
	show("file");
}

void case_sparse(void)
{
	struct stat st;
	char byte = 'x';
	int fd = make("file");

	did(ftruncate(fd, 100 << 20), "ftruncate to 100 MiB");
	st = look_at(fd);
	say_stat("file", &st);
	say("%s", st.st_blocks < 1000 ? "takes no room" : "takes room");
	got(pwrite(fd, "data", 4, 50 << 20), "pwrite in the middle");
	need(fsync(fd), "fsync");
	st = look_at(fd);
	say("%s", st.st_blocks < 1000 ? "takes little room" : "takes room");
	say("%s", st.st_blocks > 0 ? "takes some" : "takes none");
	got(pread(fd, &byte, 1, 10 << 20), "pread of a hole");
	say("%d", byte);
	close(fd);
}

void case_seek_hole(void)
{
	int fd = make("file");

	need(ftruncate(fd, 1 << 20), "ftruncate");
	need(pwrite(fd, "data", 4, 512 << 10), "pwrite");
	need(fsync(fd), "fsync");
	got(lseek(fd, 0, SEEK_DATA), "first data");
	got(lseek(fd, 0, SEEK_HOLE), "first hole");
	got(lseek(fd, 512 << 10, SEEK_HOLE), "hole behind the data");
	got(lseek(fd, 600 << 10, SEEK_DATA), "data behind it");
	got(lseek(fd, 2 << 20, SEEK_DATA), "data behind the end");
	got(lseek(fd, 2 << 20, SEEK_HOLE), "hole behind the end");
}

void case_large(void)
{
	static const long long at[] = {(1ll << 31) - 2, (1ll << 32) - 2, 5ll << 30};
	char text[8];
	struct stat st;
	int fd = make("file");

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		memset(text, 0, sizeof(text));
		got(pwrite(fd, "12345", 5, at[i]), "pwrite at %lld", at[i]);
		got(pread(fd, text, 5, at[i]), "pread");
		say("%s", text);
	}
	st = look_at(fd);
	say_stat("file", &st);
	got(lseek(fd, 0, SEEK_END), "lseek to the end");
	got(lseek(fd, 4ll << 30, SEEK_SET), "lseek to 4 GiB");
	got(read(fd, text, 3), "read");
	say("%.3s", text);
	did(ftruncate(fd, (4ll << 30) + 1), "ftruncate to 4 GiB and 1");
	st = look_at(fd);
	say_stat("file", &st);
	did(ftruncate(fd, 7ll << 30), "to 7 GiB");
	did(truncate("file", 3), "to 3");
	st = look("file");
	say_stat("file", &st);
}

void case_truncate(void)
{
	char text[16];
	struct stat st;
	int fd = make("file");

	need(write(fd, "0123456789", 10), "write");
	did(ftruncate(fd, 4), "shorter");
	got(lseek(fd, 0, SEEK_CUR), "stands at");
	did(ftruncate(fd, 8), "longer");
	got(pread(fd, text, sizeof(text), 0), "pread");
	say("%.4s and zeroes: %s", text, text[4] || text[5] || text[6] || text[7] ? "no" : "yes");
	got(write(fd, "x", 1), "write where it stands");
	st = look_at(fd);
	say_stat("file", &st);
	did(ftruncate(fd, -1), "to -1");
	did(truncate("file", -1), "by name");
	did(truncate("nothing", 0), "of nothing");
	did(truncate("file", 5000), "by name");
	did(truncate("file", 4097), "by name");
	did(truncate("file", 6000), "by name");
	got(pread(fd, text, 4, 4500), "pread");
	say("%d %d", text[0], text[3]);
	need(chmod("file", 0444), "chmod");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(truncate("file", 0), "of another's");
		leave();
	}
	join(pid);
	/* Cut in the middle of a page, then longer: what was there is gone. */
	memset(text, 'y', sizeof(text));
	need(pwrite(fd, text, 16, 4090), "pwrite");
	need(ftruncate(fd, 4094), "ftruncate");
	need(ftruncate(fd, 4200), "ftruncate");
	got(pread(fd, text, 16, 4090), "pread");
	say("%.4s %d %d", text, text[4], text[15]);
}

void case_allocate(void)
{
	struct stat st;
	int fd = make("file");

	need(write(fd, "0123456789", 10), "write");
	did(fallocate(fd, 0, 0, 8192), "fallocate");
	did(fallocate(fd, 1, 0, 65536), "KEEP_SIZE");
	did(fallocate(fd, 3, 0, 4), "PUNCH_HOLE");
	did(fallocate(fd, 0x10, 4, 2), "ZERO_RANGE");
	did(posix_fallocate(fd, 0, 16384) == 0 ? 0 : -1, "posix_fallocate");
	did(fallocate(fd, 0, -1, 5), "a negative offset");
	did(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 ? 0 : -1, "posix_fadvise");
	st = look_at(fd);
	say_stat("file", &st);
}

void case_copy_range(void)
{
	long long from = 2, to = 1;
	struct stat st;
	int in, out;

	put("in", "0123456789");
	in = (int)need(open("in", O_RDONLY), "open");
	out = make("out");
	got(syscall(SYS_copy_file_range, in, &from, out, &to, (size_t)5, 0), "copy_file_range");
	say("at %lld and %lld", from, to);
	st = look("out");
	say_stat("out", &st);
	got(syscall(SYS_copy_file_range, in, NULL, out, NULL, (size_t)100, 0), "to the end");
	show("out");
	got(syscall(SYS_copy_file_range, in, NULL, out, NULL, (size_t)100, 0), "at the end");
	did(syscall(SYS_copy_file_range, out, NULL, in, NULL, (size_t)1, 0), "to one for reading");
	from = 0;
	got(syscall(SYS_sendfile, out, in, &from, (size_t)4), "sendfile");
	show("out");
}

void case_sync(void)
{
	int fd = make("file"), folder = (int)need(open(".", O_RDONLY), "open"), reader;

	need(write(fd, "text", 4), "write");
	did(fsync(fd), "fsync");
	did(fdatasync(fd), "fdatasync");
	did(sync_file_range(fd, 0, 4, 7), "sync_file_range");
	did(syncfs(fd), "syncfs");
	did(fsync(folder), "fsync of the folder");
	did(fdatasync(folder), "fdatasync of it");
	reader = (int)need(open("file", O_RDONLY), "open");
	did(fsync(reader), "fsync of one for reading");
	need(unlink("file"), "unlink");
	did(fsync(fd), "fsync of an unlinked one");
}

void case_two_descriptors(void)
{
	char text[16] = "";
	int a = make("file"), b = (int)need(open("file", O_RDWR), "open"), c = (int)need(dup(a), "dup");
	struct turns turns;
	pid_t pid;

	need(write(a, "abc", 3), "write");
	got(read(b, text, 8), "read by another");
	say("%s", text);
	got(lseek(c, 0, SEEK_CUR), "the duplicate stands at");
	got(lseek(b, 0, SEEK_CUR), "the other at");
	turns_init(&turns);
	pid = child();
	if (pid == 0) {
		int fd = (int)need(open("file", O_RDWR), "open");

		await_parent(&turns);
		got(pread(fd, text, 15, 0), "the child reads");
		say("%s", text);
		got(pwrite(fd, "child", 5, 0), "and writes");
		turn_parent(&turns);
		leave();
	}
	got(pwrite(b, "parent", 6, 0), "the parent writes");
	turn_child(&turns);
	await_child(&turns);
	show("file");
	join(pid);
}

/* With the limit for the call only: what is said may go to a file, too. */
static struct rlimit size_limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

static long limited(int fd, off_t length, bool is_write)
{
	static char block[8192];
	long result;
	int error;

	size_limit.rlim_cur = 5000;
	need(setrlimit(RLIMIT_FSIZE, &size_limit), "setrlimit");
	result = is_write ? write(fd, block, (size_t)length) : ftruncate(fd, length);
	error = errno;
	size_limit.rlim_cur = RLIM_INFINITY;
	need(setrlimit(RLIMIT_FSIZE, &size_limit), "setrlimit");
	errno = error;
	return result;
}

void case_limit_size(void)
{
	int fd = make("file");
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	got(limited(fd, 8192, true), "write over the limit");
	got(limited(fd, 1, true), "behind it");
	did(limited(fd, 6000, false), "ftruncate over it");
	did(limited(fd, 5000, false), "ftruncate to it");
	st = look_at(fd);
	say_stat("file", &st);
	did(ftruncate(fd, INT64_MAX), "to the largest");
}

void case_direct(void)
{
	char *block = NULL;
	struct stat st;
	int fd = open("file", O_RDWR | O_CREAT | O_DIRECT, 0644);

	if (fd < 0 || posix_memalign((void **)&block, 4096, 8192)) {
		did(fd, "O_DIRECT");
		return;
	}
	memset(block, 'd', 8192);
	got(write(fd, block, 8192), "write");
	memset(block, 0, 8192);
	got(pread(fd, block, 8192, 0), "read");
	say("%c %c", block[0], block[8191]);
	/* What is cached is told of what was written past it, and the other way about. */
	int cached = (int)need(open("file", O_RDWR), "open");
	char byte = '?';
	need(pread(cached, &byte, 1, 5000), "pread");
	memset(block, 'e', 4096);
	got(pwrite(fd, block, 4096, 4096), "write");
	need(pread(cached, &byte, 1, 5000), "pread");
	say("cached: %c", byte);
	need(pwrite(cached, "f", 1, 5000), "pwrite");
	got(pread(fd, block, 4096, 4096), "read");
	say("past the cache: %c", block[5000 - 4096]);
	st = look_at(fd);
	say_stat("file", &st);
}

/* Its figures move while others write; its kind is 9P's in a zone. */
void case_statfs(void)
{
	struct statvfs vfs, of_fd;
	struct statfs fs;
	int fd = make("file");

	did(statvfs(".", &vfs), "statvfs");
	did(fstatvfs(fd, &of_fd), "fstatvfs");
	did(statfs("nothing", &fs), "statfs of nothing");
	say("block size %lu, name length %lu", vfs.f_bsize, vfs.f_namemax);
	say("%s", vfs.f_blocks >= vfs.f_bfree && vfs.f_bfree >= vfs.f_bavail && vfs.f_bavail > 0 ? "sound"
												 : "unsound");
	say("%s", vfs.f_files >= vfs.f_ffree && vfs.f_ffree > 0 ? "sound" : "unsound");
	say("%s by descriptor",
		vfs.f_blocks == of_fd.f_blocks && vfs.f_bsize == of_fd.f_bsize ? "the same" : "differs");
}
