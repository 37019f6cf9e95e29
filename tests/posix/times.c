/* SPDX-License-Identifier: Apache-2.0 */
/* Times, to the nanosecond, and which operation changes which. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static void say_exact(const char *what, const struct stat *st)
{
	say("%s: atime %lld.%09ld mtime %lld.%09ld", what, (long long)st->st_atim.tv_sec, st->st_atim.tv_nsec,
		(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

void case_times_set(void)
{
	struct timespec times[2] = {{1000000001, 123456789}, {1000000002, 987654321}};
	struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	struct stat before, after, clock;

	put("file", "");
	before = look("file");
	tick();
	did(utimensat(AT_FDCWD, "file", times, 0), "set");
	after = look("file");
	say_exact("file", &after);
	say("ctime %s", after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
					after.st_ctim.tv_nsec == before.st_ctim.tv_nsec
				? "same"
				: "changed");
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = 5;
	did(utimensat(AT_FDCWD, "file", times, 0), "atime omitted");
	after = look("file");
	say_exact("file", &after);
	times[0] = (struct timespec){.tv_sec = 7, .tv_nsec = 8};
	times[1].tv_nsec = UTIME_OMIT;
	did(utimensat(AT_FDCWD, "file", times, 0), "mtime omitted");
	after = look("file");
	say_exact("file", &after);
	before = after;
	tick();
	times[0].tv_nsec = UTIME_OMIT;
	did(utimensat(AT_FDCWD, "file", times, 0), "both omitted");
	after = look("file");
	say_times("file", &before, &after);
	did(utimensat(AT_FDCWD, "file", now, 0), "now");
	after = look("file");
	put("clock", "");
	clock = look("clock");
	say("%s", after.st_mtim.tv_sec >= clock.st_mtim.tv_sec - 2 &&
				  after.st_mtim.tv_sec <= clock.st_mtim.tv_sec + 2 &&
				  after.st_atim.tv_sec >= clock.st_mtim.tv_sec - 2
			  ? "is now"
			  : "is not now");
	now[0].tv_nsec = UTIME_OMIT;
	before = look("file");
	tick();
	did(utimensat(AT_FDCWD, "file", now, 0), "atime omitted, mtime now");
	after = look("file");
	say_times("file", &before, &after);
	times[0].tv_nsec = 1000000000;
	did(utimensat(AT_FDCWD, "file", times, 0), "a time that is none");
	need(mkdir("folder", 0755), "mkdir");
	times[0] = (struct timespec){.tv_sec = 9, .tv_nsec = 10};
	times[1] = (struct timespec){.tv_sec = 11, .tv_nsec = 12};
	did(utimensat(AT_FDCWD, "folder", times, 0), "of a folder");
	after = look("folder");
	say_exact("folder", &after);
}

void case_times_range(void)
{
	static const long long seconds[] = {0, 1, -1, 2147483647, 2147483648, 4294967296, 10000000000};
	struct timespec times[2];
	struct stat st;

	put("file", "");
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		times[0] = times[1] = (struct timespec){.tv_sec = seconds[i], .tv_nsec = 999999999};
		did(utimensat(AT_FDCWD, "file", times, 0), "%lld", seconds[i]);
		st = look("file");
		say_exact("file", &st);
	}
}

#define CHANGED(what, path, call)                         \
	do {                                              \
		struct stat before_ = look(path), after_; \
		tick();                                   \
		need(call, what);                         \
		after_ = look(path);                      \
		say_times(what, &before_, &after_);       \
	} while (0)

static const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};

void case_times_file(void)
{
	char byte;
	int fd;

	put("file", "text");
	fd = (int)need(open("file", O_RDWR), "open");
	CHANGED("nothing", "file", 0);
	CHANGED("write", "file", write(fd, "x", 1));
	CHANGED("write of nothing", "file", write(fd, "x", 0));
	CHANGED("ftruncate", "file", ftruncate(fd, 2));
	CHANGED("ftruncate to the same", "file", ftruncate(fd, 2));
	CHANGED("truncate to the same", "file", truncate("file", 2));
	CHANGED("O_TRUNC", "file", open("file", O_WRONLY | O_TRUNC));
	CHANGED("O_TRUNC of an empty one", "file", open("file", O_WRONLY | O_TRUNC));
	CHANGED("chmod", "file", chmod("file", 0600));
	CHANGED("chown", "file", chown("file", 1, 1));
	CHANGED("chown to nobody else", "file", chown("file", (uid_t)-1, (gid_t)-1));
	CHANGED("fsync", "file", fsync(fd));
	CHANGED("open", "file", open("file", O_RDWR));
	CHANGED("O_CREAT", "file", open("file", O_RDWR | O_CREAT, 0644));
	/* So that reading changes it whatever `relatime` makes of the others. */
	put("read", "text");
	need(utimensat(AT_FDCWD, "read", old, 0), "utimensat");
	fd = (int)need(open("read", O_RDONLY), "open");
	/* `relatime` compares with the time of utimensat, which is of the host's clock; a zone's may be behind it. */
	need(nanosleep(&(struct timespec){.tv_sec = 1}, NULL), "nanosleep");
	CHANGED("read", "read", read(fd, &byte, 1));
	CHANGED("read again", "read", pread(fd, &byte, 1, 0));
	need(fremovexattr(fd, "security.capability") < 0 && errno != ENODATA ? -1 : 0, "removexattr");
	put("large", "");
	CHANGED("a write through another name", "large", link("large", "other"));
	fd = (int)need(open("other", O_WRONLY), "open");
	CHANGED("a write through another name", "large", write(fd, "x", 1));
}

