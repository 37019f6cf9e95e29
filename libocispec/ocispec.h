/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as typed structs: OCI runtime-spec 1.0 to 1.3, config.md, config-linux.md, config-vm.md.
 *
 * A property's field has its JSON name in snake case. How each kind is held:
 *   string            char *x, NULL if absent
 *   list of strings   char **x, ended by NULL, and x_len; x is NULL if absent, not if empty
 *   list of objects   struct T *x and x_len; NULL if absent
 *   list of integers  uint32_t *x and x_len; NULL if absent
 *   object            struct T *x, NULL if absent; process.user alone is embedded: absent means 0:0
 *   scalar            plain where absent means 0 or false, else a pointer, NULL if absent
 *   string map        struct oci_map, empty if absent
 *   object map        a list of objects, with the key as the first member
 * JSON's null is the same as absence, and so is "" unless the property is required. Everything is owned by
 * the outermost struct.
 *
 * Names that the spec lists (capabilities, rlimits, namespaces…) stay strings, known to be in the
 * spec's list once loaded; names.h turns them into the kernel's numbers. mount_options.h does so for
 * mount options. Sections of other platforms (solaris, windows, zos, freebsd) are not decoded.
 */
#ifndef XENRUN_OCISPEC_H
#define XENRUN_OCISPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct oci_map {
	char **keys; /* in the document's order; a key that comes twice has its last value */
	char **values;
	size_t len;
};

/* What the spec says to warn about and go on, as whole messages with the property's path in front. */
struct oci_warnings {
	char **messages;
	size_t len;
};

/* config.md, "Process" */

struct oci_console_size {
	uint64_t height; /* characters; at most 65535 once validated with a terminal */
	uint64_t width;
};

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t *umask;
	uint32_t *additional_gids;
	size_t additional_gids_len;
};

struct oci_capabilities {
	char **bounding;
	size_t bounding_len;
	char **effective;
	size_t effective_len;
	char **inheritable;
	size_t inheritable_len;
	char **permitted;
	size_t permitted_len;
	char **ambient;
	size_t ambient_len;
};

struct oci_rlimit {
	char *type; /* RLIMIT_…: oci_rlimit_number() */
	uint64_t soft;
	uint64_t hard;
};

struct oci_io_priority {
	char *class; /* IOPRIO_CLASS_RT, _BE, _IDLE: oci_ioprio_class_number() */
	int32_t priority;
};

struct oci_scheduler {
	char *policy; /* SCHED_…: oci_sched_policy_number() */
	int32_t nice;
	int32_t priority;
	char **flags; /* SCHED_FLAG_…: oci_sched_flag_bit() */
	size_t flags_len;
	uint64_t runtime; /* ns, as are the next two */
	uint64_t deadline;
	uint64_t period;
};

