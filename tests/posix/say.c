/* SPDX-License-Identifier: Apache-2.0 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern const char *case_name;

static const struct {
	int error;
	const char *name;
} errors[] = {
#define E(name)             \
	{                   \
		name, #name \
	}
	E(EPERM),
	E(ENOENT),
	E(EINTR),
	E(EIO),
	E(ENXIO),
	E(E2BIG),
	E(EBADF),
	E(EAGAIN),
	E(ENOMEM),
	E(EACCES),
	E(EFAULT),
	E(EBUSY),
	E(EEXIST),
	E(EXDEV),
	E(ENODEV),
	E(ENOTDIR),
	E(EISDIR),
	E(EINVAL),
	E(ENFILE),
	E(EMFILE),
	E(ENOTTY),
	E(ETXTBSY),
	E(EFBIG),
	E(ENOSPC),
	E(ESPIPE),
	E(EROFS),
	E(EMLINK),
	E(EPIPE),
	E(ERANGE),
	E(EDEADLK),
	E(ENAMETOOLONG),
	E(ENOLCK),
	E(ENOSYS),
	E(ENOTEMPTY),
	E(ELOOP),
	E(ENODATA),
	E(EOVERFLOW),
	E(EOPNOTSUPP),
	E(EDQUOT),
	E(ESTALE),
	E(ENOEXEC),
	E(ECONNREFUSED),
	E(EADDRINUSE),
#undef E
};

const char *error_name(int error)
{
	static char other[24];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].name;
	snprintf(other, sizeof(other), "error %d", error);
	return other;
}

/* One write(2) a line: children say things too. */
static void line(const char *text, const char *end)
{
	char whole[1024];
	int length = snprintf(whole, sizeof(whole), "%s: %s%s\n", case_name, text, end);

	if (length > 0 && write(1, whole, (size_t)length) != length)
		_exit(3);
}

void say(const char *format, ...)
{
	char text[768];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line(text, "");
}

long did(long result, const char *format, ...)
{
	int error = errno;
	char text[700], end[40];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(end, sizeof(end), " = %s", result < 0 ? error_name(error) : "ok");
	line(text, end);
	return result;
}

long got(long result, const char *format, ...)
{
	int error = errno;
	char text[700], end[40];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (result < 0)
		snprintf(end, sizeof(end), " = %s", error_name(error));
	else
		snprintf(end, sizeof(end), " = %ld", result);
	line(text, end);
	return result;
}

long need(long result, const char *what)
{
	if (result < 0) {
		say("cannot go on: %s: %s", what, error_name(errno));
		_exit(1);
	}
	return result;
}

int make(const char *path)
{
	return (int)need(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), path);
}

void put(const char *path, const char *text)
{
	int fd = make(path);

	need(write(fd, text, strlen(text)), path);
	close(fd);
}

void show(const char *path)
{
	int fd = (int)need(open(path, O_RDONLY), path);
	char text[256] = "";
	ssize_t length = need(read(fd, text, sizeof(text) - 1), path);

	close(fd);
	text[length] = '\0';
	say("%s holds \"%s\"", path, text);
}

struct stat look(const char *path)
{
	struct stat st;

	need(lstat(path, &st), path);
	return st;
}

struct stat look_at(int fd)
{
	struct stat st;

	need(fstat(fd, &st), "fstat");
	return st;
}

bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

void say_stat(const char *what, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		say("%s = %06o %u:%u", what, st->st_mode, st->st_uid, st->st_gid);
	else
		say("%s = %06o %u:%u, links %lu, bytes %lld", what, st->st_mode, st->st_uid, st->st_gid,
			(unsigned long)st->st_nlink, (long long)st->st_size);
}

/* Not whether it is later: a share's times are of two clocks, the zone's and the host's. */
static const char *relation(struct timespec before, struct timespec after)
{
	return before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec ? "same" : "changed";
}

void say_times(const char *what, const struct stat *before, const struct stat *after)
{
	say("%s: atime %s, mtime %s, ctime %s", what, relation(before->st_atim, after->st_atim),
		relation(before->st_mtim, after->st_mtim), relation(before->st_ctim, after->st_ctim));
}

void tick(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
}

pid_t child(void)
{
	return (pid_t)need(fork(), "fork");
}

pid_t child_as(uid_t uid, gid_t gid, gid_t further)
{
	pid_t pid = child();

	if (pid == 0) {
		need(setgroups(further ? 1 : 0, &further), "setgroups");
		need(setresgid(gid, gid, gid), "setresgid");
		need(setresuid(uid, uid, uid), "setresuid");
	}
	return pid;
}

void leave(void)
{
	_exit(0);
}

void join(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0), "waitpid");
	if (status)
		say("a child ended with status 0x%x", (unsigned)status);
}

void turns_init(struct turns *turns)
{
	need(pipe(turns->to_child), "pipe");
	need(pipe(turns->to_parent), "pipe");
}

static void pass(int fd)
{
	need(write(fd, "", 1) == 1 ? 0 : -1, "turn");
}

static void await(int fd)
{
	char byte;

	need(read(fd, &byte, 1) == 1 ? 0 : -1, "turn");
}

void turn_parent(const struct turns *turns)
{
	pass(turns->to_parent[1]);
}

void turn_child(const struct turns *turns)
{
	pass(turns->to_child[1]);
}

void await_parent(const struct turns *turns)
{
	await(turns->to_child[0]);
}

void await_child(const struct turns *turns)
{
	await(turns->to_parent[0]);
}
