#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-linux.md: namespaces, devices, cgroups, seccomp and the rest.
load lib

# cgroup v2 as the container sees it: its own, if it has a namespace of them.
cgroup_mount='c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"]})'

setup_file() {
	begin
	touch "$BATS_FILE_TMPDIR/net"
	unshare --net="$BATS_FILE_TMPDIR/net" ip link set lo up

	record main '
c["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network", "cgroup")]
'"$cgroup_mount"'
c["linux"]["devices"] = [{"path": "/dev/extra", "type": "c", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 7, "gid": 8},
    {"path": "/dev/pipe", "type": "p", "fileMode": 0o600}, {"path": "/dev/unbuffered", "type": "u", "major": 1, "minor": 3}]
c["linux"]["resources"] = {
    "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rw"},
        {"allow": True, "type": "c", "major": 10, "access": "rwm"}, {"allow": False, "type": "c", "major": 10, "minor": 183, "access": "w"}],
    "memory": {"limit": 134217728, "reservation": 67108864, "checkBeforeUpdate": True},
    "cpu": {"shares": 512, "quota": 40000, "period": 50000, "burst": 10000, "idle": 0},
    "pids": {"limit": 99}, "unified": {"memory.high": "120000000", "pids.max": "77"}}
p["capabilities"] = {kind: ["CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_CHOWN"] for kind in ("bounding", "permitted", "effective")}
c["linux"]["sysctl"] = {"kernel.msgmax": "4321", "net.ipv4.ip_forward": "1"}
c["linux"]["maskedPaths"] = ["/proc/version", "/sys/kernel", "/there/is/none"]
c["linux"]["readonlyPaths"] = ["/proc/sys", "/proc/irq", "/there/is/none"]
c["linux"]["rootfsPropagation"] = "shared"
c["linux"]["personality"] = {"domain": "LINUX32"}
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}, {"names": ["link", "linkat"], "action": "SCMP_ACT_ERRNO"}, {"names": ["sync"], "action": "SCMP_ACT_KILL_PROCESS"}]}
sh("""
exec 2>&1
echo "== kernel"; cat /proc/sys/kernel/random/boot_id
echo "== namespaces"; for n in pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$n; done
echo "== ps"; ls /proc | grep -c "^[0-9]"; echo $$
echo "== links"; ls /sys/class/net | grep -v -e tunl -e sit -e gre -e vti
echo "== ipc"; wc -l </proc/sysvipc/msg
echo "== cgroup"; cat /proc/self/cgroup; stat -c %u /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max
for f in memory.max memory.low memory.high cpu.weight cpu.max cpu.max.burst pids.max; do echo "$f $(cat /sys/fs/cgroup/$f)"; done
echo "== dev"; ls -ln /dev
echo "== links2"; for link in fd stdin stdout stderr; do readlink /dev/$link; done; ls -l /dev/ptmx
echo "== default"; echo x >/dev/null && echo null; head -c 1 /dev/zero | od -An -tx1; echo x >/dev/full; head -c 8 /dev/urandom | wc -c; head -c 8 /dev/random | wc -c
echo "== rules"; mknod /dev/a c 1 11; mknod /dev/b c 10 183; mknod /dev/c c 7 0; (: <>/dev/a) && echo opened; (: >/dev/b); (: </dev/c)
echo "== sysctl"; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
echo "== masked"; cat /proc/version | wc -c; ls /sys/kernel | wc -l
echo "== readonly"; echo 1 >/proc/sys/kernel/msgmax; grep -E " /proc/(sys|irq) " /proc/self/mountinfo
echo "== mounts"; cat /proc/self/mountinfo
echo "== personality"; uname -m
echo "== seccomp"; hostname other; touch /dev/shm/f; ln /dev/shm/f /dev/shm/g; (sync); echo "status $?"
echo "== end"
""")'
	# What is not named is the runtime'"'"'s.
	make_bundle inherits 'c["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}, {"type": "ipc"}, {"type": "network", "path": "'"$BATS_FILE_TMPDIR"'/net"}]' \
		'del c["hostname"]' 'c["linux"]["cgroupsPath"] = "/'"$PREFIX"'cgroup"' 'p["args"] = ["/bin/sleep", "1000"]' \
		'c["mounts"] = [m for m in c["mounts"] if m["type"] != "mqueue" and m["type"] != "sysfs"]'
	step inherits create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	local pid kind
	pid=$(cat "$bundle/pid") || pid=none
	for kind in ipc uts cgroup user pid mnt net; do
		echo "$kind $(readlink "/proc/$pid/ns/$kind") $(readlink /proc/self/ns/$kind)"
	done >"$FACTS/inherits.ns" || true
	nsenter --net="$BATS_FILE_TMPDIR/net" readlink /proc/self/ns/net >"$FACTS/net"
	cat "/proc/$pid/cgroup" >"$FACTS/inherits.cgroup" || true
	step inherits.delete delete --force "$id"
	make_bundle inherits_ipc 'c["linux"]["namespaces"].remove({"type": "ipc"})' 'p["args"] = ["/bin/sleep", "1000"]' \
		'c["mounts"] = [m for m in c["mounts"] if m["type"] != "mqueue"]'
	step inherits_ipc create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	readlink "/proc/$(cat "$bundle/pid")/ns/ipc" >"$FACTS/inherits.ipc" || true
	step inherits_ipc.delete delete --force "$id"
	umount "$BATS_FILE_TMPDIR/net"

	# IDs of the container are others on the host.
	mkdir "$BATS_FILE_TMPDIR/mapped"
	touch "$BATS_FILE_TMPDIR/mapped/file"
	chown 100000:200000 "$BATS_FILE_TMPDIR/mapped" "$BATS_FILE_TMPDIR/mapped/file"
	root=$BATS_FILE_TMPDIR/root
	mkdir "$root" && tar -C "$root" -xpf "$ROOTS/busybox.tar"
	chown 100000:200000 "$root"
	chmod 755 "$BATS_FILE_TMPDIR"
	record mapped '
