/* SPDX-License-Identifier: Apache-2.0 */
/* What calls ask of the monitor: start, kill, exec, pause, resume, statistics, other sizes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container/monitor.h"
#include "util/cleanup.h"
#include "util/passing.h"

/* How long a zone may take to end a process by SIGKILL: a kernel that hangs does not hear of it. */
#define KILL_SECONDS 10

static int request_start(struct monitor *monitor, int *caller, struct error *err)
{
	enum oci_status status = monitor->container->record->status;

	if (status != OCI_STATUS_CREATED || monitor->starter >= 0)
		return error_set(err, 0, "cannot start a container that is %s",
			monitor->starter >= 0 ? "being started" : oci_status_name(status));
	/* It is answered when the process has been executed. */
	monitor->starter = steal_fd(caller);
	monitor_begin_start(monitor);
	return 0;
}

static int request_pause(struct monitor *monitor, bool resume, struct error *err)
{
	struct record *record = monitor->container->record;
	enum oci_status status = record->status;

	if (monitor->container->owner)
		return error_set(err, 0,
			"cannot %s a container that shares the zone of container %s: that one can be",
			resume ? "resume" : "pause", monitor->container->owner->id);
	if (resume != (status == OCI_STATUS_PAUSED))
		return error_set(err, 0, "cannot %s a container that is %s", resume ? "resume" : "pause",
			oci_status_name(status));
	if (resume ? zone_unpause(monitor->zone, err) : zone_pause(monitor->zone, err))
		return -1;
	record->status = resume ? monitor->before_pause : OCI_STATUS_PAUSED;
	monitor->before_pause = status;
	monitor_save(monitor);
	return 0;
}

static int request_kill(struct monitor *monitor, const struct request *request, struct error *err)
{
	/* A process that stands still is ended by SIGKILL all the same. */
	if (request->arg[0] == SIGKILL && monitor->container->record->status == OCI_STATUS_PAUSED &&
		request_pause(monitor, true, err))
		return -1;
	monitor_send_event(monitor, ZONE_EVENT_SIGNAL, request->arg[0], request->arg[1]);
	if (request->arg[0] == SIGKILL && !monitor->kill_deadline)
		monitor->kill_deadline = monitor_now() + KILL_SECONDS;
	return 0;
}

/* The stand-in goes on with it, the caller's socket included. */
static int request_exec(struct monitor *monitor, const struct request *request, int *fds, size_t count,
	int *caller, struct error *err)
{
	enum oci_status status = monitor->container->record->status;
	struct message message = {.type = MESSAGE_EXEC, .number = ++monitor->processes};

	if (status == OCI_STATUS_PAUSED ? !request->arg[1]
					: status != OCI_STATUS_CREATED && status != OCI_STATUS_RUNNING)
		return error_set(err, 0, "cannot execute in a container that is %s", oci_status_name(status));
	if (count < REQUEST_EXEC_FDS || count > REQUEST_EXEC_FDS_MAX)
		return error_set(err, 0, "malformed request");
	fds[count] = *caller;
	if (send_with(monitor->container->standin, &message, sizeof(message), fds, count + 1) < 0) {
		monitor_fail(monitor, "the stand-in is gone", STATUS_LOST);
		return error_set(err, 0, "the container has ended");
	}
	close(steal_fd(caller));
	return 0;
}

static uint64_t memory_of_members(const struct monitor *monitor)
{
	uint64_t kib = 0;

	for (size_t i = 0; i < monitor->members_len; i++)
		kib += monitor->members[i].kib;
	return kib;
}

static int request_resize(struct monitor *monitor, const struct request *request, struct error *err)
{
	if (monitor->container->owner)
		return error_set(err, 0, "the zone is that of container %s", monitor->container->owner->id);
	if (request->type == REQUEST_MEMORY)
		return zone_set_memory(monitor->zone, request->memory_kib + memory_of_members(monitor), err);
	return zone_set_processors(monitor->zone, &request->processors, err);
}

static struct member_memory *find_member(struct monitor *monitor, uint32_t number)
{
	for (size_t i = 0; i < monitor->members_len; i++)
		if (monitor->members[i].number == number)
			return &monitor->members[i];
	return NULL;
}

