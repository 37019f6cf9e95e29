/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of system calls. Linked with what is shipped, not with the sanitized objects: a sanitizer makes
 * calls of its own.
 */
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <xen/xen.h>

/* They use its types. */
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

#include "container/confine.h"
#include "tests/unit/folder_fixture.h"

#define DOCUMENT  "docs/security.md"
#define CALLS_MAX 1024 /* far more than Linux has */

/* Firecracker's filter for its main thread on x86_64 allows 50 different calls. */
#define CALLS_OF_FIRECRACKER 50
/* As docs/security.md and SECURITY.md say. */
#define CALLS_TOLD 37
_Static_assert(CALLS_TOLD < CALLS_OF_FIRECRACKER, "fewer than a virtual machine monitor's");

static void enter(enum confined who)
{
	struct error err = {0};
	struct filter *filter = confine_filter(who, &err);

	if (!filter || confine_calls(filter, &err)) {
		printf("# %s\n", error_message(&err));
		fflush(stdout);
		_exit(9);
	}
}

/* The wait status of a process that does something, and enters a filter on the way. */
static int in_child(void (*do_it)(void *arg), void *arg)
{
	static char buffer[BUFSIZ];
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {0};

		/* The first byte would have it ask what it writes to. */
		setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
		setrlimit(RLIMIT_CORE, &none);
		confine_heap();
		unit_failed = false;
		do_it(arg);
		fflush(stdout);
		_exit(unit_failed);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	return status;
}

static bool killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool went_well(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Every message that a folder share answers. */

static int do_fsync(struct client *client, uint32_t fid, uint32_t only_data)
{
	begin(client, P9_TFSYNC);
	put32(client, fid);
	put32(client, only_data);
	return call(client);
}

static int do_statfs(struct client *client, uint32_t fid)
{
	begin(client, P9_TSTATFS);
	put32(client, fid);
	return call(client);
}

static void files(struct client *client)
{
	static char bytes[100000];

	CHECK_EQ(do_walk(client, 0, 1, ""), 0);
	CHECK_EQ(do_lcreate(client, 1, "file", O_RDWR | O_CREAT, 0640, 5), 0);
	CHECK_EQ(do_write(client, 1, 0, bytes, sizeof(bytes)), sizeof(bytes));
	CHECK_EQ(do_read(client, 1, 10, bytes, sizeof(bytes)), sizeof(bytes) - 10);
	CHECK_EQ(do_fsync(client, 1, 0), 0);
	CHECK_EQ(do_fsync(client, 1, 1), 0);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_WRITE, 0, 0, 1), 0);
	CHECK_EQ(do_getlock(client, 1, P9_LOCK_WRITE, 1), P9_LOCK_UNLOCK);
	CHECK_EQ(do_lock(client, 1, P9_LOCK_UNLOCK, 0, 0, 1), 0);
	/* Everything that Tsetattr may be about, and a size by a fid that is not open. */
	CHECK_EQ(do_setattr(client, 1, 0x1ff, 0600, 3, 4, 50), 0);
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_setattr(client, 2, P9_SETATTR_SIZE, 0, 0, 0, 20), 0);
	CHECK_EQ(do_setattr(client, 2, P9_SETATTR_ATIME | P9_SETATTR_MTIME, 0, 0, 0, 0), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDWR | O_TRUNC | O_APPEND | O_NOATIME), 0);
	CHECK_EQ(do_clunk(client, 2), 0);
	/* By another user: who owns it is changed, and set-user-id kept. */
	CHECK_EQ(do_attach(client, 3, 1000), 0);
	CHECK_EQ(do_lcreate(client, 3, "other", O_WRONLY | O_CREAT, 04755, 1000), 0);
	CHECK_EQ(do_write(client, 3, 0, "x", 1), 1);
	CHECK_EQ(do_clunk(client, 3), 0);
}

