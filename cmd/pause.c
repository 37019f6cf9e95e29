/* SPDX-License-Identifier: Apache-2.0 */
/* pause and resume. */
#include "cmd/cmd.h"
#include "container/container.h"

static const struct option_spec options[] = {{0}};

static int run_pause(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	(void)values;
	(void)count;
	return container_pause(globals->root, arguments[0], false, err);
}

static int run_resume(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	(void)values;
	(void)count;
	return container_pause(globals->root, arguments[0], true, err);
}

const struct command command_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "Have a container's zone stand still",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_pause,
};

const struct command command_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "Have a paused container go on",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_resume,
};
