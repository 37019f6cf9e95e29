/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes for containers, asked for of something that answers as systemd does, with cgroups of either version.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "container/hostcgroup.h"
#include "tests/unit/cgroup_v1.h"
#include "tests/unit/unit.h"

static const uint8_t ours[16] = {1, 2, 3};
static char top[] = "/tmp/xenrun-systemd-XXXXXX";
static char above[64], scope[96];
static const char *unable;
/* Version 1: the one that systemd keeps. */
static const char *hierarchy = "";

static const char *at(const char *name)
{
	return in_hierarchy(hierarchy, name);
}

static bool there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

/* ---- What answers */

/* How the job ends; "exists": there is no job. */
static const char *job_result;

static void put_in_scope(uint32_t pid)
{
	char file[128], number[16];
	int fd;

	mkdir(at(scope), 0755);
	snprintf(file, sizeof(file), "%s/cgroup.procs", scope);
	fd = open(at(file), O_WRONLY | O_CLOEXEC);
	snprintf(number, sizeof(number), "%u", pid);
	if (write(fd, number, strlen(number)) < 0)
		printf("# cannot enter the scope: %s\n", strerror(errno));
	close(fd);
}

static int tell_of_job(sd_bus *bus, const char *job)
{
	sd_bus_message *message = NULL;
	int result = sd_bus_message_new_signal(
		bus, &message, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved");

	if (result >= 0)
		result = sd_bus_message_set_sender(message, "org.freedesktop.systemd1");
	if (result >= 0)
		result = sd_bus_message_append(message, "uoss", 1, job, "p-n.scope", job_result);
	if (result >= 0)
		result = sd_bus_send(bus, message, NULL);
	sd_bus_message_unref(message);
	return result < 0 ? result : 1;
}

static int start(sd_bus *bus, sd_bus_message *call)
{
	const char *unit, *mode, *key, *slice = "", *text;
	int result = sd_bus_message_read(call, "ss", &unit, &mode), delegated = 0;
	uint32_t pid = 0;

	if (strcmp(job_result, "exists") == 0)
		return sd_bus_reply_method_errorf(call, "org.freedesktop.systemd1.UnitExists",
			"Unit %s was already loaded or has a fragment file.", unit);
	if (result >= 0)
		result = sd_bus_message_enter_container(call, 'a', "(sv)");
	while (result >= 0 && sd_bus_message_enter_container(call, 'r', "sv") > 0) {
		sd_bus_message_read(call, "s", &key);
		if (strcmp(key, "PIDs") == 0)
			result = sd_bus_message_read(call, "v", "au", 1, &pid);
		else if (strcmp(key, "Slice") == 0)
			result = sd_bus_message_read(call, "v", "s", &slice);
		else if (strcmp(key, "Description") == 0)
			result = sd_bus_message_read(call, "v", "s", &text);
		else if (strcmp(key, "Delegate") == 0)
			result = sd_bus_message_read(call, "v", "b", &delegated);
		else
			result = sd_bus_message_skip(call, "v");
		if (result >= 0)
			result = sd_bus_message_exit_container(call);
	}
	if (result < 0 || strcmp(unit, "p-n.scope") != 0 || strcmp(slice, "a.slice") != 0 || !pid ||
		!delegated)
		return sd_bus_reply_method_errorf(
			call, SD_BUS_ERROR_INVALID_ARGS, "%s in %s: %s", unit, slice, strerror(-result));
	if (strcmp(job_result, "done") == 0)
		put_in_scope(pid);
	/* One of another's, first. */
	tell_of_job(bus, "/org/freedesktop/systemd1/job/7");
	result = sd_bus_reply_method_return(call, "o", "/org/freedesktop/systemd1/job/8");
	return result < 0 ? result : tell_of_job(bus, "/org/freedesktop/systemd1/job/8");
}

static int answer(sd_bus_message *call, void *arg, sd_bus_error *unused)
{
	const char *member = sd_bus_message_get_member(call);
	sd_bus *bus = arg;

	(void)unused;
	if (!sd_bus_message_is_method_call(call, NULL, NULL))
		return 0;
	if (strcmp(member, "Hello") == 0)
		return sd_bus_reply_method_return(call, "s", ":1.1");
	if (strcmp(member, "StartTransientUnit") == 0)
		return start(bus, call);
	if (strcmp(member, "GetUnit") == 0)
		return sd_bus_reply_method_return(call, "o", "/org/freedesktop/systemd1/unit/p");
	if (strcmp(member, "Get") == 0)
		return sd_bus_reply_method_return(call, "v", "s", scope);
	if (strcmp(member, "StopUnit") == 0) {
		char stopped[96];

		snprintf(stopped, sizeof(stopped), "%s/stopped", above);
		mkdir(at(stopped), 0755);
		sd_bus_reply_method_return(call, "o", "/org/freedesktop/systemd1/job/9");
		return tell_of_job(bus, "/org/freedesktop/systemd1/job/9");
	}
	return sd_bus_reply_method_return(call, "");
}

static void serve(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), result;
		sd_bus *bus = NULL;
		sd_id128_t id;

		sd_id128_randomize(&id);
		if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
			sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_trusted(bus, 1) < 0 ||
			sd_bus_add_filter(bus, NULL, answer, bus) < 0 || sd_bus_start(bus) < 0)
			_exit(1);
		do {
			result = sd_bus_process(bus, NULL);
			if (result == 0)
				result = sd_bus_wait(bus, UINT64_MAX);
		} while (result >= 0);
		sd_bus_flush_close_unref(bus);
	}
}

