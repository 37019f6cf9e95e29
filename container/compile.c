/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's surroundings of the process: root, mounts, devices, names; in the order in which zone init
 * does them. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/devices.h"
#include "container/lsm.h"
#include "container/network.h"
#include "container/spec.h"
#include "libocispec/names.h"
#include "util/cleanup.h"

/* The root is the container's alone, so the guest may keep what it has read: cache=loose. access=client has
 * the guest's own kernel check permissions, ACLs included. */
#define ROOT_OPTIONS "cache=loose,access=client,posixacl"

/* A container has these whatever the config says: it is a container inside its zone, too. */
#define OWN_NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static int check_supported(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *l = config->linux_;

	if (config->vm && config->vm->image && config->vm->image->path)
		return error_set(err, 0, "vm.image: not supported yet");
	if (!l)
		return 0;
	for (size_t i = 0; i < l->namespaces_len; i++) {
		const char *type = l->namespaces[i].type;

		if ((strcmp(type, "user") == 0 || strcmp(type, "time") == 0) && l->namespaces[i].path)
			return error_set(err, 0,
				"linux.namespaces[%zu].path: a zone cannot join a %s namespace of this host",
				i, type);
	}
	if (l->net_devices_len)
		return error_set(err, 0, "linux.netDevices: not supported yet");
	if (l->intel_rdt)
		return error_set(err, 0, "linux.intelRdt: the zone's processors are virtual");
	if (l->memory_policy)
		return error_set(err, 0, "linux.memoryPolicy: not supported yet");
	return lsm_check(LSM_SELINUX, l->mount_label, "linux.mountLabel", err);
}

static void put_device(struct spec *spec, const char *path, uint32_t mode, uint32_t major, uint32_t minor,
	uint32_t uid, uint32_t gid, const char *property)
{
	spec_begin(spec, ZONE_OP_MKNOD, "%s: %s", property, path);
	spec_u32(spec, mode);
	spec_u32(spec, major);
	spec_u32(spec, minor);
	spec_u32(spec, uid);
	spec_u32(spec, gid);
	spec_string(spec, path);
	spec_end(spec);
}

/* config-linux.md, "Default Devices" and "Default filesystems"' links. */
static void put_default_devices(struct spec *spec)
{
	static const struct {
		const char *path;
		uint32_t major, minor;
	} devices[] = {
		{"/dev/null", 1, 3},
		{"/dev/zero", 1, 5},
		{"/dev/full", 1, 7},
		{"/dev/random", 1, 8},
		{"/dev/urandom", 1, 9},
		{"/dev/tty", 5, 0},
	};
	static const char *const links[][2] = {
		{"pts/ptmx", "/dev/ptmx"},
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	};

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		put_device(spec, devices[i].path, S_IFCHR | 0666, devices[i].major, devices[i].minor, 0, 0,
			"default devices");
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		spec_begin(spec, ZONE_OP_SYMLINK, "default devices: %s", links[i][1]);
		spec_string(spec, links[i][0]);
		spec_string(spec, links[i][1]);
		spec_end(spec);
	}
}

static uint32_t mode_of(const struct oci_device *device)
{
	uint32_t type = *device->type == 'b' ? S_IFBLK : *device->type == 'p' ? S_IFIFO : S_IFCHR;

	return type | ((device->file_mode ? *device->file_mode : 0666) & 07777);
}

static void put_devices(const struct oci_linux *l, const struct devices *devices, struct spec *spec)
{
	for (size_t i = 0; i < l->devices_len; i++) {
		const struct oci_device *device = &l->devices[i];
		uint32_t major = device->major ? (uint32_t)*device->major : 0;
		uint32_t minor = device->minor ? (uint32_t)*device->minor : 0;
		char property[48];

		if (devices->list[i].choice == DEVICE_LEFT_OUT || devices->list[i].choice == DEVICE_OWN)
			continue;
		if (devices->list[i].choice == DEVICE_DISK) {
			major = ZONE_VBD_MAJOR;
			minor = zone_vbd_minor(devices->disks[devices->list[i].disk].number);
		}
		snprintf(property, sizeof(property), "linux.devices[%zu]", i);
		put_device(spec, device->path, mode_of(device), major, minor, device->uid ? *device->uid : 0,
			device->gid ? *device->gid : 0, property);
	}
}

/* The ID outside the container's user namespace; false, and as it is, where it has none. */
static bool map_out(const struct oci_id_mapping *mappings, size_t len, uint32_t *id)
{
	for (size_t i = 0; i < len; i++)
		if (*id >= mappings[i].container_id && *id - mappings[i].container_id < mappings[i].size) {
			*id = mappings[i].host_id + (*id - mappings[i].container_id);
			return true;
		}
	return false;
}

