/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/disks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "initramfs/number.h"
#include "initramfs/platform.h"

#define FOLDER "/dev/block"

/* Front ends are there soon after they are announced. */
#define DISK_SECONDS 30

const char *disk_path(char path[DISK_PATH_MAX], dev_t device)
{
	char digits[NUMBER_MAX];

	strcpy(path, FOLDER "/");
	strcat(path, number_text(digits, major(device)));
	strcat(path, ":");
	return strcat(path, number_text(digits, minor(device)));
}

int disk_prepare(const struct op *op)
{
	char path[DISK_PATH_MAX];
	dev_t device = makedev(op_u32(op, 1), op_u32(op, 2));

	if (!S_ISBLK(op_u32(op, 0))) {
		errno = EBADMSG;
		return -1;
	}
	mkdir(FOLDER, 0755);
	disk_path(path, device);
	unlink(path);
	if (mknod(path, op_u32(op, 0), device) || chmod(path, op_u32(op, 0) & 07777) ||
		chown(path, op_u32(op, 3), op_u32(op, 4)))
		return -1;
	return device_block(path, DISK_SECONDS);
}
