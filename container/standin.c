/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in: the process whose pid is the container's. It lives in the container's host namespaces with
 * the container's root as /, serves the zone's shares, carries the standard streams, passes on signals that
 * it is sent, and ends as the container ended. It alone parses what the guest writes; the monitor gets
 * fixed-size records from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "container/confine.h"
#include "container/idmap.h"
#include "container/process.h"
#include "container/processes.h"
#include "container/terminal.h"
#include "libocispec/names.h"
#include "rootfs/control.h"
#include "rootfs/folder.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/passing.h"

/* What `end` with no better word gives: as a shell says of what could not go on. */
#define STATUS_LOST 255

/* What all that a guest can have it keep comes to: docs/security.md adds it up. */
#define HEAP_MAX (512ul << 20)

/* How long the guest has to unmount what it has of a member that has ended: so many looks, and a look waits
 * so long. */
#define LEAVE_LOOKS	  800
#define LEAVE_NANOSECONDS 5000000

/* Files that a zone may know of in a share: its kernel takes about a KiB for each, so that it is its own
 * memory that an honest one runs out of. */
#define FIDS_MIN 65536
#define FIDS_MAX 262144

/* The most that a kernel gives unless it is told otherwise (fs.nr_open). */
#define DESCRIPTORS_MAX (1 << 20)

struct standin {
	struct container *container;
	int monitor;
	int signals;
	int root, volumes, proc_self_fd; /* what the shares are made from */
	int changes;			 /* in the volumes, by inotify(7); theirs once they are served */
	struct server *server;
	struct filter *filter; /* NULL: in force */
	uint32_t devices;      /* that are mapped */
	struct share *control;
	struct processes processes;
	struct process container_process; /* number 0 */
	bool ended;
	bool booted; /* zone init has mounted its control share */
	int status;
};

static void send_monitor(struct standin *standin, const struct message *message)
{
	if (send(standin->monitor, message, sizeof(*message), MSG_NOSIGNAL) < 0)
		_exit(STATUS_LOST);
}

/* Why the container ended, where nobody in it could say so. */
static void say_why(struct standin *standin, struct message *message)
{
	struct stream *errors = &standin->container_process.streams[2];
	const char *text = message->u.text;

	message->u.text[sizeof(message->u.text) - 1] = '\0';
	if (*text && stream_write(errors, text, strlen(text)) > 0)
		stream_write(errors, "\n", 1);
}

static void __attribute__((noreturn)) give_up(struct standin *standin, const struct error *err)
{
	struct message message = {.type = MESSAGE_BROKEN};

	snprintf(message.u.text, sizeof(message.u.text), "%s", error_message(err));
	send_monitor(standin, &message);
	/* The monitor says how to end; an answer of another kind may come before. */
	while (receive(standin->monitor, &message, sizeof(message), 0) == (ssize_t)sizeof(message))
		if (message.type == MESSAGE_END) {
			say_why(standin, &message);
			_exit((int)message.number);
		}
	_exit(STATUS_LOST);
}

/* control.h's calls */

static int control_spec(void *arg, uint32_t process, const uint8_t **data, size_t *length)
{
	struct standin *standin = arg;
	const struct process *found = processes_find(&standin->processes, process);

	if (!found)
		return -ENOENT;
	*data = found->spec;
	*length = found->spec_length;
	return 0;
}

static void control_report(void *arg, const struct zone_report *report)
{
	struct standin *standin = arg;
	struct message message = {.type = MESSAGE_REPORT, .u.report = *report};

	standin->booted |= report->type == ZONE_REPORT_BOOTED;
	if (report->process != 0) {
		processes_report(&standin->processes, report);
		return;
	}
	if (standin->ended)
		return;
	send_monitor(standin, &message);
	if (report->type == ZONE_REPORT_EXITED) {
		standin->ended = true;
		standin->status = exit_status((int)report->arg[0]);
	}
}

/* A stream of a process, if it has it. */
static struct stream *find_stream(void *arg, uint32_t process, uint32_t stream)
{
	struct standin *standin = arg;
	struct process *found = processes_find(&standin->processes, process);

