#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# xenrun under the real CRI-O, found by the drop-in that was installed. Debian has no CRI-O: where somebody has put one (crio,
# pinns), it is tested.
# Wants systemd
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2154 # between single quotes is what a shell in the container reads; what is
# kept is there in the next test; call sets errors; lib and eval read what seems unused
load ../bats/lib
# Its IDs are numbers, so all that there is is looked at.
PREFIX='' STATES=/run/xenrun

IMAGE=localhost/busybox:latest
export CRI=/run/crio/crio.sock

setup_file() {
	command -v crio || return 0
	export KUBERNETES=$BATS_FILE_TMPDIR/kubernetes
	mkdir "$KUBERNETES"
	podman import -q "$ROOTS/busybox.tar" busybox
	# What holds a pod ends when it is asked to.
	podman import -q --change 'CMD ["sh", "-c", "trap exit TERM; sleep 100000 & wait"]' "$ROOTS/busybox.tar" pause
	cat >/etc/crio/crio.conf.d/20-test.conf <<-'END'
		[crio.image]
		pause_image = "localhost/pause:latest"
		pause_command = ""
		[crio.network]
		plugin_dirs = ["/usr/lib/cni"]
	END
	install -D -m 644 /dev/stdin /etc/cni/net.d/10-pods.conf <<-'END'
		{"cniVersion": "0.4.0", "name": "pods", "type": "bridge", "bridge": "pods0", "isGateway": true,
			"ipam": {"type": "host-local", "subnet": "10.90.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}
	END
	# The package's wants services of a whole machine.
	cat >/run/systemd/system/crio.service <<-END
		[Unit]
		DefaultDependencies=no
		[Service]
		Type=notify
		ExecStart=$(command -v crio)
		StandardError=append:$BATS_FILE_TMPDIR/crio.log
	END
	systemctl daemon-reload
	systemctl start crio
	# CRI-O leaves slices and a bridge behind. (Debian 12's crun and runc refuse its configs, which are of a later version.)
	begin_pod first xenrun
	end_pod
	remember
}
setup() {
	command -v crio >/dev/null || skip "package cri-o is missing: crio is not installed"
	[ ! -e "$BATS_FILE_TMPDIR/kept" ] || . "$BATS_FILE_TMPDIR/kept"
}
teardown() {
	[ ! "${BATS_ERROR_STATUS:-}" ] || grep -v level=info "$BATS_FILE_TMPDIR/crio.log" | cut -c 1-400 | tail
}
teardown_file() {
	command -v crio || return 0
	systemctl stop crio
	! ip link show pods0 || ip link del pods0
}

# These variables are the next test's, too.
keep() { # NAME...
	local name
	for name; do
		printf '%s=%q\n' "$name" "${!name}"
	done >>"$BATS_FILE_TMPDIR/kept"
}
cri() { timeout 200 "$HERE/../soak/cri" "$@" 3>&-; } # METHOD MESSAGE FIELD...
# What it says when it fails.
cri_refuses() { # PATTERN METHOD MESSAGE
	call "$HERE/../soak/cri" "${@:2}"
	if [ "$status" != 1 ] || [[ ! $errors =~ $1 ]]; then
		complain "cri ${*:2}: status $status"
	fi
}
has() { grep -q "$2" "$1"; } # FILE PATTERN
all_gone() { assert_nothing_left 30; }
megabytes() { xl list "$pod_id" | awk 'NR == 2 { print $3 }'; }
zones() { xl list | tail -n +3 | wc -l; }

# A pod with a log folder of its own: sets pod_id and pod, its config.
pod_config() { # NAME [FIELDS [LINUX]]
	logs=$BATS_FILE_TMPDIR/logs-$1
	pod='{"1": {"1": "'$1'", "2": "uid-'$1'", "3": "default"}, "2": "'$1'", "3": "'$logs'", "8": {"1": "kubepods-burstable-pod1.slice",
		"2": {"1": {"2": 1}}'${3:-}'}'${2:-}'}'
}
begin_pod() { # NAME HANDLER [FIELDS [LINUX]]
	pod_config "$1" "${3:-}" "${4:-}"
	pod_id=$(cri RunPodSandbox '{"1": '"$pod"', "2": "'"$2"'"}' 1)
}
end_pod() {
	cri StopPodSandbox '{"1": "'"$pod_id"'"}'
	cri RemovePodSandbox '{"1": "'"$pod_id"'"}'
}
# The request for a container of that pod that runs a line of sh.
container() { # NAME LINE [FIELDS [LINUX]]
	printf '{"1": "%s", "2": {"1": {"1": "%s"}, "2": {"1": "%s"}, "3": ["sh", "-c"], "4": ["%s"], "11": "%s.log",
		"15": {"2": {"3": {"2": 1}} %s} %s}, "3": %s}' "$pod_id" "$1" "$IMAGE" "$2" "$1" "${4:-}" "${3:-}" "$pod"
}
# Sets id.
begin() { # NAME LINE [FIELDS [LINUX]]
	id=$(cri CreateContainer "$(container "$@")" 1)
	cri StartContainer '{"1": "'"$id"'"}'
}
# Its state and status are these: 1 runs, 2 has ended.
is() { [ "$(cri ContainerStatus '{"1": "'"$1"'"}' 1.3 1.7 | paste -sd ' ')" = "$2 ${3:-}" ]; } # CONTAINER STATE [STATUS]
sync() { cri ExecSync '{"1": "'"$1"'", "2": ["sh", "-c", "'"$2"'"]}' 1 2 3; }                   # CONTAINER LINE
of_readme() { sed -n "/^### $1/,/^### \|^## /s/^    //p" "$HERE/../../README.md"; }