struct oci_cpu_affinity {
	char *initial; /* CPU list as in cpuset.cpus: "0-3,7": oci_cpu_list_parse() */
	char *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size *console_size; /* to be ignored where there is no terminal */
	struct oci_user user;
	char **args; /* NULL only where a started container does without a process */
	size_t args_len;
	char **env;
	size_t env_len;
	char *cwd; /* absolute */
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t rlimits_len;
	bool no_new_privileges;
	char *apparmor_profile;
	int32_t *oom_score_adj;
	struct oci_scheduler *scheduler;
	char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

/* config.md, "Root", "Mounts", "POSIX-platform Hooks" */

struct oci_root {
	char *path; /* absolute, or relative to the bundle */
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_mount {
	char *destination; /* a relative one is under "/", as runc has it */
	char *type;
	char *source;
	char **options; /* oci_mount_options_parse() */
	size_t options_len;
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
};

struct oci_hook {
	char *path;  /* absolute */
	char **args; /* the whole argv, as execv has it; NULL if absent */
	size_t args_len;
	char **env;
	size_t env_len;
	int64_t *timeout; /* seconds, > 0 */
};

struct oci_hooks {
	struct oci_hook *prestart;
	size_t prestart_len;
	struct oci_hook *create_runtime;
	size_t create_runtime_len;
	struct oci_hook *create_container;
	size_t create_container_len;
	struct oci_hook *start_container;
	size_t start_container_len;
	struct oci_hook *poststart;
	size_t poststart_len;
	struct oci_hook *poststop;
	size_t poststop_len;
};

/* config-linux.md, "Namespaces", "Devices", "Network Devices" */

struct oci_namespace {
	char *type; /* pid, network, mount, ipc, uts, user, cgroup, time: oci_namespace_flag() */
	char *path; /* absolute; NULL: a new one */
};

struct oci_device {
	char *path;	/* absolute */
	char *type;	/* c, b, u or p */
	int64_t *major; /* there unless type is p */
	int64_t *minor;
	uint32_t *file_mode; /* callers put S_IFMT bits in it as well */
	uint32_t *uid;
	uint32_t *gid;
};

struct oci_net_device {
	char *key;  /* its name on the host */
	char *name; /* its name in the container; NULL: the same */
};

/* config-linux.md, "Control groups" */

struct oci_device_rule {
	bool allow;
	char *type; /* a, c or b; NULL: a */
	int64_t *major;
	int64_t *minor;
	char *access; /* of r, w, m; NULL: all */
};

struct oci_memory {
	int64_t *limit; /* bytes, -1 unlimited; so are the next four */
	int64_t *reservation;
	int64_t *swap; /* memory + swap */
	int64_t *kernel;
	int64_t *kernel_tcp;
	uint64_t *swappiness; /* 0 to 100 */
	bool *disable_oom_killer;
	bool *use_hierarchy;
	bool *check_before_update;
};

struct oci_cpu {
	uint64_t *shares;
	int64_t *quota; /* µs; so are the next four */
	uint64_t *burst;
	uint64_t *period;
	int64_t *realtime_runtime;
	uint64_t *realtime_period;
	char *cpus; /* CPU list */
	char *mems; /* node list */
	int64_t *idle;
};

struct oci_pids {
	int64_t *limit; /* -1 unlimited */
};

struct oci_weight_device {
	int64_t major;
	int64_t minor;
	uint16_t *weight;
	uint16_t *leaf_weight;
};

struct oci_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate; /* bytes or operations a second */
};

struct oci_block_io {
	uint16_t *weight;
	uint16_t *leaf_weight;
	struct oci_weight_device *weight_device;
	size_t weight_device_len;
	struct oci_throttle_device *throttle_read_bps_device;
	size_t throttle_read_bps_device_len;
	struct oci_throttle_device *throttle_write_bps_device;
	size_t throttle_write_bps_device_len;
	struct oci_throttle_device *throttle_read_iops_device;
	size_t throttle_read_iops_device_len;
	struct oci_throttle_device *throttle_write_iops_device;
	size_t throttle_write_iops_device_len;
};

struct oci_hugepage_limit {
	char *page_size; /* "64KB", "2MB", "1GB" */
	uint64_t limit;	 /* bytes */
};

struct oci_interface_priority {
	char *name;
	uint32_t priority;
};

struct oci_network {
	uint32_t *class_id;
	struct oci_interface_priority *priorities;
	size_t priorities_len;
};

struct oci_rdma {
	char *key; /* device name */
	uint32_t *hca_handles;
	uint32_t *hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t devices_len;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t hugepage_limits_len;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t rdma_len;
	struct oci_map unified; /* file names of cgroup v2 */
};

/* config-linux.md, "Seccomp" */

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op; /* SCMP_CMP_… */
};

struct oci_seccomp_syscall {
	char **names;
	size_t names_len;
	char *action; /* SCMP_ACT_… */
	uint32_t *errno_ret;
	struct oci_seccomp_arg *args;
	size_t args_len;
};

struct oci_seccomp {
	char *default_action; /* SCMP_ACT_… */
	uint32_t *default_errno_ret;
	char **architectures; /* SCMP_ARCH_… */
	size_t architectures_len;
	char **flags; /* SECCOMP_FILTER_FLAG_… */
	size_t flags_len;
	char *listener_path;
	char *listener_metadata;
	struct oci_seccomp_syscall *syscalls;
	size_t syscalls_len;
};

/* config-linux.md, the rest */

struct oci_intel_rdt {
	char *clos_id;
	char **schemata;
	size_t schemata_len;
	char *l3_cache_schema;
	char *mem_bw_schema;
	bool enable_monitoring;
	bool enable_cmt; /* 1.1 to 1.2 only, as is the next */
	bool enable_mbm;
};

struct oci_memory_policy {
	char *mode;   /* MPOL_…: oci_mpol_mode_number() */
	char *nodes;  /* node list */
	char **flags; /* MPOL_F_…: oci_mpol_flag_bit() */
	size_t flags_len;
};

struct oci_personality {
	char *domain; /* LINUX, LINUX32: oci_personality_number() */
	char **flags; /* the spec defines none: a list that is not empty is an error */
	size_t flags_len;
};

struct oci_time_offset {
	char *key; /* monotonic, boottime */
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t namespaces_len;
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
	struct oci_time_offset *time_offsets;
	size_t time_offsets_len;
	struct oci_device *devices;
	size_t devices_len;
	struct oci_net_device *net_devices;
	size_t net_devices_len;
	char *cgroups_path;
	struct oci_resources *resources;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_map sysctl;
	struct oci_seccomp *seccomp;
	char *rootfs_propagation; /* shared, slave, private, unbindable, or with an r in front */
	char **masked_paths;
	size_t masked_paths_len;
	char **readonly_paths;
	size_t readonly_paths_len;
	char *mount_label;
	struct oci_personality *personality;
};

