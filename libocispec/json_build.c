/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/json_build.h"

#include <stdio.h>

/* Takes the value, which is NULL where there was no memory for it. */
static void add(struct json_build *build, const char *name, struct json_object *value)
{
	struct json_object *into = build->open[build->depth - 1];
	bool array = json_object_is_type(into, json_type_array);

	if (!build->failed && value &&
		(array ? json_object_array_add(into, value) : json_object_object_add(into, name, value)) == 0)
		return;
	json_object_put(value);
	build->failed = true;
}

struct json_build json_build_start(void)
{
	struct json_build build = {.open = {json_object_new_object()}, .depth = 1};

	build.failed = !build.open[0];
	return build;
}

void json_build_string(struct json_build *build, const char *name, const char *value)
{
	if (value)
		add(build, name, json_object_new_string(value));
}

void json_build_integer(struct json_build *build, const char *name, int64_t value)
{
	add(build, name, json_object_new_int64(value));
}

void json_build_boolean(struct json_build *build, const char *name, bool value)
{
	add(build, name, json_object_new_boolean(value));
}

static void open_value(struct json_build *build, const char *name, struct json_object *value)
{
	add(build, name, value);
	if (build->depth == JSON_BUILD_DEPTH) {
		build->failed = true;
		return;
	}
	/* Once failed nothing is added any more, so that any object will do. */
	build->open[build->depth] = build->failed ? build->open[0] : value;
	build->depth++;
}

void json_build_open(struct json_build *build, const char *name)
{
	open_value(build, name, json_object_new_object());
}

void json_build_open_array(struct json_build *build, const char *name)
{
	open_value(build, name, json_object_new_array());
}

void json_build_close(struct json_build *build)
{
	if (build->depth > 1)
		build->depth--;
}

void json_build_strings(struct json_build *build, const char *name, const char *const *values)
{
	json_build_open_array(build, name);
	for (; *values; values++)
		json_build_string(build, NULL, *values);
	json_build_close(build);
}

char *json_build_finish(struct json_build *build, const char *end)
{
	struct json_object *root = build->open[0];
	const char *text = NULL;
	char *copy = NULL;

	if (!build->failed)
		text = json_object_to_json_string_ext(root,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text && asprintf(&copy, "%s%s", text, end) < 0)
		copy = NULL;
	json_object_put(root);
	return copy;
}
