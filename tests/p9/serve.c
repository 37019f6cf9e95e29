/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: serve [-x] FOLDER SOCKET
 * Serves the folder to each who connects to the socket, one at a time, so that a plain Linux can mount it
 * (trans=unix): the share without the rings. With -x nobody else writes in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rootfs/folder.h"
#include "util/error.h"

#define MSIZE 524288

static bool read_all(int fd, uint8_t *buffer, size_t length)
{
	while (length > 0) {
		ssize_t got = read(fd, buffer, length);

		if (got <= 0)
			return false;
		buffer += got;
		length -= (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *buffer, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, buffer, length);

		if (put <= 0)
			return false;
		buffer += put;
		length -= (size_t)put;
	}
	return true;
}

static void serve(struct share *share, int fd)
{
	static uint8_t message[MSIZE], reply[MSIZE];
	struct p9_writer writer;

	share->max_msize = MSIZE;
	while (read_all(fd, message, 4)) {
		uint32_t size = (uint32_t)message[0] | (uint32_t)message[1] << 8 |
				(uint32_t)message[2] << 16 | (uint32_t)message[3] << 24;

		if (size < P9_HEADER_SIZE || size > sizeof(message) || !read_all(fd, message + 4, size - 4))
			break;
		p9_writer_init(&writer, reply, sizeof(reply));
		if (share_message(share, message, size, &writer) != SHARE_ANSWERED) {
			fprintf(stderr, "serve: %s\n", share->broken);
			break;
		}
		if (!write_all(fd, writer.data, writer.length))
			break;
	}
}

int main(int argc, char **argv)
{
	struct folder_limits limits = {.proc_self_fd = -1};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct rlimit files = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
	struct error err = {0};
	int listener;

	if (argc > 1 && strcmp(argv[1], "-x") == 0) {
		limits.exclusive = true;
		argv++;
		argc--;
	}
	if (argc != 3 || strlen(argv[2]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: serve [-x] FOLDER SOCKET\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	strcpy(address.sun_path, argv[2]);
	unlink(argv[2]);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0) {
		perror(argv[2]);
		return 1;
	}
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		struct share *share =
			folder_new(open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC), &limits, &err);

		if (!share) {
			fprintf(stderr, "serve: %s\n", error_message(&err));
			return 1;
		}
		serve(share, fd);
		share->free(share);
		close(fd);
	}
}
