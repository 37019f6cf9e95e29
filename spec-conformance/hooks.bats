#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runtime.md, "Lifecycle", and config.md, "POSIX-platform Hooks".
load lib

points="prestart createRuntime createContainer startContainer poststart poststop"

# A bundle with two hooks at each point. Statements may use hook(POINT, N).
hooked() { # NAME [STATEMENTS...]
	root=$BATS_FILE_TMPDIR/$1.root
	mkdir "$root" && tar -C "$root" -xpf "$ROOTS/busybox.tar"
	log=$FACTS/$1.log
	make_bundle "$1" "
def hook(name, n):
    return c['hooks'][name][n]
c['hooks'] = {name: [{'path': '$BATS_FILE_TMPDIR/hook', 'args': ['hook', name, str(n), '$log']} for n in (1, 2)]
    for name in '$points'.split() if name != 'startContainer'}
c['hooks']['startContainer'] = [{'path': '/only/there', 'args': ['sh', '-c', 'cat >/hook.%d; readlink /proc/self/ns/mnt /proc/self/ns/uts >/hook.ns; hostname >/hook.name; echo startContainer %d >>/hooks' % (n, n)]} for n in (1, 2)]
c['hostname'] = 'hooked'
sh('cp /hooks /hooks.then; readlink /proc/self/ns/mnt /proc/self/ns/uts >/own.ns; echo ran >/ran; sleep 1000')
" "${@:2}"
	mkdir "$root/only"
	ln -s ../bin/busybox "$root/only/there"
	unset root
}

# The first hook of a point fails.
failing() { # POINT [STATEMENTS]
	hooked "$1" "hook('$1', 0)['args'] = ['sh', '-c', 'exit 3']; hook('$1', 0)['path'] = '/bin/sh'" "${2:-}"
	step "$1.create" create --bundle "$bundle" "$id"
	step "$1.created" state "$id"
	[ "$(<"$FACTS/$1.create.status")" = 0 ] || return 0
	step "$1.start" start "$id"
	if [ "$1" = poststop ]; then
		step "$1.kill" kill "$id" KILL
	fi
	within 20 status_is "$id" stopped || true
	step "$1.started" state "$id"
	step "$1.delete" delete --force "$id"
	step "$1.deleted" state "$id"
}

setup_file() {
	begin
	cat >"$BATS_FILE_TMPDIR/hook" <<-'END'
		#!/bin/sh
		# usage: hook POINT N LOG
		echo "$1 $2" >>"$3"
		cat >"$3.$1.out"
		readlink /proc/self/ns/mnt /proc/self/ns/uts >"$3.$1.ns"
		stat -c %d:%i / >"$3.$1.root"
		env >"$3.$1.env"
		pwd >"$3.$1.folder"
	END
	chmod 755 "$BATS_FILE_TMPDIR/hook"

	hooked order "hook('poststop', 1)['env'] = ['ONLY=this']" "hook('poststop', 0)['timeout'] = 20"
	step create create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
	cp "$log" "$FACTS/create.log"
	readlink "/proc/$(<"$bundle/pid")/ns/mnt" "/proc/$(<"$bundle/pid")/ns/uts" >"$FACTS/container.ns" || true
	readlink /proc/self/ns/mnt /proc/self/ns/uts >"$FACTS/runtime.ns"
	ls "$BATS_FILE_TMPDIR/order.root" >"$FACTS/create.root"
	step start start "$id"
	cp "$log" "$FACTS/start.log"
	within 20 test -e "$BATS_FILE_TMPDIR/order.root/ran" || true
	step kill kill "$id" KILL
	within 20 status_is "$id" stopped || true
	cp "$log" "$FACTS/stopped.log"
	step delete delete "$id"
	cp "$log" "$FACTS/delete.log"

	local point
	for point in $points; do failing "$point" "c['ociVersion'] = '1.3.0'"; done

	hooked timeout "hook('prestart', 0).update(path='/bin/sleep', args=['sleep', '60'], timeout=1)"
	local before=$SECONDS
	step timeout create --bundle "$bundle" "$id"
	echo $((SECONDS - before)) >"$FACTS/timeout.took"

	attempts <<-'END'
		relative: c["hooks"] = {"prestart": [{"path": "bin/true"}]}
		zero: c["hooks"] = {"prestart": [{"path": "/bin/true", "timeout": 0}]}
		missing: c["hooks"] = {"prestart": [{"path": "/there/is/none"}]}
	END
	within 10 nothing_new || true
	cp "$BATS_FILE_TMPDIR/new" "$FACTS/left"
}

before_start=$'prestart 1\nprestart 2\ncreateRuntime 1\ncreateRuntime 2\ncreateContainer 1\ncreateContainer 2'
before_delete=$before_start$'\npoststart 1\npoststart 2'

# After a failure at this point the container is gone, but for poststop's hooks, which have run.
undone() { # POINT
	failed "$1.create" "$1.created"
	equal "$(grep -c poststop "$FACTS/$1.log")" 2
	[ ! -e "$BATS_FILE_TMPDIR/$1.root/ran" ]
}

