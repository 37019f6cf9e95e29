#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Control groups" and "Seccomp", and how config.md has a process scheduled: what holds in the zone.
# Wants two processors.
load lib

# What several containers share: the cgroup where the process can read it.
CGROUP='c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]})'
# The nineteenth and the following fields of /proc/PID/stat: nice, real-time priority, policy.
SCHEDULE='set -- $(cat /proc/self/stat); echo "${19} ${40} ${41}"'

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	run_zone limits "$CGROUP" '
c["linux"]["resources"] = {
    "memory": {"limit": 104857600, "reservation": 52428800, "swap": 125829120, "checkBeforeUpdate": True},
    "cpu": {"shares": 1024, "quota": 50000, "period": 200000, "burst": 1000, "cpus": "0-1", "mems": "0"},
    "pids": {"limit": 77},
    "blockIO": {"weight": 500},
    "network": {"classID": 1},
    "unified": {"memory.high": "83886080", "cgroup.max.depth": "3"},
}
p["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
p["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
p["execCPUAffinity"] = {"initial": "0", "final": "0"}
sh("""
exec 2>&1
cd /sys/fs/cgroup
for file in memory.max memory.low memory.high memory.swap.max cpu.weight cpu.max cpu.max.burst pids.max cgroup.max.depth; do
	echo "== $file"; cat $file
done
echo "== io.weight"; [ ! -e io.weight ] || cat io.weight
echo "== schedule"; read -r line </proc/1/stat; set -- $line; echo "${19} ${40} ${41}"
echo "== ionice"; ionice -p 1
echo "== end"
""")
'
	equal "$status" 0
	mv "$BATS_FILE_TMPDIR/last.out" "$BATS_FILE_TMPDIR/limits.facts"
}

facts() { # SECTION
	sed -n "/^== $1\$/,/^== /{/^== /!p}" "$BATS_FILE_TMPDIR/limits.facts"
}

@test "memory: limit, reservation, and swap without the memory in it" {
	equal "$(facts memory.max)" 104857600
	equal "$(facts memory.low)" 52428800
	equal "$(facts memory.swap.max)" 20971520
}
@test "cpu: weight, quota, burst" {
	equal "$(facts cpu.weight)" 39
	equal "$(facts cpu.max)" "50000 200000"
	equal "$(facts cpu.max.burst)" 1000
}
@test "pids" { equal "$(facts pids.max)" 77; }
@test "blockIO.weight, where the kernel has it" {
	says "$(facts io.weight)" '^(default 4950)?$'
}
@test "unified" {
	equal "$(facts memory.high)" 83886080
	equal "$(facts cgroup.max.depth)" 3
}
@test "scheduler: policy and nice" { equal "$(facts schedule)" "7 0 3"; }
@test "ioPriority" { equal "$(facts ionice)" "best-effort: prio 6"; }

@test "scheduler: a real-time policy, for a user who may not ask for one" {
	run_zone realtime "p['user'] = {'uid': 1000, 'gid': 1000}" "sh('$SCHEDULE')" '
p["capabilities"] = {}
p["scheduler"] = {"policy": "SCHED_RR", "priority": 10}
p["ioPriority"] = {"class": "IOPRIO_CLASS_RT", "priority": 1}
'
	equal "$errors" ""
	says "$output" ' 10 2$'
}

@test "cpu.idle, beside shares" {
	run_zone idle "$CGROUP" 'sh("cat /sys/fs/cgroup/cpu.idle")' \
		'c["linux"]["resources"] = {"cpu": {"shares": 512, "idle": 1}}'
	equal "$errors" ""
	equal "$output" 1
}

@test "-1 is no limit" {
	run_zone unlimited "$CGROUP" 'sh("cd /sys/fs/cgroup; cat memory.max memory.low pids.max cpu.max")' \
		'c["linux"]["resources"] = {"memory": {"limit": -1, "reservation": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}}'
	equal "$errors" ""
	equal "$output" $'max\nmax\nmax\nmax 100000'
}

@test "memory.limit: what wants more is killed, and no more than that" {
	run_zone oom 'sh("(dd if=/dev/zero of=/dev/null bs=60M count=1 2>/dev/null); echo $?")' \
		'c["linux"]["resources"] = {"memory": {"limit": 40 << 20, "swap": 40 << 20}}'
	equal "$status" 0
	equal "$output" 137
}

@test "pids.limit: no process more" {
	run_zone pids 'sh("for i in 1 2 3 4 5 6; do sleep 100 & done; echo all")' \
		'c["linux"]["resources"] = {"pids": {"limit": 4}}'
	[ "$status" != 0 ]
	says "$errors" "can't fork"
}

@test "huge pages: a limit in a PVH zone; one of a size that no zone has holds by itself" {
	ZONE_TYPE=pvh run_zone huge "$CGROUP" 'sh("cat /sys/fs/cgroup/hugetlb.2MB.max")' \
		'c["linux"]["resources"] = {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}, {"pageSize": "4MB", "limit": 4194304}]}'
	equal "$errors" ""
	equal "$output" 4194304
	make_bundle odd 'c["linux"]["resources"] = {"hugepageLimits": [{"pageSize": "3MB", "limit": 3145728}]}'
	refuses 'linux\.resources\.hugepageLimits\[0\]\.pageSize: "3MB" is not a power of two' run --bundle "$bundle" "$id"
}

@test "what cannot be set is an error that names the property, and leaves nothing" {
	remember
	make_bundle unified 'c["linux"]["resources"] = {"unified": {"nonesuch.max": "1"}}'
	refuses 'linux\.resources\.unified\.nonesuch\.max: No such file' create --bundle "$bundle" "$id"
	make_bundle value 'c["linux"]["resources"] = {"unified": {"memory.max": "much"}}'
	refuses 'linux\.resources\.unified\.memory\.max: Invalid argument' create --bundle "$bundle" "$id"
	make_bundle slash 'c["linux"]["resources"] = {"unified": {"../cgroup.procs": "1"}}'
	refuses 'linux\.resources\.unified' create --bundle "$bundle" "$id"
	make_bundle rdma 'c["linux"]["resources"] = {"rdma": {"mlx5_1": {"hcaHandles": 3}}}'
	refuses 'linux\.resources\.rdma\.mlx5_1: ' create --bundle "$bundle" "$id"
	make_bundle scheduler 'p["scheduler"] = {"policy": "SCHED_OTHER", "priority": 3}'
	refuses 'process\.scheduler\.priority: ' create --bundle "$bundle" "$id"
	assert_nothing_left
}

DEVICES='
c["linux"]["devices"] = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11},
    {"path": "/dev/extra", "type": "c", "major": 1, "minor": 5}]'

