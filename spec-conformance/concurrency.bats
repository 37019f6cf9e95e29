#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Calls for one container that run at the same time, and callers that are killed: it ends in a state that runtime.md allows, one call
# has its way, the others say why not, and nothing is left.
load ../tests/bats/lib

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left 20
}

sleeps='p["args"] = ["/bin/sleep", "1000"]'

# Runs xenrun beside us: its status, output and errors come into files of that name.
beside() { # NAME ARGUMENTS...
	(
		status=0
		timeout --kill-after=5 "$LIMIT" xenrun --root "$STATES" "${@:2}" \
			</dev/null >"$BATS_TEST_TMPDIR/$1.out" 2>"$BATS_TEST_TMPDIR/$1.err" 3>&- || status=$?
		echo "$status" >"$BATS_TEST_TMPDIR/$1.status"
	) 3>&- &
}
status_of() { cat "$BATS_TEST_TMPDIR/$1.status"; }
errors_of() { cat "$BATS_TEST_TMPDIR/$1.err"; }
ended() { [ -e "$BATS_TEST_TMPDIR/$1.status" ]; }
# It failed by itself, and said why.
refused() { # NAME PATTERN
	[ "$(status_of "$1")" != 0 ] && [ "$(status_of "$1")" -lt 124 ]
	says "$(errors_of "$1")" "$2"
}
create() { # NAME
	make_bundle "$1" "$sleeps"
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
}
# Begins to create a container, and waits until its folder is there.
creating() { # NAME
	make_bundle "$1" "$sleeps"
	beside create create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	within 20 test -d "$STATES/$id"
}
# Fractions of a second, the same each time.
moments() { awk -v n="$1" -v most="$2" 'BEGIN { srand(7); for (i = 0; i < n; i++) printf "%.2f\n", rand() * most }'; }

@test "two starts, and a delete beside them: one start has its way" {
	create starts
	for one in first second; do beside $one start "$id"; done
	beside delete delete "$id"
	for one in first second delete; do within 60 ended $one; done
	equal "$(sort "$BATS_TEST_TMPDIR"/{first,second}.status | paste -sd ' ')" "0 1"
	loser=first
	[ "$(status_of first)" != 0 ] || loser=second
	refused $loser 'cannot start a container that is running|is being started'
	refused delete 'it is (created|running), not stopped'
	status_is "$id" running
}

@test "two creates with one ID: one has its way" {
	make_bundle twice "$sleeps"
	for one in first second; do beside $one create --bundle "$bundle" "$id"; done
	for one in first second; do within 60 ended $one; done
	equal "$(sort "$BATS_TEST_TMPDIR"/{first,second}.status | paste -sd ' ')" "0 1"
	loser=first
	[ "$(status_of first)" != 0 ] || loser=second
	refused $loser "container $id already exists"
	status_is "$id" created
}

@test "state at every instant: nothing, creating, created, running, stopped, nothing" {
	make_bundle instants "$sleeps"
	(
		while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			xenrun --root "$STATES" state "$id" 2>&1 | sed -n 's/^ *"status": "\(.*\)",$/\1/p; s/.*does not exist$/none/p; s/^xenrun: .*/&/p'
		done
	) >"$BATS_TEST_TMPDIR/seen" 3>&- &
	local watcher=$!
	ok create --bundle "$bundle" "$id"
	ok start "$id"
	ok kill "$id" KILL
	within 30 status_is "$id" stopped
	ok delete "$id"
	sleep 0.5
	touch "$BATS_TEST_TMPDIR/enough"
	wait $watcher
	seen=$(sed 's/^.*does not exist$/none/' "$BATS_TEST_TMPDIR/seen" | uniq | paste -sd ' ')
	# One that is too short may be missed, none may be another or come out of order.
	says "$seen" '^(none )?(creating )?(created )(running )?(stopped )?(none)$'
}

@test "kill and delete while it is created: an error, or it is killed; create says the same" {
	creating early
	beside kill kill "$id" KILL
	beside delete delete "$id"
	for one in kill delete create; do within 60 ended $one; done
	[ "$(status_of kill)" = 0 ] || refused kill 'cannot kill a container that is creating'
	if [ "$(status_of delete)" != 0 ]; then
		refused delete 'it is (creating|created), not stopped'
	fi
	if [ "$(status_of create)" = 0 ]; then
		status=$(state "$id" status)
		[ "$status" = created ] || { [ "$(status_of kill)" = 0 ] && [ "$status" = stopped ]; }
	else
		refuses 'does not exist' state "$id"
	fi
}

@test "delete --force while it is created, at several moments: it is gone, and create has failed or was done" {
	for moment in $(moments 4 2.5); do
		rm -f "$BATS_TEST_TMPDIR"/create.status
		creating "forced$moment"
		sleep "$moment"
		ok delete --force "$id"
		within 60 ended create
		refuses 'does not exist' state "$id"
		[ "$(status_of create)" = 0 ] || [ -n "$(errors_of create)" ]
		assert_nothing_left 10
	done
}

@test "delete --force while it is started: it is gone, and start has failed or was done" {
	create forcedstart
	beside start start "$id"
	ok delete --force "$id"
	within 60 ended start
	[ "$(status_of start)" = 0 ] || [ -n "$(errors_of start)" ]
	refuses 'does not exist' state "$id"
}

@test "the caller of create gets SIGKILL, at several moments: nothing, or what delete --force takes away" {
	for moment in $(moments 5 3); do
		make_bundle "killed$moment" "$sleeps"
		timeout --signal=KILL "$moment" xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&- || true
		# What it left, if anything, is in a state that there is.
		x state "$id"
		if [ "$status" = 0 ]; then
			says "$(state "$id" status)" '^(creating|created|stopped)$'
		else
			says "$errors" 'does not exist'
		fi
		ok delete --force "$id"
		refuses 'does not exist' state "$id"
		assert_nothing_left 20
	done
}

@test "the caller of start gets SIGKILL, at several moments: created or running, and all goes on" {
	create killedstart
	for moment in 0.01 0.03 0.1; do
		timeout --signal=KILL $moment xenrun --root "$STATES" start "$id" </dev/null >/dev/null 2>&1 3>&- || true
		says "$(state "$id" status)" '^(created|running)$'
	done
	x start "$id"
	[ "$status" = 0 ] || says "$errors" 'cannot start a container that is running'
	within 20 status_is "$id" running
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	ok delete "$id"
}
