#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# No property of config.json is dropped in silence: the specification's schema, the parser's tables and docs/config.md name the same.
load lib

schema=/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema

setup_file() {
	make -s -C "$HERE/../.." build/unit/test_ocispec_properties >&2
	"$HERE/../../build/unit/test_ocispec_properties" --list >"$BATS_FILE_TMPDIR/list"
}
setup() {
	[ -e $schema/config-schema.json ] || skip "package golang-github-opencontainers-specs-dev is missing"
}
teardown() { :; }

holds() { # CHECK [LIST]
	"$HERE/../properties" "$1" $schema <"${2:-$BATS_FILE_TMPDIR/list}"
}

@test "the parser knows each property of the specification" { holds parsed; }
@test "the parser knows no property that the specification has not" { holds known; }
@test "docs/config.md has a row for each property and mount option, and no other" { holds documented; }
@test "the tests that docs/config.md names are there" { holds tested; }

@test "a property that the parser does not know is found" {
	sed '/^linux\.seccomp\.listenerPath$/d; s/^process\.cwd$/process.cwdd/' "$BATS_FILE_TMPDIR/list" >"$BATS_TEST_TMPDIR/list"
	run ! holds parsed "$BATS_TEST_TMPDIR/list"
	equal "$output" $'linux.seccomp.listenerPath: no table of libocispec/ has it\nprocess.cwd: no table of libocispec/ has it'
	run ! holds known "$BATS_TEST_TMPDIR/list"
	equal "$output" 'process.cwdd: no version of the specification has it'
	run ! holds documented "$BATS_TEST_TMPDIR/list"
	equal "$output" 'process.cwdd: docs/config.md has no row for it'
}
