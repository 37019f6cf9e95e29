# SPDX-License-Identifier: Apache-2.0
# What every file of the suite uses, beside tests/bats/lib.bash. setup_file does what takes time, in few containers, and keeps what
# came of it in FACTS; each test looks at some of it.
# shellcheck shell=bash disable=SC2154 # the lib that is loaded sets them
load ../tests/bats/lib

FACTS=$BATS_FILE_TMPDIR/facts

begin() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	mkdir -p "$FACTS" "$STATES"
	remember
}
# The containers are for all tests of a file: none is deleted in between.
teardown() { :; }
teardown_file() { delete_all; }

# Runs the runtime, and keeps its status, output and errors under a name.
step() { # NAME ARGUMENTS...
	x "${@:2}"
	echo "$status" >"$FACTS/$1.status"
	echo "$output" >"$FACTS/$1.out"
	echo "$errors" >"$FACTS/$1.err"
}
did() { # STEP...
	local step
	for step; do
		[ "$(<"$FACTS/$step.status")" = 0 ] || { echo "$step: status $(<"$FACTS/$step.status")"; cat "$FACTS/$step".{out,err}; return 1; }
	done
}
# It ended by itself, with an error.
failed() { # STEP...
	local step status
	for step; do
		status=$(<"$FACTS/$step.status")
		[ "$status" != 0 ] && [ "$status" -lt 124 ] || [ "$status" = 255 ] || { echo "$step: status $status"; cat "$FACTS/$step".{out,err}; return 1; }
	done
}
# One property of the state that a step has kept; of a map within it with a dot.
told() { # STEP PROPERTY
	python3 - "$FACTS/$1.out" "$2" <<-'END'
		import json, sys
		value = json.load(open(sys.argv[1]))
		for name in sys.argv[2].split(".", 1):
		    value = value.get(name)
		print(value)
	END
}

# `create` of that config is an error and leaves no container: a step of that name, to be looked at with no_container.
attempt() { # NAME [STATEMENTS...]
	make_bundle "$@"
	step "$1" create --bundle "$bundle" "$id"
	step "$1.after" state "$id"
	if [ "$(<"$FACTS/$1.status")" = 0 ]; then
		"$RUNTIME" --root "$STATES" delete --force "$id" || true
	fi
}
no_container() { # NAME...
	local name
	for name; do
		failed "$name" && failed "$name.after"
	done
}
# `create` of that config succeeds.
accept() { attempt "$@"; }

# A container from first to last: what it printed under "== SECTION" is what facts shows.
record() { # NAME [STATEMENTS...]
	make_bundle "$@"
	step "$1" run --bundle "$bundle" "$id"
}
facts() { # NAME SECTION
	sed -n "/^== $2\$/,/^== /{/^== /!p}" "$FACTS/$1.out"
}
