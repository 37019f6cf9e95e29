#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# update: the limits of a container that runs, in its zone and as Xen has the zone. Most tests share one PV zone.
# Wants two processors.
load lib

CGROUP='c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]})'
IDLE='sh("exec sleep 100000")'

setup_file() {
	remember
	make_bundle shared "$CGROUP" "$IDLE" '
c["linux"]["resources"] = {"memory": {"limit": 100 << 20}, "pids": {"limit": 50},
    "cpu": {"quota": 75000, "period": 50000, "shares": 2048, "cpus": "1"}}'
	export SHARED=$id
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR x run --detach --bundle "$bundle" "$id"
	[ "$status" = 0 ] || { cat "$bundle.err"; return 1; }
}
teardown_file() {
	delete_all
	assert_nothing_left
}
teardown() {
	local one
	for one in $(xenrun --root "$STATES" list --quiet); do
		[ "$one" = "$SHARED" ] || timeout 90 xenrun --root "$STATES" delete --force "$one"
	done
}

# Files of the container's cgroup, a line each.
limits() { # ID FILE...
	ok exec "$1" sh -c 'cd /sys/fs/cgroup && cat "$@"' - "${@:2}"
}
# What the zone's kernel has, in MiB, is between.
has_memory() { # ID FROM TO
	ok exec "$1" sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
	[ $((output / 1024)) -ge "$2" ] && [ $((output / 1024)) -le "$3" ] || complain "MemTotal is not $2 to $3 MiB"
}
# What Xen's own tool says: memory in MiB, weight and cap, affinity.
xl_memory() { xl list "$1" | awk 'NR == 2 { print $3 }'; }
xl_share() { xl sched-credit2 -d "$1" | awk 'NR == 2 { print $(NF - 1), $NF }'; }
xl_affinity() { xl vcpu-list "$1" | awk 'NR > 1 { print $(NF - 2) }' | paste -sd ' '; }
near() { [ "$1" -ge $(($2 - 2)) ] && [ "$1" -le $(($2 + 2)) ] || { echo "$1 is not about $2"; return 1; }; }

@test "create: quota and period are vCPUs and a cap, shares a weight, cpus the affinity" {
	equal "$(xl_share "$SHARED")" "512 150"
	equal "$(xl_affinity "$SHARED")" "1 1"
	near "$(xl_memory "$SHARED")" 148
}

@test "create: who asks for nothing has Xen's defaults" {
	make_bundle plain "$IDLE"
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	equal "$(xl_share "$id")" "256 0"
	equal "$(xl_affinity "$id")" all
	refuses 'linux\.resources\.cpu\.quota: 2 CPUs are more than the zone was made with, which is 1' \
		update --cpu-quota 150000 "$id"
	equal "$(xl_share "$id")" "256 0"
}

@test "memory: a PV zone grows beyond what it was made with, shrinks, grows again" {
	ok update --memory 400m "$SHARED"
	near "$(xl_memory "$SHARED")" 448
	limits "$SHARED" memory.max
	equal "$output" $((400 << 20))
	has_memory "$SHARED" 400 448
	ok update --memory 62914560 "$SHARED"
	near "$(xl_memory "$SHARED")" 108
	limits "$SHARED" memory.max
	equal "$output" $((60 << 20))
	has_memory "$SHARED" 60 108
	ok update --memory 200MiB "$SHARED"
	near "$(xl_memory "$SHARED")" 248
	ok events --stats "$SHARED"
	says "$output" "\"limit\":$((200 << 20))"
	near "$(($(sed 's/.*"zone":.*"memory":\([0-9]*\).*/\1/' <<<"$output") >> 20))" 248
	# No limit: the zone stays as it is.
	ok update --memory -1 "$SHARED"
	near "$(xl_memory "$SHARED")" 248
	limits "$SHARED" memory.max
	equal "$output" max
}

@test "memory: a PVH zone; what the container has is used" {
	export ZONE_TYPE=pvh
	make_bundle pvh "$CGROUP" 'c["linux"]["resources"] = {"memory": {"limit": 80 << 20}}' \
		'c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=1g"]})' "$IDLE"
	x run --detach --bundle "$bundle" "$id"
	equal "$status" 0
	ok update --memory 300m "$id"
	near "$(xl_memory "$id")" 348
	has_memory "$id" 300 348
	ok exec "$id" dd if=/dev/zero of=/tmp/much bs=1M count=200
	# It does not do with less, and says so before the kernel kills.
	echo '{"memory": {"limit": 104857600, "checkBeforeUpdate": true}}' >"$BATS_TEST_TMPDIR/less"
	refuses 'linux\.resources\.memory\.limit: the container uses more' update --resources "$BATS_TEST_TMPDIR/less" "$id"
	near "$(xl_memory "$id")" 348
	limits "$id" memory.max
	equal "$output" $((300 << 20))
	ok exec "$id" rm /tmp/much
	ok update -r "$BATS_TEST_TMPDIR/less" "$id"
	near "$(xl_memory "$id")" 148
	has_memory "$id" 100 148
}

