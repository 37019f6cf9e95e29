/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init: lesser user namespaces, time namespaces, attributes of mounts. */
#include "tests/unit/zone_fixture.h"

#define NEW_TIME 0x80u

static void put_map(uint32_t type, uint32_t inside, uint32_t outside, uint32_t size)
{
	const uint32_t map[] = {inside, outside, size};

	put(type, map, sizeof(map));
}

static void put_maps(void)
{
	put_map(ZONE_OP_UID_MAP, 0, 100000, 65536);
	put_map(ZONE_OP_GID_MAP, 0, 200000, 65536);
}

/* The root as put_root() has it, after what `first` puts behind CLONE. */
static void put_root_in(uint32_t namespaces, void (*first)(void))
{
	static const uint32_t null[] = {S_IFCHR | 0666, 1, 3, 0, 0}, none = 0;

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES | namespaces);
	first();
	PUT_BOTH(ZONE_OP_ROOT, none, "cache=loose");
	put_mount("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put_mount("tmpfs", "tmpfs", "/dev", MS_NOSUID, 0, "mode=755");
	PUT_BOTH(ZONE_OP_MKNOD, null, "/dev/null");
}

static void put_attributes(
	const char *path, uint64_t set, uint64_t clear, uint32_t propagation, uint32_t recursive)
{
	uint8_t payload[1024];

	memcpy(payload, &set, 8);
	memcpy(payload + 8, &clear, 8);
	memcpy(payload + 16, &propagation, 4);
	memcpy(payload + 20, &recursive, 4);
	strcpy((char *)payload + 24, path);
	put(ZONE_OP_MOUNT_ATTR, payload, 24 + strlen(path) + 1);
}

static void maps_users_in_zone(void)
{
	static const uint32_t score = 77, files[] = {7, 0, 100, 0, 200, 0};
	static const uint64_t all[] = {ALL, ALL, ALL, 0, 0};
	char owner[64] = "";
	struct stat stat;

	run_shell("mkdir -p shares/volumes/0/data; cd shares/rootfs; mkdir sys etc run;"
		  " chown -R 100000:200000 . ../volumes/0; echo s >secret; echo locked >locked; chmod 600 "
		  "locked");
	put_root_in(CLONE_NEWUSER | CLONE_NEWNET, put_maps);
	put_mount("devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, 0, "newinstance,mode=620,gid=5");
	put_mount("mqueue", "mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put_mount("sysfs", "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, 0, "");
	put_mount("cgroup2", "cgroup", "/sys/fs/cgroup", MS_NOSUID | MS_RDONLY, 0, "");
	put_mount("bind", "0/data", "/data", MS_BIND | MS_REC | MS_NOSUID, 0, "");
	put_mount("bind", "0/data", "/locked-data", MS_BIND | MS_RDONLY, MS_SLAVE, "");
	put_mount("bind", "/dev/null", "/run/masked", MS_BIND, 0, "");
	PUT_STRINGS(ZONE_OP_SYMLINK, "/proc/self/fd/1\0/dev/stdout");
	put(ZONE_OP_PIVOT, NULL, 0);
	PUT_STRINGS(ZONE_OP_HOSTNAME, "box");
	PUT_STRINGS(ZONE_OP_SYSCTL, "kernel/msgmax\0"
				    "4321");
	PUT_STRINGS(ZONE_OP_SYSCTL, "net/ipv4/ip_forward\0"
				    "1");
	PUT_STRINGS(ZONE_OP_READONLY_PATH, "/proc/sys");
	PUT_STRINGS(ZONE_OP_MASK_PATH, "/secret");
	put_u32(ZONE_OP_OOM_SCORE_ADJ, score);
	put(ZONE_OP_RLIMIT, files, sizeof(files));
	put(ZONE_OP_CAPABILITIES, all, sizeof(all));
	put(ZONE_OP_GROUPS, NULL, 0);
	put_user(0, 0, 022);
	put_shell("id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; ls -dn /tmp | tr -s "
		  "' ' | cut -d' ' -f3,4;"
		  " touch /data/made /tmp/made; touch /locked-data/no 2>/dev/null || echo refused;"
		  " cat /locked 2>/dev/null || echo none; wc -c </secret; echo x >/run/masked; wc -c "
		  "</run/masked;"
		  " cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn; hostname; echo out >/dev/stdout;"
		  " cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward;"
		  " grep -c ' / /sys \\| / /dev/pts \\| / /dev/mqueue \\| / /sys/fs/cgroup ' "
		  "/proc/self/mountinfo");
	run_shell("cd shares/rootfs/bin; ln -s busybox tr; ln -s busybox cut; ln -s busybox wc; ln -s "
		  "busybox hostname");
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1,
		"0\n0\n 0 100000 65536\n 0 200000 65536\n0 "
		"0\nrefused\nnone\n0\n0\n77\n100\n200\nbox\nout\n4321\n1\n4\n"));
	CHECK(output_is(0, 2, ""));
	CHECK(!lstat(at("shares/volumes/0/data/made"), &stat));
	snprintf(owner, sizeof(owner), "%u:%u", stat.st_uid, stat.st_gid);
	CHECK(!strcmp(owner, "100000:200000"));
	CHECK(!lstat(at("shares/rootfs/tmp/made"), &stat) && stat.st_uid == 100000);
}

