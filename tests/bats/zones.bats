#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that name their zone (org.xenrun.zone) share it, each with a network of its own.
# shellcheck disable=SC2154 # make_bundle, x and run set bundle, id, output
load lib

# Of the namespaces and cables that are made by hand.
NET=t-zones
BRIDGE=t-zones-br

setup_file() {
	ip link add "$BRIDGE" type bridge
	ip link set "$BRIDGE" up
	# The first of all mounts their folder.
	ip netns add "$NET"
	ip netns del "$NET"
	remember
}
teardown_file() { ip link del "$BRIDGE"; }
teardown() {
	delete_all
	local ns
	for ns in $(ip netns list | awk -v prefix="^$NET" '$1 ~ prefix { print $1 }'); do
		ip netns del "$ns"
	done
	assert_nothing_left 20
}

domains() { xl list | tail -n +3 | wc -l; }
devices() { xenstore-list "/local/domain/$(xl domid "${PREFIX}$1")/device/$2" | paste -sd ' '; }

megabytes() { xl list "${PREFIX}one" | awk 'NR == 2 { print $3 }'; }

# A container of that name in the zone.
in_zone() { # ZONE NAME [STATEMENTS]
	make_bundle "$2" "c['annotations']['org.xenrun.zone'] = '$1'" "${@:3}"
}
# The same, and it runs.
up() { # ZONE NAME [STATEMENTS]
	in_zone "$@"
	ok run --detach --bundle "$bundle" "$id"
	within 20 printed up
}
# One of the container's that was made last.
process() { sed -n "/\"$1\":/,/\]/p" "$STATES/$id/state.json" | grep -o '[0-9]\+' | head -n 1; }
LIVE="sh('trap \"exit 7\" TERM; echo up; while :; do sleep 0.1; done')"

# A network namespace whose eth0 is at the bridge and has that address.
cable() { # NAME ADDRESS
	ip netns add "$NET-$1"
	ip link add "$NET-$1" type veth peer name eth0 netns "$NET-$1"
	ip link set "$NET-$1" master "$BRIDGE" up
	ip -n "$NET-$1" addr add "$2/24" dev eth0
	ip -n "$NET-$1" link set eth0 up
}
# shellcheck disable=SC2016 # Python's
namespace() { # TYPE PATH
	echo "next(n for n in c['linux']['namespaces'] if n['type'] == '$1')['path'] = '$2'"
}
connected() { namespace network "/run/netns/$NET-$1"; }
# What container $1 has of a member's.
shared() { # CONTAINER TYPE...
	local kind pid
	pid=$(state "${PREFIX}$1" pid)
	echo "c.pop('hostname', None)"
	for kind in "${@:2}"; do
		namespace "$kind" "/proc/$pid/ns/${kind/network/net}"
	done
}

@test "one name: one domain; apart in hostname, IPC, processes, mounts, network; exec, statuses, memory of each" {
	up blue one 'c["hostname"] = "first"' "$LIVE"
	before=$(megabytes)
	up blue two 'c["hostname"] = "second"' 'c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})' "$LIVE"
	equal "$(domains)" 1
	equal "$(devices one 9pfs)" '0 1 3 4'
	ok exec "${PREFIX}one" hostname
	equal "$output" first
	ok exec "${PREFIX}two" hostname
	equal "$output" second
	for name in one two; do
		ok exec "${PREFIX}$name" sh -c 'for n in ipc uts pid mnt net cgroup; do readlink /proc/1/ns/$n; done; ls /sys/class/net; ip -o link | wc -l; ps | grep -c "[t]rap"; ping -c 1 -W 5 127.0.0.1 >/dev/null && echo loop'
		says "$output" $'\nlo\n1\n1\nloop$'
		head -n 6 <<<"$output" >"$BATS_TEST_TMPDIR/$name.namespaces"
	done
	equal "$(sort "$BATS_TEST_TMPDIR"/{one,two}.namespaces | uniq -d)" ''
	ok exec "${PREFIX}one" httpd -p 127.0.0.1:80 -h /
	x exec "${PREFIX}two" nc 127.0.0.1 80
	[ "$status" != 0 ]
	ok exec "${PREFIX}two" touch /tmp/there
	x exec "${PREFIX}one" ls /tmp/there
	[ "$status" != 0 ]
	x exec "${PREFIX}two" sh -c 'exit 9'
	equal "$status" 9
	refuses 'shares the zone of container' pause "${PREFIX}two"
	ok kill "${PREFIX}two" TERM
	within 20 status_is "${PREFIX}two" stopped
	within 10 eval '[ "$(devices one 9pfs)" = "0 1" ]'
	within 30 eval '[ "$(megabytes)" -le '$((before + 2))' ]'
	in_zone blue three "sh('exit 5')"
	x run --bundle "$bundle" "$id"
	equal "$status" 5
	ok exec "${PREFIX}one" true
}

