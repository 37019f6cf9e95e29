#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's root: what it writes is on the host, and a Debian and a busybox find what they need.
load lib

@test "what the container does to its files is done on the host" {
	own_root busybox
	echo before >"$root/opt/append"
	echo gone >"$root/opt/unlink"
	echo moved >"$root/opt/rename"
	run_zone changes "sh('''
set -e
cd /opt
echo created >create
echo after >>append
rm unlink
mv rename renamed
mkdir -p deep/er/and/deeper; rmdir deep/er/and/deeper
ln -s create symlink
ln create hardlink
echo mode >mode; chmod 4751 mode
echo owner >owner; chown 1234:5678 owner
echo time >time; touch -d \"2001-02-03 04:05:06\" time
echo truncated, and how >short; head -c 4 short >short.new; mv short.new short
mkfifo fifo
dd if=/dev/zero of=hole bs=1 count=1 seek=1000000 2>/dev/null
i=0; while [ \$i -lt 200 ]; do echo \$i >deep/\$i; i=\$((i + 1)); done
echo \"a name \\\\ with ü\" >\"a name \\\\ with ü\"
''')"
	equal "$errors" ""
	equal "$status" 0
	cd "$root/opt"
	equal "$(<create)" created
	equal "$(<append)" $'before\nafter'
	[ ! -e unlink ]
	[ ! -e rename ]
	equal "$(<renamed)" moved
	[ -d deep/er/and ]
	[ ! -e deep/er/and/deeper ]
	equal "$(readlink symlink)" create
	equal "$(stat -c '%i %h' hardlink)" "$(stat -c '%i' create) 2"
	equal "$(stat -c %a mode)" 4751
	equal "$(stat -c %u:%g owner)" 1234:5678
	equal "$(TZ=UTC stat -c %y time)" "2001-02-03 04:05:06.000000000 +0000"
	equal "$(<short)" trun
	[ -p fifo ]
	equal "$(stat -c %s hole)" 1000001
	equal "$(cat deep/[0-9]* | sort -n | paste -sd +)" "$(seq -s + 0 199)"
	[ -f 'a name \ with ü' ]
}

@test "it is there as soon as the file is closed" {
	own_root busybox
	make_bundle closed "sh('echo one >/opt/one; echo ready; while [ ! -e /opt/two.moved ]; do mv /opt/one /opt/two.moved; done; chmod 600 /opt/two.moved; echo moved; sleep 100')"
	ok create --bundle "$bundle" "$id"
	ok start "$id"
	within 30 printed $'ready\nmoved'
	equal "$(<"$root/opt/two.moved")" one
	equal "$(stat -c %a "$root/opt/two.moved")" 600
	[ ! -e "$root/opt/one" ]
}

@test "what the host puts there is found, though it was looked for before" {
	own_root busybox
	make_bundle found "sh('while [ ! -e /flag ]; do sleep 0.2; done; cat /flag; sleep 1000')"
	ok run --detach --bundle "$bundle" "$id"
	refuses 'No such file' exec "$id" /bin/cat /put/below
	mkdir "$root/put"
	echo there >"$root/put/below"
	ok exec "$id" /bin/cat /put/below
	equal "$output" there
	# One that runs finds it soon.
	echo flag >"$root/flag"
	within 20 printed flag
	ok delete --force "$id"
}

@test "names that a folder does not have are not asked for, once some were, nor is it read twice; names that are made there are found" {
	own_root busybox
	mkdir "$root/d" "$root/made" "$root/many"
	touch "$root/d/there"
	make_bundle unlisted 'c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
sh("""mkfifo /tmp/never
n=0
look() { n=$((n + 1)); [ ! -e /d/none$n ]; }
while [ $n -lt 6 ]; do look; done
echo ready
read -t 1 none <>/tmp/never
read begin rest </proc/uptime
while [ $n -lt 26 ] && look; do :; done
read end rest </proc/uptime
echo $n ${begin%.*} ${end%.*}""")'
	# A list holds for three seconds: a slow machine has another try.
	for try in 1 2 3 4; do
		ok run --detach --bundle "$bundle" "$id"
		within 60 grep -q ready "$bundle.out"
		kill -STOP "$(state "$id" pid)"
		sleep 5
		kill -CONT "$(state "$id" pid)"
		within 20 grep -q '^26 ' "$bundle.out"
		read -r _ begin end < <(grep '^26 ' "$bundle.out")
		echo "try $try: from $begin to $end"
		ok delete --force "$id"
		[ $((end - begin)) -gt 2 ] || break
	done
	[ $((end - begin)) -le 2 ]

	run_zone listed 'sh("""set -e
cd /made
for n in 1 2 3 4 5 6; do [ ! -e $n ]; done
: >1; mkdir 2; ln 1 3; ln -s 6 4; mkfifo 5; mv 1 6
for n in 2 3 4 5 6; do [ -e $n ]; [ "$(ls -d $n)" = $n ]; done
[ ! -e 1 ]
echo $(ls)
# One list takes some of these names, and all of the others are read in parts.
cd /many
n=0
while [ $n -lt 900 ]; do : >name-of-some-length-$n; n=$((n + 1)); done
[ $(ls | wc -l) = 900 ]
while [ $n -lt 1600 ]; do : >name-of-some-length-$n; n=$((n + 1)); done
[ $(ls | wc -l) = 1600 ]
[ ! -e name-of-some-length-1600 ]
rm -r /many/*1
[ $(ls | wc -l) = 1440 ]
cd /
rm -r /many
[ ! -e /many ]
echo removed""")'
	equal "$errors" ""
	equal "$output" $'2 3 4 5 6\nremoved'
	[ ! -e "$root/many" ]
}

@test "20 MB are the same on both sides, both ways" {
	own_root busybox
	head -c 20000000 /dev/urandom >"$root/opt/in"
	run_zone big "sh('cd /opt; sha256sum in; cat in in | tail -c 20000000 >out; sha256sum out; sync')"
	equal "$status" 0
	sum=$(sha256sum <"$root/opt/in")
	equal "$(awk '{ print $1 "  -" }' <<<"$output" | sort -u)" "$sum"
	equal "$(sha256sum <"$root/opt/out")" "$sum"
}

@test "the container sees what is in its root: modes, owners, links, extended attributes" {
	own_root busybox
	cd "$root/opt"
	echo s >secret
	chmod 640 secret
	chown 1:1000 secret
	ln -s /etc/../etc/passwd link
	ln -s ../../../../../../etc/hostname out
	run_zone sees "sh('cd /opt; stat -c \"%a %u %g %s\" secret; readlink link; head -n 1 link; cat out; cat secret; ls -A / | sort | paste -sd \" \" -')" \
		'p["user"] = {"uid": 1000, "gid": 1000}'
	says "$output" $'^640 1 1000 2\n/etc/../etc/passwd\nroot:x:0:0.*\nlocalhost\ns\n'
	run_zone refused "sh('cat /opt/secret; echo >/etc/made')" 'p["user"] = {"uid": 1001, "gid": 1001}'
	says "$errors" 'secret.*: Permission denied'
	says "$errors" 'made: Permission denied'
}

@test "a file that is unlinked while it is open, a program that was just written" {
	own_root busybox
	run_zone files "sh('cd /opt; exec 3>u; rm u; echo x >&3 && echo written; cp /bin/busybox . && ./busybox echo ran; ls')"
	equal "$output" $'written\nran\nbusybox'
}

@test "a Debian root: dpkg, perl, apt, bash, a user's own home" {
	own_root debian
	mkdir -p "$root/home/user"
	chown 1000:1000 "$root/home/user"
	p='p["args"] = ["/bin/bash", "-ec", open("'$BATS_TEST_TMPDIR'/script").read()]; c["linux"]["resources"] = {"memory": {"limit": 256 << 20}}'
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		dpkg -l | grep -c '^ii'
		perl -e 'print "perl ", 6 * 7, "\n"; open F, ">", "/root/perl"; print F "by perl\n"; close F'
		apt-get --version | head -n 1
		for i in {1..30}; do echo "$i" >/root/file.$i; done
		(umask 077; mkdir /root/private)
		apt-get check >/dev/null 2>&1 && echo checked
		dpkg --verify base-files && echo verified
		setpriv --reuid=1000 --regid=1000 --clear-groups bash -c 'echo mine >/home/user/file; ! echo no 2>/dev/null >/root/no; id -u'
		tar -C /usr/share -cf /root/doc.tar common-licenses && tar -tf /root/doc.tar >/dev/null && echo tarred
	END
	run_zone debian "$p"
	equal "$status" 0
	says "$output" $'^[0-9]{2,3}\nperl 42\napt 2\\.[0-9.]+ .*\nchecked\nverified\n1000\ntarred$'
	equal "$(<"$root/root/perl")" 'by perl'
	equal "$(cat "$root"/root/file.* | wc -l)" 30
	equal "$(stat -c %a "$root/root/private")" 700
	equal "$(stat -c %u:%g "$root/home/user/file")" 1000:1000
}

@test "a bind mount: a folder, a file, read-only" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo host >"$BATS_TEST_TMPDIR/volume/file"
	echo single >"$BATS_TEST_TMPDIR/single"
	own_root busybox
	run_zone binds "
import os
base = '$BATS_TEST_TMPDIR'
c['mounts'] += [
    {'destination': '/volume', 'type': 'bind', 'source': base + '/volume', 'options': ['rbind', 'rw']},
    {'destination': '/locked', 'type': 'bind', 'source': base + '/volume', 'options': ['bind', 'ro']},
    {'destination': '/etc/single', 'type': 'bind', 'source': base + '/single', 'options': ['bind', 'rw']},
]
sh('cat /volume/file /locked/file /etc/single; echo zone >/volume/made; echo more >>/etc/single; echo no >/locked/no; mv /volume/made /volume/moved')"
	equal "$output" $'host\nhost\nsingle'
	says "$errors" '/locked/no: Read-only file system'
	equal "$(<"$BATS_TEST_TMPDIR/volume/moved")" zone
	equal "$(<"$BATS_TEST_TMPDIR/single")" $'single\nmore'
}

@test "more is written at once than a ring holds" {
	mkdir -p "$BATS_TEST_TMPDIR"/volume/{in,out}
	for i in {1..8}; do head -c 4M /dev/urandom >"$BATS_TEST_TMPDIR/volume/in/$i"; done
	run_zone writers "c['mounts'].append({'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['bind']})
"'
sh("for i in 1 2 3 4 5 6 7 8; do dd if=/v/in/$i of=/v/out/$i bs=1M 2>/dev/null & done; wait")'
	equal "$status:$output$errors" 0:
	diff -r "$BATS_TEST_TMPDIR"/volume/{in,out}
}