/* What an exec joins is the container's, and its limits are raised as well. */
static void joins_users_and_time_in_zone(void)
{
	static const uint32_t files[] = {7, 0, 100, 0, 200, 0}, score = 78;
	static const struct {
		uint32_t clock, nanoseconds;
		int64_t seconds;
	} ahead = {CLOCK_BOOTTIME, 500, 1000000000};

	run_shell("chown -R 100000:200000 shares/rootfs");
	put_root_in(CLONE_NEWUSER | NEW_TIME, put_maps);
	put(ZONE_OP_TIME_OFFSET, &ahead, sizeof(ahead));
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("exec sleep 1000");
	create(0);
	CHECK(reported(ZONE_REPORT_CREATED, 0, 1, 0));
	ask(ZONE_EVENT_START, 0, 0, 0);
	CHECK(reported(ZONE_REPORT_STARTED, 0, 0, 0));
	spec_length = 0;
	put_u32(ZONE_OP_OOM_SCORE_ADJ, score);
	put(ZONE_OP_RLIMIT, files, sizeof(files));
	put_user(7, 8, 022);
	put_shell("id -u; cat /proc/self/oom_score_adj; ulimit -Hn; grep -c '^1[0-9]*[.]' /proc/uptime;"
		  " echo x >/proc/self/fd/1");
	create(1);
	/* Before it has asked for anything. */
	ask(ZONE_EVENT_START, 1, 0, 0);
	CHECK_EQ(next_report().type, ZONE_REPORT_CREATED);
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
	CHECK(reported(ZONE_REPORT_EXITED, 1, 0, 0));
	CHECK(output_is(1, 1, "7\n78\n200\n1\nx\n"));
}

static void put_half_a_map(void)
{
	put_map(ZONE_OP_UID_MAP, 1, 100000, 65535);
	put_map(ZONE_OP_GID_MAP, 0, 200000, 65536);
}

static void put_twice(void)
{
	static const uint32_t twice[] = {0, 100000, 10, 5, 200000, 10};

	put_map(ZONE_OP_UID_MAP, 0, 100000, 65536);
	put(ZONE_OP_GID_MAP, twice, sizeof(twice));
}

static void refuses_maps_in_zone(void)
{
	put_root_in(CLONE_NEWUSER, put_half_a_map);
	put_shell("true");
	fails(0, 1, EINVAL);
}

static void refuses_maps_that_overlap_in_zone(void)
{
	put_root_in(CLONE_NEWUSER, put_twice);
	put_shell("true");
	fails(0, 2, EINVAL);
}

static void put_offsets(void)
{
	static const struct {
		uint32_t clock, nanoseconds;
		int64_t seconds;
	} offsets[] = {{CLOCK_MONOTONIC, 7, 86400}, {CLOCK_BOOTTIME, 999999999, -1}};

	put(ZONE_OP_TIME_OFFSET, &offsets[0], sizeof(offsets[0]));
	put(ZONE_OP_TIME_OFFSET, &offsets[1], sizeof(offsets[1]));
}