@test "a network of each: its own interfaces alone, each reaches the other; a member's goes with it" {
	cable one 10.77.0.1
	cable two 10.77.0.2
	ip addr add 10.77.0.9/24 dev "$BRIDGE"
	up blue one "$(connected one)" "$LIVE"
	up blue two "$(connected two)" "$LIVE"
	equal "$(domains)" 1
	equal "$(devices one vif)" '0 16'
	for name in one two; do
		ok exec "${PREFIX}$name" sh -c 'ls /sys/class/net; ip -o -4 addr show | awk "{ print \$4 }"; cat /sys/class/net/eth0/address'
		equal "$output" "eth0
lo
127.0.0.1/8
10.77.0.$([ $name = one ] && echo 1 || echo 2)/24
$(ip netns exec "$NET-$name" cat /sys/class/net/eth0/address)" || complain "$name"
	done
	ok exec "${PREFIX}one" ping -c 2 -W 5 10.77.0.2
	ok exec "${PREFIX}two" ping -c 2 -W 5 10.77.0.1
	busybox ping -c 1 -W 5 10.77.0.2
	ok exec "${PREFIX}one" sh -c 'httpd -p 80 -h /'
	ok exec "${PREFIX}two" sh -c "printf 'GET /etc/passwd HTTP/1.0\r\n\r\n' | nc -w 20 10.77.0.1 80"
	says "$output" root
	ok kill "${PREFIX}two" TERM
	within 20 status_is "${PREFIX}two" stopped
	equal "$(devices one vif)" 0
	equal "$(ip -n "$NET-two" -o link | grep vif)" ""
	equal "$(tc -n "$NET-two" qdisc show | grep ingress)" ""
	ok exec "${PREFIX}one" ping -c 1 -W 5 10.77.0.9
	# Its place is another's, under another number; filled only when it is there already, as Docker does.
	ok delete "${PREFIX}two"
	in_zone blue three "sh('ip addr; echo up; exec sleep 1000')"
	ok create --bundle "$bundle" "$id"
	pid=$(state "$id" pid)
	ip link add "$NET-three" type veth peer name eth0 netns "$pid"
	ip link set "$NET-three" master "$BRIDGE" up
	nsenter --net="/proc/$pid/ns/net" sh -c 'ip addr add 10.77.0.3/24 dev eth0; ip link set eth0 up'
	ok start "$id"
	within 20 grep -q up "$bundle.out"
	says "$(<"$bundle.out")" 'inet 10.77.0.3/24'
	equal "$(devices one vif)" '0 32'
	ok exec "$id" ping -c 1 -W 5 10.77.0.1
	# The owner's end is everybody's.
	ok kill "${PREFIX}one" KILL
	within 20 status_is "${PREFIX}one" stopped
	within 20 status_is "$id" stopped
	equal "$(tc -n "$NET-one" qdisc show | grep ingress)" ""
	ip addr del 10.77.0.9/24 dev "$BRIDGE"
}

