#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec, ps, pause, events: what goes on in a container that runs. Most tests share one.
load lib

setup_file() {
	remember
	make_bundle shared '
caps = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"]
p["capabilities"] = {"bounding": caps, "permitted": caps, "effective": caps}
p["env"] += ["OF=container"]
p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
c["mounts"] += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]
c["linux"]["namespaces"] += [{"type": "cgroup"}]
c["linux"]["resources"] = {"pids": {"limit": 200}}
sh("sleep 100000 & exec sleep 100000")
'
	export SHARED=$id
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR x run --detach --bundle "$bundle" "$id"
	[ "$status" = 0 ] || { cat "$bundle.err"; return 1; }
}
teardown_file() {
	delete_all
	assert_nothing_left
}
teardown() {
	local one
	for one in $(xenrun --root "$STATES" list --quiet); do
		[ "$one" = "$SHARED" ] || timeout 90 xenrun --root "$STATES" delete --force "$one"
	done
}

# A process in the shared container: sets status, output, errors.
in_it() { x exec "$SHARED" "$@"; }
# The same, options before it.
with() { # OPTIONS -- COMMAND
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	x exec "${options[@]}" "$SHARED" "${@:2}"
}
gone() { ! kill -0 "$1" 2>/dev/null; }
counted() { # NUMBER NAME: that many processes of this name are in the container
	[ "$(xenrun --root "$STATES" ps "$SHARED" | grep -c "$2")" = "$1" ]
}

@test "exit status; standard output and error apart; input to its end" {
	in_it /bin/sh -c 'echo out; echo err >&2; exit 7'
	equal "$status" 7
	equal "$output" out
	equal "$errors" err
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in in_it cat
	equal "$status $output" "0 hello"
	in_it /bin/sh -c 'kill -TERM $$'
	equal "$status" 143
	in_it /bin/sh -c 'kill -KILL $$'
	equal "$status" 137
}

@test "a binary stream comes through whole, both ways" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	timeout 60 xenrun --root "$STATES" exec "$SHARED" cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "it joins the container: namespaces, root, cgroup, and what the container's own has" {
	in_it /bin/sh -c 'for n in pid mnt uts ipc net cgroup; do
		[ "$(readlink /proc/self/ns/$n)" = "$(readlink /proc/1/ns/$n)" ] || echo "other $n"; done
		hostname; cat /proc/self/cgroup; echo $OF; pwd; id -u; ulimit -n; grep -E "Cap(Eff|Bnd)" /proc/self/status; [ $$ -gt 1 ]'
	equal "$status" 0
	equal "$output" $'zone\n0::/\ncontainer\n/\n0\n100\nCapEff:\t00000000000000e1\nCapBnd:\t00000000000000e1'
}

@test "its options: user, groups, environment, folder, capabilities, privileges" {
	with --user 1000:1001 --additional-gids 5 --additional-gids 6 --env A=1 --env 'B=2 3' --cwd /etc --no-new-privs -- \
		/bin/sh -c 'id -u; id -g; id -G; echo "$A/$B/$OF"; pwd; grep NoNewPrivs /proc/self/status'
	equal "$status" 0
	equal "$output" $'1000\n1001\n1001 5 6\n1/2 3/container\n/etc\nNoNewPrivs:\t1'
	with --cap CAP_NET_RAW -- grep CapEff /proc/self/status
	equal "$output" $'CapEff:\t00000000000020e1'
	with -u 12 -- id -u
	equal "$output" 12
}

