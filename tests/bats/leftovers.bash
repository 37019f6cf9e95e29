# SPDX-License-Identifier: Apache-2.0
# What a host has of Xen, XenStore and memory before many containers, and after. After lib.bash.
# shellcheck shell=bash
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

# To be called by a setup_file, when all was made that stays.
remember_all() {
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