@test "pods in one zone: who joins a member's network has what that one has; not so who names another zone" {
	cable one 10.78.0.1
	cable two 10.78.0.2
	up blue one 'c["hostname"] = "first"' "$(connected one)" "$LIVE"
	up blue two 'c["hostname"] = "second"' "$(connected two)" "$LIVE"
	up blue beside "$(shared two network ipc uts)" "$LIVE"
	ok exec "$id" sh -c 'hostname; ip -o -4 addr show eth0'
	says "$output" $'^second\n.*inet 10.78.0.2/24'
	ok exec "$id" ping -c 1 -W 5 10.78.0.1
	# As Kubernetes does without an annotation on the container; and with its processes.
	make_bundle plain "$(shared two network pid)" "sh('ps; hostname; exit 4')"
	x run --bundle "$bundle" "$id"
	equal "$status" 4
	says "$output" ' 1 .*trap.*'
	says "$output" '\(none\)$'
	make_bundle first "$(shared one network uts)" "sh('hostname; ip -o -4 addr show eth0')"
	ok run --bundle "$bundle" "$id"
	says "$output" $'^first\n.*inet 10.78.0.1/24'
	# Of another's no more than is asked for.
	in_zone blue ipc "$(shared beside uts)" "sh('hostname; ls /sys/class/net')"
	ok run --bundle "$bundle" "$id"
	equal "$output" $'second\nlo'
	equal "$(domains)" 1

	in_zone green other "$(shared two network)" "$LIVE"
	refuses 'annotations\.org\.xenrun\.zone: "green", but the network namespace is in the zone of container .*one' create --bundle "$bundle" "$id"
	in_zone blue mixed "$(shared one network)" "$(shared two uts)" "$LIVE"
	refuses 'linux\.namespaces\[3\]\.path: .* is not that of container' create --bundle "$bundle" "$id"
	make_bundle unnamed "$LIVE"
	ok run --detach --bundle "$bundle" "$id"
	equal "$(domains)" 2
	in_zone blue foreign "$(shared unnamed network)" "$LIVE"
	refuses 'annotations\.org\.xenrun\.zone: "blue", but the network namespace is in the zone of container .*unnamed' create --bundle "$bundle" "$id"
	in_zone blue pids "$(shared unnamed pid)" "$LIVE"
	refuses 'linux\.namespaces\[0\]\.path: .* is not that of container' create --bundle "$bundle" "$id"
}

@test "two at once: one zone; other names: other zones" {
	local calls=()
	for name in one two three; do
		in_zone blue $name "sh('echo up; exec sleep 1000')"
		LIMIT=240 x run --detach --bundle "$bundle" "$id" &
		calls+=($!)
	done
	in_zone green four "sh('echo up; exec sleep 1000')"
	x run --detach --bundle "$bundle" "$id"
	wait "${calls[@]}"
	for name in one two three four; do
		within 20 grep -q up "$BATS_TEST_TMPDIR/$name.out"
		equal "$(<"$BATS_TEST_TMPDIR/$name.err")" ''
		status_is "${PREFIX}$name" running
	done
	equal "$(domains)" 2
	equal "$(grep -l '"zone": *"' "$STATES"/*/state.json | wc -l)" 2
	make_bundle five "sh('echo up; exec sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	equal "$(domains)" 3
}

