/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --preserve-fds N: descriptors from 3 on that the process is to have as well. A zone can have no descriptor
 * of this host: what is a stream of bytes is carried, as the standard streams are.
 */
#ifndef XENRUN_PRESERVED_H
#define XENRUN_PRESERVED_H

#include <stdint.h>

#include "container/spec.h"
#include "container/streams.h"

struct preserved {
	uint32_t count;
	uint32_t flags[ZONE_DESCRIPTORS_MAX]; /* enum zone_descriptor_flag */
};

/* Looks at the caller's descriptors, before any of ours is opened: each must be a pipe, a socket that is a
 * stream, a terminal or the like, or a file that is only read or only written. */
int preserved_check(struct preserved *preserved, int count, struct error *err);

/* Its operations. */
void compile_preserved(const struct preserved *preserved, struct spec *spec);

/* fds[S - 3] becomes a descriptor for stream S of zone_wire.h (stream_prepare()), -1 where it has none. */
void preserved_prepare(const struct preserved *preserved, int fds[2 * ZONE_DESCRIPTORS_MAX]);

#endif
