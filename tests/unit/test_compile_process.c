/* SPDX-License-Identifier: Apache-2.0 */
/* process becomes operations: how it is scheduled, and what differs for an exec's. */
#include "tests/unit/compiled.h"

static uint32_t u32_at(const uint8_t *payload, size_t offset)
{
	uint32_t value;

	memcpy(&value, payload + offset, sizeof(value));
	return value;
}

static uint64_t u64_at(const uint8_t *payload, size_t offset)
{
	uint64_t value;

	memcpy(&value, payload + offset, sizeof(value));
	return value;
}

static void schedules(void)
{
	const uint8_t *payload;
	uint32_t length = 0;

	expect_compiled(
		PROCESS("'scheduler':{'policy':'SCHED_BATCH','nice':-5,'flags':['SCHED_FLAG_RESET_ON_FORK',"
			"'SCHED_FLAG_UTIL_CLAMP_MIN']}"),
		"");
	payload = only_op(ZONE_OP_SCHEDULER, &length);
	CHECK_EQ(length, 48);
	CHECK_EQ(u32_at(payload, 0), 3);
	CHECK_EQ((int32_t)u32_at(payload, 4), -5);
	CHECK_EQ(u32_at(payload, 8), 0);
	CHECK_EQ(u64_at(payload, 16), 0x21);

	expect_compiled(PROCESS("'scheduler':{'policy':'SCHED_FIFO','priority':50}"), "");
	payload = only_op(ZONE_OP_SCHEDULER, &length);
	CHECK_EQ(u32_at(payload, 0), 1);
	CHECK_EQ(u32_at(payload, 8), 50);

	expect_compiled(PROCESS("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1,'deadline':5000000000,'"
				"period':7}"),
		"");
	payload = only_op(ZONE_OP_SCHEDULER, &length);
	CHECK_EQ(u32_at(payload, 0), 6);
	CHECK_EQ(u64_at(payload, 24), 1);
	CHECK_EQ(u64_at(payload, 32), 5000000000);
	CHECK_EQ(u64_at(payload, 40), 7);
	/* While it still may: its user and capabilities are taken later. */
	CHECK(next_op(ZONE_OP_SCHEDULER, 0) < next_op(ZONE_OP_READY, 0));
}

static void gives_io_priority(void)
{
	const uint8_t *payload;
	uint32_t length = 0;

	expect_compiled(PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_IDLE','priority':7}"), "");
	payload = only_op(ZONE_OP_IO_PRIORITY, &length);
	CHECK_EQ(length, 4);
	CHECK_EQ(u32_at(payload, 0), 3 << 13 | 7);
}

static void places_execs_only(void)
{
	static const char properties[] = PROCESS("'execCPUAffinity':{'initial':'0-1','final':'1,65'}");
	const uint8_t *payload;
	uint32_t length;

	CHECK(same(compile(properties), ""));
	CHECK_EQ(count_ops(ZONE_OP_AFFINITY), 0);
	CHECK(same(compile_as(properties, true), ""));
	CHECK_EQ(count_ops(ZONE_OP_AFFINITY), 2);
	CHECK_EQ(compiled.types[0], ZONE_OP_AFFINITY);
	CHECK(same(compiled.paths[0], "process.execCPUAffinity.initial"));
	payload = payload_of(0, &length);
	CHECK_EQ(length, 8);
	CHECK_EQ(u64_at(payload, 0), 3);
	CHECK_EQ(compiled.types[1], ZONE_OP_AFFINITY);
	CHECK(same(compiled.paths[1], "process.execCPUAffinity.final"));
	payload = payload_of(1, &length);
	CHECK_EQ(length, 16);
	CHECK_EQ(u64_at(payload, 0), 2);
	CHECK_EQ(u64_at(payload, 8), 2);
	CHECK(same(compile_as(PROCESS("'execCPUAffinity':{'final':'0'}"), true), ""));
	CHECK_EQ(count_ops(ZONE_OP_AFFINITY), 1);
	CHECK(same(compile_as(PROCESS("'execCPUAffinity':{}"), true), ""));
	CHECK_EQ(count_ops(ZONE_OP_AFFINITY), 0);
}

static void changes_personality(void)
{
	uint32_t length = 0;

	expect_compiled(PROCESS("'env':[]") "," LINUX("'personality':{'domain':'LINUX32','flags':[]}"), "");
	CHECK_EQ(u32_at(only_op(ZONE_OP_PERSONALITY, &length), 0), 8);
	CHECK_EQ(length, 4);
	expect_compiled(PROCESS("'env':[]") "," LINUX("'personality':{'domain':'LINUX'}"), "");
	CHECK_EQ(u32_at(only_op(ZONE_OP_PERSONALITY, &length), 0), 0);
}

static void refuses_labels(void)
{
	expect_compiled(PROCESS("'apparmorProfile':'default'"),
		"process.apparmorProfile: neither this host nor the zone's kernel has AppArmor");
	expect_compiled(PROCESS("'selinuxLabel':'a:b:c:s0'"),
		"process.selinuxLabel: neither this host nor the zone's kernel has SELinux");
	/* Callers that have none write it so. */
	expect_compiled(PROCESS("'apparmorProfile':'','selinuxLabel':''"), "");
}

/* With nothing said nothing is set. */
static void leaves_the_rest(void)
{
	expect_compiled(PROCESS("'noNewPrivileges':false"), "");
	CHECK_EQ(count_ops(ZONE_OP_SCHEDULER) + count_ops(ZONE_OP_IO_PRIORITY) +
			 count_ops(ZONE_OP_OOM_SCORE_ADJ),
		0);
	CHECK_EQ(compiled.types[compiled.count - 2], ZONE_OP_READY);
	CHECK_EQ(compiled.types[compiled.count - 1], ZONE_OP_EXEC);
}

int main(void)
{
	RUN(schedules);
	RUN(gives_io_priority);
	RUN(places_execs_only);
	RUN(changes_personality);
	RUN(refuses_labels);
	RUN(leaves_the_rest);
	spec_free(&compiled);
	return unit_end();
}
