#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Devices": a block device of the host is given to the zone; what cannot be given is refused.
# shellcheck disable=SC2154 # make_bundle, run_zone, x and run set bundle, id, status, output, errors
load lib

setup_file() {
	modprobe loop
	modprobe dm-mod
	podman_settings
	# What Podman leaves behind with another runtime it leaves with this one.
	podman --runtime crun run --rm --network none --rootfs "$ROOTS/busybox" true 3>&-
	remember
}
teardown() {
	podman rm --all --force --time 0 >/dev/null 2>&1 || true
	delete_all
	dmsetup remove --noudevsync "$PREFIX"mapped 2>/dev/null || true
	losetup --detach-all
}
# All loop devices can be detached, so nobody has them open.
assert_disks_left_alone() {
	assert_nothing_left 20
	equal "$(ls /sys/bus/xen-backend/devices)" ""
	losetup --detach-all
	within 5 no_loops
}
no_loops() { [ -z "$(losetup --list --noheadings)" ]; }

# A file of zeroes that begins with that text, as a loop device: sets loop and image.
disk() { # NAME TEXT [OPTION...]
	image=$BATS_TEST_TMPDIR/$1.img
	truncate --size 1M "$image"
	printf '%s\n' "$2" | dd of="$image" conv=notrunc status=none
	loop=$(losetup --find --show "${@:3}" "$image")
}
number() { sed 's/.*://' "/sys/class/block/${1#/dev/}/dev"; }
major() { sed 's/:.*//' "/sys/class/block/${1#/dev/}/dev"; }

# The mapped device's.
mapped_disk() {
	local number
	number=$(dmsetup info --columns --noheadings --separator : -o major,minor "$PREFIX"mapped)
	echo "/dev/$(basename "$(readlink -f "/sys/dev/block/${number// /}")")"
}

# An entry of linux.devices of a device of the host's; a rule of linux.resources.devices, others being denied.
device() { # DEVICE PATH [PROPERTIES]
	echo "c['linux'].setdefault('devices', []).append({'type': 'b', 'major': $(major "$1"), 'minor': $(number "$1"), 'path': '$2', ${3:-}})"
}
rule() { # DEVICE ACCESS
	echo "c['linux'].setdefault('resources', {}).setdefault('devices', [{'allow': False, 'access': 'rwm'}]).append(
    {'allow': True, 'type': 'b', 'major': $(major "$1"), 'minor': $(number "$1"), 'access': '$2'})"
}
# What the file behind a disk has in its second sector.
second() { dd if="$1" bs=512 skip=1 count=1 status=none | tr -d '\0'; }
# shellcheck disable=SC2016 # a shell in the container is to run it
WRITE='write() { echo "$2" | dd of=$1 bs=512 seek=1 conv=sync,fsync 2>/dev/null; }'

# Two disks in a zone of that type.
both_ways() { # TYPE
	disk one "one of the host's"
	local first=$loop first_image=$image
	disk two "two of the host's"
	ZONE_TYPE=$1 run_zone "$1" "$(device "$first" /dev/first "'fileMode': 0o640, 'uid': 5, 'gid': 6")" \
		"$(device "$loop" /dev/folder/second)" \
		"sh('''$WRITE; stat -c '%F %a %u %g' /dev/first; head -n 1 /dev/first; head -n 1 /dev/folder/second; write /dev/first back; write /dev/folder/second again; wc -c </dev/first''')"
	equal "$errors" ""
	equal "$output" $'block special file 640 5 6\none of the host\'s\ntwo of the host\'s\n1048576'
	equal "$status" 0
	equal "$(second "$first_image")" back
	equal "$(second "$image")" again
	assert_disks_left_alone
}

@test "PV: the guest reads what the host wrote, and the other way; path, mode, owner" { both_ways pv; }
@test "PVH: the guest reads what the host wrote, and the other way; path, mode, owner" { both_ways pvh; }

@test "a distribution's kernel has its driver as a module" {
	disk module module
	run_zone module "$(device "$loop" /dev/x)" "sh('head -n 1 /dev/x')" \
		"c['vm'] = {'kernel': {'path': '/boot/vmlinuz-$(uname -r)'}}"
	equal "$errors" ""
	equal "$output" module
	assert_disks_left_alone
}

@test "device rules have the host's numbers; read only, unless a rule allows writing" {
	disk all 'read and written'
	local all=$loop
	disk read 'read only'
	local read=$loop read_image=$image
	disk none nothing
	run_zone rules "$(device "$all" /dev/all)" "$(device "$read" /dev/read)" "$(device "$loop" /dev/none)" \
		"$(rule "$all" rwm)" "$(rule "$read" r)" \
		"sh('''$WRITE; for i in all read none; do head -n 1 /dev/\$i; write /dev/\$i done && echo \$i; done; cat /sys/block/xvde*/ro; mknod /dev/own b 7 0; cat /dev/own''')"
	equal "$output" $'read and written\nall\nread only\n0\n1'
	says "$errors" "none.*: Operation not permitted"
	says "$errors" "own.*: Operation not permitted"
	equal "$(second "$read_image")" ""
	assert_disks_left_alone
}

