#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's network namespace reaches the guest, as Podman's netavark, or anybody by hand, left it.
# shellcheck disable=SC2154 # make_bundle, x and run set bundle, id, output
load lib

# Of the namespaces and cables that are made by hand.
NET=t-net

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	podman_settings
	busybox httpd -f -p 8000 -h "$ROOTS/busybox" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/httpd"
	# What netavark leaves behind with another runtime it leaves with this one.
	podman --runtime crun run --rm -p 8081:80 --rootfs "$ROOTS/busybox" true 3>&-
	remember
	host_network >"$BATS_FILE_TMPDIR/host_network"
	# There is something to compare.
	grep -qi netavark "$BATS_FILE_TMPDIR/host_network"
}
teardown_file() { kill "$(<"$BATS_FILE_TMPDIR/httpd")"; }
teardown() {
	podman rm --all --force --time 0 >/dev/null 2>&1 || true
	delete_all
	local ns
	for ns in $(ip netns list | awk -v prefix="^$NET" '$1 ~ prefix { print $1 }'); do
		ip netns del "$ns"
	done
}

ping() { busybox ping "$@"; }
# Podman 5 does not give the capability that busybox's ping wants.
PING=--cap-add=NET_RAW

# What a tool says of packet filters; netavark's are in the tables of the one or of the other.
filters() { # COMMAND...
	if command -v "$1" >/dev/null; then "$@"; fi
}
# Links, filters and rules of the host: what a container may leave behind.
host_network() {
	ip -o link | awk '{ print "link", $2 }' | sed 's/@.*//; s/:$//'
	ip netns list | awk '{ print "netns", $1 }'
	filters iptables-save | sed '/^#/d; s/^\(:.*\) \[.*/\1/' | sort
	filters nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/' | sort
	ls /sys/bus/xen-backend/devices
}
network_as_before() {
	host_network | diff "$BATS_FILE_TMPDIR/host_network" - >"$BATS_FILE_TMPDIR/network_new"
}
assert_network_left_alone() {
	assert_nothing_left 20
	within 20 network_as_before || { cat "$BATS_FILE_TMPDIR/network_new"; return 1; }
}

# A network namespace by hand, its eth0 (or other name) the end of a cable to the host's $NET-NAME.
cable() { # NAMESPACE NAME [INTERFACE]
	[ -e "/run/netns/$NET-$1" ] || ip netns add "$NET-$1"
	ip link add "$NET-$2" type veth peer name "${3:-eth0}" netns "$NET-$1"
	ip link set "$NET-$2" up
	ip -n "$NET-$1" link set "${3:-eth0}" up
}
# make_bundle's container in that namespace.
in_namespace() { # NAMESPACE NAME [STATEMENTS]
	make_bundle "$2" "next(n for n in c['linux']['namespaces'] if n['type'] == 'network')['path'] = '/run/netns/$NET-$1'" "${@:3}"
}

# What busybox's `ip addr; ip route; ip -6 route` say, without what differs from kernel to kernel.
normal() {
	sed -nE 's/^[0-9]+: ([^:@]+)[^:]*: <[^>]*> mtu ([0-9]+).*/\1 mtu \2/p
		s/^ +(link\/ether [0-9a-f:]+).*/\1/p
		s/^ +(inet6? [^ ]+( brd [^ ]+)?( peer [^ ]+)? scope [a-z]+).*/\1/p
		/ dev /s/ *$//p' | grep -vE 'ff00::/8|dev (lo|vif)'
}
# shellcheck disable=SC2016 # a shell is to run it
LOOK='for i in $(ls /sys/class/net | grep -E "^(eth|net)"); do ip addr show dev $i; done; ip route | sort; ip -6 route | sort'
# The same of the host's namespace of that pid.
namespace_of() { # PID
	nsenter --net="/proc/$1/ns/net" unshare --mount sh -c "mount -t sysfs sys /sys; ip() { busybox ip \"\$@\"; }; $LOOK" | normal
}
inspect() { podman inspect --format "$2" "$1"; }

