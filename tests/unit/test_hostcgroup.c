/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup on the host: which one linux.cgroupsPath means; and, where this machine lets a test
 * have cgroups of version 2, what becomes of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/hostcgroup.h"
#include "tests/unit/unit.h"
#include "util/error.h"

#define ROOT "/sys/fs/cgroup"

static const uint8_t ours[16] = {1, 2, 3}, theirs[16] = {4, 5, 6};

/* ---- Which */

static bool chooses(enum cgroup_manager manager, const char *asked, const char *own, const char *id,
	const char *path, const char *unit, const char *slice)
{
	struct hostcgroup chosen;
	struct error err = {0};
	char *in = NULL;
	bool as_expected = hostcgroup_choose(manager, asked, own, id, &chosen, &in, &err) == 0 &&
			   !strcmp(chosen.path ? chosen.path : "none", path) &&
			   !strcmp(chosen.unit ? chosen.unit : "none", unit) &&
			   !strcmp(in ? in : "none", slice);

	if (!as_expected)
		printf("# %s: %s, %s, %s (%s)\n", asked ? asked : "absent", chosen.path, chosen.unit, in,
			err.message ? err.message : "no error");
	hostcgroup_free(&chosen);
	error_clear(&err);
	free(in);
	return as_expected;
}

static bool refuses(enum cgroup_manager manager, const char *asked, const char *id, const char *message)
{
	struct hostcgroup chosen;
	struct error err = {0};
	char *slice = NULL;
	bool as_expected = hostcgroup_choose(manager, asked, "/a/b", id, &chosen, &slice, &err) == -1 &&
			   !strncmp(error_message(&err), "linux.cgroupsPath: ", 19) &&
			   strstr(error_message(&err), message);

	if (!as_expected)
		printf("# %s: %s\n", asked, err.message ? err.message : "no error");
	hostcgroup_free(&chosen);
	error_clear(&err);
	free(slice);
	return as_expected;
}

static bool becomes(const char *asked, const char *own, const char *path)
{
	return chooses(CGROUPS_FS, asked, own, "box", path, "none", "none");
}

static bool becomes_scope(const char *asked, const char *path, const char *unit, const char *slice)
{
	return chooses(CGROUPS_SYSTEMD, asked, "/a/b", "box", path, unit, slice);
}

static void absolute_paths_are_below_the_root(void)
{
	CHECK(becomes("/one", "/a/b", "/one"));
	CHECK(becomes("/one/two.three/four", "/", "/one/two.three/four"));
	CHECK(becomes("/...", "/", "/..."));
}

static void relative_paths_are_beside_the_callers(void)
{
	CHECK(becomes("one/two", "/a/b/c", "/a/b/one/two"));
	CHECK(becomes("one", "/a", "/one"));
	CHECK(becomes("one", "/", "/one"));
}

static void without_a_path_it_is_the_id(void)
{
	struct hostcgroup chosen;
	struct error err = {0};
	char id[1025], *slice;

	CHECK(becomes(NULL, "/a/b", "/a/box"));
	CHECK(becomes("", "/", "/box"));
	/* One that is longer than a name may be is as its state's folder. */
	memset(id, 'x', 1024);
	id[1024] = '\0';
	CHECK_EQ(hostcgroup_choose(CGROUPS_FS, NULL, "/a/b", id, &chosen, &slice, &err), 0);
	CHECK(chosen.path && !strncmp(chosen.path, "/a/xxx", 6) && strlen(chosen.path) == 3 + 217);
	hostcgroup_free(&chosen);
	error_clear(&err);
	CHECK(refuses(CGROUPS_SYSTEMD, NULL, id, "longer than a unit's name may be"));
}

static void disabled_is_none(void)
{
	CHECK(chooses(CGROUPS_DISABLED, "/one", "/a", "box", "none", "none", "none"));
	CHECK(chooses(CGROUPS_DISABLED, "/../one", "/a", "box", "none", "none", "none"));
}

