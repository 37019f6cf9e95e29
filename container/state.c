/* SPDX-License-Identifier: Apache-2.0 */
/* state and list: what is written of the containers, and whether their processes live. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <regex.h>
#include <string.h>

#include "container/container.h"
#include "container/statedir.h"
#include "util/cleanup.h"

static struct oci_state describe(const struct record *record)
{
	enum oci_status status = record_status(record);

	return (struct oci_state){
		.oci_version = record->oci_version,
		.id = record->id,
		.status = status,
		.pid = status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATING ? 0
										     : record->standin.pid,
		.bundle = record->bundle,
		.annotations = &record->annotations,
		.rootfs = record->rootfs,
		.created = record->created,
		.owner = record->owner,
	};
}

char *container_state_json(const char *root, const char *id, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);
	struct record *record = dir < 0 ? NULL : record_load(dir, err);
	struct oci_state state;
	char *json;

	if (!record)
		return NULL;
	state = describe(record);
	json = oci_state_to_json(&state);
	if (!json)
		error_set(err, ENOMEM, "state");
	record_free(record);
	return json;
}

int each_record(const char *root, int (*call)(void *arg, const struct record *record, struct error *err),
	void *arg, struct error *err)
{
	cleanup_closedir DIR *folder = opendir(root);
	struct dirent *entry;

	if (!folder)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", root);
	while ((entry = readdir(folder))) {
		cleanup_close int dir = -1;
		struct record *record;
		int result;

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || strcmp(entry->d_name, "..") == 0))
			continue;
		dir = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		record = dir < 0 ? NULL : record_load(dir, err);
		if (!record) {
			error_clear(err);
			continue;
		}
		result = call(arg, record, err);
		record_free(record);
		if (result)
			return -1;
	}
	return 0;
}

struct listing {
	enum list_format format;
	FILE *out;
	struct json_object *array;
};

static int list_one(void *arg, const struct record *record, struct error *err)
{
	struct listing *listing = arg;
	struct oci_state state = describe(record);
	cleanup_free char *json = NULL;

	switch (listing->format) {
	case LIST_QUIET:
		fprintf(listing->out, "%s\n", state.id);
		break;
	case LIST_TABLE:
		fprintf(listing->out, "%-24s %-8d %-9s %-40s %-32s %s\n", state.id, (int)state.pid,
			oci_status_name(state.status), state.bundle, state.created,
			*state.owner ? state.owner : "root");
		break;
	case LIST_JSON:
		json = oci_state_to_json(&state);
		if (!json)
			return error_set(err, ENOMEM, "list");
		json_object_array_add(listing->array, json_tokener_parse(json));
		break;
	}
	return 0;
}

int container_list(const char *root, enum list_format format, FILE *out, struct error *err)
{
	struct listing listing = {.format = format, .out = out};
	int result;

	if (format == LIST_TABLE)
		fprintf(out, "%-24s %-8s %-9s %-40s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED",
			"OWNER");
	if (format == LIST_JSON)
		listing.array = json_object_new_array();
	result = each_record(root, list_one, &listing, err);
	if (listing.array) {
		fprintf(out, "%s\n",
			json_object_to_json_string_ext(
				listing.array, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(listing.array);
	}
	return result;
}

struct matching {
	regex_t regex;
	int (*call)(void *arg, const char *id, struct error *err);
	void *arg;
};

static int match_one(void *arg, const struct record *record, struct error *err)
{
	struct matching *matching = arg;

	if (regexec(&matching->regex, record->id, 0, NULL, 0) != 0)
		return 0;
	return matching->call(matching->arg, record->id, err);
}

int container_match(const char *root, const char *regex,
	int (*call)(void *arg, const char *id, struct error *err), void *arg, struct error *err)
{
	struct matching matching = {.call = call, .arg = arg};
	char reason[128];
	int result = regcomp(&matching.regex, regex, REG_EXTENDED | REG_NOSUB);

	if (result) {
		regerror(result, &matching.regex, reason, sizeof(reason));
		return error_set(err, 0, "--regex: %s: %s", regex, reason);
	}
	result = each_record(root, match_one, &matching, err);
	regfree(&matching.regex);
	return result;
}
