/* SPDX-License-Identifier: Apache-2.0 */
#include "container/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

#define NUMBER(number) (&(int64_t){number})
#define CHARACTER(major_, minor_) \
	{.allow = true, .type = (char[]){"c"}, .major = (major_), .minor = (minor_), .access = (char[]){"rwm"}}

const struct oci_device_rule devices_always[] = {
	{.allow = true, .type = (char[]){"c"}, .access = (char[]){"m"}},
	{.allow = true, .type = (char[]){"b"}, .access = (char[]){"m"}},
	CHARACTER(NUMBER(1), NUMBER(3)),
	CHARACTER(NUMBER(1), NUMBER(5)),
	CHARACTER(NUMBER(1), NUMBER(7)),
	CHARACTER(NUMBER(1), NUMBER(8)),
	CHARACTER(NUMBER(1), NUMBER(9)),
	CHARACTER(NUMBER(5), NUMBER(0)),
	CHARACTER(NUMBER(5), NUMBER(2)),
	CHARACTER(NUMBER(136), NULL),
	{0},
};

/* No hardware is behind them: the guest's kernel has its own, or none. */
static bool is_software(int64_t major, int64_t minor)
{
	static const struct {
		int64_t major, minor;
	} devices[] = {
		{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {1, 11}, /* null, zero, full, random, urandom, kmsg */
		{5, 0}, {5, 1}, {5, 2},				 /* tty, console, ptmx */
		{10, 200}, {10, 203}, {10, 229},		 /* net/tun, cuse, fuse */
		{10, 234}, {10, 235}, {10, 236}, {10, 237},	 /* controls: btrfs, autofs, mapper, loop */
		{108, 0},					 /* ppp */
	};

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		if (devices[i].major == major && devices[i].minor == minor)
			return true;
	return false;
}

static bool names(const int64_t *number, int64_t wanted)
{
	return !number || *number == -1 || *number == wanted;
}

static bool of_type(const struct oci_device_rule *rule, char type)
{
	return !rule->type || *rule->type == 'a' || *rule->type == type;
}

bool device_allowed(
	const struct oci_resources *resources, char type, int64_t major, int64_t minor, char access)
{
	size_t left = resources ? resources->devices_len : 0;

	if (!left)
		return true;
	while (left) {
		const struct oci_device_rule *rule = &resources->devices[--left];

		if (of_type(rule, type) && names(rule->major, major) && names(rule->minor, minor) &&
			(!rule->access || strchr(rule->access, access)))
			return rule->allow;
	}
	return false;
}

/* Whether it is meant by name: a caller that gives one device allows it by its number, and who lists all that
 * the host has (`--privileged`) allows all at once. */
static bool is_asked_for(const struct oci_linux *l, const struct oci_device *device)
{
	const struct oci_resources *resources = l->resources;
	char type = *device->type == 'b' ? 'b' : 'c';
	bool everything = false;

	for (size_t i = 0; resources && i < resources->devices_len; i++) {
		const struct oci_device_rule *rule = &resources->devices[i];
		bool any = !rule->major && !rule->minor && (!rule->type || *rule->type == 'a');

		if (any)
			everything = rule->allow;
		if (rule->allow && of_type(rule, type) && rule->major && rule->minor &&
			*rule->major == *device->major && *rule->minor == *device->minor)
			return true;
	}
	return !everything;
}

/* Reads a small number of a device's folder; `otherwise` where it has none. */
static uint64_t read_number(int folder, const char *file, uint64_t otherwise)
{
	cleanup_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (length <= 0)
		return otherwise;
	text[length] = '\0';
	return strtoull(text, NULL, 10);
}

static int open_device(const char *host, const struct oci_device *device)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%" PRId64 ":%" PRId64, host,
		*device->type == 'b' ? "block" : "char", *device->major, *device->minor);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int choose_disk(
	const struct oci_linux *l, size_t i, const char *host, struct devices *devices, struct error *err)
{
	const struct oci_device *device = &l->devices[i];
	cleanup_close int folder = open_device(host, device);
	struct zone_vbd disk = {
		.number = devices->disks_len + 1,
		.major = (uint32_t)*device->major,
		.minor = (uint32_t)*device->minor,
	};
	uint32_t place = 0;

	if (folder < 0)
		return error_set(err, 0, "linux.devices[%zu]: %s: this host has no block device %u:%u", i,
			device->path, disk.major, disk.minor);
	/* A loop device without a file, a drive without a medium. */
	if (read_number(folder, "size", 0) == 0)
		return error_set(err, 0, "linux.devices[%zu]: %s: block device %u:%u has nothing in it", i,
			device->path, disk.major, disk.minor);
	disk.read_only = read_number(folder, "ro", 0) ||
			 !device_allowed(l->resources, 'b', *device->major, *device->minor, 'w');
	while (place < devices->disks_len &&
		(devices->disks[place].major != disk.major || devices->disks[place].minor != disk.minor))
		place++;
	if (place == ZONE_VBDS_MAX)
		return error_set(err, 0, "linux.devices[%zu]: %s: a container has at most %d block devices",
			i, device->path, ZONE_VBDS_MAX);
	if (place == devices->disks_len)
		devices->disks[devices->disks_len++] = disk;
	devices->list[i] = (struct device){.choice = DEVICE_DISK, .disk = place};
	return 0;
}

