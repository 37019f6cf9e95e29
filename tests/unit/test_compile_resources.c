/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources becomes what is written in the zone's cgroup: the files, their order, the property to
 * blame. */
#include "tests/unit/compiled.h"

/* What is written, a line each: "FILE=VALUE PROPERTY", with a ? in front of what may be missing. */
static const char *files(void)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < compiled.count; i++) {
		const char *file, *value;
		uint32_t length;

		if (compiled.types[i] != ZONE_OP_CGROUP && compiled.types[i] != ZONE_OP_CGROUP_TRY)
			continue;
		file = (const char *)payload_of(i, &length);
		value = file + strlen(file) + 1;
		CHECK_EQ(value + strlen(value) + 1 - file, length);
		CHECK(!strncmp(compiled.paths[i], "linux.resources.", 16));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s %s\n",
			compiled.types[i] == ZONE_OP_CGROUP_TRY ? "?" : "", file, value,
			compiled.paths[i] + 16);
	}
	return text;
}

static void expect_files(const char *resources, const char *want)
{
	char *properties = NULL;

	if (asprintf(&properties, LINUX("'resources':{%s}"), resources) < 0)
		abort();
	expect_compiled(properties, "");
	if (!CHECK(same(files(), want)))
		printf("# %s\n# gives  %s# wanted %s", resources, files(), want);
	free(properties);
}

static void converts_weights(void)
{
	CHECK_EQ(resources_cpu_weight(2), 1);
	CHECK_EQ(resources_cpu_weight(1024), 39);
	CHECK_EQ(resources_cpu_weight(262144), 10000);
	/* Beyond the range is its end. */
	CHECK_EQ(resources_cpu_weight(0), 1);
	CHECK_EQ(resources_cpu_weight(UINT64_MAX), 10000);
	CHECK_EQ(resources_io_weight(10), 1);
	CHECK_EQ(resources_io_weight(500), 4950);
	CHECK_EQ(resources_io_weight(1000), 10000);
}

static void limits_memory(void)
{
	expect_files("'memory':{'limit':1048576,'reservation':524288}",
		"memory.max=1048576 memory.limit\nmemory.low=524288 memory.reservation\n");
	expect_files("'memory':{'limit':1048576,'swap':3145728,'checkBeforeUpdate':true}",
		"?memory.swap.max=2097152 memory.swap\nmemory.max=1048576 memory.limit\n");
	/* As much as there is memory: none of it swap. */
	expect_files("'memory':{'limit':1048576,'swap':1048576}",
		"?memory.swap.max=0 memory.swap\nmemory.max=1048576 memory.limit\n");
	expect_files("'memory':{'limit':1048576,'swap':-1}",
		"?memory.swap.max=max memory.swap\nmemory.max=1048576 memory.limit\n");
	/* Of swap nothing is said, so that it goes with the memory, as in version 1. */
	expect_files(
		"'memory':{'limit':-1}", "?memory.swap.max=max memory.swap\nmemory.max=max memory.limit\n");
	expect_files("'memory':{'limit':-1,'swap':4096}",
		"?memory.swap.max=4096 memory.swap\nmemory.max=max memory.limit\n");
	expect_files("'memory':{'limit':0,'reservation':-1,'swap':0}", "memory.low=max memory.reservation\n");
	expect_files("'memory':{'swappiness':60,'kernel':1,'kernelTCP':1,'disableOOMKiller':true,'"
		     "useHierarchy':true}",
		"");
	expect_compiled(LINUX("'resources':{'memory':{'swap':4096}}"),
		"linux.resources.memory.swap: cannot be set without memory.limit");
}

