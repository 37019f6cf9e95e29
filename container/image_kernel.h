/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel and an initramfs that a container's image brings, if the operator's configuration allows them. */
#ifndef XENRUN_IMAGE_KERNEL_H
#define XENRUN_IMAGE_KERNEL_H

#include <stddef.h>

#include "container/settings.h"
#include "util/error.h"

#define IMAGE_KERNEL "/boot/vmlinuz"
#define IMAGE_INITRD "/boot/initrd"

/* A copy of a file, in memory of its own; data is NULL where there is none. */
struct image_file {
	void *data; /* of mmap(2) */
	size_t size;
};

/*
 * Reads both from the container's root; symlinks in their paths end in it. What is compared with the settings
 * is the copy. An image without a kernel, or whose pair is none of settings->image_kernels, is an error,
 * which says what it has; no memory is taken for it.
 */
int image_kernel_read(const char *rootfs, const struct settings *settings, struct image_file *kernel,
	struct image_file *initrd, struct error *err);
void image_file_free(struct image_file *file);

#endif
