/* SPDX-License-Identifier: Apache-2.0 */
/* config.md, "Process". commandLine and user.username are Windows' alone and not decoded. */
#include "libocispec/tables.h"

static const struct oci_property oci_console_size_properties[] = {
	OCI_SCALAR(oci_console_size, "height", height, OCI_REQUIRED),
	OCI_SCALAR(oci_console_size, "width", width, OCI_REQUIRED),
};
OCI_TABLE(oci_console_size);

/* The text calls uid and gid REQUIRED; the schema, its examples and every runtime take 0 for absence. */
static const struct oci_property oci_user_properties[] = {
	OCI_SCALAR(oci_user, "uid", uid, 0),
	OCI_SCALAR(oci_user, "gid", gid, 0),
	OCI_SCALAR(oci_user, "umask", umask, 0),
	OCI_UINT32_LIST(oci_user, "additionalGids", additional_gids),
};
OCI_TABLE(oci_user);

static const struct oci_property oci_capabilities_properties[] = {
	OCI_STRING_LIST(oci_capabilities, "bounding", bounding, 0),
	OCI_STRING_LIST(oci_capabilities, "effective", effective, 0),
	OCI_STRING_LIST(oci_capabilities, "inheritable", inheritable, 0),
	OCI_STRING_LIST(oci_capabilities, "permitted", permitted, 0),
	OCI_STRING_LIST(oci_capabilities, "ambient", ambient, 0),
};
OCI_TABLE(oci_capabilities);

static const struct oci_property oci_rlimit_properties[] = {
	OCI_SCALAR(oci_rlimit, "type", type, OCI_REQUIRED),
	OCI_SCALAR(oci_rlimit, "soft", soft, OCI_REQUIRED),
	OCI_SCALAR(oci_rlimit, "hard", hard, OCI_REQUIRED),
};
OCI_TABLE(oci_rlimit);

/* The text calls priority REQUIRED, the schema does not; it means nothing to IOPRIO_CLASS_IDLE. */
static const struct oci_property oci_io_priority_properties[] = {
	OCI_SCALAR(oci_io_priority, "class", class, OCI_REQUIRED),
	OCI_SCALAR(oci_io_priority, "priority", priority, 0),
};
OCI_TABLE(oci_io_priority);

static const struct oci_property oci_scheduler_properties[] = {
	OCI_SCALAR(oci_scheduler, "policy", policy, OCI_REQUIRED),
	OCI_SCALAR(oci_scheduler, "nice", nice, 0),
	OCI_SCALAR(oci_scheduler, "priority", priority, 0),
	OCI_STRING_LIST(oci_scheduler, "flags", flags, 0),
	OCI_SCALAR(oci_scheduler, "runtime", runtime, 0),
	OCI_SCALAR(oci_scheduler, "deadline", deadline, 0),
	OCI_SCALAR(oci_scheduler, "period", period, 0),
};
OCI_TABLE(oci_scheduler);

static const struct oci_property oci_cpu_affinity_properties[] = {
	OCI_SCALAR(oci_cpu_affinity, "initial", initial, 0),
	OCI_SCALAR(oci_cpu_affinity, "final", final, 0),
};
OCI_TABLE(oci_cpu_affinity);

static const struct oci_property oci_process_properties[] = {
	OCI_SCALAR(oci_process, "terminal", terminal, 0),
	OCI_ONE(oci_process, "consoleSize", console_size, oci_console_size, 0),
	OCI_EMBEDDED(oci_process, "user", user, oci_user),
	OCI_STRING_LIST(oci_process, "args", args, 0),
	OCI_STRING_LIST(oci_process, "env", env, 0),
	OCI_SCALAR(oci_process, "cwd", cwd, OCI_REQUIRED),
	OCI_ONE(oci_process, "capabilities", capabilities, oci_capabilities, 0),
	OCI_LIST(oci_process, "rlimits", rlimits, oci_rlimit),
	OCI_SCALAR(oci_process, "noNewPrivileges", no_new_privileges, 0),
	OCI_SCALAR(oci_process, "apparmorProfile", apparmor_profile, 0),
	OCI_SCALAR(oci_process, "oomScoreAdj", oom_score_adj, 0),
	OCI_ONE(oci_process, "scheduler", scheduler, oci_scheduler, 0),
	OCI_SCALAR(oci_process, "selinuxLabel", selinux_label, 0),
	OCI_ONE(oci_process, "ioPriority", io_priority, oci_io_priority, 0),
	OCI_ONE(oci_process, "execCPUAffinity", exec_cpu_affinity, oci_cpu_affinity, 0),
};
OCI_SHARED_TABLE(oci_process);
