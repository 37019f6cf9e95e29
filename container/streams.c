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

int stream_prepare(int fd, int stream)
{
	struct stat st;
	char path[32];
	int anew = -1;

	if (fstat(fd, &st))
		return -1;
	/* A write to a file ends by itself; and a file opened anew would begin at its start. Opening a pipe
	 * or a terminal anew gives an open file of our own, whose O_NONBLOCK nobody else sees. */
	if (stream != STDIN_FILENO && !S_ISSOCK(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		anew = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	return anew >= 0 ? anew : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void stream_open(struct stream *stream, int fd)
{
	struct statx st;
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	*stream = (struct stream){.fd = fd, .kind = STREAM_CLOSED};
	if (flags < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st))
		return;
	if (S_ISSOCK(st.stx_mode))
		stream->kind = STREAM_SOCKET;
	else if (S_ISREG(st.stx_mode) || S_ISBLK(st.stx_mode) || flags & O_NONBLOCK)
		stream->kind = STREAM_PLAIN;
	else
		stream->kind = STREAM_POLLED;
}

void stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	*stream = (struct stream){.fd = -1, .kind = STREAM_CLOSED};
}

static int ready(int fd, short events)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	const struct timespec now = {0};

	return ppoll(&poll_fd, 1, &now, NULL) > 0;
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
