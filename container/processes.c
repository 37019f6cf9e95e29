/* SPDX-License-Identifier: Apache-2.0 */
#include "container/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "container/messages.h"
#include "util/passing.h"

/* More than a filter, arguments and environment can have. */
#define SPEC_MAX (16 << 20)

/* What a process is polled for: its streams and its caller. */
static size_t polled(const struct process *process)
{
	return process->stream_count + 1;
}

void processes_init(struct processes *processes, struct process *first, struct share *control)
{
	*processes = (struct processes){.first = first, .polled = polled(first), .control = control};
}

struct process *processes_find(const struct processes *processes, uint32_t number)
{
	struct process *process = processes->first;

	while (process && process->number != number)
		process = process->next;
	return process;
}

static void close_caller(struct process *process)
{
	if (process->caller >= 0)
		close(process->caller);
	process->caller = -1;
}

static void remove_process(struct processes *processes, struct process *process)
{
	struct process **at = &processes->first;

	/* What waits is answered while there still are streams to try. */
	control_end(processes->control, process->number);
	while (*at != process)
		at = &(*at)->next;
	*at = process->next;
	processes->polled -= polled(process);
	for (uint32_t i = 0; i < process->stream_count; i++)
		stream_close(&process->streams[i]);
	/* The last: who waits for its end finds the output delivered. */
	close_caller(process);
	free(process->owned);
	free(process);
}

static int read_spec(struct process *process, int fd)
{
	struct statx st;
	size_t size, done = 0;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &st) || st.stx_size == 0 || st.stx_size > SPEC_MAX)
		return -1;
	size = (size_t)st.stx_size;
	process->owned = malloc(size);
	while (process->owned && done < size) {
		const struct iovec rest = {.iov_base = process->owned + done, .iov_len = size - done};
		/* Not pread(2): its filter knows one call for this. */
		ssize_t got = preadv(fd, &rest, 1, (off_t)done);

		if (got <= 0)
			return -1;
		done += (size_t)got;
	}
	process->spec = process->owned;
	process->spec_length = size;
	return process->owned ? 0 : -1;
}

static void tell(const struct process *process, const struct zone_report *report)
{
	/* A few words in all, for which there is room. */
	if (process->caller >= 0)
		send(process->caller, report, sizeof(*report), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* False when the guest takes no more events. */
static bool ask(struct processes *processes, uint32_t number, uint32_t type, uint32_t first, uint32_t second)
{
	const struct zone_event event = {.type = type, .process = number, .arg = {first, second}};

	return control_event(processes->control, &event) == 0;
}

void processes_add(struct processes *processes, uint32_t number, const int *fds, size_t count)
{
	struct zone_report failed = {
		.type = ZONE_REPORT_FAILED, .process = number, .arg = {UINT32_MAX, ENOMEM}};
	/* Those of the request and its caller. */
	bool fits = count > REQUEST_EXEC_FDS && count <= REQUEST_EXEC_FDS_MAX + 1;
	struct process *process = fits ? calloc(1, sizeof(*process)) : NULL;
	bool bad;

	if (!process) {
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		return;
	}
	process->number = number;
	process->caller = fds[count - 1];
	process->stream_count = (uint32_t)count - 2;
	for (uint32_t i = 0; i < process->stream_count; i++)
		stream_open(&process->streams[i], fds[1 + i]);
	bad = read_spec(process, fds[0]);
	close(fds[0]);
	process->next = processes->first;
	processes->first = process;
	processes->polled += polled(process);
	/* The start waits in the zone until the process is made. */
	if (!bad && ask(processes, number, ZONE_EVENT_CREATE, 0, 0) &&
		ask(processes, number, ZONE_EVENT_START, 0, 0))
		return;
	tell(process, &failed);
	remove_process(processes, process);
}

void processes_report(struct processes *processes, const struct zone_report *report)
{
	struct process *process = report->process ? processes_find(processes, report->process) : NULL;

	if (!process)
		return;
	tell(process, report);
	if (report->type == ZONE_REPORT_EXITED || report->type == ZONE_REPORT_FAILED)
		remove_process(processes, process);
}

/* What the process's pid on this host was sent. */
static void caller_event(struct processes *processes, struct process *process)
{
	struct zone_event event;
	ssize_t got = receive(process->caller, &event, sizeof(event), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(event)) {
		/* It was killed: so is the process. */
		close_caller(process);
		ask(processes, process->number, ZONE_EVENT_SIGNAL, SIGKILL, 0);
		return;
	}
	if (event.type == ZONE_EVENT_SIGNAL || event.type == ZONE_EVENT_RESIZE ||
		event.type == ZONE_EVENT_HANGUP)
		ask(processes, process->number, event.type, event.arg[0], event.arg[1]);
}

static void list_fds(const struct processes *processes, const struct process *process, struct pollfd *fds)
{
	/* A stream is looked at only when the guest waits for it. */
	for (uint32_t i = 0; i < process->stream_count; i++)
		fds[i] = (struct pollfd){
			.fd = control_waits(processes->control, process->number, i) ? process->streams[i].fd
										    : -1,
			.events = zone_stream_is_out(i) ? POLLOUT : POLLIN,
		};
	fds[process->stream_count] = (struct pollfd){.fd = process->caller, .events = POLLIN};
}

static bool make_room(struct processes *processes, size_t wanted)
{
	struct pollfd *fds;

	if (wanted <= processes->room)
		return true;
	fds = reallocarray(processes->fds, 2 * wanted, sizeof(*fds));
	if (!fds)
		return false;
	processes->fds = fds;
	processes->room = 2 * wanted;
	return true;
}

int processes_wait(
	struct processes *processes, struct pollfd *own, size_t count, const struct timespec *patience)
{
	size_t used = count;
	struct process *next;

	if (!make_room(processes, count + processes->polled)) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(processes->fds, own, count * sizeof(*own));
	for (struct process *process = processes->first; process; process = process->next) {
		list_fds(processes, process, processes->fds + used);
		used += polled(process);
	}
	/* Not poll(2), which a stop of this process has go on by restart_syscall(2). */
	if (ppoll(processes->fds, used, patience, NULL) < 0)
		return errno == EINTR ? 0 : -1;
	memcpy(own, processes->fds, count * sizeof(*own));

	used = count;
	for (struct process *process = processes->first; process; process = next) {
		const struct pollfd *fds = processes->fds + used;

		next = process->next;
		used += polled(process);
		for (uint32_t i = 0; i < process->stream_count; i++)
			if (fds[i].revents)
				control_stream_ready(processes->control, process->number, i);
		if (fds[process->stream_count].revents)
			caller_event(processes, process);
	}
	return 0;
}
