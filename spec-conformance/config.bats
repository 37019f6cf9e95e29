#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.md: the process, its root and mounts, what is to be refused.
load lib

rlimits="AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK"

# A container with these mounts, a statement a line: tmpfs(NAME, OPTION...) or bind(NAME, OPTION...). Another runtime, which may not
# know each option, gets a container for each.
mounted() {
	local define='
c["mounts"].append({"destination": "/m", "type": "tmpfs", "source": "tmpfs"})
def mount(kind, source, name, options):
    c["mounts"].append({"destination": "/m/" + name, "type": kind, "source": source, "options": list(options)})
def tmpfs(name, *options):
    mount("tmpfs", "tmpfs", name, options)
def bind(name, *options):
    mount("bind", "'"$BATS_FILE_TMPDIR"'/source", name, options)
sh("""
echo "== mounts"; cat /proc/self/mountinfo
echo "== below"; for at in /m/bind /m/rbind; do [ ! -d $at ] || echo $at $(ls -a $at); done
echo "== data"; [ ! -d /m/data ] || { stat -c %a /m/data; stat -f -c %b /m/data; }
echo "== end"
""")
'
	local line n=0
	if [ "$RUNTIME" = xenrun ]; then
		record mounted "$define$(cat)"
		return
	fi
	while read -r line; do
		record mounted.$((++n)) "$define$line"
	done
}

