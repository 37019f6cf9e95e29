/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zone init as a whole, in namespaces in place of a zone: asks it for processes as dom0 does and sees what
 * becomes of them. Wants root, a static busybox, and zone-init-test beside it (zone_platform.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
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

static pid_t zone;
static int events, reports, streams[PROCESSES][3];
static char output[OUTPUT_MAX];

/* ---- The zone */

static const char *at(const char *path)
{
	static char whole[4][PATH_MAX];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(whole[turn], sizeof(whole[turn]), "%s/%s", top, path);
	return whole[turn];
}

static void write_file(const char *path, const void *content, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	CHECK(fd >= 0 && write(fd, content, size) == (ssize_t)size);
	close(fd);
}

static void run_shell(const char *script)
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

static void write_at(int folder, const char *file, const char *text)
{
	int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);

	if (write(fd, text, strlen(text)) < 0)
		printf("# cannot write %s: %s\n", file, strerror(errno));
	close(fd);
}

/* The first process of the zone-to-be. */
static void become_zone(void)
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
static int enter_cgroup(const char *name)
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

static void leave_cgroup(int tree, const char *name)
{
	char inner[64];

	snprintf(inner, sizeof(inner), "%s/container", name);
	write_at(tree, "cgroup.procs", "0");
	unlinkat(tree, inner, AT_REMOVEDIR);
	unlinkat(tree, name, AT_REMOVEDIR);
}

/* Between the test and the zone: what the zone is in is its own. */
static void keep_zone(void)
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
	if (unshare(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET))
		_exit(1);
	zone = fork();
	if (!zone)
		become_zone();
	waitpid(zone, NULL, 0);
	if (tree >= 0)
		leave_cgroup(tree, name);
	_exit(0);
}

