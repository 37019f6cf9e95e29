#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Control groups", in a dom0 whose cgroups are of version 1. The memory, I/O and huge pages of this one stay with
# version 2, beneath: what memory counted once it is not parted from.
# Wants a machine of its own.
load lib

ROOT=/sys/fs/cgroup
HIERARCHIES="systemd cpuset cpu,cpuacct devices freezer net_cls,net_prio pids"

# Debian 13's kernel is made without cpusets of version 1.
is_possible() { ! grep -q '^# CONFIG_CPUSETS_V1 is not set' "/boot/config-$(uname -r)"; }
setup() { is_possible || skip "the kernel's option CONFIG_CPUSETS_V1 is missing"; }

setup_file() {
	local hierarchy controller options
	is_possible || return 0
	mount -t tmpfs -o mode=755 cgroup $ROOT
	for hierarchy in $HIERARCHIES; do
		options=$hierarchy
		[ "$hierarchy" != systemd ] || options=none,name=systemd
		mkdir "$ROOT/$hierarchy"
		mount -t cgroup -o "$options" cgroup "$ROOT/$hierarchy"
		for controller in ${hierarchy//,/ }; do
			[ -e "$ROOT/$controller" ] || ln -s "$hierarchy" "$ROOT/$controller"
		done
	done
	remember
}
teardown_file() {
	local hierarchy
	is_possible || return 0
	for hierarchy in $HIERARCHIES; do
		umount "$ROOT/$hierarchy"
	done
	umount $ROOT
}
teardown() {
	is_possible || return 0
	delete_all
	# What is above a container's cgroup stays.
	for hierarchy in $HIERARCHIES; do
		[ ! -d "$ROOT/$hierarchy/${PREFIX}top" ] || find "$ROOT/$hierarchy/${PREFIX}top" -depth -type d -exec rmdir {} +
	done
	assert_nothing_left
}

at() { echo "c['linux']['cgroupsPath'] = '$1'"; }
CGROUP='c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]})'
waits='sh("echo waits; while :; do sleep 0.1; done")'

# A container that runs: sets pid.
started() { # NAME [STATEMENTS...]
	make_bundle "$1" "$waits" "${@:2}"
	ok run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	pid=$(<"$bundle/pid")
}
process() { sed -n "/\"$1\":/,/\]/p" "$STATES/$id/state.json" | tr -dc '0-9,\n' | grep -o '[0-9]\+' | head -n 1; }
# Where a process is in each: the paths, without repetition.
cgroups_of() { sed -n 's/^[0-9]*:[^:][^:]*://p' "/proc/$1/cgroup" | sort -u; }
is_gone() { # PATH
	for hierarchy in $HIERARCHIES; do
		[ ! -e "$ROOT/$hierarchy$1" ] || { echo "$ROOT/$hierarchy$1 is there"; return 1; }
	done
}
is_there() { # PATH
	for hierarchy in $HIERARCHIES; do
		[ -d "$ROOT/$hierarchy$1" ] || { echo "$ROOT/$hierarchy$1 is not there"; return 1; }
	done
}
make_each() { # PATH...
	for hierarchy in $HIERARCHIES; do
		mkdir "${@/#/$ROOT/$hierarchy}"
	done
}

@test "an absolute path: stand-in and exec's process are in it in each hierarchy, the monitor in none; delete removes all" {
	started absolute "$(at "/${PREFIX}top/deep/one")"
	equal "$(cgroups_of "$pid")" "/${PREFIX}top/deep/one"
	equal "$(grep -c ":/${PREFIX}top/deep/one$" "/proc/$pid/cgroup")" 7
	equal "$(cgroups_of "$(process monitor)")" "$(cgroups_of self)"
	ok exec --detach --pid-file "$bundle/exec" "$id" sleep 1000
	equal "$(cgroups_of "$(<"$bundle/exec")")" "/${PREFIX}top/deep/one"
	equal "$(<"$ROOT/pids/${PREFIX}top/deep/one/pids.max")" max
	equal "$(<"$ROOT/cpuset/${PREFIX}top/deep/one/cpuset.cpus")" "$(<$ROOT/cpuset/cpuset.cpus)"
	equal "$(<"$ROOT/devices/${PREFIX}top/deep/one/devices.list")" "a *:* rwm"
	
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	ok delete "$id"
	is_gone "/${PREFIX}top/deep/one"
	is_there "/${PREFIX}top/deep"
}

@test "limits are written, and hold in the zone as well; update writes them anew" {
	started limits "$(at "/${PREFIX}top/limits")" "$CGROUP" 'c["linux"]["resources"] = {
		"pids": {"limit": 50}, "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
		"network": {"classID": 1048577, "priorities": [{"name": "lo", "priority": 5}]},
		"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]}'
	equal "$(<"$ROOT/pids/${PREFIX}top/limits/pids.max")" 50
	equal "$(<"$ROOT/cpu/${PREFIX}top/limits/cpu.shares")" 512
	equal "$(<"$ROOT/cpu/${PREFIX}top/limits/cpu.cfs_quota_us")" 50000
	equal "$(<"$ROOT/cpu/${PREFIX}top/limits/cpu.cfs_period_us")" 100000
	equal "$(<"$ROOT/cpuset/${PREFIX}top/limits/cpuset.cpus")" 0
	equal "$(<"$ROOT/net_cls/${PREFIX}top/limits/net_cls.classid")" 1048577
	says "$(<"$ROOT/net_prio/${PREFIX}top/limits/net_prio.ifpriomap")" "lo 5"
	equal "$(head -n 1 "$ROOT/devices/${PREFIX}top/limits/devices.list")" "c 10:229 rw"
	run ! grep '^a' "$ROOT/devices/${PREFIX}top/limits/devices.list"
	ok exec "$id" cat /sys/fs/cgroup/pids.max
	equal "$output" 50

	ok update --pids-limit 20 --cpu-share 256 --cpu-quota 40000 "$id"
	equal "$(<"$ROOT/pids/${PREFIX}top/limits/pids.max")" 20
	equal "$(<"$ROOT/cpu/${PREFIX}top/limits/cpu.shares")" 256
	equal "$(<"$ROOT/cpu/${PREFIX}top/limits/cpu.cfs_quota_us")" 40000
	equal "$(head -n 1 "$ROOT/devices/${PREFIX}top/limits/devices.list")" "c 10:229 rw"
	ok exec "$id" cat /sys/fs/cgroup/pids.max
	equal "$output" 20
	ok delete --force "$id"
	is_gone "/${PREFIX}top/limits"
}

@test "a relative path, and none at all: below the caller's own" {
	make_each "/${PREFIX}top" "/${PREFIX}top/caller"
	for file in cpus mems; do
		cat "$ROOT/cpuset/cpuset.$file" >"$ROOT/cpuset/${PREFIX}top/cpuset.$file"
		cat "$ROOT/cpuset/cpuset.$file" >"$ROOT/cpuset/${PREFIX}top/caller/cpuset.$file"
	done
	# In pids it is another's.
	within_caller() {
		sh -c 'for each in systemd cpu cpuset devices freezer net_cls; do
			echo $$ >"$0/$each/$1/caller/cgroup.procs"
			done; shift; exec "$@"' "$ROOT" "${PREFIX}top" xenrun --root "$STATES" run --detach \
			--pid-file "$bundle/pid" --bundle "$bundle" "$id" </dev/null >"$bundle.out" 2>"$bundle.err" 3>&-
		pid=$(<"$bundle/pid")
	}
	make_bundle relative "$waits" "$(at "${PREFIX}some/where")"
	within_caller
	equal "$(cgroups_of "$pid")" "/${PREFIX}some/where"$'\n'"/${PREFIX}top/caller/${PREFIX}some/where"
	ok exec --detach --pid-file "$bundle/exec" "$id" sleep 1000
	equal "$(cgroups_of "$(<"$bundle/exec")")" "/${PREFIX}some/where"$'\n'"/${PREFIX}top/caller/${PREFIX}some/where"
	ok delete --force "$id"
	[ ! -e "$ROOT/pids/${PREFIX}some/where" ]
	[ ! -e "$ROOT/cpu/${PREFIX}top/caller/${PREFIX}some/where" ]
	rmdir "$ROOT/pids/${PREFIX}some"

	make_bundle absent "$waits"
	within_caller
	equal "$(cgroups_of "$pid")" "/$id"$'\n'"/${PREFIX}top/caller/$id"
	ok delete --force "$id"
	is_gone "/$id"
}

@test "--cgroup-manager disabled: they stay in the caller's" {
	make_bundle disabled "$waits" "$(at "/${PREFIX}top/none")" 'c["linux"]["resources"] = {"pids": {"limit": 50}}'
	ok --cgroup-manager disabled run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	equal "$(cgroups_of "$(<"$bundle/pid")")" "$(cgroups_of self)"
	is_gone "/${PREFIX}top"
	ok delete --force "$id"
}

@test "a cgroup namespace has it as its root" {
	started namespace "$(at "/${PREFIX}top/namespace")" 'c["linux"]["namespaces"].append({"type": "cgroup"})'
	equal "$(cgroups_of "$pid")" "/${PREFIX}top/namespace"
	equal "$(nsenter --target "$pid" --cgroup cat "/proc/$pid/cgroup" | sed -n 's/^[0-9]*:[^:][^:]*://p' | sort -u)" /
}

@test "a create that fails leaves none: a limit that cannot be written names its property" {
	make_bundle fails "$(at "/${PREFIX}top/deep/fails")" 'p["args"] = ["/nonesuch"]'
	refuses 'nonesuch' create --bundle "$bundle" "$id"
	is_gone "/${PREFIX}top"
	make_bundle limit "$(at "/${PREFIX}top/limit")" \
		'c["linux"]["resources"] = {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	refuses 'linux\.resources\.hugepageLimits\[0\]: hugetlb\.2MB\.limit_in_bytes of the host: No such file' create --bundle "$bundle" "$id"
	is_gone "/${PREFIX}top"
	make_bundle cpus "$(at "/${PREFIX}top/network")" \
		'c["linux"]["resources"] = {"network": {"priorities": [{"name": "nonesuch", "priority": 1}]}}'
	refuses 'linux\.resources\.network\.priorities\[0\]: net_prio\.ifpriomap' create --bundle "$bundle" "$id"
	is_gone "/${PREFIX}top"
}

@test "a create that is killed leaves none, whenever it is" {
	make_bundle gone "$waits" "$(at "/${PREFIX}top/gone")"
	for delay in 0.05 0.3 0.8 1.5; do
		xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
		sleep $delay
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		within 30 eval '! pgrep -f "xenrun.* $id$" >/dev/null || status_is "$id" created'
		ok delete --force "$id"
		is_gone "/${PREFIX}top/gone"
	done
}

@test "delete --force ends what is in it, and removes what is below it" {
	started inside "$(at "/${PREFIX}top/inside")"
	mkdir -p "$ROOT/pids/${PREFIX}top/inside/one/two" "$ROOT/freezer/${PREFIX}top/inside/three"
	sleep 1000 3>&- &
	echo $! >"$ROOT/pids/${PREFIX}top/inside/one/two/cgroup.procs"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/inside"
	status=0
	wait $! || status=$?
	equal "$status" 137
}

@test "one that has processes, is frozen or is another container's is refused, and left alone" {
	started first "$(at "/${PREFIX}top/shared")"
	first=$id
	make_bundle second "$waits" "$(at "/${PREFIX}top/shared")"
	refuses "linux\.cgroupsPath: .*:/${PREFIX}top/shared: there are processes in this cgroup" create --bundle "$bundle" "$id"
	status_is "$first" running
	equal "$(cgroups_of "$pid")" "/${PREFIX}top/shared"
	ok kill "$first" KILL
	within 20 status_is "$first" stopped
	refuses "another container's" create --bundle "$bundle" "$id"
	is_there "/${PREFIX}top/shared"
	ok delete "$first"

	make_each "/${PREFIX}top/shared"
	echo FROZEN >"$ROOT/freezer/${PREFIX}top/shared/freezer.state"
	refuses 'this cgroup is frozen' create --bundle "$bundle" "$id"
	is_there "/${PREFIX}top/shared"
	echo THAWED >"$ROOT/freezer/${PREFIX}top/shared/freezer.state"
	# Others' in one hierarchy only.
	sleep 1000 3>&- &
	echo $! >"$ROOT/pids/${PREFIX}top/shared/cgroup.procs"
	refuses "linux\.cgroupsPath: pids:/${PREFIX}top/shared: there are processes" create --bundle "$bundle" "$id"
	kill $!
	wait $! 2>/dev/null || true
	# An empty one may be there.
	ok run --bundle "$bundle" --detach "$id"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/shared"
}
