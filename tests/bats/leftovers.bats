#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# After many containers the host is as it was before: Xen, XenStore, processes, files, memory.
load lib
load leftovers

# So many in a row, and then at once.
ROW=${ROW:-60}
CROWD=${CROWD:-8}

setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	# The first makes what stays: caches, folders.
	run_zone first
	remember_all
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

@test "what is left is seen: a link, its address, a rule, a route, a mount" {
	local folder=/var/lib/containers/t-left
	assert_nothing_left
	ip link add t-left type veth peer name t-right
	ip address add 10.98.0.1/24 dev t-left
	ip rule add pref 5000 lookup 98
	ip route add blackhole 10.99.0.0/16
	mkdir "$folder"
	mount -t tmpfs none "$folder"
	run ! nothing_new
	for line in 'link t-left' 'link t-right' 'network t-left +inet 10\.98\.0\.1/24' $'network 5000:\tfrom all lookup 98' \
		'network blackhole 10\.99\.0\.0/16' "mount $folder /"; do
		says "$(<"$BATS_FILE_TMPDIR/new")" "$line"
	done
	umount "$folder"
	rmdir "$folder"
	ip route del blackhole 10.99.0.0/16
	ip rule del pref 5000
	ip link del t-left
	assert_nothing_left
}
