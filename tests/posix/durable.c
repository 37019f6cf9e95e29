/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix write WAY FILE TEXT: writes TEXT over the beginning of FILE, which is there, in a way of which POSIX
 * or Linux says that afterwards it is on the disk; or, as "put-off", in none. "folder": makes an entry TEXT
 * in the folder FILE.
 */
#include "posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux's. */
#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#endif

static bool put_at(int fd, const char *text, int flags)
{
	struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};

	return syscall(SYS_pwritev2, fd, &piece, 1, 0L, 0L, flags) == (long)piece.iov_len;
}

static bool put_in_map(int fd, const char *text)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return false;
	memcpy(map, text, strlen(text));
	return msync(map, 4096, MS_SYNC) == 0;
}

static bool write_so(const char *way, const char *path, const char *text)
{
	int flags = !strcmp(way, "O_SYNC") ? O_SYNC : !strcmp(way, "O_DSYNC") ? O_DSYNC : 0;
	int fd = open(path, !strcmp(way, "folder") ? O_RDONLY | O_DIRECTORY : O_RDWR | flags);

	if (fd < 0)
		return false;
	if (flags || !strcmp(way, "put-off"))
		return put_at(fd, text, 0);
	if (!strcmp(way, "RWF_DSYNC"))
		return put_at(fd, text, RWF_DSYNC);
	if (!strcmp(way, "fsync"))
		return put_at(fd, text, 0) && fsync(fd) == 0;
	if (!strcmp(way, "fdatasync"))
		return put_at(fd, text, 0) && fdatasync(fd) == 0;
	if (!strcmp(way, "msync"))
		return put_in_map(fd, text);
	if (!strcmp(way, "folder"))
		return mkdirat(fd, text, 0755) == 0 && fsync(fd) == 0;
	return false;
}

int write_durably(const char *way, const char *path, const char *text)
{
	if (write_so(way, path, text))
		return 0;
	perror(way);
	return 1;
}
