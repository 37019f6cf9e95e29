/* SPDX-License-Identifier: Apache-2.0 */
/* Version 2, of which zone init keeps the root to itself. */
#include "initramfs/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "initramfs/console.h"
#include "initramfs/member.h"
#include "initramfs/number.h"
#include "util/cleanup.h"

#define HIERARCHY "/sys/fs/cgroup"
/* The container's, and with a number behind it a member's. */
#define CONTAINER HIERARCHY "/container"
#define PATH_SIZE (sizeof(CONTAINER) + NUMBER_MAX + sizeof("./memory.events"))

static const char *path_of(char path[PATH_SIZE], uint32_t member, const char *file)
{
	char digits[NUMBER_MAX];

	strcpy(path, CONTAINER);
	if (member) {
		strcat(path, ".");
		strcat(path, number_text(digits, member));
	}
	return strcat(path, file);
}

/* Deeper than any manager nests them; a recursion that a container controls needs a bound. */
#define DEPTH_MAX 32

/* Reads a small file whole. Returns its length, -1 with errno. */
static ssize_t read_file(int folder, const char *file, char *text, size_t size)
{
	cleanup_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length >= 0)
		text[length] = '\0';
	return length;
}

int cgroup_write(int cgroup, const char *file, const char *value)
{
	cleanup_close int fd = -1;

	if (cgroup < 0) {
		errno = ENOENT;
		return -1;
	}
	fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

void cgroup_boot(void)
{
	char names[256], all[sizeof(names) * 2], *rest = names, *name;
	cleanup_close int root = -1;
	size_t used = 0;

	if (mount("cgroup2", HIERARCHY, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
		say("no cgroups", NULL, errno);
		return;
	}
	root = open(HIERARCHY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || read_file(root, "cgroup.controllers", names, sizeof(names)) < 0)
		return;
	for (const char *c = names; *c; c++) {
		if (*c > ' ' && (c == names || c[-1] <= ' '))
			all[used++] = '+';
		all[used++] = *c > ' ' ? *c : ' ';
	}
	all[used] = '\0';
	if (!cgroup_write(root, "cgroup.subtree_control", all))
		return;
	/* One by one: a controller that will not is no reason to go without the others. */
	while ((name = strsep(&rest, " \n"))) {
		char change[64] = "+";

		if (!*name || strlen(name) > sizeof(change) - 2)
			continue;
		strcat(change, name);
		if (cgroup_write(root, "cgroup.subtree_control", change))
			say("cannot hand down controller", name, errno);
	}
}

int cgroup_make(void)
{
	char path[PATH_SIZE];

	path_of(path, member_number, "");
	/* The limits of one that had its number before are not its own. */
	if (member_number)
		rmdir(path);
	if (mkdir(path, 0755) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_find(uint32_t member)
{
	char path[PATH_SIZE];

	return open(path_of(path, member, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_remove(void)
{
	char path[PATH_SIZE];

	rmdir(path_of(path, member_number, ""));
}

int cgroup_give(int cgroup, uid_t uid)
{
	/* The specification's list, where the kernel has none. */
	char names[1024] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n", *rest = names, *name;

	read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", names, sizeof(names));
	if (fchown(cgroup, uid, (gid_t)-1))
		return -1;
	while ((name = strsep(&rest, "\n")))
		/* Not every cgroup has all of them. */
		if (*name && fchownat(cgroup, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) && errno != ENOENT)
			return -1;
	return 0;
}

int cgroup_load_devices(const void *program, size_t length)
{
	union bpf_attr attr;

	/* The kernel wants zeroes in what it does not know, padding included. */
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (uint32_t)(length / sizeof(struct bpf_insn));
	attr.license = (uintptr_t) "Apache-2.0";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int cgroup_attach_devices(int cgroup, int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* A manager in the container may forbid its own children more. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
}

int cgroup_of(pid_t pid)
{
	char path[64] = "/proc/", digits[NUMBER_MAX], text[4096], folder[sizeof(HIERARCHY) + sizeof(text)];
	char *end;

	strcat(path, number_text(digits, (unsigned)pid));
	strcat(path, "/cgroup");
	if (read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	/* "0::/PATH", one line where there is version 2 alone. */
	end = strchr(text, '\n');
	if (strncmp(text, "0::/", 4) || !end) {
		errno = ENOENT;
		return -1;
	}
	*end = '\0';
	strcpy(folder, HIERARCHY);
	strcat(folder, text + 3);
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

unsigned long cgroup_memory_kills(int cgroup)
{
	static const char name[] = "\noom_kill ";
	char text[512];
	const char *line;

	if (cgroup < 0 || read_file(cgroup, "memory.events", text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, name);
	return line ? strtoul(line + sizeof(name) - 1, NULL, 10) : 0;
}

int cgroup_watch_memory(void)
{
	cleanup_close int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[PATH_SIZE];

	if (fd < 0 || inotify_add_watch(fd, path_of(path, member_number, "/memory.events"), IN_MODIFY) < 0)
		return -1;
	return steal_fd(&fd);
}

static void signal_members(int cgroup, int signal)
{
	cleanup_close int fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[1024];
	ssize_t length;
	pid_t pid = 0;

	while (fd >= 0 && (length = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < length; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 1)
				kill(pid, signal);
			pid = 0;
		}
	}
}

static void signal_tree(int cgroup, int signal, unsigned depth)
{
	cleanup_closedir DIR *folder = NULL;
	struct dirent *entry;
	int copy;

	signal_members(cgroup, signal);
	if (!depth)
		return;
	copy = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0)
		return;
	folder = fdopendir(copy);
	if (!folder) {
		close(copy);
		return;
	}
	while ((entry = readdir(folder))) {
		cleanup_close int child = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(cgroup, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			signal_tree(child, signal, depth - 1);
	}
}

void cgroup_signal(int cgroup, int signal)
{
	if (signal == SIGKILL && !cgroup_write(cgroup, "cgroup.kill", "1"))
		return;
	signal_tree(cgroup, signal, DEPTH_MAX);
}
