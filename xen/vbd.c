/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block devices of a zone. dom0's xen-blkback serves them, and takes `physical-device` from whoever writes
 * it: no hotplug script is run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "xen/writer.h"
#include "xen/zone.h"

#include <xen/io/xenbus.h>

/* Virtual devices of the extended kind, whose number is their minor in the guest. */
#define EXTENDED (1u << 28)

/* How long both drivers may take to let go of a device. */
#define END_MS 5000

static uint32_t handle_of(uint32_t number)
{
	return EXTENDED | zone_vbd_minor(number);
}

static void back_path(char path[PATH_SIZE], uint32_t domid, uint32_t handle, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/0/backend/vbd/%" PRIu32 "/%" PRIu32 "%s%s", domid, handle,
		*node ? "/" : "", node);
}

static void front_path(char path[PATH_SIZE], uint32_t domid, uint32_t handle, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/%" PRIu32 "/device/vbd/%" PRIu32 "%s%s", domid, handle,
		*node ? "/" : "", node);
}

void vbd_write(struct writer *w, uint32_t domid, uint32_t member, const struct zone_vbd *vbd)
{
	uint32_t handle = handle_of(vbd->number);
	char front[PATH_SIZE], back[PATH_SIZE], path[PATH_SIZE];

	front_path(front, domid, handle, "");
	back_path(back, domid, handle, "");

#define PUT(place, node, ...)                     \
	do {                                      \
		place(path, domid, handle, node); \
		writer_put(w, path, __VA_ARGS__); \
	} while (0)

	writer_folder(w, front, domid, 0);
	PUT(front_path, "backend", "%s", back);
	PUT(front_path, "backend-id", "0");
	PUT(front_path, "virtual-device", "%" PRIu32, handle);
	PUT(front_path, "device-type", "disk");
	PUT(front_path, "state", "%d", XenbusStateInitialising);

	writer_folder(w, back, 0, domid);
	PUT(back_path, "frontend", "%s", front);
	PUT(back_path, "frontend-id", "%" PRIu32, domid);
	PUT(back_path, "online", "1");
	PUT(back_path, "removable", "0");
	PUT(back_path, "type", "phy");
	PUT(back_path, "device-type", "disk");
	/* Names the thread that serves it: without it there is none. */
	PUT(back_path, "dev", "%" PRIu32 ":%" PRIu32, vbd->major, vbd->minor);
	PUT(back_path, "mode", vbd->read_only ? "r" : "w");
	PUT(back_path, "params", "/dev/block/%" PRIu32 ":%" PRIu32, vbd->major, vbd->minor);
	PUT(back_path, "physical-device", "%" PRIx32 ":%" PRIx32, vbd->major, vbd->minor);
	PUT(back_path, "hotplug-status", "connected");
	PUT(back_path, "member", "%" PRIu32, member);
	PUT(back_path, "state", "%d", XenbusStateInitialising);
#undef PUT
}

int vbd_watch(struct zone *zone, uint32_t number, struct error *err)
{
	char path[PATH_SIZE];

	back_path(path, zone->domid, handle_of(number), "state");
	if (!xs_watch(zone->store, path, "vbd"))
		return error_set(err, errno, "cannot watch %s in XenStore", path);
	return 0;
}

/* Why the back end gave up: it says so in a node of dom0's. "2 creating vbd structure" begins with the errno.
 */
static int say_why(struct zone *zone, uint32_t number, struct error *err)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	unsigned int length;

	snprintf(path, sizeof(path), "/local/domain/0/error/backend/vbd/%" PRIu32 "/%" PRIu32 "/error",
		zone->domid, handle_of(number));
	text = xs_read(zone->store, XBT_NULL, path, &length);
	return error_set(err, 0, "dom0's xen-blkback gave up%s%s", text && length ? ": " : "",
		text && length ? text : "");
}

