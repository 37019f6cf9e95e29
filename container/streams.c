/* SPDX-License-Identifier: Apache-2.0 */
#include "container/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening a pipe or terminal anew gives an open file of our own, whose O_NONBLOCK nobody else sees. */
static int open_anew(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void open_stream(struct stream *stream, int fd)
{
	struct stat st;
	int anew;

	stream->fd = fd;
	if (fstat(fd, &st)) {
		stream->kind = STREAM_CLOSED;
		return;
	}
	if (fd == STDIN_FILENO) {
		stream->kind = STREAM_POLLED;
		return;
	}
	if (S_ISSOCK(st.st_mode)) {
		stream->kind = STREAM_SOCKET;
		return;
	}
	/* A write to a file ends by itself; and a file opened anew would begin at its start. */
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
		stream->kind = STREAM_PLAIN;
		return;
	}
	anew = open_anew(fd);
	if (anew >= 0) {
		dup3(anew, fd, O_CLOEXEC);
		close(anew);
		stream->kind = STREAM_PLAIN;
		return;
	}
	stream->kind = STREAM_POLLED;
}

void streams_open(struct stream streams[3])
{
	for (int fd = 0; fd < 3; fd++)
		open_stream(&streams[fd], fd);
}

static int ready(int fd, short events)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	return poll(&poll_fd, 1, 0) > 0;
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t length)
{
	ssize_t got;

	if (stream->kind == STREAM_CLOSED)
		return 0;
	if (!ready(stream->fd, POLLIN))
		return -EAGAIN;
	got = read(stream->fd, buffer, length);
	return got < 0 ? -errno : got;
}

ssize_t stream_write(struct stream *stream, const void *data, size_t length)
{
	ssize_t put;

	switch (stream->kind) {
	case STREAM_CLOSED:
		return -EPIPE;
	case STREAM_SOCKET:
		put = send(stream->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case STREAM_POLLED:
		if (!ready(stream->fd, POLLOUT))
			return -EAGAIN;
		/* What poll(2) promises room for. */
		put = write(stream->fd, data, length < PIPE_BUF ? length : PIPE_BUF);
		break;
	default:
		put = write(stream->fd, data, length);
		break;
	}
	return put < 0 ? -errno : put;
}