void compile_root_owner(const struct oci_config *config, uint32_t *uid, uint32_t *gid)
{
	const struct oci_linux *l = config->linux_;

	*uid = *gid = 0;
	if (oci_config_namespace(config, "user")) {
		map_out(l->uid_mappings, l->uid_mappings_len, uid);
		map_out(l->gid_mappings, l->gid_mappings_len, gid);
	}
}

/* The zone has them before the container has their nodes. */
static void put_disks(const struct oci_linux *l, const struct devices *devices, struct spec *spec)
{
	for (size_t i = 0; i < l->devices_len; i++) {
		const struct oci_device *device = &l->devices[i];
		uint32_t uid = device->uid ? *device->uid : 0, gid = device->gid ? *device->gid : 0;

		if (devices->list[i].choice != DEVICE_DISK)
			continue;
		map_out(l->uid_mappings, l->uid_mappings_len, &uid);
		map_out(l->gid_mappings, l->gid_mappings_len, &gid);
		spec_begin(spec, ZONE_OP_DISK, "linux.devices[%zu]: %s", i, device->path);
		spec_u32(spec, mode_of(device));
		spec_u32(spec, ZONE_VBD_MAJOR);
		spec_u32(spec, zone_vbd_minor(devices->disks[devices->list[i].disk].number));
		spec_u32(spec, uid);
		spec_u32(spec, gid);
		spec_end(spec);
	}
}

static void put_strings(
	struct spec *spec, enum zone_op_type type, const char *property, char *const *strings, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		spec_begin(spec, type, "%s[%zu]: %s", property, i, strings[i]);
		spec_string(spec, strings[i]);
		spec_end(spec);
	}
}

static void put_name(struct spec *spec, enum zone_op_type type, const char *property, const char *name)
{
	if (!name || !*name)
		return;
	spec_begin(spec, type, "%s", property);
	spec_string(spec, name);
	spec_end(spec);
}

static void put_sysctls(struct spec *spec, const struct oci_map *sysctl)
{
	for (size_t i = 0; i < sysctl->len; i++) {
		cleanup_free char *path = oci_sysctl_path(sysctl->keys[i]);

		/* One that is no name was refused before. */
		if (!path) {
			spec->failed = true;
			return;
		}
		spec_begin(spec, ZONE_OP_SYSCTL, "linux.sysctl.%s", sysctl->keys[i]);
		spec_string(spec, path);
		spec_string(spec, sysctl->values[i]);
		spec_end(spec);
	}
}

static void put_map(struct spec *spec, enum zone_op_type type, const char *property,
	const struct oci_id_mapping *mappings, size_t len)
{
	spec_begin(spec, type, "%s", property);
	for (size_t i = 0; i < len; i++) {
		spec_u32(spec, mappings[i].container_id);
		spec_u32(spec, mappings[i].host_id);
		spec_u32(spec, mappings[i].size);
	}
	spec_end(spec);
}

/* What the container's mounts and devices are made with is its root's. */
static int check_root_mapped(
	const struct oci_id_mapping *mappings, size_t len, const char *property, struct error *err)
{
	for (size_t i = 0; i < len; i++)
		if (mappings[i].container_id == 0)
			return 0;
	return error_set(err, 0, "%s: the container's ID 0 is not mapped", property);
}

static int put_namespaces(
	const struct oci_config *config, uint32_t shared, struct spec *spec, struct error *err)
{
	const struct oci_linux *l = config->linux_;
	const struct oci_namespace *user = oci_config_namespace(config, "user");
	uint32_t flags = OWN_NAMESPACES;

	if (user)
		flags |= CLONE_NEWUSER;
	/* The zone's own network is not that of a lesser user namespace's root; and where others come into
	 * the zone with a network of theirs, it is what devices pass through. */
	if ((user && oci_config_namespace(config, "network")) ||
		oci_map_get(&config->annotations, ANNOTATION_ZONE))
		flags |= CLONE_NEWNET;
	if (oci_config_namespace(config, "time"))
		flags |= CLONE_NEWTIME;
	flags &= ~shared;
	spec_begin(spec, ZONE_OP_CLONE, "linux.namespaces");
	spec_u32(spec, flags);
	spec_end(spec);

	if (user) {
		if (check_root_mapped(l->uid_mappings, l->uid_mappings_len, "linux.uidMappings", err) ||
			check_root_mapped(l->gid_mappings, l->gid_mappings_len, "linux.gidMappings", err))
			return -1;
		put_map(spec, ZONE_OP_UID_MAP, "linux.uidMappings", l->uid_mappings, l->uid_mappings_len);
		put_map(spec, ZONE_OP_GID_MAP, "linux.gidMappings", l->gid_mappings, l->gid_mappings_len);
	}
	for (size_t i = 0; l && i < l->time_offsets_len; i++) {
		const struct oci_time_offset *offset = &l->time_offsets[i];

		spec_begin(spec, ZONE_OP_TIME_OFFSET, "linux.timeOffsets[\"%s\"]", offset->key);
		spec_u32(spec, (uint32_t)oci_name_number(oci_clock_names, offset->key));
		spec_u32(spec, offset->nanosecs);
		spec_u64(spec, (uint64_t)offset->secs);
		spec_end(spec);
	}
	return 0;
}