static bool has_users(const struct oci_linux *l)
{
	for (size_t i = 0; i < l->namespaces_len; i++)
		if (strcmp(l->namespaces[i].type, "user") == 0)
			return true;
	return false;
}

static int choose(
	const struct oci_linux *l, size_t i, const char *host, struct devices *devices, struct error *err)
{
	const struct oci_device *device = &l->devices[i];
	cleanup_close int folder = -1;
	bool software, asked;

	/* A link to that of its devpts, as with runc: the node would be the zone's. */
	if (strcmp(device->path, "/dev/ptmx") == 0) {
		devices->list[i].choice = DEVICE_OWN;
		return 0;
	}
	if (*device->type == 'p')
		return 0;
	/* What it may not open it has the node of, and nothing behind it. */
	if (*device->type == 'b' && !has_users(l) &&
		!device_allowed(l->resources, 'b', *device->major, *device->minor, 'r') &&
		!device_allowed(l->resources, 'b', *device->major, *device->minor, 'w'))
		return 0;
	software = *device->type != 'b' && is_software(*device->major, *device->minor);
	asked = is_asked_for(l, device);
	/* In a user namespace a node can only be bound, of a device that the guest's kernel has. */
	if (software && (asked || !has_users(l)))
		return 0;
	if (!software && *device->type != 'b') {
		folder = open_device(host, device);
		/* A number that is nobody's does no harm. */
		if (folder < 0)
			return 0;
	}
	if (!asked) {
		devices->list[i].choice = DEVICE_LEFT_OUT;
		devices->left_out++;
		return 0;
	}
	if (*device->type == 'b')
		return choose_disk(l, i, host, devices, err);
	return error_set(err, 0,
		"linux.devices[%zu]: %s: character device %" PRId64 ":%" PRId64
		" is this host's, and a zone cannot have it: of hardware it has block devices only",
		i, device->path, *device->major, *device->minor);
}

int devices_choose(const struct oci_linux *l, const char *host, struct devices *devices, struct error *err)
{
	memset(devices, 0, sizeof(*devices));
	if (!l || !l->devices_len)
		return 0;
	devices->list = calloc(l->devices_len, sizeof(*devices->list));
	if (!devices->list)
		return error_set(err, ENOMEM, "linux.devices");
	devices->len = l->devices_len;
	for (size_t i = 0; i < l->devices_len; i++)
		if (choose(l, i, host, devices, err))
			return -1;
	return 0;
}

void devices_number(struct devices *devices, uint32_t first)
{
	for (uint32_t i = 0; i < devices->disks_len; i++)
		devices->disks[i].number = first + i;
}

void devices_free(struct devices *devices)
{
	free(devices->list);
	memset(devices, 0, sizeof(*devices));
}
