/* SPDX-License-Identifier: Apache-2.0 */
#include "util/log.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

static struct {
	int fd;
	bool json;
	enum log_level level;
	struct timespec start;
} target = {.fd = STDERR_FILENO, .level = LOG_WARNING};

int log_open(const char *path, bool json, enum log_level level)
{
	clock_gettime(CLOCK_MONOTONIC, &target.start);
	target.json = json;
	target.level = level;
	if (!path)
		return 0;
	target.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (target.fd >= 0)
		return 0;
	target.fd = STDERR_FILENO;
	return -1;
}

void log_use_fd(int fd)
{
	target.fd = fd;
}

int log_fd(void)
{
	return target.fd;
}

bool log_enabled(enum log_level level)
{
	return level >= target.level;
}

static char *as_json(enum log_level level, const char *text)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	struct json_object *object = json_object_new_object();
	struct timespec now;
	char stamp[48];
	char *line = NULL;
	struct tm utc;

	if (!object)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_object_object_add(object, "level", json_object_new_string(names[level]));
	json_object_object_add(object, "msg", json_object_new_string(text));
	json_object_object_add(object, "time", json_object_new_string(stamp));
	if (asprintf(&line, "%s\n",
		    json_object_to_json_string_ext(
			    object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		line = NULL;
	json_object_put(object);
	return line;
}

static char *make_line(enum log_level level, const char *format, va_list args)
{
	cleanup_free char *text = NULL;
	char *line = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return NULL;
	}
	if (target.json)
		return as_json(level, text);
	return asprintf(&line, "xenrun: %s%s\n", level == LOG_WARNING ? "warning: " : "", text) < 0 ? NULL
											       : line;
}

char *log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	char *line;

	va_start(args, format);
	line = make_line(level, format, args);
	va_end(args);
	return line;
}

void log_message(enum log_level level, const char *format, ...)
{
	cleanup_free char *line = NULL;
	va_list args;
	int saved = errno;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	line = make_line(level, format, args);
	va_end(args);
	/* One write a message: several processes share the file. Nothing can be done if it fails. */
	if (line && write(target.fd, line, strlen(line)) < 0)
		saved = errno;
	errno = saved;
}

void log_step(const char *id, const char *step)
{
	struct timespec now;
	long ms;

	if (!log_enabled(LOG_DEBUG))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - target.start.tv_sec) * 1000 + (now.tv_nsec - target.start.tv_nsec) / 1000000;
	log_message(LOG_DEBUG, "%s: %6ld ms  %s", id, ms, step);
}
