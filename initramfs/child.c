/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the new process does by itself. It was made by clone3 beside other threads: nothing here may
 * allocate, use stdio, or call what libc does for all threads.
 */
#include "initramfs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/credentials.h"
#include "initramfs/hook.h"
#include "initramfs/mounts.h"
#include "initramfs/network.h"
#include "initramfs/paths.h"
#include "initramfs/program.h"
#include "initramfs/syscalls.h"
#include "initramfs/terminal.h"
#include "initramfs/timens.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"
#include "util/passing.h"

/* Where the child has its descriptors, behind those of its process; nothing else is open. */
static int first = 3;
#define CHANNEL	  (first)
#define PROC	  (first + 1)
#define CONTAINER (first + 2)
#define OTHERS	  ((unsigned)first + 3)

/* Higher than any of the above, to move them out of each other's way. */
#define ASIDE (3 + ZONE_DESCRIPTORS_MAX + 3)

/* As many as have a bit. */
#define SYSCTLS_EARLY 64

struct child {
	const struct child_plan *plan;
	const struct spec *spec;
	struct root root;
	char **hooks;	       /* of the hooks to come, as the spec has them */
	uint32_t index;	       /* of the operation to blame */
	bool lesser;	       /* in a user namespace below the zone's */
	bool started;	       /* the word came before it was waited for */
	unsigned sysctls;      /* how many were come to */
	uint64_t sysctls_done; /* a bit for each that was set before its turn */
	char program[PROGRAM_MAX];
};

static int arrange_descriptors(const struct child_plan *plan)
{
	int channel = fcntl(plan->channel, F_DUPFD_CLOEXEC, ASIDE);
	int proc = fcntl(plan->proc, F_DUPFD_CLOEXEC, ASIDE);
	int container = plan->container < 0 ? -1 : fcntl(plan->container, F_DUPFD_CLOEXEC, ASIDE);
	int streams[3 + ZONE_DESCRIPTORS_MAX];

	first = 3 + (int)plan->spec->descriptors;
	for (int i = 0; i < first; i++)
		streams[i] = fcntl(plan->streams[i], F_DUPFD_CLOEXEC, ASIDE);
	/* Hooks are to have none but the standard ones. */
	for (int i = 0; i < first; i++)
		if ((i < 3 ? dup2(streams[i], i) : dup3(streams[i], i, O_CLOEXEC)) < 0)
			return -1;
	if (dup3(channel, CHANNEL, O_CLOEXEC) < 0 || dup3(proc, PROC, O_CLOEXEC) < 0)
		return -1;
	if (container < 0)
		close(CONTAINER);
	else if (dup3(container, CONTAINER, O_CLOEXEC) < 0)
		return -1;
	/* What zone init has open is none of the container's business, nor of who may look at this process.
	 */
	return sys_close_range(OTHERS, ~0U, 0);
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	/* Two of them cannot be set, and those that libc keeps for itself are the default already. */
	for (int signal = 1; signal < _NSIG; signal++)
		sigaction(signal, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int write_file(int folder, const char *path, const char *value, size_t length)
{
	cleanup_close int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, value, length) < 0 ? -1 : 0;
}

static int set_sysctl(const struct op *op)
{
	struct zone_open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = ZONE_RESOLVE_BENEATH | ZONE_RESOLVE_NO_SYMLINKS,
	};
	cleanup_close int sys = sys_openat2(PROC, "sys", &how), fd = -1;

	how.flags = O_WRONLY | O_CLOEXEC;
	fd = sys < 0 ? -1 : sys_openat2(sys, op_string(op, 0), &how);
	return fd < 0 || write(fd, op_string(op, 1), strlen(op_string(op, 1))) < 0 ? -1 : 0;
}

