#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `make install` and `make deb` put where, and that the programs it is for can read it. Needs no Xen.
load lib

tree=$(cd "$HERE/../.." && pwd)

setup_file() {
	export TO=$BATS_FILE_TMPDIR/to
	# A build of its own: the binary has the paths in it.
	export BUILD=$BATS_FILE_TMPDIR/build
	export PLACES="PREFIX=$TO/opt SBINDIR=$TO/opt/bin LIBEXECDIR=$TO/opt/lib SYSCONFDIR=$TO/etc"
	cp -a "$tree/build" "$BUILD"
	# shellcheck disable=SC2086 # words
	make -s -C "$tree" BUILD="$BUILD" $PLACES install 3>&-
}

files() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }
places() { # OPTIONS: make with the paths of this file
	# shellcheck disable=SC2086 # words
	make -s -C "$tree" BUILD="$BUILD" $PLACES "$@" 3>&-
}
# Evaluates a Python expression with a TOML file as `t`.
toml() { # FILE EXPRESSION
	python3 -c 'import sys, tomllib; t = tomllib.load(open(sys.argv[1], "rb")); print(eval(sys.argv[2]))' "$@"
}

@test "every file is where the variables say" {
	files "$TO" | grep -v /vmlinux >"$BATS_TEST_TMPDIR/is"
	cat >"$BATS_TEST_TMPDIR/wanted" <<-'END'
		./etc/containers/containers.conf.d/xenrun.conf
		./etc/crio/crio.conf.d/10-xenrun.conf
		./opt/bin/xenrun
		./opt/lib/xenrun/zone.cpio
		./opt/share/bash-completion/completions/xenrun
		./opt/share/doc/xenrun/examples/containerd.toml
		./opt/share/doc/xenrun/examples/docker.json
		./opt/share/doc/xenrun/examples/runtimeclass.yaml
		./opt/share/man/man5/xenrun.conf.5
		./opt/share/man/man8/xenrun.8
	END
	diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/is"
}

@test "DESTDIR stands before all of them, and uninstall leaves nothing" {
	places install DESTDIR="$BATS_TEST_TMPDIR/dest"
	diff <(files "$TO") <(files "$BATS_TEST_TMPDIR/dest$TO")
	: >"$BATS_TEST_TMPDIR/dest$TO/etc/containers/containers.conf.d/other.conf"
	places uninstall DESTDIR="$BATS_TEST_TMPDIR/dest"
	equal "$(files "$BATS_TEST_TMPDIR/dest$TO")" ./etc/containers/containers.conf.d/other.conf
}

@test "the binary finds its files there" {
	PATH=$TO/opt/bin:$PATH x check
	says "$output" "ok +initramfs"
	mv "$TO/opt/lib/xenrun" "$BATS_TEST_TMPDIR/elsewhere"
	PATH=$TO/opt/bin:$PATH x check
	mv "$BATS_TEST_TMPDIR/elsewhere" "$TO/opt/lib/xenrun"
	says "$output" "NO .*initramfs: $TO/opt/lib/xenrun/zone.cpio: No such file"
}

