/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of each entry of linux.devices. A number in config.json is the host's: a block device of the
 * host's is given to the zone, whose kernel has it under another number.
 */
#ifndef XENRUN_DEVICES_H
#define XENRUN_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libocispec/ocispec.h"
#include "util/error.h"
#include "xen/xen.h"

/* Where the host's kernel says which devices it has. */
#define DEVICES_HOST "/sys/dev"

enum device_choice {
	DEVICE_NODE,	 /* is made with its number: what is behind it is the guest's kernel's */
	DEVICE_DISK,	 /* is one of disks */
	DEVICE_LEFT_OUT, /* cannot be there, and nobody asked for it by its name */
	DEVICE_OWN,	 /* the container has its own in this place */
};

struct devices {
	struct device {
		enum device_choice choice;
		uint32_t disk; /* its place in disks */
	} * list;	       /* owned; in the order of linux.devices */
	size_t len, left_out;
	struct zone_vbd disks[ZONE_VBDS_MAX]; /* no two of the same number on the host */
	uint32_t disks_len;
};

/* `host` is DEVICES_HOST, or a folder like it. The disks are numbered from 1. */
int devices_choose(const struct oci_linux *l, const char *host, struct devices *devices, struct error *err);
void devices_free(struct devices *devices);

/* Other numbers than that, from `first` on. */
void devices_number(struct devices *devices, uint32_t first);

/* What runc and crun allow whatever the rules say: making any node (opening it is another matter), the default
 * devices, and terminals. Ends with an entry without access. */
extern const struct oci_device_rule devices_always[];

/* Whether the rules let a device be opened with `access`: 'r', 'w'. No rules allow all. */
bool device_allowed(
	const struct oci_resources *resources, char type, int64_t major, int64_t minor, char access);

#endif
