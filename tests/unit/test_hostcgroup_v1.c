/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup on a host with version 1: the same path in each hierarchy, and what limits become in
 * their files. Two hierarchies without a controller are made here; one that this machine has is looked at
 * where it is of version 1. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "container/hostcgroup.h"
#include "tests/unit/cgroup_v1.h"
#include "tests/unit/unit.h"
#include "util/cleanup.h"
#include "util/error.h"

static const uint8_t ours[16] = {1, 2, 3}, theirs[16] = {4, 5, 6};

static bool able;
static char above[64], path[96];
static char lines[] = "name=unit-a:\nname=unit-b:\n";

static bool there(const char *name)
{
	bool first = access(in_hierarchy(all[0], name), F_OK) == 0,
	     second = access(in_hierarchy(all[1], name), F_OK) == 0;

	CHECK_EQ(first, second);
	return first;
}

static void make_above(void)
{
	for (int i = 0; i < 2; i++)
		mkdir(in_hierarchy(all[i], above), 0755);
}

static void remove_above(void)
{
	for (int i = 0; i < 2; i++)
		rmdir(in_hierarchy(all[i], above));
}

static struct hostcgroup named(void)
{
	return (struct hostcgroup){.path = path, .hierarchies = lines};
}

static bool makes(const uint8_t uuid[16], struct hostcgroup_hold *hold, const char *message)
{
	struct hostcgroup cgroup = named();
	struct error err = {0};
	bool made = hostcgroup_make(&cgroup, NULL, "box", uuid, hold, &err) == 0;
	bool as_expected = message ? !made && strstr(error_message(&err), message) : made;

	if (!as_expected)
		printf("# %s\n", err.message ? err.message : "no error");
	error_clear(&err);
	return as_expected;
}

static bool removes(const uint8_t uuid[16])
{
	struct hostcgroup cgroup = named();
	struct error err = {0};
	bool removed = hostcgroup_remove(&cgroup, uuid, &err) == 0;

	if (!removed)
		printf("# %s\n", error_message(&err));
	error_clear(&err);
	return removed;
}

/* Returns when it is in it. */
static pid_t sleeper(void)
{
	struct hostcgroup cgroup = named();
	struct error err = {0};
	int ends[2];
	char word = 0;
	pid_t pid;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (hostcgroup_enter(&cgroup, &err) || write(ends[1], &word, 1) != 1)
			_exit(1);
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	CHECK_EQ(read(ends[0], &word, 1), 1);
	close(ends[0]);
	return pid;
}

static bool finds(const char *asked, const char *expected_path, const char *expected_lines)
{
	struct hostcgroup chosen;
	struct error err = {0};
	char *slice;
	bool as_expected = hostcgroup_find(CGROUPS_FS, asked, "box", &chosen, &slice, &err) == 0 &&
			   chosen.path && !strcmp(chosen.path, expected_path) && chosen.hierarchies &&
			   !strcmp(chosen.hierarchies, expected_lines);

	if (!as_expected)
		printf("# %s: %s\n# %s (%s)\n", asked, chosen.path, chosen.hierarchies,
			err.message ? err.message : "no error");
	hostcgroup_free(&chosen);
	error_clear(&err);
	return as_expected;
}

/* The hierarchy that came last is the first of the list. */
static void is_found_in_what_is_mounted(void)
{
	char expected[256], name[96];
	int fd;

	if (!able)
		SKIP(MISSING);
	CHECK(finds("/one/two", "/one/two", "name=unit-b:\nname=unit-a:\n"));
	CHECK(finds("one", "/one", "name=unit-b:\nname=unit-a:\n"));
	CHECK(finds(NULL, "/box", "name=unit-b:\nname=unit-a:\n"));

	/* What is relative is below the caller's own, which may be another in each. */
	mkdir(in_hierarchy("unit-a", above), 0755);
	snprintf(name, sizeof(name), "%s/cgroup.procs", above);
	fd = open(in_hierarchy("unit-a", name), O_WRONLY | O_CLOEXEC);
	CHECK_EQ(write(fd, "0", 1), 1);
	close(fd);
	snprintf(expected, sizeof(expected), "name=unit-b:\nname=unit-a:%s\n", above);
	CHECK(finds("one/two", "/one/two", expected));
	CHECK(finds("", "/box", expected));
	CHECK(finds("/one", "/one", "name=unit-b:\nname=unit-a:\n"));
	fd = open(in_hierarchy("unit-a", "/cgroup.procs"), O_WRONLY | O_CLOEXEC);
	CHECK_EQ(write(fd, "0", 1), 1);
	close(fd);
	rmdir(in_hierarchy("unit-a", above));
}

