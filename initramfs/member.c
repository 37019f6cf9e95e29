/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/member.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "initramfs/cgroup.h"
#include "initramfs/console.h"
#include "initramfs/number.h"
#include "initramfs/platform.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

uint32_t member_number;
int member_pids = -1;

/* What is not of the pid namespace is entered at once; that is for children only, and not for threads: later.
 */
#define ENTERED (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)

int member_start(uint32_t number, uint32_t namespaces, int container)
{
	char digits[NUMBER_MAX], flags[NUMBER_MAX], fd[NUMBER_MAX];
	char *arguments[] = {MEMBER_NAME, number_text(digits, number), number_text(flags, namespaces), NULL, NULL};
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -1 : 0;
	/* The copy is kept over exec. */
	container = dup(container);
	if (container >= 0) {
		arguments[3] = number_text(fd, (unsigned)container);
		execv("/proc/self/exe", arguments);
	}
	_exit(127);
}

void member_kill(uint32_t number)
{
	cleanup_close int cgroup = cgroup_find(number);

	if (cgroup >= 0)
		cgroup_signal(cgroup, SIGKILL);
}

/* Devices come into the network namespace that the zone was booted with; who made this one may have entered
 * another. */
static int enter_first_network(void)
{
	cleanup_close int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

int member_boot(char **arguments)
{
	/* Those of the zone init that made this one, which holds them no more. */
	static const char *const shares[] = {CONTROL_PATH, VOLUMES_PATH, ROOTFS_PATH};
	uint32_t namespaces;
	int container;

	if (!arguments[1] || !arguments[2] || !arguments[3]) {
		errno = EINVAL;
		return -1;
	}
	member_number = (uint32_t)strtoul(arguments[1], NULL, 10);
	namespaces = (uint32_t)strtoul(arguments[2], NULL, 10);
	container = (int)strtoul(arguments[3], NULL, 10);
	console_open();
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		return -1;
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
		while (!umount2(shares[i], MNT_DETACH))
			;
	if (!(namespaces & CLONE_NEWNET) && enter_first_network())
		return -1;
	if (namespaces & ENTERED && setns(container, (int)(namespaces & ENTERED)))
		return -1;
	if (namespaces & CLONE_NEWPID)
		member_pids = fcntl(container, F_DUPFD_CLOEXEC, 0);
	close(container);
	return namespaces & CLONE_NEWPID && member_pids < 0 ? -1 : 0;
}

void member_leave(void)
{
	member_kill(member_number);
	cgroup_remove();
	/* With the last process of its mount namespace its shares are unmounted, which dom0 waits for. */
	_exit(0);
}
