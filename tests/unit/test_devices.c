/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of linux.devices: block devices of the host are disks of the zone, nodes are made, others are
 * refused or left out. */
#include "tests/unit/host_devices.h"

#define DISK0 "{'path':'/dev/a','type':'b','major':7,'minor':0}"
#define DISK1 "{'path':'/dev/b','type':'b','major':8,'minor':1,'fileMode':384,'uid':1,'gid':2000}"
#define MEM   "{'path':'/dev/mem','type':'c','major':1,'minor':1}"
#define FUSE  "{'path':'/dev/fuse','type':'c','major':10,'minor':229}"
#define ODD   "{'path':'/dev/odd','type':'c','major':10,'minor':666}"

#define DENY_ALL  "{'allow':false,'access':'rwm'}"
#define ALLOW_ALL "{'allow':true,'access':'rwm'}"

static struct devices devices;

/* With a comma before it. */
static const char *namespaces = "";

/* The message, "" if they are chosen. */
static const char *choose(const char *list, const char *rules)
{
	static char message[256];
	struct error err = {0};
	char *properties = NULL, *text;
	struct oci_config *config;

	if (asprintf(&properties, LINUX("'devices':[%s],'resources':{'devices':[%s]}%s"), list, rules,
		    namespaces) < 0)
		abort();
	text = document(properties);
	config = oci_config_parse(text, strlen(text), &err);
	devices_free(&devices);
	if (config)
		devices_choose(config->linux_, host_devices, &devices, &err);
	snprintf(message, sizeof(message), "%s", err.message ? err.message : "");
	oci_config_free(config);
	error_clear(&err);
	free(text);
	free(properties);
	return message;
}

static void gives_block_devices(void)
{
	CHECK(same(choose(DISK0 "," ODD "," DISK1 "," DISK0 "," FUSE, ""), ""));
	CHECK_EQ(devices.len, 5);
	CHECK_EQ(devices.disks_len, 2);
	CHECK(devices.list[0].choice == DEVICE_DISK && devices.list[0].disk == 0);
	CHECK(devices.list[1].choice == DEVICE_NODE && devices.list[4].choice == DEVICE_NODE);
	CHECK(devices.list[2].choice == DEVICE_DISK && devices.list[2].disk == 1);
	CHECK(devices.list[3].choice == DEVICE_DISK && devices.list[3].disk == 0);
	CHECK(devices.disks[0].number == 1 && devices.disks[0].major == 7 && devices.disks[0].minor == 0);
	CHECK(devices.disks[1].number == 2 && devices.disks[1].major == 8 && devices.disks[1].minor == 1);
	CHECK(!devices.disks[0].read_only && !devices.left_out);
	devices_number(&devices, 255);
	CHECK_EQ(devices.disks[1].number, 256);
}

static void numbers_them_as_partitions(void)
{
	for (uint32_t number = 1, before = 1024; number < 1000000; number++) {
		uint32_t minor = zone_vbd_minor(number);

		if (minor <= before || minor % 256 == 0 || minor >= 1 << 20) {
			CHECK_EQ(number, 0);
			break;
		}
		before = minor;
	}
	CHECK_EQ(zone_vbd_minor(1), 1025);
	CHECK_EQ(zone_vbd_minor(256), 1281);
}

static void reads_only_what_may_not_be_written(void)
{
	choose(DISK0, DENY_ALL ",{'allow':true,'type':'b','major':7,'minor':0,'access':'r'}");
	CHECK(devices.disks[0].read_only);
	choose(DISK0, DENY_ALL ",{'allow':true,'type':'b','major':7,'minor':0,'access':'rm'},"
			       "{'allow':true,'type':'b','major':7,'access':'w'}");
	CHECK(!devices.disks[0].read_only);
	choose(DISK0,
		"{'allow':true,'type':'b','major':7,'minor':0},{'allow':false,'type':'a','access':'w'}");
	CHECK(devices.disks[0].read_only);
	choose(DISK0, "{'allow':true,'type':'c'}");
	CHECK(devices.list[0].choice == DEVICE_NODE && !devices.disks_len);
	CHECK(same(choose("{'path':'/dev/c','type':'b','major':9,'minor':0}", DENY_ALL), ""));
	CHECK(devices.list[0].choice == DEVICE_NODE && !devices.disks_len);
	write_host("block/7:0", "ro", "1\n");
	choose(DISK0, "");
	CHECK(devices.disks[0].read_only);
	write_host("block/7:0", "ro", "0\n");
	choose(DISK0, "");
	CHECK(!devices.disks[0].read_only);
}

static void refuses_what_cannot_be(void)
{
	CHECK(same(choose(FUSE "," MEM, DENY_ALL), "linux.devices[1]: /dev/mem: character device 1:1 is this "
						   "host's, and a zone cannot have it: of "
						   "hardware it has block devices only"));
	CHECK(same(choose("{'path':'/dev/c','type':'b','major':9,'minor':0}", ""),
		"linux.devices[0]: /dev/c: this host has no block device 9:0"));
	CHECK(same(choose("{'path':'/dev/c','type':'b','major':7,'minor':1}", ""),
		"linux.devices[0]: /dev/c: block device 7:1 has nothing in it"));
}