static int request_join(struct monitor *monitor, const struct request *request, struct error *err)
{
	enum oci_status status = monitor->container->record->status;
	struct member_memory *grown;

	if (monitor->container->owner || (status != OCI_STATUS_RUNNING && status != OCI_STATUS_CREATED))
		return error_set(err, 0, "cannot share the zone of a container that is %s",
			monitor->container->owner ? "a member itself" : oci_status_name(status));
	grown = reallocarray(monitor->members, monitor->members_len + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, ENOMEM, "cannot share the zone");
	monitor->members = grown;
	if (zone_set_memory(monitor->zone, zone_memory(monitor->zone) + request->memory_kib, err))
		return -1;
	grown[monitor->members_len++] =
		(struct member_memory){.number = request->arg[0], .kib = request->memory_kib};
	return 0;
}

static int request_member_memory(struct monitor *monitor, const struct request *request, struct error *err)
{
	struct member_memory *member = find_member(monitor, request->arg[0]);

	if (!member)
		return error_set(err, 0, "the zone has no member %u", request->arg[0]);
	if (zone_set_memory(
		    monitor->zone, zone_memory(monitor->zone) - member->kib + request->memory_kib, err))
		return -1;
	member->kib = request->memory_kib;
	return 0;
}

static int request_share(struct monitor *monitor, const struct request *request, struct error *err)
{
	enum oci_status status = monitor->container->record->status;

	if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_CREATED)
		return error_set(
			err, 0, "cannot share namespaces of a container that is %s", oci_status_name(status));
	monitor_send_event(monitor, ZONE_EVENT_JOIN, request->arg[0], request->arg[1]);
	return 0;
}

static int request_leave(struct monitor *monitor, const struct request *request, struct error *err)
{
	struct member_memory *member = find_member(monitor, request->arg[0]);

	/* Whoever comes second to say it finds it done. */
	if (!member)
		return 0;
	monitor_send_event(monitor, ZONE_EVENT_LEAVE, request->arg[0], 0);
	if (zone_set_memory(monitor->zone, zone_memory(monitor->zone) - member->kib, err))
		return -1;
	*member = monitor->members[--monitor->members_len];
	return 0;
}

void monitor_request_event(struct monitor *monitor)
{
	int caller = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC);
	const struct timeval patience = {.tv_sec = 1};
	cleanup_free char *text = NULL;
	int fds[PASSING_MAX + 1];
	struct request request;
	struct error err = {0};
	size_t count;

	if (caller < 0)
		return;
	setsockopt(caller, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (receive_with(caller, &request, sizeof(request), 0, fds, &count) != (ssize_t)sizeof(request))
		goto out;
	switch (request.type) {
	case REQUEST_START:
		request_start(monitor, &caller, &err);
		break;
	case REQUEST_KILL:
		request_kill(monitor, &request, &err);
		break;
	case REQUEST_EXEC:
		request_exec(monitor, &request, fds, count, &caller, &err);
		break;
	case REQUEST_PAUSE:
	case REQUEST_RESUME:
		request_pause(monitor, request.type == REQUEST_RESUME, &err);
		break;
	case REQUEST_STATISTICS:
		text = zone_statistics(monitor->zone, memory_of_members(monitor), &err);
		break;
	case REQUEST_JOIN:
		request_join(monitor, &request, &err);
		break;
	case REQUEST_SHARE:
		request_share(monitor, &request, &err);
		break;
	case REQUEST_LEAVE:
		request_leave(monitor, &request, &err);
		break;
	case REQUEST_MEMBER_MEMORY:
		request_member_memory(monitor, &request, &err);
		break;
	case REQUEST_MEMORY:
	case REQUEST_PROCESSORS:
		request_resize(monitor, &request, &err);
		break;
	default:
		error_set(&err, 0, "unknown request");
		break;
	}
	if (caller >= 0)
		send_answer(caller, err.message ? &err : NULL, text);
out:
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	if (caller >= 0)
		close(caller);
	error_clear(&err);
}
