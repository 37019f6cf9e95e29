/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/decode.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <inttypes.h>
#include <string.h>

/* Where in the document we are: a chain from the value to its root, on the stack. */
struct place {
	const struct place *parent;
	enum { PROPERTY, ELEMENT, KEY } kind;
	const char *name; /* of a property or key */
	size_t index;	  /* of an element */
};

static int decode_object(const struct oci_table *table, void *object, struct json_object *json,
	const struct place *place, struct error *err);

static void write_place(FILE *out, const struct place *place)
{
	if (!place)
		return;
	write_place(out, place->parent);
	if (place->kind == ELEMENT)
		fprintf(out, "[%zu]", place->index);
	else if (place->kind == KEY)
		fprintf(out, "[\"%s\"]", place->name);
	else
		fprintf(out, "%s%s",
			place->parent && (place->parent->parent || *place->parent->name) ? "." : "",
			place->name);
}

/* Puts the path in front of the message; the document itself has none. */
static int at(const struct place *place, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_set(err, errno, "cannot decode the configuration");
	write_place(out, place);
	if (fclose(out) != 0)
		return error_set(err, errno, "cannot decode the configuration");
	return *text ? error_prefix(err, "%s", text) : -1;
}

static int no_memory(const struct place *place, struct error *err)
{
	error_set(err, ENOMEM, "cannot decode");
	return at(place, err);
}

static const char *type_name(struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
	case json_type_int:
		return "a number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_string:
		return "a string";
	}
	return "something else";
}

static int expect(struct json_object *json, enum json_type type, const char *wanted,
	const struct place *place, struct error *err)
{
	if (json_object_get_type(json) == type)
		return 0;
	if (json_object_get_type(json) == json_type_double)
		error_set(err, 0, "expected %s, found %s", wanted, json_object_get_string(json));
	else
		error_set(err, 0, "expected %s, found %s", wanted, type_name(json));
	return at(place, err);
}

static int decode_signed(struct json_object *json, int64_t min, int64_t max, int64_t *value,
	const struct place *place, struct error *err)
{
	if (expect(json, json_type_int, "an integer", place, err) < 0)
		return -1;
	*value = json_object_get_int64(json);
	/* json-c brings a number above INT64_MAX down to it; the unsigned view still has it. */
	if (*value < min || *value > max || (*value >= 0 && json_object_get_uint64(json) > (uint64_t)max)) {
		error_set(err, 0, "%s is out of range", json_object_get_string(json));
		return at(place, err);
	}
	return 0;
}

static int decode_unsigned(
	struct json_object *json, uint64_t max, uint64_t *value, const struct place *place, struct error *err)
{
	if (expect(json, json_type_int, "an integer", place, err) < 0)
		return -1;
	*value = json_object_get_uint64(json);
	if (json_object_get_int64(json) < 0 || *value > max) {
		error_set(err, 0, "%s is out of range", json_object_get_string(json));
		return at(place, err);
	}
	return 0;
}

/* The size of a scalar, in its place or behind its pointer. */
static size_t scalar_size(enum oci_kind kind)
{
	switch (kind) {
	case OCI_BOOL:
	case OCI_BOOL_POINTER:
		return sizeof(bool);
	case OCI_UINT16_POINTER:
		return sizeof(uint16_t);
	case OCI_INT32:
	case OCI_INT32_POINTER:
	case OCI_UINT32:
	case OCI_UINT32_POINTER:
		return sizeof(uint32_t);
	default:
		return sizeof(uint64_t);
	}
}

static bool is_pointer(enum oci_kind kind)
{
	return kind >= OCI_BOOL_POINTER && kind <= OCI_UINT64_POINTER;
}

static int decode_scalar(enum oci_kind kind, void *field, struct json_object *json, const struct place *place,
	struct error *err)
{
	union {
		bool boolean;
		uint16_t u16;
		int32_t i32;
		uint32_t u32;
		int64_t i64;
		uint64_t u64;
	} value;
	size_t size = scalar_size(kind);
	uint64_t number = 0;
	int64_t integer = 0;
	int failed;

