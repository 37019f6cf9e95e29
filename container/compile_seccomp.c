/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md, "Seccomp": the profile becomes BPF here, by libseccomp; the guest only loads it. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container/spec.h"
#include "libocispec/names.h"
#include "util/cleanup.h"
#include "util/log.h"

#define ARGS_MAX 6 /* of a system call */

/* Says how a listener waits; without one, which a zone cannot have, the kernel refuses it. libseccomp leaves
 * it out too. */
#define FLAG_WAIT_KILLABLE_RECV (1U << 5)

/* The kernel's __X32_SYSCALL_BIT: where the numbers of that architecture begin. */
#define X32_CALLS 0x40000000U

/* Instructions that are put in front of libseccomp's. */
#define NEWER_CALLS 10

static const char no_listener[] = "an agent in this host cannot serve another kernel's system calls";

static uint32_t action_number(const char *name, const uint32_t *errno_ret)
{
	uint32_t action = (uint32_t)oci_name_number(oci_seccomp_action_names, name);
	uint32_t value = errno_ret ? *errno_ret : EPERM;

	if (action == SCMP_ACT_ERRNO(0))
		return SCMP_ACT_ERRNO(value);
	if (action == SCMP_ACT_TRACE(0))
		return SCMP_ACT_TRACE(value);
	return action;
}

static int add_architectures(scmp_filter_ctx filter, const struct oci_seccomp *seccomp, struct error *err)
{
	for (size_t i = 0; i < seccomp->architectures_len; i++) {
		uint32_t arch = (uint32_t)oci_name_number(oci_seccomp_arch_names, seccomp->architectures[i]);
		int result = seccomp_arch_add(filter, arch);

		/* The native one is there from the start; one of another byte order cannot run here. */
		if (result < 0 && result != -EEXIST && result != -EDOM)
			return error_set(err, -result, "linux.seccomp.architectures[%zu]: %s", i,
				seccomp->architectures[i]);
	}
	return 0;
}

/* Whether two conditions are about one argument: then they are alternatives, each a rule of its own, as runc
 * has it; else all must hold. */
static bool has_alternatives(const struct oci_seccomp_syscall *call)
{
	bool seen[ARGS_MAX] = {false};

	for (size_t i = 0; i < call->args_len; i++) {
		if (seen[call->args[i].index])
			return true;
		seen[call->args[i].index] = true;
	}
	return false;
}

static int add_call(
	scmp_filter_ctx filter, const struct oci_seccomp_syscall *call, const char *name, uint32_t action)
{
	int number = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp args[ARGS_MAX];
	bool alternatives = has_alternatives(call);
	int result = 0;

	/* Profiles name calls of newer kernels and other machines. */
	if (number == __NR_SCMP_ERROR) {
		log_message(LOG_DEBUG, "linux.seccomp.syscalls: unknown system call \"%s\" ignored", name);
		return 0;
	}
	for (size_t i = 0; i < call->args_len; i++) {
		const struct oci_seccomp_arg *arg = &call->args[i];
		struct scmp_arg_cmp *to = alternatives ? args : &args[i];

		to->arg = arg->index;
		to->op = (enum scmp_compare)oci_name_number(oci_seccomp_operator_names, arg->op);
		to->datum_a = arg->value;
		to->datum_b = arg->value_two;
		if (alternatives)
			result = seccomp_rule_add_array(filter, action, number, 1, args);
		if (result < 0 && result != -EEXIST)
			return result;
	}
	if (!alternatives)
		result = seccomp_rule_add_array(filter, action, number, (unsigned int)call->args_len, args);
	return result == -EEXIST ? 0 : result;
}

static int add_calls(
	scmp_filter_ctx filter, const struct oci_seccomp *seccomp, uint32_t default_action, struct error *err)
{
	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		const struct oci_seccomp_syscall *call = &seccomp->syscalls[i];
		uint32_t action = action_number(call->action, call->errno_ret);

		for (size_t a = 0; a < call->args_len; a++)
			if (call->args[a].index >= ARGS_MAX || call->args_len > ARGS_MAX)
				return error_set(err, 0,
					"linux.seccomp.syscalls[%zu].args[%zu].index: a system call has %d "
					"arguments",
					i, a, ARGS_MAX);
		if (action == SCMP_ACT_NOTIFY)
			return error_set(err, 0, "linux.seccomp.syscalls[%zu].action: %s: %s", i,
				call->action, no_listener);
		/* libseccomp refuses a rule that says what holds anyway. */
		if (action == default_action)
			continue;
		for (size_t n = 0; n < call->names_len; n++) {
			int result = add_call(filter, call, call->names[n], action);

			if (result < 0)
				return error_set(err, -result, "linux.seccomp.syscalls[%zu].names[%zu]: %s",
					i, n, call->names[n]);
		}
	}
	return 0;
}

