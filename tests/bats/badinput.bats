#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What cannot become a container: a clear message, a status that is not 0, and nothing left behind.
load lib

setup_file() { remember; }
teardown() {
	assert_nothing_left
	delete_all
}

# create and run of the bundle fail alike, before a zone is made.
refused() { # PATTERN [ARGUMENTS...]
	for command in create run; do
		refuses "$1" "$command" --bundle "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" "${@:2}" "$id"
		equal "$output" ""
	done
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	equal "$(find "$bundle" -mindepth 1 -not -name config.json 2>/dev/null)" ""
}
config() {
	id=t-bad
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$bundle"
	printf '%s' "$1" >"$bundle/config.json"
}

@test "no bundle" {
	id=t-bad bundle=$BATS_TEST_TMPDIR/nowhere
	refused 'bundle .*/nowhere: No such file or directory'
}

@test "no config.json" {
	config ''
	rm "$bundle/config.json"
	refused 'config\.json.*: No such file or directory'
}

@test "config.json is not JSON: line and column" {
	config $'{\n  "ociVersion": "1.0.2",\n  "process": {,}\n}\n'
	refused 'config\.json.*line 3.*column 1[0-9]'
}

@test "ociVersion missing, not a version, of another major version" {
	make_bundle version 'del c["ociVersion"]'
	refused 'ociVersion: missing'
	make_bundle version 'c["ociVersion"] = "banana"'
	refused 'ociVersion: .*"banana"'
	make_bundle version 'c["ociVersion"] = "2.0.0"'
	refused 'ociVersion: .*"?2\.0'
	make_bundle version 'c["ociVersion"] = "2.0"'
	refused 'ociVersion: .*"?2\.0'
}

@test "process missing" {
	make_bundle process 'del c["process"]'
	refused 'process: missing'
}

@test "args empty" {
	make_bundle args 'p["args"] = []'
	refused 'process\.args: '
	make_bundle args 'del p["args"]'
	refused 'process\.args: '
}

@test "the executable is missing, not executable, in none of PATH's folders" {
	make_bundle executable 'p["args"] = ["banana"]'
	refuses 'banana.*executable file not found in \$PATH' create --bundle "$bundle" "$id"
	make_bundle executable 'p["args"] = ["/nowhere/banana"]'
	refuses '/nowhere/banana.*[Nn]o such file or directory' create --bundle "$bundle" "$id"
	make_bundle executable 'p["args"] = ["/etc/passwd"]'
	refuses '/etc/passwd.*[Pp]ermission denied' run --bundle "$bundle" "$id"
}

@test "root.path is missing, is nowhere, is a file" {
	make_bundle root 'del c["root"]'
	refused 'root: missing'
	make_bundle root 'c["root"] = {}'
	refused 'root\.path: missing'
	make_bundle root 'c["root"]["path"] = "/nowhere"'
	refused 'root\.path: /nowhere: No such file or directory'
	make_bundle root 'c["root"]["path"] = "config.json"'
	refused 'root\.path: .*config\.json is not a folder'
}

@test "the container ID is empty, has a /, is .., is too long" {
	make_bundle id
	for id in '' a/b /etc .. . 'a b' "$(printf '%1025s' '' | tr ' ' x)"; do
		refuses 'container ID: ' create --bundle "$bundle" "$id"
	done
	for command in state start kill delete; do
		refuses 'container ID: ' "$command" ../etc
	done
}

