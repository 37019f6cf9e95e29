/* SPDX-License-Identifier: Apache-2.0 */
/* usage: zone pv|pvh KERNEL INITRAMFS MIB
 * Builds a zone and destroys it, never run; prints the milliseconds of each. What `xl create -p` and `xl destroy` do. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "xen/xen.h"

static const void *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*size = (size_t)st.st_size;
		data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (data == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return data;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct zone_config config = {
		.name = "bench-zone",
		.vcpus = 1,
		.cmdline = "console=hvc0 quiet",
		.tags = {"control", "rootfs"},
	};
	struct error err = {0};
	struct zone *zone;
	double start, built;

	if (argc != 5) {
		fprintf(stderr, "usage: %s pv|pvh KERNEL INITRAMFS MIB\n", argv[0]);
		return 2;
	}
	config.type = strcmp(argv[1], "pv") == 0 ? ZONE_PV : ZONE_PVH;
	config.kernel = map(argv[2], &config.kernel_size);
	config.initramfs = map(argv[3], &config.initramfs_size);
	config.memory_kib = strtoull(argv[4], NULL, 10) * 1024;
	if (getrandom(config.uuid, sizeof(config.uuid), 0) != sizeof(config.uuid))
		return 1;

	start = milliseconds();
	zone = zone_build(&config, &err);
	if (!zone) {
		fprintf(stderr, "%s: %s\n", argv[0], error_message(&err));
		return 1;
	}
	built = milliseconds();
	zone_destroy(zone);
	printf("%.1f %.1f\n", built - start, milliseconds() - built);
	return 0;
}
