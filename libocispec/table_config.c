/* SPDX-License-Identifier: Apache-2.0 */
/* config.md, but for "Process". Sections of other platforms have no row, so they are ignored. */
#include "libocispec/tables.h"

static const struct oci_property oci_root_properties[] = {
	OCI_SCALAR(oci_root, "path", path, OCI_REQUIRED),
	OCI_SCALAR(oci_root, "readonly", readonly, 0),
};
OCI_TABLE(oci_root);

static const struct oci_property oci_id_mapping_properties[] = {
	OCI_SCALAR(oci_id_mapping, "containerID", container_id, OCI_REQUIRED),
	OCI_SCALAR(oci_id_mapping, "hostID", host_id, OCI_REQUIRED),
	OCI_SCALAR(oci_id_mapping, "size", size, OCI_REQUIRED),
};
OCI_SHARED_TABLE(oci_id_mapping);

static const struct oci_property oci_mount_properties[] = {
	OCI_SCALAR(oci_mount, "destination", destination, OCI_REQUIRED),
	OCI_SCALAR(oci_mount, "type", type, 0),
	OCI_SCALAR(oci_mount, "source", source, 0),
	OCI_STRING_LIST(oci_mount, "options", options, 0),
	OCI_LIST(oci_mount, "uidMappings", uid_mappings, oci_id_mapping),
	OCI_LIST(oci_mount, "gidMappings", gid_mappings, oci_id_mapping),
};
OCI_TABLE(oci_mount);

static const struct oci_property oci_hook_properties[] = {
	OCI_SCALAR(oci_hook, "path", path, OCI_REQUIRED),
	OCI_STRING_LIST(oci_hook, "args", args, 0),
	OCI_STRING_LIST(oci_hook, "env", env, 0),
	OCI_SCALAR(oci_hook, "timeout", timeout, 0),
};
OCI_TABLE(oci_hook);

static const struct oci_property oci_hooks_properties[] = {
	OCI_LIST(oci_hooks, "prestart", prestart, oci_hook),
	OCI_LIST(oci_hooks, "createRuntime", create_runtime, oci_hook),
	OCI_LIST(oci_hooks, "createContainer", create_container, oci_hook),
	OCI_LIST(oci_hooks, "startContainer", start_container, oci_hook),
	OCI_LIST(oci_hooks, "poststart", poststart, oci_hook),
	OCI_LIST(oci_hooks, "poststop", poststop, oci_hook),
};
OCI_TABLE(oci_hooks);

static const struct oci_property oci_config_properties[] = {
	OCI_SCALAR(oci_config, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_ONE(oci_config, "process", process, oci_process, 0),
	OCI_ONE(oci_config, "root", root, oci_root, OCI_REQUIRED),
	OCI_SCALAR(oci_config, "hostname", hostname, 0),
	OCI_SCALAR(oci_config, "domainname", domainname, 0),
	OCI_LIST(oci_config, "mounts", mounts, oci_mount),
	OCI_ONE(oci_config, "hooks", hooks, oci_hooks, 0),
	OCI_MAP(oci_config, "annotations", annotations),
	OCI_ONE(oci_config, "linux", linux_, oci_linux, 0),
	OCI_ONE(oci_config, "vm", vm, oci_vm, 0),
};
OCI_SHARED_TABLE(oci_config);
