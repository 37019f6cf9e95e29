/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard streams of a process as the stand-in holds them: whoever is at the other end must never hold
 * the stand-in up, and their descriptors' flags are not ours to change (they may be a person's terminal).
 */
#ifndef XENRUN_STREAMS_H
#define XENRUN_STREAMS_H

#include <stddef.h>
#include <sys/types.h>

enum stream_kind { STREAM_CLOSED, STREAM_PLAIN, STREAM_SOCKET, STREAM_POLLED };

struct stream {
	int fd;
	enum stream_kind kind;
};

/* A descriptor for the other end of a stream (0, 1, 2) that is to be passed to the stand-in: for output one
 * of its own, where that can be, so that it need not wait. /proc must be there. -1 with errno. */
int stream_prepare(int fd, int stream);

/* Takes the descriptor, which stream_prepare() gave; -1 is a stream that is closed. */
void stream_open(struct stream *stream, int fd);
void stream_close(struct stream *stream);

/* >0 bytes, 0 at the end, -EAGAIN when there are none now, -errno. */
ssize_t stream_read(struct stream *stream, void *buffer, size_t length);

/* How much was taken, -EAGAIN when nothing can be now, -errno. */
ssize_t stream_write(struct stream *stream, const void *data, size_t length);

#endif
