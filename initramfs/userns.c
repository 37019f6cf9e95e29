/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "initramfs/number.h"
#include "initramfs/syscalls.h"
#include "util/cleanup.h"

/* The kernel takes a map in one write of less than a page. */
#define MAP_MAX 4096

static int write_proc(int proc, pid_t pid, const char *file, const char *text, size_t length)
{
	char path[64], number[NUMBER_MAX];
	cleanup_close int fd = -1;

	strcpy(path, number_text(number, (unsigned)pid));
	strcat(path, file);
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, length) != (ssize_t)length ? -1 : 0;
}

/* One map as the kernel reads it. *root becomes the id outside that 0 is inside. */
static int write_map(int proc, pid_t pid, const char *file, const struct op *op, uint32_t *root)
{
	char text[MAP_MAX], digits[NUMBER_MAX];
	size_t used = 0;
	bool has_root = false;

	for (size_t at = 0; op->fields && at < op->tail_length; at += 3 * sizeof(uint32_t)) {
		uint32_t ids[3];

		memcpy(ids, op->tail + at, sizeof(ids));
		if (used + sizeof(ids) / sizeof(*ids) * NUMBER_MAX > sizeof(text)) {
			errno = E2BIG;
			return -1;
		}
		for (size_t i = 0; i < 3; i++) {
			const char *number = number_text(digits, ids[i]);
			size_t length = strlen(number);

			memcpy(text + used, number, length);
			used += length;
			text[used++] = i == 2 ? '\n' : ' ';
		}
		if (!ids[0] && ids[2]) {
			*root = ids[1];
			has_root = true;
		}
	}
	if (!has_root) {
		/* Nobody would own what the container's mounts are made with. */
		errno = EINVAL;
		return -1;
	}
	return write_proc(proc, pid, file, text, used);
}

int userns_map(int proc, pid_t pid, const struct spec *spec, struct userns *user, uint32_t *index)
{
	*index = spec->uid_map.index;
	if (write_map(proc, pid, "/uid_map", &spec->uid_map, &user->uid))
		return -1;
	*index = spec->gid_map.index;
	return write_map(proc, pid, "/gid_map", &spec->gid_map, &user->gid);
}

int userns_limit(pid_t pid, uint32_t resource, const uint64_t soft_and_hard[2])
{
	return (int)syscall(SYS_prlimit64, pid, resource, soft_and_hard, NULL);
}

int userns_score(int proc, pid_t pid, int32_t score)
{
	char digits[NUMBER_MAX], text[1 + NUMBER_MAX] = "-";

	strcpy(text + (score < 0), number_text(digits, score < 0 ? 0U - (unsigned)score : (unsigned)score));
	return write_proc(proc, pid, "/oom_score_adj", text, strlen(text));
}
