/* SPDX-License-Identifier: Apache-2.0 */
#include "container/member.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "container/namespaces.h"
#include "libocispec/names.h"
#include "util/cleanup.h"

#define ZONE_NAME_MAX 255

/* How long the lock of the state's root may be held, and how long another call may take to make the zone:
 * callers give up after four minutes. */
#define LOCK_SECONDS  30
#define OWNER_SECONDS 240
#define LOOK_AGAIN_NS 20000000

/* What can be had in common: in config.json, and in /proc/PID/ns. */
static const struct {
	const char *type, *file;
} kinds[] = {{"network", "net"}, {"ipc", "ipc"}, {"uts", "uts"}, {"pid", "pid"}};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct search {
	const char *name; /* of the zone, NULL for none */
	/* What config.json has by a path; NULL for none. */
	const struct oci_namespace *paths[KINDS];
	struct stat stats[KINDS];

	/* Of the zones: IDs of their owners, owned, NULL for none. */
	char *named;
	bool unready;	 /* that one is being created */
	char *networked; /* where somebody has the network */

	/* In the zone of `owner`. */
	const char *owner;
	char *mate;	 /* owned: who shares the most, the oldest of those */
	char *created;	 /* owned: since when he is there */
	uint32_t shared; /* CLONE_NEW*: with him */
	uint32_t seen;	 /* with anybody */
};

static uint32_t flag_of(size_t kind)
{
	return (uint32_t)oci_namespace_flag(kinds[kind].type);
}

static bool is_of(const struct search *search, size_t kind, const struct record *record)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", record->standin.pid);
	return search->paths[kind] && namespace_is_of(&search->stats[kind], pid, kinds[kind].file);
}

static bool is_there(const struct record *record)
{
	enum oci_status status = record_status(record);

	return process_alive(&record->standin) && status != OCI_STATUS_STOPPED &&
	       status != OCI_STATUS_CREATING;
}

static bool is_named(const struct record *record, const char *name)
{
	const char *its = oci_map_get(&record->annotations, ANNOTATION_ZONE);

	return its && strcmp(its, name) == 0;
}

static int replace(char **text, const char *by, struct error *err)
{
	free(*text);
	*text = strdup(by);
	return *text ? 0 : error_set(err, ENOMEM, "container");
}

static int look_for_zone(void *arg, const struct record *record, struct error *err)
{
	struct search *search = arg;
	enum oci_status status = record_status(record);

	if (search->name && !record->zone && status != OCI_STATUS_STOPPED && is_named(record, search->name)) {
		search->unready = status == OCI_STATUS_CREATING;
		if (replace(&search->named, record->id, err))
			return -1;
	}
	if (is_there(record) && is_of(search, 0, record))
		return replace(&search->networked, record->zone ? record->zone : record->id, err);
	return 0;
}

static unsigned int count(uint32_t flags)
{
	return (unsigned int)__builtin_popcount(flags);
}

static int look_for_mate(void *arg, const struct record *record, struct error *err)
{
	struct search *search = arg;
	const char *created;
	uint32_t shared = 0;

	if (!is_there(record) || strcmp(record->zone ? record->zone : record->id, search->owner) != 0)
		return 0;
	for (size_t kind = 0; kind < KINDS; kind++)
		if (is_of(search, kind, record))
			shared |= flag_of(kind);
	search->seen |= shared;
	/* Who came later may have them of the older one, and go sooner. The owner goes last. */
	created = record->zone ? record->created : "";
	if (search->mate &&
		(count(shared) < count(search->shared) ||
			(count(shared) == count(search->shared) && strcmp(created, search->created) >= 0)))
		return 0;
	search->shared = shared;
	return replace(&search->mate, record->id, err) || replace(&search->created, created, err) ? -1 : 0;
}

/* One that has ended meanwhile is none. */
static struct record *load_owner(const char *root, const char *id, struct error *err)
{
	cleanup_close int dir = statedir_open(root, id, err);
	struct record *record = dir < 0 ? NULL : record_load(dir, err);

