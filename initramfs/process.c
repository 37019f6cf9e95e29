/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes and following them to their end. */
#include "initramfs/process.h"

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
#include "initramfs/control.h"
#include "initramfs/mounts.h"
#include "initramfs/ops.h"
#include "initramfs/platform.h"
#include "initramfs/query.h"
#include "initramfs/relay.h"
#include "initramfs/syscalls.h"
#include "initramfs/terminal.h"
#include "initramfs/userns.h"
#include "util/cleanup.h"
#include "util/passing.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

/* The container's number. */
#define CONTAINER 0

/* Shares are announced before they are asked for: a device that has not come by then will not. */
#define SHARE_SECONDS 30

/* How long the container's end waits for what is left of other processes: their readers may have gone to
 * sleep. */
#define OTHERS_MILLISECONDS 2000

#define VOLUMES_OPTIONS "cache=mmap,access=client,msize=262144"

/* No operation is to blame. */
#define NO_INDEX UINT32_MAX

enum state {
	STATE_MAKING,  /* carries out its spec */
	STATE_CREATED, /* waits for its start */
	STATE_RUNNING,
	STATE_FAILED, /* and dom0 knows */
};

struct process {
	struct process *next;
	uint32_t number;
	enum state state;
	uint32_t namespaces; /* CLONE_NEW* that it was made with */
	struct userns user;  /* who is root in its user namespace */
	pid_t pid;	     /* 0 before there is one */
	int pidfd;
	int channel; /* to the child (child.h), -1 once it is closed */
	int folder;  /* in the control share */
	int master;  /* of its terminal, -1 for none */
	int slave;   /* held open: a terminal that nobody has open says so, and its reader would go */
	int stop[2]; /* its second end is open as long as the process lives */
	struct relay relays[3];
	unsigned relaying;    /* a bit for each that runs */
	bool started;	      /* dom0 said so, maybe before it was created */
	bool ended, reported; /* `reported`: dom0 had the last word of it */
	int status;	      /* of waitpid */
	int requested;	      /* the signal that SIGKILL stands for, 0 for none */
};

static struct process *processes;
/* When the container's end is reported whatever the others do; 0 while there is none to report. */
static long deadline;
static int poll_fd = -1, cgroup = -1, proc = -1, own_pids = -1;
/* The container's device rules, from loading them to attaching them; and the operation they came in. */
static int devices = -1;
static uint32_t devices_index;

char process_memory_watch;
static int memory_watch = -1;
static unsigned long memory_kills; /* that dom0 knows of */

void process_boot(int poll)
{
	poll_fd = poll;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	own_pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
}

static struct process *find(uint32_t number)
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
	epoll_ctl(poll_fd, EPOLL_CTL_DEL, process->channel, NULL);
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
	process->state = STATE_FAILED;
}

static int load_devices(const struct op *op)
{
	if (devices >= 0)
		close(devices);
	devices = cgroup_load_devices(op->tail, op->tail_length);
	devices_index = op->index;
	return devices < 0 ? -1 : 0;
}

/* Only when all is set up that a rule could forbid: they are for what the container runs. */
static int attach_devices(void)
{
	int result = devices < 0 ? 0 : cgroup_attach_devices(cgroup, devices), error = errno;

	if (devices >= 0)
		close(devices);
	devices = -1;
	errno = error;
	return result;
}

/* What of a spec is done before its process is made. */
static int prepare(const struct spec *spec, uint32_t *index)
{
	static bool has_volumes;
	const uint8_t *position = NULL;
	struct op op = {0};

	if (spec->container && cgroup < 0) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &process_memory_watch};

		/* Without one go those who ask for nothing of it. */
		cgroup = cgroup_make();
		memory_watch = cgroup < 0 ? -1 : cgroup_watch_memory();
		if (memory_watch >= 0)
			epoll_ctl(poll_fd, EPOLL_CTL_ADD, memory_watch, &event);
	}
	while (spec_next(spec, &position, &op)) {
		const char *volumes = NULL;

		*index = op.index;
		if (op.type == ZONE_OP_CGROUP && cgroup_write(cgroup, op_string(&op, 0), op_string(&op, 1)))
			return -1;
		if (op.type == ZONE_OP_CGROUP_TRY &&
			cgroup_write(cgroup, op_string(&op, 0), op_string(&op, 1)) && errno != ENOENT)
			return -1;
		if (op.type == ZONE_OP_DEVICES && load_devices(&op))
			return -1;
		if (op.type == ZONE_OP_ROOT &&
			share_mount(ZONE_TAG_ROOTFS, ROOTFS_PATH, op_u32(&op, 0), op.strings, SHARE_SECONDS))
			return -1;
		if (op.type == ZONE_OP_VOLUMES)
			volumes = op.strings;
		else if (!has_volumes && mounts_binds_volume(&op))
			volumes = VOLUMES_OPTIONS;
		if (volumes && !has_volumes &&
			share_mount(ZONE_TAG_VOLUMES, VOLUMES_PATH, 0, volumes, SHARE_SECONDS))
			return -1;
		has_volumes |= volumes != NULL;
	}
	/* What goes wrong from here on is of the namespaces; an exec's operations name none. */
	*index = spec->container ? 0 : NO_INDEX;
	if (spec->container && !(spec->clone_flags & CLONE_NEWNS)) {
		/* Its mounts would be zone init's own. */
		errno = EINVAL;
		return -1;
	}
	return 0;
}

