/* SPDX-License-Identifier: Apache-2.0 */
/* Runs hooks (config.md, "POSIX-platform Hooks"): programs of whoever made config.json, which are given the
 * container's state. */
#ifndef XENRUN_HOOKS_H
#define XENRUN_HOOKS_H

#include <stddef.h>

#include "libocispec/ocispec.h"
#include "util/error.h"

/*
 * Runs one hook to its end: `state` on its standard input, in the folder `cwd`, with none of the caller's
 * descriptors, signal handlers or blocked signals. Its output is kept for the message of its failure, which
 * begins with "hooks.NAME[INDEX]: PATH". One that takes longer than its timeout is killed with its process
 * group.
 */
int hook_run(const struct oci_hook *hook, const char *name, size_t index, const char *state, const char *cwd,
	struct error *err);

/* Runs them in their order, up to the first that fails. */
int hooks_run(const struct oci_hook *hooks, size_t len, const char *name, const char *state, const char *cwd,
	struct error *err);

/* Runs them all: a failure is a warning. */
void hooks_run_all(
	const struct oci_hook *hooks, size_t len, const char *name, const char *state, const char *cwd);

#endif