static int send_message(const struct child_message *message)
{
	return send(CHANNEL, message, sizeof(*message), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* The next message for the child. That the channel has closed is the end of all. */
static uint32_t next_message(uint32_t *error)
{
	struct child_message message;
	ssize_t length;

	while ((length = receive(CHANNEL, &message, sizeof(message), 0)) < 0 && errno == EINTR)
		;
	if (length != sizeof(message))
		_exit(1);
	*error = message.arg[0];
	return message.type;
}

/* Waits until zone init has done its part. */
static int await_done(struct child *child)
{
	uint32_t type, error = 0;

	while ((type = next_message(&error)) != CHILD_DONE)
		child->started |= type == CHILD_START;
	if (!error)
		return 0;
	errno = (int)error;
	return -1;
}

static int set_oom_score(struct child *child, const struct op *op)
{
	struct child_message message = {.type = CHILD_SCORE, .arg = {op_u32(op, 0)}};
	char text[16], *digit = text + sizeof(text);
	int32_t score = (int32_t)op_u32(op, 0);
	uint32_t left = score < 0 ? 0U - (uint32_t)score : (uint32_t)score;

	if (child->lesser)
		return send_message(&message) ? -1 : await_done(child);
	do
		*--digit = (char)('0' + left % 10);
	while (left /= 10);
	if (score < 0)
		*--digit = '-';
	return write_file(PROC, "self/oom_score_adj", digit, (size_t)(text + sizeof(text) - digit));
}

static int set_limit(struct child *child, const struct op *op)
{
	struct child_message message = {
		.type = CHILD_LIMIT,
		.arg = {op_u32(op, 0)},
		.value = {op_u64(op, 8), op_u64(op, 16)},
	};
	struct {
		uint64_t soft, hard;
	} limit = {op_u64(op, 8), op_u64(op, 16)};

	if (child->lesser)
		return send_message(&message) ? -1 : await_done(child);
	return (int)syscall(SYS_prlimit64, 0, op_u32(op, 0), &limit, NULL);
}

static int set_scheduler(const struct op *op)
{
	struct zone_sched_attr attr = {
		.size = sizeof(attr),
		.policy = op_u32(op, 0),
		.nice = (int32_t)op_u32(op, 1),
		.priority = op_u32(op, 2),
		.flags = op_u64(op, 16),
		.runtime = op_u64(op, 24),
		.deadline = op_u64(op, 32),
		.period = op_u64(op, 40),
	};

	return (int)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static int set_io_priority(const struct op *op)
{
	return (int)syscall(SYS_ioprio_set, ZONE_IOPRIO_WHO_PROCESS, 0, op_u32(op, 0));
}

static int set_affinity(const struct op *op)
{
	return (int)syscall(SYS_sched_setaffinity, 0, op->tail_length, op->tail);
}

/* The working folder is made while the root can still be written to. */
static int pivot(struct child *child)
{
	const struct op *cwd = &child->spec->cwd;
	cleanup_close int fd = -1;

	if (mounts_pivot(&child->root))
		return -1;
	if (!cwd->fields || !op_u32(cwd, 0))
		return 0;
	child->index = cwd->index;
	fd = path_make(child->root.fd, cwd->strings, PATH_FOLDER);
	return fd < 0 ? -1 : 0;
}

/* Zone init gets the terminal's other end. The container has it as its console, too. */
static int open_terminal(struct child *child, const struct op *op)
{
	struct child_message message = {.type = CHILD_TERMINAL};
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), master = -1;

	master = root < 0 ? -1 : terminal_open(root, op_u32(op, 0), op_u32(op, 1), op_u32(op, 2));
	if (master < 0 || (child->spec->container && mounts_console(&child->root, STDIN_FILENO)))
		return -1;
	return send_with(CHANNEL, &message, sizeof(message), &master, 1) < 0 ? -1 : 0;
}

/* Takes its rights, finds its program, and waits to be started. */
static int get_ready(struct child *child, const struct op *op)
{
	struct child_message message = {.type = CHILD_READY, .arg = {(uint32_t)getpid()}};
	uint32_t ignored;

	if (credentials_apply(child->spec, &child->index))
		return -1;
	child->index = op->index;
	if (program_find(child->spec, child->program))
		return -1;
	if (send_message(&message))
		return -1;
	while (!child->started)
		child->started = next_message(&ignored) == CHILD_START;
	return 0;
}

static int execute(struct child *child, const struct op *op)
{
	/* All of them are so opened; one that was forgotten must not be a way out. */
	sys_close_range((unsigned)CHANNEL, ~0U, ZONE_CLOSE_RANGE_CLOEXEC);
	for (int fd = 3; fd < first; fd++)
		fcntl(fd, F_SETFD, 0);
	/* From here on the container's filter may kill for any other call than the exec. */
	if (credentials_last(child->spec, &child->index))
		return -1;
	child->index = op->index;
	return execve(child->program, child->spec->args, child->spec->env);
}

/*
 * Some belong to the zone's root, who a process of a lesser user namespace is at first only; to which root
 * those of IPC do differs between kernels. What fails here is tried again in its turn.
 */
static void set_sysctls_early(struct child *child)
{
	const uint8_t *position = NULL;
	struct op op = {0};
	unsigned place = 0;

	while (spec_next(child->spec, &position, &op))
		if (op.type == ZONE_OP_SYSCTL && place++ < SYSCTLS_EARLY && !set_sysctl(&op))
			child->sysctls_done |= 1ULL << (place - 1);
}

static int set_sysctl_late(struct child *child, const struct op *op)
{
	unsigned place = child->sysctls++;

	if (place < SYSCTLS_EARLY && child->sysctls_done >> place & 1)
		return 0;
	return set_sysctl(op);
}

static int run(struct child *child, const struct op *op)
{
	switch (op->type) {
	case ZONE_OP_ROOT:
		return mounts_root(&child->root, child->spec->clone_flags & CLONE_NEWUSER);
	case ZONE_OP_PROPAGATION:
		return mounts_propagation(&child->root, op);
	case ZONE_OP_MOUNT:
	case ZONE_OP_MOUNT_COPY:
		return mounts_mount(&child->root, op);
	case ZONE_OP_SHM:
		return mounts_shm(&child->root, op);
	case ZONE_OP_MOUNT_ATTR:
		return mounts_attributes(&child->root, op);
	case ZONE_OP_MKNOD:
		return mounts_mknod(&child->root, op);
	case ZONE_OP_SYMLINK:
		return mounts_symlink(&child->root, op);
	case ZONE_OP_PIVOT:
		return pivot(child);
	case ZONE_OP_HOSTNAME:
		return sethostname(op->strings, strlen(op->strings));
	case ZONE_OP_DOMAINNAME:
		return setdomainname(op->strings, strlen(op->strings));
	case ZONE_OP_SYSCTL:
		return set_sysctl_late(child, op);
	case ZONE_OP_READONLY_PATH:
		return mounts_readonly_path(&child->root, op);
	case ZONE_OP_MASK_PATH:
		return mounts_mask_path(&child->root, op);
	case ZONE_OP_READONLY_ROOT:
		return mounts_readonly_root(&child->root);
	case ZONE_OP_OOM_SCORE_ADJ:
		return set_oom_score(child, op);
	case ZONE_OP_RLIMIT:
		return set_limit(child, op);
	case ZONE_OP_PERSONALITY:
		return personality(op_u32(op, 0)) < 0 ? -1 : 0;
	case ZONE_OP_TERMINAL:
		return open_terminal(child, op);
	case ZONE_OP_SCHEDULER:
		return set_scheduler(op);
	case ZONE_OP_IO_PRIORITY:
		return set_io_priority(op);
	case ZONE_OP_AFFINITY:
		return set_affinity(op);
	case ZONE_OP_READY:
		return get_ready(child, op);
	case ZONE_OP_HOOK:
		return hook_run(op, &child->hooks, child->spec->env);
	case ZONE_OP_EXEC:
		return execute(child, op);
	default:
		/* Done in the zone's context, or collected for credentials_apply(). */
		return 0;
	}
}

/* Until then it is nobody in its user namespace, and files that it makes have no owner. */
static int become_root(const struct child *child)
{
	return child->lesser && (sys_setresgid(0) || sys_setresuid(0)) ? -1 : 0;
}

/* Comes to be where the operations mean something. */
static int enter(struct child *child)
{
	const struct child_plan *plan = child->plan;
	uint32_t namespaces = plan->container >= 0 ? plan->join : child->spec->clone_flags;

	/* Whoever shares the namespaces must not read zone init's memory from its copy. */
	prctl(PR_SET_DUMPABLE, 0);
	reset_signals();
	setsid();
	umask(0);
	if (arrange_descriptors(plan))
		return -1;
	child->lesser = namespaces & CLONE_NEWUSER;
	if (plan->container >= 0)
		return plan->join && setns(CONTAINER, (int)plan->join) ? -1 : become_root(child);
	if (namespaces & (CLONE_NEWUSER | CLONE_NEWNET) && await_done(child))
		return -1;
	/* By now it is in its cgroup, which is the root that the namespace shows; clone3 would take its
	 * parent's. */
	if (namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP))
		return -1;
	/* Its files in /proc are root's, who this still is. */
	if (namespaces & ZONE_CLONE_NEWTIME && timens_enter(PROC, child->spec, &child->index))
		return -1;
	/* The new namespace's message queues are made at once, and are whose file system user this is. */
	if (child->lesser && namespaces & CLONE_NEWIPC &&
		(syscall(SYS_setfsgid, 0) < 0 || syscall(SYS_setfsuid, 0) < 0 || unshare(CLONE_NEWIPC)))
		return -1;
	if (namespaces & CLONE_NEWNET && network_loopback())
		return -1;
	if (child->lesser)
		set_sysctls_early(child);
	return become_root(child);
}

void child_run(const struct child_plan *plan)
{
	struct child child = {.plan = plan,
		.spec = plan->spec,
		.root = {.fd = -1, .volumes = -1},
		.hooks = plan->spec->hooks};
	struct child_message failed = {.type = CHILD_FAILED};
	const uint8_t *position = NULL;
	struct op op = {0};

	if (!plan->spec->container)
		/* None of an exec's operations says what it joins. */
		child.index = UINT32_MAX;
	if (!enter(&child)) {
		while (spec_next(child.spec, &position, &op)) {
			child.index = op.index;
			if (run(&child, &op))
				break;
		}
	}
	failed.arg[0] = child.index;
	failed.arg[1] = (uint32_t)errno;
	send_message(&failed);
	_exit(1);
}
