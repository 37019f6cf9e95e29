/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranges of a file that one owner has locked, as the kernel keeps them (posix_lock_inode() in
 * fs/locks.c): no two of them overlap, and what is of one type and adjacent is one. So their number is that
 * of the kernel's locks.
 */
#ifndef XENRUN_ROOTFS_RANGES_H
#define XENRUN_ROOTFS_RANGES_H

#include <stdint.h>

struct range {
	uint64_t start, last; /* both in it, at most INT64_MAX, which is the end of every file */
	int type;	      /* F_RDLCK, F_WRLCK; of a change F_UNLCK, too */
};

struct ranges {
	struct range *list; /* in no order; malloc's */
	uint32_t count;
};

/*
 * What there is after a lock or an unlock: *after is a new one, for the caller to release; `before` stays as
 * it is. So whoever asks the kernel knows before what it comes to, and needs no memory afterwards. Returns 0
 * or -ENOMEM.
 */
int ranges_change(const struct ranges *before, const struct range *change, struct ranges *after);

void ranges_release(struct ranges *ranges);

#endif
