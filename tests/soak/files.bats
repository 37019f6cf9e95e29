#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The file server under load, for long: what stress-ng and fio write is what they read, and a folder of 100,000 entries is one.
# SOAK_STRESS (600) says how many seconds stress-ng has on each share, SOAK_STRESSORS for what, if not for all.
load ../bats/lib
LIMIT=3600
CHECKER=$HERE/../../build/posix

setup_file() {
	modprobe loop
	mkdir "$BATS_FILE_TMPDIR/root"
	mount -o loop "$ROOTS/work.img" "$BATS_FILE_TMPDIR/root"
	cp "$CHECKER" "$BATS_FILE_TMPDIR/root/usr/local/bin/posix"
	mkdir -p "$BATS_FILE_TMPDIR/root/work" "$BATS_FILE_TMPDIR/root/srv/volume"
}
teardown_file() { umount "$BATS_FILE_TMPDIR/root"; }

# A bash script, by standard input, in the root, with a volume /volume.
work() { # NAME
	root=$BATS_FILE_TMPDIR/root
	cat >"$BATS_TEST_TMPDIR/script"
	run_zone "$1" "
c['mounts'].append({'destination': '/volume', 'type': 'bind', 'source': '$root/srv/volume', 'options': ['bind', 'rw']})
c['linux']['resources'] = {'memory': {'limit': 512 << 20}}
p['args'] = ['/bin/bash', '-uc', open('$BATS_TEST_TMPDIR/script').read()]"
}

# Those that need the machine's own devices or another file system are left out.
STRESSORS=${SOAK_STRESSORS:-access chdir chmod chown copy-file dentry dir dirdeep dirmany dup fallocate fcntl filename flock fpunch fsize fstat getdent hdd iomix link locka lockf lockofd mknod open rename symlink sync-file touch utime xattr}

stress() { # FOLDER
	local seconds=${SOAK_STRESS:-600} each
	set -- "$1" $STRESSORS
	each=$((seconds / ($# - 1)))
	work "stress-$1" <<END
cd /$1
failed=0
for stressor in $STRESSORS; do
	seconds=$((each > 0 ? each : 1))
	case \$stressor in
	# Each operation of theirs is about all of a file.
	fallocate | iomix | sync-file) options="--\$stressor-bytes 1M" ;;
	# One of its operations is a thousand names.
	filename) options='' seconds=\$((seconds * 4)) ;;
	*) options='' ;;
	esac
	stress-ng --temp-path . --verify --\$stressor 2 \$options --timeout \${seconds}s --metrics-brief >/tmp/log 2>&1
	status=\$?
	[ \$status = 0 ] || { echo "\$stressor: status \$status"; cat /tmp/log; failed=1; }
	awk -v name=\$stressor '\$4 == name && \$5 + 0 > 0 && !found { print name ": " \$5 " operations"; found = 1 } END { exit !found }' /tmp/log ||
		{ echo "\$stressor: no operation"; cat /tmp/log; }
done
ls -A | wc -l
exit \$failed
END
	sed "s|^|# $1: |" <<<"$output" >&3
	equal "$status" 0
	equal "$(tail -n 1 <<<"$output")" 0
	! grep 'no operation' <<<"$output"
}

@test "stress-ng's file-system stressors, their results verified: on the root" { stress work; }

@test "stress-ng's file-system stressors, their results verified: on a volume" { stress volume; }

@test "fio: what was written is what is read" {
	for place in work volume; do
		work "fio-$place" <<END
cd /$place
cat >jobs <<JOBS
[global]
size=32M
verify=crc32c
verify_fatal=1
do_verify=1
fallocate=none
time_based=0
[random-small]
rw=randwrite
bs=4k
[random-sizes]
rw=randrw
bsrange=512-64k
fsync=100
[sequential]
rw=write
bs=1M
[by-map]
ioengine=mmap
rw=randwrite
bs=4k
[by-ring]
ioengine=io_uring
rw=randwrite
bs=8k
iodepth=8
[past-the-cache]
rw=randwrite
bs=4k
direct=1
JOBS
fio --output-format=terse --terse-version=3 jobs >out 2>err
status=\$?
awk -F ';' '{ print \$3 ": error " \$5 ", read " \$6 " KiB, written " \$47 " KiB" }' out
cat err
rm -f random* sequential* by-* past-*
exit \$status
END
		sed "s/^/# $place: /" <<<"$output" >&3
		equal "$status" 0
		# Each wrote some, and read all of it.
		equal "$(grep -cE 'error 0, read 32768 KiB, written [0-9]{5} KiB' <<<"$output")" 6
	done
}

@test "a folder of 100,000 entries: made, listed, removed" {
	mkdir "$BATS_FILE_TMPDIR/local"
	"$CHECKER" "$BATS_FILE_TMPDIR/local" folder_100000 >"$BATS_TEST_TMPDIR/local" 2>"$BATS_TEST_TMPDIR/seconds"
	sed 's/^/# this host: /' "$BATS_TEST_TMPDIR/seconds" >&3
	for place in work volume; do
		work "many-$place" <<<"posix /$place folder_100000"
		sed "s/^/# $place: /" <<<"$errors" >&3
		equal "$output" "$(<"$BATS_TEST_TMPDIR/local")"
	done
}
