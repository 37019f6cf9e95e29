# SPDX-License-Identifier: Apache-2.0
# The real Podman, with xenrun as its runtime. After lib.bash.
# shellcheck shell=bash
nothing_left() {
	[ "$(xl list | wc -l)" = 2 ] && [ -z "$(ls /run/xenrun)" ] && ! pgrep 'xenrun|conmon' &&
		! xenstore-ls /local/domain/0/backend/xenrun-9pfs 2>/dev/null | grep -q .
}

# Runs podman: sets status, output, errors.
p() {
	status=0
	timeout --foreground --kill-after=5 "$LIMIT" podman --runtime xenrun "$@" \
		<"${INPUT:-/dev/null}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	output=$(<"$BATS_TEST_TMPDIR/out")
	errors=$(<"$BATS_TEST_TMPDIR/err")
}
gives() { # STATUS ARGUMENTS...
	p "${@:2}"
	[ "$status" = "$1" ] || complain "podman ${*:2}: status $status, not $1"
}

# To be called when the last container was removed.
assert_nothing_of_podman() {
	within 30 nothing_left || { xl list; ls /run/xenrun; pgrep -af 'xenrun|conmon'; return 1; }
}
