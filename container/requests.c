/* SPDX-License-Identifier: Apache-2.0 */
/* start and kill: requests to the container's monitor. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"
#include "util/passing.h"

/* How long a container that was killed may take to end, its zone's memory being given back. */
#define END_SECONDS 60

/* containerd's shim looks for these two words, runc's: who kills what has ended meanwhile has made no
 * mistake. */
#define NOT_RUNNING "container not running"

static int not_running(struct error *err)
{
	error_set(err, 0, NOT_RUNNING);
	err->number = ECONNREFUSED;
	return -1;
}

int connect_monitor(int dir, int flags, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock", dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return not_running(err);
	return steal_fd(&fd);
}

int request_monitor(int dir, const struct request *request, struct answer *answer, struct error *err)
{
	cleanup_close int fd = connect_monitor(dir, 0, err);
	ssize_t got;

	if (fd < 0)
		return -1;
	if (send(fd, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return not_running(err);
	do
		got = receive(fd, answer, sizeof(*answer), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*answer))
		return not_running(err);
	answer->text[sizeof(answer->text) - 1] = '\0';
	return answer->failed ? error_set(err, 0, "%s", answer->text) : 0;
}

/* The container's folder and its status now. */
static int find(const char *root, const char *id, enum oci_status *status, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);
	struct record *record = dir < 0 ? NULL : record_load(dir, err);

	if (!record)
		return -1;
	*status = record_status(record);
	record_free(record);
	return steal_fd(&dir);
}

/* Returns when nothing runs any more. */
static void stop(int dir)
{
	const struct request request = {.type = REQUEST_KILL, .arg = {SIGKILL, 1}};
	struct error ignored = {0};
	struct answer answer;
	int alive;

	request_monitor(dir, &request, &answer, &ignored);
	error_clear(&ignored);
	alive = statedir_lock(dir, "alive", LOCK_SH, END_SECONDS);
	if (alive >= 0)
		close(alive);
}

static int start(int dir, const struct oci_config *config, const struct record *record, struct error *err)
{
	const struct request request = {.type = REQUEST_START};
	struct answer answer;

	if (request_monitor(dir, &request, &answer, err))
		return -1;
	if (hooks_poststart(config, record, err) == 0)
		return 0;
	stop(dir);
	return -1;
}

int container_start(const char *root, const char *id, struct error *err)
{
	enum oci_status status;
	cleanup_close int dir = find(root, id, &status, err);
	struct oci_config *config;
	struct record *record;
	int result;

	if (dir < 0)
		return -1;
	if (status != OCI_STATUS_CREATED)
		return error_set(err, 0, "cannot start a container that is %s", oci_status_name(status));
	/* Both before it runs, and may be gone. */
	config = container_config(dir, err);
	record = config ? record_load(dir, err) : NULL;
	result = record ? start(dir, config, record, err) : -1;
	record_free(record);
	oci_config_free(config);
	return result;
}

int container_kill(const char *root, const char *id, int signal, bool all, struct error *err)
{
	const struct request request = {.type = REQUEST_KILL, .arg = {(uint32_t)signal, all}};
	struct answer answer;
	enum oci_status status;
	cleanup_close int dir = find(root, id, &status, err);

	if (dir < 0)
		return -1;
	if (status != OCI_STATUS_CREATED && status != OCI_STATUS_RUNNING && status != OCI_STATUS_PAUSED)
		return error_set(
			err, 0, "cannot kill a container that is %s: " NOT_RUNNING, oci_status_name(status));
	return request_monitor(dir, &request, &answer, err);
}

int container_pause(const char *root, const char *id, bool resume, struct error *err)
{
	const struct request request = {.type = resume ? REQUEST_RESUME : REQUEST_PAUSE};
	struct answer answer;
	enum oci_status status;
	cleanup_close int dir = find(root, id, &status, err);

	if (dir < 0)
		return -1;
	/* A created one has its zone, too. */
	if (resume ? status != OCI_STATUS_PAUSED
		   : status != OCI_STATUS_RUNNING && status != OCI_STATUS_CREATED)
		return error_set(err, 0, "cannot %s a container that is %s", resume ? "resume" : "pause",
			oci_status_name(status));
	return request_monitor(dir, &request, &answer, err);
}
