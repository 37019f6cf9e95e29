/* SPDX-License-Identifier: Apache-2.0 */
/* What the spec's text asks for beyond types: each rule kept and broken, with the message it gives. */
#include "tests/unit/test_ocispec.h"

#define UTS  LINUX("'namespaces':[{'type':'uts'}]")
#define USER "'namespaces':[{'type':'user'}],"

struct rule {
	const char *properties;
	const char *message; /* "": none */
};

#define EXPECT_ALL(rules) expect_all(rules, sizeof(rules) / sizeof((rules)[0]))

static void expect_all(const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(rules[i].properties, rules[i].message);
}

static void test_version(void)
{
	static const struct rule rules[] = {
		{"'ociVersion':'1.0.0-rc5'", ""},
		{"'ociVersion':'1.0.2-dev'", ""},
		{"'ociVersion':'1.2.1-dev'", ""},
		{"'ociVersion':'1.3.0'", ""},
		{"'ociVersion':'1.10.0+build.007'", ""},
		{"'ociVersion':'1.0.0-rc.1+b'", ""},
		{"'ociVersion':null", "ociVersion: missing"},
		{"'ociVersion':''", "ociVersion: \"\" is not a semantic version"},
		{"'ociVersion':'banana'", "ociVersion: \"banana\" is not a semantic version"},
		{"'ociVersion':'2.0'", "ociVersion: \"2.0\" is not a semantic version"},
		{"'ociVersion':'1.0'", "ociVersion: \"1.0\" is not a semantic version"},
		{"'ociVersion':'1.0.0.0'", "ociVersion: \"1.0.0.0\" is not a semantic version"},
		{"'ociVersion':'v1.0.0'", "ociVersion: \"v1.0.0\" is not a semantic version"},
		{"'ociVersion':'1.01.0'", "ociVersion: \"1.01.0\" is not a semantic version"},
		{"'ociVersion':'1.0.0-'", "ociVersion: \"1.0.0-\" is not a semantic version"},
		{"'ociVersion':'1.0.0-01'", "ociVersion: \"1.0.0-01\" is not a semantic version"},
		{"'ociVersion':'1.0.0+a..b'", "ociVersion: \"1.0.0+a..b\" is not a semantic version"},
		{"'ociVersion':'1.0.0-a..b'", "ociVersion: \"1.0.0-a..b\" is not a semantic version"},
		{"'ociVersion':'1.0.0 '", "ociVersion: \"1.0.0 \" is not a semantic version"},
		{"'ociVersion':'2.0.0'", "ociVersion: \"2.0.0\" is not supported, only 1.x is"},
		{"'ociVersion':'0.5.0-dev'", "ociVersion: \"0.5.0-dev\" is not supported, only 1.x is"},
	};

	EXPECT_ALL(rules);
}

static void test_config(void)
{
	static const struct rule rules[] = {
		{"'root':{'path':''}", "root.path: empty"},
		{"'root':{'path':'/abs'}", ""},
		{"'hostname':'a'," UTS, ""},
		{"'hostname':'a'", "hostname: needs a uts namespace in linux.namespaces"},
		{"'domainname':'a'," LINUX(""), "domainname: needs a uts namespace in linux.namespaces"},
		{"'hostname':'0123456789012345678901234567890123456789012345678901234567890123'," UTS, ""},
		{"'hostname':'01234567890123456789012345678901234567890123456789012345678901234'," UTS,
			"hostname: longer than 64 bytes"},
		{"'annotations':{'':'x'}", "annotations: a key is empty"},
		{"'mounts':[{'destination':'relative'}]", ""},
		{"'mounts':[{'destination':''}]", "mounts[0].destination: empty"},
		{"'mounts':[{'source':'/a'}]", "mounts[0].destination: missing"},
		{"'mounts':[{'destination':'/a','uidMappings':[{'containerID':0,'hostID':0,'size':1}]}]",
			"mounts[0]: uidMappings and gidMappings go together"},
		{"'mounts':[{'destination':'/a','uidMappings':[{'containerID':0,'hostID':0,'size':1}],"
		 "'gidMappings':[{'containerID':0,'hostID':0,'size':0}]}]",
			"mounts[0].gidMappings[0].size: must be greater than 0"},
		{"'mounts':[{'destination':'/a','options':['bind','idmap']}]",
			"mounts[0].options: idmap needs uidMappings and gidMappings, or a user namespace"},
	};

	EXPECT_ALL(rules);
}