static void is_made_entered_and_removed(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	int fds = unit_open_fds(), status = 0;
	pid_t pid;

	if (!able)
		SKIP(MISSING);
	if (!CHECK(makes(ours, &hold, NULL)))
		return;
	CHECK_EQ(hold.existing[0], 0);
	/* Nobody is born in it. */
	CHECK_EQ(hold.fd, -1);
	CHECK_EQ(hostcgroup_open(&cgroup), -1);
	hostcgroup_release(&hold);
	pid = sleeper();
	CHECK(is_in(pid, all[0], path) && is_in(pid, all[1], path));
	/* Nobody else's. */
	CHECK(makes(theirs, &hold, "there are processes in this cgroup"));
	CHECK(removes(theirs) && there(path));
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);

	CHECK(removes(ours) && !there(path) && there(above));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(removes(ours));
	hostcgroup_prune(&cgroup, NULL);
	CHECK(!there(above));
	CHECK_EQ(unit_open_fds(), fds);
}

static void is_one_containers(void)
{
	struct hostcgroup_hold hold, other;

	if (!able)
		SKIP(MISSING);
	make_above();
	CHECK(makes(ours, &hold, NULL));
	CHECK_EQ(hold.existing[0], strlen(above));
	hostcgroup_release(&hold);
	CHECK(makes(theirs, &other, "this cgroup is another container's"));
	CHECK(there(path) && !other.made);
	CHECK(removes(theirs) && there(path));
	CHECK(removes(ours) && !there(path));

	/* One that is another's in one hierarchy is marked in none. */
	mkdir(in_hierarchy(all[0], path), 0755);
	mkdir(in_hierarchy(all[1], path), 0755);
	CHECK_EQ(setxattr(in_hierarchy(all[1], path), "trusted.xenrun", theirs, sizeof(theirs), 0), 0);
	CHECK(makes(ours, &hold, "name=unit-b:/"));
	CHECK_EQ(getxattr(in_hierarchy(all[0], path), "trusted.xenrun", NULL, 0), -1);
	CHECK(removes(theirs));
	CHECK(!there(path));
	remove_above();
}

static void goes_with_what_is_below(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	char below[160], procs[200], number[16];
	int fd, status;
	pid_t pid;

	if (!able)
		SKIP(MISSING);
	CHECK(makes(ours, &hold, NULL));
	hostcgroup_release(&hold);
	pid = sleeper();
	snprintf(below, sizeof(below), "%s/one", path);
	mkdir(in_hierarchy(all[1], below), 0755);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", below);
	fd = open(in_hierarchy(all[1], procs), O_WRONLY | O_CLOEXEC);
	snprintf(number, sizeof(number), "%d", (int)pid);
	CHECK(write(fd, number, strlen(number)) > 0);
	close(fd);
	snprintf(below, sizeof(below), "%s/two", path);
	mkdir(in_hierarchy(all[0], below), 0755);
	CHECK(removes(ours) && !there(path));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	hostcgroup_prune(&cgroup, NULL);
}

static void is_left_by_who_removes_it(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	struct error err = {0};
	int status = -1;
	pid_t pid;

	if (!able)
		SKIP(MISSING);
	CHECK(makes(ours, &hold, NULL));
	hostcgroup_release(&hold);
	pid = fork();
	if (pid == 0)
		_exit(hostcgroup_enter(&cgroup, &err) == 0 && removes(ours) && is_in(getpid(), all[0], "/")
				? 0
				: 1);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK(!there(path));
	hostcgroup_prune(&cgroup, NULL);
}

static void what_fails_leaves_nothing(void)
{
	struct hostcgroup_hold hold;
	char name[160];
	struct hostcgroup cgroup = {.path = name, .hierarchies = lines};
	struct error err = {0};
	int fds = unit_open_fds();

	if (!able)
		SKIP(MISSING);
	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	CHECK_EQ(hostcgroup_make(&cgroup, NULL, "box", ours, &hold, &err), -1);
	CHECK(!strncmp(error_message(&err), "linux.cgroupsPath: ", 19));
	CHECK(!there(above) && !hold.made);
	CHECK_EQ(unit_open_fds(), fds);
	error_clear(&err);
}

