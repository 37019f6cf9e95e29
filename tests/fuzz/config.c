/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json from text to the spec of a process. It is refused with a message, or what is made of it is a
 * spec that zone init takes.
 */
#include "container/devices.h"
#include "container/spec.h"
#include "tests/fuzz/json.h"
#include "tests/fuzz/zone.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return json_custom_mutator(&oci_config_table, data, size, max_size, seed);
}

static void compile(const struct oci_config *config)
{
	struct volumes volumes = {0};
	struct spec spec = {0};
	struct error err = {0};
	struct devices devices;
	bool done = !devices_choose(config->linux_, DEVICES_HOST, &devices, &err) &&
		    !compile_container(config, "/", NULL, &devices, 0, &spec, &volumes, &err);

	if (done && config->process)
		done = !compile_container_process(config, "{}", &spec, &err);
	MUST(done != !!err.message);
	if (done && config->process)
		MUST(zone_decode(spec.data, spec.length));
	for (uint32_t i = 0; i <= spec.count; i++) {
		error_clear(&err);
		spec_failure(&spec, config->process, i, ENOENT, &err);
		MUST(err.message);
	}
	error_clear(&err);
	volumes_free(&volumes);
	devices_free(&devices);
	spec_free(&spec);
}

static void compile_process(const struct oci_config *config)
{
	struct spec spec = {0};
	struct error err = {0};

	if (compile_exec(config->process, config->linux_, &spec, &err) == 0)
		MUST(zone_decode(spec.data, spec.length));
	else
		MUST(err.message);
	error_clear(&err);
	spec_free(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {0};
	struct oci_config *config = oci_config_parse((const char *)data, size, &err);

	MUST(!config == !!err.message);
	if (config) {
		compile(config);
		if (config->process)
			compile_process(config);
	}
	oci_config_free(config);
	error_clear(&err);
	return 0;
}
