/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules become a BPF program: what it allows, by an interpreter; and that the kernel takes it. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/host_devices.h"

enum { MKNOD = BPF_DEVCG_ACC_MKNOD, READ = BPF_DEVCG_ACC_READ, WRITE = BPF_DEVCG_ACC_WRITE };

#define DENY_ALL "{'allow':false,'access':'rwm'}"

static const struct bpf_insn *program;
static size_t program_length;

/* linux.devices. */
static const char *disks = "";

static void compile_rules(const char *rules)
{
	char *properties = NULL;
	uint32_t length = 0;

	if (asprintf(&properties, LINUX("'devices':[%s],'resources':{'devices':[%s]}"), disks, rules) < 0)
		abort();
	expect_compiled(properties, "");
	free(properties);
	program = (const void *)only_op(ZONE_OP_DEVICES, &length);
	CHECK_EQ(length % sizeof(*program), 0);
	program_length = length / sizeof(*program);
}

static bool jumps(const struct bpf_insn *insn, uint64_t value)
{
	uint32_t low = (uint32_t)value, other = (uint32_t)insn->imm;

	switch (insn->code) {
	case BPF_JMP | BPF_JA:
		return true;
	case BPF_JMP32 | BPF_JNE | BPF_K:
		return low != other;
	case BPF_JMP32 | BPF_JSET | BPF_K:
		return low & other;
	default:
		CHECK(false);
		return false;
	}
}

/* Whether an access of all these kinds is allowed. */
static bool allowed(char type, uint32_t major, uint32_t minor, unsigned access)
{
	struct bpf_cgroup_dev_ctx context = {
		access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor};
	uint64_t registers[11] = {0};

	for (size_t at = 0; at < program_length; at++) {
		const struct bpf_insn *insn = &program[at];
		uint64_t *to = &registers[insn->dst_reg];

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W: {
			uint32_t word;

			CHECK_EQ(insn->src_reg, 1);
			memcpy(&word, (const uint8_t *)&context + insn->off, sizeof(word));
			*to = word;
			break;
		}
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*to = registers[insn->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = (uint64_t)insn->imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*to &= (uint64_t)insn->imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*to >>= insn->imm;
			break;
		case BPF_JMP | BPF_EXIT:
			return registers[0];
		default:
			if (jumps(insn, *to))
				at += (size_t)insn->off;
		}
	}
	/* It must not run off its end. */
	CHECK(false);
	return false;
}

static void attaches_nothing_without_rules(void)
{
	expect_compiled(LINUX("'resources':{'devices':[]}"), "");
	CHECK_EQ(count_ops(ZONE_OP_DEVICES), 0);
	expect_compiled(LINUX(""), "");
	CHECK_EQ(count_ops(ZONE_OP_DEVICES), 0);
}

static void allows_the_default_devices(void)
{
	static const uint32_t devices[][2] = {
		{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}, {136, 0}, {136, 77}};

	compile_rules(DENY_ALL);
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		CHECK(allowed('c', devices[i][0], devices[i][1], READ | WRITE | MKNOD));
	CHECK(!allowed('c', 1, 11, READ));
	CHECK(!allowed('c', 5, 1, READ));
	CHECK(!allowed('b', 1, 3, READ));
	CHECK(!allowed('b', 8, 0, WRITE));
	/* A node is no access to what it names. */
	CHECK(allowed('b', 8, 0, MKNOD));
	CHECK(allowed('c', 10, 200, MKNOD));
	CHECK(!allowed('c', 10, 200, MKNOD | READ));
}

static void obeys_the_last_rule(void)
{
	compile_rules(DENY_ALL ",{'allow':true,'type':'c','major':10,'minor':200,'access':'rwm'},"
			       "{'allow':true,'type':'c','major':1,'minor':11,'access':'r'}");
	CHECK(allowed('c', 10, 200, READ | WRITE | MKNOD));
	CHECK(!allowed('c', 10, 201, READ));
	CHECK(!allowed('b', 10, 200, READ));
	CHECK(allowed('c', 1, 11, READ));
	CHECK(!allowed('c', 1, 11, WRITE));
	CHECK(!allowed('c', 1, 11, READ | WRITE));
	compile_rules("{'allow':true,'type':'c','major':10,'minor':200}," DENY_ALL);
	CHECK(!allowed('c', 10, 200, READ));
	compile_rules("{'allow':true},{'allow':false,'type':'b'}");
	CHECK(allowed('c', 10, 200, READ));
	CHECK(!allowed('b', 10, 200, READ));
	/* What no rule is about. */
	compile_rules("{'allow':true,'type':'c','major':10}");
	CHECK(allowed('c', 10, 1, WRITE));
	CHECK(!allowed('c', 11, 1, WRITE));
}

