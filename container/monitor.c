/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: owns the zone and what of the container needs privilege. It builds the zone, watches it, takes
 * requests (start, kill), writes the container's record, and takes everything down when the container has
 * ended or anything is amiss. It parses nothing that the guest wrote but decimal numbers in XenStore; its
 * console bytes are kept, not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "container/caller.h"
#include "container/member.h"
#include "container/monitor.h"
#include "libocispec/ocispec.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/passing.h"

/* A kernel that has not come up by then will not; callers give up after four minutes. */
#define BOOT_SECONDS 180

/* How long the zone may take to have its block devices: its own waits are shorter, but for a disk that does
 * not answer. */
#define DISKS_SECONDS 60

/* How long interfaces may take to carry packets, once the process is to start. */
#define NETWORK_SECONDS 60

#define KEEPER_KILLED "the zone's keeper was killed"

void monitor_fail(struct monitor *monitor, const char *what, int status)
{
	if (monitor->ending)
		return;
	monitor->ending = true;
	monitor->end_status = status;
	if (what)
		error_set(&monitor->err, 0, "%s", what);
}

/* Takes the error. */
static void fail_with(struct monitor *monitor, struct error *err)
{
	monitor_fail(monitor, error_message(err), STATUS_LOST);
	error_clear(err);
}

time_t monitor_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void monitor_save(struct monitor *monitor)
{
	struct error err = {0};

	if (record_save(monitor->container->dir, monitor->container->record, &err))
		fail_with(monitor, &err);
}

static void send_standin(struct monitor *monitor, const struct message *message)
{
	if (send(monitor->container->standin, message, sizeof(*message), MSG_NOSIGNAL) < 0)
		monitor_fail(monitor, "the stand-in is gone", STATUS_LOST);
}

void monitor_send_event(struct monitor *monitor, uint32_t type, uint32_t arg0, uint32_t arg1)
{
	struct message message = {
		.type = MESSAGE_EVENT,
		.u.event = {.type = type, .process = 0, .arg = {arg0, arg1}},
	};

	send_standin(monitor, &message);
}

/* xen.h's call for a device that the guest offers. */
static void device_offered(void *arg, const struct zone_device *device)
{
	struct message message = {.type = MESSAGE_DEVICE, .u.device = *device};

	send_standin(arg, &message);
}

static void answer_starter(struct monitor *monitor, const struct error *err)
{
	if (monitor->starter < 0)
		return;
	send_answer(monitor->starter, err, NULL);
	close(monitor->starter);
	monitor->starter = -1;
}

/* What the creator waits for has come about. */
static void commit(struct monitor *monitor, enum oci_status status)
{
	struct record *record = monitor->container->record;

	if (monitor->committed)
		return;
	record->status = status;
	monitor_save(monitor);
	if (monitor->ending)
		return;
	monitor->committed = true;
	send_answer(monitor->container->creator, NULL, NULL);
	close(monitor->container->creator);
	monitor->container->creator = -1;
}

/* What waits for the network. */
static void go_on(struct monitor *monitor)
{
	if (monitor->created && !monitor->container->options->start &&
		zone_network_redirected(&monitor->network))
		commit(monitor, OCI_STATUS_CREATED);
	if (!monitor->to_start || !zone_network_ready(&monitor->network))
		return;
	monitor->to_start = false;
	monitor->network_deadline = 0;
	monitor_send_event(monitor, ZONE_EVENT_START, 0, 0);
}

/* The namespace may have been filled since the container was created. */
static int look_again(struct monitor *monitor, struct error *err)
{
	const struct container *container = monitor->container;
	int found = zone_network_look(&monitor->network, monitor->zone, container->record->standin.pid, err);

	if (found <= 0)
		return found;
	return zone_network_tell(&monitor->network, container->standin, ++monitor->processes, err);
}

