/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init's decoder, and that all that it gave is there. Some of its names are those of dom0's compiler,
 * too. */
#ifndef XENRUN_FUZZ_ZONE_H
#define XENRUN_FUZZ_ZONE_H

#include <errno.h>

#include "tests/fuzz/input.h"

#define spec	  zone_spec
#define spec_free zone_spec_free
#include "initramfs/ops.c"
#undef spec
#undef spec_free

/* Reads what an operation points to. */
static inline size_t zone_touch_op(const struct op *op)
{
	const struct layout *layout = layout_of(op->type);
	size_t sum = 0, strings = layout->strings;

	for (size_t i = 0; i < layout->fields; i++)
		sum += op->fields[i];
	for (size_t i = 0; i < op->tail_length; i++)
		sum += op->tail[i];
	if (op->type == ZONE_OP_HOOK)
		strings += (size_t)op_u32(op, HOOK_ARGS) + op_u32(op, HOOK_ENV);
	for (size_t i = 0; i < strings; i++)
		sum += strlen(op_string(op, i)) +
		       (i > 64 ? strings : 0); /* op_string() counts from the first */
	return sum;
}

static inline size_t zone_touch_strings(char *const *strings)
{
	size_t sum = 0;

	while (*strings)
		sum += strlen(*strings++);
	return sum;
}

static inline void zone_touch(const struct zone_spec *spec)
{
	const struct op *kept[] = {&spec->uid_map, &spec->gid_map, &spec->groups, &spec->user,
		&spec->capabilities, &spec->no_new_privileges, &spec->seccomp, &spec->cwd};
	const uint8_t *position = NULL;
	struct op op = {0};
	uint32_t count = 0;
	char **hooks = spec->hooks;
	size_t sum = 0;

	while (spec_next(spec, &position, &op)) {
		MUST(op.index == count++);
		sum += zone_touch_op(&op);
		if (op.type == ZONE_OP_HOOK) {
			sum += zone_touch_strings(hooks);
			hooks += op_u32(&op, HOOK_ARGS) + 1;
			sum += zone_touch_strings(hooks);
			hooks += op_u32(&op, HOOK_ENV) + 1;
		}
	}
	MUST(position == spec->bytes + spec->length);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i]->fields)
			sum += zone_touch_op(kept[i]);
	sum += zone_touch_strings(spec->args) + zone_touch_strings(spec->env);
	MUST(sum < SIZE_MAX);
}

/* What a decoder is given it takes whole, or says which operation is at fault. Returns whether it takes it.
 */
static inline bool zone_decode(const uint8_t *bytes, size_t length)
{
	struct zone_spec spec;
	uint32_t index = UINT32_MAX;
	int result;

	errno = 0;
	result = spec_decode(&spec, bytes, length, &index);
	if (result == 0) {
		MUST(spec_complete(bytes, length) && spec.length <= length);
		zone_touch(&spec);
	} else {
		MUST(result == -1 && index < UINT32_MAX && (errno == EBADMSG || errno == EOPNOTSUPP));
	}
	zone_spec_free(&spec);
	return result == 0;
}

#endif
