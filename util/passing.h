/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors, over a socket that keeps messages apart. Nothing is allocated. */
#ifndef XENRUN_PASSING_H
#define XENRUN_PASSING_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSING_MAX 40

union passing_space {
	char space[CMSG_SPACE(PASSING_MAX * sizeof(int))];
	struct cmsghdr align;
};

/* Sends `count` (at most PASSING_MAX) descriptors along; they stay the caller's. As send(2). */
static inline ssize_t send_with(int socket, const void *message, size_t length, const int *fds, size_t count)
{
	struct iovec iov;
	union passing_space control;
	struct msghdr header;
	struct cmsghdr *part;

	memset(&control, 0, sizeof(control));
	memset(&header, 0, sizeof(header));
	memcpy(&iov.iov_base, &message, sizeof(message)); /* which is not written to */
	iov.iov_len = length;
	header.msg_iov = &iov;
	header.msg_iovlen = 1;
	if (count) {
		header.msg_control = control.space;
		header.msg_controllen = (__typeof__(header.msg_controllen))CMSG_SPACE(count * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = (__typeof__(part->cmsg_len))CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, count * sizeof(int));
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL);
}

/* As recv(2). A peer that has gone without having read all that it was sent makes a first try fail with
 * ECONNRESET, though its own last messages are there to be read: they are. */
static inline ssize_t receive(int socket, void *message, size_t length, int flags)
{
	struct iovec iov;
	struct msghdr header;
	ssize_t got;

	memset(&header, 0, sizeof(header));
	iov.iov_base = message;
	iov.iov_len = length;
	header.msg_iov = &iov;
	header.msg_iovlen = 1;
	while ((got = recvmsg(socket, &header, flags)) < 0 && errno == ECONNRESET)
		;
	return got;
}

/* As receive(). The descriptors that came are the caller's, *count of them, close-on-exec;
 * fds has room for PASSING_MAX. */
static inline ssize_t receive_with(
	int socket, void *message, size_t length, int flags, int fds[PASSING_MAX], size_t *count)
{
	struct iovec iov;
	union passing_space control;
	struct msghdr header;
	struct cmsghdr *part;
	ssize_t got;

	memset(&header, 0, sizeof(header));
	iov.iov_base = message;
	iov.iov_len = length;
	header.msg_iov = &iov;
	header.msg_iovlen = 1;
	header.msg_control = control.space;
	header.msg_controllen = sizeof(control.space);
	*count = 0;
	while ((got = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == ECONNRESET)
		;
	part = got < 0 ? NULL : CMSG_FIRSTHDR(&header);
	if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
		*count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(part), *count * sizeof(int));
	}
	return got;
}

#endif