@test "what the host cannot write is read only; a rule for all of a kind is for the disk, too" {
	disk ro 'host: read only' --read-only
	run_zone ro "$(device "$loop" /dev/x)" "$(rule "$loop" rw)" 'del c["linux"]["resources"]["devices"][1]["minor"]' \
		"sh('''$WRITE; head -n 1 /dev/x; write /dev/x done || echo no''')"
	equal "$errors" ""
	equal "$output" $'host: read only\nno'
	assert_disks_left_alone
}

@test "a partition of the host's, and the disk that it is on" {
	disk parted ''
	# One partition, of type 83, from sector 8 on, 64 sectors.
	printf '\0\0\0\0\x83\0\0\0\x08\0\0\0\x40\0\0\0' | dd of="$image" bs=1 seek=446 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$image" bs=1 seek=510 conv=notrunc status=none
	echo 'in the partition' | dd of="$image" bs=512 seek=8 conv=notrunc status=none
	losetup --detach "$loop"
	loop=$(losetup --find --show --partscan "$image")
	within 5 [ -e "/sys/class/block/${loop#/dev/}p1/dev" ]
	run_zone parted "$(device "${loop}p1" /dev/part)" "$(device "$loop" /dev/whole)" \
		"sh('head -n 1 /dev/part; wc -c </dev/part; wc -c </dev/whole')"
	equal "$output" $'in the partition\n32768\n1048576'
	assert_disks_left_alone
}

@test "a mapped device; one that is given twice; a file system; an exec" {
	disk mapped ''
	mkfs.ext4 -q "$loop"
	dmsetup create --noudevsync "$PREFIX"mapped --table "0 2048 linear $loop 0"
	mapped=$(mapped_disk)
	make_bundle mapped "$(device "$mapped" /dev/x)" "$(device "$mapped" /dev/y)" \
		"sh('mkdir -p /dev/mnt && mount -t ext4 /dev/x /dev/mnt && echo kept >/dev/mnt/file && umount /dev/mnt && ls /sys/block && sleep 100')"
	ok run --detach --bundle "$bundle" "$id"
	within 30 printed xvde1
	ok exec "$id" dd if=/dev/y of=/dev/null count=1
	ok delete --force "$id"
	dmsetup remove --retry --noudevsync "$PREFIX"mapped
	equal "$(debugfs -R 'cat /file' "$loop" 2>/dev/null)" kept
	assert_disks_left_alone
}

USERS='
c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 1000}]'

@test "a user namespace: the node is the container's user's" {
	disk users 'for a user'
	run_zone users "$USERS" "$(device "$loop" /dev/x "'fileMode': 0o600, 'uid': 7, 'gid': 8")" \
		"p['user'] = {'uid': 7, 'gid': 7}; p['capabilities'] = {}; sh('stat -c \"%a %u %g\" /dev/x; head -n 1 /dev/x')"
	equal "$errors" ""
	equal "$output" $'600 7 8\nfor a user'
	assert_disks_left_alone
}

@test "a node in the root itself, whatever number it had before" {
	own_root busybox
	mknod "$root/x" b 202 7
	disk node 'in the root'
	run_zone node "$(device "$loop" /x)" "sh('head -n 1 /x')"
	equal "$output" 'in the root'
	run_zone node "$(device "$loop" /x)" "sh('head -n 1 /x')"
	equal "$output" 'in the root'
	assert_disks_left_alone
}

@test "what is not there or cannot be given is an error, and leaves nothing" {
	disk there there
	local there=$loop
	make_bundle missing "$(device "$there" /dev/x)" "$(device "$there" /dev/y)" 'c["linux"]["devices"][1]["minor"] = 777'
	refuses 'linux\.devices\[1\]: /dev/y: this host has no block device 7:777' create --bundle "$bundle" "$id"
	disk empty empty
	make_bundle empty "$(device "$loop" /dev/x)"
	losetup --detach "$loop"
	refuses 'linux\.devices\[0\]: /dev/x: block device 7:[0-9]+ has nothing in it' create --bundle "$bundle" "$id"
	make_bundle char 'c["linux"]["devices"] = [{"type": "c", "major": 1, "minor": 1, "path": "/dev/mem"}]'
	refuses "linux\.devices\[0\]: /dev/mem: character device 1:1 is this host's, and a zone cannot have it" create --bundle "$bundle" "$id"
	make_bundle place "$(device "$there" /etc)"
	refuses 'linux\.devices\[0\]: /etc: File exists' create --bundle "$bundle" "$id"
	assert_disks_left_alone
}

