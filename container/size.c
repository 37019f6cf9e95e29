/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as Xen is told of it: memory.limit as the guest's memory, cpu.quota and period as vCPUs and
 * the scheduler's cap, shares as its weight, cpus as the affinity. vm.hwConfig counts more.
 */
#include "container/size.h"

#include <string.h>

#include "libocispec/names.h"

#define MIB (1024ull * 1024)

/* What a zone needs for itself, over what its container may use: kernel, zone init, rings. */
#define ZONE_OWN_MIB 48

/* cgroup-v2.rst: the default period, µs. */
#define PERIOD 100000

/* Of version 1 of cgroups, where Xen has ZONE_WEIGHT. */
#define SHARES 1024

static int choose_memory(const struct oci_config *config, const struct settings *settings,
	struct zone_size *size, struct error *err)
{
	const struct oci_resources *resources = config->linux_ ? config->linux_->resources : NULL;
	const struct oci_memory *memory = resources ? resources->memory : NULL;
	const struct oci_vm_hw_config *hardware = config->vm ? config->vm->hw_config : NULL;
	uint64_t mib = settings->memory_mib;

	size->memory_property = "memory";
	if (hardware && hardware->memory) {
		size->memory_property = "vm.hwConfig.memory";
		mib = *hardware->memory / MIB;
	} else if (memory && memory->limit && *memory->limit > 0) {
		size->memory_property = "linux.resources.memory.limit";
		size->memory_limited = true;
		mib = ((uint64_t)*memory->limit + MIB - 1) / MIB + ZONE_OWN_MIB;
	}
	size->memory_kib = mib * 1024;
	if (size->memory_kib < ZONE_MEMORY_MIN_KIB)
		return error_set(err, 0, "%s: %llu MiB are too few for a kernel", size->memory_property,
			(unsigned long long)mib);
	return 0;
}

int size_check_memory(
	const struct zone_size *size, const struct host_facts *host, uint64_t own_kib, struct error *err)
{
	if (size->memory_kib <= own_kib || size->memory_kib - own_kib <= host->free_memory_kib)
		return 0;
	return error_set(err, 0, "%s: the zone needs %llu MiB%s, and Xen has %llu MiB free",
		size->memory_property, (unsigned long long)(size->memory_kib - own_kib) / 1024,
		own_kib ? " more" : "", (unsigned long long)host->free_memory_kib / 1024);
}

/* quota / period * scale, rounded up; 0 where there is no quota. */
static uint64_t quota_share(const struct oci_cpu *cpu, uint64_t scale)
{
	uint64_t period = cpu && cpu->period && *cpu->period ? *cpu->period : PERIOD;
	uint64_t quota = cpu && cpu->quota && *cpu->quota > 0 ? (uint64_t)*cpu->quota : 0;

	/* Products are to fit. */
	for (; period > UINT32_MAX; period /= 2)
		quota /= 2;
	if (quota / period > UINT32_MAX / scale)
		return UINT32_MAX;
	return quota / period * scale + ((quota % period) * scale + period - 1) / period;
}

static int choose_vcpus(const struct oci_cpu *cpu, const struct oci_vm_hw_config *hardware,
	const struct host_facts *host, uint32_t vcpus, struct zone_size *size, struct error *err)
{
	uint64_t wanted = quota_share(cpu, 1);
	bool given = hardware && hardware->vcpus && *hardware->vcpus;

	if (given || !wanted)
		wanted = given ? *hardware->vcpus : 1;
	if (wanted > host->cpus)
		wanted = host->cpus;
	if (vcpus && !given && wanted > vcpus)
		return error_set(err, 0,
			"linux.resources.cpu.quota: %llu CPUs are more than the zone was made with, which is "
			"%u",
			(unsigned long long)wanted, vcpus);
	size->vcpus = vcpus ? vcpus : (uint32_t)wanted;
	return 0;
}

/* All of its vCPUs together are a cap by themselves, for which Xen has not to count. */
static uint16_t choose_cap(const struct oci_cpu *cpu, uint32_t vcpus)
{
	uint64_t percent = quota_share(cpu, 100);

	return percent < 100ull * vcpus && percent <= UINT16_MAX ? (uint16_t)percent : 0;
}

static uint16_t choose_weight(const struct oci_cpu *cpu)
{
	uint64_t weight = cpu && cpu->shares ? *cpu->shares : 0;

	if (!weight)
		return 0;
	/* Shares have a range, which is four times Xen's. */
	if (weight > (uint64_t)UINT16_MAX * SHARES / ZONE_WEIGHT)
		return UINT16_MAX;
	weight = weight * ZONE_WEIGHT / SHARES;
	return weight ? (uint16_t)weight : 1;
}

static int choose_cpus(
	const char *list, uint32_t cpu_numbers, uint8_t cpus[ZONE_CPUS_MAX / 8], struct error *err)
{
	uint32_t numbers = cpu_numbers < ZONE_CPUS_MAX ? cpu_numbers : ZONE_CPUS_MAX;
	uint64_t mask[ZONE_CPUS_MAX / 64];
	int result = oci_cpu_list_parse(list, mask, ZONE_CPUS_MAX / 64);

	for (uint32_t cpu = numbers; result == 0 && cpu < ZONE_CPUS_MAX; cpu++)
		if (mask[cpu / 64] >> cpu % 64 & 1)
			result = -1;
	if (result)
		return error_set(err, 0,
			"linux.resources.cpu.cpus: \"%s\" names more than Xen's CPUs, which are 0 to %u",
			list, numbers - 1);
	memcpy(cpus, mask, sizeof(mask));
	return 0;
}

int size_choose(const struct oci_config *config, const struct settings *settings,
	const struct host_facts *host, uint32_t vcpus, struct zone_size *size, struct error *err)
{
	const struct oci_resources *resources = config->linux_ ? config->linux_->resources : NULL;
	const struct oci_cpu *cpu = resources ? resources->cpu : NULL;

	*size = (struct zone_size){0};
	if (choose_memory(config, settings, size, err) ||
		choose_vcpus(cpu, config->vm ? config->vm->hw_config : NULL, host, vcpus, size, err))
		return -1;
	size->processors.cap = choose_cap(cpu, size->vcpus);
	size->processors.weight = choose_weight(cpu);
	if (cpu && cpu->cpus)
		return choose_cpus(cpu->cpus, host->cpu_numbers, size->processors.cpus, err);
	return 0;
}
