/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md, "Create", and `run`, which is create and start at once, the wait, and delete. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "container/namespaces.h"
#include "container/process.h"
#include "libocispec/names.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/passing.h"

/* How long processes that were told to end may take, their zone's memory being given back. */
#define END_SECONDS 60

/* What the stand-in has of its own. A namespace with a path is joined by it afterwards. */
static uint64_t standin_namespaces(const struct oci_config *config)
{
	uint64_t flags = CLONE_NEWNS | CLONE_NEWPID;

	for (size_t i = 0; config->linux_ && i < config->linux_->namespaces_len; i++) {
		const struct oci_namespace *ns = &config->linux_->namespaces[i];
		int flag = oci_namespace_flag(ns->type);

		/* A user namespace would take the privilege to serve files of all owners. A cgroup namespace
		 * would have the caller's cgroup as its root: it is made later. */
		if ((!ns->path || !*ns->path) && flag > 0 && flag != CLONE_NEWUSER && flag != CLONE_NEWCGROUP)
			flags |= (uint64_t)(unsigned int)flag;
	}
	return flags;
}

static int fork_standin(struct container *container, pid_t *pid, struct error *err)
{
	struct clone_args args = {
		.flags = standin_namespaces(container->config) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&container->standin_pidfd,
		.exit_signal = SIGCHLD,
	};
	long result;

	if (container->cgroup.fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)container->cgroup.fd;
	}
	result = syscall(SYS_clone3, &args, sizeof(args));
	if (result < 0)
		return error_set(err, errno, "cannot make the stand-in%s%s",
			container->cgroup.fd >= 0 ? " in cgroup " : "",
			container->cgroup.fd >= 0 ? container->record->cgroup.path : "");
	if (result == 0)
		standin_main(container);
	*pid = (pid_t)result;
	container->record->standin = process_ref(*pid);
	return 0;
}

static int fork_monitor(struct container *container, struct error *err)
{
	pid_t pid = fork_into(container->cgroup.fd);

	if (pid < 0)
		return error_set(err, errno, "cannot make the monitor");
	if (pid == 0)
		keeper_main(container);
	return 0;
}

/* Runs the hooks that the stand-in waits for, once it has its namespaces. */
static int run_hooks(const struct container *container, int gate, struct error *err)
{
	ssize_t got;
	char word;

	do
		got = receive(gate, &word, sizeof(word), 0);
	while (got < 0 && errno == EINTR);
	/* A stand-in that has ended told the monitor why. */
	if (got != sizeof(word))
		return 0;
	if (hooks_create_runtime(container->config, container->record, err))
		return -1;
	send(gate, &word, sizeof(word), MSG_NOSIGNAL);
	return 0;
}

/* The record has said which it is to be. */
static int make_cgroup(struct container *container, struct error *err)
{
	const struct oci_linux *l = container->config->linux_;
	struct record *record = container->record;
	cleanup_free char *expected = record->cgroup.path ? strdup(record->cgroup.path) : NULL;

	if (!record->cgroup.path)
		return 0;
	if (!expected)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	if (hostcgroup_make(
		    &record->cgroup, container->slice, record->id, record->uuid, &container->cgroup, err))
		return -1;
	if (strcmp(expected, record->cgroup.path) != 0 && record_save(container->dir, record, err))
		return -1;
	return hostcgroup_limit(&record->cgroup, l ? l->resources : NULL, true, err);
}

