# SPDX-License-Identifier: Apache-2.0
# What secure.bats and races.bats do, for seconds, and tests/soak for minutes.
# shellcheck shell=bash

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left 20
}

# Runs tests/attack/escape in a zone: it must not reach the canary above its root and its volume, which it does reach
# where nothing keeps it in.
nobody_gets_out() { # SECONDS
	local out=$BATS_TEST_TMPDIR/out seconds=$1 attack=$HERE/../../build/attack/escape
	mkdir -p "$out/volume" "$out/top"
	echo "xenrun-canary $RANDOM" >"$out/canary"
	# Who reads it changes this.
	touch -a -d '2 days ago' "$out/canary"
	local before
	before=$(stat -c '%X %Y %Z %h' "$out/canary")
	own_root busybox
	mv "$root" "$out/root"
	root=$out/root
	cp "$attack" "$root/bin/escape"
	make_bundle escape "c['mounts'] += [{'destination': '/v', 'type': 'bind', 'source': '$out/volume', 'options': ['rbind']}]
p['args'] = ['escape', '$seconds', '/', '/v']
p['capabilities'] = {kind: ['CAP_' + name for name in ('DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'SYS_ADMIN', 'SYS_PTRACE', 'SYS_CHROOT')] for kind in ('bounding', 'effective', 'permitted')}
c['vm'] = {'kernel': {'path': '/usr/local/libexec/xenrun/vmlinux'}, 'hwConfig': {'vcpus': 2}}"
	LIMIT=$((seconds + 120)) x run --bundle "$bundle" "$id"
	sed 's/^/# /' <<<"$output" >&3
	equal "$status" 0
	says "$output" $'^2 processors\n/: [0-9]{3,} tries, [0-9]{2,} moves\n/v: [0-9]{3,} tries, [0-9]{2,} moves$'
	equal "$(find "$out" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' ')" "canary root top volume"
	equal "$(stat -c '%X %Y %Z %h' "$out/canary")" "$before"
	equal "$(find "$out/top" -mindepth 1)" ""
	status=0
	timeout 20 "$attack" 5 "$out/top" >"$BATS_TEST_TMPDIR/free" || status=$?
	equal "$status" 1
	grep '^escaped' "$BATS_TEST_TMPDIR/free"
}

# A container whose zone's kernel is tests/attack/kernel, which does what that calls by this name.
hostile() { # ATTACK
	make_bundle "$1" "c['vm'] = {'kernel': {'path': '$(realpath "$HERE/../../build/attack/kernel")', 'parameters': ['attack=$1']}, 'hwConfig': {'memory': 32 << 20}}"
}

# What a process has used of a processor, in hundredths of a second; its memory (MiB) and descriptors.
used() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
kept() { echo "$(awk '/^RssAnon/ { print int(($2 + 1023) / 1024) }' "/proc/$1/status") MiB, $(find "/proc/$1/fd" -mindepth 1 | wc -l) descriptors"; }