static int open_fifo(const char *path)
{
	CHECK(!mkfifo(path, 0600));
	/* For both, so that it opens at once and its end is when we say. */
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static struct zone_report next_report(void)
{
	struct zone_report report = {0};
	struct pollfd pollfd = {.fd = reports, .events = POLLIN};

	if (poll(&pollfd, 1, SECONDS * 1000) == 1)
		CHECK_EQ(read(reports, &report, sizeof(report)), sizeof(report));
	return report;
}

static bool reported(uint32_t type, uint32_t process, uint32_t first, uint32_t second)
{
	struct zone_report report = next_report();

	if (report.type == type && report.process == process && report.arg[0] == first &&
		report.arg[1] == second)
		return true;
	printf("# report %u of %u: %u, %u\n", report.type, report.process, report.arg[0], report.arg[1]);
	return false;
}

static void zone_start(void)
{
	pid_t pid;

	run_shell("mkdir -p cgroup root proc sys dev shares/control shares/rootfs/bin shares/rootfs/proc "
		  "shares/rootfs/dev"
		  " shares/rootfs/tmp shares/volumes; cp \"$0\" init; cp \"$(command -v busybox)\" "
		  "shares/rootfs/bin;"
		  " for name in sh echo cat sleep id mkdir grep touch ls; do ln -s busybox "
		  "shares/rootfs/bin/$name; done");
	events = open_fifo(at("shares/control/events"));
	reports = open_fifo(at("shares/control/reports"));
	pid = fork();
	if (!pid)
		keep_zone();
	zone = pid;
	CHECK(reported(ZONE_REPORT_BOOTED, 0, 0, 0));
}

static void zone_stop(void)
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

static void ask(uint32_t type, uint32_t process, uint32_t first, uint32_t second)
{
	struct zone_event event = {.type = type, .process = process, .arg = {first, second}};

	CHECK_EQ(write(events, &event, sizeof(event)), sizeof(event));
}

/* Puts what is in `bytes` where process `number` finds its spec, and asks for it. */
static void create(uint32_t number)
{
	static const char *const names[] = {"in", "out", "err"};
	char path[64];

	snprintf(path, sizeof(path), "shares/control/%u", number);
	CHECK(!mkdir(at(path), 0700));
	for (int stream = 0; stream < 3; stream++) {
		snprintf(path, sizeof(path), "shares/control/%u/%s", number, names[stream]);
		streams[number][stream] = open_fifo(at(path));
	}
	snprintf(path, sizeof(path), "shares/control/%u/spec", number);
	write_file(at(path), spec_bytes, spec_length, 0600);
	ask(ZONE_EVENT_CREATE, number, 0, 0);
}

/* What is in a stream's FIFO by now. */
static const char *output_of(uint32_t number, int stream)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(streams[number][stream], output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	return output;
}

static bool output_is(uint32_t number, int stream, const char *expected)
{
	const char *found = output_of(number, stream);

	if (!strcmp(found, expected))
		return true;
	printf("# stream %d of %u: %s\n", stream, number, found);
	return false;
}

/* ---- Specs */

static void put_mount(const char *type, const char *source, const char *target, uint32_t flags,
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

static void put_root(void)
{
	static const uint32_t null[] = {S_IFCHR | 0666, 1, 3, 0, 0}, none = 0;

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES);
	PUT_BOTH(ZONE_OP_ROOT, none, "cache=loose");
	put_mount("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put_mount("tmpfs", "tmpfs", "/dev", MS_NOSUID, 0, "mode=755");
	PUT_BOTH(ZONE_OP_MKNOD, null, "/dev/null");
}

static void put_shell(const char *script)
{
	PUT_STRINGS(ZONE_OP_ENV, "PATH=/sbin:/bin");
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	PUT_STRINGS(ZONE_OP_ARG, "-c");
	put(ZONE_OP_ARG, script, strlen(script) + 1);
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
}

static void put_user(uint32_t uid, uint32_t gid, uint32_t mask)
{
	uint32_t user[] = {uid, gid, mask};

	put(ZONE_OP_USER, user, sizeof(user));
}

/* Has mkdir(2) fail with EPERM. */
static void put_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	uint8_t payload[8 + sizeof(filter)] = {0};

	memcpy(payload + 8, filter, sizeof(filter));
	put(ZONE_OP_SECCOMP, payload, sizeof(payload));
}

/* A container that does nothing until it is killed, for exec's to join. */
static void idle_container(void)
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
static int run(uint32_t number)
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

static int exec(uint32_t number, const char *script)
{
	spec_length = 0;
	put_shell(script);
	return run(number);
}

static void with_zone(void (*test)(void))
{
	zone_start();
	test();
	zone_stop();
}

/* ---- Tests */

static void runs_a_container_in_zone(void)
{
	struct timespec pause = {.tv_nsec = 200000000};

	put_root();
	PUT_STRINGS(ZONE_OP_HOSTNAME, "box");
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("read line; echo $$ $line; cat /proc/sys/kernel/hostname; echo bad >&2; cat; exit 3");
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	nanosleep(&pause, NULL);
	CHECK(output_is(0, 1, ""));
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));
	CHECK_EQ(write(streams[0][0], "hello\n", 6), 6);
	nanosleep(&pause, NULL);
	CHECK(output_is(0, 1, "1 hello\nbox\n"));
	CHECK_EQ(write(streams[0][0], "rest", 4), 4);
	nanosleep(&pause, NULL);
	close(streams[0][0]);
	streams[0][0] = 0;
	CHECK(reported(ZONE_REPORT_EXITED, 0, 3 << 8, 0));
	CHECK(output_is(0, 1, "rest"));
	CHECK(output_is(0, 2, "bad\n"));
}

static void kills_what_is_created_in_zone(void)
{
	put_root();
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("exit 1");
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	ask(ZONE_EVENT_SIGNAL, 0, SIGWINCH, 0);
	ask(ZONE_EVENT_SIGNAL, 0, SIGTERM, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGTERM, 0));
}

