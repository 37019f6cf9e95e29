/* SPDX-License-Identifier: Apache-2.0 */
/* exec's process: a file's, or the container's own with other arguments; then what the options say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/process.h"
#include "libocispec/names.h"
#include "util/log.h"

static int append(char ***list, size_t *len, const char *text)
{
	char **grown = reallocarray(*list, *len + 2, sizeof(char *));

	if (!grown)
		return -1;
	*list = grown;
	grown[*len] = strdup(text);
	if (!grown[*len])
		return -1;
	grown[++*len] = NULL;
	return 0;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = strdup(by);
}

/* `options` lists as cmd/ gives them: one string after the other, an empty one at the end. */
static const char *next(const char *item)
{
	return item + strlen(item) + 1;
}

/* "UID[:GID]"; without a group the process's own stays. */
static int set_user(struct oci_process *process, const char *text, struct error *err)
{
	char *end;
	unsigned long uid = strtoul(text, &end, 10), gid = process->user.gid;

	if (end != text && *end == ':' && end[1])
		gid = strtoul(end + 1, &end, 10);
	if (end == text || *end || *text == '-' || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return error_set(err, 0, "--user: \"%s\" is not UID or UID:GID", text);
	process->user.uid = (uint32_t)uid;
	process->user.gid = (uint32_t)gid;
	return 0;
}

static int add_group(struct oci_process *process, const char *text, struct error *err)
{
	struct oci_user *user = &process->user;
	uint32_t *gids = reallocarray(user->additional_gids, user->additional_gids_len + 1, sizeof(*gids));
	char *end;
	unsigned long gid = strtoul(text, &end, 10);

	if (!gids)
		return error_set(err, ENOMEM, "--additional-gids");
	user->additional_gids = gids;
	if (!*text || *end || *text == '-' || gid >= UINT32_MAX)
		return error_set(err, 0, "--additional-gids: \"%s\" is not a number of a group", text);
	gids[user->additional_gids_len++] = (uint32_t)gid;
	return 0;
}

static int add_capability(struct oci_process *process, const char *name, struct error *err)
{
	struct oci_capabilities *caps = process->capabilities;

	if (oci_capability_number(name) < 0)
		return error_set(err, 0, "--cap: unknown capability \"%s\"", name);
	if (!caps)
		caps = process->capabilities = calloc(1, sizeof(*caps));
	if (!caps || append(&caps->bounding, &caps->bounding_len, name) ||
		append(&caps->effective, &caps->effective_len, name) ||
		append(&caps->permitted, &caps->permitted_len, name))
		return error_set(err, ENOMEM, "--cap");
	return 0;
}

static int set_args(struct oci_process *process, char *const *args, struct error *err)
{
	for (size_t i = 0; i < process->args_len; i++)
		free(process->args[i]);
	process->args_len = 0;
	for (; *args; args++)
		if (append(&process->args, &process->args_len, *args))
			return error_set(err, ENOMEM, "process.args");
	return 0;
}

static int apply(struct oci_process *process, const struct exec_options *options, struct error *err)
{
	if (options->args && *options->args && set_args(process, options->args, err))
		return -1;
	if (options->user && set_user(process, options->user, err))
		return -1;
	if (options->cwd)
		replace(&process->cwd, options->cwd);
	if (options->no_new_privileges)
		process->no_new_privileges = true;
	if (options->process_label)
		replace(&process->selinux_label, options->process_label);
	if (options->apparmor)
		replace(&process->apparmor_profile, options->apparmor);
	for (const char *item = options->env; item && *item; item = next(item))
		if (append(&process->env, &process->env_len, item))
			return error_set(err, ENOMEM, "--env");
	for (const char *item = options->caps; item && *item; item = next(item))
		if (add_capability(process, item, err))
			return -1;
	for (const char *item = options->gids; item && *item; item = next(item))
		if (add_group(process, item, err))
			return -1;
	return 0;
}

struct oci_process *exec_process(
	const struct exec_options *options, struct oci_config *config, struct error *err)
{
	struct oci_warnings warnings = {0};
	struct oci_process *process = NULL;

	if (options->process) {
		process = oci_process_load(options->process, &warnings, err);
	} else {
		process = config->process;
		config->process = NULL;
		/* It is the container's own that has one. */
		process->terminal = false;
		if (!options->args || !*options->args) {
			error_set(err, 0, "exec: no command to execute");
			oci_process_free(process);
			return NULL;
		}
	}
	if (!process)
		return NULL;
	if (options->terminal)
		process->terminal = true;
	if (apply(process, options, err) || oci_process_validate(process, &warnings, err)) {
		oci_process_free(process);
		process = NULL;
	}
	for (size_t i = 0; i < warnings.len; i++)
		log_message(LOG_WARNING, "%s", warnings.messages[i]);
	oci_warnings_free(&warnings);
	return process;
}
