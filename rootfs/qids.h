/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of files that stay apart where a share spans several devices: a qid's path from (device,
 * inode number), the same for the same file as long as the table lives, and no other file's.
 *
 * The upper 16 bits of an inode number and its device become a prefix of 15 bits, so that on the first
 * device met the path of nearly every file is its inode number itself. What is left when all prefixes are
 * taken is numbered one by one, up to a limit.
 */
#ifndef XENRUN_ROOTFS_QIDS_H
#define XENRUN_ROOTFS_QIDS_H

#include <stddef.h>
#include <stdint.h>

struct qid_entry;

struct qid_table {
	struct qid_entry *entries; /* open addressing; bucket_count is a power of two */
	size_t bucket_count;
	size_t count;
	size_t limit;
};

struct qids {
	struct qid_table prefixes;
	struct qid_table files;
};

/* The limits of the two tables; no memory is allocated before it is needed. */
void qids_init(struct qids *qids, size_t prefixes, size_t files);
void qids_release(struct qids *qids);

/* Returns 0, or -ENFILE when the tables are full, -ENOMEM. */
int qids_path(struct qids *qids, uint64_t device, uint64_t inode, uint64_t *path);

#define QIDS_MAX_PREFIXES 32768 /* what 15 bits hold */
#define QIDS_MAX_FILES	  (1u << 20)

#endif
