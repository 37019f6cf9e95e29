/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "container/container.h"

static const struct option_spec options[] = {{0}};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	(void)values;
	(void)count;
	return container_start(globals->root, arguments[0], err);
}

const struct command command_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "Execute the process of a container that was created",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
