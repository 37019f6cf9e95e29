# SPDX-License-Identifier: Apache-2.0
#
# make            xenrun, zone init and its initramfs, into build/
# make install    PREFIX (/usr/local), DESTDIR, SBINDIR, LIBEXECDIR, DATADIR, MANDIR, DOCDIR, COMPDIR, SYSCONFDIR (/etc)
# make uninstall  with the same variables
# make deb        a Debian package, into build/deb; the zone kernel is in it if it was built
# make kernel     the zone kernel, cached outside the tree (10 minutes the first time)
# make check      every test, in a real Xen under QEMU; TESTS=tests/bats/NAME.bats for one file; RELEASE=trixie builds and runs
#                 them in that release of Debian, with its Xen, kernel and Podman
# make unit       the unit tests only
# make fuzz       every harness of tests/fuzz for T seconds (600), JOBS at a time (1); FUZZ="NAME..." for some
# make soak       what is to hold however often it is done, and under load, under each caller; three hours
# make conformance RUNTIME_TOOLS=DIR    runtime-tools' validation tests, in a real Xen under QEMU
# make validation-table RUNTIME_TOOLS=DIR   the same with xenrun, crun and runc: the table in spec-conformance/README.md
# make spec-table                         the suite of spec-conformance/ with xenrun, crun, runc: the table in its README.md
# make bench      how long zones take, beside xl, crun and runc (bench-zones; BENCH_N times (5)), and how fast their
#                 files are, beside QEMU's back end and a disk (bench-files), and their network, beside crun's
#                 (bench-network), in a real Xen under QEMU
# make demo       a container on a machine that has no Xen

PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
DOCDIR     ?= $(DATADIR)/doc/xenrun
COMPDIR    ?= $(DATADIR)/bash-completion/completions
# Podman and CRI-O look for drop-ins in /etc only, whatever the prefix.
SYSCONFDIR ?= /etc

CC       ?= cc
MUSL_CC  ?= musl-gcc
BUILD    ?= build
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wformat-security -Werror
# Quoted includes are ours, from the top: <xen/xen.h> is Xen's, "xen/xen.h" is not.
COMMON   := -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -iquote . -DLIBEXECDIR='"$(LIBEXECDIR)"' -MMD -MP

# libxenguest's image loaders register themselves by constructor: all of the archive is needed.
XEN_LIBS := -Wl,--whole-archive -lxenguest -Wl,--no-whole-archive -lxenctrl -lxenevtchn -lxengnttab \
	-lxenforeignmemory -lxendevicemodel -lxencall -lxentoollog -lxentoolcore -lz -lbz2 -llzma -llzo2 -lzstd
LIBS     := -ljson-c -lseccomp -lcap -lmd
# Linking at run time takes as long as building a zone: all that can be is linked now. libxenstore cannot: its
# static library has no threads, and without them it has nothing to poll for watches.
# libsystemd, which has none either, is opened where it is needed.
# STATIC= SHARED= for a binary with shared libraries only.
STATIC   ?= -Wl,-Bstatic
SHARED   ?= -Wl,-Bdynamic

