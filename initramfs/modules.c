/* SPDX-License-Identifier: Apache-2.0 */
/* A distribution's kernel has its drivers as modules: the initramfs brings the few that a zone needs. */
#include "initramfs/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "initramfs/console.h"
#include "util/cleanup.h"

#define INIT_COMPRESSED_FILE 4

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length >= strlen(end) && !strcmp(name + length - strlen(end), end);
}

static void load(int folder, const char *name)
{
	bool compressed = ends_in(name, ".xz") || ends_in(name, ".zst") || ends_in(name, ".gz");
	cleanup_close int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
		(syscall(SYS_finit_module, fd, "", compressed ? INIT_COMPRESSED_FILE : 0) && errno != EEXIST))
		say("cannot load module", name, errno);
}

void modules_load(void)
{
	cleanup_close int folder = open("/modules", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int list = folder < 0 ? -1 : openat(folder, "list", O_RDONLY | O_CLOEXEC);
	char names[4096];
	ssize_t length = list < 0 ? 0 : read(list, names, sizeof(names) - 1);
	char *rest = names, *name;

	if (length <= 0)
		return;
	names[length] = '\0';
	while ((name = strsep(&rest, "\n")))
		if (*name)
			load(folder, name);
}
