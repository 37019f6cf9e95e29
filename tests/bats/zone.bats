#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The guest that a container runs in: its type, size, kernel, and what Xen's own tools see of it.
load lib

setup_file() { remember; }
teardown() {
	delete_all
	assert_nothing_left
}

# The kernel says which it is; a Xen guest of type PV is the one with no more words.
boot_line='dmesg | sed -n "s/.*Booting .*kernel on //p"'
kernel=/usr/local/libexec/xenrun/vmlinux

# Runs it in a mount namespace in which the script has changed things.
run_with() { # SCRIPT
	status=0
	output=$(LIMIT=$LIMIT unshare --mount bash -c "$1"' && shift && exec timeout --foreground "$LIMIT" xenrun "$@"' - - \
		--root "$STATES" run --bundle "$bundle" "$id" 2>"$BATS_TEST_TMPDIR/errors" </dev/null 3>&-) || status=$?
	errors=$(<"$BATS_TEST_TMPDIR/errors")
	[ "$status" = 0 ] || complain "status $status"
}

@test "this host can run zones, says check" {
	ok check
	says "$output" 'This host can run zones\.$'
	for what in 'Xen version 4\.' 'control domain' xenstored /dev/xen/privcmd /dev/xen/gntdev /dev/xen/evtchn \
		'free memory: [0-9]+ MiB' 'kernel for zones: /' initramfs; do
		says "$output" "ok +$what"
	done
}

@test "PV by the annotation" {
	run_zone pv "sh('$boot_line; echo there; exit 5')" 'c["annotations"]["org.xenrun.type"] = "pv"'
	equal "$status" 5
	equal "$output" $'Xen\nthere'
}

@test "PVH by the annotation" {
	run_zone pvh "sh('$boot_line; echo there; echo err >&2; exit 5')" 'c["annotations"]["org.xenrun.type"] = "pvh"'
	equal "$status" 5
	equal "$output" $'Xen PVH\nthere'
	equal "$errors" err
}

@test "PVH where nothing is said and the host can" {
	run_zone default "sh('$boot_line')" 'del c["annotations"]'
	equal "$output" 'Xen PVH'
}

@test "the operator's configuration: type, kernel, memory" {
	make_bundle operator "sh('$boot_line; uname -r; grep MemTotal /proc/meminfo')" 'del c["annotations"]'
	mkdir -p /etc/xenrun
	run_with "mount -t tmpfs none /etc/xenrun &&
		printf 'type = pv # not pvh\nmemory = 200\nkernel = /boot/vmlinuz-%s\n' $(uname -r) >/etc/xenrun/config"
	equal "$(head -n 2 <<<"$output")" $'Xen\n'"$(uname -r)"
	[ "$(tr -dc '0-9\n' <<<"$output" | tail -n 1)" -gt $((140 * 1024)) ]
}

@test "xl and xenstore-ls show it under its ID: one processor and 128 MiB unless the config says more" {
	make_bundle shown "sh('while :; do echo \"<0>to the console\" >/dev/kmsg; sleep 0.5; done')" \
		'c["linux"]["devices"] = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]'
	ok create --bundle "$bundle" "$id"
	ok start "$id"
	read -r name domid memory cpus _ < <(xl list "$id" | tail -n 1)
	equal "$name" "$id"
	[ "$memory" -ge 127 ]
	[ "$memory" -le 129 ]
	equal "$cpus" 1
	equal "$(xl domid "$id")" "$domid"
	equal "$(xenstore-read "/local/domain/$domid/name")" "$id"
	vm=$(xenstore-read "/local/domain/$domid/vm")
	equal "$(xenstore-read "$vm/name")" "$id"
	says "$(xl vcpu-list "$id")" "$id +$domid +0 "
	says "$( (sleep 5 | timeout 20 xl console "$id") 2>&1 || true)" 'to the console'
}

@test "memory.limit is what the container may use: it has that, and little more" {
	run_zone limit "sh('grep MemTotal /proc/meminfo; dd if=/dev/zero of=/dev/null bs=150M count=1 2>&1 && echo fits')" \
		'c["linux"]["resources"] = {"memory": {"limit": 200 << 20}}'
	equal "$status" 0
	says "$output" fits
	memory=$(tr -dc '0-9\n' <<<"$output" | head -n 1)
	[ "$memory" -ge $((200 * 1024)) ]
	[ "$memory" -lt $((256 * 1024)) ]
}

