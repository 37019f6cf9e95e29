/* SPDX-License-Identifier: Apache-2.0 */
/* The options that create and run share, as the first entries of their tables. */
#ifndef XENRUN_CMD_CREATE_H
#define XENRUN_CMD_CREATE_H

#include "cmd/cmd.h"
#include "container/container.h"

enum {
	CREATE_BUNDLE,
	CREATE_CONFIG,
	CREATE_CONSOLE_SOCKET,
	CREATE_PID_FILE,
	CREATE_PRESERVE_FDS,
	CREATE_NO_PIVOT,
	CREATE_NO_NEW_KEYRING,
	CREATE_NO_SUBREAPER,
	CREATE_OPTIONS,
};

#define CREATE_OPTION_SPECS                                                                                  \
	[CREATE_BUNDLE] = {'b', "bundle", "DIR", "the bundle (the working directory)"},                      \
	[CREATE_CONFIG] = {'f', "config", "FILE", "its config.json (the one in the bundle)"},                \
	[CREATE_CONSOLE_SOCKET] = {0, "console-socket", "SOCKET", "where the terminal's master is sent to"}, \
	[CREATE_PID_FILE] = {0, "pid-file", "FILE", "write the container's pid to it"},                      \
	[CREATE_PRESERVE_FDS] = {0, "preserve-fds", "N",                                                     \
		"descriptors to pass on besides the standard ones"},                                         \
	[CREATE_NO_PIVOT] = {0, "no-pivot", NULL, NULL},                                                     \
	[CREATE_NO_NEW_KEYRING] = {0, "no-new-keyring", NULL, NULL},                                         \
	[CREATE_NO_SUBREAPER] = {0, "no-subreaper", NULL, NULL}

int create_options(const struct globals *globals, const char *const *values, const char *id,
	struct container_options *options, struct error *err);

#endif
