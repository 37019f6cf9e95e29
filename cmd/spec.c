/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "libocispec/ocispec.h"
#include "util/cleanup.h"

enum { SPEC_BUNDLE };

static const struct option_spec options[] = {
	[SPEC_BUNDLE] = {'b', "bundle", "DIR", "where to write config.json (the working directory)"},
	{0},
};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	cleanup_free char *path = NULL, *json = oci_default_spec_json();
	cleanup_close int fd = -1;

	(void)globals;
	(void)arguments;
	(void)count;
	if (!json || asprintf(&path, "%s/config.json", values[SPEC_BUNDLE] ? values[SPEC_BUNDLE] : ".") < 0)
		return error_set(err, ENOMEM, "spec");
	/* Somebody's own is not written over. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, json, strlen(json)) != (ssize_t)strlen(json))
		return error_set(err, errno, "%s", path);
	return 0;
}

const struct command command_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "Write a config.json to begin with",
	.options = options,
	.run = run,
};