static void leaves_out_what_nobody_named(void)
{
	CHECK(same(
		choose(DISK0 "," MEM "," FUSE "," ODD ",{'path':'/dev/none','type':'b','major':9,'minor':0}",
			ALLOW_ALL),
		""));
	CHECK_EQ(devices.left_out, 3);
	CHECK_EQ(devices.disks_len, 0);
	CHECK(devices.list[0].choice == DEVICE_LEFT_OUT && devices.list[1].choice == DEVICE_LEFT_OUT);
	CHECK(devices.list[2].choice == DEVICE_NODE && devices.list[3].choice == DEVICE_NODE);
	/* All is allowed, and one is named. */
	CHECK(same(choose(DISK0 "," DISK1, ALLOW_ALL ",{'allow':true,'type':'b','major':8,'minor':1}"), ""));
	CHECK_EQ(devices.left_out, 1);
	CHECK(devices.disks_len == 1 && devices.disks[0].major == 8);
	CHECK(*choose(MEM, ALLOW_ALL ",{'allow':true,'type':'c','major':1,'minor':1,'access':'r'}"));
	CHECK(*choose(MEM, ALLOW_ALL "," DENY_ALL));
	namespaces = ",'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':9,'size':1}],"
		     "'gidMappings':[{'containerID':0,'hostID':9,'size':1}]";
	CHECK(same(choose(FUSE, ALLOW_ALL), ""));
	CHECK_EQ(devices.left_out, 1);
	CHECK(same(choose(FUSE, DENY_ALL), ""));
	CHECK_EQ(devices.left_out, 0);
	namespaces = "";
	CHECK(same(choose("{'path':'/dev/ptmx','type':'c','major':5,'minor':2}", ALLOW_ALL), ""));
	CHECK(devices.list[0].choice == DEVICE_OWN && !devices.left_out);
}

static void has_a_bound(void)
{
	char list[8192] = "";

	for (int i = 0; i <= ZONE_VBDS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "block/11:%d", i);
		add_host_device(name, "8\n");
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			"%s{'path':'/dev/d','type':'b','major':11,'minor':%d}", i ? "," : "", i);
	}
	CHECK(same(choose(list, ""), "linux.devices[64]: /dev/d: a container has at most 64 block devices"));
}

static void check_op(enum zone_op_type type, uint32_t index, const uint32_t want[5])
{
	uint32_t length, fields[5];

	memcpy(fields, payload_of(index, &length), sizeof(fields));
	CHECK_EQ(compiled.types[index], type);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(fields[i], want[i]);
}

static void compiles_to_the_zones_numbers(void)
{
	static const uint32_t disk[] = {S_IFBLK | 0600, 202, 1026, 1001, 4999},
			      node[] = {S_IFBLK | 0600, 202, 1026, 1, 2000};
	uint32_t length, at;

	expect_compiled(LINUX("'devices':[" DISK0 "," DISK1 "," FUSE "],'namespaces':[{'type':'user'}],"
			      "'uidMappings':[{'containerID':0,'hostID':1000,'size':10}],"
			      "'gidMappings':[{'containerID':0,'hostID':0,'size':1},"
			      "{'containerID':1000,'hostID':3999,'size':1001}]"),
		"");
	CHECK_EQ(count_ops(ZONE_OP_DISK), 2);
	at = next_op(ZONE_OP_DISK, 0);
	check_op(ZONE_OP_DISK, at + 1, disk);
	CHECK(same(compiled.paths[at], "linux.devices[0]: /dev/a"));
	CHECK(at < next_op(ZONE_OP_ROOT, 0));
	for (at = next_op(ZONE_OP_MKNOD, 0); at < compiled.count; at = next_op(ZONE_OP_MKNOD, at + 1))
		if (same((const char *)payload_of(at, &length) + 20, "/dev/b"))
			break;
	check_op(ZONE_OP_MKNOD, at, node);
	expect_compiled(LINUX("'devices':[" DISK0 "],'resources':{'devices':[" ALLOW_ALL "]}"), "");
	CHECK_EQ(count_ops(ZONE_OP_DISK), 0);
}

int main(void)
{
	begin_host();
	add_host_device("block/7:0", "2048\n");
	add_host_device("block/7:1", "0\n");
	add_host_device("block/8:1", "1\n");
	add_host_device("char/1:1", NULL);
	add_host_device("char/10:229", NULL);
	RUN(gives_block_devices);
	RUN(numbers_them_as_partitions);
	RUN(reads_only_what_may_not_be_written);
	RUN(refuses_what_cannot_be);
	RUN(leaves_out_what_nobody_named);
	RUN(has_a_bound);
	RUN(compiles_to_the_zones_numbers);
	devices_free(&devices);
	spec_free(&compiled);
	end_host();
	return unit_end();
}