	error_clear(err);
	if (record && is_there(record))
		return record;
	record_free(record);
	return NULL;
}

static int check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);

	if (length && length <= ZONE_NAME_MAX &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") == length)
		return 0;
	return error_set(err, 0,
		"annotations." ANNOTATION_ZONE
		": \"%.64s\" is not 1 to %d letters, digits and characters of \"_+.-\"",
		name, ZONE_NAME_MAX);
}

/* Namespaces that are none of the zone's are the container's own in the guest, unless the container is one of
 * a pod, or they are to have processes in common. */
static int check_shared(const struct container *container, const struct search *search, struct error *err)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		uint32_t flag = flag_of(kind);

		if (!search->paths[kind] || search->shared & flag ||
			!(search->seen & flag || search->shared & CLONE_NEWNET || flag == CLONE_NEWPID))
			continue;
		return error_set(err, 0,
			"linux.namespaces[%zu].path: %s is not that of container %s, whose zone it shares",
			(size_t)(search->paths[kind] - container->config->linux_->namespaces),
			search->paths[kind]->path, search->mate);
	}
	if (oci_config_namespace(container->config, "user"))
		return error_set(err, 0,
			"linux.namespaces: a user namespace in a zone that is shared is not supported yet");
	return 0;
}

static int find_mate(struct container *container, struct search *search, struct error *err)
{
	search->owner = container->owner->id;
	if (each_record(container->options->root, look_for_mate, search, err))
		return -1;
	if (!search->mate)
		return error_set(err, 0, "container %s, whose zone it is to share, has ended", search->owner);
	if (check_shared(container, search, err))
		return -1;
	container->mate = steal_pointer(&search->mate);
	container->shared = search->shared;
	return 0;
}

/* Returns 1 when it is to be asked again. */
static int find_owner(struct container *container, struct search *search, struct error *err)
{
	const char *root = container->options->root;

	if (each_record(root, look_for_zone, search, err))
		return -1;
	if (search->networked)
		container->owner = load_owner(root, search->networked, err);
	if (container->owner && search->name && !is_named(container->owner, search->name))
		return error_set(err, 0,
			"annotations." ANNOTATION_ZONE ": \"%s\", but the network namespace is in the zone "
			"of container %s, which is another",
			search->name, container->owner->id);
	if (container->owner || !search->named)
		return 0;
	if (search->unready)
		return 1;
	container->owner = load_owner(root, search->named, err);
	return 0;
}

/* With a name one call after the other decides. */
static int await_owner(struct container *container, struct search *search, struct error *err)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
	struct timespec now, end;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += OWNER_SECONDS;
	for (;;) {
		container->deciding = statedir_lock_root(container->options->root, LOCK_SECONDS, err);
		if (container->deciding < 0)
			return -1;
		result = find_owner(container, search, err);
		if (result <= 0)
			return result;
		close(steal_fd(&container->deciding));
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec)
			return error_set(err, 0,
				"annotations." ANNOTATION_ZONE
				": \"%s\": container %s, which makes the zone, is still being created",
				search->name, search->named);
		free(steal_pointer(&search->named));
		free(steal_pointer(&search->networked));
		nanosleep(&pause, NULL);
	}
}

int member_find_zone(struct container *container, struct error *err)
{
	struct search search = {.name = oci_map_get(&container->config->annotations, ANNOTATION_ZONE)};
	int result = -1;

	for (size_t kind = 0; kind < KINDS; kind++) {
		const struct oci_namespace *ns = oci_config_namespace(container->config, kinds[kind].type);

		if (ns && ns->path && *ns->path && stat(ns->path, &search.stats[kind]) == 0)
			search.paths[kind] = ns;
	}
	if (search.name ? check_name(search.name, err) || await_owner(container, &search, err)
			: search.paths[0] && find_owner(container, &search, err))
		goto out;
	result = container->owner ? find_mate(container, &search, err) : 0;
out:
	free(search.named);
	free(search.networked);
	free(search.mate);
	free(search.created);
	return result;
}

