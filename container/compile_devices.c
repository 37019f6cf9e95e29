/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-linux.md, "Allowed Device list": in version 2 of cgroups a BPF program decides over each access.
 * It asks the rules from the last to the first. Of what an access wants (read, write, mknod) each bit is
 * decided by the last rule that has it, as in version 1: a rule that denies writing leaves reading as it was.
 */
#include <linux/bpf.h>
#include <string.h>

#include "container/devices.h"
#include "container/spec.h"

/* Enough for one rule. */
#define RULE_MAX 12

#define EVERY_ACCESS (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ANY	     (-1)

/* The program's registers. */
enum { RESULT = 0, CONTEXT = 1, TYPE = 2, WANTED = 3, MAJOR = 4, MINOR = 5 };

/* A rule in the kernel's terms. */
struct rule {
	bool allow;
	int type; /* BPF_DEVCG_DEV_* or ANY */
	int64_t major, minor;
	int access; /* BPF_DEVCG_ACC_* */
};

struct code {
	struct bpf_insn insns[RULE_MAX];
	size_t length;
};

static struct rule rule_of(const struct oci_device_rule *rule)
{
	struct rule result = {
		.allow = rule->allow,
		.type = ANY,
		.major = rule->major ? *rule->major : ANY,
		.minor = rule->minor ? *rule->minor : ANY,
		.access = rule->access ? 0 : EVERY_ACCESS,
	};

	if (rule->type && *rule->type == 'b')
		result.type = BPF_DEVCG_DEV_BLOCK;
	else if (rule->type && *rule->type == 'c')
		result.type = BPF_DEVCG_DEV_CHAR;
	for (const char *c = rule->access; c && *c; c++)
		result.access |= *c == 'r'   ? BPF_DEVCG_ACC_READ
				 : *c == 'w' ? BPF_DEVCG_ACC_WRITE
					     : BPF_DEVCG_ACC_MKNOD;
	return result;
}

static void emit(struct code *code, uint8_t operation, unsigned to, int16_t offset, int32_t value)
{
	code->insns[code->length++] =
		(struct bpf_insn){.code = operation, .dst_reg = to & 15, .off = offset, .imm = value};
}

static void emit_load(struct code *code, unsigned to, size_t offset)
{
	code->insns[code->length++] = (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = to & 15,
		.src_reg = CONTEXT,
		.off = (int16_t)offset};
}

static void emit_return(struct code *code, bool allow)
{
	emit(code, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, allow);
	emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* Behind the rule unless the register has that value; the jump's length is put in once it is known. */
static void emit_unless(struct code *code, unsigned reg, int64_t value)
{
	if (value != ANY)
		emit(code, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, (int32_t)value);
}

/* Whether no rule before this one can be asked any more. */
static bool emit_rule(struct code *code, const struct rule *rule)
{
	size_t conditions;

	code->length = 0;
	/* Of no device, or of no access. */
	if (rule->major > UINT32_MAX || rule->minor > UINT32_MAX || !rule->access)
		return false;
	emit_unless(code, TYPE, rule->type);
	emit_unless(code, MAJOR, rule->major);
	emit_unless(code, MINOR, rule->minor);
	conditions = code->length;
	if (rule->access == EVERY_ACCESS) {
		emit_return(code, rule->allow);
	} else if (rule->allow) {
		emit(code, BPF_ALU64 | BPF_AND | BPF_K, WANTED, 0, EVERY_ACCESS & ~rule->access);
		emit(code, BPF_JMP32 | BPF_JNE | BPF_K, WANTED, 2, 0);
		emit_return(code, true);
	} else {
		emit(code, BPF_JMP32 | BPF_JSET | BPF_K, WANTED, 1, rule->access);
		emit(code, BPF_JMP | BPF_JA, 0, 2, 0);
		emit_return(code, false);
	}
	for (size_t i = 0; i < conditions; i++)
		code->insns[i].off = (int16_t)(code->length - i - 1);
	return !conditions && rule->access == EVERY_ACCESS;
}

static void put(struct spec *spec, const struct code *code)
{
	spec_bytes(spec, code->insns, code->length * sizeof(*code->insns));
}

/* What a rule about the host's numbers is about in the zone: its block devices have others there. */
static size_t translate(
	const struct rule *rule, const struct devices *devices, struct rule list[ZONE_VBDS_MAX + 1])
{
	size_t len = 0, disks;

	list[0] = *rule;
	if (!devices->disks_len || rule->type == BPF_DEVCG_DEV_CHAR ||
		(rule->major == ANY && rule->minor == ANY))
		return 1;
	if (rule->type == ANY)
		list[len++].type = BPF_DEVCG_DEV_CHAR;
	disks = len;
	for (uint32_t i = 0; i < devices->disks_len; i++) {
		const struct zone_vbd *disk = &devices->disks[i];

		if ((rule->major != ANY && rule->major != disk->major) ||
			(rule->minor != ANY && rule->minor != disk->minor))
			continue;
		list[len++] = (struct rule){rule->allow, BPF_DEVCG_DEV_BLOCK, ZONE_VBD_MAJOR,
			zone_vbd_minor(disk->number), rule->access};
	}
	/* Others are of the guest's kernel, but not with the number that its own disks have. */
	if (len == disks && rule->major != ZONE_VBD_MAJOR) {
		list[len] = *rule;
		list[len++].type = BPF_DEVCG_DEV_BLOCK;
	}
	return len;
}

void compile_devices(const struct oci_resources *resources, const struct devices *devices, struct spec *spec)
{
	struct rule list[ZONE_VBDS_MAX + 1];
	struct code code = {0};
	size_t left = resources->devices_len;
	bool last = false;

	if (!left)
		return;
	spec_begin(spec, ZONE_OP_DEVICES, "linux.resources.devices");
	emit_load(&code, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&code, BPF_ALU64 | BPF_MOV | BPF_X, WANTED, 0, 0);
	code.insns[code.length - 1].src_reg = TYPE;
	emit(&code, BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0xffff);
	emit(&code, BPF_ALU64 | BPF_RSH | BPF_K, WANTED, 0, 16);
	emit_load(&code, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&code, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	put(spec, &code);

	for (const struct oci_device_rule *always = devices_always; always->access; always++) {
		struct rule rule = rule_of(always);

		emit_rule(&code, &rule);
		put(spec, &code);
	}
	while (left && !last) {
		struct rule rule = rule_of(&resources->devices[--left]);
		size_t len = translate(&rule, devices, list);

		for (size_t i = 0; i < len; i++) {
			last = emit_rule(&code, &list[i]);
			put(spec, &code);
		}
	}
	/* The kernel refuses a program with instructions that are never come to. */
	if (!last) {
		/* What no rule is about is denied. */
		code.length = 0;
		emit_return(&code, false);
		put(spec, &code);
	}
	spec_end(spec);
}