@test "values that are no names; a user namespace; who is killed leaves nothing" {
	for value in '' 'a b' ../x 'a/b' 'ü' "$(printf 'a%.0s' {1..256})"; do
		in_zone "$value" bad "$LIVE"
		refuses 'annotations\.org\.xenrun\.zone: ".*" is not 1 to 255 letters, digits and characters of' create --bundle "$bundle" "$id"
	done
	equal "$(domains)" 0
	in_zone "$(printf 'a%.0s' {1..255})" long "sh('exit 3')"
	x run --bundle "$bundle" "$id"
	equal "$status" 3
	in_zone blue host 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]'
	refuses "a zone cannot share the host's network" create --bundle "$bundle" "$id"

	cable one 10.79.0.1
	cable two 10.79.0.2
	up blue one "$(connected one)" "$LIVE"
	in_zone blue user 'c["linux"]["namespaces"].append({"type": "user"})' \
		'c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]'
	refuses 'user namespace in a zone that is shared' create --bundle "$bundle" "$id"
	for victims in standin monitor 'monitor keeper'; do
		up blue "${victims// /-}" "$(connected two)" "$LIVE"
		says "$(devices one vif)" '^0 '
		pids=()
		for victim in $victims; do
			pids+=("$(process "$victim")")
		done
		kill -KILL "${pids[@]}"
		within 20 status_is "$id" stopped
		ok delete --force "$id"
		equal "$(devices one vif)" 0
		equal "$(tc -n "$NET-two" qdisc show | grep ingress)" ""
		equal "$(ip -n "$NET-two" -o link | grep vif)" ""
	done
	# The guest does not answer when its interface goes.
	up blue silent "$(connected two)" "$LIVE"
	ok pause "${PREFIX}one"
	ok delete --force "$id"
	equal "$(devices one vif)" 0
	equal "$(ip -n "$NET-two" -o link | grep vif)" ""
	ok resume "${PREFIX}one"
	up blue next "$(connected two)" "$LIVE"
	ok exec "$id" ping -c 1 -W 5 10.79.0.1
}

@test "a zone that was made again under the ID of one that a member had: that member's delete leaves it alone" {
	up blue one "$LIVE"
	up blue left "$LIVE"
	kill -KILL "$(process monitor)" "$(process keeper)"
	within 20 status_is "$id" stopped
	ok delete --force "${PREFIX}one"
	up blue one "$LIVE"
	up blue two "$LIVE"
	for one in "${PREFIX}left" "$id"; do
		grep -q '"member": *1,' "$STATES/$one/state.json"
	done
	ok delete "${PREFIX}left"
	sleep 2
	status_is "$id" running
	ok exec "$id" true
	equal "$(domains)" 1
}

@test "a member's monitor is killed while it joins: what it had of the zone goes" {
	cable one 10.81.0.1
	cable two 10.81.0.2
	up blue one "$(connected one)" "$LIVE"
	before=$(megabytes)
	owner=$(process monitor)
	kill -STOP "$owner"
	in_zone blue late "$(connected two)" "$LIVE"
	timeout 120 xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>"$bundle.err" 3>&- &
	caller=$!
	within 60 eval '[ "$(devices one vif)" = "0 16" ]'
	monitor=$(process monitor)
	# Where the record does not have it yet, that is 0: whoever runs this.
	[ "$monitor" != 0 ] || { kill -CONT "$owner"; return 1; }
	kill -KILL "$monitor"
	kill -CONT "$owner"
	status=0
	wait "$caller" || status=$?
	[ "$status" != 0 ]
	refuses 'does not exist' state "$id"
	equal "$(devices one vif)" 0
	equal "$(ip -n "$NET-two" -o link | grep vif)" ""
	within 30 eval '[ "$(megabytes)" -le $((before + 2)) ]'
	ok exec "${PREFIX}one" true
}

@test "PVH" {
	cable one 10.80.0.1
	cable two 10.80.0.2
	pvh='c["annotations"]["org.xenrun.type"] = "pvh"'
	up blue one "$pvh" "$(connected one)" "$LIVE"
	# The zone's type is its owner's.
	up blue two "$(connected two)" "$LIVE"
	equal "$(domains)" 1
	ok exec "${PREFIX}two" ping -c 2 -W 5 10.80.0.1
	ok kill "${PREFIX}two" TERM
	within 20 status_is "${PREFIX}two" stopped
	equal "$(devices one vif)" 0
	ok exec "${PREFIX}one" true
}
