/* SPDX-License-Identifier: Apache-2.0 */
/* Text to structs: every property once, errors with their place, and documents bent in every way. */
#include "tests/unit/test_ocispec.h"

/* The rest of a message can be json-c's own words. */
static void expect_start(const char *text, const char *want)
{
	char *message = message_of(text, strlen(text));

	if (!CHECK(strncmp(message, want, strlen(want)) == 0))
		printf("# %s\n# gives  %s\n# wanted %s\n", text, message, want);
	free(message);
}

static void test_syntax(void)
{
	static const char nul[] = "{\"ociVersion\": \0\"1.0.0\"}";

	expect_start("", "line 1, column 1: unexpected end of data");
	expect_start("  \n  ", "line 2, column 3: unexpected end of data");
	expect_start("{\n  \"a\": 1,\n  b\n}", "line 3, column 3: ");
	expect_start("{\"é\": x}", "line 1, column 7: ");
	expect_start("{\"a\": 1", "line 1, column 8: unexpected end of data");
	expect_start("{\"a\": 1} x", "line 1, column 10: ");
	expect_start("{\"a\": 1,}", "line 1, column 9: ");
	expect_start("{'a': 1}", "line 1, column 2: ");
	expect_start("{\"a\": NaN}", "line 1, column 7: ");
	expect_start("/* c */ {}", "line 1, column 1: ");
	expect_start("{\"a\": 18446744073709551615}", "ociVersion: missing");
	expect_start("{\"a\": 18446744073709551616}", "line 1, column 7: number out of range");
	expect_start("{\"a\": -9223372036854775809}", "line 1, column 7: number out of range");
	expect_start("{\"a\": 99999999999999999999999999999}", "line 1, column 7: number out of range");
	expect_start("{\"a\": [1e5, -0.5E-3, 0, -0, 1e400]}", "ociVersion: missing");
	expect_start("{\"a\": 01}", "line 1, column ");
	expect_start("{\"a\": 1.}", "line 1, column ");
	expect_start("{\"a\": -}", "line 1, column ");
	expect_start("{\"a\": 1e}", "line 1, column ");
	expect_start("{\"a\": True}", "line 1, column ");
	expect_start("{\"a\": \"\xff\"}", "line 1, column ");
	expect_start("{\"a\\u0000b\": 1}", "line 1, column 2: a NUL in the property's name");
	expect_start("{\"a\": {\"b\": \"\\\\u0000\", \"c\\u0000\" : 1}}",
		"line 1, column 24: a NUL in the property's name");
	CHECK(sizeof(nul) > 20);
	{
		char *message = message_of(nul, sizeof(nul) - 1);

		CHECK(strncmp(message, "line 1, column ", 15) == 0);
		free(message);
	}
	expect_message("null", 4, "expected an object, found null");
	expect_message("[]", 2, "expected an object, found an array");
	expect_message("1.5", 3, "expected an object, found 1.5");
	expect_message("{}", 2, "ociVersion: missing");
}

static void test_depth(void)
{
	char text[20000];
	char *message;

	memset(text, '[', sizeof(text));
	message = message_of(text, sizeof(text));
	CHECK(strncmp(message, "line 1, column ", 15) == 0);
	free(message);
}

