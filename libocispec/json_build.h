/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON document, written top to bottom: open objects, add properties, finish. Running out of memory is
 * kept until the end, where it gives NULL, so that what is written reads like the document.
 */
#ifndef XENRUN_JSON_BUILD_H
#define XENRUN_JSON_BUILD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_BUILD_DEPTH 8

struct json_build {
	struct json_object *open[JSON_BUILD_DEPTH]; /* innermost last */
	size_t depth;
	bool failed;
};

struct json_build json_build_start(void); /* the outermost object is open */

/* Into the innermost open object or array; name is NULL in an array. A value that is NULL is left out. */
void json_build_string(struct json_build *build, const char *name, const char *value);
void json_build_integer(struct json_build *build, const char *name, int64_t value);
void json_build_boolean(struct json_build *build, const char *name, bool value);

void json_build_open(struct json_build *build, const char *name); /* an object */
void json_build_open_array(struct json_build *build, const char *name);
void json_build_close(struct json_build *build);

/* An array of the strings up to NULL. */
void json_build_strings(struct json_build *build, const char *name, const char *const *values);

/* The indented text and `end` ("" or "\n"), for the caller to free, or NULL. Frees the rest. */
char *json_build_finish(struct json_build *build, const char *end);

#endif
