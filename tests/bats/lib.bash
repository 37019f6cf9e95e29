# SPDX-License-Identifier: Apache-2.0
# What every bats file uses. tests/dom0 has put the roots where ROOTS says and installed xenrun.
# shellcheck shell=bash
bats_require_minimum_version 1.5.0

ROOTS=${ROOTS:-/run/xenrun-tests}
# Files that say nothing of zones can be run with another runtime.
RUNTIME=${RUNTIME:-xenrun}
# All containers of a bats file: their states, and a prefix of their IDs that tells them from anybody else's.
STATES=$ROOTS/states
PREFIX=${BATS_TEST_FILENAME##*/}
PREFIX=t-${PREFIX%.bats}-
HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
export ROOTS STATES
# Emulated, a zone takes seconds; what takes longer hangs.
LIMIT=${LIMIT:-120}

# Runs xenrun: sets status, output and errors. A container keeps the streams of its caller, so they are files; of one that stays behind,
# $bundle.out and $bundle.err.
x() {
	local streams=$BATS_TEST_TMPDIR/last
	case " $* " in
	*" create "* | *" --detach "*) streams=${bundle:-$streams} ;;
	esac
	status=0
	timeout --foreground --kill-after=5 "$LIMIT" "$RUNTIME" --root "$STATES" "$@" \
		<"${INPUT:-/dev/null}" >"$streams.out" 2>"$streams.err" 3>&- || status=$?
	output=$(<"$streams.out")
	errors=$(<"$streams.err")
}
# Runs a caller of xenrun's: sets status, output, errors.
call() {
	status=0
	timeout --foreground --kill-after=5 "$LIMIT" "$@" \
		<"${INPUT:-/dev/null}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	output=$(<"$BATS_TEST_TMPDIR/out")
	errors=$(<"$BATS_TEST_TMPDIR/err")
}
# What the container that was made last has written so far.
printed() { [ "$(<"$bundle.out")" = "$1" ]; }

# Runs xenrun, which must succeed; or fail, and say what matches the pattern.
ok() {
	x "$@"
	[ "$status" = 0 ] || complain "$RUNTIME $*: status $status"
}
refuses() { # PATTERN ARGUMENTS...
	x "${@:2}"
	[ "$status" != 0 ] && [ "$status" != 124 ] && [ "$status" != 137 ] || complain "$RUNTIME ${*:2}: status $status"
	[[ $errors =~ $1 ]] || complain "$RUNTIME ${*:2}: the message does not say \"$1\""
}
complain() {
	echo "$*"
	echo "standard output: $output"
	echo "standard error: $errors"
	return 1
}

equal() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; } }
says() { [[ $1 =~ $2 ]] || { echo "no \"$2\" in:"; echo "$1"; return 1; } }

# A bundle of that name, its root the shared busybox (or $root), its config changed by Python statements: sets bundle, id.
make_bundle() { # NAME [STATEMENTS]
	id=$PREFIX$1
	bundle=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/$1
	"$HERE/bundle" "$bundle" "${root:-$ROOTS/busybox}" "${@:2}"
}

# A container of that name from first to last: sets status, output, errors.
run_zone() { # NAME [STATEMENTS]
	make_bundle "$@"
	x run --bundle "$bundle" "$id"
}

# A copy of a root, for a container that changes it: sets root.
own_root() { # busybox|debian
	root=$BATS_TEST_TMPDIR/root
	mkdir "$root"
	tar -C "$root" -xpf "$ROOTS/$1.tar"
}

# What `state` says of it: one property.
state() { # ID PROPERTY
	"$RUNTIME" --root "$STATES" state "$1" | sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p"
}
status_is() { [ "$(state "$1" status)" = "$2" ]; }

# Podman with xenrun as its runtime and netavark's networks, for all tests of a file: to be called by its setup_file.
podman_settings() {
	export CONTAINERS_CONF=$BATS_FILE_TMPDIR/containers.conf
	cat >"$CONTAINERS_CONF" <<-'CONF'
		[containers]
		log_driver = "k8s-file"
		[network]
		network_backend = "netavark"
		[engine]
		runtime = "xenrun"
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		runtime_supports_json = ["crun", "xenrun"]
		[engine.runtimes]
		xenrun = ["/usr/local/sbin/xenrun"]
	CONF
}

# Tries until it succeeds, for that many seconds.
within() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	until "${@:2}"; do
		[ $SECONDS -lt $end ] || { echo "not within $1 seconds: ${*:2}"; return 1; }
		sleep 0.2
	done
}

domain_exists() { xl list "$1" >/dev/null 2>&1; }
no_domain() { ! domain_exists "$1"; }

# What is there before the tests of a file: to be called by its setup_file.
remember() { "$HERE/inventory" "$PREFIX" "$STATES" >"$BATS_FILE_TMPDIR/before"; }
nothing_new() {
	"$HERE/inventory" "$PREFIX" "$STATES" "$BATS_FILE_TMPDIR/before" >"$BATS_FILE_TMPDIR/new" &&
		[ ! -s "$BATS_FILE_TMPDIR/new" ]
}
assert_nothing_left() {
	within "${1:-5}" nothing_new || { cat "$BATS_FILE_TMPDIR/new"; return 1; }
}

# No test leaves a container to the next.
delete_all() {
	local one
	for one in $("$RUNTIME" --root "$STATES" list --quiet); do
		timeout 90 "$RUNTIME" --root "$STATES" delete --force "$one" || true
	done
}
teardown() { delete_all; }
