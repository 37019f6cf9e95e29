/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others change: a guest that is promised to be told of a change of a file, or of a folder's names, need not
 * ask again until then. The host tells by inotify(7), once for each promise; it is told to the guest by counting up
 * one of SHARE_CHANGES counters that it sees, so that it looks instead of being interrupted.
 *
 * A promise is a word: its top bit, the counter's number in the 31 bits below, and the counter's value in the lower
 * 32. It holds while the counter has that value. Many files have one counter: then one's change breaks the promises
 * of the others, which costs a request each. The last counter is not one of these: it counts that something changed.
 *
 * What is told: what is written through a descriptor, sizes, owners, modes, times of change, names. Not told is
 * that a file was read, and what is written through a mapping of a process of the host's before that is unmapped.
 */
#ifndef XENRUN_ROOTFS_CHANGES_H
#define XENRUN_ROOTFS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rootfs/share.h"

struct changes {
	int fd;		    /* of inotify(7), which does not block; not above 0: nothing is promised */
	uint32_t count;	    /* promises that the host has not been asked to forget, nor has told of */
	int oldest, newest; /* watch descriptors, which are given in order */
	uint32_t values[SHARE_CHANGES];
	uint32_t *shared; /* the same, for the guest, which may write there; or NULL */

	/* The device that was looked at last, and whether all its changes are made on this host. */
	uint64_t device;
	bool known, told;
};

/* More at a time break the oldest. The kernel keeps 16,384 events, and a promise has two. */
#define CHANGES_MAX 8000

/* fd becomes its own; nothing is promised when it is -1 or 0. */
void changes_init(struct changes *changes, int fd);
void changes_release(struct changes *changes);

/* Has the guest see the counters. */
void changes_share(struct changes *changes, uint32_t *shared);

/*
 * Promises to tell of a change of what `path` names, a file, folder or symlink (S_IFMT bits in `type`), a
 * descriptor of which is `fd` and whose file system is on `device`: what is looked up after this call is what the
 * promise is about. Returns it, 0 where there is none. *watch is what changes_forget() wants.
 */
uint64_t changes_promise(
	struct changes *changes, const char *path, int fd, uint64_t device, mode_t type, int *watch);

/* Nobody asks for the file any more. */
void changes_forget(struct changes *changes, int watch);

/* Counts what the host has told. Returns whether there was something. */
bool changes_read(struct changes *changes);

#endif
