/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "container/container.h"
#include "libocispec/names.h"

enum { KILL_ALL, KILL_REGEX };

static const struct option_spec options[] = {
	[KILL_ALL] = {'a', "all", NULL, "signal every process of the container"},
	[KILL_REGEX] = {'r', "regex", NULL, "ID is an extended regular expression"},
	{0},
};

struct target {
	const char *root;
	int signal;
	bool all;
};

static int kill_one(void *arg, const char *id, struct error *err)
{
	const struct target *target = arg;

	return container_kill(target->root, id, target->signal, target->all, err);
}

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	struct target target = {.root = globals->root, .all = values[KILL_ALL]};
	const char *name = count > 1 ? arguments[1] : "SIGTERM";

	target.signal = oci_signal(name);
	if (target.signal < 0)
		return error_set(err, 0, "kill: unknown signal \"%s\"", name);
	if (values[KILL_REGEX])
		return container_match(globals->root, arguments[0], kill_one, &target, err);
	return kill_one(&target, arguments[0], err);
}

const struct command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "Send a signal (SIGTERM) to a container's process",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 2,
	.run = run,
};