static pid_t clone_into(uint64_t flags, int *pidfd, int into)
{
	struct zone_clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	if (into >= 0) {
		args.flags |= ZONE_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into;
	}
	return sys_clone3(&args);
}

/* Makes the process of an exec: born into the container's pid namespace, which only a child can be. */
static pid_t clone_beside(const struct process *container, int *pidfd)
{
	bool enter = container->namespaces & CLONE_NEWPID;
	cleanup_close int moved = -1;
	pid_t pid;

	if (enter && setns(container->pidfd, CLONE_NEWPID))
		return -1;
	pid = clone_into(0, pidfd, cgroup);
	if (pid < 0 && errno == EBUSY) {
		/* The container has made cgroups of its own, and where it was nobody may be any more. */
		moved = cgroup_of(container->pid);
		if (moved >= 0)
			pid = clone_into(0, pidfd, moved);
	}
	if (pid && enter && setns(own_pids, CLONE_NEWPID))
		/* All of zone init's children would be the container's from here on. */
		zone_power_off();
	return pid;
}

/* Makes a pipe for a stream: child[stream] is the child's end, *own is zone init's and does not wait. */
static int make_stream(unsigned stream, int child[3], int *own)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	child[stream] = ends[stream ? 1 : 0];
	*own = ends[stream ? 0 : 1];
	return fcntl(*own, F_SETFL, O_NONBLOCK);
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Takes the descriptor. */
static void start_relay(struct process *process, unsigned stream, int own)
{
	struct relay *relay = &process->relays[stream];

	*relay = (struct relay){
		.process = process,
		.stream = stream,
		.folder = process->folder,
		.pipe = own,
		.terminal = process->master >= 0,
		.stop = process->stop[0],
	};
	if (own >= 0 && !relay_start(relay))
		process->relaying |= 1U << stream;
	else if (own >= 0)
		/* A stream that is shut is what the process sees of it. */
		close(own);
}

static void take_terminal(struct process *process, int master)
{
	if (process->master >= 0 || fcntl(master, F_SETFL, O_NONBLOCK)) {
		close(master);
		return;
	}
	process->master = master;
	process->slave = terminal_slave(master);
	for (unsigned stream = 0; stream < 2; stream++)
		start_relay(process, stream, fcntl(master, F_DUPFD_CLOEXEC, 0));
}

/* The new process's streams, and zone init's ends of them. With a terminal to come, there are none yet. */
static int make_streams(const struct spec *spec, int child[3], int own[3])
{
	for (unsigned stream = 0; stream < 3; stream++) {
		if (spec->terminal)
			child[stream] = open("/dev/null", O_RDWR | O_CLOEXEC);
		else if (make_stream(stream, child, &own[stream]))
			return -1;
		if (child[stream] < 0)
			return -1;
	}
	return 0;
}

/* Gives a new process what only its parent can: the maps of its user namespace, which it waits for, and the
 * streams, to be opened by their names in /dev. */
static int furnish(struct process *process, const struct spec *spec, const int streams[3], uint32_t *index)
{
	struct child_message done = {.type = CHILD_DONE};

	if (!(process->namespaces & CLONE_NEWUSER))
		return 0;
	if (spec->container && userns_map(proc, process->pid, spec, &process->user, index))
		return -1;
	/* A terminal is of the namespace itself. */
	for (unsigned stream = 0; stream < 3 && !spec->terminal; stream++)
		if (fchown(streams[stream], process->user.uid, process->user.gid))
			return -1;
	if (spec->container && send(process->channel, &done, sizeof(done), MSG_NOSIGNAL) < 0)
		return -1;
	return 0;
}

