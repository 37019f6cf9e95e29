/* SPDX-License-Identifier: Apache-2.0 */
/* features.md, features-linux.md: what the runtime honours, from the tables that validation reads. */
#include "libocispec/ocispec.h"

#include "libocispec/json_build.h"
#include "libocispec/mount_options.h"
#include "libocispec/names.h"
#include "util/version.h"
#include <string.h>

/* Known, so that a profile naming them is read, but not supported: there is no descriptor to send to a
 * listener for a filter that works in another kernel. The action is refused; without it the flag means
 * nothing. */
static const char *const no_listener[] = {"SCMP_ACT_NOTIFY", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};

/* Refused for now: what is listed is what works. */
static const char *const no_options[] = {"copy-symlink", "src-nofollow", "dest-nofollow", NULL};
static const char *const hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL};

/* Those that change what the runtime does; the last dot makes it a prefix. */
static const char *const unsafe_annotations[] = {"org.xenrun.", NULL};

static bool is_in(const char *const *list, const char *name)
{
	for (; list && *list; list++) {
		if (strcmp(*list, name) == 0)
			return true;
	}
	return false;
}

static void add_names(
	struct json_build *build, const char *property, const struct oci_name *names, const char *const *but)
{
	json_build_open_array(build, property);
	for (; names->name; names++) {
		if (!is_in(but, names->name))
			json_build_string(build, NULL, names->name);
	}
	json_build_close(build);
}

static void add_mount_options(struct json_build *build)
{
	const char *name;

	json_build_open_array(build, "mountOptions");
	for (size_t i = 0; (name = oci_mount_option_name(i)); i++) {
		if (!is_in(no_options, name))
			json_build_string(build, NULL, name);
	}
	json_build_close(build);
}

static void add_enabled(struct json_build *build, const char *name, bool enabled)
{
	json_build_open(build, name);
	json_build_boolean(build, "enabled", enabled);
	json_build_close(build);
}

static void add_linux(struct json_build *build)
{
	json_build_open(build, "linux");
	add_names(build, "namespaces", oci_namespace_names, NULL);
	add_names(build, "capabilities", oci_capability_names, NULL);

	json_build_open(build, "cgroup");
	json_build_boolean(build, "v1", true);
	json_build_boolean(build, "v2", true);
	json_build_boolean(build, "systemd", true);
	json_build_boolean(build, "systemdUser", false);
	json_build_boolean(build, "rdma", false);
	json_build_close(build);

	json_build_open(build, "seccomp");
	json_build_boolean(build, "enabled", true);
	add_names(build, "actions", oci_seccomp_action_names, no_listener);
	add_names(build, "operators", oci_seccomp_operator_names, NULL);
	add_names(build, "archs", oci_seccomp_arch_names, NULL);
	add_names(build, "knownFlags", oci_seccomp_flag_names, NULL);
	add_names(build, "supportedFlags", oci_seccomp_flag_names, no_listener);
	json_build_close(build);

	add_enabled(build, "apparmor", false);
	add_enabled(build, "selinux", false);
	add_enabled(build, "intelRdt", false);
	json_build_open(build, "mountExtensions");
	add_enabled(build, "idmap", true);
	json_build_close(build);
	json_build_close(build);
}

char *oci_features_json(void)
{
	struct json_build build = json_build_start();

	json_build_string(&build, "ociVersionMin", "1.0.0");
	json_build_string(&build, "ociVersionMax", "1.3.0");
	json_build_strings(&build, "hooks", hooks);
	add_mount_options(&build);
	add_linux(&build);
	json_build_open(&build, "annotations");
	json_build_string(&build, "org.xenrun.version", XENRUN_VERSION);
	json_build_close(&build);
	json_build_strings(&build, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
	return json_build_finish(&build, "\n");
}
