/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator says of every zone: /etc/xenrun/config, lines of `key = value`, '#' begins a comment. */
#ifndef XENRUN_SETTINGS_H
#define XENRUN_SETTINGS_H

#include "util/error.h"
#include "xen/xen.h"

struct settings {
	enum zone_type type; /* "type = pv|pvh"; 0: what the host can */
	char *kernel;	     /* "kernel = PATH"; NULL: the zone kernel, else the distribution's */
	uint64_t memory_mib; /* "memory = MiB" of a zone whose config has no limit */
};

#define SETTINGS_MEMORY_MIB 128

/* A file that does not exist is an empty one. */
int settings_load(const char *path, struct settings *settings, struct error *err);
void settings_free(struct settings *settings);

/* "pv" or "pvh" as a type, 0 for neither. */
enum zone_type settings_zone_type(const char *name);

#endif