static void put_far_back(void)
{
	static const struct {
		uint32_t clock, nanoseconds;
		int64_t seconds;
	} offset = {CLOCK_MONOTONIC, 0, -1000000000};

	put(ZONE_OP_TIME_OFFSET, &offset, sizeof(offset));
}

static void offsets_clocks_in_zone(void)
{
	put_root_in(NEW_TIME, put_offsets);
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("tr -s ' ' </proc/self/timens_offsets; [ /proc/self/ns/time -ef "
		  "/proc/self/ns/time_for_children ] && echo same");
	run_shell("ln -s busybox shares/rootfs/bin/tr");
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1, "monotonic 86400 7\nboottime -1 999999999\nsame\n"));
}

static void refuses_offsets_in_zone(void)
{
	put_root_in(NEW_TIME, put_far_back);
	put_shell("true");
	fails(0, 1, ERANGE);
}

/* Of a mount: its options, and the tag of its propagation. */
static const char script[] =
	"while read -r _ _ _ _ target options tags _; do"
	" case $target in /mnt*) echo $target $options $tags;; esac; done </proc/self/mountinfo";

static void sets_mount_attributes_in_zone(void)
{
	enum { RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8, ATIME = 0x70, NOATIME = 0x10 };

	run_shell("mkdir -p shares/volumes/0/data/inner shares/rootfs/mnt; ln -s data shares/volumes/0/link");
	put_root();
	put_mount("bind", "0/data", "/mnt/a", MS_BIND | MS_REC, MS_PRIVATE, "");
	put_mount("tmpfs", "in", "/mnt/a/inner", MS_NOSUID, MS_PRIVATE, "mode=711,size=64k");
	put_attributes("/mnt/a", RDONLY | NOATIME, ATIME, 0, 1);
	put_mount("tmpfs", "plain", "/mnt/b", MS_NODEV | MS_NOATIME, MS_SLAVE, "");
	put_attributes("/mnt/b", 0, NODEV, MS_PRIVATE, 0);
	put_attributes("/mnt/b", 0, 0, MS_UNBINDABLE, 0);
	put_mount("bind", "0/data", "/mnt/c",
		MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, MS_PRIVATE, "");
	put_mount("", "", "/mnt/c", MS_REMOUNT | MS_BIND | MS_NOEXEC, 0, "");
	put(ZONE_OP_PIVOT, NULL, 0);
	put_u32(ZONE_OP_PROPAGATION, MS_PRIVATE);
	put_shell(script);
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1,
		"/mnt/a ro,noatime -\n/mnt/a/inner ro,nosuid,noatime -\n/mnt/b rw,noatime unbindable\n"
		"/mnt/c rw,noexec,noatime -\n"));
}

static void refuses_attributes_of_no_mount_in_zone(void)
{
	put_root();
	put_attributes("/bin", 1, 0, 0, 0);
	put_shell("true");
	fails(0, 5, EINVAL);
}

static void fills_a_tmpfs_in_zone(void)
{
	static const uint8_t copy[] = "\x03\0\0\0\0\0\0\0tmpfs\0tmpfs\0/full\0size=1m";

	run_shell("cd shares/rootfs; mkdir -p full/deep/er; echo text >full/deep/er/file; chmod 640 "
		  "full/deep/er/file;"
		  " chown 3:4 full/deep/er/file; ln -s deep/er full/link; mkfifo full/fifo; chmod 1777 full;"
		  " ln -s busybox bin/stat; ln -s busybox bin/df; i=0; while [ $i -lt 300 ]; do : "
		  ">full/deep/$i; i=$((i+1)); done");
	put_root();
	put(ZONE_OP_MOUNT_COPY, copy, sizeof(copy));
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("cd /full; stat -c '%a %u %g %s' link/file; cat link/file; stat -c '%a %F' . fifo;"
		  " touch new 2>/dev/null || echo refused; set -- deep/*; echo $#");
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1, "640 3 4 5\ntext\n1777 directory\n644 fifo\nrefused\n301\n"));
	CHECK(!access(at("shares/rootfs/full/deep/er/file"), F_OK));
}

