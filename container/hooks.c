/* SPDX-License-Identifier: Apache-2.0 */
#include "container/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/log.h"

/* Of what a hook wrote, a message has the last line, or the end of it. */
#define LINE_SIZE 256

/* What a hook is made from, all of it there before the fork. */
struct plan {
	const char *path;
	const char *cwd;
	char *const *args;
	char *const *env;
	int input, output;
	int report; /* the errno of an exec that failed */
};

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A file, not a pipe: a hook that does not read it makes nobody wait. */
static int make_input(const char *state)
{
	cleanup_close int fd = memfd_create("state", MFD_CLOEXEC);
	size_t left = strlen(state);

	if (fd < 0)
		return -1;
	while (left) {
		ssize_t put = write(fd, state, left);

		if (put < 0)
			return -1;
		state += put;
		left -= (size_t)put;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : steal_fd(&fd);
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < _NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. */
static void __attribute__((noreturn)) execute(const struct plan *plan)
{
	/* The caller may have none of the first three, so that these have their numbers. */
	int input = fcntl(plan->input, F_DUPFD, 3), output = fcntl(plan->output, F_DUPFD, 3);
	int report = fcntl(plan->report, F_DUPFD_CLOEXEC, 3), failure;

	setpgid(0, 0);
	reset_signals();
	if (input >= 0 && output >= 0 && dup2(input, 0) >= 0 && dup2(output, 1) >= 0 &&
		dup2(output, 2) >= 0 && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
		/* A bundle may be gone by the time that its container is deleted. */
		(chdir(plan->cwd) == 0 || chdir("/") == 0))
		execve(plan->path, plan->args, plan->env);
	failure = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* Waits for its end, or brings it about when its time is over. Returns whether it was. */
static bool await_end(pid_t pid, int pidfd, const int64_t *timeout)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int64_t deadline = 0;

	if (timeout)
		deadline = milliseconds() + (*timeout < INT32_MAX ? *timeout : INT32_MAX) * 1000;
	for (;;) {
		int64_t left = timeout ? deadline - milliseconds() : -1;

		if (timeout && left <= 0)
			break;
		if (poll(&ended, 1, left > INT_MAX ? INT_MAX : (int)left) > 0)
			return false;
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	return true;
}

static void last_line(int output, char line[LINE_SIZE])
{
	off_t size = lseek(output, 0, SEEK_END);
	off_t from = size < LINE_SIZE ? 0 : size - (LINE_SIZE - 1);
	ssize_t length = size > 0 ? pread(output, line, LINE_SIZE - 1, from) : 0;
	char *start;

	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == ' '))
		length--;
	line[length > 0 ? length : 0] = '\0';
	start = strrchr(line, '\n');
	if (start)
		memmove(line, start + 1, strlen(start));
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

/* What became of it. The callers put its name in front. */
static int judge(int status, bool late, const int64_t *timeout, int failure, int output, struct error *err)
{
	char line[LINE_SIZE];
	const char *colon;

	if (failure)
		return error_set(err, 0, "%s", strerror(failure));
	if (!late && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last_line(output, line);
	colon = *line ? ": " : "";
	if (late)
		return error_set(
			err, 0, "timed out after %lld seconds%s%s", (long long)*timeout, colon, line);
	if (WIFSIGNALED(status))
		return error_set(err, 0, "ended by signal %d (%s)%s%s", WTERMSIG(status),
			strsignal(WTERMSIG(status)), colon, line);
	return error_set(err, 0, "exit status %d%s%s", WEXITSTATUS(status), colon, line);
}

static int run(const struct oci_hook *hook, const char *state, const char *cwd, struct error *err)
{
	char *path_only[] = {hook->path, NULL};
	cleanup_close int input = make_input(state), output = memfd_create("output", MFD_CLOEXEC);
	cleanup_close int reports = -1, report = -1, pidfd = -1;
	struct plan plan = {
		.path = hook->path,
		.cwd = cwd,
		.args = hook->args_len ? hook->args : path_only,
		.env = hook->env ? hook->env : environ,
		.input = input,
		.output = output,
	};
	int pipe[2], status = 0, failure = 0;
	bool late;
	pid_t pid;

	if (input < 0 || output < 0 || pipe2(pipe, O_CLOEXEC))
		return error_set(err, errno, "cannot be run");
	reports = pipe[0];
	report = plan.report = pipe[1];
	pid = fork();
	if (pid == 0)
		execute(&plan);
	if (pid < 0)
		return error_set(err, errno, "cannot be run");
	close(steal_fd(&report));
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		error_set(err, errno, "cannot be waited for");
		kill(pid, SIGKILL);
	}
	late = pidfd >= 0 && await_end(pid, pidfd, hook->timeout);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "cannot be waited for");
	if (pidfd < 0)
		return -1;
	/* It has ended, so nobody is left who writes. */
	if (read(reports, &failure, sizeof(failure)) != (ssize_t)sizeof(failure))
		failure = 0;
	return judge(status, late, hook->timeout, failure, output, err);
}

int hook_run(const struct oci_hook *hook, const char *name, size_t index, const char *state, const char *cwd,
	struct error *err)
{
	/* A caller that ignores it could not wait for anybody. */
	struct sigaction original, action = {.sa_handler = SIG_DFL};
	int result;

	sigaction(SIGCHLD, &action, &original);
	result = run(hook, state, cwd, err);
	sigaction(SIGCHLD, &original, NULL);
	return result ? error_prefix(err, "hooks.%s[%zu]: %s", name, index, hook->path) : 0;
}

int hooks_run(const struct oci_hook *hooks, size_t len, const char *name, const char *state, const char *cwd,
	struct error *err)
{
	for (size_t i = 0; i < len; i++)
		if (hook_run(&hooks[i], name, i, state, cwd, err))
			return -1;
	return 0;
}

void hooks_run_all(
	const struct oci_hook *hooks, size_t len, const char *name, const char *state, const char *cwd)
{
	for (size_t i = 0; i < len; i++) {
		struct error err = {0};

		if (hook_run(&hooks[i], name, i, state, cwd, &err))
			log_message(LOG_WARNING, "%s", error_message(&err));
		error_clear(&err);
	}
}
