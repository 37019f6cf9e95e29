/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "container/container.h"

enum {
	EXEC_PROCESS,
	EXEC_TTY,
	EXEC_DETACH,
	EXEC_USER,
	EXEC_ENV,
	EXEC_CAP,
	EXEC_GIDS,
	EXEC_CWD,
	EXEC_CGROUP,
	EXEC_CONSOLE_SOCKET,
	EXEC_PID_FILE,
	EXEC_PRESERVE_FDS,
	EXEC_NO_NEW_PRIVS,
	EXEC_PROCESS_LABEL,
	EXEC_APPARMOR,
	EXEC_IGNORE_PAUSED,
};

static const struct option_spec options[] = {
	[EXEC_PROCESS] = {'p', "process", "FILE", "the process as JSON, as config.json has it"},
	[EXEC_TTY] = {'t', "tty", NULL, "give it a terminal"},
	[EXEC_DETACH] = {'d', "detach", NULL, "do not wait for its end"},
	[EXEC_USER] = {'u', "user", "UID[:GID]", "run it as this user"},
	[EXEC_ENV] = {'e', "env", "NAME=VALUE", "set a variable of its environment; may be repeated", true},
	[EXEC_CAP] = {'c', "cap", "CAP_NAME", "give it a capability; may be repeated", true},
	[EXEC_GIDS] = {'g', "additional-gids", "GID", "put it in one more group; may be repeated", true},
	[EXEC_CWD] = {0, "cwd", "PATH", "its working directory"},
	[EXEC_CGROUP] = {0, "cgroup", "PATH", NULL},
	[EXEC_CONSOLE_SOCKET] = {0, "console-socket", "SOCKET", "where the terminal's master is sent to"},
	[EXEC_PID_FILE] = {0, "pid-file", "FILE", "write the pid that stands for it to FILE"},
	[EXEC_PRESERVE_FDS] = {0, "preserve-fds", "N", "descriptors to pass on besides the standard ones"},
	[EXEC_NO_NEW_PRIVS] = {0, "no-new-privs", NULL, "it gains no privileges by executing"},
	[EXEC_PROCESS_LABEL] = {0, "process-label", "LABEL", NULL},
	[EXEC_APPARMOR] = {0, "apparmor", "PROFILE", NULL},
	[EXEC_IGNORE_PAUSED] = {0, "ignore-paused", NULL,
		"in a paused container it runs once that is resumed"},
	{0},
};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	long descriptors = 0;
	struct exec_options to = {
		.root = globals->root,
		.id = arguments[0],
		.process = values[EXEC_PROCESS],
		.args = count > 1 ? arguments + 1 : NULL,
		.terminal = values[EXEC_TTY],
		.detach = values[EXEC_DETACH],
		.no_new_privileges = values[EXEC_NO_NEW_PRIVS],
		.ignore_paused = values[EXEC_IGNORE_PAUSED],
		.user = values[EXEC_USER],
		.cwd = values[EXEC_CWD],
		.process_label = values[EXEC_PROCESS_LABEL],
		.apparmor = values[EXEC_APPARMOR],
		.env = values[EXEC_ENV],
		.caps = values[EXEC_CAP],
		.gids = values[EXEC_GIDS],
		.console_socket = values[EXEC_CONSOLE_SOCKET],
		.pid_file = values[EXEC_PID_FILE],
	};
	int status;

	if (values[EXEC_PRESERVE_FDS] &&
		option_number("preserve-fds", values[EXEC_PRESERVE_FDS], 0, 1024, &descriptors, err))
		return -1;
	if (values[EXEC_CGROUP])
		return error_set(err, 0, "--cgroup: a process of exec is in the container's own cgroup");
	to.preserve_fds = (int)descriptors;
	return container_exec(&to, &status, err) ? -1 : status;
}

const struct command command_exec = {
	.name = "exec",
	.arguments = "ID COMMAND [ARGUMENT...]",
	.summary = "Execute another process in a container",
	.options = options,
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	/* As runc: its callers tell it from the process's own status. */
	.failure = 255,
	.run = run,
};