@test "--process: the whole of it from a file" {
	cat >"$BATS_TEST_TMPDIR/process" <<-'END'
		{"user": {"uid": 7, "gid": 8, "umask": 63}, "args": ["/bin/sh", "-c", "id -u; umask; echo $X; pwd; ulimit -n; cat /proc/self/oom_score_adj"],
		 "env": ["PATH=/bin", "X=y"], "cwd": "/tmp", "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}], "oomScoreAdj": 500}
	END
	x exec --process "$BATS_TEST_TMPDIR/process" "$SHARED"
	equal "$status" 0
	equal "$output" $'7\n0077\ny\n/tmp\n50\n500'
}

@test "--detach and --pid-file: the pid ends as the process does, and what it is sent the process gets" {
	with --detach --pid-file "$BATS_TEST_TMPDIR/pid" -- \
		/bin/sh -c 'trap "exit 9" USR1; echo on; while :; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/all"
	equal "$status" 0
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	kill -0 "$pid"
	within 20 counted 1 'trap .exit 9'
	kill -USR1 "$pid"
	within 20 gone "$pid"
	within 20 counted 0 'trap .exit 9'

	# As conmon sees it.
	printf '{"user": {"uid": 0, "gid": 0}, "args": ["/bin/sh", "-c", "exit 6"], "cwd": "/", "env": ["PATH=/bin"]}' >"$BATS_TEST_TMPDIR/process"
	python3 - "$STATES" "$SHARED" "$BATS_TEST_TMPDIR" <<-'END'
		import ctypes, os, subprocess, sys
		states, name, folder = sys.argv[1:]
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
		subprocess.run(["xenrun", "--root", states, "exec", "--process", folder + "/process", "--pid-file", folder + "/own",
		                "--detach", name], check=True, timeout=60)
		pid, status = os.waitpid(int(open(folder + "/own").read()), 0)
		assert os.waitstatus_to_exitcode(status) == 6, status
	END
}

@test "killing the pid that stands for it kills the process in the zone" {
	with --detach --pid-file "$BATS_TEST_TMPDIR/pid" -- sleep 7654
	within 20 counted 1 'sleep 7654'
	kill -KILL "$(<"$BATS_TEST_TMPDIR/pid")"
	within 20 counted 0 'sleep 7654'
}

@test "a signal for the call is the process's" {
	timeout 60 xenrun --root "$STATES" exec "$SHARED" /bin/sh -c 'trap "echo term; exit 3" TERM; echo on; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	within 20 grep -q on "$BATS_TEST_TMPDIR/out"
	pkill -TERM -x -f "xenrun --root $STATES exec $SHARED /bin/sh -c trap .echo term.*"
	status=0
	wait $! || status=$?
	equal "$status" 3
	equal "$(<"$BATS_TEST_TMPDIR/out")" $'on\nterm'
}

@test "twenty at once, each with its own output and status" {
	local i pids=()
	for i in $(seq 20); do
		timeout 100 xenrun --root "$STATES" exec "$SHARED" /bin/sh -c "echo $i; sleep 1; exit $i" >"$BATS_TEST_TMPDIR/$i" 3>&- &
		pids+=($!)
	done
	for i in $(seq 20); do
		status=0
		wait "${pids[i - 1]}" || status=$?
		equal "$status" "$i"
		equal "$(<"$BATS_TEST_TMPDIR/$i")" "$i"
	done
}

@test "--preserve-fds: pipes and a socket are carried, what is no stream is refused" {
	python3 - "$STATES" "$SHARED" <<-'END'
		import fcntl, os, socket, subprocess, sys
		states, name = sys.argv[1:]
		(a, b), (c, d), (ours, theirs) = os.pipe(), os.pipe(), socket.socketpair()
		# Out of the way of 3, which is read, 4, which is written, and 5, which is both.
		moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, 30) for fd in (a, d, theirs.detach(), b, c, ours.detach())]
		for number in 3, 4, 5:
		    os.dup2(moved[number - 3], number)
		child = subprocess.Popen(["xenrun", "--root", states, "exec", "--preserve-fds", "3", name, "/bin/sh", "-c",
		    "read a <&3; read b <&5; echo got $a >&4; echo got $b >&5; exec 4>&-; read c <&3; echo last $c >&5"], pass_fds=(3, 4, 5))
		os.closerange(3, moved[2] + 1)
		to_write, from_read, ours = moved[3], moved[4], socket.socket(fileno=moved[5])
		os.write(to_write, b"one\n")
		ours.sendall(b"two\n")
		lines = os.fdopen(from_read)
		assert lines.readline() == "got one\n"
		answers = ours.makefile()
		assert answers.readline() == "got two\n"
		os.write(to_write, b"three\n")
		assert answers.readline() == "last three\n"
		assert child.wait(60) == 0
		assert lines.read() == ""
	END
	refused() { # PATTERN OPTIONS...
		! xenrun --root "$STATES" exec "${@:2}" "$SHARED" true 2>"$BATS_TEST_TMPDIR/errors" || return 1
		says "$(<"$BATS_TEST_TMPDIR/errors")" "$1"
	}
	refused '--preserve-fds: descriptor 4: Bad' --preserve-fds 2 3</dev/null 4>&-
	refused '--preserve-fds: descriptor 3: it is no stream' --preserve-fds 1 3</
	refused '--preserve-fds: descriptor 3: a file that is read and written' --preserve-fds 1 3<>"$BATS_TEST_TMPDIR/errors"
	refuses '--preserve-fds: more than 16' exec --preserve-fds 17 "$SHARED" true
}

