/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fids of one session: the numbers that the guest chose, and what each of them stands for. A share
 * puts a struct fid at the beginning of its own structure, and owns that; the table only finds it.
 */
#ifndef XENRUN_ROOTFS_FIDS_H
#define XENRUN_ROOTFS_FIDS_H

#include <stddef.h>
#include <stdint.h>

struct fid {
	uint32_t number;
	struct fid *next; /* the table's */
};

struct fids {
	struct fid **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	size_t limit;
	uint64_t seed; /* so that a guest cannot choose numbers that all fall into one bucket */
};

/* Returns 0 or -ENOMEM. */
int fids_init(struct fids *fids, size_t limit);

/* Releases the table, which must be empty. */
void fids_release(struct fids *fids);

/* NULL if there is none. */
struct fid *fids_find(const struct fids *fids, uint32_t number);

/* Whether `number` can be inserted: 0, -EBADF (P9_NO_FID, or in use already) or -EMFILE (the limit). */
int fids_may_insert(const struct fids *fids, uint32_t number);

/* Inserts one for which fids_may_insert() gave 0. */
void fids_insert(struct fids *fids, struct fid *fid, uint32_t number);

/* Removes it from the table. The caller releases it. NULL if there is none. */
struct fid *fids_take(struct fids *fids, uint32_t number);

/* Removes all, handing each to release(). */
void fids_clear(struct fids *fids, void (*release)(void *arg, struct fid *fid), void *arg);

#endif
