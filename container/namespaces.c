/* SPDX-License-Identifier: Apache-2.0 */
#include "container/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

static bool same(const char *process, const char *type, const struct stat *st)
{
	struct stat other;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, type);
	return stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

bool namespace_is_hosts(int fd, const char *type)
{
	struct stat st;

	return fstat(fd, &st) || same("1", type, &st) || same("self", type, &st);
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
