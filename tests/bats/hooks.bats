#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.md, "POSIX-platform Hooks": when each runs, what it is given, and what its failure does.
load lib

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left
}

setup() {
	log=$BATS_TEST_TMPDIR/log
	hook=$BATS_TEST_TMPDIR/hook
	# It writes its name to a file, and beside it what it was given; then it does what it is told.
	cat >"$hook" <<-'END'
		#!/bin/sh
		# usage: hook NAME LOG [SCRIPT]
		echo "$1" >>"$2"
		cat >"$2.$1"
		pwd >"$2.$1.folder"
		readlink /proc/self/ns/pid >"$2.$1.ns"
		eval "$3"
	END
	chmod 755 "$hook"
}

# A bundle with all hooks, whose container writes what its own saw. Statements may use hook(NAME), the first of that
# name; zone(SCRIPT) is what startContainer's does.
hooked() { # NAME [STATEMENTS...]
	own_root busybox
	make_bundle "$1" "
def host(name):
    return {'path': '$hook', 'args': ['hook', name, '$log']}
def hook(name):
    return c['hooks'][name][0]
def zone(script):
    hook('startContainer')['args'] = ['sh', '-c', script]
c['hooks'] = {name: [host(name)] for name in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}
c['hooks']['startContainer'] = [{'path': '/bin/sh'}]
c['annotations']['org.example'] = 'kept'
zone('cat >/state; id -u >/id; echo unseen')
sh('cat /state; sleep 1000')
" "${@:2}"
}
create() { x create --bundle "$bundle" --pid-file "$bundle/pid" "$id"; }
ran() { equal "$(paste -sd ' ' "$log")" "$1"; }
# What is in a hook's state: one property.
told() { # NAME PROPERTY
	sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$log.$1"
}
# Its create fails, and nothing is left.
create_fails() { # PATTERN
	refuses "$1" create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	[ ! -e "$bundle/pid" ]
	refuses 'does not exist' state "$id"
	no_domain "$id"
	assert_nothing_left
}

@test "all run, in their order, with the container's state" {
	hooked order
	create
	equal "$status" 0
	pid=$(<"$bundle/pid")
	ran 'prestart createRuntime createContainer'
	status_is "$id" created
	[ ! -e "$root/state" ]

	ok start "$id"
	ran 'prestart createRuntime createContainer poststart'
	within 20 grep -q '"created"' "$bundle.out"
	ok kill "$id" KILL
	within 20 status_is "$id" stopped
	ran 'prestart createRuntime createContainer poststart'
	ok delete "$id"
	ran 'prestart createRuntime createContainer poststart poststop'

	for name in prestart createRuntime createContainer poststart poststop; do
		python3 -m json.tool <"$log.$name" >/dev/null
		equal "$(told $name id)" "$id"
		equal "$(told $name bundle)" "$bundle"
		equal "$(told $name org.example)" kept
		says "$(told $name ociVersion)" '^1\.'
		equal "$(<"$log.$name.folder")" "$bundle"
	done
	equal "$(told prestart status)" created
	equal "$(told prestart pid)" "$pid"
	equal "$(told createRuntime status)" creating
	equal "$(told createRuntime pid)" "$pid"
	equal "$(told createContainer status)" creating
	equal "$(told createContainer pid)" 1
	equal "$(told poststart status)" running
	equal "$(told poststart pid)" "$pid"
	equal "$(told poststop status)" stopped
	equal "$(told poststop pid)" ''

	# createContainer's are in the container's namespaces, the others in those of the runtime.
	equal "$(<"$log.createRuntime.ns")" "$(readlink /proc/self/ns/pid)"
	equal "$(<"$log.poststart.ns")" "$(readlink /proc/self/ns/pid)"
	[ "$(<"$log.createContainer.ns")" != "$(readlink /proc/self/ns/pid)" ]
}

@test "startContainer runs in the zone, as the process, and is not seen" {
	hooked zone 'p["user"] = {"uid": 7, "gid": 7}' 'p["env"].append("OF=process")' \
		'zone("{ cat; id -u; uname -n; echo $OF; } >/tmp/seen; echo unseen; echo unseen >&2")' \
		'c["hooks"]["startContainer"].append({"path": "/bin/sh", "args": ["sh", "-c", "echo $OF$ONLY >>/tmp/seen"], "env": ["ONLY=own"], "timeout": 20})' \
		'sh("cat /tmp/seen")'
	mkdir -p "$root/tmp"
	chmod 1777 "$root/tmp"
	x run --bundle "$bundle" "$id"
	equal "$status" 0
	equal "$errors" ''
	says "$output" '"pid": 1,'
	says "$output" '"status": "created",'
	says "$output" "\"bundle\": \"$bundle\""
	says "$output" $'[}]7\nzone\nprocess\nown$'
}