	memset(&value, 0, sizeof(value));
	switch (kind) {
	case OCI_BOOL:
	case OCI_BOOL_POINTER:
		failed = expect(json, json_type_boolean, "a boolean", place, err);
		value.boolean = json_object_get_boolean(json);
		break;
	case OCI_INT32:
	case OCI_INT32_POINTER:
		failed = decode_signed(json, INT32_MIN, INT32_MAX, &integer, place, err);
		value.i32 = (int32_t)integer;
		break;
	case OCI_INT64:
	case OCI_INT64_POINTER:
		failed = decode_signed(json, INT64_MIN, INT64_MAX, &value.i64, place, err);
		break;
	case OCI_UINT16_POINTER:
		failed = decode_unsigned(json, UINT16_MAX, &number, place, err);
		value.u16 = (uint16_t)number;
		break;
	case OCI_UINT32:
	case OCI_UINT32_POINTER:
		failed = decode_unsigned(json, UINT32_MAX, &number, place, err);
		value.u32 = (uint32_t)number;
		break;
	default:
		failed = decode_unsigned(json, UINT64_MAX, &value.u64, place, err);
		break;
	}
	if (failed)
		return -1;
	if (is_pointer(kind)) {
		void *copy = malloc(size);

		if (!copy)
			return no_memory(place, err);
		memcpy(copy, &value, size);
		*(void **)field = copy;
	} else {
		memcpy(field, &value, size);
	}
	return 0;
}

static int decode_string(char **field, struct json_object *json, const struct place *place, struct error *err)
{
	const char *text;

	if (expect(json, json_type_string, "a string", place, err) < 0)
		return -1;
	text = json_object_get_string(json);
	if (strlen(text) != (size_t)json_object_get_string_len(json)) {
		error_set(err, 0, "has a NUL in it");
		return at(place, err);
	}
	*field = strdup(text);
	return *field ? 0 : no_memory(place, err);
}

/* An array of elements of this size, all zero, one more than asked for so that it is not NULL and can end in
 * one. */
static void *new_array(size_t count, size_t size)
{
	return calloc(count + 1, size);
}

static int decode_array(const struct oci_property *property, void *object, struct json_object *json,
	const struct place *place, struct error *err)
{
	char *field = (char *)object + property->offset;
	size_t *len = (size_t *)(void *)((char *)object + property->len_offset);
	size_t size = property->kind == OCI_STRINGS   ? sizeof(char *)
		      : property->kind == OCI_UINT32S ? sizeof(uint32_t)
						      : property->table->size;
	size_t count;
	char *array;

	if (expect(json, json_type_array, "an array", place, err) < 0)
		return -1;
	count = json_object_array_length(json);
	array = new_array(count, size);
	if (!array)
		return no_memory(place, err);
	/* From here on the array belongs to the object, whole with its zeros, so that oci_free() can have it.
	 */
	*(void **)(void *)field = array;
	*len = count;
	for (size_t i = 0; i < count; i++) {
		struct json_object *element = json_object_array_get_idx(json, i);
		struct place here = {place, ELEMENT, "", i};
		void *slot = array + i * size;
		int failed;

		if (property->kind == OCI_STRINGS)
			failed = decode_string(slot, element, &here, err);
		else if (property->kind == OCI_UINT32S)
			failed = decode_scalar(OCI_UINT32, slot, element, &here, err);
		else
			failed = decode_object(property->table, slot, element, &here, err);
		if (failed)
			return -1;
	}
	return 0;
}

static int decode_string_map(
	struct oci_map *map, struct json_object *json, const struct place *place, struct error *err)
{
	size_t count;

	if (expect(json, json_type_object, "an object", place, err) < 0)
		return -1;
	count = (size_t)json_object_object_length(json);
	map->keys = new_array(count, sizeof(char *));
	map->values = new_array(count, sizeof(char *));
	if (!map->keys || !map->values)
		return no_memory(place, err);
	json_object_object_foreach(json, key, value)
	{
		struct place here = {place, KEY, key, 0};
		size_t i = map->len++;

		map->keys[i] = strdup(key);
		if (!map->keys[i])
			return no_memory(&here, err);
		if (decode_string(&map->values[i], value, &here, err) < 0)
			return -1;
	}
	return 0;
}

