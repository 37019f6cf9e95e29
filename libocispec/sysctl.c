/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/names.h"

#include "util/cleanup.h"
#include <string.h>

/* As sysctl(8): the first separator says which one it is, and the other of the two stands for a dot in a
 * name. */
char *oci_sysctl_path(const char *name)
{
	cleanup_free char *path = strdup(name);
	const char *first = strpbrk(name, "./");

	if (!path)
		return NULL;
	if (first && *first == '.') {
		for (char *c = path; *c; c++) {
			if (*c == '.')
				*c = '/';
			else if (*c == '/')
				*c = '.';
		}
	}
	for (const char *part = path;; part++) {
		size_t length = strcspn(part, "/");

		if (length == 0 || strncmp(part, ".", length) == 0 ||
			(length == 2 && memcmp(part, "..", 2) == 0))
			return NULL;
		part += length;
		if (*part == '\0')
			return steal_pointer(&path);
	}
}

const char *oci_sysctl_namespace(const char *path)
{
	static const char *const ipc[] = {"msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni",
		"shm_rmid_forced", "msg_next_id", "sem_next_id", "shm_next_id"};

	if (strncmp(path, "net/", 4) == 0)
		return "network";
	if (strncmp(path, "fs/mqueue/", 10) == 0)
		return "ipc";
	if (strncmp(path, "kernel/", 7) != 0)
		return NULL;
	path += 7;
	if (strcmp(path, "hostname") == 0 || strcmp(path, "domainname") == 0)
		return "uts";
	for (size_t i = 0; i < sizeof(ipc) / sizeof(ipc[0]); i++) {
		if (strcmp(path, ipc[i]) == 0)
			return "ipc";
	}
	return NULL;
}
