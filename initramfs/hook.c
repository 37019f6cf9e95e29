/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of the container's, in it. As all of child.c's: no allocation, no stdio. */
#include "initramfs/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "initramfs/syscalls.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

#ifndef SYS_memfd_create
#define SYS_memfd_create 319
#endif

/* memfd_create's, named apart from a header that musl has only since 1.2. */
#define ZONE_MFD_CLOEXEC 1U

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A file, not a pipe: a hook that does not read it makes nobody wait. */
static int make_input(const char *text)
{
	cleanup_close int fd = (int)syscall(SYS_memfd_create, "state", ZONE_MFD_CLOEXEC);
	size_t left = strlen(text);

	if (fd < 0)
		return -1;
	while (left) {
		ssize_t put = write(fd, text, left);

		if (put < 0)
			return -1;
		text += put;
		left -= (size_t)put;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : steal_fd(&fd);
}

/* In the child: says why on `report` if there is no exec. */
static void __attribute__((noreturn))
execute(const char *path, char **args, char **env, const sigset_t *mask, int input, int report)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), error;

	/* Who is to be killed with it. */
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (null >= 0 && dup2(input, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0)
		execve(path, args, env);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* Waits for its end, or brings it about when its time is over. Returns whether it was. SIGCHLD is blocked:
 * none is lost between looking and waiting. */
static bool await_end(pid_t pid, uint32_t seconds, const sigset_t *child, int *status)
{
	long deadline = milliseconds() + (long)seconds * 1000;
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		long left = deadline - milliseconds();
		struct timespec patience = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		if (seconds && left <= 0) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			while (waitpid(pid, status, 0) < 0 && errno == EINTR)
				;
			return true;
		}
		sigtimedwait(child, NULL, seconds ? &patience : NULL);
	}
	return false;
}

static int run(const char *path, char **args, char **env, int input, uint32_t seconds)
{
	cleanup_close int reports = -1, report = -1;
	sigset_t child, before;
	int ends[2], status = 0, error;
	bool late;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	reports = ends[0];
	report = ends[1];
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	/* The call that filters know longest: clone3's flags they cannot see, so they refuse it. */
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0)
		execute(path, args, env, &before, input, report);
	error = errno;
	late = pid > 0 && await_end(pid, seconds, &child, &status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		errno = error;
		return -1;
	}
	close(steal_fd(&report));
	if (read(reports, &error, sizeof(error)) == sizeof(error))
		errno = error;
	else if (late)
		errno = ETIMEDOUT;
	else if (status)
		errno = ECANCELED;
	else
		return 0;
	return -1;
}

int hook_run(const struct op *op, char ***arrays, char **env)
{
	uint32_t seconds = op_u32(op, 0), args = op_u32(op, 1), variables = op_u32(op, 2);
	char **arg = *arrays, **own = arg + args + 1;
	cleanup_close int input = make_input(op_string(op, 1));

	*arrays = own + variables + 1;
	if (input < 0)
		return -1;
	return run(op_string(op, 0), arg, op_u32(op, 3) & ZONE_HOOK_OWN_ENV ? own : env, input, seconds);
}
