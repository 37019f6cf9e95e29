/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "initramfs/cgroup.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

/* A file of one line, as it was. */
struct change {
	const char *file;
	char before[128]; /* empty where there is no telling */
};

static void note(struct change *change, int cgroup, const char *file)
{
	cleanup_close int fd = openat(cgroup, file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, change->before, sizeof(change->before) - 1);
	char *end = length > 0 ? memchr(change->before, '\n', (size_t)length) : NULL;

	change->file = file;
	/* What has a line for each device or kind is not written as it is read. */
	if (end && end == change->before + length - 1)
		*end = '\0';
	else
		change->before[0] = '\0';
}

int limits_change(const struct spec *spec, int cgroup, uint32_t *index)
{
	cleanup_free struct change *changes = NULL;
	const uint8_t *position = NULL;
	struct op op = {0};
	size_t count = 0;
	int error;

	while (spec_next(spec, &position, &op))
		count++;
	changes = calloc(count, sizeof(*changes));
	if (!changes)
		return -1;
	count = 0;
	for (position = NULL; spec_next(spec, &position, &op);) {
		if (op.type == ZONE_OP_LIMITS)
			return 0;
		*index = op.index;
		note(&changes[count], cgroup, op_string(&op, 0));
		if (cgroup_write(cgroup, op_string(&op, 0), op_string(&op, 1))) {
			if (op.type == ZONE_OP_CGROUP_TRY && errno == ENOENT)
				continue;
			break;
		}
		count++;
	}
	error = errno;
	/* From the last to the first: some may not be less than others. */
	while (count--)
		if (*changes[count].before)
			cgroup_write(cgroup, changes[count].file, changes[count].before);
	errno = error;
	return -1;
}
