#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runtime.md: states, operations, errors.
load lib

gone() { [ ! -e "/proc/$1" ]; }

setup_file() {
	begin
	unshare --net="$(touch "$BATS_FILE_TMPDIR/net" && echo "$BATS_FILE_TMPDIR/net")" true
	mkdir "$BATS_FILE_TMPDIR/source"
	echo there >"$BATS_FILE_TMPDIR/source/file"

	# One container through all of its life, while everything is tried that does not fit its state.
	make_bundle other
	local other=$bundle
	make_bundle life "sh('echo started; trap \"echo usr1\" USR1; while :; do sleep 0.1; done')" \
		"c['annotations']['org.example'] = 'kept'" \
		"c['mounts'].append({'destination': '/mnt', 'type': 'bind', 'source': '$BATS_FILE_TMPDIR/source', 'options': ['bind']})" \
		"c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'network'] + [{'type': 'network', 'path': '$BATS_FILE_TMPDIR/net'}]"
	step create create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	step created state "$id"
	local pid cgroup
	pid=$(cat "$bundle/pid") || true
	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	echo "$pid" >"$FACTS/pid"
	sleep 1
	cp "$bundle.out" "$FACTS/created.printed"
	(
		bundle=$other
		step again create --bundle "$other" "$id"
	)
	step created.after state "$id"
	sed -i 's/echo started/echo changed/; s/"kept"/"changed"/' "$bundle/config.json"
	step start start "$id"
	within 20 grep -q . "$bundle.out" || true
	cp "$bundle.out" "$FACTS/started.printed"
	step running state "$id"
	step running.start start "$id"
	step running.delete delete "$id"
	step running.after state "$id"
	step usr1 kill "$id" USR1
	within 20 grep -q usr1 "$bundle.out" || true
	cp "$bundle.out" "$FACTS/usr1.printed"
	step kill kill "$id" KILL
	within 30 status_is "$id" stopped || true
	step stopped state "$id"
	step stopped.start start "$id"
	step stopped.kill kill "$id" TERM
	step stopped.after state "$id"
	step delete delete "$id"
	step deleted state "$id"
	nsenter --net="$BATS_FILE_TMPDIR/net" touch "$FACTS/net.is.there"
	step deleted.start start "$id"
	step deleted.kill kill "$id" TERM
	step deleted.delete delete "$id"
	within 10 gone "$pid" || touch "$FACTS/pid.is.there"
	[ ! -e "$cgroup" ] || [ "$cgroup" = /sys/fs/cgroup/ ] || touch "$FACTS/cgroup.is.there"

	# The same ID again, and killed before it is started.
	rm "$bundle/pid"
	sed -i 's/"changed"/"second"/' "$bundle/config.json"
	step second create --bundle "$bundle" "$id"
	step second.state state "$id"
	step second.kill kill "$id" KILL
	within 30 status_is "$id" stopped || true
	step second.stopped state "$id"
	step second.delete delete "$id"
	umount "$BATS_FILE_TMPDIR/net"

	make_bundle third
	step third create --bundle "$bundle" "$id"
	step third.delete delete "$id"
	step third.after state "$id"
	"$RUNTIME" --root "$STATES" delete --force "$id" || true

	# What names no container or bundle.
	mkdir "$BATS_FILE_TMPDIR/empty"
	step none.state state
	step none.create create --bundle "$bundle"
	step none.start start
	step none.kill kill
	step none.delete delete
	step nowhere create --bundle "$BATS_FILE_TMPDIR/empty" "$id"
	step nowhere.after state "$id"
	step slash create --bundle "$bundle" "${PREFIX}a/b"
	step dots create --bundle "$bundle" ..
	step unknown state "${PREFIX}unknown"

	attempts <<-'END'
		cannot: c["linux"]["sysctl"] = {"kernel.there_is_no_such": "1"}
		noprocess: del c["process"]
	END
	if [ "$(<"$FACTS/noprocess.status")" = 0 ]; then
		step noprocess create --bundle "$bundle" "$id"
		step noprocess start "$id"
		"$RUNTIME" --root "$STATES" delete --force "$id"
	fi
	within 10 nothing_new || true
	cp "$BATS_FILE_TMPDIR/new" "$FACTS/left"
}

@test "create, state, start, kill, delete work with the container that was created" {
	did create created start running usr1 kill stopped delete
}
@test "state: ociVersion, id, bundle" {
	says "$(told created ociVersion)" '^1\.[0-9]+\.[0-9]+'
	equal "$(told created id)" "${PREFIX}life"
	equal "$(told created bundle)" "$BATS_FILE_TMPDIR/life"
}
@test "state: status is created, running, stopped" {
	equal "$(told created status)" created
	equal "$(told running status)" running
	equal "$(told stopped status)" stopped
}
@test "state: pid of what is created and running is the one in the pid file" {
	equal "$(told created pid)" "$(<"$FACTS/pid")"
	equal "$(told running pid)" "$(<"$FACTS/pid")"
}
@test "state: annotations" { equal "$(told created org.example)" kept; }
@test "create does not run the program" { equal "$(<"$FACTS/created.printed")" ""; }
@test "an ID that is in use: an error, and the container stays as it is" {
	failed again
	equal "$(told created.after status)" created
}
@test "an ID that is no name: an error" { failed slash dots; }
@test "a changed config.json changes nothing" {
	equal "$(<"$FACTS/started.printed")" started
	equal "$(told running org.example)" kept
}
@test "start runs the program" {
	did start
	says "$(<"$FACTS/started.printed")" started
}
@test "start of what is not created: an error, without effect" {
	failed running.start stopped.start deleted.start
	equal "$(told running.after status)" running
	equal "$(told stopped.after status)" stopped
}
@test "start without process: an error" { failed noprocess; }
@test "kill sends the signal" { equal "$(<"$FACTS/usr1.printed")" $'started\nusr1'; }
@test "kill ends what is created" {
	did second.kill
	equal "$(told second.stopped status)" stopped
}
@test "kill of what is neither created nor running: an error, without effect" {
	failed stopped.kill deleted.kill
	equal "$(told stopped.after status)" stopped
}
@test "delete of what is created: an error, without effect" {
	failed third.delete
	equal "$(told third.after status)" created
}
@test "delete of what is running: an error, without effect" {
	failed running.delete
	equal "$(told running.after status)" running
}
@test "delete takes away what create made" {
	did delete
	[ ! -e "$FACTS/pid.is.there" ]
	[ ! -e "$FACTS/cgroup.is.there" ]
	[ ! -e "$STATES/${PREFIX}life" ]
	equal "$(<"$FACTS/left")" ""
}
@test "delete leaves what create did not make" {
	equal "$(<"$BATS_FILE_TMPDIR/source/file")" there
	[ -e "$FACTS/net.is.there" ]
	[ -e "$ROOTS/busybox/bin/sh" ]
}
@test "an ID may be used again once it is deleted" {
	did second second.state second.delete
	equal "$(told second.state org.example)" second
}
@test "no ID, no bundle: an error" {
	failed none.state none.create none.start none.kill none.delete nowhere nowhere.after
}
@test "an ID that nobody has: an error" { failed unknown deleted deleted.delete; }
@test "what cannot be applied: an error, and no container" { no_container cannot; }
@test "a failed create leaves all as it was" { equal "$(<"$FACTS/left")" ""; }
