#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.terminal: a person at a shell in a zone. tmux is the person's terminal: it has a screen to look at, and takes keys.
load lib

setup_file() {
	command -v tmux >/dev/null || { echo "tmux is missing"; return 1; }
	remember
	make_bundle shared "sh('exec sleep 100000')"
	export SHARED=$id
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR x run --detach --bundle "$bundle" "$id"
	[ "$status" = 0 ]
}
teardown_file() {
	delete_all
	assert_nothing_left
}
teardown() {
	tmux -L xenrun-tests kill-server 2>/dev/null || true
	local one
	for one in $(xenrun --root "$STATES" list --quiet); do
		[ "$one" = "$SHARED" ] || timeout 90 xenrun --root "$STATES" delete --force "$one"
	done
}

# A screen of 80 by 24 in which a shell has just run that command line.
screen() {
	tmux -L xenrun-tests -f /dev/null new-session -d -x 80 -y 24 'env PS1="host> " /bin/sh' 3>&-
	within 10 shows 'host>'
	keys "$1" Enter
}
keys() { tmux -L xenrun-tests send-keys "$@"; }
seen() { tmux -L xenrun-tests capture-pane -p; }
shows() { seen | grep -qE -- "$1"; }
wait_for() { within "${2:-30}" shows "$1" || { seen; return 1; }; }
shell="xenrun --root $STATES exec --tty --env 'PS1=zone# ' --env TERM=screen"

@test "exec --tty: a terminal of its own, size, and the person's own terminal as it was" {
	screen "stty -a >$BATS_TEST_TMPDIR/before; $shell $SHARED /bin/sh; echo status \$?; stty -a >$BATS_TEST_TMPDIR/after"
	wait_for '^zone#'
	keys 'tty; stty size; echo "<$(readlink /proc/self/fd/0)>"' Enter
	wait_for '^/dev/pts/[0-9]+$'
	wait_for '^24 80$'
	wait_for '^</dev/pts/[0-9]+>$'
	keys 'exit 5' Enter
	wait_for '^status 5'
	within 10 test -s "$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "the size follows the person's terminal, and the process hears of it" {
	screen "$shell $SHARED /bin/sh -c 'trap \"echo changed; stty size\" WINCH; echo on; while :; do sleep 0.2; done'"
	wait_for '^on'
	tmux -L xenrun-tests resize-window -x 100 -y 30
	wait_for '^changed'
	wait_for '^30 100'
	keys C-c
	wait_for '^host>'
}

@test "Ctrl-C, Ctrl-D, Ctrl-Z: job control" {
	screen "$shell $SHARED /bin/sh"
	wait_for '^zone#'
	keys 'sleep 1000' Enter
	sleep 1
	keys C-c
	keys 'echo after $?' Enter
	wait_for '^after 130'
	keys 'sleep 1001' Enter
	sleep 1
	keys C-z
	wait_for 'Stopped'
	keys 'bg; jobs' Enter
	wait_for 'Running.*sleep 1001|\[1\].*sleep 1001'
	keys 'kill %1; cat' Enter
	sleep 1
	keys 'typed' Enter
	wait_for '^typed$'
	keys C-d
	keys C-d
	wait_for '^host> *$'
}

@test "full-screen programs: vi, less, top" {
	screen "$shell $SHARED /bin/sh"
	wait_for '^zone#'
	keys 'vi /tmp/text' Enter
	wait_for '^~'
	keys i
	keys 'hello from vi'
	wait_for '^hello from vi'
	keys Escape
	# What comes at once after an escape is taken for a key of its own.
	sleep 2
	keys ':wq' Enter
	wait_for '^zone#'
	keys 'clear; cat /tmp/text' Enter
	wait_for '^hello from vi'
	keys 'clear; seq 100 | less' Enter
	wait_for '^10$'
	keys G
	wait_for '^100$'
	keys q
	keys 'clear; top' Enter
	wait_for 'Mem:.*used'
	wait_for 'PID +PPID'
	keys q
	keys 'exit' Enter
	wait_for '^host>'
}

