#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a guest does with its files on two processors at once.
# Wants two processors.
load lib
load attack

@test "who is killed while it waits for a file: nobody meets what it left" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	run_zone killed "c['mounts'].append({'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['bind']})
c['vm'] = {'kernel': {'path': '/usr/local/libexec/xenrun/vmlinux'}, 'hwConfig': {'vcpus': 2}}
"'
sh("""
[ $(nproc) = 2 ] || exit 9
i=0
while [ $i -lt 50 ]; do echo $i >/v/$i; i=$((i + 1)); done
kill_some() { while [ ! -e /v/stop ]; do cat /v/* >/dev/null & usleep $1; kill -9 $!; wait $!; done; }
kill_some 30000 2>/dev/null &
kill_some 50000 2>/dev/null &
n=0 end=$(($(date +%s) + 15))
while [ $(date +%s) -lt $end ]; do
	i=$((n % 50)) n=$((n + 1))
	[ "$(cat /v/$i)" = $i ] || echo "$i is not what it was"
done
touch /v/stop
wait
[ $n -gt 20 ] && ! dmesg | grep "Wrong req"
""")'
	equal "$status:$output$errors" 0:
}

@test "a program that tries to get out of its root and its volume does not" { nobody_gets_out 20; }