/* config-vm.md */

struct oci_vm_hypervisor {
	char *path;
	char **parameters;
	size_t parameters_len;
};

struct oci_vm_kernel {
	char *path; /* absolute, on the host */
	char **parameters;
	size_t parameters_len;
	char *initrd;
};

struct oci_vm_image {
	char *path;
	char *format; /* raw, qcow2, vdi, vmdk, vhd; NULL: raw */
};

struct oci_vm_iomem {
	uint64_t *first_gfn; /* NULL: the same as first_mfn */
	uint64_t first_mfn;
	uint64_t nr_mfns;
};

struct oci_vm_hw_config {
	char *device_tree;
	uint32_t *vcpus;
	uint64_t *memory; /* bytes */
	char **dtdevs;
	size_t dtdevs_len;
	struct oci_vm_iomem *iomems;
	size_t iomems_len;
	uint32_t *irqs;
	size_t irqs_len;
};

struct oci_vm {
	struct oci_vm_hypervisor *hypervisor;
	struct oci_vm_kernel *kernel; /* required by the spec: never NULL once loaded */
	struct oci_vm_image *image;
	struct oci_vm_hw_config *hw_config; /* "hwConfig" (the schema's) or "hwconfig" (the Go type's) */
};

struct oci_config {
	char *oci_version;
	struct oci_process *process;
	struct oci_root *root; /* never NULL once loaded */
	char *hostname;
	char *domainname;
	struct oci_mount *mounts;
	size_t mounts_len;
	struct oci_hooks *hooks;
	struct oci_map annotations;
	struct oci_linux *linux_; /* "linux", which gnu11 defines as a macro */
	struct oci_vm *vm;
	struct oci_warnings warnings; /* filled by load and parse */
};

/* Read, decode and validate. NULL with *err set on failure: a syntax error has line and column, any other
 * the property's path in front. The messages of oci_config_load begin with the file's name only where it
 * cannot be read or is not JSON. */
struct oci_config *oci_config_load(const char *path, struct error *err);
/* The same; *text is the file as it was read, the caller's to free unless it is NULL. */
struct oci_config *oci_config_load_and_keep(const char *path, char **text, size_t *length, struct error *err);
struct oci_config *oci_config_parse(const char *text, size_t length, struct error *err);
void oci_config_free(struct oci_config *config);

/* A process of its own, as `exec --process` takes it; paths in messages begin with "process". What is to be
 * warned about is appended to *warnings unless that is NULL. */
struct oci_process *oci_process_load(const char *path, struct oci_warnings *warnings, struct error *err);
struct oci_process *oci_process_parse(
	const char *text, size_t length, struct oci_warnings *warnings, struct error *err);
void oci_process_free(struct oci_process *process);

/* linux.resources of its own, as `update --resources` takes it; path "-" is standard input. */
struct oci_resources *oci_resources_load(const char *path, struct error *err);
struct oci_resources *oci_resources_parse(const char *text, size_t length, struct error *err);
void oci_resources_free(struct oci_resources *resources);

/* config.json of that path as it is once linux.resources is changed by `update`: by what the file says ("-":
 * standard input), or without one the text. Absence, and 0 where it means nothing, leave what there is. Its
 * text goes to *text. What cannot be changed is an error. The caller frees both. */
struct oci_config *oci_config_update(
	const char *path, const char *file, const char *update_text, char **text, struct error *err);

/* What the spec's text asks for beyond types; called by load and parse. For a struct changed afterwards
 * (exec's options over the config's process) call it again. warnings may be NULL. Each gives 0 or -1. */
int oci_config_validate(const struct oci_config *config, struct oci_warnings *warnings, struct error *err);
int oci_process_validate(const struct oci_process *process, struct oci_warnings *warnings, struct error *err);
int oci_resources_validate(const struct oci_resources *resources, struct error *err);

void oci_warnings_free(struct oci_warnings *warnings); /* what it holds, not itself */

/* NULL if there is no such key. Owned by the map. */
const char *oci_map_get(const struct oci_map *map, const char *key);

/* The namespace of this type ("network"), or NULL if the config has none or no linux section. */
const struct oci_namespace *oci_config_namespace(const struct oci_config *config, const char *type);

/* The features document (features.md, features-linux.md), indented, newline at the end. The caller frees it;
 * NULL if there is no memory. */
char *oci_features_json(void);

/* The config.json that `xenrun spec` writes: a shell in ./rootfs with the usual mounts. As above. */
char *oci_default_spec_json(void);

#endif
