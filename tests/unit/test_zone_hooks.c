/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init: startContainer's hooks. */
#include "tests/unit/zone_fixture.h"

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

ZONE_TEST(runs_hooks)
ZONE_TEST(tells_a_hook_that_fails)
ZONE_TEST(tells_a_hook_that_is_killed)
ZONE_TEST(tells_a_hook_that_takes_too_long)
ZONE_TEST(tells_a_hook_that_is_missing)
ZONE_TEST(kills_what_hooks_hold_up)

int main(int argc, char **argv)
{
	(void)argc;
	if (!zone_prepare(argv[0]))
		return 1;
	RUN(runs_hooks);
	RUN(tells_a_hook_that_fails);
	RUN(tells_a_hook_that_is_killed);
	RUN(tells_a_hook_that_takes_too_long);
	RUN(tells_a_hook_that_is_missing);
	RUN(kills_what_hooks_hold_up);
	rmdir(top);
	return unit_end();
}