int zone_vbds_check(struct zone *zone, uint32_t *number, struct error *err)
{
	for (uint32_t i = 0; i < zone->vbds_len; i++) {
		char path[PATH_SIZE];
		cleanup_free char *text = NULL;
		unsigned int length;

		/* What a guest closes afterwards is its own affair. */
		if (zone->vbds_connected[i])
			continue;
		/* Its own word: the guest cannot write there. */
		back_path(path, zone->domid, handle_of(zone->vbds[i]), "state");
		text = xs_read(zone->store, XBT_NULL, path, &length);
		if (text && length == 1 && *text - '0' <= XenbusStateConnected) {
			zone->vbds_connected[i] = *text - '0' == XenbusStateConnected;
			continue;
		}
		/* So it is at a zone's end. */
		if (zone_condition(zone) != ZONE_RUNS)
			return 0;
		*number = zone->vbds[i];
		return say_why(zone, zone->vbds[i], err);
	}
	return 0;
}

static void await_end(uint32_t domid, uint32_t handle)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%" PRIu32 "-%" PRIu32, domid, handle);
	for (int i = 0; i < END_MS && access(path, F_OK) == 0; i++)
		usleep(1000);
}

/* What dom0's driver has said of devices of that domain, or of one. */
static void forget_errors(struct xs_handle *store, const char *path)
{
	char error[PATH_SIZE + sizeof("/error")];

	snprintf(error, sizeof(error), "/local/domain/0/error/%s", path + strlen("/local/domain/0/"));
	xs_rm(store, XBT_NULL, error);
}

/* The handles of what a domain has. To be freed. */
static char **list_handles(
	struct xs_handle *store, xs_transaction_t transaction, uint32_t domid, unsigned int *count)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/%" PRIu32, domid);
	*count = 0;
	return xs_directory(store, transaction, path, count);
}

static bool is_of_member(struct xs_handle *store, xs_transaction_t transaction, uint32_t domid,
	uint32_t handle, uint32_t member)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	unsigned int length;

	back_path(path, domid, handle, "member");
	text = xs_read(store, transaction, path, &length);
	return text && strtoul(text, NULL, 10) == member;
}

/* In one piece with looking for them: a node is not to be made again that the zone's end has removed. */
static void ask_to_close(struct xs_handle *store, uint32_t domid, uint32_t member)
{
	struct writer w = {.store = store};
	struct error ignored = {0};
	char path[PATH_SIZE];
	int result;

	do {
		unsigned int count;
		char **handles;

		if (!writer_begin(&w, &result, &ignored))
			break;
		handles = list_handles(store, w.transaction, domid, &count);
		for (unsigned int i = 0; i < count; i++) {
			uint32_t handle = (uint32_t)strtoul(handles[i], NULL, 10);

			if (!is_of_member(store, w.transaction, domid, handle, member))
				continue;
			back_path(path, domid, handle, "online");
			writer_put(&w, path, "0");
			back_path(path, domid, handle, "state");
			writer_put(&w, path, "%d", XenbusStateClosing);
		}
		free(handles);
	} while (writer_end(&w, &result, &ignored));
	error_clear(&ignored);
}

static void remove_one(struct xs_handle *store, uint32_t domid, uint32_t handle)
{
	char path[PATH_SIZE];

	front_path(path, domid, handle, "");
	xs_rm(store, XBT_NULL, path);
	back_path(path, domid, handle, "");
	xs_rm(store, XBT_NULL, path);
	forget_errors(store, path);
}

void vbds_unplug(struct xs_handle *store, uint32_t domid, uint32_t member)
{
	unsigned int count;
	char **handles = list_handles(store, XBT_NULL, domid, &count);

	/* Most members have none. */
	if (!handles)
		return;
	ask_to_close(store, domid, member);
	for (unsigned int i = 0; i < count; i++) {
		uint32_t handle = (uint32_t)strtoul(handles[i], NULL, 10);

		if (!is_of_member(store, XBT_NULL, domid, handle, member))
			continue;
		/* The guest may have to write yet. One that does not close is not waited for any longer. */
		await_end(domid, handle);
		remove_one(store, domid, handle);
	}
	free(handles);
}

void vbds_remove(struct xs_handle *store, uint32_t domid)
{
	char path[PATH_SIZE];
	unsigned int count;
	char **handles = list_handles(store, XBT_NULL, domid, &count);

	if (!handles)
		return;
	snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/%" PRIu32, domid);
	xs_rm(store, XBT_NULL, path);
	forget_errors(store, path);
	for (unsigned int i = 0; i < count; i++)
		await_end(domid, (uint32_t)strtoul(handles[i], NULL, 10));
	free(handles);
}
