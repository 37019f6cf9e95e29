#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that share a network namespace share a zone: a pod. The first is its owner, the others are members.
# shellcheck disable=SC2154 # make_bundle, x and run set bundle, id, output
load lib

setup_file() {
	podman_settings
	# What Podman leaves behind with another runtime it leaves with this one.
	podman --runtime crun pod create --name first 3>&-
	podman pod rm --force --time 0 first
	podman --runtime crun run --rm -p 8081:80 --rootfs "$ROOTS/busybox" true 3>&-
	remember
}
teardown() {
	podman pod rm --all --force --time 0 >/dev/null 2>&1 || true
	delete_all
	assert_nothing_left 20
}

domains() { xl list | tail -n +3 | wc -l; }
devices() { xenstore-list "/local/domain/$(xl domid "$owner")/device/9pfs" | paste -sd ' '; }
megabytes() { xl list "$owner" | awk 'NR == 2 { print $3 }'; }

# The pod's first: sets owner and its pid.
start_owner() { # [STATEMENTS]
	make_bundle owner "$@"
	owner=$id
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	pid=$(<"$bundle/pid")
	ok start "$id"
}
# Has the namespaces of the owner's that are named, and its network.
# shellcheck disable=SC2016 # Python's
shared() { # TYPE...
	local kind
	# Whose name it would be.
	echo "c.pop('hostname', None)"
	for kind in network "$@"; do
		echo "next(n for n in c['linux']['namespaces'] if n['type'] == '$kind')['path'] = '/proc/$pid/ns/${kind/network/net}'"
	done
}

@test "a member: one zone, one network, one hostname; a root, mounts, processes and a status of its own" {
	start_owner "sh('echo shared >/tmp/owner; hostname pod; httpd -p 8080 -h /; exec sleep 1000')"
	own_root busybox
	root=$root make_bundle member "$(shared ipc uts)" \
		'c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})' \
		"sh('''hostname; ls /tmp; ls -d /proc/[0-9]* | wc -l; echo \$\$; printf 'GET /etc/passwd HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8080 | tail -n 1; echo kept >/member; cat; echo error >&2; exit 5''')"
	INPUT=$BATS_TEST_TMPDIR/input
	echo input >"$INPUT"
	x run --bundle "$bundle" "$id"
	equal "$status" 5
	equal "$errors" error
	says "$output" $'^pod\n[3-9]\n1\n.*:.*\ninput$'
	equal "$(<"$root/member")" kept
	equal "$(domains)" 1
	equal "$(devices)" '0 1'
	ok exec "$owner" cat /tmp/owner
	equal "$output" shared
}

# Its /dev/shm is a folder of the host's.
memory_of() { # FOLDER
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	echo "c['mounts'] = [m for m in c['mounts'] if m['destination'] != '/dev/shm']"
	echo "c['mounts'] += [{'destination': '/dev/shm', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/$1', 'options': ['bind']}]"
}

@test "IPC in common: of one namespace, the memory of one source; others have their own" {
	# Twice over, as a config may.
	start_owner "$(memory_of one)" "c['mounts'].append(c['mounts'][-1])" "sh('echo of the owner >/dev/shm/x; readlink /proc/self/ns/ipc >/dev/shm/ipc; exec sleep 1000')"
	make_bundle with "$(shared ipc)" "$(memory_of one)" \
		"sh('cat /dev/shm/x; echo of the member >/dev/shm/y; readlink /proc/self/ns/ipc | cmp - /dev/shm/ipc')"
	ok run --bundle "$bundle" "$id"
	equal "$output" "of the owner"
	ok exec "$owner" cat /dev/shm/y
	equal "$output" "of the member"
	make_bundle without "$(shared)" "$(memory_of other)" "sh('ls -A /dev/shm; readlink /proc/self/ns/ipc; stat -fc %T /dev/shm')"
	ok run --bundle "$bundle" "$id"
	says "$output" $'^ipc:\\[[0-9]+\\]\ntmpfs$'
	ipc=${output%%$'\n'*}
	ok exec "$owner" cat /dev/shm/ipc
	[ "$output" != "$ipc" ]
	rmdir "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/other"
}

@test "several members: exec, kill, memory; each ends alone" {
	start_owner "sh('exec sleep 1000')"
	before=$(megabytes)
	for name in one two; do
		make_bundle $name "$(shared ipc uts)" \
			"c['mounts'].append({'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup', 'options': ['ro']})" \
			"sh('trap \"exit 7\" TERM; echo up; while :; do sleep 0.1; done')"
		ok create --bundle "$bundle" "$id"
		status_is "$id" created
		ok start "$id"
		within 20 printed up
	done
	equal "$(domains)" 1
	equal "$(devices)" '0 1 3 4 6 7'
	within 30 eval '[ "$(megabytes)" -ge $((before + 250)) ]'
	ok update --memory 200m "${PREFIX}one"
	within 30 eval '[ "$(megabytes)" -ge $((before + 370)) ]'
	ok exec "${PREFIX}one" cat /sys/fs/cgroup/memory.max
	equal "$output" 209715200
	refuses 'linux\.resources\.cpu\.cpus: the container shares the zone of container' update --cpuset-cpus 0 --memory 300m "${PREFIX}one"
	ok update --memory 80m "${PREFIX}one"
	within 30 eval '[ "$(megabytes)" -le $((before + 260)) ]'
	ok exec "${PREFIX}one" sh -c 'echo "$$ $(ls -d /proc/[0-9]* | wc -l)"; exit 0'
	[ "${output%% *}" -gt 1 ]
	x exec "${PREFIX}two" sh -c 'exit 9'
	equal "$status" 9
	refuses 'shares the zone of container' pause "${PREFIX}one"
	ok kill "${PREFIX}one" TERM
	within 20 status_is "${PREFIX}one" stopped
	within 10 eval '[ "$(devices)" = "0 1 6 7" ]'
	equal "$(state "${PREFIX}two" status)" running
	ok delete "${PREFIX}one"
	# Its place and number can be another's.
	make_bundle three "$(shared)" 'c["hostname"] = "alone"' "sh('hostname; exit 3')"
	x run --bundle "$bundle" "$id"
	equal "$status" 3 || complain three
	equal "$output" alone
	ok kill --all "${PREFIX}two" KILL
	within 20 status_is "${PREFIX}two" stopped
	ok delete "${PREFIX}two"
	within 30 eval '[ "$(megabytes)" -le $((before + 2)) ]'
	ok exec "$owner" true
}

