/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/fids.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "rootfs/p9.h"

#define FIRST_BUCKETS 64

int fids_init(struct fids *fids, size_t limit)
{
	fids->buckets = calloc(FIRST_BUCKETS, sizeof(*fids->buckets));
	if (!fids->buckets)
		return -ENOMEM;
	fids->bucket_count = FIRST_BUCKETS;
	fids->count = 0;
	fids->limit = limit;
	/* Without randomness so early, the address is what the guest does not know. */
	if (getrandom(&fids->seed, sizeof(fids->seed), GRND_NONBLOCK) != sizeof(fids->seed))
		fids->seed = (uintptr_t)fids->buckets;
	return 0;
}

void fids_release(struct fids *fids)
{
	free(fids->buckets);
	fids->buckets = NULL;
	fids->bucket_count = 0;
}

/* The finalizer of splitmix64, keyed. */
static size_t bucket_of(const struct fids *fids, uint32_t number)
{
	uint64_t x = (number + fids->seed) * 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30) ^ fids->seed) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (size_t)(x ^ (x >> 31)) & (fids->bucket_count - 1);
}

struct fid *fids_find(const struct fids *fids, uint32_t number)
{
	struct fid *fid = fids->buckets[bucket_of(fids, number)];

	while (fid && fid->number != number)
		fid = fid->next;
	return fid;
}

int fids_may_insert(const struct fids *fids, uint32_t number)
{
	if (number == P9_NO_FID || fids_find(fids, number))
		return -EBADF;
	return fids->count < fids->limit ? 0 : -EMFILE;
}

static void link_fid(struct fids *fids, struct fid *fid)
{
	struct fid **bucket = &fids->buckets[bucket_of(fids, fid->number)];

	fid->next = *bucket;
	*bucket = fid;
}

/* Without memory the table stays as small as it is: slower, not wrong. */
static void grow(struct fids *fids)
{
	struct fid **old = fids->buckets;
	size_t old_count = fids->bucket_count;
	struct fid **buckets = calloc(old_count * 2, sizeof(*buckets));

	if (!buckets)
		return;
	fids->buckets = buckets;
	fids->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct fid *next;

		for (struct fid *fid = old[i]; fid; fid = next) {
			next = fid->next;
			link_fid(fids, fid);
		}
	}
	free(old);
}

void fids_insert(struct fids *fids, struct fid *fid, uint32_t number)
{
	if (fids->count >= fids->bucket_count)
		grow(fids);
	fid->number = number;
	link_fid(fids, fid);
	fids->count++;
}

struct fid *fids_take(struct fids *fids, uint32_t number)
{
	struct fid **at = &fids->buckets[bucket_of(fids, number)];
	struct fid *fid;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	fid = *at;
	if (!fid)
		return NULL;
	*at = fid->next;
	fids->count--;
	return fid;
}

void fids_clear(struct fids *fids, void (*release)(void *arg, struct fid *fid), void *arg)
{
	for (size_t i = 0; fids->count > 0 && i < fids->bucket_count; i++) {
		struct fid *fid;

		while ((fid = fids->buckets[i])) {
			fids->buckets[i] = fid->next;
			fids->count--;
			release(arg, fid);
		}
	}
}
