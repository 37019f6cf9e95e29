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

/* Room for one more of a list's members, which are of that size. */
static void *grow(void *list, size_t len, size_t size, struct error *err)
{
	void *grown = reallocarray(list, len + 1, size);

	if (!grown)
		error_set(err, ENOMEM, "settings");
	return grown;
}

static int add_pattern(struct settings *settings, const char *value, struct error *err)
{
	char **grown;

	if (*value != '/')
		return error_set(err, 0, "allow_kernel: \"%s\" is not an absolute path", value);
	grown = grow(settings->kernels, settings->kernels_len, sizeof(*grown), err);
	if (!grown)
		return -1;
	settings->kernels = grown;
	grown[settings->kernels_len] = strdup(value);
	if (!grown[settings->kernels_len])
		return error_set(err, ENOMEM, "allow_kernel");
	settings->kernels_len++;
	return 0;
}

/* "sha256:" and 64 digits, in lower case as sha256sum(1) prints them; returns what is behind, NULL if it is
 * none. */
static const char *take_digest(const char *text, char digest[static SETTINGS_DIGEST_SIZE])
{
	size_t length = SETTINGS_DIGEST_SIZE - 1;

	if (strncmp(text, "sha256:", 7) != 0 || strspn(text + 7, "0123456789abcdef") != length)
		return NULL;
	memcpy(digest, text + 7, length);
	digest[length] = '\0';
	return text + 7 + length;
}

static int add_image_kernel(struct settings *settings, const char *value, struct error *err)
{
	struct settings_image_kernel image = {0}, *grown;
	const char *rest = take_digest(value, image.kernel);

	if (rest && *rest) {
		size_t space = strspn(rest, " \t");

		rest = space ? take_digest(rest + space, image.initrd) : NULL;
	}
	if (!rest || *rest)
		return error_set(
			err, 0, "allow_image_kernel: \"%s\" is not sha256:DIGEST, or two of them", value);
	grown = grow(settings->image_kernels, settings->image_kernels_len, sizeof(*grown), err);
	if (!grown)
		return -1;
	settings->image_kernels = grown;
	grown[settings->image_kernels_len++] = image;
	return 0;
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
	if (strcmp(key, "allow_kernel") == 0)
		return add_pattern(settings, value, err);
	if (strcmp(key, "allow_image_kernel") == 0)
		return add_image_kernel(settings, value, err);
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
	for (size_t i = 0; i < settings->kernels_len; i++)
		free(settings->kernels[i]);
	free(settings->kernels);
	free(settings->image_kernels);
	free(settings->kernel);
	memset(settings, 0, sizeof(*settings));
}