/* ---- Limits, in the hierarchies of this machine */

static char real_lines[4096];

/* Mounts those that are of version 1 already: what has none keeps its controllers. */
static void mount_real(void)
{
	char line[512], *names, *end;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file)) {
		names = strchr(line, ':') + 1;
		end = strchr(names, ':');
		*end = '\0';
		if (!*names || !strncmp(names, "name=", 5))
			continue;
		mkdir(in_hierarchy(names, ""), 0755);
		if (mount("cgroup", in_hierarchy(names, ""), "cgroup", 0, names))
			continue;
		strcat(real_lines, names);
		strcat(real_lines, ":\n");
	}
	if (file)
		fclose(file);
}

static bool has(const char *controller)
{
	return strstr(real_lines, controller) != NULL;
}

/* The caller frees it. */
static char *first_line(const char *name)
{
	FILE *stream = fopen(name, "re");
	char *text = NULL;
	size_t size = 0;

	if (!stream || getline(&text, &size, stream) < 0) {
		free(text);
		text = strdup("missing");
	}
	if (stream)
		fclose(stream);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The first line of that file. */
static bool holds(const char *file, const char *expected)
{
	cleanup_free char *text = NULL;
	char name[256], where[64];

	snprintf(where, sizeof(where), "%.*s", (int)strcspn(file, "."), file);
	snprintf(name, sizeof(name), "%s/%s", path, file);
	text = first_line(in_hierarchy(where, name));
	if (strcmp(text, expected) == 0)
		return true;
	printf("# %s: \"%s\", not \"%s\"\n", file, text, expected);
	return false;
}

static int limits(const struct hostcgroup *cgroup, const char *text, bool is_new, const char *message)
{
	struct error err = {0};
	struct oci_resources *resources = oci_resources_parse(text, strlen(text), &err);
	int result = resources ? hostcgroup_limit(cgroup, resources, is_new, &err) : -1;

	if (message ? !err.message || !strstr(err.message, message) : err.message != NULL) {
		printf("# %s: %s\n", text, err.message ? err.message : "no error");
		unit_failed = true;
	}
	error_clear(&err);
	oci_resources_free(resources);
	return result;
}

static void limits_are_written(void)
{
	struct hostcgroup cgroup = {.path = path, .hierarchies = real_lines};
	struct hostcgroup_hold hold;
	struct error err = {0};

	if (!able || !*real_lines)
		SKIP(MISSING);
	if (!CHECK_EQ(hostcgroup_make(&cgroup, NULL, "box", ours, &hold, &err), 0))
		printf("# %s\n", error_message(&err));
	error_clear(&err);
	hostcgroup_release(&hold);
	CHECK_EQ(hostcgroup_limit(&cgroup, NULL, true, &err), 0);
	if (has("pids:")) {
		CHECK_EQ(limits(&cgroup, "{\"pids\":{\"limit\":7}}", true, NULL), 0);
		CHECK(holds("pids.max", "7"));
		CHECK_EQ(limits(&cgroup, "{\"pids\":{\"limit\":-1}}", false, NULL), 0);
		CHECK(holds("pids.max", "max"));
	}
	if (has("memory:")) {
		/* Up, and down: whichever of the two has to be first. */
		CHECK_EQ(limits(&cgroup, "{\"memory\":{\"limit\":67108864,\"swap\":134217728}}", true, NULL),
			0);
		CHECK_EQ(
			limits(&cgroup, "{\"memory\":{\"limit\":268435456,\"swap\":268435456}}", false, NULL),
			0);
		CHECK(holds("memory.limit_in_bytes", "268435456"));
		CHECK_EQ(limits(&cgroup,
				 "{\"memory\":{\"limit\":67108864,\"swap\":67108864,\"reservation\":33554432,"
				 "\"kernel\":33554432,\"swappiness\":30,\"disableOOMKiller\":true}}",
				 false, NULL),
			0);
		CHECK(holds("memory.limit_in_bytes", "67108864"));
		CHECK(holds("memory.memsw.limit_in_bytes", "67108864"));
		CHECK(holds("memory.soft_limit_in_bytes", "33554432"));
		CHECK(holds("memory.swappiness", "30"));
		CHECK(holds("memory.oom_control", "oom_kill_disable 1"));
		CHECK_EQ(limits(&cgroup, "{\"memory\":{\"limit\":-1}}", false, NULL), 0);
		CHECK(holds("memory.memsw.limit_in_bytes", "9223372036854771712"));
	}
	if (has("cpu:") || has("cpu,")) {
		CHECK_EQ(limits(&cgroup, "{\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":200000}}", true,
				 NULL),
			0);
		CHECK(holds("cpu.shares", "512"));
		CHECK(holds("cpu.cfs_quota_us", "50000"));
		CHECK(holds("cpu.cfs_period_us", "200000"));
		CHECK_EQ(limits(&cgroup, "{\"cpu\":{\"quota\":-1,\"shares\":0}}", false, NULL), 0);
		CHECK(holds("cpu.cfs_quota_us", "-1"));
		CHECK(holds("cpu.shares", "512"));
	}
	if (has("cpuset:")) {
		/* Filled from above. */
		cleanup_free char *mems = first_line(in_hierarchy("cpuset", "/cpuset.mems"));

		CHECK(holds("cpuset.mems", mems));
		CHECK_EQ(limits(&cgroup, "{\"cpu\":{\"cpus\":\"0\",\"mems\":\"0\"}}", true, NULL), 0);
		CHECK(holds("cpuset.cpus", "0") && holds("cpuset.mems", "0"));
	}
	if (has("devices:")) {
		const char *rules =
			"{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
			"{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"},"
			"{\"allow\":true,\"major\":9,\"access\":\"r\"}]}";

		CHECK_EQ(limits(&cgroup, rules, false, NULL), 0);
		CHECK(holds("devices.list", "a *:* rwm"));
		CHECK_EQ(limits(&cgroup, rules, true, NULL), 0);
		CHECK(holds("devices.list", "c 10:229 rw"));
	}
	/* A file that the host has not. */
	limits(&cgroup, "{\"hugepageLimits\":[{\"pageSize\":\"4GB\",\"limit\":4294967296}]}", true,
		"linux.resources.hugepageLimits[0]: hugetlb.4GB.limit_in_bytes of the host: No such file");
	CHECK_EQ(limits(&cgroup, "{\"hugepageLimits\":[{\"pageSize\":\"4GB\",\"limit\":0}]}", true, NULL), 0);
	CHECK_EQ(hostcgroup_remove(&cgroup, ours, &err), 0);
	hostcgroup_prune(&cgroup, NULL);
	error_clear(&err);
}

