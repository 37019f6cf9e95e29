/* SPDX-License-Identifier: Apache-2.0 */
/* What a zone has of the host, which can be changed while it runs: memory, its share of the processors. */
#include <errno.h>
#include <string.h>

#include "util/cleanup.h"
#include "xen/zone.h"

int zone_set_memory(struct zone *zone, uint64_t memory_kib, struct error *err)
{
	bool more = memory_kib > zone->memory_most_kib;
	uint64_t most_kib = more ? memory_kib : zone->memory_most_kib;

	if (xc_domain_setmaxmem(zone->xc, zone->domid, memory_kib + SLACK_KIB))
		return xen_error(err, &zone->log, "cannot set the domain's memory");
	if (more && zone->type == ZONE_PVH &&
		xc_set_paging_mempool_size(
			zone->xc, zone->domid, paging_pool_bytes(memory_kib, zone->vcpus))) {
		xen_error(err, &zone->log, "no memory for the domain's page tables");
		goto fail;
	}
	if (nodes_write_memory(zone, most_kib, memory_kib, err))
		goto fail;
	zone->memory_kib = memory_kib;
	zone->memory_most_kib = most_kib;
	return 0;

fail:
	xc_domain_setmaxmem(zone->xc, zone->domid, zone->memory_kib + SLACK_KIB);
	return -1;
}

/* Both schedulers that know weights and caps have the same range of them. */
static int set_scheduler(struct zone *zone, const struct zone_processors *wanted, struct error *err)
{
	uint16_t weight = wanted->weight ? wanted->weight : ZONE_WEIGHT;
	struct xen_domctl_sched_credit2 credit2 = {.weight = weight, .cap = wanted->cap};
	struct xen_domctl_sched_credit credit = {.weight = weight, .cap = wanted->cap};

	if (xc_sched_credit2_domain_set(zone->xc, zone->domid, &credit2) == 0)
		return 0;
	/* The answer of another scheduler. */
	if (errno != EINVAL)
		return xen_error(err, &zone->log, "cannot set the domain's weight and cap");
	if (xc_sched_credit_domain_set(zone->xc, zone->domid, &credit) == 0)
		return 0;
	/* One that does not weigh has nothing to be told, but a cap would not hold. */
	if (errno == EINVAL && !wanted->cap && !zone->processors.cap)
		return 0;
	return xen_error(err, &zone->log, "cannot cap the domain: Xen's scheduler is not credit2");
}

static bool is_any(const uint8_t cpus[ZONE_CPUS_MAX / 8])
{
	for (size_t i = 0; i < ZONE_CPUS_MAX / 8; i++)
		if (cpus[i])
			return false;
	return true;
}

static int set_affinity(struct zone *zone, const uint8_t cpus[ZONE_CPUS_MAX / 8], struct error *err)
{
	int bytes = xc_get_cpumap_size(zone->xc);
	cleanup_free uint8_t *map = xc_cpumap_alloc(zone->xc);

	if (bytes <= 0 || !map)
		return xen_error(err, &zone->log, "cannot ask Xen for its CPUs");
	for (uint32_t vcpu = 0; vcpu < zone->vcpus; vcpu++) {
		/* It comes back as what is in force. */
		memset(map, is_any(cpus) ? 0xff : 0, (size_t)bytes);
		if (!is_any(cpus))
			memcpy(map, cpus,
				(size_t)bytes < ZONE_CPUS_MAX / 8 ? (size_t)bytes : ZONE_CPUS_MAX / 8);
		if (xc_vcpu_setaffinity(zone->xc, zone->domid, (int)vcpu, map, NULL, XEN_VCPUAFFINITY_HARD))
			return xen_error(err, &zone->log, "cannot set the affinity of the domain's vCPUs");
	}
	return 0;
}

int zone_set_processors(struct zone *zone, const struct zone_processors *processors, struct error *err)
{
	const struct zone_processors *before = &zone->processors;
	bool share = processors->weight != before->weight || processors->cap != before->cap;
	struct error ignored = {0};

	if (share && set_scheduler(zone, processors, err))
		return -1;
	if (memcmp(processors->cpus, before->cpus, sizeof(before->cpus)) != 0 &&
		set_affinity(zone, processors->cpus, err)) {
		set_affinity(zone, before->cpus, &ignored);
		if (share)
			set_scheduler(zone, before, &ignored);
		error_clear(&ignored);
		return -1;
	}
	zone->processors = *processors;
	return 0;
}
