/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules of a distribution's kernel that a zone needs, as a newc archive behind which zone init's own
 * stands: /modules/NAME and /modules/list, their names in the order in which they are loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "container/kernel.h"
#include "util/cleanup.h"

static const char *const wanted[] = {"9pnet_xen", "9p", "xen-netfront", "xen-blkfront"};

#define MODULES_MAX 64

struct archive {
	FILE *out; /* an open_memstream */
	unsigned int inode;
	char *listed[MODULES_MAX]; /* paths below the version's folder, in load order */
	size_t listed_len;
};

static void pad(struct archive *archive)
{
	while (ftell(archive->out) % 4)
		fputc(0, archive->out);
}

static void add_entry(
	struct archive *archive, const char *name, unsigned int mode, const void *data, size_t size)
{
	fprintf(archive->out, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		++archive->inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0);
	fwrite(name, 1, strlen(name) + 1, archive->out);
	pad(archive);
	if (size)
		fwrite(data, 1, size, archive->out);
	pad(archive);
}

/* The module's name in a path: "kernel/fs/9p/9p.ko.xz" is 9p. */
static bool names_module(const char *path, size_t length, const char *module)
{
	const char *base = memrchr(path, '/', length);
	size_t n = strlen(module);

	base = base ? base + 1 : path;
	return (size_t)(path + length - base) >= n + 3 && strncmp(base, module, n) == 0 &&
	       strncmp(base + n, ".ko", 3) == 0;
}

static void list(struct archive *archive, const char *path, size_t length)
{
	for (size_t i = 0; i < archive->listed_len; i++)
		if (strlen(archive->listed[i]) == length && memcmp(archive->listed[i], path, length) == 0)
			return;
	if (archive->listed_len < MODULES_MAX) {
		archive->listed[archive->listed_len] = strndup(path, length);
		if (archive->listed[archive->listed_len])
			archive->listed_len++;
	}
}

/* modules.dep: "MODULE: NEEDED…", what is needed deepest standing last. */
static void list_line(struct archive *archive, char *line)
{
	char *colon = strchr(line, ':');
	char *end = line + strcspn(line, "\n");

	*end = '\0';
	while (end > colon + 1) {
		char *start = end;

		while (start > colon + 1 && start[-1] != ' ')
			start--;
		if (start < end)
			list(archive, start, (size_t)(end - start));
		end = start - 1;
	}
	list(archive, line, (size_t)(colon - line));
}

static void read_dependencies(struct archive *archive, FILE *dependencies)
{
	cleanup_free char *line = NULL;
	size_t size = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		rewind(dependencies);
		while (getline(&line, &size, dependencies) >= 0) {
			char *colon = strchr(line, ':');

			if (colon && names_module(line, (size_t)(colon - line), wanted[i]))
				list_line(archive, line);
		}
	}
}

static int add_module(struct archive *archive, int dir, const char *path)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	const char *base = strrchr(path, '/');
	cleanup_free char *name = NULL;
	cleanup_free void *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || asprintf(&name, "modules/%s", base ? base + 1 : path) < 0)
		return -1;
	data = malloc((size_t)st.st_size);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		return -1;
	add_entry(archive, name, S_IFREG | 0400, data, (size_t)st.st_size);
	return 0;
}

static void add_list(struct archive *archive)
{
	cleanup_free char *text = NULL;
	size_t size;
	FILE *names = open_memstream(&text, &size);

	if (!names)
		return;
	for (size_t i = 0; i < archive->listed_len; i++) {
		const char *base = strrchr(archive->listed[i], '/');

		fprintf(names, "%s\n", base ? base + 1 : archive->listed[i]);
	}
	fclose(names);
	add_entry(archive, "modules/list", S_IFREG | 0400, text, size);
}

void *modules_archive(const char *version, size_t *size, struct error *err)
{
	struct archive archive = {0};
	cleanup_free char *folder = NULL;
	cleanup_close int dir = -1;
	cleanup_fclose FILE *dependencies = NULL;
	char *data = NULL;
	bool complete = true;
	int fd;

	if (asprintf(&folder, "/lib/modules/%s", version) < 0) {
		folder = NULL;
		return NULL;
	}
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = dir < 0 ? -1 : openat(dir, "modules.dep", O_RDONLY | O_CLOEXEC);
	dependencies = fd < 0 ? NULL : fdopen(fd, "r");
	if (!dependencies) /* then they are built in, or the kernel is somebody's own */
		return NULL;

	read_dependencies(&archive, dependencies);
	archive.out = open_memstream(&data, size);
	if (!archive.out) {
		error_set(err, ENOMEM, "%s", folder);
		return NULL;
	}
	add_entry(&archive, "modules", S_IFDIR | 0500, NULL, 0);
	for (size_t i = 0; i < archive.listed_len; i++) {
		if (add_module(&archive, dir, archive.listed[i])) {
			error_set(err, errno, "%s/%s", folder, archive.listed[i]);
			complete = false;
		}
	}
	add_list(&archive);
	add_entry(&archive, "TRAILER!!!", 0, NULL, 0);
	fclose(archive.out);
	for (size_t i = 0; i < archive.listed_len; i++)
		free(archive.listed[i]);
	if (!complete) {
		free(data);
		return NULL;
	}
	return data;
}
