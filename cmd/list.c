/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/cmd.h"
#include "container/container.h"

enum { LIST_FORMAT, LIST_IDS };

static const struct option_spec options[] = {
	[LIST_FORMAT] = {'f', "format", "table|json", "how to print them (table)"},
	[LIST_IDS] = {'q', "quiet", NULL, "print IDs only"},
	{0},
};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	const char *format = values[LIST_FORMAT] ? values[LIST_FORMAT] : "table";
	enum list_format how = LIST_TABLE;

	(void)arguments;
	(void)count;
	if (strcmp(format, "json") == 0)
		how = LIST_JSON;
	else if (strcmp(format, "table") != 0)
		return error_set(err, 0, "--format: \"%s\" is neither table nor json", format);
	return container_list(globals->root, values[LIST_IDS] ? LIST_QUIET : how, stdout, err);
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "List the containers",
	.options = options,
	.run = run,
};