static void runs_execs_in_zone(void)
{
	idle_container();
	CHECK_EQ(exec(1, "echo out; exit 7"), 7 << 8);
	CHECK(output_is(1, 1, "out\n"));
	CHECK_EQ(exec(2, "kill -9 $$"), SIGKILL);
	/* Started before it is created. */
	spec_length = 0;
	put_shell("echo early");
	create(3);
	ask(ZONE_EVENT_START, 3, 0, 0);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	CHECK(reported(ZONE_REPORT_STARTED, 3, 0, 0));
	CHECK(reported(ZONE_REPORT_EXITED, 3, 0, 0));
	/* A grandchild keeps the pipe open. */
	CHECK_EQ(exec(4, "(sleep 1000; echo late) & echo soon"), 0);
	CHECK(output_is(4, 1, "soon\n"));
	spec_length = 0;
	put_shell("exit 1");
	create(5);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_SIGNAL, 5, SIGTERM, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 5, SIGTERM, 0));
}

static void ends_with_its_container_in_zone(void)
{
	idle_container();
	spec_length = 0;
	put_shell("exec sleep 1000");
	create(1);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_START, 1, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
	ask(ZONE_EVENT_SIGNAL, 0, SIGKILL, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 1, SIGKILL, 0));
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGKILL, 0));
	spec_length = 0;
	put_shell("true");
	create(2);
	CHECK(reported(ZONE_REPORT_FAILED, 2, NO_INDEX, ESRCH));
}

/* Nobody takes an exec's output: the container's end is told all the same, some time after. */
static void ends_beside_a_sleeper_in_zone(void)
{
	struct timespec pause = {.tv_nsec = 20000000};
	int waiting = 0;

	idle_container();
	spec_length = 0;
	put_shell("while :; do echo line; done");
	create(1);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_START, 1, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
	for (int tries = 0; waiting < 60000 && tries < 500; tries++) {
		nanosleep(&pause, NULL);
		ioctl(streams[1][1], FIONREAD, &waiting);
	}
	ask(ZONE_EVENT_SIGNAL, 0, SIGKILL, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGKILL, 0));
}

static void fails(uint32_t number, uint32_t index, int error)
{
	create(number);
	CHECK(reported(ZONE_REPORT_FAILED, number, index, (uint32_t)error));
}

static void tells_failures_in_zone(void)
{
	static const uint32_t none = 0;

	idle_container();
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "nonesuch");
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
	fails(1, 1, ENOENT);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "/proc/version");
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
	fails(2, 1, EACCES);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ENV, "A=1");
	PUT_BOTH(ZONE_OP_CWD, none, "/nonesuch");
	put_shell("true");
	fails(3, 1, ENOENT);
	spec_length = 0;
	put_u32(77, 0);
	put_shell("true");
	fails(4, 0, EOPNOTSUPP);
	spec_length = 0;
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("true");
	fails(5, 0, EBADMSG);
	/* A container that is there already. */
	ask(ZONE_EVENT_CREATE, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_FAILED, 0, NO_INDEX, EEXIST));
	/* None of it harmed those that are well. */
	CHECK_EQ(exec(6, "exit 4"), 4 << 8);
}