@test "prestart, createRuntime, createContainer: called by create, in this order and the listed one" {
	did create
	equal "$(<"$FACTS/create.log")" "$before_start"
}
@test "no program runs before start" { [[ ! $(<"$FACTS/create.root") =~ ran|hooks ]]; }
@test "startContainer: called by start, before the program, in the listed order" {
	did start
	equal "$(<"$BATS_FILE_TMPDIR/order.root/hooks.then")" $'startContainer 1\nstartContainer 2'
}
@test "startContainer: its path is the container's" {
	[ ! -e /only/there ]
	[ -e "$BATS_FILE_TMPDIR/order.root/hook.1" ]
}
@test "startContainer: in the container's namespaces" {
	equal "$(<"$BATS_FILE_TMPDIR/order.root/hook.ns")" "$(<"$BATS_FILE_TMPDIR/order.root/own.ns")"
	equal "$(<"$BATS_FILE_TMPDIR/order.root/hook.name")" hooked
}
@test "poststart: called before start returns" { equal "$(<"$FACTS/start.log")" "$before_delete"; }
@test "poststop: called by delete, not before" {
	equal "$(<"$FACTS/stopped.log")" "$before_delete"
	equal "$(<"$FACTS/delete.log")" "$before_delete"$'\npoststop 1\npoststop 2'
}
@test "prestart, createRuntime, poststart, poststop: in the runtime's namespaces" {
	for point in prestart createRuntime poststart poststop; do
		equal "$(<"$FACTS/order.log.$point.ns")" "$(<"$FACTS/runtime.ns")"
	done
}
@test "createContainer: in the container's namespaces, before its root is entered" {
	equal "$(<"$FACTS/order.log.createContainer.ns")" "$(<"$FACTS/container.ns")"
	equal "$(<"$FACTS/order.log.createContainer.root")" "$(<"$FACTS/order.log.prestart.root")"
}
@test "the container's state is on standard input" {
	for point in prestart createRuntime createContainer poststart poststop; do
		equal "$(told "order.log.$point" id)" "${PREFIX}order"
		equal "$(told "order.log.$point" bundle)" "$BATS_FILE_TMPDIR/order"
	done
	for n in 1 2; do cp "$BATS_FILE_TMPDIR/order.root/hook.$n" "$FACTS/hook.$n.out"; done
	equal "$(told hook.1 id)" "${PREFIX}order"
	equal "$(told hook.2 id)" "${PREFIX}order"
}
@test "the state's status and pid are those of the moment" {
	# After step 2 of the life cycle, before create has finished: "created" is both.
	for point in prestart createRuntime createContainer; do
		says "$(told "order.log.$point" status)" '^creat(ing|ed)$'
	done
	equal "$(told hook.1 status)" created
	equal "$(told order.log.poststart status)" running
	equal "$(told order.log.poststop status)" stopped
	equal "$(told order.log.prestart pid)" "$(<"$BATS_FILE_TMPDIR/order/pid")"
	equal "$(told order.log.poststart pid)" "$(<"$BATS_FILE_TMPDIR/order/pid")"
	equal "$(told hook.1 pid)" 1
}
@test "env is all that a hook has, if it has one" {
	equal "$(grep -cvE '^(ONLY|PWD|SHLVL|_|OLDPWD)=' "$FACTS/order.log.poststop.env")" 0
	says "$(<"$FACTS/order.log.poststop.env")" 'ONLY=this'
}
@test "prestart fails: an error, no container, poststop's run" { undone prestart; }
@test "createRuntime fails: an error, no container, poststop's run" { undone createRuntime; }
@test "createContainer fails: an error, no container, poststop's run" { undone createContainer; }
@test "startContainer fails: an error, the program does not run, the container is stopped" {
	failed startContainer.start
	[ ! -e "$BATS_FILE_TMPDIR/startContainer.root/ran" ]
	[ "$(<"$FACTS/startContainer.started.status")" != 0 ] || equal "$(told startContainer.started status)" stopped
	did startContainer.delete
	equal "$(grep -c poststop "$FACTS/startContainer.log")" 2
}
@test "poststart fails: an error, the container is stopped" {
	failed poststart.start
	[ "$(<"$FACTS/poststart.started.status")" != 0 ] || equal "$(told poststart.started status)" stopped
	did poststart.delete
	equal "$(grep -c poststop "$FACTS/poststart.log")" 2
}
@test "poststop fails: the others run, delete succeeds" {
	did poststop.delete
	failed poststop.deleted
	equal "$(grep poststop "$FACTS/poststop.log")" 'poststop 2'
}
@test "poststop fails: a warning" { [ -s "$FACTS/poststop.delete.err" ]; }
@test "a hook that takes longer than its timeout is aborted" {
	failed timeout
	[ "$(<"$FACTS/timeout.took")" -lt 40 ]
}
@test "a path that is not absolute: an error" { no_container relative; }
@test "a timeout that is not above zero: an error" { no_container zero; }
@test "a path that is not there: an error" { no_container missing; }
@test "nothing is left of any" { equal "$(<"$FACTS/left")" ""; }