@test "the drop-ins parse, and name the binary" {
	conf=$TO/etc/containers/containers.conf.d/xenrun.conf
	equal "$(toml "$conf" 't["engine"]["runtimes"]["xenrun"]')" "['$TO/opt/bin/xenrun']"
	equal "$(toml "$conf" '"xenrun" in t["engine"]["runtime_supports_json"] and "xenrun" in t["engine"]["runtime_supports_nocgroup"]')" True
	equal "$(toml "$TO/etc/crio/crio.conf.d/10-xenrun.conf" 't["crio"]["runtime"]["runtimes"]["xenrun"]["runtime_path"]')" "$TO/opt/bin/xenrun"
	# A zone ends with its first container.
	equal "$(toml "$TO/etc/crio/crio.conf.d/10-xenrun.conf" 't["crio"]["runtime"]["drop_infra_ctr"]')" False
	equal "$(toml "$TO/opt/share/doc/xenrun/examples/containerd.toml" \
		't["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["xenrun"]["options"]["BinaryName"]')" "$TO/opt/bin/xenrun"
	equal "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["runtimes"]["xenrun"]["path"])' \
		<"$TO/opt/share/doc/xenrun/examples/docker.json")" "$TO/opt/bin/xenrun"
	python3 - "$TO/opt/share/doc/xenrun/examples/runtimeclass.yaml" <<-'END'
		import sys, yaml
		runtime_class, pod = yaml.safe_load_all(open(sys.argv[1]))
		assert runtime_class["kind"] == "RuntimeClass" and runtime_class["handler"] == "xenrun", runtime_class
		assert pod["spec"]["runtimeClassName"] == runtime_class["metadata"]["name"], pod
		# memory_mib of a sandbox, and ZONE_OWN_MIB for a container with a limit.
		assert runtime_class["overhead"]["podFixed"]["memory"] == f"{128 + 48}Mi", runtime_class
	END
}

@test "Podman takes our drop-in: the name is enough, and no other runtime is lost" {
	export CONTAINERS_CONF=$TO/etc/containers/containers.conf.d/xenrun.conf
	cd "$BATS_TEST_TMPDIR"
	podman=(podman --root "$PWD/root" --runroot "$PWD/run" --tmpdir "$PWD/tmp" --storage-driver vfs)
	# What it says of networks on standard error is this machine's affair.
	run --separate-stderr "${podman[@]}" --runtime xenrun info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
	says "$output" "^xenrun $TO/opt/bin/xenrun xenrun version [0-9.]+"
	run --separate-stderr "${podman[@]}" --runtime crun info --format '{{.Host.OCIRuntime.Name}}'
	equal "$output" crun
}

# What completes a line that ends with its last argument.
complete_line() { # WORDS...
	PATH=$TO/opt/bin:$PATH bash -c '
		. "$1"
		compopt() { :; }
		COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
		_xenrun "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' - "$TO/opt/share/bash-completion/completions/xenrun" "$@" | paste -sd ' '
}

@test "completion: commands, options, their values, IDs, files" {
	commands=$("$TO/opt/bin/xenrun" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | paste -sd ' ')
	says "$commands" '^create start run .* check$'
	equal "$(complete_line xenrun '')" "$commands"
	equal "$(complete_line xenrun --log x --root /y cr)" create
	equal "$(complete_line xenrun --log-)" "--log-format --log-level"
	equal "$(complete_line xenrun --log-format j)" json
	equal "$(complete_line xenrun --log-format = '')" "text json"
	equal "$(complete_line xenrun --log-format =)" "text json"
	equal "$(complete_line xenrun exec --pid)" --pid-file
	equal "$(complete_line xenrun list -f t)" table
	equal "$(complete_line xenrun kill one SIGTE)" SIGTERM

	cd "$BATS_TEST_TMPDIR"
	mkdir folder
	: >file
	equal "$(complete_line xenrun create --bundle f)" folder
	equal "$(complete_line xenrun --debug create --pid-file f | xargs -n 1 | sort | paste -sd ' ')" "file folder"

	# IDs are those of the states' folder that the line names.
	"$TO/opt/bin/xenrun" --root "$PWD/states" list
	mkdir -p states/some-one
	cat >states/some-one/state.json <<-'END'
		{"ociVersion": "1.0.2", "id": "some-one", "status": "stopped", "pid": 0, "bundle": "/b"}
	END
	equal "$(complete_line xenrun --root "$PWD/states" delete --force so)" "$("$TO/opt/bin/xenrun" --root "$PWD/states" list --quiet)"
	equal "$(complete_line xenrun --root = "$PWD/states" kill so)" some-one
}