@test "processes in common" {
	start_owner "sh('exec sleep 1000')"
	make_bundle seen "$(shared pid)" "sh('ps; echo \$\$; (sleep 500 &); exit 4')"
	x run --bundle "$bundle" "$id"
	equal "$status" 4
	says "$output" ' 1 .*sleep 1000'
	[ "$(tail -n 1 <<<"$output")" -gt 1 ]
	# Nothing of it runs on.
	ok exec "$owner" sh -c 'ps | grep -c "[s]leep 500" || true'
	equal "$output" 0
}

@test "what fails, what is killed, whose zone goes" {
	start_owner "sh('exec sleep 1000')"
	before=$(megabytes)
	make_bundle missing "$(shared ipc uts)" 'p["args"] = ["/nowhere"]'
	refuses 'executable file not found|no such file' run --bundle "$bundle" "$id"
	refuses 'does not exist' state "$id"
	within 10 eval '[ "$(devices)" = "0 1" ]'
	make_bundle foreign "$(shared)" "next(n for n in c['linux']['namespaces'] if n['type'] == 'uts')['path'] = '/proc/self/ns/uts'"
	refuses 'is not that of container' create --bundle "$bundle" "$id"
	make_bundle user "$(shared)" 'c["linux"]["namespaces"].append({"type": "user"})' \
		'c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]'
	refuses 'user namespace in a zone that is shared' create --bundle "$bundle" "$id"

	make_bundle killed "$(shared ipc uts)" "sh('echo up; exec sleep 1000')"
	ok run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	within 20 printed up
	kill -KILL "$(<"$bundle/pid")"
	within 20 status_is "$id" stopped
	ok delete "$id"
	ok exec "$owner" true

	# Its processes and its memory go, whoever is left to say so.
	make_bundle orphan "$(shared pid)" "sh('echo up; exec sleep 600')"
	ok run --detach --bundle "$bundle" "$id"
	within 20 printed up
	kill -KILL "$(sed -n '/"monitor":/,/\]/p' "$STATES/$id/state.json" | grep -o '[0-9]\+' | head -n 1)"
	within 20 status_is "$id" stopped
	ok delete --force "$id"
	ok exec "$owner" sh -c 'ps | grep -c "[s]leep 600" || true'
	equal "$output" 0
	within 30 eval '[ "$(megabytes)" -le $((before + 2)) ]'

	make_bundle last "$(shared ipc uts)" "sh('echo up; exec sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	within 20 printed up
	last=$id
	ok kill "$owner" KILL
	within 20 status_is "$owner" stopped
	within 20 status_is "$last" stopped
	ok delete "$last"
}

@test "Podman: a pod of three; localhost, exec, logs, statuses" {
	podman pod create --name pod 3>&-
	podman run -d --pod pod --name web --rootfs "$ROOTS/busybox" httpd -f -p 8080 -h / 3>&-
	podman run -d --pod pod --name idle --rootfs "$ROOTS/busybox" sh -c 'echo logged; exec sleep 1000' 3>&-
	equal "$(domains)" 1
	says "$(podman exec idle sh -c "printf 'GET /etc/passwd HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8080")" root
	equal "$(podman exec idle hostname)" pod
	podman exec web sh -c 'echo common >/dev/shm/x'
	equal "$(podman exec idle cat /dev/shm/x)" common
	within 10 eval '[ "$(podman logs idle)" = logged ]'
	run podman run --rm --pod pod --rootfs "$ROOTS/busybox" sh -c 'exit 6' 3>&-
	equal "$status" 6
	podman pod rm --force --time 0 pod
	equal "$(domains)" 0
}

@test "Podman: a pod that shares its processes: each sees, and ends, those of the others" {
	podman pod create --name pod --share pid,net,ipc,uts 3>&-
	podman run -d --pod pod --name one --rootfs "$ROOTS/busybox" sleep 1001 3>&-
	podman run -d --pod pod --name two --rootfs "$ROOTS/busybox" sleep 1002 3>&-
	equal "$(domains)" 1
	equal "$(podman exec two readlink /proc/self/ns/pid)" "$(podman exec one readlink /proc/self/ns/pid)"
	for name in one two; do
		output=$(podman exec "$name" ps -o args)
		says "$output" 'sleep 1001'
		says "$output" 'sleep 1002'
	done
	podman exec one sh -c 'kill $(ps -o pid,args | awk "/[s]leep 1002/ { print \$1 }")'
	equal "$(podman wait two)" 143
	output=$(podman exec one ps -o args)
	says "$output" 'sleep 1001'
	[[ $output != *"sleep 1002"* ]]
	podman pod rm --force --time 0 pod
}