static pid_t begin(const char *result)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char variable[128];
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", top);
	snprintf(variable, sizeof(variable), "unix:path=%s/bus", top);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", variable, 1);
	unlink(address.sun_path);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 4) == 0);
	job_result = result;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		serve(listener);
	close(listener);
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

/* ---- What is asked */

static struct hostcgroup expected(void)
{
	return (struct hostcgroup){.path = strdup("/a.slice/p-n.scope"), .unit = strdup("p-n.scope")};
}

static void scope_is_started_and_stopped(void)
{
	struct hostcgroup cgroup = expected();
	struct hostcgroup_hold hold;
	struct error err = {0};
	int fds, status = 0;
	pid_t bus, pid;
	char stopped[96];

	if (unable) {
		hostcgroup_free(&cgroup);
		SKIP(unable);
	}
	fds = unit_open_fds();
	mkdir(at(above), 0755);
	bus = begin("done");
	if (!CHECK_EQ(hostcgroup_make(&cgroup, "a.slice", "box", ours, &hold, &err), 0))
		printf("# %s\n", error_message(&err));
	/* systemd says where. */
	CHECK(!strcmp(cgroup.path, scope) && hold.holder > 0);
	pid = fork_into(hold.fd);
	if (pid == 0)
		for (;;)
			pause();
	hostcgroup_release(&hold);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);

	if (!CHECK_EQ(hostcgroup_remove(&cgroup, ours, &err), 0))
		printf("# %s\n", error_message(&err));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	snprintf(stopped, sizeof(stopped), "%s/stopped", above);
	CHECK(!there(scope) && there(stopped));
	finish(bus);
	rmdir(at(stopped));
	rmdir(at(above));
	CHECK_EQ(unit_open_fds(), fds);
	hostcgroup_free(&cgroup);
	error_clear(&err);
}

static bool fails(const char *result, const char *message)
{
	struct hostcgroup cgroup = expected();
	struct hostcgroup_hold hold;
	struct error err = {0};
	pid_t bus = begin(result);
	bool as_expected = hostcgroup_make(&cgroup, "a.slice", "box", ours, &hold, &err) == -1 &&
			   !strcmp(error_message(&err), message);

	if (!as_expected)
		printf("# %s\n", error_message(&err));
	finish(bus);
	/* What held the scope is gone. */
	as_expected = as_expected && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
	hostcgroup_free(&cgroup);
	error_clear(&err);
	return as_expected;
}

