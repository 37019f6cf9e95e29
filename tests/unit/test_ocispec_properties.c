/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's tables as a whole. With --list: the path of every property that they know, and the mount
 * options, a line each; tests/properties holds them against the specification's schema and docs/config.md.
 */
#include "libocispec/mount_options.h"
#include "libocispec/tables.h"
#include "tests/unit/test_ocispec.h"

static char *join(const char *path, const char *between, const char *name)
{
	char *joined = NULL;

	if (asprintf(&joined, "%s%s%s", path, *path ? between : "", name) < 0)
		abort();
	return joined;
}

static void list(const struct oci_table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		char *here = join(path, ".", property->name), *below = NULL;

		puts(here);
		if (property->kind == OCI_OBJECT_MAP) {
			below = join(here, ".", "*");
			puts(below);
		} else if (property->kind == OCI_OBJECTS) {
			below = join(here, "", "[]");
		}
		/* An alias is of what was listed just before. */
		if (property->table && !(property->flags & OCI_ALIAS))
			list(property->table, below ? below : here);
		free(below);
		free(here);
	}
}

static void list_options(void)
{
	const char *name;

	for (size_t i = 0; (name = oci_mount_option_name(i)); i++)
		printf("mounts[].options=%s\n", name);
}

static void check_names(const struct oci_table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		char *here = join(path, ".", property->name);
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= same(table->properties[j].name, property->name);
		if (!CHECK(!again))
			printf("# %s\n", here);
		if (property->flags & OCI_ALIAS)
			CHECK(i > 0 && property[-1].offset == property->offset &&
				property[-1].kind == property->kind && property[-1].table == property->table);
		else if (property->table)
			check_names(property->table, here);
		free(here);
	}
}

static void names_come_once(void)
{
	check_names(&oci_config_table, "");
}

/* What stands below a property, of which `value` is the whole. */
static void add_objects(
	struct json_object *objects, const struct oci_property *property, struct json_object *value)
{
	switch (property->kind) {
	case OCI_OBJECT:
	case OCI_STRUCT:
		json_object_array_add(objects, json_object_get(value));
		break;
	case OCI_OBJECTS:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_object_array_add(objects, json_object_get(json_object_array_get_idx(value, i)));
		break;
	case OCI_OBJECT_MAP: {
		json_object_object_foreach(value, key, element)
		{
			(void)key;
			json_object_array_add(objects, json_object_get(element));
		}
		break;
	}
	default:
		break;
	}
}

/* Each property of the table is in one of these objects. */
static void check_used(const struct oci_table *table, struct json_object *objects, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct oci_property *property = &table->properties[i];
		char *here = join(path, ".", property->name);
		struct json_object *below = json_object_new_array();
		bool found = property->flags & OCI_ALIAS;

		for (size_t j = 0; j < json_object_array_length(objects); j++) {
			struct json_object *value = NULL;

			if (!json_object_object_get_ex(
				    json_object_array_get_idx(objects, j), property->name, &value))
				continue;
			found = true;
			add_objects(below, property, value);
		}
		if (!CHECK(found))
			printf("# %s\n", here);
		if (property->table && !(property->flags & OCI_ALIAS))
			check_used(property->table, below, here);
		json_object_put(below);
		free(here);
	}
}

/* So that test_ocispec.c's test_every_property() has them all. */
static void full_json_has_all(void)
{
	struct json_object *objects = json_object_new_array();
	struct json_object *full = json_object_from_file(CONFIGS "full.json");

	if (CHECK(full)) {
		json_object_array_add(objects, full);
		check_used(&oci_config_table, objects, "");
	}
	json_object_put(objects);
}

int main(int argc, char **argv)
{
	if (argc == 2 && same(argv[1], "--list")) {
		list(&oci_config_table, "");
		list_options();
		return 0;
	}
	RUN(names_come_once);
	RUN(full_json_has_all);
	return unit_end();
}
