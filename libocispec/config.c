/* SPDX-License-Identifier: Apache-2.0 */
/* From text or file to a validated struct: parse, decode, validate. */
#include "libocispec/ocispec.h"

#include "libocispec/json_text.h"
#include "libocispec/tables.h"
#include "util/error.h"
#include <stdlib.h>
#include <string.h>

static struct oci_config *config_from_json(struct json_object *json, struct error *err)
{
	struct oci_config *config = json ? oci_decode(&oci_config_table, "", json, err) : NULL;

	json_object_put(json);
	if (config && oci_config_validate(config, &config->warnings, err) < 0) {
		oci_config_free(config);
		return NULL;
	}
	return config;
}

struct oci_config *oci_config_load(const char *path, struct error *err)
{
	return config_from_json(json_text_load(path, err), err);
}

struct oci_config *oci_config_load_and_keep(const char *path, char **text, size_t *length, struct error *err)
{
	return config_from_json(json_text_load_and_keep(path, text, length, err), err);
}

struct oci_config *oci_config_parse(const char *text, size_t length, struct error *err)
{
	return config_from_json(json_text_parse(text, length, err), err);
}

void oci_config_free(struct oci_config *config)
{
	if (config)
		oci_warnings_free(&config->warnings);
	oci_free(&oci_config_table, config);
}

static struct oci_process *process_from_json(
	struct json_object *json, struct oci_warnings *warnings, struct error *err)
{
	struct oci_process *process = json ? oci_decode(&oci_process_table, "process", json, err) : NULL;

	json_object_put(json);
	if (process && oci_process_validate(process, warnings, err) < 0) {
		oci_process_free(process);
		return NULL;
	}
	return process;
}

struct oci_process *oci_process_load(const char *path, struct oci_warnings *warnings, struct error *err)
{
	return process_from_json(json_text_load(path, err), warnings, err);
}

struct oci_process *oci_process_parse(
	const char *text, size_t length, struct oci_warnings *warnings, struct error *err)
{
	return process_from_json(json_text_parse(text, length, err), warnings, err);
}

void oci_process_free(struct oci_process *process)
{
	oci_free(&oci_process_table, process);
}

static struct oci_resources *resources_from_json(struct json_object *json, struct error *err)
{
	struct oci_resources *resources =
		json ? oci_decode(&oci_resources_table, "linux.resources", json, err) : NULL;

	json_object_put(json);
	if (resources && oci_resources_validate(resources, err) < 0) {
		oci_resources_free(resources);
		return NULL;
	}
	return resources;
}

struct oci_resources *oci_resources_load(const char *path, struct error *err)
{
	return resources_from_json(json_text_load(path, err), err);
}

struct oci_resources *oci_resources_parse(const char *text, size_t length, struct error *err)
{
	return resources_from_json(json_text_parse(text, length, err), err);
}

void oci_resources_free(struct oci_resources *resources)
{
	oci_free(&oci_resources_table, resources);
}

void oci_warnings_free(struct oci_warnings *warnings)
{
	for (size_t i = 0; i < warnings->len; i++)
		free(warnings->messages[i]);
	free(warnings->messages);
	*warnings = (struct oci_warnings){0};
}

const char *oci_map_get(const struct oci_map *map, const char *key)
{
	for (size_t i = 0; i < map->len; i++) {
		if (strcmp(map->keys[i], key) == 0)
			return map->values[i];
	}
	return NULL;
}

const struct oci_namespace *oci_config_namespace(const struct oci_config *config, const char *type)
{
	const struct oci_linux *linux_ = config->linux_;

	for (size_t i = 0; linux_ && i < linux_->namespaces_len; i++) {
		if (strcmp(linux_->namespaces[i].type, type) == 0)
			return &linux_->namespaces[i];
	}
	return NULL;
}