static void one_that_is_frozen_is_refused(void)
{
	char only[] = "freezer:\n", state[160];
	struct hostcgroup cgroup = {.path = path, .hierarchies = only};
	struct hostcgroup_hold hold;
	struct error err = {0};
	int fd;

	if (!able || !has("freezer:"))
		SKIP(MISSING);
	mkdir(in_hierarchy("freezer", above), 0755);
	mkdir(in_hierarchy("freezer", path), 0755);
	snprintf(state, sizeof(state), "%s/freezer.state", path);
	fd = open(in_hierarchy("freezer", state), O_WRONLY | O_CLOEXEC);
	CHECK_EQ(write(fd, "FROZEN", 6), 6);
	CHECK_EQ(hostcgroup_make(&cgroup, NULL, "box", ours, &hold, &err), -1);
	CHECK(strstr(error_message(&err), "this cgroup is frozen") != NULL);
	error_clear(&err);
	CHECK_EQ(write(fd, "THAWED", 6), 6);
	close(fd);
	CHECK_EQ(hostcgroup_make(&cgroup, NULL, "box", ours, &hold, &err), 0);
	CHECK_EQ(hold.existing[0], strlen(path));
	hostcgroup_release(&hold);
	CHECK_EQ(hostcgroup_remove(&cgroup, ours, &err), 0);
	hostcgroup_prune(&cgroup, NULL);
}

int main(void)
{
	snprintf(above, sizeof(above), "/xenrun-unit-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/box", above);
	able = mount_hierarchies();
	RUN(is_found_in_what_is_mounted);
	RUN(is_made_entered_and_removed);
	RUN(is_one_containers);
	RUN(goes_with_what_is_below);
	RUN(is_left_by_who_removes_it);
	RUN(what_fails_leaves_nothing);
	if (able) {
		unmount_hierarchies();
		mount_real();
	}
	RUN(limits_are_written);
	RUN(one_that_is_frozen_is_refused);
	return unit_end();
}
