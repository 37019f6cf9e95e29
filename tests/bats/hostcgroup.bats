#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Cgroups Path": the cgroup on the host that a container's processes live in. dom0 has no systemd.
load lib

ROOT=/sys/fs/cgroup

setup_file() { remember; }
teardown() {
	delete_all
	# What is above a container's cgroup stays.
	[ ! -d "$ROOT/${PREFIX}top" ] || find "$ROOT/${PREFIX}top" -depth -type d -exec rmdir {} +
	assert_nothing_left
}

at() { echo "c['linux']['cgroupsPath'] = '$1'"; }
waits='sh("echo waits; while :; do sleep 0.1; done")'

take_pid() { pid=$(<"$bundle/pid"); }
# A container that runs: sets pid.
started() { # NAME [STATEMENTS...]
	make_bundle "$1" "$waits" "${@:2}"
	ok run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	take_pid
}
process() { sed -n "/\"$1\":/,/\]/p" "$STATES/$id/state.json" | tr -dc '0-9,\n' | grep -o '[0-9]\+' | head -n 1; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
is_gone() { [ ! -e "$ROOT$1" ]; }
no_process() { [ ! -e "/proc/$1" ]; }

all_in() { # PATH
	equal "$(cgroup_of "$pid")" "$1"
	equal "$(cgroup_of "$(process monitor)")" "$1"
	equal "$(cgroup_of "$(process keeper)")" "$1"
	equal "$(sort -n "$ROOT$1/cgroup.procs")" "$(printf '%s\n' "$pid" "$(process monitor)" "$(process keeper)" | sort -n)"
}

@test "an absolute path: stand-in, monitor, keeper and exec's process are in it; delete removes it" {
	started absolute "$(at "/${PREFIX}top/deep/one")"
	all_in "/${PREFIX}top/deep/one"
	ok exec --detach --pid-file "$bundle/exec" "$id" sleep 1000
	equal "$(cgroup_of "$(<"$bundle/exec")")" "/${PREFIX}top/deep/one"
	# What can be counted is, and nothing is limited.
	says "$(<"$ROOT/${PREFIX}top/deep/one/cgroup.controllers")" memory
	equal "$(<"$ROOT/${PREFIX}top/deep/one/memory.max")" max
	equal "$(<"$ROOT/${PREFIX}top/deep/one/pids.max")" max

	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	ok delete "$id"
	is_gone "/${PREFIX}top/deep/one"
	[ -d "$ROOT/${PREFIX}top/deep" ]
}

@test "limits hold in the zone, and are not written on the host" {
	started limits "$(at "/${PREFIX}top/limits")" 'c["linux"]["resources"] = {"memory": {"limit": 100 << 20}, "pids": {"limit": 50}, "cpu": {"shares": 512}}'
	all_in "/${PREFIX}top/limits"
	equal "$(<"$ROOT/${PREFIX}top/limits/memory.max")" max
	equal "$(<"$ROOT/${PREFIX}top/limits/pids.max")" max
	equal "$(<"$ROOT/${PREFIX}top/limits/cpu.weight")" 100
}

@test "a relative path, and none at all: beside the caller's own" {
	mkdir "$ROOT/${PREFIX}top" "$ROOT/${PREFIX}top/caller"
	make_bundle relative "$waits" "$(at some/where)"
	within_caller() { sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$ROOT/${PREFIX}top/caller" "$@"; }
	within_caller xenrun --root "$STATES" run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id" \
		</dev/null >"$bundle.out" 2>"$bundle.err" 3>&-
	take_pid
	all_in "/${PREFIX}top/some/where"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/some/where"

	make_bundle absent "$waits"
	within_caller xenrun --root "$STATES" run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id" \
		</dev/null >"$bundle.out" 2>"$bundle.err" 3>&-
	take_pid
	all_in "/${PREFIX}top/$id"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/$id"
}

@test "--cgroup-manager disabled: they stay in the caller's" {
	make_bundle disabled "$waits" "$(at "/${PREFIX}top/none")"
	ok --cgroup-manager disabled run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	take_pid
	equal "$(cgroup_of "$pid")" "$(cgroup_of self)"
	equal "$(cgroup_of "$(process monitor)")" "$(cgroup_of self)"
	is_gone "/${PREFIX}top"
	ok delete --force "$id"
}

@test "run removes it; a pause does not change it" {
	run_zone run "$(at "/${PREFIX}top/run")" 'sh("exit 3")'
	equal "$status" 3
	is_gone "/${PREFIX}top/run"

	started pause "$(at "/${PREFIX}top/pause")"
	ok pause "$id"
	all_in "/${PREFIX}top/pause"
	equal "$(<"$ROOT/${PREFIX}top/pause/cgroup.freeze")" 0
	ok resume "$id"
}

@test "a cgroup namespace has it as its root" {
	started namespace "$(at "/${PREFIX}top/namespace")" 'c["linux"]["namespaces"].append({"type": "cgroup"})'
	all_in "/${PREFIX}top/namespace"
	equal "$(nsenter --target "$pid" --cgroup cat "/proc/$pid/cgroup" | sed -n 's/^0:://p')" /
}

@test "a create that fails leaves none, nor what it made above" {
	make_bundle fails "$(at "/${PREFIX}top/deep/fails")" 'p["args"] = ["/nonesuch"]'
	refuses 'nonesuch' create --bundle "$bundle" "$id"
	is_gone "/${PREFIX}top"
	make_bundle hook "$(at "/${PREFIX}top/hook")" \
		'c["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}'
	refuses 'createRuntime' create --bundle "$bundle" "$id"
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

@test "when the call that creates is killed, the monitor removes it" {
	make_bundle orphan "$waits" "$(at "/${PREFIX}top/orphan")" \
		'c["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "3"]}]}'
	xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
	within 20 [ -d "$ROOT/${PREFIX}top/orphan" ]
	sleep 0.5
	kill -KILL $!
	wait $! 2>/dev/null || true
	within 60 [ ! -e "$STATES/$id" ]
	is_gone "/${PREFIX}top"
}

# Whichever of its processes is killed, delete finds it.
kill_one() { # NAME
	started "$1" "$(at "/${PREFIX}top/$1")"
	ok exec --detach --pid-file "$bundle/exec" "$id" sleep 1000
	kill -KILL "$(process "$1")"
	within 20 no_domain "$id"
	within 20 status_is "$id" stopped
	[ -d "$ROOT/${PREFIX}top/$1" ]
	ok delete "$id"
	is_gone "/${PREFIX}top/$1"
	within 5 no_process "$(<"$bundle/exec")"
}
@test "the stand-in is killed" { kill_one standin; }
@test "the monitor is killed" { kill_one monitor; }
@test "the keeper is killed" { kill_one keeper; }

@test "delete --force ends what is in it, and removes what is below it" {
	started inside "$(at "/${PREFIX}top/inside")"
	mkdir -p "$ROOT/${PREFIX}top/inside/one/two" "$ROOT/${PREFIX}top/inside/three"
	sleep 1000 3>&- &
	echo $! >"$ROOT/${PREFIX}top/inside/one/two/cgroup.procs"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/inside"
	status=0
	wait $! || status=$?
	equal "$status" 137
}

@test "one that has processes, is frozen or is another container's is refused, and left alone" {
	started first "$(at "/${PREFIX}top/shared")"
	first=$id first_pid=$pid
	make_bundle second "$waits" "$(at "/${PREFIX}top/shared")"
	refuses "linux\.cgroupsPath: /${PREFIX}top/shared: there are processes in this cgroup" create --bundle "$bundle" "$id"
	status_is "$first" running
	equal "$(cgroup_of "$first_pid")" "/${PREFIX}top/shared"
	ok kill "$first" KILL
	within 20 status_is "$first" stopped
	within 20 grep -q "populated 0" "$ROOT/${PREFIX}top/shared/cgroup.events"
	refuses "another container's" create --bundle "$bundle" "$id"
	[ -d "$ROOT/${PREFIX}top/shared" ]
	ok delete "$first"

	mkdir "$ROOT/${PREFIX}top/shared"
	echo 1 >"$ROOT/${PREFIX}top/shared/cgroup.freeze"
	refuses 'this cgroup is frozen' create --bundle "$bundle" "$id"
	[ -d "$ROOT/${PREFIX}top/shared" ]
	echo 0 >"$ROOT/${PREFIX}top/shared/cgroup.freeze"
	# An empty one may be there.
	ok run --bundle "$bundle" --detach "$id"
	ok delete --force "$id"
	is_gone "/${PREFIX}top/shared"
}

@test "paths that leave the hierarchy are refused" {
	for path in / // /.. /../etc ../etc /a/../../etc a//b /a/ . /a/./b; do
		make_bundle bad "$(at "$path")"
		refuses 'linux\.cgroupsPath: ' create --bundle "$bundle" "$id"
	done
	refuses 'does not exist' state "$id"
}

@test "--systemd-cgroup: a bad form, and no systemd, are errors that say so" {
	make_bundle form "$(at "/${PREFIX}top/path")"
	refuses 'linux\.cgroupsPath: .*is not slice:prefix:name' --systemd-cgroup create --bundle "$bundle" "$id"
	for options in --systemd-cgroup '--cgroup-manager systemd'; do
		make_bundle systemd "$(at machine.slice:xenrun:test)"
		# shellcheck disable=SC2086
		refuses '^xenrun: --systemd-cgroup: ' $options create --bundle "$bundle" "$id"
		refuses 'does not exist' state "$id"
		assert_nothing_left
	done
}
