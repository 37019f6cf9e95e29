/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's namespaces and mounts to operations; and the volumes, as the stand-in puts them together. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "container/devices.h"
#include "container/spec.h"
#include "tests/unit/test_ocispec.h"

/* Has no Xen in it either, but for what its header names. */
#include "container/standin_tree.c"

#define NAMESPACES "{'type':'pid'},{'type':'mount'},{'type':'network'}"
#define USER                                                                     \
	"'linux':{'namespaces':[{'type':'user'}," NAMESPACES "],'uidMappings':[" \
	"{'containerID':0,'hostID':100000,'size':65536}],'gidMappings':["        \
	"{'containerID':0,'hostID':200000,'size':5},{'containerID':7,'hostID':7,'size':1}]}"

static struct oci_config *config;
static struct spec spec;
static struct volumes volumes;

static void put_bytes(FILE *out, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i + 4 <= length; i += 4) {
		uint32_t value;

		memcpy(&value, bytes + i, 4);
		fprintf(out, " %x", value);
	}
}

/* How many bytes of numbers stand before the strings. */
static size_t fields_of(uint32_t type)
{
	switch (type) {
	case ZONE_OP_MOUNT:
	case ZONE_OP_MOUNT_COPY:
	case ZONE_OP_CGROUP_OWNER:
		return 8;
	case ZONE_OP_MOUNT_ATTR:
		return 24;
	case ZONE_OP_SYSCTL:
	case ZONE_OP_MASK_PATH:
	case ZONE_OP_READONLY_PATH:
		return 0;
	default:
		return SIZE_MAX;
	}
}

/* The operations of these types as text: the type, numbers in hexadecimal, strings in brackets. To be freed.
 */
static char *operations(const uint32_t *types, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t at = 0; at < spec.length;) {
		struct zone_op op;
		const uint8_t *payload = spec.data + at + sizeof(op);
		bool wanted = false;
		size_t fields;

		memcpy(&op, spec.data + at, sizeof(op));
		for (size_t i = 0; i < count; i++)
			wanted |= op.type == types[i];
		at += sizeof(op) + ((op.length + 7u) & ~7u);
		if (!wanted)
			continue;
		fields = fields_of(op.type) < op.length ? fields_of(op.type) : op.length;
		fprintf(out, "%s%u", ftell(out) ? "; " : "", op.type);
		put_bytes(out, payload, fields);
		for (const uint8_t *string = payload + fields; string < payload + op.length;
			string += strlen((const char *)string) + 1)
			fprintf(out, " [%s]", string);
	}
	fclose(out);
	return text;
}

static void forget(void)
{
	oci_config_free(config);
	spec_free(&spec);
	volumes_free(&volumes);
	config = NULL;
}

/* Compiles a document (' for "); the message, or "". To be freed. */
static char *compiled(const char *properties)
{
	struct devices devices = {0};
	struct error err = {0};
	char *text = document(properties), *message;

	forget();
	config = oci_config_parse(text, strlen(text), &err);
	message = strdup(
		config && !devices_choose(config->linux_, "/nonexistent", &devices, &err) &&
				!compile_container(config, "/tmp", NULL, &devices, 0, &spec, &volumes, &err)
			? ""
			: error_message(&err));
	devices_free(&devices);
	error_clear(&err);
	free(text);
	return message;
}

static void refused(const char *properties, const char *want)
{
	char *message = compiled(properties);

	if (!CHECK(same(message, want)))
		printf("# %s\n# gives  %s\n# wanted %s\n", properties, message, want);
	free(message);
}

#define TYPES(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static void gives(const char *properties, const uint32_t *types, size_t count, const char *want)
{
	char *text;

	refused(properties, "");
	text = operations(types, count);
	if (!CHECK(same(text, want)))
		printf("# %s\n# gives  %s\n# wanted %s\n", properties, text, want);
	free(text);
}