static void refusals_are_told(void)
{
	if (unable)
		SKIP(unable);
	CHECK(fails("failed", "--systemd-cgroup: p-n.scope: systemd: failed"));
	CHECK(fails("exists",
		"--systemd-cgroup: p-n.scope: systemd: Unit p-n.scope was already loaded or has a "
		"fragment file."));
}

static void needs_a_bus(void)
{
	struct hostcgroup cgroup = expected();
	struct hostcgroup_hold hold;
	struct error err = {0};

	if (unable) {
		hostcgroup_free(&cgroup);
		SKIP(unable);
	}
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonesuch", 1);
	CHECK_EQ(hostcgroup_make(&cgroup, "a.slice", "box", ours, &hold, &err), -1);
	CHECK(!strcmp(error_message(&err),
		"--systemd-cgroup: the system bus, by which systemd is asked, does not "
		"answer: No such file or directory"));
	CHECK(hold.holder == 0 && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	hostcgroup_free(&cgroup);
	error_clear(&err);
}

/* systemd makes it in one hierarchy, we in the others. */
static void scope_is_in_each_hierarchy(void)
{
	struct hostcgroup cgroup = expected();
	struct hostcgroup_hold hold;
	struct error err = {0};
	int status = 0, ends[2];
	char stopped[96], word = 0;
	pid_t bus, pid;

	if (!mount_hierarchies()) {
		hostcgroup_free(&cgroup);
		SKIP(MISSING);
	}
	hierarchy = all[0];
	cgroup.hierarchies = strdup("name=unit-b:\nname=unit-a:\n");
	mkdir(at(above), 0755);
	bus = begin("done");
	if (!CHECK_EQ(hostcgroup_make(&cgroup, "a.slice", "box", ours, &hold, &err), 0))
		printf("# %s\n", error_message(&err));
	CHECK(!strcmp(cgroup.path, scope) && hold.holder > 0 && hold.fd == -1);
	CHECK(is_in(hold.holder, all[0], scope) && is_in(hold.holder, all[1], "/"));
	CHECK_EQ(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (hostcgroup_enter(&cgroup, &err) || write(ends[1], &word, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ends[0], &word, 1), 1);
	hostcgroup_release(&hold);
	CHECK(is_in(pid, all[0], scope) && is_in(pid, all[1], scope));

	if (!CHECK_EQ(hostcgroup_remove(&cgroup, ours, &err), 0))
		printf("# %s\n", error_message(&err));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	snprintf(stopped, sizeof(stopped), "%s/stopped", above);
	CHECK(!there(scope) && there(stopped));
	rmdir(at(stopped));
	hierarchy = all[1];
	CHECK(!there(scope) && !there(stopped));
	hierarchy = all[0];
	finish(bus);
	close(ends[0]);
	close(ends[1]);
	hostcgroup_prune(&cgroup, NULL);
	unmount_hierarchies();
	hostcgroup_free(&cgroup);
	error_clear(&err);
}

int main(void)
{
	char socket_path[64];

	if (!mkdtemp(top))
		return 1;
	snprintf(above, sizeof(above), "/xenrun-systemd-%d", (int)getpid());
	snprintf(scope, sizeof(scope), "%s/p-n.scope", above);
	snprintf(socket_path, sizeof(socket_path), "%s/bus", top);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("cgroup2", ROOT, "cgroup2", 0, NULL))
		unable = "no cgroups of version 2";
	RUN(scope_is_started_and_stopped);
	RUN(refusals_are_told);
	RUN(needs_a_bus);
	RUN(scope_is_in_each_hierarchy);
	unlink(socket_path);
	rmdir(top);
	return unit_end();
}
