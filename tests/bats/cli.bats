#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line, as far as it needs no Xen: options of runc and of crun, both.
load lib

commands="create start run state kill delete list spec features check"

# Parses a JSON document on standard input and prints what the expression makes of it (`j`).
json() { python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"; }

@test "--version, -v and -V say xenrun, its version and the spec's" {
	for option in --version -v -V; do
		ok $option
		says "$output" '^xenrun version [0-9]+\.[0-9]+\.[0-9]+'
		says "$output" $'\nspec: 1\.[0-9]+\.[0-9]+'
	done
}

@test "--help lists the commands" {
	ok --help
	for command in $commands; do
		says "$output" $'\n'" +$command "
	done
	equal "$errors" ""
	ok -h
}

@test "every command has a --help" {
	for command in $commands; do
		ok "$command" --help
		says "$output" "^Usage: xenrun $command"
	done
}

@test "an unknown command is an error" {
	refuses 'unknown command "banana"' banana
	equal "$output" ""
}

@test "no command is an error" {
	x
	[ "$status" != 0 ]
}

@test "an unknown option is an error, global and of each command" {
	refuses 'unknown option --banana' --banana list
	refuses 'unknown option -z' -z list
	for command in $commands; do
		refuses 'unknown option --banana' "$command" --banana t-cli
	done
}

@test "an argument too few or too many is an error" {
	for command in create start run state kill delete; do
		refuses "argument is missing" "$command"
	done
	for command in create start run state delete; do
		refuses 'unexpected argument "two"' "$command" one two
	done
	refuses 'unexpected argument "three"' kill one 9 three
}

@test "an option without its value is an error" {
	refuses 'needs a value' create --bundle
	refuses 'takes no value' delete --force=yes t-cli
}

@test "global options of runc and crun are taken, as --x=y and as --x y" {
	log=$BATS_TEST_TMPDIR/log
	ok --root "$STATES" --log "$log" --log-format json --log-level debug --debug --systemd-cgroup \
		--cgroup-manager cgroupfs --rootless auto --criu criu list
	ok --root="$STATES" --log="$log" --log-format=text --log-level=error --cgroup-manager=disabled \
		--rootless=false --criu=/usr/sbin/criu list
	refuses 'neither text nor json' --log-format xml list
	refuses 'unknown level' --log-level loud list
	refuses '--cgroup-manager: "loud" is none of' --cgroup-manager loud list
}

@test "options of create and run are taken" {
	for command in create run; do
		refuses 'bundle /nowhere' "$command" -b /nowhere --pid-file "$BATS_TEST_TMPDIR/pid" --no-pivot \
			--no-new-keyring --preserve-fds 0 t-cli
		refuses 'bundle /nowhere' "$command" --bundle=/nowhere --pid-file="$BATS_TEST_TMPDIR/pid" \
			--preserve-fds=0 --no-subreaper --console-socket=/nowhere/socket t-cli
		refuses '/nowhere/c.json' "$command" -b / -f /nowhere/c.json t-cli
		refuses '/nowhere/c.json' "$command" -b / --config=/nowhere/c.json t-cli
	done
	refuses 'bundle /nowhere' run -d -b /nowhere t-cli
	refuses 'bundle /nowhere' run --detach --keep -b /nowhere t-cli
}

@test "options of kill, delete and list are taken" {
	for option in -a --all; do
		refuses 'does not exist' kill $option t-cli 9
	done
	for option in -r --regex; do
		ok kill $option '^t-none$' 9
		ok delete $option '^t-none$'
	done
	refuses '--regex: \(' delete --regex '('
	ok delete -f t-none
	ok delete --force t-none
	for option in -q --quiet; do
		ok list $option
		equal "$output" ""
	done
	ok list -f json
	equal "$(json 'j' <<<"$output")" "[]"
	ok list --format=table
	says "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
	refuses 'neither table nor json' list -f yaml
}

@test "--log takes exactly one JSON object with msg, level and time" {
	log=$BATS_TEST_TMPDIR/log
	refuses 'does not exist' --log "$log" --log-format json state t-none
	equal "$(wc -l <"$log")" 1
	says "$(json 'j["level"], j["msg"], j["time"]' <"$log")" \
		'^error container t-none does not exist 20[0-9-]+T[0-9:.]+Z$'
	ok --log "$log.2" --log-format=json list
	[ ! -s "$log.2" ]
}

@test "--log takes text where no format is given" {
	refuses 'does not exist' --log "$BATS_TEST_TMPDIR/log" state t-none
	says "$(<"$BATS_TEST_TMPDIR/log")" 'container t-none does not exist'
	refuses '/nowhere/log' --log /nowhere/log list
}

@test "features prints the spec's document" {
	ok features
	equal "$(json 'j["ociVersionMin"][0], "bind" in j["mountOptions"], "CAP_CHOWN" in j["linux"]["capabilities"]' \
		<<<"$output")" "1 True True"
}

@test "spec writes a config.json, and not over one" {
	cd "$BATS_TEST_TMPDIR"
	ok spec
	equal "$(json 'j["ociVersion"][0], j["process"]["cwd"], j["root"]["path"]' <config.json)" "1 / rootfs"
	refuses 'config.json' spec
	mkdir other
	ok spec --bundle other
	cmp config.json other/config.json
	refuses '/nowhere' spec -b /nowhere
}

@test "check says what a host without Xen lacks, and fails" {
	status=0
	# A machine that is a Xen host hides it.
	output=$(unshare --mount bash -c 'for folder in /dev/xen /proc/xen /sys/hypervisor; do
			[ ! -d $folder ] || mount -t tmpfs none $folder; done
		exec xenrun check' 2>&1) || status=$?
	equal "$status" 1
	says "$output" 'NO +Xen hypervisor: install '
	says "$output" 'NO +/dev/xen/gntdev: modprobe xen-gntdev'
	says "$output" 'This host cannot run zones\.$'
}
