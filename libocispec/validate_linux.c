/* SPDX-License-Identifier: Apache-2.0 */
/* What config-linux.md asks for beyond types, but for "Control groups" and "Seccomp". */
#include "libocispec/validate.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <ctype.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

/* What Linux's dev_t holds. */
#define MAX_MAJOR ((1 << 12) - 1)
#define MAX_MINOR ((1 << 20) - 1)

static int validate_namespaces(const struct oci_linux *linux_, struct error *err)
{
	for (size_t i = 0; i < linux_->namespaces_len; i++) {
		const struct oci_namespace *namespace = &linux_->namespaces[i];

		if (oci_check_name(oci_namespace_names, namespace->type, "namespace", err) < 0)
			return error_prefix(err, "linux.namespaces[%zu].type", i);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(linux_->namespaces[j].type, namespace->type) == 0)
				return error_set(err, 0, "linux.namespaces[%zu].type: %s comes twice", i,
					namespace->type);
		}
		if (namespace->path && oci_check_absolute(namespace->path, err) < 0)
			return error_prefix(err, "linux.namespaces[%zu].path", i);
	}
	return 0;
}

static int validate_user_namespace(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *linux_ = config->linux_;
	const struct oci_namespace *user = oci_config_namespace(config, "user");

	if (!user && linux_->uid_mappings_len)
		return error_set(err, 0, "linux.uidMappings: needs a user namespace in linux.namespaces");
	if (!user && linux_->gid_mappings_len)
		return error_set(err, 0, "linux.gidMappings: needs a user namespace in linux.namespaces");
	if (user && !user->path && !linux_->uid_mappings_len)
		return error_set(err, 0, "linux.uidMappings: missing, and there is a new user namespace");
	if (user && !user->path && !linux_->gid_mappings_len)
		return error_set(err, 0, "linux.gidMappings: missing, and there is a new user namespace");
	if (oci_validate_id_mappings(
		    linux_->uid_mappings, linux_->uid_mappings_len, "linux.uidMappings", err) < 0)
		return -1;
	return oci_validate_id_mappings(
		linux_->gid_mappings, linux_->gid_mappings_len, "linux.gidMappings", err);
}

static int validate_time_offsets(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	if (linux_->time_offsets_len && !oci_config_namespace(config, "time"))
		return error_set(err, 0, "linux.timeOffsets: needs a time namespace in linux.namespaces");
	for (size_t i = 0; i < linux_->time_offsets_len; i++) {
		const struct oci_time_offset *offset = &linux_->time_offsets[i];

		if (oci_check_name(oci_clock_names, offset->key, "clock", err) < 0)
			return error_prefix(err, "linux.timeOffsets");
		if (offset->nanosecs >= 1000000000)
			return error_set(
				err, 0, "linux.timeOffsets[\"%s\"].nanosecs: a second or more", offset->key);
	}
	return 0;
}

static int validate_device_number(
	const int64_t *number, int64_t max, size_t i, const char *name, struct error *err)
{
	if (!number)
		return error_set(err, 0, "linux.devices[%zu].%s: missing", i, name);
	if (*number < 0 || *number > max)
		return error_set(
			err, 0, "linux.devices[%zu].%s: %" PRId64 " is out of range", i, name, *number);
	return 0;
}

static int validate_devices(const struct oci_linux *linux_, struct error *err)
{
	for (size_t i = 0; i < linux_->devices_len; i++) {
		const struct oci_device *device = &linux_->devices[i];

		if (strlen(device->type) != 1 || !strchr("bcpu", *device->type))
			return error_set(
				err, 0, "linux.devices[%zu].type: unknown type \"%s\"", i, device->type);
		if (oci_check_absolute(device->path, err) < 0)
			return error_prefix(err, "linux.devices[%zu].path", i);
		if (*device->type != 'p' &&
			(validate_device_number(device->major, MAX_MAJOR, i, "major", err) < 0 ||
				validate_device_number(device->minor, MAX_MINOR, i, "minor", err) < 0))
			return -1;
	}
	return 0;
}

