/* SPDX-License-Identifier: Apache-2.0 */
/* `update`: what of linux.resources is given takes the place of what config.json has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libocispec/json_text.h"
#include "libocispec/ocispec.h"
#include "util/cleanup.h"
#include "util/error.h"

/* Objects whose properties are taken one by one; everything else is taken whole. */
static const char *const by_property[] = {"memory", "cpu", "pids", "blockIO", "unified"};

/* What cannot be changed: what create puts in place for good, and what it leaves out because a zone has it
 * not.
 */
static const char *const fixed[] = {
	"devices",
	"network",
	"memory.kernel",
	"memory.kernelTCP",
	"memory.swappiness",
	"memory.disableOOMKiller",
	"memory.useHierarchy",
	"cpu.mems",
	"cpu.realtimeRuntime",
	"cpu.realtimePeriod",
	"blockIO.leafWeight",
	"blockIO.weightDevice",
	"blockIO.throttleReadBpsDevice",
	"blockIO.throttleWriteBpsDevice",
	"blockIO.throttleReadIOPSDevice",
	"blockIO.throttleWriteIOPSDevice",
};

/* Where zero is a value, and not what callers write that know no absence. */
static const char *const zeroes[] = {"cpu.idle", "cpu.burst", "pids.limit", "memory.checkBeforeUpdate"};

static bool is_in(const char *const *list, size_t length, const char *name)
{
	while (length)
		if (strcmp(list[--length], name) == 0)
			return true;
	return false;
}

#define IS_IN(list, name) is_in(list, sizeof(list) / sizeof(*(list)), name)

static bool says_nothing(struct json_object *value, const char *name)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return true;
	case json_type_boolean:
		return !json_object_get_boolean(value) && !IS_IN(zeroes, name);
	case json_type_int:
		return !json_object_get_uint64(value) && !json_object_get_int64(value) &&
		       !IS_IN(zeroes, name);
	case json_type_string:
		return json_object_get_string_len(value) == 0;
	case json_type_array:
		return json_object_array_length(value) == 0;
	case json_type_object:
		return json_object_object_length(value) == 0;
	default:
		return false;
	}
}

static struct json_object *member(struct json_object *object, const char *key)
{
	return object ? json_object_object_get(object, key) : NULL;
}

/* The object `key`, made if there is none; NULL without memory. */
static struct json_object *open_member(struct json_object *object, const char *key)
{
	struct json_object *inner = member(object, key);

	if (!object || inner)
		return inner;
	inner = json_object_new_object();
	if (inner && json_object_object_add(object, key, inner)) {
		json_object_put(inner);
		return NULL;
	}
	return inner;
}

/* Puts what an object of the update says into config.json's, which may not be there. `prefix` names it. */
static int merge(struct json_object *into, struct json_object *from, const char *prefix, struct error *err)
{
	json_object_object_foreach(from, key, value)
	{
		cleanup_free char *name = NULL;

		if (asprintf(&name, "%s%s%s", prefix, *prefix ? "." : "", key) < 0)
			return error_set(err, ENOMEM, "linux.resources");
		if (says_nothing(value, name))
			continue;
		if (IS_IN(fixed, name)) {
			if (json_object_equal(member(into, key), value))
				continue;
			return error_set(
				err, 0, "linux.resources.%s: cannot be changed in a running zone", name);
		}
		if (!*prefix && IS_IN(by_property, name)) {
			struct json_object *inner = open_member(into, key);

			if (!inner)
				return error_set(err, ENOMEM, "linux.resources.%s", name);
			if (merge(inner, value, name, err))
				return -1;
			continue;
		}
		if (json_object_object_add(into, key, json_object_get(value)))
			return error_set(err, ENOMEM, "linux.resources.%s", name);
	}
	return 0;
}

/* config.json with the update in it, which has been validated. */
static int merge_config(struct json_object *config, struct json_object *update, struct error *err)
{
	struct json_object *resources = open_member(open_member(config, "linux"), "resources");

	if (!resources)
		return error_set(err, ENOMEM, "linux.resources");
	return merge(resources, update, "", err);
}

/* Both decoded and as JSON: NULL unless it is valid. */
static struct json_object *load_update(const char *file, const char *text, struct error *err)
{
	struct json_object *json =
		file ? json_text_load(file, err) : json_text_parse(text, strlen(text), err);
	struct oci_resources *resources = NULL;
	const char *again;
	size_t length = 0;

	if (!json)
		return NULL;
	again = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &length);
	if (again)
		resources = oci_resources_parse(again, length, err);
	else
		error_set(err, ENOMEM, "linux.resources");
	if (!resources) {
		json_object_put(json);
		return NULL;
	}
	oci_resources_free(resources);
	return json;
}

struct oci_config *oci_config_update(
	const char *path, const char *file, const char *update_text, char **text, struct error *err)
{
	struct json_object *update = load_update(file, update_text, err);
	struct json_object *json = update ? json_text_load(path, err) : NULL;
	struct oci_config *config = NULL;
	const char *merged;
	size_t length = 0;

	*text = NULL;
	if (json && merge_config(json, update, err) == 0) {
		merged = json_object_to_json_string_length(
			json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
		*text = merged ? strdup(merged) : NULL;
		if (*text)
			config = oci_config_parse(*text, length, err);
		else
			error_set(err, ENOMEM, "linux.resources");
	}
	json_object_put(json);
	json_object_put(update);
	if (!config) {
		free(*text);
		*text = NULL;
	}
	return config;
}
