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

# A file system that can be mapped, there.
mappable() { # FOLDER
	modprobe loop
	truncate -s 8M "$1.image"
	mkfs.ext4 -q "$1.image"
	mkdir -p "$1"
	mount -o loop "$1.image" "$1"
	chmod 755 "$1"
}

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
# One property of the state that a step has kept, or an annotation.
told() { # STEP PROPERTY
	tr ',{}' '\n' <"$FACTS/$1.out" | sed -n "s/^[[:space:]]*\"$2\": *\"\{0,1\}\([^\"]*\)\"\{0,1\}[[:space:]]*$/\1/p" | head -n 1
}

# `create` of configs that are to be refused, a line each, "NAME: STATEMENTS": steps of those names, to be looked at with no_container.
attempts() {
	local name
	mkdir -p "$BATS_FILE_TMPDIR/attempts"
	python3 -c '
import runpy, sys
script, folder, root = sys.argv[1:]
for line in sys.stdin:
    name, _, statements = line.strip().partition(": ")
    sys.argv = [script, f"{folder}/{name}", root, statements]
    runpy.run_path(script)
    print(name)' "$HERE/bundle" "$BATS_FILE_TMPDIR/attempts" "$ROOTS/busybox" >"$BATS_FILE_TMPDIR/names"
	while read -r name; do
		bundle=$BATS_FILE_TMPDIR/attempts/$name
		id=$PREFIX$name
		step "$name" create --bundle "$bundle" "$id"
		[ ! -e "$STATES/$id" ] || touch "$FACTS/$name.is.there"
		if [ "$(<"$FACTS/$name.status")" = 0 ]; then
			"$RUNTIME" --root "$STATES" delete --force "$id" || true
		fi
	done <"$BATS_FILE_TMPDIR/names"
}
no_container() { # NAME...
	local name
	for name; do
		failed "$name" && [ ! -e "$FACTS/$name.is.there" ]
	done
}

# A container from first to last: what it printed under "== SECTION" is what facts shows.
record() { # NAME [STATEMENTS...]
	make_bundle "$@"
	step "$1" run --bundle "$bundle" "$id"
}
facts() { # NAME SECTION
	sed -n "/^== $2\$/,/^== /{/^== /!p}" "$FACTS/$1.out"
}

# A namespace that is not ours: of another kernel, whose numbers may be the same as here, or another one of this.
is_new() { # KIND LINK KERNEL
	[ "$2" ] || { echo "no $1"; return 1; }
	[ "$3" != "$(</proc/sys/kernel/random/boot_id)" ] || [ "$2" != "$(readlink "/proc/self/ns/$1")" ] || { echo "$1: ours"; return 1; }
}
