/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md, "Control groups" */
#include "libocispec/tables.h"

static const struct oci_property oci_device_rule_properties[] = {
	OCI_SCALAR(oci_device_rule, "allow", allow, OCI_REQUIRED),
	OCI_SCALAR(oci_device_rule, "type", type, 0),
	OCI_SCALAR(oci_device_rule, "major", major, 0),
	OCI_SCALAR(oci_device_rule, "minor", minor, 0),
	OCI_SCALAR(oci_device_rule, "access", access, 0),
};
OCI_TABLE(oci_device_rule);

static const struct oci_property oci_memory_properties[] = {
	OCI_SCALAR(oci_memory, "limit", limit, 0),
	OCI_SCALAR(oci_memory, "reservation", reservation, 0),
	OCI_SCALAR(oci_memory, "swap", swap, 0),
	OCI_SCALAR(oci_memory, "kernel", kernel, 0),
	OCI_SCALAR(oci_memory, "kernelTCP", kernel_tcp, 0),
	OCI_SCALAR(oci_memory, "swappiness", swappiness, 0),
	OCI_SCALAR(oci_memory, "disableOOMKiller", disable_oom_killer, 0),
	OCI_SCALAR(oci_memory, "useHierarchy", use_hierarchy, 0),
	OCI_SCALAR(oci_memory, "checkBeforeUpdate", check_before_update, 0),
};
OCI_TABLE(oci_memory);

static const struct oci_property oci_cpu_properties[] = {
	OCI_SCALAR(oci_cpu, "shares", shares, 0),
	OCI_SCALAR(oci_cpu, "quota", quota, 0),
	OCI_SCALAR(oci_cpu, "burst", burst, 0),
	OCI_SCALAR(oci_cpu, "period", period, 0),
	OCI_SCALAR(oci_cpu, "realtimeRuntime", realtime_runtime, 0),
	OCI_SCALAR(oci_cpu, "realtimePeriod", realtime_period, 0),
	OCI_SCALAR(oci_cpu, "cpus", cpus, 0),
	OCI_SCALAR(oci_cpu, "mems", mems, 0),
	OCI_SCALAR(oci_cpu, "idle", idle, 0),
};
OCI_TABLE(oci_cpu);

/* The schema calls limit required, the text does not; absence is "no limit". */
static const struct oci_property oci_pids_properties[] = {
	OCI_SCALAR(oci_pids, "limit", limit, 0),
};
OCI_TABLE(oci_pids);

static const struct oci_property oci_weight_device_properties[] = {
	OCI_SCALAR(oci_weight_device, "major", major, OCI_REQUIRED),
	OCI_SCALAR(oci_weight_device, "minor", minor, OCI_REQUIRED),
	OCI_SCALAR(oci_weight_device, "weight", weight, 0),
	OCI_SCALAR(oci_weight_device, "leafWeight", leaf_weight, 0),
};
OCI_TABLE(oci_weight_device);

static const struct oci_property oci_throttle_device_properties[] = {
	OCI_SCALAR(oci_throttle_device, "major", major, OCI_REQUIRED),
	OCI_SCALAR(oci_throttle_device, "minor", minor, OCI_REQUIRED),
	OCI_SCALAR(oci_throttle_device, "rate", rate, OCI_REQUIRED),
};
OCI_TABLE(oci_throttle_device);

static const struct oci_property oci_block_io_properties[] = {
	OCI_SCALAR(oci_block_io, "weight", weight, 0),
	OCI_SCALAR(oci_block_io, "leafWeight", leaf_weight, 0),
	OCI_LIST(oci_block_io, "weightDevice", weight_device, oci_weight_device),
	OCI_LIST(oci_block_io, "throttleReadBpsDevice", throttle_read_bps_device, oci_throttle_device),
	OCI_LIST(oci_block_io, "throttleWriteBpsDevice", throttle_write_bps_device, oci_throttle_device),
	OCI_LIST(oci_block_io, "throttleReadIOPSDevice", throttle_read_iops_device, oci_throttle_device),
	OCI_LIST(oci_block_io, "throttleWriteIOPSDevice", throttle_write_iops_device, oci_throttle_device),
};
OCI_TABLE(oci_block_io);

static const struct oci_property oci_hugepage_limit_properties[] = {
	OCI_SCALAR(oci_hugepage_limit, "pageSize", page_size, OCI_REQUIRED),
	OCI_SCALAR(oci_hugepage_limit, "limit", limit, OCI_REQUIRED),
};
OCI_TABLE(oci_hugepage_limit);

static const struct oci_property oci_interface_priority_properties[] = {
	OCI_SCALAR(oci_interface_priority, "name", name, OCI_REQUIRED),
	OCI_SCALAR(oci_interface_priority, "priority", priority, OCI_REQUIRED),
};
OCI_TABLE(oci_interface_priority);

static const struct oci_property oci_network_properties[] = {
	OCI_SCALAR(oci_network, "classID", class_id, 0),
	OCI_LIST(oci_network, "priorities", priorities, oci_interface_priority),
};
OCI_TABLE(oci_network);

static const struct oci_property oci_rdma_properties[] = {
	OCI_SCALAR(oci_rdma, "hcaHandles", hca_handles, 0),
	OCI_SCALAR(oci_rdma, "hcaObjects", hca_objects, 0),
};
OCI_TABLE(oci_rdma);

static const struct oci_property oci_resources_properties[] = {
	OCI_LIST(oci_resources, "devices", devices, oci_device_rule),
	OCI_ONE(oci_resources, "memory", memory, oci_memory, 0),
	OCI_ONE(oci_resources, "cpu", cpu, oci_cpu, 0),
	OCI_ONE(oci_resources, "pids", pids, oci_pids, 0),
	OCI_ONE(oci_resources, "blockIO", block_io, oci_block_io, 0),
	OCI_LIST(oci_resources, "hugepageLimits", hugepage_limits, oci_hugepage_limit),
	OCI_ONE(oci_resources, "network", network, oci_network, 0),
	OCI_KEYED(oci_resources, "rdma", rdma, oci_rdma),
	OCI_MAP(oci_resources, "unified", unified),
};
OCI_SHARED_TABLE(oci_resources);
