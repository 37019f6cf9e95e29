/* SPDX-License-Identifier: Apache-2.0 */
#include "container/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

enum zone_type settings_zone_type(const char *name)
{
	if (strcmp(name, "pv") == 0)
		return ZONE_PV;
	return strcmp(name, "pvh") == 0 ? ZONE_PVH : 0;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int set(struct settings *settings, const char *key, const char *value, struct error *err)
{
	if (strcmp(key, "type") == 0) {
		settings->type = settings_zone_type(value);
		return settings->type ? 0 : error_set(err, 0, "type: \"%s\" is neither pv nor pvh", value);
	}
	if (strcmp(key, "kernel") == 0) {
		if (*value != '/')
			return error_set(err, 0, "kernel: \"%s\" is not an absolute path", value);
		free(settings->kernel);
		settings->kernel = strdup(value);
		return settings->kernel ? 0 : error_set(err, ENOMEM, "kernel");
	}
	if (strcmp(key, "memory") == 0) {
		char *end;

		errno = 0;
		settings->memory_mib = strtoull(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || settings->memory_mib < 16 ||
			settings->memory_mib > 1ull << 24)
			return error_set(err, 0, "memory: \"%s\" is not a number of MiB from 16", value);
		return 0;
	}
	return error_set(err, 0, "unknown setting \"%s\"", key);
}

int settings_load(const char *path, struct settings *settings, struct error *err)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	cleanup_free char *line = NULL;
	unsigned int number = 0;
	size_t size = 0;

	memset(settings, 0, sizeof(*settings));
	settings->memory_mib = SETTINGS_MEMORY_MIB;
	if (!file)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", path);
	while (getline(&line, &size, file) >= 0) {
		char *text, *equals;

		number++;
		line[strcspn(line, "#\n")] = '\0';
		text = trim(line);
		if (!*text)
			continue;
		equals = strchr(text, '=');
		if (equals)
			*equals = '\0';
		if (!equals) {
			error_set(err, 0, "\"%s\" is not of the form key = value", text);
			return error_prefix(err, "%s: line %u", path, number);
		}
		if (set(settings, trim(text), trim(equals + 1), err))
			return error_prefix(err, "%s: line %u", path, number);
	}
	return ferror(file) ? error_set(err, EIO, "%s", path) : 0;
}

void settings_free(struct settings *settings)
{
	free(settings->kernel);
	settings->kernel = NULL;
}