c["linux"]["namespaces"] += [{"type": "user"}, {"type": "time"}, {"type": "cgroup"}]
c["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 1000}]
c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 1000}]
c["linux"]["timeOffsets"] = {"monotonic": {"secs": 1000000}, "boottime": {"secs": 2000000, "nanosecs": 5}}
c["mounts"].append({"destination": "/mnt", "type": "bind", "source": "'"$BATS_FILE_TMPDIR"'/mapped", "options": ["bind"]})
'"$cgroup_mount"'
sh("""
exec 2>&1
echo "== maps"; cat /proc/self/uid_map /proc/self/gid_map
echo "== owner"; stat -c %u:%g /mnt/file; touch /mnt/made
echo "== time"; cat /proc/self/timens_offsets; cat /proc/uptime
echo "== cgroup"; stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids.max
echo "== end"
""")'
	stat -c %u:%g "$BATS_FILE_TMPDIR/mapped/file" "$BATS_FILE_TMPDIR/mapped/made" "$root/bin/busybox" >"$FACTS/owners" || true
	unset root

	attempts <<-'END'
		nstype: c["linux"]["namespaces"].append({"type": "banana"})
		nstwice: c["linux"]["namespaces"].append({"type": "pid"})
		nswrong: c["linux"]["namespaces"] = [{"type": "mount"}, {"type": "network", "path": "/proc/self/ns/uts"}]
		nsrelative: c["linux"]["namespaces"] = [{"type": "mount"}, {"type": "network", "path": "proc/self/ns/net"}]
		nsnone: c["linux"]["namespaces"] = [{"type": "mount"}, {"type": "network", "path": "/there/is/none"}]
		devtype: c["linux"]["devices"] = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 5}]
		devnumber: c["linux"]["devices"] = [{"path": "/dev/x", "type": "c"}]
		devpath: c["linux"]["devices"] = [{"type": "c", "major": 1, "minor": 5}]
		devthere: c["linux"]["devices"] = [{"path": "/bin/sh", "type": "c", "major": 1, "minor": 5}]
		rule: c["linux"]["resources"] = {"devices": [{"access": "rwm"}]}
		controller: c["linux"]["resources"] = {"unified": {"banana.max": "1"}}
		unified: c["linux"]["resources"] = {"unified": {"memory.max": "banana"}}
		hugepages: c["linux"]["resources"] = {"hugepageLimits": [{"limit": 4096}]}
		hugepagesize: c["linux"]["resources"] = {"hugepageLimits": [{"pageSize": "3MB", "limit": 3145728}]}
		weights: c["linux"]["resources"] = {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}
		throttle: c["linux"]["resources"] = {"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0}]}}
		priorities: c["linux"]["resources"] = {"network": {"priorities": [{"name": "eth0"}]}}
		rdma: c["linux"]["resources"] = {"rdma": {"mlx5_1": {}}}
		burst: c["linux"]["resources"] = {"cpu": {"quota": 10000, "period": 50000, "burst": 20000}}
		rdt: c["linux"]["intelRdt"] = {"closID": "guaranteed", "l3CacheSchema": "L3:0=f"}
		policy: c["linux"]["memoryPolicy"] = {"mode": "MPOL_BANANA"}
		netdevice: c["linux"]["netDevices"] = {"there-is-none": {}}
		action: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_BANANA"}
		noaction: c["linux"]["seccomp"] = {"syscalls": []}
		errno: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sync"], "action": "SCMP_ACT_KILL", "errnoRet": 1}]}
		defaulterrno: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}
		nonames: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}
		operator: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sync"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_BANANA"}]}]}
		listener: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/there/is/none", "syscalls": [{"names": ["sync"], "action": "SCMP_ACT_NOTIFY"}]}
		metadata: c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}
		propagation: c["linux"]["rootfsPropagation"] = "banana"
		masked: c["linux"]["maskedPaths"] = ["relative"]
		readonly: c["linux"]["readonlyPaths"] = ["relative"]
		personality: c["linux"]["personality"] = {"domain": "BANANA"}
		sysctl: c["linux"]["sysctl"] = {"kernel.there_is_no_such": "1"}
		mapping: c["linux"]["namespaces"].append({"type": "user"}); c["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 1000}]; c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 1000, "size": 1}]
	END
	within 10 nothing_new || true
	cp "$BATS_FILE_TMPDIR/new" "$FACTS/left"
}

