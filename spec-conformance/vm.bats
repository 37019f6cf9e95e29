#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config-vm.md.
# Wants two processors.
load lib

setup_file() {
	begin
	local kernel
	kernel=$(find /usr/local/libexec/xenrun/vmlinux /boot/vmlinuz-* 2>/dev/null | head -n 1)
	mkdir -p "$BATS_FILE_TMPDIR/initrd"
	echo there >"$BATS_FILE_TMPDIR/initrd/from-initrd"
	(cd "$BATS_FILE_TMPDIR/initrd" && echo from-initrd | cpio --quiet -o -H newc) >"$BATS_FILE_TMPDIR/initrd.cpio"

	record vm '
c["vm"] = {"kernel": {"path": "'"$kernel"'", "parameters": ["spec.conformance=1", "loglevel=3"], "initrd": "'"$BATS_FILE_TMPDIR"'/initrd.cpio"},
    "hypervisor": {"path": "/usr/sbin/xl", "parameters": ["x=y"]}, "hwConfig": {"vcpus": 2, "memory": 201326592}}
sh("""
echo "== cmdline"; cat /proc/cmdline
echo "== cpus"; grep -c ^processor /proc/cpuinfo
echo "== memory"; sed -n "s/^MemTotal: *//p" /proc/meminfo
echo "== end"
""")'
	attempts <<-END
		kernelpath: c["vm"] = {"kernel": {"path": "vmlinux"}}
		nokernel: c["vm"] = {"hwConfig": {"vcpus": 1}}
		nopath: c["vm"] = {"kernel": {"parameters": ["x"]}}
		initrd: c["vm"] = {"kernel": {"path": "$kernel", "initrd": "initrd.cpio"}}
		hypervisor: c["vm"] = {"kernel": {"path": "$kernel"}, "hypervisor": {"path": "xl"}}
		nohypervisor: c["vm"] = {"kernel": {"path": "$kernel"}, "hypervisor": {"parameters": ["x"]}}
		image: c["vm"] = {"kernel": {"path": "$kernel"}, "image": {"format": "raw"}}
		format: c["vm"] = {"kernel": {"path": "$kernel"}, "image": {"path": "/there/is/none", "format": "banana"}}
		iomem: c["vm"] = {"kernel": {"path": "$kernel"}, "hwConfig": {"iomems": [{"firstGFN": 1}]}}
	END
}

@test "kernel: parameters" {
	did vm
	says "$(facts vm cmdline)" 'spec.conformance=1'
}
@test "hwConfig: vcpus, memory" {
	equal "$(facts vm cpus)" 2
	[ "$(facts vm memory | tr -dc 0-9)" -gt 140000 ]
	[ "$(facts vm memory | tr -dc 0-9)" -lt 196609 ]
}
@test "kernel: it is required, and its path" { no_container nokernel nopath; }
@test "kernel: path and initrd are absolute" { no_container kernelpath initrd; }
@test "hypervisor: path is required, and absolute" { no_container hypervisor nohypervisor; }
@test "image: path is required" { no_container image; }
@test "image: a format that nobody has: an error" { no_container format; }
@test "hwConfig: firstMFN, nrMFNs are required" { no_container iomem; }
