/* SPDX-License-Identifier: Apache-2.0 */
/* A container's record as JSON in its folder: written whole, by rename, so that a reader never sees half of
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"

#define UUID_SIZE 16

static void add_string(struct json_object *object, const char *key, const char *value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_string(value));
}

static void add_process(struct json_object *object, const char *key, const struct process_ref *ref)
{
	struct json_object *pair = json_object_new_array();

	json_object_array_add(pair, json_object_new_int64(ref->pid));
	json_object_array_add(pair, json_object_new_int64((int64_t)ref->start_time));
	json_object_object_add(object, key, pair);
}

static void add_uuid(struct json_object *object, const char *key, const uint8_t uuid[UUID_SIZE])
{
	char text[2 * UUID_SIZE + 1];

	for (size_t i = 0; i < UUID_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", uuid[i]);
	add_string(object, key, text);
}

static struct json_object *to_json(const struct record *record)
{
	struct json_object *object = json_object_new_object();
	struct json_object *annotations = json_object_new_object();

	for (size_t i = 0; i < record->annotations.len; i++)
		add_string(annotations, record->annotations.keys[i], record->annotations.values[i]);
	add_string(object, "id", record->id);
	add_string(object, "ociVersion", record->oci_version);
	add_string(object, "bundle", record->bundle);
	add_string(object, "rootfs", record->rootfs);
	add_string(object, "created", record->created);
	add_string(object, "owner", record->owner);
	add_string(object, "error", record->error);
	add_string(object, "cgroup", record->cgroup.path);
	add_string(object, "cgroupUnit", record->cgroup.unit);
	add_string(object, "cgroupHierarchies", record->cgroup.hierarchies);
	add_uuid(object, "uuid", record->uuid);
	add_string(object, "zone", record->zone);
	if (record->zone)
		add_uuid(object, "zoneUUID", record->zone_uuid);
	json_object_object_add(object, "member", json_object_new_int64(record->member));
	add_string(object, "status", oci_status_name(record->status));
	json_object_object_add(object, "annotations", annotations);
	json_object_object_add(object, "reclaimed", json_object_new_boolean(record->reclaimed));
	add_process(object, "creator", &record->creator);
	add_process(object, "standin", &record->standin);
	add_process(object, "monitor", &record->monitor);
	add_process(object, "keeper", &record->keeper);
	return object;
}

int record_save(int dir, const struct record *record, struct error *err)
{
	cleanup_close int fd = openat(dir, "state.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct json_object *object;
	const char *text;
	size_t length;
	int result = 0;

	if (fd < 0)
		return error_set(err, errno, "cannot write the container's state");
	object = to_json(record);
	text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PRETTY, &length);
	if (!text || write(fd, text, length) != (ssize_t)length || fsync(fd) ||
		renameat(dir, "state.json.new", dir, "state.json") || fsync(dir))
		result = error_set(err, errno, "cannot write the container's state");
	json_object_put(object);
	return result;
}

static char *get_string(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? strdup(json_object_get_string(value)) : NULL;
}

/* Where there is none it stays as it is. */
static void get_uuid(struct json_object *object, const char *key, uint8_t uuid[UUID_SIZE])
{
	cleanup_free char *text = get_string(object, key);

	for (size_t i = 0; text && strlen(text) == 2 * UUID_SIZE && i < UUID_SIZE; i++)
		sscanf(text + 2 * i, "%2" SCNx8, &uuid[i]);
}

static struct process_ref get_process(struct json_object *object, const char *key)
{
	struct json_object *pair;
	struct process_ref ref = {0};

	if (json_object_object_get_ex(object, key, &pair) && json_object_is_type(pair, json_type_array)) {
		ref.pid = json_object_get_int(json_object_array_get_idx(pair, 0));
		ref.start_time = (uint64_t)json_object_get_int64(json_object_array_get_idx(pair, 1));
	}
	return ref;
}

