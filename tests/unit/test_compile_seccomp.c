/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp becomes a BPF program: what it does with a system call, by an interpreter. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "tests/unit/compiled.h"

#define SECCOMP(properties) PROCESS("'noNewPrivileges':true") "," LINUX("'seccomp':{" properties "}")

static uint32_t flags;
static const struct sock_filter *program;
static size_t program_length;

static void compile_profile(const char *properties)
{
	const uint8_t *payload;
	uint32_t length = 8;

	expect_compiled(properties, "");
	payload = only_op(ZONE_OP_SECCOMP, &length);
	memcpy(&flags, payload, sizeof(flags));
	program = (const void *)(payload + 8);
	program_length = (length - 8) / sizeof(*program);
}

static bool jumps(const struct sock_filter *insn, uint32_t value)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return value == insn->k;
	case BPF_JGT:
		return value > insn->k;
	case BPF_JGE:
		return value >= insn->k;
	case BPF_JSET:
		return value & insn->k;
	default:
		CHECK(false);
		return false;
	}
}

/* What the kernel would do: SECCOMP_RET_*, with its data. */
static uint32_t verdict(uint32_t arch, long number, uint64_t first, uint64_t second)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {first, second}};
	uint32_t value = 0;

	for (size_t at = 0; at < program_length; at++) {
		const struct sock_filter *insn = &program[at];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
			memcpy(&value, (const uint8_t *)&data + insn->k, sizeof(value));
			break;
		case BPF_ALU:
			CHECK_EQ(BPF_OP(insn->code), BPF_AND);
			value &= insn->k;
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_JA)
				at += insn->k;
			else
				at += jumps(insn, value) ? insn->jt : insn->jf;
			break;
		case BPF_RET:
			return insn->k;
		default:
			CHECK(false);
		}
	}
	CHECK(false);
	return 0;
}

static uint32_t native(long number, uint64_t first, uint64_t second)
{
	return verdict(AUDIT_ARCH_X86_64, number, first, second);
}

static void knows_every_action(void)
{
	static const struct {
		const char *name;
		uint32_t verdict;
	} actions[] = {
		{"'SCMP_ACT_KILL'", SECCOMP_RET_KILL_THREAD},
		{"'SCMP_ACT_KILL_THREAD'", SECCOMP_RET_KILL_THREAD},
		{"'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS},
		{"'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP},
		{"'SCMP_ACT_ERRNO'", SECCOMP_RET_ERRNO | EPERM},
		{"'SCMP_ACT_ERRNO','errnoRet':38", SECCOMP_RET_ERRNO | ENOSYS},
		{"'SCMP_ACT_ERRNO','errnoRet':0", SECCOMP_RET_ERRNO},
		{"'SCMP_ACT_TRACE'", SECCOMP_RET_TRACE | EPERM},
		{"'SCMP_ACT_TRACE','errnoRet':77", SECCOMP_RET_TRACE | 77},
		{"'SCMP_ACT_LOG'", SECCOMP_RET_LOG},
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		char *properties = NULL;

		if (asprintf(&properties,
			    SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action'"
				    ":%s}]"),
			    actions[i].name) < 0)
			abort();
		compile_profile(properties);
		CHECK_EQ(native(SYS_mkdir, 0, 0), actions[i].verdict);
		CHECK_EQ(native(SYS_rmdir, 0, 0), SECCOMP_RET_ALLOW);
		free(properties);
	}
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':95,"
				"'syscalls':[{'names':['mkdir','rmdir'],'action':'SCMP_ACT_ALLOW'}]"));
	CHECK_EQ(native(SYS_rmdir, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(SYS_chdir, 0, 0), SECCOMP_RET_ERRNO | EOPNOTSUPP);
}

