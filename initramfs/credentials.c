/* SPDX-License-Identifier: Apache-2.0 */
/* The order is runc's: each right is given up once nothing after it needs it. */
#include "initramfs/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/syscalls.h"
#include "initramfs/zone_wire.h"

/* Of a process whose spec says nothing. */
#define UMASK 0022

/* Offsets of ZONE_OP_CAPABILITIES' masks. */
enum { BOUNDING = 0, EFFECTIVE = 8, PERMITTED = 16, INHERITABLE = 24, AMBIENT = 32 };

static int load_filter(const struct op *op)
{
	struct sock_fprog program = {
		.len = (unsigned short)(op->tail_length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)op->tail,
	};
	long result;

	if (op->tail_length / sizeof(struct sock_filter) > BPF_MAXINSNS) {
		errno = E2BIG;
		return -1;
	}
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, op_u32(op, 0), &program);
	if (result > 0)
		/* A thread that could not be given it, or a listener, which no dom0 asks for. */
		errno = EINVAL;
	return result ? -1 : 0;
}

static int drop_bounding(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (has < 0)
			break;
		if (has && !(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -1;
	}
	return 0;
}

static int set_capabilities(const struct op *op)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	uint64_t ambient = op_u64(op, AMBIENT);

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(op_u64(op, EFFECTIVE) >> 32 * i);
		data[i].permitted = (uint32_t)(op_u64(op, PERMITTED) >> 32 * i);
		data[i].inheritable = (uint32_t)(op_u64(op, INHERITABLE) >> 32 * i);
	}
	if (syscall(SYS_capset, &header, data) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -1;
	for (unsigned cap = 0; cap < 64; cap++) {
		/* Those that this kernel does not know yet it cannot give. */
		if (!(ambient >> cap & 1) || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return -1;
	}
	return 0;
}

/* /dev/stdout and its like are opened anew by whom they are for. */
static void give_streams(uid_t uid)
{
	struct stat stat;

	for (int fd = 0; fd < 3; fd++)
		/* An image that runs as another user worked without it as well. */
		if (!fstat(fd, &stat) && S_ISFIFO(stat.st_mode) && stat.st_uid != uid &&
			fchown(fd, uid, (gid_t)-1))
			continue;
}

static int set_user(const struct spec *spec, uint32_t *index)
{
	const struct op *groups = &spec->groups, *user = &spec->user;

	*index = groups->index;
	if (groups->fields && sys_setgroups(groups->tail_length / sizeof(gid_t), (const gid_t *)groups->tail))
		return -1;
	*index = user->index;
	if (!user->fields)
		return 0;
	return sys_setresgid(op_u32(user, 1)) || sys_setresuid(op_u32(user, 0)) ? -1 : 0;
}

static int enter_folder(const char *path)
{
	char where[PATH_MAX];

	if (chdir(path))
		return -1;
	/*
	 * One that is not below the root has a name that does not begin there. Where a filter forbids to ask,
	 * so be it.
	 */
	if (syscall(SYS_getcwd, where, sizeof(where)) <= 0 || *where == '/')
		return 0;
	errno = ENOENT;
	return -1;
}

int credentials_apply(const struct spec *spec, uint32_t *index)
{
	const char *cwd = spec->cwd.fields ? spec->cwd.strings : "/";
	bool keep = spec->capabilities.fields, entered;

	*index = spec->no_new_privileges.index;
	if (spec->no_new_privileges.fields && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	*index = spec->seccomp.index;
	if (!spec->no_new_privileges.fields && spec->seccomp.fields && load_filter(&spec->seccomp))
		return -1;
	if (spec->user.fields)
		give_streams(op_u32(&spec->user, 0));
	/* The user may not be let through where root is, and the other way round on some shares. */
	*index = spec->cwd.index;
	entered = !enter_folder(cwd);
	if (!entered && errno != EACCES && errno != EPERM)
		return -1;
	*index = spec->capabilities.index;
	if (keep &&
		(drop_bounding(op_u64(&spec->capabilities, BOUNDING)) || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)))
		return -1;
	if (set_user(spec, index))
		return -1;
	*index = spec->cwd.index;
	if (!entered && enter_folder(cwd))
		return -1;
	*index = spec->capabilities.index;
	if (keep && (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) || set_capabilities(&spec->capabilities)))
		return -1;
	umask(!spec->user.fields || op_u32(&spec->user, 2) == ~0U ? UMASK : op_u32(&spec->user, 2) & 0777);
	return 0;
}

int credentials_last(const struct spec *spec, uint32_t *index)
{
	*index = spec->seccomp.index;
	if (spec->no_new_privileges.fields && spec->seccomp.fields)
		return load_filter(&spec->seccomp);
	return 0;
}
