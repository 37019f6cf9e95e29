/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutator that knows JSON: it changes a value of the document, takes it away, puts another one of the
 * document's or a property that there is in its place. What is not JSON, and now and then what is, is changed
 * as bytes.
 */
#ifndef XENRUN_FUZZ_JSON_H
#define XENRUN_FUZZ_JSON_H

#include <json-c/json.h>

#include "libocispec/tables.h"
#include "tests/fuzz/input.h"

#define JSON_PLACES 2048

/* Where a value is: in an object under a key, or in an array at an index. */
struct json_place {
	struct json_object *parent;
	const char *key; /* NULL: an array's */
	size_t index;
};

static inline void json_find_places(struct json_object *json, struct json_place *places, size_t *count)
{
	if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, key, value)
		{
			if (*count == JSON_PLACES)
				return;
			places[(*count)++] = (struct json_place){json, key, 0};
			json_find_places(value, places, count);
		}
	} else if (json_object_is_type(json, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(json) && *count < JSON_PLACES; i++) {
			places[(*count)++] = (struct json_place){json, NULL, i};
			json_find_places(json_object_array_get_idx(json, i), places, count);
		}
	}
}

static inline struct json_object *json_at(const struct json_place *place)
{
	return place->key ? json_object_object_get(place->parent, place->key)
			  : json_object_array_get_idx(place->parent, place->index);
}

/* The value becomes the place's. */
static inline void json_put_at(const struct json_place *place, struct json_object *value)
{
	if (place->key)
		json_object_object_add(place->parent, place->key, value);
	else
		json_object_array_put_idx(place->parent, place->index, value);
}

/* A property's name, of all tables below this one. */
static inline const char *json_any_name(const struct oci_table *table, unsigned int *seed)
{
	for (;;) {
		const struct oci_property *property = &table->properties[(size_t)rand_r(seed) % table->count];

		if (!property->table || rand_r(seed) % 2)
			return property->name;
		table = property->table;
	}
}

static inline struct json_object *json_any_value(unsigned int *seed)
{
	static const char *const values[] = {"null", "true", "false", "0", "1", "-1", "65536", "4294967295",
		"4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.5",
		"1e300", "\"\"", "\"/\"", "\"a\\u0000b\"", "\"SCMP_ACT_ALLOW\"", "[]", "[\"a\",\"b\"]",
		"[1,2]", "{}", "{\"a\":\"b\"}", "[{}]"};

	return json_tokener_parse(values[(size_t)rand_r(seed) % (sizeof(values) / sizeof(values[0]))]);
}

static inline struct json_object *json_mutated_string(struct json_object *json)
{
	char text[512];
	size_t length = (size_t)json_object_get_string_len(json);

	if (length > sizeof(text) / 2)
		length = sizeof(text) / 2;
	memcpy(text, json_object_get_string(json), length);
	length = LLVMFuzzerMutate((uint8_t *)text, length, sizeof(text));
	for (size_t i = 0; i < length; i++) /* else it would not be JSON any more */
		text[i] &= 0x7f;
	return json_object_new_string_len(text, (int)length);
}

static inline void json_mutate(struct json_object *root, const struct oci_table *table, unsigned int *seed)
{
	static struct json_place places[JSON_PLACES];
	size_t count = 0;
	const struct json_place *place, *other;
	struct json_object *value, *copy = NULL;

	json_find_places(root, places, &count);
	if (count == 0) {
		json_object_object_add(root, json_any_name(table, seed), json_any_value(seed));
		return;
	}
	place = &places[(size_t)rand_r(seed) % count];
	other = &places[(size_t)rand_r(seed) % count];
	value = json_at(place);
	switch (rand_r(seed) % 8) {
	case 0:
	case 1:
		if (json_object_is_type(value, json_type_string))
			json_put_at(place, json_mutated_string(value));
		else
			json_put_at(place, json_any_value(seed));
		break;
	case 2:
		json_put_at(place, json_any_value(seed));
		break;
	case 3:
		if (json_object_deep_copy(json_at(other), &copy, NULL) == 0)
			json_put_at(place, copy);
		break;
	case 4:
		if (place->key)
			json_object_object_del(place->parent, place->key);
		else
			json_object_array_del_idx(place->parent, place->index, 1);
		break;
	case 5: /* one more element */
		if (json_object_is_type(value, json_type_array)) {
			if (json_object_deep_copy(json_at(other), &copy, NULL) == 0)
				json_object_array_add(value, copy);
		} else if (!place->key && json_object_deep_copy(value, &copy, NULL) == 0) {
			json_object_array_add(place->parent, copy);
		}
		break;
	default:
		if (json_object_is_type(value, json_type_object))
			json_object_object_add(value, json_any_name(table, seed), json_any_value(seed));
		else if (place->key)
			json_object_object_add(
				place->parent, json_any_name(table, seed), json_any_value(seed));
	}
}

static inline size_t json_custom_mutator(
	const struct oci_table *table, uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	struct json_object *json = NULL;
	const char *text;
	size_t length;

	MUST(tokener);
	if (rand_r(&seed) % 8)
		json = json_tokener_parse_ex(tokener, (const char *)data, (int)size);
	json_tokener_free(tokener);
	if (!json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		return LLVMFuzzerMutate(data, size, max_size);
	}
	do
		json_mutate(json, table, &seed);
	while (rand_r(&seed) % 3 == 0);
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	length = strlen(text);
	if (length <= max_size)
		memcpy(data, text, length);
	else
		length = size;
	json_object_put(json);
	return length;
}

#endif