void monitor_begin_start(struct monitor *monitor)
{
	struct error err = {0};

	/* One that it shares is another's, and there. */
	if (!(monitor->container->shared & CLONE_NEWNET) && look_again(monitor, &err)) {
		fail_with(monitor, &err);
		return;
	}
	monitor->to_start = true;
	monitor->network_deadline = monitor_now() + NETWORK_SECONDS;
	go_on(monitor);
}

static void network_event(struct monitor *monitor)
{
	struct error err = {0};

	if (zone_network_answer(&monitor->network, &err))
		fail_with(monitor, &err);
	else
		go_on(monitor);
}

/* What zone init reports of process 0. The values are the guest's word. */
static void report_event(struct monitor *monitor, const struct zone_report *report)
{
	struct container *container = monitor->container;
	struct record *record = container->record;
	struct error err = {0};

	if (report->process == 0 && report->type == ZONE_REPORT_CONNECT) {
		zone_network_connect(&monitor->network, container->standin, &monitor->processes);
		return;
	}
	/* What it says again is not worth a line in a log, of which there is no end. */
	if (report->process != 0 || report->type >= 32 || monitor->reported & 1u << report->type)
		return;
	monitor->reported |= 1u << report->type;
	switch (report->type) {
	case ZONE_REPORT_BOOTED:
		monitor->boot_deadline = 0;
		if (container->devices.disks_len)
			monitor->disks_deadline = monitor_now() + DISKS_SECONDS;
		log_step(record->id, "kernel up");
		break;
	case ZONE_REPORT_CREATED:
		monitor->disks_deadline = 0;
		log_step(record->id, "root mounted, process created");
		if (monitor->created)
			break;
		monitor->created = true;
		if (container->options->start && container->network_first)
			monitor_begin_start(monitor);
		else
			go_on(monitor);
		break;
	case ZONE_REPORT_STARTED:
		log_step(record->id, "process started");
		if (container->options->start)
			commit(monitor, OCI_STATUS_RUNNING);
		if (record->status != OCI_STATUS_CREATED)
			break;
		record->status = OCI_STATUS_RUNNING;
		monitor_save(monitor);
		answer_starter(monitor, NULL);
		break;
	case ZONE_REPORT_FAILED:
		spec_failure(&container->spec, container->config->process, report->arg[0],
			(int)report->arg[1] > 0 && (int)report->arg[1] < 4096 ? (int)report->arg[1] : EIO,
			&err);
		monitor_fail(monitor, error_message(&err), report->arg[1] == ENOENT ? 127 : 126);
		error_clear(&err);
		break;
	case ZONE_REPORT_EXITED:
		log_step(record->id, "process exited");
		break;
	case ZONE_REPORT_OOM:
		log_message(LOG_INFO, "%s: out of memory", record->id);
		caller_note_oom(record->bundle, container->caller_folder);
		break;
	default:
		break;
	}
}

static void standin_event(struct monitor *monitor)
{
	struct error err = {0};
	struct message message;
	ssize_t got = receive(monitor->container->standin, &message, sizeof(message), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(message)) {
		/* It has ended, as it should or not: its pidfd says so as well. */
		monitor_fail(monitor, NULL, STATUS_LOST);
		return;
	}
	switch (message.type) {
	case MESSAGE_CONNECTED:
		if (message.number >= ZONE_SHARES_MAX || monitor->shares_connected[message.number])
			break;
		monitor->shares_connected[message.number] = true;
		if (zone_device_connected(monitor->zone, message.number, &err))
			monitor_fail(monitor, error_message(&err), STATUS_LOST);
		break;
	case MESSAGE_REPORT:
		report_event(monitor, &message.u.report);
		break;
	case MESSAGE_LEFT:
		monitor->left = true;
		break;
	case MESSAGE_HOOKED:
		monitor->boot_deadline = monitor_now() + BOOT_SECONDS;
		break;
	case MESSAGE_BROKEN:
		message.u.text[sizeof(message.u.text) - 1] = '\0';
		monitor_fail(monitor, message.u.text, STATUS_LOST);
		break;
	default:
		break;
	}
	error_clear(&err);
}