# The sum of the busybox that a container serves. Not by wget: Debian's static one dies as it looks up "http".
SIZE=$(stat -c %s "$ROOTS/busybox/bin/busybox")
SUM=$(md5sum <"$ROOTS/busybox/bin/busybox")
FETCH="fetch() { printf 'GET /bin/busybox HTTP/1.0\r\n\r\n' | busybox nc -w 60 \$1 \$2 | tail -c $SIZE | md5sum; }"
eval "$FETCH"

@test "podman: no network is the loopback alone; the host's is refused" {
	equal "$(podman run --rm "$PING" --network none --rootfs "$ROOTS/busybox" sh -c 'ls /sys/class/net; ping -c 1 -W 5 127.0.0.1 >/dev/null && echo up')" $'lo\nup'
	run ! podman run --rm --network host --rootfs "$ROOTS/busybox" true
	says "$output" "a zone cannot share the host's network.*--network=bridge.*--network=none"
	make_bundle host 'c["linux"]["namespaces"][4]["path"] = "/proc/1/ns/net"'
	refuses "linux\.namespaces\[4\]\.path: /proc/1/ns/net: a zone cannot share the host's network" create --bundle "$bundle" "$id"
	assert_network_left_alone
}

@test "what a zone cannot have is refused; who dies leaves nothing" {
	cable odd odd
	ip -n "$NET-odd" tuntap add dev tun0 mode tun
	ip -n "$NET-odd" link set tun0 up
	in_namespace odd odd
	refuses "network namespace: tun0: a zone's interfaces are Ethernet, and this one is not" create --bundle "$bundle" "$id"
	ip -n "$NET-odd" link del tun0
	ip -n "$NET-odd" route add 10.75.0.0/16 nexthop dev eth0 nexthop dev eth0 weight 2
	refuses 'network namespace: route to 10\.75\.0\.0/16: has several next hops' create --bundle "$bundle" "$id"
	ip -n "$NET-odd" route del 10.75.0.0/16
	ip -n "$NET-odd" addr add 10.75.0.2/24 dev eth0
	ip addr add 10.75.0.1/24 dev "$NET-odd"

	for victims in monitor 'monitor keeper'; do
		in_namespace odd "${victims%% *}-${#victims}" 'sh("sleep 1000")'
		ok run --detach --bundle "$bundle" "$id"
		ping -c 1 -W 5 10.75.0.2
		pids=()
		for victim in $victims; do
			pids+=("$(sed -n "/\"$victim\":/,/\]/p" "$STATES/$id/state.json" | grep -o '[0-9]\+' | head -n 1)")
		done
		kill -KILL "${pids[@]}"
		within 10 status_is "$id" stopped
		ok delete --force "$id"
		equal "$(tc -n "$NET-odd" qdisc show | grep ingress)" ""
	done
	ip netns del "$NET-odd"
	assert_network_left_alone
}

@test "Debian's kernel: its netfront is a module" {
	cable module module
	ip -n "$NET-module" addr add 10.76.0.2/24 dev eth0
	ip addr add 10.76.0.1/24 dev "$NET-module"
	in_namespace module module "c['vm'] = {'kernel': {'path': '/boot/vmlinuz-$(uname -r)'}}; sh('ping -c 1 -W 5 10.76.0.1')"
	ok run --bundle "$bundle" "$id"
	ip netns del "$NET-module"
	assert_network_left_alone
}