@test "cpu: cap, weight, affinity" {
	ok update --cpu-quota 10000 --cpu-share 512 --cpuset-cpus 0 "$SHARED"
	equal "$(xl_share "$SHARED")" "128 20"
	equal "$(xl_affinity "$SHARED")" "0 0"
	limits "$SHARED" cpu.max cpu.weight
	equal "$output" $'10000 50000\n20'
	ok update --cpuset-cpus 0-1 "$SHARED"
	says "$(xl_affinity "$SHARED")" '^(0-1 0-1|all all)$'
	equal "$(xl_share "$SHARED")" "128 20"
	ok update --cpu-quota=-1 --cpu-share=1024 --cpu-burst 0 "$SHARED"
	equal "$(xl_share "$SHARED")" "256 0"
	limits "$SHARED" cpu.max
	equal "$output" "max 50000"
}

@test "the rest; JSON by file and by standard input" {
	ok update --pids-limit 44 --memory-reservation 20m --cpu-idle 1 "$SHARED"
	limits "$SHARED" pids.max memory.low cpu.idle
	equal "$output" $'44\n20971520\n1'
	echo '{"pids": {"limit": -1}, "cpu": {"idle": 0}, "unified": {"memory.high": "83886080"}}' >"$BATS_TEST_TMPDIR/json"
	# A file says all there is to say.
	ok update --pids-limit 3 --resources "$BATS_TEST_TMPDIR/json" "$SHARED"
	limits "$SHARED" pids.max memory.high cpu.idle
	equal "$output" $'max\n83886080\n0'
	INPUT=$BATS_TEST_TMPDIR/json ok update -r - "$SHARED"
	echo '{"pids": {"limit": 45}, "unified": {"memory.high": "max"}}' >"$BATS_TEST_TMPDIR/input"
	INPUT=$BATS_TEST_TMPDIR/input ok update --resources=- "$SHARED"
	limits "$SHARED" pids.max memory.high
	equal "$output" $'45\nmax'
	# It is kept for those that come after.
	python3 - "$STATES/$SHARED/config.json" <<-'END'
		import json, sys
		resources = json.load(open(sys.argv[1]))["linux"]["resources"]
		assert resources["pids"] == {"limit": 45} and resources["cpu"]["idle"] == 0, resources
		assert resources["unified"] == {"memory.high": "max"}, resources
	END
}

@test "what cannot be: an error that names the property, and nothing has changed" {
	before() { xl_memory "$SHARED"; xl_share "$SHARED"; xl_affinity "$SHARED"; md5sum <"$STATES/$SHARED/config.json"
		limits "$SHARED" memory.max cpu.max cpu.weight pids.max memory.low && echo "$output"; }
	was=$(before)
	# The last of it: what came before it is undone, in the zone and of it.
	echo '{"memory": {"limit": 314572800}, "cpu": {"quota": 20000, "shares": 99, "cpus": "0"}, "pids": {"limit": 9},
	       "unified": {"nonesuch.max": "1"}}' >"$BATS_TEST_TMPDIR/json"
	refuses 'linux\.resources\.unified\.nonesuch\.max: No such file' update -r "$BATS_TEST_TMPDIR/json" "$SHARED"
	refuses 'linux\.resources\.memory\.limit: the zone needs [0-9]+ MiB more, and Xen has [0-9]+ MiB free' \
		update --pids-limit 8 --memory 100g "$SHARED"
	refuses 'linux\.resources\.cpu\.cpus: "5" names more than Xen.s CPUs, which are 0 to 1' update --cpuset-cpus 5 "$SHARED"
	refuses 'linux\.resources\.cpu\.mems: cannot be changed' update --cpuset-mems 0 --pids-limit 8 "$SHARED"
	refuses 'linux\.resources\.pids\.limit: -7 is out of range' update --pids-limit -7 "$SHARED"
	refuses '--cpu-quota: "much" is not a number' update --cpu-quota much "$SHARED"
	refuses '--memory: "12q" is not a size' update --memory 12q "$SHARED"
	refuses '--memory: "9999999999g" is too large' update --memory 9999999999g "$SHARED"
	refuses 'unknown option --nonesuch' update --nonesuch 1 "$SHARED"
	echo '{"pids": {"limit": "8"}}' >"$BATS_TEST_TMPDIR/json"
	refuses 'linux\.resources\.pids\.limit: expected an integer' update -r "$BATS_TEST_TMPDIR/json" "$SHARED"
	echo '{"pids": {"limit": 8}' >"$BATS_TEST_TMPDIR/json"
	refuses 'unexpected end of data' update -r "$BATS_TEST_TMPDIR/json" "$SHARED"
	refuses '/nonesuch: ' update -r /nonesuch "$SHARED"
	# Memory that was undone comes back by and by.
	unchanged() { [ "$(before)" = "$was" ]; }
	within 30 unchanged || { diff <(echo "$was") <(before); return 1; }
	refuses 'does not exist' update --pids-limit 8 nobody
	make_bundle ended 'p["args"] = ["/bin/true"]'
	x run --keep --bundle "$bundle" "$id"
	refuses 'cannot update a container that is stopped' update --pids-limit 8 "$id"
}

