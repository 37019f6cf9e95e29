/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the host a zone is to have, by its config: what create builds and update changes. */
#ifndef XENRUN_SIZE_H
#define XENRUN_SIZE_H

#include "container/settings.h"
#include "libocispec/ocispec.h"
#include "xen/xen.h"

struct zone_size {
	uint64_t memory_kib;
	const char *memory_property; /* that says so */
	bool memory_limited;	     /* it is memory.limit */
	uint32_t vcpus;
	struct zone_processors processors;
};

/* `vcpus` is how many the zone has, 0 before it is made. */
int size_choose(const struct oci_config *config, const struct settings *settings,
	const struct host_facts *host, uint32_t vcpus, struct zone_size *size, struct error *err);

/* An error if Xen has not that much memory, beyond `own_kib` that the zone has already. */
int size_check_memory(
	const struct zone_size *size, const struct host_facts *host, uint64_t own_kib, struct error *err);

#endif