/* Makes the two processes and waits until the container is there. */
static int launch(struct container *container, pid_t *standin, struct error *err)
{
	int word[2] = {-1, -1}, between[2] = {-1, -1}, gate[2] = {-1, -1};
	bool hooked = hooks_before_root(container->config);
	struct error ignored = {0};
	int result = -1;

	container->standin_pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, word) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, between) ||
		(hooked && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate))) {
		error_set(err, errno, "socketpair");
		goto out;
	}
	container->gate = gate[1];
	container->creator = word[1];
	container->standin = between[0];
	container->monitor = between[1];
	if (make_cgroup(container, err) || fork_standin(container, standin, err) ||
		fork_monitor(container, err))
		goto out;
	/* Where they are not born in it, it is to be held until they enter it. */
	if (container->cgroup.fd >= 0)
		hostcgroup_release(&container->cgroup);

	/* From here on only they hold these: an end of theirs is seen here. */
	close(steal_fd(&word[1]));
	close(steal_fd(&between[0]));
	close(steal_fd(&between[1]));
	close(steal_fd(&container->alive));
	if (container->terminal.slave >= 0)
		close(steal_fd(&container->terminal.slave));
	if (hooked) {
		close(steal_fd(&gate[1]));
		if (run_hooks(container, gate[0], err)) {
			kill(*standin, SIGKILL);
			await_answer(word[0], "", &ignored);
			error_clear(&ignored);
			goto out;
		}
	}
	result = await_answer(word[0], "the container's monitor", err);
out:
	for (int i = 0; i < 2; i++) {
		if (gate[i] >= 0)
			close(gate[i]);
		if (word[i] >= 0)
			close(word[i]);
		if (between[i] >= 0)
			close(between[i]);
	}
	if (container->standin_pidfd >= 0)
		close(container->standin_pidfd);
	hostcgroup_release(&container->cgroup);
	return result;
}

static void container_free(struct container *container)
{
	oci_config_free(container->config);
	free(container->config_text);
	settings_free(&container->settings);
	record_free(container->record);
	record_free(container->owner);
	free(container->mate);
	if (container->deciding >= 0)
		close(container->deciding);
	spec_free(&container->spec);
	volumes_free(&container->volumes);
	network_free(&container->network);
	devices_free(&container->devices);
	if (container->network_namespace >= 0)
		close(container->network_namespace);
	guest_image_free(&container->image);
	terminal_close(&container->terminal);
	free(container->slice);
	free(container->caller_folder);
}

int remove_cgroup(const struct container *container, struct error *err)
{
	const struct record *record = container->record;

	if (!container->cgroup.made)
		return 0;
	if (hostcgroup_remove(&record->cgroup, record->uuid, err))
		return -1;
	hostcgroup_prune(&record->cgroup, container->cgroup.existing);
	return 0;
}

/* After a failure in the middle: nobody else knows of the container yet. False where it does not end, which
 * *err says then, too. */
static bool undo(const struct container *container, pid_t standin, struct error *err)
{
	const struct container_options *options = container->options;
	struct error ignored = {0};
	bool lives;
	int lock;

	if (standin > 0)
		kill(standin, SIGKILL);
	lock = statedir_lock(container->dir, "alive", LOCK_EX, END_SECONDS);
	lives = lock < 0 && errno == EWOULDBLOCK;
	if (standin > 0)
		waitpid(standin, NULL, 0);
	/* With the cgroup would go those who are taking the zone down. */
	if (lives) {
		error_hint(err, "its processes do not end: xenrun delete --force removes what is left");
		return false;
	}
	/* The folder says where it is. */
	if (remove_cgroup(container, &ignored))
		log_message(LOG_WARNING, "%s: %s", options->id, error_message(&ignored));
	else
		statedir_remove(options->root, options->id, &ignored);
	error_clear(&ignored);
	if (lock >= 0)
		close(lock);
	return true;
}

/* What a call that still creates says when it is ended: `delete --force` does that. The signal does what it would
 * have done without. */
static struct {
	pid_t pid;
	char *line;
	size_t length;
	struct sigaction before;
} last_word;

static void on_terminate(int number)
{
	/* Processes that it has made have the handler, too. */
	if (getpid() == last_word.pid && write(log_fd(), last_word.line, last_word.length) < 0)
		last_word.length = 0;
	sigaction(number, &last_word.before, NULL);
	raise(number);
}

static void have_last_word(const char *id)
{
	struct sigaction action = {.sa_handler = on_terminate};

	last_word.pid = getpid();
	last_word.line = log_line(LOG_ERROR, "container %s: create was ended by SIGTERM, which delete --force sends", id);
	last_word.length = last_word.line ? strlen(last_word.line) : 0;
	sigaction(SIGTERM, &action, &last_word.before);
}

