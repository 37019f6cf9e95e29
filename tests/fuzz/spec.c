/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init's decoder of process specs. An input is a spec as it is, or, behind a byte 0xff, operations in
 * short. */
#include "tests/fuzz/zone.h"

#define SPEC_MAX 16384

static const uint8_t types[] = {ZONE_OP_CLONE, ZONE_OP_CGROUP, ZONE_OP_VOLUMES, ZONE_OP_UID_MAP,
	ZONE_OP_GID_MAP, ZONE_OP_TIME_OFFSET, ZONE_OP_CGROUP_TRY, ZONE_OP_DEVICES, ZONE_OP_ROOT,
	ZONE_OP_MOUNT, ZONE_OP_PIVOT, ZONE_OP_MOUNT_ATTR, ZONE_OP_GROUPS, ZONE_OP_USER, ZONE_OP_CAPABILITIES,
	ZONE_OP_SECCOMP, ZONE_OP_CWD, ZONE_OP_ENV, ZONE_OP_ARG, ZONE_OP_ARG, ZONE_OP_READY, ZONE_OP_HOOK,
	ZONE_OP_HOOK, ZONE_OP_EXEC, ZONE_OP_TERMINAL, ZONE_OP_NO_NEW_PRIVILEGES, ZONE_OP_PROCESSES,
	ZONE_OP_STATISTICS, ZONE_OP_SCHEDULER,
	ZONE_OP_CGROUP_OWNER};

/* One operation: its type, then its payload, which has the layout that it should unless a bit says otherwise.
 */
static void put_op(struct input *in, uint8_t *bytes, size_t *length)
{
	uint8_t what = input_u8(in), type = types[(what & 0x7f) % sizeof(types)];
	const struct layout *layout = layout_of(type);
	struct zone_op header = {.type = type};
	uint8_t payload[512] = {0};
	size_t size = layout->fields, strings = layout->strings;

	for (size_t i = 0; i < layout->fields; i += 4)
		payload[i] = input_u8(in);
	if (type == ZONE_OP_HOOK)
		strings += (size_t)payload[4] + payload[8];
	for (size_t i = 0; i < strings && size < sizeof(payload) - 2; i++) {
		if (i % 2)
			payload[size++] = 'x';
		payload[size++] = 0;
	}
	if (layout->unit)
		size += (size_t)layout->unit * (input_u8(in) & 7);
	if (what & 0x80) /* not what it should be */
		size = (size + input_u8(in)) % sizeof(payload);
	header.length = (uint32_t)size;
	if (*length + sizeof(header) + sizeof(payload) + 8 > SPEC_MAX)
		return;
	memcpy(bytes + *length, &header, sizeof(header));
	memcpy(bytes + *length + sizeof(header), payload, size);
	*length += sizeof(header) + ((size + 7) & ~(size_t)7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t *bytes, *exact;
	size_t length = 0;

	if (size == 0 || *data != 0xff) {
		zone_decode(data, size);
		return 0;
	}
	input_u8(&in);
	bytes = calloc(1, SPEC_MAX);
	MUST(bytes);
	while (in.left)
		put_op(&in, bytes, &length);
	exact = exact_copy(bytes, length);
	zone_decode(exact, length);
	free(exact);
	free(bytes);
	return 0;
}
