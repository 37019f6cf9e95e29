/* SPDX-License-Identifier: Apache-2.0 */
/* Which network namespace is the container's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/nsfs.h>

#include "container/namespaces.h"
#include "container/network.h"
#include "util/cleanup.h"

int network_namespace(const struct oci_config *config, int *fd, struct error *err)
{
	static const char instead[] = "a zone cannot share the host's network: give it one of its own "
				      "(podman run --network=bridge, or "
				      "--network=none)";
	const struct oci_namespace *found = oci_config_namespace(config, "network");
	cleanup_close int opened = -1;

	*fd = -1;
	if (!found)
		return error_set(err, 0, "linux.namespaces: no entry \"network\": %s", instead);
	if (!found->path || !*found->path)
		return 0;
	opened = open(found->path, O_RDONLY | O_CLOEXEC);
	if (opened < 0)
		return error_set(err, errno, "linux.namespaces[%zu].path: %s",
			(size_t)(found - config->linux_->namespaces), found->path);
	if (ioctl(opened, NS_GET_NSTYPE) != CLONE_NEWNET)
		return error_set(err, 0, "linux.namespaces[%zu].path: %s is no network namespace",
			(size_t)(found - config->linux_->namespaces), found->path);
	/* Taking the host's interfaces away from it is never meant. */
	if (namespace_is_hosts(opened, "net"))
		return error_set(err, 0, "linux.namespaces[%zu].path: %s: %s",
			(size_t)(found - config->linux_->namespaces), found->path, instead);
	*fd = steal_fd(&opened);
	return 0;
}

int network_namespace_of(int pid, struct error *err)
{
	char path[32];
	cleanup_close int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s", path);
	if (namespace_is_hosts(fd, "net"))
		return error_set(err, 0, "%s is the host's network namespace", path);
	return steal_fd(&fd);
}
