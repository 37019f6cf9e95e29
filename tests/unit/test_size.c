/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as what Xen is told of a zone. */
#include "container/size.h"
#include "tests/unit/test_ocispec.h"

#define GIB (1024ull * 1024) /* in KiB */

static const struct host_facts host = {.cpus = 8, .cpu_numbers = 16, .free_memory_kib = 4 * GIB};
static const struct settings settings = {.memory_mib = 128};
static struct zone_size size;

/* Chooses for a config with these properties. The message it gives, "" if there is none. */
static const char *choose(const char *properties, uint32_t vcpus)
{
	static char message[512];
	char *text = document(properties);
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	if (config)
		size_choose(config, &settings, &host, vcpus, &size, &err);
	snprintf(message, sizeof(message), "%s", err.message ? err.message : "");
	oci_config_free(config);
	error_clear(&err);
	free(text);
	return message;
}

#define RESOURCES(text) LINUX("'resources':{" text "}")
#define CPU(text)	RESOURCES("'cpu':{" text "}")
#define HARDWARE(text)	"'vm':{'kernel':{'path':'/k'},'hwConfig':{" text "}}"

static void asks_for_nothing(void)
{
	static const struct zone_processors none;

	CHECK(same(choose(RESOURCES(""), 0), ""));
	CHECK_EQ(size.memory_kib, 128 * 1024);
	CHECK(!size.memory_limited);
	CHECK_EQ(size.vcpus, 1);
	CHECK(!memcmp(&size.processors, &none, sizeof(none)));
	CHECK(same(choose(CPU("'quota':-1,'shares':0,'cpus':''"), 0), ""));
	CHECK(!memcmp(&size.processors, &none, sizeof(none)));
}

static void gives_memory(void)
{
	CHECK(same(choose(RESOURCES("'memory':{'limit':104857601}"), 0), ""));
	CHECK_EQ(size.memory_kib, (101 + 48) * 1024);
	CHECK(size.memory_limited);
	CHECK(same(choose(RESOURCES("'memory':{'limit':-1}"), 0), ""));
	CHECK_EQ(size.memory_kib, 128 * 1024);
	CHECK(!size.memory_limited);
	/* What the hardware is said to have counts more. */
	CHECK(same(
		choose(RESOURCES("'memory':{'limit':104857600}") "," HARDWARE("'memory':67108864"), 0), ""));
	CHECK_EQ(size.memory_kib, 64 * 1024);
	CHECK(!size.memory_limited);
	CHECK(same(choose(HARDWARE("'memory':1048576"), 0),
		"vm.hwConfig.memory: 1 MiB are too few for a kernel"));
}

static void has_memory_or_not(void)
{
	struct error err = {0};

	CHECK(same(choose(RESOURCES("'memory':{'limit':4294967296}"), 0), ""));
	CHECK(size_check_memory(&size, &host, 0, &err) < 0);
	CHECK(same(error_message(&err),
		"linux.resources.memory.limit: the zone needs 4144 MiB, and Xen has 4096 MiB free"));
	error_clear(&err);
	CHECK(size_check_memory(&size, &host, 48 * 1024, &err) == 0);
	CHECK(size_check_memory(&size, &host, 8 * GIB, &err) == 0);
	CHECK(size_check_memory(&size, &host, 47 * 1024, &err) < 0);
	CHECK(same(error_message(&err),
		"linux.resources.memory.limit: the zone needs 4097 MiB more, and Xen has 4096 MiB free"));
	error_clear(&err);
}

static void check_quota(const char *cpu, uint32_t vcpus, uint32_t want_vcpus, uint32_t want_cap)
{
	char *properties = NULL;
	const char *message;

	if (asprintf(&properties, CPU("%s"), cpu) < 0)
		abort();
	message = choose(properties, vcpus);
	if (!CHECK(same(message, "")) || !CHECK_EQ(size.vcpus, want_vcpus) ||
		!CHECK_EQ(size.processors.cap, want_cap))
		printf("# %s %s\n", cpu, message);
	free(properties);
}

static void makes_quotas_vcpus_and_caps(void)
{
	check_quota("'quota':50000", 0, 1, 50);
	check_quota("'quota':50000,'period':200000", 0, 1, 25);
	check_quota("'quota':1000,'period':1000000", 0, 1, 1);
	/* Whole vCPUs are a cap by themselves. */
	check_quota("'quota':100000", 0, 1, 0);
	check_quota("'quota':200000", 0, 2, 0);
	check_quota("'quota':150001", 0, 2, 151);
	check_quota("'quota':-1,'period':50000", 0, 1, 0);
	/* No more of either than the host has. */
	check_quota("'quota':9223372036854775807,'period':1000", 0, 8, 0);
	check_quota("'quota':9223372036854775807,'period':18446744073709551615", 0, 1, 50);
}

static void caps_the_vcpus_there_are(void)
{
	check_quota("'quota':50000", 4, 4, 50);
	check_quota("'quota':200000", 4, 4, 200);
	check_quota("'quota':400000", 4, 4, 0);
	check_quota("'quota':-1", 4, 4, 0);
	CHECK(same(choose(CPU("'quota':400001"), 4),
		"linux.resources.cpu.quota: 5 CPUs are more than the zone was made with, which is 4"));
	/* Where the hardware is said to be so, the quota is of it. */
	CHECK(same(choose(CPU("'quota':400000") "," HARDWARE("'vcpus':2"), 2), ""));
	CHECK_EQ(size.vcpus, 2);
	CHECK_EQ(size.processors.cap, 0);
}

static void weighs(void)
{
	static const struct {
		const char *cpu;
		uint32_t weight;
	} cases[] = {
		{CPU("'shares':1024"), 256},
		{CPU("'shares':2048"), 512},
		{CPU("'shares':2"), 1},
		{CPU("'shares':262143"), 65535},
		{CPU("'shares':262144"), 65535},
		{CPU("'shares':18446744073709551615"), 65535},
		{CPU("'shares':0"), 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK(same(choose(cases[i].cpu, 0), ""));
		CHECK_EQ(size.processors.weight, cases[i].weight);
	}
}

static void names_cpus(void)
{
	CHECK(same(choose(CPU("'cpus':'1,8-9'"), 0), ""));
	CHECK_EQ(size.processors.cpus[0], 2);
	CHECK_EQ(size.processors.cpus[1], 3);
	CHECK(same(choose(CPU("'cpus':'15'"), 0), ""));
	CHECK(same(choose(CPU("'cpus':'0-16'"), 0),
		"linux.resources.cpu.cpus: \"0-16\" names more than Xen's CPUs, which are 0 to 15"));
	CHECK(same(choose(CPU("'cpus':'5000'"), 0),
		"linux.resources.cpu.cpus: \"5000\" names more than Xen's CPUs, which are 0 to 15"));
}

int main(void)
{
	RUN(asks_for_nothing);
	RUN(gives_memory);
	RUN(has_memory_or_not);
	RUN(makes_quotas_vcpus_and_caps);
	RUN(caps_the_vcpus_there_are);
	RUN(weighs);
	RUN(names_cpus);
	return unit_end();
}