@test "Debian's kernel as PV" {
	run_zone debian-pv "sh('uname -r; $boot_line; ls -d /dev/pts')" \
		"c['vm'] = {'kernel': {'path': '/boot/vmlinuz-$(uname -r)'}}"
	equal "$errors" ""
	equal "$output" "$(uname -r)"$'\nXen\n/dev/pts'
}

@test "Debian's kernel as PVH" {
	run_zone debian-pvh "sh('uname -r; $boot_line; ls -d /dev/pts; exit 3')" \
		'c["annotations"]["org.xenrun.type"] = "pvh"' \
		"c['vm'] = {'kernel': {'path': '/boot/vmlinuz-$(uname -r)'}}"
	equal "$status" 3
	equal "$output" "$(uname -r)"$'\nXen PVH\n/dev/pts'
}

@test "Debian's kernel where there is no zone kernel" {
	make_bundle fallback 'p["args"] = ["/bin/uname", "-r"]'
	run_with 'cp /usr/local/libexec/xenrun/zone.cpio "'"$BATS_TEST_TMPDIR"'" &&
		mount -t tmpfs none /usr/local/libexec/xenrun && cp "'"$BATS_TEST_TMPDIR"'/zone.cpio" /usr/local/libexec/xenrun'
	equal "$output" "$(uname -r)"
}

@test "vm.kernel: parameters and initrd" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/tree/ballast"
	(cd "$BATS_TEST_TMPDIR/tree" && echo ballast | cpio --quiet -o -H newc) >"$BATS_TEST_TMPDIR/initrd"
	run_zone parameters "sh('cat /proc/cmdline; dmesg | grep \"Freeing initrd memory\"')" \
		"c['vm'] = {'kernel': {'path': '$kernel', 'parameters': ['one.two=3', 'four'], 'initrd': '$BATS_TEST_TMPDIR/initrd'}}"
	[ "$status" = 0 ] || complain "status $status"
	says "$output" ' one\.two=3 four($|[[:space:]])'
	freed=$(sed -n 's/.*Freeing initrd memory: \([0-9]*\)K.*/\1/p' <<<"$output")
	[ "$freed" -gt 2900 ]
}

@test "the annotation: a kernel of the host's that it may name, by its real path" {
	version=$(uname -r)
	run_zone named "sh('uname -r')" "c['annotations']['org.xenrun.kernel'] = '/boot/../boot/vmlinuz-$version'"
	equal "$output" "$version"
	run_zone stronger "sh('uname -r')" "c['annotations']['org.xenrun.kernel'] = '/nothing'" "c['vm'] = {'kernel': {'path': '$kernel'}}"
	equal "$status" 0
	[ "$output" != "$version" ]

	mkdir -p "$BATS_TEST_TMPDIR/kernels" /etc/xenrun
	cp "$kernel" "$BATS_TEST_TMPDIR/kernels/own"
	ln -s kernels/own "$BATS_TEST_TMPDIR/link"
	while read -r name path error; do
		make_bundle "$name" "c['annotations']['org.xenrun.kernel'] = '$path'"
		refuses "annotations\.org\.xenrun\.kernel: .*$error" create --bundle "$bundle" "$id"
	done <<-END
		elsewhere $BATS_TEST_TMPDIR/kernels/own is no kernel that an allow_kernel names
		missing /boot/vmlinuz-nothing No such file or directory
		relative boot/vmlinuz is neither an absolute path nor image
	END
	allow="mount -t tmpfs none /etc/xenrun && echo 'allow_kernel = $BATS_TEST_TMPDIR/kernels/*' >/etc/xenrun/config"
	make_bundle pattern "c['annotations']['org.xenrun.kernel'] = '$BATS_TEST_TMPDIR/link'"
	run_with "$allow"
	# The other way round a link that matches names what does not.
	rm "$BATS_TEST_TMPDIR/link" && mkdir "$BATS_TEST_TMPDIR/others"
	mv "$BATS_TEST_TMPDIR/kernels/own" "$BATS_TEST_TMPDIR/others/own"
	ln -s ../others/own "$BATS_TEST_TMPDIR/kernels/own"
	make_bundle linked "c['annotations']['org.xenrun.kernel'] = '$BATS_TEST_TMPDIR/kernels/own'"
	! run_with "$allow" || false
	says "$errors" 'others/own is no kernel that an allow_kernel names'
	# Who has said which one zones boot has said so.
	make_bundle said "c['annotations']['org.xenrun.kernel'] = '/boot/vmlinuz-$version'"
	! run_with "mount -t tmpfs none /etc/xenrun && echo 'kernel = $kernel' >/etc/xenrun/config" || false
	says "$errors" 'is no kernel that an allow_kernel names'
}

