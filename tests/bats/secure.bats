#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The host's processes that hear a guest have given up what they do not need, do their work without it, and die where
# one does what it may not.
load lib

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left 20
}

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
waiting() { # NAME [STATEMENTS]
	mkdir -p "$BATS_TEST_TMPDIR/volume"
	make_bundle "$1" "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/volume', 'options': ['rbind']}]
p['args'] = ['sleep', '1000']" "${@:2}"
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
	! ls -l "/proc/$pid/fd" | grep -E 'gntdev|privcmd|xenbus|/dev/mem|hypercall'
	equal "$(ls -l "/proc/$pid/fd" | grep -c /dev/xen/evtchn)" 1
	# Nothing that can be executed, no device, and of the kernel's own files none that can be written.
	equal "$(awk '$6 !~ "nosuid" || $6 !~ "nodev"' "/proc/$pid/mountinfo")" ""
	equal "$(awk '$5 == "/proc" { print substr($6, 1, 2) }' "/proc/$pid/mountinfo")" ro
}