setup_file() {
	begin
	mkdir -p "$BATS_FILE_TMPDIR/source/below"
	mount -t tmpfs -o mode=755 below "$BATS_FILE_TMPDIR/source/below"
	mappable "$BATS_FILE_TMPDIR/mapped"
	echo there >"$BATS_FILE_TMPDIR/source/file"
	touch "$BATS_FILE_TMPDIR/mapped/file"
	rm -rf "$ROOTS/busybox/made"

	# A user that is nobody special.
	record user '
p["cwd"] = "/made/for it"
p["terminal"] = False
p["consoleSize"] = {"height": 11, "width": 22}
p["env"] += ["EMPTY=", "SPACES=a  b"]
p["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o027}
caps = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
p["capabilities"] = {"bounding": caps + ["CAP_SYS_CHROOT"], "permitted": caps, "effective": caps[:2], "inheritable": caps[:1], "ambient": caps[:1]}
p["noNewPrivileges"] = True
p["oomScoreAdj"] = 321
p["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
p["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
p["rlimits"] = [{"type": "RLIMIT_" + name, "soft": 1000 + n, "hard": 2000 + n} for n, name in enumerate("'"$rlimits"'".split())
    if name not in ("AS", "CPU", "DATA", "FSIZE", "NPROC", "NICE", "RSS", "RTPRIO", "STACK")]
p["rlimits"] += [{"type": "RLIMIT_" + name, "soft": 1000000000 + n, "hard": 2000000000 + n} for n, name in enumerate("AS DATA FSIZE RSS STACK".split())]
p["rlimits"] += [{"type": "RLIMIT_CPU", "soft": 1500, "hard": 18446744073709551615}, {"type": "RLIMIT_NPROC", "soft": 1600, "hard": 1601},
    {"type": "RLIMIT_NICE", "soft": 17, "hard": 19}, {"type": "RLIMIT_RTPRIO", "soft": 3, "hard": 4}]
c["hostname"] = "hoster"
c["domainname"] = "domain.example"
c["mounts"].append({"destination": "relative/to/root", "type": "tmpfs", "source": "tmpfs"})
c["there_is_no_such"] = {"at": ["all"]}
p["there_is_no_such"] = 1
c["annotations"]["org.example.nobody.knows"] = "it"
sh("""
exec 2>&1
echo "== args"; for a in "$0" "$@"; do echo "[$a]"; done
echo "== cwd"; pwd
echo "== env"; env
echo "== id"; id -u; id -g; id -G
echo "== umask"; umask
echo "== names"; hostname; cat /proc/sys/kernel/domainname
echo "== status"; cat /proc/self/status
echo "== limits"; cat /proc/self/limits
echo "== oom"; cat /proc/self/oom_score_adj
echo "== terminal"; [ -t 0 ] || echo none
echo "== stat"; cat /proc/self/stat
echo "== ionice"; ionice -p $$
echo "== mounts"; cat /proc/self/mountinfo
echo "== end"
""", "zero", "two words", "")
'
	# Root, whose root is read-only.
	record root '
p["capabilities"] = {kind: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_THERE_IS_NONE"] for kind in ("bounding", "permitted", "effective")}
c["root"]["readonly"] = True
c["mounts"].append({"destination": "/m", "type": "tmpfs", "source": "tmpfs"})
for name in ("first", "first/second", "first/second/third", "last"):
    c["mounts"].append({"destination": "/m/" + name, "type": "tmpfs", "source": "tmpfs"})
sh("""
exec 2>&1
echo "== write"; touch /made; mkdir /home/made; echo x >/etc/made; touch /m/made && echo there
echo "== status"; cat /proc/self/status
echo "== umask"; umask
echo "== oom"; cat /proc/self/oom_score_adj
echo "== mounts"; cat /proc/self/mountinfo
echo "== end"
""")
'
	cat /proc/self/oom_score_adj >"$FACTS/own.oom"
	umask >"$FACTS/own.umask"

	mounted < <(
		for name in ro nosuid nodev noexec noatime nodiratime relatime strictatime sync dirsync mand lazytime silent loud defaults \
			iversion noiversion nosymfollow private rprivate shared rshared slave rslave unbindable runbindable; do
			echo "tmpfs('$name', '$name')"
		done
		for name in ro:rw nosuid:suid nodev:dev noexec:exec noatime:atime nodiratime:diratime sync:async mand:nomand lazytime:nolazytime \
			relatime:norelatime strictatime:nostrictatime nosymfollow:symfollow; do
			echo "tmpfs('${name#*:}', '${name%:*}', '${name#*:}')"
		done
		for name in bind rbind; do
			echo "bind('$name', '$name')"
		done
		for name in rro rnosuid rnodev rnoexec rnoatime rnodiratime rrelatime rstrictatime rnosymfollow; do
			echo "bind('$name', 'rbind', '$name')"
		done
		for name in ro:rrw nosuid:rsuid nodev:rdev noexec:rexec noatime:ratime nodiratime:rdiratime relatime:rnorelatime \
			strictatime:rnostrictatime nosymfollow:rsymfollow; do
			echo "bind('${name#*:}', 'rbind', '${name%:*}', '${name#*:}')"
		done
		echo "tmpfs('again'), tmpfs('again', 'remount', 'ro')"
		echo "tmpfs('data', 'size=1048576', 'mode=1750')"
	)

	record idmap '
c["mounts"].append({"destination": "/mnt", "type": "bind", "source": "'"$BATS_FILE_TMPDIR"'/mapped", "options": ["bind", "idmap"],
    "uidMappings": [{"containerID": 0, "hostID": 1234, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 4321, "size": 1}]})
c["mounts"].append({"destination": "/srv", "type": "bind", "source": "'"$BATS_FILE_TMPDIR"'/mapped", "options": ["rbind", "ridmap"],
    "uidMappings": [{"containerID": 0, "hostID": 5678, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 5678, "size": 1}]})
sh("""echo "== owner"; stat -c %u:%g /mnt/file /srv/file; echo "== end" """)
'
	# A terminal of another runtime needs one of its caller's, too.
	make_bundle terminal 'p["terminal"] = True' 'p["consoleSize"] = {"height": 33, "width": 44}' \
		'sh("tty; ls -l /dev/console /dev/ptmx; stty size; echo ends")'
	timeout 60 python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' \
		"$RUNTIME" --root "$STATES" run --bundle "$bundle" "$id" </dev/null >"$FACTS/terminal" 2>&1 3>&- || true

	# What is to be refused.
	attempts <<-'END'
		version: c["ociVersion"] = "one"
		noversion: del c["ociVersion"]
		noroot: del c["root"]
		rootpath: c["root"]["path"] = "/there/is/none"
		cwd: p["cwd"] = "relative"
		noargs: p["args"] = []
		rlimit: p["rlimits"] = [{"type": "RLIMIT_THERE_IS_NONE", "soft": 1, "hard": 1}]
		rlimits: p["rlimits"] = [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}] * 2
		notext: c["hostname"] = 5
		nodestination: c["mounts"].append({"type": "tmpfs", "source": "tmpfs"})
		onemapping: c["mounts"].append({"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]})
		unmapped: c["mounts"].append({"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["bind", "idmap"]})
		data: c["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["there_is_no_such=1"]})
		annotation: c["annotations"]["org.example"] = 5
		nokey: c["annotations"][""] = "x"
		scheduler: p["scheduler"] = {"policy": "SCHED_THERE_IS_NONE"}
		iopriority: p["ioPriority"] = {"class": "IOPRIO_CLASS_THERE_IS_NONE", "priority": 0}
	END
	umount "$BATS_FILE_TMPDIR/source/below" "$BATS_FILE_TMPDIR/mapped"
	within 10 nothing_new || true
	cp "$BATS_FILE_TMPDIR/new" "$FACTS/left"
}

# A section of what `mounted` made.
mount_facts() { cat "$FACTS"/mounted*.out | sed -n "/^== $1\$/,/^== /{/^== /!p}"; }
# Options of the mount at /m/NAME, those of the mount and of the file system: "rw,nosuid rw,size=1k".
options() { # NAME
	mount_facts mounts | awk -v at="/m/$1" '$5 == at { own = $6; n = 7; while ($n != "-") n++; print own " " $(n + 3) }' | tail -n 1
}
# Each has that option, or the first of its mounts has not.
have() { # "NAME=OPTION NAME=!OPTION NAME="
	local one name option
	for one in $1; do
		name=${one%%=*} option=${one#*=}
		[ -n "$(options "$name")" ] || { echo "$name: not mounted"; return 1; }
		[ -n "$option" ] || continue
		if [[ $option == !* ]]; then
			[[ ! ,$(options "$name" | tr ' ' ,), =~ ,${option#!}, ]] || { echo "$name: $(options "$name")"; return 1; }
		else
			[[ ,$(options "$name" | tr ' ' ,), =~ ,$option, ]] || { echo "$name: $(options "$name")"; return 1; }
		fi
	done
}
# The propagation of the mount at /m/NAME.
propagation() { mount_facts mounts | awk -v at="/m/$1" '$5 == at { n = 7; while ($n != "-") { sub(":.*", "", $n); printf "%s ", $n; n++ } print "" }'; }

@test "args: the program and its arguments" {
	did user
	equal "$(facts user args)" $'[zero]\n[two words]\n[]'
}
@test "args: none is an error" { no_container noargs; }
@test "cwd is where it runs" { equal "$(facts user cwd)" "/made/for it"; }
@test "cwd that is not absolute: an error" { no_container cwd; }
@test "env" {
	says "$(facts user env)" $'(^|\n)SPACES=a  b($|\n)'
	says "$(facts user env)" $'(^|\n)EMPTY=($|\n)'
	equal "$(facts user env | grep -cvE '^(SPACES|EMPTY|HOME|PATH|PWD|SHLVL|OLDPWD|_)=')" 0
}
@test "uid, gid, additionalGids" {
	equal "$(facts user id)" $'1000\n1001\n1001 5 6'
	says "$(facts user status)" $'Uid:\t1000\t1000\t1000\t1000'
}
@test "umask, and that of the caller without one" {
	equal "$(facts user umask)" 0027
	equal "$(facts root umask)" "$(<"$FACTS/own.umask")"
}
@test "hostname, domainname" { equal "$(facts user names)" $'hoster\ndomain.example'; }
@test "terminal false: none, and consoleSize is ignored" { equal "$(facts user terminal)" none; }
@test "terminal true: a terminal that is /dev/console, of that size" {
	says "$(<"$FACTS/terminal")" '/dev/(pts/0|console)'
	says "$(<"$FACTS/terminal")" 'crw[-rwx]* .* /dev/console'
	says "$(<"$FACTS/terminal")" ends
}
@test "rlimits: soft and hard of each type are the config's" {
	limits=$(facts user limits)
	for one in "core file size +1001 +2001" "cpu time +1500 +unlimited" "file locks +1005 +2005" "locked memory +1006 +2006" "msgqueue size +1007 +2007" \
		"nice priority +17 +19" "open files +1009 +2009" "processes +1600 +1601" "realtime priority +3 +4" "realtime timeout +1013 +2013" \
		"pending signals +1014 +2014" "address space +1000000000 +2000000000" "data size +1000000001 +2000000001" \
		"file size +1000000002 +2000000002" "resident set +1000000003 +2000000003" "stack size +1000000004 +2000000004"; do
		says "$limits" "Max $one "
	done
}
@test "rlimits: a type that nobody has, or that comes twice: an error" { no_container rlimit rlimits; }
@test "capabilities: the five sets" {
	status=$(facts user status)
	says "$status" $'CapInh:\t0000000000000001'
	says "$status" $'CapBnd:\t0000000000040421'
	says "$status" $'CapAmb:\t0000000000000001'
	says "$(facts root status)" $'CapPrm:\t0000000000000003'
	says "$(facts root status)" $'CapEff:\t0000000000000003'
}
@test "capabilities: one that nobody knows does not fail, and is warned about" {
	did root
	says "$(<"$FACTS/root.err")" CAP_THERE_IS_NONE
}
@test "noNewPrivileges" { says "$(facts user status)" $'NoNewPrivs:\t1'; }
@test "oomScoreAdj, and what it was without" {
	equal "$(facts user oom)" 321
	equal "$(facts root oom)" "$(<"$FACTS/own.oom")"
}
@test "scheduler: policy and nice; one that nobody has is an error" {
	equal "$(facts user stat | awk '{ print $19, $41 }')" "7 3"
	no_container scheduler
}
@test "ioPriority; a class that nobody has is an error" {
	says "$(facts user ionice)" 'best-effort: prio 6'
	no_container iopriority
}
@test "root.readonly: nothing in it may be written" {
	says "$(facts root write)" 'made.*Read-only file system'
	says "$(facts root write)" '/home/made.*Read-only file system'
	says "$(facts root write)" $'\nthere'
	[ ! -e "$ROOTS/busybox/home/made" ]
}
@test "root: it is required, and is there" { no_container noroot rootpath; }
@test "ociVersion: it is required, and SemVer" { no_container version noversion; }
@test "mounts: in the listed order" {
	equal "$(facts root mounts | awk '$5 ~ "^/m/first" { print $5 }')" $'/m/first\n/m/first/second\n/m/first/second/third'
	equal "$(facts root mounts | awk '$5 ~ "^/(dev|sys|m/last)$" { print $5 }' | paste -sd ' ')" "/dev /sys /m/last"
}
@test "mounts: a relative destination is below /" { says "$(facts user mounts)" ' /relative/to/root '; }
@test "mounts: without a destination: an error" { no_container nodestination; }
@test "mount options: ro, nosuid, nodev, noexec, noatime, nodiratime, relatime, strictatime" {
	have "ro=ro nosuid=nosuid nodev=nodev noexec=noexec noatime=noatime nodiratime=nodiratime relatime=relatime strictatime=!relatime"
}
@test "mount options: sync, dirsync, mand, lazytime, silent, loud, defaults, iversion, noiversion" {
	have "sync=sync dirsync=dirsync silent= loud= defaults=rw iversion= noiversion= mand="
	have "lazytime=lazytime"
}
@test "mount options: rw, suid, dev, exec, atime, diratime, async, nomand, nolazytime, norelatime, nostrictatime" {
	have "rw=!ro suid=!nosuid dev=!nodev exec=!noexec atime=!noatime diratime=!nodiratime async=!sync nomand= nolazytime=!lazytime norelatime= nostrictatime="
}
@test "mount options: bind, rbind" {
	equal "$(mount_facts below)" $'/m/bind . .. below file\n/m/rbind . .. below file'
	have "bind= rbind="
}
@test "mount options: remount" { have "again=ro"; }
@test "mount options: private, rprivate, shared, rshared, slave, rslave, unbindable, runbindable" {
	for name in private rprivate; do equal "$(propagation $name)" ""; done
	for name in shared rshared; do equal "$(propagation $name)" "shared "; done
	for name in slave rslave; do [[ ! $(propagation $name) =~ shared ]] && have $name=; done
	for name in unbindable runbindable; do equal "$(propagation $name)" "unbindable "; done
}
@test "mount options: nosymfollow, symfollow, rnosymfollow, rsymfollow" {
	have "nosymfollow=nosymfollow symfollow=!nosymfollow rnosymfollow=nosymfollow rsymfollow=!nosymfollow"
}
@test "mount options: rro and the like" {
	have "rro=ro rnosuid=nosuid rnodev=nodev rnoexec=noexec rnoatime=noatime rnodiratime=nodiratime rrelatime=relatime rstrictatime=!relatime"
}
@test "mount options: rrw and the like" {
	have "rrw=!ro rsuid=!nosuid rdev=!nodev rexec=!noexec ratime=!noatime rdiratime=!nodiratime rnorelatime= rnostrictatime="
}
@test "mount options: what is unknown is the file system's" {
	equal "$(mount_facts data)" $'1750\n256'
	no_container data
}
@test "mount options: idmap, ridmap by the mount's mappings" {
	did idmap
	equal "$(facts idmap owner)" $'1234:4321\n5678:5678'
}
@test "mount options: idmap without any mapping, or one of the two: an error" { no_container unmapped onemapping; }
@test "annotations: keys and values are strings, no key is empty" { no_container annotation nokey; }
@test "an annotation or property that nobody knows is ignored" { did user; }
@test "a value that is not valid: an error" { no_container notext version rlimit scheduler; }
@test "nothing is left of any" { equal "$(<"$FACTS/left")" ""; }