static void test_hooks(void)
{
	static const struct rule rules[] = {
		{"'hooks':{}", ""},
		{"'hooks':{'poststop':[]}", ""},
		{"'hooks':{'prestart':[{'path':'a'}]}",
			"hooks.prestart[0].path: \"a\" is not an absolute path"},
		{"'hooks':{'createRuntime':[{'path':'/a'},{'path':''}]}",
			"hooks.createRuntime[1].path: \"\" is not an absolute path"},
		{"'hooks':{'createContainer':[{'path':'/a','timeout':0}]}",
			"hooks.createContainer[0].timeout: must be greater than 0"},
		{"'hooks':{'startContainer':[{'path':'/a','timeout':-1}]}",
			"hooks.startContainer[0].timeout: must be greater than 0"},
		{"'hooks':{'poststart':[{'args':['a']}]}", "hooks.poststart[0].path: missing"},
		{"'hooks':{'poststop':[{'path':'a'}]}",
			"hooks.poststop[0].path: \"a\" is not an absolute path"},
	};

	EXPECT_ALL(rules);
}

static void test_process(void)
{
	static const struct rule rules[] = {
		{"'process':{'cwd':'/'}", "process.args: missing"},
		{"'process':{'cwd':'/','args':null}", "process.args: missing"},
		{"'process':{'cwd':'/','args':[]}", "process.args: empty"},
		{"'process':{'args':['sh']}", "process.cwd: missing"},
		{"'process':{'args':['sh'],'cwd':''}", "process.cwd: \"\" is not an absolute path"},
		{"'process':{'args':['sh'],'cwd':'tmp'}", "process.cwd: \"tmp\" is not an absolute path"},
		{PROCESS("'consoleSize':{'height':65536,'width':1}"), ""},
		{PROCESS("'terminal':true,'consoleSize':{'height':65535,'width':0}"), ""},
		{PROCESS("'terminal':true,'consoleSize':{'height':65536,'width':1}"),
			"process.consoleSize.height: more than 65535"},
		{PROCESS("'terminal':true,'consoleSize':{'height':1,'width':65536}"),
			"process.consoleSize.width: more than 65535"},
		{PROCESS("'oomScoreAdj':-1000"), ""},
		{PROCESS("'oomScoreAdj':1001"), "process.oomScoreAdj: 1001 is not between -1000 and 1000"},
		{PROCESS("'rlimits':[{'type':'RLIMIT_FOO','soft':1,'hard':1}]"),
			"process.rlimits[0].type: unknown limit \"RLIMIT_FOO\""},
		{PROCESS("'rlimits':[{'type':'NOFILE','soft':1,'hard':1}]"),
			"process.rlimits[0].type: unknown limit \"NOFILE\""},
		{PROCESS("'rlimits':[{'type':'RLIMIT_AS','soft':1,'hard':1},"
			 "{'type':'RLIMIT_AS','soft':1,'hard':1}]"),
			"process.rlimits[1].type: RLIMIT_AS comes twice"},
		{PROCESS("'rlimits':[{'type':'RLIMIT_AS','soft':2,'hard':1}]"),
			"process.rlimits[0].soft: greater than hard"},
		{PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_IDLE'}"), ""},
		{PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':7}"), ""},
		{PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':8}"),
			"process.ioPriority.priority: 8 is not between 0 and 7"},
		{PROCESS("'ioPriority':{'class':'RT','priority':0}"),
			"process.ioPriority.class: unknown class \"RT\""},
		{PROCESS("'execCPUAffinity':{'initial':'0-3,7','final':''}"), ""},
		{PROCESS("'execCPUAffinity':{'initial':'x'}"),
			"process.execCPUAffinity.initial: \"x\" is not a list like \"0-3,7\""},
		{PROCESS("'execCPUAffinity':{'final':'3-1'}"),
			"process.execCPUAffinity.final: \"3-1\" is not a list like \"0-3,7\""},
	};

	EXPECT_ALL(rules);
}

static void test_scheduler(void)
{
	static const struct rule rules[] = {
		{PROCESS("'scheduler':{'policy':'SCHED_OTHER','nice':-20}"), ""},
		{PROCESS("'scheduler':{'policy':'SCHED_BATCH','nice':20}"),
			"process.scheduler.nice: 20 is not between -20 and 19"},
		{PROCESS("'scheduler':{'policy':'SCHED_FIFO','priority':99}"), ""},
		{PROCESS("'scheduler':{'policy':'SCHED_RR'}"),
			"process.scheduler.priority: 0 is not between 1 and 99"},
		{PROCESS("'scheduler':{'policy':'SCHED_IDLE','priority':1}"),
			"process.scheduler.priority: not with SCHED_IDLE"},
		{PROCESS("'scheduler':{'policy':'SCHED_ISO'}"),
			"process.scheduler.policy: Linux does not implement SCHED_ISO"},
		{PROCESS("'scheduler':{'policy':'FIFO'}"),
			"process.scheduler.policy: unknown policy \"FIFO\""},
		{PROCESS("'scheduler':{}"), "process.scheduler.policy: missing"},
		{PROCESS("'scheduler':{'policy':'SCHED_DEADLINE'}"),
			"process.scheduler: SCHED_DEADLINE needs runtime and deadline"},
		{PROCESS("'scheduler':{'policy':'SCHED_OTHER','period':1}"),
			"process.scheduler: runtime, deadline and period are SCHED_DEADLINE's"},
		{PROCESS("'scheduler':{'policy':'SCHED_OTHER','flags':['SCHED_FLAG_X']}"),
			"process.scheduler.flags[0]: unknown flag \"SCHED_FLAG_X\""},
	};

	EXPECT_ALL(rules);
}

static void test_capabilities(void)
{
	static const char *const want[] = {
		"process.capabilities.bounding[1]: unknown capability \"CAP_FOO\"",
		"process.capabilities.effective: not permitted, so not granted: CAP_KILL",
		"process.capabilities.ambient: not inheritable, so not granted: CAP_CHOWN, CAP_FOWNER",
	};
	char *text = document(
		PROCESS("'capabilities':{'bounding':['CAP_CHOWN','CAP_FOO'],'effective':['CAP_KILL'],"
			"'permitted':['CAP_CHOWN','CAP_FOWNER'],'ambient':['CAP_CHOWN','CAP_FOWNER']}"));
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	CHECK(config && config->warnings.len == 3);
	for (size_t i = 0; config && i < 3 && i < config->warnings.len; i++) {
		if (!CHECK(same(config->warnings.messages[i], want[i])))
			printf("# %s\n", config->warnings.messages[i]);
	}
	oci_config_free(config);
	free(text);
}

static void test_namespaces(void)
{
	static const struct rule rules[] = {
		{LINUX("'namespaces':[{'type':'foo'}]"),
			"linux.namespaces[0].type: unknown namespace \"foo\""},
		{LINUX("'namespaces':[{'type':'net'}]"),
			"linux.namespaces[0].type: unknown namespace \"net\""},
		{LINUX("'namespaces':[{'type':'pid'},{'type':'pid','path':'/a'}]"),
			"linux.namespaces[1].type: pid comes twice"},
		{LINUX("'namespaces':[{'type':'pid','path':'a'}]"),
			"linux.namespaces[0].path: \"a\" is not an absolute path"},
		{LINUX("'namespaces':[{'type':'pid','path':''}]"), ""},
		{LINUX("'uidMappings':[{'containerID':0,'hostID':0,'size':1}]"),
			"linux.uidMappings: needs a user namespace in linux.namespaces"},
		{LINUX("'gidMappings':[{'containerID':0,'hostID':0,'size':1}]"),
			"linux.gidMappings: needs a user namespace in linux.namespaces"},
		{LINUX("'namespaces':[{'type':'user'}]"),
			"linux.uidMappings: missing, and there is a new user namespace"},
		{LINUX("'namespaces':[{'type':'user','path':'/a'}]"), ""},
		{LINUX(USER "'uidMappings':[{'containerID':0,'hostID':0,'size':1}]"),
			"linux.gidMappings: missing, and there is a new user namespace"},
		{LINUX(USER "'uidMappings':[{'containerID':0,'hostID':1000,'size':1},"
			    "{'containerID':1,'hostID':100000,'size':65535}],"
			    "'gidMappings':[{'containerID':0,'hostID':0,'size':4294967295}]"),
			""},
		{LINUX(USER "'uidMappings':[{'containerID':0,'hostID':1000,'size':2},"
			    "{'containerID':1,'hostID':100000,'size':65535}],"
			    "'gidMappings':[{'containerID':0,'hostID':0,'size':1}]"),
			"linux.uidMappings[1]: overlaps linux.uidMappings[0]"},
		{LINUX(USER "'uidMappings':[{'containerID':1,'hostID':0,'size':4294967295}],"
			    "'gidMappings':[{'containerID':0,'hostID':0,'size':1}]"),
			"linux.uidMappings[0]: goes beyond the last id"},
		{LINUX("'timeOffsets':{'monotonic':{'secs':1}}"),
			"linux.timeOffsets: needs a time namespace in linux.namespaces"},
		{LINUX("'namespaces':[{'type':'time'}],'timeOffsets':{'realtime':{'secs':1}}"),
			"linux.timeOffsets: unknown clock \"realtime\""},
		{LINUX("'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
			"linux.timeOffsets[\"boottime\"].nanosecs: a second or more"},
	};

	EXPECT_ALL(rules);
}

static void test_devices(void)
{
	static const struct rule rules[] = {
		{LINUX("'devices':[{'path':'/a','type':'p'},{'path':'/b','type':'u','major':1,'minor':3}]"),
			""},
		{LINUX("'devices':[{'path':'/a','type':'c','major':4095,'minor':1048575}]"), ""},
		{LINUX("'devices':[{'path':'/a','type':'c','major':4096,'minor':0}]"),
			"linux.devices[0].major: 4096 is out of range"},
		{LINUX("'devices':[{'path':'/a','type':'b','major':1,'minor':-1}]"),
			"linux.devices[0].minor: -1 is out of range"},
		{LINUX("'devices':[{'path':'/a','type':'c','major':1}]"), "linux.devices[0].minor: missing"},
		{LINUX("'devices':[{'path':'/a','type':'a'}]"), "linux.devices[0].type: unknown type \"a\""},
		{LINUX("'devices':[{'path':'/a','type':'cb'}]"),
			"linux.devices[0].type: unknown type \"cb\""},
		{LINUX("'devices':[{'path':'/a','type':''}]"), "linux.devices[0].type: unknown type \"\""},
		{LINUX("'devices':[{'path':'a','type':'p'}]"),
			"linux.devices[0].path: \"a\" is not an absolute path"},
		{LINUX("'netDevices':{'eth0':{}}"),
			"linux.netDevices: needs a network namespace in linux.namespaces"},
#define NET "'namespaces':[{'type':'network'}],"
		{LINUX(NET "'netDevices':{'eth0':{'name':'ens%d'}}"), ""},
		{LINUX(NET "'netDevices':{'eth%d':{}}"),
			"linux.netDevices: \"eth%d\" is not a device's name"},
		{LINUX(NET "'netDevices':{'0123456789abcdef':{}}"),
			"linux.netDevices: \"0123456789abcdef\" is not a device's name"},
		{LINUX(NET "'netDevices':{'a/b':{}}"), "linux.netDevices: \"a/b\" is not a device's name"},
		{LINUX(NET "'netDevices':{'..':{}}"), "linux.netDevices: \"..\" is not a device's name"},
		{LINUX(NET "'netDevices':{'a':{'name':'b%s'}}"),
			"linux.netDevices[\"a\"].name: \"b%s\" is not a device's name"},
		{LINUX(NET "'netDevices':{'a':{'name':'b c'}}"),
			"linux.netDevices[\"a\"].name: \"b c\" is not a device's name"},
	};

	EXPECT_ALL(rules);
}

static void test_sysctl(void)
{
	static const struct rule rules[] = {
		{LINUX(NET "'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/eth0.1/forwarding':'1'}"), ""},
		{LINUX("'sysctl':{'net.ipv4.ip_forward':'1'}"),
			"linux.sysctl.net.ipv4.ip_forward: needs an entry \"network\" in linux.namespaces"},
#define IPC "'namespaces':[{'type':'ipc'}],"
		{LINUX(IPC "'sysctl':{'kernel.shm_rmid_forced':'1','fs.mqueue.msg_max':'5','kernel.sem':'1 "
			   "2'}"),
			""},
		{LINUX("'sysctl':{'kernel.msgmax':'1'}"),
			"linux.sysctl.kernel.msgmax: needs an entry \"ipc\" in linux.namespaces"},
		{LINUX(IPC "'sysctl':{'vm.swappiness':'1'}"),
			"linux.sysctl.vm.swappiness: not in a namespace of its own"},
		{LINUX(IPC "'sysctl':{'kernel.semx':'1'}"),
			"linux.sysctl.kernel.semx: not in a namespace of its own"},
		{LINUX(NET "'sysctl':{'net/../kernel/core_pattern':'x'}"),
			"linux.sysctl.net/../kernel/core_pattern: not a sysctl's name"},
		{LINUX(NET "'sysctl':{'net.//.kernel':'x'}"),
			"linux.sysctl.net.//.kernel: not a sysctl's name"},
		{LINUX(NET "'sysctl':{'':'x'}"), "linux.sysctl.: not a sysctl's name"},
		{LINUX(NET "'sysctl':{'/net/x':'x'}"), "linux.sysctl./net/x: not a sysctl's name"},
		{"'hostname':'a'," LINUX("'namespaces':[{'type':'uts'}],'sysctl':{'kernel.domainname':'x'}"),
			""},
		{"'hostname':'a'," LINUX("'namespaces':[{'type':'uts'}],'sysctl':{'kernel.hostname':'x'}"),
			"linux.sysctl.kernel.hostname: is there as hostname, too"},
	};

	EXPECT_ALL(rules);
}

static void test_resources(void)
{
#define RESOURCES(properties) LINUX("'resources':{" properties "}")
	static const struct rule rules[] = {
		{RESOURCES("'devices':[{'allow':true,'type':'a','major':-1,'minor':-1,'access':'mrw'}]"), ""},
		{RESOURCES("'devices':[{'access':'r'}]"), "linux.resources.devices[0].allow: missing"},
		{RESOURCES("'devices':[{'allow':true,'type':'p'}]"),
			"linux.resources.devices[0].type: unknown type \"p\""},
		{RESOURCES("'devices':[{'allow':true,'major':-2}]"),
			"linux.resources.devices[0].major: -2 is out of range"},
		{RESOURCES("'devices':[{'allow':true,'minor':-2}]"),
			"linux.resources.devices[0].minor: -2 is out of range"},
		{RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
			"linux.resources.devices[0].access: \"rx\" is not of r, w and m"},
		{RESOURCES("'memory':{'limit':-1,'swap':-1}"), ""},
		{RESOURCES("'memory':{'reservation':-2}"),
			"linux.resources.memory.reservation: -2 is out of range"},
		{RESOURCES("'memory':{'limit':2,'swap':1}"),
			"linux.resources.memory.swap: less than limit, which is a part of it"},
		{RESOURCES("'memory':{'swappiness':101}"),
			"linux.resources.memory.swappiness: greater than 100"},
		{RESOURCES("'cpu':{'cpus':'0-1,','shares':2}"),
			"linux.resources.cpu.cpus: \"0-1,\" is not a list like \"0-3,7\""},
		{RESOURCES("'cpu':{'mems':'a'}"),
			"linux.resources.cpu.mems: \"a\" is not a list like \"0-3,7\""},
		{RESOURCES("'cpu':{'burst':2,'quota':1}"), "linux.resources.cpu.burst: greater than quota"},
		{RESOURCES("'cpu':{'burst':2,'quota':-1}"), ""},
		{RESOURCES("'cpu':{'idle':2}"), "linux.resources.cpu.idle: neither 0 nor 1"},
		{RESOURCES("'pids':{}"), ""},
		{RESOURCES("'pids':{'limit':0}"), ""},
		{RESOURCES("'pids':{'limit':-2}"), "linux.resources.pids.limit: -2 is out of range"},
		{RESOURCES("'blockIO':{'weight':0,'leafWeight':1000}"), ""},
		{RESOURCES("'blockIO':{'weight':9}"),
			"linux.resources.blockIO.weight: 9 is not between 10 and 1000"},
		{RESOURCES("'blockIO':{'leafWeight':1001}"),
			"linux.resources.blockIO.leafWeight: 1001 is not between 10 and 1000"},
		{RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1}]}"),
			"linux.resources.blockIO.weightDevice[0]: needs weight or leafWeight"},
		{RESOURCES("'blockIO':{'weightDevice':[{'major':-1,'minor':1}]}"),
			"linux.resources.blockIO.weightDevice[0]: a device number is negative"},
		{RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1,'weight':5}]}"),
			"linux.resources.blockIO.weightDevice[0].weight: 5 is not between 10 and 1000"},
		{RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':1,'minor':1}]}"),
			"linux.resources.blockIO.throttleReadBpsDevice[0].rate: missing"},
		{RESOURCES("'blockIO':{'throttleWriteIOPSDevice':[{'major':1,'minor':-1,'rate':1}]}"),
			"linux.resources.blockIO.throttleWriteIOPSDevice[0]: a device number is negative"},
		{RESOURCES("'hugepageLimits':[{'pageSize':'64KB','limit':0},{'pageSize':'1GB','limit':0}]"),
			""},
		{RESOURCES("'hugepageLimits':[{'pageSize':'2M','limit':0}]"),
			"linux.resources.hugepageLimits[0].pageSize: \"2M\" is not a size like \"2MB\""},
		{RESOURCES("'hugepageLimits':[{'pageSize':'64kB','limit':0}]"),
			"linux.resources.hugepageLimits[0].pageSize: \"64kB\" is not a size like \"2MB\""},
		{RESOURCES("'hugepageLimits':[{'pageSize':'02MB','limit':0}]"),
			"linux.resources.hugepageLimits[0].pageSize: \"02MB\" is not a size like \"2MB\""},
		{RESOURCES("'hugepageLimits':[{'pageSize':'3MB','limit':0}]"),
			"linux.resources.hugepageLimits[0].pageSize: \"3MB\" is not a power of two"},
		{RESOURCES("'rdma':{'mlx5_1':{}}"),
			"linux.resources.rdma[\"mlx5_1\"]: needs hcaHandles or hcaObjects"},
		{RESOURCES("'unified':{'memory.max':'1'}"), ""},
		{RESOURCES("'unified':{'../memory.max':'1'}"),
			"linux.resources.unified[\"../memory.max\"]: not a file name like \"memory.max\""},
		{RESOURCES("'unified':{'memory':'1'}"),
			"linux.resources.unified[\"memory\"]: not a file name like \"memory.max\""},
		{RESOURCES("'unified':{'..':'1'}"),
			"linux.resources.unified[\"..\"]: not a file name like \"memory.max\""},
	};

	EXPECT_ALL(rules);
}

