/* SPDX-License-Identifier: Apache-2.0 */
/* What config.md, "Process" asks for beyond types. */
#include "libocispec/validate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/error.h"

static int validate_console_size(const struct oci_process *process, struct error *err)
{
	const struct oci_console_size *size = process->console_size;

	if (!size || !process->terminal) /* without a terminal it MUST be ignored */
		return 0;
	if (size->height > UINT16_MAX)
		return error_set(err, 0, "process.consoleSize.height: more than %d", UINT16_MAX);
	if (size->width > UINT16_MAX)
		return error_set(err, 0, "process.consoleSize.width: more than %d", UINT16_MAX);
	return 0;
}

static int validate_rlimits(const struct oci_process *process, struct error *err)
{
	for (size_t i = 0; i < process->rlimits_len; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		if (oci_check_name(oci_rlimit_names, limit->type, "limit", err) < 0)
			return error_prefix(err, "process.rlimits[%zu].type", i);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(process->rlimits[j].type, limit->type) == 0)
				return error_set(
					err, 0, "process.rlimits[%zu].type: %s comes twice", i, limit->type);
		}
		if (limit->soft > limit->hard)
			return error_set(err, 0, "process.rlimits[%zu].soft: greater than hard", i);
	}
	return 0;
}

static bool has_capability(char *const *set, size_t len, int number)
{
	for (size_t i = 0; i < len; i++) {
		if (oci_capability_number(set[i]) == number)
			return true;
	}
	return false;
}

struct capability_set {
	const char *name;
	char *const *names;
	size_t len;
};

/* Of what a set has and another has not, one warning: with Buildah that is all of them, at each step of a
 * build. */
static int warn_of_missing(const struct capability_set *set, char *const *other, size_t other_len,
	const char *reason, struct oci_warnings *warnings, struct error *err)
{
	cleanup_free char *names = NULL;
	FILE *out = NULL;
	size_t size;

	for (size_t i = 0; i < set->len; i++) {
		int number = oci_capability_number(set->names[i]);

		if (number < 0 || has_capability(other, other_len, number))
			continue;
		if (!out && !(out = open_memstream(&names, &size)))
			return error_set(err, ENOMEM, "process.capabilities.%s", set->name);
		fprintf(out, "%s%s", ftell(out) ? ", " : "", set->names[i]);
	}
	if (!out)
		return 0;
	fclose(out);
	return oci_warn(
		warnings, err, "process.capabilities.%s: %s, so not granted: %s", set->name, reason, names);
}

/* "Any value which cannot be mapped to a relevant kernel interface, or cannot be granted otherwise MUST be
 * logged as a warning": capabilities(7) says which sets others bound. */
static int validate_capabilities(
	const struct oci_capabilities *caps, struct oci_warnings *warnings, struct error *err)
{
	const struct capability_set sets[] = {
		{"bounding", caps->bounding, caps->bounding_len},
		{"effective", caps->effective, caps->effective_len},
		{"inheritable", caps->inheritable, caps->inheritable_len},
		{"permitted", caps->permitted, caps->permitted_len},
		{"ambient", caps->ambient, caps->ambient_len},
	};
	const struct capability_set *effective = &sets[1], *ambient = &sets[4];

	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
		for (size_t i = 0; i < sets[s].len; i++)
			if (oci_capability_number(sets[s].names[i]) < 0 &&
				oci_warn(warnings, err,
					"process.capabilities.%s[%zu]: unknown capability \"%s\"",
					sets[s].name, i, sets[s].names[i]) < 0)
				return -1;
	if (warn_of_missing(effective, caps->permitted, caps->permitted_len, "not permitted", warnings, err) <
			0 ||
		warn_of_missing(
			ambient, caps->permitted, caps->permitted_len, "not permitted", warnings, err) < 0)
		return -1;
	return warn_of_missing(
		ambient, caps->inheritable, caps->inheritable_len, "not inheritable", warnings, err);
}

