#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman builds images in zones; and what of its options podman.bats has not.
# Wants two processors.
# shellcheck disable=SC2016,SC2154 # between single quotes is what a shell in the container reads; p sets output, errors
load ../bats/lib
load ../bats/podman

export LIMIT=300

setup_file() {
	podman import -q "$ROOTS/busybox.tar" busybox
	ip link add t-parent type dummy
	ip link set t-parent up
	podman network create -d macvlan -o parent=t-parent --subnet 10.55.0.0/24 t-macvlan
	grep -q ^containers: /etc/subuid || echo containers:1000000:65536 | tee -a /etc/subuid >>/etc/subgid
}
teardown_file() {
	podman network rm t-macvlan
	ip link del t-parent
}
teardown() {
	podman rm --force --all --time 0
	assert_nothing_of_podman
}

@test "build: each RUN is in a zone, with a network and without; --pull=never; events" {
	mkdir "$BATS_TEST_TMPDIR/context"
	echo copied >"$BATS_TEST_TMPDIR/context/file"
	cat >"$BATS_TEST_TMPDIR/context/Containerfile" <<-'END'
		FROM localhost/busybox
		ENV A=1
		COPY file /file
		RUN uname -r >/kernel && cat /file >/copy && echo "$A" >/environment
		WORKDIR /made
		RUN pwd >/folder && ip -o -4 addr show dev eth0 >/network
		USER 12:13
		RUN id >/tmp/user
		CMD ["cat", "/kernel", "/copy", "/environment", "/folder", "/tmp/user", "/network"]
	END
	gives 0 build --pull=never --tag built "$BATS_TEST_TMPDIR/context"
	# Buildah gives root ambient capabilities that are not inheritable: at most a line for each RUN, and nothing else of xenrun's.
	equal "$(grep xenrun: <<<"$errors" | grep -v 'process.capabilities.ambient: not inheritable')" ""
	[ "$(grep -c xenrun: <<<"$errors")" -le 3 ]
	since=$(date +%s)
	gives 0 run --rm --pull=never --network none --name build-result built
	says "$output" $'^[^\n]+\ncopied\n1\n/made\nuid=12 gid=13[^\n]*\n2: eth0 +inet 10\.'
	[ "${output%%$'\n'*}" != "$(uname -r)" ]
	gives 125 run --rm --pull=never --network none no-such-image
	gives 0 events --stream=false --since "$since" --filter container=build-result --format '{{.Status}}'
	equal "$(paste -sd ' ' <<<"$output")" "create init start attach died remove"

	printf 'FROM localhost/busybox\nRUN ip -o link && exit 9\n' >"$BATS_TEST_TMPDIR/context/Containerfile"
	gives 9 build --pull=never --network none --tag fails "$BATS_TEST_TMPDIR/context"
	! grep -q eth0 <<<"$output$errors" || complain "--network none: an interface"
	says "$errors" 'exit status 9'
}

@test "an image with a kernel of its own: refused in one sentence, until the operator allows it" {
	mkdir "$BATS_TEST_TMPDIR/context"
	cp /usr/local/libexec/xenrun/vmlinux "$BATS_TEST_TMPDIR/context/vmlinuz"
	printf 'FROM localhost/busybox\nCOPY vmlinuz /boot/vmlinuz\n' >"$BATS_TEST_TMPDIR/context/Containerfile"
	gives 0 build --pull=never --tag with-kernel "$BATS_TEST_TMPDIR/context"
	own="run --rm --network none --annotation org.xenrun.kernel=image with-kernel uname -r"
	# shellcheck disable=SC2086 # words
	gives 126 $own
	equal "$(wc -l <<<"$errors")" 1
	says "$errors" "annotations\.org\.xenrun\.kernel: the image's kernel is not allowed by allow_image_kernel = sha256:[0-9a-f]{64}\$"
	assert_nothing_of_podman
	mkdir -p /etc/xenrun
	[ ! -e /etc/xenrun/config ]
	echo "${errors##*allowed by }" >/etc/xenrun/config
	# shellcheck disable=SC2086 # words
	gives 0 $own
	rm /etc/xenrun/config
	says "$output" xenrun
}