@test "podman update" {
	[ "$(command -v podman)" ] || skip "package podman is missing"
	mkdir -p /var/tmp # where podman unpacks
	pod() { timeout --foreground 60 podman --runtime /usr/local/sbin/xenrun --cgroup-manager cgroupfs "$@" 3>&-; }
	pod import "$ROOTS/busybox.tar" "$PREFIX"image
	container=$(pod run --detach --name "$PREFIX"podman --network none --annotation org.xenrun.type=pv "$PREFIX"image sleep 100000)
	pod update --memory 200m --cpus 0.5 "$PREFIX"podman
	near "$(xl_memory "$container")" 248
	equal "$(xl_share "$container")" "256 50"
	[ "$(pod exec "$PREFIX"podman sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)" -gt $((200 << 10)) ]
	run ! pod update --memory 1000g "$PREFIX"podman
	says "$output" 'linux\.resources\.memory\.limit: the zone needs'
	near "$(xl_memory "$container")" 248
	pod rm --force --time 0 "$PREFIX"podman
	pod rmi "$PREFIX"image
	# What is for all of its containers stays.
	find /sys/fs/cgroup/libpod_parent /sys/fs/cgroup/conmon -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

@test "a noisy neighbour takes its share, and no more than its cap" {
	for name in noisy quiet; do
		make_bundle $name 'sh("while :; do :; done")' 'c["linux"]["resources"] = {"cpu": {"cpus": "1"}}'
		x run --detach --bundle "$bundle" "$id"
		equal "$status" 0
		declare $name="$id"
	done
	used() { xl list "$1" | awk 'NR == 2 { print int($6 * 1000) }'; }
	# CPU time of the noisy one, in percent of the other's.
	ratio() {
		local first second
		first=$(used "$noisy") second=$(used "$quiet")
		sleep 6
		echo $((($(used "$noisy") - first) * 100 / ($(used "$quiet") - second)))
	}
	alike=$(ratio)
	[ "$alike" -gt 65 ] && [ "$alike" -lt 150 ] || { echo "both alike: $alike %"; return 1; }
	# In its zone it has nobody to share with: this is Xen's scheduler.
	ok update --cpu-share 256 "$noisy"
	light=$(ratio)
	[ "$light" -lt 50 ] || { echo "a quarter of the weight: $light %"; return 1; }
	ok update --cpu-share 1024 --cpu-quota 10000 "$noisy"
	capped=$(ratio)
	[ "$capped" -lt 30 ] || { echo "a tenth of a CPU: $capped %"; return 1; }
	echo "# $alike % alike, $light % with a quarter of the weight, $capped % with a tenth of a CPU" >&3
}

@test "a neighbour that spins on all its CPUs and fills its memory leaves another's work its share" {
	own_root busybox
	make_bundle works 'sh("n=0; while :; do n=$((n + 1)); [ $((n % 200)) -gt 0 ] || echo $n >/count; done")' \
		'c["linux"]["resources"] = {"cpu": {"cpus": "1"}}'
	ok run --detach --bundle "$bundle" "$id"
	local works=$id counts=$root/count first=() last=()
	within 60 [ -s "$counts" ]
	unset root
	make_bundle fills "$CGROUP" 'sh("while :; do :; done & while :; do :; done & while :; do tail /dev/zero; done")' \
		'c["linux"]["resources"] = {"cpu": {"cpus": "1", "quota": 200000, "period": 100000}, "memory": {"limit": 33554432}}'
	ok run --detach --bundle "$bundle" "$id"
	is_full() { x exec "$id" grep -q '^oom_kill [1-9]' /sys/fs/cgroup/memory.events && [ "$status" = 0 ]; }
	within 120 is_full
	# CPU time of both, and the work that is done.
	now() { xl list | awk -v works="$works" -v fills="$id" '$1 == works { a = $6 } $1 == fills { b = $6 } END { print int(a * 1000), int(b * 1000) }'; }
	count() { grep . "$counts" || count; }
	read -r -a first <<<"$(now) $(count)"
	sleep 8
	read -r -a last <<<"$(now) $(count)"
	[ "${last[2]}" -gt "${first[2]}" ]
	share=$(((last[0] - first[0]) * 100 / (last[0] - first[0] + last[1] - first[1])))
	# One of three vCPUs, all on one CPU.
	[ $share -gt 22 ] || { echo "a third is $share %"; return 1; }
	echo "# $share % of the CPU, and $((last[2] - first[2])) rounds in 8 s" >&3
}
