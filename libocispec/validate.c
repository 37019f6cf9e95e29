/* SPDX-License-Identifier: Apache-2.0 */
/* What config.md asks for beyond types, but for "Process"; and what all of validation shares. */
#include "libocispec/validate.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <stdarg.h>
#include <string.h>

/* sethostname(2) takes no more. */
#define MAX_HOSTNAME 64

int oci_check_absolute(const char *path, struct error *err)
{
	return *path == '/' ? 0 : error_set(err, 0, "\"%s\" is not an absolute path", path);
}

int oci_check_list(const char *list, struct error *err)
{
	uint64_t mask[128]; /* 8192 of them: no kernel is built for more */

	if (oci_cpu_list_parse(list, mask, sizeof(mask) / sizeof(mask[0])) < 0)
		return error_set(err, 0, "\"%s\" is not a list like \"0-3,7\"", list);
	return 0;
}

int oci_check_name(const struct oci_name *table, const char *name, const char *what, struct error *err)
{
	return oci_name_number(table, name) < 0 ? error_set(err, 0, "unknown %s \"%s\"", what, name) : 0;
}

int oci_warn(struct oci_warnings *warnings, struct error *err, const char *format, ...)
{
	cleanup_free char *message = NULL;
	char **larger;
	va_list args;
	int length;

	if (!warnings)
		return 0;
	va_start(args, format);
	length = vasprintf(&message, format, args);
	va_end(args);
	if (length < 0) {
		message = NULL;
		return error_set(err, ENOMEM, "cannot warn");
	}
	larger = reallocarray(warnings->messages, warnings->len + 1, sizeof(*larger));
	if (!larger)
		return error_set(err, ENOMEM, "cannot warn");
	warnings->messages = larger;
	warnings->messages[warnings->len++] = steal_pointer(&message);
	return 0;
}

/* A number without leading zeros at *cursor, which moves behind it. */
static bool version_number(const char **cursor)
{
	size_t digits = strspn(*cursor, "0123456789");
	bool good = digits == 1 || (digits > 1 && **cursor != '0');

	*cursor += digits;
	return good;
}

/* Identifiers by dots, as a pre-release or build has them; a pre-release's numbers have no leading zeros. */
static bool version_identifiers(const char **cursor, bool pre_release)
{
	static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

	for (;;) {
		size_t length = strspn(*cursor, allowed);

		if (length == 0)
			return false;
		if (pre_release && length > 1 && **cursor == '0' && strspn(*cursor, "0123456789") == length)
			return false;
		*cursor += length;
		if (**cursor != '.')
			return true;
		(*cursor)++;
	}
}

/* semver.org 2.0.0 */
static bool is_semantic_version(const char *version)
{
	for (int part = 0; part < 3; part++) {
		if (part > 0 && *version++ != '.')
			return false;
		if (!version_number(&version))
			return false;
	}
	if (*version == '-') {
		version++;
		if (!version_identifiers(&version, true))
			return false;
	}
	if (*version == '+') {
		version++;
		if (!version_identifiers(&version, false))
			return false;
	}
	return *version == '\0';
}

static int validate_version(const char *version, struct error *err)
{
	if (!is_semantic_version(version))
		return error_set(err, 0, "ociVersion: \"%s\" is not a semantic version", version);
	if (strncmp(version, "1.", 2) != 0)
		return error_set(err, 0, "ociVersion: \"%s\" is not supported, only 1.x is", version);
	return 0;
}

static int validate_host_name(
	const struct oci_config *config, const char *name, const char *property, struct error *err)
{
	if (!name)
		return 0;
	if (strlen(name) > MAX_HOSTNAME)
		return error_set(err, 0, "%s: longer than %d bytes", property, MAX_HOSTNAME);
	if (!oci_config_namespace(config, "uts"))
		return error_set(err, 0, "%s: needs a uts namespace in linux.namespaces", property);
	return 0;
}

static int validate_hook_list(const struct oci_hook *hooks, size_t len, const char *name, struct error *err)
{
	for (size_t i = 0; i < len; i++) {
		if (oci_check_absolute(hooks[i].path, err) < 0)
			return error_prefix(err, "hooks.%s[%zu].path", name, i);
		if (hooks[i].timeout && *hooks[i].timeout <= 0)
			return error_set(err, 0, "hooks.%s[%zu].timeout: must be greater than 0", name, i);
	}
	return 0;
}