	return found && stream < found->stream_count ? &found->streams[stream] : NULL;
}

static ssize_t control_stream_read(void *arg, uint32_t process, uint32_t stream, void *buffer, size_t length)
{
	struct stream *found = find_stream(arg, process, stream);

	return found ? stream_read(found, buffer, length) : -ENOENT;
}

static ssize_t control_stream_write(
	void *arg, uint32_t process, uint32_t stream, const void *data, size_t length)
{
	struct stream *found = find_stream(arg, process, stream);

	return found ? stream_write(found, data, length) : -ENOENT;
}

/* Who reads it is to see its end, though the process goes on. */
static void control_stream_end(void *arg, uint32_t process, uint32_t stream)
{
	struct stream *found = find_stream(arg, process, stream);

	if (found)
		stream_close(found);
}

static const struct control_ops control_ops = {
	.spec = control_spec,
	.report = control_report,
	.stream_read = control_stream_read,
	.stream_write = control_stream_write,
	.stream_end = control_stream_end,
};

/* A fid can have three, and FIDS_MAX of two shares then have more than there are: a guest that takes all it
 * can get leaves one of 32 for the streams of exec, and for all else. */
static uint32_t descriptors_of_share(const struct standin *standin)
{
	const rlim_t shares = standin->container->volumes.len ? 2 : 1;
	struct rlimit files = {.rlim_cur = 0};

	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > DESCRIPTORS_MAX)
		files.rlim_cur = DESCRIPTORS_MAX;
	return (uint32_t)((files.rlim_cur - files.rlim_cur / 32) / shares);
}

static struct share *make_share(struct standin *standin, uint32_t number, struct error *err)
{
	const uint64_t memory_kib = standin->container->memory_kib;
	struct folder_limits limits = {
		.proc_self_fd = standin->proc_self_fd,
		.fids = memory_kib < FIDS_MIN	? FIDS_MIN
			: memory_kib > FIDS_MAX ? FIDS_MAX
						: (uint32_t)memory_kib,
		.descriptors = descriptors_of_share(standin),
	};

	switch (number) {
	case 0:
		return standin->control;
	case 1:
		limits.exclusive = true;
		return folder_new(steal_fd(&standin->root), &limits, err);
	case 2:
		limits.inotify_fd = standin->changes;
		return folder_new(steal_fd(&standin->volumes), &limits, err);
	default:
		error_set(err, 0, "the guest offers a device that was not given to it");
		return NULL;
	}
}

/* Nothing that the guest wrote has been read so far but where its rings are. */
static int confine(struct standin *standin, uint32_t domid, struct error *err)
{
#ifndef SANITIZED
	const struct rlimit heap = {.rlim_cur = HEAP_MAX, .rlim_max = HEAP_MAX};

	if (setrlimit(RLIMIT_DATA, &heap))
		return error_set(err, errno, "cannot limit the stand-in's memory");
#endif
	if (server_restrict(standin->server, domid, err))
		return -1;
	return confine_calls(steal_pointer(&standin->filter), err);
}

static void attach_device(struct standin *standin, const struct zone_device *device)
{
	const uint32_t wanted = standin->container->volumes.len ? 3 : 2;
	struct message message = {.type = MESSAGE_CONNECTED, .number = device->number};
	struct error err = {0};
	struct share *share;

	if (!standin->filter) {
		error_set(&err, 0, "the guest offers a device that was not given to it");
		give_up(standin, &err);
	}
	share = make_share(standin, device->number, &err);
	if (!share || server_attach(standin->server, device, share, &err))
		give_up(standin, &err);
	/* Its requests wait until all devices are there: who could keep one back would meet a stand-in that
	 * can still map what it likes. */
	if (++standin->devices == wanted && confine(standin, device->domid, &err))
		give_up(standin, &err);
	send_monitor(standin, &message);
}