static void test_types(void)
{
	expect("", "");
	expect("'root':null", "root: missing"); /* the last of two wins, and null is absence */
	expect("'root':{}", "root.path: missing");
	expect("'root':{'path':3}", "root.path: expected a string, found a number");
	expect("'root':{'path':'r','readonly':'yes'}", "root.readonly: expected a boolean, found a string");
	expect("'root':[]", "root: expected an object, found an array");
	expect("'unknown':{'a':[1.5,null,{}]},'linux':{'unknown':1}", "");
	expect("'windows':7,'solaris':7,'zos':7,'freebsd':7", "");
	expect(PROCESS("'commandLine':7,'user':{'username':7}"), "");
	expect("'hostname':''", ""); /* as good as absent */
	expect("'hostname':null,'mounts':null,'hooks':null,'annotations':null,'linux':null,'vm':null", "");
	expect("'annotations':{'a':1}", "annotations[\"a\"]: expected a string, found a number");
	expect("'annotations':{'a':null}", "annotations[\"a\"]: expected a string, found null");
	expect("'annotations':{'a':'x\\u0000y'}", "annotations[\"a\"]: has a NUL in it");
	expect("'annotations':{'a':'x\\\\u0000y'}", "");
	expect("'mounts':[{'destination':'/a'},null]", "mounts[1]: expected an object, found null");
	expect("'mounts':[{'destination':'/a','options':['ro',{}]}]",
		"mounts[0].options[1]: expected a string, found an object");
	expect("'mounts':{}", "mounts: expected an array, found an object");
	expect("'process':{'cwd':'/','args':['a','b\\u0000']}", "process.args[1]: has a NUL in it");
	expect("'process':{'cwd':'/','args':['sh'],'rlimits':[{'type':'RLIMIT_AS','soft':1,'hard':1},"
	       "{'type':'RLIMIT_CPU','soft':1,'hard':1},{'type':7,'soft':1,'hard':1}]}",
		"process.rlimits[2].type: expected a string, found a number");
	expect("'process':{'cwd':'/','args':['sh'],'consoleSize':{'height':1}}",
		"process.consoleSize.width: missing");
	expect("'linux':{'netDevices':{'eth0':{'name':1}}}",
		"linux.netDevices[\"eth0\"].name: expected a string, found a number");
	expect("'linux':{'netDevices':{'eth0':null}}",
		"linux.netDevices[\"eth0\"]: expected an object, found null");
	expect("'linux':{'resources':{'memory':{'limit':'1G'}}}",
		"linux.resources.memory.limit: expected an integer, found a string");
	expect("'vm':{}", "vm.kernel: missing");
	expect("'vm':{'kernel':{'path':''}}", "vm.kernel.path: \"\" is not an absolute path");
}

static void test_ranges(void)
{
#define UID(number, message) expect("'process':{'cwd':'/','args':['sh'],'user':{'uid':" number "}}", message)
	UID("0", "");
	UID("4294967295", "");
	UID("4294967296", "process.user.uid: 4294967296 is out of range");
	UID("-1", "process.user.uid: -1 is out of range");
	UID("1.0", "process.user.uid: expected an integer, found 1.0");
	UID("1e2", "process.user.uid: expected an integer, found 1e2");
	UID("true", "process.user.uid: expected an integer, found a boolean");
	UID("18446744073709551615", "process.user.uid: 18446744073709551615 is out of range");
#undef UID
	expect("'process':{'cwd':'/','args':['sh'],'user':{'additionalGids':[1,-2]}}",
		"process.user.additionalGids[1]: -2 is out of range");
	expect("'process':{'cwd':'/','args':['sh'],'oomScoreAdj':2147483648}",
		"process.oomScoreAdj: 2147483648 is out of range");
	expect("'process':{'cwd':'/','args':['sh'],'oomScoreAdj':-2147483649}",
		"process.oomScoreAdj: -2147483649 is out of range");
	expect("'linux':{'resources':{'pids':{'limit':9223372036854775808}}}",
		"linux.resources.pids.limit: 9223372036854775808 is out of range");
	expect("'linux':{'resources':{'pids':{'limit':9223372036854775807}}}", "");
	expect("'linux':{'resources':{'blockIO':{'weight':65536}}}",
		"linux.resources.blockIO.weight: 65536 is out of range");
	expect("'linux':{'resources':{'hugepageLimits':[{'pageSize':'2MB','limit':-1}]}}",
		"linux.resources.hugepageLimits[0].limit: -1 is out of range");
	expect("'linux':{'resources':{'hugepageLimits':[{'pageSize':'2MB','limit':18446744073709551615}]}}",
		"");
}

/* What the last words are of, when a key comes twice or an alias is there too. */
static void test_choices(void)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\"ociVersion\":\"1.2.0\",\"root\":{\"path\":"
				   "\"a\"},\"root\":{\"path\":\"b\"},"
				   "\"annotations\":{\"k\":\"1\",\"l\":\"2\",\"k\":\"3\"},"
				   "\"vm\":{\"kernel\":{\"path\":\"/"
				   "k\"},\"hwconfig\":{\"vcpus\":1},\"hwConfig\":{\"vcpus\":2}}}";
	static const char alias[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"a\"},"
				    "\"vm\":{\"kernel\":{\"path\":\"/k\"},\"hwconfig\":{\"vcpus\":3}}}";
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	CHECK(config);
	CHECK(same(config->oci_version, "1.2.0"));
	CHECK(same(config->root->path, "b"));
	CHECK(config->annotations.len == 2 && same(oci_map_get(&config->annotations, "k"), "3"));
	CHECK(oci_map_get(&config->annotations, "m") == NULL);
	CHECK(*config->vm->hw_config->vcpus == 2);
	oci_config_free(config);
	config = oci_config_parse(alias, strlen(alias), &err);
	CHECK(config && *config->vm->hw_config->vcpus == 3);
	oci_config_free(config);
	oci_config_free(NULL);
}

