/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes and following them to their end. */
#include "initramfs/process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "initramfs/cgroup.h"
#include "initramfs/child.h"
#include "initramfs/console.h"
#include "initramfs/control.h"
#include "initramfs/limits.h"
#include "initramfs/member.h"
#include "initramfs/mounts.h"
#include "initramfs/ops.h"
#include "initramfs/platform.h"
#include "initramfs/query.h"
#include "initramfs/relay.h"
#include "initramfs/resolver.h"
#include "initramfs/syscalls.h"
#include "initramfs/terminal.h"
#include "initramfs/userns.h"
#include "util/cleanup.h"
#include "util/passing.h"

/* How long the container's end waits for what is left of other processes: their readers may have gone to
 * sleep. */
#define OTHERS_MILLISECONDS 2000

/* Bits of the streams that are written: zone_stream_is_out(). */
#define OUTPUTS (UINT64_C(0x5555555555555554) | 2)

static struct process *processes;
/* When the container's end is reported whatever the others do; 0 while there is none to report. */
static long deadline;
char process_memory_watch;
static bool gone;		   /* dom0 had the last word of the container */
static unsigned long memory_kills; /* that dom0 knows of */

void process_boot(int poll)
{
	zone.poll = poll;
	zone.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	zone.own_pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
}

struct process *process_find(uint32_t number)
{
	for (struct process *process = processes; process; process = process->next)
		/* One that dom0 is done with may still have a relay that waits for its answer. */
		if (process->number == number && !process->reported)
			return process;
	return NULL;
}

static void close_channel(struct process *process)
{
	if (process->channel < 0)
		return;
	/* Closing does not do it while a child just made has a copy: what is watched is not the descriptor.
	 */
	epoll_ctl(zone.poll, EPOLL_CTL_DEL, process->channel, NULL);
	close(process->channel);
	process->channel = -1;
}

static void close_stop(struct process *process)
{
	if (process->stop[1] >= 0)
		close(process->stop[1]);
	process->stop[1] = -1;
}

/* Its relays have descriptors of their own. */
static void close_terminal(struct process *process)
{
	if (process->master >= 0)
		close(process->master);
	if (process->slave >= 0)
		close(process->slave);
	process->master = process->slave = -1;
}

/* Forgets a process that nothing is left of. */
static void release(struct process *process)
{
	struct process **link = &processes;

	if (!process->reported || process->relaying || (process->pid && !process->ended))
		return;
	while (*link && *link != process)
		link = &(*link)->next;
	if (*link)
		*link = process->next;
	close_channel(process);
	close_stop(process);
	close_terminal(process);
	close(process->stop[0]);
	if (process->pidfd >= 0)
		close(process->pidfd);
	if (process->folder >= 0)
		close(process->folder);
	free(process);
}

static void fail(struct process *process, uint32_t index, int error)
{
	if (!process->reported)
		control_report(ZONE_REPORT_FAILED, process->number, index, (uint32_t)error);
	process->reported = true;
	gone |= process->number == CONTAINER;
	process->state = STATE_FAILED;
}

/* What is asked of the container as a whole looks like a process that prints the answer. */
static int answer(struct process *process, uint32_t query)
{
	int fd = query_answer(query, zone.cgroup);

	if (fd < 0)
		return -1;
	process->state = STATE_RUNNING;
	process->ended = true;
	close_stop(process);
	control_report(ZONE_REPORT_CREATED, process->number, 0, 0);
	control_report(ZONE_REPORT_STARTED, process->number, 0, 0);
	spawn_relay(process, 1, fd);
	return 0;
}

/* As the process that dom0 takes it for, it has no end. */
static int resolve(struct process *process, const struct op *resolver)
{
	if (resolver_start(resolver->fields, spawn_network(), process->folder))
		return -1;
	control_report(ZONE_REPORT_CREATED, process->number, 0, 0);
	control_report(ZONE_REPORT_STARTED, process->number, 0, 0);
	process->reported = true;
	release(process);
	return 0;
}

/* It ends with the connection. */
static int connect_with_resolver(struct process *process)
{
	if (resolver_connect(process, process->folder))
		return -1;
	process->state = STATE_RUNNING;
	process->connects = process->ended = true;
	process->relaying = UINT64_C(1) << 1;
	control_report(ZONE_REPORT_CREATED, process->number, 0, 0);
	control_report(ZONE_REPORT_STARTED, process->number, 0, 0);
	return 0;
}

