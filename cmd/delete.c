/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "container/container.h"

enum { DELETE_FORCE, DELETE_REGEX };

static const struct option_spec options[] = {
	[DELETE_FORCE] = {'f', "force", NULL, "end the container first if it is not stopped"},
	[DELETE_REGEX] = {'r', "regex", NULL, "ID is an extended regular expression"},
	{0},
};

struct target {
	const char *root;
	bool force;
};

static int delete_one(void *arg, const char *id, struct error *err)
{
	const struct target *target = arg;

	return container_delete(target->root, id, target->force, err);
}

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	struct target target = {.root = globals->root, .force = values[DELETE_FORCE]};

	(void)count;
	if (values[DELETE_REGEX])
		return container_match(globals->root, arguments[0], delete_one, &target, err);
	return delete_one(&target, arguments[0], err);
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "Delete a container that has stopped",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
