/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "initramfs/cgroup.h"
#include "initramfs/child.h"
#include "initramfs/disks.h"
#include "initramfs/member.h"
#include "initramfs/mounts.h"
#include "initramfs/network.h"
#include "initramfs/platform.h"
#include "initramfs/process_internal.h"
#include "initramfs/syscalls.h"
#include "initramfs/terminal.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

/* Shares are announced before they are asked for: a device that has not come by then will not. */
#define SHARE_SECONDS 30

#define VOLUMES_OPTIONS "cache=mmap,access=client,posixacl,locktimeout=1,msize=262144"

struct zone zone = {.poll = -1, .cgroup = -1, .proc = -1, .own_pids = -1, .memory_watch = -1};

/* The container's device rules, from loading them to attaching them; and the operation they came in. */
static int devices = -1;
static uint32_t devices_index;

static int load_devices(const struct op *op)
{
	if (devices >= 0)
		close(devices);
	devices = cgroup_load_devices(op->tail, op->tail_length);
	devices_index = op->index;
	return devices < 0 ? -1 : 0;
}

int spawn_attach_devices(uint32_t *index)
{
	int result = devices < 0 ? 0 : cgroup_attach_devices(zone.cgroup, devices), error = errno;

	*index = devices_index;
	if (devices >= 0)
		close(devices);
	devices = -1;
	errno = error;
	return result;
}

int spawn_network(void)
{
	const struct process *container = process_find(CONTAINER);

	return container && container->namespaces & CLONE_NEWNET ? container->pidfd : -1;
}

/* What of a spec is done before its process is made. */
int spawn_prepare(const struct spec *spec, uint32_t *index)
{
	static bool has_volumes;
	const uint8_t *position = NULL;
	struct op op = {0};

	if (spec->container && zone.cgroup < 0) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &process_memory_watch};

		/* Without one go those who ask for nothing of it. */
		zone.cgroup = cgroup_make();
		zone.memory_watch = zone.cgroup < 0 ? -1 : cgroup_watch_memory();
		if (zone.memory_watch >= 0)
			epoll_ctl(zone.poll, EPOLL_CTL_ADD, zone.memory_watch, &event);
	}
	while (spec_next(spec, &position, &op)) {
		const char *volumes = NULL;

		*index = op.index;
		if (op.type == ZONE_OP_CGROUP &&
			cgroup_write(zone.cgroup, op_string(&op, 0), op_string(&op, 1)))
			return -1;
		if (op.type == ZONE_OP_CGROUP_TRY &&
			cgroup_write(zone.cgroup, op_string(&op, 0), op_string(&op, 1)) && errno != ENOENT)
			return -1;
		if (op.type == ZONE_OP_CGROUP_OWNER && cgroup_give(zone.cgroup, op_u32(&op, 0)))
			return -1;
		if (op.type == ZONE_OP_DISK && disk_prepare(&op))
			return -1;
		if (op.type == ZONE_OP_DEVICES && load_devices(&op))
			return -1;
		if (op.type == ZONE_OP_SHM && !member_number && mounts_make_shm(&op))
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
	/* A network namespace of the container's own is there with its process. */
	if (!(spec->clone_flags & CLONE_NEWNET) &&
		network_apply(spec, spec->container ? -1 : spawn_network(), index))
		return -1;
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
	bool enter = container->namespaces & CLONE_NEWPID || member_pids >= 0;
	cleanup_close int moved = -1;
	pid_t pid;

	if (enter && setns(container->pidfd, CLONE_NEWPID))
		return -1;
	pid = clone_into(0, pidfd, zone.cgroup);
	if (pid < 0 && errno == EBUSY) {
		/* The container has made cgroups of its own, and where it was nobody may be any more. */
		moved = cgroup_of(container->pid);
		if (moved >= 0)
			pid = clone_into(0, pidfd, moved);
	}
	if (pid && enter && setns(zone.own_pids, CLONE_NEWPID))
		/* All of zone init's children would be the container's from here on. */
		zone_power_off();
	return pid;
}

/* The container's process: of a member, in a pid namespace that there is, if it has one in common. */
static pid_t clone_within(int pids, uint64_t flags, int *pidfd)
{
	pid_t pid;

	if (pids >= 0 && setns(pids, CLONE_NEWPID))
		return -1;
	pid = clone_into(flags, pidfd, zone.cgroup);
	if (pid && pids >= 0 && setns(zone.own_pids, CLONE_NEWPID))
		zone_power_off();
	return pid;
}

/* A new process's descriptors, and zone init's ends of its streams; -1 for none. */
struct streams {
	int child[3 + ZONE_DESCRIPTORS_MAX];
	int own[ZONE_STREAMS_MAX];
};

/* Makes a pipe for a stream: *child is the child's end; zone init's does not wait. */
static int make_stream(struct streams *streams, unsigned stream, int *child)
{
	bool out = zone_stream_is_out(stream);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*child = ends[out ? 1 : 0];
	streams->own[stream] = ends[out ? 0 : 1];
	return fcntl(streams->own[stream], F_SETFL, O_NONBLOCK);
}