@test "an ID of 1024 bytes is none too long" {
	make_bundle long
	x run --bundle "$bundle" "$PREFIX$(printf "%$((1024 - ${#PREFIX}))s" '' | tr ' ' x)"
	equal "$errors" ""
	equal "$status" 0
}

@test "a kernel file that is no kernel, that is empty, that is not there" {
	make_bundle kernel 'c["vm"] = {"kernel": {"path": "/etc/services"}}'
	refused '(vm\.kernel|kernel|/etc/services)'
	: >"$BATS_TEST_TMPDIR/empty"
	make_bundle kernel "c['vm'] = {'kernel': {'path': '$BATS_TEST_TMPDIR/empty'}}"
	refused 'vm\.kernel\.path: .*/empty'
	make_bundle kernel 'c["vm"] = {"kernel": {"path": "/nowhere/vmlinuz"}}'
	refused 'vm\.kernel\.path: /nowhere/vmlinuz: No such file or directory'
	make_bundle kernel 'c["vm"] = {"kernel": {"path": "/etc"}}'
	refused 'vm\.kernel\.path: /etc'
}

@test "a kernel that is no kernel is refused as PVH, too" {
	make_bundle kernel 'c["vm"] = {"kernel": {"path": "/etc/services"}}' \
		'c["annotations"]["org.xenrun.type"] = "pvh"'
	refused '(vm\.kernel|kernel|/etc/services)'
}

@test "an initrd that is not there" {
	make_bundle initrd 'c["vm"] = {"kernel": {"path": "/usr/local/libexec/xenrun/vmlinux", "initrd": "/nowhere/initrd"}}'
	refused 'vm\.kernel\.initrd: /nowhere/initrd: No such file or directory'
}

@test "more memory than the host has, or less than a kernel needs" {
	make_bundle memory 'c["linux"]["resources"] = {"memory": {"limit": 1 << 44}}'
	refused 'linux\.resources\.memory\.limit: .*[0-9]+ MiB'
	make_bundle memory 'c["vm"] = {"kernel": {"path": "/usr/local/libexec/xenrun/vmlinux"}, "hwConfig": {"memory": 1 << 42}}'
	refused 'vm\.hwConfig\.memory: .*[0-9]+ MiB'
	make_bundle memory 'c["vm"] = {"kernel": {"path": "/usr/local/libexec/xenrun/vmlinux"}, "hwConfig": {"memory": 1 << 20}}'
	refused 'vm\.hwConfig\.memory: .*[0-9]+ MiB'
}

@test "a zone type that there is not" {
	make_bundle type 'c["annotations"]["org.xenrun.type"] = "banana"'
	refused 'org\.xenrun\.type: "banana"'
}

@test "a bind mount whose source is not there" {
	make_bundle source 'c["mounts"].append({"destination": "/mnt", "type": "bind", "source": "/nowhere", "options": ["bind"]})'
	refused 'mounts\[6\]\.source: /nowhere: No such file or directory'
}

@test "an unknown rlimit" {
	make_bundle rlimit 'p["rlimits"] = [{"type": "RLIMIT_BANANA", "soft": 1, "hard": 1}]'
	refused 'process\.rlimits\[0\]\.type: .*RLIMIT_BANANA'
}

@test "unknown names: of a seccomp action, a mount option, a namespace, a kind of device" {
	make_bundle seccomp 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_BANANA"}'
	refused 'linux\.seccomp\.defaultAction: .*SCMP_ACT_BANANA'
	make_bundle option 'c["mounts"].append({"destination": "/m", "type": "bind", "source": "/tmp", "options": ["bind", "banana"]})'
	refused 'mounts\[6\]\.options.*banana'
	make_bundle namespace 'c["linux"]["namespaces"].append({"type": "banana"})'
	refused 'linux\.namespaces\[5\]\.type: .*banana'
	make_bundle device 'c["linux"]["devices"] = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]'
	refused 'linux\.devices\[0\]\.type: .*z'
}

@test "an unknown capability is warned of, and the container runs" {
	make_bundle capability 'p["capabilities"] = {"bounding": ["CAP_BANANA", "CAP_CHOWN"]}'
	x run --bundle "$bundle" "$id"
	equal "$status" 0
	says "$errors" 'CAP_BANANA'
}

@test "a sysctl that the zone's kernel has not" {
	make_bundle sysctl 'c["linux"]["sysctl"] = {"net.banana": "1"}'
	refuses 'sysctl\.net\.banana' create --bundle "$bundle" "$id"
}

@test "a pid-file that cannot be written" {
	make_bundle pidfile
	refuses '/nowhere/pid.*No such file or directory' create --bundle "$bundle" --pid-file /nowhere/pid "$id"
}

@test "state, start, kill, delete of an unknown ID" {
	for command in state start kill delete; do
		refuses 'container t-none does not exist' "$command" t-none
	done
}

@test "an unknown signal" {
	refuses 'unknown signal "SIGBANANA"' kill t-none SIGBANANA
	refuses 'unknown signal "65"' kill t-none 65
	refuses 'unknown signal "-1"' kill t-none -- -1
}

# Runs xenrun in a mount namespace in which the script has changed things.
without() { # SCRIPT PATTERN
	for command in create run; do
		status=0
		output=$(unshare --mount bash -c "$1"' && shift && exec xenrun "$@"' - - --root "$STATES" "$command" \
			--bundle "$bundle" "$id" 2>&1 </dev/null 3>&-) || status=$?
		equal "$status" 1
		says "$output" "$2"
	done
}

@test "xenstored does not answer" {
	make_bundle store
	without 'mount -t tmpfs none /run/xenstored && mount --bind /dev/null /dev/xen/xenbus &&
		{ [ ! -e /proc/xen/xenbus ] || mount --bind /dev/null /proc/xen/xenbus; }' 'XenStore does not answer'
}

@test "no Xen" {
	make_bundle noxen
	without 'mount -t tmpfs none /sys/hypervisor && mount -t tmpfs none /dev/xen && mount -t tmpfs none /proc/xen' \
		'does not run on Xen'
}

@test "/dev/xen/gntdev cannot be opened" {
	make_bundle gntdev
	without 'mount --bind /dev/null /dev/xen/gntdev && mount -o remount,bind,nodev /dev/xen/gntdev' \
		'/dev/xen/gntdev cannot be opened'
}

@test "the zone kernel is not there, nor another" {
	make_bundle nokernel
	without 'mount -t tmpfs none /usr/local/libexec/xenrun && mount -t tmpfs none /boot' 'no kernel for the zone'
}

@test "not root" {
	make_bundle user
	chmod 755 "$bundle" "${BATS_TEST_TMPDIR%/*/*}" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	for command in create run; do
		status=0
		output=$(setpriv --reuid=65534 --regid=65534 --clear-groups xenrun --root /tmp/t-states "$command" \
			--bundle "$bundle" "$id" 2>&1 </dev/null 3>&-) || status=$?
		equal "$status" 1
		says "$output" 'xenrun runs as root only'
	done
	[ ! -e /tmp/t-states ]
}

@test "a configuration file of the operator's with an error in it" {
	make_bundle settings
	mkdir -p /etc/xenrun
	without 'mount -t tmpfs none /etc/xenrun && printf "\n# type\ntype = hvm\n" >/etc/xenrun/config' \
		'/etc/xenrun/config: line 3: type: "hvm"'
	without 'mount -t tmpfs none /etc/xenrun && echo banana = 1 >/etc/xenrun/config' \
		'/etc/xenrun/config: line 1: unknown setting "banana"'
}
