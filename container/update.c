/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: other limits for a container that runs. The call does it step by step, so that the monitor never
 * waits; a step that fails has those before it undone. Memory grows before the container may use it, and
 * shrinks when it no longer may.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "container/member.h"
#include "container/process.h"
#include "container/size.h"
#include "util/cleanup.h"
#include "util/log.h"

/* How long another update may take. */
#define LOCK_SECONDS 120

/* A kernel that neither takes nor gives back memory for so long does not. */
#define BALLOON_SECONDS	 20
#define BALLOON_PAUSE_NS 20000000

/* What Xen counts beside the memory that a zone was told of: its special pages, a few more or less. */
#define BALLOON_NEAR_KIB 2048

struct update {
	const char *root, *id;
	struct record *record; /* owned */
	int dir;
	struct oci_config *before, *after;
	char *text; /* config.json's, with the change in it */
	struct settings settings;
	struct host_facts host;
	struct zone_size old_size, size;
	uint64_t told_kib; /* what the zone was told to have when this began */
	uint32_t vcpus;
};

/* What Xen has of the zone. */
static int ask_xen(int dir, uint64_t *memory_kib, uint64_t *told_kib, uint32_t *vcpus, struct error *err)
{
	const struct request request = {.type = REQUEST_STATISTICS};
	unsigned long long has = 0, told = 0;
	struct answer answer;

	if (request_monitor(dir, &request, &answer, err))
		return -1;
	if (sscanf(answer.text, "%*u %llu %*u %llu %u", &has, &told, vcpus) != 3)
		return error_set(err, 0, "the monitor does not tell the zone's size");
	*memory_kib = has;
	*told_kib = told;
	return 0;
}

static int set_memory(int dir, uint64_t memory_kib, struct error *err)
{
	const struct request request = {.type = REQUEST_MEMORY, .memory_kib = memory_kib};
	struct answer answer;

	return request_monitor(dir, &request, &answer, err);
}

