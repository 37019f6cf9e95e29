/* SPDX-License-Identifier: Apache-2.0 */
/* What config-linux.md, "Control groups" asks for beyond types. */
#include "libocispec/validate.h"

#include "util/error.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int validate_device_rules(const struct oci_resources *resources, struct error *err)
{
	for (size_t i = 0; i < resources->devices_len; i++) {
		const struct oci_device_rule *rule = &resources->devices[i];

		if (rule->type && (strlen(rule->type) != 1 || !strchr("abc", *rule->type)))
			return error_set(err, 0, "linux.resources.devices[%zu].type: unknown type \"%s\"", i,
				rule->type);
		if (rule->major && *rule->major < -1) /* -1: all, as callers write that have no null */
			return error_set(err, 0,
				"linux.resources.devices[%zu].major: %" PRId64 " is out of range", i,
				*rule->major);
		if (rule->minor && *rule->minor < -1)
			return error_set(err, 0,
				"linux.resources.devices[%zu].minor: %" PRId64 " is out of range", i,
				*rule->minor);
		if (rule->access && rule->access[strspn(rule->access, "rwm")] != '\0')
			return error_set(err, 0,
				"linux.resources.devices[%zu].access: \"%s\" is not of r, w and m", i,
				rule->access);
	}
	return 0;
}

static int check_limit(const int64_t *limit, const char *name, struct error *err)
{
	if (limit && *limit < -1)
		return error_set(
			err, 0, "linux.resources.memory.%s: %" PRId64 " is out of range", name, *limit);
	return 0;
}

static int validate_memory(const struct oci_memory *memory, struct error *err)
{
	if (check_limit(memory->limit, "limit", err) < 0 ||
		check_limit(memory->reservation, "reservation", err) < 0 ||
		check_limit(memory->swap, "swap", err) < 0 ||
		check_limit(memory->kernel, "kernel", err) < 0 ||
		check_limit(memory->kernel_tcp, "kernelTCP", err) < 0)
		return -1;
	if (memory->limit && memory->swap && *memory->swap > 0 && *memory->limit > *memory->swap)
		return error_set(
			err, 0, "linux.resources.memory.swap: less than limit, which is a part of it");
	if (memory->swappiness && *memory->swappiness > 100)
		return error_set(err, 0, "linux.resources.memory.swappiness: greater than 100");
	return 0;
}

static int validate_cpu(const struct oci_cpu *cpu, struct error *err)
{
	if (cpu->cpus && oci_check_list(cpu->cpus, err) < 0)
		return error_prefix(err, "linux.resources.cpu.cpus");
	if (cpu->mems && oci_check_list(cpu->mems, err) < 0)
		return error_prefix(err, "linux.resources.cpu.mems");
	if (cpu->burst && cpu->quota && *cpu->quota > 0 && *cpu->burst > (uint64_t)*cpu->quota)
		return error_set(err, 0, "linux.resources.cpu.burst: greater than quota");
	if (cpu->idle && *cpu->idle != 0 && *cpu->idle != 1)
		return error_set(err, 0, "linux.resources.cpu.idle: neither 0 nor 1");
	return 0;
}

/* The kernel's range for it; 0 is unset, as runc and crun have it. */
static int check_weight(const uint16_t *weight, struct error *err)
{
	if (weight && *weight != 0 && (*weight < 10 || *weight > 1000))
		return error_set(err, 0, "%u is not between 10 and 1000", *weight);
	return 0;
}

static int validate_throttles(
	const struct oci_throttle_device *devices, size_t len, const char *name, struct error *err)
{
	for (size_t i = 0; i < len; i++) {
		if (devices[i].major < 0 || devices[i].minor < 0)
			return error_set(err, 0,
				"linux.resources.blockIO.%s[%zu]: a device number is negative", name, i);
	}
	return 0;
}