static void sets_attributes_in_zone(void)
{
	static const uint32_t groups[] = {5, 6}, files[] = {7, 0, 100, 0, 200, 0}, score = 77;
	static const uint64_t capabilities[] = {0xff, 0xf, 0xf, 0xf, 0x3};
	static const uint32_t cwd = 0;

	idle_container();
	spec_length = 0;
	put_u32(ZONE_OP_OOM_SCORE_ADJ, score);
	put(ZONE_OP_RLIMIT, files, sizeof(files));
	put(ZONE_OP_GROUPS, groups, sizeof(groups));
	put(ZONE_OP_CAPABILITIES, capabilities, sizeof(capabilities));
	put_user(1000, 1001, 027);
	put(ZONE_OP_NO_NEW_PRIVILEGES, NULL, 0);
	PUT_BOTH(ZONE_OP_CWD, cwd, "/tmp");
	put_shell("id -u; id -g; grep -E '^(Groups|Cap|NoNewPrivs)' /proc/self/status; umask; ulimit -n; pwd;"
		  " cat /proc/self/oom_score_adj; echo x >/proc/self/fd/2; set -- /proc/self/fd/*; echo $#");
	CHECK_EQ(run(1), 0);
	CHECK(output_is(1, 1,
		"1000\n1001\nGroups:\t5 6 \nCapInh:\t000000000000000f\nCapPrm:\t0000000000000003\n"
		"CapEff:\t0000000000000003\nCapBnd:\t00000000000000ff\nCapAmb:\t0000000000000003\n"
		"NoNewPrivs:\t1\n0027\n100\n/tmp\n77\n4\n"));
	CHECK(output_is(1, 2, "x\n"));
}

static void schedules_in_zone(void)
{
	static const uint32_t scheduler[12] = {SCHED_BATCH, (uint32_t)-5};
	static const uint64_t cpus = 1;

	idle_container();
	spec_length = 0;
	put(ZONE_OP_AFFINITY, &cpus, sizeof(cpus));
	put(ZONE_OP_SCHEDULER, scheduler, sizeof(scheduler));
	put_u32(ZONE_OP_IO_PRIORITY, 2 << 13 | 6);
	put_user(1000, 1001, DEFAULT_UMASK);
	put_shell("set -- $(cat /proc/self/stat); echo ${19} ${41}; busybox ionice;"
		  " grep Cpus_allowed_list /proc/self/status");
	CHECK_EQ(run(1), 0);
	CHECK(output_is(1, 1, "-5 3\nbest-effort: prio 6\nCpus_allowed_list:\t0\n"));
	/* A policy that there is not, a class that there is not, no processor. */
	spec_length = 0;
	put(ZONE_OP_SCHEDULER, (const uint32_t[12]){77}, sizeof(scheduler));
	put_shell("true");
	fails(2, 0, EINVAL);
	spec_length = 0;
	put_u32(ZONE_OP_IO_PRIORITY, 7 << 13);
	put_shell("true");
	fails(3, 0, EINVAL);
	spec_length = 0;
	put(ZONE_OP_AFFINITY, (const uint64_t[2]){0}, 2 * sizeof(uint64_t));
	put_shell("true");
	fails(4, 0, EINVAL);
}

static void obeys_device_rules_in_zone(void)
{
	/* Denies all. */
	static const struct bpf_insn rules[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	struct zone_report report;

	put_root();
	put(ZONE_OP_DEVICES, rules, sizeof(rules));
	PUT_STRINGS(ZONE_OP_CGROUP_TRY, "nonesuch.max\0"
					"1");
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("cat /dev/null || echo denied");
	create(0);
	report = next_report();
	if (report.type == ZONE_REPORT_FAILED && report.arg[0] == 5)
		SKIP("no cgroup of version 2, or no BPF");
	CHECK_EQ(report.type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));
	CHECK(reported(ZONE_REPORT_EXITED, 0, 0, 0));
	CHECK(output_is(0, 1, "denied\n"));
	CHECK(output_is(0, 2, "cat: can't open '/dev/null': Operation not permitted\n"));
}

static void refuses_unknown_limits_in_zone(void)
{
	put_root();
	PUT_STRINGS(ZONE_OP_CGROUP, "nonesuch.max\0"
				    "1");
	put_shell("true");
	fails(0, 5, ENOENT);
}

