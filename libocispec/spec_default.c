/* SPDX-License-Identifier: Apache-2.0 */
/* What `xenrun spec` writes. The same as `runc spec` in what counts, so that tools that edit it go on
 * working. */
#include "libocispec/ocispec.h"

#include "libocispec/json_build.h"

static const char *const args[] = {"sh", NULL};
static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};
static const char *const capabilities[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL};
static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount", "cgroup", NULL};

static const char *const masked_paths[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
	"/proc/scsi", NULL};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

static const struct {
	const char *destination;
	const char *type;
	const char *source;
	const char *options[8];
} mounts[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k", NULL}},
	{"/dev/pts", "devpts", "devpts",
		{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev", NULL}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro", NULL}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro", NULL}},
};

static void add_process(struct json_build *build)
{
	json_build_open(build, "process");
	json_build_boolean(build, "terminal", true);
	json_build_open(build, "user");
	json_build_integer(build, "uid", 0);
	json_build_integer(build, "gid", 0);
	json_build_close(build);
	json_build_strings(build, "args", args);
	json_build_strings(build, "env", env);
	json_build_string(build, "cwd", "/");
	json_build_open(build, "capabilities");
	json_build_strings(build, "bounding", capabilities);
	json_build_strings(build, "effective", capabilities);
	json_build_strings(build, "permitted", capabilities);
	json_build_close(build);
	json_build_open_array(build, "rlimits");
	json_build_open(build, NULL);
	json_build_string(build, "type", "RLIMIT_NOFILE");
	json_build_integer(build, "hard", 1024);
	json_build_integer(build, "soft", 1024);
	json_build_close(build);
	json_build_close(build);
	json_build_boolean(build, "noNewPrivileges", true);
	json_build_close(build);
}

static void add_mounts(struct json_build *build)
{
	json_build_open_array(build, "mounts");
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		json_build_open(build, NULL);
		json_build_string(build, "destination", mounts[i].destination);
		json_build_string(build, "type", mounts[i].type);
		json_build_string(build, "source", mounts[i].source);
		if (mounts[i].options[0])
			json_build_strings(build, "options", mounts[i].options);
		json_build_close(build);
	}
	json_build_close(build);
}

static void add_linux(struct json_build *build)
{
	json_build_open(build, "linux");
	json_build_open(build, "resources");
	json_build_open_array(build, "devices");
	json_build_open(build, NULL);
	json_build_boolean(build, "allow", false);
	json_build_string(build, "access", "rwm");
	json_build_close(build);
	json_build_close(build);
	json_build_close(build);
	json_build_open_array(build, "namespaces");
	for (const char *const *type = namespaces; *type; type++) {
		json_build_open(build, NULL);
		json_build_string(build, "type", *type);
		json_build_close(build);
	}
	json_build_close(build);
	json_build_strings(build, "maskedPaths", masked_paths);
	json_build_strings(build, "readonlyPaths", readonly_paths);
	json_build_close(build);
}

char *oci_default_spec_json(void)
{
	struct json_build build = json_build_start();

	json_build_string(&build, "ociVersion", "1.2.0");
	add_process(&build);
	json_build_open(&build, "root");
	json_build_string(&build, "path", "rootfs");
	json_build_boolean(&build, "readonly", true);
	json_build_close(&build);
	json_build_string(&build, "hostname", "xenrun");
	add_mounts(&build);
	add_linux(&build);
	return json_build_finish(&build, "\n");
}
