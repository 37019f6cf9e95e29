/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/cmd.h"
#include "container/container.h"

enum { PS_FORMAT };

static const struct option_spec options[] = {
	[PS_FORMAT] = {'f', "format", "FORMAT",
		"table, or json: the pids of this host that stand for them (table)"},
	{0},
};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	const char *format = values[PS_FORMAT] ? values[PS_FORMAT] : "table";
	bool json = strcmp(format, "json") == 0;

	/* ps(1)'s own options mean nothing to a zone. */
	(void)count;
	if (!json && strcmp(format, "table") != 0)
		return error_set(err, 0, "--format: \"%s\" is neither table nor json", format);
	return container_ps(globals->root, arguments[0], json, stdout, err);
}

const struct command command_ps = {
	.name = "ps",
	.arguments = "ID [PS OPTION...]",
	.summary = "List the processes of a container",
	.options = options,
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = run,
};
