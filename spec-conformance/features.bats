#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# features.md, features-linux.md: what `features` claims is true. The containers are made from its document.
load lib

document='
import json
f = json.load(open("'"$FACTS"'/features.out"))
'
setup_file() {
	begin
	step features features
	mappable "$BATS_FILE_TMPDIR/source"
	root=$BATS_FILE_TMPDIR/root
	mkdir "$root" && tar -C "$root" -xpf "$ROOTS/busybox.tar"

	# All namespaces, capabilities and hooks.
	record claims "$document"'
c["linux"]["namespaces"] = [{"type": kind} for kind in f["linux"]["namespaces"]]
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 100000}]
p["capabilities"] = {kind: f["linux"]["capabilities"] for kind in ("bounding", "permitted", "effective", "inheritable", "ambient")}
c["hooks"] = {point: [{"path": "/bin/sh", "args": ["sh", "-c", "echo %s >>" % point + ("/hooks" if point == "startContainer" else "'"$FACTS"'/hooks")]}] for point in f["hooks"]}
sh("""
echo "== kernel"; cat /proc/sys/kernel/random/boot_id
echo "== namespaces"; for n in /proc/self/ns/*; do readlink $n; done
echo "== status"; cat /proc/self/status
echo "== hooks"; cat /hooks
echo "== end"
""")'
	# All mount options, of which not all may be changed in a lesser user namespace.
	record options "$document"'
c["mounts"].append({"destination": "/m", "type": "tmpfs", "source": "tmpfs"})
ids = [{"containerID": 0, "hostID": 0, "size": 100000}]
for option in f["mountOptions"]:
    at = "/m/" + option
    if option == "remount":
        c["mounts"].append({"destination": at, "type": "tmpfs", "source": "tmpfs"})
        c["mounts"].append({"destination": at, "type": "tmpfs", "source": "tmpfs", "options": ["remount", "ro"]})
    elif option in ("bind", "rbind") or option.startswith("r") and option not in ("ro", "rw", "relatime", "rprivate", "rshared", "rslave", "runbindable") or option == "idmap":
        c["mounts"].append({"destination": at, "type": "bind", "source": "'"$BATS_FILE_TMPDIR"'/source", "options": list({"rbind": 0, option: 0}),
            **({"uidMappings": ids, "gidMappings": ids} if "idmap" in option else {})})
    else:
        c["mounts"].append({"destination": at, "type": "tmpfs", "source": "tmpfs", "options": [option]})
sh("""
echo "== mounts"; cat /proc/self/mountinfo
echo "== end"
""")'
	unset root
	umount "$BATS_FILE_TMPDIR/source"

	# All of seccomp: each action with a call of its own, each operator with an argument that it is true of and one that it is not.
	record seccomp "$document"'
p["capabilities"] = {kind: ["CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SYS_NICE", "CAP_FOWNER"] for kind in ("bounding", "permitted", "effective")}
s = f["linux"]["seccomp"]
calls = {"SCMP_ACT_ALLOW": ["getcwd"], "SCMP_ACT_ERRNO": ["sethostname"], "SCMP_ACT_KILL": ["sync"], "SCMP_ACT_KILL_THREAD": ["chroot"],
    "SCMP_ACT_KILL_PROCESS": ["umount2"], "SCMP_ACT_TRAP": ["link", "linkat"], "SCMP_ACT_TRACE": ["symlink", "symlinkat"], "SCMP_ACT_LOG": ["rmdir"]}
compared = {"SCMP_CMP_LT": ("chmod", 1, 0o100), "SCMP_CMP_EQ": ("chmod", 1, 0o200), "SCMP_CMP_GT": ("chmod", 1, 0o700), "SCMP_CMP_LE": ("kill", 1, 17),
    "SCMP_CMP_GE": ("kill", 1, 28), "SCMP_CMP_NE": ("setpriority", 2, 5), "SCMP_CMP_MASKED_EQ": ("mknodat", 2, 0o170000, 0o010000)}