@test "the drop-in: CRI-O has the handler, and says nothing against it" {
	call crio config
	says "$output" '\[crio.runtime.runtimes.xenrun\]'
	says "$output" $'\n[[:space:]]*drop_infra_ctr = false'
	run ! has "$BATS_FILE_TMPDIR/crio.log" 'handler.*xenrun.*ignored\|features.*xenrun.*failed'
	has "$BATS_FILE_TMPDIR/crio.log" 'Using runtime handler xenrun version'
}

@test "README.md, for CRI-O: each line" {
	of_readme CRI-O >"$BATS_TEST_TMPDIR/lines"
	has "$BATS_TEST_TMPDIR/lines" 'kubectl apply'
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$(realpath "$HERE/../soak/kubectl")" "$BATS_TEST_TMPDIR/bin/kubectl"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH call bash -eux "$BATS_TEST_TMPDIR/lines"
	[ "$status" = 0 ] || complain "status $status"
	says "$output" 'Linux zone [^ ]+ .*x86_64'
	all_gone
}

@test "a pod: one zone; containers with logs, the pod's network and localhost, a status of their own; the memory that runtimeclass.yaml says" {
	begin_pod pod xenrun ', "7": {"1": "org.xenrun.type", "2": "pv"}' ', "3": {"1": "net.ipv4.ip_unprivileged_port_start", "2": "80"}'
	says "$(xenrun state "$pod_id")" '"org.xenrun.type": *"pv"'
	begin one 'cat /proc/sys/kernel/random/boot_id; hostname; echo err >&2; httpd -p 8080 -h /etc; trap \"exit 3\" TERM; while :; do sleep 0.1; done' '' ', "1": {"4": 134217728}'
	one=$id
	begin two 'cat /proc/sys/kernel/random/boot_id; hostname; wget -qO- http://127.0.0.1:8080/os-release; trap exit TERM; while :; do sleep 0.1; done'
	two=$id
	keep pod_id pod logs one two
	within 30 has "$logs/two.log" 'stdout F ID=busybox$'
	within 30 has "$logs/one.log" 'stderr F err$'
	for name in one two; do
		has "$logs/$name.log" 'stdout F pod$'
	done
	equal "$(head -qn 1 "$logs"/*.log | cut -d ' ' -f 4 | sort -u | wc -l)" 1
	equal "$(zones)" 1
	# The second container has no limit.
	overhead=$(sed -n 's/^    memory: \([0-9]*\)Mi$/\1/p' /usr/local/share/doc/xenrun/examples/runtimeclass.yaml)
	within 30 eval '[ "$(megabytes)" = $((overhead + 128 + 128)) ]'
	is "$one" 1 && is "$two" 1
}

@test "ExecSync: streams apart, the status, the container's own processes; the pod's address" {
	address=$(cri PodSandboxStatus '{"1": "'"$pod_id"'"}' 1.5.1)
	output=$(sync "$two" 'ip -o -4 addr show dev eth0; ps; echo err >&2; exit 5')
	says "$output" "inet $address/.*"$'\n +1 root +sh -c .*\nerr\n\n5$'
	[[ $output != *"sleep 100000"* ]]
	cri_refuses '"nothere": executable file not found in \$PATH' ExecSync '{"1": "'"$two"'", "2": ["nothere"]}'
	# A probe that takes too long.
	says "$(cri ExecSync '{"1": "'"$two"'", "2": ["sleep", "600"], "3": 5}' 2)" 'timed out'
	equal "$(sync "$two" 'ps | grep -c [s]leep.600')" $'0\n\n\n1'
	says "$(busybox wget -qO- "http://$address:8080/os-release")" ID=busybox
}

@test "Exec: input and output as they come, the status; a terminal" {
	url=$(cri Exec '{"1": "'"$two"'", "2": ["sh", "-c", "read line; echo got $line; echo err >&2; exit 4"], "4": true, "5": true, "6": true}' 1)
	INPUT=<(echo words; sleep 20 3>&-) call "$HERE/../soak/stream" "$url"
	equal "$status" 4
	equal "$output" "got words"
	equal "$errors" err
	url=$(cri Exec '{"1": "'"$two"'", "2": ["sh", "-c", "tty; exit 6"], "3": true, "4": true, "5": true}' 1)
	INPUT=<(sleep 20 3>&-) call "$HERE/../soak/stream" "$url"
	equal "$status" 6
	says "$output" '^/dev/pts/[0-9]'
}

