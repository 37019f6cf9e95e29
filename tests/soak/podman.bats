#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# xenrun under the real Podman and conmon, found by the drop-in that was installed. Most tests share one container.
# shellcheck disable=SC2016,SC2154 # between single quotes is what a shell in the container reads; p sets output, errors
load ../bats/lib
load ../bats/podman

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	podman import -q "$ROOTS/busybox.tar" busybox
	mkdir volume read-only
	echo file >file
	echo in the volume >volume/x
	echo secret >secret
	printf 'A=1\nB=two words\n' >environment
	cat >seccomp.json <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}
	END
	podman secret create secret secret
	podman volume create named
}
teardown_file() {
	podman rm --force --all --time 0
	assert_nothing_of_podman
}
teardown() { :; }

inspected() { podman inspect --format "$2" "$1"; } # CONTAINER FORMAT
is() { [ "$(inspected "$1" "$2")" = "$3" ]; }      # CONTAINER FORMAT VALUE
# There are more lines of output than that.
more_than() { [ "$("${@:2}" 2>/dev/null | wc -l)" -gt "$1" ]; } # NUMBER COMMAND...

@test "run: streams apart, input to its end, the status, a kernel of its own" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in gives 7 run --rm -i --network none busybox sh -c 'cat; uname -r; echo err >&2; exit 7'
	says "$output" '^hello'
	[ "${output#*$'\n'}" != "$(uname -r)" ]
	equal "$errors" err
}

@test "create, start: options of storage, user, privileges, limits are in the zone" {
	cd "$BATS_FILE_TMPDIR"
	gives 0 create --name main --network none --hostname zone --workdir /srv --stop-timeout 20 \
		-v "$PWD/volume:/volume" -v "$PWD/read-only:/read-only:ro" -v "$PWD/file:/file:z" -v named:/named:U \
		--tmpfs /tmpfs:size=1m,mode=710 --secret secret --user 12:13 --group-add 14 \
		--cap-drop all --cap-add CHOWN,SYS_PTRACE --security-opt no-new-privileges \
		--sysctl net.ipv4.ip_forward=1 --ulimit nofile=100:200 --pids-limit 50 --memory 64m \
		--env-file environment --env C=3 --health-cmd 'echo healthy' --health-interval disable busybox \
		sh -c 'echo out; echo err >&2; trap "echo term; exit 3" TERM; i=0; while :; do echo tick $i; i=$((i + 1)); sleep 0.5; done'
	gives 0 start main
	gives 5 exec main sh -c 'id; pwd; hostname; echo "$A/$B/$C"; cat /file /volume/x /run/secrets/secret; touch /read-only/no
		stat -c "%u %g" /named; grep -o "/tmpfs tmpfs .*mode=710" /proc/mounts; grep -o "files .*" /proc/1/limits
		cat /proc/sys/net/ipv4/ip_forward; sed -n "s/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):\t/\1 /p" /proc/self/status
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; exit 5'
	says "$output" $'^uid=12.* gid=13.*14.*\n/srv\nzone\n1/two words/3\nfile\nin the volume\nsecret\n12 13\n/tmpfs tmpfs '
	says "$output" $'\nfiles +100 +200 +files *\n1\nCapEff 0+80001\nCapBnd 0+80001\nNoNewPrivs 1\nSeccomp 2\n67108864\n50$'
	says "$errors" 'Read-only file system'
}

@test "exec: input, user, a terminal with its size, codes" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in gives 0 exec -i main cat
	equal "$output" hello
	gives 0 exec --user 0 --workdir /etc --env D=4 main sh -c 'id -u; pwd; echo $D; touch /volume/made /srv/root-made'
	equal "$output" $'0\n/etc\n4'
	[ -e "$BATS_FILE_TMPDIR/volume/made" ]
	output=$(script -qec 'stty rows 33 cols 99; podman exec -it main sh -c "test -t 0 && test -t 1 && stty size; exit 6"; echo status $?' \
		/dev/null < <(sleep 60))
	says "${output//$'\r'/}" $'33 99\nstatus 6$'
	gives 127 exec main nothere
	gives 126 exec main /etc
	gives 137 exec main sh -c 'kill -KILL $$'
}