static void mounts_as(const char *mount, const char *want)
{
	char *properties = NULL;

	if (asprintf(&properties, "'mounts':[{'destination':'/m',%s}]", mount) < 0)
		abort();
	gives(properties, TYPES(ZONE_OP_MOUNT, ZONE_OP_MOUNT_COPY, ZONE_OP_MOUNT_ATTR), want);
	free(properties);
}

static void mount_refused(const char *mount, const char *want)
{
	char *properties = NULL;

	if (asprintf(&properties, "'mounts':[{'destination':'/m',%s}]", mount) < 0)
		abort();
	refused(properties, want);
	free(properties);
}

static void namespaces(void)
{
	gives("'linux':{'namespaces':[" NAMESPACES "]}",
		TYPES(ZONE_OP_CLONE, ZONE_OP_UID_MAP, ZONE_OP_GID_MAP, ZONE_OP_TIME_OFFSET), "1 2e020000");
	/* A network of its own is the user namespace's. */
	gives(USER, TYPES(ZONE_OP_CLONE, ZONE_OP_UID_MAP, ZONE_OP_GID_MAP),
		"1 7e020000; 4 0 186a0 10000; 5 0 30d40 5 7 7 1");
	/* And the container's where others come into the zone. */
	gives("'annotations':{'org.xenrun.zone':'z'},'linux':{'namespaces':[" NAMESPACES "]}",
		TYPES(ZONE_OP_CLONE), "1 6e020000");
	gives("'linux':{'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'secs':-2,'nanosecs':3},"
	      "'monotonic':{'secs':4294967296}}}",
		TYPES(ZONE_OP_CLONE, ZONE_OP_TIME_OFFSET), "1 2e020080; 6 7 3 fffffffe ffffffff; 6 1 0 0 1");
	refused("'linux':{'namespaces':[{'type':'user','path':'/proc/1/ns/user'}]}",
		"linux.namespaces[0].path: a zone cannot join a user namespace of this host");
	refused("'linux':{'namespaces':[{'type':'pid'},{'type':'time','path':'/proc/1/ns/time'}]}",
		"linux.namespaces[1].path: a zone cannot join a time namespace of this host");
	refused("'linux':{'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1,'size':1}"
		"],"
		"'gidMappings':[{'containerID':1,'hostID':1,'size':1}]}",
		"linux.gidMappings: the container's ID 0 is not mapped");
}