@test "default file systems: /proc, /sys, /dev/pts, /dev/shm" {
	did main
	for one in "/proc .* - proc" "/sys .* - sysfs" "/dev/pts .* - devpts" "/dev/shm .* - tmpfs"; do
		says "$(facts main mounts)" " $one "
	done
}
@test "namespaces: pid, mount, uts, ipc, network, cgroup are new" {
	for kind in pid mnt uts ipc net cgroup; do
		is_new "$kind" "$(facts main namespaces | grep "^$kind:")" "$(facts main kernel)"
	done
	[ "$(facts main ps | head -n 1)" -le 4 ]
	equal "$(facts main ps | tail -n 1)" 1
	equal "$(facts main links)" lo
	equal "$(facts main ipc)" 1
	says "$(facts main cgroup)" $'(^|\n)0::/($|\n)'
}
@test "namespaces: user" { equal "$(facts mapped maps | tr -s ' ')" $' 0 100000 1000\n 0 200000 1000'; }
@test "namespaces: time, and its offsets" {
	equal "$(facts mapped time | head -n 2 | tr -s ' \t' ' ')" $'monotonic 1000000 0\nboottime 2000000 5'
	[ "$(facts mapped time | tail -n 1 | cut -d . -f 1)" -ge 2000000 ]
}
@test "namespaces: a path is joined" {
	did inherits
	equal "$(sed -n 's/^net //p' "$FACTS/inherits.ns" | cut -d ' ' -f 1)" "$(<"$FACTS/net")"
}
@test "namespaces: what is not named is the runtime's" {
	did inherits
	for kind in uts cgroup user; do
		read -r _ its own < <(grep "^$kind " "$FACTS/inherits.ns")
		equal "$its" "$own"
	done
}
@test "namespaces: IPC that is not named is the runtime's" {
	if [[ ${RUNTIME##*/} == xenrun* ]]; then
		# A zone cannot: the row says "refused".
		failed inherits_ipc
		says "$(<"$FACTS/inherits_ipc.err")" 'linux.namespaces: no entry "ipc"'
		return
	fi
	did inherits_ipc
	equal "$(<"$FACTS/inherits.ipc")" "$(readlink /proc/self/ns/ipc)"
}
@test "namespaces: a path that is no namespace of that type, not absolute, not there: an error" { no_container nswrong nsrelative nsnone; }
@test "namespaces: an unknown type, one that comes twice: an error" { no_container nstype nstwice; }
@test "user namespace: owners are the host's, and stay" {
	equal "$(facts mapped owner)" 0:0
	equal "$(<"$FACTS/owners")" $'100000:200000\n100000:200000\n0:0'
}
@test "uidMappings: an entry without its size: an error" { no_container mapping; }
@test "devices: type, numbers, mode, owner" {
	says "$(facts main dev)" 'crw-r----- .* 7 +8 +1, +5 .* /?.*extra'
	says "$(facts main dev)" 'prw------- .*pipe'
	says "$(facts main dev)" 'crw.* 1, +3 .*unbuffered'
}
@test "devices: without type, path or numbers: an error" { no_container devtype devnumber devpath; }
@test "devices: a file is there that is another: an error" { no_container devthere; }
@test "default devices" {
	says "$(facts main default)" $'^null\n 00\n.*No space left on device\n8\n8'
	for one in "null .*1, +3" "zero .*1, +5" "full .*1, +7" "random .*1, +8" "urandom .*1, +9" "tty .*5, +0"; do
		name=${one%% *} number=${one#*.\*}
		says "$(facts main dev)" " $number .* $name"
	done
	says "$(facts main links2)" 'ptmx'
}
@test "device links: fd, stdin, stdout, stderr" {
	equal "$(facts main links2 | head -n 4)" $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2'
}
@test "netDevices: one that is not there: an error" { no_container netdevice; }
@test "cgroupsPath: an absolute one is that below the mount point" { says "$(<"$FACTS/inherits.cgroup")" "/${PREFIX}cgroup\$"; }
@test "cgroup ownership: to the container's root, where a user namespace may write" {
	equal "$(facts mapped cgroup | head -n 2)" $'0\n0'
	equal "$(facts mapped cgroup | tail -n 1)" 65534
}
@test "device rules: in the listed order" {
	says "$(facts main rules)" opened
	says "$(facts main rules)" '/dev/b: Operation not permitted'
	says "$(facts main rules)" '/dev/c: Operation not permitted'
}
@test "device rules: allow is required" { no_container rule; }
@test "memory: limit, reservation" {
	says "$(facts main cgroup)" 'memory.max 134217728'
	says "$(facts main cgroup)" 'memory.low 67108864'
}
@test "cpu: shares, quota, period, burst" {
	says "$(facts main cgroup)" 'cpu.max 40000 50000'
	says "$(facts main cgroup)" 'cpu.max.burst 10000'
	says "$(facts main cgroup)" 'cpu.weight (20|59)'
}
@test "cpu: a burst above the quota: an error" { no_container burst; }
@test "pids and unified: what is unified is written as it is" {
	says "$(facts main cgroup)" 'pids.max 77'
	says "$(facts main cgroup)" 'memory.high 1199(9|8)'
}
@test "unified: a controller that is not there, a value that it has not: an error" { no_container controller unified; }
@test "blockIO: weightDevice has one of its weights, throttle a rate: else an error" { no_container weights throttle; }
@test "hugepageLimits: pageSize is required; one that nobody has is an error" { no_container hugepages hugepagesize; }
@test "network: a priority is required" { no_container priorities; }
@test "rdma: an entry has one of its limits: else an error" { no_container rdma; }
@test "intelRdt without a resctrl file system: an error" { no_container rdt; }
@test "memoryPolicy: a mode that nobody has: an error" { no_container policy; }
@test "sysctl; one that nobody has is an error" {
	equal "$(facts main sysctl)" $'4321\n1'
	no_container sysctl
}
@test "seccomp: actions; EPERM where no errno is given" {
	says "$(facts main seccomp)" 'Function not implemented'
	says "$(facts main seccomp)" 'Operation not permitted'
	says "$(facts main seccomp)" 'status 159'
}
@test "seccomp: defaultAction is required and known" { no_container action noaction; }
@test "seccomp: an errno for an action that has none: an error" { no_container errno defaulterrno; }
@test "seccomp: names has an entry, op is known: else an error" { no_container nonames operator; }
@test "seccomp: a listener that nobody listens at: an error" { no_container listener; }
@test "seccomp: listenerMetadata without listenerPath: an error" { no_container metadata; }
@test "rootfsPropagation; one that nobody has is an error" {
	says "$(facts main mounts)" ' / / .* shared:[0-9]+ '
	no_container propagation
}
@test "maskedPaths cannot be read; a relative one is an error" {
	equal "$(facts main masked)" $'0\n0'
	no_container masked
}
@test "readonlyPaths cannot be written; a relative one is an error" {
	says "$(facts main readonly)" 'msgmax: Read-only file system'
	says "$(facts main readonly)" ' /proc/irq ro'
	no_container readonly
}
@test "personality; one that nobody has is an error" {
	says "$(facts main personality)" 'i686'
	no_container personality
}
@test "nothing is left of any" { equal "$(<"$FACTS/left")" ""; }
