/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: a table of commands, a table of options for each. A command parses its arguments, calls
 * one function of container/, and ends; main() prints the error. */
#ifndef XENRUN_CMD_H
#define XENRUN_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "container/container.h"
#include "util/error.h"
#include "util/version.h"

struct globals {
	const char *root;
	enum cgroup_manager cgroup_manager;
};

/* One option; a table ends with a NULL name. */
struct option_spec {
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* what --help calls it; NULL: none is taken; one that ends in "..." may come
				 again: its value is a list, one string after the other, an empty one last */
	const char *help;     /* NULL: taken for the callers' sake, and left out of --help */
};

struct command {
	const char *name;
	const char *arguments; /* after the options, as --help says it */
	const char *summary;
	const struct option_spec *options;
	int arguments_min,
		arguments_max; /* a max of ARGUMENTS_ANY: whatever follows the first is no option */
	int failure;	       /* exit status of an error; 0: EXIT_FAILURE */
	/* `values` has one for each option in the table: NULL if it was not given, "" for one without an
	 * argument. Returns the exit status; -1 for an error, with *err set. */
	int (*run)(const struct globals *globals, const char *const *values, char **arguments, int count,
		struct error *err);
};

extern const struct command command_check, command_create, command_delete, command_events, command_exec,
	command_features, command_kill, command_list, command_pause, command_ps, command_resume, command_run,
	command_spec, command_start, command_state, command_update;

/*
 * Parses options; values is filled as above. Returns the index of the first argument in argv, which is
 * permuted unless `in_order`; -1 with *err set. *help is set when --help was asked for.
 */
int options_parse(const struct option_spec *specs, bool in_order, int argc, char **argv, const char **values,
	bool *help, struct error *err);
void options_print(const struct option_spec *specs);

/* A value as a number from min to max. */
int option_number(const char *name, const char *value, long min, long max, long *number, struct error *err);

#define OPTIONS_MAX   32
#define ARGUMENTS_ANY 1000000

#endif
