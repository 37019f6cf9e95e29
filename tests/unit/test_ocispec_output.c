/* SPDX-License-Identifier: Apache-2.0 */
/* What is written: the state, the features document, the default config.json. */
#include "libocispec/state.h"

#include "cmd/cmd.h"
#include "tests/unit/test_ocispec.h"
#include <json-c/json.h>
#include <stdarg.h>

/* The value under the names up to NULL, or NULL. */
static struct json_object *get(struct json_object *json, ...)
{
	const char *name;
	va_list names;

	va_start(names, json);
	while (json && (name = va_arg(names, const char *)))
		json = json_object_object_get(json, name);
	va_end(names);
	return json;
}

static bool has(struct json_object *array, const char *text)
{
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		if (same(json_object_get_string(json_object_array_get_idx(array, i)), text))
			return true;
	}
	return false;
}

static void test_state(void)
{
	static char *keys[] = {"com.example/key", "empty"};
	static char *values[] = {"a \"b\"\n", ""};
	const struct oci_map annotations = {keys, values, 2};
	struct oci_state state = {
		.oci_version = "1.0.2",
		.id = "c1",
		.status = OCI_STATUS_RUNNING,
		.pid = 4422,
		.bundle = "/b/c1",
	};
	char *text = oci_state_to_json(&state);

	CHECK(same(text, "{\n"
			 "  \"ociVersion\": \"1.0.2\",\n"
			 "  \"id\": \"c1\",\n"
			 "  \"pid\": 4422,\n"
			 "  \"status\": \"running\",\n"
			 "  \"bundle\": \"/b/c1\"\n"
			 "}"));
	free(text);
	state.annotations = &annotations;
	state.rootfs = "/b/c1/rootfs";
	state.created = "2026-01-01T00:00:00Z";
	state.owner = "";
	state.status = OCI_STATUS_STOPPED;
	state.pid = 0;
	text = oci_state_to_json(&state);
	CHECK(same(text, "{\n"
			 "  \"ociVersion\": \"1.0.2\",\n"
			 "  \"id\": \"c1\",\n"
			 "  \"pid\": 0,\n"
			 "  \"status\": \"stopped\",\n"
			 "  \"bundle\": \"/b/c1\",\n"
			 "  \"rootfs\": \"/b/c1/rootfs\",\n"
			 "  \"created\": \"2026-01-01T00:00:00Z\",\n"
			 "  \"annotations\": {\n"
			 "    \"com.example/key\": \"a \\\"b\\\"\\n\",\n"
			 "    \"empty\": \"\"\n"
			 "  },\n"
			 "  \"owner\": \"\"\n"
			 "}"));
	free(text);
}

static void test_status(void)
{
	CHECK(same(oci_status_name(OCI_STATUS_CREATING), "creating"));
	CHECK(same(oci_status_name(OCI_STATUS_CREATED), "created"));
	CHECK(same(oci_status_name(OCI_STATUS_PAUSED), "paused"));
	CHECK_EQ(oci_status_number("stopped"), OCI_STATUS_STOPPED);
	CHECK_EQ(oci_status_number("running"), OCI_STATUS_RUNNING);
	CHECK_EQ(oci_status_number("Running"), -1);
}

static void test_features(void)
{
	char *text = oci_features_json();
	struct json_object *json = json_tokener_parse(text);
	struct json_object *linux_ = get(json, "linux", NULL);
	struct json_object *seccomp = get(linux_, "seccomp", NULL);

	CHECK(same(json_object_get_string(get(json, "ociVersionMin", NULL)), "1.0.0"));
	CHECK(same(json_object_get_string(get(json, "ociVersionMax", NULL)), "1.3.0"));
	/* What is refused is not promised. */
	CHECK_EQ(json_object_array_length(get(json, "hooks", NULL)), 6);
	CHECK(has(get(json, "mountOptions", NULL), "rbind") &&
		!has(get(json, "mountOptions", NULL), "src-nofollow"));
	CHECK(has(get(linux_, "namespaces", NULL), "pid") && has(get(linux_, "namespaces", NULL), "user"));
	CHECK_EQ(json_object_array_length(get(linux_, "capabilities", NULL)), 41);
	CHECK(json_object_get_boolean(get(linux_, "cgroup", "v2", NULL)));
	CHECK(json_object_get_boolean(get(linux_, "cgroup", "v1", NULL)));
	CHECK(json_object_get_boolean(get(linux_, "cgroup", "systemd", NULL)));
	CHECK(json_object_get_boolean(get(seccomp, "enabled", NULL)));
	CHECK(has(get(seccomp, "actions", NULL), "SCMP_ACT_ERRNO"));
	CHECK(!has(get(seccomp, "actions", NULL), "SCMP_ACT_NOTIFY"));
	CHECK_EQ(json_object_array_length(get(seccomp, "operators", NULL)), 7);
	CHECK(has(get(seccomp, "archs", NULL), "SCMP_ARCH_X86_64"));
	CHECK_EQ(json_object_array_length(get(seccomp, "knownFlags", NULL)), 4);
	CHECK_EQ(json_object_array_length(get(seccomp, "supportedFlags", NULL)), 3);
	CHECK(get(linux_, "apparmor", "enabled", NULL) && get(linux_, "selinux", "enabled", NULL));
	CHECK(get(linux_, "mountExtensions", "idmap", "enabled", NULL));
	CHECK(same(json_object_get_string(get(json, "annotations", "org.xenrun.version", NULL)),
		XENRUN_VERSION));
	CHECK(text[strlen(text) - 1] == '\n');
	CHECK(has(get(json, "potentiallyUnsafeConfigAnnotations", NULL), "org.xenrun."));
	json_object_put(json);
	free(text);
}

/* What we write ourselves is without a flaw. */
static void test_default_spec(void)
{
	char *text = oci_default_spec_json();
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	if (!CHECK(config)) {
		printf("# %s\n", error_message(&err));
		error_clear(&err);
		free(text);
		return;
	}
	CHECK(config->warnings.len == 0);
	CHECK(config->process->terminal && same(config->process->args[0], "sh"));
	CHECK(same(config->root->path, "rootfs") && config->root->readonly);
	CHECK(config->mounts_len == 7 && config->linux_->namespaces_len == 6);
	CHECK(config->linux_->masked_paths_len == 10 && config->linux_->readonly_paths_len == 5);
	oci_config_free(config);
	free(text);
}

int main(void)
{
	RUN(test_state);
	RUN(test_status);
	RUN(test_features);
	RUN(test_default_spec);
	return unit_end();
}
