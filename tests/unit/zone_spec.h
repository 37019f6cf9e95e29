/* SPDX-License-Identifier: Apache-2.0 */
/* Writes process specs (initramfs/zone_wire.h) for the tests of zone init. */
#ifndef XENRUN_TEST_ZONE_SPEC_H
#define XENRUN_TEST_ZONE_SPEC_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "initramfs/zone_wire.h"

#define SPEC_MAX 16384

/* The spec in the making. */
static uint8_t spec_bytes[SPEC_MAX] __attribute__((aligned(8)));
static size_t spec_length;

static inline void put(uint32_t type, const void *payload, size_t size)
{
	struct zone_op header = {.type = type, .length = (uint32_t)size};

	memcpy(spec_bytes + spec_length, &header, sizeof(header));
	spec_length += sizeof(header);
	if (size)
		memcpy(spec_bytes + spec_length, payload, size);
	spec_length += size;
	while (spec_length % 8)
		spec_bytes[spec_length++] = 0;
}

static inline void put_u32(uint32_t type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

/* The literal's own NUL is its string's last. */
#define PUT_STRINGS(type, strings) put((type), (strings), sizeof(strings))

/* A structure and then strings: a literal, the NULs between them in it. */
#define PUT_BOTH(type, fields, strings) \
	put_both((type), &(fields), sizeof(fields), (strings), sizeof(strings))

static inline void put_both(
	uint32_t type, const void *fields, size_t fields_size, const char *strings, size_t strings_size)
{
	uint8_t payload[1024];

	memcpy(payload, fields, fields_size);
	memcpy(payload + fields_size, strings, strings_size);
	put(type, payload, fields_size + strings_size);
}

/* Has mkdir(2) fail with EPERM. */
static inline void put_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	uint8_t payload[8 + sizeof(filter)] = {0};

	memcpy(payload + 8, filter, sizeof(filter));
	put(ZONE_OP_SECCOMP, payload, sizeof(payload));
}

#endif
