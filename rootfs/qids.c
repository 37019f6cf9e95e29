/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/qids.h"

#include <errno.h>
#include <stdlib.h>

#define INODE_BITS   48
#define NOT_A_PREFIX (1ull << 63) /* set in the path of a file that has a number of its own */

struct qid_entry {
	uint64_t device;
	uint64_t key;
	uint64_t number; /* plus one; 0: the place is free */
};

void qids_init(struct qids *qids, size_t prefixes, size_t files)
{
	*qids = (struct qids){.prefixes.limit = prefixes, .files.limit = files};
}

void qids_release(struct qids *qids)
{
	free(qids->prefixes.entries);
	free(qids->files.entries);
	*qids = (struct qids){.prefixes.limit = 0};
}

/* Where the entry is, or the free place where it belongs. Half of the places are free always. */
static struct qid_entry *place_of(const struct qid_table *table, uint64_t device, uint64_t key)
{
	uint64_t x = (key ^ (device * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
	size_t at = (size_t)(x ^ (x >> 31)) & (table->bucket_count - 1);

	while (table->entries[at].number != 0 &&
		(table->entries[at].device != device || table->entries[at].key != key))
		at = (at + 1) & (table->bucket_count - 1);
	return &table->entries[at];
}

static int grow(struct qid_table *table)
{
	struct qid_table bigger = *table;

	bigger.bucket_count = table->bucket_count ? table->bucket_count * 2 : 16;
	bigger.entries = calloc(bigger.bucket_count, sizeof(*bigger.entries));
	if (!bigger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < table->bucket_count; i++) {
		const struct qid_entry *entry = &table->entries[i];

		if (entry->number != 0)
			*place_of(&bigger, entry->device, entry->key) = *entry;
	}
	free(table->entries);
	*table = bigger;
	return 0;
}

/* The number of (device, key), from 0: a new one if it is new. */
static int number_of(struct qid_table *table, uint64_t device, uint64_t key, uint64_t *number)
{
	struct qid_entry *entry;

	if (table->bucket_count > 0) {
		entry = place_of(table, device, key);
		if (entry->number != 0) {
			*number = entry->number - 1;
			return 0;
		}
	}
	if (table->count >= table->limit)
		return -ENFILE;
	if ((table->count + 1) * 2 > table->bucket_count && grow(table) < 0)
		return -ENOMEM;
	entry = place_of(table, device, key);
	*number = table->count++;
	*entry = (struct qid_entry){.device = device, .key = key, .number = *number + 1};
	return 0;
}

int qids_path(struct qids *qids, uint64_t device, uint64_t inode, uint64_t *path)
{
	uint64_t number;
	int result = number_of(&qids->prefixes, device, inode >> INODE_BITS, &number);

	if (result == 0) {
		*path = number << INODE_BITS | (inode & ((1ull << INODE_BITS) - 1));
		return 0;
	}
	if (result != -ENFILE)
		return result;
	result = number_of(&qids->files, device, inode, &number);
	if (result == 0)
		*path = NOT_A_PREFIX | number;
	return result;
}
