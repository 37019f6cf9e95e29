/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages go: standard error, or the file of --log, as text or as one JSON object a line
 * ({"level","msg","time"}). Callers parse that file and expect one object: warnings and debugging go there
 * only when
 * --debug asks for them.
 */
#ifndef XENRUN_LOG_H
#define XENRUN_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* `path` NULL: standard error. Returns 0, or -1 with errno when the file cannot be opened. */
int log_open(const char *path, bool json, enum log_level level);

/* Takes another descriptor for standard error, for a process that gives its own away. Ownership passes. */
void log_use_fd(int fd);
int log_fd(void);

/* Whether a message of this level goes anywhere. */
bool log_enabled(enum log_level level);

void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The line that log_message() writes, for who has no time for more than a write; NULL without memory. The caller
 * frees it. */
char *log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A step of a container's life, for the time line that --debug prints: "ID: step (N.NNN s)", since the call
 * began. */
void log_step(const char *id, const char *step);

#endif