static bool mounts_cgroup_to_write(const struct oci_mount *mount)
{
	if (strcmp(mount->destination, "/sys/fs/cgroup") != 0 || !mount->source ||
		strcmp(mount->source, "cgroup") != 0)
		return false;
	for (size_t i = 0; i < mount->options_len; i++)
		if (strcmp(mount->options[i], "ro") == 0)
			return false;
	return true;
}

/* config-linux.md, "Cgroup ownership": the user that the process is owns what it may write to. */
static void put_cgroup_owner(const struct oci_config *config, struct spec *spec)
{
	const struct oci_linux *l = config->linux_;
	uint32_t uid = config->process ? config->process->user.uid : 0;
	bool writes = false;

	for (size_t i = 0; i < config->mounts_len; i++)
		writes |= mounts_cgroup_to_write(&config->mounts[i]);
	if (!writes || !oci_config_namespace(config, "cgroup"))
		return;
	if (oci_config_namespace(config, "user") && !map_out(l->uid_mappings, l->uid_mappings_len, &uid))
		return;
	spec_begin(spec, ZONE_OP_CGROUP_OWNER, "linux.namespaces: cgroup");
	spec_u32(spec, uid);
	spec_u32(spec, 0);
	spec_end(spec);
}

int compile_container(const struct oci_config *config, const char *bundle, const struct network *network,
	const struct devices *devices, uint32_t shared, struct spec *spec, struct volumes *volumes,
	struct error *err)
{
	const struct oci_linux *l = config->linux_;
	char own[HOST_NAME_MAX + 1];

	if (check_supported(config, err))
		return -1;

	if (put_namespaces(config, shared, spec, err))
		return -1;
	if (l && l->resources && compile_resources(l->resources, devices, spec, err))
		return -1;
	put_cgroup_owner(config, spec);

	if (network)
		compile_network(network, spec);
	if (l)
		put_disks(l, devices, spec);

	spec_begin(spec, ZONE_OP_ROOT, "root.path");
	spec_u32(spec, 0);
	spec_string(spec, ROOT_OPTIONS);
	spec_end(spec);
	for (size_t i = 0; i < config->mounts_len; i++)
		if (compile_mount(config, i, bundle, spec, volumes, err))
			return -1;
	put_default_devices(spec);
	if (l)
		put_devices(l, devices, spec);
	spec_begin(spec, ZONE_OP_PIVOT, "root.path");
	spec_end(spec);
	if (config->process && config->process->terminal)
		compile_terminal(config->process->console_size, config->process->user.uid, spec);

	/* Left out, the UTS namespace is the host's: its name is all that there is to share. */
	if (!oci_config_namespace(config, "uts") && gethostname(own, sizeof(own)) == 0)
		put_name(spec, ZONE_OP_HOSTNAME, "hostname", own);
	put_name(spec, ZONE_OP_HOSTNAME, "hostname", config->hostname);
	put_name(spec, ZONE_OP_DOMAINNAME, "domainname", config->domainname);
	if (l) {
		put_sysctls(spec, &l->sysctl);
		put_strings(spec, ZONE_OP_READONLY_PATH, "linux.readonlyPaths", l->readonly_paths,
			l->readonly_paths_len);
		put_strings(
			spec, ZONE_OP_MASK_PATH, "linux.maskedPaths", l->masked_paths, l->masked_paths_len);
	}
	if (config->root->readonly) {
		spec_begin(spec, ZONE_OP_READONLY_ROOT, "root.readonly");
		spec_end(spec);
	}
	/* Last: of what is unbindable no path can be masked or made read-only. */
	if (l && l->rootfs_propagation && *l->rootfs_propagation) {
		spec_begin(spec, ZONE_OP_PROPAGATION, "linux.rootfsPropagation");
		spec_u32(spec, (uint32_t)oci_name_number(oci_propagation_names, l->rootfs_propagation));
		spec_end(spec);
	}
	if (spec->failed)
		return error_set(err, ENOMEM, "config.json");
	return 0;
}
