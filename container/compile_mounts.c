/* SPDX-License-Identifier: Apache-2.0 */
/* config.md, "Mounts": what is the guest kernel's it mounts itself, what is the host's comes by the volumes
 * share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "container/spec.h"
#include "libocispec/mount_options.h"
#include "util/cleanup.h"
#include "util/log.h"

#define EXTENSIONS_MISSING (OCI_MOUNT_COPY_SYMLINK | OCI_MOUNT_SRC_NOFOLLOW | OCI_MOUNT_DEST_NOFOLLOW)

/* One mount on its way from config.json. */
struct mount {
	const struct oci_config *config;
	const struct oci_mount *mount;
	size_t i;
	const char *type;
	char *source; /* owned; absolute, on the host */
	char *path;   /* owned; what the guest binds */
	struct oci_mount_options options;
};

/* Where config.json names a source of the host's for /dev/shm, it is memory to be shared with other
 * containers: a zone has its own, of the same size, for all of its containers that name that source. */
static void put_shm(const char *source, const struct stat *st, size_t i, struct spec *spec)
{
	struct statvfs fs;
	unsigned long long size = 64 << 20;
	char name[64], data[64];

	if (statvfs(source, &fs) == 0 && fs.f_blocks)
		size = (unsigned long long)fs.f_blocks * fs.f_frsize;
	snprintf(name, sizeof(name), "%llx:%llx", (unsigned long long)st->st_dev,
		(unsigned long long)st->st_ino);
	snprintf(data, sizeof(data), "mode=1777,size=%llu", size);
	spec_begin(spec, ZONE_OP_SHM, "mounts[%zu]: /dev/shm", i);
	spec_string(spec, name);
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

static bool any(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

/* Those of a kernel's file systems that want neither a device nor a server. */
static int check_type(const struct mount *mount, struct error *err)
{
	static const char *const types[] = {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2",
		"overlay", "ramfs", "hugetlbfs", "devtmpfs", "securityfs", "debugfs", "tracefs", "bpf",
		"configfs", "fusectl", "binfmt_misc", "pstore", "efivarfs", NULL};

	if (mount->options.flags & (MS_BIND | MS_REMOUNT) || any(types, mount->type))
		return 0;
	if (!*mount->type)
		return error_set(err, 0, "mounts[%zu].type: missing, and the options have no bind", mount->i);
	return error_set(err, 0,
		"mounts[%zu].type: \"%s\" is not a file system of a zone; mount it on this host and bind it",
		mount->i, mount->type);
}

/* Of a bind the kernel looks at none: a file system's own are left out, as with any runtime, but a word may be
 * a flag that is misspelt. */
static int check_data(const struct mount *mount, struct error *err)
{
	for (const char *at = mount->options.data; *at; at += *at == ',') {
		int length = (int)strcspn(at, ",");

		if (!memchr(at, '=', (size_t)length))
			return error_set(err, 0, "mounts[%zu].options: a bind mount has no option \"%.*s\"",
				mount->i, length, at);
		log_message(LOG_WARNING,
			"mounts[%zu].options: a bind mount has no option \"%.*s\": it is left out",
			mount->i, length, at);
		at += length;
	}
	return 0;
}

static int check_options(const struct mount *mount, struct error *err)
{
	unsigned extensions = mount->options.extensions;
	bool bind = (mount->options.flags & (MS_BIND | MS_REMOUNT)) == MS_BIND;

	if (extensions & EXTENSIONS_MISSING)
		return error_set(err, 0, "mounts[%zu].options: %s is not supported yet", mount->i,
			extensions & OCI_MOUNT_COPY_SYMLINK   ? "copy-symlink"
			: extensions & OCI_MOUNT_SRC_NOFOLLOW ? "src-nofollow"
							      : "dest-nofollow");
	if (extensions & OCI_MOUNT_TMPCOPYUP && strcmp(mount->type, "tmpfs") != 0)
		return error_set(err, 0, "mounts[%zu].options: tmpcopyup is for a tmpfs", mount->i);
	if (extensions & (OCI_MOUNT_IDMAP | OCI_MOUNT_RIDMAP) && !bind)
		return error_set(err, 0, "mounts[%zu].options: only a bind mount can be idmapped", mount->i);
	if (bind && mount->options.data && check_data(mount, err))
		return -1;
	if (mount->mount->uid_mappings_len && !bind)
		return error_set(
			err, 0, "mounts[%zu].uidMappings: only a bind mount can be idmapped", mount->i);
	return 0;
}

/* Adds a source to the volumes share; its path there is "N/NAME", because the guest's mountinfo shows the
 * name.
 */
static int add_volume(struct mount *mount, struct volumes *volumes, struct error *err)
{
	const struct oci_mount_options *options = &mount->options;
	const struct oci_mount *own = mount->mount;
	const struct oci_linux *l = mount->config->linux_;
	const char *end = mount->source + strlen(mount->source), *start;
	struct volume *list = reallocarray(volumes->list, volumes->len + 1, sizeof(*list)), *volume;
	bool overlay = !(options->flags & MS_BIND);

	if (!list)
		return error_set(err, ENOMEM, "mounts[%zu]", mount->i);
	volumes->list = list;
	volume = &list[volumes->len];
	while (end > mount->source && end[-1] == '/')
		end--;
	for (start = end; start > mount->source && start[-1] != '/'; start--)
		;
	*volume = (struct volume){
		.mount = mount->i,
		.source = strdup(mount->source),
		.name = start == end ? strdup("root") : strndup(start, (size_t)(end - start)),
		.overlay = overlay ? strdup(options->data ? options->data : "") : NULL,
		.recursive = options->flags & MS_REC,
		.map_recursive = options->extensions & OCI_MOUNT_RIDMAP,
		.read_only = (options->flags & MS_RDONLY || options->rec_set & MOUNT_ATTR_RDONLY) &&
			     !(options->rec_clear & MOUNT_ATTR_RDONLY),
	};
	if (own->uid_mappings_len) {
		volume->uids = own->uid_mappings;
		volume->uids_len = own->uid_mappings_len;
		volume->gids = own->gid_mappings;
		volume->gids_len = own->gid_mappings_len;
	} else if (options->extensions & (OCI_MOUNT_IDMAP | OCI_MOUNT_RIDMAP)) {
		volume->uids = l->uid_mappings;
		volume->uids_len = l->uid_mappings_len;
		volume->gids = l->gid_mappings;
		volume->gids_len = l->gid_mappings_len;
	}
	volumes->len++;
	if (!volume->source || !volume->name || (overlay && !volume->overlay) ||
		asprintf(&mount->path, "%zu/%s", volumes->len - 1, volume->name) < 0) {
		mount->path = NULL;
		return error_set(err, ENOMEM, "mounts[%zu]", mount->i);
	}
	return 0;
}

/* The devices that are the same in every kernel are the guest's own. */
static const char *guest_device(const struct stat *st)
{
	static const struct {
		unsigned int major, minor;
		const char *path;
	} devices[] = {
		{1, 3, "/dev/null"},
		{1, 5, "/dev/zero"},
		{1, 7, "/dev/full"},
		{1, 8, "/dev/random"},
		{1, 9, "/dev/urandom"},
		{5, 0, "/dev/tty"},
	};

	for (size_t i = 0; S_ISCHR(st->st_mode) && i < sizeof(devices) / sizeof(*devices); i++)
		if (st->st_rdev == makedev(devices[i].major, devices[i].minor))
			return devices[i].path;
	return NULL;
}

static int find_source(struct mount *mount, const char *bundle, struct stat *st, struct error *err)
{
	mount->source = mount->mount->source ? absolute(bundle, mount->mount->source) : NULL;
	if (!mount->source)
		return error_set(err, 0, "mounts[%zu].source: missing", mount->i);
	if (stat(mount->source, st))
		return error_set(err, errno, "mounts[%zu].source: %s", mount->i, mount->source);
	return 0;
}

static int choose_source(
	struct mount *mount, const struct stat *st, struct volumes *volumes, struct error *err)
{
	const char *device = guest_device(st);

	if (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode))
		return add_volume(mount, volumes, err);
	if (!device)
		return error_set(err, 0,
			"mounts[%zu].source: %s is neither a folder nor a file; a device or socket of the "
			"host cannot be in a zone",
			mount->i, mount->source);
	mount->path = strdup(device);
	return mount->path ? 0 : error_set(err, ENOMEM, "mounts[%zu]", mount->i);
}

static void put_attributes(const struct mount *mount, uint64_t set, uint64_t clear, unsigned long propagation,
	bool recursive, struct spec *spec)
{
	spec_begin(spec, ZONE_OP_MOUNT_ATTR, "mounts[%zu].options: %s", mount->i, mount->mount->destination);
	spec_u64(spec, set);
	spec_u64(spec, clear);
	spec_u32(spec, (uint32_t)propagation);
	spec_u32(spec, recursive);
	spec_string(spec, mount->mount->destination);
	spec_end(spec);
}

static void put_mount(const struct mount *mount, struct spec *spec)
{
	const struct oci_mount_options *options = &mount->options;
	const char *type = mount->type, *data = options->data, *source = mount->mount->source;
	unsigned long flags = options->flags;

	if (strcmp(type, "cgroup") == 0) {
		/* A zone has version 2 only, to which the options of version 1 mean nothing. */
		type = "cgroup2";
		data = NULL;
	}
	if (mount->path) {
		/* The host's overlay is a folder to the guest. */
		flags |= MS_BIND;
		source = mount->path;
		data = NULL;
	}
	spec_begin(spec, options->extensions & OCI_MOUNT_TMPCOPYUP ? ZONE_OP_MOUNT_COPY : ZONE_OP_MOUNT,
		"mounts[%zu]: %s", mount->i, mount->mount->destination);
	spec_u32(spec, (uint32_t)flags);
	spec_u32(spec, options->propagation_len ? (uint32_t)options->propagation[0] : 0);
	spec_string(spec, type);
	spec_string(spec, source ? source : type);
	spec_string(spec, mount->mount->destination);
	spec_string(spec, data);
	spec_end(spec);
	/* Each is a step from the one before: a slave that is shared, too. */
	for (size_t i = 1; i < options->propagation_len; i++)
		put_attributes(mount, 0, 0, options->propagation[i] & ~(unsigned long)MS_REC,
			options->propagation[i] & MS_REC, spec);
	if (options->rec_set || options->rec_clear)
		put_attributes(mount, options->rec_set, options->rec_clear, 0, true, spec);
}

static int compile(struct mount *mount, const char *bundle, struct spec *spec, struct volumes *volumes,
	struct error *err)
{
	struct stat st;

	if (oci_mount_options_parse(mount->mount->options, &mount->options, err))
		return error_prefix(err, "mounts[%zu].options", mount->i);
	if (strcmp(mount->type, "bind") == 0)
		mount->options.flags |= MS_BIND;
	if (strcmp(mount->type, "rbind") == 0)
		mount->options.flags |= MS_BIND | MS_REC;
	if (check_type(mount, err) || check_options(mount, err))
		return -1;

	if ((mount->options.flags & (MS_BIND | MS_REMOUNT)) == MS_BIND) {
		if (find_source(mount, bundle, &st, err))
			return -1;
		if (strcmp(mount->mount->destination, "/dev/shm") == 0) {
			put_shm(mount->source, &st, mount->i, spec);
			return 0;
		}
		if (choose_source(mount, &st, volumes, err))
			return -1;
	} else if (strcmp(mount->type, "overlay") == 0 && !(mount->options.flags & MS_REMOUNT)) {
		/* Its folders are the host's, and so is who puts them together. */
		mount->source = strdup("/overlay");
		if (!mount->source)
			return error_set(err, ENOMEM, "mounts[%zu]", mount->i);
		if (add_volume(mount, volumes, err))
			return -1;
	}
	put_mount(mount, spec);
	return 0;
}

int compile_mount(const struct oci_config *config, size_t i, const char *bundle, struct spec *spec,
	struct volumes *volumes, struct error *err)
{
	struct mount mount = {
		.config = config,
		.mount = &config->mounts[i],
		.i = i,
		.type = config->mounts[i].type ? config->mounts[i].type : "",
	};
	int result = compile(&mount, bundle, spec, volumes, err);

	oci_mount_options_free(&mount.options);
	free(mount.source);
	free(mount.path);
	return result;
}
