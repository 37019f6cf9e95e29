#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runtime.md, "Lifecycle": what a container goes through, and what its two processes go through with it.
load lib

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left
}

# A container whose process waits for signals: 10 makes it write, 15 makes it end with 7.
waiting="sh('trap \"echo usr1 >&2\" USR1; trap \"exit 7\" TERM; echo waits; while :; do sleep 0.1; done')"

create() { # NAME [STATEMENTS...]
	make_bundle "$@"
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	pid=$(<"$bundle/pid")
}
start() { timeout 60 xenrun --root "$STATES" start "$id"; }
process_is_gone() { [ ! -e "/proc/$1" ]; }
monitor_of() { sed -n "/\"$2\":/,/\]/p" "$STATES/$1/state.json" | tr -dc '0-9,\n' | grep -o '[0-9]\+' | head -n 1; }

@test "created, running, stopped, deleted; what state says meanwhile" {
	create life "$waiting" 'c["annotations"]["org.example"] = "kept"'
	equal "$(state "$id" status)" created
	domain_exists "$id"
	# Its process has not been executed.
	sleep 1
	printed ''
	kill -0 "$pid"

	ok state "$id"
	python3 - "$output" "$id" "$bundle" "$pid" <<-'END'
		import json, re, sys
		state, (name, bundle, pid) = json.loads(sys.argv[1]), sys.argv[2:]
		assert re.fullmatch(r"1\.\d+\.\d+.*", state["ociVersion"]), state
		assert state["id"] == name and state["bundle"] == bundle and state["pid"] == int(pid), state
		assert state["annotations"]["org.example"] == "kept", state
		assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", state["created"]), state
		assert state["rootfs"].endswith("/busybox") and "owner" in state, state
	END

	refuses "container $id already exists" create --bundle "$bundle" "$id"
	refuses 'it is created, not stopped' delete "$id"
	equal "$(state "$id" status)" created

	ok start "$id"
	equal "$(state "$id" status)" running
	refuses 'cannot start a container that is running' start "$id"
	refuses 'it is running, not stopped' delete "$id"
	ok list
	says "$output" "$id +$pid +running +$bundle"
	ok list --format json
	says "$output" "\"id\": ?\"$id\""

	ok kill "$id" TERM
	within 20 status_is "$id" stopped
	within 20 no_domain "$id"
	equal "$(state "$id" pid)" 0
	within 5 process_is_gone "$pid"
	refuses 'cannot start a container that is stopped' start "$id"
	refuses 'cannot kill a container that is stopped: container not running' kill "$id" 9
	ok delete "$id"
	refuses 'does not exist' state "$id"
	refuses 'does not exist' delete "$id"
	ok delete --force "$id"
}

@test "kill knows signals by number and by name" {
	create signals "sh('for s in HUP INT QUIT USR1 USR2 WINCH RTMIN; do trap \"echo \$s\" \$s; done; trap \"exit 7\" TERM; echo on; while :; do sleep 0.1; done')"
	start
	within 20 printed on
	ok kill "$id" 10
	within 20 printed $'on\nUSR1'
	ok kill "$id" SIGUSR2
	within 20 printed $'on\nUSR1\nUSR2'
	ok kill "$id" HUP
	within 20 printed $'on\nUSR1\nUSR2\nHUP'
	ok kill "$id" int
	within 20 printed $'on\nUSR1\nUSR2\nHUP\nINT'
	ok kill "$id" sigquit
	within 20 printed $'on\nUSR1\nUSR2\nHUP\nINT\nQUIT'
	ok kill "$id" 28
	within 20 printed $'on\nUSR1\nUSR2\nHUP\nINT\nQUIT\nWINCH'
	# For the container's pid in dom0 it is the same.
	kill -USR1 "$pid"
	within 20 printed $'on\nUSR1\nUSR2\nHUP\nINT\nQUIT\nWINCH\nUSR1'
	# TERM is what is sent when nothing is named.
	ok kill "$id"
	within 20 status_is "$id" stopped
}

@test "a created container can be killed, and deleted by force" {
	create killed "$waiting"
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	within 20 no_domain "$id"
	ok delete "$id"

	create forced "$waiting"
	ok delete --force "$id"
	no_domain "$id"
	process_is_gone "$pid"
}

@test "a running container can be deleted by force" {
	create running "$waiting"
	start
	ok delete --force "$id"
	no_domain "$id"
	process_is_gone "$pid"
	refuses 'does not exist' state "$id"
}

@test "delete --force: what the process has written is in the root; a zone that hangs is not waited for" {
	own_root busybox
	writing="sh('exec 3>/open; echo kept >&3; echo kept >/closed; echo done; while :; do sleep 0.1; done')"
	for how in running paused; do
		rm -f "$root/open" "$root/closed"
		create "$how" "$writing"
		start
		within 20 printed "done"
		[ $how = running ] || ok pause "$id"
		ok delete --force "$id"
		equal "$(<"$root/open") $(<"$root/closed")" 'kept kept'
		no_domain "$id"
	done
	create hangs "$writing"
	start
	xl pause "$id"
	began=$SECONDS
	ok delete --force "$id"
	[ $((SECONDS - began)) -lt 20 ]
	no_domain "$id"
}