static int spawn(struct process *process, const struct spec *spec, uint32_t *index)
{
	struct process *container = spec->container ? NULL : find(CONTAINER);
	int streams[3] = {-1, -1, -1}, own[3] = {-1, -1, -1}, channel[2] = {-1, -1};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = process};
	struct child_plan plan = {.spec = spec, .proc = proc, .container = -1};
	int result = -1;

	if (!spec->container && (!container || !container->pid || container->ended)) {
		errno = ESRCH;
		return -1;
	}
	if (make_streams(spec, streams, own))
		goto cleanup;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel))
		goto cleanup;
	memcpy(plan.streams, streams, sizeof(streams));
	plan.channel = channel[1];
	process->namespaces = container ? container->namespaces : spec->clone_flags;
	if (container) {
		process->user = container->user;
		plan.container = container->pidfd;
		plan.join = container->namespaces & ~(uint32_t)CLONE_NEWPID;
		process->pid = clone_beside(container, &process->pidfd);
	} else {
		process->pid =
			clone_into(spec->clone_flags & ~(uint32_t)(CLONE_NEWCGROUP | ZONE_CLONE_NEWTIME),
				&process->pidfd, cgroup);
	}
	if (!process->pid)
		child_run(&plan);
	if (process->pid < 0) {
		process->pid = 0;
		goto cleanup;
	}
	process->channel = channel[0];
	channel[0] = -1;
	if (furnish(process, spec, streams, index))
		goto cleanup;
	for (unsigned stream = 0; stream < 3; stream++)
		start_relay(process, stream, steal_fd(&own[stream]));
	result = epoll_ctl(poll_fd, EPOLL_CTL_ADD, process->channel, &event);
cleanup:
	close_all(streams, 3);
	close_all(own, 3);
	close_all(channel, 2);
	return result;
}

/* What is asked of the container as a whole looks like a process that prints the answer. */
static int answer(struct process *process, uint32_t query)
{
	int fd = query_answer(query, cgroup);

	if (fd < 0)
		return -1;
	process->state = STATE_RUNNING;
	process->ended = true;
	control_report(ZONE_REPORT_CREATED, process->number, 0, 0);
	control_report(ZONE_REPORT_STARTED, process->number, 0, 0);
	start_relay(process, 1, fd);
	return 0;
}

void process_create(uint32_t number)
{
	struct process *process = find(number);
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
		spec_decode(&spec, bytes, length, &index) || prepare(&spec, &index) ||
		(spec.query ? answer(process, spec.query) : spawn(process, &spec, &index))) {
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
	struct process *process = find(number);

	if (!process || process->started || process->channel < 0)
		return;
	/* A child that is not ready yet finds the message when it is. */
	process->started = true;
	send(process->channel, &message, sizeof(message), MSG_NOSIGNAL);
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
	struct process *process = find(number);

	if (!process || !process->pid || process->ended)
		return;
	if (everybody && cgroup >= 0 && process->state == STATE_RUNNING) {
		cgroup_signal(cgroup, signal);
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
	struct process *process = find(number);

	if (process && process->master >= 0)
		terminal_resize(process->master, rows, columns);
}

void process_hang_up(uint32_t number)
{
	struct process *process = find(number);

	if (!process || process->master < 0)
		return;
	/* With the relays' the last of its descriptors goes, and the kernel tells who has it open. */
	close_terminal(process);
	close_stop(process);
}

static void get_ready(struct process *process, uint32_t pid)
{
	if (process->number == CONTAINER && attach_devices()) {
		fail(process, devices_index, errno);
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
			take_terminal(process, fds[0]);
			continue;
		}
		if (length == sizeof(message) &&
			(message.type == CHILD_LIMIT || message.type == CHILD_SCORE)) {
			struct child_message done = {.type = CHILD_DONE};

			if (message.type == CHILD_LIMIT
					? userns_limit(process->pid, message.arg[0], message.value)
					: userns_score(proc, process->pid, (int32_t)message.arg[0]))
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

	while (process && (process == container || process->reported))
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

	if (process->ended && !process->reported && !(process->relaying & ~1U)) {
		if (container && wait_for_others(process))
			return;
		if (container)
			/* What it wrote is on the host before anybody looks. */
			sync();
		process->reported = true;
		control_report(ZONE_REPORT_EXITED, process->number, (uint32_t)process->status, 0);
	}
	release(process);
}

void process_out_of_memory(void)
{
	char events[256];
	unsigned long kills;

	while (memory_watch >= 0 && read(memory_watch, events, sizeof(events)) > 0)
		;
	kills = cgroup_memory_kills(cgroup);
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
	process->relaying &= ~(1U << stream);
	finish(process);
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
	if (process->number == CONTAINER && !(process->namespaces & CLONE_NEWPID) && cgroup >= 0)
		/* The end of a pid namespace would have been that of its processes. */
		cgroup_signal(cgroup, SIGKILL);
	close_stop(process);
	finish(process);
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
	process = deadline ? find(CONTAINER) : NULL;
	if (process)
		finish(process);
	else
		deadline = 0;
}
