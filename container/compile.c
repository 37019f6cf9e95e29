/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's surroundings of the process: root, mounts, devices, names; in the order in which zone init
 * does them. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "container/spec.h"
#include "libocispec/mount_options.h"
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

		if (strcmp(type, "user") == 0)
			return error_set(err, 0, "linux.namespaces[%zu].type: user is not supported yet", i);
		if (strcmp(type, "time") == 0)
			return error_set(err, 0, "linux.namespaces[%zu].type: time is not supported yet", i);
	}
	if (l->net_devices_len)
		return error_set(err, 0, "linux.netDevices: not supported yet");
	if (l->intel_rdt)
		return error_set(err, 0, "linux.intelRdt: the zone's processors are virtual");
	if (l->memory_policy)
		return error_set(err, 0, "linux.memoryPolicy: not supported yet");
	if (l->mount_label && *l->mount_label)
		return error_set(err, 0, "linux.mountLabel: the zone's kernel has no SELinux");
	return 0;
}

/* Where config.json names a source of the host's for /dev/shm, it is memory to be shared with other
 * containers: a zone has its own, of the same size. */
static void put_shm(const char *source, size_t i, struct spec *spec)
{
	struct statvfs fs;
	unsigned long long size = 64 << 20;
	char data[64];

	if (statvfs(source, &fs) == 0 && fs.f_blocks)
		size = (unsigned long long)fs.f_blocks * fs.f_frsize;
	snprintf(data, sizeof(data), "mode=1777,size=%llu", size);
	spec_begin(spec, ZONE_OP_MOUNT, "mounts[%zu]: /dev/shm", i);
	spec_u32(spec, MS_NOSUID | MS_NODEV | MS_NOEXEC);
	spec_u32(spec, 0);
	spec_string(spec, "tmpfs");
	spec_string(spec, "shm");
	spec_string(spec, "/dev/shm");
	spec_string(spec, data);
	spec_end(spec);
}

static char *absolute(const char *bundle, const char *path)
{
	char *whole = NULL;

	if (*path == '/')
		return strdup(path);
	return asprintf(&whole, "%s/%s", bundle, path) < 0 ? NULL : whole;
}

/* Adds a source to the volumes share and returns its path there, "N/NAME"; the name is kept because the
 * guest's mountinfo shows it. */
static char *add_volume(struct volumes *volumes, const char *source)
{
	const char *end = source + strlen(source), *start;
	char *path = NULL;
	char **sources = reallocarray(volumes->sources, volumes->len + 1, sizeof(*sources));
	char **names;

	if (!sources)
		return NULL;
	volumes->sources = sources;
	names = reallocarray(volumes->names, volumes->len + 1, sizeof(*names));
	if (!names)
		return NULL;
	volumes->names = names;

	while (end > source && end[-1] == '/')
		end--;
	for (start = end; start > source && start[-1] != '/'; start--)
		;
	sources[volumes->len] = strdup(source);
	names[volumes->len] = start == end ? strdup("root") : strndup(start, (size_t)(end - start));
	if (asprintf(&path, "%zu/%s", volumes->len, names[volumes->len]) < 0)
		return NULL;
	volumes->len++;
	return path;
}

static int put_mount(const struct oci_mount *mount, size_t i, const char *bundle, struct spec *spec,
	struct volumes *volumes, struct error *err)
{
	struct oci_mount_options options = {0};
	cleanup_free char *source = NULL, *volume = NULL;
	const char *type = mount->type ? mount->type : "";
	unsigned long propagation;
	int result = -1;

	if (oci_mount_options_parse(mount->options, &options, err)) {
		error_prefix(err, "mounts[%zu].options", i);
		goto out;
	}
	if (options.rec_set || options.rec_clear || options.extensions || mount->uid_mappings_len ||
		mount->gid_mappings_len) {
		error_set(err, 0, "mounts[%zu].options: recursive attributes and idmap are not supported yet",
			i);
		goto out;
	}
	if (strcmp(type, "bind") == 0 || strcmp(type, "rbind") == 0)
		options.flags |= MS_BIND;

