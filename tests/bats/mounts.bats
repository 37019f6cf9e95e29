#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json's mounts with all their options, user and time namespaces: as the container and the host see them.
# shellcheck disable=SC2016 # Python between single quotes, with a shell in it
load lib

teardown() {
	delete_all
	umount "$BATS_TEST_TMPDIR"/volume/host "$BATS_TEST_TMPDIR"/volume "$BATS_TEST_TMPDIR"/root/{opt,mnt} \
		"$BATS_TEST_TMPDIR"/root 2>/dev/null || true
}

# A line of mountinfo: what is mounted there, its options, then type and source.
mounted() { # TARGET PATTERN
	line=$(grep -E "^([^ ]+ ){4}$1 " <<<"$output" | tail -n 1)
	says "$line" "^([^ ]+ ){4}$1 $2"
}

# A file system that can map owners, as the folder `volume`.
ext4_volume() {
	modprobe loop
	mkdir volume
	truncate -s 16M image
	mkfs.ext4 -q image
	mount -o loop image volume
}

@test "options of binds and file systems come out in the container's mountinfo, in the order of the config" {
	own_root busybox
	cd "$BATS_TEST_TMPDIR"
	mkdir -p volume/inner other
	echo file >single
	run_zone options "base = '$BATS_TEST_TMPDIR'"'
c["mounts"] += [
    {"destination": "/volume", "type": "bind", "source": base + "/volume", "options": ["rbind", "ro", "nosuid", "nodev", "noexec", "noatime"]},
    {"destination": "/volume/inner", "type": "bind", "source": base + "/other", "options": ["bind", "rw", "nodiratime"]},
    {"destination": "/etc/single", "source": base + "/single", "options": ["bind", "nosymfollow", "mode=755", "size=1k"]},
    {"destination": "/t", "type": "tmpfs", "source": "own", "options": ["nosuid", "strictatime", "size=1m", "mode=711"]},
    {"destination": "/shared", "type": "tmpfs", "source": "s", "options": ["rslave", "shared"]},
    {"destination": "/unbindable", "type": "tmpfs", "source": "u", "options": ["runbindable"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "memory"]},
    {"destination": "/t", "options": ["remount", "bind", "noexec"]},
]
sh("cat /proc/self/mountinfo; touch /volume/inner/made; touch /volume/no; stat -c %a /t")'
	says "$errors" '/volume/no: Read-only file system'
	says "$errors" 'a bind mount has no option "mode=755": it is left out'
	mounted /volume 'ro,nosuid,nodev,noexec,noatime - 9p volumes '
	mounted /volume/inner 'rw,nodiratime,relatime - 9p volumes '
	mounted /etc/single 'rw,relatime,nosymfollow - 9p volumes '
	mounted /t 'rw,noexec(,relatime)? - tmpfs own .*size=1024k,mode=711'
	mounted /shared 'rw,relatime shared:[0-9]+ - tmpfs s '
	mounted /unbindable 'rw,relatime unbindable - tmpfs u '
	mounted /sys/fs/cgroup 'ro,nosuid,relatime - cgroup2 cgroup '
	equal "$(awk 'NF > 8 { print $5 }' <<<"$output" | tail -n 7 | paste -sd ' ')" \
		"/volume /volume/inner /etc/single /t /shared /unbindable /sys/fs/cgroup"
	equal "$(tail -n 1 <<<"$output")" 711
	[ -e other/made ]
	[ ! -e volume/no ]
}

