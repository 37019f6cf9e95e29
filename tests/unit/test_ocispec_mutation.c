/* SPDX-License-Identifier: Apache-2.0 */
/* Documents with each of their properties gone, of another type or value, huge, deeply nested, or cut short:
 * refused by name, or taken; and what is taken, compiled. */
#include "libocispec/tables.h"
#include "tests/unit/compiled.h"

static struct json_object *root;

static const struct {
	const char *text;
	enum json_type type;
} replacements[] = {
	{"true", json_type_boolean},
	{"1", json_type_int},
	{"-1", json_type_int},
	{"18446744073709551615", json_type_int},
	{"1.5", json_type_double},
	{"1e300", json_type_double},
	{"\"\"", json_type_string},
	{"\"x\"", json_type_string},
	{"\"\\u0000\"", json_type_string},
	{"[]", json_type_array},
	{"[null]", json_type_array},
	{"[[[[]]]]", json_type_array},
	{"[{}]", json_type_array},
	{"{}", json_type_object},
	{"{\"\": null}", json_type_object},
	{"{\"x\": {\"y\": []}}", json_type_object},
	{"{\"\": \"\"}", json_type_object},
};

/* What is made, not written down. Beyond the parser's depth a value is wrong wherever it is. */
enum big {
	LONG_STRING,
	MANY_STRINGS,
	MANY_OBJECTS,
	MANY_KEYS,
	NESTED_LISTS,
	NESTED_OBJECTS,
	TOO_DEEP,
	BIG_COUNT
};
static const struct {
	const char *name;
	enum json_type type;
} bigs[BIG_COUNT] = {
	[LONG_STRING] = {"a long string", json_type_string},
	[MANY_STRINGS] = {"many strings", json_type_array},
	[MANY_OBJECTS] = {"many objects", json_type_array},
	[MANY_KEYS] = {"many keys", json_type_object},
	[NESTED_LISTS] = {"lists in lists", json_type_array},
	[NESTED_OBJECTS] = {"objects in objects", json_type_object},
	[TOO_DEEP] = {"lists too deep", json_type_array},
};

static struct json_object *nest(bool lists, int depth)
{
	struct json_object *outer = lists ? json_object_new_array() : json_object_new_object();

	while (--depth) {
		struct json_object *inner = outer;

		outer = lists ? json_object_new_array() : json_object_new_object();
		if (lists)
			json_object_array_add(outer, inner);
		else
			json_object_object_add(outer, "path", inner);
	}
	return outer;
}

static struct json_object *make_big(enum big big)
{
	static char text[6000];
	struct json_object *value;

	switch (big) {
	case LONG_STRING:
		memset(text, '/', sizeof(text) - 1);
		return json_object_new_string(text);
	case MANY_STRINGS:
	case MANY_OBJECTS:
		value = json_object_new_array();
		for (int i = 0; i < 200; i++)
			json_object_array_add(value,
				big == MANY_STRINGS ? json_object_new_string("x") : json_object_new_object());
		return value;
	case MANY_KEYS:
		value = json_object_new_object();
		for (int i = 0; i < 200; i++) {
			snprintf(text, sizeof(text), "key.%d", i);
			json_object_object_add(value, text, json_object_new_string("x"));
		}
		return value;
	case NESTED_LISTS:
		return nest(true, 50);
	case NESTED_OBJECTS:
		return nest(false, 50);
	default:
		return nest(true, 200);
	}
}

static enum json_type type_of(enum oci_kind kind)
{
	switch (kind) {
	case OCI_BOOL:
	case OCI_BOOL_POINTER:
		return json_type_boolean;
	case OCI_STRING:
		return json_type_string;
	case OCI_STRINGS:
	case OCI_UINT32S:
	case OCI_OBJECTS:
		return json_type_array;
	case OCI_STRUCT:
	case OCI_OBJECT:
	case OCI_OBJECT_MAP:
	case OCI_STRING_MAP:
		return json_type_object;
	default:
		return json_type_int;
	}
}

static char *message_of_root(void)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);

	return message_of(text, strlen(text));
}

/* Where the document is meant for it, what is taken is compiled, too. */
static bool compiles;

static char *message_of_compiler(void)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	struct volumes volumes = {0};
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);
	char *message;

	spec_free(&compiled);
	if (!compile_around(config, "/", &volumes, &err) && config->process)
		compile_both(config, false, &err);
	message = strdup(err.message ? err.message : "");
	volumes_free(&volumes);
	oci_config_free(config);
	error_clear(&err);
	return message;
}

/* `want`: what the message is to begin with; NULL: any, or none. */
static void expect_root(const char *path, const char *change, const char *want)
{
	char *message = message_of_root();

	if (compiles && !*message) {
		free(message);
		message = message_of_compiler();
		want = NULL;
	}

	if (want && !CHECK(strncmp(message, want, strlen(want)) == 0))
		printf("# %s %s gives \"%s\"\n", path, change, message);
	if (!want && *message && !CHECK(strstr(message, ": ")))
		printf("# %s %s gives \"%s\", which has no path\n", path, change, message);
	free(message);
}