static void decides_each_access_apart(void)
{
	compile_rules(DENY_ALL ",{'allow':true,'type':'c','major':7,'access':'r'},"
			       "{'allow':true,'type':'c','major':7,'access':'w'}");
	CHECK(allowed('c', 7, 1, READ | WRITE));
	compile_rules(DENY_ALL ",{'allow':true,'type':'c','major':7},"
			       "{'allow':false,'type':'c','major':7,'minor':2,'access':'w'}");
	CHECK(allowed('c', 7, 1, READ | WRITE));
	CHECK(allowed('c', 7, 2, READ));
	CHECK(!allowed('c', 7, 2, WRITE));
	CHECK(!allowed('c', 7, 2, READ | WRITE));
}

static void takes_wildcards(void)
{
	compile_rules(
		"{'allow':false,'type':'a'},{'allow':true,'type':'b','major':-1,'minor':-1,'access':'r'}");
	CHECK(allowed('b', 8, 1, READ));
	CHECK(!allowed('b', 8, 1, WRITE));
	compile_rules(DENY_ALL ",{'allow':true,'major':8,'minor':1}");
	CHECK(allowed('b', 8, 1, READ) && allowed('c', 8, 1, READ));
	CHECK(!allowed('b', 8, 2, READ));
	/* No device has such a number, and no other is meant. */
	compile_rules(DENY_ALL ",{'allow':true,'major':4294967304,'minor':1}");
	CHECK(!allowed('b', 8, 1, READ));
}

/* Rules have the host's numbers, the zone its own. */
static void translates_disks(void)
{
	begin_host();
	for (int i = 0; i < 3; i++)
		add_host_device((const char *[]){"block/7:0", "block/7:1", "block/8:16"}[i], "8\n");
	disks = "{'path':'/dev/a','type':'b','major':7,'minor':0},{'path':'/dev/b','type':'b','major':7,"
		"'minor':1},{'path':'/dev/c','type':'b','major':8,'minor':16}";
	/* One that is never allowed is none of the zone's: the others are counted. */
	compile_rules(DENY_ALL ",{'allow':true,'type':'b','major':7,'minor':1,'access':'rm'}");
	CHECK(allowed('b', 202, 1025, READ));
	CHECK(!allowed('b', 202, 1025, WRITE));
	CHECK(!allowed('b', 202, 1026, READ));
	CHECK(!allowed('b', 7, 1, READ));
	/* All of a kind; of any type. */
	compile_rules(DENY_ALL ",{'allow':true,'major':7}");
	CHECK(allowed('b', 202, 1025, READ | WRITE) && allowed('b', 202, 1026, READ | WRITE));
	CHECK(!allowed('b', 202, 1027, READ));
	CHECK(allowed('c', 7, 3, READ));
	compile_rules("{'allow':true},{'allow':true,'type':'b','major':8,'minor':16},"
		      "{'allow':true,'type':'b','major':7,'minor':0},"
		      "{'allow':true,'type':'b','major':7,'minor':1},"
		      "{'allow':false,'type':'b','minor':16,'access':'w'}");
	CHECK(!allowed('b', 202, 1027, WRITE));
	CHECK(allowed('b', 202, 1027, READ) && allowed('b', 202, 1025, WRITE));
	/* No disk of the zone's is the host's of its number, and others are the guest's kernel's. */
	compile_rules(DENY_ALL ",{'allow':true,'type':'b','major':7,'minor':0,'access':'r'},"
			       "{'allow':true,'type':'b','major':202},{'allow':true,'type':'b','major':9}");
	CHECK(allowed('b', 202, 1025, READ) && !allowed('b', 202, 1025, WRITE));
	CHECK(!allowed('b', 202, 1026, READ));
	CHECK(allowed('b', 9, 0, READ));
	disks = "";
	host_devices = "/nonexistent";
	end_host();
}

static int load(void)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (uint32_t)program_length;
	attr.license = (uintptr_t) "Apache-2.0";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void satisfies_the_kernel(void)
{
	static const char *const rules[] = {
		DENY_ALL,
		"{'allow':true}",
		"{'allow':true,'type':'c','major':10,'access':'r'}",
		"{'allow':false,'access':'w'},{'allow':true,'access':'r'},{'allow':true,'type':'b','access':'"
		"'}",
		DENY_ALL
		",{'allow':true,'type':'c','major':10,'minor':200},{'allow':false,'type':'b','access':'m'}",
		"{'allow':true,'type':'c'}," DENY_ALL ",{'allow':true,'type':'b','minor':3,'access':'wm'}",
	};
	struct bpf_insn smallest[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};

	program = smallest;
	program_length = 2;
	if (load())
		SKIP("this kernel lets nobody load such programs");
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		compile_rules(rules[i]);
		CHECK_EQ(load(), 0);
	}
}

int main(void)
{
	RUN(attaches_nothing_without_rules);
	RUN(allows_the_default_devices);
	RUN(obeys_the_last_rule);
	RUN(decides_each_access_apart);
	RUN(takes_wildcards);
	RUN(translates_disks);
	RUN(satisfies_the_kernel);
	spec_free(&compiled);
	return unit_end();
}