@test "run on a person's terminal: /dev/console, Ctrl-C to the first process; raw mode ends whatever happens" {
	make_bundle own "p['terminal'] = True
p['env'] += ['PS1=zone# ', 'TERM=screen']
p['args'] = ['/bin/sh']"
	screen "stty -a >$BATS_TEST_TMPDIR/before; xenrun --root $STATES run --bundle $bundle $id; echo status \$?; stty -a >$BATS_TEST_TMPDIR/after"
	wait_for '^zone#' 60
	keys 'tty; stty size; [ -c /dev/console ] && echo console; echo $$' Enter
	wait_for '^/dev/(pts/0|console)$'
	wait_for '^24 80$'
	wait_for '^console$'
	keys 'sleep 1000' Enter
	sleep 1
	keys C-c
	keys 'echo after $?' Enter
	wait_for '^after 130'
	# The zone goes under the person's feet.
	kill -KILL "$(state "$id" pid)"
	wait_for 'status 137' 60
	within 10 test -s "$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "script(1) as the person's terminal" {
	script -qec "xenrun --root $STATES exec -t $SHARED sh -c 'test -t 0 && test -t 1 && test -t 2 && stty -a | head -n 1'" /dev/null \
		</dev/null >"$BATS_TEST_TMPDIR/out" 3>&-
	says "$(<"$BATS_TEST_TMPDIR/out")" 'speed 38400 baud'
}

# Receives the terminal's master from --console-socket, as conmon does, and talks over it.
console() { # SCRIPT
	cat >"$BATS_TEST_TMPDIR/console.py" <<-'END'
		import array, fcntl, os, select, socket, struct, subprocess, sys, termios, time
		path, command, script = sys.argv[1], sys.argv[2].split("\n"), sys.argv[3]
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(path)
		listener.listen(1)
		listener.settimeout(90)
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		connection = listener.accept()[0]
		name, rights, _, _ = connection.recvmsg(1024, socket.CMSG_SPACE(4))
		master = array.array("i", rights[0][2])[0]
		assert name, "no name"
		# As containerd's shim: to the end of what it says, too.
		said = process.communicate(timeout=90)[0]
		assert process.returncode == 0, said
		seen = b""
		def expect(text, seconds=30):
		    global seen
		    end = time.time() + seconds
		    while text not in seen:
		        if time.time() > end:
		            raise SystemExit("no %r in %r" % (text, seen))
		        if select.select([master], [], [], 1)[0]:
		            try:
		                seen += os.read(master, 65536)
		            except OSError:
		                time.sleep(0.1)
		    seen = seen.split(text, 1)[1]
		def type_(text): os.write(master, text)
		def resize(rows, columns): fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
		exec(script)
	END
	rm -f "$BATS_TEST_TMPDIR/socket"
	timeout 120 python3 "$BATS_TEST_TMPDIR/console.py" "$BATS_TEST_TMPDIR/socket" "$(printf '%s\n' "${@:2}")" "$1" 3>&-
}

@test "--console-socket: create, start; consoleSize; resize; hang-up" {
	make_bundle console "p['terminal'] = True
p['consoleSize'] = {'height': 33, 'width': 77}
p['env'] += ['PS1=zone# ']
p['args'] = ['/bin/sh']"
	console "
subprocess.run(['xenrun', '--root', '$STATES', 'start', '$id'], check=True, timeout=60)
expect(b'zone# ')
type_(b'stty size; echo HELLO | tr A-Z a-z\r')
expect(b'\r\n33 77\r\n')
expect(b'hello\r\n')
resize(40, 120)
time.sleep(0.5)
type_(b'stty size\r')
expect(b'\r\n40 120\r\n')
os.close(master)
" xenrun --root "$STATES" create --console-socket "$BATS_TEST_TMPDIR/socket" --bundle "$bundle" "$id"
	# Nobody is at the other end any more: the shell ends.
	within 30 status_is "$id" stopped
}

@test "exec --console-socket --detach; output just before the end" {
	console "
data = b''
end = time.time() + 60
while len(data) < 65536 + 2 and time.time() < end:
    try:
        if select.select([master], [], [], 1)[0]:
            data += os.read(master, 65536)
    except OSError:
        break
assert data.count(b'x') == 65536, len(data)
" xenrun --root "$STATES" exec --detach --tty --console-socket "$BATS_TEST_TMPDIR/socket" "$SHARED" /bin/sh -c 'head -c 65536 /dev/zero | tr "\0" x'
}

@test "a terminal that fits nothing is refused" {
	make_bundle wrong "p['terminal'] = True"
	refuses 'needs a --console-socket' create --bundle "$bundle" "$id"
	refuses 'console-socket: ' create --bundle "$bundle" --console-socket /missing "$id"
	refuses 'does not exist' state "$id"
	make_bundle none "pass"
	refuses 'process.terminal is false' create --bundle "$bundle" --console-socket /missing "$id"
	make_bundle nodev "p['terminal'] = True
c['mounts'] = [m for m in c['mounts'] if m['destination'] != '/dev/pts']"
	refuses 'process.terminal: ' run --bundle "$bundle" "$id"
}
