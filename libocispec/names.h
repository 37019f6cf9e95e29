/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that the spec lists, and the kernel's numbers for them. One table each: validation, features
 * and the compiler of the process spec all read the same.
 */
#ifndef XENRUN_NAMES_H
#define XENRUN_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct oci_name {
	const char *name;
	int64_t number;
};

/* Each ends with a NULL name. */
extern const struct oci_name oci_namespace_names[];	   /* pid → CLONE_NEWPID */
extern const struct oci_name oci_rlimit_names[];	   /* RLIMIT_CPU → RLIMIT_CPU */
extern const struct oci_name oci_capability_names[];	   /* CAP_CHOWN → 0 */
extern const struct oci_name oci_ioprio_class_names[];	   /* IOPRIO_CLASS_RT → 1 */
extern const struct oci_name oci_sched_policy_names[];	   /* SCHED_OTHER → 0 */
extern const struct oci_name oci_sched_flag_names[];	   /* SCHED_FLAG_RESET_ON_FORK → 1 */
extern const struct oci_name oci_mpol_mode_names[];	   /* MPOL_DEFAULT → 0 */
extern const struct oci_name oci_mpol_flag_names[];	   /* MPOL_F_STATIC_NODES → 1 << 15 */
extern const struct oci_name oci_personality_names[];	   /* LINUX → 0 */
extern const struct oci_name oci_clock_names[];		   /* monotonic → CLOCK_MONOTONIC */
extern const struct oci_name oci_propagation_names[];	   /* rslave → MS_SLAVE | MS_REC */
extern const struct oci_name oci_seccomp_action_names[];   /* SCMP_ACT_ALLOW → SCMP_ACT_ALLOW, data 0 */
extern const struct oci_name oci_seccomp_operator_names[]; /* SCMP_CMP_NE → SCMP_CMP_NE */
extern const struct oci_name oci_seccomp_arch_names[];	   /* SCMP_ARCH_X86 → SCMP_ARCH_X86 */
extern const struct oci_name oci_seccomp_flag_names[];	   /* SECCOMP_FILTER_FLAG_LOG → the kernel's bit */

/* The number of a name in one of these tables, or -1. Exact, but see below. (SCMP_ARCH_* and SCMP_ACT_* have
 * bit 31 set: cast the number to uint32_t.) */
int64_t oci_name_number(const struct oci_name *table, const char *name);

/* -1 for what is unknown. */
int oci_rlimit_number(const char *name);       /* "RLIMIT_NOFILE" */
int oci_namespace_flag(const char *name);      /* "network" → CLONE_NEWNET */
int oci_ioprio_class_number(const char *name); /* "IOPRIO_CLASS_BE" */
int oci_sched_policy_number(const char *name); /* "SCHED_FIFO" */
int64_t oci_sched_flag_bit(const char *name);
int oci_mpol_mode_number(const char *name); /* "MPOL_BIND" */
int oci_mpol_flag_bit(const char *name);
int64_t oci_personality_number(const char *name); /* "LINUX32" */

/* Bit number of a capability, in any case, with or without CAP_; -1 if unknown. */
int oci_capability_number(const char *name);
/* "CAP_CHOWN" for 0; NULL for a number without a name. */
const char *oci_capability_name(int number);

/* A signal as kill's callers write it: "9", "KILL", "SIGKILL", "sigkill", "SIGRTMIN+3", "RTMAX-1"; -1 if it
 * is none. "0" is 0. */
int oci_signal(const char *name);

/* A list of CPUs or memory nodes ("0-3,7") as a bit mask: bit n of words[n / 64]. An empty list is an empty
 * mask. -1 if it is not a list, or has a number that does not fit in `words` words. */
int oci_cpu_list_parse(const char *list, uint64_t *mask, size_t words);

/* A sysctl's path below /proc/sys, for "net.ipv4.ip_forward" as for "net/ipv4/ip_forward" (sysctl(8)). The
 * caller frees it. NULL if the name cannot be one: nothing with an empty, "." or ".." part leaves here. */
char *oci_sysctl_path(const char *name);
/* The type of namespace that such a path belongs to: "ipc", "network", "uts"; NULL: the whole kernel's. */
const char *oci_sysctl_namespace(const char *path);

#endif
