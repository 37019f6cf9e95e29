#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's network namespace reaches the guest, as Podman's netavark, or anybody by hand, left it.
# shellcheck disable=SC2154 # make_bundle, x and run set bundle, id, output
load lib

# Of the namespaces and cables that are made by hand.
NET=t-net

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	export CONTAINERS_CONF=$BATS_FILE_TMPDIR/containers.conf
	cat >"$CONTAINERS_CONF" <<-'CONF'
		[containers]
		log_driver = "k8s-file"
		[network]
		network_backend = "netavark"
		[engine]
		runtime = "xenrun"
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		runtime_supports_json = ["crun", "xenrun"]
		[engine.runtimes]
		xenrun = ["/usr/local/sbin/xenrun"]
	CONF
	busybox httpd -f -p 8000 -h "$ROOTS/busybox" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/httpd"
	# What netavark leaves behind with another runtime it leaves with this one.
	podman --runtime crun run --rm -p 8081:80 --rootfs "$ROOTS/busybox" true 3>&-
	remember
	host_network >"$BATS_FILE_TMPDIR/host_network"
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

# Links, filters and rules of the host: what a container may leave behind.
host_network() {
	ip -o link | awk '{ print "link", $2 }' | sed 's/@.*//; s/:$//'
	ip netns list | awk '{ print "netns", $1 }'
	iptables-save | sed '/^#/d; s/^\(:.*\) \[.*/\1/' | sort
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

fetch() { # URL: the size and sum of the root's busybox
	busybox wget -T 20 -q -O - "$1/bin/busybox" | md5sum
}
SUM() { md5sum <"$ROOTS/busybox/bin/busybox"; }

@test "podman: no network is the loopback alone; the host's is refused" {
	equal "$(podman run --rm --network none --rootfs "$ROOTS/busybox" sh -c 'ls /sys/class/net; ping -c 1 -W 5 127.0.0.1 >/dev/null && echo up')" $'lo\nup'
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
