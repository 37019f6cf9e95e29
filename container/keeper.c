/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the monitor's parent, which does nothing but wait for it. A monitor that is killed cannot
 * destroy its zone, and nobody else left has the privilege.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "container/process.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/log.h"

/* The monitor must not hold the container's streams open. */
static void give_streams_away(void)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* --debug without --log writes to standard error: it is asked for. */
	if (log_fd() == STDERR_FILENO)
		log_use_fd(log_enabled(LOG_DEBUG) ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
}

/* After the monitor was killed. */
static void keeper_reclaims(struct container *container)
{
	struct pollfd gone = {.fd = container->standin_pidfd, .events = POLLIN};
	struct error err = {0};
	struct record *record;

	/* The stand-in sees the end of its socket and goes; the rings must be let go of first. */
	if (poll(&gone, 1, STANDIN_END_MS) == 0)
		syscall(SYS_pidfd_send_signal, container->standin_pidfd, SIGKILL, NULL, 0);
	/* It may forbid what is needed. */
	hostcgroup_leave(&container->record->cgroup, 0);
	/* The monitor has written down more than was known when it was made. */
	record = record_load(container->dir, &err);
	error_clear(&err);
	reclaim(container->options->root, record ? record : container->record, &err);
	if (container->network_namespace >= 0)
		network_release(container->network_namespace, container->record->uuid);
}

/* Whoever stops a container with all in its cgroup, or shuts the host down, sends SIGTERM to it: that is the
 * process's, by the stand-in, and no business of those who take the zone down when that has ended. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* Who ignores it is not told of it. */
	signal(SIGCHLD, SIG_DFL);
}

static int await_monitor(const struct container *container, pid_t child)
{
	int status, number;
	pid_t ended;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
		/* After SIGTERM comes SIGKILL, for all in the cgroup at once: somebody has to be left who
		 * destroys the zone. */
		if (sigwait(&set, &number) == 0 && number == SIGTERM)
			hostcgroup_leave(&container->record->cgroup, 0);
	}
	return ended == child ? status : -1;
}

void keeper_main(struct container *container)
{
	struct error err = {0};
	pid_t child;
	int status;

	block_signals();
	setsid();
	prctl(PR_SET_NAME, "xenrun:keeper");
	signal(SIGPIPE, SIG_IGN);
	give_streams_away();
	{
		const int kept[] = {container->dir, container->alive, container->creator, container->standin,
			container->standin_pidfd, container->network_namespace, log_fd()};

		close_all_but(kept, sizeof(kept) / sizeof(*kept));
	}
	container->record->keeper = process_ref(getpid());
	child = fork();
	if (child == 0)
		monitor_run(container);
	if (child < 0) {
		error_set(&err, errno, "fork");
		send_answer(container->creator, &err, NULL);
		_exit(1);
	}
	/* The others are to see their sockets end when the monitor does. */
	close(container->standin);
	close(container->creator);
	status = await_monitor(container, child);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		keeper_reclaims(container);
	_exit(0);
}
