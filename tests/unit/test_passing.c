/* SPDX-License-Identifier: Apache-2.0 */
#include "util/passing.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

/* A socket whose peer has said "last" and gone, without having read what it was sent. */
static int left_by_peer(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		abort();
	CHECK_EQ(send(ends[0], "unread", 6, 0), 6);
	CHECK_EQ(send(ends[1], "last", 4, 0), 4);
	close(ends[1]);
	return ends[0];
}

static void last_message_is_read(void)
{
	int end = left_by_peer();
	char message[8];

	CHECK_EQ(receive(end, message, sizeof(message), 0), 4);
	CHECK(memcmp(message, "last", 4) == 0);
	CHECK_EQ(receive(end, message, sizeof(message), 0), 0);
	close(end);
}

static void last_message_is_read_with_descriptors(void)
{
	int end = left_by_peer(), fds[PASSING_MAX];
	char message[8];
	size_t count = 1;

	CHECK_EQ(receive_with(end, message, sizeof(message), MSG_DONTWAIT, fds, &count), 4);
	CHECK(memcmp(message, "last", 4) == 0);
	CHECK_EQ(count, 0);
	CHECK_EQ(receive_with(end, message, sizeof(message), MSG_DONTWAIT, fds, &count), 0);
	close(end);
}

static void descriptors_come_along(void)
{
	int ends[2], fds[PASSING_MAX];
	char message[8];
	size_t count;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		abort();
	CHECK_EQ(send_with(ends[0], "two", 3, ends, 2), 3);
	CHECK_EQ(receive_with(ends[1], message, sizeof(message), 0, fds, &count), 3);
	CHECK_EQ(count, 2);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	CHECK_EQ(receive_with(ends[1], message, sizeof(message), MSG_DONTWAIT, fds, &count), -1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	RUN(last_message_is_read);
	RUN(last_message_is_read_with_descriptors);
	RUN(descriptors_come_along);
	return unit_end();
}
