/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: posix FOLDER [CASE…]       all cases, or those named
 *        posix hold|try FILE KIND   locks_tool.c
 *        posix map FILE private|shared BYTE   maps_tool.c
 *        posix write WAY FILE TEXT       durable.c
 *        posix quota DEVICE USER BYTES   for the case over_quota
 *
 * Each case is a process of its own in a folder of its own below FOLDER, which must be there, and has a
 * minute.
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(void);
	bool by_name;
} cases[] = {
#define CASE(name)    {#name, case_##name, false},
#define BY_NAME(name) {#name, case_##name, true},
#include "cases.h"
#undef CASE
};

const char *case_name;

static void run(size_t i, const char *folder, unsigned seconds)
{
	pid_t pid;
	int status;

	case_name = cases[i].name;
	pid = fork();
	if (pid == 0) {
		umask(0022);
		if (chdir(folder) || (mkdir(case_name, 0755) && errno != EEXIST) || chdir(case_name)) {
			perror(case_name);
			_exit(2);
		}
		alarm(seconds);
		cases[i].run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("posix");
		exit(2);
	}
	if (WIFSIGNALED(status))
		say("ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		say("ended with %d", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold_lock(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "try"))
		return try_lock(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "map"))
		return through_map(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "write"))
		return write_durably(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "quota"))
		return set_quota(argv[2], argv[3], argv[4]);
	if (argc < 2) {
		fprintf(stderr, "usage: posix FOLDER [CASE...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!cases[i].by_name)
			run(i, argv[1], 300);
	for (int at = 2; at < argc; at++) {
		size_t i = 0;

		while (i < sizeof(cases) / sizeof(cases[0]) && strcmp(cases[i].name, argv[at]))
			i++;
		if (i == sizeof(cases) / sizeof(cases[0])) {
			fprintf(stderr, "posix: %s: no such case\n", argv[at]);
			return 2;
		}
		run(i, argv[1], 3600);
	}
	return 0;
}