/* A descriptor besides the standard ones: a pipe, or a socket for both directions. */
static int make_descriptor(struct streams *streams, uint32_t descriptor, uint32_t flags)
{
	uint32_t in = zone_stream_in(descriptor), out = zone_stream_out(descriptor);
	int ends[2];

	if (flags == ZONE_DESCRIPTOR_IN || flags == ZONE_DESCRIPTOR_OUT)
		return make_stream(
			streams, flags == ZONE_DESCRIPTOR_IN ? in : out, &streams->child[descriptor]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	streams->child[descriptor] = ends[1];
	streams->own[in] = ends[0];
	streams->own[out] = fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
	return streams->own[out] < 0 ? -1 : fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Takes the descriptor. */
static void start_relay(struct process *process, unsigned stream, int own, bool both)
{
	struct relay *relay = &process->relays[stream];

	*relay = (struct relay){
		.process = process,
		.stream = stream,
		.folder = process->folder,
		.pipe = own,
		.terminal = process->master >= 0,
		.socket = both,
		.stop = process->stop[0],
	};
	if (own >= 0 && !relay_start(relay))
		process->relaying |= UINT64_C(1) << stream;
	else if (own >= 0)
		/* A stream that is shut is what the process sees of it. */
		close(own);
}

void spawn_relay(struct process *process, unsigned stream, int own)
{
	start_relay(process, stream, own, false);
}

void spawn_take_terminal(struct process *process, int master)
{
	if (process->master >= 0 || fcntl(master, F_SETFL, O_NONBLOCK)) {
		close(master);
		return;
	}
	process->master = master;
	process->slave = terminal_slave(master);
	if (process->rows || process->columns)
		terminal_resize(master, process->rows, process->columns);
	for (unsigned stream = 0; stream < 2; stream++)
		spawn_relay(process, stream, fcntl(master, F_DUPFD_CLOEXEC, 0));
}

/* Whether the stream is one direction of a descriptor that has two. */
static bool is_both(const struct spec *spec, unsigned stream)
{
	return stream > 2 &&
	       spec->descriptor_flags[(stream - 3) / 2] == (ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT);
}

/* With a terminal to come, there are no standard ones yet. */
static int make_streams(const struct spec *spec, struct streams *streams)
{
	for (unsigned stream = 0; stream < 3; stream++) {
		if (spec->terminal)
			streams->child[stream] = open("/dev/null", O_RDWR | O_CLOEXEC);
		else if (make_stream(streams, stream, &streams->child[stream]))
			return -1;
		if (streams->child[stream] < 0)
			return -1;
	}
	for (uint32_t i = 0; i < spec->descriptors; i++)
		if (make_descriptor(streams, 3 + i, spec->descriptor_flags[i]))
			return -1;
	return 0;
}

/* Gives a new process what only its parent can, and what it waits for: the zone's network devices; the maps
 * of its user namespace, and the streams, to be opened by their names in /dev. */
static int furnish(
	struct process *process, const struct spec *spec, const struct streams *streams, uint32_t *index)
{
	struct child_message done = {.type = CHILD_DONE};
	bool user = process->namespaces & CLONE_NEWUSER, network = process->namespaces & CLONE_NEWNET;

	if (spec->container && network && network_apply(spec, process->pidfd, index))
		return -1;
	if (spec->container && user && userns_map(zone.proc, process->pid, spec, &process->user, index))
		return -1;
	/* A terminal is of the namespace itself. */
	for (uint32_t i = spec->terminal ? 3 : 0; user && i < 3 + spec->descriptors; i++)
		if (fchown(streams->child[i], process->user.uid, process->user.gid))
			return -1;
	if (spec->container && (user || network) &&
		send(process->channel, &done, sizeof(done), MSG_NOSIGNAL) < 0)
		return -1;
	return 0;
}

int spawn(struct process *process, const struct spec *spec, uint32_t *index)
{
	struct process *container = spec->container ? NULL : process_find(CONTAINER);
	int channel[2] = {-1, -1};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = process};
	struct child_plan plan = {.spec = spec, .proc = zone.proc, .container = -1};
	struct streams streams;
	int result = -1;

	memset(&streams, -1, sizeof(streams));

	if (!spec->container && (!container || !container->pid || container->ended)) {
		errno = ESRCH;
		return -1;
	}
	if (make_streams(spec, &streams))
		goto cleanup;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel))
		goto cleanup;
	plan.streams = streams.child;
	plan.channel = channel[1];
	process->namespaces = container ? container->namespaces : spec->clone_flags;
	if (container) {
		process->user = container->user;
		plan.container = container->pidfd;
		plan.join = container->namespaces & ~(uint32_t)CLONE_NEWPID;
		process->pid = clone_beside(container, &process->pidfd);
	} else {
		uint32_t later = CLONE_NEWCGROUP | ZONE_CLONE_NEWTIME;

		/* child.c makes these itself. */
		if (spec->clone_flags & CLONE_NEWUSER)
			later |= CLONE_NEWIPC;
		process->pid = clone_within(member_pids, spec->clone_flags & ~later, &process->pidfd);
	}
	if (!process->pid)
		child_run(&plan);
	if (process->pid < 0) {
		process->pid = 0;
		goto cleanup;
	}
	process->channel = channel[0];
	channel[0] = -1;
	if (furnish(process, spec, &streams, index))
		goto cleanup;
	for (unsigned stream = 0; stream < ZONE_STREAMS_MAX; stream++)
		if (streams.own[stream] >= 0)
			start_relay(process, stream, steal_fd(&streams.own[stream]), is_both(spec, stream));
	result = epoll_ctl(zone.poll, EPOLL_CTL_ADD, process->channel, &event);
cleanup:
	close_all(streams.child, sizeof(streams.child) / sizeof(*streams.child));
	close_all(streams.own, sizeof(streams.own) / sizeof(*streams.own));
	close_all(channel, 2);
	return result;
}
