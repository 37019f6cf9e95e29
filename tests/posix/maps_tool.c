/* SPDX-License-Identifier: Apache-2.0 */
/* A file's first bytes as a new map has them, and one of them changed there: for files that others change. */
#include "posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int through_map(const char *path, const char *kind, const char *byte)
{
	const bool shared = !strcmp(kind, "shared");
	int fd = open(path, shared ? O_RDWR : O_RDONLY);
	struct stat st;
	char *at;

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		return 1;
	}
	at = mmap(NULL, 4096, shared ? PROT_READ | PROT_WRITE : PROT_READ, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	printf("%.*s\n", (int)(st.st_size < 40 ? st.st_size : 40), at);
	if (shared) {
		at[0] = *byte;
		if (msync(at, 4096, MS_SYNC)) {
			perror("msync");
			return 1;
		}
	}
	return 0;
}
