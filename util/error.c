/* SPDX-License-Identifier: Apache-2.0 */
#include "util/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int error_set(struct error *err, int number, const char *format, ...)
{
	char *text = NULL, *whole = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);

	if (text && number && asprintf(&whole, "%s: %s", text, strerror(number)) >= 0) {
		free(text);
		text = whole;
	}
	/* The arguments may point into the old message: freed only now. */
	free(err->message);
	err->message = text;
	err->number = number;
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char *prefix = NULL, *whole = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&prefix, format, args) < 0)
		prefix = NULL;
	va_end(args);

	if (prefix && asprintf(&whole, "%s: %s", prefix, error_message(err)) >= 0) {
		free(err->message);
		err->message = whole;
	}
	free(prefix);
	return -1;
}

int error_hint(struct error *err, const char *hint)
{
	char *whole = NULL;

	if (asprintf(&whole, "%s (%s)", error_message(err), hint) >= 0) {
		free(err->message);
		err->message = whole;
	}
	return -1;
}

const char *error_message(const struct error *err)
{
	if (err->message)
		return err->message;
	return err->number ? strerror(err->number) : "out of memory";
}

void error_clear(struct error *err)
{
	free(err->message);
	err->message = NULL;
	err->number = 0;
}
