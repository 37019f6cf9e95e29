/* SPDX-License-Identifier: Apache-2.0 */
#include "container/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "util/cleanup.h"

bool namespace_is_of(const struct stat *namespace, const char *process, const char *file)
{
	struct stat other;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, file);
	return stat(path, &other) == 0 && other.st_dev == namespace->st_dev &&
	       other.st_ino == namespace->st_ino;
}

bool namespace_is_hosts(int fd, const char *type)
{
	struct stat st;

	return fstat(fd, &st) || namespace_is_of(&st, "1", type) || namespace_is_of(&st, "self", type);
}

static int check(const struct oci_config *config, const char *type, const char *what, struct error *err)
{
	const struct oci_namespace *found = oci_config_namespace(config, type);
	cleanup_close int fd = -1;

	if (!found)
		return error_set(err, 0,
			"linux.namespaces: no entry \"%s\": a zone cannot share the host's %s: leave "
			"--%s=host out",
			type, what, type);
	if (!found->path || !*found->path)
		return 0;
	fd = open(found->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "linux.namespaces[%zu].path: %s",
			(size_t)(found - config->linux_->namespaces), found->path);
	if (namespace_is_hosts(fd, type))
		return error_set(err, 0,
			"linux.namespaces[%zu].path: %s: a zone cannot share the host's %s: leave --%s=host "
			"out",
			(size_t)(found - config->linux_->namespaces), found->path, what, type);
	return 0;
}

int namespaces_check(const struct oci_config *config, struct error *err)
{
	return check(config, "pid", "processes", err) || check(config, "ipc", "IPC objects", err) ? -1 : 0;
}
