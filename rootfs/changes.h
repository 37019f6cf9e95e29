/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others change: a guest that is promised to be told of a change of a file, or of a folder's names, need not
 * ask again until then. The host tells by inotify(7); it is told to the guest by counting up one of SHARE_CHANGES
 * counters that it sees, so that it looks instead of being interrupted.
 *
 * A promise is a word: its top bit, the counter's number in the 31 bits below, and the counter's value in the lower
 * 32. It holds while the counter has that value. A file has always the same counter. Many files have one: then one's
 * change breaks the promises of the others, which costs a request each. The last counter is not one of these: it
 * counts that something changed.
 *
 * What is told: what is written by write(2) and the like, sizes, owners, modes, attributes, times of change, names.
 * Not told is that a file was read, what is written through a mapping, or by io_submit(2), before the descriptor is
 * closed and the mapping gone, and that a file takes more or less room as it is.
 */
#ifndef XENRUN_ROOTFS_CHANGES_H
#define XENRUN_ROOTFS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rootfs/share.h"

/* More at a time break others; which, is chance. */
#define CHANGES_MAX 16384

/* A file that the host tells of. */
struct watch {
	int descriptor; /* of inotify(7), never 0; 0: this place is free */
	uint16_t counter;
	uint8_t is_folder;
	uint8_t told; /* of a folder, since the guest asked last */
};

struct changes {
	int fd; /* of inotify(7), which does not block; not above 0: nothing is promised */
	uint32_t count;
	struct watch *watches; /* open addressing, 2 * CHANGES_MAX places */
	uint32_t hand;	       /* where one is looked for that is to go */
	uint32_t values[SHARE_CHANGES];
	uint32_t *shared; /* the same, for the guest, which may write there; or NULL */

	/* The device that was looked at last, and whether all its changes are made on this host. */
	uint64_t device;
	bool has_device, device_is_local;

	uint64_t next_folder; /* before that no folder is watched that is not yet; ticks of the processor's clock */
};

/* fd becomes its own, in case of an error too; nothing is promised when it is -1 or 0. Returns 0 or -ENOMEM. */
int changes_init(struct changes *changes, int fd);
void changes_release(struct changes *changes);

/* Has the guest see the counters. */
void changes_share(struct changes *changes, uint32_t *shared);

/*
 * Promises to tell of a change of what `path` names, a file, folder or symlink (S_IFMT bits in `type`), a
 * descriptor of which is `fd`, whose file system is on `device` and whose number there, or any that it alone has, is
 * `number`: what is looked up after this call is what the promise is about. Returns it, 0 where there is none.
 * *watch is what was returned there the last time, 0 at first, and what changes_forget() wants.
 */
uint64_t changes_promise(struct changes *changes, const char *path, int fd, uint64_t device, mode_t type,
	uint64_t number, int *watch);

/* Nobody asks for the file any more. */
void changes_forget(struct changes *changes, int watch);

/* Counts what the host has told. Returns whether there was something. */
bool changes_read(struct changes *changes);

#endif