static void paths_stay_below_the_root(void)
{
	char name[2 * NAME_MAX];

	CHECK(refuses(CGROUPS_FS, "/", "box", "a part of it is empty"));
	CHECK(refuses(CGROUPS_FS, "//one", "box", "a part of it is empty"));
	CHECK(refuses(CGROUPS_FS, "/one//two", "box", "/one//two: a part of it is empty"));
	CHECK(refuses(CGROUPS_FS, "/one/", "box", "a part of it is empty"));
	CHECK(refuses(CGROUPS_FS, "/one/../two", "box", "/one/../two: \"..\" in it"));
	CHECK(refuses(CGROUPS_FS, "/..", "box", "\"..\" in it"));
	CHECK(refuses(CGROUPS_FS, "../one", "box", "\"..\" in it"));
	CHECK(refuses(CGROUPS_FS, "./one", "box", "\".\" in it"));
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[NAME_MAX + 2] = '\0';
	CHECK(refuses(CGROUPS_FS, name, "box", "File name too long"));
}

static void scopes_are_in_slices(void)
{
	CHECK(becomes_scope("machine.slice:libpod:1234", "/machine.slice/libpod-1234.scope",
		"libpod-1234.scope", "machine.slice"));
	CHECK(becomes_scope(
		"a-b-c.slice:p:n", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope", "p-n.scope", "a-b-c.slice"));
	CHECK(becomes_scope("-.slice:p:n", "/p-n.scope", "p-n.scope", "-.slice"));
	CHECK(becomes_scope(":p:n", "/system.slice/p-n.scope", "p-n.scope", "system.slice"));
	CHECK(becomes_scope("::n", "/system.slice/n.scope", "n.scope", "system.slice"));
	CHECK(becomes_scope(NULL, "/system.slice/xenrun-box.scope", "xenrun-box.scope", "system.slice"));
	CHECK(becomes_scope("", "/system.slice/xenrun-box.scope", "xenrun-box.scope", "system.slice"));
}

static void bad_scopes_are_refused(void)
{
	CHECK(refuses(CGROUPS_SYSTEMD, "/one/two", "box", "is not slice:prefix:name"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a.slice:p", "box", "--systemd-cgroup"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a.slice:p:n:more", "box", "is not slice:prefix:name"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a.slice:p:", "box", "is not slice:prefix:name"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a.slice:p:b.slice", "box", "no processes in slices"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a:p:n", "box", "\"a\" is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, ".slice:p:n", "box", "is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a-.slice:p:n", "box", "is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, "-a.slice:p:n", "box", "is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a--b.slice:p:n", "box", "is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, "../a.slice:p:n", "box", "is no slice"));
	CHECK(refuses(CGROUPS_SYSTEMD, "a.slice:p:../n", "box", "no units with '/'"));
	CHECK(refuses(CGROUPS_SYSTEMD, NULL, "a+b", "no units with '+'"));
}

/* ---- What becomes of it */

static const char *unable;
static char above[64], path[96];

static const char *at(const char *name)
{
	static char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", ROOT, name);
	return whole;
}

static bool there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static struct hostcgroup named(void)
{
	return (struct hostcgroup){.path = path};
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

static bool is_in(pid_t pid, const char *expected)
{
	char name[32], text[512], line[128];
	int fd;
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	snprintf(line, sizeof(line), "0::%s\n", expected);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	length = read(fd, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	close(fd);
	return strstr(text, line) != NULL;
}

static pid_t sleeper(int cgroup)
{
	pid_t pid = fork_into(cgroup);

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void is_made_joined_and_removed(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	int fds = unit_open_fds(), status = 0, again;
	pid_t pid;

	if (unable)
		SKIP(unable);
	if (!CHECK(makes(ours, &hold, NULL)))
		return;
	CHECK_EQ(hold.existing[0], 0);
	pid = sleeper(hold.fd);
	CHECK(pid > 0 && is_in(pid, path));
	hostcgroup_release(&hold);
	again = hostcgroup_open(&cgroup);
	CHECK(again >= 0);
	close(again);
	/* Nobody else's. */
	CHECK(makes(theirs, &hold, "there are processes in this cgroup"));
	CHECK(removes(theirs) && there(path));
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);

	CHECK(removes(ours) && !there(path) && there(above));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(removes(ours));
	CHECK_EQ(hostcgroup_open(&cgroup), -1);
	hostcgroup_prune(&cgroup, NULL);
	CHECK(!there(above));
	CHECK_EQ(unit_open_fds(), fds);
}

static void is_one_containers(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold, other;

	if (unable)
		SKIP(unable);
	CHECK(makes(ours, &hold, NULL));
	hostcgroup_release(&hold);
	CHECK(makes(theirs, &other, "this cgroup is another container's"));
	CHECK(there(path) && !other.made);
	CHECK(removes(theirs) && there(path));
	CHECK(removes(ours));
	hostcgroup_prune(&cgroup, NULL);
}

static void may_be_there_already(void)
{
	struct hostcgroup_hold hold;
	char freeze[128];
	int fd;

	if (unable)
		SKIP(unable);
	mkdir(at(above), 0755);
	mkdir(at(path), 0755);
	snprintf(freeze, sizeof(freeze), "%s/cgroup.freeze", path);
	fd = open(at(freeze), O_WRONLY | O_CLOEXEC);
	CHECK_EQ(write(fd, "1", 1), 1);
	CHECK(makes(ours, &hold, "this cgroup is frozen"));
	CHECK_EQ(write(fd, "0", 1), 1);
	close(fd);
	CHECK(there(path));
	CHECK(makes(ours, &hold, NULL));
	CHECK_EQ(hold.existing[0], strlen(path));
	hostcgroup_release(&hold);
	CHECK(removes(ours) && !there(path) && there(above));
	rmdir(at(above));
}

static void goes_without_a_mark_when_empty(void)
{
	if (unable)
		SKIP(unable);
	mkdir(at(above), 0755);
	mkdir(at(path), 0755);
	CHECK(removes(ours) && !there(path));
	rmdir(at(above));
}

static void goes_with_what_is_below(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	char below[160];
	int fd, status;
	pid_t pid;

	if (unable)
		SKIP(unable);
	CHECK(makes(ours, &hold, NULL));
	hostcgroup_release(&hold);
	snprintf(below, sizeof(below), "%s/one", path);
	mkdir(at(below), 0755);
	fd = open(at(below), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = sleeper(fd);
	CHECK(pid > 0 && is_in(pid, below));
	close(fd);
	snprintf(below, sizeof(below), "%s/two", path);
	mkdir(at(below), 0755);
	snprintf(below, sizeof(below), "%s/two/three", path);
	mkdir(at(below), 0755);
	CHECK(removes(ours) && !there(path));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	hostcgroup_prune(&cgroup, NULL);
}

static void is_removed_from_within(void)
{
	struct hostcgroup cgroup = named();
	struct hostcgroup_hold hold;
	int status = -1;
	pid_t pid, other;

	if (unable)
		SKIP(unable);
	CHECK(makes(ours, &hold, NULL));
	other = sleeper(hold.fd);
	pid = fork_into(hold.fd);
	if (pid == 0) {
		hostcgroup_leave(&cgroup, other);
		_exit(is_in(getpid(), path) && removes(ours) && is_in(getpid(), "/") ? 0 : 1);
	}
	hostcgroup_release(&hold);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK(!there(path) && is_in(other, "/"));
	kill(other, SIGTERM);
	waitpid(other, NULL, 0);
	hostcgroup_prune(&cgroup, NULL);
}

static void what_fails_leaves_nothing(void)
{
	struct hostcgroup_hold hold;
	char name[160];
	struct hostcgroup cgroup = {.path = name};
	struct error err = {0};
	int fds = unit_open_fds();

	if (unable)
		SKIP(unable);
	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	CHECK_EQ(hostcgroup_make(&cgroup, NULL, "box", ours, &hold, &err), -1);
	CHECK(!strncmp(error_message(&err), "linux.cgroupsPath: ", 19));
	CHECK(!there(above) && !hold.made);
	CHECK_EQ(unit_open_fds(), fds);
	error_clear(&err);
}

int main(void)
{
	RUN(absolute_paths_are_below_the_root);
	RUN(relative_paths_are_beside_the_callers);
	RUN(without_a_path_it_is_the_id);
	RUN(disabled_is_none);
	RUN(paths_stay_below_the_root);
	RUN(scopes_are_in_slices);
	RUN(bad_scopes_are_refused);

	snprintf(above, sizeof(above), "/xenrun-unit-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/box", above);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("cgroup2", ROOT, "cgroup2", 0, NULL))
		unable = "no cgroups of version 2";
	RUN(is_made_joined_and_removed);
	RUN(is_one_containers);
	RUN(may_be_there_already);
	RUN(goes_without_a_mark_when_empty);
	RUN(goes_with_what_is_below);
	RUN(is_removed_from_within);
	RUN(what_fails_leaves_nothing);
	return unit_end();
}
