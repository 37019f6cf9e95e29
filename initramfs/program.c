/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "initramfs/syscalls.h"

/* What POSIX has where there is no PATH. */
#define PATH_DEFAULT "/bin:/usr/bin"

static const char *search_path(const struct spec *spec)
{
	const char *found = PATH_DEFAULT;

	/* Of several the last counts, as when each is set in its turn. */
	for (char **variable = spec->env; *variable; variable++)
		if (!strncmp(*variable, "PATH=", 5))
			found = *variable + 5;
	return found;
}

/* The container's filter, which may be there already, does not let the call through: the exec will tell. */
static bool filtered(void)
{
	return errno == ENOSYS || errno == EPERM;
}

static int check(const char *path)
{
	struct stat stat;

	if (!fstatat(AT_FDCWD, path, &stat, 0)) {
		if (!S_ISREG(stat.st_mode)) {
			errno = EACCES;
			return -1;
		}
	} else if (!filtered()) {
		return -1;
	}
	/* By the rights it has: libc's does not ask for them without making a process. */
	if (!syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS))
		return 0;
	/* Older than the call, as many profiles are. The user is the real one, too. */
	if (filtered() && !syscall(SYS_access, path, X_OK))
		return 0;
	return filtered() ? 0 : -1;
}

int program_find(const struct spec *spec, char path[PROGRAM_MAX])
{
	const char *name = spec->args[0], *part = search_path(spec), *end;
	size_t name_length = strlen(name);
	int error = ENOENT;

	if (name_length >= PROGRAM_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (strchr(name, '/')) {
		strcpy(path, name);
		return check(path);
	}
	for (; *name && part; part = *end ? end + 1 : NULL) {
		size_t length;

		end = part + strcspn(part, ":");
		length = (size_t)(end - part);
		if (length + name_length + 2 > PROGRAM_MAX)
			continue;
		memcpy(path, part, length);
		/* An empty part is the working folder. */
		if (length)
			path[length++] = '/';
		strcpy(path + length, name);
		if (!check(path))
			return 0;
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return -1;
	}
	errno = error;
	return -1;
}
