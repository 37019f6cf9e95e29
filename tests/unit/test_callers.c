/* SPDX-License-Identifier: Apache-2.0 */
/* What callers write: each of their documents is read, and compiled for a zone. */
#include <dirent.h>

#include "tests/unit/compiled.h"

/* Its sources are those of another host. */
static void have_sources(struct oci_config *config)
{
	for (size_t i = 0; i < config->mounts_len; i++) {
		struct oci_mount *mount = &config->mounts[i];

		if (mount->source && same(mount->type, "bind")) {
			free(mount->source);
			mount->source = strdup("/etc/passwd");
		}
	}
}

static void take(const char *name)
{
	struct volumes volumes = {0};
	struct error err = {0};
	struct oci_config *config;
	char path[300];

	snprintf(path, sizeof(path), CONFIGS "%s", name);
	config = oci_config_load(path, &err);
	if (config) {
		have_sources(config);
		if (!compile_around(config, "/", &volumes, &err))
			compile_both(config, false, &err);
	}
	if (!CHECK(config && !err.message))
		printf("# %s: %s\n", name, error_message(&err));
	CHECK(compiled.count > 10 && compiled.types[compiled.count - 1] == ZONE_OP_EXEC);
	spec_free(&compiled);
	volumes_free(&volumes);
	oci_config_free(config);
	error_clear(&err);
}

static void test_callers(void)
{
	static const char *const callers[] = {
		"buildah", "containerd", "cri-o", "crun", "docker", "podman", "runc", "runtime-tools"};
	unsigned taken[sizeof(callers) / sizeof(callers[0])] = {0};
	DIR *folder = opendir(CONFIGS);
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
			if (strncmp(entry->d_name, callers[i], strlen(callers[i])) == 0) {
				take(entry->d_name);
				taken[i]++;
			}
		}
	}
	closedir(folder);
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
		CHECK(taken[i]);
}

int main(void)
{
	RUN(test_callers);
	return unit_end();
}
