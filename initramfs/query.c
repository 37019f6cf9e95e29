/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/query.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "initramfs/zone_wire.h"
#include "util/cleanup.h"

/* Of a process's line and of a file in a cgroup. */
#define TEXT_MAX 4096

/* USER_HZ, in which /proc counts. */
#define TICKS 100

struct listed {
	int pid, parent; /* as the zone numbers them */
	int inner;	 /* as the container does; 0 for what is not of it */
	unsigned uid;
	unsigned terminal;		/* as a dev_t of /proc/PID/stat */
	unsigned long long start, used; /* ticks */
};

/* Reads a file of /proc or of a cgroup, at most `size` - 1 bytes. */
static ssize_t read_text(int folder, const char *name, char *text, size_t size)
{
	cleanup_close int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got = -1;

	while (fd >= 0 && (size_t)length < size - 1) {
		got = read(fd, text + length, size - 1 - (size_t)length);
		if (got <= 0)
			break;
		length += got;
	}
	text[length] = '\0';
	return got < 0 && !length ? -1 : length;
}

static ssize_t read_process(int pid, const char *file, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return read_text(AT_FDCWD, path, text, size);
}

/* The process's number in the first namespace below the zone's, which is the container's. */
static int inner_number(const char *status)
{
	const char *line = strstr(status, "\nNSpid:");
	int inner;

	return line && sscanf(line, "\nNSpid: %*d %d", &inner) == 1 ? inner : 0;
}

static bool look_at(int pid, struct listed *listed)
{
	char text[TEXT_MAX];
	const char *line, *end;
	unsigned long long user, system;

	*listed = (struct listed){.pid = pid};
	if (read_process(pid, "status", text, sizeof(text)) < 0)
		return false;
	listed->inner = inner_number(text);
	line = strstr(text, "\nUid:");
	if (!listed->inner || !line || sscanf(line, "\nUid: %u", &listed->uid) != 1)
		return false;
	if (read_process(pid, "stat", text, sizeof(text)) < 0)
		return false;
	/* The name is in brackets, and may have some of its own. */
	end = strrchr(text, ')');
	if (!end ||
		sscanf(end + 1,
			" %*c %d %*d %*d %u %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu",
			&listed->parent, &listed->terminal, &user, &system, &listed->start) != 5)
		return false;
	listed->used = user + system;
	return true;
}

/* The command line, or the name in brackets where there is none. */
static void print_name(FILE *out, int pid)
{
	char text[TEXT_MAX];
	ssize_t length = read_process(pid, "cmdline", text, sizeof(text));
	bool bare = length <= 0;

	if (bare)
		length = read_process(pid, "comm", text, sizeof(text));
	while (length > 0 && (!text[length - 1] || text[length - 1] == '\n'))
		length--;
	if (bare)
		fputc('[', out);
	for (ssize_t i = 0; i < length; i++)
		fputc(!text[i] ? ' ' : iscntrl((unsigned char)text[i]) ? '?' : text[i], out);
	fputs(bare ? "]\n" : "\n", out);
}

static unsigned long long boot_time(void)
{
	cleanup_fclose FILE *stat = fopen("/proc/stat", "re");
	unsigned long long seconds = 0;
	char line[256];

	while (stat && fgets(line, sizeof(line), stat))
		if (sscanf(line, "btime %llu", &seconds) == 1)
			break;
	return seconds;
}

static int parent_of(const struct listed *listed)
{
	char status[TEXT_MAX];

	return read_process(listed->parent, "status", status, sizeof(status)) < 0 ? 0 : inner_number(status);
}

static void print_processes(FILE *out)
{
	cleanup_closedir DIR *folder = opendir("/proc");
	unsigned long long booted = boot_time();
	struct dirent *entry;
	struct listed listed;

	while (folder && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !look_at(atoi(entry->d_name), &listed))
			continue;
		fprintf(out, "%d %d %u %u:%u %llu %llu ", listed.inner, parent_of(&listed), listed.uid,
			listed.terminal >> 8 & 0xfff,
			(listed.terminal & 0xff) | (listed.terminal >> 12 & 0xfff00),
			booted + listed.start / TICKS, listed.used * 1000 / TICKS);
		print_name(out, listed.pid);
	}
}

static void print_statistics(FILE *out, int cgroup)
{
	static const char *const names[] = {
		"cpu.stat",
		"cpu.pressure",
		"memory.current",
		"memory.max",
		"memory.peak",
		"memory.swap.current",
		"memory.swap.max",
		"memory.stat",
		"memory.events",
		"memory.pressure",
		"pids.current",
		"pids.max",
		"io.stat",
		"io.pressure",
	};
	char text[TEXT_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (cgroup >= 0 && read_text(cgroup, names[i], text, sizeof(text)) >= 0)
			fprintf(out, "[%s]\n%s", names[i], text);
}

int query_answer(uint32_t operation, int cgroup)
{
	cleanup_close int fd = memfd_create("answer", MFD_CLOEXEC), copy = -1;
	FILE *out;

	copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	out = copy < 0 ? NULL : fdopen(copy, "w");
	if (!out)
		return -1;
	steal_fd(&copy);
	if (operation == ZONE_OP_PROCESSES)
		print_processes(out);
	else if (operation == ZONE_OP_STATISTICS)
		print_statistics(out, cgroup);
	if (fclose(out) || lseek(fd, 0, SEEK_SET))
		return -1;
	return steal_fd(&fd);
}
