#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.md, "Process" and config-linux.md: what the process finds is what the config says.
load lib

# Two containers tell all: one of an unprivileged user, one of root with a read-only root. Their tests read what they printed.
setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	rm -rf "$ROOTS/busybox/made"
	run_zone plain '
p["cwd"] = "/made/for it"
p["env"] += ["EMPTY=", "SPACES=a  b", "HOME=/nowhere"]
p["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o027}
caps = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
p["capabilities"] = {"bounding": caps + ["CAP_SYS_CHROOT"], "permitted": caps, "effective": caps[:2], "inheritable": caps[:1], "ambient": caps[:1]}
p["noNewPrivileges"] = True
p["oomScoreAdj"] = 321
p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615}]
c["hostname"] = "hoster"
c["domainname"] = "domain.example"
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}, {"names": ["sync"], "action": "SCMP_ACT_KILL_PROCESS"}]}
c["linux"]["sysctl"] = {"kernel.msgmax": "4321", "kernel/msgmnb": "5432"}
c["linux"]["maskedPaths"] = ["/proc/version", "/sys/kernel", "/nowhere/at/all"]
c["linux"]["readonlyPaths"] = ["/proc/sys", "/proc/irq"]
c["linux"]["devices"] = [{"path": "/dev/extra", "type": "c", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 7, "gid": 8},
    {"path": "/dev/pipe", "type": "p", "fileMode": 0o600}, {"path": "/dev/unbuffered", "type": "u", "major": 1, "minor": 3}]
sh("""
exec 2>&1
echo "== args"; for a in "$0" "$@"; do echo "[$a]"; done
echo "== cwd"; pwd
echo "== env"; env
echo "== id"; id -u; id -g; id -G
echo "== umask"; umask
echo "== names"; hostname; cat /proc/sys/kernel/domainname
echo "== pid"; echo $$; cat /proc/1/comm; ls /proc | grep -c "^[0-9]"
echo "== status"; cat /proc/self/status
echo "== limits"; cat /proc/self/limits
echo "== oom"; cat /proc/self/oom_score_adj
echo "== seccomp"; hostname other; (sync); echo "status $?"
echo "== sysctl"; cat /proc/sys/kernel/msgmax /proc/sys/kernel/msgmnb
echo "== masked"; wc -c </proc/version; ls /sys/kernel | wc -l
echo "== readonly"; grep -E " /proc/(sys|irq) " /proc/self/mountinfo
echo "== dev"; ls -ln /dev
echo "== mounts"; cat /proc/self/mountinfo
echo "== write"; echo there >/dev/null && echo null; head -c 3 /dev/zero | od -An -tx1; echo x >/dev/full; head -c 8 /dev/urandom | wc -c; echo shm >/dev/shm/f && cat /dev/shm/f
echo "== fds"; ls /proc/self/fd | wc -l
echo "== end"
""", "zero", "two words", "", "$HOME")
'
	equal "$status" 0
	mv "$BATS_FILE_TMPDIR/last.out" "$BATS_FILE_TMPDIR/plain.facts"

	run_zone root '
c["root"]["readonly"] = True
c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "size=1m"]})
c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]})
c["linux"]["resources"] = {"pids": {"limit": 12}}
c["linux"]["personality"] = {"domain": "LINUX32"}
p["cwd"] = "/etc"
caps = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SYS_CHROOT"]
p["capabilities"] = {"bounding": caps, "permitted": caps, "effective": caps}
sh("""
exec 2>&1
echo "== ids"; id -u; id -g
echo "== namespaces"; for n in pid mnt uts ipc; do readlink /proc/self/ns/$n; done
echo "== uname"; uname -r
echo "== root"; touch /made; mkdir /home/made; touch /tmp/made && ls /tmp; grep " / / " /proc/self/mountinfo
echo "== status"; cat /proc/self/status
echo "== cwd"; pwd
echo "== cgroup"; cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max
echo "== cpus"; grep -c ^processor /proc/cpuinfo; grep MemTotal /proc/meminfo
echo "== ps"; ps
echo "== sysfs"; ls -d /sys/kernel
echo "== personality"; cat /proc/self/personality
echo "== end"
""")
'
	equal "$status" 0
	mv "$BATS_FILE_TMPDIR/last.out" "$BATS_FILE_TMPDIR/root.facts"
}

# A section of what a container printed.
facts() { # plain|root SECTION
	sed -n "/^== $2\$/,/^== /{/^== /!p}" "$BATS_FILE_TMPDIR/$1.facts"
}