static int validate_block_io(const struct oci_block_io *io, struct error *err)
{
	if (check_weight(io->weight, err) < 0)
		return error_prefix(err, "linux.resources.blockIO.weight");
	if (check_weight(io->leaf_weight, err) < 0)
		return error_prefix(err, "linux.resources.blockIO.leafWeight");
	for (size_t i = 0; i < io->weight_device_len; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		if (device->major < 0 || device->minor < 0)
			return error_set(err, 0,
				"linux.resources.blockIO.weightDevice[%zu]: a device number is negative", i);
		if (!device->weight && !device->leaf_weight)
			return error_set(err, 0,
				"linux.resources.blockIO.weightDevice[%zu]: needs weight or leafWeight", i);
		if (check_weight(device->weight, err) < 0)
			return error_prefix(err, "linux.resources.blockIO.weightDevice[%zu].weight", i);
		if (check_weight(device->leaf_weight, err) < 0)
			return error_prefix(err, "linux.resources.blockIO.weightDevice[%zu].leafWeight", i);
	}
	if (validate_throttles(io->throttle_read_bps_device, io->throttle_read_bps_device_len,
		    "throttleReadBpsDevice", err) < 0 ||
		validate_throttles(io->throttle_write_bps_device, io->throttle_write_bps_device_len,
			"throttleWriteBpsDevice", err) < 0 ||
		validate_throttles(io->throttle_read_iops_device, io->throttle_read_iops_device_len,
			"throttleReadIOPSDevice", err) < 0)
		return -1;
	return validate_throttles(io->throttle_write_iops_device, io->throttle_write_iops_device_len,
		"throttleWriteIOPSDevice", err);
}

/* "64KB", "2MB", "1GB" */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && *text != '0' && text[digits] != '\0' && strchr("KMG", text[digits]) &&
	       strcmp(text + digits + 1, "B") == 0;
}

/* A page of any other size no machine has. */
static bool is_power_of_two(const char *text)
{
	unsigned long number = strtoul(text, NULL, 10);

	return (number & (number - 1)) == 0;
}

/* Keys are file names in the container's cgroup: nothing else may be written by them. */
static int validate_unified(const struct oci_map *unified, struct error *err)
{
	for (size_t i = 0; i < unified->len; i++) {
		const char *key = unified->keys[i];
		const char *dot = strchr(key, '.');

		if (strchr(key, '/') || !dot || dot == key || dot[1] == '\0')
			return error_set(err, 0,
				"linux.resources.unified[\"%s\"]: not a file name like \"memory.max\"", key);
	}
	return 0;
}

int oci_resources_validate(const struct oci_resources *resources, struct error *err)
{
	if (validate_device_rules(resources, err) < 0)
		return -1;
	if (resources->memory && validate_memory(resources->memory, err) < 0)
		return -1;
	if (resources->cpu && validate_cpu(resources->cpu, err) < 0)
		return -1;
	if (resources->pids && resources->pids->limit && *resources->pids->limit < -1)
		return error_set(err, 0, "linux.resources.pids.limit: %" PRId64 " is out of range",
			*resources->pids->limit);
	if (resources->block_io && validate_block_io(resources->block_io, err) < 0)
		return -1;
	for (size_t i = 0; i < resources->hugepage_limits_len; i++) {
		const char *size = resources->hugepage_limits[i].page_size;

		if (!is_page_size(size))
			return error_set(err, 0,
				"linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is not a size like "
				"\"2MB\"",
				i, size);
		if (!is_power_of_two(size))
			return error_set(err, 0,
				"linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is not a power of two",
				i, size);
	}
	for (size_t i = 0; i < resources->rdma_len; i++) {
		if (!resources->rdma[i].hca_handles && !resources->rdma[i].hca_objects)
			return error_set(err, 0,
				"linux.resources.rdma[\"%s\"]: needs hcaHandles or hcaObjects",
				resources->rdma[i].key);
	}
	return validate_unified(&resources->unified, err);
}