@test "podman: a bridge, both ways, a published port; the guest answers, not the host" {
	podman run -d --name a "$PING" -p 8080:80 --rootfs "$ROOTS/busybox" httpd -f -p 80 -h / 3>&-
	address=$(inspect a '{{.NetworkSettings.IPAddress}}') gateway=$(inspect a '{{.NetworkSettings.Gateway}}')
	guest=$(podman exec a sh -c "$LOOK" | normal)
	says "$guest" "link/ether $(inspect a '{{.NetworkSettings.MacAddress}}')"
	says "$guest" "inet $address/16"
	says "$guest" "default via $gateway"
	equal "$guest" "$(namespace_of "$(inspect a '{{.State.Pid}}')")"
	ping -c 2 -W 5 "$address"
	podman exec a ping -c 2 -W 5 "$gateway"
	# Segments and checksums that one kernel leaves to another, both ways.
	equal "$(fetch "$address" 80)" "$SUM"
	equal "$(podman exec a sh -c "$FETCH; fetch $gateway 8000")" "$SUM"
	equal "$(fetch "$gateway" 8080)" "$SUM"
	equal "$(fetch "127.0.0.1" 8080)" "$SUM"
	podman pause a
	run ! ping -c 1 -W 2 "$address"
	ip neigh flush dev podman0
	run ! ping -c 1 -W 2 "$address"
	podman unpause a
	ping -c 1 -W 5 "$address"
	podman rm -f -t 0 a
	assert_network_left_alone
}

