/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of the host as a share: the 9P2000.L that Linux's client speaks, served out of one tree.
 *
 * What keeps a guest inside: a fid holds an O_PATH descriptor; a walk goes one component at a time, from
 * the descriptor of the folder it is in, through openat2(2) with no symlink followed and no way up; a name
 * that is empty, ".", ".." or has a '/' is refused before. There is no path that the guest could race.
 * A file is opened for its bytes only after it was seen to be a regular file or a folder: fifos, sockets and
 * devices are the guest kernel's own business.
 *
 * What the process must be like:
 *   - its umask is set to 0 by folder_new(): modes are what the guest says;
 *   - its working directory becomes /proc/self/fd by folder_new(), and stays it: only so is there a path of
 *     a descriptor for setxattr(2) and the like;
 *   - its file system user and group stay what they are at folder_new(). For files of others it has
 *     CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP;
 *   - it ignores SIGXFSZ;
 *   - its RLIMIT_NOFILE lets the descriptors below be reached, and a few more for the time of a request.
 *
 * Which system calls are made after folder_new(), and why: docs/security.md. No other is to be.
 */
#ifndef XENRUN_ROOTFS_FOLDER_H
#define XENRUN_ROOTFS_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/share.h"
#include "util/error.h"

/* What one guest may hold of the host at a time. 0 stands for the default. */
struct folder_limits {
	uint32_t fids;	      /* 262144; more: EMFILE */
	uint32_t open_files;  /* as many as fids, folders included; more: ENFILE */
	uint32_t xattr_bytes; /* 4 MiB of values in transit, with names; more: ENOMEM */
	uint32_t locks;	      /* 16384 ranges locked, and as many files that were; more: ENOLCK */

	/* What the above come to: all that the process may have; more: EMFILE. A fid has three at worst, its
	 * file's, that of the folder it was found in, and the open file's; a lock has one at worst. */
	uint32_t descriptors;

	/* An O_PATH descriptor of /proc/self/fd, opened by the process that serves, after its last fork. It
	 * stays the caller's, and open as long as the share lives. -1: folder_new() opens one. */
	int proc_self_fd;

	/* One of inotify(7), which does not block, by which the host tells what others change: it becomes the
	 * share's. 0 or -1: a guest has to ask. */
	int inotify_fd;

	/* Nobody but this guest writes here: its own kernel's locks are all that there are. */
	bool exclusive;

	/* Device nodes cannot be made: EPERM. */
	bool no_devices;
};

/*
 * A share of the tree below root_fd, an O_PATH or O_DIRECTORY descriptor of a folder, which becomes the
 * share's, in case of an error too. limits may be NULL. Returns NULL with *err set.
 */
struct share *folder_new(int root_fd, const struct folder_limits *limits, struct error *err);

#endif
