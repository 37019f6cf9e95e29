/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals of the container. In the new process too: no allocation, no stdio. */
#include "initramfs/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "initramfs/paths.h"
#include "util/cleanup.h"

#define DEVPTS_MAGIC 0x1cd1

/* Not in every libc's headers. */
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

/* Opens the container's ptmx, which its image cannot have put another file in the place of. */
static int open_master(int root)
{
	cleanup_close int pts = path_open(root, "/dev/pts"), master = -1;
	struct statfs fs;

	if (pts < 0 || fstatfs(pts, &fs))
		return -1;
	if (fs.f_type != DEVPTS_MAGIC) {
		errno = ENODEV;
		return -1;
	}
	master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	/* One that is mounted without ptmxmode=666 has it at 000, which root may open. */
	return steal_fd(&master);
}

int terminal_slave(int master)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int terminal_resize(int master, unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	return ioctl(master, TIOCSWINSZ, &size);
}

int terminal_open(int root, unsigned rows, unsigned columns, uid_t owner)
{
	cleanup_close int master = open_master(root), slave = -1;
	int unlocked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked))
		return -1;
	slave = terminal_slave(master);
	if (slave < 0 || terminal_resize(master, rows, columns) || fchown(slave, owner, (gid_t)-1) ||
		ioctl(slave, TIOCSCTTY, 0))
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return -1;
	return steal_fd(&master);
}
