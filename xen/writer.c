/* SPDX-License-Identifier: Apache-2.0 */
#include "xen/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/cleanup.h"

#define VALUE_SIZE 1100 /* a name has up to 1024 bytes */

void writer_put(struct writer *w, const char *path, const char *format, ...)
{
	char value[VALUE_SIZE];
	va_list args;
	int length;

	if (w->failed)
		return;
	va_start(args, format);
	length = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(value)) {
		errno = ENAMETOOLONG;
		w->failed = true;
		return;
	}
	w->failed = !xs_write(w->store, w->transaction, path, value, (unsigned int)length);
}

void writer_folder(struct writer *w, const char *path, uint32_t owner, uint32_t reader)
{
	struct xs_permissions permissions[2] = {
		{.id = owner, .perms = XS_PERM_NONE},
		{.id = reader, .perms = XS_PERM_READ},
	};

	if (!w->failed)
		w->failed = !xs_mkdir(w->store, w->transaction, path) ||
			    !xs_set_permissions(w->store, w->transaction, path, permissions, 2);
}

uint32_t writer_count(struct writer *w, const char *path, uint32_t count, uint32_t most)
{
	unsigned int length;
	cleanup_free char *text = w->failed ? NULL : xs_read(w->store, w->transaction, path, &length);
	unsigned long number = text ? strtoul(text, NULL, 10) : 1;

	if (number + count > most) {
		errno = EUSERS;
		w->failed = true;
		return 0;
	}
	writer_put(w, path, "%lu", number + count);
	return (uint32_t)number;
}

bool writer_begin(struct writer *w, int *result, struct error *err)
{
	w->failed = false;
	w->transaction = xs_transaction_start(w->store);
	if (w->transaction != XBT_NULL)
		return true;
	*result = error_set(err, errno, "cannot start a XenStore transaction");
	return false;
}

bool writer_end(struct writer *w, int *result, struct error *err)
{
	int saved = errno;

	*result = 0;
	if (w->failed) {
		xs_transaction_end(w->store, w->transaction, true);
		*result = error_set(err, saved, "cannot write the domain's XenStore nodes");
		return false;
	}
	if (xs_transaction_end(w->store, w->transaction, false))
		return false;
	if (errno != EAGAIN)
		*result = error_set(err, errno, "cannot write the domain's XenStore nodes");
	return errno == EAGAIN;
}
