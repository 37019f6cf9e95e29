/* SPDX-License-Identifier: Apache-2.0 */
/* Writing XenStore nodes in transactions; what the files of xen/ share, and nobody else includes. */
#ifndef XENRUN_WRITER_H
#define XENRUN_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "util/error.h"

/* Of any node's path. */
#define PATH_SIZE 192

/* A series of requests of one transaction: after the first that fails the others do nothing. */
struct writer {
	struct xs_handle *store;
	xs_transaction_t transaction;
	bool failed;
};

/* False with *result set when it is over. */
bool writer_begin(struct writer *w, int *result, struct error *err);
/* A transaction that met another's changes is to be made again: then it returns true. */
bool writer_end(struct writer *w, int *result, struct error *err);

void writer_put(struct writer *w, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Makes a folder that belongs to `owner` and that `reader` may read. */
void writer_folder(struct writer *w, const char *path, uint32_t owner, uint32_t reader);

/* Takes the number of a node, 1 where there is none, and leaves there what comes `count` after it. Fails with
 * EUSERS at `most`. */
uint32_t writer_count(struct writer *w, const char *path, uint32_t count, uint32_t most);

#endif
