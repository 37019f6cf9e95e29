/* SPDX-License-Identifier: Apache-2.0 */
#include "container/caller.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

/* conmon looks for killed processes in the container's cgroup on the host, where a zone's are not, and tells
 * its caller of them in this folder. Podman 5 does not look into the bundle any more. */
char *caller_folder(void)
{
	cleanup_free char *argument = NULL;
	cleanup_fclose FILE *arguments = NULL;
	char path[32];
	size_t room = 0;
	bool next = false;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", getppid());
	arguments = fopen(path, "re");
	while (arguments && getdelim(&argument, &room, '\0', arguments) > 0) {
		if (next)
			return *argument == '/' ? steal_pointer(&argument) : NULL;
		next = strcmp(argument, "--persist-dir") == 0;
	}
	return NULL;
}

static void note_oom(const char *folder)
{
	cleanup_free char *path = NULL;
	cleanup_close int fd = -1;

	if (asprintf(&path, "%s/oom", folder) > 0)
		fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
}

void caller_note_oom(const char *bundle, const char *folder)
{
	note_oom(bundle);
	if (folder)
		note_oom(folder);
}