static void get_annotations(struct json_object *object, struct oci_map *map)
{
	struct json_object *annotations;
	size_t count;

	if (!json_object_object_get_ex(object, "annotations", &annotations))
		return;
	count = (size_t)json_object_object_length(annotations);
	map->keys = calloc(count + 1, sizeof(char *));
	map->values = calloc(count + 1, sizeof(char *));
	if (!map->keys || !map->values)
		return;
	json_object_object_foreach(annotations, key, value)
	{
		map->keys[map->len] = strdup(key);
		map->values[map->len++] = strdup(json_object_get_string(value));
	}
}

struct record *record_load(int dir, struct error *err)
{
	cleanup_close int fd = openat(dir, "state.json", O_RDONLY | O_CLOEXEC);
	struct json_object *object = fd < 0 ? NULL : json_object_from_fd(fd);
	struct record *record = NULL;
	struct json_object *value;
	const char *status;

	if (!object) {
		error_set(err, fd < 0 ? errno : 0, "cannot read the container's state");
		return NULL;
	}
	record = calloc(1, sizeof(*record));
	if (!record) {
		error_set(err, ENOMEM, "cannot read the container's state");
		goto out;
	}
	record->id = get_string(object, "id");
	record->oci_version = get_string(object, "ociVersion");
	record->bundle = get_string(object, "bundle");
	record->rootfs = get_string(object, "rootfs");
	record->created = get_string(object, "created");
	record->owner = get_string(object, "owner");
	record->error = get_string(object, "error");
	record->cgroup.path = get_string(object, "cgroup");
	record->cgroup.unit = get_string(object, "cgroupUnit");
	record->cgroup.hierarchies = get_string(object, "cgroupHierarchies");
	record->zone = get_string(object, "zone");
	if (json_object_object_get_ex(object, "member", &value))
		record->member = (uint32_t)json_object_get_int64(value);
	get_uuid(object, "uuid", record->uuid);
	get_uuid(object, "zoneUUID", record->zone_uuid);
	status = json_object_object_get_ex(object, "status", &value) ? json_object_get_string(value) : "";
	record->status = (enum oci_status)oci_status_number(status);
	record->reclaimed =
		json_object_object_get_ex(object, "reclaimed", &value) && json_object_get_boolean(value);
	record->creator = get_process(object, "creator");
	record->standin = get_process(object, "standin");
	record->monitor = get_process(object, "monitor");
	record->keeper = get_process(object, "keeper");
	get_annotations(object, &record->annotations);
out:
	json_object_put(object);
	return record;
}

int config_keep(int dir, const char *text, size_t length, struct error *err)
{
	cleanup_close int fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	while (fd >= 0 && length) {
		ssize_t put = write(fd, text, length);

		if (put < 0)
			break;
		text += put;
		length -= (size_t)put;
	}
	return fd < 0 || length ? error_set(err, errno, "cannot keep config.json") : 0;
}

#define NEW_CONFIG "config.json.new"

int config_write_new(int dir, const char *text, struct error *err)
{
	cleanup_close int fd = openat(dir, NEW_CONFIG, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	if (fd >= 0 && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0)
		return 0;
	error_set(err, errno, "cannot keep config.json");
	config_drop_new(dir);
	return -1;
}

int config_take_new(int dir, struct error *err)
{
	if (renameat(dir, NEW_CONFIG, dir, "config.json") || fsync(dir))
		return error_set(err, errno, "cannot keep config.json");
	return 0;
}

void config_drop_new(int dir)
{
	unlinkat(dir, NEW_CONFIG, 0);
}

struct oci_config *container_config(int dir, struct error *err)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/config.json", dir);
	return oci_config_load(path, err);
}

void record_free(struct record *record)
{
	if (!record)
		return;
	free(record->id);
	free(record->oci_version);
	free(record->bundle);
	free(record->rootfs);
	free(record->created);
	free(record->owner);
	free(record->error);
	free(record->zone);
	hostcgroup_free(&record->cgroup);
	for (size_t i = 0; i < record->annotations.len; i++) {
		free(record->annotations.keys[i]);
		free(record->annotations.values[i]);
	}
	free(record->annotations.keys);
	free(record->annotations.values);
	free(record);
}
