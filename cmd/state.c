/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "container/container.h"
#include "util/cleanup.h"

static const struct option_spec options[] = {{0}};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	cleanup_free char *json = container_state_json(globals->root, arguments[0], err);

	(void)values;
	(void)count;
	if (!json)
		return -1;
	puts(json);
	return 0;
}

const struct command command_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "Print the state of a container",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
