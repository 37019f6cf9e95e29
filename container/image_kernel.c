/* SPDX-License-Identifier: Apache-2.0 */
#include "container/image_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/descriptors.h"

/* Of each of the two files: an image does not choose how much memory a create takes. */
#define SIZE_MAX_MIB 256

static int read_all(int fd, uint8_t *data, size_t size)
{
	while (size) {
		ssize_t got = read(fd, data, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : EIO;
			return -1;
		}
		data += got;
		size -= (size_t)got;
	}
	return 0;
}

static int read_file(int root, const char *path, struct image_file *file, struct error *err)
{
	/* A fifo without a writer is not waited for. */
	cleanup_close int fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return error_set(err, errno, "the image's %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return error_set(err, 0, "the image's %s: not a file with anything in it", path);
	if (st.st_size > (off_t)SIZE_MAX_MIB << 20)
		return error_set(err, 0, "the image's %s: larger than %d MiB", path, SIZE_MAX_MIB);
	file->data =
		mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file->data == MAP_FAILED) {
		file->data = NULL;
		return error_set(err, errno, "the image's %s", path);
	}
	file->size = (size_t)st.st_size;
	return read_all(fd, file->data, file->size) ? error_set(err, errno, "the image's %s", path) : 0;
}

static bool allowed(const struct settings *settings, const struct settings_image_kernel *image)
{
	for (size_t i = 0; i < settings->image_kernels_len; i++)
		if (strcmp(settings->image_kernels[i].kernel, image->kernel) == 0 &&
			strcmp(settings->image_kernels[i].initrd, image->initrd) == 0)
			return true;
	return false;
}

int image_kernel_read(int root, const struct settings *settings, struct image_file *kernel,
	struct image_file *initrd, struct error *err)
{
	struct settings_image_kernel image = {0};

	*kernel = *initrd = (struct image_file){0};
	if (read_file(root, IMAGE_KERNEL, kernel, err))
		goto fail;
	if (read_file(root, IMAGE_INITRD, initrd, err)) {
		if (err->number != ENOENT)
			goto fail;
		error_clear(err);
	}
	SHA256Data(kernel->data, kernel->size, image.kernel);
	if (initrd->data)
		SHA256Data(initrd->data, initrd->size, image.initrd);
	if (!allowed(settings, &image)) {
		error_set(err, 0, "the image's kernel is not allowed by allow_image_kernel = sha256:%s%s%s",
			image.kernel, initrd->data ? " sha256:" : "", image.initrd);
		goto fail;
	}
	return 0;
fail:
	image_file_free(kernel);
	image_file_free(initrd);
	return -1;
}

void image_file_free(struct image_file *file)
{
	if (file->data)
		munmap(file->data, file->size);
	*file = (struct image_file){0};
}
