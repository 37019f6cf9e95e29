/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-linux.md, "Control groups": what is written into the container's cgroup in its zone, in which runc
 * writes the files of version 2. As there, what version 2 has no file for does nothing: memory.kernel,
 * kernelTCP, swappiness, disableOOMKiller, useHierarchy, cpu.realtime*, network, leafWeight.
 * checkBeforeUpdate is about an update: a new cgroup uses no memory.
 *
 * What names a part of the host is not written, because it would name another in the zone: CPUs and memory
 * nodes (cpu.cpus, cpu.mems), block devices (blockIO.weightDevice and throttle*).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "container/spec.h"
#include "util/cleanup.h"

/* cgroup-v2.rst: the default period, µs. */
#define PERIOD 100000

/* Of the number and the longest words beside it. */
#define VALUE_MAX 64

static void put(
	struct spec *spec, enum zone_op_type type, const char *property, const char *file, const char *value)
{
	spec_begin(spec, type, "linux.resources.%s", property);
	spec_string(spec, file);
	spec_string(spec, value);
	spec_end(spec);
}

static void put_number(
	struct spec *spec, enum zone_op_type type, const char *property, const char *file, uint64_t value)
{
	char text[VALUE_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put(spec, type, property, file, text);
}

/* -1 is no limit. Absent and 0 are unset, as callers write it that know no absence. */
static void put_limit(
	struct spec *spec, enum zone_op_type type, const char *property, const char *file, int64_t limit)
{
	if (limit < 0)
		put(spec, type, property, file, "max");
	else if (limit)
		put_number(spec, type, property, file, (uint64_t)limit);
}

uint64_t resources_cpu_weight(uint64_t shares)
{
	/* The range of version 1, in which the kernel took what was beyond it as the nearest. */
	if (shares < 2)
		shares = 2;
	if (shares > 262144)
		shares = 262144;
	return 1 + (shares - 2) * 9999 / 262142;
}

uint64_t resources_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* In version 1 the limit of swap has the memory in it; here it is of swap alone. */
static int put_swap(int64_t memory, int64_t swap, struct spec *spec, struct error *err)
{
	char text[VALUE_MAX] = "max";

	if (!swap && memory != -1)
		return 0;
	if (swap > 0 && !memory)
		return error_set(err, 0, "linux.resources.memory.swap: cannot be set without memory.limit");
	if (swap > 0)
		snprintf(text, sizeof(text), "%" PRId64, memory > 0 ? swap - memory : swap);
	/* Where the kernel knows no swap, no limit of it is exceeded. */
	put(spec, ZONE_OP_CGROUP_TRY, "memory.swap", "memory.swap.max", text);
	return 0;
}

static int put_memory(const struct oci_memory *memory, struct spec *spec, struct error *err)
{
	int64_t limit = memory->limit ? *memory->limit : 0;

	if (put_swap(limit, memory->swap ? *memory->swap : 0, spec, err))
		return -1;
	put_limit(spec, ZONE_OP_CGROUP, "memory.limit", "memory.max", limit);
	put_limit(spec, ZONE_OP_CGROUP, "memory.reservation", "memory.low",
		memory->reservation ? *memory->reservation : 0);
	return 0;
}

static void put_cpu(const struct oci_cpu *cpu, struct spec *spec)
{
	int64_t quota = cpu->quota ? *cpu->quota : 0;
	uint64_t period = cpu->period ? *cpu->period : 0;
	char text[VALUE_MAX];

	/* An idle cgroup takes no weight, and this one may be idle from before an update. */
	if (cpu->idle && cpu->shares && *cpu->shares)
		put_number(spec, ZONE_OP_CGROUP, "cpu.idle", "cpu.idle", 0);
	if (cpu->shares && *cpu->shares)
		put_number(
			spec, ZONE_OP_CGROUP, "cpu.shares", "cpu.weight", resources_cpu_weight(*cpu->shares));
	if (cpu->idle)
		put_number(spec, ZONE_OP_CGROUP, "cpu.idle", "cpu.idle", (uint64_t)*cpu->idle);
	if (quota || period) {
		period = period ? period : PERIOD;
		if (quota > 0)
			snprintf(text, sizeof(text), "%" PRId64 " %" PRIu64, quota, period);
		else
			snprintf(text, sizeof(text), "max %" PRIu64, period);
		put(spec, ZONE_OP_CGROUP, quota ? "cpu.quota" : "cpu.period", "cpu.max", text);
	}
	/* After the quota, of which it may not be more. */
	if (cpu->burst)
		put_number(spec, ZONE_OP_CGROUP, "cpu.burst", "cpu.max.burst", *cpu->burst);
}

/* A zone's files come from dom0 and not from a disk: where its kernel cannot weigh, nothing is to be weighed.
 */
static void put_block_io(const struct oci_block_io *io, struct spec *spec)
{
	if (!io->weight || !*io->weight)
		return;
	put_number(spec, ZONE_OP_CGROUP_TRY, "blockIO.weight", "io.bfq.weight", *io->weight);
	put_number(spec, ZONE_OP_CGROUP_TRY, "blockIO.weight", "io.weight", resources_io_weight(*io->weight));
}

static void put_huge_pages(const struct oci_hugepage_limit *limits, size_t len, struct spec *spec)
{
	for (size_t i = 0; i < len; i++) {
		char property[40], file[VALUE_MAX];

		snprintf(property, sizeof(property), "hugepageLimits[%zu]", i);
		snprintf(file, sizeof(file), "hugetlb.%s.max", limits[i].page_size);
		/* Of pages that the zone's kernel has not, the container can use none: any limit holds. */
		put_number(spec, ZONE_OP_CGROUP_TRY, property, file, limits[i].limit);
		/* What is reserved counts before it is used; Linux 5.7. */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", limits[i].page_size);
		put_number(spec, ZONE_OP_CGROUP_TRY, property, file, limits[i].limit);
	}
}

static void put_rdma(const struct oci_rdma *rdma, size_t len, struct spec *spec)
{
	for (size_t i = 0; i < len; i++) {
		spec_begin(spec, ZONE_OP_CGROUP, "linux.resources.rdma.%s", rdma[i].key);
		spec_string(spec, "rdma.max");
		spec_bytes(spec, rdma[i].key, strlen(rdma[i].key));
		if (rdma[i].hca_handles) {
			char text[VALUE_MAX];

			snprintf(text, sizeof(text), " hca_handle=%" PRIu32, *rdma[i].hca_handles);
			spec_bytes(spec, text, strlen(text));
		}
		if (rdma[i].hca_objects) {
			char text[VALUE_MAX];

			snprintf(text, sizeof(text), " hca_object=%" PRIu32, *rdma[i].hca_objects);
			spec_bytes(spec, text, strlen(text));
		}
		spec_string(spec, "");
		spec_end(spec);
	}
}

/* Line by line: the kernel takes one at a time of io.max and its like. */
static void put_unified(const char *file, const char *value, struct spec *spec)
{
	const char *end;

	do {
		end = strchrnul(value, '\n');
		spec_begin(spec, ZONE_OP_CGROUP, "linux.resources.unified.%s", file);
		spec_string(spec, file);
		spec_bytes(spec, value, (size_t)(end - value));
		spec_string(spec, "");
		spec_end(spec);
		value = end + 1;
	} while (*end && *value);
}

int compile_limits(const struct oci_resources *resources, struct spec *spec, struct error *err)
{
	if (resources->memory && put_memory(resources->memory, spec, err))
		return -1;
	if (resources->cpu)
		put_cpu(resources->cpu, spec);
	if (resources->pids && resources->pids->limit)
		/* No process at all is not what a caller means by 0. */
		put_limit(spec, ZONE_OP_CGROUP, "pids.limit", "pids.max",
			*resources->pids->limit ? *resources->pids->limit : -1);
	if (resources->block_io)
		put_block_io(resources->block_io, spec);
	put_huge_pages(resources->hugepage_limits, resources->hugepage_limits_len, spec);
	put_rdma(resources->rdma, resources->rdma_len, spec);
	for (size_t i = 0; i < resources->unified.len; i++)
		put_unified(resources->unified.keys[i], resources->unified.values[i], spec);
	return 0;
}

int compile_resources(const struct oci_resources *resources, const struct devices *devices, struct spec *spec,
	struct error *err)
{
	if (compile_limits(resources, spec, err))
		return -1;
	compile_devices(resources, devices, spec);
	return 0;
}