static void test_seccomp(void)
{
#define SECCOMP(properties) LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'," properties "}")
#define SYSCALL(properties) SECCOMP("'syscalls':[{'names':['a']," properties "}]")
	static const struct rule rules[] = {
		{LINUX("'seccomp':{}"), "linux.seccomp.defaultAction: missing"},
		{LINUX("'seccomp':{'defaultAction':'ALLOW'}"),
			"linux.seccomp.defaultAction: unknown action \"ALLOW\""},
		{LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38}"), ""},
		{SECCOMP("'defaultErrnoRet':1"), "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes none"},
		{SECCOMP("'architectures':['SCMP_ARCH_X86','X32']"),
			"linux.seccomp.architectures[1]: unknown architecture \"X32\""},
		{SECCOMP("'flags':['SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']"), ""},
		{SECCOMP("'flags':['LOG']"), "linux.seccomp.flags[0]: unknown flag \"LOG\""},
		{SECCOMP("'listenerMetadata':'x'"),
			"linux.seccomp.listenerMetadata: there is no listenerPath"},
		{SECCOMP("'syscalls':[{'names':[],'action':'SCMP_ACT_ALLOW'}]"),
			"linux.seccomp.syscalls[0].names: empty"},
		{SECCOMP("'syscalls':[{'action':'SCMP_ACT_ALLOW'}]"),
			"linux.seccomp.syscalls[0].names: missing"},
		{SYSCALL("'action':'SCMP_ACT_NOTIFY'"), ""},
		{SYSCALL("'action':'X'"), "linux.seccomp.syscalls[0].action: unknown action \"X\""},
		{SYSCALL("'action':'SCMP_ACT_KILL','errnoRet':1"),
			"linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes none"},
		{SYSCALL("'action':'SCMP_ACT_ERRNO','errnoRet':65536"),
			"linux.seccomp.syscalls[0].errnoRet: 65536 is out of range"},
		{SYSCALL("'action':'SCMP_ACT_ALLOW','args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]"),
			"linux.seccomp.syscalls[0].args[0].index: greater than 5"},
		{SYSCALL("'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':0,'op':'=='}]"),
			"linux.seccomp.syscalls[0].args[0].op: unknown operator \"==\""},
		{SYSCALL("'action':'SCMP_ACT_ALLOW','args':[{'index':0,'op':'SCMP_CMP_EQ'}]"),
			"linux.seccomp.syscalls[0].args[0].value: missing"},
	};

	EXPECT_ALL(rules);
}

