/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that libc does not wrap, or wraps for all threads of a process: a child made by
 * clone3 has one thread, whatever libc remembers of its parent.
 */
#ifndef XENRUN_SYSCALLS_H
#define XENRUN_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* Named apart from the kernel's headers, which libc's own cannot stand beside. */
#define ZONE_CLONE_INTO_CGROUP	 0x200000000ULL
#define ZONE_CLONE_NEWTIME	 0x80U
#define ZONE_CLOSE_RANGE_CLOEXEC 4U

#define ZONE_IOPRIO_WHO_PROCESS 1

#define ZONE_RESOLVE_NO_MAGICLINKS 0x02U
#define ZONE_RESOLVE_NO_SYMLINKS   0x04U
#define ZONE_RESOLVE_BENEATH	   0x08U
#define ZONE_RESOLVE_IN_ROOT	   0x10U

#define ZONE_OPEN_TREE_CLONE	1U
#define ZONE_OPEN_TREE_CLOEXEC	02000000U
#define ZONE_AT_RECURSIVE	0x8000U
#define ZONE_AT_EMPTY_PATH	0x1000U
#define ZONE_MOVE_MOUNT_F_EMPTY 0x04U
#define ZONE_MOVE_MOUNT_T_EMPTY 0x40U

#define ZONE_MOUNT_RDONLY      0x01U
#define ZONE_MOUNT_NOSUID      0x02U
#define ZONE_MOUNT_NODEV       0x04U
#define ZONE_MOUNT_NOEXEC      0x08U
#define ZONE_MOUNT_ATIME       0x70U /* the field; 0 in it is relatime */
#define ZONE_MOUNT_NOATIME     0x10U
#define ZONE_MOUNT_STRICTATIME 0x20U
#define ZONE_MOUNT_NODIRATIME  0x80U
#define ZONE_MOUNT_NOSYMFOLLOW 0x200000U
#define ZONE_MS_NOSYMFOLLOW    256U

struct zone_clone_args {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
	uint64_t exit_signal;
	uint64_t stack;
	uint64_t stack_size;
	uint64_t tls;
	uint64_t set_tid;
	uint64_t set_tid_size;
	uint64_t cgroup;
};

struct zone_open_how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

/* As of Linux 5.3. */
struct zone_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

struct zone_mount_attr {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

static inline pid_t sys_clone3(const struct zone_clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

static inline int sys_openat2(int dir, const char *path, const struct zone_open_how *how)
{
	return (int)syscall(SYS_openat2, dir, path, how, sizeof(*how));
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags);
}

static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int sys_mount_setattr(
	int dir, const char *path, unsigned flags, const struct zone_mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dir, path, flags, attr, sizeof(*attr));
}

static inline int sys_pivot_root(const char *root, const char *old)
{
	return (int)syscall(SYS_pivot_root, root, old);
}

static inline int sys_setgroups(size_t count, const gid_t *groups)
{
	return (int)syscall(SYS_setgroups, count, groups);
}

static inline int sys_setresgid(gid_t gid)
{
	return (int)syscall(SYS_setresgid, gid, gid, gid);
}

static inline int sys_setresuid(uid_t uid)
{
	return (int)syscall(SYS_setresuid, uid, uid, uid);
}

#endif