static int ask(const char *root, const char *whom, const struct request *request, struct error *err)
{
	cleanup_close int dir = statedir_open(root, whom, err);
	struct answer answer;

	return dir < 0 || request_monitor(dir, request, &answer, err) ? error_prefix(err, "%s", whom) : 0;
}

struct zone *member_join(struct container *container, const struct zone_network *network, struct error *err)
{
	const char *root = container->options->root;
	struct record *record = container->record;
	struct zone_vif vifs[ZONE_VIFS_MAX];
	struct zone_member member = {
		.tags = {ZONE_TAG_CONTROL, ZONE_TAG_ROOTFS, container->volumes.len ? ZONE_TAG_VOLUMES : NULL,
			NULL},
		.vifs = vifs,
		.vifs_len = zone_network_vifs(network, vifs),
		.vbds = container->devices.disks,
		.vbds_len = container->devices.disks_len,
	};
	struct request join = {.type = REQUEST_JOIN, .memory_kib = container->memory_kib},
		       share = {.type = REQUEST_SHARE, .arg = {0, container->shared}};
	struct zone *zone;

	/* It is written down before anything has that number: whoever takes down what this process could not
	 * any more is to find it. */
	if (zone_take_member(container->owner->uuid, &member.number, err))
		return NULL;
	record->member = join.arg[0] = share.arg[0] = member.number;
	if (record_save(container->dir, record, err))
		return NULL;
	zone = zone_join(container->owner->uuid, &member, err);
	if (!zone)
		return NULL;
	if (ask(root, record->zone, &join, err)) {
		zone_leave(zone, true);
		return NULL;
	}
	if (ask(root, container->mate, &share, err)) {
		member_leave(root, record);
		zone_leave(zone, true);
		return NULL;
	}
	return zone;
}

/* The record of the container whose zone it is. Another one may have come to have the ID. */
static struct record *record_of_zone(int dir, const struct record *record)
{
	static const uint8_t unknown[sizeof(record->zone_uuid)];
	struct error ignored = {0};
	struct record *owner = dir < 0 ? NULL : record_load(dir, &ignored);

	error_clear(&ignored);
	/* An earlier version did not write it down. */
	if (!owner || memcmp(record->zone_uuid, unknown, sizeof(unknown)) == 0 ||
		memcmp(record->zone_uuid, owner->uuid, sizeof(owner->uuid)) == 0)
		return owner;
	record_free(owner);
	return NULL;
}

int member_resize(const char *root, const struct record *record, uint64_t memory_kib, struct error *err)
{
	const struct request request = {
		.type = REQUEST_MEMBER_MEMORY, .arg = {record->member}, .memory_kib = memory_kib};
	cleanup_close int dir = statedir_open(root, record->zone, err);
	struct record *owner;
	struct answer answer;

	if (dir < 0)
		return -1;
	owner = record_of_zone(dir, record);
	if (!owner)
		return error_set(err, 0, "container %s, whose zone it shares, has ended", record->zone);
	record_free(owner);
	return request_monitor(dir, &request, &answer, err);
}

/* Has the owner's monitor end what is left of the container in the zone. */
static struct record *leave(const char *root, const struct record *record)
{
	const struct request request = {.type = REQUEST_LEAVE, .arg = {record->member}};
	struct error ignored = {0};
	cleanup_close int dir = statedir_open(root, record->zone, &ignored);
	struct record *owner = record_of_zone(dir, record);
	struct answer answer;

	if (owner)
		request_monitor(dir, &request, &answer, &ignored);
	error_clear(&ignored);
	return owner;
}

void member_leave(const char *root, const struct record *record)
{
	record_free(leave(root, record));
}

void member_reclaim(const char *root, const struct record *record)
{
	struct record *owner;

	/* It was not so far as to have a number. */
	if (!record->member)
		return;
	owner = leave(root, record);
	if (owner)
		zone_reclaim_member(owner->uuid, record->member);
	record_free(owner);
}
