/* SPDX-License-Identifier: Apache-2.0 */
/* What the zone's kernel and its host give; tests put another file in the place of platform.c. */
#ifndef XENRUN_PLATFORM_H
#define XENRUN_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where zone init has the shares. */
#define CONTROL_PATH "/control"
#define VOLUMES_PATH "/volumes"
#define ROOTFS_PATH  "/newroot"
#define SHM_PATH     "/shm/"

/* No time to wait for a share's device. */
#define WAIT_FOREVER (-1)

/* Mounts the share of that tag, waiting up to `seconds` for its device to appear. 0, or -1 with errno. */
int share_mount(const char *tag, const char *path, unsigned long flags, const char *options, int seconds);

/* The index of the interface of network device `device`, waited for up to `seconds`; -1 with errno. */
int device_interface(uint32_t device, int seconds);

/* Waits up to `seconds` for the block device that the node at `path` is of; -1 with errno. */
int device_block(const char *path, int seconds);

/* A file of the control share whose read waits until there is something. */
int share_open_waiting(int folder, const char *file);
ssize_t share_read_waiting(int fd, void *buffer, size_t size);

/* Whether this kernel was booted as a zone. */
bool zone_marked(void);

/* Ends the zone; of a member only what is its own. */
void zone_power_off(void) __attribute__((noreturn));

#endif