static void loads_filters_in_zone(void)
{
	static const char script[] =
		"mkdir /tmp/made 2>/dev/null || echo no; grep Seccomp: /proc/self/status";
	static const uint64_t none[5] = {0};

	idle_container();
	spec_length = 0;
	put_filter();
	put(ZONE_OP_NO_NEW_PRIVILEGES, NULL, 0);
	put_user(1000, 1000, DEFAULT_UMASK);
	put_shell(script);
	CHECK_EQ(run(1), 0);
	CHECK(output_is(1, 1, "no\nSeccomp:\t2\n"));
	/* Without no_new_privs the filter wants a capability that goes. */
	spec_length = 0;
	put_filter();
	put(ZONE_OP_CAPABILITIES, none, sizeof(none));
	put_user(1000, 1000, DEFAULT_UMASK);
	put_shell(script);
	CHECK_EQ(run(2), 0);
	CHECK(output_is(2, 1, "no\nSeccomp:\t2\n"));
}

/* A hook that is a shell. */
static void put_hook(const char *script, uint32_t seconds, const char *variable)
{
	const uint32_t fields[] = {seconds, 3, variable ? 1 : 0, variable ? ZONE_HOOK_OWN_ENV : 0};
	static const char strings[] = "/bin/sh\0{\"pid\": 1}\0sh\0-c";
	uint8_t payload[1024];
	size_t used = sizeof(fields) + sizeof(strings);

	memcpy(payload, fields, sizeof(fields));
	memcpy(payload + sizeof(fields), strings, sizeof(strings));
	strcpy((char *)payload + used, script);
	used += strlen(script) + 1;
	if (variable) {
		strcpy((char *)payload + used, variable);
		used += strlen(variable) + 1;
	}
	put(ZONE_OP_HOOK, payload, used);
}

/* Up to where hooks stand. */
static void put_hooked(void)
{
	put_root();
	put(ZONE_OP_PIVOT, NULL, 0);
	PUT_STRINGS(ZONE_OP_ENV, "PATH=/sbin:/bin");
	PUT_STRINGS(ZONE_OP_ARG, "cat");
	PUT_STRINGS(ZONE_OP_ARG, "/tmp/seen");
	put(ZONE_OP_READY, NULL, 0);
}

static void runs_hooks_in_zone(void)
{
	static const uint64_t none[5] = {0};
	struct timespec pause = {.tv_nsec = 200000000};
	struct stat stat_;

	run_shell("chmod 777 shares/rootfs/tmp");
	put_root();
	put(ZONE_OP_PIVOT, NULL, 0);
	put(ZONE_OP_CAPABILITIES, none, sizeof(none));
	put_user(1000, 1000, DEFAULT_UMASK);
	put_filter();
	put(ZONE_OP_NO_NEW_PRIVILEGES, NULL, 0);
	PUT_STRINGS(ZONE_OP_ENV, "PATH=/sbin:/bin");
	PUT_STRINGS(ZONE_OP_ENV, "OF=process");
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	PUT_STRINGS(ZONE_OP_ARG, "-c");
	PUT_STRINGS(ZONE_OP_ARG,
		"cat /tmp/seen; mkdir /tmp/no 2>/dev/null; echo $?; grep SigBlk /proc/self/status");
	put(ZONE_OP_READY, NULL, 0);
	put_hook("mkdir /tmp/made; echo unseen; echo unseen >&2; exec >/tmp/seen; cat; echo; echo $0 $OF "
		 "$(id -u) $PPID;"
		 " set -- /proc/self/fd/*; echo $#",
		0, NULL);
	put_hook("PATH=/bin; { echo $OF $ONLY; grep SigBlk /proc/self/status; } >>/tmp/seen; sleep 1000 &",
		1000, "ONLY=own");
	put(ZONE_OP_EXEC, NULL, 0);
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	nanosleep(&pause, NULL);
	/* Not before the start. */
	CHECK(stat(at("shares/rootfs/tmp/seen"), &stat_));
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));
	CHECK(reported(ZONE_REPORT_EXITED, 0, 0, 0));
	CHECK(output_is(0, 1,
		"{\"pid\": 1}\nsh process 1000 1\n4\nown\nSigBlk:\t0000000000000000\n1\n"
		"SigBlk:\t0000000000000000\n"));
	CHECK(output_is(0, 2, ""));
	CHECK(!stat(at("shares/rootfs/tmp/made"), &stat_));
}