/* Makes what the spec is of. */
static int make(struct process *process, const struct spec *spec, uint32_t *index)
{
	if (spec->resolver.fields) {
		*index = spec->resolver.index;
		return resolve(process, &spec->resolver);
	}
	if (spec->query == ZONE_OP_CONNECTION)
		return connect_with_resolver(process);
	return spec->query ? answer(process, spec->query) : spawn(process, spec, index);
}

void process_create(uint32_t number)
{
	struct process *process = process_find(number);
	cleanup_free uint8_t *bytes = NULL;
	cleanup_close int file = -1;
	struct spec spec = {0};
	uint32_t index = NO_INDEX;
	size_t length;

	if (process) {
		control_report(ZONE_REPORT_FAILED, number, NO_INDEX, EEXIST);
		return;
	}
	process = calloc(1, sizeof(*process));
	if (!process) {
		control_report(ZONE_REPORT_FAILED, number, NO_INDEX, ENOMEM);
		return;
	}
	process->number = number;
	process->pidfd = process->channel = process->stop[0] = process->stop[1] = -1;
	process->master = process->slave = -1;
	process->folder = control_folder(number);
	process->next = processes;
	processes = process;
	if (process->folder < 0 || pipe2(process->stop, O_CLOEXEC) ||
		control_spec(process->folder, &bytes, &length, &file) ||
		spec_decode(&spec, bytes, length, &index) ||
		(spec.query == ZONE_OP_LIMITS ? limits_change(&spec, zone.cgroup, &index)
					      : spawn_prepare(&spec, &index)) ||
		make(process, &spec, &index)) {
		fail(process, index, errno);
		close_stop(process);
		if (process->pid)
			kill(process->pid, SIGKILL);
		release(process);
	}
	spec_free(&spec);
}

void process_start(uint32_t number)
{
	struct child_message message = {.type = CHILD_START};
	struct process *process = process_find(number);

	if (!process || process->started || process->channel < 0)
		return;
	/* A child that is not ready yet finds the message when it is. */
	process->started = true;
	send(process->channel, &message, sizeof(message), MSG_NOSIGNAL);
}

void process_join(uint32_t number, uint32_t namespaces)
{
	const struct process *container = process_find(CONTAINER);

	if (!container || container->pidfd < 0 || container->ended)
		return;
	if (member_start(number, namespaces, container->pidfd))
		say("cannot make another zone init", NULL, errno);
}

static bool ends_by_default(int signal)
{
	switch (signal) {
	case 0:
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return false;
	default:
		return true;
	}
}

void process_signal(uint32_t number, int signal, int everybody)
{
	struct process *process = process_find(number);

	if (!process || !process->pid || process->ended)
		return;
	if (everybody && zone.cgroup >= 0 && process->state == STATE_RUNNING) {
		cgroup_signal(zone.cgroup, signal);
		return;
	}
	/* The first process of a pid namespace is spared every signal that it has no handler for. */
	if (process->state != STATE_RUNNING && process->number == CONTAINER &&
		process->namespaces & CLONE_NEWPID && ends_by_default(signal)) {
		process->requested = signal;
		signal = SIGKILL;
	}
	kill(process->pid, signal);
}

void process_resize(uint32_t number, unsigned rows, unsigned columns)
{
	struct process *process = process_find(number);

	if (!process)
		return;
	process->rows = rows;
	process->columns = columns;
	if (process->master >= 0)
		terminal_resize(process->master, rows, columns);
}

void process_hang_up(uint32_t number)
{
	struct process *process = process_find(number);

	if (!process || process->master < 0)
		return;
	/* With the relays' the last of its descriptors goes, and the kernel tells who has it open. */
	close_terminal(process);
	close_stop(process);
}

static void get_ready(struct process *process, uint32_t pid)
{
	uint32_t index;

	if (process->number == CONTAINER && spawn_attach_devices(&index)) {
		fail(process, index, errno);
		kill(process->pid, SIGKILL);
		return;
	}
	process->state = STATE_CREATED;
	control_report(ZONE_REPORT_CREATED, process->number, pid, 0);
}