@test "args arrive as they are, empty ones too" {
	equal "$(facts plain args)" $'[zero]\n[two words]\n[]\n[$HOME]'
}
@test "cwd is made when it is missing" {
	equal "$(facts plain cwd)" "/made/for it"
	equal "$(facts root cwd)" /etc
}
@test "env is what the config says" {
	env=$(facts plain env)
	says "$env" $'(^|\n)SPACES=a  b($|\n)'
	says "$env" $'(^|\n)EMPTY=($|\n)'
	says "$env" $'(^|\n)HOME=/nowhere($|\n)'
	# What the shell itself adds is no more than this.
	equal "$(grep -cvE '^(SPACES|EMPTY|HOME|PATH|PWD|SHLVL|OLDPWD|_)=' <<<"$env")" 0
}
@test "uid, gid, additional groups" {
	equal "$(facts plain id)" $'1000\n1001\n1001 5 6'
	equal "$(facts root ids)" $'0\n0'
	says "$(facts plain status)" $'Uid:\t1000\t1000\t1000\t1000'
	says "$(facts plain status)" $'Gid:\t1001\t1001\t1001\t1001'
	says "$(facts plain status)" $'Groups:\t5 6'
}
@test "umask" { equal "$(facts plain umask)" 0027; }
@test "host and domain name" { equal "$(facts plain names)" $'hoster\ndomain.example'; }
@test "it is pid 1, and sees no process but its own" {
	equal "$(facts plain pid | head -n 2)" $'1\nsh'
	[ "$(facts plain pid | tail -n 1)" -le 3 ]
	says "$(facts root ps)" $'\n +1 '
	equal "$(facts root ps | grep -c zone-init)" 0
}
@test "capabilities: each of the five sets" {
	status=$(facts plain status)
	says "$status" $'CapInh:\t0000000000000001'
	says "$status" $'CapBnd:\t0000000000040421'
	# Of a user who is not root an exec leaves the ambient ones; root's are those of the bounding set.
	says "$status" $'CapPrm:\t0000000000000001'
	says "$status" $'CapEff:\t0000000000000001'
	says "$status" $'CapAmb:\t0000000000000001'
	status=$(facts root status)
	for set in Prm Eff Bnd; do
		says "$status" "Cap$set:"$'\t0000000000040003'
	done
	says "$status" $'CapAmb:\t0000000000000000'
}
@test "no_new_privs" {
	says "$(facts plain status)" $'NoNewPrivs:\t1'
	says "$(facts root status)" $'NoNewPrivs:\t0'
}
@test "rlimits" {
	says "$(facts plain limits)" 'Max open files +100 +200 '
	says "$(facts plain limits)" 'Max core file size +0 +unlimited '
}
@test "oomScoreAdj" { equal "$(facts plain oom)" 321; }
@test "seccomp: an errno, and a kill" {
	says "$(facts plain status)" $'Seccomp:\t2'
	says "$(facts plain seccomp)" 'Function not implemented'
	says "$(facts plain seccomp)" 'status 159'
	says "$(facts root status)" $'Seccomp:\t0'
}
@test "seccomp: a filter that does not know what looks for the program lets it run" {
	run_zone forbidden '
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["faccessat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}, {"names": ["access", "faccessat"], "action": "SCMP_ACT_ERRNO"}]}
p["args"] = ["echo", "it runs"]'
	equal "$errors" ""
	equal "$output" "it runs"
}
@test "sysctls" { equal "$(facts plain sysctl)" $'4321\n5432'; }
@test "masked paths are empty" {
	equal "$(facts plain masked)" $'0\n0'
	equal "$(facts root sysfs)" /sys/kernel
}
@test "read-only paths" {
	says "$(facts plain readonly)" ' /proc/sys ro[ ,]'
	says "$(facts plain readonly)" ' /proc/irq ro[ ,]'
}
@test "default devices and links, and one of the config's" {
	dev=$(facts plain dev)
	for device in 'null:1, +3' 'zero:1, +5' 'full:1, +7' 'random:1, +8' 'urandom:1, +9' 'tty:5, +0'; do
		says "$dev" "crw-rw-rw- +1 0 +0 +${device#*:} .* ${device%%:*}"
	done
	says "$dev" 'crw-r----- +1 7 +8 +1, +5 .* extra'
	says "$dev" 'prw------- +1 0 +0 .* pipe'
	says "$dev" 'crw-rw-rw- +1 0 +0 +1, +3 .* unbuffered'
	for link in 'ptmx -> (/dev/)?pts/ptmx' 'fd -> /proc/self/fd' 'stdin -> /proc/self/fd/0' \
		'stdout -> /proc/self/fd/1' 'stderr -> /proc/self/fd/2'; do
		says "$dev" " $link"
	done
}
@test "devices work" {
	facts=$(facts plain write)
	says "$facts" $'^null\n 00 00 00\n'
	says "$facts" 'No space left on device'
	says "$facts" $'\n8\nshm$'
}
@test "mounts: type, options, order" {
	mounts=$(facts plain mounts)
	says "$mounts" ' / / rw.* - 9p rootfs '
	says "$mounts" ' / /proc rw.* - proc proc '
	says "$mounts" ' / /dev rw,nosuid.* - tmpfs tmpfs .*mode=755'
	says "$mounts" ' / /dev/pts rw,nosuid,noexec.* - devpts devpts .*gid=5,mode=620,ptmxmode=666'
	says "$mounts" ' / /dev/shm rw,nosuid,nodev,noexec.* - tmpfs shm '
	says "$mounts" ' / /dev/mqueue rw,nosuid,nodev,noexec.* - mqueue mqueue '
	says "$mounts" ' / /sys ro,nosuid,nodev,noexec.* - sysfs sysfs '
	equal "$(grep -cE ' - 9p (control|volumes) ' <<<"$mounts")" 0
	equal "$(facts plain mounts | awk '{ print $5 }' | head -n 7 | paste -sd ' ')" "/ /proc /dev /dev/pts /dev/shm /dev/mqueue /sys"
}
@test "personality" { equal "$(facts root personality)" 00000008; }
@test "root.readonly" {
	says "$(facts root root)" '/made: Read-only file system'
	says "$(facts root root)" '/home/made.*Read-only file system'
	says "$(facts root root)" $'\nmade\n'
	says "$(facts root root)" ' / / ro[ ,]'
	[ ! -e "$ROOTS/busybox/home/made" ]
}
@test "no descriptor is open but the standard ones" {
	# ls has the folder open.
	equal "$(facts plain fds)" 4
}
@test "pids limit, and a cgroup namespace of its own" {
	says "$(facts root cgroup)" $'0::/(\n|$)'
	says "$(facts root cgroup)" $'\n12$'
}
@test "one processor, 128 MiB" {
	equal "$(facts root cpus | head -n 1)" 1
	memory=$(facts root cpus | tr -dc '0-9\n' | tail -n 1)
	[ "$memory" -gt $((64 * 1024)) ]
	[ "$memory" -lt $((128 * 1024)) ]
}
@test "the kernel is the zone's own, not dom0's" {
	[ "$(facts root uname)" != "$(uname -r)" ]
}

@test "standard output and error are apart, and whole when the process has ended" {
	make_bundle burst "sh('head -c 65536 /dev/zero | tr \"\\\\0\" x; head -c 65536 /dev/zero | tr \"\\\\0\" e >&2')"
	for _ in 1 2 3 4 5; do
		x run --bundle "$bundle" "$id"
		equal "$status" 0
		equal "${#output} $(tr -d x <"$BATS_TEST_TMPDIR/last.out" | wc -c)" "65536 0"
		equal "${#errors} $(tr -d e <"$BATS_TEST_TMPDIR/last.err" | wc -c)" "65536 0"
	done
}

@test "1 MiB through standard input and output is the same, and its end is delivered" {
	INPUT=$BATS_TEST_TMPDIR/input
	head -c 1048576 /dev/urandom >"$INPUT"
	run_zone through 'p["args"] = ["/bin/cat"]'
	equal "$status" 0
	cmp "$INPUT" "$BATS_TEST_TMPDIR/last.out"
}

@test "standard input comes when it is written, not when it ends" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	make_bundle slow "sh('while read -r line; do echo \"got \$line\"; done; echo end')"
	timeout 100 xenrun --root "$STATES" run --bundle "$bundle" "$id" \
		<"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/in"
	got() { equal "$(<"$BATS_TEST_TMPDIR/out")" "$1"; }
	echo one >&7
	within 60 got 'got one'
	echo two >&7
	within 20 got $'got one\ngot two'
	exec 7>&-
	within 20 got $'got one\ngot two\nend'
	wait $!
}

