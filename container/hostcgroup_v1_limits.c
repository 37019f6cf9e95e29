/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-linux.md, "Control groups": linux.resources in the files of version 1 of cgroups, as runc writes
 * them. What is absent stays as it is, and so does what is 0 where that means unset. A file that this kernel
 * does not have is an error, but those that the specification advises against (memory.kernel, kernelTCP).
 *
 * rdma and unified are the zone's alone: no file of version 1 is meant by them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "container/devices.h"
#include "container/hostcgroup_internal.h"
#include "util/cleanup.h"

/* Of the longest value: a list of CPUs. */
#define VALUE_MAX 4096

/* The name of a file begins with its controller's. */
static int write_file(const struct hostcgroup *cgroup, const char *file, const char *value)
{
	char controller[32];
	cleanup_close int dir = -1;

	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(file, "."), file);
	dir = hostcgroup_v1_open(cgroup, controller);
	return dir < 0 ? -1 : cgroup_put(dir, file, value);
}

static int refused(const char *property, const char *file, struct error *err)
{
	return error_set(err, errno, "linux.resources.%s: %s of the host", property, file);
}

static int put(const struct hostcgroup *cgroup, const char *property, const char *file, const char *value,
	struct error *err)
{
	return write_file(cgroup, file, value) ? refused(property, file, err) : 0;
}

/* -1 is no limit, which these files take as it is. */
static int put_number(const struct hostcgroup *cgroup, const char *property, const char *file, int64_t value,
	struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return put(cgroup, property, file, text, err);
}

/* Unset when it is 0. */
static int put_limit(const struct hostcgroup *cgroup, const char *property, const char *file, int64_t value,
	struct error *err)
{
	return value ? put_number(cgroup, property, file, value, err) : 0;
}

/* A file that this kernel does not have, or no longer takes anything by, is passed over. */
static int put_try(const struct hostcgroup *cgroup, const char *property, const char *file, int64_t value,
	struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	if (!value || write_file(cgroup, file, text) == 0 || errno == ENOENT || errno == EOPNOTSUPP)
		return 0;
	return refused(property, file, err);
}

static int64_t signed_or_0(const int64_t *value)
{
	return value ? *value : 0;
}

static int64_t or_0(const uint64_t *value)
{
	return !value ? 0 : *value > INT64_MAX ? INT64_MAX : (int64_t)*value;
}

/* Two values of which the kernel takes neither while it contradicts what the other one was: the first is
 * written again after the second, if need be. */
static int put_pair(const struct hostcgroup *cgroup, const char *const properties[2],
	const char *const files[2], const int64_t values[2], struct error *err)
{
	char text[32];
	bool again = false;

	snprintf(text, sizeof(text), "%" PRId64, values[0]);
	if (values[0] && write_file(cgroup, files[0], text)) {
		if (errno != EINVAL || !values[1])
			return refused(properties[0], files[0], err);
		again = true;
	}
	if (put_limit(cgroup, properties[1], files[1], values[1], err))
		return -1;
	return again ? put_number(cgroup, properties[0], files[0], values[0], err) : 0;
}

static int limit_memory(const struct hostcgroup *cgroup, const struct oci_memory *memory, struct error *err)
{
	const char *const properties[] = {"memory.swap", "memory.limit"};
	const char *const files[] = {"memory.memsw.limit_in_bytes", "memory.limit_in_bytes"};
	int64_t limits[] = {signed_or_0(memory->swap), signed_or_0(memory->limit)};

	/* Without a limit of memory there is none of memory and swap. */
	if (limits[1] == -1 && !limits[0] && put_try(cgroup, properties[0], files[0], -1, err))
		return -1;
	if (put_pair(cgroup, properties, files, limits, err) ||
		put_limit(cgroup, "memory.reservation", "memory.soft_limit_in_bytes",
			signed_or_0(memory->reservation), err) ||
		put_try(cgroup, "memory.kernel", "memory.kmem.limit_in_bytes", signed_or_0(memory->kernel),
			err) ||
		put_try(cgroup, "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
			signed_or_0(memory->kernel_tcp), err))
		return -1;
	if (memory->swappiness &&
		put_number(cgroup, "memory.swappiness", "memory.swappiness", or_0(memory->swappiness), err))
		return -1;
	return memory->disable_oom_killer ? put_number(cgroup, "memory.disableOOMKiller",
						    "memory.oom_control", *memory->disable_oom_killer, err)
					  : 0;
}

