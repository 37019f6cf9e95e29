/* SPDX-License-Identifier: Apache-2.0 */
/* A process spec (zone_wire.h), decoded. */
#ifndef XENRUN_OPS_H
#define XENRUN_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "initramfs/zone_wire.h"

/* One operation; it points into the bytes that it was decoded from. */
struct op {
	uint32_t type;
	uint32_t index;
	const uint8_t *fields; /* the fixed structure; NULL in a struct op that names no operation */
	const char *strings;   /* then the strings, each with its NUL */
	const uint8_t *tail;   /* or an array of what comes in any number */
	size_t tail_length;    /* in bytes */
};

struct spec {
	const uint8_t *bytes;
	size_t length;
	bool container; /* begins with ZONE_OP_CLONE: not an exec's */
	bool terminal;	/* it has one of its own */
	uint32_t query; /* the operation of a spec that only asks; 0: it makes a process */
	uint32_t clone_flags;
	uint32_t descriptors; /* besides the standard ones: 3 and those that follow */
	uint32_t descriptor_flags[ZONE_DESCRIPTORS_MAX];
	struct op uid_map, gid_map, groups, user, capabilities, no_new_privileges, seccomp, cwd, resolver;
	char **args, **env; /* NULL-terminated, of pointers into the bytes; one allocation, at args */
	char **hooks;	    /* the same of each ZONE_OP_HOOK: its arguments, NULL, its variables, NULL */
};

/* Tells whether the bytes read so far hold a whole spec: its last operation is in them. */
bool spec_complete(const uint8_t *bytes, size_t length);

/*
 * Checks every operation's layout and order, and notes what is applied at the end. The bytes stay the
 * caller's and must outlive the spec. Returns 0, or -1 with errno and the index of the operation at
 * fault: EBADMSG for a malformed one, EOPNOTSUPP for an unknown one.
 */
int spec_decode(struct spec *spec, const uint8_t *bytes, size_t length, uint32_t *index);
void spec_free(struct spec *spec);

/* Walks a decoded spec: `for (p = NULL; spec_next(spec, &p, &op);)`. */
bool spec_next(const struct spec *spec, const uint8_t **position, struct op *op);

/* A field by its place: the n-th u32, or the u64 at a byte offset. */
uint32_t op_u32(const struct op *op, size_t place);
uint64_t op_u64(const struct op *op, size_t offset);
/* The n-th string. */
const char *op_string(const struct op *op, size_t place);

#endif