@test "device rules: what is not allowed is denied, reading and writing apart; the default devices always work" {
	run_zone rules "$DEVICES" '
c["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"},
    {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]}
sh("""
exec 2>&1
dd if=/dev/kmsg of=/tmp/log bs=8192 count=1 2>/dev/null && echo read
echo x >/dev/kmsg
head -c 1 /dev/extra | wc -c
mknod /tmp/block b 7 0 && echo made
cat /tmp/block
for device in null zero full random urandom; do head -c 1 /dev/$device >/dev/null || echo "no $device"; done
echo there >/dev/null
ls /dev/pts >/dev/null && echo end
""")
c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
'
	equal "$status" 0
	says "$output" '^read'
	says "$output" "/dev/kmsg: Operation not permitted"
	says "$output" $'\n1\nmade\n'
	says "$output" "/tmp/block': Operation not permitted"
	says "$output" $'\nend$'
	equal "$(grep -c '^no ' <<<"$output")" 0
}

@test "device rules: none, and all that there is works" {
	run_zone free "$DEVICES" 'sh("echo \"<7>written\" >/dev/kmsg && echo there")'
	equal "$errors" ""
	equal "$output" there
}

@test "device rules: the last one counts" {
	run_zone last "$DEVICES" 'sh("echo x >/dev/kmsg && echo there")' '
c["linux"]["resources"] = {"devices": [{"allow": True}, {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "w"}]}'
	says "$errors" "/dev/kmsg: Operation not permitted"
	equal "$output" ""
}

@test "seccomp: EPERM where no errno is given, another for one call, alternatives of an argument" {
	run_zone seccomp '
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "syscalls": [{"names": ["mkdir", "mkdirat", "nonesuch"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
        {"names": ["sethostname"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
            "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 12, "op": "SCMP_CMP_EQ"}]}]}
sh("""
exec 2>&1
mkdir /made
hostname other
sleep 100 &
for signal in 10 12 9; do kill -$signal $! && echo "sent $signal"; done
""")
'
	says "$output" 'No space left on device'
	says "$output" 'hostname: .*Operation not permitted'
	equal "$(grep -c 'Function not implemented' <<<"$output")" 2
	says "$output" 'sent 9$'
}

@test "seccomp: no listener" {
	make_bundle notify 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	refuses 'linux\.seccomp\.syscalls\[0\]\.action: SCMP_ACT_NOTIFY' create --bundle "$bundle" "$id"
	make_bundle listener 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent"}'
	refuses 'linux\.seccomp\.listenerPath' create --bundle "$bundle" "$id"
}

@test "vm.hwConfig: processors and memory" {
	make_bundle hardware "sh('grep -c ^processor /proc/cpuinfo; sleep 60')" \
		"c['vm'] = {'kernel': {'path': '/usr/local/libexec/xenrun/vmlinux'}, 'hwConfig': {'vcpus': 2, 'memory': 201326592}}"
	ok create --bundle "$bundle" "$id"
	ok start "$id"
	read -r _ _ memory cpus _ < <(xl list "$id" | tail -n 1)
	[ "$memory" -ge 191 ]
	[ "$memory" -le 193 ]
	equal "$cpus" 2
	within 20 printed 2
}
