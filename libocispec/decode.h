/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON into structs, by tables: one table a struct, one row a property. The decoder knows no property by
 * name, so what a property may be is said once, in its row; its errors begin with the property's path.
 *
 * Rules (ocispec.h has the shape of the structs):
 *   - a property that no row names is ignored (config.md, "Extensibility")
 *   - null as a property's value is absence, as an element of an array or a map an error
 *   - an empty string is absence unless the property is required (Go callers write both)
 *   - a key that comes twice has its last value
 */
#ifndef XENRUN_DECODE_H
#define XENRUN_DECODE_H

#include "libocispec/ocispec.h"
#include <json-c/json.h>

enum oci_kind {
	OCI_BOOL,
	OCI_INT32,
	OCI_INT64,
	OCI_UINT32,
	OCI_UINT64,
	OCI_BOOL_POINTER,
	OCI_INT32_POINTER,
	OCI_INT64_POINTER,
	OCI_UINT16_POINTER,
	OCI_UINT32_POINTER,
	OCI_UINT64_POINTER,
	OCI_STRING,
	OCI_STRINGS,	/* char **x, ended by NULL, and x_len */
	OCI_UINT32S,	/* uint32_t *x and x_len */
	OCI_STRUCT,	/* an object, embedded */
	OCI_OBJECT,	/* struct T *x */
	OCI_OBJECTS,	/* an array: struct T *x and x_len */
	OCI_OBJECT_MAP, /* an object with objects: struct T *x and x_len, with the key in T's first member */
	OCI_STRING_MAP, /* struct oci_map, embedded */
};

enum {
	OCI_REQUIRED = 1 << 0,
	OCI_ALIAS = 1 << 1, /* another spelling of the row before, which wins where both are there */
};

struct oci_table;

struct oci_property {
	const char *name;
	enum oci_kind kind;
	unsigned flags;
	size_t offset;		       /* of the field in its struct */
	size_t len_offset;	       /* of x_len, where the kind has one */
	const struct oci_table *table; /* of the object, where the kind has one */
};

struct oci_table {
	size_t size; /* of the struct */
	size_t count;
	const struct oci_property *properties;
};

/* A new struct of the table's type from a JSON value, or NULL with *err set. `name` is the path of the value
 * itself, or "" for a whole document. */
void *oci_decode(
	const struct oci_table *table, const char *name, struct json_object *json, struct error *err);

/* Frees the struct and all it owns; NULL is fine. */
void oci_free(const struct oci_table *table, void *object);

/*
 * How tables are written: an array oci_root_properties of rows like OCI_SCALAR(oci_root, "path", path,
 * OCI_REQUIRED), then OCI_TABLE(oci_root). The kind of a scalar or string follows from the field's type, and
 * a row whose field has another type than it says does not compile.
 */
#define OCI_TABLE(type) static const struct oci_table type##_table = OCI_TABLE_OF(type)
/* The same, declared in tables.h for the other files. */
#define OCI_SHARED_TABLE(type) const struct oci_table type##_table = OCI_TABLE_OF(type)

#define OCI_TABLE_OF(type)                                                                     \
	{                                                                                      \
		sizeof(struct type), sizeof(type##_properties) / sizeof(type##_properties[0]), \
			type##_properties                                                      \
	}

#define OCI_FIELD(type, field) (((struct type *)NULL)->field)

/* 0, or no constant at all where `expression` does not have type `wanted` */
#define OCI_CHECK(expression, wanted) \
	(0 * sizeof(char[__builtin_types_compatible_p(__typeof__(expression), wanted) ? 1 : -1]))

/* The same, where `field` is not the first member. */
#define OCI_FIRST(type, field) (0 * sizeof(char[offsetof(struct type, field) == 0 ? 1 : -1]))

/* clang-format off: it does not know _Generic */
#define OCI_SCALAR_KIND(expression) \
	_Generic((expression),           \
		bool: OCI_BOOL,          \
		int32_t: OCI_INT32,      \
		int64_t: OCI_INT64,      \
		uint32_t: OCI_UINT32,    \
		uint64_t: OCI_UINT64,    \
		bool *: OCI_BOOL_POINTER,         \
		int32_t *: OCI_INT32_POINTER,     \
		int64_t *: OCI_INT64_POINTER,     \
		uint16_t *: OCI_UINT16_POINTER,   \
		uint32_t *: OCI_UINT32_POINTER,   \
		uint64_t *: OCI_UINT64_POINTER,   \
		char *: OCI_STRING)
/* clang-format on */

#define OCI_ROW(type, name, kind, flags, field, len_offset, table, wanted)                                   \
	{                                                                                                    \
		name, kind, flags, offsetof(struct type, field) + OCI_CHECK(OCI_FIELD(type, field), wanted), \
			len_offset, table                                                                    \
	}

#define OCI_LEN(type, field) offsetof(struct type, field##_len)

#define OCI_SCALAR(type, name, field, flags)                                                                \
	{                                                                                                   \
		name, OCI_SCALAR_KIND(OCI_FIELD(type, field)), flags, offsetof(struct type, field), 0, NULL \
	}
#define OCI_STRING_LIST(type, name, field, flags) \
	OCI_ROW(type, name, OCI_STRINGS, flags, field, OCI_LEN(type, field), NULL, char **)
#define OCI_UINT32_LIST(type, name, field) \
	OCI_ROW(type, name, OCI_UINT32S, 0, field, OCI_LEN(type, field), NULL, uint32_t *)
#define OCI_MAP(type, name, field) OCI_ROW(type, name, OCI_STRING_MAP, 0, field, 0, NULL, struct oci_map)
#define OCI_EMBEDDED(type, name, field, element) \
	OCI_ROW(type, name, OCI_STRUCT, 0, field, 0, &element##_table, struct element)
#define OCI_ONE(type, name, field, element, flags) \
	OCI_ROW(type, name, OCI_OBJECT, flags, field, 0, &element##_table, struct element *)
#define OCI_LIST(type, name, field, element) \
	OCI_ROW(type, name, OCI_OBJECTS, 0, field, OCI_LEN(type, field), &element##_table, struct element *)
#define OCI_KEYED(type, name, field, element)                                                         \
	OCI_ROW(type, name, OCI_OBJECT_MAP, 0, field, OCI_LEN(type, field) + OCI_FIRST(element, key), \
		&element##_table, struct element *)

#endif