static void test_linux(void)
{
	static const struct rule rules[] = {
		{LINUX("'rootfsPropagation':'rslave'"), ""},
		{LINUX("'rootfsPropagation':'up'"), "linux.rootfsPropagation: unknown propagation \"up\""},
		{LINUX("'maskedPaths':['/a','b']"), "linux.maskedPaths[1]: \"b\" is not an absolute path"},
		{LINUX("'readonlyPaths':['']"), "linux.readonlyPaths[0]: \"\" is not an absolute path"},
		{LINUX("'personality':{'domain':'LINUX'}"), ""},
		{LINUX("'personality':{'domain':'BSD'}"), "linux.personality.domain: unknown domain \"BSD\""},
		{LINUX("'personality':{}"), "linux.personality.domain: missing"},
		{LINUX("'personality':{'domain':'LINUX','flags':['X']}"),
			"linux.personality.flags[0]: unknown flag \"X\""},
		{LINUX("'intelRdt':{'closID':'/'}"), ""},
		{LINUX("'intelRdt':{'closID':'a/b'}"),
			"linux.intelRdt.closID: \"a/b\" is not a directory's name"},
		{LINUX("'intelRdt':{'closID':'..'}"),
			"linux.intelRdt.closID: \"..\" is not a directory's name"},
		{LINUX("'intelRdt':{'schemata':['L3:0=f','MB:0=1\\nL3:0=1']}"),
			"linux.intelRdt.schemata[1]: has a newline in it"},
		{LINUX("'intelRdt':{'l3CacheSchema':'L3:0=f\\n'}"),
			"linux.intelRdt.l3CacheSchema: has a newline in it"},
		{LINUX("'intelRdt':{'memBwSchema':'L3:0=f'}"),
			"linux.intelRdt.memBwSchema: does not begin with \"MB:\""},
		{LINUX("'memoryPolicy':{'mode':'MPOL_PREFERRED'}"), ""},
		{LINUX("'memoryPolicy':{'mode':'BIND','nodes':'0'}"),
			"linux.memoryPolicy.mode: unknown mode \"BIND\""},
		{LINUX("'memoryPolicy':{'mode':'MPOL_BIND'}"),
			"linux.memoryPolicy.nodes: missing, and MPOL_BIND needs it"},
		{LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}"),
			"linux.memoryPolicy.nodes: not with MPOL_LOCAL"},
		{LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-'}"),
			"linux.memoryPolicy.nodes: \"0-\" is not a list like \"0-3,7\""},
		{LINUX("'memoryPolicy':{'mode':'MPOL_DEFAULT','flags':['X']}"),
			"linux.memoryPolicy.flags[0]: unknown flag \"X\""},
		{LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0',"
		       "'flags':['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']}"),
			"linux.memoryPolicy.flags: nodes are either relative or static"},
	};

	EXPECT_ALL(rules);
}

