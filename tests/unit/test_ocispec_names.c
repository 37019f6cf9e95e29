/* SPDX-License-Identifier: Apache-2.0 */
/* Names to the kernel's numbers. */
#include "libocispec/names.h"

#include "tests/unit/test_ocispec.h"
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

static void test_signals(void)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{"9", 9},
		{"0", 0},
		{"10", 10},
		{"64", 64},
		{"07", 7},
		{"65", -1},
		{"100", -1},
		{"-1", -1},
		{"", -1},
		{"9x", -1},
		{" 9", -1},
		{"KILL", 9},
		{"SIGKILL", 9},
		{"sigkill", 9},
		{"Term", SIGTERM},
		{"SIG", -1},
		{"SIGSIGKILL", -1},
		{"SIGSTKFLT", 16},
		{"POLL", SIGIO},
		{"IO", SIGIO},
		{"CLD", SIGCHLD},
		{"IOT", SIGABRT},
		{"WINCH", 28},
		{"PWR", 30},
		{"SYS", 31},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmin+0", 34},
		{"RTMIN+30", 64},
		{"RTMIN+31", -1},
		{"RTMIN-1", -1},
		{"RTMIN+", -1},
		{"RTMIN+x", -1},
		{"RTMIN3", -1},
		{"RTMAX", 64},
		{"RTMAX-1", 63},
		{"RTMAX-30", 34},
		{"RTMAX-31", -1},
		{"RTMAX+1", -1},
		{"RTMAX-100", -1},
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!CHECK_EQ(oci_signal(signals[i].name), signals[i].number))
			printf("# %s\n", signals[i].name);
	}
}

static void test_numbers(void)
{
	CHECK_EQ(oci_rlimit_number("RLIMIT_NOFILE"), RLIMIT_NOFILE);
	CHECK_EQ(oci_rlimit_number("RLIMIT_CPU"), 0);
	CHECK_EQ(oci_rlimit_number("rlimit_nofile"), -1);
	CHECK_EQ(oci_namespace_flag("network"), CLONE_NEWNET);
	CHECK_EQ(oci_namespace_flag("mount"), CLONE_NEWNS);
	CHECK_EQ(oci_namespace_flag("time"), 0x80);
	CHECK_EQ(oci_namespace_flag(""), -1);
	CHECK_EQ(oci_ioprio_class_number("IOPRIO_CLASS_IDLE"), 3);
	CHECK_EQ(oci_sched_policy_number("SCHED_OTHER"), 0);
	CHECK_EQ(oci_sched_policy_number("SCHED_DEADLINE"), 6);
	CHECK_EQ(oci_sched_flag_bit("SCHED_FLAG_UTIL_CLAMP_MAX"), 0x40);
	CHECK_EQ(oci_mpol_mode_number("MPOL_LOCAL"), 4);
	CHECK_EQ(oci_mpol_mode_number("MPOL_PREFERRED_MANY"), 5);
	CHECK_EQ(oci_mpol_flag_bit("MPOL_F_STATIC_NODES"), 1 << 15);
	CHECK_EQ(oci_personality_number("LINUX32"), 8);
	CHECK_EQ(oci_personality_number("linux"), -1);
}

static void test_capabilities(void)
{
	for (int i = 0; i <= 40; i++) {
		CHECK(oci_capability_name(i));
		CHECK_EQ(oci_capability_number(oci_capability_name(i)), i);
		CHECK_EQ(oci_capability_number(oci_capability_name(i) + 4), i);
	}
	CHECK(!oci_capability_name(41) && !oci_capability_name(-1));
	CHECK_EQ(oci_capability_number("cap_sys_admin"), 21);
	CHECK_EQ(oci_capability_number("CAP_"), -1);
	CHECK_EQ(oci_capability_number("ALL"), -1);
}

static void test_lists(void)
{
	static const char *const refused[] = {"x", "-1", "1-", "3-1", ",", "1,", ",1", "1,,2", "128", "0-128",
		"1 2", "99999999999", "1-2-3", "1;2"};
	uint64_t mask[2];

	CHECK(oci_cpu_list_parse("", mask, 2) == 0 && mask[0] == 0 && mask[1] == 0);
	CHECK(oci_cpu_list_parse("0-3,7", mask, 2) == 0 && mask[0] == 0x8f && mask[1] == 0);
	CHECK(oci_cpu_list_parse(" 0 - 1 , 63-64,127 ", mask, 2) == 0);
	CHECK(mask[0] == 0x8000000000000003 && mask[1] == 0x8000000000000001);
	CHECK(oci_cpu_list_parse("0-127", mask, 2) == 0 && mask[0] == UINT64_MAX && mask[1] == UINT64_MAX);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!CHECK(oci_cpu_list_parse(refused[i], mask, 2) < 0))
			printf("# %s\n", refused[i]);
	}
}

static void expect_sysctl(const char *name, const char *want, const char *type)
{
	char *path = oci_sysctl_path(name);

	CHECK(same(path, want));
	CHECK(!path || same(oci_sysctl_namespace(path), type));
	free(path);
}

static void test_sysctls(void)
{
	expect_sysctl("net.ipv4.ip_forward", "net/ipv4/ip_forward", "network");
	expect_sysctl("net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding", "network");
	expect_sysctl("net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding", "network");
	expect_sysctl("kernel.msgmax", "kernel/msgmax", "ipc");
	expect_sysctl("fs.mqueue.msg_max", "fs/mqueue/msg_max", "ipc");
	expect_sysctl("kernel.domainname", "kernel/domainname", "uts");
	expect_sysctl("kernel.panic", "kernel/panic", NULL);
	expect_sysctl("networking.x", "networking/x", NULL);
	expect_sysctl("net", "net", NULL);
	expect_sysctl("", NULL, NULL);
	expect_sysctl(".net", NULL, NULL);
	expect_sysctl("net.", NULL, NULL);
	expect_sysctl("net..x", NULL, NULL);
	expect_sysctl("net./.x", NULL, NULL);
	expect_sysctl("net/../x", NULL, NULL);
	expect_sysctl("net/..", NULL, NULL);
}

int main(void)
{
	RUN(test_signals);
	RUN(test_numbers);
	RUN(test_capabilities);
	RUN(test_lists);
	RUN(test_sysctls);
	return unit_end();
}