@test "ps, inspect, top, stats, healthcheck" {
	gives 0 ps --format '{{.Names}} {{.Status}}'
	says "$output" '^main Up '
	equal "$(inspected main '{{.State.Status}} {{.OCIRuntime}}')" "running xenrun"
	gives 0 top main pid,comm
	says "$output" $'^PID +COMMAND\n1 '
	# The container's ps; Podman 5 runs the host's if the container has not SYS_PTRACE.
	gives 0 top main -o pid,args
	says "$output" '1 sh -c echo out'
	gives 0 stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' main
	says "$output" '^main [0-9.]+[kM]B / .* [1-9][0-9]*$'
	gives 0 healthcheck run main
	is main '{{.State.Healthcheck.Status}}' healthy
}

@test "cp both ways, diff, commit, export, while it runs" {
	cd "$BATS_TEST_TMPDIR"
	echo new >new
	gives 0 cp new main:/srv/in
	gives 0 cp new main:/volume/in
	gives 0 exec main cat /srv/in /volume/in
	equal "$output" $'new\nnew'
	gives 0 cp main:/volume/x here
	equal "$(<here)" "in the volume"
	gives 0 cp main:/etc/shells here
	cmp here "$ROOTS/busybox/etc/shells"
	gives 0 diff main
	says "$output" 'A /srv/root-made'
	gives 0 commit -q main changed
	gives 0 export -o exported main
	tar -tf exported | grep -qx srv/root-made
	gives 0 run --rm --network none --entrypoint cat changed /srv/in
	equal "$output" new
}

@test "logs, logs -f, attach" {
	gives 0 logs main
	says "$output" $'^out\ntick 0\ntick 1\n'
	equal "$errors" err
	for command in "logs -f --tail 1" "attach --no-stdin --sig-proxy=false"; do
		# shellcheck disable=SC2086 # words
		timeout 60 podman $command main >"$BATS_TEST_TMPDIR/follow" 3>&- &
		# By its number: bats has jobs of its own.
		local client=$!
		within 30 more_than 3 cat "$BATS_TEST_TMPDIR/follow"
		kill "$client"
		wait "$client" || true
	done
}

@test "pause, unpause" {
	gives 0 pause main
	is main '{{.State.Status}}' paused
	count=$(podman logs main 2>/dev/null | wc -l)
	sleep 2
	equal "$(podman logs main 2>/dev/null | wc -l)" "$count"
	gives 0 unpause main
	is main '{{.State.Status}}' running
	within 20 more_than "$count" podman logs main
}

@test "restart, kill, wait, stop; cp of a stopped one" {
	gives 0 restart main
	is main '{{.State.Status}}' running
	logged main '^term$'
	within 30 more_than 1 eval 'podman logs main | grep "^tick 0$"'
	gives 0 exec main cat /srv/in
	gives 0 kill --signal TERM main
	gives 0 wait main
	equal "$output" 3
	is main '{{.State.Status}} {{.State.ExitCode}}' "exited 3"
	echo stopped >"$BATS_TEST_TMPDIR/stopped"
	gives 0 cp "$BATS_TEST_TMPDIR/stopped" main:/srv/stopped
	gives 0 cp main:/srv/stopped "$BATS_TEST_TMPDIR/back"
	equal "$(<"$BATS_TEST_TMPDIR/back")" stopped
	gives 0 start main
	gives 0 kill main
	gives 0 wait main
	equal "$output" 137
	gives 0 rm main
}

@test "-it; --init: signals reach what it starts; stop" {
	gives 0 create --name terminal -it --init --network none busybox \
		sh -c 'tty; stty size; read line; echo "got $line"; sleep 1000'
	output=$(script -qec 'stty rows 22 cols 88; podman start -ai --sig-proxy=false terminal' /dev/null \
		< <(within 60 logged terminal '22 88'; echo words; within 60 logged terminal 'got words'; podman stop terminal >/dev/null)) || true
	says "${output//$'\r'/}" $'^/dev/pts/0\n22 88\nwords\ngot words'
	is terminal '{{.State.ExitCode}}' 143
	gives 0 rm terminal
}