static int check_disks(struct monitor *monitor, struct error *err)
{
	const struct devices *devices = &monitor->container->devices;
	const struct oci_linux *l = monitor->container->config->linux_;
	uint32_t number;

	if (!zone_vbds_check(monitor->zone, &number, err))
		return 0;
	for (size_t i = 0; i < devices->len; i++) {
		const struct device *device = &devices->list[i];

		if (device->choice == DEVICE_DISK && devices->disks[device->disk].number == number)
			return error_prefix(err, "linux.devices[%zu]: %s", i, l->devices[i].path);
	}
	return -1;
}

/* The domain list may have changed: is the zone still in it? */
static void store_event(struct monitor *monitor)
{
	static const char *const ends[] = {
		[ZONE_POWEROFF] = "powered off",
		[ZONE_REBOOT] = "rebooted",
		[ZONE_CRASHED] = "crashed",
		[ZONE_GONE] = "was destroyed from outside",
	};
	const struct container *container = monitor->container;
	struct error err = {0};
	cleanup_free char *reason = NULL;
	enum zone_condition condition;

	if (zone_store_event(monitor->zone, device_offered, monitor, &err) || check_disks(monitor, &err) ||
		zone_network_event(&monitor->network, monitor->zone, &err)) {
		fail_with(monitor, &err);
		return;
	}
	go_on(monitor);
	condition = zone_condition(monitor->zone);
	if (condition == ZONE_RUNS || monitor->ending)
		return;
	/* As the end of a pod is that of its containers. */
	if (container->owner) {
		error_set(&err, 0, "the zone of container %s has ended", container->owner->id);
		monitor_fail(monitor, error_message(&err), 128 + SIGKILL);
		error_clear(&err);
		return;
	}
	if (condition != ZONE_GONE)
		reason = zone_console_reason(monitor->zone);
	error_set(&err, 0, "the zone %s%s%s", ends[condition], reason ? ": " : "", reason ? reason : "");
	fail_with(monitor, &err);
}

/* Until the first deadline, in ms for poll(2): -1 when there is none. */
static int time_left(const struct monitor *monitor)
{
	const time_t deadlines[] = {monitor->boot_deadline, monitor->kill_deadline, monitor->disks_deadline,
		monitor->network_deadline};
	time_t first = 0, left;

	for (size_t i = 0; i < sizeof(deadlines) / sizeof(*deadlines); i++)
		if (deadlines[i] && (!first || deadlines[i] < first))
			first = deadlines[i];
	if (!first)
		return -1;
	left = first - monitor_now();
	return left <= 0 ? 0 : (int)left * 1000;
}

static void time_is_up(struct monitor *monitor)
{
	struct error err = {0};
	cleanup_free char *reason = zone_console_reason(monitor->zone);

	if (monitor->kill_deadline && monitor->kill_deadline <= monitor_now()) {
		monitor_fail(monitor, NULL, 128 + SIGKILL);
		return;
	}
	if (monitor->disks_deadline && monitor->disks_deadline <= monitor_now()) {
		monitor_fail(monitor, "linux.devices: the zone cannot read its block devices", STATUS_LOST);
		return;
	}
	if (monitor->network_deadline && monitor->network_deadline <= monitor_now()) {
		monitor_fail(monitor,
			"the zone does not connect to its network: has its kernel xen-netfront?",
			STATUS_LOST);
		return;
	}
	error_set(&err, 0, "the zone's kernel did not come up in %d seconds%s%s", BOOT_SECONDS,
		reason ? "; its last line: " : "", reason ? reason : "");
	fail_with(monitor, &err);
}