/* What the kernel's dev_valid_name() takes; one %d is a template in the name to be. */
static bool is_device_name(const char *name, bool template)
{
	const char *percent = strchr(name, '%');

	if (*name == '\0' || strlen(name) >= IF_NAMESIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *c = name; *c; c++) {
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			return false;
	}
	return !percent || (template && percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int validate_net_devices(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	if (linux_->net_devices_len && !oci_config_namespace(config, "network"))
		return error_set(err, 0, "linux.netDevices: needs a network namespace in linux.namespaces");
	for (size_t i = 0; i < linux_->net_devices_len; i++) {
		const struct oci_net_device *device = &linux_->net_devices[i];

		if (!is_device_name(device->key, false))
			return error_set(
				err, 0, "linux.netDevices: \"%s\" is not a device's name", device->key);
		if (device->name && !is_device_name(device->name, true))
			return error_set(err, 0,
				"linux.netDevices[\"%s\"].name: \"%s\" is not a device's name", device->key,
				device->name);
	}
	return 0;
}

/* As runc: only what a namespace of the container keeps to itself. */
static int validate_sysctl(const struct oci_config *config, struct error *err)
{
	const struct oci_map *sysctl = &config->linux_->sysctl;

	for (size_t i = 0; i < sysctl->len; i++) {
		cleanup_free char *path = oci_sysctl_path(sysctl->keys[i]);
		const char *type;

		if (!path)
			return error_set(err, 0, "linux.sysctl.%s: not a sysctl's name", sysctl->keys[i]);
		type = oci_sysctl_namespace(path);
		if (!type)
			return error_set(
				err, 0, "linux.sysctl.%s: not in a namespace of its own", sysctl->keys[i]);
		if (!oci_config_namespace(config, type))
			return error_set(err, 0, "linux.sysctl.%s: needs an entry \"%s\" in linux.namespaces",
				sysctl->keys[i], type);
		if ((strcmp(path, "kernel/hostname") == 0 && config->hostname) ||
			(strcmp(path, "kernel/domainname") == 0 && config->domainname))
			return error_set(
				err, 0, "linux.sysctl.%s: is there as %s, too", sysctl->keys[i], path + 7);
	}
	return 0;
}

static int check_line(const char *line, struct error *err)
{
	return strchr(line, '\n') ? error_set(err, 0, "has a newline in it") : 0;
}

static int validate_intel_rdt(const struct oci_intel_rdt *rdt, struct error *err)
{
	const char *clos = rdt->clos_id;

	if (clos && strcmp(clos, "/") != 0 &&
		(strchr(clos, '/') || strcmp(clos, ".") == 0 || strcmp(clos, "..") == 0))
		return error_set(err, 0, "linux.intelRdt.closID: \"%s\" is not a directory's name", clos);
	for (size_t i = 0; i < rdt->schemata_len; i++) {
		if (check_line(rdt->schemata[i], err) < 0)
			return error_prefix(err, "linux.intelRdt.schemata[%zu]", i);
	}
	if (rdt->l3_cache_schema && check_line(rdt->l3_cache_schema, err) < 0)
		return error_prefix(err, "linux.intelRdt.l3CacheSchema");
	if (rdt->mem_bw_schema && check_line(rdt->mem_bw_schema, err) < 0)
		return error_prefix(err, "linux.intelRdt.memBwSchema");
	if (rdt->mem_bw_schema && strncmp(rdt->mem_bw_schema, "MB:", 3) != 0)
		return error_set(err, 0, "linux.intelRdt.memBwSchema: does not begin with \"MB:\"");
	return 0;
}

/* set_mempolicy(2) */
static int validate_memory_policy(const struct oci_memory_policy *policy, struct error *err)
{
	bool local = strcmp(policy->mode, "MPOL_DEFAULT") == 0 || strcmp(policy->mode, "MPOL_LOCAL") == 0;
	/* Preferred without a node is local. */
	bool optional = strcmp(policy->mode, "MPOL_PREFERRED") == 0;
	bool relative = false, fixed = false;

	if (oci_check_name(oci_mpol_mode_names, policy->mode, "mode", err) < 0)
		return error_prefix(err, "linux.memoryPolicy.mode");
	if (policy->nodes && oci_check_list(policy->nodes, err) < 0)
		return error_prefix(err, "linux.memoryPolicy.nodes");
	if (policy->nodes && local)
		return error_set(err, 0, "linux.memoryPolicy.nodes: not with %s", policy->mode);
	if (!policy->nodes && !local && !optional)
		return error_set(err, 0, "linux.memoryPolicy.nodes: missing, and %s needs it", policy->mode);
	for (size_t i = 0; i < policy->flags_len; i++) {
		if (oci_check_name(oci_mpol_flag_names, policy->flags[i], "flag", err) < 0)
			return error_prefix(err, "linux.memoryPolicy.flags[%zu]", i);
		relative |= strcmp(policy->flags[i], "MPOL_F_RELATIVE_NODES") == 0;
		fixed |= strcmp(policy->flags[i], "MPOL_F_STATIC_NODES") == 0;
	}
	if (relative && fixed)
		return error_set(err, 0, "linux.memoryPolicy.flags: nodes are either relative or static");
	return 0;
}

static int validate_personality(const struct oci_personality *personality, struct error *err)
{
	if (oci_check_name(oci_personality_names, personality->domain, "domain", err) < 0)
		return error_prefix(err, "linux.personality.domain");
	if (personality->flags_len)
		return error_set(
			err, 0, "linux.personality.flags[0]: unknown flag \"%s\"", personality->flags[0]);
	return 0;
}

static int validate_paths(char *const *paths, size_t len, const char *name, struct error *err)
{
	for (size_t i = 0; i < len; i++) {
		if (oci_check_absolute(paths[i], err) < 0)
			return error_prefix(err, "linux.%s[%zu]", name, i);
	}
	return 0;
}

int oci_validate_linux(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	if (validate_namespaces(linux_, err) < 0 || validate_user_namespace(config, err) < 0 ||
		validate_time_offsets(config, err) < 0 || validate_devices(linux_, err) < 0 ||
		validate_net_devices(config, err) < 0 || validate_sysctl(config, err) < 0)
		return -1;
	if (linux_->resources && oci_resources_validate(linux_->resources, err) < 0)
		return -1;
	if (linux_->intel_rdt && validate_intel_rdt(linux_->intel_rdt, err) < 0)
		return -1;
	if (linux_->memory_policy && validate_memory_policy(linux_->memory_policy, err) < 0)
		return -1;
	if (linux_->seccomp && oci_validate_seccomp(linux_->seccomp, err) < 0)
		return -1;
	if (linux_->rootfs_propagation &&
		oci_check_name(oci_propagation_names, linux_->rootfs_propagation, "propagation", err) < 0)
		return error_prefix(err, "linux.rootfsPropagation");
	if (validate_paths(linux_->masked_paths, linux_->masked_paths_len, "maskedPaths", err) < 0 ||
		validate_paths(linux_->readonly_paths, linux_->readonly_paths_len, "readonlyPaths", err) < 0)
		return -1;
	return linux_->personality ? validate_personality(linux_->personality, err) : 0;
}
