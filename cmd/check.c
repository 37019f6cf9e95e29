/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "container/container.h"

static const struct option_spec options[] = {{0}};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	(void)globals;
	(void)values;
	(void)arguments;
	(void)count;
	(void)err;
	return container_check(stdout) ? 0 : 1;
}

const struct command command_check = {
	.name = "check",
	.arguments = "",
	.summary = "Say whether this host can run zones, and what it lacks",
	.options = options,
	.run = run,
};
