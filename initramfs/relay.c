/* SPDX-License-Identifier: Apache-2.0 */
/* Copies bytes; a write that dom0 does not answer yet is what holds a container back that writes too fast. */
#include "initramfs/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <time.h>

#include "initramfs/control.h"
#include "initramfs/platform.h"
#include "initramfs/thread.h"
#include "util/cleanup.h"

/* More than a terminal holds: what comes beyond is of processes that nobody waits for. */
#define TERMINAL_REST (256 << 10)

static const char *const names[] = {"in", "out", "err"};

/* Waits until the pipe is ready or the process has ended; tells whether it has. */
static bool wait_for_pipe(const struct relay *relay, short events)
{
	struct pollfd fds[] = {{.fd = relay->pipe, .events = events}, {.fd = relay->stop}};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[1].revents;
}

/* Whether a call is worth repeating; a guest short of memory gets some back soon. */
static bool again(void)
{
	if (errno == ENOMEM)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	else if (errno != EINTR)
		return false;
	return true;
}

static bool deliver(int file, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(file, bytes, length);

		if (written <= 0) {
			if (written < 0 && again())
				continue;
			return false;
		}
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static void relay_output(const struct relay *relay, char *buffer)
{
	cleanup_close int file = -1;
	int left = 0;
	bool ended = false;

	while (!ended || left > 0) {
		ssize_t length = read(
			relay->pipe, buffer, ended && left < CONTROL_PIECE ? (size_t)left : CONTROL_PIECE);

		if (length < 0 && errno == EAGAIN && !ended) {
			ended = wait_for_pipe(relay, POLLIN);
			/* What comes later is of processes that nobody waits for. A terminal cannot tell how
			 * much it has: it is read until it has none. */
			if (relay->terminal)
				left = TERMINAL_REST;
			else if (ended && ioctl(relay->pipe, FIONREAD, &left))
				return;
			continue;
		}
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return;
		if (ended)
			left -= (int)length;
		/* Many processes never write: the file is opened for the first byte. */
		while (file < 0) {
			file = openat(relay->folder, names[relay->stream], O_WRONLY | O_CLOEXEC);
			if (file < 0 && !again())
				return;
		}
		if (!deliver(file, buffer, (size_t)length))
			return;
	}
}

static bool feed(const struct relay *relay, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(relay->pipe, bytes, length);

		if (written < 0 && errno == EAGAIN) {
			if (wait_for_pipe(relay, POLLOUT))
				return false;
		} else if (written >= 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

static void relay_input(const struct relay *relay, char *buffer)
{
	cleanup_close int file = share_open_waiting(relay->folder, names[relay->stream]);
	ssize_t length;

	while (file >= 0) {
		length = share_read_waiting(file, buffer, CONTROL_PIECE);
		if (length < 0 && again())
			continue;
		if (length <= 0 || !feed(relay, buffer, (size_t)length))
			return;
	}
}

static void *relay_run(void *argument)
{
	const struct relay *relay = argument;
	struct news news = {.type = NEWS_RELAY, .process = relay->process, .stream = relay->stream};
	char buffer[CONTROL_PIECE];

	if (relay->stream)
		relay_output(relay, buffer);
	else
		relay_input(relay, buffer);
	close(relay->pipe);
	/* The last it does: the process, and the relay with it, may be gone after. */
	control_tell(&news);
	return NULL;
}

int relay_start(struct relay *relay)
{
	return thread_start(relay_run, relay, CONTROL_PIECE + THREAD_STACK);
}
