/* SPDX-License-Identifier: Apache-2.0 */
/* ps: the zone lists its processes; what it wrote is checked number by number and printed anew. As JSON they
 * are this host's: containerd takes the array for pids of the host, as runc's are, and `docker top` shows
 * those processes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container/process.h"
#include "util/cleanup.h"

struct row {
	int pid, parent;
	unsigned uid, major, minor;
	unsigned long long start, used; /* seconds since the epoch, milliseconds */
	char *name;
};

static bool parse(char *line, struct row *row)
{
	int at = 0;

	if (sscanf(line, "%d %d %u %u:%u %llu %llu %n", &row->pid, &row->parent, &row->uid, &row->major,
		    &row->minor, &row->start, &row->used, &at) != 7 ||
		!at || row->pid <= 0)
		return false;
	row->name = line + at;
	/* A hostile zone has control characters for a person's terminal, of two bytes, too. */
	for (char *c = row->name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return true;
}

/* As `ps -ef`: the time of day for what began today. */
static void print_row(FILE *out, const struct row *row)
{
	time_t start = (time_t)row->start, now = time(NULL);
	unsigned long long seconds = row->used / 1000;
	char began[16] = "?", terminal[24] = "?";
	struct tm when;

	if (localtime_r(&start, &when))
		strftime(began, sizeof(began), now - start < 86400 ? "%H:%M" : "%b%d", &when);
	/* A pseudo-terminal's slave. */
	if (row->major >= 136 && row->major < 144)
		snprintf(terminal, sizeof(terminal), "pts/%u", (row->major - 136) * 256 + row->minor);
	fprintf(out, "%-8u %7d %7d %5s %-8s %02llu:%02llu:%02llu %s\n", row->uid, row->pid, row->parent,
		began, terminal, seconds / 3600, seconds / 60 % 60, seconds % 60, row->name);
}

static void print(char *answer, FILE *out)
{
	struct row row;
	char *line;

	fprintf(out, "%-8s %7s %7s %5s %-8s %8s %s\n", "UID", "PID", "PPID", "STIME", "TTY", "TIME", "CMD");
	while ((line = strsep(&answer, "\n")))
		if (parse(line, &row))
			print_row(out, &row);
}

static int print_table(int dir, FILE *out, struct error *err)
{
	cleanup_free char *answer = exec_query(dir, ZONE_OP_PROCESSES, "ps", err);

	if (!answer)
		return -1;
	print(answer, out);
	return 0;
}

/* The stand-in, and what stands for processes of exec: all in the container's cgroup but for the two that are
 * the zone's. */
static void print_pids(const struct record *record, FILE *out)
{
	cleanup_fclose FILE *processes = hostcgroup_processes(&record->cgroup);
	int pid;

	fprintf(out, "[%d", (int)record->standin.pid);
	while (processes && fscanf(processes, "%d", &pid) == 1)
		if (pid > 0 && pid != record->standin.pid && pid != record->monitor.pid &&
			pid != record->keeper.pid)
			fprintf(out, ",%d", pid);
	fputs("]\n", out);
}

static int print_json(int dir, FILE *out, struct error *err)
{
	struct record *record = record_load(dir, err);
	enum oci_status status;

	if (!record)
		return -1;
	status = record_status(record);
	if (status == OCI_STATUS_CREATING || status == OCI_STATUS_STOPPED) {
		record_free(record);
		return error_set(err, 0, "the container is not running");
	}
	print_pids(record, out);
	record_free(record);
	return 0;
}

int container_ps(const char *root, const char *id, bool json, FILE *out, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);

	if (dir < 0)
		return -1;
	return json ? print_json(dir, out, err) : print_table(dir, out, err);
}