void process_heard(struct process *process)
{
	struct child_message message;
	int fds[PASSING_MAX];
	size_t count;
	ssize_t length;

	while (process->channel >= 0) {
		length = receive_with(process->channel, &message, sizeof(message), MSG_DONTWAIT, fds, &count);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length == sizeof(message) && message.type == CHILD_TERMINAL && count == 1) {
			spawn_take_terminal(process, fds[0]);
			continue;
		}
		if (length == sizeof(message) &&
			(message.type == CHILD_LIMIT || message.type == CHILD_SCORE)) {
			struct child_message done = {.type = CHILD_DONE};

			if (message.type == CHILD_LIMIT
					? userns_limit(process->pid, message.arg[0], message.value)
					: userns_score(zone.proc, process->pid, (int32_t)message.arg[0]))
				done.arg[0] = (uint32_t)errno;
			send(process->channel, &done, sizeof(done), MSG_NOSIGNAL);
			continue;
		}
		if (length == sizeof(message) && message.type == CHILD_READY) {
			get_ready(process, message.arg[0]);
			continue;
		}
		if (length == sizeof(message) && message.type == CHILD_FAILED)
			fail(process, message.arg[0], (int)message.arg[1]);
		else if (process->state == STATE_CREATED && process->started && !process->requested) {
			/* One that was killed, in a hook maybe, was not executed. */
			process->state = STATE_RUNNING;
			control_report(ZONE_REPORT_STARTED, process->number, 0, 0);
		}
		close_channel(process);
	}
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether the container's end has to wait: it ends the zone, and with it what the others have yet to say. */
static bool wait_for_others(const struct process *container)
{
	const struct process *process = processes;

	/* What a connection with the resolver has yet to say is for the container's processes. */
	while (process && (process == container || process->reported || process->connects))
		process = process->next;
	if (!process)
		return false;
	if (!deadline)
		deadline = milliseconds() + OTHERS_MILLISECONDS;
	return milliseconds() < deadline;
}

/* Reports the end once the output that came before it is delivered. */
static void finish(struct process *process)
{
	bool container = process->number == CONTAINER;

	if (process->ended && !process->reported && !(process->relaying & OUTPUTS)) {
		if (container && wait_for_others(process))
			return;
		if (container)
			/* What it wrote is on the host before anybody looks. */
			sync();
		process->reported = true;
		gone |= container;
		control_report(ZONE_REPORT_EXITED, process->number, (uint32_t)process->status, 0);
	}
	release(process);
}

void process_out_of_memory(void)
{
	char events[256];
	unsigned long kills;

	while (zone.memory_watch >= 0 && read(zone.memory_watch, events, sizeof(events)) > 0)
		;
	kills = cgroup_memory_kills(zone.cgroup);
	if (kills > memory_kills)
		control_report(ZONE_REPORT_OOM, CONTAINER, 0, 0);
	memory_kills = kills;
}

int process_patience(void)
{
	long left = deadline ? deadline - milliseconds() : -1;

	return deadline && left < 0 ? 0 : (int)left;
}

void process_relayed(struct process *process, unsigned stream)
{
	bool connects = process->connects;

	process->relaying &= ~(UINT64_C(1) << stream);
	finish(process);
	if (connects)
		resolver_disconnected();
}

static void end(struct process *process, int status)
{
	/* Its last message may be there unread. */
	process_heard(process);
	process->ended = true;
	process->status = process->requested && WIFSIGNALED(status) ? process->requested : status;
	if (process->state == STATE_MAKING)
		fail(process, NO_INDEX, ECANCELED);
	if (process->number == CONTAINER)
		/* Why it ended is to be known before that it did. */
		process_out_of_memory();
	if (process->number == CONTAINER && !(process->namespaces & CLONE_NEWPID) && zone.cgroup >= 0)
		/* The end of a pid namespace would have been that of its processes. */
		cgroup_signal(zone.cgroup, SIGKILL);
	close_stop(process);
	finish(process);
}

static bool only_connections(void)
{
	const struct process *process = processes;

	while (process && process->connects)
		process = process->next;
	return !process;
}

void process_reap(void)
{
	struct process *process;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (process = processes; process && process->pid != pid; process = process->next)
			;
		if (process)
			end(process, status);
	}
	/* The zone of the others goes on. */
	if (member_number && gone && only_connections())
		member_leave();
	process = deadline ? process_find(CONTAINER) : NULL;
	if (process)
		finish(process);
	else
		deadline = 0;
}
