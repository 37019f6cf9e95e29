#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The host's processes that hear a guest have given up what they do not need, do their work without it, and die where
# one does what it may not.
load lib
load attack

ATTACK=$HERE/../../build/attack

status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
confined() { # PID CAPABILITIES
	equal "$(status_of "$1" Seccomp)" 2
	equal "$(status_of "$1" NoNewPrivs)" 1
	equal "$(status_of "$1" CapPrm)" "$2"
	equal "$(status_of "$1" CapEff)" "$2"
	local set
	for set in CapInh CapBnd CapAmb; do
		equal "$(status_of "$1" $set)" 0000000000000000
	done
	equal "$(status_of "$1" Threads)" 1
}
links() { # PID: what its descriptors are, in a line
	local one
	for one in /proc/"$1"/fd/*; do
		readlink "$one"
	done | sed 's/:\[[0-9]*\]$//; s|^.*/alive$|alive|' | sort | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd ' '
}

# A container with a volume, that waits: sets pid.
waiting() { # NAME
	mkdir -p "$BATS_TEST_TMPDIR/volume"
	make_bundle "$1" "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['rbind']}]
p['args'] = ['sleep', '1000']"
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	ok start "$id"
	pid=$(<"$bundle/pid")
}

@test "the stand-in: filter, capabilities, descriptors, mounts" {
	waiting standin
	# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP
	confined "$pid" 000000008800001b
	links "$pid"
	equal "$(readlink "/proc/$pid/exe")" "$(command -v xenrun)"
	says "$(links "$pid")" '(^| )1x[^ ]*/xen/evtchn( |$)'
	run ! grep -E 'gntdev|gntalloc|privcmd|xenbus|hypercall|mem$' <<<"$(links "$pid")"
	# Nothing that can be executed, no device, and of the kernel's own files none that can be written.
	equal "$(awk '$6 !~ "nosuid" || $6 !~ "nodev"' "/proc/$pid/mountinfo")" ""
	equal "$(awk '$5 == "/proc" { print substr($6, 1, 2) }' "/proc/$pid/mountinfo")" ro
	equal "$(awk '/^Max (data size|open files)/ { print $(NF - 2), $(NF - 1) }' "/proc/$pid/limits")" $'536870912 536870912\n1048576 1048576'
}

