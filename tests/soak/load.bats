#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman under load, and the host after it. SOAK_RUNS (200) says how many containers, SOAK_POD (1200) how many seconds a pod has.
# Wants two processors
# shellcheck disable=SC2016 # between single quotes is what a shell in the container reads
load ../bats/lib
load ../bats/leftovers
# Nobody else's.
# shellcheck disable=SC2034
STATES=/run/xenrun
# shellcheck disable=SC2034
PREFIX=''
AT_ONCE=4
# QEMU takes a PVH guest for Xen now and then, when many run: a triple fault with registers of Xen.
PV=(--annotation org.xenrun.type=pv)

setup_file() {
	podman_settings
	podman import -q "$ROOTS/busybox.tar" busybox 3>&-
	podman volume create shared 3>&-
	# The first of each makes what stays.
	podman --runtime crun run --rm -p 8080:80 -v shared:/v busybox true 3>&-
	podman --runtime crun pod create --name first 3>&-
	podman pod rm --force --time 0 first
	podman run --rm busybox true 3>&-
	remember_all
}
teardown_file() { podman volume rm --force shared; }
teardown() {
	podman pod rm --all --force --time 0 >/dev/null 2>&1 || true
	podman rm --all --force --time 0 >/dev/null 2>&1 || true
}

# Container I: reads and writes a volume, asks the network, ends with a status of its own. One line of what is wrong.
one_run() { # I
	local i=$1 status=0 output
	output=$(timeout 240 podman run --rm "${PV[@]}" --name "run-$i" -v shared:/v busybox sh -c '
		echo "$1" >"/v/$1" && cat "/v/$1"
		wget -q -O - "http://$(ip route | sed -n "s/^default via \([^ ]*\).*/\1/p"):8090/" || echo no network
		exit $(($1 % 100))' sh "$i" 2>&1 </dev/null 3>&-) || status=$?
	[ "$status:$output" = "$((i % 100)):$i"$'\nserved' ] || echo "run $i: status $status: $output"
}

@test "${SOAK_RUNS:-200} podman run --rm with a network and a volume, $AT_ONCE at a time: nothing is left" {
	local runs=${SOAK_RUNS:-200} worker i server pids=()
	mkdir "$BATS_TEST_TMPDIR/site"
	echo served >"$BATS_TEST_TMPDIR/site/index.html"
	# On the bridge, whose address the containers have as their gateway.
	busybox httpd -f -p 8090 -h "$BATS_TEST_TMPDIR/site" 3>&- &
	server=$!
	for ((worker = 0; worker < AT_ONCE; worker++)); do
		for ((i = worker; i < runs; i += AT_ONCE)); do one_run "$i"; done >"$BATS_TEST_TMPDIR/$worker" &
		pids+=($!)
	done
	wait "${pids[@]}"
	kill "$server"
	equal "$(cat "$BATS_TEST_TMPDIR"/[0-9])" ""
	local volume
	volume=$(podman volume inspect --format '{{.Mountpoint}}' shared)
	equal "$(cat "$volume"/* | sort -n | paste -sd ' ')" "$(seq -s ' ' 0 $((runs - 1)))"
	equal "$(podman ps --all --quiet)" ""
	as_before
}

counted() { podman exec "$1" cat /count; } # CONTAINER
# KiB of all processes of xenrun's.
resident() {
	local pid
	for pid in $(pgrep xenrun); do cat "/proc/$pid/status"; done | awk '/^VmRSS/ { sum += $2 } END { print sum }'
}

@test "a pod of three under load for ${SOAK_POD:-1200} seconds: all go on, dom0's processes do not grow" {
	local one now rounds=0 end sum memory=0 after
	declare -A before=([reader]=0 [writer]=0)
	podman pod create --name pod -p 8080:8080 3>&-
	podman run -d --pod pod --name web busybox sh -c '
		mkdir /www && head -c 100000 /dev/urandom >/www/data && sha256sum </www/data >/www/sum && exec httpd -f -p 8080 -h /www' 3>&-
	podman run -d --pod pod --name reader busybox sh -c '
		n=0
		while :; do
			[ "$(wget -q -O - http://127.0.0.1:8080/data | sha256sum)" = "$(cat /sum 2>/dev/null || wget -q -O - http://127.0.0.1:8080/sum | tee /sum)" ] ||
				echo "round $n: not what was served"
			n=$((n + 1)); echo $n >/count.new; mv /count.new /count
		done' 3>&-
	podman run -d --pod pod --name writer -v shared:/v busybox sh -c '
		n=0
		while :; do
			head -c 300000 /dev/urandom >/v/new && sum=$(sha256sum </v/new) && mv /v/new /v/data && sync
			[ "$(sha256sum </v/data)" = "$sum" ] || echo "round $n: not what was written"
			n=$((n + 1)); echo $n >/count.new; mv /count.new /count
		done' 3>&-
	equal "$(xl list | tail -n +3 | wc -l)" 1
	within 60 eval 'counted reader && counted writer'
	sum=$(podman exec web cat /www/sum)
	end=$((SECONDS + ${SOAK_POD:-1200}))
	while [ $SECONDS -lt $end ]; do
		sleep 15
		for one in reader writer; do
			now=$(counted $one)
			[ "$now" -gt "${before[$one]}" ] || complain "$one stands at $now"
			before[$one]=$now
		done
		equal "$(wget -q -T 30 -O - http://127.0.0.1:8080/sum)" "$sum"
		rounds=$((rounds + 1))
		[ $rounds != 4 ] || memory=$(resident)
	done
	after=$(resident)
	echo "# read ${before[reader]} times, written ${before[writer]} times; processes of xenrun: $memory KiB, then $after" >&3
	equal "$(podman logs reader; podman logs writer)" ""
	[ "$after" -le $((memory + 4096)) ]
	podman pod rm --force --time 0 pod
	as_before
}
