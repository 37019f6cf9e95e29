/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/names.h"

#include <ctype.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <time.h>

#define SAME(name)          \
	{                   \
#name, name \
	}
#define END             \
	{               \
		NULL, 0 \
	}

/* config-linux.md, "Namespaces" */
const struct oci_name oci_namespace_names[] = {
	{"cgroup", CLONE_NEWCGROUP},
	{"ipc", CLONE_NEWIPC},
	{"mount", CLONE_NEWNS},
	{"network", CLONE_NEWNET},
	{"pid", CLONE_NEWPID},
	{"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},
	{"uts", CLONE_NEWUTS},
	END,
};

/* getrlimit(2), as config.md, "POSIX process" asks */
const struct oci_name oci_rlimit_names[] = {
	SAME(RLIMIT_AS),
	SAME(RLIMIT_CORE),
	SAME(RLIMIT_CPU),
	SAME(RLIMIT_DATA),
	SAME(RLIMIT_FSIZE),
	SAME(RLIMIT_LOCKS),
	SAME(RLIMIT_MEMLOCK),
	SAME(RLIMIT_MSGQUEUE),
	SAME(RLIMIT_NICE),
	SAME(RLIMIT_NOFILE),
	SAME(RLIMIT_NPROC),
	SAME(RLIMIT_RSS),
	SAME(RLIMIT_RTPRIO),
	SAME(RLIMIT_RTTIME),
	SAME(RLIMIT_SIGPENDING),
	SAME(RLIMIT_STACK),
	END,
};

/* In the kernel's order; libcap knows them too, but not as a list to print. */
const struct oci_name oci_capability_names[] = {
	SAME(CAP_CHOWN),
	SAME(CAP_DAC_OVERRIDE),
	SAME(CAP_DAC_READ_SEARCH),
	SAME(CAP_FOWNER),
	SAME(CAP_FSETID),
	SAME(CAP_KILL),
	SAME(CAP_SETGID),
	SAME(CAP_SETUID),
	SAME(CAP_SETPCAP),
	SAME(CAP_LINUX_IMMUTABLE),
	SAME(CAP_NET_BIND_SERVICE),
	SAME(CAP_NET_BROADCAST),
	SAME(CAP_NET_ADMIN),
	SAME(CAP_NET_RAW),
	SAME(CAP_IPC_LOCK),
	SAME(CAP_IPC_OWNER),
	SAME(CAP_SYS_MODULE),
	SAME(CAP_SYS_RAWIO),
	SAME(CAP_SYS_CHROOT),
	SAME(CAP_SYS_PTRACE),
	SAME(CAP_SYS_PACCT),
	SAME(CAP_SYS_ADMIN),
	SAME(CAP_SYS_BOOT),
	SAME(CAP_SYS_NICE),
	SAME(CAP_SYS_RESOURCE),
	SAME(CAP_SYS_TIME),
	SAME(CAP_SYS_TTY_CONFIG),
	SAME(CAP_MKNOD),
	SAME(CAP_LEASE),
	SAME(CAP_AUDIT_WRITE),
	SAME(CAP_AUDIT_CONTROL),
	SAME(CAP_SETFCAP),
	SAME(CAP_MAC_OVERRIDE),
	SAME(CAP_MAC_ADMIN),
	SAME(CAP_SYSLOG),
	SAME(CAP_WAKE_ALARM),
	SAME(CAP_BLOCK_SUSPEND),
	SAME(CAP_AUDIT_READ),
	SAME(CAP_PERFMON),
	SAME(CAP_BPF),
	SAME(CAP_CHECKPOINT_RESTORE),
	END,
};

/* ioprio_set(2); the kernel's header for them came with 6.5 */
const struct oci_name oci_ioprio_class_names[] = {
	{"IOPRIO_CLASS_RT", 1},
	{"IOPRIO_CLASS_BE", 2},
	{"IOPRIO_CLASS_IDLE", 3},
	END,
};

/* sched_setattr(2). SCHED_ISO has a number and no implementation. */
const struct oci_name oci_sched_policy_names[] = {
	{"SCHED_OTHER", SCHED_NORMAL},
	SAME(SCHED_FIFO),
	SAME(SCHED_RR),
	SAME(SCHED_BATCH),
	{"SCHED_ISO", 4},
	SAME(SCHED_IDLE),
	SAME(SCHED_DEADLINE),
	END,
};

const struct oci_name oci_sched_flag_names[] = {
	SAME(SCHED_FLAG_RESET_ON_FORK),
	SAME(SCHED_FLAG_RECLAIM),
	SAME(SCHED_FLAG_DL_OVERRUN),
	SAME(SCHED_FLAG_KEEP_POLICY),
	SAME(SCHED_FLAG_KEEP_PARAMS),
	SAME(SCHED_FLAG_UTIL_CLAMP_MIN),
	SAME(SCHED_FLAG_UTIL_CLAMP_MAX),
	END,
};

/* set_mempolicy(2) */
const struct oci_name oci_mpol_mode_names[] = {
	SAME(MPOL_DEFAULT),
	SAME(MPOL_BIND),
	SAME(MPOL_INTERLEAVE),
	{"MPOL_WEIGHTED_INTERLEAVE", 6}, /* Linux 6.9 */
	SAME(MPOL_PREFERRED),
	{"MPOL_PREFERRED_MANY", 5}, /* Linux 5.15 */
	SAME(MPOL_LOCAL),
	END,
};

const struct oci_name oci_mpol_flag_names[] = {
	{"MPOL_F_NUMA_BALANCING", 1 << 13},
	SAME(MPOL_F_RELATIVE_NODES),
	SAME(MPOL_F_STATIC_NODES),
	END,
};

/* config-linux.md, "Personality" */
const struct oci_name oci_personality_names[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	END,
};

/* time_namespaces(7) */
const struct oci_name oci_clock_names[] = {
	{"boottime", CLOCK_BOOTTIME},
	{"monotonic", CLOCK_MONOTONIC},
	END,
};

/* config-linux.md, "Rootfs Mount Propagation"; Podman writes the recursive names too */
const struct oci_name oci_propagation_names[] = {
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"rshared", MS_SHARED | MS_REC},
	{"rslave", MS_SLAVE | MS_REC},
	{"runbindable", MS_UNBINDABLE | MS_REC},
	{"shared", MS_SHARED},
	{"slave", MS_SLAVE},
	{"unbindable", MS_UNBINDABLE},
	END,
};