@test "the image's kernel and initrd: those that the operator allows, never others" {
	version=$(uname -r)
	own_root busybox
	mkdir -p "$root/boot" "$BATS_TEST_TMPDIR/tree" /etc/xenrun
	make_bundle image "sh('uname -r; dmesg | grep \"Freeing initrd memory\"')" "c['annotations']['org.xenrun.kernel'] = 'image'"
	refuses "annotations\.org\.xenrun\.kernel: the image's /boot/vmlinuz: No such file" create --bundle "$bundle" "$id"

	# As a distribution has it: a link. Its modules are this host's.
	ln -s "/boot/vmlinuz-$version" "$root/boot/vmlinuz"
	cp "/boot/vmlinuz-$version" "$root/boot/"
	refuses 'the image.s kernel is not allowed by allow_image_kernel = sha256:[0-9a-f]{64}$' create --bundle "$bundle" "$id"
	line=${errors##*allowed by }
	run_with "mount -t tmpfs none /etc/xenrun && echo '$line' >/etc/xenrun/config"
	equal "$(head -n 1 <<<"$output")" "$version"

	# With an initrd it is another pair; and one byte of either makes it another, too.
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/tree/ballast"
	(cd "$BATS_TEST_TMPDIR/tree" && echo ballast | cpio --quiet -o -H newc) >"$root/boot/initrd"
	! run_with "mount -t tmpfs none /etc/xenrun && echo '$line' >/etc/xenrun/config" || false
	line=allow_image_kernel' = '$(for file in vmlinuz initrd; do sha256sum <"$root/boot/$file" | sed 's/^/sha256:/; s/ .*//'; done | paste -sd ' ')
	says "$errors" "not allowed by $line\$"
	run_with "mount -t tmpfs none /etc/xenrun && echo '$line' >/etc/xenrun/config"
	equal "$(head -n 1 <<<"$output")" "$version"
	[ "$(sed -n 's/.*Freeing initrd memory: \([0-9]*\)K.*/\1/p' <<<"$output")" -gt 2900 ]
	echo >>"$root/boot/initrd"
	! run_with "mount -t tmpfs none /etc/xenrun && echo '$line' >/etc/xenrun/config" || false
	says "$errors" 'not allowed by'

	# What is no file of the image is not opened, or not waited for.
	rm "$root/boot/vmlinuz" && ln -s "../../../../../../../..$kernel" "$root/boot/vmlinuz"
	refuses "the image's /boot/vmlinuz: No such file" create --bundle "$bundle" "$id"
	for type in "p" "c 1 3" "b 7 0"; do
		rm "$root/boot/vmlinuz"
		# shellcheck disable=SC2086 # words
		mknod "$root/boot/vmlinuz" $type
		refuses "the image's /boot/vmlinuz: not a file with anything in it" create --bundle "$bundle" "$id"
	done
	rm "$root/boot/vmlinuz" && truncate -s 1T "$root/boot/vmlinuz"
	refuses "the image's /boot/vmlinuz: larger than 64 MiB" create --bundle "$bundle" "$id"
}

@test "a kernel that panics at boot: create fails and names the panic's line" {
	make_bundle panic "c['vm'] = {'kernel': {'path': '$kernel', 'parameters': ['rdinit=/nothing', 'root=/dev/nothing']}}"
	refuses 'Kernel panic - not syncing: ' create --bundle "$bundle" "$id"
	refuses 'does not exist' state "$id"
}

@test "a kernel that panics later: the container is stopped, its status not 0, the error names the line" {
	for type in pv pvh; do
		make_bundle "crash-$type" "c['annotations']['org.xenrun.type'] = '$type'" \
			"sh('echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 20')"
		x run --keep --bundle "$bundle" "$id"
		[ "$status" != 0 ] && [ "$status" -lt 124 ] || [ "$status" -gt 124 ]
		says "$errors" 'Kernel panic - not syncing: sysrq triggered crash'
		within 20 status_is "$id" stopped
		no_domain "$id"
		says "$(<"$STATES/$id/state.json")" 'sysrq triggered crash'
		ok delete "$id"
	done
}
