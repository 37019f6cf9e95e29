/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error as a value: what went wrong, with the path of the property it concerns in front
 * ("process.rlimits[2].type: unknown limit \"RLIMIT_FOO\""), and the errno behind it.
 *
 * A function that can fail takes a `struct error *` as its last argument, and returns -1 (or NULL)
 * with it set. Nobody but cmd/ prints one.
 */
#ifndef XENRUN_ERROR_H
#define XENRUN_ERROR_H

#include <stdarg.h>

struct error {
	int number;    /* errno behind it, 0 if there is none */
	char *message; /* owned; NULL when there is no error (or no memory to say it) */
};

/* Sets *err to the formatted message, followed by ": strerror(number)" unless number is 0.
 * An error already there is replaced. Returns -1 always, so that a caller can return it. */
int error_set(struct error *err, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " in front of the message. Returns -1 always. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the text to the message, as a hint: "message (hint)". Returns -1 always. */
int error_hint(struct error *err, const char *hint);

/* Never NULL. */
const char *error_message(const struct error *err);

void error_clear(struct error *err);

#endif
