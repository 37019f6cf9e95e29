/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel and initramfs a zone boots, and with what command line. */
#ifndef XENRUN_KERNEL_H
#define XENRUN_KERNEL_H

#include <stddef.h>

#include "container/settings.h"
#include "libocispec/ocispec.h"
#include "util/error.h"

/* A kernel of the host's by its path, or "image": the one in the container's root. */
#define ANNOTATION_KERNEL "org.xenrun.kernel"

struct guest_image {
	void *kernel; /* of mmap(2) */
	size_t kernel_size;
	void *initramfs; /* allocated */
	size_t initramfs_size;
	char *cmdline;
};

/*
 * The kernel's path of who has no such annotation, in this order: config.json's vm.kernel.path, the
 * operator's setting, the zone kernel, the distribution's own. The caller frees it.
 */
char *kernel_path(const struct oci_config *config, const struct settings *settings, struct error *err);

/* Loads vm.kernel.path, what the annotation names, or another by kernel_path(). A kernel with a folder in the
 * host's /lib/modules has what a zone needs of it added to the initramfs. `config` may be NULL; `rootfs` is
 * the container's. */
int guest_image_load(const struct oci_config *config, const char *rootfs, const struct settings *settings,
	struct guest_image *image, struct error *err);
void guest_image_free(struct guest_image *image);

/* A newc archive with the modules that zone init loads for this version of a kernel; NULL with err clear when
 * there are none to be had. The caller frees it. */
void *modules_archive(const char *version, size_t *size, struct error *err);

#endif
