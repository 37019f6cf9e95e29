#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# After many containers the host is as it was before: Xen, XenStore, processes, files, memory.
load lib

# So many in a row, and then at once.
ROW=${ROW:-60}
CROWD=${CROWD:-8}

grants() {
	xl dmesg -c >/dev/null
	xl debug-keys g
	xl dmesg | grep -cE '\) +[0-9]+ +0x[0-9a-f]+ ' || true
}
xen_free() { xl info | awk '$1 == "free_memory" { print $3 }'; }
dom0_free() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}
descriptors() { find /proc/"$(</run/xen/xenstored.pid)"/fd | wc -l; }

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	# The first makes what stays: caches, folders.
	run_zone first
	remember
	grants >"$BATS_FILE_TMPDIR/grants"
	xen_free >"$BATS_FILE_TMPDIR/xen_free"
	descriptors >"$BATS_FILE_TMPDIR/descriptors"
	dom0_free >"$BATS_FILE_TMPDIR/dom0_free"
}

as_before() {
	assert_nothing_left 20
	equal "$(xl list | awk '$5 ~ /d/ || $1 == "(null)"')" ""
	equal "$(grants)" "$(<"$BATS_FILE_TMPDIR/grants")"
	equal "$(descriptors)" "$(<"$BATS_FILE_TMPDIR/descriptors")"
	local xen dom0
	xen=$(xen_free) dom0=$(dom0_free)
	echo "Xen's free memory: $(<"$BATS_FILE_TMPDIR/xen_free") MiB before, $xen after; dom0's: $(<"$BATS_FILE_TMPDIR/dom0_free"), $dom0"
	[ "$xen" -ge $(($(<"$BATS_FILE_TMPDIR/xen_free") - 2)) ]
	[ "$dom0" -ge $(($(<"$BATS_FILE_TMPDIR/dom0_free") - 48)) ]
}

@test "$ROW containers in a row" {
	make_bundle row
	for ((i = 1; i <= ROW; i++)); do
		x run --bundle "$bundle" "$id"
		[ "$status" = 0 ] || complain "container $i: status $status"
		equal "$errors" ""
	done
	as_before
}

@test "$CROWD containers at once" {
	LIMIT=300
	make_bundle crowd "sh('echo here; exit 3')"
	for ((i = 1; i <= CROWD; i++)); do
		timeout --foreground "$LIMIT" xenrun --root "$STATES" run --bundle "$bundle" "$id-$i" \
			</dev/null >"$bundle/$i.out" 2>&1 3>&- &
		pids[i]=$!
	done
	for ((i = 1; i <= CROWD; i++)); do
		status=0
		wait "${pids[i]}" || status=$?
		equal "$i: $status $(<"$bundle/$i.out")" "$i: 3 here"
	done
	as_before
}