@test "arguments and environment are those that are given" {
	hooked env "hook('createRuntime')['args'][2:] = ['$log', 'env >$log.all; echo \"\$4\" >$log.arg', 'two words']" \
		"hook('createRuntime')['env'] = ['ONLY=this', 'PATH=/usr/bin:/bin']" \
		"hook('prestart')['args'].append('env >$log.inherited')" \
		"c['hooks']['createRuntime'].append({'path': '/bin/true'})"
	export FROM_CALLER=yes
	create
	equal "$status" 0
	equal "$(<"$log.arg")" 'two words'
	grep -qx ONLY=this "$log.all"
	equal "$(grep -c FROM_CALLER "$log.all")" 0
	grep -qx FROM_CALLER=yes "$log.inherited"
}

@test "what createContainer mounts in the root is in the zone's" {
	own_root busybox
	mkdir -p "$root/mnt"
	echo carried >"$BATS_TEST_TMPDIR/file"
	hooked_root=$root
	make_bundle mounts "
c['hooks'] = {'createContainer': [{'path': '/bin/sh', 'args': ['sh', '-c',
    'mount -t tmpfs hooked $hooked_root/mnt && cp $BATS_TEST_TMPDIR/file $hooked_root/mnt']}]}
sh('cat /mnt/file')"
	x run --bundle "$bundle" "$id"
	equal "$errors" ''
	equal "$output" carried
}

@test "one that fails in create: the container is not there, poststop has run" {
	for name in prestart createRuntime createContainer; do
		hooked "$name" "hook('$name')['args'].append('echo not today >&2; exit 3')"
		create_fails "hooks\.$name\[0\]: $hook: exit status 3: not today"
		equal "$(tail -n 2 "$log" | paste -sd ' ')" "$name poststop"
		equal "$(told poststop status)" stopped
		rm -rf "$log" "$root"
	done
}

@test "of those of one kind the second fails: the third does not run" {
	hooked second "c['hooks']['createRuntime'] += [{'path': '/nonesuch'}, host('third')]"
	create_fails 'hooks\.createRuntime\[1\]: /nonesuch: No such file or directory'
	ran 'prestart createRuntime poststop'
}

@test "one that is no program, that ends by a signal" {
	hooked program "hook('prestart')['path'] = '/etc/passwd'"
	create_fails 'hooks\.prestart\[0\]: /etc/passwd: Permission denied'
	rm -rf "$log" "$root"
	hooked signal "hook('prestart')['args'].append('kill -KILL \$\$')"
	create_fails 'hooks\.prestart\[0\]: .*signal 9'
}

@test "one that takes longer than its timeout is killed" {
	for name in createRuntime createContainer; do
		hooked "$name" "hook('$name')['args'].append('sleep 1234 & wait')" \
			"hook('$name')['timeout'] = 1"
		create_fails "hooks\.$name\[0\]: .*timed out after 1 seconds"
		equal "$(pgrep -fx 'sleep 1234')" ''
		rm -rf "$log" "$root"
	done
}

@test "one that takes longer than the zone's kernel is waited for" {
	hooked slow "hook('createRuntime')['args'].append('sleep 15')" "hook('createContainer')['args'].append('sleep 5')"
	create
	equal "$status" 0
	ok start "$id"
}

@test "startContainer's fails: start says so, the process is not executed, the container is stopped" {
	for script in 'exit 3' 'kill -KILL $$'; do
		hooked zonefails "zone('$script')" "sh('echo executed')"
		create
		equal "$status" 0
		refuses 'hooks\.startContainer\[0\]: /bin/sh: ended by a signal, or its exit status is not 0' start "$id"
		within 20 status_is "$id" stopped
		printed ''
		ok delete "$id"
		ran 'prestart createRuntime createContainer poststop'
		rm -rf "$log" "$root"
	done
}

@test "startContainer's is missing, takes too long" {
	hooked zonemissing "hook('startContainer')['path'] = '/nonesuch'"
	create
	refuses 'hooks\.startContainer\[0\]: /nonesuch: No such file or directory' start "$id"
	within 20 status_is "$id" stopped
	ok delete "$id"
	rm -rf "$root"
	hooked zoneslow "zone('sleep 1000')" "hook('startContainer')['timeout'] = 1"
	create
	refuses 'hooks\.startContainer\[0\]: /bin/sh: timed out' start "$id"
	within 20 status_is "$id" stopped
	ok delete "$id"
}

@test "a container can be killed while startContainer's runs" {
	hooked zonekilled "zone('echo >/here; sleep 1000')"
	create
	xenrun --root "$STATES" start "$id" >/dev/null 2>"$bundle/start.err" 3>&- &
	within 20 test -e "$root/here"
	ok kill "$id" KILL
	failed=0
	wait $! || failed=$?
	[ "$failed" != 0 ]
	within 20 status_is "$id" stopped
	ok delete "$id"
}