@test "--add-host, --dns, --cpus, --cpuset-cpus, --userns=auto, --uts=host" {
	gives 0 run --rm --network podman --add-host other:10.1.2.3 --dns 10.9.9.9 --dns-search example.org --dns-option ndots:2 \
		busybox cat /etc/hosts /etc/resolv.conf
	says "$output" $'10\.1\.2\.3[ \t]+other'
	says "$output" $'search example\.org\nnameserver 10\.9\.9\.9\noptions ndots:2'
	gives 0 run -d --name limited --network none --cpus 0.5 --cpuset-cpus 0 busybox sleep 1000
	gives 0 exec limited cat /sys/fs/cgroup/cpu.max
	equal "$output" "50000 100000"
	domain=$(xl list | awk 'NR == 3 { print $1 }')
	equal "$(xl sched-credit2 -d "$domain" | awk -v name="$domain" '$1 == name { print $NF }')" 50
	equal "$(xl vcpu-list "$domain" | awk 'NR > 1 { print $7 }')" 0
	gives 0 run --rm --network none --userns=auto busybox sh -c 'cat /proc/self/uid_map; touch /made; stat -c %u /made'
	says "$output" $'^ +0 +1[0-9]{6} +[0-9]+\n0$'
	gives 0 run --rm --network none --uts=host busybox hostname
	equal "$output" "$(hostname)"
}

@test "--cgroups=disabled: a zone all the same, in no cgroup of its own" {
	gives 0 run -d --name free --network none --cgroups=disabled busybox sleep 1000
	equal "$(cat "/proc/$(podman inspect --format '{{.State.Pid}}' free)/cgroup")" "$(cat /proc/self/cgroup)"
	gives 0 exec free true
}

@test "run -it; attach, its input; a health check that fails" {
	output=$(timeout 100 script -qec 'podman run -it --rm --name asks --network none busybox sh -c "tty; read line; echo got \$line; exit 5"; echo status $?' \
		/dev/null < <(within 60 logged asks pts; echo words; sleep 60)) || true
	says "${output//$'\r'/}" $'^/dev/pts/0\nwords\ngot words\nstatus 5$'
	gives 0 run -d -i --name listens --network none busybox sh -c 'read line; echo got $line; exit 6'
	INPUT=<(echo words; sleep 30) p attach listens
	equal "$output" "got words"
	gives 0 wait listens
	equal "$output" 6
	gives 0 run -d --name sick --network none --health-cmd 'exit 1' --health-retries 1 --health-interval disable busybox sleep 1000
	gives 1 healthcheck run sick
	equal "$(podman inspect --format '{{.State.Healthcheck.Status}}' sick)" unhealthy
}

@test "macvlan: containers of a host's interface reach each other" {
	gives 0 run -d --name other --network t-macvlan busybox sleep 1000
	address=$(podman inspect --format '{{(index .NetworkSettings.Networks "t-macvlan").IPAddress}}' other)
	gives 0 run --rm --cap-add NET_RAW --network t-macvlan busybox sh -c "ip -o -4 addr show dev eth0; ping -c 2 -W 5 $address"
	says "$output" 'inet 10\.55\.0\.'
	says "$output" '0% packet loss'
}

@test "what a zone cannot do: the status, one sentence, nothing left" {
	for options in --network=host "--network=none --pid=host" "--network=none --ipc=host"; do
		# shellcheck disable=SC2086 # words
		gives 126 run --rm $options busybox true
		equal "$(wc -l <<<"$errors")" 1
		says "$errors" 'linux\.namespaces: no entry .*: a zone cannot share'
	done
	gives 0 ps --all --quiet
	equal "$output" ""
	gives 125 run --rm --no-such-option busybox true
	gives 0 run -d --name stays --network none busybox sleep 1000
	gives 125 container checkpoint stays
	says "$errors" '[Cc]heckpoint|criu'
	gives 0 exec stays true
}
