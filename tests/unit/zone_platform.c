/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of initramfs/platform.c, for test_zone_init.c: zone init as the first process of a pid
 * namespace of any Linux. Its shares are folders of /shares; in the control share the files that wait
 * are FIFOs.
 */
#include "initramfs/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int share_mount(const char *tag, const char *path, unsigned long flags, const char *options, int seconds)
{
	char share[64] = "/shares/";

	(void)options, (void)seconds;
	strcat(share, tag);
	return mount(share, path, NULL, MS_BIND | flags, NULL);
}

/* The test has made them, and they are found before any has another name. */
int device_interface(uint32_t device, int seconds)
{
	static int found[2];

	(void)seconds;
	if (!found[0]) {
		found[0] = (int)if_nametoindex("device0");
		found[1] = (int)if_nametoindex("device1");
	}
	if (device < 2 && found[device])
		return found[device];
	errno = ENODEV;
	return -1;
}

/* All are there but those of minor number 99. */
int device_block(const char *path, int seconds)
{
	(void)seconds;
	if (strcmp(path + strlen(path) - 3, ":99"))
		return 0;
	errno = ENODEV;
	return -1;
}

int share_open_waiting(int folder, const char *file)
{
	return openat(folder, file, O_RDONLY | O_CLOEXEC);
}

ssize_t share_read_waiting(int fd, void *buffer, size_t size)
{
	return read(fd, buffer, size);
}

bool zone_marked(void)
{
	return true;
}

void zone_power_off(void)
{
	_exit(0);
}