/* config-linux.md, "Seccomp" */
const struct oci_name oci_seccomp_action_names[] = {
	SAME(SCMP_ACT_ALLOW),
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	SAME(SCMP_ACT_KILL),
	SAME(SCMP_ACT_KILL_PROCESS),
	SAME(SCMP_ACT_KILL_THREAD),
	SAME(SCMP_ACT_LOG),
	SAME(SCMP_ACT_NOTIFY),
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	SAME(SCMP_ACT_TRAP),
	END,
};

const struct oci_name oci_seccomp_operator_names[] = {
	SAME(SCMP_CMP_EQ),
	SAME(SCMP_CMP_GE),
	SAME(SCMP_CMP_GT),
	SAME(SCMP_CMP_LE),
	SAME(SCMP_CMP_LT),
	SAME(SCMP_CMP_MASKED_EQ),
	SAME(SCMP_CMP_NE),
	END,
};

/* The last four are the spec's, but libseccomp has them from 2.6 on only. */
const struct oci_name oci_seccomp_arch_names[] = {
	SAME(SCMP_ARCH_AARCH64),
	SAME(SCMP_ARCH_ARM),
	SAME(SCMP_ARCH_MIPS),
	SAME(SCMP_ARCH_MIPS64),
	SAME(SCMP_ARCH_MIPS64N32),
	SAME(SCMP_ARCH_MIPSEL),
	SAME(SCMP_ARCH_MIPSEL64),
	SAME(SCMP_ARCH_MIPSEL64N32),
	SAME(SCMP_ARCH_PARISC),
	SAME(SCMP_ARCH_PARISC64),
	SAME(SCMP_ARCH_PPC),
	SAME(SCMP_ARCH_PPC64),
	SAME(SCMP_ARCH_PPC64LE),
	SAME(SCMP_ARCH_RISCV64),
	SAME(SCMP_ARCH_S390),
	SAME(SCMP_ARCH_S390X),
	SAME(SCMP_ARCH_X32),
	SAME(SCMP_ARCH_X86),
	SAME(SCMP_ARCH_X86_64),
#ifdef SCMP_ARCH_LOONGARCH64
	SAME(SCMP_ARCH_LOONGARCH64),
#endif
#ifdef SCMP_ARCH_M68K
	SAME(SCMP_ARCH_M68K),
#endif
#ifdef SCMP_ARCH_SH
	SAME(SCMP_ARCH_SH),
#endif
#ifdef SCMP_ARCH_SHEB
	SAME(SCMP_ARCH_SHEB),
#endif
	END,
};