@test "podman: two networks at once, IPv6, names of others" {
	podman network create --ipv6 --subnet 10.61.0.0/24 --subnet fd61::/64 -o mtu=1400 one
	podman network create --subnet 10.62.0.0/24 two
	podman run -d --name a --network one,two --rootfs "$ROOTS/busybox" httpd -f -p 80 -h / 3>&-
	podman run -d --name b "$PING" --network one --rootfs "$ROOTS/busybox" sleep 1000 3>&-
	guest=$(podman exec a sh -c "$LOOK" | normal)
	equal "$guest" "$(namespace_of "$(inspect a '{{.State.Pid}}')")"
	says "$guest" 'eth[01] mtu 1400'
	for network in one two; do
		says "$guest" "$(inspect a "{{(index .NetworkSettings.Networks \"$network\").MacAddress}}")"
		says "$guest" "inet $(inspect a "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}")/24"
	done
	v6=$(inspect a '{{(index .NetworkSettings.Networks "one").GlobalIPv6Address}}')
	v4=$(inspect a '{{(index .NetworkSettings.Networks "one").IPAddress}}')
	says "$guest" "inet6 $v6/64 scope global"
	says "$(podman exec b nslookup a)" "$v4"
	equal "$(podman exec b sh -c "$FETCH; fetch $v4 80")" "$SUM"
	equal "$(podman exec b sh -c "$FETCH; fetch $v6 80")" "$SUM"
	podman exec b ping -6 -c 1 -W 5 "$v6"
	equal "$(fetch "$v6" 80)" "$SUM"
	ping -c 1 -W 5 "$(inspect a '{{(index .NetworkSettings.Networks "two").IPAddress}}')"
	podman rm -f -t 0 a b
	podman network rm one two
	assert_network_left_alone
}

@test "by hand: names, MTUs, a link that is down, peers, routes of all kinds; who comes into it comes into the zone" {
	cable all first net7
	cable all second eth0
	ip link add "$NET-macvlan" link "$NET-second" type macvlan mode bridge
	ip link set "$NET-macvlan" netns "$NET-all" name eth5
	ns=(ip -n "$NET-all")
	ip link set "$NET-first" mtu 9000
	"${ns[@]}" link set net7 mtu 9000 address 02:00:00:00:00:07
	"${ns[@]}" addr add 10.71.0.2/24 brd + dev net7
	"${ns[@]}" addr add 10.71.0.3/24 dev net7
	"${ns[@]}" addr add 10.72.0.2 peer 10.72.0.1/32 dev eth0
	"${ns[@]}" addr add fd71::2/64 dev net7 nodad
	"${ns[@]}" addr add 10.73.0.1/32 dev lo
	"${ns[@]}" route add default via 10.71.0.1 metric 50 mtu 1200
	"${ns[@]}" route add 10.80.0.0/16 via 192.0.2.1 dev net7 onlink src 10.71.0.3
	"${ns[@]}" route add blackhole 10.81.0.0/16
	"${ns[@]}" route add 10.82.0.0/16 via inet6 fd71::9 dev net7
	"${ns[@]}" -6 route add default via fd71::1 metric 7
	ip addr add 10.71.0.1/24 dev "$NET-first"
	ip addr add fd71::1/64 dev "$NET-first" nodad
	in_namespace all all "sh('''$LOOK; ip addr show dev lo; echo looked; exec httpd -f -p 80 -h /''')"
	ok run --detach --bundle "$bundle" "$id"
	within 10 grep -q looked "$bundle.out"
	sed '/ lo: /,$d' "$bundle.out" | normal >"$bundle.guest"
	equal "$(<"$bundle.guest")" "$(namespace_of "$(state "$id" pid)")"
	says "$(<"$bundle.guest")" 'net7 mtu 9000'
	says "$(<"$bundle.guest")" 'link/ether 02:00:00:00:00:07'
	says "$(<"$bundle.guest")" 'eth5 mtu 1500'
	says "$(<"$bundle.out")" 'eth5: <BROADCAST,MULTICAST> '
	says "$(<"$bundle.out")" 'inet 10.73.0.1/32 scope global lo'
	ping -c 1 -W 5 -s 8000 10.71.0.2
	equal "$(fetch 10.71.0.3 80)" "$SUM"
	equal "$(fetch "fd71::2" 80)" "$SUM"
	first=$id
	in_namespace all other "sh('ls /sys/class/net')"
	ok run --bundle "$bundle" "$id"
	says "$output" net7
	ping -c 1 -W 5 10.71.0.2
	ok delete --force "$first"
	equal "$(tc -n "$NET-all" qdisc show | grep ingress)" ""
	equal "$(ip -n "$NET-all" -o link | grep vif)" ""
	ip netns del "$NET-all"
	assert_network_left_alone
}

@test "filled after create; by a hook; in a user namespace" {
	cable late late
	ip addr add 10.74.0.1/24 dev "$NET-late"
	make_bundle late "sh('''$LOOK; echo looked; sleep 1000''')"
	ok create --bundle "$bundle" "$id"
	pid=$(state "$id" pid)
	ip -n "$NET-late" link set eth0 netns "$pid"
	nsenter --net="/proc/$pid/ns/net" sh -c 'ip link set eth0 up; ip addr add 10.74.0.2/24 dev eth0'
	ok start "$id"
	within 10 grep -q looked "$bundle.out"
	says "$(<"$bundle.out")" 'inet 10.74.0.2/24'
	equal "$(normal <"$bundle.out")" "$(namespace_of "$pid")"
	ping -c 1 -W 5 10.74.0.2
	ok delete --force "$id"

	cable late late
	ip addr add 10.74.0.1/24 dev "$NET-late"
	cat >"$BATS_TEST_TMPDIR/hook" <<-HOOK
		#!/bin/sh
		pid=\$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p')
		ip -n $NET-late link set eth0 netns \$pid
		nsenter --net=/proc/\$pid/ns/net sh -c 'ip link set eth0 up; ip addr add 10.74.0.2/24 dev eth0'
	HOOK
	chmod +x "$BATS_TEST_TMPDIR/hook"
	cp -a "$ROOTS/busybox" "$BATS_TEST_TMPDIR/mapped"
	chown 100000:100000 "$BATS_TEST_TMPDIR/mapped"
	root=$BATS_TEST_TMPDIR/mapped make_bundle hooked "
c['hooks'] = {'prestart': [{'path': '$BATS_TEST_TMPDIR/hook', 'env': ['PATH=/usr/sbin:/usr/bin:/sbin:/bin']}]}
c['linux']['namespaces'].append({'type': 'user'})
c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
sh('''ping -c 1 -W 5 10.74.0.1 && ip link set eth0 mtu 1300 && ip addr''')"
	ok run --bundle "$bundle" "$id"
	says "$output" 'inet 10.74.0.2/24'
	says "$output" 'eth0: .* mtu 1300'
	ip netns del "$NET-late"
	assert_network_left_alone
}
