/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/create.h"

enum { RUN_DETACH = CREATE_OPTIONS, RUN_KEEP };

static const struct option_spec options[] = {
	CREATE_OPTION_SPECS,
	[RUN_DETACH] = {'d', "detach", NULL, "do not wait for the container's end"},
	[RUN_KEEP] = {0, "keep", NULL, "do not delete the container when it has ended"},
	{0},
};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	struct container_options to;
	int status;

	(void)count;
	if (create_options(globals, values, arguments[0], &to, err))
		return -1;
	if (container_run(&to, values[RUN_DETACH], values[RUN_KEEP], &status, err))
		return -1;
	return status;
}

const struct command command_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "Create and start a container, wait for its end, delete it",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
