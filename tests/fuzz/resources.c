/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources of its own, as update takes it, from text to the operations on a cgroup. */
#include "container/devices.h"
#include "container/spec.h"
#include "tests/fuzz/json.h"
#include "tests/fuzz/zone.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return json_custom_mutator(&oci_resources_table, data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct devices none;
	struct spec spec = {0};
	struct error err = {0};
	struct oci_resources *resources = oci_resources_parse((const char *)data, size, &err);

	MUST(!resources == !!err.message);
	spec_begin(&spec, ZONE_OP_CLONE, "resources");
	spec_u32(&spec, 0);
	spec_end(&spec);
	if (resources && compile_resources(resources, &none, &spec, &err) == 0) {
		spec_begin(&spec, ZONE_OP_ARG, "resources");
		spec_string(&spec, "x");
		spec_end(&spec);
		spec_begin(&spec, ZONE_OP_READY, "resources");
		spec_end(&spec);
		spec_begin(&spec, ZONE_OP_EXEC, "resources");
		spec_end(&spec);
		MUST(zone_decode(spec.data, spec.length));
	} else {
		MUST(err.message);
	}
	spec_free(&spec);
	oci_resources_free(resources);
	error_clear(&err);
	return 0;
}