static void need_no_last_word(void)
{
	if (!last_word.pid)
		return;
	sigaction(SIGTERM, &last_word.before, NULL);
	free(last_word.line);
	last_word.pid = 0;
}

/* Hooks may take for ever: who deletes is not to wait for them. Where one fails, the lock is had again to
 * undo all, unless a call that deletes has it, or had it: *deleted. */
static int run_poststart(const struct container *container, int *lock, bool *deleted, struct error *err)
{
	struct error ignored = {0};
	struct record *record = NULL;

	close(steal_fd(lock));
	if (hooks_poststart(container->config, container->record, err) == 0)
		return 0;
	*lock = statedir_lock(container->dir, "lock", LOCK_EX, END_SECONDS);
	/* The file may have been opened before it was removed. */
	if (*lock >= 0)
		record = record_load(container->dir, &ignored);
	*deleted = !record;
	error_clear(&ignored);
	record_free(record);
	return -1;
}

/* The stand-in is a child of the caller: *standin is its pid. uuid: the container's. */
static int create(
	const struct container_options *options, pid_t *standin, uint8_t uuid[16], struct error *err)
{
	struct container container = {.options = options,
		.dir = -1,
		.alive = -1,
		.deciding = -1,
		.network_namespace = -1,
		.terminal = {-1, -1},
		.cgroup = {.fd = -1, .release = -1}};
	cleanup_close int lock = -1;
	bool launched = false, deleted = false;
	int result = -1;

	*standin = 0;
	if (create_prepare(&container, err))
		goto out;
	log_step(options->id, "config read, kernel found");
	memcpy(uuid, container.record->uuid, sizeof(container.record->uuid));

	if (options->console_socket &&
		terminal_open(&container.terminal, container.config->process->console_size, err))
		goto out;
	if (options->foreground && container.config->process->terminal)
		terminal_raw();
	container.dir = statedir_create(options->root, options->id, err);
	if (container.dir < 0)
		goto out;
	have_last_word(options->id);
	lock = statedir_lock(container.dir, "lock", LOCK_EX, 0);
	container.alive = statedir_lock(container.dir, "alive", LOCK_EX, 0);
	if (lock < 0 || container.alive < 0) {
		error_set(err, errno, "cannot lock the container's state");
	} else if (record_save(container.dir, container.record, err) == 0 &&
		   config_keep(container.dir, container.config_text, container.config_length, err) == 0) {
		if (container.deciding >= 0)
			close(steal_fd(&container.deciding));
		launched = true;
		result = launch(&container, standin, err);
		if (result == 0 && options->console_socket)
			result = terminal_hand_over(&container.terminal, options->console_socket, err);
		if (result == 0 && options->pid_file)
			result = write_pid_file(options->pid_file, *standin, err);
		if (result == 0 && options->start)
			result = run_poststart(&container, &lock, &deleted, err);
	}
	if (container.alive >= 0)
		close(container.alive);
	if (result) {
		terminal_restore();
		if (!deleted && undo(&container, *standin, err) && launched)
			hooks_poststop(container.config, container.record);
	} else if (container.devices.left_out) {
		/* Callers read one line of a log, and after a failure that is to be the reason. */
		log_message(LOG_WARNING, "linux.devices: %zu devices of this host are not in the container",
			container.devices.left_out);
	}
out:
	need_no_last_word();
	if (container.dir >= 0)
		close(container.dir);
	container_free(&container);
	return result;
}

int container_create(const struct container_options *options, struct error *err)
{
	uint8_t uuid[16];
	pid_t standin;

	return create(options, &standin, uuid, err);
}

int container_run(
	const struct container_options *options, bool detach, bool keep, int *status, struct error *err)
{
	struct container_options to = *options;
	uint8_t uuid[16];
	pid_t standin;

	to.start = true;
	to.foreground = !detach;
	*status = 0;
	if (create(&to, &standin, uuid, err))
		return -1;
	if (detach)
		return 0;
	forward_signals(standin);
	*status = await_exit(standin);
	terminal_restore();
	return keep ? 0 : delete_own(options->root, options->id, uuid, err);
}
