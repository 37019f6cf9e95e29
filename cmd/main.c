/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "container/container.h"
#include "util/log.h"

static const struct command *const commands[] = {
	&command_create,
	&command_start,
	&command_run,
	&command_state,
	&command_exec,
	&command_kill,
	&command_pause,
	&command_resume,
	&command_delete,
	&command_list,
	&command_ps,
	&command_events,
	&command_update,
	&command_spec,
	&command_features,
	&command_check,
};

/* The exit status of an error. */
static int failure = EXIT_FAILURE;

#define COMMANDS (sizeof(commands) / sizeof(*commands))

enum {
	GLOBAL_ROOT,
	GLOBAL_LOG,
	GLOBAL_LOG_FORMAT,
	GLOBAL_LOG_LEVEL,
	GLOBAL_DEBUG,
	GLOBAL_SYSTEMD_CGROUP,
	GLOBAL_CGROUP_MANAGER,
	GLOBAL_ROOTLESS,
	GLOBAL_CRIU,
	GLOBAL_VERSION,
	GLOBAL_VERSION_SHORT,
};

static const struct option_spec global_options[] = {
	[GLOBAL_ROOT] = {0, "root", "DIR", "where states are kept (" CONTAINER_ROOT ")"},
	[GLOBAL_LOG] = {0, "log", "FILE", "where messages go (standard error)"},
	[GLOBAL_LOG_FORMAT] = {0, "log-format", "text|json", "how a message is written (text)"},
	[GLOBAL_LOG_LEVEL] = {0, "log-level", "LEVEL", "error, warning, info or debug (warning)"},
	[GLOBAL_DEBUG] = {0, "debug", NULL, "write debugging messages, the time line of a start among them"},
	[GLOBAL_SYSTEMD_CGROUP] = {0, "systemd-cgroup", NULL, "the same as --cgroup-manager systemd"},
	[GLOBAL_CGROUP_MANAGER] = {0, "cgroup-manager", "MANAGER",
		"cgroupfs, systemd or disabled: who makes the cgroup (cgroupfs)"},
	[GLOBAL_ROOTLESS] = {0, "rootless", "BOOL", NULL},
	[GLOBAL_CRIU] = {0, "criu", "PATH", NULL},
	[GLOBAL_VERSION] = {'v', "version", NULL, "print the version and end"},
	[GLOBAL_VERSION_SHORT] = {'V', "Version", NULL, NULL},
	{0},
};

static void print_usage(void)
{
	printf("Usage: xenrun [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
	       "An OCI runtime that runs every container as a Xen guest of its own.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nOptions:\n");
	options_print(global_options);
	printf("\n\"xenrun COMMAND --help\" says more of a command.\n");
}

static void print_version(void)
{
	printf("xenrun version " XENRUN_VERSION "\nspec: 1.3.0\n");
}

static int parse_log_level(const char *name, enum log_level *level, struct error *err)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{"debug", LOG_DEBUG},
		{"trace", LOG_DEBUG},
		{"info", LOG_INFO},
		{"warning", LOG_WARNING},
		{"warn", LOG_WARNING},
		{"error", LOG_ERROR},
		{"fatal", LOG_ERROR},
		{"panic", LOG_ERROR},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (strcmp(name, levels[i].name) == 0) {
			*level = levels[i].level;
			return 0;
		}
	return error_set(err, 0, "--log-level: unknown level \"%s\"", name);
}

static int open_log(const char *const *values, struct error *err)
{
	const char *format = values[GLOBAL_LOG_FORMAT] ? values[GLOBAL_LOG_FORMAT] : "text";
	enum log_level level = values[GLOBAL_DEBUG] ? LOG_DEBUG : LOG_WARNING;
	bool json = strcmp(format, "json") == 0;

	if (!json && strcmp(format, "text") != 0)
		return error_set(err, 0, "--log-format: \"%s\" is neither text nor json", format);
	if (values[GLOBAL_LOG_LEVEL] && !values[GLOBAL_DEBUG] &&
		parse_log_level(values[GLOBAL_LOG_LEVEL], &level, err))
		return -1;
	/* The file is for errors: its reader expects one message. */
	if (values[GLOBAL_LOG] && level == LOG_WARNING)
		level = LOG_ERROR;
	if (log_open(values[GLOBAL_LOG], json, level))
		return error_set(err, errno, "--log: %s", values[GLOBAL_LOG]);
	return 0;
}