/* Starts what was put; its hook, the second last, fails so. */
static void hook_fails(uint32_t index, int error)
{
	put(ZONE_OP_EXEC, NULL, 0);
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_FAILED, 0, index, (uint32_t)error));
	CHECK(output_is(0, 1, ""));
}

static void tells_a_hook_that_fails_in_zone(void)
{
	put_hooked();
	put_hook("exit 0", 0, NULL);
	put_hook("exit 3", 0, NULL);
	hook_fails(11, ECANCELED);
}

static void tells_a_hook_that_is_killed_in_zone(void)
{
	put_hooked();
	put_hook("kill -9 $$", 0, NULL);
	hook_fails(10, ECANCELED);
}

static void tells_a_hook_that_takes_too_long_in_zone(void)
{
	put_hooked();
	put_hook("sleep 1000", 1, NULL);
	hook_fails(10, ETIMEDOUT);
}

static void tells_a_hook_that_is_missing_in_zone(void)
{
	static const uint32_t fields[] = {0, 1, 0, 0};

	put_hooked();
	PUT_BOTH(ZONE_OP_HOOK, fields, "/nonesuch\0{}\0/nonesuch");
	hook_fails(10, ENOENT);
}

static void kills_what_hooks_hold_up_in_zone(void)
{
	struct timespec pause = {.tv_nsec = 200000000};

	put_hooked();
	put_hook("sleep 1000", 0, NULL);
	put(ZONE_OP_EXEC, NULL, 0);
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	ask(ZONE_EVENT_START, 0, 0, 0);
	nanosleep(&pause, NULL);
	ask(ZONE_EVENT_SIGNAL, 0, SIGTERM, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGTERM, 0));
}

static void mounts_in_zone(void)
{
	static const uint32_t make = 1;

	run_shell("cd shares/volumes && mkdir 0 1 && mkdir 0/data && echo text >0/data/file && echo conf "
		  ">1/conf;"
		  "cd ../rootfs && mkdir secrets ro etc && echo s >secret && touch secrets/x &&"
		  "ln -s ../../../../../etc etc/up && ln -s ../run/made etc/dangling");
	put_root();
	put_mount("bind", "0/data", "/data", MS_BIND | MS_REC, 0, "");
	put_mount("bind", "0/data", "/mnt/readonly", MS_BIND | MS_RDONLY | MS_NOEXEC, MS_SLAVE, "");
	put_mount("bind", "1/conf", "/etc/up/conf", MS_BIND, 0, "");
	put_mount("bind", "1/conf", "/etc/dangling", MS_BIND, 0, "");
	put(ZONE_OP_PIVOT, NULL, 0);
	PUT_STRINGS(ZONE_OP_MASK_PATH, "/secret");
	PUT_STRINGS(ZONE_OP_MASK_PATH, "/secrets");
	PUT_STRINGS(ZONE_OP_MASK_PATH, "/nonesuch");
	PUT_STRINGS(ZONE_OP_READONLY_PATH, "/ro");
	PUT_STRINGS(ZONE_OP_READONLY_PATH, "/nonesuch");
	put(ZONE_OP_READONLY_ROOT, NULL, 0);
	PUT_BOTH(ZONE_OP_CWD, make, "/new/folder");
	put_shell("exec 2>/dev/null; pwd; cat /data/file /etc/conf /run/made /secret; ls /secrets;"
		  " for file in /data/w /mnt/readonly/w /ro/w /w /secrets/w; do touch $file || echo no "
		  "$file; done;"
		  " ls -l /dev/null | grep -c 'crw-rw-rw-.*1,'");
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1,
		"/new/folder\ntext\nconf\nconf\nno /mnt/readonly/w\nno /ro/w\nno /w\nno /secrets/w\n1\n"));
}