static int decode_object_map(const struct oci_property *property, void *object, struct json_object *json,
	const struct place *place, struct error *err)
{
	void *field = (char *)object + property->offset;
	size_t *len = (size_t *)(void *)((char *)object + property->len_offset);
	char *array;

	if (expect(json, json_type_object, "an object", place, err) < 0)
		return -1;
	array = new_array((size_t)json_object_object_length(json), property->table->size);
	if (!array)
		return no_memory(place, err);
	*(void **)field = array;
	json_object_object_foreach(json, key, value)
	{
		struct place here = {place, KEY, key, 0};
		char *slot = array + (*len)++ * property->table->size;

		*(char **)(void *)slot = strdup(key);
		if (!*(char **)(void *)slot)
			return no_memory(&here, err);
		if (decode_object(property->table, slot, value, &here, err) < 0)
			return -1;
	}
	return 0;
}

static int decode_property(const struct oci_property *property, void *object, struct json_object *json,
	const struct place *place, struct error *err)
{
	void *field = (char *)object + property->offset;

	switch (property->kind) {
	case OCI_STRING:
		if (!(property->flags & OCI_REQUIRED) && json_object_is_type(json, json_type_string) &&
			json_object_get_string_len(json) == 0)
			return 0;
		return decode_string(field, json, place, err);
	case OCI_STRINGS:
	case OCI_UINT32S:
	case OCI_OBJECTS:
		return decode_array(property, object, json, place, err);
	case OCI_STRUCT:
		return decode_object(property->table, field, json, place, err);
	case OCI_OBJECT:
		*(void **)field = calloc(1, property->table->size);
		if (!*(void **)field)
			return no_memory(place, err);
		return decode_object(property->table, *(void **)field, json, place, err);
	case OCI_OBJECT_MAP:
		return decode_object_map(property, object, json, place, err);
	case OCI_STRING_MAP:
		return decode_string_map(field, json, place, err);
	default:
		return decode_scalar(property->kind, field, json, place, err);
	}
}

static int decode_object(const struct oci_table *table, void *object, struct json_object *json,
	const struct place *place, struct error *err)
{
	if (expect(json, json_type_object, "an object", place, err) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		struct place here = {place, PROPERTY, property->name, 0};
		struct json_object *value = NULL;

		/* An alias is a pointer: where the row before has set it, the alias does not count. */
		if ((property->flags & OCI_ALIAS) && *(void **)(void *)((char *)object + property->offset))
			continue;
		json_object_object_get_ex(json, property->name, &value);
		if (value) {
			if (decode_property(property, object, value, &here, err) < 0)
				return -1;
		} else if (property->flags & OCI_REQUIRED) {
			error_set(err, 0, "missing");
			return at(&here, err);
		}
	}
	return 0;
}

void *oci_decode(const struct oci_table *table, const char *name, struct json_object *json, struct error *err)
{
	struct place root = {NULL, PROPERTY, name, 0};
	void *object = calloc(1, table->size);

	if (!object) {
		no_memory(&root, err);
		return NULL;
	}
	if (decode_object(table, object, json, &root, err) < 0) {
		oci_free(table, object);
		return NULL;
	}
	return object;
}

static void free_strings(char **strings, size_t len)
{
	for (size_t i = 0; strings && i < len; i++)
		free(strings[i]);
	free(strings);
}

static void free_content(const struct oci_table *table, void *object)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		void *field = (char *)object + property->offset;
		size_t len =
			property->len_offset ? *(size_t *)(void *)((char *)object + property->len_offset) : 0;

		if (property->flags & OCI_ALIAS)
			continue;
		switch (property->kind) {
		case OCI_BOOL:
		case OCI_INT32:
		case OCI_INT64:
		case OCI_UINT32:
		case OCI_UINT64:
			break;
		case OCI_STRINGS:
			free_strings(*(char ***)field, len);
			break;
		case OCI_STRUCT:
			free_content(property->table, field);
			break;
		case OCI_OBJECT:
			oci_free(property->table, *(void **)field);
			break;
		case OCI_OBJECTS:
		case OCI_OBJECT_MAP:
			for (size_t j = 0; j < len; j++) {
				char *element = *(char **)field + j * property->table->size;

				if (property->kind == OCI_OBJECT_MAP)
					free(*(char **)(void *)element);
				free_content(property->table, element);
			}
			free(*(void **)field);
			break;
		case OCI_STRING_MAP: {
			struct oci_map *map = field;

			free_strings(map->keys, map->len);
			free_strings(map->values, map->len);
			break;
		}
		default: /* what a pointer alone holds */
			free(*(void **)field);
			break;
		}
	}
}

void oci_free(const struct oci_table *table, void *object)
{
	if (!object)
		return;
	free_content(table, object);
	free(object);
}