static void knows_every_operator(void)
{
	/* Arguments on both sides of 0x100000005. */
	static const struct {
		const char *operator;
		bool less, same, more;
	} operators[] = {
		{"SCMP_CMP_EQ", false, true, false},
		{"SCMP_CMP_NE", true, false, true},
		{"SCMP_CMP_LT", true, false, false},
		{"SCMP_CMP_LE", true, true, false},
		{"SCMP_CMP_GT", false, false, true},
		{"SCMP_CMP_GE", false, true, true},
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		char *properties = NULL;

		if (asprintf(&properties,
			    SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],"
				    "'action':'SCMP_ACT_TRAP','args':[{'index':1,'value':4294967301,'op':'%s'"
				    "}]}]"),
			    operators[i].operator) < 0)
			abort();
		compile_profile(properties);
		CHECK_EQ(native(SYS_mkdir, 0, 5) == SECCOMP_RET_TRAP, operators[i].less);
		CHECK_EQ(native(SYS_mkdir, 0, 0x100000005) == SECCOMP_RET_TRAP, operators[i].same);
		CHECK_EQ(native(SYS_mkdir, 0, 0x100000006) == SECCOMP_RET_TRAP, operators[i].more);
		free(properties);
	}
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':"
				"'SCMP_ACT_TRAP','args':[{'index':0,'value':240,'valueTwo':16,"
				"'op':'SCMP_CMP_MASKED_EQ'}]}]"));
	CHECK_EQ(native(SYS_mkdir, 0x1f, 0), SECCOMP_RET_TRAP);
	CHECK_EQ(native(SYS_mkdir, 0x2f, 0), SECCOMP_RET_ALLOW);
}

static void joins_conditions(void)
{
	/* On two arguments both must hold; on one they are alternatives. */
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':"
				"'SCMP_ACT_TRAP','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
				"{'index':1,'value':2,'op':'SCMP_CMP_EQ'}]}]"));
	CHECK_EQ(native(SYS_mkdir, 1, 2), SECCOMP_RET_TRAP);
	CHECK_EQ(native(SYS_mkdir, 1, 3), SECCOMP_RET_ALLOW);
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':"
				"'SCMP_ACT_TRAP','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
				"{'index':0,'value':2,'op':'SCMP_CMP_EQ'}]}]"));
	CHECK_EQ(native(SYS_mkdir, 1, 0), SECCOMP_RET_TRAP);
	CHECK_EQ(native(SYS_mkdir, 2, 0), SECCOMP_RET_TRAP);
	CHECK_EQ(native(SYS_mkdir, 3, 0), SECCOMP_RET_ALLOW);
}

static void knows_architectures(void)
{
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86_64',"
				"'SCMP_ARCH_X86','SCMP_ARCH_X32'],"
				"'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_TRAP);
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 39, 0, 0), SECCOMP_RET_TRAP);
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 40, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(0x40000000 | SYS_mkdir, 0, 0), SECCOMP_RET_TRAP);
	/* Another one's calls are not to be had. */
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],"
				"'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 40, 0, 0), SECCOMP_RET_KILL_THREAD);
	/* Every name of the spec's is taken, also of machines that zones do not run on. */
	compile_profile(SECCOMP(
		"'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_AARCH64','SCMP_ARCH_ARM',"
		"'SCMP_ARCH_MIPS','SCMP_ARCH_MIPS64','SCMP_ARCH_MIPS64N32','SCMP_ARCH_MIPSEL',"
		"'SCMP_ARCH_MIPSEL64','SCMP_ARCH_MIPSEL64N32','SCMP_ARCH_PARISC','SCMP_ARCH_PARISC64',"
		"'SCMP_ARCH_PPC','SCMP_ARCH_PPC64','SCMP_ARCH_PPC64LE','SCMP_ARCH_RISCV64',"
		"'SCMP_ARCH_S390','SCMP_ARCH_S390X'],"
		"'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_TRAP);
}

static void passes_flags_on(void)
{
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOG',"
				"'SECCOMP_FILTER_FLAG_SPEC_ALLOW','SECCOMP_FILTER_FLAG_TSYNC',"
				"'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']"));
	CHECK_EQ(flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC);
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW'"));
	CHECK_EQ(flags, 0);
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_ALLOW);
}