/* --cgroup-manager says more. */
static int choose_cgroup_manager(const char *const *values, enum cgroup_manager *manager, struct error *err)
{
	static const char *const names[] = {
		[CGROUPS_FS] = "cgroupfs", [CGROUPS_SYSTEMD] = "systemd", [CGROUPS_DISABLED] = "disabled"};
	const char *name = values[GLOBAL_CGROUP_MANAGER];

	*manager = values[GLOBAL_SYSTEMD_CGROUP] ? CGROUPS_SYSTEMD : CGROUPS_FS;
	if (!name)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0) {
			*manager = (enum cgroup_manager)i;
			return 0;
		}
	return error_set(err, 0, "--cgroup-manager: \"%s\" is none of cgroupfs, systemd and disabled", name);
}

static int run_command(const struct command *command, const struct globals *globals, int argc, char **argv,
	struct error *err)
{
	const char *values[OPTIONS_MAX] = {NULL};
	bool help;
	int first = options_parse(
		command->options, command->arguments_max == ARGUMENTS_ANY, argc, argv, values, &help, err);

	if (command->failure)
		failure = command->failure;
	if (first < 0)
		return error_prefix(err, "%s", command->name);
	if (help) {
		printf("Usage: xenrun %s [OPTIONS]%s%s\n\n%s.\n\nOptions:\n", command->name,
			*command->arguments ? " " : "", command->arguments, command->summary);
		options_print(command->options);
		return 0;
	}
	if (argc - first < command->arguments_min)
		return error_set(err, 0, "%s: an argument is missing: xenrun %s %s", command->name,
			command->name, command->arguments);
	if (argc - first > command->arguments_max)
		return error_set(err, 0, "%s: unexpected argument \"%s\"", command->name,
			argv[first + command->arguments_max]);
	return command->run(globals, values, argv + first, argc - first, err);
}

static int dispatch(int argc, char **argv, struct error *err)
{
	const char *values[OPTIONS_MAX] = {NULL};
	struct globals globals = {.root = CONTAINER_ROOT};
	bool help;
	int first = options_parse(global_options, true, argc, argv, values, &help, err);

	if (first < 0)
		return -1;
	if (values[GLOBAL_VERSION] || values[GLOBAL_VERSION_SHORT]) {
		print_version();
		return 0;
	}
	if (help || first == argc || strcmp(argv[first], "help") == 0) {
		print_usage();
		return help || first < argc ? 0 : 1;
	}
	if (open_log(values, err))
		return -1;
	if (values[GLOBAL_ROOT])
		globals.root = values[GLOBAL_ROOT];
	if (*globals.root != '/')
		return error_set(err, 0, "--root: \"%s\" is not an absolute path", globals.root);
	if (choose_cgroup_manager(values, &globals.cgroup_manager, err))
		return -1;

	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[first], commands[i]->name) == 0)
			return run_command(commands[i], &globals, argc - first, argv + first, err);
	return error_set(err, 0, "unknown command \"%s\" (see xenrun --help)", argv[first]);
}

int main(int argc, char **argv)
{
	struct error err = {0};
	int status = dispatch(argc, argv, &err);

	if (status < 0) {
		log_message(LOG_ERROR, "%s", error_message(&err));
		/* A caller reads the file; a person who gave one reads standard error. */
		if (log_fd() != STDERR_FILENO)
			fprintf(stderr, "xenrun: %s\n", error_message(&err));
		error_clear(&err);
		return failure;
	}
	if (fflush(stdout)) {
		fprintf(stderr, "xenrun: cannot write the output\n");
		return EXIT_FAILURE;
	}
	return status;
}
