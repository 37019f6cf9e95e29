/* SPDX-License-Identifier: Apache-2.0 */
/* config.md, "Process": the operations by which zone init makes a process what it is to be. */
#include <errno.h>
#include <stdlib.h>

#include "container/lsm.h"
#include "container/spec.h"
#include "libocispec/names.h"

/* ioprio_set(2) */
#define IOPRIO_CLASS_SHIFT 13

/* As many as validation takes: 8192 CPUs. */
#define CPU_WORDS 128

static uint64_t capability_mask(char *const *names, size_t len)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < len; i++) {
		int number = oci_capability_number(names[i]);

		/* An unknown one was warned about. */
		if (number >= 0)
			mask |= 1ull << number;
	}
	return mask;
}

static void put_capabilities(const struct oci_capabilities *caps, struct spec *spec)
{
	uint64_t permitted = capability_mask(caps->permitted, caps->permitted_len);
	uint64_t inheritable = capability_mask(caps->inheritable, caps->inheritable_len);

	spec_begin(spec, ZONE_OP_CAPABILITIES, "process.capabilities");
	spec_u64(spec, capability_mask(caps->bounding, caps->bounding_len));
	spec_u64(spec, capability_mask(caps->effective, caps->effective_len) & permitted);
	spec_u64(spec, permitted);
	spec_u64(spec, inheritable);
	/* The kernel refuses an ambient one that is not in both. */
	spec_u64(spec, capability_mask(caps->ambient, caps->ambient_len) & permitted & inheritable);
	spec_end(spec);
}

static void put_user(const struct oci_user *user, struct spec *spec)
{
	spec_begin(spec, ZONE_OP_GROUPS, "process.user.additionalGids");
	for (size_t i = 0; i < user->additional_gids_len; i++)
		spec_u32(spec, user->additional_gids[i]);
	spec_end(spec);

	spec_begin(spec, ZONE_OP_USER, "process.user");
	spec_u32(spec, user->uid);
	spec_u32(spec, user->gid);
	spec_u32(spec, user->umask ? *user->umask : UINT32_MAX);
	spec_end(spec);
}

/* startContainer: between READY and EXEC. Without an environment of its own a hook has the process's. */
static void put_hooks(const struct oci_hooks *hooks, const char *state, struct spec *spec)
{
	for (size_t i = 0; hooks && i < hooks->start_container_len; i++) {
		const struct oci_hook *hook = &hooks->start_container[i];
		int64_t timeout = hook->timeout ? *hook->timeout : 0;

		spec_begin(spec, ZONE_OP_HOOK, "hooks.startContainer[%zu]: %s", i, hook->path);
		spec_u32(spec, timeout < UINT32_MAX ? (uint32_t)timeout : UINT32_MAX);
		spec_u32(spec, hook->args_len ? (uint32_t)hook->args_len : 1);
		spec_u32(spec, (uint32_t)hook->env_len);
		spec_u32(spec, hook->env ? ZONE_HOOK_OWN_ENV : 0);
		spec_string(spec, hook->path);
		spec_string(spec, state);
		if (!hook->args_len)
			spec_string(spec, hook->path);
		for (size_t arg = 0; arg < hook->args_len; arg++)
			spec_string(spec, hook->args[arg]);
		for (size_t variable = 0; variable < hook->env_len; variable++)
			spec_string(spec, hook->env[variable]);
		spec_end(spec);
	}
}

void compile_terminal(const struct oci_console_size *size, uint32_t owner, struct spec *spec)
{
	spec_begin(spec, ZONE_OP_TERMINAL, "process.terminal");
	spec_u32(spec, size ? (uint32_t)size->height : 0);
	spec_u32(spec, size ? (uint32_t)size->width : 0);
	spec_u32(spec, owner);
	spec_end(spec);
}

static void put_scheduler(const struct oci_scheduler *scheduler, struct spec *spec)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < scheduler->flags_len; i++)
		flags |= (uint64_t)oci_sched_flag_bit(scheduler->flags[i]);
	spec_begin(spec, ZONE_OP_SCHEDULER, "process.scheduler");
	spec_u32(spec, (uint32_t)oci_sched_policy_number(scheduler->policy));
	spec_u32(spec, (uint32_t)scheduler->nice);
	spec_u32(spec, (uint32_t)scheduler->priority);
	spec_u32(spec, 0);
	spec_u64(spec, flags);
	spec_u64(spec, scheduler->runtime);
	spec_u64(spec, scheduler->deadline);
	spec_u64(spec, scheduler->period);
	spec_end(spec);
}

