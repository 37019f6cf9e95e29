/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "container/container.h"

enum { EVENTS_STATS, EVENTS_INTERVAL };

static const struct option_spec options[] = {
	[EVENTS_STATS] = {0, "stats", NULL, "print what the container uses, once"},
	[EVENTS_INTERVAL] = {0, "interval", "TIME", "how often otherwise: 5s, 500ms, 1m (5s)"},
	{0},
};

/* A duration as Go writes it, of one unit. Milliseconds; -1 for anything else. */
static long parse_interval(const char *text)
{
	static const struct {
		const char *unit;
		double milliseconds;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1000}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value > 0) || value > 1e6)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0)
			return (long)(value * units[i].milliseconds);
	return -1;
}

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	long interval = parse_interval(values[EVENTS_INTERVAL] ? values[EVENTS_INTERVAL] : "5s");

	(void)count;
	if (interval <= 0)
		return error_set(
			err, 0, "--interval: \"%s\" is not a time such as 5s", values[EVENTS_INTERVAL]);
	return container_events(
		globals->root, arguments[0], values[EVENTS_STATS] ? 0 : (unsigned long)interval, stdout, err);
}

const struct command command_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "Print what a container uses, and when it runs out of memory, as JSON",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
