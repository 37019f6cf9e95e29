#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whole lives under xenrun as the compiler's sanitizers watch it: the call, the monitor, the stand-in, exec's. tests/check builds it
# when it runs this file.
load lib

setup_file() {
	command -v xenrun.sanitized >/dev/null || { echo "xenrun.sanitized was not built"; return 1; }
	remember
	mkdir -p "$BATS_FILE_TMPDIR/bin"
	ln -s "$(command -v xenrun.sanitized)" "$BATS_FILE_TMPDIR/bin/xenrun"
	export PATH=$BATS_FILE_TMPDIR/bin:$PATH
	# What is found is told on standard error, and ends the process with this.
	export ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99
}
teardown() {
	delete_all
	assert_nothing_left
}

# Nothing in all that was written by then.
clean() {
	! grep -rlE 'Sanitizer|runtime error' "$BATS_TEST_TMPDIR" "$@" || { grep -rE -A 20 'Sanitizer|runtime error' "$BATS_TEST_TMPDIR" | head -n 60; return 1; }
}

life() { # TYPE
	export ZONE_TYPE=$1
	mkdir "$BATS_TEST_TMPDIR/volume"
	make_bundle life "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['rbind']}]
p['rlimits'] = [{'type': 'RLIMIT_NOFILE', 'soft': 100, 'hard': 200}]
c['hooks'] = {'poststart': [{'path': '/bin/true'}], 'poststop': [{'path': '/bin/true'}]}
sh('trap \"exit 7\" TERM; echo on; while :; do sleep 0.1; done')"
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	ok start "$id"
	within 20 printed on
	ok exec "$id" /bin/sh -c 'cd /v; for i in $(seq 50); do echo $i >$i; done; mv 1 one; ln 2 two; ln -s 3 three; rm 4; mkdir d; ls -laR . >/dev/null; cat * 2>/dev/null | wc -l'
	refuses 'no such file' exec "$id" /bin/missing
	ok ps "$id"
	ok events --stats "$id"
	ok update --memory 200m --cpu-quota 50000 --pids-limit 100 "$id"
	ok pause "$id"
	ok resume "$id"
	ok state "$id"
	ok list
	script -qec "xenrun --root $STATES exec -t $id sh -c 'stty size; exit 3'" /dev/null </dev/null >"$BATS_TEST_TMPDIR/terminal" 3>&- || true
	ok kill "$id" TERM
	within 20 status_is "$id" stopped
	ok delete "$id"
	clean
}

@test "create, start, exec, ps, events, pause, kill, delete: PV" { life pv; }
@test "the same: PVH" { life pvh; }

@test "run, and what is refused" {
	run_zone run "sh('echo out; exit 3')"
	equal "$status" 3
	equal "$output" out
	refuses '/dev/null' run --bundle "$bundle" --config /dev/null "$id"
	make_bundle missing "p['args'] = ['missing']"
	refuses 'executable file not found' run --bundle "$bundle" "$id"
	refuses 'does not exist' state nobody
	clean
}
