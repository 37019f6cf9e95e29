/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroup linux.cgroupsPath means: runc's two ways to read it (its cgroups/fs2 and cgroups/systemd). */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/hostcgroup.h"
#include "container/statedir.h"
#include "util/cleanup.h"

/* systemd.unit(5) */
#define UNIT_MAX 255

/* Each part is one cgroup: what is opened below the root stays below it. */
static int check_parts(const char *path, struct error *err)
{
	const char *part = path;

	do {
		size_t length = strcspn(++part, "/");

		if (length == 0)
			return error_set(err, 0, "linux.cgroupsPath: %s: a part of it is empty", path);
		if (strspn(part, ".") == length && length <= 2)
			return error_set(
				err, 0, "linux.cgroupsPath: %s: \"%.*s\" in it", path, (int)length, part);
		if (length > NAME_MAX)
			return error_set(err, ENAMETOOLONG, "linux.cgroupsPath: %s", path);
		part += length;
	} while (*part);
	return 0;
}

static int choose_path(
	const char *asked, const char *own, const char *id, struct hostcgroup *chosen, struct error *err)
{
	char name[NAME_MAX + 1];

	if (!*asked) {
		if (statedir_name(id, name))
			return error_set(err, EINVAL, "container ID");
		asked = name;
	}
	if (*asked == '/') {
		chosen->path = strdup(asked);
	} else {
		/* Beside the call's own: that one has a process in it, so none below it could be limited. */
		const char *last = strrchr(own, '/');

		if (asprintf(&chosen->path, "%.*s/%s", last ? (int)(last - own) : 0, own, asked) < 0)
			chosen->path = NULL;
	}
	if (!chosen->path)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	return check_parts(chosen->path, err);
}

static int check_unit(const char *name, struct error *err)
{
	size_t length = strlen(name);

	for (const char *c = name; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr(":-_.\\@", *c)))
			return error_set(err, 0,
				"linux.cgroupsPath: %s: systemd has no units with '%c' in their names", name,
				isprint((unsigned char)*c) ? *c : '?');
	if (length > UNIT_MAX)
		return error_set(err, 0, "linux.cgroupsPath: %s: longer than a unit's name may be", name);
	return 0;
}

/* systemd.slice(5): a-b.slice is below a.slice, and -.slice is the root. */
static char *slice_path(const char *slice, struct error *err)
{
	size_t length = strlen(slice), size;
	const char *suffix = length > 6 ? slice + length - 6 : "";
	char *path = NULL;
	FILE *file;

	if (strcmp(suffix, ".slice") != 0 || check_unit(slice, err) || strchr(slice, ':')) {
		error_set(err, 0, "linux.cgroupsPath: \"%s\" is no slice", slice);
		return NULL;
	}
	if (strcmp(slice, "-.slice") == 0)
		return strdup("");
	if (*slice == '-' || suffix[-1] == '-' || strstr(slice, "--")) {
		error_set(err, 0, "linux.cgroupsPath: \"%s\" is no slice", slice);
		return NULL;
	}
	file = open_memstream(&path, &size);
	if (!file)
		return NULL;
	for (const char *dash = slice; (dash = strchr(dash, '-')) && dash < suffix; dash++)
		fprintf(file, "/%.*s.slice", (int)(dash - slice), slice);
	fprintf(file, "/%s", slice);
	if (fclose(file)) {
		free(path);
		return NULL;
	}
	return path;
}

static int choose_unit(
	const char *asked, const char *id, struct hostcgroup *chosen, char **slice, struct error *err)
{
	cleanup_free char *copy = strdup(asked), *parent = NULL;
	const char *parts[] = {"", "xenrun", id};
	size_t length;

	if (!copy)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	if (*asked) {
		char *rest = copy;
		size_t count = 0;

		for (char *part; (part = strsep(&rest, ":")); count++)
			if (count < 3)
				parts[count] = part;
		if (count != 3 || !*parts[2])
			return error_set(err, 0,
				"linux.cgroupsPath: \"%s\" is not slice:prefix:name, as --systemd-cgroup "
				"wants it",
				asked);
	}
	length = strlen(parts[2]);
	if (length >= 6 && strcmp(parts[2] + length - 6, ".slice") == 0)
		return error_set(
			err, 0, "linux.cgroupsPath: %s: systemd has no processes in slices", parts[2]);
	*slice = strdup(*parts[0] ? parts[0] : "system.slice");
	if (!*slice || asprintf(&chosen->unit, "%s%s%s.scope", parts[1], *parts[1] ? "-" : "", parts[2]) < 0)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	if (check_unit(chosen->unit, err))
		return -1;
	parent = slice_path(*slice, err);
	if (!parent)
		return err->message ? -1 : error_set(err, ENOMEM, "linux.cgroupsPath");
	if (asprintf(&chosen->path, "%s/%s", parent, chosen->unit) < 0)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	return 0;
}

int hostcgroup_choose(enum cgroup_manager manager, const char *asked, const char *own, const char *id,
	struct hostcgroup *chosen, char **slice, struct error *err)
{
	*chosen = (struct hostcgroup){0};
	*slice = NULL;
	if (!asked)
		asked = "";
	switch (manager) {
	case CGROUPS_FS:
		return choose_path(asked, own, id, chosen, err);
	case CGROUPS_SYSTEMD:
		return choose_unit(asked, id, chosen, slice, err);
	default:
		return 0;
	}
}

void hostcgroup_free(struct hostcgroup *cgroup)
{
	free(steal_pointer(&cgroup->path));
	free(steal_pointer(&cgroup->unit));
	free(steal_pointer(&cgroup->hierarchies));
}