@test "UpdateContainerResources: the cgroup in the zone, and the zone's size; ContainerStats" {
	before=$(megabytes)
	cri UpdateContainerResources '{"1": "'"$one"'", "2": {"1": 100000, "2": 50000, "3": 512, "4": 201326592}}'
	output=$(sync "$one" 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max')
	equal "$output" $'201326592\n50000 100000'
	within 30 eval '[ "$(megabytes)" = $((before + 64)) ]'
	cri_refuses 'linux.resources.cpu.cpus: ' UpdateContainerResources '{"1": "'"$one"'", "2": {"6": "0"}}'
	read -rd '' cpu memory < <(cri ContainerStats '{"1": "'"$one"'"}' 1.2.2.1 1.3.2.1) || true
	[ "$cpu" -gt 0 ] && [ "$memory" -gt 0 ]
}

@test "what else a pod says of its containers is in the zone: folder, environment, volumes, user, capabilities, read-only root; sysctl" {
	mkdir "$BATS_TEST_TMPDIR/volume" "$BATS_TEST_TMPDIR/read-only"
	chmod 777 "$BATS_TEST_TMPDIR"/*
	begin spec 'id -u; id -g; pwd; echo $A; echo words >/volume/made; touch /read-only/no /no; sed -n \"s/^\\(CapEff\\|CapBnd\\|NoNewPrivs\\):\\t/\\1 /p\" /proc/self/status; echo end' \
		', "5": "/srv", "6": {"1": "A", "2": "two words"},
			"7": [{"1": "/volume", "2": "'"$BATS_TEST_TMPDIR"'/volume"}, {"1": "/read-only", "2": "'"$BATS_TEST_TMPDIR"'/read-only", "3": 1}]' \
		', "2": {"1": {"1": ["CHOWN"], "2": ["ALL"]}, "3": {"2": 1}, "5": {"1": 12}, "7": 1, "11": 1, "12": {"1": 13}}'
	within 30 has "$logs/spec.log" 'stdout F end'
	equal "$(sed -n 's/.* stdout F //p' "$logs/spec.log" | paste -sd ' ')" \
		"12 13 /srv two words CapEff 0000000000000000 CapBnd 0000000000000001 NoNewPrivs 1 end"
	says "$(<"$logs/spec.log")" '/read-only/no: Read-only file system.*/no: Read-only file system'
	equal "$(<"$BATS_TEST_TMPDIR/volume/made")" words
	equal "$(sync "$two" 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')" 80
}

@test "a container that ends, is killed, is begun again: the others of its pod stay" {
	cri StopContainer '{"1": "'"$one"'", "2": 30}'
	is "$one" 2 3
	cri RemoveContainer '{"1": "'"$one"'"}'
	is "$two" 1
	begin one 'exec sleep 1000'
	cri StopContainer '{"1": "'"$id"'", "2": 1}'
	is "$id" 2 137
	begin fails 'exit 9'
	within 20 is "$id" 2 9
	begin greedy 'tail /dev/zero' '' ', "1": {"4": 16777216}'
	within 60 is "$id" 2 137
	equal "$(cri ContainerStatus '{"1": "'"$id"'"}' 1.10)" OOMKilled
	is "$two" 1
	equal "$(sync "$two" 'echo lives')" lives
}

@test "CRI-O begun again has its containers" {
	systemctl restart crio
	is "$two" 1
	equal "$(sync "$two" 'echo lives')" lives
	begin after 'exit 8'
	within 20 is "$id" 2 8
}

@test "the pod's end: nothing is left" {
	end_pod
	all_gone
}

@test "a privileged pod: all capabilities" {
	begin_pod privileged xenrun '' ', "2": {"1": {"2": 1}, "6": 1}'
	begin privileged 'grep CapEff /proc/self/status; mount -t tmpfs x /srv && exit 5' '' ', "2": {"2": 1, "3": {"2": 1}}'
	within 30 is "$id" 2 5
	says "$(<"$logs/privileged.log")" '[3-9a-f]f{9}$'
	end_pod
	all_gone
}

@test "what a zone cannot do has one sentence, and leaves nothing" {
	pod_config host
	# The host's network.
	cri_refuses 'linux.namespaces.[0-9].*: a zone cannot share the host.s network' RunPodSandbox '{"1": '"${pod/'"2": 1'/'"1": 2, "2": 1'}"', "2": "xenrun"}'
	begin_pod mounts xenrun
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BATS_TEST_TMPDIR/socket"
	cri_refuses 'mounts.[0-9]+..source: .*socket is neither a folder nor a file' CreateContainer \
		"$(container socket true ', "7": {"1": "/socket", "2": "'"$BATS_TEST_TMPDIR/socket"'"}')"
	local request
	request=$(container short '')
	cri_refuses '"nothere": executable file not found in \$PATH' CreateContainer "${request/'["sh", "-c"]'/'["nothere"]'}"
	end_pod
	all_gone
}