@test "poststart's fails: start says so, and the container is stopped" {
	hooked poststart "c['ociVersion'] = '1.3.0'; hook('poststart')['args'].append('exit 3')"
	create
	refuses "hooks\.poststart\[0\]: $hook: exit status 3" start "$id"
	status_is "$id" stopped
	no_domain "$id"
	ok delete "$id"
	ran 'prestart createRuntime createContainer poststart poststop'
	rm -rf "$log" "$root"

	hooked run "c['ociVersion'] = '1.3.0'; hook('poststart')['args'].append('exit 3')"
	refuses 'hooks\.poststart\[0\]' run --bundle "$bundle" "$id"
	refuses 'does not exist' state "$id"
	ran 'prestart createRuntime createContainer poststart poststop'
}

@test "poststart's fails, in a config of an earlier version: a warning" {
	hooked warned "c['ociVersion'] = '1.2.1'; hook('poststart')['args'].append('exit 3')" \
		"c['hooks']['poststart'].append(host('another'))"
	create
	ok --debug start "$id"
	says "$errors" "warning: hooks\.poststart\[0\]: $hook: exit status 3"
	status_is "$id" running
	ran 'prestart createRuntime createContainer poststart another'
}

@test "poststart's hangs: delete --force does not wait for it; its call leaves alone who has the ID then" {
	for version in 1.2.1 1.3.0; do
		hooked hangs "c['ociVersion'] = '$version'" \
			"hook('poststart')['args'].append('while [ ! -e $log.go ]; do sleep 0.2; done; exit 3')"
		timeout 120 xenrun --root "$STATES" run --bundle "$bundle" "$id" </dev/null >/dev/null 2>"$bundle.err" 3>&- &
		caller=$!
		within 60 grep -q poststart "$log"
		began=$SECONDS
		ok delete --force "$id"
		[ $((SECONDS - began)) -lt 30 ]
		no_domain "$id"
		refuses 'does not exist' state "$id"
		ran 'prestart createRuntime createContainer poststart poststop'
		create
		equal "$status" 0
		touch "$log.go"
		status=0
		wait "$caller" || status=$?
		[ "$status" != 0 ]
		says "$(<"$bundle.err")" 'hooks\.poststart\[0\]'
		status_is "$id" created
		ok delete --force "$id"
		equal "$(grep -c poststop "$log")" 2
		rm -rf "$log" "$log.go" "$root"
	done
}

@test "poststart's fails, and the processes do not end: run says so, and leaves all to delete" {
	monitor="sed -n '/\"monitor\":/,/\]/p' $STATES/${PREFIX}stuck/state.json | tr -dc '0-9,\n' | grep -o '[0-9]\+' | head -n 1"
	echo "kill -STOP \$($monitor)" >"$BATS_TEST_TMPDIR/stop"
	hooked stuck "c['ociVersion'] = '1.3.0'; hook('poststart')['args'].append('. $BATS_TEST_TMPDIR/stop; exit 3')"
	refuses 'exit status 3 \(its processes do not end: xenrun delete --force removes' run --bundle "$bundle" "$id"
	ran 'prestart createRuntime createContainer poststart'
	pid=$(eval "$monitor")
	kill -CONT "$pid"
	within 20 no_domain "$id"
	within 20 eval '[ ! -e "/proc/$pid" ]'
	status_is "$id" stopped
	ok delete "$id"
	ran 'prestart createRuntime createContainer poststart poststop'
}

@test "poststop's fails: the others run, the container is deleted" {
	hooked poststop "hook('poststop')['args'].append('exit 3')" "c['hooks']['poststop'].append(host('another'))" \
		"sh('exit 0')"
	create
	ok start "$id"
	within 20 status_is "$id" stopped
	ok --debug delete "$id"
	says "$errors" "warning: hooks\.poststop\[0\]: $hook: exit status 3"
	ran 'prestart createRuntime createContainer poststart poststop another'
	refuses 'does not exist' state "$id"
}

@test "a container keeps its hooks when its bundle goes" {
	hooked kept
	create
	ok start "$id"
	rm "$bundle/config.json"
	ok delete --force "$id"
	ran 'prestart createRuntime createContainer poststart poststop'
}

@test "a create that is killed while a hook runs leaves nothing, and poststop has run" {
	hooked killed "hook('createRuntime')['args'].append('sleep 5')"
	xenrun --root "$STATES" create --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
	within 20 grep -q createRuntime "$log"
	kill -KILL $!
	wait $! 2>/dev/null || true
	within 30 grep -q poststop "$log"
	ok delete --force "$id"
	assert_nothing_left 10
}