@test "output that a process closes has its end, though the process goes on" {
	mkfifo "$BATS_TEST_TMPDIR/out"
	timeout 60 xenrun --root "$STATES" exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$SHARED" \
		/bin/sh -c 'echo line; exec >&-; exec sleep 7653' >"$BATS_TEST_TMPDIR/out" 3>&- &
	equal "$(timeout 60 cat "$BATS_TEST_TMPDIR/out")" line
	wait $!
	within 20 counted 1 'sleep 7653'
	kill -KILL "$(<"$BATS_TEST_TMPDIR/pid")"
	within 20 counted 0 'sleep 7653'
}

@test "output written just before the end is never lost: 64 KiB, 40 times" {
	local i
	for i in $(seq 40); do
		equal "$(timeout 60 xenrun --root "$STATES" exec "$SHARED" /bin/sh -c 'head -c 65536 /dev/zero' | wc -c)" 65536
	done
}

@test "orphans are the container's own pid 1's" {
	make_bundle orphans "sh('while :; do sleep 0.2; done')"
	x run --detach --bundle "$bundle" "$id"
	x exec "$id" /bin/sh -c '(sleep 50 & echo $! >/dev/shm/orphan); grep PPid /proc/$(cat /dev/shm/orphan)/status; kill $(cat /dev/shm/orphan)'
	equal "$output" $'PPid:\t1'
	# Who reaps them is the container's own pid 1, not zone init.
	reaped() { ok ps "$id" && [ "$(grep -c 'sleep 50\|\[sleep\]' <<<"$output")" = 0 ]; }
	within 20 reaped
}

@test "what cannot be executed: a clear error, status 255, nothing left" {
	x exec "$SHARED" /bin/missing
	equal "$status" 255
	says "$errors" 'exec: "/bin/missing": no such file or directory'
	refuses 'exec: "missing": executable file not found in \$PATH' exec "$SHARED" missing
	refuses 'permission denied' exec "$SHARED" /etc/passwd
	refuses 'process.cwd: /missing' exec --cwd /missing "$SHARED" true
	refuses 'no command' exec "$SHARED"
	refuses '--user: "me" is not' exec --user me "$SHARED" true
	refuses '--cap: unknown capability "CAP_ANY"' exec --cap CAP_ANY "$SHARED" true
	refuses 'needs a --console-socket' exec --detach --tty "$SHARED" true
	refuses 'process.terminal is false' exec --detach --console-socket /none "$SHARED" true
	refuses 'does not exist' exec nobody true
	echo '{"args": ["true"], "cwd": "relative"}' >"$BATS_TEST_TMPDIR/process"
	refuses 'process.cwd' exec --process "$BATS_TEST_TMPDIR/process" "$SHARED"
	counted 2 'sleep 100000'
}

@test "in a created container; not in a stopped one" {
	make_bundle created "sh('sleep 1000')"
	ok create --bundle "$bundle" "$id"
	ok exec "$id" echo here
	equal "$output" here
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	refuses 'cannot execute in a container that is stopped' exec "$id" true
	refuses 'not running' ps "$id"
	refuses 'not running' ps --format json "$id"
}

@test "the end of the container's first process ends the others: 137" {
	make_bundle short "sh('sleep 3; exit 4')"
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	x exec "$id" sleep 1000
	equal "$status" 137
	within 20 status_is "$id" stopped
}

