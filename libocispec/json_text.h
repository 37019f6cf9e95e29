/* SPDX-License-Identifier: Apache-2.0 */
/* Text that claims to be JSON (RFC 8259) to a json-c object, or an error that says line and column. */
#ifndef XENRUN_JSON_TEXT_H
#define XENRUN_JSON_TEXT_H

#include <json-c/json.h>

struct error;

/* The caller puts the object; NULL with *err set. A lone `null` is an error. */
struct json_object *json_text_parse(const char *text, size_t length, struct error *err);

/* The same from a file; "-" is standard input. Messages begin with the path. */
struct json_object *json_text_load(const char *path, struct error *err);

/* The same; *text is what was read, the caller's to free unless it is NULL. */
struct json_object *json_text_load_and_keep(const char *path, char **text, size_t *length, struct error *err);

#endif
