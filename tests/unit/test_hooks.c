/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks as the runtime runs them: what they are given, what becomes of those that fail. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container/hooks.h"
#include "container/spec.h"
#include "tests/unit/unit.h"
#include "util/log.h"

#define STATE "{\"id\": \"box\", \"status\": \"creating\"}"

static char top[] = "/tmp/xenrun-hooks-XXXXXX";

static const char *read_back(const char *name)
{
	static char text[70000];
	int folder = open(top, O_PATH | O_CLOEXEC), fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return text;
}

static bool wrote(const char *name, const char *expected)
{
	const char *found = read_back(name);

	if (!strcmp(found, expected))
		return true;
	printf("# %s: %s\n", name, found);
	return false;
}

static void forget(const char *name)
{
	int folder = open(top, O_PATH | O_CLOEXEC);

	unlinkat(folder, name, 0);
	close(folder);
}

/* A hook that is a shell; `args` is the caller's, four places of it. */
static struct oci_hook shell(char *args[4], const char *script)
{
	args[0] = (char *)(uintptr_t) "sh";
	args[1] = (char *)(uintptr_t) "-c";
	args[2] = (char *)(uintptr_t)script;
	args[3] = NULL;
	return (struct oci_hook){.path = (char *)(uintptr_t) "/bin/sh", .args = args, .args_len = 3};
}

static int run_script(const char *script, int64_t *timeout, struct error *err)
{
	char *args[4];
	struct oci_hook hook = shell(args, script);

	hook.timeout = timeout;
	return hook_run(&hook, "createRuntime", 1, STATE, top, err);
}

static bool succeeds(const char *script)
{
	struct error err = {0};

	if (run_script(script, NULL, &err) == 0)
		return true;
	printf("# %s\n", error_message(&err));
	error_clear(&err);
	return false;
}

static bool fails(const char *script, int64_t *timeout, const char *message)
{
	struct error err = {0};
	bool failed = run_script(script, timeout, &err) != 0;
	bool same = failed && !strcmp(error_message(&err), message);

	if (!same)
		printf("# %s: %s\n", script, failed ? error_message(&err) : "no failure");
	error_clear(&err);
	return same;
}

static void gives_state_folder_and_arguments(void)
{
	char *args[] = {(char *)(uintptr_t) "name", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "echo \"$0 $1\" >args", (char *)(uintptr_t) "zero",
		(char *)(uintptr_t) "one two", NULL};
	struct oci_hook hook = {.path = (char *)(uintptr_t) "/bin/sh", .args = args, .args_len = 5};
	struct error err = {0};

	CHECK(succeeds("cat >state; pwd >folder"));
	CHECK(wrote("state", STATE));
	CHECK(!strncmp(read_back("folder"), top, strlen(top)));
	CHECK_EQ(hook_run(&hook, "prestart", 0, STATE, top, &err), 0);
	CHECK(wrote("args", "zero one two\n"));
	error_clear(&err);
	forget("state");
	forget("folder");
	forget("args");
}

/* Without args the path is the name; without an environment it is the caller's, else what is given alone. */
static void gives_the_environment(void)
{
	char *one[] = {(char *)(uintptr_t) "ONLY=this", NULL}, *none[] = {NULL}, *args[4];
	struct oci_hook hook =
		shell(args, "/usr/bin/env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= >env");
	struct error err = {0};

	setenv("OF_THE_CALLER", "yes", 1);
	CHECK_EQ(hook_run(&hook, "prestart", 0, STATE, top, &err), 0);
	CHECK(strstr(read_back("env"), "OF_THE_CALLER=yes\n"));
	hook.env = one;
	hook.env_len = 1;
	CHECK_EQ(hook_run(&hook, "prestart", 0, STATE, top, &err), 0);
	CHECK(wrote("env", "ONLY=this\n"));
	hook.env = none;
	hook.env_len = 0;
	hook_run(&hook, "prestart", 0, STATE, top, &err);
	CHECK(wrote("env", ""));
	error_clear(&err);
	forget("env");
}

static void goes_by_its_path_without_arguments(void)
{
	struct oci_hook hook = {.path = (char *)(uintptr_t) "/bin/true"};
	struct error err = {0};

	CHECK_EQ(hook_run(&hook, "prestart", 0, STATE, top, &err), 0);
	/* Its folder may be gone. */
	CHECK_EQ(hook_run(&hook, "prestart", 0, STATE, "/nonesuch", &err), 0);
	error_clear(&err);
}