static void mutate_property(struct json_object *parent, const struct oci_property *property, const char *path)
{
	struct json_object *value = json_object_get(json_object_object_get(parent, property->name));
	char want[300];

	json_object_object_del(parent, property->name);
	snprintf(want, sizeof(want), "%s: missing", path);
	expect_root(path, "gone", property->flags & OCI_REQUIRED ? want : NULL);
	json_object_object_add(parent, property->name, NULL);
	expect_root(path, "null", property->flags & OCI_REQUIRED ? want : NULL);

	snprintf(want, sizeof(want), "%s: expected ", path);
	for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++) {
		bool typed = replacements[i].type == type_of(property->kind);

		json_object_object_add(parent, property->name, json_tokener_parse(replacements[i].text));
		expect_root(path, replacements[i].text, typed ? NULL : want);
	}
	for (enum big i = 0; i < BIG_COUNT; i++) {
		bool typed = bigs[i].type == type_of(property->kind);

		json_object_object_add(parent, property->name, make_big(i));
		expect_root(path, bigs[i].name, i == TOO_DEEP ? "line 1, column " : typed ? NULL : want);
	}
	if (value)
		json_object_object_add(parent, property->name, value);
	else
		json_object_object_del(parent, property->name);
}

/* Rows that the document has a value for, so that none is forgotten where it is used. */
static const struct oci_property *seen[512];
static size_t seen_len;

static bool is_seen(const struct oci_property *property)
{
	for (size_t i = 0; i < seen_len; i++) {
		if (seen[i] == property)
			return true;
	}
	return false;
}

static void check_seen(const struct oci_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];

		if (property->flags & OCI_ALIAS)
			continue;
		if (!CHECK(is_seen(property)))
			printf("# %s is not in full.json\n", property->name);
		if (property->table)
			check_seen(property->table);
	}
}

static void mutate(struct json_object *json, const struct oci_table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		struct json_object *value = json_object_object_get(json, property->name);
		char where[256], inside[300];

		if (property->flags & OCI_ALIAS)
			continue;
		snprintf(where, sizeof(where), "%s%s%s", path, *path ? "." : "", property->name);
		if (value && !is_seen(property))
			seen[seen_len++] = property;
		mutate_property(json, property, where);
		if (!value)
			continue;
		if (property->kind == OCI_OBJECT || property->kind == OCI_STRUCT) {
			mutate(value, property->table, where);
		} else if (property->kind == OCI_OBJECTS) {
			for (size_t j = 0; j < json_object_array_length(value); j++) {
				snprintf(inside, sizeof(inside), "%s[%zu]", where, j);
				mutate(json_object_array_get_idx(value, j), property->table, inside);
			}
		} else if (property->kind == OCI_OBJECT_MAP) {
			json_object_object_foreach(value, key, element)
			{
				snprintf(inside, sizeof(inside), "%s[\"%s\"]", where, key);
				mutate(element, property->table, inside);
			}
		}
	}
}

static void test_properties(void)
{
	char *message;

	mutate(root, &oci_config_table, "");
	check_seen(&oci_config_table);
	message = message_of_root();
	CHECK(same(message, "")); /* all was put back */
	free(message);
}

/* A caller's document that a zone can be made of. */
static void test_compiled(void)
{
	struct json_object *full = root, *mounts;
	char *message;

	root = json_object_from_file(CONFIGS "podman-privileged.json");
	mounts = json_object_object_get(root, "mounts");
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		struct json_object *mount = json_object_array_get_idx(mounts, i);

		/* Its sources are those of another host. */
		if (same(json_object_get_string(json_object_object_get(mount, "type")), "bind"))
			json_object_object_add(mount, "source", json_object_new_string("/etc/passwd"));
	}
	compiles = true;
	mutate(root, &oci_config_table, "");
	message = message_of_compiler();
	if (!CHECK(same(message, "")))
		printf("# %s\n", message);
	free(message);
	compiles = false;
	spec_free(&compiled);
	json_object_put(root);
	root = full;
}

static void test_truncation(void)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		char *copy = malloc(i + 1); /* of its own, so that a step too far is seen */
		char *message;

		memcpy(copy, text, i);
		message = message_of(copy, i);
		CHECK(*message);
		free(message);
		free(copy);
	}
}

/* Whatever it is, it is an error or a configuration, and nothing leaks. */
static void test_noise(void)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	static const char spice[] = "{}[]\",:\\0-1eE.un\n\x80\xff";
	size_t length = strlen(text);
	unsigned seed = 1;

	for (int round = 0; round < 3000; round++) {
		char *copy = strdup(text);

		for (int i = 0; i < 3; i++) {
			size_t at = (size_t)rand_r(&seed) % length;

			copy[at] = spice[(size_t)rand_r(&seed) % sizeof(spice)]; /* its NUL, too */
		}
		free(message_of(copy, length));
		free(copy);
	}
}

int main(void)
{
	root = json_object_from_file(CONFIGS "full.json");
	RUN(test_properties);
	RUN(test_compiled);
	RUN(test_truncation);
	RUN(test_noise);
	json_object_put(root);
	return unit_end();
}
