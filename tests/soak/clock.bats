#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Wants a machine of its own.
# A zone's clock follows dom0's.
load ../bats/lib

zone_seconds() { ok exec "$id" /bin/date +%s; }
# How far a zone is behind dom0, in whole seconds: sets behind.
measure() {
	zone_seconds
	behind=$(($(date +%s) - output))
}
follows() { measure && [ $behind -ge -1 ] && [ $behind -le 1 ]; }

@test "dom0's clock is set while a zone runs" {
	for type in pv pvh; do
		make_bundle "$type" "c['annotations']['org.xenrun.type'] = '$type'
sh('while sleep 1; do :; done')"
		ok run --detach --bundle "$bundle" "$id"
		follows
		for step in +1000 -1000; do
			date -s "@$(($(date +%s) $step))" >/dev/null
			measure
			equal "${behind#-}" "$(printf '%s\n' 998 999 1000 1001 1002 | grep -x "${behind#-}")"
			within 60 follows
		done
		ok delete --force "$id"
	done
}