/* config-linux.md, "Cgroup ownership": only with a namespace of cgroups, and where it may be written. */
static void cgroup_owner(void)
{
	static const struct {
		const char *properties, *want;
	} cases[] = {
		{"'linux':{'namespaces':[" NAMESPACES ",{'type':'cgroup'}]},'mounts':[{'destination':'/sys/fs/cgroup',"
		 "'type':'cgroup','source':'cgroup','options':['nosuid']}]",
			"24 0 0"},
		{"'linux':{'namespaces':[{'type':'user'},{'type':'cgroup'}," NAMESPACES "],'uidMappings':["
		 "{'containerID':0,'hostID':100000,'size':65536}],'gidMappings':["
		 "{'containerID':0,'hostID':200000,'size':5}]},'mounts':[{'destination':'/sys/fs/cgroup',"
		 "'type':'cgroup','source':'cgroup'}]",
			"24 186a0 0"},
		{"'linux':{'namespaces':[" NAMESPACES ",{'type':'cgroup'}]},'mounts':[{'destination':'/sys/fs/cgroup',"
		 "'type':'cgroup','source':'cgroup','options':['ro']}]",
			""},
		{"'linux':{'namespaces':[" NAMESPACES "]},'mounts':[{'destination':'/sys/fs/cgroup',"
		 "'type':'cgroup','source':'cgroup'}]",
			""},
		{"'linux':{'namespaces':[" NAMESPACES ",{'type':'cgroup'}]}", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		gives(cases[i].properties, TYPES(ZONE_OP_CGROUP_OWNER), cases[i].want);
}

/* The last word on the root's propagation, and names as sysctl(8) has them. */
static void order_and_sysctls(void)
{
	gives("'linux':{'rootfsPropagation':'unbindable','maskedPaths':['/a'],'readonlyPaths':['/b']}",
		TYPES(ZONE_OP_PROPAGATION, ZONE_OP_MASK_PATH, ZONE_OP_READONLY_PATH),
		"19 [/b]; 20 [/a]; 11 20000");
	gives("'linux':{'namespaces':[{'type':'network'}],'sysctl':{'net.ipv4.conf.eth0/1.forwarding':'1'}}",
		TYPES(ZONE_OP_SYSCTL), "18 [net/ipv4/conf/eth0.1/forwarding] [1]");
}

static void attributes(void)
{
	mounts_as("'type':'tmpfs','options':['rro','rnoatime','nosuid','size=1m']",
		"12 2 0 [tmpfs] [tmpfs] [/m] [size=1m]; 22 11 0 70 0 0 1 [/m]");
	mounts_as("'type':'tmpfs','source':'t','options':['rslave','shared','runbindable']",
		"12 0 84000 [tmpfs] [t] [/m] []; 22 0 0 0 0 100000 0 [/m]; 22 0 0 0 0 20000 1 [/m]");
	mounts_as("'type':'tmpfs','options':['tmpcopyup','ro','mode=700']",
		"23 1 0 [tmpfs] [tmpfs] [/m] [mode=700]");
	mounts_as("'type':'cgroup','source':'c','options':['ro','memory']", "12 1 0 [cgroup2] [c] [/m] []");
	mounts_as("'options':['remount','bind','nosuid']", "12 1022 0 [] [] [/m] []");
}

static void binds(void)
{
	mounts_as("'type':'bind','source':'/usr/bin/','options':['ro','rprivate','rrw']",
		"12 1001 44000 [bind] [0/bin] [/m] []; 22 0 0 1 0 0 1 [/m]");
	CHECK(volumes.len == 1 && !volumes.list[0].recursive && !volumes.list[0].uids);
	mounts_as("'source':'/','options':['rbind']", "12 5000 0 [] [0/root] [/m] []");
	CHECK(volumes.len == 1 && volumes.list[0].recursive);
	mounts_as("'type':'bind','source':'/dev/null','options':['nosuid']",
		"12 1002 0 [bind] [/dev/null] [/m] []");
	CHECK_EQ(volumes.len, 0);
	gives("'mounts':[{'destination':'/dev/shm','type':'bind','source':'/tmp'}]", TYPES(ZONE_OP_PIVOT),
		"15");
	CHECK_EQ(volumes.len, 0);
	mounts_as("'type':'overlay','source':'o','options':['lowerdir=/a:/b','ro']",
		"12 1001 0 [overlay] [0/overlay] [/m] []");
	CHECK(same(volumes.list[0].overlay, "lowerdir=/a:/b"));
}

static void maps(void)
{
	static const char of_mount[] =
		"'type':'bind','source':'/usr','uidMappings':[{'containerID':0,'hostID':5,'size':1}],"
		"'gidMappings':[{'containerID':0,'hostID':6,'size':2}]";

	mounts_as(of_mount, "12 1000 0 [bind] [0/usr] [/m] []");
	CHECK(volumes.list[0].uids == config->mounts[0].uid_mappings && volumes.list[0].uids_len == 1);
	CHECK(volumes.list[0].gids[0].size == 2 && !volumes.list[0].map_recursive);
	gives("'mounts':[{'destination':'/m','type':'bind','source':'/"
	      "usr','options':['rbind','ridmap']}]," USER,
		TYPES(ZONE_OP_MOUNT), "12 5000 0 [bind] [0/usr] [/m] []");
	CHECK(volumes.list[0].uids == config->linux_->uid_mappings && volumes.list[0].gids_len == 2);
	CHECK(volumes.list[0].map_recursive);
	mount_refused("'type':'tmpfs','uidMappings':[{'containerID':0,'hostID':5,'size':1}],"
		      "'gidMappings':[{'containerID':0,'hostID':6,'size':2}]",
		"mounts[0].uidMappings: only a bind mount can be idmapped");
	refused("'mounts':[{'destination':'/m','type':'tmpfs','options':['idmap']}]," USER,
		"mounts[0].options: only a bind mount can be idmapped");
}

static void refusals(void)
{
	mount_refused("'type':'ext4','source':'/dev/sda1'",
		"mounts[0].type: \"ext4\" is not a file system of a zone; mount it on this host and bind it");
	mount_refused("'source':'/usr'", "mounts[0].type: missing, and the options have no bind");
	mount_refused("'type':'bind'", "mounts[0].source: missing");
	mount_refused("'type':'bind','source':'/usr','options':['tmpcopyup']",
		"mounts[0].options: tmpcopyup is for a tmpfs");
	mount_refused("'type':'bind','source':'/usr','options':['src-nofollow']",
		"mounts[0].options: src-nofollow is not supported yet");
	mount_refused("'type':'bind','source':'/usr','options':['dest-nofollow']",
		"mounts[0].options: dest-nofollow is not supported yet");
	mount_refused("'type':'bind','source':'/usr','options':['copy-symlink']",
		"mounts[0].options: copy-symlink is not supported yet");
	mount_refused("'type':'bind','source':'/dev/ptmx'",
		"mounts[0].source: /dev/ptmx is neither a folder nor a file; a device or socket of the host "
		"cannot be in a zone");
}

static void refuses_what_a_zone_has_not(void)
{
	refused("'linux':{'namespaces':[" NAMESPACES "],'netDevices':{'eth0':{'name':'eth1'}}}",
		"linux.netDevices: not supported yet");
	refused("'linux':{'intelRdt':{'closID':'c','schemata':['MB:0=50'],'l3CacheSchema':'L3:0=f',"
		"'memBwSchema':'MB:0=50','enableMonitoring':true,'enableCMT':true,'enableMBM':true}}",
		"linux.intelRdt: the zone's processors are virtual");
	refused("'linux':{'intelRdt':{}}", "linux.intelRdt: the zone's processors are virtual");
	refused("'linux':{'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES']}}",
		"linux.memoryPolicy: not supported yet");
	refused("'linux':{'mountLabel':'a:b:c:s0'}",
		"linux.mountLabel: neither this host nor the zone's kernel has SELinux");
	refused("'linux':{'devices':[{'path':'/dev/pipe','type':'p'},"
		"{'path':'/dev/sda','type':'b','major':8,'minor':0}]}",
		"linux.devices[1]: /dev/sda: this host has no block device 8:0");
	refused("'vm':{'kernel':{'path':'/k'},'image':{'path':'/i','format':'qcow2'}}",
		"vm.image: not supported yet");
}

static void passes_over(const char *properties)
{
	uint8_t *plain;
	size_t length;

	refused("'linux':{}", "");
	length = spec.length;
	plain = memcpy(malloc(length), spec.data, length);
	refused(properties, "");
	if (!CHECK(spec.length == length && !memcmp(spec.data, plain, length)))
		printf("# %s\n", properties);
	free(plain);
}

static void passes_over_what_is_the_hosts(void)
{
	passes_over("'linux':{'cgroupsPath':'/group/of/the/host'}");
	passes_over("'vm':{'kernel':{'path':'/k'},'hypervisor':{'path':'/h','parameters':['a']}}");
	passes_over("'vm':{'kernel':{'path':'/k'},'hwConfig':{'deviceTree':'/d','dtdevs':['/n'],'irqs':[5],"
		    "'iomems':[{'firstGFN':1,'firstMFN':1,'nrMFNs':1}]}}");
}

/* What the stand-in serves for the volumes of `properties`, whose paths are below a tmpfs at /mnt. */
static int serve(const char *properties, char message[256])
{
	struct error err = {0};
	int fd, trees[16];
	char *text;

	refused(properties, "");
	CHECK(volumes.len <= 16);
	memset(trees, -1, sizeof(trees));
	fd = standin_volumes(&volumes, "/opt", trees, &err);
	for (size_t i = 0; i < volumes.len; i++)
		if (trees[i] >= 0)
			close(trees[i]);
	text = strdup(fd < 0 ? error_message(&err) : "");
	snprintf(message, 256, "%s", text);
	free(text);
	error_clear(&err);
	return fd;
}

static void owned(int dir, const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	if (!CHECK(fstatat(dir, path, &st, 0) == 0 && st.st_uid == uid && st.st_gid == gid))
		printf("# %s: %u:%u\n", path, st.st_uid, st.st_gid);
}

static void on_the_host(void)
{
	char message[256];
	int dir, fd;

	if (geteuid() != 0)
		SKIP("not root");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("test", "/mnt", "tmpfs", 0, "mode=755"))
		SKIP("no mount namespace");
	if (system("cd /mnt && mkdir -p v/below low up work && mount -t tmpfs below v/below && touch v/a v/b "
		   "v/below/c low/l && "
		   "chown 1:2 v/b && chown 9:9 v/below/c") != 0)
		SKIP("no files");

	/* What is mounted below comes with rbind only. */
	dir = serve("'mounts':[{'destination':'/m','type':'bind','source':'/mnt/v'},"
		    "{'destination':'/n','type':'bind','source':'/mnt/v','options':['rbind']}]",
		message);
	CHECK(dir >= 0 && faccessat(dir, "0/v/below/c", F_OK, 0) && !faccessat(dir, "1/v/below/c", F_OK, 0));
	close(dir);

	dir = serve(
		"'mounts':[{'destination':'/m','type':'bind','source':'/mnt/v','options':['rbind','idmap']},"
		"{'destination':'/n','type':'bind','source':'/mnt/v','options':['rbind','ridmap'],"
		"'uidMappings':[{'containerID':0,'hostID':1000,'size':10}],"
		"'gidMappings':[{'containerID':0,'hostID':2000,'size':10}]}]," USER,
		message);
	if (dir < 0 && strstr(message, "cannot map owners"))
		SKIP("a tmpfs of this kernel cannot be idmapped");
	if (!CHECK(dir >= 0)) {
		printf("# %s\n", message);
		return;
	}
	owned(dir, "0/v/a", 100000, 200000);
	owned(dir, "0/v/b", 100001, 200002);
	owned(dir, "0/v/below/c", 9, 9);
	owned(dir, "1/v/b", 1001, 2002);
	owned(dir, "1/v/below/c", 1009, 2009);
	/* As the share does it: made by root, then given away. */
	fd = openat(dir, "0/v/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && fchown(fd, 100003, 200004) == 0);
	owned(AT_FDCWD, "/mnt/v/new", 3, 4);
	CHECK(fchown(fd, 5, 5) < 0);
	close(fd);
	close(dir);

	dir = serve("'mounts':[{'destination':'/m','type':'overlay','options':["
		    "'lowerdir=/mnt/low','upperdir=/mnt/up','workdir=/mnt/work']}]",
		message);
	if (!CHECK(dir >= 0)) {
		printf("# %s\n", message);
		return;
	}
	CHECK(faccessat(dir, "0/overlay/l", F_OK, 0) == 0);
	fd = openat(dir, "0/overlay/u", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && access("/mnt/up/u", F_OK) == 0);
	close(fd);
	close(dir);
	CHECK(serve("'mounts':[{'destination':'/m','type':'overlay','options':['lowerdir=/nowhere']}]",
		      message) < 0);
	CHECK(same(message, "mounts[0].options: overlay: lowerdir=/nowhere: No such file or directory"));
	CHECK(serve("'mounts':[{'destination':'/m','type':'bind','source':'/proc/"
		    "self','options':['idmap']}]," USER,
		      message) < 0);
	CHECK(same(message, "mounts[0].options: idmap: the file system of /proc/self cannot map owners"));
}

int main(void)
{
	RUN(namespaces);
	RUN(cgroup_owner);
	RUN(order_and_sysctls);
	RUN(attributes);
	RUN(binds);
	RUN(maps);
	RUN(refusals);
	RUN(refuses_what_a_zone_has_not);
	RUN(passes_over_what_is_the_hosts);
	RUN(on_the_host);
	forget();
	return unit_end();
}