static void watch(struct monitor *monitor)
{
	struct container *container = monitor->container;

	while (!monitor->ending) {
		struct pollfd fds[] = {
			{.fd = container->standin, .events = POLLIN},
			{.fd = container->standin_pidfd, .events = POLLIN},
			{.fd = zone_store_fd(monitor->zone), .events = POLLIN},
			{.fd = zone_console_fd(monitor->zone), .events = POLLIN},
			{.fd = monitor->listener, .events = POLLIN},
			{.fd = monitor->keeper, .events = POLLIN},
			{.fd = container->creator, .events = POLLIN},
			{.fd = monitor->network.answer, .events = POLLIN},
		};
		int timeout = time_left(monitor);

		if (timeout == 0) {
			time_is_up(monitor);
			break;
		}
		if (poll(fds, sizeof(fds) / sizeof(*fds), timeout) < 0 && errno != EINTR) {
			monitor_fail(monitor, "poll", STATUS_LOST);
			break;
		}
		/* What it sent before it ended is taken first. */
		if (fds[0].revents)
			standin_event(monitor);
		else if (fds[1].revents)
			monitor_fail(
				monitor, monitor->committed ? NULL : "the stand-in was killed", STATUS_LOST);
		if (fds[2].revents)
			store_event(monitor);
		if (fds[3].revents)
			zone_console_event(monitor->zone);
		if (fds[4].revents)
			monitor_request_event(monitor);
		if (fds[5].revents)
			monitor_fail(monitor, KEEPER_KILLED, STATUS_LOST);
		if (fds[6].revents)
			monitor_fail(monitor, "the call that creates was killed", STATUS_LOST);
		if (fds[7].revents)
			network_event(monitor);
	}
}

/* Ends the stand-in, which may have ended by itself. Afterwards nobody maps the zone's rings. */
static void end_standin(struct monitor *monitor)
{
	struct container *container = monitor->container;
	struct message message = {.type = MESSAGE_END, .number = (uint32_t)monitor->end_status};
	struct pollfd gone = {.fd = container->standin_pidfd, .events = POLLIN};

	if (monitor->err.message && monitor->committed)
		snprintf(message.u.text, sizeof(message.u.text), "xenrun: %s", error_message(&monitor->err));
	send(container->standin, &message, sizeof(message), MSG_NOSIGNAL);
	if (poll(&gone, 1, STANDIN_END_MS) == 0) {
		syscall(SYS_pidfd_send_signal, container->standin_pidfd, SIGKILL, NULL, 0);
		poll(&gone, 1, STANDIN_END_MS);
	}
	while (receive(container->standin, &message, sizeof(message), MSG_DONTWAIT) ==
		(ssize_t)sizeof(message))
		monitor->left |= message.type == MESSAGE_LEFT;
}

/* Asked at the end: when it is killed, the stand-in that waits for it may be the first to say so. */
static bool creator_is_gone(const struct container *container)
{
	struct pollfd creator = {.fd = container->creator};

	return container->creator >= 0 && poll(&creator, 1, 0) == 1;
}

/* In place of a creator that was killed. */
static void undo_creation(struct container *container)
{
	struct record *record = container->record;
	struct error err = {0};

	/* A cgroup cannot be removed from within: the keeper is in it as well. */
	if (process_alive(&record->keeper))
		hostcgroup_leave(&record->cgroup, record->keeper.pid);
	if (remove_cgroup(container, &err)) {
		/* The folder says where it is. */
		log_message(LOG_WARNING, "%s: %s", record->id, error_message(&err));
		error_clear(&err);
		return;
	}
	/* Who deletes waits for the folder. */
	hooks_poststop(container->config, record);
	statedir_remove(container->options->root, record->id, &err);
	error_clear(&err);
}