@test "--privileged, --read-only, --userns, seccomp, --entrypoint" {
	gives 0 run --rm --network none --privileged --read-only busybox \
		sh -c 'touch /no; touch /tmp/yes && grep CapEff /proc/self/status'
	says "$errors" '/no: Read-only file system'
	says "$output" '[3-9a-f]f{9}$'
	gives 13 run --rm --network none --uidmap 0:100000:1000 --gidmap 0:100000:1000 \
		--security-opt "seccomp=$BATS_FILE_TMPDIR/seccomp.json" --entrypoint sh -v named:/named:U busybox \
		-c 'mkdir /tmp/x; id -u; stat -c %u /named; cat /proc/self/uid_map; exit 13'
	says "$errors" 'Permission denied'
	says "$output" $'^0\n0\n +0 +100000 +1000$'
	equal "$(stat -c %u "$(podman volume inspect --format '{{.Mountpoint}}' named)")" 100000
}

@test "codes of what cannot run: 126, 127, one sentence, and nothing left" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BATS_TEST_TMPDIR/socket"
	# Podman 4.3 has 126 for whatever the runtime says.
	gives 126 run --rm --network none -v "$BATS_TEST_TMPDIR/socket:/socket" busybox true
	equal "$(wc -l <<<"$errors")" 1
	says "$errors" 'mounts.[0-9]+..source: .*socket is neither a folder nor a file'
	gives 126 run --rm --network none busybox /etc
	gives 127 run --rm --network none busybox nothere
	gives 0 ps --all --quiet
	equal "$output" ""
}

@test "-d --restart=on-failure:2; running out of memory is told" {
	gives 0 run -d --name fails --network none --restart on-failure:2 busybox sh -c 'echo once; exit 1'
	gives 137 run --name greedy --network none --memory 16m busybox tail /dev/zero
	equal "$(inspected greedy '{{.State.OOMKilled}} {{.State.ExitCode}}')" "true 137"
	within 90 is fails '{{.State.Status}} {{.RestartCount}}' "exited 2"
	equal "$(podman logs fails | paste -sd ' ')" "once once once"
	gives 0 run -d --name forced --network none busybox sleep 1000
	gives 0 rm --force --time 0 forced fails greedy
}

@test "org.xenrun.zone: two containers, one zone, each with processes and a network of its own" {
	for name in one two; do
		gives 0 run -d --name $name --annotation org.xenrun.zone=common --cap-add NET_RAW --network podman busybox sleep 1000
	done
	equal "$(xl list | wc -l)" 3
	for name in one two; do
		gives 0 exec $name sh -c 'cat /proc/sys/kernel/random/boot_id; ip -o -4 addr show dev eth0 | sed "s/.*inet //; s/ .*//"; pidof sleep'
		# shellcheck disable=SC2086 # words
		set -- $output
		boots+=("$1") addresses+=("$2")
		equal "$3" 1
		equal "${2%/*}" "$(inspected $name '{{.NetworkSettings.IPAddress}}')"
	done
	equal "${boots[0]}" "${boots[1]}"
	[ "${addresses[0]}" != "${addresses[1]}" ]
	gives 0 exec two ping -c 2 -W 5 "${addresses[0]%/*}"
	gives 0 rm --force --time 0 two
	equal "$(xl list | wc -l)" 3
	gives 0 exec one true
	gives 0 rm --force --time 0 one
	assert_nothing_of_podman 20
}

@test "README.md, for Podman: each line" {
	sed -n '/^### Podman/,/^### /s/^    //p' "$HERE/../../README.md" >"$BATS_TEST_TMPDIR/lines"
	sed -i 's/^IMAGE=.*/IMAGE=busybox/' "$BATS_TEST_TMPDIR/lines"
	run bash -eux "$BATS_TEST_TMPDIR/lines"
	equal "$status" 0
}
