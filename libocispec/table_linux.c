/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md, but for "Control groups" */
#include "libocispec/tables.h"

static const struct oci_property oci_namespace_properties[] = {
	OCI_SCALAR(oci_namespace, "type", type, OCI_REQUIRED),
	OCI_SCALAR(oci_namespace, "path", path, 0),
};
OCI_TABLE(oci_namespace);

static const struct oci_property oci_time_offset_properties[] = {
	OCI_SCALAR(oci_time_offset, "secs", secs, 0),
	OCI_SCALAR(oci_time_offset, "nanosecs", nanosecs, 0),
};
OCI_TABLE(oci_time_offset);

static const struct oci_property oci_device_properties[] = {
	OCI_SCALAR(oci_device, "path", path, OCI_REQUIRED),
	OCI_SCALAR(oci_device, "type", type, OCI_REQUIRED),
	OCI_SCALAR(oci_device, "major", major, 0),
	OCI_SCALAR(oci_device, "minor", minor, 0),
	OCI_SCALAR(oci_device, "fileMode", file_mode, 0),
	OCI_SCALAR(oci_device, "uid", uid, 0),
	OCI_SCALAR(oci_device, "gid", gid, 0),
};
OCI_TABLE(oci_device);

static const struct oci_property oci_net_device_properties[] = {
	OCI_SCALAR(oci_net_device, "name", name, 0),
};
OCI_TABLE(oci_net_device);

static const struct oci_property oci_seccomp_arg_properties[] = {
	OCI_SCALAR(oci_seccomp_arg, "index", index, OCI_REQUIRED),
	OCI_SCALAR(oci_seccomp_arg, "value", value, OCI_REQUIRED),
	OCI_SCALAR(oci_seccomp_arg, "valueTwo", value_two, 0),
	OCI_SCALAR(oci_seccomp_arg, "op", op, OCI_REQUIRED),
};
OCI_TABLE(oci_seccomp_arg);

static const struct oci_property oci_seccomp_syscall_properties[] = {
	OCI_STRING_LIST(oci_seccomp_syscall, "names", names, OCI_REQUIRED),
	OCI_SCALAR(oci_seccomp_syscall, "action", action, OCI_REQUIRED),
	OCI_SCALAR(oci_seccomp_syscall, "errnoRet", errno_ret, 0),
	OCI_LIST(oci_seccomp_syscall, "args", args, oci_seccomp_arg),
};
OCI_TABLE(oci_seccomp_syscall);

static const struct oci_property oci_seccomp_properties[] = {
	OCI_SCALAR(oci_seccomp, "defaultAction", default_action, OCI_REQUIRED),
	OCI_SCALAR(oci_seccomp, "defaultErrnoRet", default_errno_ret, 0),
	OCI_STRING_LIST(oci_seccomp, "architectures", architectures, 0),
	OCI_STRING_LIST(oci_seccomp, "flags", flags, 0),
	OCI_SCALAR(oci_seccomp, "listenerPath", listener_path, 0),
	OCI_SCALAR(oci_seccomp, "listenerMetadata", listener_metadata, 0),
	OCI_LIST(oci_seccomp, "syscalls", syscalls, oci_seccomp_syscall),
};
OCI_TABLE(oci_seccomp);

static const struct oci_property oci_intel_rdt_properties[] = {
	OCI_SCALAR(oci_intel_rdt, "closID", clos_id, 0),
	OCI_STRING_LIST(oci_intel_rdt, "schemata", schemata, 0),
	OCI_SCALAR(oci_intel_rdt, "l3CacheSchema", l3_cache_schema, 0),
	OCI_SCALAR(oci_intel_rdt, "memBwSchema", mem_bw_schema, 0),
	OCI_SCALAR(oci_intel_rdt, "enableMonitoring", enable_monitoring, 0),
	OCI_SCALAR(oci_intel_rdt, "enableCMT", enable_cmt, 0),
	OCI_SCALAR(oci_intel_rdt, "enableMBM", enable_mbm, 0),
};
OCI_TABLE(oci_intel_rdt);

static const struct oci_property oci_memory_policy_properties[] = {
	OCI_SCALAR(oci_memory_policy, "mode", mode, OCI_REQUIRED),
	OCI_SCALAR(oci_memory_policy, "nodes", nodes, 0),
	OCI_STRING_LIST(oci_memory_policy, "flags", flags, 0),
};
OCI_TABLE(oci_memory_policy);

static const struct oci_property oci_personality_properties[] = {
	OCI_SCALAR(oci_personality, "domain", domain, OCI_REQUIRED),
	OCI_STRING_LIST(oci_personality, "flags", flags, 0),
};
OCI_TABLE(oci_personality);

static const struct oci_property oci_linux_properties[] = {
	OCI_LIST(oci_linux, "namespaces", namespaces, oci_namespace),
	OCI_LIST(oci_linux, "uidMappings", uid_mappings, oci_id_mapping),
	OCI_LIST(oci_linux, "gidMappings", gid_mappings, oci_id_mapping),
	OCI_KEYED(oci_linux, "timeOffsets", time_offsets, oci_time_offset),
	OCI_LIST(oci_linux, "devices", devices, oci_device),
	OCI_KEYED(oci_linux, "netDevices", net_devices, oci_net_device),
	OCI_SCALAR(oci_linux, "cgroupsPath", cgroups_path, 0),
	OCI_ONE(oci_linux, "resources", resources, oci_resources, 0),
	OCI_ONE(oci_linux, "intelRdt", intel_rdt, oci_intel_rdt, 0),
	OCI_ONE(oci_linux, "memoryPolicy", memory_policy, oci_memory_policy, 0),
	OCI_MAP(oci_linux, "sysctl", sysctl),
	OCI_ONE(oci_linux, "seccomp", seccomp, oci_seccomp, 0),
	OCI_SCALAR(oci_linux, "rootfsPropagation", rootfs_propagation, 0),
	OCI_STRING_LIST(oci_linux, "maskedPaths", masked_paths, 0),
	OCI_STRING_LIST(oci_linux, "readonlyPaths", readonly_paths, 0),
	OCI_SCALAR(oci_linux, "mountLabel", mount_label, 0),
	OCI_ONE(oci_linux, "personality", personality, oci_personality, 0),
};
OCI_SHARED_TABLE(oci_linux);