static void runs_them_in_order(void)
{
	char *args[3][4];
	struct oci_hook hooks[] = {
		shell(args[0], "echo one >>order"),
		shell(args[1], "echo two >>order; exit 3"),
		shell(args[2], "echo three >>order"),
	};
	struct error err = {0};

	CHECK_EQ(hooks_run(hooks, 3, "createRuntime", STATE, top, &err), -1);
	CHECK(!strcmp(error_message(&err), "hooks.createRuntime[1]: /bin/sh: exit status 3"));
	CHECK(wrote("order", "one\ntwo\n"));
	error_clear(&err);
	hooks_run_all(hooks, 3, "poststop", STATE, top);
	CHECK(strstr(read_back("log"), "hooks.poststop[1]: /bin/sh: exit status 3\n"));
	CHECK(wrote("order", "one\ntwo\none\ntwo\nthree\n"));
	CHECK_EQ(hooks_run(NULL, 0, "createRuntime", STATE, top, &err), 0);
	forget("order");
}

static void tells_how_they_failed(void)
{
	CHECK(fails("exit 7", NULL, "hooks.createRuntime[1]: /bin/sh: exit status 7"));
	CHECK(fails("echo first; echo; echo 'no such bridge' >&2; echo; exit 1", NULL,
		"hooks.createRuntime[1]: /bin/sh: exit status 1: no such bridge"));
	CHECK(fails("printf 'a\\033b'; exit 1", NULL, "hooks.createRuntime[1]: /bin/sh: exit status 1: a?b"));
	CHECK(fails("kill -9 $$", NULL, "hooks.createRuntime[1]: /bin/sh: ended by signal 9 (Killed)"));
	/* Much output harms nobody. */
	CHECK(fails("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last; exit 2", NULL,
		"hooks.createRuntime[1]: /bin/sh: exit status 2: last"));
	CHECK(succeeds("head -c 3000000 /dev/zero"));
}

static void tells_what_cannot_be_executed(void)
{
	struct oci_hook hook = {.path = (char *)(uintptr_t) "/nonesuch/hook"};
	struct error err = {0};

	CHECK_EQ(hook_run(&hook, "poststart", 0, STATE, top, &err), -1);
	CHECK(!strcmp(error_message(&err), "hooks.poststart[0]: /nonesuch/hook: No such file or directory"));
	hook.path = (char *)(uintptr_t) "/etc/passwd";
	CHECK_EQ(hook_run(&hook, "poststart", 2, STATE, top, &err), -1);
	CHECK(!strcmp(error_message(&err), "hooks.poststart[2]: /etc/passwd: Permission denied"));
	error_clear(&err);
}

static void kills_what_takes_too_long(void)
{
	struct timespec begin, end, pause = {.tv_nsec = 100000000};
	int64_t second = 1, ages = INT64_MAX;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK(fails("echo $$ >pid; echo waits; sleep 1000 & wait", &second,
		"hooks.createRuntime[1]: /bin/sh: timed out after 1 seconds: waits"));
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK(end.tv_sec - begin.tv_sec < 10);
	/* Its child went with it; init takes its time to collect it. */
	pid = atoi(read_back("pid"));
	for (int tries = 0; pid > 0 && kill(-pid, 0) == 0 && tries < 50; tries++)
		nanosleep(&pause, NULL);
	CHECK(pid > 0 && kill(-pid, 0) && errno == ESRCH);
	forget("pid");
	/* One that ends in time is not waited for. */
	CHECK_EQ(run_script("exit 0", &second, &(struct error){0}), 0);
	CHECK_EQ(run_script("exit 0", &ages, &(struct error){0}), 0);
}

/* Neither a state that is not read nor one that is larger than any pipe makes it wait. */
static void takes_large_states(void)
{
	char *args[4], *state = malloc(4 << 20);
	struct oci_hook hook = shell(args, "wc -c >size");
	struct error err = {0};

	memset(state, 'x', (4 << 20) - 1);
	state[(4 << 20) - 1] = '\0';
	CHECK_EQ(hook_run(&hook, "prestart", 0, state, top, &err), 0);
	CHECK(wrote("size", "4194303\n"));
	hook = shell(args, "exit 0");
	CHECK_EQ(hook_run(&hook, "prestart", 0, state, top, &err), 0);
	free(state);
	forget("size");
}