	if (options.flags & MS_BIND) {
		struct stat st;

		source = mount->source ? absolute(bundle, mount->source) : NULL;
		if (!source) {
			error_set(err, 0, "mounts[%zu].source: missing", i);
			goto out;
		}
		if (stat(source, &st)) {
			error_set(err, errno, "mounts[%zu].source: %s", i, source);
			goto out;
		}
		if (strcmp(mount->destination, "/dev/shm") == 0) {
			put_shm(source, i, spec);
			result = 0;
			goto out;
		}
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
			error_set(err, 0,
				"mounts[%zu].source: %s is neither a folder nor a file; a device or socket "
				"of the host "
				"cannot be in a zone",
				i, source);
			goto out;
		}
		volume = add_volume(volumes, source);
		if (!volume) {
			error_set(err, ENOMEM, "mounts[%zu]", i);
			goto out;
		}
	}

	propagation = 0;
	for (size_t p = 0; p < options.propagation_len; p++)
		propagation |= options.propagation[p];
	spec_begin(spec, ZONE_OP_MOUNT, "mounts[%zu]: %s", i, mount->destination);
	spec_u32(spec, (uint32_t)options.flags);
	spec_u32(spec, (uint32_t)propagation);
	spec_string(spec, strcmp(type, "cgroup") == 0 ? "cgroup2" : type);
	spec_string(spec, volume ? volume : mount->source ? mount->source : type);
	spec_string(spec, mount->destination);
	spec_string(spec, options.data);
	spec_end(spec);
	result = 0;
out:
	oci_mount_options_free(&options);
	return result;
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

static int put_devices(const struct oci_linux *l, struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < l->devices_len; i++) {
		const struct oci_device *device = &l->devices[i];
		uint32_t type = *device->type == 'b' ? S_IFBLK : *device->type == 'p' ? S_IFIFO : S_IFCHR;
		char property[48];

		if (type == S_IFBLK)
			return error_set(err, 0,
				"linux.devices[%zu]: %s: a block device of the host is not supported yet", i,
				device->path);
		snprintf(property, sizeof(property), "linux.devices[%zu]", i);
		put_device(spec, device->path,
			type | ((device->file_mode ? *device->file_mode : 0666) & 07777),
			device->major ? (uint32_t)*device->major : 0,
			device->minor ? (uint32_t)*device->minor : 0, device->uid ? *device->uid : 0,
			device->gid ? *device->gid : 0, property);
	}
	return 0;
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
		cleanup_free char *path = strdup(sysctl->keys[i]);

		if (!path)
			continue;
		/* Either '.' or '/' parts the names; with '/' a dot is of a name (an interface's). */
		if (!strchr(path, '/'))
			for (char *c = path; *c; c++)
				if (*c == '.')
					*c = '/';
		spec_begin(spec, ZONE_OP_SYSCTL, "linux.sysctl.%s", sysctl->keys[i]);
		spec_string(spec, path);
		spec_string(spec, sysctl->values[i]);
		spec_end(spec);
	}
}

int compile_container(const struct oci_config *config, const char *bundle, struct spec *spec,
	struct volumes *volumes, struct error *err)
{
	const struct oci_linux *l = config->linux_;

	if (check_supported(config, err))
		return -1;

	spec_begin(spec, ZONE_OP_CLONE, "linux.namespaces");
	spec_u32(spec, OWN_NAMESPACES);
	spec_end(spec);
	if (l && l->resources && l->resources->pids && l->resources->pids->limit) {
		int64_t limit = *l->resources->pids->limit;
		char value[24];

		snprintf(value, sizeof(value), "%lld", (long long)limit);
		spec_begin(spec, ZONE_OP_CGROUP, "linux.resources.pids.limit");
		spec_string(spec, "pids.max");
		spec_string(spec, limit > 0 ? value : "max");
		spec_end(spec);
	}

	spec_begin(spec, ZONE_OP_ROOT, "root.path");
	spec_u32(spec, 0);
	spec_string(spec, ROOT_OPTIONS);
	spec_end(spec);
	for (size_t i = 0; i < config->mounts_len; i++)
		if (put_mount(&config->mounts[i], i, bundle, spec, volumes, err))
			return -1;
	put_default_devices(spec);
	if (l && put_devices(l, spec, err))
		return -1;
	spec_begin(spec, ZONE_OP_PIVOT, "root.path");
	spec_end(spec);
	if (config->process && config->process->terminal)
		compile_terminal(config->process->console_size, config->process->user.uid, spec);
	if (l && l->rootfs_propagation && *l->rootfs_propagation) {
		spec_begin(spec, ZONE_OP_PROPAGATION, "linux.rootfsPropagation");
		spec_u32(spec, (uint32_t)oci_name_number(oci_propagation_names, l->rootfs_propagation));
		spec_end(spec);
	}

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
	if (spec->failed)
		return error_set(err, ENOMEM, "config.json");
	return 0;
}
