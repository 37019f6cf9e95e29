/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "libocispec/ocispec.h"
#include "util/cleanup.h"

static const struct option_spec options[] = {{0}};

static int run(const struct globals *globals, const char *const *values, char **arguments, int count,
	struct error *err)
{
	cleanup_free char *json = oci_features_json();

	(void)globals;
	(void)values;
	(void)arguments;
	(void)count;
	if (!json)
		return error_set(err, ENOMEM, "features");
	fputs(json, stdout);
	return 0;
}

const struct command command_features = {
	.name = "features",
	.arguments = "",
	.summary = "Print what of the OCI runtime spec is there",
	.options = options,
	.run = run,
};
