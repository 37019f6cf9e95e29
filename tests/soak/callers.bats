#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# xenrun under the real containerd (ctr) and Docker. Most tests of each share one container.
# tests/soak/packages has what it needs.
# Wants a machine of its own: dockerd changes dom0's packet filter.
# shellcheck disable=SC2016 # between single quotes is what a shell in the container reads
load ../bats/lib

EXAMPLES=/usr/local/share/doc/xenrun/examples
IMAGE=localhost/busybox:latest
XENRUN=(--runc-binary /usr/local/sbin/xenrun)

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	mkdir volume read-only
	echo file >file
	echo in the volume >volume/x
	printf 'A=1\nB=two words\n' >environment
	cat >seccomp.json <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}
	END
	# Debian's has no runtimes of its own.
	{ cat /etc/containerd/config.toml && grep -v ^version "$EXAMPLES/containerd.toml"; } >containerd.toml
	# As an operator would who trusts all that make pods.
	sed -i 's/^  # \(pod_annotations\)/  \1/' containerd.toml
	# What holds a pod is an image that there is here.
	sed -i "/^ *\[plugins.*cri\"\]/a sandbox_image = \"$IMAGE\"" containerd.toml
	install -D -m 644 /dev/stdin /etc/cni/net.d/10-pods.conf <<-'END'
		{"cniVersion": "0.4.0", "name": "pods", "type": "bridge", "bridge": "pods0", "isGateway": true,
			"ipam": {"type": "host-local", "subnet": "10.90.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}
	END
	begin_containerd
	# The tmpfs that dom0 has there can be below an overlay; dom0's root cannot.
	install -D -m 644 "$EXAMPLES/docker.json" /etc/docker/daemon.json
	dockerd --log-level warn --containerd /run/containerd/containerd.sock --data-root /var/lib/containers/docker >dockerd.log 2>&1 3>&- &
	echo $! >dockerd.pid
	within 120 docker version >/dev/null
	docker import --change 'CMD ["sleep", "100000"]' "$ROOTS/busybox.tar" busybox
	docker volume create named
	docker tag busybox localhost/busybox
	docker save localhost/busybox >image.tar
	for namespace in default k8s.io; do
		ctr -n $namespace images import image.tar
	done
	rm image.tar
	there >before
}
teardown_file() {
	local failed=''
	cd "$BATS_FILE_TMPDIR" || return
	docker ps --all --quiet | xargs -r docker rm --force || true
	all_gone || failed=yes
	# bats waits for them.
	kill "$(<dockerd.pid)" "$(<containerd.pid)"
	[ ! "$failed" ]
}
teardown() {
	[ ! "${BATS_ERROR_STATUS:-}" ] || tail -n 5 "$BATS_FILE_TMPDIR"/*.log
}

begin_containerd() {
	containerd --config "$BATS_FILE_TMPDIR/containerd.toml" --root /var/lib/containers/containerd --log-level warn \
		>>"$BATS_FILE_TMPDIR/containerd.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	disown
	within 60 ctr version >/dev/null
}

# What containers have: domains, processes, nodes, mounts, cgroups, states of xenrun's and of its callers'. What is common to
# the containers of a namespace stays; Docker removes the names of network namespaces when it likes.
there() {
	xl list | awk '{ print $1 }'
	pgrep -l 'xenrun|-shim' || true
	xenstore-ls -f /local/domain/0/backend/xenrun-9pfs 2>/dev/null || true
	# Docker 26 leaves some of its own mounted when a container is gone, runc's as well.
	findmnt -rno TARGET | grep -v '/overlay2/[0-9a-f]*/merged$'
	find /sys/fs/cgroup /run/containerd/{runc,io.containerd.runtime.v2.task} /run/docker/runtime-* /run/docker/containerd \
		-mindepth 1 -type d ! -path '*/rootfs/*' ! -regex '.*/\(default\|docker\|moby\|k8s\.io\)' 2>/dev/null || true
}
nothing_left() {
	there >"$BATS_FILE_TMPDIR/after"
	cmp -s "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/after"
}
all_gone() { within 30 nothing_left || { diff "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/after"; return 1; }; }

gives() { # STATUS COMMAND...
	call "${@:2}"
	[ "$status" = "$1" ] || complain "${*:2}: status $status, not $1"
}
ctr_runs() { # STATUS ARGUMENTS...
	gives "$1" ctr run "${XENRUN[@]}" "${@:2}"
}
docker_runs() { # STATUS ARGUMENTS...
	gives "$1" docker run --runtime xenrun "${@:2}"
}
# Of the container main.
task_is() { [ "$(ctr task ls | awk '$1 == "main" { print $3 }')" = "$1" ]; } # STATUS
inspected() { docker inspect --format "$2" "$1"; }                           # CONTAINER FORMAT
is() { [ "$(inspected "$1" "$2")" = "$3" ]; }                                # CONTAINER FORMAT VALUE
logged() { docker logs "$1" 2>&1 | grep -q "$2"; }                           # CONTAINER PATTERN
has() { grep -q "$2" "$1"; }                                                 # FILE PATTERN
# There are more lines of output than that.
more_than() { [ "$("${@:2}" 2>/dev/null | wc -l)" -gt "$1" ]; } # NUMBER COMMAND...
# Fields of what containerd's interface for Kubernetes answers.
cri() { timeout 200 "$HERE/../soak/cri" "$@" 3>&-; } # METHOD MESSAGE FIELD...
# The lines of README.md's block for a caller.
of_readme() { sed -n "/^### $1/,/^### \|^## /s/^    //p" "$HERE/../../README.md"; }

@test "containerd.toml: containerd has its handler for pods, and its own one" {
	gives 0 ctr plugins ls
	says "$output" 'grpc.v1 +cri +linux/amd64 +ok'
	gives 0 containerd --config "$BATS_FILE_TMPDIR/containerd.toml" config dump
	says "$output" 'runtimes.runc\]'
	says "$output" 'BinaryName = "/usr/local/sbin/xenrun"'
}

@test "ctr run: streams apart, input to its end, the status, a kernel of its own" {
	# ctr does not pass on an end that comes before the container is there.
	INPUT=<(echo hello; within 60 has "$BATS_TEST_TMPDIR/out" hello) ctr_runs 7 --rm $IMAGE streams sh -c 'cat; uname -r; echo err >&2; exit 7'
	says "$output" '^hello'
	[ "${output#*$'\n'}" != "$(uname -r)" ]
	equal "$errors" err
	all_gone
}

@test "ctr run -d, --log-uri: its log; mounts, environment; task ls" {
	cd "$BATS_FILE_TMPDIR"
	ctr_runs 0 -d --log-uri "file://$PWD/log" --env A=1 --cwd /srv \
		--mount "type=bind,src=$PWD/volume,dst=/volume,options=rbind:rw" \
		--mount "type=bind,src=$PWD/read-only,dst=/read-only,options=rbind:ro" $IMAGE main \
		sh -c 'pwd; echo $A; cat /volume/x; touch /read-only/no; trap "echo term; exit 3" TERM
			i=0; while :; do echo tick $i; i=$((i + 1)); sleep 0.5; done'
	within 30 has log '^tick 1$'
	says "$(<log)" $'^/srv\n1\nin the volume'
	says "$(<log)" 'Read-only file system'
	task_is RUNNING
}

@test "ctr task exec: input, the status, a terminal with its size; kill of one; task ps has the pids of this host" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in gives 5 ctr task exec --exec-id a --user 12 main sh -c 'cat; id -u; echo err >&2; exit 5'
	equal "$output" $'hello\n12'
	equal "$errors" err
	# The size that there was before, ctr tells nobody.
	output=$(timeout 100 script -qec '(sleep 5; stty -F /dev/tty rows 33 cols 99) &
		ctr task exec -t --exec-id b main sh -c "until stty size | grep 99; do sleep 0.2; done; exit 6"
		echo status $?' /dev/null < <(sleep 60)) || true
	says "${output//$'\r'/}" $'33 99\nstatus 6$'
	gives 0 ctr task exec -d --exec-id c main sleep 1000
	gives 0 ctr task ps main
	standin=$(ctr task ls | awk '$1 == "main" { print $2 }')
	says "$output" $'\n'"$standin +-"
	[[ $output =~ $'\n'([0-9]+)\ +[^$'\n']*(ExecID:c,|exec_id:\"c\") ]] || complain "no exec"
	local exec=${BASH_REMATCH[1]}
	equal "$(cat "/proc/$exec/comm")" xenrun:exec
	gives 0 ctr task kill --signal KILL --exec-id c main
	within 20 test ! -e "/proc/$exec"
	gives 1 ctr task exec --exec-id d main nothere
	says "$errors" '"nothere": executable file not found in \$PATH'
	gives 0 ctr task metrics main
	says "$output" 'pids.current +[1-9]'
}

@test "ctr task pause: nothing runs; a containerd that is killed meanwhile and begun again has its container; resume" {
	gives 0 ctr task pause main
	task_is PAUSED
	count=$(wc -l <"$BATS_FILE_TMPDIR/log")
	kill -KILL "$(<"$BATS_FILE_TMPDIR/containerd.pid")"
	begin_containerd
	task_is PAUSED
	equal "$(wc -l <"$BATS_FILE_TMPDIR/log")" "$count"
	gives 0 ctr task resume main
	task_is RUNNING
	within 20 more_than "$count" cat "$BATS_FILE_TMPDIR/log"
	gives 0 ctr task exec --exec-id e main true
}

@test "ctr task kill: the process has the signal, and the task its status; rm" {
	gives 0 ctr task kill main
	within 20 task_is STOPPED
	says "$(tail -n 1 "$BATS_FILE_TMPDIR/log")" '^term$'
	gives 0 ctr task rm main
	says "$errors" 'code 3'
	gives 0 ctr container rm main
	all_gone
}

@test "ctr run -t; --read-only, --privileged, capabilities; a limit of memory; SIGKILL" {
	output=$(timeout 100 script -qec "stty rows 22 cols 88; ctr run --rm ${XENRUN[*]} -t --read-only $IMAGE terminal \
		sh -c 'tty; touch /no; until stty size | grep 88; do sleep 0.2; done; read line; echo got \$line; exit 4'; echo status \$?" \
		/dev/null < <(sleep 30; echo words; sleep 30)) || true
	says "${output//$'\r'/}" $'/dev/pts/0\ntouch: /no: Read-only file system\n22 88\n(words\n)?got words\nstatus 4$'
	ctr_runs 0 --rm --privileged $IMAGE privileged grep CapEff /proc/self/status
	says "$output" '[3-9a-f]f{9}$'
	ctr_runs 137 --rm --memory-limit 16777216 --cap-drop CAP_CHOWN $IMAGE greedy \
		sh -c 'chown 1 /srv || tail /dev/zero'
	says "$errors" 'Operation not permitted'
	ctr_runs 0 -d $IMAGE forced sleep 1000
	gives 0 ctr task rm --force forced
	gives 0 ctr container rm forced
	all_gone
}

@test "ctr run: what cannot run has one sentence, and leaves nothing" {
	ctr_runs 1 --rm $IMAGE short nothere
	says "$errors" 'exec: "nothere": executable file not found in \$PATH'
	ctr_runs 1 --rm --net-host $IMAGE short true
	says "$errors" 'linux.namespaces: '
	all_gone
}

@test "a shim that is killed takes its container along" {
	ctr_runs 0 -d $IMAGE orphan sleep 1000
	pkill -KILL -f 'containerd-shim-runc-v2 .*-id orphan'
	within 30 eval '! ctr task ls | grep -q RUNNING'
	gives 0 ctr container rm orphan
	all_gone
}

@test "a pod of containerd's, by its handler: one zone; containers with logs, exec, the pod's network and a status of their own" {
	pod='{"1": {"1": "pod", "2": "uid", "3": "default"}, "2": "zone", "3": "'$BATS_TEST_TMPDIR'", "7": {"1": "org.xenrun.type", "2": "pv"}, "8": {"2": {"1": {"2": 1}}}}'
	pod_id=$(cri RunPodSandbox '{"1": '"$pod"', "2": "xenrun"}' 1)
	says "$(xenrun --root /run/containerd/runc/k8s.io state "$pod_id")" '"org.xenrun.type": *"pv"'
	for name in one two; do
		id=$(cri CreateContainer '{"1": "'"$pod_id"'", "2": {"1": {"1": "'$name'"}, "2": {"1": "'$IMAGE'"}, "3": ["sh", "-c"],
			"4": ["cat /proc/sys/kernel/random/boot_id; hostname; trap \"exit 3\" TERM; while :; do sleep 0.1; done"],
			"11": "'$name'.log", "15": {"2": {"3": {"2": 1}}}}, "3": '"$pod"'}' 1)
		cri StartContainer '{"1": "'"$id"'"}'
		within 30 has "$BATS_TEST_TMPDIR/$name.log" 'stdout F zone$'
	done
	equal "$(xl list | wc -l)" 3
	equal "$(head -qn 1 "$BATS_TEST_TMPDIR"/*.log | cut -d ' ' -f 4 | sort -u | wc -l)" 1
	address=$(cri PodSandboxStatus '{"1": "'"$pod_id"'"}' 1.5.1)
	output=$(cri ExecSync '{"1": "'"$id"'", "2": ["sh", "-c", "ip -o -4 addr show dev eth0; ps; echo err >&2; exit 5"]}' 1 2 3)
	says "$output" "inet $address/.*"$'\n +1 root +sh -c .*\nerr\n\n5$'
	[[ $output != *"sleep 100000"* ]]
	cri StopContainer '{"1": "'"$id"'", "2": 30}'
	# CONTAINER_EXITED
	equal "$(cri ContainerStatus '{"1": "'"$id"'"}' 1.3 1.7)" $'2\n3'
	equal "$(xl list | wc -l)" 3
	cri StopPodSandbox '{"1": "'"$pod_id"'"}'
	cri RemovePodSandbox '{"1": "'"$pod_id"'"}'
	all_gone
}

@test "README.md, for containerd: each line" {
	of_readme containerd >"$BATS_TEST_TMPDIR/lines"
	has "$BATS_TEST_TMPDIR/lines" 'ctr run'
	run bash -eux "$BATS_TEST_TMPDIR/lines"
	equal "$status" 0
}

@test "docker run: streams apart, input to its end, the status, a kernel of its own" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in docker_runs 7 --rm -i --network none busybox sh -c 'cat; uname -r; echo err >&2; exit 7'
	says "$output" '^hello'
	[ "${output#*$'\n'}" != "$(uname -r)" ]
	equal "$errors" err
	all_gone
}

@test "docker run -d: options of storage, user, privileges, limits are in the zone" {
	cd "$BATS_FILE_TMPDIR"
	docker_runs 0 -d --name main --network none --hostname zone --workdir /srv --stop-timeout 20 \
		-v "$PWD/volume:/volume" -v "$PWD/read-only:/read-only:ro" -v "$PWD/file:/file" -v named:/named \
		--tmpfs /tmpfs:size=1m,mode=710 --user 12:13 --group-add 14 \
		--cap-drop all --cap-add CHOWN --security-opt no-new-privileges \
		--sysctl net.ipv4.ip_forward=1 --ulimit nofile=100:200 --pids-limit 50 --memory 64m --cpus 0.5 \
		--env-file environment --env C=3 busybox \
		sh -c 'echo out; echo err >&2; trap "echo term; exit 3" TERM; i=0; while :; do echo tick $i; i=$((i + 1)); sleep 0.5; done'
	gives 5 docker exec main sh -c 'id; pwd; hostname; echo "$A/$B/$C"; cat /file /volume/x; touch /read-only/no
		grep -o "/tmpfs tmpfs .*mode=710" /proc/mounts; grep -o "files .*" /proc/1/limits
		cat /proc/sys/net/ipv4/ip_forward; sed -n "s/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):\t/\1 /p" /proc/self/status
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max; exit 5'
	says "$output" $'^uid=12.* gid=13.*14.*\n/srv\nzone\n1/two words/3\nfile\nin the volume\n/tmpfs tmpfs '
	says "$output" $'\nfiles +100 +200 +files *\n1\nCapEff 0+1?\nCapBnd 0+1\nNoNewPrivs 1\nSeccomp 2\n67108864\n50\n50000 100000$'
	says "$errors" 'Read-only file system'
}

@test "docker exec: input, user, a terminal with its size, detached, codes" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in gives 0 docker exec -i main cat
	equal "$output" hello
	gives 0 docker exec --user 0 --workdir /etc --env D=4 main sh -c 'id -u; pwd; echo $D; touch /volume/made /srv/root-made'
	equal "$output" $'0\n/etc\n4'
	[ -e "$BATS_FILE_TMPDIR/volume/made" ]
	output=$(timeout 100 script -qec 'stty rows 33 cols 99; docker exec -it main sh -c "test -t 1 && until stty size | grep 99; do sleep 0.2; done; exit 6"
		echo status $?' /dev/null < <(sleep 60)) || true
	says "${output//$'\r'/}" $'33 99\nstatus 6$'
	gives 0 docker exec -d --user 0 main touch /volume/detached
	within 20 test -e "$BATS_FILE_TMPDIR/volume/detached"
	gives 137 docker exec main sh -c 'kill -KILL $$'
	# Docker 20.10 has 126 for whatever the runtime says of exec.
	gives 126 docker exec main nothere
	says "$output$errors" 'exec: "nothere": executable file not found in \$PATH'
	gives 126 docker exec main /etc
	says "$output$errors" 'exec: "/etc": permission denied'
}

@test "docker ps, inspect, top, stats" {
	gives 0 docker ps --format '{{.Names}} {{.Status}}'
	says "$output" '^main Up '
	equal "$(inspected main '{{.State.Status}} {{.HostConfig.Runtime}}')" "running xenrun"
	# Docker has ps(1) say this: of dom0 there is what stands for the container's processes, and nothing else.
	gives 0 docker top main -o pid,comm
	says "$output" $'^PID +COMMAND\n'"$(inspected main '{{.State.Pid}}') +xenrun:standin\$"
	gives 0 docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' main
	says "$output" '^main [0-9.]+[kM]iB / .* [1-9]'
}

@test "docker cp both ways, diff, commit, export, while it runs" {
	cd "$BATS_TEST_TMPDIR"
	echo new >new
	gives 0 docker cp new main:/srv/in
	gives 0 docker cp new main:/volume/in
	gives 0 docker exec main cat /srv/in /volume/in
	equal "$output" $'new\nnew'
	gives 0 docker cp main:/volume/x here
	equal "$(<here)" "in the volume"
	gives 0 docker cp main:/etc/shells here
	cmp here "$ROOTS/busybox/etc/shells"
	gives 0 docker diff main
	says "$output" 'A /srv/root-made'
	gives 0 docker commit main changed
	gives 0 docker export -o exported main
	tar -tf exported | grep -qx srv/root-made
	docker_runs 0 --rm --network none --entrypoint cat changed /srv/in
	equal "$output" new
}

@test "docker logs, logs -f, attach" {
	gives 0 docker logs main
	says "$output" $'^out\ntick 0\ntick 1\n'
	equal "$errors" err
	for command in "logs -f --tail 1" "attach --no-stdin --sig-proxy=false"; do
		# attach takes the first SIGTERM, and goes on, whatever the runtime.
		# shellcheck disable=SC2086 # words
		timeout --kill-after=5 60 docker $command main >"$BATS_TEST_TMPDIR/follow" 3>&- &
		# By its number: bats has jobs of its own.
		local client=$!
		within 30 more_than 3 cat "$BATS_TEST_TMPDIR/follow"
		kill "$client"
		wait "$client" || true
	done
}

@test "docker pause, unpause, update" {
	gives 0 docker pause main
	is main '{{.State.Status}}' paused
	count=$(docker logs main 2>/dev/null | wc -l)
	sleep 2
	equal "$(docker logs main 2>/dev/null | wc -l)" "$count"
	gives 0 docker unpause main
	is main '{{.State.Status}}' running
	within 20 more_than "$count" docker logs main
	gives 0 docker update --memory 80m --memory-swap 80m --pids-limit 60 main
	gives 0 docker exec main cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	equal "$output" $'83886080\n60'
}

@test "docker restart, kill, wait, stop; cp of a stopped one" {
	gives 0 docker restart main
	is main '{{.State.Status}}' running
	logged main '^term$'
	gives 0 docker exec main cat /srv/in
	gives 0 docker kill --signal TERM main
	gives 0 docker wait main
	equal "$output" 3
	is main '{{.State.Status}} {{.State.ExitCode}}' "exited 3"
	echo stopped >"$BATS_TEST_TMPDIR/stopped"
	gives 0 docker cp "$BATS_TEST_TMPDIR/stopped" main:/srv/stopped
	gives 0 docker cp main:/srv/stopped "$BATS_TEST_TMPDIR/back"
	equal "$(<"$BATS_TEST_TMPDIR/back")" stopped
	gives 0 docker start main
	gives 0 docker kill main
	gives 0 docker wait main
	equal "$output" 137
	gives 0 docker start main
	within 20 logged main tick
	gives 0 docker stop main
	is main '{{.State.ExitCode}}' 3
	gives 0 docker rm main
	all_gone
}

@test "docker start -ai, --init: the terminal, its input; signals reach what it starts; stop" {
	gives 0 docker create --name terminal --runtime xenrun -it --init --network none busybox \
		sh -c 'tty; until stty size | grep 88; do sleep 0.2; done; read line; echo "got $line"; sleep 1000'
	output=$(timeout 100 script -qec 'stty rows 22 cols 88; docker start -ai terminal' /dev/null \
		< <(within 60 logged terminal '22 88'; echo words; within 60 logged terminal 'got words'; docker stop terminal >/dev/null)) || true
	says "${output//$'\r'/}" $'^/dev/pts/0\n22 88\nwords\ngot words'
	is terminal '{{.State.ExitCode}}' 143
	gives 0 docker rm terminal
}

@test "docker run --privileged, --read-only, seccomp, --entrypoint" {
	docker_runs 0 --rm --network none --privileged --read-only --tmpfs /tmp busybox \
		sh -c 'touch /no; touch /tmp/yes && grep CapEff /proc/self/status'
	says "$errors" '/no: Read-only file system'
	says "$output" '[3-9a-f]f{9}$'
	docker_runs 13 --rm --network none --security-opt "seccomp=$BATS_FILE_TMPDIR/seccomp.json" --entrypoint sh busybox \
		-c 'mkdir /tmp/x; exit 13'
	says "$errors" 'Permission denied'
}

@test "docker run: codes of what cannot run: 125, 126, 127, and nothing left" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BATS_TEST_TMPDIR/socket"
	docker_runs 125 --rm --network none -v "$BATS_TEST_TMPDIR/socket:/socket" busybox true
	says "$errors" 'mounts.[0-9]+..source: .*socket is neither a folder nor a file'
	docker_runs 126 --rm --network none busybox /etc
	docker_runs 127 --rm --network none busybox nothere
	gives 0 docker ps --all --quiet
	equal "$output" ""
	all_gone
}

@test "docker run --restart=on-failure:2; running out of memory; rm --force" {
	docker_runs 0 -d --name fails --network none --restart on-failure:2 busybox sh -c 'echo once; exit 1'
	docker_runs 137 --name greedy --network none --memory 16m busybox tail /dev/zero
	within 120 is fails '{{.State.Status}} {{.RestartCount}}' "exited 2"
	equal "$(docker logs fails | paste -sd ' ')" "once once once"
	docker_runs 0 -d --name forced --network none busybox sleep 1000
	gives 0 docker rm --force forced fails greedy
	all_gone
}

@test "docker run on its bridge: the address, a published port, another container by address; one that joins a network is in its zone" {
	docker_runs 0 -d --name server -p 8080:80 busybox sh -c 'echo page >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
	address=$(inspected server '{{.NetworkSettings.IPAddress}}')
	gives 0 docker exec server ip -o -4 addr show dev eth0
	says "$output" "inet $address/"
	within 20 busybox wget -qO /dev/null http://127.0.0.1:8080/
	equal "$(busybox wget -qO- http://127.0.0.1:8080/)" page
	docker_runs 0 --rm busybox wget -qO- "http://$address/"
	equal "$output" page
	docker_runs 0 --rm --network container:server busybox sh -c 'wget -qO- http://127.0.0.1/; cat /proc/sys/kernel/random/boot_id'
	boot=$(docker exec server cat /proc/sys/kernel/random/boot_id)
	equal "$output" $'page\n'"$boot"
	gives 0 docker rm --force server
	all_gone
}

# A name server at that address, over UDP: each name has the address 192.0.2.7. Over TCP it only listens.
NAME_SERVER='import socket, sys
listener = socket.create_server((sys.argv[1], 53))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    query, who = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    has = query[end - 4:end - 2] == b"\0\1"
    server.sendto(query[:2] + b"\x81\x80\0\1\0" + bytes([has, 0, 0, 0, 0]) + query[12:end] +
        (b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\7" if has else b""), who)'
# The address of "server" as it is said over TCP, in a container.
ASK='{ printf "\0\030ID\1\0\0\1\0\0\0\0\0\0\6server\0\0\1\0\1"; sleep 2; } | nc 127.0.0.11 53 | tail -c 4 | od -An -tu1'

@test "docker network create: names of others, in a container, an exec, and who joins its network; of others' servers" {
	gives 0 docker network create --subnet 10.91.0.0/24 --gateway 10.91.0.1 names
	python3 -c "$NAME_SERVER" 10.91.0.1 3>&- &
	local server=$!
	docker_runs 0 -d --name server --network names --dns 10.91.0.1 busybox sleep 1000
	docker_runs 0 -d --name client --network names --network-alias other busybox \
		sh -c 'cat /etc/resolv.conf; nslookup server && echo found; exec sleep 1000'
	within 30 logged client found
	gives 0 docker logs client
	says "$output" $'nameserver 127.0.0.11\n'
	local address
	address=$(inspected server '{{.NetworkSettings.Networks.names.IPAddress}}')
	says "$output" "$address"
	gives 0 docker exec client sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do $ASK; done"
	equal "$(tr -s ' \n' . <<<"$output" | sed 's/^\.//')" "$(printf "$address.%.0s" {1..10})"
	gives 0 docker exec server nslookup other
	says "$output" "$(inspected client '{{.NetworkSettings.Networks.names.IPAddress}}')"
	gives 0 docker exec server nslookup elsewhere.example
	says "$output" '192\.0\.2\.7'
	docker_runs 0 --rm --network container:server busybox nslookup client
	says "$output" "$(inspected client '{{.NetworkSettings.Networks.names.IPAddress}}')"
	gives 0 docker restart server
	gives 0 docker exec server nslookup client
	# A container that is a name server itself, at all addresses.
	local libraries=/host/lib/x86_64-linux-gnu
	docker_runs 0 -d --name serves --network names -v /usr:/host:ro busybox $libraries/ld-linux-x86-64.so.2 \
		--library-path $libraries /host/bin/python3 -c "$NAME_SERVER" 0.0.0.0
	within 60 docker exec client nslookup elsewhere.example serves
	gives 0 docker exec client nslookup elsewhere.example serves
	says "$output" '192\.0\.2\.7'
	address=$(inspected server '{{.NetworkSettings.Networks.names.IPAddress}}')
	gives 0 docker exec serves nslookup server
	says "$output" "$address"
	gives 0 docker exec serves sh -c "$ASK"
	says "$(tr -s ' \n' . <<<"$output")" "^\.$address\.\$"
	gives 0 docker exec serves netstat -lnut
	says "$output" '0\.0\.0\.0:53 '
	gives 0 docker rm --force server client serves
	kill "$server"
	gives 0 docker network rm names
	all_gone
}

@test "README.md, for Docker: each line" {
	of_readme Docker >"$BATS_TEST_TMPDIR/lines"
	has "$BATS_TEST_TMPDIR/lines" 'docker run'
	run bash -eux "$BATS_TEST_TMPDIR/lines"
	equal "$status" 0
}