@test "the stand-in's event channels are its zone's, whoever has the descriptor" {
	waiting channels
	# Without the filter, which would end who asks: a virtual interrupt, channels with dom0 and with the zone.
	run python3 - "$pid" "$(xl domid "$id")" <<-'END'
		import ctypes, errno, fcntl, os, struct, sys
		pid, zone = map(int, sys.argv[1:])
		number, = (int(one) for one in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{one}").endswith("xen/evtchn"))
		fd = ctypes.CDLL(None).syscall(438, os.pidfd_open(pid), number, 0)  # pidfd_getfd
		def ask(request, *values):
		    try:
		        return fcntl.ioctl(fd, request, struct.pack("I" * len(values), *values))
		    except OSError as error:
		        return errno.errorcode[error.errno]
		BIND_VIRQ, BIND_INTERDOMAIN, BIND_UNBOUND_PORT = 0x44500, 0x84501, 0x44502
		print(ask(BIND_VIRQ, 0), ask(BIND_INTERDOMAIN, 0, 1), ask(BIND_UNBOUND_PORT, 0))
		print(ask(BIND_INTERDOMAIN, zone, 100000))  # it may, and there is none
	END
	equal "$output" $'EACCES EACCES EACCES\nEINVAL'
}

@test "exec's process: filter, no capability; it passes signals on" {
	waiting execs
	ok exec --detach --pid-file "$bundle/exec.pid" "$id" /bin/sh -c 'trap "echo got >/v/got; exit 7" TERM; echo on >/v/on; while :; do sleep 0.1; done'
	within 30 [ -e "$BATS_TEST_TMPDIR/volume/on" ]
	exec_pid=$(<"$bundle/exec.pid")
	confined "$exec_pid" 0000000000000000
	links "$exec_pid"
	kill -TERM "$exec_pid"
	within 20 [ -e "$BATS_TEST_TMPDIR/volume/got" ]
	within 20 [ ! -e "/proc/$exec_pid" ]
}

# What code that has taken the stand-in over could do.
takeover() { "$ATTACK/takeover" "$pid" "$@"; }

@test "a stand-in that was taken over finds no file of the host's" {
	waiting taken
	# By openat2, from each descriptor that there might be a way up from.
	local fd path answers=
	for fd in /proc/"$pid"/fd/*; do
		case $(readlink "$fd") in
		*/xen/evtchn | anon_inode:* | socket:* | pipe:*) continue ;;
		esac
		fd=${fd##*/}
		for path in ../../sys/kernel/core_pattern ../../../proc/sys/kernel/core_pattern ../../sysrq-trigger "../../../../../..$ROOTS"; do
			answers+="$fd $path: $(takeover 437 "$fd" "=$path" +0,0,0 24)"$'\n'
		done
	done
	echo "$answers"
	says "$answers" 'No such file or directory'
	run ! grep -E ': [0-9]*$' <<<"${answers%$'\n'}"
	equal "$(takeover 437 -100 =/proc/sys/kernel/core_pattern +1,0,0 24)" "Read-only file system"
	equal "$(takeover 437 -100 =/proc/sysrq-trigger +1,0,0 24)" "Read-only file system"
	equal "$(takeover 437 -100 "=$BATS_TEST_TMPDIR" +0,0,0 24)" "No such file or directory"
	# Nor does it make one: openat2, mkdirat, symlinkat.
	answers=
	for path in "$BATS_TEST_TMPDIR/new" "/../../..$BATS_TEST_TMPDIR/new" /proc/new; do
		answers+="$(takeover 437 -100 "=$path" +0x41,0644,0 24)"$'\n'
		answers+="$(takeover 258 -100 "=$path" 0755)"$'\n'
		answers+="$(takeover 266 =/ -100 "=$path")"$'\n'
	done
	echo "$answers"
	run ! grep -E '^[0-9]*$' <<<"${answers%$'\n'}"
	[ ! -e "$BATS_TEST_TMPDIR/new" ]
	# It was stopped, and made another call than its own: it goes on.
	kill -STOP "$pid"
	kill -CONT "$pid"
	ok exec "$id" /bin/echo here
	equal "$output" here
}

@test "what it may not call ends it and its zone, and the kernel's log says what it was" {
	waiting killed
	equal "$(takeover 59 =/bin/true 0 0)" "signal 31"
	within 20 status_is "$id" stopped
	within 20 no_domain "$id"
	dmesg | grep 'type=1326.*comm="xenrun:standin".*sig=31.*syscall=59 '
	(
		run_zone status "sh('sleep 1000')"
		echo "$status" >"$BATS_TEST_TMPDIR/ended"
	) 3>&- &
	local caller=$!
	within 60 status_is "${PREFIX}status" running
	pid=$(state "${PREFIX}status" pid)
	equal "$(takeover 41 1 1 0)" "signal 31"
	wait $caller
	equal "$(<"$BATS_TEST_TMPDIR/ended")" 159
	# To trace its parent, or to make memory executable.
	waiting traces
	equal "$(takeover 101 16 "$(ps -o ppid= -p "$pid" | tr -d ' ')" 0 0)" "signal 31"
	waiting executes
	equal "$(takeover 9 0 4096 7 0x22 -1 0)" "signal 31"
}

@test "a Debian's ordinary work: files, locks with the host, attributes, a terminal" {
	own_root debian
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo 0 >"$BATS_TEST_TMPDIR/volume/locked"
	make_bundle debian "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['rbind']}]
p['capabilities'] = {kind: ['CAP_SETFCAP'] for kind in ('bounding', 'effective', 'permitted')}
p['args'] = ['sleep', '1000']"
	ok create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	ok start "$id"
	pid=$(<"$bundle/pid")
	# shellcheck disable=SC2016 # it is the zone's shell that expands
	ok exec "$id" /bin/bash -ec '
		dpkg --verify base-files
		tar -C /usr/share -cf /v/doc.tar common-licenses; tar -C /v -xf /v/doc.tar; diff -r /v/common-licenses /usr/share/common-licenses
		cd /v; for i in {1..200}; do echo $i >$i; done; rm {1..199}; mv 200 one; ln one two; ln -s one three; mkfifo four; chmod 4711 one; touch -d 2001-02-03 one
		truncate -s 5000000000 sparse; dd if=/dev/zero of=sync bs=4k count=8 conv=fsync status=none; dd if=/dev/zero of=sync bs=4k count=8 conv=fdatasync status=none
		perl -e '\''my ($file, $name, $value) = ("one", "security.capability", pack("V5", 2 << 24, 1 << 13, 0, 0, 0));
			syscall(188, $file, $name, $value, 20, 0) == 0 or die "setxattr: $!"'\''
		df /v >/dev/null; ls -laR /v >/dev/null; echo done'
	equal "$output" 'done'
	equal "$(stat -c %s "$BATS_TEST_TMPDIR/volume/sparse")" 5000000000
	equal "$(python3 -c "import os; print(os.getxattr('$BATS_TEST_TMPDIR/volume/one', 'security.capability').hex())")" \
		0000000200200000000000000000000000000000
	# The host's lock keeps the zone out, and the zone's the host.
	lock() { exec python3 -c "import fcntl, time; file = open('$BATS_TEST_TMPDIR/volume/locked', 'r+'); fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB); open('$BATS_TEST_TMPDIR/held', 'w'); time.sleep($1)" 3>&-; }
	lock 100 &
	within 20 [ -e "$BATS_TEST_TMPDIR/held" ]
	x exec "$id" flock -n /v/locked echo got
	equal "$status" 1
	kill $!
	wait $! || true
	ok exec --detach "$id" flock /v/locked sh -c 'echo >/v/held; sleep 1000'
	within 20 [ -e "$BATS_TEST_TMPDIR/volume/held" ]
	run lock 0
	says "$output" BlockingIOError
	script -qec "stty rows 33 cols 44; xenrun --root $STATES exec -t $id sh -c 'stty size; exit 3'" /dev/null </dev/null 3>&- >"$BATS_TEST_TMPDIR/terminal" || equal $? 3
	grep '33 44' "$BATS_TEST_TMPDIR/terminal"
	confined "$pid" 000000008800001b
}

# Becomes a program of this host's that would lock it.
host_lock() { # FILE STATEMENT
	exec python3 -c "import fcntl, time; file = open('$1', 'r+'); fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB); $2" 3>&-
}

@test "a lock on a bind mount is the open file's: another that is closed, or the end of flock(1), does not end it; a child does" {
	own_root debian
	cd "$BATS_TEST_TMPDIR"
	mkdir volume
	touch volume/file
	make_bundle locks "base = '$BATS_TEST_TMPDIR'"'
c["mounts"].append({"destination": "/v", "type": "bind", "source": base + "/volume", "options": ["rbind"]})
sh("""step() { touch /v/did$1; until [ -e /v/go$1 ]; do sleep 0.1; done; }
exec 9>>/v/file
flock 9
step 1
: </v/file
step 2
(flock -u 9)
step 3
flock /v/file touch /v/got &
sleep 0.5
kill -STOP $!
kill -CONT $!
step 4
wait $!""")'
	ok run --detach --bundle "$bundle" "$id"
	for i in 1 2; do
		within 20 [ -e volume/did$i ]
		run host_lock volume/file ''
		says "$output" BlockingIOError
		touch volume/go$i
	done
	within 20 [ -e volume/did3 ]
	host_lock "$PWD/volume/file" 'open("held", "w"); time.sleep(100)' &
	local holder=$!
	within 20 [ -e held ]
	# Who waits for it, and has a signal, waits on.
	touch volume/go3
	within 20 [ -e volume/did4 ]
	[ ! -e volume/got ]
	kill "$holder"
	wait "$holder" || true
	touch volume/go4
	within 20 [ -e volume/got ]
	within 20 status_is "$id" stopped
}

@test "a read-only bind is read-only for the zone, whatever its kernel does" {
	own_root busybox
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo before >"$BATS_TEST_TMPDIR/volume/file"
	run_zone locked "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['bind', 'ro']}]
p['capabilities'] = {kind: ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER'] for kind in ('bounding', 'effective', 'permitted')}
sh('mount -t 9p -o trans=xen,version=9p2000.L,cache=none volumes /mnt; cd /mnt/0/volume; cat file; echo after >file; rm file; chmod 600 file; touch new; mv file new')"
	equal "$output" before
	equal "$(grep -c 'Read-only file system' <<<"$errors")" 5
	equal "$(<"$BATS_TEST_TMPDIR/volume/file")" before
	equal "$(ls "$BATS_TEST_TMPDIR/volume")" file
}

@test "a guest that reports the same without end fills no log" {
	# With the privilege to it a container mounts zone init's own share, which has no streams then.
	own_root busybox
	make_bundle reports "p['capabilities'] = {kind: ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'] for kind in ('bounding', 'effective', 'permitted')}
sh('''mount -t 9p -o trans=xen,version=9p2000.L,cache=none control /mnt && : >/opt/mounted
for i in \$(seq 100); do printf \"\\\\006\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\\\\000\" >/mnt/reports; done
: >/opt/reported; sleep 1000''')"
	ok --log "$BATS_TEST_TMPDIR/log" --log-level info run --detach --bundle "$bundle" "$id"
	within 60 [ -e "$root/opt/reported" ]
	[ -e "$root/opt/mounted" ]
	equal "$(grep -c 'out of memory' "$BATS_TEST_TMPDIR/log")" 1
	[ -e "$bundle/oom" ]
}

nothing_beside_it() {
	"$HERE/inventory" "$PREFIX" "$STATES" "$BATS_TEST_TMPDIR/beside" >"$BATS_TEST_TMPDIR/more"
	[ ! -s "$BATS_TEST_TMPDIR/more" ] || { cat "$BATS_TEST_TMPDIR/more"; false; }
}

@test "a guest that breaks 9P or its rings: its session ends, and why is logged once; another zone goes on, nothing is left" {
	own_root busybox
	waiting other
	local other=$id serves=$pid attack why count=$BATS_TEST_TMPDIR/volume/count before
	# shellcheck disable=SC2016 # it is the zone's shell that expands
	ok exec --detach "$other" /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/v/new; mv /v/new /v/count; usleep 100000; done'
	within 20 [ -e "$count" ]
	"$HERE/inventory" "$PREFIX" "$STATES" >"$BATS_TEST_TMPDIR/beside"
	while read -r attack why; do
		hostile "$attack"
		why="the guest broke the 9P session of its device $why"
		x --log "$bundle.log" --log-level info run --bundle "$bundle" "$id"
		equal "$status" 255
		equal "$errors" "xenrun: $why"
		says "$(<"$bundle.log")" "$id: $why"
		equal "$(wc -l <"$bundle.log")" 1
	done <<-'END'
		size-short 1: a request shorter than its header
		size-over 1: a request longer than msize
		index-ahead 1: more requests in the ring than it holds
		index-taken 1: more answers taken than were given
		name-overlaps 1: a malformed message
		write-cut 1: a malformed message
		surplus 0: a malformed message
	END
	within 10 nothing_beside_it
	equal "$(state "$other" pid)" "$serves"
	before=$(<"$count")
	within 20 eval '[ "$(<"$count")" -gt "$before" ]'
}

@test "a guest that offers rings which are none gets no session" {
	own_root busybox
	local attack why
	while read -r attack why; do
		hostile "$attack"
		refuses "$why" run --bundle "$bundle" "$id"
		equal "$(wc -l <<<"$errors")" 1
	done <<-'END'
		order the guest offers a ring of order 2147483656, 1 to 8 are possible
		page cannot map a ring's data of the guest
		ring cannot map a ring of the guest
		channel cannot bind an event channel of the guest
		rings the guest offers no usable 9pfs device 1
	END
}

@test "what a guest asks that is odd, but no violation, is answered: unknown types, in parts, twice, another session" {
	own_root busybox
	hostile odd
	ok run --detach --bundle "$bundle" "$id"
	within 20 [ -s "$root/odd" ]
	equal "$(<"$root/odd")" lives
	status_is "$id" running
}

@test "a guest's kernel that asks for what is out of its root, by names and symlinks, in each message that has one, is refused" {
	own_root busybox
	local before
	mkdir "$root/d"
	echo inside >"$root/d/f"
	echo xenrun-canary >"$BATS_TEST_TMPDIR/canary"
	ln -s .. "$root/up"
	ln -s ../canary "$root/out"
	touch -a -d '2 days ago' "$BATS_TEST_TMPDIR/canary"
	hostile paths
	seen() { stat -c '%X %Y %Z %h' "$BATS_TEST_TMPDIR/canary"; ls -A "$BATS_TEST_TMPDIR" | grep -v '^paths'; }
	before=$(seen)
	ok run --detach --bundle "$bundle" "$id"
	within 20 [ -s "$root/paths" ]
	# Twelve for each of ten names in two folders, and of a symlink; and nine.
	equal "$(<"$root/paths")" $((12 * (2 * 10 + 2 + 1) + 2 * 9))
	status_is "$id" running
	equal "$(seen)" "$before"
	# What it was allowed to is done, in its root.
	[ -d "$root/e/d/h" ]
	equal "$(ls "$root/e/d")" h
	equal "$(cd "$root"; echo d* e* g* up* moved* taken*)" "dev e etc g* up moved* taken*"
}

@test "a guest that asks without end and takes no answer waits, and costs nothing; events without end cost time, no more" {
	own_root busybox
	hostile endless
	ok run --detach --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	pid=$(<"$bundle/pid")
	local told before ticks
	told=/local/domain/$(xl domid "$id")/control
	within 30 xenstore-exists "$told/full"
	before=$(kept "$pid") ticks=$(used "$pid")
	sleep 3
	ticks=$(($(used "$pid") - ticks))
	echo "# while its requests wait: $ticks hundredths of a second of three, $before" >&3
	[ "$ticks" -le 30 ]
	xenstore-write "$told/events" 1
	ticks=$(used "$pid")
	sleep 3
	echo "# with events without end: $(($(used "$pid") - ticks)), $(kept "$pid")" >&3
	equal "$(kept "$pid")" "$before"
	status_is "$id" running
	xenstore-write "$told/stop" 1
	within 30 [ -s "$root/endless" ]
	equal "$(<"$root/endless")" none
	equal "$(kept "$pid")" "$before"
}
