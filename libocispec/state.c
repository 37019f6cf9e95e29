/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/state.h"

#include "libocispec/json_build.h"
#include <string.h>

static const char *const status_names[] = {
	[OCI_STATUS_CREATING] = "creating",
	[OCI_STATUS_CREATED] = "created",
	[OCI_STATUS_RUNNING] = "running",
	[OCI_STATUS_PAUSED] = "paused",
	[OCI_STATUS_STOPPED] = "stopped",
};

#define STATUS_COUNT ((int)(sizeof(status_names) / sizeof(status_names[0])))

const char *oci_status_name(enum oci_status status)
{
	return status_names[status];
}

int oci_status_number(const char *name)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (strcmp(status_names[i], name) == 0)
			return i;
	}
	return -1;
}

char *oci_state_to_json(const struct oci_state *state)
{
	struct json_build build = json_build_start();

	json_build_string(&build, "ociVersion", state->oci_version);
	json_build_string(&build, "id", state->id);
	if (state->pid >= 0)
		json_build_integer(&build, "pid", state->pid);
	json_build_string(&build, "status", oci_status_name(state->status));
	json_build_string(&build, "bundle", state->bundle);
	json_build_string(&build, "rootfs", state->rootfs);
	json_build_string(&build, "created", state->created);
	if (state->annotations && state->annotations->len) {
		json_build_open(&build, "annotations");
		for (size_t i = 0; i < state->annotations->len; i++)
			json_build_string(&build, state->annotations->keys[i], state->annotations->values[i]);
		json_build_close(&build);
	}
	json_build_string(&build, "owner", state->owner);
	return json_build_finish(&build, "");
}