static void folders(struct client *client)
{
	struct p9_attributes attributes;
	char text[256];

	CHECK_EQ(do_mkdir(client, 0, "dir", 0755, 0), 0);
	CHECK_EQ(do_mknod(client, 0, "fifo", S_IFIFO | 0600, 0, 0, 7), 0);
	CHECK_EQ(do_symlink(client, 0, "link", "/etc/passwd", 0), 0);
	CHECK_EQ(do_walk(client, 0, 4, "link"), 0);
	CHECK_EQ(do_readlink(client, 4, text), 0);
	CHECK_EQ(do_link(client, 0, 1, "hard"), 0);
	CHECK_EQ(do_getattr(client, 4, &attributes), 0);
	CHECK_EQ(do_statfs(client, 0), 0);
	CHECK_EQ(do_walk(client, 0, 5, "dir"), 0);
	CHECK_EQ(do_renameat(client, 0, "hard", 5, "renamed"), 0);
	CHECK_EQ(do_walk(client, 5, 6, "renamed"), 0);
	CHECK_EQ(do_rename(client, 6, 0, "back"), 0);
	CHECK_EQ(do_remove(client, 6), 0);
	CHECK_EQ(do_unlinkat(client, 0, "fifo", 0), 0);
	CHECK_EQ(do_walk(client, 0, 7, ""), 0);
	CHECK_EQ(do_lopen(client, 7, O_RDONLY | O_DIRECTORY), 0);
	CHECK_EQ(do_readdir(client, 7, 0, 4096), 0);
	CHECK_EQ(do_readdir(client, 7, 0, 4096), 0);
	CHECK_EQ(do_lock(client, 7, P9_LOCK_READ, 0, 0, 1), 0);
	CHECK_EQ(do_lock(client, 7, P9_LOCK_UNLOCK, 0, 0, 1), 0);
	CHECK_EQ(do_clunk(client, 7), 0);
	CHECK_EQ(do_unlinkat(client, 0, "dir", P9_AT_REMOVEDIR), 0);
	CHECK_EQ(do_walk(client, 0, 8, "missing"), -ENOENT);
}

static void attributes(struct client *client)
{
	CHECK_EQ(do_walk(client, 0, 10, "file"), 0);
	CHECK_EQ(do_xattrcreate(client, 10, "user.name", 3, 0), 0);
	CHECK_EQ(do_write(client, 10, 0, "abc", 3), 3);
	CHECK_EQ(do_clunk(client, 10), 0);
	CHECK_EQ(do_walk(client, 0, 10, "file"), 0);
	CHECK_EQ(do_xattrwalk(client, 10, 11, "user.name"), 3);
	CHECK(do_xattrwalk(client, 10, 12, "") > 0);
	CHECK_EQ(do_xattrcreate(client, 10, "user.name", 0, XATTR_REPLACE), 0);
	CHECK_EQ(do_clunk(client, 10), 0);
}

static void promises(struct client *client)
{
	struct p9_attributes attributes;

	CHECK_EQ(do_walk(client, 0, 20, "file"), 0);
	CHECK_EQ(do_getattr_of(client, 20, P9_GETATTR_PROMISE, &attributes), 0);
	CHECK_EQ(do_setattr(client, 20, P9_SETATTR_MODE, 0600, 0, 0, 0), 0);
	CHECK_EQ(do_getattr_of(client, 20, P9_GETATTR_PROMISE, &attributes), 0);
	CHECK(attributes.valid & P9_GETATTR_PROMISE);
	CHECK_EQ(do_clunk(client, 20), 0);
}

/* More than the heap begins with, and given back: by brk(2). */
static void memory(struct client *client)
{
	for (uint32_t fid = 1000; fid < 9000; fid++)
		CHECK_EQ(do_walk(client, 0, fid, "file"), 0);
	for (uint32_t fid = 1000; fid < 9000; fid++)
		CHECK_EQ(do_clunk(client, fid), 0);
	free(malloc(50 << 20));
}

