/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zone init as a whole, in namespaces in place of a zone: asks it for processes as dom0 does and sees what
 * becomes of them. Wants root, a static busybox, and zone-init-test beside the test (zone_platform.c).
 */
#ifndef XENRUN_TEST_ZONE_FIXTURE_H
#define XENRUN_TEST_ZONE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/zone_spec.h"

#define NAMESPACES    (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define PROCESSES     16
#define OUTPUT_MAX    (1 << 20)
#define SECONDS	      20
#define NO_INDEX      UINT32_MAX
#define ALL	      0x1ffffffffffull
#define DEFAULT_UMASK UINT32_MAX

static char top[] = "/tmp/xenrun-zone-XXXXXX";
static char program[PATH_MAX]; /* zone-init-test */
static const char *unable;     /* why nothing can be tested here */

/* Makes what the zone has for devices, in its network namespace. */
static void (*zone_devices)(void);

static pid_t zone;
static int events, reports, streams[PROCESSES][3];
static char output[OUTPUT_MAX];

/* ---- The zone */

static inline const char *at(const char *path)
{
	static char whole[4][PATH_MAX];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(whole[turn], sizeof(whole[turn]), "%s/%s", top, path);
	return whole[turn];
}

static inline void write_file(const char *path, const void *content, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	CHECK(fd >= 0 && write(fd, content, size) == (ssize_t)size);
	close(fd);
}