/* A member's zone goes on: its kernel is not to find nobody behind what it has mounted. */
static void leave(struct standin *standin)
{
	const struct timespec patience = {.tv_nsec = LEAVE_NANOSECONDS}, none = {0};
	const struct message message = {.type = MESSAGE_LEFT};
	struct error err = {0};

	standin->ended = true;
	if (!standin->container->owner || !standin->booted || standin->filter)
		return;
	for (int look = 0; look < LEAVE_LOOKS && !server_idle(standin->server); look++) {
		struct pollfd fds = {.fd = server_fd(standin->server), .events = POLLIN};

		if (processes_wait(&standin->processes, &fds, 1,
			    server_listen(standin->server) ? &patience : &none) ||
			(fds.revents && server_event(standin->server, &err)) ||
			server_serve(standin->server, &err))
			return;
	}
	if (server_idle(standin->server))
		send(standin->monitor, &message, sizeof(message), MSG_NOSIGNAL);
}

static void __attribute__((noreturn)) end(struct standin *standin, int status)
{
	leave(standin);
	/* The rings must be let go of before the zone can be destroyed; an exit does so, at once. */
	_exit(status);
}

static void monitor_event(struct standin *standin)
{
	struct message message;
	int fds[PASSING_MAX];
	size_t count;
	ssize_t got = receive_with(standin->monitor, &message, sizeof(message), MSG_DONTWAIT, fds, &count);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Without a monitor there is no zone. */
	if (got != (ssize_t)sizeof(message))
		_exit(STATUS_LOST);
	switch (message.type) {
	case MESSAGE_DEVICE:
		attach_device(standin, &message.u.device);
		break;
	case MESSAGE_EVENT:
		control_event(standin->control, &message.u.event);
		break;
	case MESSAGE_EXEC:
		processes_add(&standin->processes, message.number, fds, count);
		break;
	case MESSAGE_END:
		say_why(standin, &message);
		end(standin, (int)message.number);
	default:
		break;
	}
}