static bool has_architecture(const struct oci_seccomp *seccomp, uint32_t arch)
{
	bool found = arch == seccomp_arch_native();

	for (size_t i = 0; i < seccomp->architectures_len; i++)
		found |= (uint32_t)oci_name_number(oci_seccomp_arch_names, seccomp->architectures[i]) == arch;
	return found;
}

/* The highest number of the calls that the profile names; above all numbers where the filter is not for that
 * architecture. */
static uint32_t last_call(const struct oci_seccomp *seccomp, uint32_t arch)
{
	int last = -1;

	if (!has_architecture(seccomp, arch))
		return UINT32_MAX;
	for (size_t i = 0; i < seccomp->syscalls_len; i++)
		for (size_t n = 0; n < seccomp->syscalls[i].names_len; n++) {
			int number = seccomp_syscall_resolve_name_arch(arch, seccomp->syscalls[i].names[n]);

			if (number > last)
				last = number;
		}
	return (uint32_t)last;
}

/*
 * Calls that are newer than the profile are not there, instead of being forbidden: libraries then do without,
 * where EPERM would stop them. As runc has it: only in a profile that does not say itself what the rest is to
 * return.
 */
static void put_newer_calls(const struct oci_seccomp *seccomp, uint32_t default_action, struct spec *spec)
{
	const struct sock_filter program[NEWER_CALLS] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_call(seccomp, SCMP_ARCH_X86_64), 4, 5),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_call(seccomp, SCMP_ARCH_X32), 3, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_call(seccomp, SCMP_ARCH_X86), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	if (default_action != SCMP_ACT_ALLOW && default_action != SCMP_ACT_LOG && !seccomp->default_errno_ret)
		spec_bytes(spec, program, sizeof(program));
}

/* libseccomp writes to a descriptor only. */
static int put_program(scmp_filter_ctx filter, const struct oci_seccomp *seccomp, uint32_t default_action,
	uint32_t flags, struct spec *spec, struct error *err)
{
	cleanup_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int result = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
	off_t length = result < 0 ? 0 : lseek(fd, 0, SEEK_END);
	void *program;

	if (result < 0)
		return error_set(err, -result, "linux.seccomp");
	if (length / (off_t)sizeof(struct sock_filter) + NEWER_CALLS > BPF_MAXINSNS)
		return error_set(err, 0, "linux.seccomp: the filter is longer than the kernel takes");
	program = mmap(NULL, (size_t)length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (program == MAP_FAILED)
		return error_set(err, errno, "linux.seccomp");
	spec_begin(spec, ZONE_OP_SECCOMP, "linux.seccomp");
	spec_u32(spec, flags);
	spec_u32(spec, 0);
	put_newer_calls(seccomp, default_action, spec);
	spec_bytes(spec, program, (size_t)length);
	spec_end(spec);
	munmap(program, (size_t)length);
	return 0;
}

int compile_seccomp(const struct oci_seccomp *seccomp, struct spec *spec, struct error *err)
{
	uint32_t default_action = action_number(seccomp->default_action, seccomp->default_errno_ret);
	uint32_t flags = 0;
	scmp_filter_ctx filter;
	int result = -1;

	if (seccomp->listener_path && *seccomp->listener_path)
		return error_set(err, 0, "linux.seccomp.listenerPath: %s", no_listener);
	if (default_action == SCMP_ACT_NOTIFY)
		return error_set(
			err, 0, "linux.seccomp.defaultAction: %s: %s", seccomp->default_action, no_listener);
	for (size_t i = 0; i < seccomp->flags_len; i++)
		flags |= (uint32_t)oci_name_number(oci_seccomp_flag_names, seccomp->flags[i]);
	flags &= ~FLAG_WAIT_KILLABLE_RECV;

	filter = seccomp_init(default_action);
	if (!filter)
		return error_set(err, EINVAL, "linux.seccomp.defaultAction: %s", seccomp->default_action);
	if (add_architectures(filter, seccomp, err) == 0 &&
		add_calls(filter, seccomp, default_action, err) == 0)
		result = put_program(filter, seccomp, default_action, flags, spec, err);
	seccomp_release(filter);
	return result;
}