static void test_vm(void)
{
#define VM(properties) "'vm':{'kernel':{'path':'/k'}," properties "}"
	static const struct rule rules[] = {
		{"'vm':{'kernel':{'path':'k'}}", "vm.kernel.path: \"k\" is not an absolute path"},
		{"'vm':{'kernel':{'path':'/k','initrd':'i'}}",
			"vm.kernel.initrd: \"i\" is not an absolute path"},
		{VM("'hypervisor':{'path':'h'}"), "vm.hypervisor.path: \"h\" is not an absolute path"},
		{VM("'hypervisor':{}"), "vm.hypervisor.path: missing"},
		{VM("'image':{'path':'/i'}"), ""},
		{VM("'image':{'path':'i'}"), "vm.image.path: \"i\" is not an absolute path"},
		{VM("'image':{'path':'/i','format':'iso'}"), "vm.image.format: unknown format \"iso\""},
		{VM("'hwConfig':{'vcpus':0}"), "vm.hwConfig.vcpus: must be greater than 0"},
		{VM("'hwConfig':{'memory':0}"), "vm.hwConfig.memory: must be greater than 0"},
		{VM("'hwConfig':{'iomems':[{'firstMFN':1,'nrMFNs':0}]}"),
			"vm.hwConfig.iomems[0].nrMFNs: must be greater than 0"},
		{VM("'hwConfig':{'iomems':[{'firstMFN':18446744073709551615,'nrMFNs':1}]}"),
			"vm.hwConfig.iomems[0]: goes beyond the last frame"},
	};

	EXPECT_ALL(rules);
}

int main(void)
{
	RUN(test_version);
	RUN(test_config);
	RUN(test_hooks);
	RUN(test_process);
	RUN(test_scheduler);
	RUN(test_capabilities);
	RUN(test_namespaces);
	RUN(test_devices);
	RUN(test_sysctl);
	RUN(test_resources);
	RUN(test_seccomp);
	RUN(test_linux);
	RUN(test_vm);
	return unit_end();
}