@test "a disk that does not answer, a kernel that has no driver: an error in time" {
	disk slow slow
	dmsetup create --noudevsync "$PREFIX"mapped --table "0 2048 linear $loop 0"
	mapped=$(mapped_disk)
	make_bundle slow "$(device "$mapped" /dev/x)"
	dmsetup suspend --noflush --noudevsync "$PREFIX"mapped
	refuses 'linux\.devices: the zone cannot read its block devices' create --bundle "$bundle" "$id"
	dmsetup resume --noudevsync "$PREFIX"mapped
	make_bundle driver "$(device "$mapped" /dev/x)" \
		"c['vm'] = {'kernel': {'path': '/boot/vmlinuz-$(uname -r)', 'parameters': ['initcall_blacklist=xlblk_init']}}"
	refuses 'linux\.devices\[0\]: /dev/x: the zone does not see the device: has its kernel xen-blkfront' create --bundle "$bundle" "$id"
	within 5 dmsetup remove --noudevsync "$PREFIX"mapped
	assert_disks_left_alone
}

@test "who is killed holds no disk" {
	for victims in 'monitor' 'monitor keeper' standin; do
		disk "${victims// /}" there
		make_bundle "killed-${#victims}" "$(device "$loop" /dev/x)" "sh('echo up; while :; do dd if=/dev/zero of=/dev/x bs=4096 seek=1 count=200; done')"
		ok run --detach --bundle "$bundle" "$id"
		within 20 printed up
		local pids=()
		for victim in $victims; do
			pids+=("$(sed -n "/\"$victim\":/,/\]/p" "$STATES/$id/state.json" | grep -o '[0-9]\+' | head -n 1)")
		done
		kill -KILL "${pids[@]}"
		within 20 status_is "$id" stopped
		ok delete --force "$id"
		assert_disks_left_alone
	done
}

@test "a member of another's zone: its disks come and go" {
	disk owner "the owner's"
	local first=$loop
	make_bundle owner "$(device "$first" /dev/x)" "sh('exec sleep 1000')"
	local owner=$id network
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	network="next(n for n in c['linux']['namespaces'] if n['type'] == 'network')['path'] = '/proc/$(<"$bundle/pid")/ns/net'"
	ok start "$owner"
	disk member "a member's"
	for name in one two; do
		run_zone "$name" "$network" "$(device "$loop" /dev/x)" "$(rule "$loop" rwm)" \
			"sh('''$WRITE; head -n 1 /dev/x; write /dev/x $name; cat /dev/x >/dev/null; ls /sys/block | wc -l''')"
		equal "$errors" ""
		equal "$output" $'a member\'s\n2'
		equal "$(second "$image")" "$name"
	done
	# Whose monitor was killed, it goes when the container is deleted.
	make_bundle killed "$network" "$(device "$loop" /dev/x)" "sh('echo up; exec sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	within 20 printed up
	kill -KILL "$(sed -n '/"monitor":/,/\]/p' "$STATES/$id/state.json" | grep -o '[0-9]\+' | head -n 1)"
	within 20 status_is "$id" stopped
	ok delete --force "$id"
	ok exec "$owner" sh -c 'ls /sys/block; head -n 1 /dev/x'
	equal "$output" $'xvde1\nthe owner\'s'
	losetup --detach "$loop"
	within 5 eval '! losetup "$loop"'
	ok delete --force "$owner"
	assert_disks_left_alone
}

pod() { podman run --rm --network none "$@" 3>&-; }

@test "podman --device: the same path, one of its own, read only; what cannot be" {
	disk podman "podman's"
	equal "$(pod --device "$loop" --rootfs "$ROOTS/busybox" head -n 1 "$loop")" "podman's"
	equal "$(pod --device "$loop:/dev/x:r" --rootfs "$ROOTS/busybox" sh -c "$WRITE; write /dev/x done || head -n 1 /dev/x")" "podman's"
	equal "$(pod --device "$loop:/dev/x:rw" --rootfs "$ROOTS/busybox" sh -c "$WRITE; write /dev/x done && echo written")" written
	equal "$(second "$image")" done
	run pod --device /dev/mem --rootfs "$ROOTS/busybox" true
	[ "$status" != 0 ]
	says "$output" "/dev/mem: character device 1:1 is this host's"
	equal "$(pod --device /dev/fuse --rootfs "$ROOTS/busybox" sh -c 'stat -c %F /dev/fuse; : <>/dev/fuse && echo open')" \
		$'character special file\nopen'
	assert_disks_left_alone
}

@test "podman --privileged: all capabilities; the host's devices are not there" {
	disk privileged privileged
	run pod --privileged --rootfs "$ROOTS/busybox" sh -c 'grep CapEff /proc/self/status; ls /dev; : <>/dev/fuse && echo open; mount -t tmpfs none /mnt && echo mounted'
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	says "$output" 'CapEff:.000001ffffffffff'
	says "$output" $'\nfuse\n'
	[[ $output != *loop[0-9]* ]]
	[[ $output != *$'\n'mem$'\n'* ]]
	says "$output" $'\nopen\nmounted$'
	assert_disks_left_alone
}
