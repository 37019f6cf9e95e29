#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A share is the file system that it is of: tests/posix says the same on this host's ext4 and tmpfs, and on shares of them in a zone.
load ../bats/lib
LIMIT=400

CHECKER=$HERE/../../build/posix
COMPARE=$HERE/../posix/compare

# Both file systems with a root, a volume and a place for the host's own run.
setup_file() {
	modprobe loop
	cd "$BATS_FILE_TMPDIR"
	truncate -s 256M image
	mkfs.ext4 -q -b 4096 image
	mkdir ext4 tmpfs
	mount -o loop image ext4
	mount -t tmpfs -o size=256M tmpfs tmpfs
	for fs in ext4 tmpfs; do
		mkdir $fs/root $fs/volume $fs/local
		tar -C $fs/root -xpf "$ROOTS/busybox.tar"
		mkdir $fs/root/work
		cp "$CHECKER" $fs/root/bin/posix
		"$CHECKER" $fs/local >$fs.local
	done
}
teardown_file() {
	cd /
	umount "$BATS_FILE_TMPDIR/ext4" "$BATS_FILE_TMPDIR/tmpfs"
}

# Runs cases in a zone whose root is on one file system, and which has a volume on the other.
in_zone() { # NAME ROOT-FS VOLUME-FS SCRIPT [STATEMENTS]
	cd "$BATS_FILE_TMPDIR"
	root=$PWD/$2/root
	run_zone "$1" "
c['mounts'].append({'destination': '/volume', 'type': 'bind', 'source': '$PWD/$3/volume', 'options': ['rbind', 'rw']})
${5:-}
sh('''$4''')"
	equal "$errors" ""
	equal "$status" 0
}
# All of them on both shares.
all_cases() { # NAME ROOT-FS VOLUME-FS
	in_zone "$1" "$2" "$3" 'posix /work >/out.root; posix /volume >/out.volume'
	"$COMPARE" root "$2" "$2.local" "$root/out.root" || result=1
	"$COMPARE" volume "$3" "$3.local" "$root/out.volume" || result=1
	return "${result:-0}"
}

@test "a root on ext4, a volume on tmpfs: as they are on this host" {
	all_cases first ext4 tmpfs
}

@test "a root on tmpfs, a volume on ext4" {
	all_cases second tmpfs ext4
}

@test "a PVH guest: some of them" {
	cases='unlinked_write rename_kinds hard_links folder_many append_two large times_folder permissions fifo lock_fcntl lock_flock map_shared map_truncated acl_access'
	cd "$BATS_FILE_TMPDIR"
	mkdir ext4/pvh ext4/volume/pvh
	"$CHECKER" ext4/pvh $cases >local.pvh
	in_zone pvh ext4 ext4 "mkdir /pvh; posix /volume/pvh $cases >/out.pvh" "c['annotations']['org.xenrun.type'] = 'pvh'"
	"$COMPARE" volume ext4 local.pvh "$root/out.pvh"
}