static int limit_cpu(const struct hostcgroup *cgroup, const struct oci_cpu *cpu, struct error *err)
{
	const char *const properties[] = {"cpu.period", "cpu.quota"};
	const char *const files[] = {"cpu.cfs_period_us", "cpu.cfs_quota_us"};
	const int64_t values[] = {or_0(cpu->period), signed_or_0(cpu->quota)};
	const char *const realtime[] = {"cpu.realtimePeriod", "cpu.realtimeRuntime"};
	const char *const realtime_files[] = {"cpu.rt_period_us", "cpu.rt_runtime_us"};
	const int64_t realtime_values[] = {or_0(cpu->realtime_period), signed_or_0(cpu->realtime_runtime)};

	/* An idle cgroup takes no shares, and this one may be idle from before an update. */
	if (cpu->idle && cpu->shares && *cpu->shares && put_number(cgroup, "cpu.idle", "cpu.idle", 0, err))
		return -1;
	if (put_limit(cgroup, "cpu.shares", "cpu.shares", or_0(cpu->shares), err) ||
		(cpu->idle && put_number(cgroup, "cpu.idle", "cpu.idle", *cpu->idle, err)) ||
		put_pair(cgroup, properties, files, values, err) ||
		put_pair(cgroup, realtime, realtime_files, realtime_values, err))
		return -1;
	/* After the quota, of which it may not be more. */
	if (cpu->burst && put_number(cgroup, "cpu.burst", "cpu.cfs_burst_us", or_0(cpu->burst), err))
		return -1;
	if (cpu->cpus && *cpu->cpus && put(cgroup, "cpu.cpus", "cpuset.cpus", cpu->cpus, err))
		return -1;
	return cpu->mems && *cpu->mems ? put(cgroup, "cpu.mems", "cpuset.mems", cpu->mems, err) : 0;
}

static int limit_pids(const struct hostcgroup *cgroup, int64_t limit, struct error *err)
{
	/* No process at all is not what a caller means by 0. */
	return limit > 0 ? put_number(cgroup, "pids.limit", "pids.max", limit, err)
			 : put(cgroup, "pids.limit", "pids.max", "max", err);
}

/* Since Linux 5.0 it is the scheduler BFQ that weighs, if its module is there. */
static int put_weight(const struct hostcgroup *cgroup, const char *property, const char *file,
	const char *bfq_file, const char *value, struct error *err)
{
	if (write_file(cgroup, file, value) == 0 ||
		(errno == ENOENT && bfq_file && write_file(cgroup, bfq_file, value) == 0))
		return 0;
	return refused(property, file, err);
}

static int limit_weights(const struct hostcgroup *cgroup, const struct oci_block_io *io, struct error *err)
{
	char property[48], value[64];

	if (io->weight && *io->weight) {
		snprintf(value, sizeof(value), "%u", *io->weight);
		if (put_weight(cgroup, "blockIO.weight", "blkio.weight", "blkio.bfq.weight", value, err))
			return -1;
	}
	if (put_limit(cgroup, "blockIO.leafWeight", "blkio.leaf_weight",
		    io->leaf_weight ? *io->leaf_weight : 0, err))
		return -1;
	for (size_t i = 0; i < io->weight_device_len; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		snprintf(property, sizeof(property), "blockIO.weightDevice[%zu]", i);
		if (device->weight && *device->weight) {
			snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %u", device->major,
				device->minor, *device->weight);
			if (put_weight(cgroup, property, "blkio.weight_device", "blkio.bfq.weight_device",
				    value, err))
				return -1;
		}
		if (device->leaf_weight && *device->leaf_weight) {
			snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %u", device->major,
				device->minor, *device->leaf_weight);
			if (put(cgroup, property, "blkio.leaf_weight_device", value, err))
				return -1;
		}
	}
	return 0;
}

static int limit_rates(const struct hostcgroup *cgroup, const struct oci_throttle_device *devices, size_t len,
	const char *property, const char *file, struct error *err)
{
	char numbered[64], value[80];

	for (size_t i = 0; i < len; i++) {
		snprintf(numbered, sizeof(numbered), "blockIO.%s[%zu]", property, i);
		snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %" PRIu64, devices[i].major,
			devices[i].minor, devices[i].rate);
		if (put(cgroup, numbered, file, value, err))
			return -1;
	}
	return 0;
}

static int limit_block_io(const struct hostcgroup *cgroup, const struct oci_block_io *io, struct error *err)
{
	if (limit_weights(cgroup, io, err) ||
		limit_rates(cgroup, io->throttle_read_bps_device, io->throttle_read_bps_device_len,
			"throttleReadBpsDevice", "blkio.throttle.read_bps_device", err) ||
		limit_rates(cgroup, io->throttle_write_bps_device, io->throttle_write_bps_device_len,
			"throttleWriteBpsDevice", "blkio.throttle.write_bps_device", err) ||
		limit_rates(cgroup, io->throttle_read_iops_device, io->throttle_read_iops_device_len,
			"throttleReadIOPSDevice", "blkio.throttle.read_iops_device", err))
		return -1;
	return limit_rates(cgroup, io->throttle_write_iops_device, io->throttle_write_iops_device_len,
		"throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", err);
}