rules = [{"names": calls[action], "action": action} for action in s["actions"] if action in calls]
for operator in s["operators"]:
    name, index, *values = compared[operator]
    rules.append({"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
        "args": [{"index": index, "op": operator, "value": values[0], "valueTwo": values[-1]}]})
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": s["archs"], "syscalls": rules}
if s.get("supportedFlags"):
    c["linux"]["seccomp"]["flags"] = s["supportedFlags"]
sh("""
exec 2>&1
cd /dev/shm; touch f; mkdir d
try() { ("$@") >/dev/null 2>&1; echo $?; }
echo "== SCMP_ACT_ALLOW"; try pwd
echo "== SCMP_ACT_ERRNO"; hostname x
echo "== SCMP_ACT_KILL"; try sync
echo "== SCMP_ACT_KILL_THREAD"; try chroot /
echo "== SCMP_ACT_KILL_PROCESS"; try umount /dev/shm
echo "== SCMP_ACT_TRAP"; try ln f g
echo "== SCMP_ACT_TRACE"; ln -s f h
echo "== SCMP_ACT_LOG"; try rmdir d
echo "== SCMP_CMP_LT"; try chmod 077 f; try chmod 100 f
echo "== SCMP_CMP_EQ"; try chmod 200 f; try chmod 201 f
echo "== SCMP_CMP_GT"; try chmod 701 f; try chmod 700 f
echo "== SCMP_CMP_LE"; try kill -17 $$; try kill -18 $$
echo "== SCMP_CMP_GE"; try kill -28 $$; try kill -23 $$
echo "== SCMP_CMP_NE"; try renice -n 6 -p $$; try renice -n 5 -p $$
echo "== SCMP_CMP_MASKED_EQ"; try mknod p p; try mknod c c 1 3
echo "== end"
""")'
	attempts <<-END
		min: import json; f = json.load(open("$FACTS/features.out")); c["ociVersion"] = f["ociVersionMin"]
		max: import json; f = json.load(open("$FACTS/features.out")); c["ociVersion"] = f["ociVersionMax"]
		option: c["mounts"].append({"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["there_is_none"]})
		apparmor: p["apparmorProfile"] = "unconfined"
		selinux: p["selinuxLabel"] = "system_u:system_r:svirt_lxc_net_t:s0:c124,c675"
		rdt: c["linux"]["intelRdt"] = {"closID": "x"}
		rdma: c["linux"]["resources"] = {"rdma": {"mlx5_1": {"hcaHandles": 3}}}
		netdevice: c["linux"]["netDevices"] = {"lo": {}}
		policy: c["linux"]["memoryPolicy"] = {"mode": "MPOL_DEFAULT"}
	END
	within 10 nothing_new || true
	cp "$BATS_FILE_TMPDIR/new" "$FACTS/left"
}

# What an expression makes of the document, `f`.
claims() { python3 -c "$document"$'\n'"l = f['linux']; s = l.get('seccomp', {}); r = $1; print(' '.join(r) if isinstance(r, list) else r)"; }
# What is said not to be enabled is refused.
true_or_refused() { # EXPRESSION NAME
	[ "$(claims "$1")" = True ] || no_container "$2"
}

@test "a document in JSON, of known properties" {
	did features
	equal "$(claims 'sorted(set(f) - set("ociVersionMin ociVersionMax hooks mountOptions linux annotations potentiallyUnsafeConfigAnnotations".split()))')" ""
	equal "$(claims 'sorted(set(l) - set("namespaces capabilities cgroup seccomp apparmor selinux intelRdt memoryPolicy mountExtensions netDevices".split()))')" ""
}
@test "ociVersionMin and Max are accepted, and in order" {
	did min max
	equal "$(claims '[int(x) for x in f["ociVersionMin"].split("-")[0].split(".")] <= [int(x) for x in f["ociVersionMax"].split("-")[0].split(".")]')" True
}
@test "what is claimed is recognized" { did claims seccomp; }
@test "namespaces: each is made" {
	for kind in $(claims 'l["namespaces"]'); do
		case $kind in
		mount) kind=mnt ;;
		network) kind=net ;;
		esac
		is_new "$kind" "$(facts claims namespaces | grep "^$kind:" | head -n 1)" "$(facts claims kernel)"
	done
}
@test "capabilities: each is granted, in all five sets" {
	for kind in Inh Prm Eff Bnd Amb; do
		mask=$(facts claims status | sed -n "s/^Cap$kind:\t//p")
		equal "$(python3 -c "print(bin(0x$mask).count('1'))")" "$(claims 'len(l["capabilities"])')"
	done
}
@test "mountOptions: each is taken, and one that is not there is not" {
	for option in $(claims 'f["mountOptions"]'); do
		says "$(facts options mounts)" " /m/$option "
	done
	no_container option
}
@test "mountOptions: those that mountinfo shows have their effect" {
	for option in ro nosuid nodev noexec noatime nodiratime relatime sync dirsync lazytime nosymfollow; do
		[[ ! " $(claims 'f["mountOptions"]') " =~ " $option " ]] || says "$(facts options mounts)" " /m/$option ([^ ]*,)?$option[ ,]| /m/$option .* - [^ ]+ [^ ]+ ([^ ]*,)?$option(,|"$'\n'"|\$)"
	done
}
@test "hooks: each has run" {
	for point in $(claims 'f["hooks"]'); do
		[ "$point" = startContainer ] && equal "$(facts claims hooks)" startContainer || grep -q "^$point\$" "$FACTS/hooks"
	done
}
@test "seccomp: each action does what it is for" {
	for action in $(claims 's["actions"]'); do
		case $action in
		SCMP_ACT_ALLOW | SCMP_ACT_LOG) equal "$(facts seccomp "$action")" 0 ;;
		SCMP_ACT_ERRNO) says "$(facts seccomp "$action")" 'Operation not permitted' ;;
		SCMP_ACT_KILL | SCMP_ACT_KILL_THREAD | SCMP_ACT_KILL_PROCESS | SCMP_ACT_TRAP) equal "$(facts seccomp "$action" | tail -n 1)" 159 ;;
		SCMP_ACT_TRACE) says "$(facts seccomp "$action")" 'Function not implemented' ;;
		*) echo "$action: not tried" && return 1 ;;
		esac
	done
}
@test "seccomp: each operator compares" {
	for operator in $(claims 's["operators"]'); do
		equal "$operator $(facts seccomp "$operator" | paste -sd ' ')" "$operator 1 0"
	done
}
@test "seccomp: all that is supported is known, too" {
	equal "$(claims 'sorted(set(s.get("supportedFlags", [])) - set(s.get("knownFlags", [])))')" ""
}
@test "mountOptions has none of a file system's own" {
	equal "$(claims 'sorted({"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "hidepid"} & set(f["mountOptions"]))')" ""
}
@test "what is said to be missing is refused: AppArmor, SELinux, intelRdt, RDMA, netDevices, memoryPolicy" {
	true_or_refused 'l.get("apparmor", {}).get("enabled")' apparmor
	true_or_refused 'l.get("selinux", {}).get("enabled")' selinux
	true_or_refused 'l.get("intelRdt", {}).get("enabled")' rdt
	true_or_refused 'l.get("cgroup", {}).get("rdma")' rdma
	true_or_refused 'l.get("netDevices", {}).get("enabled")' netdevice
	true_or_refused 'bool(l.get("memoryPolicy", {}).get("modes"))' policy
}
@test "idmap is said to be enabled, where mappings are recognized" {
	[[ ! " $(claims 'f["mountOptions"]') " =~ " idmap " ]] || equal "$(claims 'l["mountExtensions"]["idmap"]["enabled"]')" True
}
@test "annotations: strings, with keys that are not empty" {
	equal "$(claims 'all(k and isinstance(v, str) for k, v in f.get("annotations", {}).items())')" True
}
@test "nothing is left of any" { equal "$(<"$FACTS/left")" ""; }
