#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a share has from this host: that it is full, read-only, limited, of two devices; its disk; and locks with others who use it.
load ../bats/lib
LIMIT=400

CHECKER=$HERE/../../build/posix
COMPARE=$HERE/../posix/compare

setup_file() {
	modprobe loop
	cd "$BATS_FILE_TMPDIR"
	truncate -s 64M image
	mkfs.ext4 -q -b 4096 image
	mkdir ext4
	mount -o loop image ext4
	mkdir ext4/root ext4/volume ext4/local
	tar -C ext4/root -xpf "$ROOTS/busybox.tar"
	cp "$CHECKER" ext4/root/bin/posix
}
teardown_file() {
	cd /
	umount "$BATS_FILE_TMPDIR/ext4"
}

# Runs a script in a zone whose root is on the ext4, as is the volume /volume.
in_zone() { # NAME SCRIPT [STATEMENTS]
	cd "$BATS_FILE_TMPDIR"
	root=$PWD/ext4/root
	run_zone "$1" "
c['mounts'].append({'destination': '/volume', 'type': 'bind', 'source': '$PWD/ext4/volume', 'options': ['rbind', 'rw']})
${3:-}
sh('''$2''')"
	equal "$errors" ""
	equal "$status" 0
}

# What is full, read-only, or two devices is so on the host.
@test "a file system that is full is full in the zone, and has room again" {
	cd "$BATS_FILE_TMPDIR"
	mkdir -p small
	for place in local root volume; do
		mount -t tmpfs -o size=6M,nr_inodes=700 tmpfs small
		if [ $place = local ]; then
			"$CHECKER" small full >local.full
		elif [ $place = volume ]; then
			in_zone full-volume 'posix /small full' \
				"c['mounts'].append({'destination': '/small', 'type': 'bind', 'source': '$PWD/small', 'options': ['bind', 'rw']})"
			equal "$output" "$(<local.full)"
		else
			tar -C small -xpf "$ROOTS/busybox.tar"
			cp "$CHECKER" small/bin/posix
			mkdir small/work
			in_zone full-root 'posix /work full' "c['root']['path'] = '$PWD/small'"
			equal "$output" "$(<local.full)"
		fi
		umount small
	done
}

@test "what has no room is not taken: who never syncs is told" {
	cd "$BATS_FILE_TMPDIR"
	mkdir -p small
	mount -t tmpfs -o size=150M tmpfs small
	tar -C small -xpf "$ROOTS/busybox.tar"
	for round in 1 2; do
		run_zone room "
c['root']['path'] = '$PWD/small'
sh('dd if=/dev/zero of=/big bs=64k 2>&1; stat -c %s /big')"
		says "$output" "No space left on device"
		equal "$(tail -n 1 <<<"$output")" "$(stat -c %s small/big)"
		equal "$(df --output=avail small | tail -n 1 | tr -d ' ')" 0
		tr -d '\0' <small/big | wc -c | grep -qx 0
		rm small/big
	done
	umount small
}

@test "what the host has read-only is that, and a bind that crosses devices keeps their files apart" {
	cd "$BATS_FILE_TMPDIR"
	for place in local volume; do
		mkdir -p ext4/$place/read_only/d ext4/$place/devices/inner
		echo -n text >ext4/$place/read_only/file
		mkfifo ext4/$place/read_only/fifo
		mount --bind ext4/$place/read_only ext4/$place/read_only
		mount -o remount,bind,ro ext4/$place/read_only
		mount -t tmpfs tmpfs ext4/$place/devices/inner
		echo -n far >ext4/$place/devices/inner/far
	done
	"$CHECKER" ext4/local read_only devices >local.devices
	in_zone devices 'posix /volume read_only devices'
	umount ext4/*/read_only ext4/*/devices/inner
	echo "$output" >zone.devices
	"$COMPARE" volume by-name local.devices zone.devices
}