@test "the pid is an orphan of create's caller and ends as the process does: 0, 7, and by signals" {
	make_bundle zero
	output=$("$HERE/conmon" 60 "$bundle/pid" xenrun --root "$STATES" "$id" 3>&-)
	equal "$output" $'orphan\nstatus 0\nnone left'

	make_bundle seven "$waiting"
	output=$("$HERE/conmon" 60 --kill TERM "$bundle/pid" xenrun --root "$STATES" "$id" 2>&1 3>&-)
	says "$output" $'\nstatus 7\nnone left$'

	make_bundle killed "$waiting"
	output=$("$HERE/conmon" 60 --kill KILL "$bundle/pid" xenrun --root "$STATES" "$id" 2>&1 3>&-)
	says "$output" $'\nstatus 137\nnone left$'

	# The first process of a pid namespace has to be forced to die of its own signal; a child is not.
	make_bundle term "sh('sleep 100 & kill \$!; wait \$!')"
	output=$("$HERE/conmon" 60 "$bundle/pid" xenrun --root "$STATES" "$id" 2>&1 3>&-)
	says "$output" $'status 143\nnone left$'
}

@test "run gives the process's status, and deletes the container" {
	run_zone run "sh('echo out; echo err >&2; exit 7')"
	equal "$status" 7
	equal "$output" out
	equal "$errors" err
	refuses 'does not exist' state "$id"
}

@test "run --keep and run --detach" {
	make_bundle keep "sh('exit 3')"
	x run --keep --bundle "$bundle" "$id"
	equal "$status" 3
	within 20 status_is "$id" stopped
	ok delete "$id"

	make_bundle detach "$waiting"
	ok run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id"
	equal "$(state "$id" status)" running
	equal "$(state "$id" pid)" "$(<"$bundle/pid")"
}

@test "create --preserve-fds: a pipe from the caller, one to it" {
	make_bundle preserved "sh('read line <&3; echo got \$line >&4')"
	mkfifo "$BATS_TEST_TMPDIR/to" "$BATS_TEST_TMPDIR/from"
	exec 7<>"$BATS_TEST_TMPDIR/to" 8<>"$BATS_TEST_TMPDIR/from"
	timeout 60 xenrun --root "$STATES" create --preserve-fds 2 --bundle "$bundle" "$id" \
		</dev/null >"$bundle.out" 2>"$bundle.err" 3<"$BATS_TEST_TMPDIR/to" 4>"$BATS_TEST_TMPDIR/from"
	echo this >&7
	ok start "$id"
	read -r -t 60 line <&8
	equal "$line" "got this"
	exec 7>&- 8>&-
	within 20 status_is "$id" stopped
}

@test "the pid has the container's root as /, and namespaces of its own" {
	create inside "$waiting"
	start
	[ "$(stat -L -c %i "/proc/$pid/root/etc/passwd")" = "$(stat -c %i "$ROOTS/busybox/etc/passwd")" ]
	for kind in mnt pid ipc uts net; do
		[ "$(readlink "/proc/$pid/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ]
	done
	equal "$(nsenter --target "$pid" --mount --pid --root /bin/busybox ls /proc | grep -c '^1$')" 1
	equal "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")" 1
	# It has no privilege that serving files does not need.
	caps=$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")
	[ $((0x$caps >> 21 & 1)) = 0 ] # CAP_SYS_ADMIN
	grep -q '^NoNewPrivs:.*1' "/proc/$pid/status"
	within 20 printed waits
}

# Kills one of the container's processes: the zone goes, and delete clears up.
kill_one() { # NAME STATUS-OF-CONTAINER
	create "$1" "$waiting"
	[ "$2" = created ] || start
	if [ "$1" = standin ]; then
		kill -KILL "$pid"
	else
		kill -KILL "$(monitor_of "$id" "$1")"
	fi
	within 20 no_domain "$id"
	within 20 status_is "$id" stopped
	within 20 process_is_gone "$pid"
	ok delete --force "$id"
	assert_nothing_left
}

@test "the stand-in is killed: the zone is taken down" { kill_one standin running; }
@test "the monitor is killed: the zone is taken down" { kill_one monitor running; }
@test "the keeper is killed: the zone is taken down" { kill_one keeper running; }
@test "the monitor is killed before start: the zone is taken down" { kill_one monitor created; }

@test "monitor and keeper are asked to end: the container runs on; its pid passes SIGTERM on" {
	create asked "$waiting"
	start
	within 20 printed waits
	for signal in TERM HUP INT QUIT USR1 ALRM TSTP; do
		kill "-$signal" "$(monitor_of "$id" keeper)" "$(monitor_of "$id" monitor)"
	done
	sleep 2
	status_is "$id" running
	ok exec "$id" true
	equal "$(ps -o comm= -p "$(monitor_of "$id" keeper),$(monitor_of "$id" monitor)" | sort | paste -sd ' ')" "xenrun:keeper xenrun:monitor"
	kill -TERM "$pid"
	within 20 status_is "$id" stopped
	within 20 no_domain "$id"
	within 20 process_is_gone "$(monitor_of "$id" keeper)"
	ok delete "$id"
}

@test "the zone is destroyed from outside: the container is stopped, and says so" {
	create destroyed "$waiting"
	start
	xl destroy "$id"
	within 20 status_is "$id" stopped
	says "$(<"$STATES/$id/state.json")" 'destroyed from outside'
	ok delete "$id"
}

@test "a create that is killed leaves nothing, whenever it is" {
	make_bundle gone "$waiting"
	for delay in 0.05 0.3 0.8 1.5; do
		xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
		sleep $delay
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		# What it had begun goes by itself, but for a created container's; a folder with no process is delete's.
		within 30 eval '! pgrep -f "xenrun.* $id$" >/dev/null || status_is "$id" created'
		ok delete --force "$id"
		assert_nothing_left
	done
}

@test "of two creates of one ID at once one succeeds" {
	make_bundle twice "$waiting"
	for which in 1 2; do
		xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>"$bundle/err.$which" 3>&- &
		pids[which]=$!
	done
	first=0 second=0
	wait "${pids[1]}" || first=$?
	wait "${pids[2]}" || second=$?
	equal "$((first + second))" 1
	grep -q "container $id already exists" "$bundle"/err.*
	equal "$(state "$id" status)" created
}
