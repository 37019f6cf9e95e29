/* SPDX-License-Identifier: Apache-2.0 */
#include "container/image_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/descriptors.h"

/* An image does not choose how long a create takes, nor how much memory. */
#define KERNEL_MAX_MIB 64
#define INITRD_MAX_MIB 256

/* One of the two, in the image. */
struct source {
	const char *path;
	int max_mib;
	int fd; /* -1: it has none */
	size_t size;
};

/* Opens what is a file, and nothing else: to open a device is to use it. */
static int open_source(int root, struct source *source, struct error *err)
{
	cleanup_close int found = open_in_root(root, source->path, O_PATH);
	char self[32];
	struct stat st;

	if (found < 0 || fstat(found, &st))
		return error_set(err, errno, "the image's %s", source->path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return error_set(err, 0, "the image's %s: not a file with anything in it", source->path);
	if (st.st_size > (off_t)source->max_mib << 20)
		return error_set(err, 0, "the image's %s: larger than %d MiB", source->path, source->max_mib);
	source->size = (size_t)st.st_size;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", found);
	source->fd = open(self, O_RDONLY | O_CLOEXEC);
	return source->fd < 0 ? error_set(err, errno, "the image's %s", source->path) : 0;
}

/* The bytes from there on. A file that has become shorter is an error. */
static int read_at(const struct source *source, off_t offset, uint8_t *data, size_t size, struct error *err)
{
	while (size) {
		ssize_t got = pread(source->fd, data, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set(err, got ? errno : EIO, "the image's %s", source->path);
		data += got;
		offset += got;
		size -= (size_t)got;
	}
	return 0;
}

static int digest_source(
	const struct source *source, char digest[static SETTINGS_DIGEST_SIZE], struct error *err)
{
	uint8_t part[65536];
	SHA2_CTX context;

	*digest = '\0';
	if (source->fd < 0)
		return 0;
	SHA256Init(&context);
	for (size_t done = 0, size; done < source->size; done += size) {
		size = source->size - done < sizeof(part) ? source->size - done : sizeof(part);
		if (read_at(source, (off_t)done, part, size, err))
			return -1;
		SHA256Update(&context, part, size);
	}
	SHA256End(&context, digest);
	return 0;
}

static int copy_source(const struct source *source, struct image_file *file,
	char digest[static SETTINGS_DIGEST_SIZE], struct error *err)
{
	*digest = '\0';
	if (source->fd < 0)
		return 0;
	file->data = mmap(NULL, source->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file->data == MAP_FAILED) {
		file->data = NULL;
		return error_set(err, errno, "the image's %s", source->path);
	}
	file->size = source->size;
	if (read_at(source, 0, file->data, file->size, err))
		return -1;
	SHA256Data(file->data, file->size, digest);
	return 0;
}

static int check_allowed(
	const struct settings *settings, const struct settings_image_kernel *image, struct error *err)
{
	for (size_t i = 0; i < settings->image_kernels_len; i++)
		if (strcmp(settings->image_kernels[i].kernel, image->kernel) == 0 &&
			strcmp(settings->image_kernels[i].initrd, image->initrd) == 0)
			return 0;
	return error_set(err, 0, "the image's kernel is not allowed by allow_image_kernel = sha256:%s%s%s",
		image->kernel, *image->initrd ? " sha256:" : "", image->initrd);
}

int image_kernel_read(const char *rootfs, const struct settings *settings, struct image_file *kernel,
	struct image_file *initrd, struct error *err)
{
	cleanup_close int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct source kernel_source = {IMAGE_KERNEL, KERNEL_MAX_MIB, -1, 0};
	struct source initrd_source = {IMAGE_INITRD, INITRD_MAX_MIB, -1, 0};
	struct settings_image_kernel image;
	int result = -1;

	*kernel = *initrd = (struct image_file){0};
	if (root < 0)
		return error_set(err, errno, "%s", rootfs);
	if (open_source(root, &kernel_source, err))
		goto out;
	if (open_source(root, &initrd_source, err)) {
		if (err->number != ENOENT)
			goto out;
		error_clear(err);
	}
	if (digest_source(&kernel_source, image.kernel, err) ||
		digest_source(&initrd_source, image.initrd, err) || check_allowed(settings, &image, err))
		goto out;
	/* Who can write the image may have done so since. */
	if (copy_source(&kernel_source, kernel, image.kernel, err) ||
		copy_source(&initrd_source, initrd, image.initrd, err))
		goto out;
	result = check_allowed(settings, &image, err);
out:
	if (kernel_source.fd >= 0)
		close(kernel_source.fd);
	if (initrd_source.fd >= 0)
		close(initrd_source.fd);
	if (result) {
		image_file_free(kernel);
		image_file_free(initrd);
	}
	return result;
}

void image_file_free(struct image_file *file)
{
	if (file->data)
		munmap(file->data, file->size);
	*file = (struct image_file){0};
}
