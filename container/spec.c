/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct spec *spec, const void *data, size_t length)
{
	if (spec->failed)
		return;
	if (spec->length + length > spec->capacity) {
		size_t capacity = 2 * spec->capacity + length + 1024;
		uint8_t *grown = realloc(spec->data, capacity);

		if (!grown) {
			spec->failed = true;
			return;
		}
		spec->data = grown;
		spec->capacity = capacity;
	}
	if (length)
		memcpy(spec->data + spec->length, data, length);
	spec->length += length;
}

/* Grown by powers of two: a count that is one is full. */
static bool grow(struct spec *spec)
{
	uint32_t n = spec->count;
	char **paths;
	uint32_t *types;

	if (n & (n - 1))
		return true;
	paths = reallocarray(spec->paths, n ? 2 * (size_t)n : 1, sizeof(*paths));
	if (paths)
		spec->paths = paths;
	types = reallocarray(spec->types, n ? 2 * (size_t)n : 1, sizeof(*types));
	if (types)
		spec->types = types;
	return paths && types;
}

void spec_begin(struct spec *spec, enum zone_op_type type, const char *path, ...)
{
	struct zone_op op = {.type = type};
	va_list args;

	if (spec->failed || !grow(spec)) {
		spec->failed = true;
		return;
	}
	va_start(args, path);
	if (vasprintf(&spec->paths[spec->count], path, args) < 0)
		spec->paths[spec->count] = NULL;
	va_end(args);
	spec->types[spec->count++] = type;
	spec->current = spec->length;
	append(spec, &op, sizeof(op));
}

void spec_u32(struct spec *spec, uint32_t value)
{
	append(spec, &value, sizeof(value));
}

void spec_u64(struct spec *spec, uint64_t value)
{
	append(spec, &value, sizeof(value));
}

void spec_string(struct spec *spec, const char *text)
{
	append(spec, text ? text : "", text ? strlen(text) + 1 : 1);
}

void spec_bytes(struct spec *spec, const void *data, size_t length)
{
	append(spec, data, length);
}

void spec_end(struct spec *spec)
{
	static const uint8_t zeroes[8];
	uint32_t length;

	if (spec->failed)
		return;
	length = (uint32_t)(spec->length - spec->current - sizeof(struct zone_op));
	memcpy(spec->data + spec->current + offsetof(struct zone_op, length), &length, sizeof(length));
	append(spec, zeroes, (8 - spec->length % 8) % 8);
}

void spec_free(struct spec *spec)
{
	for (uint32_t i = 0; i < spec->count; i++)
		free(spec->paths[i]);
	free(spec->paths);
	free(spec->types);
	free(spec->data);
	memset(spec, 0, sizeof(*spec));
}

void volumes_free(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->len; i++) {
		free(volumes->list[i].source);
		free(volumes->list[i].name);
		free(volumes->list[i].overlay);
	}
	free(volumes->list);
	memset(volumes, 0, sizeof(*volumes));
}

int spec_failure(const struct spec *spec, const struct oci_process *process, uint32_t index, int number,
	struct error *err)
{
	const char *arg0 = process && process->args_len ? process->args[0] : "";
	const char *path;
	uint32_t type;

	/* The index is the guest's word. */
	if (index >= spec->count)
		return error_set(err, number, "the zone could not set the container up");
	type = spec->types[index];
	path = spec->paths[index] ? spec->paths[index] : "";
	if (type == ZONE_OP_HOOK && number == ECANCELED)
		return error_set(err, 0, "%s: ended by a signal, or its exit status is not 0", path);
	if (type == ZONE_OP_HOOK && number == ETIMEDOUT)
		return error_set(err, 0, "%s: timed out", path);
	if (type == ZONE_OP_DISK && number == ENODEV)
		return error_set(
			err, 0, "%s: the zone does not see the device: has its kernel xen-blkfront?", path);
	if (type != ZONE_OP_READY && type != ZONE_OP_EXEC)
		return error_set(err, number, "%s", path);

	/* Podman tells 126 from 127 by these words. */
	if (number == ENOENT && !strchr(arg0, '/'))
		return error_set(
			err, 0, "process.args[0]: exec: \"%s\": executable file not found in $PATH", arg0);
	if (number == ENOENT)
		return error_set(err, 0, "process.args[0]: exec: \"%s\": no such file or directory", arg0);
	if (number == EACCES)
		return error_set(err, 0, "process.args[0]: exec: \"%s\": permission denied", arg0);
	return error_set(err, number, "process.args[0]: exec: \"%s\"", arg0);
}
