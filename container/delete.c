/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md, "Delete": whatever is left of a container goes, at whatever instant its processes ended. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container/member.h"
#include "container/process.h"
#include "util/cleanup.h"
#include "util/log.h"

/* How long the processes may take to end by themselves, the zone's memory being given back, and then after a
 * SIGKILL. */
#define END_SECONDS  60
#define KILL_SECONDS 10

/* How long the zone has to end the container's process by itself, having written back what that wrote. */
#define ZONE_SECONDS 5

/* How long a call that still creates has for its last word. */
#define CREATOR_SECONDS 1

int reclaim(const char *root, struct record *record, struct error *err)
{
	if (record->reclaimed)
		return 0;
	if (record->zone)
		member_reclaim(root, record);
	else if (zone_reclaim(record->uuid, err))
		return -1;
	record->reclaimed = true;
	return 0;
}

static void signal_process(const struct process_ref *ref, int signal)
{
	cleanup_close int fd = process_open(ref);

	if (fd >= 0)
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

static void kill_process(const struct process_ref *ref)
{
	signal_process(ref, SIGKILL);
}

static void await_process(const struct process_ref *ref, int seconds)
{
	cleanup_close int fd = process_open(ref);
	struct pollfd gone = {.fd = fd, .events = POLLIN};

	if (fd >= 0)
		poll(&gone, 1, seconds * 1000);
}

/* As `kill KILL` does, for what is written in the root waits in the zone to be written back. The zone may be
 * hung, or hostile: nothing here waits for it any longer. */
static void kill_in_zone(int dir, const struct record *record)
{
	const struct request request = {.type = REQUEST_KILL, .arg = {SIGKILL, 1}};
	struct error ignored = {0};
	cleanup_close int monitor =
		process_alive(&record->standin) ? connect_monitor(dir, SOCK_NONBLOCK, &ignored) : -1;

	error_clear(&ignored);
	/* The answer would say that the request was taken; the end says more. */
	if (monitor >= 0 &&
		send(monitor, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request))
		await_process(&record->standin, ZONE_SECONDS);
}

/* Ends the container's processes. The stand-in's end takes the zone down, by the monitor; a call that still
 * creates takes all with it. */
static int end_processes(int dir, const struct record *record, struct error *err)
{
	cleanup_close int alive = -1;

	/* Before it was created its process has written nothing. */
	if (record->status != OCI_STATUS_CREATING)
		kill_in_zone(dir, record);
	kill_process(&record->standin);
	/* The last to end, and no child of a call that asks: looking at the lock again and again finds out
	 * later. */
	await_process(&record->keeper, END_SECONDS);
	alive = statedir_lock(dir, "alive", LOCK_EX, END_SECONDS);
	/* After a call that was killed the monitor removes the folder. */
	if (alive >= 0 || errno == ENOENT)
		return 0;
	kill_process(&record->monitor);
	kill_process(&record->keeper);
	alive = statedir_lock(dir, "alive", LOCK_EX, KILL_SECONDS);
	return alive >= 0 ? 0 : error_set(err, errno, "the container's processes do not end");
}

/* Where nobody else was left to. A namespace without a path went with its last process. */
static void release_network(int dir, const struct record *record)
{
	struct error ignored = {0};
	struct oci_config *config = container_config(dir, &ignored);
	cleanup_close int namespace = -1;

	if (config && network_namespace(config, &namespace, &ignored) == 0 && namespace >= 0)
		network_release(namespace, record->uuid);
	oci_config_free(config);
	error_clear(&ignored);
}

/* Removes the folder; then there is no container, and its last hooks run. */
static int remove_and_tell(const char *root, int dir, const struct record *record, struct error *err)
{
	struct error unread = {0};
	struct oci_config *config = container_config(dir, &unread);
	int result = statedir_remove(root, record->id, err);

	if (!config)
		log_message(LOG_WARNING, "%s: %s", record->id, error_message(&unread));
	if (result == 0)
		hooks_poststop(config, record);
	oci_config_free(config);
	error_clear(&unread);
	return result;
}

static bool is_another(const struct record *record, const uint8_t *uuid)
{
	return uuid && memcmp(record->uuid, uuid, sizeof(record->uuid)) != 0;
}

/* uuid: NULL for whichever has the ID. */
static int delete_one(const char *root, const char *id, const uint8_t *uuid, bool force, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);
	cleanup_close int lock = -1;
	struct record *record;
	enum oci_status status;
	bool reclaimed;
	int result;

	if (dir < 0) {
		if (!force || err->number != ENOENT)
			return -1;
		error_clear(err);
		return 0;
	}
	record = record_load(dir, err);
	if (!record) {
		/* A call that was killed before it wrote anything had made nothing else. */
		if (!force || err->number != ENOENT)
			return -1;
		error_clear(err);
		return statedir_remove(root, id, err);
	}
	if (is_another(record, uuid)) {
		record_free(record);
		return 0;
	}
	status = record_status(record);
	if (status != OCI_STATUS_STOPPED && !force) {
		record_free(record);
		return error_set(err, 0, "cannot delete container %s: it is %s, not stopped", id,
			oci_status_name(status));
	}

	/* A call that still creates holds the lock until it is gone. It has a moment to say so. */
	if (record->status == OCI_STATUS_CREATING) {
		signal_process(&record->creator, SIGTERM);
		await_process(&record->creator, CREATOR_SECONDS);
		kill_process(&record->creator);
	}
	record_free(record);

	/* Of two calls that delete, the second finds nothing: no folder to lock in, or no record in it. */
	lock = statedir_lock(dir, "lock", LOCK_EX, END_SECONDS);
	if (lock < 0 && errno == ENOENT)
		return 0;
	if (lock < 0)
		return error_set(err, errno, "cannot lock the container's state");
	record = record_load(dir, err);
	if (!record) {
		error_clear(err);
		return 0;
	}
	result = end_processes(dir, record, err);
	record_free(record);
	if (result)
		return -1;

	/* The monitor has written its last word by now. */
	record = record_load(dir, err);
	if (!record && err->number == ENOENT) {
		error_clear(err);
		return 0;
	}
	if (!record)
		return -1;
	reclaimed = record->reclaimed;
	result = reclaim(root, record, err);
	if (!result && !reclaimed)
		release_network(dir, record);
	result = result || hostcgroup_remove(&record->cgroup, record->uuid, err)
			 ? -1
			 : remove_and_tell(root, dir, record, err);
	record_free(record);
	return result;
}

int container_delete(const char *root, const char *id, bool force, struct error *err)
{
	return delete_one(root, id, NULL, force, err);
}

int delete_own(const char *root, const char *id, const uint8_t uuid[16], struct error *err)
{
	return delete_one(root, id, uuid, true, err);
}
