/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/timens.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "initramfs/syscalls.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

/* Three numbers, a sign, two spaces, a line's end. */
#define OFFSET_MAX 64

static char *put_number(char *text, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		*text++ = digits[--count];
	return text;
}

static int set_offset(int proc, const struct op *op)
{
	cleanup_close int fd = openat(proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
	int64_t seconds = (int64_t)op_u64(op, 8);
	char line[OFFSET_MAX], *end = line;

	end = put_number(end, op_u32(op, 0));
	*end++ = ' ';
	if (seconds < 0)
		*end++ = '-';
	end = put_number(end, seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds);
	*end++ = ' ';
	end = put_number(end, op_u32(op, 1));
	*end++ = '\n';
	return fd < 0 || write(fd, line, (size_t)(end - line)) < 0 ? -1 : 0;
}

int timens_enter(int proc, const struct spec *spec, uint32_t *index)
{
	const uint8_t *position = NULL;
	struct op op = {0};
	uint32_t clone = *index;
	cleanup_close int fd = -1;

	if (unshare(ZONE_CLONE_NEWTIME))
		return -1;
	/* Once somebody is in it the offsets stand. */
	while (spec_next(spec, &position, &op)) {
		*index = op.index;
		if (op.type == ZONE_OP_TIME_OFFSET && set_offset(proc, &op))
			return -1;
	}
	*index = clone;
	/* Whether an exec enters it differs between kernels; setns(2) always does. */
	fd = openat(proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : setns(fd, ZONE_CLONE_NEWTIME);
}
