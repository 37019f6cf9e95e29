/* SPDX-License-Identifier: Apache-2.0 */
#include "container/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <xen/xen.h>

/* It uses its types. */
#include <xen/sys/evtchn.h>

/* Freed memory at the end of the heap that is kept, so that large answers do not move it each time. */
#define HEAP_KEPT (4 << 20)

static const cap_value_t standin_capabilities[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP};

static const struct confine_rule standin_rules[] = {
	/* the loop: rings, streams, the monitor, exec's callers */
	{.call = SCMP_SYS(ppoll)},
	{.call = SCMP_SYS(read)},
	{.call = SCMP_SYS(write)},
	{.call = SCMP_SYS(recvmsg)},
	{SCMP_SYS(sendto), 5, 0}, /* to nobody but the peer */
	{SCMP_SYS(ioctl), 2, IOCTL_EVTCHN_NOTIFY},
	{SCMP_SYS(ioctl), 2, TIOCGWINSZ},
	{.call = SCMP_SYS(brk)},
	{.call = SCMP_SYS(exit_group)},
	/* finding and opening */
	{.call = SCMP_SYS(openat2)},
	{.call = SCMP_SYS(close)},
	{.call = SCMP_SYS(statx)},
	{.call = SCMP_SYS(inotify_add_watch)},
	{.call = SCMP_SYS(inotify_rm_watch)},
	{.call = SCMP_SYS(fstatfs)},
	{.call = SCMP_SYS(readlinkat)},
	{.call = SCMP_SYS(getdents64)},
	{SCMP_SYS(ioctl), 2, FS_IOC_GETFLAGS},
	{.call = SCMP_SYS(lseek)},
	/* bytes */
	{.call = SCMP_SYS(preadv)},
	{.call = SCMP_SYS(pwritev)},
	{.call = SCMP_SYS(ftruncate)},
	{.call = SCMP_SYS(fsync)},
	{.call = SCMP_SYS(fdatasync)},
	{SCMP_SYS(fcntl), 2, F_OFD_SETLK},
	{SCMP_SYS(fcntl), 2, F_OFD_GETLK},
	{SCMP_SYS(fcntl), 2, F_GETFL},
	{.call = SCMP_SYS(flock)},
	/* names */
	{.call = SCMP_SYS(mkdirat)},
	{.call = SCMP_SYS(mknodat)},
	{.call = SCMP_SYS(symlinkat)},
	{.call = SCMP_SYS(linkat)},
	{.call = SCMP_SYS(renameat)},
	{.call = SCMP_SYS(unlinkat)},
	/* attributes */
	{.call = SCMP_SYS(fchownat)},
	{.call = SCMP_SYS(fchmodat)},
	{.call = SCMP_SYS(utimensat)},
	{.call = SCMP_SYS(getxattr)},
	{.call = SCMP_SYS(setxattr)},
	{.call = SCMP_SYS(listxattr)},
	{.call = SCMP_SYS(removexattr)},
};

static const struct confine_rule exec_rules[] = {
	{.call = SCMP_SYS(ppoll)},
	{.call = SCMP_SYS(read)},
	{.call = SCMP_SYS(recvmsg)},
	{SCMP_SYS(sendto), 5, 0},
	{SCMP_SYS(ioctl), 2, TIOCGWINSZ},
	{.call = SCMP_SYS(brk)},
	{.call = SCMP_SYS(exit_group)},
};

#ifdef SANITIZED
/* What the address sanitizer does at any time, and to say what it has found. */
static const struct confine_rule sanitizer_rules[] = {
	{.call = SCMP_SYS(mmap)},
	{.call = SCMP_SYS(munmap)},
	{.call = SCMP_SYS(madvise)},
	{.call = SCMP_SYS(futex)},
	{.call = SCMP_SYS(sched_yield)},
	{.call = SCMP_SYS(getpid)},
	{.call = SCMP_SYS(gettid)},
	{.call = SCMP_SYS(open)},
	{.call = SCMP_SYS(close)},
	{.call = SCMP_SYS(write)},
	{.call = SCMP_SYS(readlink)},
	{.call = SCMP_SYS(pipe2)},
	{.call = SCMP_SYS(newfstatat)},
	{.call = SCMP_SYS(openat)},
	{.call = SCMP_SYS(sigaltstack)},
	{SCMP_SYS(fcntl), 2, F_SETFD},
	{SCMP_SYS(ioctl), 2, TCGETS},
};
#endif

int confine_capabilities(enum confined who, struct error *err)
{
	cap_t caps = cap_init();
	int kept = who == CONFINED_STANDIN ? sizeof(standin_capabilities) / sizeof(*standin_capabilities) : 0;
	int result = 0;

	if (!caps ||
		(kept && (cap_set_flag(caps, CAP_PERMITTED, kept, standin_capabilities, CAP_SET) ||
				 cap_set_flag(caps, CAP_EFFECTIVE, kept, standin_capabilities, CAP_SET))))
		result = error_set(err, errno, "cannot choose capabilities");
	for (cap_value_t cap = 0; !result && cap <= CAP_LAST_CAP; cap++)
		if (cap_get_bound(cap) == 1 && cap_drop_bound(cap))
			result = error_set(err, errno, "cannot drop a capability");
	if (!result && (cap_set_proc(caps) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		result = error_set(err, errno, "cannot drop capabilities");
	cap_free(caps);
	return result;
}

const struct confine_rule *confine_rules(enum confined who, size_t *count)
{
	if (who == CONFINED_EXEC) {
		*count = sizeof(exec_rules) / sizeof(*exec_rules);
		return exec_rules;
	}
	*count = sizeof(standin_rules) / sizeof(*standin_rules);
	return standin_rules;
}

void confine_heap(void)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
}

static int add_rule(scmp_filter_ctx context, const struct confine_rule *rule)
{
	struct scmp_arg_cmp condition = {
		.arg = rule->argument - 1, .op = SCMP_CMP_EQ, .datum_a = rule->value};

	return seccomp_rule_add_array(
		context, SCMP_ACT_ALLOW, rule->call, rule->argument ? 1 : 0, &condition);
}

static int add_memory(scmp_filter_ctx context)
{
#ifdef SANITIZED
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(sanitizer_rules) / sizeof(*sanitizer_rules); i++)
		result = add_rule(context, &sanitizer_rules[i]);
	return result;
#else
	/* A heap that brk(2) cannot make larger is tried to be continued by mmap(2): then malloc(3) is to say
	 * that there is no memory. */
	return seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOMEM), SCMP_SYS(mmap), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#endif
}

struct filter *confine_filter(enum confined who, struct error *err)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t count;
	const struct confine_rule *rules = confine_rules(who, &count);
	int result = context ? add_memory(context) : -ENOMEM;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = add_rule(context, &rules[i]);
	if (result == 0)
		return context;
	seccomp_release(context);
	error_set(err, -result, "cannot make a filter of system calls");
	return NULL;
}

int confine_calls(struct filter *filter, struct error *err)
{
	int result = seccomp_load(filter);

	seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "cannot restrict system calls") : 0;
}