@test "a root that folds case: names that its list does not have are found, after others that are not there" {
	modprobe loop
	cd "$BATS_TEST_TMPDIR"
	mkdir root
	truncate -s 32M image
	mkfs.ext4 -q -O casefold -E encoding=utf8 image
	mount -o loop image root
	tar -C root -xpf "$ROOTS/busybox.tar"
	root=$BATS_TEST_TMPDIR/root
	mkdir "$root/folds"
	chattr +F "$root/folds"
	touch "$root"/folds/Name-{1..9}
	run_zone folds 'sh("""cd /folds
for n in 1 2 3 4 5 6; do [ ! -e none-$n ]; done
echo $(ls)
for n in 1 2 3 4 5 6 7 8 9; do [ -e NAME-$n ] && [ -e name-$n ] && echo found; done""")'
	equal "$errors" ""
	equal "$(head -n 1 <<<"$output")" "Name-1 Name-2 Name-3 Name-4 Name-5 Name-6 Name-7 Name-8 Name-9"
	equal "$(grep -c found <<<"$output")" 9
}

@test "rro: nothing below may be written, of the host's mounts and of the container's" {
	own_root busybox
	mkdir -p "$BATS_TEST_TMPDIR"/volume/{host,guest}
	mount -t tmpfs test "$BATS_TEST_TMPDIR/volume/host"
	run_zone rro "base = '$BATS_TEST_TMPDIR'"'
c["mounts"] += [
    {"destination": "/plain", "type": "bind", "source": base + "/volume", "options": ["bind"]},
    {"destination": "/volume", "type": "bind", "source": base + "/volume", "options": ["rbind", "rro"]},
    {"destination": "/w", "type": "tmpfs", "source": "w"},
    {"destination": "/w/inner", "type": "tmpfs", "source": "i"},
    {"destination": "/w", "options": ["remount", "bind", "rro", "rnosuid", "rnoatime"]},
]
sh("cat /proc/self/mountinfo; for f in /volume /volume/host /volume/guest /w /w/inner /plain/host; do touch $f/f && echo wrote $f; done; true")'
	mounted /volume 'ro,relatime - 9p '
	mounted /w 'ro,nosuid,noatime - tmpfs w '
	mounted /w/inner 'ro,nosuid,noatime - tmpfs i '
	# What is mounted below a source is there with rbind only: here it is the folder beneath.
	equal "$(grep ^wrote <<<"$output")" 'wrote /plain/host'
	[ ! -e "$BATS_TEST_TMPDIR/volume/host/f" ]
	umount "$BATS_TEST_TMPDIR/volume/host"
	[ -e "$BATS_TEST_TMPDIR/volume/host/f" ]
}

@test "tmpcopyup: a tmpfs begins with what the image has there" {
	own_root busybox
	mkdir "$root/full"
	echo text >"$root/full/file"
	chown 3:4 "$root/full/file"
	chmod 640 "$root/full/file"
	ln -s file "$root/full/link"
	run_zone copyup '
c["mounts"].append({"destination": "/full", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "size=1m"]})
sh("cat /proc/self/mountinfo; cd /full; stat -c \"%a %u %g\" file; cat link; echo new >new")'
	mounted /full 'rw,relatime - tmpfs tmpfs '
	equal "$(tail -n 2 <<<"$output")" $'640 3 4\ntext'
	[ ! -e "$root/full/new" ]
}

@test "/dev/null as a source is the guest's own" {
	run_zone devices '
c["mounts"] += [{"destination": "/etc/hidden", "type": "bind", "source": "/dev/null", "options": ["bind", "ro"]},
    {"destination": "/run/zeroes", "type": "bind", "source": "/dev/zero", "options": ["bind"]}]
sh("wc -c </etc/hidden; head -c 3 /run/zeroes | od -An -tx1; stat -c %t:%T /etc/hidden")'
	equal "$output" $'0\n 00 00 00\n1:3'
	equal "$errors" ""
}

@test "a destination that is a symlink out of the root stays in it" {
	own_root busybox
	ln -s "../../../../../..$BATS_TEST_TMPDIR/outside" "$root/escape"
	mkdir "$BATS_TEST_TMPDIR/volume"
	run_zone escape "base = '$BATS_TEST_TMPDIR'"'
c["mounts"] += [{"destination": "/escape/in", "type": "tmpfs", "source": "t"},
    {"destination": "/../../escape/volume", "type": "bind", "source": base + "/volume", "options": ["bind"]}]
sh("echo there >/escape/volume/file; cat /proc/self/mountinfo")'
	equal "$status" 0
	mounted "$BATS_TEST_TMPDIR/outside/in" 'rw,relatime - tmpfs t '
	[ ! -e "$BATS_TEST_TMPDIR/outside" ]
	[ -d "$root$BATS_TEST_TMPDIR/outside/in" ]
	equal "$(<"$BATS_TEST_TMPDIR/volume/file")" there
}

@test "an overlay of the host's folders" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p lower upper work
	echo lower >lower/file
	run_zone overlay "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/mnt", "type": "overlay", "source": "overlay", "options":
    ["lowerdir=" + base + "/lower", "upperdir=" + base + "/upper", "workdir=" + base + "/work"]})
sh("cat /mnt/file; echo upper >/mnt/file; echo new >/mnt/new; cat /mnt/file")'
	equal "$errors" ""
	equal "$output" $'lower\nupper'
	equal "$(<lower/file) $(<upper/file) $(<upper/new)" "lower upper new"
	run_zone nooverlay 'c["mounts"].append({"destination": "/mnt", "type": "overlay", "options": ["lowerdir=/nowhere"]})'
	says "$errors" 'mounts\[6\]\.options: overlay: lowerdir=/nowhere: '
}

@test "rootfsPropagation" {
	for value in shared slave private unbindable rshared rslave rprivate runbindable; do
		run_zone "$value" "
c['linux']['rootfsPropagation'] = '$value'
c['linux']['maskedPaths'] = ['/etc/passwd', '/sys/kernel']
c['linux']['readonlyPaths'] = ['/proc/sys']
sh('cat /proc/self/mountinfo')"
		equal "$status" 0
		case $value in
		*shared) mounted / 'rw,relatime shared:[0-9]+ - 9p rootfs ' ;;
		*unbindable) mounted / 'rw,relatime unbindable - 9p rootfs ' ;;
		*) mounted / 'rw,relatime - 9p rootfs ' ;;
		esac
		case $value in
		rshared) mounted /dev '[^ ]* shared:' ;;
		runbindable) mounted /dev '[^ ]* unbindable ' ;;
		*) mounted /dev '[^ ]* - tmpfs ' ;;
		esac
	done
}

users='
c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 1000, "hostID": 5000, "size": 1}]
c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 1000}]
'

@test "a user namespace: root inside is nobody special outside, and owns what it makes" {
	own_root busybox
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo secret >"$root/opt/secret"
	chown -R 100000:200000 "$root" "$BATS_TEST_TMPDIR/volume"
	chown 0:0 "$root/opt/secret"
	chmod 600 "$root/opt/secret"
	run_zone users "$users""base = '$BATS_TEST_TMPDIR'"'
caps = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_MKNOD"]
p["capabilities"] = {"bounding": caps, "permitted": caps, "effective": caps}
p["oomScoreAdj"] = -500
p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1000, "hard": 1000000}]
c["linux"]["sysctl"] = {"net.ipv4.ping_group_range": "0 5", "kernel.msgmax": "4321"}
c["linux"]["maskedPaths"] = ["/proc/version"]
c["linux"]["readonlyPaths"] = ["/proc/sys"]
c["mounts"] += [{"destination": "/volume", "type": "bind", "source": base + "/volume", "options": ["rbind", "nosuid"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "ro"]}]
sh("""
cat /proc/self/uid_map /proc/self/gid_map | tr -s " "
id -u; id -g
stat -c "%u %g" /opt /opt/secret
touch /opt/made /volume/made
touch /opt/given && chown 5:6 /opt/given
touch /opt/unmapped && chown 4000:0 /opt/unmapped 2>/dev/null || echo unmapped
cat /opt/secret 2>/dev/null || echo denied
mknod /opt/node c 1 3 2>/dev/null || echo no node
echo null >/dev/null && head -c 1 /dev/zero | wc -c
ls -dn /dev/pts /dev/mqueue | tr -s " " | cut -d " " -f 3,4
mount -t tmpfs t /mnt && echo mounted
cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn
cat /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/msgmax
wc -c </proc/version
hostname
echo streams >/dev/stdout
echo streams >/dev/stderr
cat /proc/self/mountinfo
""")'
	says "$output" '^ 0 100000 1000
 1000 5000 1
 0 200000 1000
0
0
0 0
65534 65534
unmapped
denied
no node
1
0 0
0 0
mounted
-500
1000
1000000
0	5
4321
0
zone
streams'
	equal "$errors" streams
	mounted /dev/pts '.* - devpts devpts '
	mounted /sys 'ro,nosuid,nodev,noexec,relatime - sysfs sysfs '
	mounted /sys/fs/cgroup 'ro,nosuid,relatime - cgroup2 cgroup '
	equal "$(stat -c %u:%g "$root/opt/made")" 100000:200000
	equal "$(stat -c %u:%g "$root/opt/given")" 100005:200006
	equal "$(stat -c %u:%g "$BATS_TEST_TMPDIR/volume/made")" 100000:200000
}

@test "a user namespace: another user of it" {
	own_root busybox
	chown -R 100000:200000 "$root"
	mkdir "$root/home/user"
	chown 5000:200007 "$root/home/user"
	run_zone user "$users"'
p["user"] = {"uid": 1000, "gid": 7}
sh("id -u; id -g; touch /home/user/made; touch /opt/made 2>/dev/null || echo denied; echo out >/dev/stdout")'
	equal "$output" $'1000\n7\ndenied\nout'
	equal "$(stat -c %u:%g "$root/home/user/made")" 5000:200007
	run_zone nobody "$users"'p["user"] = {"uid": 2000, "gid": 7}'
	says "$errors" 'process\.user: Invalid argument'
	run_zone nogroup "$users"'c["linux"]["gidMappings"][0]["size"] = 5'
	says "$errors" 'mounts\[2\]: /dev/pts: Invalid argument'
	# Who looks from the host finds one.
	make_bundle seen "$users"'sh("exec sleep 1000")'
	ok run --detach --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	[ "$(readlink "/proc/$(<"$bundle/pid")/ns/user")" != "$(readlink /proc/self/ns/user)" ]
	ok exec "$id" /bin/sh -c 'chown 5:6 /home && touch /opt/by-exec'
	equal "$(stat -c %u:%g "$root/home")" 100005:200006
	equal "$(stat -c %u:%g "$root/opt/by-exec")" 100000:200000
	ok delete --force "$id"
}

@test "a time namespace: the clocks are ahead" {
	run_zone clocks '
c["linux"]["namespaces"].append({"type": "time"})
c["linux"]["timeOffsets"] = {"monotonic": {"secs": 86400, "nanosecs": 5}, "boottime": {"secs": 1000000}}
sh("tr -s \" \" </proc/self/timens_offsets; cut -d . -f 1 /proc/uptime; (tr -s \" \" </proc/self/timens_offsets | head -n 1)")'
	equal "$status" 0
	says "$output" $'^monotonic 86400 5\nboottime 1000000 0\n10000[0-9][0-9]\nmonotonic 86400 5$'
	run_zone back '
c["linux"]["namespaces"].append({"type": "time"})
c["linux"]["timeOffsets"] = {"boottime": {"secs": -1000000000}}'
	says "$errors" 'linux\.timeOffsets\["boottime"\]: Numerical result out of range'
}

# A volume on a file system that can be idmapped.
@test "an idmapped bind: owners by the mount's mappings" {
	cd "$BATS_TEST_TMPDIR"
	ext4_volume
	touch volume/zero volume/other
	chown 5:6 volume/other
	run_zone idmap "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/volume", "type": "bind", "source": base + "/volume", "options": ["rbind", "idmap"],
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 3}], "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 3}]})
p["user"] = {"uid": 1000, "gid": 2000}
sh("cd /volume; stat -c \"%u %g\" zero other; echo text >zero; echo new >new; mkdir folder; stat -c \"%u %g\" new folder")'
	equal "$errors" ""
	equal "$output" $'1000 2000\n65534 65534\n1000 2000\n1000 2000'
	equal "$(stat -c %u:%g volume/new volume/folder | paste -sd ' ') $(<volume/zero)" "0:0 0:0 text"
}

@test "an idmapped bind by the container's own mappings, or of what cannot be mapped" {
	cd "$BATS_TEST_TMPDIR"
	own_root busybox
	chown -R 100000:200000 "$root"
	ext4_volume
	run_zone own "$users""base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/volume", "type": "bind", "source": base + "/volume", "options": ["bind", "idmap"]})
sh("cd /volume; stat -c \"%u %g\" .; touch new; stat -c \"%u %g\" new")'
	equal "$output" $'0 0\n0 0'
	equal "$(stat -c %u:%g volume/new)" 0:0
	run_zone cannot "$users"'
c["mounts"].append({"destination": "/volume", "type": "bind", "source": "/proc/self", "options": ["bind", "idmap"]})'
	says "$errors" 'mounts\[6\]\.options: idmap: the file system of /proc/self cannot map owners'
}

@test "a namespace by its path: the pid joins a network's; pid's and mount's are refused" {
	unshare --net sleep 60 3>&- &
	other=$!
	within 10 eval '[ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	by_path() { # TYPE PATH
		make_bundle "by-path" "next(n for n in c['linux']['namespaces'] if n['type'] == '$1')['path'] = '$2'"
	}
	by_path network "/proc/$other/ns/net"
	ok create --bundle "$bundle" "$id"
	equal "$(readlink "/proc/$(state "$id" pid)/ns/net")" "$(readlink "/proc/$other/ns/net")"
	ok delete --force "$id"
	by_path network "/proc/$other/ns/ipc"
	refuses 'linux\.namespaces\[4\]\.path: .*/ns/ipc is no network namespace' create --bundle "$bundle" "$id"
	kill $other
	by_path pid /proc/1/ns/pid
	refuses "linux\.namespaces\[0\]\.path: /proc/1/ns/pid: a zone cannot share the host's processes" create --bundle "$bundle" "$id"
	by_path mount /proc/1/ns/mnt
	refuses 'linux\.namespaces\[1\]\.path: a zone cannot join a mount namespace' create --bundle "$bundle" "$id"
}

@test "what cannot be is refused, and the property named" {
	refused() { # STATEMENTS PATTERN
		make_bundle refused "$1"
		refuses "$2" create --bundle "$bundle" "$id"
	}
	refused 'c["mounts"].append({"destination": "/m", "type": "banana", "source": "b"})' 'mounts\[6\]\.type: "banana"'
	refused 'c["mounts"].append({"destination": "/m", "source": "/tmp"})' 'mounts\[6\]\.type: missing'
	refused 'c["mounts"].append({"destination": "/m", "type": "bind", "source": "/dev/ptmx"})' 'mounts\[6\]\.source: /dev/ptmx'
	refused 'c["mounts"].append({"destination": "/m", "type": "tmpfs", "options": ["idmap"]})' 'mounts\[6\]\.options: '
	refused 'c["mounts"].append({"destination": "/m", "type": "bind", "source": "/tmp", "options": ["tmpcopyup"]})' \
		'mounts\[6\]\.options: tmpcopyup'
	refused 'c["linux"]["namespaces"].append({"type": "user", "path": "/proc/1/ns/user"})' \
		'linux\.namespaces\[5\]\.path: a zone cannot join a user namespace'
	refused 'c["linux"]["namespaces"].append({"type": "time", "path": "/proc/1/ns/time"})' \
		'linux\.namespaces\[5\]\.path: a zone cannot join a time namespace'
	refused 'c["linux"]["sysctl"] = {"vm.swappiness": "1"}' 'linux\.sysctl\.vm\.swappiness: not in a namespace'
	refused 'c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}; c["linux"]["namespaces"] = [{"type": "pid"}, {"type": "uts"}]' \
		'linux\.sysctl\.net\.ipv4\.ip_forward: needs an entry "network"'
	refused "$users"'c["linux"]["uidMappings"][0]["containerID"] = 1; c["linux"]["uidMappings"][0]["size"] = 9' 'linux\.uidMappings: '
}

@test "a bind mount is never stale: what another writes on the host is there at the next read" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo 0 >"$BATS_TEST_TMPDIR/volume/count"
	make_bundle stale "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/v", "type": "bind", "source": base + "/volume", "options": ["rbind"]})
sh("sleep 1000")'
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	for i in 1 2 3 4 5; do
		echo "$i and more of it than there was" >"$BATS_TEST_TMPDIR/volume/count"
		touch "$BATS_TEST_TMPDIR/volume/file$i"
		ok exec "$id" /bin/sh -c 'cat /v/count; ls /v | wc -l'
		equal "$output" "$i and more of it than there was"$'\n'"$((i + 1))"
		ok exec "$id" /bin/sh -c "echo in$i >/v/inside"
		equal "$(<"$BATS_TEST_TMPDIR/volume/inside")" "in$i"
		rm "$BATS_TEST_TMPDIR/volume/inside"
	done
}

# A guest that asked for each would stand still with the process that answers. What the shell does itself, a second time, asks nothing of
# the root.
@test "names and attributes of a bind mount are kept, also those that are not there, until the host changes something" {
	mkdir -p "$BATS_TEST_TMPDIR/volume/folder"
	echo text >"$BATS_TEST_TMPDIR/volume/folder/file"
	make_bundle kept "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/v", "type": "bind", "source": base + "/volume", "options": ["rbind"]})
c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
sh("""mkfifo /tmp/never
look() { [ -s /v/folder/file ] && [ ! -e /v/folder/none ] && [ ! -x /v/folder/file ]; }
open() { : </v/folder/file; }
measure() {
	read begin rest </proc/uptime
	n=0
	while [ $n -lt 100 ]; do look && open && n=$((n + 1)); done
	read end rest </proc/uptime
}
measure
read -t 1 none <>/tmp/never
echo ready
read -t 3 none <>/tmp/never
measure
echo $n ${begin%.*} ${end%.*}
while ! [ -e /v/folder/none ]; do :; done
[ -s /v/folder/none ] || echo empty
while ! [ -s /v/folder/none ]; do :; done
while ! [ -x /v/folder/none ]; do :; done
while ! [ -d /v/folder/none ]; do :; done
while [ -e /v/folder ]; do :; done
echo gone""")'
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	within 60 grep -q ready "$bundle.out"
	sleep 1
	kill -STOP "$(state "$id" pid)"
	sleep 12
	kill -CONT "$(state "$id" pid)"
	within 20 grep -q '^100 ' "$bundle.out"
	read -r _ begin end < <(grep '^100 ' "$bundle.out")
	echo "from $begin to $end"
	[ $((end - begin)) -le 6 ]

	touch "$BATS_TEST_TMPDIR/volume/folder/none"
	within 20 grep -q empty "$bundle.out"
	echo x >"$BATS_TEST_TMPDIR/volume/folder/none"
	chmod +x "$BATS_TEST_TMPDIR/volume/folder/none"
	mkdir "$BATS_TEST_TMPDIR/volume/other"
	mv -T "$BATS_TEST_TMPDIR/volume/folder/none" "$BATS_TEST_TMPDIR/volume/x"
	mv -T "$BATS_TEST_TMPDIR/volume/other" "$BATS_TEST_TMPDIR/volume/folder/none"
	mv "$BATS_TEST_TMPDIR/volume/folder" "$BATS_TEST_TMPDIR/volume/moved"
	within 20 grep -q gone "$bundle.out"
}

@test "the room of what the host deletes from a bind mount is free soon, though the guest knows of the file" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	mount -t tmpfs -o size=64m tmpfs "$BATS_TEST_TMPDIR/volume"
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/volume/large" bs=1M count=48 status=none
	make_bundle room "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/v", "type": "bind", "source": base + "/volume", "options": ["rbind"]})
sh("""cat /v/large | wc -c; stat -c %s /v/large; sleep 1000""")'
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	within 60 printed $'50331648\n50331648'
	rm "$BATS_TEST_TMPDIR/volume/large"
	within 20 eval '[ "$(stat -f -c %a "$BATS_TEST_TMPDIR/volume")" -gt 12000 ]'
	delete_all
	umount "$BATS_TEST_TMPDIR/volume"
}

@test "a file's number is the same when the zone's caches are emptied and in the next container, and no other's, of another device's neither" {
	own_root busybox
	cd "$BATS_TEST_TMPDIR"
	mkdir volume
	for at in root/opt root/mnt volume volume/host; do
		mkdir -p $at
		mount -t tmpfs test $at
		[ $at = volume/host ] || touch $at/file
	done
	touch volume/host/{first,second}
	ln volume/host/first volume/host/link
	# On this host, whose devices count for themselves, they have the same.
	equal "$(stat -c %i root/opt/file)" "$(stat -c %i root/mnt/file)"
	equal "$(stat -c %i volume/file)" "$(stat -c %i volume/host/first)"
	local of_root='/ /bin/busybox /etc/passwd /opt /opt/file /mnt /mnt/file' of_volume='/v /v/file /v/host /v/host/first /v/host/second'
	numbers() { # NAME
		run_zone "$1" "base = '$BATS_TEST_TMPDIR'
c['mounts'].append({'destination': '/v', 'type': 'bind', 'source': base + '/volume', 'options': ['rbind']})
files = '$of_root $of_volume /v/host/link'
"'
sh("""look() { stat -c "%n %i" """ + files + """ && find / -xdev >/dev/null; }
entries() { cut -f 1 /proc/sys/fs/dentry-state; }
look
before=$(entries)
echo 3 >/proc/sys/vm/drop_caches
[ $(($(entries) * 2)) -lt $before ] || echo "they are not empty: $before, $(entries)"
look""")'
		equal "$errors" ""
		equal "$(wc -l <<<"$output")" 26
		equal "$(tail -n 13 <<<"$output")" "$(head -n 13 <<<"$output")"
	}
	numbers one
	local first=$output one
	for one in "$of_root" "$of_volume"; do
		equal "$(for file in $one; do awk -v file="$file" '$1 == file { print $2; exit }' <<<"$output"; done | sort | uniq -d)" ""
	done
	equal "$(awk '$1 == "/v/host/link" { print $2; exit }' <<<"$output")" "$(awk '$1 == "/v/host/first" { print $2; exit }' <<<"$output")"
	numbers two
	equal "$output" "$first"
}

@test "a root and a bind that are read-only say so, and nothing else: EROFS" {
	own_root busybox
	mkdir "$BATS_TEST_TMPDIR/volume"
	for at in "$root/opt" "$BATS_TEST_TMPDIR/volume"; do
		echo before >"$at/file"
		mkdir "$at/folder"
	done
	run_zone erofs "c['root']['readonly'] = True
c['mounts'].append({'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['bind', 'ro']})
"'
sh("""for at in /opt /v; do
	cd $at
	echo after >file
	echo after >>file
	echo >new
	mkdir new
	mkfifo new
	ln -s file new
	ln file new
	mv file new
	rm -f file
	rmdir folder
	chmod 600 file
	chown 1:1 file
	touch file
	truncate -s 0 file
	cat file
done""")'
	equal "$output" $'before\nbefore'
	equal "$(wc -l <<<"$errors")" 28
	equal "$(grep -v ': Read-only file system$' <<<"$errors")" ""
}

@test "root that may not keep the set-user-ID bit does not, on the root and on a bind mount" {
	own_root busybox
	mkdir "$BATS_TEST_TMPDIR/volume"
	make_bundle suid "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/v", "type": "bind", "source": base + "/volume", "options": ["rbind"]})
p["capabilities"] = {}
sh("for at in / /v; do cd $at; touch kept; chmod 6755 kept; echo x >>kept; stat -c %a kept; done")'
	ok run --bundle "$bundle" "$id"
	equal "$output" $'755\n755'
	equal "$(stat -c %a "$BATS_TEST_TMPDIR/volume/kept")" 755
}

@test "binds are where podman cp looks: in the mounts of the container's pid" {
	own_root busybox
	cd "$BATS_TEST_TMPDIR"
	mkdir -p volume/below outside
	echo text >volume/file
	mkdir "$root/outside"
	ln -s /../../../outside "$root/link"
	for read_only in False True; do
		rm -rf "$root/new" volume/put
		make_bundle "seen-$read_only" "
c['root']['readonly'] = $read_only
here = '$BATS_TEST_TMPDIR'
bind = lambda at, source, *options: {'destination': at, 'type': 'bind', 'source': here + '/' + source, 'options': ['rbind', *options]}
c['mounts'] += [bind('/new/folder', 'volume'), bind('/new/file', 'volume/file', 'ro'), bind('/new/folder/below/in', 'outside'),
		bind('/link/in', 'volume'), {'destination': '/tmpfs', 'type': 'tmpfs', 'source': 'tmpfs'}, bind('/tmpfs/in', 'volume')]
sh('ls /new/folder /link/in /tmpfs/in; sleep 1000')"
		ok run --detach --bundle "$bundle" "$id"
		inside() { nsenter --mount="/proc/$(state "$id" pid)/ns/mnt" "$@"; }
		inside /bin/sh -c 'echo put >/new/folder/put; echo over >/new/file || echo refused' >said 2>&1
		says "$(<said)" '/new/file: Read-only file system'
		equal "$(<volume/put)" put
		equal "$(inside /bin/cat /link/in/file)" text
		equal "$(inside /bin/ls -A /new/folder/below)" in
		# What the zone has of its own is not there, and nothing is left in the root for it.
		[ ! -e "$root/tmpfs/in" ]
		[ -z "$(ls -A outside)" ]
		ok exec "$id" /bin/cat /new/folder/put /link/in/put /tmpfs/in/put
		equal "$output" $'put\nput\nput'
		ok delete --force "$id"
	done
}