/* sched_setattr(2) would refuse the same, with EINVAL for a reason. */
static int validate_scheduler(const struct oci_scheduler *scheduler, struct error *err)
{
	const char *policy = scheduler->policy;
	bool real_time = strcmp(policy, "SCHED_FIFO") == 0 || strcmp(policy, "SCHED_RR") == 0;
	bool deadline = strcmp(policy, "SCHED_DEADLINE") == 0;

	if (oci_check_name(oci_sched_policy_names, policy, "policy", err) < 0)
		return error_prefix(err, "process.scheduler.policy");
	if (strcmp(policy, "SCHED_ISO") == 0)
		return error_set(err, 0, "process.scheduler.policy: Linux does not implement SCHED_ISO");
	if (scheduler->nice < -20 || scheduler->nice > 19)
		return error_set(
			err, 0, "process.scheduler.nice: %d is not between -20 and 19", scheduler->nice);
	if (real_time && (scheduler->priority < 1 || scheduler->priority > 99))
		return error_set(err, 0, "process.scheduler.priority: %d is not between 1 and 99",
			scheduler->priority);
	if (!real_time && scheduler->priority != 0)
		return error_set(err, 0, "process.scheduler.priority: not with %s", policy);
	if (deadline && (scheduler->runtime == 0 || scheduler->deadline == 0))
		return error_set(err, 0, "process.scheduler: SCHED_DEADLINE needs runtime and deadline");
	if (!deadline && (scheduler->runtime || scheduler->deadline || scheduler->period))
		return error_set(
			err, 0, "process.scheduler: runtime, deadline and period are SCHED_DEADLINE's");
	for (size_t i = 0; i < scheduler->flags_len; i++) {
		if (oci_check_name(oci_sched_flag_names, scheduler->flags[i], "flag", err) < 0)
			return error_prefix(err, "process.scheduler.flags[%zu]", i);
	}
	return 0;
}

static int validate_io_priority(const struct oci_io_priority *priority, struct error *err)
{
	if (oci_check_name(oci_ioprio_class_names, priority->class, "class", err) < 0)
		return error_prefix(err, "process.ioPriority.class");
	if (priority->priority < 0 || priority->priority > 7)
		return error_set(
			err, 0, "process.ioPriority.priority: %d is not between 0 and 7", priority->priority);
	return 0;
}

static int validate_affinity(const struct oci_cpu_affinity *affinity, struct error *err)
{
	if (affinity->initial && oci_check_list(affinity->initial, err) < 0)
		return error_prefix(err, "process.execCPUAffinity.initial");
	if (affinity->final && oci_check_list(affinity->final, err) < 0)
		return error_prefix(err, "process.execCPUAffinity.final");
	return 0;
}

int oci_process_validate(const struct oci_process *process, struct oci_warnings *warnings, struct error *err)
{
	if (!process->args)
		return error_set(err, 0, "process.args: missing");
	if (process->args_len == 0)
		return error_set(err, 0, "process.args: empty");
	if (oci_check_absolute(process->cwd, err) < 0)
		return error_prefix(err, "process.cwd");
	if (validate_console_size(process, err) < 0 || validate_rlimits(process, err) < 0)
		return -1;
	if (process->oom_score_adj && (*process->oom_score_adj < -1000 || *process->oom_score_adj > 1000))
		return error_set(err, 0, "process.oomScoreAdj: %d is not between -1000 and 1000",
			*process->oom_score_adj);
	if (process->scheduler && validate_scheduler(process->scheduler, err) < 0)
		return -1;
	if (process->io_priority && validate_io_priority(process->io_priority, err) < 0)
		return -1;
	if (process->exec_cpu_affinity && validate_affinity(process->exec_cpu_affinity, err) < 0)
		return -1;
	return process->capabilities ? validate_capabilities(process->capabilities, warnings, err) : 0;
}
