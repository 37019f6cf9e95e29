/* SPDX-License-Identifier: Apache-2.0 */
/* events: what the container's cgroup in the zone has counted, in the form that runc gives it, and what Xen
 * has of the domain. Numbers are a hostile zone's own. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"

/* More than a line of the files that are read has. */
#define LINE_SIZE 256

/* The text of a file in the answer (zone_wire.h, ZONE_OP_STATISTICS), NULL if it is not there. */
static const char *file_of(const char *answer, const char *name)
{
	char title[64];
	const char *at;

	snprintf(title, sizeof(title), "[%s]\n", name);
	at = strstr(answer, title);
	return at ? at + strlen(title) : NULL;
}

/* Takes a line out of a file, as far as it fits. False at the end of the answer. */
static bool take_line(const char **at, char line[LINE_SIZE])
{
	const char *end;

	if (!*at || !**at)
		return false;
	end = strchrnul(*at, '\n');
	snprintf(line, LINE_SIZE, "%.*s", (int)(end - *at < LINE_SIZE ? end - *at : LINE_SIZE), *at);
	*at = *end ? end + 1 : end;
	return true;
}

/* A file that is one number; "max" is the largest. */
static uint64_t number_of(const char *answer, const char *name)
{
	const char *text = file_of(answer, name);

	return !text ? 0 : strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* A file of lines "KEY NUMBER". */
static uint64_t value_of(const char *answer, const char *name, const char *key)
{
	const char *line = file_of(answer, name);
	size_t length = strlen(key);

	for (; line && *line && *line != '['; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	return 0;
}

static void add(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *add_object(struct json_object *object, const char *key)
{
	struct json_object *inner = json_object_new_object();

	json_object_object_add(object, key, inner);
	return inner;
}

static void add_cpu(struct json_object *data, const char *answer)
{
	struct json_object *cpu = add_object(data, "cpu"), *part;

	/* Microseconds there, nanoseconds here. */
	part = add_object(cpu, "usage");
	add(part, "total", value_of(answer, "cpu.stat", "usage_usec") * 1000);
	add(part, "kernel", value_of(answer, "cpu.stat", "system_usec") * 1000);
	add(part, "user", value_of(answer, "cpu.stat", "user_usec") * 1000);
	part = add_object(cpu, "throttling");
	add(part, "periods", value_of(answer, "cpu.stat", "nr_periods"));
	add(part, "throttledPeriods", value_of(answer, "cpu.stat", "nr_throttled"));
	add(part, "throttledTime", value_of(answer, "cpu.stat", "throttled_usec") * 1000);
}

static void add_memory(struct json_object *data, const char *answer)
{
	struct json_object *memory = add_object(data, "memory"), *part;
	const char *at = file_of(answer, "memory.stat");
	char line[LINE_SIZE], key[64];
	unsigned long long value;

	add(memory, "cache", value_of(answer, "memory.stat", "file"));
	part = add_object(memory, "usage");
	add(part, "limit", number_of(answer, "memory.max"));
	add(part, "usage", number_of(answer, "memory.current"));
	add(part, "max", number_of(answer, "memory.peak"));
	add(part, "failcnt", value_of(answer, "memory.events", "max"));
	part = add_object(memory, "swap");
	add(part, "limit", number_of(answer, "memory.swap.max"));
	add(part, "usage", number_of(answer, "memory.swap.current"));
	add(part, "max", 0);
	add(part, "failcnt", 0);
	part = add_object(memory, "raw");
	while (take_line(&at, line) && sscanf(line, "%63[a-z0-9_] %llu", key, &value) == 2)
		add(part, key, value);
	part = add_object(memory, "events");
	add(part, "oom", value_of(answer, "memory.events", "oom"));
	add(part, "oomKill", value_of(answer, "memory.events", "oom_kill"));
}

static void add_pids(struct json_object *data, const char *answer)
{
	struct json_object *pids = add_object(data, "pids");
	uint64_t limit = number_of(answer, "pids.max");

	add(pids, "current", number_of(answer, "pids.current"));
	/* As runc: none is 0. */
	add(pids, "limit", limit == UINT64_MAX ? 0 : limit);
}

static void add_io_entry(struct json_object *list, unsigned major, unsigned minor, const char *operation,
	unsigned long long value)
{
	struct json_object *entry = json_object_new_object();

	add(entry, "major", major);
	add(entry, "minor", minor);
	json_object_object_add(entry, "op", json_object_new_string(operation));
	add(entry, "value", value);
	json_object_array_add(list, entry);
}

static void add_io(struct json_object *data, const char *answer)
{
	struct json_object *io = add_object(data, "blkio");
	struct json_object *bytes = json_object_new_array(), *requests = json_object_new_array();
	const char *at = file_of(answer, "io.stat");
	char line[LINE_SIZE];
	unsigned major, minor;
	unsigned long long value[4];

	while (take_line(&at, line) &&
		sscanf(line, "%u:%u rbytes=%llu wbytes=%llu rios=%llu wios=%llu", &major, &minor, &value[0],
			&value[1], &value[2], &value[3]) == 6) {
		add_io_entry(bytes, major, minor, "Read", value[0]);
		add_io_entry(bytes, major, minor, "Write", value[1]);
		add_io_entry(requests, major, minor, "Read", value[2]);
		add_io_entry(requests, major, minor, "Write", value[3]);
	}
	json_object_object_add(io, "ioServiceBytesRecursive", bytes);
	json_object_object_add(io, "ioServicedRecursive", requests);
}

static void add_zone(struct json_object *data, const char *text)
{
	struct json_object *zone = add_object(data, "zone");
	unsigned long long used = 0, kib = 0;
	unsigned vcpus = 0;

	sscanf(text, "%llu %llu %u", &used, &kib, &vcpus);
	add(zone, "cpu", used);
	add(zone, "memory", kib * 1024);
	add(zone, "vcpus", vcpus);
}

static void print_event(FILE *out, const char *type, const char *id, struct json_object *data)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "type", json_object_new_string(type));
	json_object_object_add(event, "id", json_object_new_string(id));
	if (data)
		json_object_object_add(event, "data", data);
	fprintf(out, "%s\n", json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
	fflush(out);
	json_object_put(event);
}

static int print_statistics(int dir, const char *id, uint64_t *kills, FILE *out, struct error *err)
{
	const struct request request = {.type = REQUEST_STATISTICS};
	cleanup_free char *text = exec_query(dir, ZONE_OP_STATISTICS, "events", err);
	struct json_object *data;
	struct answer domain;
	uint64_t killed;

	if (!text || request_monitor(dir, &request, &domain, err))
		return -1;
	killed = value_of(text, "memory.events", "oom_kill");
	if (kills && killed > *kills)
		print_event(out, "oom", id, NULL);
	if (kills)
		*kills = killed;
	data = json_object_new_object();
	add_cpu(data, text);
	add_memory(data, text);
	add_pids(data, text);
	add_io(data, text);
	add_zone(data, domain.text);
	print_event(out, "stats", id, data);
	return 0;
}

static enum oci_status status_of(int dir, struct error *err)
{
	struct record *record = record_load(dir, err);
	enum oci_status status = record ? record_status(record) : OCI_STATUS_STOPPED;

	record_free(record);
	return status;
}

int container_events(const char *root, const char *id, unsigned long interval, FILE *out, struct error *err)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(interval / 1000), .tv_nsec = (long)(interval % 1000) * 1000000};
	cleanup_close int dir = statedir_open(root, id, err);
	enum oci_status status;
	uint64_t kills = 0;

	if (dir < 0)
		return -1;
	status = status_of(dir, err);
	if (status != OCI_STATUS_CREATED && status != OCI_STATUS_RUNNING && status != OCI_STATUS_PAUSED)
		return error_set(err, 0, "a container that is %s has no events", oci_status_name(status));
	if (!interval)
		return print_statistics(dir, id, NULL, out, err);
	for (;;) {
		/* A paused zone answers nothing; the end of one is no failure. */
		if (status != OCI_STATUS_PAUSED && print_statistics(dir, id, &kills, out, err)) {
			error_clear(err);
			if (status_of(dir, err) == OCI_STATUS_STOPPED)
				break;
		}
		nanosleep(&pause, NULL);
		status = status_of(dir, err);
		if (status == OCI_STATUS_STOPPED)
			break;
	}
	error_clear(err);
	return 0;
}