/* seccomp(2); WAIT_KILLABLE_RECV came with Linux 5.19 */
const struct oci_name oci_seccomp_flag_names[] = {
	{"SECCOMP_FILTER_FLAG_LOG", 1 << 1},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1 << 2},
	{"SECCOMP_FILTER_FLAG_TSYNC", 1 << 0},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1 << 5},
	END,
};

int64_t oci_name_number(const struct oci_name *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table->number;
	}
	return -1;
}

int oci_rlimit_number(const char *name)
{
	return (int)oci_name_number(oci_rlimit_names, name);
}

int oci_namespace_flag(const char *name)
{
	return (int)oci_name_number(oci_namespace_names, name);
}

int oci_ioprio_class_number(const char *name)
{
	return (int)oci_name_number(oci_ioprio_class_names, name);
}

int oci_sched_policy_number(const char *name)
{
	return (int)oci_name_number(oci_sched_policy_names, name);
}

int64_t oci_sched_flag_bit(const char *name)
{
	return oci_name_number(oci_sched_flag_names, name);
}

int oci_mpol_mode_number(const char *name)
{
	return (int)oci_name_number(oci_mpol_mode_names, name);
}

int oci_mpol_flag_bit(const char *name)
{
	return (int)oci_name_number(oci_mpol_flag_names, name);
}

int64_t oci_personality_number(const char *name)
{
	return oci_name_number(oci_personality_names, name);
}

int oci_capability_number(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (const struct oci_name *entry = oci_capability_names; entry->name; entry++) {
		if (strcasecmp(entry->name + 4, name) == 0)
			return (int)entry->number;
	}
	return -1;
}

const char *oci_capability_name(int number)
{
	for (const struct oci_name *entry = oci_capability_names; entry->name; entry++) {
		if (entry->number == number)
			return entry->name;
	}
	return NULL;
}

/* A number of at most 9 digits at *cursor, which moves behind it; -1 if there is none. */
static long list_number(const char **cursor)
{
	long number = 0;
	int digits = 0;

	for (; isdigit((unsigned char)**cursor); (*cursor)++) {
		if (++digits > 9)
			return -1;
		number = number * 10 + (**cursor - '0');
	}
	return digits ? number : -1;
}

static void skip_spaces(const char **cursor)
{
	while (**cursor == ' ')
		(*cursor)++;
}

int oci_cpu_list_parse(const char *list, uint64_t *mask, size_t words)
{
	memset(mask, 0, words * sizeof(*mask));
	skip_spaces(&list);
	while (*list) {
		long first = list_number(&list);
		long last = first;

		skip_spaces(&list);
		if (*list == '-') {
			list++;
			skip_spaces(&list);
			last = list_number(&list);
			skip_spaces(&list);
		}
		if (first < 0 || last < first || (size_t)last >= words * 64)
			return -1;
		for (size_t bit = (size_t)first; bit <= (size_t)last; bit++)
			mask[bit / 64] |= (uint64_t)1 << bit % 64;
		if (*list == '\0')
			break;
		if (*list++ != ',')
			return -1;
		skip_spaces(&list);
		if (*list == '\0') /* "0-3," */
			return -1;
	}
	return 0;
}
