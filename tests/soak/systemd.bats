#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container's scope, made by a real systemd: for --systemd-cgroup, and under Podman, which wants it wherever systemd runs.
# Wants systemd
# shellcheck disable=SC2154 # make_bundle, x and p set bundle, id, output
load ../bats/lib
load ../bats/podman

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	podman_settings
	sed -i '/cgroup_manager/d; s/events_logger = .*/events_logger = "file"/' "$CONTAINERS_CONF"
	podman import -q "$ROOTS/busybox.tar" busybox
	remember
}
teardown() {
	podman pod rm --force --all --time 0
	podman rm --force --all --time 0
	delete_all
	assert_nothing_of_podman
	assert_nothing_left
	equal "$(units)" ""
}

# Those of containers and pods. machine.slice stays.
no_units() { [ -z "$(units)" ]; }
units() { systemctl list-units --all --plain --no-legend 'xenrun*' 'libpod*' 'machine-*' | awk '{ print $1 }'; }
property() { systemctl show --property "$2" --value "$1"; } # UNIT PROPERTY
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
process() { sed -n "/\"$1\":/,/\]/p" "$STATES/$id/state.json" | tr -dc '0-9,\n' | grep -o '[0-9]\+' | head -n 1; }

# A container that waits, in a scope: sets pid, unit.
started() { # NAME [STATEMENTS]
	make_bundle "$1" 'sh("echo waits; while :; do sleep 0.1; done")' "c['linux']['cgroupsPath'] = 'machine.slice:xenrun:$1'" "${@:2}"
	ok --systemd-cgroup run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	pid=$(<"$bundle/pid") unit=xenrun-$1.scope
}

@test "--systemd-cgroup: a scope, delegated, of the slice that was asked for; delete ends it" {
	started one
	equal "$(property "$unit" ActiveState)" active
	equal "$(property "$unit" Slice)" machine.slice
	equal "$(property "$unit" Delegate)" yes
	for process in "$pid" "$(process monitor)" "$(process keeper)"; do
		equal "$(cgroup_of "$process")" "$(property "$unit" ControlGroup)"
	done
	ok exec --detach --pid-file "$bundle/exec" "$id" sleep 1000
	equal "$(cgroup_of "$(<"$bundle/exec")")" "$(property "$unit" ControlGroup)"
	# What systemd does to its units leaves a delegated one alone.
	systemctl daemon-reload
	ok exec "$id" true
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	ok delete "$id"
	equal "$(units)" ""
}

@test "no slice is system.slice; a slice that is not there is made" {
	make_bundle slices 'sh("sleep 1000")' 'c["linux"]["cgroupsPath"] = ":xenrun:slices"'
	ok --systemd-cgroup run --detach --bundle "$bundle" "$id"
	equal "$(property xenrun-slices.scope ControlGroup)" /system.slice/xenrun-slices.scope
	ok delete --force "$id"
	make_bundle deep 'sh("sleep 1000")' 'c["linux"]["cgroupsPath"] = "machine-x-y.slice:xenrun:deep"'
	ok --systemd-cgroup run --detach --bundle "$bundle" "$id"
	equal "$(property xenrun-deep.scope ControlGroup)" /machine.slice/machine-x.slice/machine-x-y.slice/xenrun-deep.scope
	ok delete --force "$id"
	systemctl stop machine-x.slice
}

@test "systemctl stop: the process gets SIGTERM, and the time that it takes; what it writes then is there" {
	own_root busybox
	root=$root make_bundle asked 'c["linux"]["cgroupsPath"] = "machine.slice:xenrun:asked"' \
		"sh('trap \"sleep 2; echo written >/file; exit 7\" TERM; echo waits; while :; do sleep 0.1; done')"
	xenrun --root "$STATES" --systemd-cgroup run --bundle "$bundle" "$id" </dev/null >"$bundle.out" 2>"$bundle.err" 3>&- &
	caller=$!
	within 60 printed waits
	systemctl stop xenrun-asked.scope
	status=0
	wait "$caller" || status=$?
	equal "$status" 7
	equal "$(<"$root/file")" written
	equal "$(<"$bundle.err")" ""
	refuses 'does not exist' state "$id"
	no_domain "$id"
	equal "$(units)" ""
}

@test "systemctl stop of who does not heed SIGTERM ends the container after a time, and its zone" {
	started stopped
	mkdir -p "/run/systemd/system/$unit.d"
	printf '[Scope]\nTimeoutStopSec=5\n' >"/run/systemd/system/$unit.d/time.conf"
	systemctl daemon-reload
	equal "$(property "$unit" TimeoutStopUSec)" 5s
	systemctl stop "$unit"
	rm -r "/run/systemd/system/$unit.d"
	within 30 status_is "$id" stopped
	within 20 no_domain "$id"
	ok delete "$id"
}

@test "who is refused, or killed, leaves no unit; a name that is taken is an error" {
	make_bundle refused 'p["args"] = ["/nothing"]' 'c["linux"]["cgroupsPath"] = "machine.slice:xenrun:refused"'
	refuses nothing --systemd-cgroup run --bundle "$bundle" "$id"
	equal "$(units)" ""
	started taken
	make_bundle second 'sh("sleep 1000")' 'c["linux"]["cgroupsPath"] = "machine.slice:xenrun:taken"'
	refuses 'xenrun-taken\.scope' --systemd-cgroup create --bundle "$bundle" "$id"
	equal "$(property xenrun-taken.scope ActiveState)" active
	id=${PREFIX}taken
	ok exec "$id" true
	kill -KILL "$(process monitor)" "$(process keeper)"
	within 30 status_is "$id" stopped
	ok delete --force "$id"
}

@test "Podman with systemd's cgroups: run, exec, stats, restart, stop; a pod in its slice" {
	equal "$(podman info --format '{{.Host.CgroupManager}}')" systemd
	gives 7 run --rm --network none busybox sh -c 'exit 7'
	gives 0 run -d --name main --network none --memory 64m busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.2; done'
	long=$(podman inspect --format '{{.Id}}' main)
	equal "$(property "libpod-$long.scope" Slice)" machine.slice
	equal "$(cgroup_of "$(podman inspect --format '{{.State.Pid}}' main)")" "/machine.slice/libpod-$long.scope"
	gives 5 exec main sh -c 'cat /sys/fs/cgroup/memory.max; exit 5'
	equal "$output" 67108864
	gives 0 stats --no-stream --format '{{.Name}} {{.PIDs}}' main
	says "$output" '^main [1-9]'
	gives 0 restart main
	gives 0 exec main true
	gives 0 stop main
	equal "$(podman inspect --format '{{.State.ExitCode}}' main)" 3
	gives 0 rm main
	equal "$(units)" ""

	gives 0 pod create --name pod
	gives 0 run -d --pod pod --name member busybox sleep 1000
	equal "$(xl list | wc -l)" 3
	long=$(podman inspect --format '{{.Id}}' member)
	says "$(property "libpod-$long.scope" ControlGroup)" '^/machine\.slice/machine-libpod_pod_[0-9a-f]+\.slice/libpod-'
	gives 0 exec member true
	gives 0 pod rm --force --time 0 pod
	within 20 no_units
}
