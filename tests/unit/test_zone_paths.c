/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init's paths within a root that an image, or another container, filled with symlinks. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/unit.h"

/* Zone init is a program of its own: nothing of it is linked with xenrun. */
#include "initramfs/paths.c"

static int root = -1;
static char top[] = "/tmp/xenrun-paths-XXXXXX";

/* The path of what is open on `fd`, below the root; "!" for what is not. */
static const char *where(int fd)
{
	static char path[PATH_MAX], link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (fd >= 0)
		close(fd);
	if (length < 0)
		return "?";
	path[length] = '\0';
	if (strncmp(path, top, strlen(top)) != 0)
		return "!";
	return path + strlen(top);
}

static bool made(const char *path, enum path_kind kind, const char *expected)
{
	const char *found = where(path_make(root, path, kind));

	if (!strcmp(found, expected))
		return true;
	printf("# %s is %s, not %s\n", path, found, expected);
	return false;
}

static void makes_folders(void)
{
	struct stat stat;

	CHECK(made("/", PATH_FOLDER, ""));
	CHECK(made("", PATH_FOLDER, ""));
	CHECK(made("/a", PATH_FOLDER, "/a"));
	CHECK(made("/b/c//d/", PATH_FOLDER, "/b/c/d"));
	CHECK(made("relative/e", PATH_FOLDER, "/relative/e"));
	CHECK(made("/f/../g/./h", PATH_FOLDER, "/g/h"));
	CHECK(!fstatat(root, "b/c/d", &stat, 0) && S_ISDIR(stat.st_mode));
	/* What is there is taken as it is. */
	CHECK(made("/b/c/d", PATH_FOLDER, "/b/c/d"));
}

static void makes_files(void)
{
	struct stat stat;

	CHECK(made("/files/x/file", PATH_FILE, "/files/x/file"));
	CHECK(!fstatat(root, "files/x/file", &stat, 0) && S_ISREG(stat.st_mode) && stat.st_size == 0);
	CHECK(path_make(root, "/files/x/file/below", PATH_FILE) < 0 && errno == ENOTDIR);
}

static void stays_inside(void)
{
	CHECK(!symlinkat("/tmp", root, "absolute"));
	CHECK(!symlinkat("../../../../../../etc", root, "up"));
	CHECK(!symlinkat("/proc/self/root", root, "magic"));
	CHECK(made("/../../../../x", PATH_FOLDER, "/x"));
	CHECK(made("/absolute/y", PATH_FOLDER, "/tmp/y"));
	CHECK(made("/up/passwd", PATH_FILE, "/etc/passwd"));
	CHECK(made("/magic/z", PATH_FOLDER, "/proc/self/root/z"));
}

static void makes_what_a_link_points_to(void)
{
	CHECK(!symlinkat("../run/resolv.conf", root, "a/resolv.conf"));
	CHECK(!symlinkat("two", root, "one"));
	CHECK(!symlinkat("/three/four", root, "two"));
	CHECK(made("/a/resolv.conf", PATH_FILE, "/run/resolv.conf"));
	CHECK(made("/one", PATH_FOLDER, "/three/four"));
	CHECK(!symlinkat("/deep/er", root, "link"));
	CHECK(made("/link/and/on", PATH_FOLDER, "/deep/er/and/on"));
}

static void ends_on_loops(void)
{
	char *path = malloc(PATH_MAX + 1);

	CHECK(!symlinkat("loop", root, "loop"));
	CHECK(path_make(root, "/loop/x", PATH_FOLDER) < 0 && errno == ELOOP);
	/* Two that grow as they are followed. */
	CHECK(!symlinkat("/missing/../grow2/a", root, "grow1"));
	CHECK(!symlinkat("/grow1/b", root, "grow2"));
	CHECK(path_make(root, "/grow1", PATH_FOLDER) < 0);
	memset(path, 'x', PATH_MAX);
	path[PATH_MAX] = '\0';
	CHECK(path_make(root, path, PATH_FOLDER) < 0 && errno == ENAMETOOLONG);
	for (size_t i = 0; i < PATH_MAX - 2; i += 2)
		memcpy(path + i, "d/", 3);
	CHECK(path_make(root, path, PATH_FOLDER) >= 0 || errno == ENAMETOOLONG);
	free(path);
}

static void finds_parents(void)
{
	const char *name = NULL;

	CHECK(!strcmp(where(path_parent(root, "/dev/pts/ptmx", &name)), "/dev/pts") && !strcmp(name, "ptmx"));
	CHECK(!strcmp(where(path_parent(root, "null", &name)), "") && !strcmp(name, "null"));
	CHECK(!strcmp(where(path_parent(root, "/null", &name)), "") && !strcmp(name, "null"));
	CHECK(path_parent(root, "/", &name) < 0 && errno == EINVAL);
	CHECK(path_parent(root, "/dev/..", &name) < 0 && errno == EINVAL);
	CHECK(path_parent(root, "", &name) < 0 && errno == EINVAL);
}

static void leaves_no_descriptors(void)
{
	int before = unit_open_fds();

	where(path_make(root, "/n/e/w", PATH_FOLDER));
	path_make(root, "/loop/x", PATH_FOLDER);
	CHECK_EQ(unit_open_fds(), before);
}

static void remove_tree(void)
{
	pid_t pid = fork();

	if (!pid)
		execlp("rm", "rm", "-rf", top, (char *)NULL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	RUN(makes_folders);
	RUN(makes_files);
	RUN(stays_inside);
	RUN(makes_what_a_link_points_to);
	RUN(ends_on_loops);
	RUN(finds_parents);
	RUN(leaves_no_descriptors);
	close(root);
	remove_tree();
	return unit_end();
}