static void check_process(const struct oci_process *p)
{
	CHECK(p->terminal && p->console_size->height == 25 && p->console_size->width == 80);
	CHECK(p->user.uid == 1 && p->user.gid == 2 && *p->user.umask == 18);
	CHECK(p->user.additional_gids_len == 2 && p->user.additional_gids[1] == 6);
	CHECK(p->args_len == 3 && same(p->args[1], "-c") && same(p->args[2], "") && !p->args[3]);
	CHECK(p->env_len == 2 && same(p->env[1], "TERM=xterm") && !p->env[2]);
	CHECK(same(p->cwd, "/root"));
	CHECK(p->capabilities->bounding_len == 2 && same(p->capabilities->bounding[1], "CAP_KILL"));
	CHECK(p->capabilities->effective_len == 1 && same(p->capabilities->effective[0], "CAP_AUDIT_WRITE"));
	CHECK(p->capabilities->inheritable_len == 1 && same(p->capabilities->inheritable[0], "CAP_KILL"));
	CHECK(p->capabilities->permitted_len == 2 && p->capabilities->ambient_len == 1);
	CHECK(p->rlimits_len == 2 && same(p->rlimits[0].type, "RLIMIT_NOFILE"));
	CHECK(p->rlimits[0].soft == 1024 && p->rlimits[0].hard == UINT64_MAX);
	CHECK(p->no_new_privileges && same(p->apparmor_profile, "acme_secure_profile"));
	CHECK(*p->oom_score_adj == -100);
	CHECK(same(p->scheduler->policy, "SCHED_DEADLINE") && p->scheduler->nice == 3);
	CHECK(p->scheduler->flags_len == 2 && same(p->scheduler->flags[1], "SCHED_FLAG_DL_OVERRUN"));
	CHECK(p->scheduler->priority == 0 && p->scheduler->runtime == 1000000);
	CHECK(p->scheduler->deadline == 2000000 && p->scheduler->period == 3000000);
	CHECK(same(p->selinux_label, "system_u:system_r:svirt_lxc_net_t:s0:c124,c675"));
	CHECK(same(p->io_priority->class, "IOPRIO_CLASS_BE") && p->io_priority->priority == 4);
	CHECK(same(p->exec_cpu_affinity->initial, "7") && same(p->exec_cpu_affinity->final, "0-3,7"));
}

static void check_resources(const struct oci_resources *r)
{
	CHECK(r->devices_len == 2 && !r->devices[0].allow && !r->devices[0].type && !r->devices[0].major);
	CHECK(r->devices[1].allow && same(r->devices[1].type, "c") && *r->devices[1].major == 10);
	CHECK(*r->devices[1].minor == 229 && same(r->devices[1].access, "rw"));
	CHECK(*r->memory->limit == 536870912 && *r->memory->reservation == 268435456);
	CHECK(*r->memory->swap == 1073741824 && *r->memory->kernel == -1 && *r->memory->kernel_tcp == -1);
	CHECK(*r->memory->swappiness == 60 && !*r->memory->disable_oom_killer);
	CHECK(*r->memory->use_hierarchy && *r->memory->check_before_update);
	CHECK(*r->cpu->shares == 1024 && *r->cpu->quota == 1000000 && *r->cpu->burst == 1000);
	CHECK(*r->cpu->period == 500000 && *r->cpu->realtime_runtime == 950000);
	CHECK(*r->cpu->realtime_period == 1000000 && same(r->cpu->cpus, "2-3") && same(r->cpu->mems, "0-7"));
	CHECK(*r->cpu->idle == 0 && *r->pids->limit == 32771);
	CHECK(*r->block_io->weight == 10 && *r->block_io->leaf_weight == 11);
	CHECK(r->block_io->weight_device_len == 1 && r->block_io->weight_device[0].major == 8);
	CHECK(r->block_io->weight_device[0].minor == 16 && *r->block_io->weight_device[0].weight == 500);
	CHECK(*r->block_io->weight_device[0].leaf_weight == 300);
	CHECK(r->block_io->throttle_read_bps_device_len == 1 &&
		r->block_io->throttle_read_bps_device[0].rate == 600);
	CHECK(r->block_io->throttle_write_bps_device_len == 1 &&
		r->block_io->throttle_write_bps_device[0].minor == 2);
	CHECK(r->block_io->throttle_read_iops_device_len == 1 &&
		r->block_io->throttle_read_iops_device[0].rate == 602);
	CHECK(r->block_io->throttle_write_iops_device_len == 1 &&
		r->block_io->throttle_write_iops_device[0].rate == 603);
	CHECK(r->hugepage_limits_len == 1 && same(r->hugepage_limits[0].page_size, "2MB"));
	CHECK(r->hugepage_limits[0].limit == 9223372036854772000);
	CHECK(*r->network->class_id == 1048577 && r->network->priorities_len == 1);
	CHECK(same(r->network->priorities[0].name, "eth0") && r->network->priorities[0].priority == 500);
	CHECK(r->rdma_len == 1 && same(r->rdma[0].key, "mlx5_1"));
	CHECK(*r->rdma[0].hca_handles == 3 && *r->rdma[0].hca_objects == 10000);
	CHECK(r->unified.len == 2 && same(oci_map_get(&r->unified, "hugetlb.1GB.max"), "1073741824"));
}

