/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init: processes, their streams, signals, attributes and mounts. */
#include <linux/bpf.h>
#include <sys/ioctl.h>

#include "tests/unit/zone_fixture.h"

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

/* A FIFO in place of a stream's file that the fixture does not make. */
static int more_stream(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "shares/control/1/%s", name);
	return open_fifo(at(path));
}

static void carries_more_descriptors_in_zone(void)
{
	static const uint32_t in[] = {3, ZONE_DESCRIPTOR_IN}, out[] = {4, ZONE_DESCRIPTOR_OUT},
			      both[] = {5, ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT};
	char text[64] = "";
	int files[4];

	idle_container();
	spec_length = 0;
	put(ZONE_OP_DESCRIPTOR, in, sizeof(in));
	put(ZONE_OP_DESCRIPTOR, out, sizeof(out));
	put(ZONE_OP_DESCRIPTOR, both, sizeof(both));
	put_shell("read a <&3; read b <&5; echo got $a >&4; echo got $b >&5; echo -n $(ls /proc/self/fd)");
	CHECK(!mkdir(at("shares/control/1"), 0700));
	files[0] = more_stream("3");
	files[1] = more_stream("6");
	files[2] = more_stream("7");
	files[3] = more_stream("8");
	CHECK_EQ(write(files[0], "one\n", 4), 4);
	CHECK_EQ(write(files[2], "two\n", 4), 4);
	CHECK_EQ(run(1), 0);
	CHECK_EQ(read(files[1], text, sizeof(text)), 8);
	CHECK(strncmp(text, "got one\n", 8) == 0);
	CHECK_EQ(read(files[3], text, sizeof(text)), 8);
	CHECK(strncmp(text, "got two\n", 8) == 0);
	/* Of zone init's own there is none; the last is the folder that is listed. */
	CHECK(output_is(1, 1, "0 1 2 3 4 5 6"));
	for (int i = 0; i < 4; i++)
		close(files[i]);
}

/* The stream's file is opened and closed: that is how dom0 hears of it. */
static void tells_the_end_of_output_in_zone(void)
{
	struct pollfd end = {.events = 0};

	idle_container();
	spec_length = 0;
	put_shell("exec >&-; sleep 1000");
	create(1);
	/* With no reader or writer of the test's own, the relay's open and close is seen as a hang-up. */
	close(streams[1][1]);
	streams[1][1] = open(at("shares/control/1/out"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_START, 1, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
	end.fd = streams[1][1];
	CHECK_EQ(poll(&end, 1, SECONDS * 1000), 1);
	CHECK(end.revents & POLLHUP);
	ask(ZONE_EVENT_SIGNAL, 1, SIGKILL, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 1, SIGKILL, 0));
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

static void changes_limits_in_zone(void)
{
	static const char look[] = "cat /cgroup/cgroup.max.depth /cgroup/cgroup.max.descendants";
	struct zone_report report;

	put_root();
	put_mount("cgroup2", "none", "/cgroup", 0, 0, "");
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("exec sleep 1000");
	create(0);
	report = next_report();
	if (report.type == ZONE_REPORT_FAILED)
		SKIP("no cgroup of version 2");
	CHECK_EQ(report.type, ZONE_REPORT_CREATED);
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));

	spec_length = 0;
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.depth\0"
				    "7");
	PUT_STRINGS(ZONE_OP_CGROUP_TRY, "nonesuch.max\0"
					"1");
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.descendants\0"
				    "8");
	put(ZONE_OP_LIMITS, NULL, 0);
	CHECK_EQ(run(1), 0);
	CHECK_EQ(exec(2, look), 0);
	CHECK(output_is(2, 1, "7\n8\n"));
	/* What was written before it is undone, in whatever order it came. */
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.depth\0"
				    "5");
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.descendants\0"
				    "6");
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.depth\0"
				    "4");
	PUT_STRINGS(ZONE_OP_CGROUP, "nonesuch.max\0"
				    "1");
	put(ZONE_OP_LIMITS, NULL, 0);
	fails(3, 3, ENOENT);
	CHECK_EQ(exec(4, look), 0);
	CHECK(output_is(4, 1, "7\n8\n"));
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.depth\0"
				    "max");
	PUT_STRINGS(ZONE_OP_CGROUP, "cgroup.max.descendants\0"
				    "much");
	put(ZONE_OP_LIMITS, NULL, 0);
	fails(5, 1, EINVAL);
	CHECK_EQ(exec(6, look), 0);
	CHECK(output_is(6, 1, "7\n8\n"));
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

ZONE_TEST(runs_a_container)
ZONE_TEST(carries_more_descriptors)
ZONE_TEST(tells_the_end_of_output)
ZONE_TEST(kills_what_is_created)
ZONE_TEST(runs_execs)
ZONE_TEST(ends_with_its_container)
ZONE_TEST(ends_beside_a_sleeper)
ZONE_TEST(tells_failures)
ZONE_TEST(sets_attributes)
ZONE_TEST(schedules)
ZONE_TEST(obeys_device_rules)
ZONE_TEST(refuses_unknown_limits)
ZONE_TEST(changes_limits)
ZONE_TEST(loads_filters)
ZONE_TEST(mounts)
ZONE_TEST(refuses_sources_outside)
ZONE_TEST(relays_much)

int main(int argc, char **argv)
{
	(void)argc;
	if (!zone_prepare(argv[0]))
		return 1;
	RUN(runs_a_container);
	RUN(carries_more_descriptors);
	RUN(tells_the_end_of_output);
	RUN(kills_what_is_created);
	RUN(runs_execs);
	RUN(ends_with_its_container);
	RUN(ends_beside_a_sleeper);
	RUN(tells_failures);
	RUN(sets_attributes);
	RUN(schedules);
	RUN(obeys_device_rules);
	RUN(refuses_unknown_limits);
	RUN(changes_limits);
	RUN(loads_filters);
	RUN(mounts);
	RUN(refuses_sources_outside);
	RUN(relays_much);
	rmdir(top);
	return unit_end();
}