/* Who shares the zone's network has no sysfs of its own. */
static void binds_sysfs_in_zone(void)
{
	run_shell("mkdir shares/rootfs/sys; chown -R 100000:200000 shares/rootfs");
	put_root_in(CLONE_NEWUSER, put_maps);
	put_mount("sysfs", "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, 0, "");
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell("ls -d /sys/kernel; grep -c ' /sys ro,nosuid,nodev,noexec.* sysfs ' /proc/self/mountinfo");
	CHECK_EQ(run(0), 0);
	CHECK(output_is(0, 1, "/sys/kernel\n1\n"));
}

static void refuses_other_devices_in_zone(void)
{
	put_root();
	put_mount("bind", "/dev/../proc/version", "/mnt", MS_BIND, 0, "");
	put_shell("true");
	fails(0, 5, ENOENT);
}

static void put_disk(void)
{
	static const uint32_t disk[] = {S_IFBLK | 0640, 202, 1025, 100005, 200006};

	put(ZONE_OP_DISK, disk, sizeof(disk));
}

static void put_map_and_disk(void)
{
	put_maps();
	put_disk();
}

/* A disk's node is made, in place of one with another number; a lesser user namespace has the zone's. */
static void has_disks_in_zone(void)
{
	static const uint32_t node[] = {S_IFBLK | 0640, 202, 1025, 5, 6};
	static const char look[] = "stat -c '%F %a %u:%g %t:%T' /x /dev/y";

	run_shell("cd shares/rootfs; ln -s busybox bin/stat; mknod x b 202 7; ls -l x >/dev/null");
	for (int lesser = 0; lesser < 2; lesser++) {
		if (lesser)
			run_shell("rm shares/rootfs/x; chown -R 100000:200000 shares/rootfs");
		put_root_in(lesser ? CLONE_NEWUSER : 0, lesser ? put_map_and_disk : put_disk);
		PUT_BOTH(ZONE_OP_MKNOD, node, "/x");
		PUT_BOTH(ZONE_OP_MKNOD, node, "/dev/y");
		put(ZONE_OP_PIVOT, NULL, 0);
		put_shell(look);
		CHECK_EQ(run((uint32_t)lesser), 0);
		CHECK(output_is((uint32_t)lesser, 1,
			"block special file 640 5:6 ca:401\nblock special file 640 5:6 ca:401\n"));
	}
}

static void refuses_a_disk(uint32_t mode, uint32_t minor, int error)
{
	const uint32_t disk[] = {mode, 202, minor, 0, 0};

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES);
	put(ZONE_OP_DISK, disk, sizeof(disk));
	put_shell("true");
	fails(0, 1, error);
}

static void waits_for_disks_in_zone(void)
{
	refuses_a_disk(S_IFBLK | 0640, 99, ENODEV);
}

static void refuses_disks_of_characters_in_zone(void)
{
	refuses_a_disk(S_IFCHR | 0640, 1025, EBADMSG);
}

ZONE_TEST(maps_users)
ZONE_TEST(joins_users_and_time)
ZONE_TEST(refuses_maps)
ZONE_TEST(refuses_maps_that_overlap)
ZONE_TEST(offsets_clocks)
ZONE_TEST(refuses_offsets)
ZONE_TEST(sets_mount_attributes)
ZONE_TEST(refuses_attributes_of_no_mount)
ZONE_TEST(fills_a_tmpfs)
ZONE_TEST(binds_sysfs)
ZONE_TEST(refuses_other_devices)
ZONE_TEST(has_disks)
ZONE_TEST(waits_for_disks)
ZONE_TEST(refuses_disks_of_characters)

int main(int argc, char **argv)
{
	(void)argc;
	if (!zone_prepare(argv[0]))
		return 1;
	RUN(maps_users);
	RUN(joins_users_and_time);
	RUN(refuses_maps);
	RUN(refuses_maps_that_overlap);
	RUN(offsets_clocks);
	RUN(refuses_offsets);
	RUN(sets_mount_attributes);
	RUN(refuses_attributes_of_no_mount);
	RUN(fills_a_tmpfs);
	RUN(binds_sysfs);
	RUN(refuses_other_devices);
	RUN(has_disks);
	RUN(waits_for_disks);
	RUN(refuses_disks_of_characters);
	rmdir(top);
	return unit_end();
}
