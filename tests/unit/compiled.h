/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of container/compile*.c share: a config.json in short, and the operations it becomes. */
#ifndef XENRUN_TEST_COMPILED_H
#define XENRUN_TEST_COMPILED_H

#include "container/devices.h"
#include "container/spec.h"
#include "tests/unit/test_ocispec.h"

/* Those made last. */
static struct spec compiled;

/* A folder like /sys/dev: which devices the host has. */
static const char *host_devices = "/nonexistent";

/* All but the process. */
static inline int compile_around(
	const struct oci_config *config, const char *bundle, struct volumes *volumes, struct error *err)
{
	struct devices devices;
	int result =
		devices_choose(config->linux_, host_devices, &devices, err) ||
				compile_container(config, bundle, NULL, &devices, 0, &compiled, volumes, err)
			? -1
			: 0;

	devices_free(&devices);
	return result;
}

static inline int compile_both(const struct oci_config *config, bool exec, struct error *err)
{
	return exec ? compile_exec(config->process, config->linux_, &compiled, err)
		    : compile_container_process(config, "{}", &compiled, err);
}

/* Compiles a config with these properties, or with `exec` its process alone, as an exec's. The message it
 * gives, "" if it is taken. */
static inline const char *compile_as(const char *properties, bool exec)
{
	static char message[512];
	struct volumes volumes = {0};
	struct oci_config *config;
	struct error err = {0};
	char *text = document(properties);

	spec_free(&compiled);
	config = oci_config_parse(text, strlen(text), &err);
	if (config && (exec || !compile_around(config, "/", &volumes, &err)) && config->process)
		compile_both(config, exec, &err);
	snprintf(message, sizeof(message), "%s", err.message ? err.message : "");
	volumes_free(&volumes);
	oci_config_free(config);
	error_clear(&err);
	free(text);
	return message;
}

static inline const char *compile(const char *properties)
{
	return compile_as(properties, false);
}

static inline void expect_compiled(const char *properties, const char *want)
{
	const char *message = compile(properties);

	if (!CHECK(same(message, want)))
		printf("# %s\n# gives  %s\n# wanted %s\n", properties, message, want);
}

/* The payload of operation `index`, which must exist. */
static inline const uint8_t *payload_of(uint32_t index, uint32_t *length)
{
	const uint8_t *at = compiled.data;
	struct zone_op op;

	for (;; index--) {
		memcpy(&op, at, sizeof(op));
		at += sizeof(op);
		if (!index)
			break;
		at += (op.length + 7) & ~7U;
	}
	*length = op.length;
	return at;
}

/* Where the next operation of that type is, from `from` on; the number of all where there is none. */
static inline uint32_t next_op(enum zone_op_type type, uint32_t from)
{
	while (from < compiled.count && compiled.types[from] != type)
		from++;
	return from;
}

static inline unsigned count_ops(enum zone_op_type type)
{
	unsigned count = 0;

	for (uint32_t i = next_op(type, 0); i < compiled.count; i = next_op(type, i + 1))
		count++;
	return count;
}

/* The payload of the only operation of that type; NULL where it is not alone. */
static inline const uint8_t *only_op(enum zone_op_type type, uint32_t *length)
{
	if (!CHECK_EQ(count_ops(type), 1))
		return NULL;
	return payload_of(next_op(type, 0), length);
}

#endif