@test "the manual pages are what mandoc and man take" {
	for page in "$TO"/opt/share/man/man?/*; do
		mandoc -T lint -W warning "$page"
		equal "$(man --warnings --local-file -Tutf8 "$page" 2>&1 >/dev/null)" ""
	done
	# The settings are all there.
	sed -n 's/.*strcmp(key, "\([a-z_]*\)").*/\1/p' "$tree/container/settings.c" | sort >"$BATS_TEST_TMPDIR/keys"
	sed -n 's/^\.It Cm \([a-z_]*\) .*/\1/p' "$TO/opt/share/man/man5/xenrun.conf.5" | sort | diff "$BATS_TEST_TMPDIR/keys" -
}

@test "the Debian package: what is in it; installed and removed without a trace" {
	# Any static program will do for the zone kernel.
	places deb VMLINUX="$(command -v busybox)" >"$BATS_TEST_TMPDIR/log" 2>&1 || { tail -n 30 "$BATS_TEST_TMPDIR/log"; return 1; }
	package=("$BUILD"/deb/xenrun_*_amd64.deb)
	lintian --allow-root --fail-on error "${package[0]}"

	mkdir -p "$BATS_TEST_TMPDIR"/root/var/lib/dpkg/{info,updates,triggers}
	: >"$BATS_TEST_TMPDIR/root/var/lib/dpkg/status"
	into=(dpkg --root="$BATS_TEST_TMPDIR/root" --force-depends --log=/dev/null)
	"${into[@]}" --install "${package[0]}"
	(cd "$BATS_TEST_TMPDIR/root" && find . -path ./var -prune -o ! -type d -print | LC_ALL=C sort) >"$BATS_TEST_TMPDIR/is"
	cat >"$BATS_TEST_TMPDIR/wanted" <<-'END'
		./etc/containers/containers.conf.d/xenrun.conf
		./etc/crio/crio.conf.d/10-xenrun.conf
		./usr/libexec/xenrun/vmlinux
		./usr/libexec/xenrun/zone.cpio
		./usr/sbin/xenrun
		./usr/share/bash-completion/completions/xenrun
		./usr/share/doc/xenrun/changelog.gz
		./usr/share/doc/xenrun/copyright
		./usr/share/doc/xenrun/examples/containerd.toml
		./usr/share/doc/xenrun/examples/docker.json
		./usr/share/doc/xenrun/examples/runtimeclass.yaml
		./usr/share/lintian/overrides/xenrun
		./usr/share/man/man5/xenrun.conf.5.gz
		./usr/share/man/man8/xenrun.8.gz
	END
	diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/is"
	cmp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/usr/libexec/xenrun/vmlinux"
	cmp "$tree/build/zone.cpio" "$BATS_TEST_TMPDIR/root/usr/libexec/xenrun/zone.cpio"
	grep -q '/usr/sbin/xenrun' "$BATS_TEST_TMPDIR/root/etc/containers/containers.conf.d/xenrun.conf"
	says "$("$BATS_TEST_TMPDIR/root/usr/sbin/xenrun" check)" /usr/libexec/xenrun/zone.cpio
	equal "$("$BATS_TEST_TMPDIR/root/usr/sbin/xenrun" --version | head -n 1)" \
		"xenrun version $(dpkg-deb -f "${package[0]}" Version)"
	says "$(dpkg-deb -f "${package[0]}" Depends)" "libxenmisc4"

	"${into[@]}" --purge xenrun
	equal "$(cd "$BATS_TEST_TMPDIR/root" && find . -path ./var -prune -o ! -type d -print)" ""
	# What it is built with is what the list of packages says.
	sed -n '/^Build-Depends/,/^Standards/p' "$tree/debian/control" | grep -o '[a-z0-9.+-]*[a-z0-9]' >"$BATS_TEST_TMPDIR/built-with"
	equal "$(grep -v -x -e gcc -e libc6-dev -e make "$tree/packages" | grep -v -x -F -f "$BATS_TEST_TMPDIR/built-with")" ""
}