@test "nobody reads 1 GiB of output: the process holds still, and costs nothing" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<>"$BATS_TEST_TMPDIR/pipe"
	make_bundle blocked "sh('trap \"exit 9\" TERM; head -c 1073741824 /dev/zero & echo written >&2; while :; do sleep 0.1; done')"
	timeout 100 xenrun --root "$STATES" create --bundle "$bundle" --pid-file "$bundle/pid" "$id" \
		</dev/null >"$BATS_TEST_TMPDIR/pipe" 2>"$BATS_TEST_TMPDIR/errors" 3>&- 7>&-
	ok_start() { timeout 60 xenrun --root "$STATES" start "$id"; }
	ok_start
	sleep 5
	pid=$(<"$bundle/pid")
	status_is "$id" running
	resident=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	echo "resident: $resident KiB"
	# The mapped rings are counted too.
	[ "$resident" -lt 32768 ]
	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ used system _ <"/proc/$pid/stat"
	sleep 3
	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ used_then system_then _ <"/proc/$pid/stat"
	echo "ticks in 3 s: $((used_then + system_then - used - system))"
	[ $((used_then + system_then - used - system)) -lt 60 ]
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	exec 7>&-
}

@test "a reader that goes away: the process gets SIGPIPE or an error, and the container ends" {
	make_bundle away "sh('trap \"\" PIPE; while echo line; do :; done 2>/dev/null; exit 4')"
	status=0
	timeout 100 xenrun --root "$STATES" run --bundle "$bundle" "$id" </dev/null 2>/dev/null 3>&- | head -n 3 \
		>"$BATS_TEST_TMPDIR/lines" || status=${PIPESTATUS[0]}
	equal "$(<"$BATS_TEST_TMPDIR/lines")" $'line\nline\nline'
	within 20 eval '! domain_exists "$id"'
}
