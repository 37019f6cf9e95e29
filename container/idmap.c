/* SPDX-License-Identifier: Apache-2.0 */
#include "container/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"

/* The highest there is: ~0 is none. */
#define LAST_ID (UINT32_MAX - 1)

static char *map_text(const struct oci_id_mapping *mappings, size_t len)
{
	cleanup_free char *text = NULL;
	bool has_root = false;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		fprintf(file, "%u %u %u\n", mappings[i].container_id, mappings[i].host_id, mappings[i].size);
		has_root |= mappings[i].host_id == 0;
	}
	if (!has_root)
		fprintf(file, "%u 0 1\n", LAST_ID);
	return fclose(file) ? NULL : steal_pointer(&text);
}

static int write_map(const char *pid, const char *name, const struct oci_id_mapping *mappings, size_t len)
{
	cleanup_free char *text = map_text(mappings, len), *path = NULL;
	cleanup_close int fd = -1;
	size_t length = text ? strlen(text) : 0;

	if (!text || asprintf(&path, "/proc/%s/%s", pid, name) < 0) {
		path = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, length) != (ssize_t)length ? -1 : 0;
}

/* A process whose user namespace is to be mapped: says its number as /proc has it, which may be the one of
 * another pid namespace, and waits for its end. */
static void __attribute__((noreturn)) wait_in_namespace(int out)
{
	char pid[32];
	ssize_t length = readlink("/proc/self", pid, sizeof(pid));

	if (unshare(CLONE_NEWUSER) == 0 && length > 0 && write(out, pid, (size_t)length) == length)
		for (;;)
			pause();
	_exit(1);
}

int idmap_namespace(const struct oci_id_mapping *uids, size_t uids_len, const struct oci_id_mapping *gids,
	size_t gids_len)
{
	cleanup_free char *path = NULL;
	int ends[2], fd = -1, number;
	char pid[32];
	ssize_t length;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	child = fork();
	if (child == 0)
		wait_in_namespace(ends[1]);
	number = errno;
	close(ends[1]);
	length = child < 0 ? -1 : read(ends[0], pid, sizeof(pid) - 1);
	close(ends[0]);
	if (child < 0) {
		errno = number;
		return -1;
	}
	if (length > 0) {
		pid[length] = '\0';
		if (write_map(pid, "uid_map", uids, uids_len) == 0 &&
			write_map(pid, "gid_map", gids, gids_len) == 0 &&
			asprintf(&path, "/proc/%s/ns/user", pid) >= 0)
			fd = open(path, O_RDONLY | O_CLOEXEC);
	} else {
		/* Where user namespaces are forbidden. */
		errno = EPERM;
	}
	number = errno;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	errno = number;
	return fd;
}

int idmap_tree(int fd, const struct volume *volume, struct error *err)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
	cleanup_close int users =
		idmap_namespace(volume->uids, volume->uids_len, volume->gids, volume->gids_len);

	if (users < 0)
		return error_set(err, errno, "mounts[%zu].uidMappings: cannot make a user namespace of them",
			volume->mount);
	attributes.userns_fd = (__u64)users;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | (volume->map_recursive ? AT_RECURSIVE : 0), &attributes,
		    sizeof(attributes)) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(err, 0,
			"mounts[%zu].options: idmap: the file system of %s cannot map owners", volume->mount,
			volume->source);
	return error_set(err, errno, "mounts[%zu].options: idmap: %s", volume->mount, volume->source);
}