@test "ps: a table; as JSON the pids of this host" {
	ok ps "$SHARED"
	says "$output" $'^UID +PID +PPID +STIME +TTY +TIME +CMD\n'
	says "$output" $'\n0 +1 +0 +[^ ]+ +[?] +[0-9:]+ sleep 100000'
	ok exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$SHARED" sleep 100000
	ok ps --format json "$SHARED"
	says "$output" "^\[$(state "$SHARED" pid)(,[0-9]+)*\]$"
	says "$output" "[,]$(<"$BATS_TEST_TMPDIR/pid")[],]"
	kill -KILL "$(<"$BATS_TEST_TMPDIR/pid")"
	refuses 'neither table nor json' ps --format xml "$SHARED"
}

@test "pause: nothing runs until resume; kill -9 works all the same" {
	make_bundle paused "sh('while :; do date +%s; sleep 0.2; done')"
	x run --detach --bundle "$bundle" "$id"
	ok pause "$id"
	equal "$(state "$id" status)" paused
	sleep 1
	lines=$(wc -l <"$bundle.out")
	sleep 2
	equal "$(wc -l <"$bundle.out")" "$lines"
	refuses 'cannot execute in a container that is paused' exec "$id" true
	refuses 'cannot pause a container that is paused' pause "$id"
	refuses 'cannot start' start "$id"
	refuses 'it is paused, not stopped' delete "$id"
	timeout 60 xenrun --root "$STATES" exec --ignore-paused "$id" echo later >"$BATS_TEST_TMPDIR/later" 3>&- &
	sleep 1
	[ ! -s "$BATS_TEST_TMPDIR/later" ]
	ok resume "$id"
	equal "$(state "$id" status)" running
	wait $!
	equal "$(<"$BATS_TEST_TMPDIR/later")" later
	more_lines() { [ "$(wc -l <"$bundle.out")" -gt "$((lines + 2))" ]; }
	within 20 more_lines
	refuses 'cannot resume a container that is running' resume "$id"
	ok pause "$id"
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	refuses 'cannot pause a container that is stopped' pause "$id"
}

@test "kill --all: every process of the container" {
	make_bundle all "sh('trap \"echo first\" USR1; (trap \"echo second\" USR1; echo on; while :; do sleep 0.1; done) & while :; do sleep 0.1; done')"
	x run --detach --bundle "$bundle" "$id"
	within 20 printed on
	ok kill --all "$id" USR1
	both() { [ "$(sort "$bundle.out" | paste -sd' ')" = 'first on second' ]; }
	within 20 both
}

@test "events: what the container uses" {
	ok events --stats "$SHARED"
	python3 - "$output" "$SHARED" <<-'END'
		import json, sys
		event = json.loads(sys.argv[1])
		data = event["data"]
		assert event["type"] == "stats" and event["id"] == sys.argv[2], event
		assert data["cpu"]["usage"]["total"] > 0 and data["zone"]["cpu"] > data["cpu"]["usage"]["total"], data
		assert 0 < data["memory"]["usage"]["usage"] < data["zone"]["memory"], data
		assert data["pids"] == {"current": 2, "limit": 200}, data
	END
	make_bundle ends "sh('sleep 4')"
	x run --detach --bundle "$bundle" "$id"
	ok events --interval 500ms "$id"
	[ "$(grep -c '"type":"stats"' <<<"$output")" -ge 2 ]
	refuses 'a container that is stopped has no events' events "$id"
	refuses '--interval: "never"' events --interval never "$SHARED"
}

@test "out of memory: status 137, a file named oom in the bundle" {
	run_zone hungry "c['linux']['resources'] = {'memory': {'limit': 32 << 20}}
sh('x=aaaaaaaaaaaaaaaa; while :; do x=\$x\$x; done')"
	equal "$status" 137
	[ -e "$bundle/oom" ]
	# And in the folder that conmon, whose child `create` is, was given.
	mkdir "$BATS_TEST_TMPDIR/kept"
	run -137 timeout "$LIMIT" sh -c 'shift 2; "$@"; exit $?' conmon --persist-dir "$BATS_TEST_TMPDIR/kept" \
		"$RUNTIME" --root "$STATES" run --bundle "$bundle" "$id" 3>&-
	[ -e "$BATS_TEST_TMPDIR/kept/oom" ]
}
