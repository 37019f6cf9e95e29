/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix hold FILE KIND   waits for a lock, says "held", keeps it until FILE.release is there
 * posix try FILE KIND    "free" or "taken", without waiting
 *
 * KIND: read, write (fcntl's), ofd-read, ofd-write, shared, exclusive (flock's). "fifo" opens FILE for
 * reading and is no lock.
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static int lock(int fd, const char *kind, bool wait)
{
	struct flock lock = {.l_whence = SEEK_SET};
	bool ofd = !strncmp(kind, "ofd-", 4);

	if (!strcmp(kind, "shared"))
		return flock(fd, LOCK_SH | (wait ? 0 : LOCK_NB));
	if (!strcmp(kind, "exclusive"))
		return flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	lock.l_type = strstr(kind, "read") ? F_RDLCK : F_WRLCK;
	if (ofd)
		return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
	return fcntl(fd, wait ? F_SETLKW : F_SETLK, &lock);
}

int hold_lock(const char *path, const char *kind)
{
	char release[512];
	int fd = open(path, strcmp(kind, "fifo") ? O_RDWR : O_RDONLY);

	if (fd < 0) {
		perror(path);
		return 2;
	}
	if (!strcmp(kind, "fifo"))
		return 0;
	if (lock(fd, kind, true)) {
		perror("lock");
		return 1;
	}
	printf("held\n");
	fflush(stdout);
	snprintf(release, sizeof(release), "%s.release", path);
	while (access(release, F_OK))
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	return 0;
}

int try_lock(const char *path, const char *kind)
{
	int fd = open(path, O_RDWR), result;

	if (fd < 0) {
		perror(path);
		return 2;
	}
	result = lock(fd, kind, false);
	if (result && errno != EAGAIN && errno != EACCES) {
		perror("lock");
		return 2;
	}
	printf("%s\n", result ? "taken" : "free");
	return 0;
}