static void check_seccomp(const struct oci_seccomp *s)
{
	CHECK(same(s->default_action, "SCMP_ACT_ERRNO") && *s->default_errno_ret == 38);
	CHECK(s->architectures_len == 2 && same(s->architectures[1], "SCMP_ARCH_X32"));
	CHECK(s->flags_len == 1 && same(s->flags[0], "SECCOMP_FILTER_FLAG_LOG"));
	CHECK(same(s->listener_path, "/run/seccomp-agent.socket") &&
		same(s->listener_metadata, "MKNOD=/dev/null"));
	CHECK(s->syscalls_len == 1 && s->syscalls[0].names_len == 2 &&
		same(s->syscalls[0].names[1], "chmod"));
	CHECK(same(s->syscalls[0].action, "SCMP_ACT_TRACE") && *s->syscalls[0].errno_ret == 1);
	CHECK(s->syscalls[0].args_len == 1 && s->syscalls[0].args[0].index == 5);
	CHECK(s->syscalls[0].args[0].value == UINT64_MAX && s->syscalls[0].args[0].value_two == 4);
	CHECK(same(s->syscalls[0].args[0].op, "SCMP_CMP_MASKED_EQ"));
}

static void check_linux(const struct oci_linux *l)
{
	CHECK(l->namespaces_len == 8 && same(l->namespaces[0].type, "pid") && !l->namespaces[0].path);
	CHECK(same(l->namespaces[1].path, "/run/netns/neta"));
	CHECK(l->uid_mappings_len == 1 && l->uid_mappings[0].host_id == 1000 &&
		l->uid_mappings[0].size == 32000);
	CHECK(l->gid_mappings_len == 1 && l->gid_mappings[0].container_id == 1);
	CHECK(l->time_offsets_len == 2 && same(l->time_offsets[0].key, "monotonic"));
	CHECK(l->time_offsets[0].secs == -172800 && l->time_offsets[0].nanosecs == 7);
	CHECK(same(l->time_offsets[1].key, "boottime") && l->time_offsets[1].secs == 604800);
	CHECK(l->devices_len == 2 && same(l->devices[0].path, "/dev/fuse") && same(l->devices[0].type, "c"));
	CHECK(*l->devices[0].major == 10 && *l->devices[0].minor == 229 && *l->devices[0].file_mode == 438);
	CHECK(*l->devices[0].uid == 3 && *l->devices[0].gid == 4 && !l->devices[1].major);
	CHECK(l->net_devices_len == 2 && same(l->net_devices[0].key, "eth0"));
	CHECK(same(l->net_devices[0].name, "container_eth0") && !l->net_devices[1].name);
	CHECK(same(l->cgroups_path, "/myRuntime/myContainer"));
	check_resources(l->resources);
	CHECK(same(l->intel_rdt->clos_id, "guaranteed_group") && l->intel_rdt->schemata_len == 2);
	CHECK(same(l->intel_rdt->l3_cache_schema, "L3:0=ffff0;1=3ff"));
	CHECK(same(l->intel_rdt->mem_bw_schema, "MB:0=50;1=50"));
	CHECK(l->intel_rdt->enable_monitoring && l->intel_rdt->enable_cmt && l->intel_rdt->enable_mbm);
	CHECK(same(l->memory_policy->mode, "MPOL_INTERLEAVE") && same(l->memory_policy->nodes, "2-3"));
	CHECK(l->memory_policy->flags_len == 1 && same(l->memory_policy->flags[0], "MPOL_F_STATIC_NODES"));
	CHECK(l->sysctl.len == 2 && same(l->sysctl.keys[1], "kernel.shmmax"));
	check_seccomp(l->seccomp);
	CHECK(same(l->rootfs_propagation, "slave"));
	CHECK(l->masked_paths_len == 2 && same(l->masked_paths[1], "/proc/keys"));
	CHECK(l->readonly_paths_len == 1 && same(l->readonly_paths[0], "/proc/sys"));
	CHECK(same(l->mount_label, "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811"));
	CHECK(same(l->personality->domain, "LINUX32") && l->personality->flags && !l->personality->flags_len);
}