/* A signal for this pid is meant for the container. */
static void signal_event(struct standin *standin)
{
	struct signalfd_siginfo info;
	struct zone_event event = {0};

	if (read(standin->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (terminal_event(standin->container->config->process->terminal, standin->container_process.streams,
		    &info, &event))
		control_event(standin->control, &event);
}

/* Serves until the container has ended. */
static void serve(struct standin *standin)
{
	const struct timespec now = {0};
	struct error err = {0};

	while (!standin->ended) {
		bool serving = !standin->filter;
		struct pollfd fds[] = {
			{.fd = serving ? server_fd(standin->server) : -1, .events = POLLIN},
			{.fd = standin->monitor, .events = POLLIN},
			{.fd = standin->signals, .events = POLLIN},
			{.fd = serving ? standin->changes : -1, .events = POLLIN},
		};

		if (processes_wait(&standin->processes, fds, sizeof(fds) / sizeof(*fds),
			    serving && !server_listen(standin->server) ? &now : NULL))
			_exit(STATUS_LOST);
		if (fds[0].revents && server_event(standin->server, &err))
			give_up(standin, &err);
		if (serving && server_serve(standin->server, &err))
			give_up(standin, &err);
		if (fds[1].revents)
			monitor_event(standin);
		if (fds[2].revents)
			signal_event(standin);
		if (fds[3].revents)
			server_changed(standin->server);
	}
}

/* Its root is the cgroup that the stand-in is in. */
static int make_cgroup_namespace(const struct oci_config *config, struct error *err)
{
	const struct oci_linux *l = config->linux_;

	for (size_t i = 0; l && i < l->namespaces_len; i++)
		if (strcmp(l->namespaces[i].type, "cgroup") == 0 && unshare(CLONE_NEWCGROUP))
			return error_set(err, errno, "linux.namespaces[%zu]", i);
	return 0;
}

/*
 * A user namespace for the stand-in of a container that has one: who looks for it finds it, and the stand-in
 * has no capability over this host but those over files. It has all IDs as they are: files are the guest's,
 * which maps them. *fd stays as it is where none is wanted.
 */
static int make_user_namespace(const struct oci_config *config, int *fd, struct error *err)
{
	const struct oci_id_mapping all = {.size = UINT32_MAX};
	const struct oci_linux *l = config->linux_;

	for (size_t i = 0; l && i < l->namespaces_len; i++) {
		if (strcmp(l->namespaces[i].type, "user") != 0)
			continue;
		*fd = idmap_namespace(&all, 1, &all, 1);
		if (*fd < 0)
			return error_set(err, errno, "linux.namespaces[%zu]", i);
	}
	return 0;
}

/* The namespaces that config.json names by a path. */
static int join_namespaces(const struct container *container, struct error *err)
{
	const struct oci_linux *l = container->config->linux_;

	for (size_t i = 0; l && i < l->namespaces_len; i++) {
		const struct oci_namespace *ns = &l->namespaces[i];
		cleanup_close int fd = -1;

		if (!ns->path || !*ns->path)
			continue;
		/* It is the zone's processes that are shared; the stand-in is the first of a namespace in any
		 * case. */
		if (strcmp(ns->type, "pid") == 0 && container->shared & CLONE_NEWPID)
			continue;
		if (strcmp(ns->type, "network") != 0 && strcmp(ns->type, "ipc") != 0 &&
			strcmp(ns->type, "uts") != 0)
			return error_set(err, 0,
				"linux.namespaces[%zu].path: a zone cannot join a %s namespace of this host",
				i, ns->type);
		fd = open(ns->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_set(err, errno, "linux.namespaces[%zu].path: %s", i, ns->path);
		if (setns(fd, oci_namespace_flag(ns->type)))
			return error_set(err, errno, "linux.namespaces[%zu].path: %s is no %s namespace", i,
				ns->path, ns->type);
	}
	return 0;
}

/* Hooks may mount what is to be in the root: they come before it is made. */
static int pass_hooks(const struct container *container, struct error *err)
{
	char word = 0;

	if (container->gate < 0)
		return 0;
	if (send(container->gate, &word, sizeof(word), MSG_NOSIGNAL) < 0 ||
		receive(container->gate, &word, sizeof(word), 0) != sizeof(word))
		return error_set(err, 0, "the call that creates was killed");
	close(container->gate);
	return hooks_create_container(container->config, container->record, err);
}

static void open_streams(struct standin *standin)
{
	const struct terminal *terminal = &standin->container->terminal;
	struct process *process = &standin->container_process;
	int preserved[2 * ZONE_DESCRIPTORS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (terminal->slave >= 0) {
		/* All three: containerd's shim waits until nobody has the call's own ones any more. */
		for (int fd = 0; fd < 3; fd++)
			dup2(terminal->slave, fd);
		/* For the signals that tell of its size and its end. */
		ioctl(0, TIOCSCTTY, 0);
	}
	for (int fd = 0; fd < 3; fd++) {
		stream_open(&process->streams[fd], stream_prepare(fd, fd));
		/* A stream is closed when the zone says so: its number must not become another's. */
		if (null >= 0)
			dup2(null, fd);
	}
	if (null >= 0)
		close(null);
	preserved_prepare(&standin->container->preserved, preserved);
	for (uint32_t i = 3; i < process->stream_count; i++)
		stream_open(&process->streams[i], preserved[i - 3]);
	for (uint32_t i = 0; i < standin->container->preserved.count; i++)
		close((int)(3 + i));
}

/*
 * The host counts what is watched by user, over all processes of his that watch: so the stand-in is another for the
 * moment, whom nobody else is. Where there is none to be had (fs.inotify in /proc/sys), the guest asks each time.
 */
static int watch_volumes(void)
{
	const uid_t nobody_else = 0x70000000u + (uid_t)getpid();
	int fd;

	if (seteuid(nobody_else))
		return -1;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (seteuid(0)) {
		close(fd);
		_exit(STATUS_LOST);
	}
	return fd;
}

static int set_up(struct standin *standin, struct error *err)
{
	const struct message hooked = {.type = MESSAGE_HOOKED};
	const struct container *container = standin->container;
	struct rlimit files = {.rlim_cur = DESCRIPTORS_MAX, .rlim_max = DESCRIPTORS_MAX};
	cleanup_free int *trees = NULL; /* of the volumes, each alone */
	cleanup_close int users = -1;
	char link[32], where[PATH_MAX];
	ssize_t length;
	struct error ignored = {0};
	sigset_t all;
	int outside;

	confine_heap();
	setsid();
	prctl(PR_SET_NAME, "xenrun:standin");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigfillset(&all);
	sigdelset(&all, SIGPIPE);
	sigdelset(&all, SIGXFSZ);
	sigdelset(&all, SIGCHLD);
	sigprocmask(SIG_SETMASK, &all, NULL);
	standin->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (standin->signals < 0)
		return error_set(err, errno, "signalfd");
	open_streams(standin);

	outside = hostcgroup_step_out(&container->record->cgroup);
	standin->server = server_new(err);
	if (container->volumes.len)
		standin->changes = watch_volumes();
	if (hostcgroup_step_in(outside, standin->server ? err : &ignored) || !standin->server) {
		error_clear(&ignored);
		return -1;
	}
	if (hostcgroup_enter(&container->record->cgroup, err) || join_namespaces(container, err) ||
		make_cgroup_namespace(container->config, err))
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return error_set(err, errno, "cannot keep the stand-in's mounts to itself");
	if (pass_hooks(container, err))
		return -1;
	if (container->gate >= 0)
		send_monitor(standin, &hooked);
	/* Fewer will do when the host allows no more. */
	setrlimit(RLIMIT_NOFILE, &files);

	standin->root = standin_root(container->record->rootfs, err);
	if (standin->root < 0)
		return -1;
	if (container->volumes.len) {
		/* The state's folder serves as the place: nothing else has it in this mount namespace. */
		snprintf(link, sizeof(link), "/proc/self/fd/%d", container->dir);
		length = readlink(link, where, sizeof(where) - 1);
		if (length < 0)
			return error_set(err, errno, "%s", link);
		where[length] = '\0';
		trees = calloc(container->volumes.len, sizeof(*trees));
		if (!trees)
			return error_set(err, ENOMEM, "mounts");
		standin->volumes = standin_volumes(&container->volumes, where, trees, err);
		if (standin->volumes < 0)
			return -1;
	}
	standin->proc_self_fd = standin_proc(err);
	if (standin->proc_self_fd < 0)
		return -1;
	standin->control = control_new(&control_ops, standin);
	if (!standin->control)
		return error_set(err, ENOMEM, "control share");
	processes_init(&standin->processes, &standin->container_process, standin->control);
	if (make_user_namespace(container->config, &users, err) || standin_enter(container, trees, err))
		return -1;
	if (users >= 0 && setns(users, CLONE_NEWUSER))
		return error_set(err, errno, "linux.namespaces: user");
	if (confine_capabilities(CONFINED_STANDIN, err))
		return -1;
	standin->filter = confine_filter(CONFINED_STANDIN, err);
	return standin->filter ? 0 : -1;
}

void standin_main(struct container *container)
{
	static const struct zone_event create_first = {.type = ZONE_EVENT_CREATE},
				       then_start = {.type = ZONE_EVENT_START};
	struct standin standin = {
		.container = container,
		.monitor = container->monitor,
		.root = -1,
		.volumes = -1,
		.proc_self_fd = -1,
		.changes = -1,
		.container_process = {.spec = container->spec.data,
			.spec_length = container->spec.length,
			.stream_count = 3 + 2 * container->preserved.count,
			.caller = -1},
	};
	struct error err = {0};
	int kept[5 + ZONE_DESCRIPTORS_MAX] = {container->alive, container->monitor, container->dir,
		container->gate, container->terminal.slave};

	for (uint32_t i = 0; i < ZONE_DESCRIPTORS_MAX; i++)
		kept[5 + i] = i < container->preserved.count ? (int)(3 + i) : -1;
	/* Among the others is what the caller left open. */
	close_all_but(kept, sizeof(kept) / sizeof(*kept));
	if (set_up(&standin, &err))
		give_up(&standin, &err);
	close(container->dir);
	control_event(standin.control, &create_first);
	if (container->options->start && !container->network_first)
		control_event(standin.control, &then_start);
	serve(&standin);
	end(&standin, standin.status);
}
