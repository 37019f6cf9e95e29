/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file system does, said so that two of them can be compared: a case works in a fresh folder, its
 * working folder, and says what it saw. No numbers of inodes, no times: how they relate to each other.
 */
#ifndef XENRUN_TESTS_POSIX_H
#define XENRUN_TESTS_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define FORMAT(at) __attribute__((format(printf, at, at + 1)))

/* A line "CASE: …". */
void say(const char *format, ...) FORMAT(1);
/* "CASE: … = ok" or the name of errno if result is negative. Returns result. */
long did(long result, const char *format, ...) FORMAT(2);
/* "CASE: … = RESULT" or the name of errno. Returns result. */
long got(long result, const char *format, ...) FORMAT(2);
/* "ENOENT" */
const char *error_name(int error);
/* What must succeed for the rest to mean something: says what failed and ends the case. */
long need(long result, const char *what);

/* A new file with these bytes; its content as a line. */
void put(const char *path, const char *text);
void show(const char *path);
/* A descriptor of a new file, open for reading and writing. */
int make(const char *path);
struct stat look(const char *path); /* lstat(2) */
struct stat look_at(int fd);
bool same_file(const struct stat *a, const struct stat *b);
/* "WHAT = 0644 0:0 1 link, 5 bytes" */
void say_stat(const char *what, const struct stat *st);
/* "WHAT: atime same, mtime changed, ctime changed" */
void say_times(const char *what, const struct stat *before, const struct stat *after);
/* Until a file that is touched now has another time than one that was touched before. */
void tick(void);

/* A child; in it 0, and it ends with leave(). join() says how it ended unless that was well. */
pid_t child(void);
/* The same as that user and group, with that further group unless it is 0, and no capabilities. */
pid_t child_as(uid_t uid, gid_t gid, gid_t further);
void leave(void) __attribute__((noreturn));
void join(pid_t pid);

/* Two processes that take turns: each waits for the other's word. */
struct turns {
	int to_child[2], to_parent[2];
};
void turns_init(struct turns *turns);
void turn_parent(const struct turns *turns); /* called by the child: it is the parent's turn */
void turn_child(const struct turns *turns);
void await_parent(const struct turns *turns); /* called by the child */
void await_child(const struct turns *turns);

/* locks_tool.c: `posix hold|try FILE KIND`, for locks between containers. */
int hold_lock(const char *path, const char *kind);
int try_lock(const char *path, const char *kind);

/* maps_tool.c: `posix map FILE private|shared BYTE`: says what is there; shared, the byte becomes the first. */
int through_map(const char *path, const char *kind, const char *byte);
/* durable.c: `posix write WAY FILE TEXT`. */
int write_durably(const char *way, const char *path, const char *text);
/* errors.c: how much of a file system with quotas a user may have. */
int set_quota(const char *device, const char *uid, const char *bytes);

#define CASE(name) void case_##name(void);
#include "cases.h"
#undef CASE

#endif