SOURCES  := $(wildcard cmd/*.c container/*.c libocispec/*.c rootfs/*.c util/*.c xen/*.c)
OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o)
# What has no Xen in it is tested on any host, with sanitizers.
PLAIN    := $(wildcard libocispec/*.c rootfs/*.c util/*.c) xen/ring.c container/spec.c container/compile.c \
	container/compile_mounts.c container/compile_process.c container/compile_seccomp.c \
	container/compile_resources.c container/compile_devices.c container/devices.c container/idmap.c container/settings.c \
	container/size.c container/image_kernel.c container/modules.c container/lsm.c container/namespaces.c container/confine.c container/hooks.c container/statedir.c container/hostcgroup.c \
	container/hostcgroup_path.c container/hostcgroup_systemd.c container/hostcgroup_v1.c \
	container/hostcgroup_v1_limits.c container/preserved.c container/processes.c container/streams.c \
	container/network.c container/network_read.c container/network_redirect.c container/network_resolver.c \
	container/network_answers.c container/compile_network.c
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

ZONE_SOURCES := $(wildcard initramfs/*.c)
ZONE_CFLAGS  := -std=gnu11 -D_GNU_SOURCE -Os $(WARNINGS) -iquote . -static -ffunction-sections -fdata-sections \
	-Wl,--gc-sections -s -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)

all: $(BUILD)/xenrun $(BUILD)/zone.cpio

# The binary knows where its files are: other paths, another binary.
$(BUILD)/paths: force
	@mkdir -p $(@D)
	@echo '$(SBINDIR) $(LIBEXECDIR) $(DOCDIR)' | cmp -s - $@ || echo '$(SBINDIR) $(LIBEXECDIR) $(DOCDIR)' >$@

$(BUILD)/container/kernel.o: $(BUILD)/paths

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(COMMON) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/xenrun: $(OBJECTS)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $^ $(STATIC) $(XEN_LIBS) $(LIBS) $(SHARED) -lxenstore -o $@

$(BUILD)/zone-init: $(ZONE_SOURCES) $(wildcard initramfs/*.h) Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) $(ZONE_SOURCES) -o $@

$(BUILD)/zone.cpio: $(BUILD)/zone-init initramfs/pack
	initramfs/pack $(BUILD)/zone-init >$@

# The zone kernel is built by `make kernel` only; install takes it along when it is there.
VMLINUX  ?= $(shell kernel/build --path 2>/dev/null)
kernel:
	kernel/build

# What the callers are told, with the paths of this installation in it.
$(BUILD)/callers/%: callers/%.in $(BUILD)/paths
	@mkdir -p $(@D)
	sed -e 's|@SBINDIR@|$(SBINDIR)|' -e 's|@DOCDIR@|$(DOCDIR)|' $< >$@

CALLERS := $(patsubst callers/%.in,$(BUILD)/callers/%,$(wildcard callers/*.in))

install: all $(CALLERS)
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(LIBEXECDIR)/xenrun $(MANDIR)/man5 $(MANDIR)/man8 $(COMPDIR) \
		$(DOCDIR)/examples $(SYSCONFDIR)/containers/containers.conf.d $(SYSCONFDIR)/crio/crio.conf.d)
	install -m 755 $(BUILD)/xenrun $(DESTDIR)$(SBINDIR)/xenrun
	install -m 644 $(BUILD)/zone.cpio $(DESTDIR)$(LIBEXECDIR)/xenrun/zone.cpio
	vmlinux="$(VMLINUX)"; [ -z "$$vmlinux" ] || install -m 644 "$$vmlinux" $(DESTDIR)$(LIBEXECDIR)/xenrun/vmlinux
	install -m 644 man/xenrun.8 $(DESTDIR)$(MANDIR)/man8/xenrun.8
	install -m 644 man/xenrun.conf.5 $(DESTDIR)$(MANDIR)/man5/xenrun.conf.5
	install -m 644 cmd/completion.bash $(DESTDIR)$(COMPDIR)/xenrun
	install -m 644 $(BUILD)/callers/podman.conf $(DESTDIR)$(SYSCONFDIR)/containers/containers.conf.d/xenrun.conf
	install -m 644 $(BUILD)/callers/crio.conf $(DESTDIR)$(SYSCONFDIR)/crio/crio.conf.d/10-xenrun.conf
	install -m 644 $(BUILD)/callers/containerd.toml $(BUILD)/callers/docker.json callers/runtimeclass.yaml \
		$(DESTDIR)$(DOCDIR)/examples

# Folders that others may have files in stay when they do.
uninstall:
	rm -f $(addprefix $(DESTDIR),$(SBINDIR)/xenrun $(MANDIR)/man8/xenrun.8 $(MANDIR)/man5/xenrun.conf.5 $(COMPDIR)/xenrun \
		$(SYSCONFDIR)/containers/containers.conf.d/xenrun.conf $(SYSCONFDIR)/crio/crio.conf.d/10-xenrun.conf)
	rm -rf $(addprefix $(DESTDIR),$(LIBEXECDIR)/xenrun $(DOCDIR))

# From a copy, so that nothing is left in the tree; with debian/rules' paths, whatever ours are.
deb:
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/xenrun
	tar -c --exclude=./build --exclude='./$(BUILD)' --exclude=./.git . | tar -x -C $(BUILD)/deb/xenrun
	cd $(BUILD)/deb/xenrun && env -u MAKEFLAGS -u MAKELEVEL -u BUILD VMLINUX="$(VMLINUX)" dpkg-buildpackage -us -uc -b
	rm -r $(BUILD)/deb/xenrun

# Unit tests, with address and undefined-behaviour sanitizers.
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DSANITIZED

$(BUILD)/plain/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(COMMON) $(SANITIZE) -c $< -o $@

$(BUILD)/plain.a: $(PLAIN:%.c=$(BUILD)/plain/%.o)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/plain.a $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(COMMON) $(SANITIZE) $< $(BUILD)/plain.a $(LIBS) -o $@

# The filter of system calls as it is shipped: the sanitizers make calls of their own.
$(BUILD)/unit/test_confine: tests/unit/test_confine.c $(filter $(BUILD)/rootfs/% $(BUILD)/util/%,$(OBJECTS)) \
		$(BUILD)/container/confine.o $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(filter-out -MMD -MP,$(COMMON)) $(CFLAGS) $(filter-out %.h,$^) $(LIBS) -o $@

# Its own end of the bus.
$(BUILD)/unit/test_hostcgroup_systemd: LIBS += -lsystemd

# Zone init as a whole, with what stands for a zone in place of platform.c, and less patience.
$(BUILD)/unit/zone-init-test: $(ZONE_SOURCES) $(wildcard initramfs/*.h) tests/unit/zone_platform.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) -DCLIENT_SECONDS=3 $(filter-out initramfs/platform.c,$(ZONE_SOURCES)) \
		tests/unit/zone_platform.c -o $@

# xenrun as a whole under the sanitizers, for a test in dom0.
sanitized:
	@$(MAKE) -s BUILD=$(BUILD)/sanitized CFLAGS="$(SANITIZE)" $(BUILD)/sanitized/xenrun

# What attacks: static, to run in any root.
$(BUILD)/attack/%: tests/attack/%.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) -O2 $< -o $@

# A guest's kernel, linked where its memory begins: its addresses are its numbers of pages.
$(BUILD)/attack/kernel: $(wildcard tests/attack/kernel/*.[ch])
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -iquote . -ffreestanding -nostdlib -static -no-pie -fno-pic -mno-red-zone \
		-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-tree-loop-distribute-patterns \
		-Wl,-Ttext-segment=0x100000,-z,max-page-size=4096,--build-id=none,-e,entry $(filter %.c,$^) -o $@

attack: $(patsubst tests/attack/%.c,$(BUILD)/attack/%,$(wildcard tests/attack/*.c)) $(BUILD)/attack/kernel

# What a file system does, said so that a zone's can be compared with this host's; it runs in any root.
$(BUILD)/posix: $(wildcard tests/posix/*.c tests/posix/*.h) Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) -iquote tests/posix $(filter %.c,$^) -o $@

unit: $(UNIT) $(BUILD)/unit/zone-init-test
	@tests/unit/run $(UNIT)

# The harnesses of tests/fuzz, from a build folder of their own: clang has libFuzzer.
FUZZ     ?= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_CC  ?= clang
JOBS     ?= 1
FUZZED   := $(SANITIZE) -fsanitize=fuzzer-no-link

$(BUILD)/harness/%: tests/fuzz/%.c $(BUILD)/plain.a $(wildcard tests/fuzz/*.h)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(COMMON) $(SANITIZE) $(HARNESS) $< $(BUILD)/plain.a $(LIBS) -o $@

fuzzers:
	@$(MAKE) -s BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) SANITIZE="$(FUZZED)" HARNESS=-fsanitize=fuzzer \
		$(FUZZ:%=$(BUILD)/fuzz/harness/%)

fuzz: fuzzers
	@BUILD=$(BUILD) tests/fuzz/run --jobs $(JOBS) $(or $(T),600) $(FUZZ)

fuzz-check: fuzzers
	@BUILD=$(BUILD) tests/fuzz/run --jobs 2 --check 4 $(FUZZ)

# Which lines the inputs kept so far reach: build/fuzz/NAME/coverage.
fuzz-coverage:
	@$(MAKE) -s BUILD=$(BUILD)/fuzz-coverage CC=$(FUZZ_CC) HARNESS=-fsanitize=fuzzer \
		SANITIZE="-O1 -g -fprofile-instr-generate -fcoverage-mapping" $(FUZZ:%=$(BUILD)/fuzz-coverage/harness/%)
	@BUILD=$(BUILD) tests/fuzz/coverage $(FUZZ)

check: all attack
	@tests/check $(RELEASE:%=--release %) $(TESTS)

# What takes long. SOAK_RACE_SECONDS: how long guests that race somebody on the host have.
soak: all attack $(BUILD)/unit/test_folder_races
	@tests/install-packages tests/soak/packages
	@RACE_SECONDS=$(or $(SOAK_RACE_SECONDS),180) tests/unit/run $(BUILD)/unit/test_folder_races
	@BATS_TEST_TIMEOUT=7200 tests/check $(RELEASE:%=--release %) tests/soak/*.bats

# Upstream's tests, from a checkout of opencontainers/runtime-tools; spec-conformance/README.md says what they find.
conformance: all
	@tests/install-packages spec-conformance/packages
	@spec-conformance/validation "$(RUNTIME_TOOLS)" $(TESTS)

validation-table: all
	@tests/install-packages spec-conformance/packages
	@mkdir -p $(BUILD)/validation
	@for runtime in xenrun crun runc; do \
		RUNTIME=$$runtime spec-conformance/validation "$(RUNTIME_TOOLS)" >$(BUILD)/validation/$$runtime || exit; \
		tail -n 1 $(BUILD)/validation/$$runtime; done
	@spec-conformance/table --validation $(BUILD)/validation/xenrun $(BUILD)/validation/crun $(BUILD)/validation/runc

SPEC_SUITE := $(filter-out spec-conformance/concurrency.bats,$(wildcard spec-conformance/*.bats))
spec-table: all
	@mkdir -p $(BUILD)/spec
	@for runtime in xenrun crun runc; do \
		RUNTIME=$$runtime tests/check $(SPEC_SUITE) >$(BUILD)/spec/$$runtime.tap; tail -n 1 $(BUILD)/spec/$$runtime.tap; done
	@spec-conformance/table $(BUILD)/spec/xenrun.tap $(BUILD)/spec/crun.tap $(BUILD)/spec/runc.tap

# What the bench builds zones with: a program of its own over xen/, to be compared with xl's.
$(BUILD)/bench/zone: bench/zone.c $(filter $(BUILD)/xen/% $(BUILD)/util/% $(BUILD)/rootfs/%,$(OBJECTS))
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(filter-out -MMD -MP,$(COMMON)) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(STATIC) $(XEN_LIBS) $(LIBS) \
		$(SHARED) -lxenstore -o $@

# The server without a container, and what measures: the first process of a guest, or any in a container or dom0.
$(BUILD)/bench/share: bench/files/share.c $(filter $(BUILD)/xen/% $(BUILD)/util/% $(BUILD)/rootfs/%,$(OBJECTS))
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(filter-out -MMD -MP,$(COMMON)) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(STATIC) $(XEN_LIBS) $(LIBS) \
		$(SHARED) -lxenstore -o $@

$(BUILD)/bench/measure: bench/files/measure.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) $< -o $@

$(BUILD)/bench/ask: bench/network/ask.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(MUSL_CC) $(ZONE_CFLAGS) $< -o $@

bench: bench-zones bench-files bench-network

bench-zones: all $(BUILD)/bench/zone
	@BUILD=$(BUILD) bench/run

bench-files: all $(BUILD)/bench/share $(BUILD)/bench/measure
	@BUILD=$(BUILD) bench/files/run

bench-network: all $(BUILD)/bench/ask
	@BUILD=$(BUILD) bench/network/run

demo:
	@tests/demo

clean:
	rm -rf $(BUILD)

.PHONY: all kernel install uninstall deb force sanitized attack unit fuzzers fuzz fuzz-check fuzz-coverage check conformance validation-table spec-table soak bench bench-zones bench-files bench-network demo clean
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d) $(PLAIN:%.c=$(BUILD)/plain/%.d) $(wildcard $(BUILD)/unit/*.d $(BUILD)/harness/*.d)
