/* SPDX-License-Identifier: Apache-2.0 */
/* A zone's kernel: shares over Xen's 9pfs rings, the command line, the power switch. */
#include "initramfs/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "initramfs/member.h"
#include "initramfs/number.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

/* How often a device is looked for, and how long. */
#define OFTEN_DELAY	   4
#define OFTEN_MILLISECONDS 3000

#define TRANSPORT "trans=xen,version=9p2000.L,"

/* Not in every libc's headers. */
#define NETLINK_KOBJECT_UEVENT_ 15

struct netlink_address {
	unsigned short family, pad;
	unsigned port, groups;
};

/* A socket that becomes readable when a device appears; -1 where the kernel tells nobody. */
static int watch_devices(void)
{
	struct netlink_address address = {.family = AF_NETLINK, .groups = 1};
	cleanup_close int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT_);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return steal_fd(&fd);
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int share_mount(const char *tag, const char *path, unsigned long flags, const char *options, int seconds)
{
	char data[512] = TRANSPORT, member[64], digits[NUMBER_MAX];
	cleanup_close int devices = -1;
	long start, delay = 1;

	if (strlen(options) >= sizeof(data) - sizeof(TRANSPORT) ||
		strlen(tag) >= sizeof(member) - NUMBER_MAX) {
		errno = E2BIG;
		return -1;
	}
	strcat(data, options);
	if (member_number) {
		strcat(strcpy(member, tag), ".");
		tag = strcat(member, number_text(digits, member_number));
	}
	start = milliseconds();
	while (mount(tag, path, "9p", flags, data)) {
		struct pollfd pollfd = {.fd = devices, .events = POLLIN};
		char event[256];

		/* How the transport says that it knows no such tag yet. */
		if (errno != EINVAL && errno != ENOENT)
			return -1;
		if (devices < 0)
			/* One announced before is found after the first wait, which is short. */
			devices = watch_devices();
		if (seconds >= 0 && milliseconds() - start > seconds * 1000L) {
			errno = EINVAL;
			return -1;
		}
		/* The device is of use some time after it was announced, which nobody tells: look often in
		 * the first seconds, which is a zone's start, and seldom later. */
		if (poll(&pollfd, 1, (int)delay) > 0) {
			while (recv(devices, event, sizeof(event), 0) > 0)
				;
			delay = 1;
		} else if (delay < (milliseconds() - start < OFTEN_MILLISECONDS ? OFTEN_DELAY : 1000)) {
			delay *= 2;
		}
	}
	return 0;
}

/* Its folder has the interface that the front end has made, if it has. */
static int find_interface(uint32_t device)
{
	char path[64];
	cleanup_closedir DIR *folder = NULL;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/sys/bus/xen/devices/vif-%u/net",
		(unsigned)(member_number * ZONE_INTERFACES_MAX + device));
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (*entry->d_name != '.')
			return (int)if_nametoindex(entry->d_name);
	return 0;
}

int device_interface(uint32_t device, int seconds)
{
	long start = milliseconds();
	int index;

	/* Nobody tells when a front end is done with its back end. */
	while (!(index = find_interface(device))) {
		if (milliseconds() - start > seconds * 1000L) {
			errno = ENODEV;
			return -1;
		}
		poll(NULL, 0, milliseconds() - start < OFTEN_MILLISECONDS ? OFTEN_DELAY : 100);
	}
	return index;
}

int device_block(const char *path, int seconds)
{
	long start = milliseconds();
	int fd;

	/* It is of use some time after it was announced; who can open it can be sure. */
	while ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
		if (errno != ENXIO && errno != ENODEV)
			return -1;
		if (milliseconds() - start > seconds * 1000L) {
			errno = ENODEV;
			return -1;
		}
		poll(NULL, 0, milliseconds() - start < OFTEN_MILLISECONDS ? OFTEN_DELAY : 100);
	}
	close(fd);
	return 0;
}

int share_open_waiting(int folder, const char *file)
{
	/* So that a read is one request, not as many as fill its buffer; it waits all the same. */
	return openat(folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

ssize_t share_read_waiting(int fd, void *buffer, size_t size)
{
	/* By the offset dom0 knows a read from a newer kernel's attempt to fill its buffer. */
	return pread(fd, buffer, size, 0);
}

bool zone_marked(void)
{
	cleanup_close int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	char line[4096];
	ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	char *rest = line, *word;

	if (length < 0)
		return false;
	line[length] = '\0';
	while ((word = strsep(&rest, " \n")))
		if (!strcmp(word, ZONE_CMDLINE_MARK))
			return true;
	return false;
}

void zone_power_off(void)
{
	if (member_number)
		member_leave();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
