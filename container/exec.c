/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: another process in a container. The call leaves a process of this host behind that stands for it, as
 * the stand-in does for the container's own: it passes signals on, and ends as the process ended. The streams
 * are carried by the stand-in, which has the zone's rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "container/confine.h"
#include "container/process.h"
#include "libocispec/ocispec.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/log.h"
#include "util/passing.h"

/* As a shell says of what was killed: the container ended before the process could say how it did. */
#define STATUS_LOST (128 + SIGKILL)

/* What a zone may answer to a question, and how long it may take over each word: it is not to fill this host,
 * nor to keep a call for ever. */
#define ANSWER_MAX     (1 << 20)
#define ANSWER_SECONDS 30

struct exec {
	const struct exec_options *options;
	const struct oci_process *process; /* NULL: a question (exec_query()) */
	struct spec spec;
	struct terminal terminal;
	struct preserved preserved;
	int spec_file;
	int dir;     /* the container's folder; the caller's */
	int monitor; /* the socket that becomes the process's */
	int word;    /* to the call */
	int signals;
	struct hostcgroup cgroup; /* the container's on the host */
	int streams[3];		  /* what it was given, 0, 1 and 2 where there is no terminal of ours */
	struct stream sized[3];
};

static void __attribute__((noreturn)) give_up(const struct exec *exec, struct error *err)
{
	send_answer(exec->word, err, NULL);
	_exit(255);
}

/* Hands everything to the monitor, which waits for a caller's words no longer than a second. */
static int ask(struct exec *exec, struct error *err)
{
	const struct request request = {
		.type = REQUEST_EXEC, .arg = {!exec->process, exec->options && exec->options->ignore_paused}};
	int fds[REQUEST_EXEC_FDS_MAX] = {exec->spec_file};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t count = REQUEST_EXEC_FDS + 2 * exec->preserved.count;
	bool sent;

	for (int i = 0; i < 3; i++)
		fds[1 + i] = stream_prepare(exec->streams[i], i);
	preserved_prepare(&exec->preserved, fds + REQUEST_EXEC_FDS);
	for (size_t i = 1; i < count; i++)
		if (fds[i] < 0)
			fds[i] = fcntl(null, F_DUPFD_CLOEXEC, 3);
	exec->monitor = connect_monitor(exec->dir, 0, err);
	if (exec->monitor < 0)
		return -1;
	sent = send_with(exec->monitor, &request, sizeof(request), fds, count) == (ssize_t)sizeof(request);
	/* Who reads the other end is to see the process close it. The terminal is still asked for its size.
	 */
	for (int fd = 0; fd < 3; fd++) {
		if (exec->process && exec->process->terminal)
			stream_open(&exec->sized[fd], fcntl(exec->streams[fd], F_DUPFD_CLOEXEC, 3));
		dup2(null, fd);
	}
	for (size_t i = 1; i < count; i++)
		close(fds[i]);
	terminal_close(&exec->terminal);
	close(null);
	return sent ? 0 : error_set(err, errno, "the container is not running");
}

/* The size that its terminal has by now: who was handed it may have set that before this process was told of
 * changes. */
