#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What takes long: `make soak`. SOAK_EXECS (500) and SOAK_LIVES (50) say how often, SOAK_ATTACK_SECONDS (300)
# how long.
# Wants two processors.
load ../bats/lib
load ../bats/attack

@test "output written just before the end is never lost: execs" {
	make_bundle execs "sh('exec sleep 100000')"
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	local i wrong=0
	for i in $(seq "${SOAK_EXECS:-500}"); do
		size=$(timeout 60 xenrun --root "$STATES" exec "$id" /bin/sh -c 'head -c 65536 /dev/zero' | wc -c)
		[ "$size" = 65536 ] || { wrong=$((wrong + 1)); echo "exec $i: $size bytes"; }
	done
	equal "$wrong" 0
	echo "# ${SOAK_EXECS:-500} execs of 65536 bytes, $wrong wrong" >&3
	# What they leave in the zone is nothing.
	ok ps "$id"
	equal "$(wc -l <<<"$output")" 2
}

@test "output written just before the end is never lost: whole lives" {
	make_bundle lives "sh('head -c 65536 /dev/zero')"
	local i wrong=0
	for i in $(seq "${SOAK_LIVES:-50}"); do
		size=$(timeout 120 xenrun --root "$STATES" run --bundle "$bundle" "$id" | wc -c)
		[ "$size" = 65536 ] || { wrong=$((wrong + 1)); echo "life $i: $size bytes"; }
	done
	equal "$wrong" 0
	echo "# ${SOAK_LIVES:-50} lives of 65536 bytes, $wrong wrong" >&3
}

@test "a guest that opens files without end gets EMFILE, and lives on" {
	own_root busybox
	touch "$root/file"
	hostile files
	ok run --detach --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	within 300 eval '[ -s "$root/EMFILE" ] || [ -s "$root/other" ]'
	# One fid is the root's.
	equal "$(<"$root/EMFILE")" 65535
	echo "# $(kept "$(<"$bundle/pid")")" >&3
	status_is "$id" running
}

@test "nobody gets out of a root and a volume" {
	nobody_gets_out "${SOAK_ATTACK_SECONDS:-300}"
}
