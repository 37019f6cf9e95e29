/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scope of systemd's for the container's cgroup, asked for over D-Bus: org.freedesktop.systemd1(5).
 * libsystemd is opened when it is needed: linked, it and the five libraries that it needs would be resolved
 * at each start.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "container/hostcgroup.h"
#include "util/cleanup.h"

#define LIBRARY "libsystemd.so.0"
#define SERVICE "org.freedesktop.systemd1"
#define OBJECT	"/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

/* A job of systemd's that takes longer hangs. */
#define JOB_SECONDS 30

#define FUNCTIONS(_)                      \
	_(sd_bus_open_system)             \
	_(sd_bus_flush_close_unref)       \
	_(sd_bus_match_signal)            \
	_(sd_bus_message_new_method_call) \
	_(sd_bus_message_append)          \
	_(sd_bus_message_read)            \
	_(sd_bus_message_unref)           \
	_(sd_bus_call)                    \
	_(sd_bus_call_method)             \
	_(sd_bus_get_property_string)     \
	_(sd_bus_process)                 \
	_(sd_bus_wait)                    \
	_(sd_bus_error_free)              \
	_(sd_bus_error_has_name)

#define POINTER(function) __typeof__(function) *function;
static struct {
	FUNCTIONS(POINTER)
} bus_library;

struct job {
	char *path; /* of the object that stands for it */
	char result[32];
};

