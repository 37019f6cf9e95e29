/* SPDX-License-Identifier: Apache-2.0 */
/* Folders: what readdir(3) and seekdir(3) promise, small and large. */
#include "posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANY 300

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Numbers from 0 as names. */
static void fill(const char *folder, int from, int to)
{
	char path[64];

	for (int i = from; i < to; i++) {
		snprintf(path, sizeof(path), "%s/%d", folder, i);
		close((int)need(open(path, O_CREAT | O_EXCL | O_WRONLY, 0644), path));
	}
}

/* Reads to the end; counts how often each number came. Says what came never or twice. */
static int count(DIR *dir, const char *what, int numbers)
{
	unsigned char *seen = calloc((size_t)numbers, 1);
	int entries = 0, missing = 0, twice = 0, dots = 0, others = 0;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		entries++;
		if (is_dots(entry->d_name))
			dots++;
		else if (*end || number < 0 || number >= numbers)
			others++;
		else
			twice += seen[number]++ == 1;
	}
	if (errno)
		say("%s: readdir: %s", what, error_name(errno));
	for (int i = 0; i < numbers; i++)
		missing += !seen[i];
	say("%s: %d entries, %d dots, %d missing, %d twice, %d others", what, entries, dots, missing, twice,
		others);
	free(seen);
	return entries;
}

void case_folder_links(void)
{
	struct stat st;

	need(mkdir("d", 0755), "mkdir");
	st = look("d");
	say("empty: %lu links", (unsigned long)st.st_nlink);
	need(mkdir("d/a", 0755), "mkdir");
	need(mkdir("d/b", 0755), "mkdir");
	put("d/file", "");
	st = look("d");
	say("two in it: %lu links", (unsigned long)st.st_nlink);
	need(rmdir("d/a"), "rmdir");
	st = look("d");
	say("one in it: %lu links", (unsigned long)st.st_nlink);
	need(rename("d/b", "b"), "rename");
	st = look("d");
	say("none in it: %lu links", (unsigned long)st.st_nlink);
}

void case_folder_types(void)
{
	struct dirent *entry;
	char lines[8][64];
	int n = 0;
	DIR *dir;

	need(mkdir("d", 0755), "mkdir");
	need(chdir("d"), "chdir");
	put("file", "");
	need(mkdir("folder", 0755), "mkdir");
	need(symlink("x", "link"), "symlink");
	need(mkfifo("fifo", 0644), "mkfifo");
	need(mknod("socket", S_IFSOCK | 0644, 0), "mknod");
	dir = opendir(".");
	while (dir && (entry = readdir(dir)) && n < 8) {
		struct stat st = look(entry->d_name);

		snprintf(lines[n++], sizeof(lines[0]), "%.20s: type %d, %s number as stat's", entry->d_name,
			entry->d_type,
			st.st_ino == entry->d_ino      ? "the same"
			: !strcmp(entry->d_name, "..") ? "for .. not the"
						       : "not the same");
	}
	qsort(lines, (size_t)n, sizeof(lines[0]), (int (*)(const void *, const void *))strcmp);
	for (int i = 0; i < n; i++)
		say("%s", lines[i]);
	closedir(dir);
}

void case_folder_many(void)
{
	DIR *dir;
	char path[64];
	int failed = 0;

	need(mkdir("d", 0755), "mkdir");
	fill("d", 0, MANY);
	dir = opendir("d");
	count(dir, "listed", MANY);
	rewinddir(dir);
	count(dir, "again", MANY);
	closedir(dir);
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "d/%d", i);
		failed += unlink(path) != 0;
	}
	say("%d not removed", failed);
	did(rmdir("d"), "rmdir");
}

void case_folder_seek(void)
{
	enum { NAMES = 150 };
	static long at[NAMES + 2];
	static char names[NAMES + 2][16];
	struct dirent *entry;
	int n = 0, right = 0;
	DIR *dir;

	need(mkdir("d", 0755), "mkdir");
	fill("d", 0, NAMES);
	dir = opendir("d");
	for (;;) {
		long here = telldir(dir);

		entry = readdir(dir);
		if (!entry || n == NAMES + 2)
			break;
		at[n] = here;
		snprintf(names[n++], sizeof(names[0]), "%.15s", entry->d_name);
	}
	say("%d entries", n);
	for (int i = n - 1; i >= 0; i -= 7) {
		seekdir(dir, at[i]);
		entry = readdir(dir);
		right += entry && !strcmp(entry->d_name, names[i]);
	}
	say("%d of %d found where telldir had them", right, (n + 6) / 7);
	seekdir(dir, at[n / 2]);
	int left = 0;
	while (readdir(dir))
		left++;
	say("%d left from the middle", left - (n - n / 2));
	/* What lies before the place is removed: the place stays one. */
	for (int i = 0; i < n / 2; i++)
		if (!is_dots(names[i]))
			need(unlinkat(dirfd(dir), names[i], 0), "unlinkat");
	seekdir(dir, at[n / 2]);
	entry = readdir(dir);
	say("after others' removal: %s",
		entry && !strcmp(entry->d_name, names[n / 2]) ? "the same" : "another");
	closedir(dir);
}

