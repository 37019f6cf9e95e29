/* SPDX-License-Identifier: Apache-2.0 */
#include "container/member.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "container/namespaces.h"
#include "libocispec/names.h"
#include "util/cleanup.h"

struct search {
	const struct stat *network;
	char *id;
};

static bool is_of(const struct stat *namespace, const struct record *record, const char *file)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", record->standin.pid);
	return namespace_is_of(namespace, pid, file);
}

static int look_at(void *arg, const struct record *record, struct error *err)
{
	struct search *search = arg;

	if (record->zone || !process_alive(&record->standin) || record_status(record) == OCI_STATUS_STOPPED ||
		!is_of(search->network, record, "net"))
		return 0;
	search->id = strdup(record->id);
	return search->id ? 1 : error_set(err, ENOMEM, "container");
}

/* What the config has of the owner's besides the network. */
static int find_shared(struct container *container, struct error *err)
{
	static const char *const types[] = {"ipc", "uts", "pid"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const struct oci_namespace *ns = oci_config_namespace(container->config, types[i]);
		struct stat st;

		if (!ns || !ns->path || !*ns->path)
			continue;
		if (stat(ns->path, &st) || !is_of(&st, container->owner, types[i]))
			return error_set(err, 0,
				"linux.namespaces[%zu].path: %s is not that of container %s, whose zone it "
				"shares",
				(size_t)(ns - container->config->linux_->namespaces), ns->path,
				container->owner->id);
		container->shared |= (uint32_t)oci_namespace_flag(types[i]);
	}
	if (oci_config_namespace(container->config, "user"))
		return error_set(err, 0,
			"linux.namespaces: a user namespace in a zone that is shared is not supported yet");
	return 0;
}

int member_find_owner(struct container *container, struct error *err)
{
	const char *root = container->options->root;
	struct stat network;
	struct search search = {.network = &network};
	cleanup_close int dir = -1;

	if (container->network_namespace < 0 || fstat(container->network_namespace, &network))
		return 0;
	if (each_record(root, look_at, &search, err) && !search.id)
		return -1;
	if (!search.id)
		return 0;
	dir = statedir_open(root, search.id, err);
	free(search.id);
	container->owner = dir < 0 ? NULL : record_load(dir, err);
	return container->owner ? find_shared(container, err) : -1;
}

static int ask(const char *root, const char *owner, const struct request *request, struct error *err)
{
	cleanup_close int dir = statedir_open(root, owner, err);
	struct answer answer;

	return dir < 0 ? -1 : request_monitor(dir, request, &answer, err);
}

struct zone *member_join(struct container *container, struct error *err)
{
	const char *const names[] = {
		ZONE_TAG_CONTROL, ZONE_TAG_ROOTFS, container->volumes.len ? ZONE_TAG_VOLUMES : NULL, NULL};
	struct record *record = container->record;
	struct zone *zone = zone_join(container->owner->uuid, names, container->devices.disks,
		container->devices.disks_len, &record->member, err);
	const struct request request = {.type = REQUEST_JOIN,
		.arg = {record->member, container->shared},
		.memory_kib = container->memory_kib};

	if (!zone)
		return NULL;
	if (ask(container->options->root, record->zone, &request, err)) {
		error_prefix(err, "%s", record->zone);
		zone_leave(zone, true);
		return NULL;
	}
	return zone;
}

void member_leave(const char *root, const struct record *record)
{
	const struct request request = {.type = REQUEST_LEAVE, .arg = {record->member}};
	struct error ignored = {0};

	ask(root, record->zone, &request, &ignored);
	error_clear(&ignored);
}

void member_reclaim(const char *root, const struct record *record)
{
	struct error ignored = {0};
	cleanup_close int dir = statedir_open(root, record->zone, &ignored);
	struct record *owner = dir < 0 ? NULL : record_load(dir, &ignored);

	member_leave(root, record);
	/* Until it had a number it had nothing; 0 is the owner. */
	if (owner && record->member)
		zone_unplug_vbds(owner->uuid, record->member);
	record_free(owner);
	error_clear(&ignored);
}