static void limits_cpu(void)
{
	expect_files("'cpu':{'shares':1024,'quota':50000,'period':200000}",
		"cpu.weight=39 cpu.shares\ncpu.max=50000 200000 cpu.quota\n");
	expect_files("'cpu':{'quota':50000,'burst':1000}",
		"cpu.max=50000 100000 cpu.quota\ncpu.max.burst=1000 cpu.burst\n");
	expect_files("'cpu':{'quota':-1}", "cpu.max=max 100000 cpu.quota\n");
	expect_files("'cpu':{'period':50000}", "cpu.max=max 50000 cpu.period\n");
	expect_files("'cpu':{'shares':2,'idle':1}", "cpu.idle=0 cpu.idle\ncpu.weight=1 cpu.shares\ncpu.idle=1 cpu.idle\n");
	/* The host's processors are not the zone's. */
	expect_files("'cpu':{'shares':0,'quota':0,'period':0,'cpus':'0-3','mems':'0','realtimeRuntime':1,'"
		     "realtimePeriod':2}",
		"");
}

static void limits_the_rest(void)
{
	expect_files("'pids':{'limit':12}", "pids.max=12 pids.limit\n");
	expect_files("'pids':{'limit':-1}", "pids.max=max pids.limit\n");
	expect_files("'pids':{'limit':0}", "pids.max=max pids.limit\n");
	expect_files("'pids':{}", "");
	expect_files("'blockIO':{'weight':500,'leafWeight':10,'throttleReadBpsDevice':[{'major':8,'minor':0,'"
		     "rate':1}]}",
		"?io.bfq.weight=500 blockIO.weight\n?io.weight=4950 blockIO.weight\n");
	expect_files("'blockIO':{'weight':0}", "");
	expect_files("'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':500,'leafWeight':10}],"
		     "'throttleWriteBpsDevice':[{'major':8,'minor':0,'rate':1}],"
		     "'throttleReadIOPSDevice':[{'major':8,'minor':0,'rate':1}],"
		     "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':1}]}",
		"");
	expect_files("'hugepageLimits':[{'pageSize':'2MB','limit':4194304},{'pageSize':'1GB','limit':0}]",
		"?hugetlb.2MB.max=4194304 hugepageLimits[0]\n?hugetlb.2MB.rsvd.max=4194304 hugepageLimits[0]\n"
		"?hugetlb.1GB.max=0 hugepageLimits[1]\n?hugetlb.1GB.rsvd.max=0 hugepageLimits[1]\n");
	expect_files("'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':10000},'mlx4_0':{'hcaObjects':5}}",
		"rdma.max=mlx5_1 hca_handle=3 hca_object=10000 rdma.mlx5_1\n"
		"rdma.max=mlx4_0 hca_object=5 rdma.mlx4_0\n");
	expect_files("'network':{'classID':1,'priorities':[{'name':'eth0','priority':1}]}", "");
}

static void writes_unified(void)
{
	expect_files("'unified':{'memory.high':'4096','io.max':'8:0 rbps=1\\n8:16 wbps=2\\n','pids.max':''},"
		     "'pids':{'limit':3}",
		"pids.max=3 pids.limit\nmemory.high=4096 unified.memory.high\n"
		"io.max=8:0 rbps=1 unified.io.max\nio.max=8:16 wbps=2 unified.io.max\npids.max= "
		"unified.pids.max\n");
	expect_compiled(LINUX("'resources':{'unified':{'../cgroup.procs':'1'}}"),
		"linux.resources.unified[\"../cgroup.procs\"]: not a file name like \"memory.max\"");
}

/* All of it is done before the root is mounted. */
static void comes_first(void)
{
	expect_compiled(LINUX("'resources':{'pids':{'limit':1},'devices':[{'allow':false}]}"), "");
	CHECK_EQ(compiled.types[0], ZONE_OP_CLONE);
	CHECK_EQ(compiled.types[1], ZONE_OP_CGROUP);
	CHECK_EQ(compiled.types[2], ZONE_OP_DEVICES);
	CHECK_EQ(compiled.types[3], ZONE_OP_ROOT);
}

int main(void)
{
	RUN(converts_weights);
	RUN(limits_memory);
	RUN(limits_cpu);
	RUN(limits_the_rest);
	RUN(writes_unified);
	RUN(comes_first);
	spec_free(&compiled);
	return unit_end();
}