static void pass_size(struct exec *exec)
{
	struct zone_event event = {.type = ZONE_EVENT_RESIZE};

	if (exec->process && exec->process->terminal &&
		terminal_size(exec->sized[0].fd, &event.arg[0], &event.arg[1]) && event.arg[0] &&
		event.arg[1])
		send(exec->monitor, &event, sizeof(event), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What the zone, or the monitor, says of the process. */
static void hear(struct exec *exec)
{
	union {
		struct answer answer;
		struct zone_report report;
	} said;
	ssize_t got = receive(exec->monitor, &said, sizeof(said), 0);
	struct error err = {0};

	if (got < 0 && errno == EINTR)
		return;
	if (got == (ssize_t)sizeof(said.answer)) {
		said.answer.text[sizeof(said.answer.text) - 1] = '\0';
		error_set(&err, 0, "%s", said.answer.text);
		give_up(exec, &err);
	}
	if (got != (ssize_t)sizeof(said.report)) {
		error_set(&err, 0, "the container has ended");
		send_answer(exec->word, &err, NULL);
		_exit(STATUS_LOST);
	}
	switch (said.report.type) {
	case ZONE_REPORT_STARTED:
		pass_size(exec);
		send_answer(exec->word, NULL, NULL);
		break;
	case ZONE_REPORT_FAILED:
		spec_failure(&exec->spec, exec->process, said.report.arg[0],
			(int)said.report.arg[1] > 0 && (int)said.report.arg[1] < 4096
				? (int)said.report.arg[1]
				: EIO,
			&err);
		give_up(exec, &err);
	case ZONE_REPORT_EXITED:
		_exit(exit_status((int)said.report.arg[0]));
	default:
		break;
	}
}

static void pass_signal(struct exec *exec)
{
	struct signalfd_siginfo info;
	struct zone_event event;

	if (read(exec->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (terminal_event(exec->process && exec->process->terminal, exec->sized, &info, &event))
		send(exec->monitor, &event, sizeof(event), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* It hears the zone only through the stand-in, in records of one size: but that may have been taken over. */
static void confine(struct exec *exec)
{
	struct error err = {0};
	struct filter *filter = NULL;

	if (confine_capabilities(CONFINED_EXEC, &err) == 0)
		filter = confine_filter(CONFINED_EXEC, &err);
	if (!filter || confine_calls(filter, &err))
		give_up(exec, &err);
}

/* The process that stands for the one in the zone. */
static void __attribute__((noreturn)) stand_in(struct exec *exec)
{
	struct error err = {0};
	sigset_t all;

	confine_heap();
	setsid();
	prctl(PR_SET_NAME, "xenrun:exec");
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigdelset(&all, SIGPIPE);
	sigdelset(&all, SIGCHLD);
	sigprocmask(SIG_SETMASK, &all, NULL);
	exec->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (exec->signals < 0) {
		error_set(&err, errno, "signalfd");
		give_up(exec, &err);
	}
	if (exec->terminal.slave >= 0)
		/* For the signals that tell of its size and its end. */
		ioctl(exec->terminal.slave, TIOCSCTTY, 0);
	if (log_fd() == STDERR_FILENO)
		log_use_fd(-1);
	if (hostcgroup_enter(&exec->cgroup, &err) || ask(exec, &err))
		give_up(exec, &err);
	{
		const int kept[] = {exec->monitor, exec->word, exec->signals, exec->sized[0].fd,
			exec->sized[1].fd, exec->sized[2].fd};

		close_all_but(kept, sizeof(kept) / sizeof(*kept));
	}
	confine(exec);
	pass_size(exec);
	for (;;) {
		struct pollfd fds[] = {
			{.fd = exec->monitor, .events = POLLIN},
			{.fd = exec->signals, .events = POLLIN},
		};
		const struct timespec patience = {.tv_sec = ANSWER_SECONDS};
		int ready = ppoll(fds, 2, exec->process ? NULL : &patience, NULL);

		if (ready == 0) {
			error_set(&err, 0, "the zone does not answer");
			give_up(exec, &err);
		}
		if (ready < 0 && errno != EINTR)
			_exit(STATUS_LOST);
		if (fds[0].revents)
			hear(exec);
		if (fds[1].revents)
			pass_signal(exec);
	}
}

/* Makes the process that stands for it and waits until the other one runs. Returns its pid, -1 on failure. */
static pid_t launch(struct exec *exec, struct error *err)
{
	cleanup_close int word = -1, child = -1, cgroup = -1;
	int ends[2];
	pid_t pid;

	exec->spec_file = memfd_create("spec", MFD_CLOEXEC);
	if (exec->spec_file < 0 ||
		write(exec->spec_file, exec->spec.data, exec->spec.length) != (ssize_t)exec->spec.length)
		return error_set(err, errno, "process");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return error_set(err, errno, "socketpair");
	word = ends[0];
	child = exec->word = ends[1];
	cgroup = hostcgroup_open(&exec->cgroup);
	pid = fork_into(cgroup);
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0)
		stand_in(exec);
	close(steal_fd(&child));
	if (await_answer(word, "the process", err)) {
		waitpid(pid, NULL, 0);
		return -1;
	}
	return pid;
}

static void release(struct exec *exec)
{
	if (exec->spec_file >= 0)
		close(exec->spec_file);
	hostcgroup_free(&exec->cgroup);
	terminal_close(&exec->terminal);
	spec_free(&exec->spec);
}

/* The container's folder, with an error if nothing can be executed in it now, and its cgroup. */
static int find(
	const char *root, const char *id, bool ignore_paused, struct hostcgroup *cgroup, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);
	struct record *record = dir < 0 ? NULL : record_load(dir, err);
	enum oci_status status;

	if (!record)
		return -1;
	status = record_status(record);
	*cgroup = record->cgroup;
	record->cgroup = (struct hostcgroup){0};
	record_free(record);
	if (status == OCI_STATUS_CREATED || status == OCI_STATUS_RUNNING ||
		(status == OCI_STATUS_PAUSED && ignore_paused))
		return steal_fd(&dir);
	return error_set(err, 0, "cannot execute in a container that is %s", oci_status_name(status));
}

static int compile(
	struct exec *exec, struct oci_config *config, const struct oci_process *process, struct error *err)
{
	const struct exec_options *options = exec->options;
	struct oci_console_size size = {0}, *given = process->console_size;
	uint32_t rows, columns;

	if (terminal_check(process->terminal, options->console_socket, !options->detach, err))
		return -1;
	if (process->terminal && !options->console_socket) {
		for (int fd = 0; fd < 3; fd++)
			if (terminal_size(fd, &rows, &columns)) {
				size = (struct oci_console_size){.height = rows, .width = columns};
				given = &size;
				break;
			}
	}
	if (process->terminal)
		compile_terminal(given, process->user.uid, &exec->spec);
	compile_preserved(&exec->preserved, &exec->spec);
	return compile_exec(process, config->linux_, &exec->spec, err);
}

static int run(struct exec *exec, int *status, struct error *err)
{
	const struct exec_options *options = exec->options;
	pid_t pid;

	if (options->console_socket) {
		if (terminal_open(&exec->terminal, exec->process->console_size, err) ||
			terminal_hand_over(&exec->terminal, options->console_socket, err))
			return -1;
		/* As create (open_streams() of the stand-in): no stream of the call's own stays open. */
		for (int fd = 0; fd < 3; fd++)
			exec->streams[fd] = exec->terminal.slave;
	}
	if (exec->process->terminal && !options->detach)
		terminal_raw();
	pid = launch(exec, err);
	if (pid >= 0 && options->pid_file && write_pid_file(options->pid_file, pid, err)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	if (pid >= 0 && !options->detach) {
		forward_signals(pid);
		*status = await_exit(pid);
	}
	terminal_restore();
	return pid < 0 ? -1 : 0;
}

int container_exec(const struct exec_options *options, int *status, struct error *err)
{
	struct exec exec = {.options = options,
		.terminal = {-1, -1},
		.spec_file = -1,
		.monitor = -1,
		.streams = {0, 1, 2},
		.sized = {{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	struct oci_process *process = NULL;
	struct oci_config *config = NULL;
	cleanup_close int dir = -1;
	int result = -1;

	*status = 0;
	if (preserved_check(&exec.preserved, options->preserve_fds, err))
		return -1;
	dir = find(options->root, options->id, options->ignore_paused, &exec.cgroup, err);
	config = dir < 0 ? NULL : container_config(dir, err);
	process = config ? exec_process(options, config, err) : NULL;
	exec.process = process;
	exec.dir = dir;
	if (process && compile(&exec, config, process, err) == 0)
		result = run(&exec, status, err);
	release(&exec);
	oci_process_free(process);
	oci_config_free(config);
	return result;
}

/* A file that a zone may fill, but not make larger. */
static int answer_file(struct error *err)
{
	cleanup_close int fd = memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, ANSWER_MAX) || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))
		return error_set(err, errno, "cannot take an answer");
	return steal_fd(&fd);
}

/* Has zone init carry out a spec that makes no process, and write its answer. Takes the spec. */
static int ask_zone(int dir, struct spec *spec, int answer, struct error *err)
{
	struct exec exec = {.terminal = {-1, -1},
		.spec_file = -1,
		.spec = *spec,
		.dir = dir,
		.monitor = -1,
		.streams = {-1, answer, -1},
		.sized = {{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	pid_t pid = -1;

	*spec = (struct spec){0};
	if (exec.spec.failed)
		error_set(err, ENOMEM, "cannot ask the zone");
	else
		pid = launch(&exec, err);
	release(&exec);
	if (pid < 0)
		return -1;
	return await_exit(pid) ? error_set(err, 0, "the zone does not answer") : 0;
}

char *exec_query(int dir, enum zone_op_type operation, const char *property, struct error *err)
{
	cleanup_close int answer = answer_file(err);
	cleanup_free char *text = calloc(1, ANSWER_MAX + 1);
	struct spec spec = {0};

	if (answer < 0 || !text)
		return NULL;
	spec_begin(&spec, operation, "%s", property);
	spec_end(&spec);
	if (ask_zone(dir, &spec, answer, err))
		return NULL;
	return pread(answer, text, ANSWER_MAX, 0) < 0 ? NULL : steal_pointer(&text);
}

int exec_limits(int dir, struct spec *spec, struct error *err)
{
	return ask_zone(dir, spec, -1, err);
}
