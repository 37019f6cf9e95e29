/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "initramfs/syscalls.h"
#include "util/cleanup.h"

/* Each level has its buffer on the stack. */
#define DEPTH_MAX 64
#define BATCH	  2048
#define CHUNK	  (1 << 20)

struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int copy_all(int from, int to, unsigned depth);

static int copy_bytes(int from, int to, const char *name)
{
	cleanup_close int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t copied;

	if (source < 0 || target < 0)
		return -1;
	while ((copied = sendfile(target, source, NULL, CHUNK)) > 0)
		;
	return copied < 0 ? -1 : 0;
}

static int copy_link(int from, int to, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(from, name, text, sizeof(text) - 1);

	if (length < 0)
		return -1;
	text[length] = '\0';
	return symlinkat(text, to, name);
}

static int copy_subfolder(int from, int to, const char *name, unsigned depth)
{
	cleanup_close int source = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int target = -1;

	if (!depth) {
		errno = ELOOP;
		return -1;
	}
	if (source < 0 || mkdirat(to, name, 0700))
		return -1;
	target = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return target < 0 ? -1 : copy_all(source, target, depth - 1);
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct timespec times[2];
	struct stat stat;
	int result;

	if (fstatat(from, name, &stat, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (S_ISDIR(stat.st_mode))
		result = copy_subfolder(from, to, name, depth);
	else if (S_ISREG(stat.st_mode))
		result = copy_bytes(from, to, name);
	else if (S_ISLNK(stat.st_mode))
		result = copy_link(from, to, name);
	else
		result = mknodat(to, name, stat.st_mode, stat.st_rdev);
	if (result || fchownat(to, name, stat.st_uid, stat.st_gid, AT_SYMLINK_NOFOLLOW))
		return -1;
	/* After the owner, who takes set-user-id away. */
	if (!S_ISLNK(stat.st_mode) && fchmodat(to, name, stat.st_mode & 07777, 0))
		return -1;
	times[0] = stat.st_atim;
	times[1] = stat.st_mtim;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_all(int from, int to, unsigned depth)
{
	cleanup_close int folder = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buffer[BATCH] __attribute__((aligned(8)));
	long got;

	if (folder < 0)
		return -1;
	while ((got = syscall(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct entry *entry = (const struct entry *)(buffer + at);

			at += entry->length;
			if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
				continue;
			if (copy_entry(from, to, entry->name, depth))
				return -1;
		}
	}
	return got < 0 ? -1 : 0;
}

int copy_folder(int from, int to)
{
	struct stat stat;

	if (copy_all(from, to, DEPTH_MAX) || fstat(from, &stat))
		return -1;
	/* The mode is given when it is mounted, and by the mount's options. */
	return fchownat(to, "", stat.st_uid, stat.st_gid, AT_EMPTY_PATH);
}