static int set_processors(int dir, const struct zone_processors *processors, struct error *err)
{
	const struct request request = {.type = REQUEST_PROCESSORS, .processors = *processors};
	struct answer answer;

	return request_monitor(dir, &request, &answer, err);
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Waits until the zone has about that much. Returns 0, with *near false when it has stopped before. */
static int await_memory(int dir, uint64_t wanted_kib, bool *near, struct error *err)
{
	const struct timespec pause = {.tv_nsec = BALLOON_PAUSE_NS};
	uint64_t has = 0, told, last;
	time_t end = now() + BALLOON_SECONDS;
	uint32_t vcpus;

	for (;;) {
		last = has;
		if (ask_xen(dir, &has, &told, &vcpus, err))
			return -1;
		*near = has + BALLOON_NEAR_KIB >= wanted_kib && has <= wanted_kib + BALLOON_NEAR_KIB;
		if (*near || now() >= end)
			return 0;
		if (has != last)
			end = now() + BALLOON_SECONDS;
		nanosleep(&pause, NULL);
	}
}

/* A kernel needs memory to describe more of it: so it doubles at most, and then once more. */
static int grow(const struct update *update, struct error *err)
{
	uint64_t told = update->told_kib, wanted = update->size.memory_kib;
	struct error ignored = {0};
	bool near;

	if (size_check_memory(&update->size, &update->host, told, err))
		return -1;
	while (told < wanted) {
		told = wanted - told > told ? 2 * told : wanted;
		if (set_memory(update->dir, told, err) || await_memory(update->dir, told, &near, err))
			break;
		if (!near) {
			error_set(err, 0,
				"linux.resources.memory.limit: the zone's kernel does not take more memory");
			break;
		}
	}
	if (!err->message)
		return 0;
	set_memory(update->dir, update->told_kib, &ignored);
	error_clear(&ignored);
	return -1;
}

/* The limit is in force already: that memory comes back later is no failure. */
static int shrink(const struct update *update, struct error *err)
{
	bool near;

	if (set_memory(update->dir, update->size.memory_kib, err) ||
		await_memory(update->dir, update->size.memory_kib, &near, err))
		return -1;
	if (!near)
		log_message(LOG_WARNING, "%s: the zone's kernel has not given all its memory back yet",
			update->id);
	return 0;
}

/* What runc does when it is asked to: the kernel would kill. */
static int check_use(const struct update *update, struct error *err)
{
	const struct oci_resources *resources = update->after->linux_->resources;
	const struct oci_memory *memory = resources ? resources->memory : NULL;
	cleanup_free char *text = NULL;
	unsigned long long used = 0;
	const char *at;

	if (!memory || !memory->check_before_update || !*memory->check_before_update || !memory->limit ||
		*memory->limit <= 0)
		return 0;
	text = exec_query(update->dir, ZONE_OP_STATISTICS, "linux.resources.memory.limit", err);
	if (!text)
		return -1;
	at = strstr(text, "[memory.current]\n");
	if (!at || sscanf(at, "[memory.current]\n%llu", &used) != 1 ||
		used <= (unsigned long long)*memory->limit)
		return 0;
	return error_set(err, 0,
		"linux.resources.memory.limit: the container uses more, %llu bytes (checkBeforeUpdate)",
		used);
}

/* The container's cgroup in the zone. */
static int limit_zone(const struct update *update, struct error *err)
{
	const struct oci_resources *resources = update->after->linux_->resources;
	struct spec spec = {0};

	if (resources && compile_limits(resources, &spec, err)) {
		spec_free(&spec);
		return -1;
	}
	spec_begin(&spec, ZONE_OP_LIMITS, "linux.resources");
	spec_end(&spec);
	return exec_limits(update->dir, &spec, err);
}

/* Both of its cgroups. */
static int limit(const struct update *update, struct error *err)
{
	struct error ignored = {0};

	if (hostcgroup_limit(&update->record->cgroup, update->after->linux_->resources, false, err) == 0 &&
		limit_zone(update, err) == 0)
		return 0;
	if (update->before->linux_)
		hostcgroup_limit(&update->record->cgroup, update->before->linux_->resources, false, &ignored);
	error_clear(&ignored);
	return -1;
}

static const char *cpus_of(const struct oci_config *config)
{
	const struct oci_resources *resources = config->linux_ ? config->linux_->resources : NULL;

	return resources && resources->cpu && resources->cpu->cpus ? resources->cpu->cpus : "";
}

static int apply_to_member(const struct update *update, struct error *err)
{
	uint64_t has = update->old_size.memory_kib, wanted = update->size.memory_kib;
	struct error ignored = {0};

	if (strcmp(cpus_of(update->before), cpus_of(update->after)) != 0)
		return error_set(err, 0,
			"linux.resources.cpu.cpus: the container shares the zone of container %s, whose CPUs "
			"are all of its containers'",
			update->record->zone);
	if (!update->size.memory_limited || wanted == has)
		return limit(update, err);
	if (wanted > has && (size_check_memory(&update->size, &update->host, has, err) ||
				    member_resize(update->root, update->record, wanted, err)))
		return -1;
	if (limit(update, err) == 0)
		return wanted < has ? member_resize(update->root, update->record, wanted, err) : 0;
	if (wanted > has)
		member_resize(update->root, update->record, has, &ignored);
	error_clear(&ignored);
	return -1;
}

static int apply(const struct update *update, struct error *err)
{
	/* Without a limit, or with a size of its own, the zone stays as large as it is. */
	bool more = update->size.memory_limited && update->size.memory_kib > update->told_kib;
	bool less = update->size.memory_limited && update->size.memory_kib < update->told_kib;
	struct error ignored = {0};

	if (check_use(update, err))
		return -1;
	if (update->record->zone)
		return apply_to_member(update, err);
	if (more && grow(update, err))
		return -1;
	if (set_processors(update->dir, &update->size.processors, err) == 0) {
		if (limit(update, err) == 0)
			return less ? shrink(update, err) : 0;
		set_processors(update->dir, &update->old_size.processors, &ignored);
	}
	if (more)
		set_memory(update->dir, update->told_kib, &ignored);
	error_clear(&ignored);
	return -1;
}

static int prepare(struct update *update, const char *file, const char *text, struct error *err)
{
	uint64_t has;
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/config.json", update->dir);
	update->before = container_config(update->dir, err);
	update->after = update->before ? oci_config_update(path, file, text, &update->text, err) : NULL;
	if (!update->after || settings_load(CONTAINER_SETTINGS, &update->settings, err))
		return -1;
	host_facts(&update->host);
	if (ask_xen(update->dir, &has, &update->told_kib, &update->vcpus, err))
		return -1;
	if (size_choose(
		    update->before, &update->settings, &update->host, update->vcpus, &update->old_size, err))
		return -1;
	return size_choose(
		update->after, &update->settings, &update->host, update->vcpus, &update->size, err);
}

/* The container, if it can be updated now. */
static int find(struct update *update, struct error *err)
{
	enum oci_status status;

	update->dir = statedir_open(update->root, update->id, err);
	update->record = update->dir < 0 ? NULL : record_load(update->dir, err);
	if (!update->record)
		return -1;
	status = record_status(update->record);
	if (status == OCI_STATUS_CREATED || status == OCI_STATUS_RUNNING)
		return 0;
	return error_set(err, 0, "cannot update a container that is %s", oci_status_name(status));
}

int container_update(const char *root, const char *id, const char *file, const char *text, struct error *err)
{
	struct update update = {.root = root, .id = id, .dir = -1};
	int lock = -1, result = -1;

	if (find(&update, err) == 0) {
		lock = statedir_lock(update.dir, "update", LOCK_EX, LOCK_SECONDS);
		if (lock < 0)
			error_set(err, errno, "another update of the container is under way");
		else if (prepare(&update, file, text, err) == 0 &&
			 config_write_new(update.dir, update.text, err) == 0) {
			result = apply(&update, err);
			if (result)
				config_drop_new(update.dir);
			else
				result = config_take_new(update.dir, err);
		}
	}
	oci_config_free(update.before);
	oci_config_free(update.after);
	free(update.text);
	record_free(update.record);
	settings_free(&update.settings);
	if (lock >= 0)
		close(lock);
	if (update.dir >= 0)
		close(update.dir);
	return result;
}