void case_times_folder(void)
{
	need(mkdir("d", 0755), "mkdir");
	put("file", "");
	CHANGED("create", "d", open("d/file", O_CREAT | O_WRONLY, 0644));
	CHANGED("create of what is there", "d", open("d/file", O_CREAT | O_WRONLY, 0644));
	CHANGED("chmod of what is in it", "d", chmod("d/file", 0600));
	CHANGED("write to what is in it", "d", truncate("d/file", 5));
	CHANGED("link", "d", link("file", "d/link"));
	CHANGED("symlink", "d", symlink("x", "d/symlink"));
	CHANGED("mkdir", "d", mkdir("d/sub", 0755));
	CHANGED("create below", "d", open("d/sub/file", O_CREAT | O_WRONLY, 0644));
	CHANGED("mkfifo", "d", mkfifo("d/fifo", 0644));
	CHANGED("rename in it", "d", rename("d/link", "d/link2"));
	CHANGED("rename out of it", "d", rename("d/link2", "link2"));
	CHANGED("rename into it", "d", rename("link2", "d/link"));
	CHANGED("rename over", "d", rename("d/link", "d/fifo"));
	CHANGED("unlink", "d", unlink("d/fifo"));
	CHANGED("unlink below", "d", unlink("d/sub/file"));
	CHANGED("rmdir", "d", rmdir("d/sub"));
	CHANGED("chmod", "d", chmod("d", 0700));
	CHANGED("rename of it", "d", rename("d", "e") || rename("e", "d") ? -1 : 0);
}

void case_times_link(void)
{
	char text[8];

	put("file", "");
	need(symlink("file", "s"), "symlink");
	CHANGED("link", "file", link("file", "other"));
	CHANGED("unlink of another name", "file", unlink("other"));
	CHANGED("rename", "file", rename("file", "other") || rename("other", "file") ? -1 : 0);
	CHANGED("lchown", "s", lchown("s", 1, 1));
	need(utimensat(AT_FDCWD, "s", old, AT_SYMLINK_NOFOLLOW), "utimensat");
	CHANGED("readlink", "s", readlink("s", text, sizeof(text)));
	need(link("file", "second"), "link");
	put("third", "");
	CHANGED("rename over another name", "file", rename("third", "second"));
}

void case_times_map(void)
{
	int fd = make("file");
	char *map;

	need(ftruncate(fd, 4096), "ftruncate");
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		did(-1, "mmap");
		return;
	}
	struct stat before = look("file");
	tick();
	map[0] = 'x';
	need(msync(map, 4096, MS_SYNC), "msync");
	struct stat after = look("file");
	say_times("a write to a map, synced", &before, &after);
}

void case_times_rights(void)
{
	struct timespec times[2] = {{5, 6}, {7, 8}};
	pid_t pid;

	put("writable", "");
	put("readable", "");
	put("own", "");
	need(chmod("writable", 0666), "chmod");
	need(chown("own", 1000, 1000), "chown");
	need(chmod("own", 0400), "chmod");
	pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(utimensat(AT_FDCWD, "writable", times, 0), "a time, of another's writable file");
		did(utimensat(AT_FDCWD, "writable", NULL, 0), "now");
		did(utimensat(AT_FDCWD, "readable", times, 0), "a time, of another's readable file");
		did(utimensat(AT_FDCWD, "readable", NULL, 0), "now");
		did(utimensat(AT_FDCWD, "own", times, 0), "a time, of one's own unwritable one");
		did(utimensat(AT_FDCWD, "own", NULL, 0), "now");
		did(open("readable", O_RDONLY | O_NOATIME), "O_NOATIME of another's");
		did(open("own", O_RDONLY | O_NOATIME), "of one's own");
		leave();
	}
	join(pid);
}

void case_birth(void)
{
	struct statx st, later;

	put("file", "");
	memset(&st, 0, sizeof(st));
	did(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS | STATX_BTIME, &st), "statx");
	say("birth time %s", st.stx_mask & STATX_BTIME ? "there" : "not there");
	if (!(st.stx_mask & STATX_BTIME))
		return;
	tick();
	need(truncate("file", 5), "truncate");
	need(rename("file", "other"), "rename");
	did(syscall(SYS_statx, AT_FDCWD, "other", 0, STATX_BASIC_STATS | STATX_BTIME, &later), "statx");
	say("%s", memcmp(&st.stx_btime, &later.stx_btime, sizeof(st.stx_btime)) ? "moved" : "stays");
}
