/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "container/container.h"
#include "libocispec/json_build.h"
#include "util/cleanup.h"

enum {
	UPDATE_RESOURCES,
	UPDATE_KERNEL_MEMORY,
	UPDATE_KERNEL_MEMORY_TCP,
	UPDATE_L3_CACHE_SCHEMA,
	UPDATE_MEM_BW_SCHEMA,
	UPDATE_FIRST, /* of those that are properties, in the order of properties[] */
};

static const struct option_spec options[] = {
	[UPDATE_RESOURCES] = {'r', "resources", "FILE",
		"linux.resources as JSON, \"-\" for standard input; other options are ignored"},
	[UPDATE_KERNEL_MEMORY] = {0, "kernel-memory", "BYTES", NULL},
	[UPDATE_KERNEL_MEMORY_TCP] = {0, "kernel-memory-tcp", "BYTES", NULL},
	[UPDATE_L3_CACHE_SCHEMA] = {0, "l3-cache-schema", "TEXT", NULL},
	[UPDATE_MEM_BW_SCHEMA] = {0, "mem-bw-schema", "TEXT", NULL},
	[UPDATE_FIRST] = {0, "blkio-weight", "NUMBER", "weight of its I/O, 10 to 1000"},
	{0, "cpu-period", "TIME", "the period, in microseconds, of which the quota is a part"},
	{0, "cpu-quota", "TIME", "CPU time that it may use in a period; -1: any"},
	{0, "cpu-burst", "TIME", "what it may save of that for later"},
	{0, "cpu-share", "NUMBER", "weight of its CPU time"},
	{0, "cpu-rt-period", "TIME", "period of real-time processes"},
	{0, "cpu-rt-runtime", "TIME", "CPU time of real-time processes"},
	{0, "cpu-idle", "0|1", "run when nothing else does"},
	{0, "cpuset-cpus", "LIST", "CPUs of the host to run on, such as 0-3,7"},
	{0, "cpuset-mems", "LIST", "memory nodes of the host to use"},
	{0, "memory", "BYTES", "memory; k, m, g, t are units; -1: any"},
	{0, "memory-reservation", "BYTES", "memory that is not taken for others"},
	{0, "memory-swap", "BYTES", "memory and swap together; -1: any"},
	{0, "pids-limit", "NUMBER", "processes and threads; -1: any"},
	{0},
};

enum kind { NUMBER, SIZE, TEXT };

/* Properties of the same object stand together. */
static const struct {
	const char *object, *property;
	enum kind kind;
} properties[] = {
	{"blockIO", "weight", NUMBER},
	{"cpu", "period", NUMBER},
	{"cpu", "quota", NUMBER},
	{"cpu", "burst", NUMBER},
	{"cpu", "shares", NUMBER},
	{"cpu", "realtimePeriod", NUMBER},
	{"cpu", "realtimeRuntime", NUMBER},
	{"cpu", "idle", NUMBER},
	{"cpu", "cpus", TEXT},
	{"cpu", "mems", TEXT},
	{"memory", "limit", SIZE},
	{"memory", "reservation", SIZE},
	{"memory", "swap", SIZE},
	{"pids", "limit", NUMBER},
};

#define PROPERTIES (sizeof(properties) / sizeof(*properties))

/* What may stand behind a size: a unit, then "b" or "ib" as people write it. Its power of 1024, -1 for
 * nonsense.
 */
static int unit_power(const char *text)
{
	static const char units[] = "bkmgtp";
	const char *unit = *text ? strchr(units, *text | 0x20) : units;

	if (!unit)
		return -1;
	if (*text)
		text++;
	if (unit != units && (*text | 0x20) == 'i')
		text++;
	if (unit != units && (*text | 0x20) == 'b')
		text++;
	return *text ? -1 : (int)(unit - units);
}

static int parse(const char *option, const char *text, enum kind kind, int64_t *number, struct error *err)
{
	char *end;
	int power;

	errno = 0;
	*number = strtoll(text, &end, 10);
	power = kind == SIZE ? unit_power(end) : *end ? -1 : 0;
	if (errno || end == text || power < 0)
		return error_set(err, 0, "--%s: \"%s\" is not a %s", option, text,
			kind == SIZE ? "size such as 512m" : "number");
	for (; power; power--)
		if (__builtin_mul_overflow(*number, 1024, number))
			return error_set(err, 0, "--%s: \"%s\" is too large", option, text);
	return 0;
}

/* The options as JSON; NULL with *err set. */
static char *build(const char *const *values, struct error *err)
{
	struct json_build json = json_build_start();
	const char *open = NULL;
	char *text;

	for (size_t i = 0; i < PROPERTIES; i++) {
		const char *value = values[UPDATE_FIRST + i];
		int64_t number = 0;

		if (!value)
			continue;
		if (properties[i].kind != TEXT && !err->message)
			parse(options[UPDATE_FIRST + i].name, value, properties[i].kind, &number, err);
		if (open && strcmp(open, properties[i].object) != 0)
			json_build_close(&json);
		if (!open || strcmp(open, properties[i].object) != 0)
			json_build_open(&json, properties[i].object);
		open = properties[i].object;
		if (properties[i].kind == TEXT)
			json_build_string(&json, properties[i].property, value);
		else
			json_build_integer(&json, properties[i].property, number);
	}
	if (open)
		json_build_close(&json);
	text = json_build_finish(&json, "");
	if (text && !err->message)
		return text;
	if (!err->message)
		error_set(err, ENOMEM, "update");
	free(text);
	return NULL;
}

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	cleanup_free char *text = NULL;

	(void)count;
	if (values[UPDATE_L3_CACHE_SCHEMA] || values[UPDATE_MEM_BW_SCHEMA])
		return error_set(err, 0, "linux.intelRdt: not there yet");
	if (values[UPDATE_RESOURCES])
		return container_update(globals->root, arguments[0], values[UPDATE_RESOURCES], NULL, err);
	text = build(values, err);
	return text ? container_update(globals->root, arguments[0], NULL, text, err) : -1;
}

const struct command command_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "Change the limits of a running container",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run,
};
