/* SPDX-License-Identifier: Apache-2.0 */
#include "container/driver.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool has_driver(const char *type)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s", type);
	return access(path, F_OK) == 0;
}

bool driver_load(const char *type, const char *module)
{
	char name[32];
	char *const args[] = {(char[]){"modprobe"}, (char[]){"-q"}, name, NULL};
	pid_t pid;

	if (has_driver(type))
		return true;
	snprintf(name, sizeof(name), "%s", module);
	/* Callers give no PATH. */
	if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, args, environ) == 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return has_driver(type);
}