/* An exec's process is born in its cgroup: nothing of its own lies between "initial" and "final". */
static void put_affinity(const char *list, const char *name, struct spec *spec)
{
	uint64_t mask[CPU_WORDS];
	size_t words = CPU_WORDS;

	if (!list || oci_cpu_list_parse(list, mask, CPU_WORDS))
		return;
	while (words && !mask[words - 1])
		words--;
	if (!words)
		return;
	spec_begin(spec, ZONE_OP_AFFINITY, "process.execCPUAffinity.%s", name);
	spec_bytes(spec, mask, words * sizeof(*mask));
	spec_end(spec);
}

static int compile(const struct oci_process *process, const struct oci_linux *linux_, bool exec,
	const struct oci_hooks *hooks, const char *state, struct spec *spec, struct error *err)
{
	if (lsm_check(LSM_APPARMOR, process->apparmor_profile, "process.apparmorProfile", err) ||
		lsm_check(LSM_SELINUX, process->selinux_label, "process.selinuxLabel", err))
		return -1;

	if (process->exec_cpu_affinity && exec) {
		put_affinity(process->exec_cpu_affinity->initial, "initial", spec);
		put_affinity(process->exec_cpu_affinity->final, "final", spec);
	}
	if (process->oom_score_adj) {
		spec_begin(spec, ZONE_OP_OOM_SCORE_ADJ, "process.oomScoreAdj");
		spec_u32(spec, (uint32_t)*process->oom_score_adj);
		spec_end(spec);
	}
	for (size_t i = 0; i < process->rlimits_len; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		spec_begin(spec, ZONE_OP_RLIMIT, "process.rlimits[%zu]", i);
		spec_u32(spec, (uint32_t)oci_rlimit_number(limit->type));
		spec_u32(spec, 0);
		spec_u64(spec, limit->soft);
		spec_u64(spec, limit->hard);
		spec_end(spec);
	}
	if (process->scheduler)
		put_scheduler(process->scheduler, spec);
	if (process->io_priority) {
		int class = oci_ioprio_class_number(process->io_priority->class);

		spec_begin(spec, ZONE_OP_IO_PRIORITY, "process.ioPriority");
		spec_u32(spec, (uint32_t)(class << IOPRIO_CLASS_SHIFT | process->io_priority->priority));
		spec_end(spec);
	}
	if (linux_ && linux_->personality) {
		spec_begin(spec, ZONE_OP_PERSONALITY, "linux.personality");
		spec_u32(spec, (uint32_t)oci_personality_number(linux_->personality->domain));
		spec_end(spec);
	}
	if (process->capabilities)
		put_capabilities(process->capabilities, spec);
	put_user(&process->user, spec);
	if (process->no_new_privileges) {
		spec_begin(spec, ZONE_OP_NO_NEW_PRIVILEGES, "process.noNewPrivileges");
		spec_end(spec);
	}
	if (linux_ && linux_->seccomp && compile_seccomp(linux_->seccomp, spec, err))
		return -1;

	spec_begin(spec, ZONE_OP_CWD, "process.cwd: %s", process->cwd);
	spec_u32(spec, !exec);
	spec_string(spec, process->cwd);
	spec_end(spec);
	for (size_t i = 0; i < process->env_len; i++) {
		spec_begin(spec, ZONE_OP_ENV, "process.env[%zu]", i);
		spec_string(spec, process->env[i]);
		spec_end(spec);
	}
	for (size_t i = 0; i < process->args_len; i++) {
		spec_begin(spec, ZONE_OP_ARG, "process.args[%zu]", i);
		spec_string(spec, process->args[i]);
		spec_end(spec);
	}
	spec_begin(spec, ZONE_OP_READY, "process.args[0]");
	spec_end(spec);
	put_hooks(hooks, state, spec);
	spec_begin(spec, ZONE_OP_EXEC, "process.args[0]");
	spec_end(spec);
	return spec->failed ? error_set(err, ENOMEM, "process") : 0;
}

int compile_container_process(
	const struct oci_config *config, const char *state, struct spec *spec, struct error *err)
{
	return compile(config->process, config->linux_, false, config->hooks, state, spec, err);
}

int compile_exec(const struct oci_process *process, const struct oci_linux *linux_, struct spec *spec,
	struct error *err)
{
	return compile(process, linux_, true, NULL, NULL, spec, err);
}