static void passes_over_unknown_calls(void)
{
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['nonesuch','mkdir',"
				"'socketcall'],'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_TRAP);
	/* A rule that says what holds anyway. */
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],"
				"'action':'SCMP_ACT_ALLOW'},{'names':['rmdir'],'action':'SCMP_ACT_TRAP'},"
				"{'names':['rmdir'],'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(SYS_rmdir, 0, 0), SECCOMP_RET_TRAP);
}

static void lacks_newer_calls(void)
{
	compile_profile(
		SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86'],'syscalls':["
			"{'names':['mkdir','openat2'],'action':'SCMP_ACT_ALLOW'}]"));
	CHECK_EQ(native(SYS_mkdir, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(437, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(436, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	CHECK_EQ(native(438, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 437, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 436, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	CHECK_EQ(verdict(AUDIT_ARCH_I386, 438, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	/* Not its architectures. */
	CHECK_EQ(native(0x40000000 | 438, 0, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_EQ(verdict(AUDIT_ARCH_AARCH64, 438, 0, 0), SECCOMP_RET_KILL_THREAD);
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_KILL_PROCESS','architectures':['SCMP_ARCH_X32'],"
				"'syscalls':[{'names':['openat2'],'action':'SCMP_ACT_ALLOW'}]"));
	CHECK_EQ(native(0x40000000 | 437, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_EQ(native(0x40000000 | 436, 0, 0), SECCOMP_RET_KILL_PROCESS);
	CHECK_EQ(native(0x40000000 | 438, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	/* The profile says what the rest is to return. */
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':1,"
				"'syscalls':[{'names':['openat2'],'action':'SCMP_ACT_ALLOW'}]"));
	CHECK_EQ(native(438, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	compile_profile(SECCOMP("'defaultAction':'SCMP_ACT_ALLOW',"
				"'syscalls':[{'names':['openat2'],'action':'SCMP_ACT_TRAP'}]"));
	CHECK_EQ(native(438, 0, 0), SECCOMP_RET_ALLOW);
}

static void names_what_it_refuses(void)
{
	static const char *const cases[][2] = {
		{SECCOMP("'defaultAction':'SCMP_ACT_NOTIFY'"),
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY: an agent in this host cannot serve "
			"another "
			"kernel's system calls"},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['rmdir'],'action':'SCMP_ACT_"
			 "TRAP'},"
			 "{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]"),
			"linux.seccomp.syscalls[1].action: SCMP_ACT_NOTIFY: an agent in this host cannot "
			"serve "
			"another kernel's system calls"},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/run/"
			 "agent','listenerMetadata':'x'"),
			"linux.seccomp.listenerPath: an agent in this host cannot serve another kernel's "
			"system "
			"calls"},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_"
			 "FOO'}]"),
			"linux.seccomp.syscalls[0].action: unknown action \"SCMP_ACT_FOO\""},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_"
			 "TRAP',"
			 "'args':[{'index':0,'value':0,'op':'SCMP_CMP_FOO'}]}]"),
			"linux.seccomp.syscalls[0].args[0].op: unknown operator \"SCMP_CMP_FOO\""},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','flags':['FOO']"),
			"linux.seccomp.flags[0]: unknown flag \"FOO\""},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_FOO']"),
			"linux.seccomp.architectures[0]: unknown architecture \"SCMP_ARCH_FOO\""},
		{SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_"
			 "TRAP',"
			 "'args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]}]"),
			"linux.seccomp.syscalls[0].args[0].index: greater than 5"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_compiled(cases[i][0], cases[i][1]);
}

int main(void)
{
	RUN(knows_every_action);
	RUN(knows_every_operator);
	RUN(joins_conditions);
	RUN(knows_architectures);
	RUN(passes_flags_on);
	RUN(passes_over_unknown_calls);
	RUN(lacks_newer_calls);
	RUN(names_what_it_refuses);
	spec_free(&compiled);
	return unit_end();
}
