/* SPDX-License-Identifier: Apache-2.0 */
#include "container/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "container/image_kernel.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

#ifndef LIBEXECDIR
#error "LIBEXECDIR is where the zone kernel and the initramfs are installed"
#endif

#define ZONE_KERNEL    LIBEXECDIR "/xenrun/vmlinux"
#define ZONE_INITRAMFS LIBEXECDIR "/xenrun/zone.cpio"

/* quiet: a console line costs the guest's start more than anything in it is worth; errors still come.
 * panic=-1: a kernel that cannot go on ends at once. noreplace-smp: with one processor Linux takes the lock
 * prefixes out of its own code, each by a change of page tables: a third of a PV guest's boot, for a cost
 * that a processor which has the line in its cache hardly knows; and more processors may come.
 * memhp_default_state=online: memory that `update` plugs in is used, where a distribution's kernel leaves
 * that to udev. */
#define BASE_CMDLINE ZONE_CMDLINE_MARK " console=hvc0 quiet panic=-1 noreplace-smp memhp_default_state=online"

/* dom0's own kernel first, else the newest that is not made for a cloud's machines only. */
static char *distribution_kernel(void)
{
	struct utsname system;
	char *path = NULL;
	glob_t found;

	if (uname(&system) == 0 && asprintf(&path, "/boot/vmlinuz-%s", system.release) >= 0) {
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	path = NULL;
	if (glob("/boot/vmlinuz-*", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!strstr(found.gl_pathv[i], "cloud")) {
				free(path);
				path = strdup(found.gl_pathv[i]);
			}
		globfree(&found);
	}
	return path;
}

static const char *config_path(const struct oci_config *config)
{
	return config && config->vm && config->vm->kernel ? config->vm->kernel->path : NULL;
}

/* NULL where there is none, or the config says more. */
static const char *annotation(const struct oci_config *config)
{
	return config && !config_path(config) ? oci_map_get(&config->annotations, ANNOTATION_KERNEL) : NULL;
}

char *kernel_path(const struct oci_config *config, const struct settings *settings, struct error *err)
{
	char *path;

	if (config_path(config))
		return strdup(config_path(config));
	if (settings->kernel)
		return strdup(settings->kernel);
	if (access(ZONE_KERNEL, R_OK) == 0)
		return strdup(ZONE_KERNEL);
	path = distribution_kernel();
	if (!path)
		error_set(err, 0,
			"no kernel for the zone: neither " ZONE_KERNEL " nor /boot/vmlinuz-* is there");
	return path;
}

static void *map_file(const char *path, size_t *size, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st)) {
		error_set(err, errno, "%s", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		error_set(err, 0, "%s: not a file with anything in it", path);
		return NULL;
	}
	*size = (size_t)st.st_size;
	data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		error_set(err, errno, "%s", path);
		return NULL;
	}
	return data;
}

/* A bzImage says its version (Documentation/arch/x86/boot.rst, kernel_version). NULL for anything else. */
static char *bzimage_version(const uint8_t *data, size_t size)
{
	size_t at, length;
	const char *text;

	if (size < 0x264 || memcmp(data + 0x202, "HdrS", 4) != 0)
		return NULL;
	at = (size_t)(data[0x20e] | data[0x20f] << 8) + 0x200;
	if (at >= size)
		return NULL;
	text = (const char *)data + at;
	size -= at;
	length = 0;
	while (length < size && text[length] && text[length] != ' ')
		length++;
	return length < size ? strndup(text, length) : NULL;
}

/* Archives follow each other in an initramfs; the kernel wants each to begin on a multiple of 4. */
static int add_archive(struct guest_image *image, const void *data, size_t size)
{
	size_t padded = (image->initramfs_size + 3) & ~(size_t)3;
	uint8_t *grown = realloc(image->initramfs, padded + size);

	if (!grown)
		return -1;
	memset(grown + image->initramfs_size, 0, padded - image->initramfs_size);
	memcpy(grown + padded, data, size);
	image->initramfs = grown;
	image->initramfs_size = padded + size;
	return 0;
}

static int add_file(struct guest_image *image, const char *path, struct error *err)
{
	size_t size;
	void *data = map_file(path, &size, err);
	int result;

	if (!data)
		return -1;
	result = add_archive(image, data, size);
	munmap(data, size);
	return result ? error_set(err, ENOMEM, "%s", path) : 0;
}

static int add_modules(struct guest_image *image, struct error *err)
{
	cleanup_free char *version = bzimage_version(image->kernel, image->kernel_size);
	cleanup_free void *archive = NULL;
	size_t size;

	if (!version)
		return 0;
	archive = modules_archive(version, &size, err);
	if (!archive)
		return err->message ? -1 : 0;
	return add_archive(image, archive, size) ? error_set(err, ENOMEM, "initramfs") : 0;
}

