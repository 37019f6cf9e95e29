/* SPDX-License-Identifier: Apache-2.0 */
/* config.json with an update of linux.resources in it. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/test_ocispec.h"

static char kept[] = "/tmp/xenrun-update-XXXXXX";
static struct oci_config *updated;

/* Writes config.json with these resources, or without, updates it. The message it gives, "" if there is none.
 */
static const char *update(const char *resources, const char *change)
{
	static char message[512];
	char *properties = NULL, *text, *quoted = NULL, *json = NULL;
	struct error err = {0};
	int fd = open(kept, O_WRONLY | O_TRUNC);

	if (asprintf(&properties, LINUX("'resources':{%s}"), resources ? resources : "") < 0)
		abort();
	text = document(resources ? properties : "");
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	oci_config_free(updated);
	quoted = strdup(change);
	for (char *c = quoted; *c; c++)
		if (*c == '\'')
			*c = '"';
	updated = oci_config_update(kept, NULL, quoted, &json, &err);
	CHECK(!updated == !json);
	if (updated) {
		/* What is kept says the same. */
		struct oci_config *again = oci_config_parse(json, strlen(json), &err);

		CHECK(again && again->linux_ && again->linux_->resources);
		oci_config_free(again);
	}
	snprintf(message, sizeof(message), "%s", err.message ? err.message : "");
	error_clear(&err);
	free(properties);
	free(text);
	free(quoted);
	free(json);
	return message;
}

static void adds_to_what_there_is(void)
{
	const struct oci_resources *resources;

	CHECK(same(update("'memory':{'limit':1000,'swap':5000},'cpu':{'period':50000},'unified':{'a.b':'1'}",
			   "{'memory':{'limit':2000},'cpu':{'quota':25000},'pids':{'limit':7},"
			   "'unified':{'c.d':'2'},'hugepageLimits':[{'pageSize':'2MB','limit':0}]}"),
		""));
	resources = updated->linux_->resources;
	CHECK_EQ(*resources->memory->limit, 2000);
	CHECK_EQ(*resources->memory->swap, 5000);
	CHECK_EQ(*resources->cpu->period, 50000);
	CHECK_EQ(*resources->cpu->quota, 25000);
	CHECK_EQ(*resources->pids->limit, 7);
	CHECK_EQ(resources->unified.len, 2);
	CHECK_EQ(resources->hugepage_limits_len, 1);
}

static void makes_what_there_is_not(void)
{
	CHECK(same(update(NULL, "{'pids':{'limit':7}}"), ""));
	CHECK_EQ(*updated->linux_->resources->pids->limit, 7);
	CHECK(same(update(NULL, "{}"), ""));
}

static void leaves_what_is_not_said(void)
{
	CHECK(same(update("'memory':{'limit':1000},'cpu':{'shares':512,'cpus':'0','idle':1}",
			   "{'memory':{'limit':0,'swap':null,'kernel':0,'disableOOMKiller':false},"
			   "'cpu':{'shares':0,'cpus':'','mems':'','idle':0},'devices':[],'network':{}}"),
		""));
	CHECK_EQ(*updated->linux_->resources->memory->limit, 1000);
	CHECK_EQ(*updated->linux_->resources->cpu->shares, 512);
	CHECK(same(updated->linux_->resources->cpu->cpus, "0"));
	/* This one is a value. */
	CHECK_EQ(*updated->linux_->resources->cpu->idle, 0);
}

static void names_what_cannot_change(void)
{
	static const char *const cases[][2] = {
		{"{'devices':[{'allow':true}]}", "devices"},
		{"{'cpu':{'mems':'1'}}", "cpu.mems"},
		{"{'cpu':{'realtimeRuntime':5}}", "cpu.realtimeRuntime"},
		{"{'memory':{'swappiness':5}}", "memory.swappiness"},
		{"{'memory':{'disableOOMKiller':true}}", "memory.disableOOMKiller"},
		{"{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1}]}}",
			"blockIO.throttleReadBpsDevice"},
		{"{'network':{'classID':1}}", "network"},
	};
	char want[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(want, sizeof(want), "linux.resources.%s: cannot be changed in a running zone",
			cases[i][1]);
		if (!CHECK(same(update("'cpu':{'mems':'0'}", cases[i][0]), want)))
			printf("# %s\n", cases[i][0]);
	}
	/* As it is already, which whoever sends all of it says. */
	CHECK(same(update("'devices':[{'allow':false,'access':'rwm'}],'cpu':{'mems':'0'}",
			   "{'devices':[{'access':'rwm','allow':false}],'cpu':{'mems':'0'}}"),
		""));
}

static void refuses_what_create_refuses(void)
{
	CHECK(same(update("", "{'pids':{'limit':-5}}"), "linux.resources.pids.limit: -5 is out of range"));
	CHECK(same(update("", "{'pids':{'limit':'5'}}"),
		"linux.resources.pids.limit: expected an integer, found a string"));
	CHECK(same(update("", "[]"), "linux.resources: expected an object, found an array"));
	/* What goes together with what there is. */
	CHECK(same(update("'memory':{'limit':1000,'swap':1000}", "{'memory':{'limit':2000}}"),
		"linux.resources.memory.swap: less than limit, which is a part of it"));
	CHECK(same(update("'cpu':{'quota':1000}", "{'cpu':{'burst':2000}}"),
		"linux.resources.cpu.burst: greater than quota"));
	CHECK(strstr(update("", "{"), "unexpected end of data") != NULL);
}

int main(void)
{
	int fd = mkstemp(kept);

	close(fd);
	RUN(adds_to_what_there_is);
	RUN(makes_what_there_is_not);
	RUN(leaves_what_is_not_said);
	RUN(names_what_cannot_change);
	RUN(refuses_what_create_refuses);
	oci_config_free(updated);
	unlink(kept);
	return unit_end();
}
