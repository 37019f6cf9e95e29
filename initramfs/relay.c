/* SPDX-License-Identifier: Apache-2.0 */
/* Copies bytes; a write that dom0 does not answer yet is what holds a container back that writes too fast. */
#include "initramfs/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "initramfs/control.h"
#include "initramfs/number.h"
#include "initramfs/platform.h"
#include "initramfs/thread.h"
#include "util/cleanup.h"

/* More than a terminal holds: what comes beyond is of processes that nobody waits for. */
#define TERMINAL_REST (256 << 10)

/* How long the end of a process may be behind that of its output. */
#define END_MILLISECONDS 100

static const char *name_of(const struct relay *relay, char digits[NUMBER_MAX])
{
	static const char *const names[] = {"in", "out", "err"};

	return relay->stream < 3 ? names[relay->stream] : number_text(digits, relay->stream);
}

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

/* Many processes never write: the file is opened for the first byte. */
static bool open_output(const struct relay *relay, int *file)
{
	char digits[NUMBER_MAX];

	while (*file < 0) {
		*file = openat(relay->folder, name_of(relay, digits), O_WRONLY | O_CLOEXEC);
		if (*file < 0 && !again())
			return false;
	}
	return true;
}

/* Whether a process has closed its output and lives on. */
static bool lives_on(const struct relay *relay)
{
	struct pollfd stop = {.fd = relay->stop};

	return !relay->terminal && poll(&stop, 1, END_MILLISECONDS) == 0;
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
		if (length <= 0) {
			/* dom0 takes the file's end for that of the stream. */
			if (!length && !ended && lives_on(relay))
				open_output(relay, &file);
			return;
		}
		if (ended)
			left -= (int)length;
		if (!open_output(relay, &file) || !deliver(file, buffer, (size_t)length))
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
	char digits[NUMBER_MAX];
	cleanup_close int file = share_open_waiting(relay->folder, name_of(relay, digits));
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

	bool out = zone_stream_is_out(relay->stream);

	if (out)
		relay_output(relay, buffer);
	else
		relay_input(relay, buffer);
	if (relay->socket)
		shutdown(relay->pipe, out ? SHUT_RD : SHUT_WR);
	close(relay->pipe);
	/* The last it does: the process, and the relay with it, may be gone after. */
	control_tell(&news);
	return NULL;
}

int relay_start(struct relay *relay)
{
	return thread_start(relay_run, relay, CONTROL_PIECE + THREAD_STACK);
}