static int limit_huge_pages(const struct hostcgroup *cgroup, const struct oci_hugepage_limit *limits,
	size_t len, struct error *err)
{
	char property[40], file[64], value[32];

	for (size_t i = 0; i < len; i++) {
		snprintf(property, sizeof(property), "hugepageLimits[%zu]", i);
		snprintf(value, sizeof(value), "%" PRIu64, limits[i].limit);
		snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", limits[i].page_size);
		/* A size that the kernel has not is denied. */
		if (write_file(cgroup, file, value) && (errno != ENOENT || limits[i].limit))
			return refused(property, file, err);
		/* What is reserved counts before it is used; Linux 5.7. */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.limit_in_bytes", limits[i].page_size);
		if (write_file(cgroup, file, value) && errno != ENOENT)
			return refused(property, file, err);
	}
	return 0;
}

static int limit_network(
	const struct hostcgroup *cgroup, const struct oci_network *network, struct error *err)
{
	char property[48];

	if (network->class_id &&
		put_limit(cgroup, "network.classID", "net_cls.classid", *network->class_id, err))
		return -1;
	for (size_t i = 0; i < network->priorities_len; i++) {
		cleanup_free char *value = NULL;

		snprintf(property, sizeof(property), "network.priorities[%zu]", i);
		if (asprintf(&value, "%s %" PRIu32, network->priorities[i].name,
			    network->priorities[i].priority) < 0)
			return error_set(err, ENOMEM, "linux.resources.%s", property);
		if (put(cgroup, property, "net_prio.ifpriomap", value, err))
			return -1;
	}
	return 0;
}

/* A negative number is any. */
static int put_rule(const struct hostcgroup *cgroup, const char *property, bool allow, char type,
	int64_t major, int64_t minor, const char *access, struct error *err)
{
	char value[80], numbers[2][24] = {"*", "*"};

	if (major >= 0)
		snprintf(numbers[0], sizeof(numbers[0]), "%" PRId64, major);
	if (minor >= 0)
		snprintf(numbers[1], sizeof(numbers[1]), "%" PRId64, minor);
	snprintf(value, sizeof(value), "%c %s:%s %s", type, numbers[0], numbers[1], access);
	return put(cgroup, property, allow ? "devices.allow" : "devices.deny", value, err);
}

static int put_rules(const struct hostcgroup *cgroup, const char *property,
	const struct oci_device_rule *rule, struct error *err)
{
	const char *access = rule->access ? rule->access : "rwm";
	int64_t major = rule->major ? *rule->major : -1, minor = rule->minor ? *rule->minor : -1;
	bool every = !rule->type || *rule->type == 'a';

	if (!*access)
		return 0;
	/* The kernel takes a rule of type a as one for all devices and every access, whatever it says. */
	if (every && major < 0 && minor < 0 && strlen(access) == 3)
		return put(cgroup, property, rule->allow ? "devices.allow" : "devices.deny", "a", err);
	for (const char *type = every ? "bc" : rule->type; *type; type++)
		if (put_rule(cgroup, property, rule->allow, *type, major, minor, access, err))
			return -1;
	return 0;
}

/* In the listed order, by which the last one decides. */
static int rule_devices(
	const struct hostcgroup *cgroup, const struct oci_resources *resources, struct error *err)
{
	char property[32];

	if (!resources->devices_len)
		return 0;
	for (size_t i = 0; i < resources->devices_len; i++) {
		snprintf(property, sizeof(property), "devices[%zu]", i);
		if (put_rules(cgroup, property, &resources->devices[i], err))
			return -1;
	}
	for (const struct oci_device_rule *always = devices_always; always->access; always++)
		if (put_rules(cgroup, "devices", always, err))
			return -1;
	return 0;
}

int hostcgroup_limit(const struct hostcgroup *cgroup, const struct oci_resources *resources, bool is_new,
	struct error *err)
{
	if (!resources || !cgroup->hierarchies)
		return 0;
	if ((resources->memory && limit_memory(cgroup, resources->memory, err)) ||
		(resources->cpu && limit_cpu(cgroup, resources->cpu, err)) ||
		(resources->pids && resources->pids->limit &&
			limit_pids(cgroup, *resources->pids->limit, err)) ||
		(resources->block_io && limit_block_io(cgroup, resources->block_io, err)) ||
		limit_huge_pages(cgroup, resources->hugepage_limits, resources->hugepage_limits_len, err) ||
		(resources->network && limit_network(cgroup, resources->network, err)))
		return -1;
	return is_new ? rule_devices(cgroup, resources, err) : 0;
}
