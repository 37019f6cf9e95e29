# SPDX-License-Identifier: Apache-2.0
# The real Podman, with xenrun as its runtime. After lib.bash.
# shellcheck shell=bash
nothing_left() {
	[ "$(xl list | wc -l)" = 2 ] && [ -z "$(ls /run/xenrun)" ] && ! pgrep 'xenrun|conmon' &&
		! xenstore-ls /local/domain/0/backend/xenrun-9pfs 2>/dev/null | grep -q .
}

# Runs podman: sets status, output, errors.
p() { call podman --runtime xenrun "$@"; }
gives() { # STATUS ARGUMENTS...
	p "${@:2}"
	[ "$status" = "$1" ] || complain "podman ${*:2}: status $status, not $1"
}

logged() { podman logs "$1" 2>&1 | grep -q "$2"; } # CONTAINER PATTERN

# To be called when the last container was removed.
assert_nothing_of_podman() { # [SECONDS]
	within "${1:-30}" nothing_left || { xl list; ls /run/xenrun; pgrep -af 'xenrun|conmon'; return 1; }
}