static void take_down(struct monitor *monitor)
{
	struct container *container = monitor->container;
	struct record *record = container->record;
	struct error err = {0};

	if (container->owner && monitor->zone)
		member_leave(container->options->root, record);
	end_standin(monitor);
	if (container->owner)
		zone_leave(monitor->zone, monitor->left);
	else
		zone_destroy(monitor->zone);
	/* Only now does nothing come by it that the host could take for its own. */
	zone_network_end(&monitor->network);
	log_step(record->id, "all reclaimed");

	record->status = OCI_STATUS_STOPPED;
	record->reclaimed = true;
	if (monitor->err.message) {
		record->error = strdup(monitor->err.message);
		if (monitor->committed)
			log_message(LOG_WARNING, "%s: %s", record->id, monitor->err.message);
	}
	if (monitor->committed && record_save(container->dir, record, &err))
		log_message(LOG_WARNING, "%s: %s", record->id, error_message(&err));
	error_clear(&err);

	if (!monitor->err.message)
		error_set(&monitor->err, 0, "the container ended before it was started");
	answer_starter(monitor, &monitor->err);
	/* A creator that is still there removes the folder when it has read the reason. */
	if (creator_is_gone(container))
		undo_creation(container);
	else if (container->creator >= 0)
		send_answer(container->creator, &monitor->err, NULL);
}

static int listen_for_requests(struct monitor *monitor, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	monitor->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The folder's own path may be longer than an address is. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock",
		monitor->container->dir);
	if (monitor->listener < 0 || bind(monitor->listener, (struct sockaddr *)&address, sizeof(address)) ||
		listen(monitor->listener, 64))
		return error_set(err, errno, "control.sock");
	return 0;
}

static int build(struct monitor *monitor, struct error *err)
{
	struct container *container = monitor->container;
	struct zone_vif vifs[ZONE_VIFS_MAX];
	struct zone_config config = {
		.name = container->record->id,
		.type = container->type,
		.kernel = container->image.kernel,
		.kernel_size = container->image.kernel_size,
		.initramfs = container->image.initramfs,
		.initramfs_size = container->image.initramfs_size,
		.cmdline = container->image.cmdline,
		.memory_kib = container->memory_kib,
		.vcpus = container->vcpus,
		.processors = container->processors,
		.tags = {ZONE_TAG_CONTROL, ZONE_TAG_ROOTFS, container->volumes.len ? ZONE_TAG_VOLUMES : NULL,
			NULL},
		.vifs = vifs,
		.vifs_len = zone_network_vifs(&monitor->network, vifs),
		.vbds = container->devices.disks,
		.vbds_len = container->devices.disks_len,
	};

	if (container->owner) {
		monitor->zone = member_join(container, &monitor->network, err);
		if (!monitor->zone)
			return -1;
		log_step(container->record->id, "zone joined");
		return 0;
	}
	memcpy(config.uuid, container->record->uuid, sizeof(config.uuid));
	monitor->zone = zone_build(&config, err);
	if (!monitor->zone)
		return -1;
	log_step(container->record->id, "domain built");
	return zone_unpause(monitor->zone, err);
}

void monitor_run(struct container *container)
{
	struct monitor monitor = {.container = container, .listener = -1, .starter = -1};
	struct error err = {0};
	bool failed;
	int outside;

	/* Signals are blocked as the keeper's are. */
	prctl(PR_SET_NAME, "xenrun:monitor");
	container->record->monitor = process_ref(getpid());
	monitor.keeper = process_open(&container->record->keeper);

	zone_network_init(
		&monitor.network, container->network_namespace, &container->network, container->record->uuid);
	outside = hostcgroup_step_out(&container->record->cgroup);
	if (monitor.keeper < 0)
		error_set(&err, 0, KEEPER_KILLED);
	failed = monitor.keeper < 0 || listen_for_requests(&monitor, &err) || build(&monitor, &err);
	if (failed || hostcgroup_step_in(outside, &err)) {
		monitor_fail(&monitor, error_message(&err), STATUS_LOST);
	} else {
		guest_image_free(&container->image);
		/* Hooks may take their time, and without the stand-in no kernel is up. */
		if (container->gate < 0)
			monitor.boot_deadline = monitor_now() + BOOT_SECONDS;
		watch(&monitor);
	}
	take_down(&monitor);
	_exit(0);
}
