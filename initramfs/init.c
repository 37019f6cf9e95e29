/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zone init: the first process of a zone. It mounts what a Linux needs and the control share, then makes
 * processes as the share asks for, relays their streams, passes signals on and reports how they end.
 * It decides nothing: policy comes compiled from dom0 (zone_wire.h). It reads no configuration, parses
 * no JSON, and opens no file of the container's but to set the container up.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "initramfs/cgroup.h"
#include "initramfs/console.h"
#include "initramfs/control.h"
#include "initramfs/member.h"
#include "initramfs/modules.h"
#include "initramfs/network.h"
#include "initramfs/platform.h"
#include "initramfs/process.h"

static void mount_or_say(const char *type, const char *path, unsigned long flags, const char *data)
{
	mkdir(path, 0755);
	if (mount(type, path, type, flags, data) && errno != EBUSY)
		say("cannot mount", path, errno);
}

/*
 * Makes / a mount that pivot_root(2) can turn: the initramfs itself, at the bottom of all mounts, it cannot.
 */
static void stand_on_mount(void)
{
	mkdir("/root", 0755);
	if (mount("/", "/root", NULL, MS_BIND, NULL) || chdir("/root") ||
		mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		say("cannot move to a mount", NULL, errno);
}

static void boot(void)
{
	stand_on_mount();
	mount_or_say("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
	console_open();
	mount_or_say("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_say("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (!zone_marked()) {
		say("this kernel was not booted as a zone", NULL, 0);
		zone_power_off();
	}
	modules_load();
	cgroup_boot();
	if (network_loopback())
		say("no loopback interface", NULL, errno);
	mkdir(CONTROL_PATH, 0700);
	mkdir(VOLUMES_PATH, 0700);
	mkdir(ROOTFS_PATH, 0755);
}

static void note_child(int signal)
{
	/* Only that it comes is of interest: it ends the wait. */
	(void)signal;
}

/* What the host has put into the root is to be found, though it was looked for before:
 * kernel/patches/9p-names.patch. */
static void forget_names(void)
{
	struct statfs st;

	(void)statfs(ROOTFS_PATH, &st);
}

static void handle_event(const struct zone_event *event)
{
	if (event->type == ZONE_EVENT_CREATE || event->type == ZONE_EVENT_START)
		forget_names();
	switch (event->type) {
	case ZONE_EVENT_CREATE:
		process_create(event->process);
		break;
	case ZONE_EVENT_START:
		process_start(event->process);
		break;
	case ZONE_EVENT_SIGNAL:
		process_signal(event->process, (int)event->arg[0], event->arg[1] != 0);
		break;
	case ZONE_EVENT_RESIZE:
		process_resize(event->process, event->arg[0], event->arg[1]);
		break;
	case ZONE_EVENT_HANGUP:
		process_hang_up(event->process);
		break;
	case ZONE_EVENT_JOIN:
		process_join(event->arg[0], event->arg[1]);
		break;
	case ZONE_EVENT_LEAVE:
		if (event->arg[0])
			member_kill(event->arg[0]);
		break;
	default:
		/* A newer dom0 asks for what this one has not learnt. */
		break;
	}
}

static void handle_news(int fd)
{
	struct news news;

	if (read(fd, &news, sizeof(news)) != sizeof(news))
		return;
	if (news.type == NEWS_EVENT)
		handle_event(&news.event);
	else if (news.type == NEWS_RELAY)
		process_relayed(news.process, news.stream);
	else {
		/* No zone outlives its host side. */
		say("the control share is gone", NULL, 0);
		zone_power_off();
	}
}

int main(int count, char **arguments)
{
	struct sigaction on_child = {.sa_handler = note_child}, ignore = {.sa_handler = SIG_IGN};
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t child, none;
	int news, poll;

	if (count > 0 && !strcmp(*arguments, MEMBER_NAME) && member_boot(arguments)) {
		say("cannot be a member", NULL, errno);
		return 1;
	}
	if (!member_number)
		boot();
	sigemptyset(&none);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	sigaction(SIGCHLD, &on_child, NULL);
	sigaction(SIGPIPE, &ignore, NULL);

	poll = epoll_create1(EPOLL_CLOEXEC);
	news = control_open();
	if (poll < 0 || news < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, news, &event)) {
		say("no control share", NULL, errno);
		zone_power_off();
	}
	process_boot(poll);
	control_report(ZONE_REPORT_BOOTED, 0, 0, 0);
	for (;;) {
		/* SIGCHLD comes in here or not at all: none is missed between looking and waiting. */
		int ready = epoll_pwait(poll, &event, 1, process_patience(), &none);

		if (ready == 1 && event.data.ptr == &process_memory_watch)
			process_out_of_memory();
		else if (ready == 1 && event.data.ptr)
			process_heard(event.data.ptr);
		else if (ready == 1)
			handle_news(news);
		process_reap();
	}
}