static void gives_no_descriptors_and_no_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	unsigned long long blocked = 1, ignored = 1;
	int fds = unit_open_fds(), kept = dup(1);
	sigset_t all, original;

	sigfillset(&all);
	sigaction(SIGCHLD, &ignore, &before);
	sigprocmask(SIG_SETMASK, &all, &original);
	CHECK(succeeds("ls /proc/self/fd | wc -l >fds; grep -E '^Sig(Blk|Ign)' /proc/self/status >signals"));
	sigprocmask(SIG_SETMASK, &original, NULL);
	sigaction(SIGCHLD, &before, &ignore);
	CHECK(ignore.sa_handler == SIG_IGN);
	/* The fourth is ls's own. */
	CHECK(wrote("fds", "4\n"));
	CHECK_EQ(sscanf(read_back("signals"), "SigBlk:\t%llx\nSigIgn:\t%llx", &blocked, &ignored), 2);
	/* libc lets nobody change its own two. */
	CHECK_EQ(blocked | (ignored & ~(3ull << 31)), 0);
	close(kept);
	CHECK_EQ(unit_open_fds(), fds);
	forget("fds");
	forget("signals");
}

/* A caller may have closed its own. */
static void works_without_standard_streams(void)
{
	pid_t pid;
	int status = -1;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct error err = {0};

		for (int fd = 0; fd < 3; fd++)
			close(fd);
		if (run_script("cat >state; echo out >&2; exit 5", NULL, &err) == 0)
			_exit(1);
		_exit(strcmp(error_message(&err), "hooks.createRuntime[1]: /bin/sh: exit status 5: out") ? 2
													 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	CHECK(wrote("state", STATE));
	forget("state");
}

/* startContainer's are compiled for the zone. */
static void compiles_those_of_the_zone(void)
{
	static const char text[] =
		"{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"/r\"}, \"process\": {\"cwd\": \"/\", "
		"\"user\": "
		"{\"uid\": 0, \"gid\": 0}, \"args\": [\"sh\"]}, \"hooks\": {\"startContainer\": [{\"path\": "
		"\"/a\"}, "
		"{\"path\": \"/b\", \"args\": [\"b\", \"c\"], \"env\": [\"A=1\"], \"timeout\": 5}]}}";
	static const char first[] = "/a\0" STATE "\0/a", second[] = "/b\0" STATE "\0b\0c\0A=1";
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);
	struct spec spec = {0}, exec = {0};
	const uint32_t *fields;

	if (!CHECK(config)) {
		printf("# %s\n", error_message(&err));
		error_clear(&err);
		return;
	}
	CHECK_EQ(compile_container_process(config, STATE, &spec, &err), 0);
	CHECK_EQ(spec.types[spec.count - 4], ZONE_OP_READY);
	CHECK_EQ(spec.types[spec.count - 3], ZONE_OP_HOOK);
	CHECK_EQ(spec.types[spec.count - 2], ZONE_OP_HOOK);
	CHECK_EQ(spec.types[spec.count - 1], ZONE_OP_EXEC);
	CHECK(memmem(spec.data, spec.length, first, sizeof(first)));
	fields = memmem(spec.data, spec.length, second, sizeof(second));
	if (CHECK(fields)) {
		uint32_t values[4];

		memcpy(values, fields - 4, sizeof(values));
		CHECK(values[0] == 5 && values[1] == 2 && values[2] == 1 && values[3] == ZONE_HOOK_OWN_ENV);
	}
	spec_failure(&spec, config->process, spec.count - 2, ECANCELED, &err);
	CHECK(!strcmp(error_message(&err),
		"hooks.startContainer[1]: /b: ended by a signal, or its exit status is not 0"));
	spec_failure(&spec, config->process, spec.count - 2, ETIMEDOUT, &err);
	CHECK(!strcmp(error_message(&err), "hooks.startContainer[1]: /b: timed out"));
	spec_failure(&spec, config->process, spec.count - 3, ENOENT, &err);
	CHECK(!strcmp(error_message(&err), "hooks.startContainer[0]: /a: No such file or directory"));
	/* An exec has none. */
	CHECK_EQ(compile_exec(config->process, config->linux_, &exec, &err), 0);
	CHECK_EQ(exec.count, spec.count - 2);
	error_clear(&err);
	spec_free(&spec);
	spec_free(&exec);
	oci_config_free(config);
}

int main(void)
{
	char log[64];

	if (!mkdtemp(top))
		return 1;
	snprintf(log, sizeof(log), "%s/log", top);
	log_open(log, false, LOG_WARNING);
	RUN(gives_state_folder_and_arguments);
	RUN(gives_the_environment);
	RUN(goes_by_its_path_without_arguments);
	RUN(runs_them_in_order);
	RUN(tells_how_they_failed);
	RUN(tells_what_cannot_be_executed);
	RUN(kills_what_takes_too_long);
	RUN(takes_large_states);
	RUN(gives_no_descriptors_and_no_signals);
	RUN(works_without_standard_streams);
	RUN(compiles_those_of_the_zone);
	forget("log");
	rmdir(top);
	return unit_end();
}