static char *command_line(const struct oci_config *config)
{
	char *line = NULL, *grown;

	line = strdup(BASE_CMDLINE);
	for (size_t i = 0;
		line && config && config->vm && config->vm->kernel && i < config->vm->kernel->parameters_len;
		i++) {
		int length = asprintf(&grown, "%s %s", line, config->vm->kernel->parameters[i]);

		free(line);
		if (length < 0)
			return NULL;
		line = grown;
	}
	return line;
}

static bool is_allowed(const char *path, const struct settings *settings)
{
	/* Those that zones have anyway, unless the operator has said which. */
	if (!settings->kernel) {
		cleanup_free char *folder = realpath(LIBEXECDIR "/xenrun", NULL);
		size_t length = folder ? strlen(folder) : 0;

		if (length && strncmp(path, folder, length) == 0 && strrchr(path, '/') == path + length)
			return true;
		if (fnmatch("/boot/vmlinuz*", path, FNM_PATHNAME) == 0)
			return true;
	}
	for (size_t i = 0; i < settings->kernels_len; i++)
		if (fnmatch(settings->kernels[i], path, FNM_PATHNAME | FNM_PERIOD) == 0)
			return true;
	return false;
}

/* What the annotation names, which may be the image's. What is loaded is what has been looked at. */
static int load_named(
	const char *asked, const struct settings *settings, struct guest_image *image, struct error *err)
{
	cleanup_close int fd = -1;
	char self[32], path[PATH_MAX];
	struct stat st;
	ssize_t length;

	if (*asked != '/')
		return error_set(err, 0, "\"%s\" is neither an absolute path nor image", asked);
	fd = open(asked, O_PATH | O_CLOEXEC);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	length = fd < 0 || fstat(fd, &st) ? -1 : readlink(self, path, sizeof(path) - 1);
	if (length < 0)
		return error_set(err, errno, "%s", asked);
	path[length] = '\0';
	if (!is_allowed(path, settings))
		return error_set(err, 0, "%s is no kernel that an allow_kernel names", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, 0, "%s is no file", path);
	image->kernel = map_file(self, &image->kernel_size, err);
	return image->kernel ? 0 : -1;
}

static int load_from_image(
	const char *rootfs, const struct settings *settings, struct guest_image *image, struct error *err)
{
	struct image_file kernel, initrd;
	int result = 0;

	if (image_kernel_read(rootfs, settings, &kernel, &initrd, err))
		return -1;
	image->kernel = kernel.data;
	image->kernel_size = kernel.size;
	if (initrd.data && add_archive(image, initrd.data, initrd.size))
		result = error_set(err, ENOMEM, "the image's initrd");
	image_file_free(&initrd);
	return result;
}

/* The kernel, and the initrd that is before all else. */
static int load_kernel(const struct oci_config *config, const char *rootfs, const struct settings *settings,
	struct guest_image *image, struct error *err)
{
	const struct oci_vm_kernel *vm = config && config->vm ? config->vm->kernel : NULL;
	const char *asked = annotation(config);
	cleanup_free char *path = NULL;

	if (asked) {
		if (strcmp(asked, "image") == 0 ? load_from_image(rootfs, settings, image, err)
						: load_named(asked, settings, image, err))
			return error_prefix(err, "annotations." ANNOTATION_KERNEL);
		return 0;
	}
	path = kernel_path(config, settings, err);
	if (!path)
		return -1;
	image->kernel = map_file(path, &image->kernel_size, err);
	if (!image->kernel)
		return error_prefix(err, config_path(config) ? "vm.kernel.path" : "kernel");
	if (vm && vm->initrd && add_file(image, vm->initrd, err))
		return error_prefix(err, "vm.kernel.initrd");
	return 0;
}

int guest_image_load(const struct oci_config *config, const char *rootfs, const struct settings *settings,
	struct guest_image *image, struct error *err)
{
	memset(image, 0, sizeof(*image));
	if (load_kernel(config, rootfs, settings, image, err))
		goto fail;
	/* Zone init comes last: it is /init whatever the others have. */
	if (add_modules(image, err))
		goto fail;
	if (add_file(image, ZONE_INITRAMFS, err)) {
		error_prefix(err, "initramfs");
		goto fail;
	}
	image->cmdline = command_line(config);
	if (!image->cmdline) {
		error_set(err, ENOMEM, "vm.kernel.parameters");
		goto fail;
	}
	return 0;
fail:
	guest_image_free(image);
	return -1;
}

void guest_image_free(struct guest_image *image)
{
	if (image->kernel)
		munmap(image->kernel, image->kernel_size);
	free(image->initramfs);
	free(image->cmdline);
	memset(image, 0, sizeof(*image));
}
