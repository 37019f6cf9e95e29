/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a container's life its hooks run (runtime.md, "Lifecycle"), and what they are told.
 * startContainer's run in the zone: compile_process.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/hooks.h"
#include "container/process.h"
#include "libocispec/state.h"
#include "util/cleanup.h"

char *hook_state(const struct record *record, enum oci_status status, pid_t pid, struct error *err)
{
	const struct oci_state state = {
		.oci_version = record->oci_version,
		.id = record->id,
		.status = status,
		.pid = pid,
		.bundle = record->bundle,
		.annotations = &record->annotations,
	};
	char *json = oci_state_to_json(&state);

	if (!json)
		error_set(err, ENOMEM, "hooks");
	return json;
}

bool hooks_before_root(const struct oci_config *config)
{
	const struct oci_hooks *hooks = config->hooks;

	return hooks && (hooks->prestart_len || hooks->create_runtime_len || hooks->create_container_len);
}

int hooks_create_runtime(const struct oci_config *config, const struct record *record, struct error *err)
{
	const struct oci_hooks *hooks = config->hooks;
	cleanup_free char *created = NULL, *creating = NULL;

	if (!hooks->prestart_len && !hooks->create_runtime_len)
		return 0;
	/* Version 1.0 of the specification has the former called by `start`, and whoever still has any was
	 * written for that. */
	created = hook_state(record, OCI_STATUS_CREATED, record->standin.pid, err);
	creating = created ? hook_state(record, OCI_STATUS_CREATING, record->standin.pid, err) : NULL;
	if (!creating)
		return -1;
	if (hooks_run(hooks->prestart, hooks->prestart_len, "prestart", created, record->bundle, err))
		return -1;
	return hooks_run(hooks->create_runtime, hooks->create_runtime_len, "createRuntime", creating,
		record->bundle, err);
}

int hooks_create_container(const struct oci_config *config, const struct record *record, struct error *err)
{
	const struct oci_hooks *hooks = config->hooks;
	cleanup_free char *state = NULL;

	if (!hooks->create_container_len)
		return 0;
	/* Its pid in the container's namespace, which is where the hooks are. */
	state = hook_state(record, OCI_STATUS_CREATING, getpid(), err);
	return state ? hooks_run(hooks->create_container, hooks->create_container_len, "createContainer",
			       state, record->bundle, err)
		     : -1;
}

/* Until version 1.2 of the specification its failure is warned about, since 1.3 it is an error: a config
 * means the version that it names. */
static bool poststart_may_fail(const struct oci_config *config)
{
	return strtoul(config->oci_version + strlen("1."), NULL, 10) < 3;
}

int hooks_poststart(const struct oci_config *config, const struct record *record, struct error *err)
{
	const struct oci_hooks *hooks = config ? config->hooks : NULL;
	cleanup_free char *state = NULL;

	if (!hooks || !hooks->poststart_len)
		return 0;
	state = hook_state(record, OCI_STATUS_RUNNING, record->standin.pid, err);
	if (state && poststart_may_fail(config)) {
		hooks_run_all(hooks->poststart, hooks->poststart_len, "poststart", state, record->bundle);
		return 0;
	}
	return state ? hooks_run(hooks->poststart, hooks->poststart_len, "poststart", state, record->bundle,
			       err)
		     : -1;
}

void hooks_poststop(const struct oci_config *config, const struct record *record)
{
	const struct oci_hooks *hooks = config ? config->hooks : NULL;
	cleanup_free char *state = NULL;
	struct error ignored = {0};

	if (!hooks || !hooks->poststop_len)
		return;
	state = hook_state(record, OCI_STATUS_STOPPED, -1, &ignored);
	if (state)
		hooks_run_all(hooks->poststop, hooks->poststop_len, "poststop", state, record->bundle);
	error_clear(&ignored);
}
