/* SPDX-License-Identifier: Apache-2.0 */
/* What config-linux.md, "Seccomp" asks for beyond types. */
#include "libocispec/validate.h"

#include "util/error.h"
#include <string.h>

/* A system call has six. */
#define MAX_ARGUMENT 5

/* "When the action doesn't support an errno, the runtime MUST print and error and fail." The kernel's field
 * for it has 16 bits. */
static int check_errno(const char *action, const uint32_t *number, struct error *err)
{
	if (!number)
		return 0;
	if (strcmp(action, "SCMP_ACT_ERRNO") != 0 && strcmp(action, "SCMP_ACT_TRACE") != 0)
		return error_set(err, 0, "%s takes none", action);
	return *number > UINT16_MAX ? error_set(err, 0, "%u is out of range", *number) : 0;
}

static int validate_syscall(const struct oci_seccomp_syscall *call, size_t i, struct error *err)
{
	if (call->names_len == 0)
		return error_set(err, 0, "linux.seccomp.syscalls[%zu].names: empty", i);
	if (oci_check_name(oci_seccomp_action_names, call->action, "action", err) < 0)
		return error_prefix(err, "linux.seccomp.syscalls[%zu].action", i);
	if (check_errno(call->action, call->errno_ret, err) < 0)
		return error_prefix(err, "linux.seccomp.syscalls[%zu].errnoRet", i);
	for (size_t j = 0; j < call->args_len; j++) {
		if (call->args[j].index > MAX_ARGUMENT)
			return error_set(err, 0,
				"linux.seccomp.syscalls[%zu].args[%zu].index: greater than %d", i, j,
				MAX_ARGUMENT);
		if (oci_check_name(oci_seccomp_operator_names, call->args[j].op, "operator", err) < 0)
			return error_prefix(err, "linux.seccomp.syscalls[%zu].args[%zu].op", i, j);
	}
	return 0;
}

int oci_validate_seccomp(const struct oci_seccomp *seccomp, struct error *err)
{
	if (oci_check_name(oci_seccomp_action_names, seccomp->default_action, "action", err) < 0)
		return error_prefix(err, "linux.seccomp.defaultAction");
	if (check_errno(seccomp->default_action, seccomp->default_errno_ret, err) < 0)
		return error_prefix(err, "linux.seccomp.defaultErrnoRet");
	for (size_t i = 0; i < seccomp->architectures_len; i++) {
		if (oci_check_name(oci_seccomp_arch_names, seccomp->architectures[i], "architecture", err) <
			0)
			return error_prefix(err, "linux.seccomp.architectures[%zu]", i);
	}
	for (size_t i = 0; i < seccomp->flags_len; i++) {
		if (oci_check_name(oci_seccomp_flag_names, seccomp->flags[i], "flag", err) < 0)
			return error_prefix(err, "linux.seccomp.flags[%zu]", i);
	}
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return error_set(err, 0, "linux.seccomp.listenerMetadata: there is no listenerPath");
	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		if (validate_syscall(&seccomp->syscalls[i], i, err) < 0)
			return -1;
	}
	return 0;
}