@test "fsync, fdatasync, msync, writes of O_SYNC and O_DSYNC and fsync of a folder reach this host's disk, and have it flushed" {
	cd "$BATS_FILE_TMPDIR"
	truncate -s 16M disk
	mkfs.ext4 -q disk
	mkdir mounted
	mount -o loop,commit=600 disk mounted
	local device
	device=$(findmnt -n -o SOURCE mounted)
	flushes() { awk '{ print $16 }' "/sys/block/${device##*/}/stat"; }
	tar -C mounted -xpf "$ROOTS/busybox.tar"
	cp "$CHECKER" mounted/bin/posix
	mkdir mounted/folder mounted/opt/folder
	head -c 4096 /dev/zero | tee mounted/file >mounted/opt/file
	sync -f mounted
	make_bundle disk "
c['root']['path'] = '$PWD/mounted'
c['mounts'].append({'destination': '/volume', 'type': 'bind', 'source': '$PWD/mounted/opt', 'options': ['bind', 'rw']})
sh('sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	for place in '' /volume; do
		for way in put-off fsync fdatasync O_SYNC O_DSYNC RWF_DSYNC msync folder; do
			text=text-of-$RANDOM$RANDOM file=file before=$(flushes)
			[ $way != folder ] || file=folder
			ok exec "$id" /bin/posix write $way $place/$file "$text"
			status=0
			grep -q "$text" disk || status=1
			echo "# $place/$file by $way: $((status ? 0 : 1)) on the disk, $(($(flushes) - before)) flushes" >&3
			if [ $way = put-off ]; then
				equal "$status" 1
			else
				equal "$status" 0
				[ "$(flushes)" -gt "$before" ]
			fi
		done
	done
	ok delete --force "$id"
	umount mounted
}

@test "a file that is mapped has the bytes that the host has written by then, and the host has what is written to the map" {
	cd "$BATS_FILE_TMPDIR"
	printf 'one.....' >ext4/volume/mapped
	root=$PWD/ext4/root
	make_bundle mapped "
c['mounts'].append({'destination': '/volume', 'type': 'bind', 'source': '$PWD/ext4/volume', 'options': ['rbind', 'rw']})
sh('sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	map() { ok exec "$id" /bin/posix map /volume/mapped "$1" "$2"; }
	map private -
	equal "$output" one.....
	map private -
	equal "$output" one.....
	for round in 1 2 3; do
		# Somebody asks for its size meanwhile, or not.
		printf "two%d...." $round >ext4/volume/mapped
		[ $round = 1 ] || ok exec "$id" /bin/stat /volume/mapped
		map shared T
		equal "$output" "two$round...."
		equal "$(<ext4/volume/mapped)" "Two$round...."
		map private -
		equal "$output" "Two$round...."
	done
	ok delete --force "$id"
}

@test "a quota of the host is one in the zone" {
	cd "$BATS_FILE_TMPDIR"
	truncate -s 32M quota.image
	mkfs.ext4 -q -O quota -E quotatype=usrquota quota.image
	mkdir limited
	mount -o loop quota.image limited
	"$CHECKER" quota "$(losetup -j quota.image -n -O NAME)" 1000 1048576
	for place in local root volume; do
		mkdir limited/$place
		chown 1000:1000 limited/$place
	done
	"$CHECKER" limited/local over_quota >local.quota
	rm -r limited/local/*
	tar -C limited/root -xpf "$ROOTS/busybox.tar"
	cp "$CHECKER" limited/root/bin
	mkdir limited/root/work
	in_zone quota 'posix /work over_quota; rm -r /work/*; posix /limited over_quota' "
c['root']['path'] = '$PWD/limited/root'
c['mounts'].append({'destination': '/limited', 'type': 'bind', 'source': '$PWD/limited/volume', 'options': ['bind', 'rw']})"
	umount limited
	equal "$output" "$(cat local.quota local.quota)"
}

# Two containers that share a volume: sets a, b.
two_containers() {
	local name
	mkdir "$BATS_TEST_TMPDIR/shared"
	for name in a b; do
		root=$BATS_FILE_TMPDIR/ext4/root make_bundle $name "
c['mounts'].append({'destination': '/shared', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/shared', 'options': ['bind', 'rw']})
sh('sleep 1000')"
		x run --detach --bundle "$bundle" "$id"
		equal "$status" 0
	done
	a=${PREFIX}a b=${PREFIX}b
}
# A lock held in a container in the background, until FILE.release is there.
hold() { # ID FILE KIND
	timeout 100 xenrun --root "$STATES" exec "$1" posix hold "/shared/$2" "$3" >"$BATS_TEST_TMPDIR/$1.$2" 2>&1 3>&- &
}
is_held() { grep -qx held "$BATS_TEST_TMPDIR/$1.$2"; }
tries() { ok exec "$1" posix try "/shared/$2" "$3"; equal "$output" "$4"; }

@test "locks between two containers that share a volume, and with this host" {
	two_containers
	cd "$BATS_TEST_TMPDIR/shared"
	for kind in write ofd-write exclusive; do
		touch $kind
		hold "$a" $kind $kind
		within 20 is_held "$a" $kind
		tries "$b" $kind $kind taken
		# Who waits has it when it is free.
		hold "$b" $kind $kind
		sleep 1
		run ! is_held "$b" $kind
		mv "$BATS_TEST_TMPDIR/$a.$kind" "$BATS_TEST_TMPDIR/was"
		touch $kind.release
		within 20 is_held "$b" $kind
	done
	touch shared
	hold "$a" shared shared
	within 20 is_held "$a" shared
	tries "$b" shared shared free
	tries "$b" shared exclusive taken
	# The host's own programs see them, as fcntl's.
	touch host
	hold "$a" host write
	within 20 is_held "$a" host
	equal "$("$CHECKER" try host write)" taken
	touch own
	"$CHECKER" hold own write >"$BATS_TEST_TMPDIR/own" 3>&- &
	within 20 grep -qx held "$BATS_TEST_TMPDIR/own"
	tries "$b" own write taken
	touch own.release
	# A container that is gone holds nothing.
	touch gone
	hold "$a" gone write
	within 20 is_held "$a" gone
	tries "$b" gone write taken
	ok delete --force "$a"
	tries "$b" gone write free
	equal "$("$CHECKER" try host write)" free
}

@test "what two containers append to a file is whole" {
	local writers=()
	two_containers
	for one in "$a" "$b"; do
		timeout 100 xenrun --root "$STATES" exec "$one" /bin/sh -c 'i=0; while [ $i -lt 200 ]; do echo "line of '"$one"'"; i=$((i + 1)); done >>/shared/log' 3>&- &
		writers+=($!)
	done
	wait "${writers[@]}"
	equal "$(sort "$BATS_TEST_TMPDIR/shared/log" | uniq -c | tr -s ' ')" " 200 line of $a
 200 line of $b"
}
