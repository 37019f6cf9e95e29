/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator says of every zone: /etc/xenrun/config, lines of `key = value`, '#' begins a comment. */
#ifndef XENRUN_SETTINGS_H
#define XENRUN_SETTINGS_H

#include "util/error.h"
#include "xen/xen.h"

/* SHA-256 in hexadecimal digits, and a null byte. */
#define SETTINGS_DIGEST_SIZE 65

/* "allow_image_kernel = sha256:KERNEL [sha256:INITRD]": what a container's image may bring to boot. */
struct settings_image_kernel {
	char kernel[SETTINGS_DIGEST_SIZE];
	char initrd[SETTINGS_DIGEST_SIZE]; /* empty: none */
};

struct settings {
	enum zone_type type; /* "type = pv|pvh"; 0: what the host can */
	char *kernel;	     /* "kernel = PATH"; NULL: the zone kernel, else the distribution's */
	uint64_t memory_mib; /* "memory = MiB" of a zone whose config has no limit */
	char **kernels; /* "allow_kernel = PATTERN" of glob(7), a line each: what an annotation may name */
	size_t kernels_len;
	struct settings_image_kernel *image_kernels;
	size_t image_kernels_len;
};

#define SETTINGS_MEMORY_MIB 128

/* A file that does not exist is an empty one. */
int settings_load(const char *path, struct settings *settings, struct error *err);
void settings_free(struct settings *settings);

/* "pv" or "pvh" as a type, 0 for neither. */
enum zone_type settings_zone_type(const char *name);

#endif
