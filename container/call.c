/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls that leave a process behind (create, run, exec) have in common. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "container/process.h"
#include "util/cleanup.h"
#include "util/passing.h"

void send_answer(int fd, const struct error *err, const char *text)
{
	struct answer answer = {0};

	if (err) {
		answer.failed = 1;
		answer.number = err->number;
		text = error_message(err);
	}
	snprintf(answer.text, sizeof(answer.text), "%s", text ? text : "");
	send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
}

int await_answer(int fd, const char *whose, struct error *err)
{
	struct answer answer;
	ssize_t got;

	do
		got = receive(fd, &answer, sizeof(answer), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(answer))
		return error_set(err, 0, "%s was killed", whose);
	answer.text[sizeof(answer.text) - 1] = '\0';
	return answer.failed ? error_set(err, 0, "%s", answer.text) : 0;
}

int write_pid_file(const char *path, pid_t pid, struct error *err)
{
	cleanup_free char *new = NULL;
	FILE *file;
	int failed;

	if (asprintf(&new, "%s.new", path) < 0)
		return error_set(err, ENOMEM, "--pid-file");
	file = fopen(new, "we");
	if (!file)
		return error_set(err, errno, "--pid-file: %s", new);
	failed = fprintf(file, "%d", (int)pid) < 0;
	if (fclose(file) || failed || rename(new, path)) {
		error_set(err, errno, "--pid-file: %s", path);
		unlink(new);
		return -1;
	}
	return 0;
}

static pid_t forward_to;

static void forward(int signal)
{
	kill(forward_to, signal);
}

void forward_signals(pid_t pid)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
	struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};

	forward_to = pid;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

int exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int await_exit(pid_t pid)
{
	int wait_status;

	while (waitpid(pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return exit_status(wait_status);
}
