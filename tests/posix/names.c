/* SPDX-License-Identifier: Apache-2.0 */
/* Names: rename, links, their numbers, their length. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void case_rename_kinds(void)
{
	put("file", "f");
	put("other", "o");
	need(mkdir("empty", 0755), "mkdir");
	need(mkdir("full", 0755), "mkdir");
	put("full/file", "x");
	need(symlink("file", "link"), "symlink");
	did(rename("file", "file"), "onto itself");
	did(rename("file", "empty"), "file over folder");
	did(rename("empty", "file"), "folder over file");
	did(rename("empty", "full"), "folder over a full one");
	did(rename("full", "empty"), "folder over an empty one");
	did(rename("empty", "empty/below"), "folder below itself");
	did(rename("nothing", "else"), "of nothing");
	did(rename("file", "nothing/else"), "to no folder");
	did(rename("file", "other/else"), "to a file as folder");
	did(rename("file", ""), "to an empty name");
	did(rename("file", "."), "to .");
	did(rename("link", "moved"), "a symlink");
	did(rename("other", "moved"), "over a symlink");
	show("moved");
	show("file");
	did(rename("file", "empty/file"), "over a file elsewhere");
	show("empty/file");
	did(rename("empty/", "slash/"), "a folder with slashes");
	did(rename("moved/", "m"), "a file with a slash");
	did(rename("moved", "m/"), "a file to a slash");
	need(link("moved", "hard"), "link");
	did(rename("moved", "hard"), "onto the same file");
	did(access("moved", F_OK), "the old name of it");
}

void case_rename_flags(void)
{
	put("a", "a");
	put("b", "b");
	need(mkdir("d", 0755), "mkdir");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1), "NOREPLACE over a file");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1), "NOREPLACE to a free name");
	if (access("c", F_OK) == 0)
		need(rename("c", "a"), "rename");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2), "EXCHANGE of files");
	show("a");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "nothing", 2), "EXCHANGE with nothing");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3), "both");
	did(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "w", 4), "WHITEOUT");
	did(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "b", 64), "a flag that is none");
}

void case_rename_folder(void)
{
	struct stat a, b;

	need(mkdir("one", 0755), "mkdir");
	need(mkdir("two", 0755), "mkdir");
	need(mkdir("one/sub", 0755), "mkdir");
	put("one/sub/file", "text");
	a = look("one/sub");
	did(rename("one/sub", "two/sub"), "to another folder");
	b = look("two/sub");
	say("%s folder", same_file(&a, &b) ? "same" : "another");
	a = look("two");
	b = look("two/sub/..");
	say(".. is %s", same_file(&a, &b) ? "the new one" : "not the new one");
	show("two/sub/file");
	a = look("one");
	b = look("two");
	say("links %lu and %lu", (unsigned long)a.st_nlink, (unsigned long)b.st_nlink);
	need(chdir("two/sub"), "chdir");
	did(rename("../../two", "../../three"), "a folder above the working one");
	did(access("file", F_OK), "a name in it");
	char path[PATH_MAX];
	did(getcwd(path, sizeof(path)) ? 0 : -1, "getcwd");
	say("ends in %s", strlen(path) > 10 ? path + strlen(path) - 10 : path);
}

void case_hard_links(void)
{
	struct stat a, b;
	int fd;

	put("a", "text");
	tick();
	did(link("a", "b"), "link");
	need(mkdir("d", 0755), "mkdir");
	did(link("a", "d/c"), "link in a folder");
	a = look("a");
	b = look("d/c");
	say("%s file", same_file(&a, &b) ? "same" : "another");
	say_stat("a", &a);
	say_stat("d/c", &b);
	fd = (int)need(open("b", O_WRONLY | O_APPEND), "open");
	got(write(fd, " more", 5), "write through b");
	show("a");
	show("d/c");
	did(chmod("d/c", 0600), "chmod through d/c");
	b = look("a");
	say_stat("a", &b);
	did(truncate("a", 2), "truncate through a");
	show("b");
	did(unlink("a"), "unlink");
	b = look("b");
	say_stat("b", &b);
	a = look_at(fd);
	say_stat("by descriptor", &a);
	did(rename("b", "d/c"), "rename onto the same file");
	b = look("d/c");
	say_stat("d/c", &b);
}

void case_hard_link_errors(void)
{
	put("a", "a");
	put("b", "b");
	need(mkdir("d", 0755), "mkdir");
	need(symlink("a", "s"), "symlink");
	did(link("a", "b"), "over a file");
	did(link("a", "s"), "over a symlink");
	did(link("d", "e"), "of a folder");
	did(link("nothing", "e"), "of nothing");
	did(link("a", "nothing/e"), "in no folder");
	did(link("a", "b/e"), "in a file");
	did(link("s", "t"), "of a symlink");
	struct stat st = look("t");
	say("which is a %s of %lu links", S_ISLNK(st.st_mode) ? "symlink" : "file",
		(unsigned long)st.st_nlink);
	did(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW), "of what a symlink means");
	st = look("u");
	say_stat("which", &st);
}

void case_symlinks(void)
{
	char target[PATH_MAX + 8], text[PATH_MAX + 8];
	struct stat st;

	did(symlink("nowhere", "dangling"), "symlink");
	st = look("dangling");
	say_stat("lstat", &st);
	did(stat("dangling", &st), "stat");
	got(readlink("dangling", text, sizeof(text)), "readlink");
	got(readlink("dangling", text, 3), "readlink of 3 bytes");
	did(symlink("", "empty"), "an empty target");
	did(symlink("x", "dangling"), "over one");
	put("file", "text");
	got(readlink("file", text, sizeof(text)), "readlink of a file");
	did(open("dangling", O_CREAT | O_WRONLY, 0644), "create through it");
	did(access("nowhere", F_OK), "what that made");
	did(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644), "O_EXCL through it");
	need(symlink("loop", "loop"), "symlink");
	did(open("loop", O_RDONLY), "open of a loop");
	did(stat("loop/x", &st), "stat behind a loop");
	memset(target, 'x', sizeof(target));
	target[PATH_MAX - 1] = '\0';
	did(symlink(target, "long"), "a target of 4095");
	got(readlink("long", text, sizeof(text)), "readlink of it");
	target[PATH_MAX - 1] = 'x';
	target[PATH_MAX] = '\0';
	did(symlink(target, "longer"), "a target of 4096");
	did(lchown("dangling", 7, 8), "lchown");
	st = look("dangling");
	say_stat("lstat", &st);
	did(fchmodat(AT_FDCWD, "dangling", 0600, 0), "chmod through it");
	st = look("nowhere");
	say_stat("what it means", &st);
	struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6, .tv_nsec = 7}};
	did(utimensat(AT_FDCWD, "dangling", times, AT_SYMLINK_NOFOLLOW), "its own times");
	st = look("dangling");
	say("mtime %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	need(mkdir("d", 0755), "mkdir");
	need(symlink("d", "to-d"), "symlink");
	put("d/file", "below");
	show("to-d/file");
	did(rmdir("to-d"), "rmdir of it");
	did(unlink("to-d/"), "unlink with a slash");
	did(unlink("to-d"), "unlink");
	did(access("d/file", F_OK), "what it led to");
}

void case_inode_numbers(void)
{
	enum { FILES = 40 };
	struct stat first[FILES], again;
	char name[16];
	int distinct = 0, stable = 0;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (i % 4 == 0)
			need(mkdir(name, 0755), name);
		else if (i % 4 == 1)
			need(symlink("x", name), name);
		else
			put(name, "");
		first[i] = look(name);
	}
	for (int i = 0; i < FILES; i++) {
		bool alone = true;

		snprintf(name, sizeof(name), "%d", i);
		again = look(name);
		stable += same_file(&again, &first[i]);
		for (int j = 0; j < i; j++)
			alone = alone && !same_file(&first[i], &first[j]);
		distinct += alone;
	}
	say("%d of %d distinct, %d stable", distinct, FILES, stable);
	need(rename("2", "moved"), "rename");
	again = look("moved");
	say("renamed: %s", same_file(&again, &first[2]) ? "same" : "another");
	need(chmod("moved", 0600), "chmod");
	need(truncate("moved", 10000), "truncate");
	again = look("moved");
	say("changed: %s", same_file(&again, &first[2]) ? "same" : "another");
	again = look(".");
	struct stat up = look("0/..");
	say("..: %s", same_file(&again, &up) ? "same" : "another");
}

void case_name_length(void)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	put(name, "255");
	show(name);
	did(mkdir(name, 0755), "mkdir of the same");
	name[0] = 'm';
	did(mkdir(name, 0755), "mkdir of 255");
	did(rename(name, "short"), "rename to a short one");
	did(rename("short", name), "and back");
	name[0] = 's';
	did(symlink("x", name), "symlink of 255");
	name[0] = 'h';
	put("file", "");
	did(link("file", name), "link of 255");
	did(unlink(name), "unlink of 255");
	name[255] = 'n';
	name[256] = '\0';
	did(open(name, O_CREAT | O_WRONLY, 0644), "create of 256");
	did(mkdir(name, 0755), "mkdir of 256");
	did(symlink("x", name), "symlink of 256");
	did(link("file", name), "link of 256");
	did(rename("file", name), "rename to 256");
	did(access(name, F_OK), "access of 256");
	did(unlink(name), "unlink of 256");
	did(mkfifo(name, 0644), "mkfifo of 256");
}

void case_name_bytes(void)
{
	static const char *const names[] = {
		" ", "\n", "\\", "a\tb", "\xff\xfe", "\xc3\xbc", "*", "...", "-", "\"'", "\x01\x7f", NULL};
	struct stat st;

	for (int i = 0; names[i]; i++) {
		did(open(names[i], O_CREAT | O_EXCL | O_WRONLY, 0644), "create of name %d", i);
		did(lstat(names[i], &st), "lstat of it");
		did(unlink(names[i]), "unlink of it");
	}
	put("A", "A");
	put("a", "a");
	show("A");
}

/* Nested further than a path is long. */
void case_deep_path(void)
{
	char name[201], path[PATH_MAX];
	int levels = 0;
	struct stat st;

	memset(name, 'd', sizeof(name) - 1);
	name[200] = '\0';
	while (levels < 40 && mkdir(name, 0755) == 0 && chdir(name) == 0)
		levels++;
	got(levels, "folders below each other");
	put("file", "deep");
	show("file");
	did(rename("file", "renamed"), "rename");
	did(lstat("renamed", &st), "lstat");
	did(getcwd(path, sizeof(path)) ? 0 : -1, "getcwd");
	did(unlink("renamed"), "unlink");
	for (int i = 0; i < levels; i++)
		need(chdir("..") || rmdir(name) ? -1 : 0, "back");
	did(access(name, F_OK), "all removed");
}

void case_path_length(void)
{
	char path[PATH_MAX + 16];
	size_t at = 0;

	while (at < PATH_MAX - 4) {
		path[at++] = '.';
		path[at++] = '/';
	}
	memcpy(path + PATH_MAX - 4, "abc", 4);
	did(open(path, O_CREAT | O_WRONLY, 0644), "create by a path of 4095");
	did(access("abc", F_OK), "which made");
	memcpy(path + PATH_MAX - 4, "abcd", 5);
	did(open(path, O_CREAT | O_WRONLY, 0644), "by a path of 4096");
	did(access("", F_OK), "an empty path");
	did(mkdir("a//b", 0755), "below nothing");
	need(mkdir("a", 0755), "mkdir");
	did(mkdir("a//b/", 0755), "slashes");
	did(access("a/./b/../b//.", F_OK), "dots");
	put("file", "");
	did(access("file/", F_OK), "a file with a slash");
	did(access("file/..", F_OK), "above a file");
	did(open("new/", O_CREAT | O_WRONLY, 0644), "create with a slash");
}