static void check_vm(const struct oci_vm *vm)
{
	const struct oci_vm_hw_config *hw = vm->hw_config;

	CHECK(same(vm->hypervisor->path, "/path/to/vmm") && vm->hypervisor->parameters_len == 2);
	CHECK(same(vm->kernel->path, "/path/to/vmlinuz") && same(vm->kernel->parameters[1], "hello world"));
	CHECK(same(vm->kernel->initrd, "/path/to/initrd.img"));
	CHECK(same(vm->image->path, "/path/to/vm/rootfs.img") && same(vm->image->format, "raw"));
	CHECK(same(hw->device_tree, "/path/to/vm/devicetree.dtb") && *hw->vcpus == 2 &&
		*hw->memory == 4194304);
	CHECK(hw->dtdevs_len == 2 && same(hw->dtdevs[1], "path/to/dev2_node"));
	CHECK(hw->iomems_len == 2 && *hw->iomems[0].first_gfn == 12544 && hw->iomems[0].first_mfn == 33024);
	CHECK(hw->iomems[0].nr_mfns == 2 && !hw->iomems[1].first_gfn);
	CHECK(hw->irqs_len == 2 && hw->irqs[1] == 22);
}

static void test_every_property(void)
{
	struct error err = {0};
	struct oci_config *config = oci_config_load(CONFIGS "full.json", &err);
	const struct oci_hooks *hooks;

	CHECK(config);
	if (!config) {
		printf("# %s\n", error_message(&err));
		error_clear(&err);
		return;
	}
	CHECK(same(config->oci_version, "1.3.0"));
	check_process(config->process);
	CHECK(same(config->root->path, "rootfs") && config->root->readonly);
	CHECK(same(config->hostname, "slartibartfast") && same(config->domainname, "example.com"));
	CHECK(config->mounts_len == 2 && same(config->mounts[0].type, "proc") && !config->mounts[0].options);
	CHECK(same(config->mounts[1].destination, "/data") &&
		same(config->mounts[1].source, "/volumes/testing"));
	CHECK(config->mounts[1].options_len == 3 && same(config->mounts[1].options[2], "idmap"));
	CHECK(config->mounts[1].uid_mappings_len == 1 && config->mounts[1].uid_mappings[0].size == 10);
	CHECK(config->mounts[1].gid_mappings_len == 1 && config->mounts[1].gid_mappings[0].host_id == 2000);
	hooks = config->hooks;
	CHECK(hooks->prestart_len == 1 && same(hooks->prestart[0].path, "/usr/bin/fix-mounts"));
	CHECK(hooks->prestart[0].args_len == 2 && same(hooks->prestart[0].args[1], "arg1"));
	CHECK(hooks->prestart[0].env_len == 1 && *hooks->prestart[0].timeout == 5);
	CHECK(hooks->create_runtime_len == 1 && same(hooks->create_runtime[0].path, "/hook/create-runtime"));
	CHECK(*hooks->create_runtime[0].timeout == 6 && hooks->create_runtime[0].args_len == 1);
	CHECK(hooks->create_container_len == 1 &&
		same(hooks->create_container[0].path, "/hook/create-container"));
	CHECK(hooks->start_container_len == 1 &&
		same(hooks->start_container[0].path, "/hook/start-container"));
	CHECK(hooks->poststart_len == 1 && same(hooks->poststart[0].path, "/hook/poststart"));
	CHECK(hooks->poststop_len == 2 && same(hooks->poststop[1].path, "/hook/poststop-2"));
	CHECK(!hooks->poststop[0].timeout && !hooks->poststop[0].args && !hooks->poststop[0].env);
	CHECK(*hooks->poststop[1].timeout == 7 && same(hooks->poststop[1].args[1], "2"));
	CHECK(config->annotations.len == 2 &&
		same(oci_map_get(&config->annotations, "com.example.key2"), ""));
	check_linux(config->linux_);
	check_vm(config->vm);
	CHECK(oci_config_namespace(config, "network") == &config->linux_->namespaces[1]);
	CHECK(config->warnings.len == 0);
	oci_config_free(config);
}