static int validate_hooks(const struct oci_hooks *hooks, struct error *err)
{
	if (validate_hook_list(hooks->prestart, hooks->prestart_len, "prestart", err) < 0 ||
		validate_hook_list(hooks->create_runtime, hooks->create_runtime_len, "createRuntime", err) <
			0 ||
		validate_hook_list(
			hooks->create_container, hooks->create_container_len, "createContainer", err) < 0 ||
		validate_hook_list(
			hooks->start_container, hooks->start_container_len, "startContainer", err) < 0 ||
		validate_hook_list(hooks->poststart, hooks->poststart_len, "poststart", err) < 0)
		return -1;
	return validate_hook_list(hooks->poststop, hooks->poststop_len, "poststop", err);
}

/* Each range fits in 32 bits and overlaps none before it, on either side: the kernel refuses it otherwise. */
int oci_validate_id_mappings(
	const struct oci_id_mapping *mappings, size_t len, const char *path, struct error *err)
{
	for (size_t i = 0; i < len; i++) {
		const struct oci_id_mapping *a = &mappings[i];

		if (a->size == 0)
			return error_set(err, 0, "%s[%zu].size: must be greater than 0", path, i);
		if ((uint64_t)a->container_id + a->size > UINT32_MAX ||
			(uint64_t)a->host_id + a->size > UINT32_MAX)
			return error_set(err, 0, "%s[%zu]: goes beyond the last id", path, i);
		for (size_t j = 0; j < i; j++) {
			const struct oci_id_mapping *b = &mappings[j];

			if ((a->container_id < b->container_id + b->size &&
				    b->container_id < a->container_id + a->size) ||
				(a->host_id < b->host_id + b->size && b->host_id < a->host_id + a->size))
				return error_set(err, 0, "%s[%zu]: overlaps %s[%zu]", path, i, path, j);
		}
	}
	return 0;
}

static bool has_option(const struct oci_mount *mount, const char *option)
{
	for (size_t i = 0; i < mount->options_len; i++) {
		if (strcmp(mount->options[i], option) == 0)
			return true;
	}
	return false;
}

static int validate_mount(const struct oci_config *config, size_t i, struct error *err)
{
	const struct oci_mount *mount = &config->mounts[i];
	char path[64];

	if (*mount->destination == '\0')
		return error_set(err, 0, "mounts[%zu].destination: empty", i);
	if (!mount->uid_mappings_len != !mount->gid_mappings_len)
		return error_set(err, 0, "mounts[%zu]: uidMappings and gidMappings go together", i);
	snprintf(path, sizeof(path), "mounts[%zu].uidMappings", i);
	if (oci_validate_id_mappings(mount->uid_mappings, mount->uid_mappings_len, path, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "mounts[%zu].gidMappings", i);
	if (oci_validate_id_mappings(mount->gid_mappings, mount->gid_mappings_len, path, err) < 0)
		return -1;
	if ((has_option(mount, "idmap") || has_option(mount, "ridmap")) && !mount->uid_mappings_len &&
		!oci_config_namespace(config, "user"))
		return error_set(err, 0,
			"mounts[%zu].options: idmap needs uidMappings and gidMappings, or a user namespace",
			i);
	return 0;
}

static int validate_annotations(const struct oci_map *annotations, struct error *err)
{
	for (size_t i = 0; i < annotations->len; i++) {
		if (*annotations->keys[i] == '\0')
			return error_set(err, 0, "annotations: a key is empty");
	}
	return 0;
}

int oci_config_validate(const struct oci_config *config, struct oci_warnings *warnings, struct error *err)
{
	if (validate_version(config->oci_version, err) < 0)
		return -1;
	if (*config->root->path == '\0')
		return error_set(err, 0, "root.path: empty");
	if (config->process && oci_process_validate(config->process, warnings, err) < 0)
		return -1;
	if (validate_host_name(config, config->hostname, "hostname", err) < 0 ||
		validate_host_name(config, config->domainname, "domainname", err) < 0)
		return -1;
	for (size_t i = 0; i < config->mounts_len; i++) {
		if (validate_mount(config, i, err) < 0)
			return -1;
	}
	if (config->hooks && validate_hooks(config->hooks, err) < 0)
		return -1;
	if (validate_annotations(&config->annotations, err) < 0)
		return -1;
	if (config->linux_ && oci_validate_linux(config, err) < 0)
		return -1;
	return config->vm ? oci_validate_vm(config->vm, err) : 0;
}
