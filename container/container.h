/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: their life as runtime.md, "Lifecycle" has it. This is the whole interface of container/.
 *
 * Functions return 0, or -1 with *err set. What a failing call had begun is gone when it returns.
 */
#ifndef XENRUN_CONTAINER_H
#define XENRUN_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"

#define CONTAINER_ROOT	   "/run/xenrun" /* where states are kept, without --root */
#define CONTAINER_SETTINGS "/etc/xenrun/config"

/* How linux.cgroupsPath is read, and who makes the cgroup on the host that it names. */
enum cgroup_manager { CGROUPS_FS, CGROUPS_SYSTEMD, CGROUPS_DISABLED };

struct container_options {
	const char *root; /* of the states */
	const char *id;
	const char *bundle; /* folder */
	const char *config; /* config.json's path, NULL for the bundle's */
	const char *pid_file;
	const char *console_socket;
	int preserve_fds;
	/* container_run()'s own: it waits, so that a terminal may be the caller's; the process is not to wait
	 * for its start. */
	bool foreground, start;
	enum cgroup_manager cgroup_manager;
};

/* Another process in a container. Lists are strings one after the other, an empty one at their end. */
struct exec_options {
	const char *root, *id;
	const char *process; /* file with the whole of it, NULL: the container's own, with `args` */
	char **args;	     /* NULL-terminated */
	bool terminal, detach, no_new_privileges, ignore_paused;
	const char *user, *cwd, *process_label, *apparmor;
	const char *env, *caps, *gids; /* lists, in addition to the process's own */
	const char *console_socket, *pid_file;
	int preserve_fds;
};

/* Everything up to the point where the process could be executed; its standard streams are the caller's. */
int container_create(const struct container_options *options, struct error *err);

/* create, start, and unless `detach` the wait for the end and delete. The exit status of the process goes
 * to *status (0 when detached). `keep` leaves the container in state stopped. */
int container_run(
	const struct container_options *options, bool detach, bool keep, int *status, struct error *err);

int container_start(const char *root, const char *id, struct error *err);
int container_kill(const char *root, const char *id, int signal, bool all, struct error *err);

/* Executes it, and unless `detach` waits for its end: its exit status goes to *status. */
int container_exec(const struct exec_options *options, int *status, struct error *err);

/* Stops the zone's clock, or has it go on. */
int container_pause(const char *root, const char *id, bool resume, struct error *err);

/* Changes linux.resources of a container by what the file says ("-": standard input), or without one the
 * text: the zone's size and share, the limits in it, and the config that exec sees. */
int container_update(const char *root, const char *id, const char *file, const char *text, struct error *err);

/* Lists the zone's processes of the container, with their pids in it: a table; or a JSON array of the pids
 * that stand for them on this host. */
int container_ps(const char *root, const char *id, bool json, FILE *out, struct error *err);

/* Prints what the container uses, a JSON object a line: once when `interval` is 0, else every so many
 * milliseconds until it has ended, with an event when it runs out of memory. */
int container_events(const char *root, const char *id, unsigned long interval, FILE *out, struct error *err);

/* Refuses a container that is not stopped, unless `force`; then one that does not exist is no error. */
int container_delete(const char *root, const char *id, bool force, struct error *err);

/* The state as JSON, as runtime.md, "State" says; the caller frees it. */
char *container_state_json(const char *root, const char *id, struct error *err);

enum list_format { LIST_TABLE, LIST_JSON, LIST_QUIET };
int container_list(const char *root, enum list_format format, FILE *out, struct error *err);

/* Calls `call` for the ID of each container whose ID matches the extended regular expression. */
int container_match(const char *root, const char *regex,
	int (*call)(void *arg, const char *id, struct error *err), void *arg, struct error *err);

/* Prints what this host has and lacks for running zones. Returns whether a container would start. */
bool container_check(FILE *out);

#endif