static void test_files(void)
{
	static const char *const taken[] = {"runc-spec.json", "crun-spec.json", "podman-plain.json",
		"podman-limits.json", "podman-userns.json", "podman-privileged.json"};
	struct error err = {0};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		char path[128];
		struct oci_config *config;

		snprintf(path, sizeof(path), CONFIGS "%s", taken[i]);
		config = oci_config_load(path, &err);
		if (!CHECK(config))
			printf("# %s: %s\n", taken[i], error_message(&err));
		error_clear(&err);
		oci_config_free(config);
	}
	CHECK(!oci_config_load("no-such/config.json", &err));
	CHECK(same(error_message(&err), "no-such/config.json: cannot open: No such file or directory"));
	CHECK(!oci_config_load(".", &err));
	CHECK(same(error_message(&err), ".: cannot read: Is a directory"));
	CHECK(!oci_config_load("/dev/null", &err));
	CHECK(same(error_message(&err), "/dev/null: line 1, column 1: unexpected end of data"));
	error_clear(&err);
}

static void test_size(void)
{
	size_t length = ((size_t)16 << 20) + 1;
	char *text = malloc(length);
	char *message;

	memset(text, ' ', length);
	message = message_of(text, length);
	CHECK(same(message, "larger than 16 MiB"));
	free(message);
	free(text);
}

/* What `exec --process` and `update --resources` read. */
static void test_parts(void)
{
	static const char process[] =
		"{\"cwd\":\"/\",\"args\":[\"sh\"],\"capabilities\":{\"bounding\":[\"CAP_X\"]}}";
	static const char no_args[] = "{\"cwd\":\"/\"}";
	static const char typed[] = "{\"cwd\":\"/\",\"user\":{\"uid\":\"root\"}}";
	static const char resources[] = "{\"memory\":{\"limit\":1048576},\"pids\":null}";
	static const char negative[] = "{\"memory\":{\"limit\":-2}}";
	struct oci_warnings warnings = {0};
	struct error err = {0};
	struct oci_process *p = oci_process_parse(process, strlen(process), &warnings, &err);
	struct oci_resources *r = oci_resources_parse(resources, strlen(resources), &err);

	CHECK(p && same(p->args[0], "sh"));
	CHECK(warnings.len == 1 &&
		same(warnings.messages[0], "process.capabilities.bounding[0]: unknown capability \"CAP_X\""));
	oci_warnings_free(&warnings);
	oci_process_free(p);
	p = oci_process_parse(process, strlen(process), NULL, &err);
	CHECK(p);
	oci_process_free(p);
	CHECK(!oci_process_parse(no_args, strlen(no_args), NULL, &err));
	CHECK(same(error_message(&err), "process.args: missing"));
	CHECK(!oci_process_parse(typed, strlen(typed), NULL, &err));
	CHECK(same(error_message(&err), "process.user.uid: expected an integer, found a string"));
	CHECK(!oci_process_load("no-such.json", NULL, &err));
	CHECK(same(error_message(&err), "no-such.json: cannot open: No such file or directory"));

	CHECK(r && *r->memory->limit == 1048576 && !r->pids);
	oci_resources_free(r);
	CHECK(!oci_resources_parse(negative, strlen(negative), &err));
	CHECK(same(error_message(&err), "linux.resources.memory.limit: -2 is out of range"));
	CHECK(!oci_resources_load("no-such.json", &err));
	error_clear(&err);
}

int main(void)
{
	RUN(test_syntax);
	RUN(test_depth);
	RUN(test_size);
	RUN(test_types);
	RUN(test_ranges);
	RUN(test_choices);
	RUN(test_every_property);
	RUN(test_files);
	RUN(test_parts);
	return unit_end();
}