static inline void run_shell(const char *script)
{
	pid_t pid = fork();

	if (!pid) {
		if (chdir(top))
			_exit(1);
		execl("/bin/sh", "sh", "-c", script, program, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static inline void write_at(int folder, const char *file, const char *text)
{
	int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);

	if (write(fd, text, strlen(text)) < 0)
		printf("# cannot write %s: %s\n", file, strerror(errno));
	close(fd);
}

/* The first process of the zone-to-be. */
static inline void become_zone(void)
{
	int console = open(at("console"), O_WRONLY | O_CREAT, 0600);

	/* Not chroot(2): who joins a mount namespace comes to stand on its root. */
	if (mount(top, top, NULL, MS_BIND, NULL) || chdir(top) || syscall(SYS_pivot_root, ".", ".") ||
		umount2(".", MNT_DETACH) || dup2(console, 2) < 0)
		_exit(1);
	execl("/init", "/init", (char *)NULL);
	_exit(1);
}

/*
 * Gives the zone a cgroup of this machine to take for the root of all. Returns a descriptor of the true root,
 * -1 where there is no cgroup2: the zone then goes without, or makes do with what it finds.
 */
static inline int enter_cgroup(const char *name)
{
	int tree, own;

	if (mount("cgroup2", at("cgroup"), "cgroup2", 0, NULL))
		return -1;
	tree = open(at("cgroup"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0 || mkdirat(tree, name, 0700))
		return -1;
	own = openat(tree, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_at(own, "cgroup.procs", "0");
	close(own);
	return unshare(CLONE_NEWCGROUP) ? -1 : tree;
}

static inline void leave_cgroup(int tree, const char *name)
{
	char inner[64];

	snprintf(inner, sizeof(inner), "%s/container", name);
	write_at(tree, "cgroup.procs", "0");
	unlinkat(tree, inner, AT_REMOVEDIR);
	unlinkat(tree, name, AT_REMOVEDIR);
}

/* Between the test and the zone: what the zone is in is its own. */
static inline void keep_zone(void)
{
	char name[32];
	int tree;

	/* That they are open here would keep the zone from seeing them closed. */
	close(events);
	close(reports);
	snprintf(name, sizeof(name), "xenrun-test-%d", (int)getpid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(1);
	tree = enter_cgroup(name);
	if (unshare(CLONE_NEWNET))
		_exit(1);
	if (zone_devices)
		zone_devices();
	if (unshare(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC))
		_exit(1);
	zone = fork();
	if (!zone)
		become_zone();
	waitpid(zone, NULL, 0);
	if (tree >= 0)
		leave_cgroup(tree, name);
	_exit(0);
}

static inline int open_fifo(const char *path)
{
	CHECK(!mkfifo(path, 0600));
	/* For both, so that it opens at once and its end is when we say. */
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static inline struct zone_report next_report(void)
{
	struct zone_report report = {0};
	struct pollfd pollfd = {.fd = reports, .events = POLLIN};

	if (poll(&pollfd, 1, SECONDS * 1000) == 1)
		CHECK_EQ(read(reports, &report, sizeof(report)), sizeof(report));
	return report;
}

static inline bool reported(uint32_t type, uint32_t process, uint32_t first, uint32_t second)
{
	struct zone_report report = next_report();

	if (report.type == type && report.process == process && report.arg[0] == first &&
		report.arg[1] == second)
		return true;
	printf("# report %u of %u: %u, %u\n", report.type, report.process, report.arg[0], report.arg[1]);
	return false;
}

static inline void zone_start(void)
{
	pid_t pid;

	run_shell("mkdir -p cgroup root proc sys dev shares/control shares/rootfs/bin shares/rootfs/proc "
		  "shares/rootfs/dev"
		  " shares/rootfs/tmp shares/volumes; cp \"$0\" init; cp \"$(command -v busybox)\" "
		  "shares/rootfs/bin;"
		  " for name in sh echo cat sleep id mkdir grep touch ls ip; do ln -s busybox "
		  "shares/rootfs/bin/$name; done");
	events = open_fifo(at("shares/control/events"));
	reports = open_fifo(at("shares/control/reports"));
	pid = fork();
	if (!pid)
		keep_zone();
	zone = pid;
	CHECK(reported(ZONE_REPORT_BOOTED, 0, 0, 0));
}

static inline void zone_stop(void)
{
	/* A read that ends is what zone init takes for the loss of dom0. */
	close(events);
	waitpid(zone, NULL, 0);
	close(reports);
	for (size_t i = 0; i < PROCESSES; i++)
		for (int stream = 0; stream < 3; stream++) {
			if (streams[i][stream] > 0)
				close(streams[i][stream]);
			streams[i][stream] = 0;
		}
	run_shell("rm -rf ./*");
}

static inline void ask(uint32_t type, uint32_t process, uint32_t first, uint32_t second)
{
	struct zone_event event = {.type = type, .process = process, .arg = {first, second}};

	CHECK_EQ(write(events, &event, sizeof(event)), sizeof(event));
}

/* Puts what is in `bytes` where process `number` finds its spec, and asks for it. */
static inline void create(uint32_t number)
{
	static const char *const names[] = {"in", "out", "err"};
	char path[64];

	snprintf(path, sizeof(path), "shares/control/%u", number);
	CHECK(!mkdir(at(path), 0700) || errno == EEXIST);
	for (int stream = 0; stream < 3; stream++) {
		snprintf(path, sizeof(path), "shares/control/%u/%s", number, names[stream]);
		streams[number][stream] = open_fifo(at(path));
	}
	snprintf(path, sizeof(path), "shares/control/%u/spec", number);
	write_file(at(path), spec_bytes, spec_length, 0600);
	ask(ZONE_EVENT_CREATE, number, 0, 0);
}

/* What is in a stream's FIFO by now. */
static inline const char *output_of(uint32_t number, int stream)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(streams[number][stream], output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	return output;
}

static inline bool output_is(uint32_t number, int stream, const char *expected)
{
	const char *found = output_of(number, stream);

	if (!strcmp(found, expected))
		return true;
	printf("# stream %d of %u: %s\n", stream, number, found);
	return false;
}

/* ---- Specs */

static inline void put_mount(const char *type, const char *source, const char *target, uint32_t flags,
	uint32_t propagation, const char *data)
{
	const char *strings[] = {type, source, target, data};
	uint8_t payload[1024];
	size_t used = 8;

	memcpy(payload, &flags, 4);
	memcpy(payload + 4, &propagation, 4);
	for (size_t i = 0; i < 4; i++) {
		strcpy((char *)payload + used, strings[i]);
		used += strlen(strings[i]) + 1;
	}
	put(ZONE_OP_MOUNT, payload, used);
}

static inline void put_root(void)
{
	static const uint32_t null[] = {S_IFCHR | 0666, 1, 3, 0, 0}, none = 0;

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES);
	PUT_BOTH(ZONE_OP_ROOT, none, "cache=loose");
	put_mount("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put_mount("tmpfs", "tmpfs", "/dev", MS_NOSUID, 0, "mode=755");
	PUT_BOTH(ZONE_OP_MKNOD, null, "/dev/null");
}

static inline void put_shell(const char *script)
{
	PUT_STRINGS(ZONE_OP_ENV, "PATH=/sbin:/bin");
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	PUT_STRINGS(ZONE_OP_ARG, "-c");
	put(ZONE_OP_ARG, script, strlen(script) + 1);
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
}

static inline void put_user(uint32_t uid, uint32_t gid, uint32_t mask)
{
	uint32_t user[] = {uid, gid, mask};

	put(ZONE_OP_USER, user, sizeof(user));
}

/* A container that does nothing until it is killed, for exec's to join. */
static inline void idle_container(void)
{
	put_root();
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("exec sleep 1000");
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));
}

/* Runs what was put as process `number` to its end. Returns its wait status. */
static inline int run(uint32_t number)
{
	struct zone_report report;

	create(number);
	/* Its standard input is empty. */
	close(streams[number][0]);
	streams[number][0] = 0;
	report = next_report();
	if (!CHECK_EQ(report.type, ZONE_REPORT_CREATED)) {
		printf("# operation %u, errno %u\n", report.arg[0], report.arg[1]);
		return -1;
	}
	ask(ZONE_EVENT_START, number, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, number, 0, 0));
	report = next_report();
	CHECK_EQ(report.type, ZONE_REPORT_EXITED);
	CHECK_EQ(report.process, number);
	return (int)report.arg[0];
}

static inline int exec(uint32_t number, const char *script)
{
	spec_length = 0;
	put_shell(script);
	return run(number);
}

static inline void with_zone(void (*test)(void))
{
	zone_start();
	test();
	zone_stop();
}

static inline void fails(uint32_t number, uint32_t index, int error)
{
	create(number);
	CHECK(reported(ZONE_REPORT_FAILED, number, index, (uint32_t)error));
}

/* What all tests want, the first thing in main(). */
static inline bool zone_prepare(const char *argv0)
{
	char self[PATH_MAX];

	strncpy(self, argv0, sizeof(self) - 1);
	self[sizeof(self) - 1] = '\0';
	snprintf(program, sizeof(program), "%s/zone-init-test", dirname(self));
	if (!realpath(program, self))
		unable = "no zone-init-test";
	else
		strcpy(program, self);
	if (geteuid() != 0)
		unable = "not root";
	if (system("busybox true 2>/dev/null") != 0)
		unable = "no busybox";
	/* In a lesser user namespace nobody is its owner. */
	return mkdtemp(top) && !chmod(top, 0755);
}

#define ZONE_TEST(test)                    \
	static void test(void)             \
	{                                  \
		if (unable)                \
			SKIP(unable);      \
		with_zone(test##_in_zone); \
	}

#endif