static void refuses_sources_outside_in_zone(void)
{
	run_shell("mkdir shares/volumes/0; ln -s /proc shares/volumes/0/link");
	put_root();
	put_mount("bind", "0/link", "/mnt", MS_BIND, 0, "");
	put_shell("true");
	fails(0, 5, ELOOP);
}

static void relays_much_in_zone(void)
{
	size_t total = 0;
	bool ended = false;

	idle_container();
	spec_length = 0;
	put_shell("exec head -c 1200000 /bin/busybox");
	run_shell("ln -s busybox shares/rootfs/bin/head");
	create(1);
	ask(ZONE_EVENT_START, 1, 0, 0);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
	while (!ended) {
		struct pollfd fds[] = {
			{.fd = streams[1][1], .events = POLLIN}, {.fd = reports, .events = POLLIN}};

		if (poll(fds, 2, SECONDS * 1000) < 1)
			break;
		/* The report comes after all that came before it. */
		if (fds[0].revents) {
			ssize_t got = read(streams[1][1], output, 1000);

			total += got > 0 ? (size_t)got : 0;
		} else {
			CHECK(reported(ZONE_REPORT_EXITED, 1, 0, 0));
			ended = true;
		}
	}
	CHECK_EQ(total, 1200000);
}

#define ZONE_TEST(test)                    \
	static void test(void)             \
	{                                  \
		if (unable)                \
			SKIP(unable);      \
		with_zone(test##_in_zone); \
	}

ZONE_TEST(runs_a_container)
ZONE_TEST(kills_what_is_created)
ZONE_TEST(runs_execs)
ZONE_TEST(ends_with_its_container)
ZONE_TEST(ends_beside_a_sleeper)
ZONE_TEST(tells_failures)
ZONE_TEST(sets_attributes)
ZONE_TEST(schedules)
ZONE_TEST(obeys_device_rules)
ZONE_TEST(refuses_unknown_limits)
ZONE_TEST(loads_filters)
ZONE_TEST(runs_hooks)
ZONE_TEST(tells_a_hook_that_fails)
ZONE_TEST(tells_a_hook_that_is_killed)
ZONE_TEST(tells_a_hook_that_takes_too_long)
ZONE_TEST(tells_a_hook_that_is_missing)
ZONE_TEST(kills_what_hooks_hold_up)
ZONE_TEST(mounts)
ZONE_TEST(refuses_sources_outside)
ZONE_TEST(relays_much)

int main(int argc, char **argv)
{
	char self[PATH_MAX];

	(void)argc;
	strncpy(self, argv[0], sizeof(self) - 1);
	snprintf(program, sizeof(program), "%s/zone-init-test", dirname(self));
	if (!realpath(program, self))
		unable = "no zone-init-test";
	else
		strcpy(program, self);
	if (geteuid() != 0)
		unable = "not root";
	if (system("busybox true 2>/dev/null") != 0)
		unable = "no busybox";
	if (!mkdtemp(top))
		return 1;
	RUN(runs_a_container);
	RUN(kills_what_is_created);
	RUN(runs_execs);
	RUN(ends_with_its_container);
	RUN(ends_beside_a_sleeper);
	RUN(tells_failures);
	RUN(sets_attributes);
	RUN(schedules);
	RUN(obeys_device_rules);
	RUN(refuses_unknown_limits);
	RUN(loads_filters);
	RUN(runs_hooks);
	RUN(tells_a_hook_that_fails);
	RUN(tells_a_hook_that_is_killed);
	RUN(tells_a_hook_that_takes_too_long);
	RUN(tells_a_hook_that_is_missing);
	RUN(kills_what_hooks_hold_up);
	RUN(mounts);
	RUN(refuses_sources_outside);
	RUN(relays_much);
	rmdir(top);
	return unit_end();
}
