/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/xenrun/config: settings that can be used, or an error that says where. */
#include <sys/mman.h>
#include <unistd.h>

#include "container/settings.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings;
	struct error err = {0};
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (settings_load(path, &settings, &err) == 0) {
		MUST(settings.memory_mib >= 16 && settings.memory_mib <= 1ull << 24);
		MUST(!settings.kernel || *settings.kernel == '/');
		for (size_t i = 0; i < settings.kernels_len; i++)
			MUST(*settings.kernels[i] == '/');
		for (size_t i = 0; i < settings.image_kernels_len; i++)
			MUST(strlen(settings.image_kernels[i].kernel) == SETTINGS_DIGEST_SIZE - 1 &&
				strlen(settings.image_kernels[i].initrd) % (SETTINGS_DIGEST_SIZE - 1) == 0);
	} else {
		MUST(strncmp(error_message(&err), path, strlen(path)) == 0);
	}
	settings_free(&settings);
	error_clear(&err);
	close(fd);
	return 0;
}