static int open_library(struct error *err)
{
	static void *handle;

	if (handle)
		return 0;
	handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
#define FIND(function) \
	bus_library.function = handle ? (__typeof__(bus_library.function))dlsym(handle, #function) : NULL;
	FUNCTIONS(FIND)
#define MISSING(function) || !bus_library.function
	if (!handle FUNCTIONS(MISSING)) {
		error_set(err, 0, "--systemd-cgroup: %s", dlerror());
		handle = NULL;
		return -1;
	}
	return 0;
}

static sd_bus *open_bus(struct error *err)
{
	sd_bus *bus = NULL;
	int result;

	if (open_library(err))
		return NULL;
	result = bus_library.sd_bus_open_system(&bus);
	if (result >= 0)
		return bus;
	error_set(
		err, -result, "--systemd-cgroup: the system bus, by which systemd is asked, does not answer");
	return NULL;
}

static int refused(const char *unit, int result, sd_bus_error *why, struct error *err)
{
	if (why->message)
		error_set(err, 0, "--systemd-cgroup: %s: systemd: %s", unit, why->message);
	else
		error_set(err, -result, "--systemd-cgroup: %s: systemd", unit);
	bus_library.sd_bus_error_free(why);
	return -1;
}

static int job_removed(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	struct job *job = arg;
	const char *path, *unit, *result;
	uint32_t number;

	(void)unused;
	if (bus_library.sd_bus_message_read(message, "uoss", &number, &path, &unit, &result) >= 0 &&
		job->path && strcmp(job->path, path) == 0)
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/* Its end is a signal, and none is missed: it is listened for before there are jobs. */
static int listen_for_jobs(sd_bus *bus, struct job *job, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	int result = bus_library.sd_bus_match_signal(
		bus, NULL, SERVICE, OBJECT, MANAGER, "JobRemoved", job_removed, job);

	if (result >= 0)
		result = bus_library.sd_bus_call_method(
			bus, SERVICE, OBJECT, MANAGER, "Subscribe", &why, NULL, "");
	return result < 0 ? refused("Subscribe", result, &why, err) : 0;
}

static int await_job(sd_bus *bus, const char *unit, struct job *job, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	struct timespec now;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + JOB_SECONDS;
	while (!*job->result) {
		int result = bus_library.sd_bus_process(bus, NULL);

		if (result == 0)
			result = bus_library.sd_bus_wait(bus, 1000000);
		if (result < 0 && result != -EINTR)
			return refused(unit, result, &why, err);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (!*job->result && now.tv_sec > end)
			return refused(unit, -ETIMEDOUT, &why, err);
	}
	if (strcmp(job->result, "done") != 0)
		return error_set(err, 0, "--systemd-cgroup: %s: systemd: %s", unit, job->result);
	return 0;
}

static int take_job(sd_bus_message *reply, struct job *job)
{
	const char *path;
	int result = bus_library.sd_bus_message_read(reply, "o", &path);

	job->path = result < 0 ? NULL : strdup(path);
	return result < 0 ? result : job->path ? 0 : -ENOMEM;
}

static int start_unit(sd_bus *bus, const char *unit, const char *slice, const char *id, pid_t pid,
	struct job *job, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL, *reply = NULL;
	cleanup_free char *description = NULL;
	int result = asprintf(&description, "xenrun container %s", id) < 0 ? -ENOMEM : 0;

	if (result >= 0)
		result = bus_library.sd_bus_message_new_method_call(
			bus, &call, SERVICE, OBJECT, MANAGER, "StartTransientUnit");
	if (result >= 0)
		result = bus_library.sd_bus_message_append(call, "ssa(sv)a(sa(sv))", unit, "fail", 10,
			"Description", "s", description, "Slice", "s", slice, "PIDs", "au", 1, (uint32_t)pid,
			"Delegate", "b", 1, "DefaultDependencies", "b", 0, "CollectMode", "s",
			"inactive-or-failed", "CPUAccounting", "b", 1, "MemoryAccounting", "b", 1,
			"IOAccounting", "b", 1, "TasksAccounting", "b", 1, 0);
	if (result >= 0)
		result = bus_library.sd_bus_call(bus, call, 0, &why, &reply);
	if (result >= 0)
		result = take_job(reply, job);
	bus_library.sd_bus_message_unref(call);
	bus_library.sd_bus_message_unref(reply);
	return result < 0 ? refused(unit, result, &why, err) : await_job(bus, unit, job, err);
}

static int unit_cgroup(sd_bus *bus, const char *unit, char **path, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *object;
	int result = bus_library.sd_bus_call_method(
		bus, SERVICE, OBJECT, MANAGER, "GetUnit", &why, &reply, "s", unit);

	if (result >= 0)
		result = bus_library.sd_bus_message_read(reply, "o", &object);
	if (result >= 0)
		result = bus_library.sd_bus_get_property_string(
			bus, SERVICE, object, SERVICE ".Scope", "ControlGroup", &why, path);
	bus_library.sd_bus_message_unref(reply);
	return result < 0 ? refused(unit, result, &why, err) : 0;
}

int systemd_start_scope(
	const char *unit, const char *slice, const char *id, pid_t pid, char **path, struct error *err)
{
	struct job job = {0};
	sd_bus *bus = open_bus(err);
	int result = -1;

	if (!bus)
		return -1;
	if (listen_for_jobs(bus, &job, err) == 0 && start_unit(bus, unit, slice, id, pid, &job, err) == 0)
		result = unit_cgroup(bus, unit, path, err);
	bus_library.sd_bus_flush_close_unref(bus);
	free(job.path);
	return result;
}

int systemd_stop(const char *unit, struct error *err)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = {0};
	sd_bus *bus = open_bus(err);
	int result = -1, called;

	if (!bus)
		return -1;
	if (listen_for_jobs(bus, &job, err) == 0) {
		called = bus_library.sd_bus_call_method(
			bus, SERVICE, OBJECT, MANAGER, "StopUnit", &why, &reply, "ss", unit, "replace");
		if (called >= 0)
			called = take_job(reply, &job);
		if (called >= 0)
			result = await_job(bus, unit, &job, err);
		else if (bus_library.sd_bus_error_has_name(&why, SERVICE ".NoSuchUnit"))
			result = 0;
		else
			refused(unit, called, &why, err);
		bus_library.sd_bus_error_free(&why);
	}
	bus_library.sd_bus_message_unref(reply);
	bus_library.sd_bus_flush_close_unref(bus);
	free(job.path);
	return result;
}