void case_folder_remove_while_reading(void)
{
	struct dirent *entry;
	int removed = 0, calls = 0;
	DIR *dir;

	need(mkdir("d", 0755), "mkdir");
	fill("d", 0, MANY);
	dir = opendir("d");
	while ((entry = readdir(dir))) {
		calls++;
		if (!is_dots(entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			removed++;
	}
	say("%d removed in one pass of %d", removed, calls);
	closedir(dir);
	did(rmdir("d"), "rmdir");
}

void case_folder_create_while_reading(void)
{
	DIR *dir;
	struct dirent *entry;
	int old = 0, made = 0;
	char name[32];

	need(mkdir("d", 0755), "mkdir");
	fill("d", 0, 100);
	dir = opendir("d");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == 'n' || is_dots(entry->d_name))
			continue;
		old++;
		if (made < 200) {
			snprintf(name, sizeof(name), "new%d", made++);
			close((int)need(openat(dirfd(dir), name, O_CREAT | O_WRONLY, 0644), name));
		}
	}
	say("each of the old ones %d times", old / 100);
	closedir(dir);
	dir = opendir("d");
	int all = 0;
	while (readdir(dir))
		all++;
	say("then %d", all - made);
	closedir(dir);
}

void case_folder_rewind(void)
{
	DIR *dir;
	int fd;

	need(mkdir("d", 0755), "mkdir");
	fill("d", 0, 5);
	dir = opendir("d");
	count(dir, "five", 10);
	fill("d", 5, 10);
	need(unlink("d/0"), "unlink");
	rewinddir(dir);
	count(dir, "nine after rewinddir", 10);
	closedir(dir);
	fd = (int)need(open("d", O_RDONLY | O_DIRECTORY), "open");
	got(lseek(fd, 0, SEEK_CUR), "where it begins");
	got(lseek(fd, 0, SEEK_SET), "lseek to 0");
	did(lseek(fd, -1, SEEK_SET), "lseek to -1");
}

void case_folder_errors(void)
{
	char byte;
	int fd;

	need(mkdir("d", 0755), "mkdir");
	put("d/file", "");
	put("file", "");
	did(rmdir("d"), "rmdir of a full one");
	did(unlink("d"), "unlink of a folder");
	did(rmdir("file"), "rmdir of a file");
	did(rmdir("d/."), "rmdir of .");
	did(rmdir("d/.."), "rmdir of ..");
	did(rmdir("nothing"), "rmdir of nothing");
	did(mkdir("d", 0755), "mkdir over a folder");
	did(mkdir("file", 0755), "mkdir over a file");
	did(mkdir("d/x/y", 0755), "mkdir below nothing");
	did(mkdir("file/x", 0755), "mkdir below a file");
	fd = (int)need(open("d", O_RDONLY), "open");
	did(read(fd, &byte, 1), "read of a folder");
	did(ftruncate(fd, 0), "ftruncate of a folder");
	did(truncate("d", 0), "truncate of a folder");
	did(opendir("file") ? 0 : -1, "opendir of a file");
	did(fsync(fd), "fsync of a folder");
	did(chmod("d", 07777), "chmod");
	struct stat st = look("d");
	say_stat("d", &st);
	need(mkdir("sticky", 01777), "mkdir");
	st = look("sticky");
	say_stat("made with 01777", &st);
}

/* Its times are for who reads the log: they are no part of what is compared. */
void case_folder_100000(void)
{
	enum { NAMES = 100000 };
	struct timespec now, last;
	double seconds[3];
	char path[64];
	int failed = 0;
	DIR *dir;

	need(mkdir("d", 0755), "mkdir");
	clock_gettime(CLOCK_MONOTONIC, &last);
	for (int step = 0; step < 3; step++) {
		if (step == 0)
			fill("d", 0, NAMES);
		if (step == 1) {
			dir = opendir("d");
			count(dir, "listed", NAMES);
			closedir(dir);
		}
		for (int i = 0; step == 2 && i < NAMES; i++) {
			snprintf(path, sizeof(path), "d/%d", i);
			failed += unlink(path) != 0;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		seconds[step] =
			(double)(now.tv_sec - last.tv_sec) + (double)(now.tv_nsec - last.tv_nsec) / 1e9;
		last = now;
	}
	say("%d not removed", failed);
	did(rmdir("d"), "rmdir");
	dprintf(2, "seconds: create %.1f, list %.1f, remove %.1f\n", seconds[0], seconds[1], seconds[2]);
}
