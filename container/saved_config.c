/* SPDX-License-Identifier: Apache-2.0 */
/* The container's own copy of its config.json: the bundle's may change, or go. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"

int container_save_config(int dir, const char *text, size_t length, struct error *err)
{
	cleanup_close int fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	while (fd >= 0 && length) {
		ssize_t put = write(fd, text, length);

		if (put < 0)
			break;
		text += put;
		length -= (size_t)put;
	}
	return fd < 0 || length ? error_set(err, errno, "cannot keep config.json") : 0;
}

struct oci_config *container_config(int dir, struct error *err)
{
	struct oci_config *config;
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/config.json", dir);
	config = oci_config_load(path, err);
	if (!config)
		error_prefix(err, "the container's config.json");
	return config;
}
