/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/create.h"

static const struct option_spec options[] = {CREATE_OPTION_SPECS, {0}};

int create_options(const struct globals *globals, const char *const *values, const char *id,
	struct container_options *to, struct error *err)
{
	long descriptors = 0;

	if (values[CREATE_PRESERVE_FDS] &&
		option_number("preserve-fds", values[CREATE_PRESERVE_FDS], 0, 1024, &descriptors, err))
		return -1;
	*to = (struct container_options){
		.root = globals->root,
		.id = id,
		.bundle = values[CREATE_BUNDLE],
		.config = values[CREATE_CONFIG],
		.pid_file = values[CREATE_PID_FILE],
		.console_socket = values[CREATE_CONSOLE_SOCKET],
		.preserve_fds = (int)descriptors,
		.cgroup_manager = globals->cgroup_manager,
	};
	return 0;
}

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	struct container_options to;

	(void)count;
	return create_options(globals, values, arguments[0], &to, err) ? -1 : container_create(&to, err);
}

const struct command command_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "Create a container: its zone runs, its process waits for start",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