static void serve_all(void *arg)
{
	struct rlimit descriptors = {.rlim_cur = 20000, .rlim_max = 20000};
	struct folder_limits limits = {.proc_self_fd = -1};
	struct fixture *fixture;

	setrlimit(RLIMIT_NOFILE, &descriptors);
	limits.inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	fixture = set_up_on(arg, &limits);
	enter(CONFINED_STANDIN);
	files(&fixture->client);
	folders(&fixture->client);
	attributes(&fixture->client);
	promises(&fixture->client);
	CHECK_EQ(do_flush(&fixture->client, 1), 0);
	memory(&fixture->client);
	CHECK_EQ(do_version(&fixture->client, CLIENT_MSIZE, P9_VERSION), 0);
	fixture->client.share->free(fixture->client.share);
}

static void a_folder_is_served_under_the_filter(void)
{
	/* Where there are extended attributes, which not every /tmp has. */
	char where[] = "build/xenrun-unit-XXXXXX", *path;

	CHECK(mkdtemp(where) != NULL);
	path = realpath(where, NULL);
	CHECK(went_well(in_child(serve_all, path)));
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

static void exhaust(void *arg)
{
	struct rlimit heap = {.rlim_cur = 32 << 20, .rlim_max = 32 << 20};
	size_t got = 0;

	(void)arg;
	setrlimit(RLIMIT_DATA, &heap);
	enter(CONFINED_STANDIN);
	while (got < 1000 && malloc(100000))
		got++;
	CHECK(got > 100 && got < 1000);
	errno = 0;
	CHECK(malloc(100000) == NULL);
	CHECK_EQ(errno, ENOMEM);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void without_memory_malloc_fails_and_nothing_else(void)
{
	CHECK(went_well(in_child(exhaust, NULL)));
}

static void make_text(void *arg)
{
	struct error err = {0};

	enter((enum confined) * (int *)arg);
	error_set(&err, ENOENT, "a %s", "text");
	CHECK(strcmp(error_message(&err), "a text: No such file or directory") == 0);
	error_clear(&err);
}

static void an_error_can_be_said(void)
{
	for (int who = CONFINED_STANDIN; who <= CONFINED_EXEC; who++)
		CHECK(went_well(in_child(make_text, &who)));
}

/* What is forbidden. */

static void execute(void)
{
	char *const args[] = {"/bin/true", NULL};

	execve(args[0], args, args + 1);
}

static void open_a_path(void)
{
	open("/etc/passwd", O_RDONLY);
}

static void open_a_path_below(void)
{
	openat(AT_FDCWD, "passwd", O_RDONLY);
}

static void make_a_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void send_to_an_address(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/socket"};

	sendto(0, "", 1, 0, (const struct sockaddr *)&address, sizeof(address));
}

static void trace(void)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void clone_itself(void)
{
	syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void fork_itself(void)
{
	fork();
}

static void map_a_program(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_code_of_data(void)
{
	static char page[8192];

	mprotect(page + (-(uintptr_t)page & 4095), 4096, PROT_READ | PROT_EXEC);
}

static void map_a_grant(void)
{
	ioctl(0, IOCTL_GNTDEV_MAP_GRANT_REF, 0);
}

static void bind_a_channel(void)
{
	ioctl(0, IOCTL_EVTCHN_BIND_INTERDOMAIN, 0);
}

static void type_at_a_terminal(void)
{
	ioctl(0, TIOCSTI, "x");
}

static void take_a_signal(void)
{
	fcntl(0, F_SETOWN, 1);
}

static void call_as_another_architecture(void)
{
	long number = 11; /* execve of i386 */

	__asm__ volatile("int $0x80" : "+a"(number) : "b"(0), "c"(0), "d"(0) : "memory");
}

struct attempt {
	enum confined who;
	void (*call)(void);
	long number;
};

static void try(void *arg)
{
	const struct attempt *attempt = arg;

	enter(attempt->who);
	if (attempt->call)
		attempt->call();
	else
		syscall(attempt->number, -1, -1, -1, -1, -1, -1);
}

static void what_is_forbidden_ends_the_process(void)
{
	static void (*const calls[])(void) = {execute, open_a_path, open_a_path_below, make_a_socket,
		send_to_an_address, trace, clone_itself, fork_itself, map_a_program, make_code_of_data,
		map_a_grant, bind_a_channel, type_at_a_terminal, take_a_signal, call_as_another_architecture};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		for (int who = CONFINED_STANDIN; who <= CONFINED_EXEC; who++) {
			struct attempt attempt = {.who = (enum confined)who, .call = calls[i]};

			if (!CHECK(killed(in_child(try, &attempt))))
				printf("# attempt %zu\n", i);
		}
}

static bool has_rule(enum confined who, long number)
{
	size_t count;
	const struct confine_rule *rules = confine_rules(who, &count);

	for (size_t i = 0; i < count; i++)
		if (rules[i].call == number)
			return true;
	return number == SYS_mmap; /* see above */
}

/* Each number that no rule names, and each of another architecture's. */
static void no_other_call_is_let_through(void)
{
	for (int who = CONFINED_STANDIN; who <= CONFINED_EXEC; who++)
		for (long number = 0; number < CALLS_MAX; number++) {
			struct attempt attempt = {.who = (enum confined)who, .number = number};

			/* The kernel's own, from where a probe put them, are under no filter, and fail
			 * elsewhere. */
			if (number == 335 || number == 336)
				continue;
			if (has_rule(attempt.who, number))
				attempt.number |= 0x40000000; /* of x32 */
			if (!CHECK(killed(in_child(try, &attempt))))
				printf("# call %ld\n", attempt.number);
		}
}

/* The calls that the document names in the first column of the table behind a mark, with commas around each.
 */
static void names_in_document(const char *mark, char *names, size_t size)
{
	FILE *file = fopen(DOCUMENT, "r");
	bool inside = false;
	char line[1024];

	snprintf(names, size, ",");
	if (!CHECK(file != NULL))
		return;
	while (fgets(line, sizeof(line), file)) {
		char *end = strchr(line + 1, '|'), *at = line;

		if (strstr(line, "<!--"))
			inside = strstr(line, mark) != NULL;
		if (!inside || line[0] != '|' || !end)
			continue;
		*end = '\0';
		/* In brackets are the values of arguments. */
		at[strcspn(at, "(")] = '\0';
		while ((at = strchr(at, '`'))) {
			size_t length = strcspn(++at, "`");

			snprintf(names + strlen(names), size - strlen(names), "%.*s,", (int)length, at);
			at += length + 1;
		}
	}
	fclose(file);
}

static size_t commas(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == ',';
	return count;
}

/* Each rule's name is in the document; and as many names are there as calls. Returns their number. */
static size_t compare(enum confined who, const char *mark)
{
	char document[4096], seen[4096] = ",", name[64];
	size_t count;
	const struct confine_rule *rules = confine_rules(who, &count);

	names_in_document(mark, document, sizeof(document));
	for (size_t i = 0; i < count; i++) {
		char *call = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, rules[i].call);

		snprintf(name, sizeof(name), ",%s,", call);
		free(call);
		if (!CHECK(strstr(document, name)))
			printf("# %s is not in %s\n", name, DOCUMENT);
		if (!strstr(seen, name))
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s", name + 1);
	}
	CHECK_EQ(commas(document), commas(seen));
	return commas(seen) - 1;
}

static void the_document_names_the_same_calls(void)
{
	CHECK_EQ(compare(CONFINED_STANDIN, "calls of the stand-in"), CALLS_TOLD);
	CHECK_EQ(compare(CONFINED_EXEC, "calls of exec"), 7);
}

int main(void)
{
	RUN(a_folder_is_served_under_the_filter);
	RUN(without_memory_malloc_fails_and_nothing_else);
	RUN(an_error_can_be_said);
	RUN(what_is_forbidden_ends_the_process);
	RUN(no_other_call_is_let_through);
	RUN(the_document_names_the_same_calls);
	return unit_end();
}
