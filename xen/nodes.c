/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XenStore nodes of a zone. The layout is that of docs/misc/xenstore-paths.pandoc in Xen's tree, so
 * that xl and xenstore-ls show a zone as they show any guest; a new node takes its parent's permissions.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "xen/writer.h"
#include "xen/zone.h"

#include <xen/io/xenbus.h>

/* Not "9pfs": no other tool is to take our backends for its own. Frontends follow their `backend` node. */
#define BACKEND_TYPE "xenrun-9pfs"

/* How long the kernel may take to end an interface, and before it the guest. */
#define VIF_END_MS   5000
#define VIF_CLOSE_MS 2000

/* That a zone has in its life: the names of interfaces have room for numbers of six digits, the minor
 * numbers of block devices have 20 bits. */
#define MEMBERS_MAX (1000000 / ZONE_VIFS_MAX)
#define VBDS_MAX    1000000

void uuid_text(const uint8_t u[ZONE_UUID_LENGTH], char text[37])
{
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void frontend_path(char path[PATH_SIZE], uint32_t domid, uint32_t number, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/%" PRIu32 "/device/9pfs/%" PRIu32 "%s%s", domid, number,
		*node ? "/" : "", node);
}

static void backend_path(char path[PATH_SIZE], uint32_t domid, uint32_t number, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/0/backend/" BACKEND_TYPE "/%" PRIu32 "/%" PRIu32 "%s%s",
		domid, number, *node ? "/" : "", node);
}

static void put_device(struct writer *w, uint32_t domid, uint32_t number, const char *tag)
{
	char front[PATH_SIZE], back[PATH_SIZE], path[PATH_SIZE];

	frontend_path(front, domid, number, "");
	backend_path(back, domid, number, "");

	writer_folder(w, back, 0, domid);
	backend_path(path, domid, number, "frontend");
	writer_put(w, path, "%s", front);
	backend_path(path, domid, number, "frontend-id");
	writer_put(w, path, "%" PRIu32, domid);
	backend_path(path, domid, number, "online");
	writer_put(w, path, "1");
	backend_path(path, domid, number, "versions");
	writer_put(w, path, "1");
	backend_path(path, domid, number, "max-rings");
	writer_put(w, path, "%d", ZONE_RINGS);
	backend_path(path, domid, number, "max-ring-page-order");
	writer_put(w, path, "%d", ZONE_RING_ORDER);
	backend_path(path, domid, number, "state");
	writer_put(w, path, "%d", XenbusStateInitWait);

	writer_folder(w, front, domid, 0);
	frontend_path(path, domid, number, "backend");
	writer_put(w, path, "%s", back);
	frontend_path(path, domid, number, "backend-id");
	writer_put(w, path, "0");
	frontend_path(path, domid, number, "tag");
	writer_put(w, path, "%s", tag);
	frontend_path(path, domid, number, "state");
	writer_put(w, path, "%d", XenbusStateInitialising);
}

static void vif_path(char path[PATH_SIZE], uint32_t domid, uint32_t number, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/0/backend/vif/%" PRIu32 "/%" PRIu32 "%s%s", domid, number,
		*node ? "/" : "", node);
}

static void put_vif(struct writer *w, uint32_t domid, uint32_t number, const struct zone_vif *vif)
{
	const uint8_t *m = vif->mac;
	char front[PATH_SIZE - 16], back[PATH_SIZE], path[PATH_SIZE], mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	snprintf(front, sizeof(front), "/local/domain/%" PRIu32 "/device/vif/%" PRIu32, domid, number);
	vif_path(back, domid, number, "");

#define PUT(node, ...)                               \
	do {                                         \
		vif_path(path, domid, number, node); \
		writer_put(w, path, __VA_ARGS__);    \
	} while (0)
#define PUT_FRONT(node, ...)                                     \
	do {                                                     \
		snprintf(path, sizeof(path), "%s/" node, front); \
		writer_put(w, path, __VA_ARGS__);                \
	} while (0)

	writer_folder(w, front, domid, 0);
	PUT_FRONT("backend", "%s", back);
	PUT_FRONT("backend-id", "0");
	PUT_FRONT("handle", "%" PRIu32, number);
	PUT_FRONT("mac", "%s", mac);
	PUT_FRONT("mtu", "%" PRIu32, vif->mtu);
	PUT_FRONT("state", "%d", XenbusStateInitialising);

	writer_folder(w, back, 0, domid);
	PUT("frontend", "%s", front);
	PUT("frontend-id", "%" PRIu32, domid);
	PUT("online", "1");
	PUT("handle", "%" PRIu32, number);
	PUT("mac", "%s", mac);
	/* The driver wants one; whoever sets the interface up runs none. */
	PUT("script", "/bin/true");
	PUT("state", "%d", XenbusStateInitialising);
#undef PUT
#undef PUT_FRONT
}

static void put_domain(struct writer *w, const struct zone *zone, const struct zone_config *config)
{
	char base[64], vm[64], uuid[37], path[PATH_SIZE];

	uuid_text(config->uuid, uuid);
	snprintf(base, sizeof(base), "/local/domain/%" PRIu32, zone->domid);
	snprintf(vm, sizeof(vm), "/vm/%s", uuid);

#define PUT(node, ...)                                          \
	do {                                                    \
		snprintf(path, sizeof(path), "%s/" node, base); \
		writer_put(w, path, __VA_ARGS__);               \
	} while (0)

	writer_folder(w, base, 0, zone->domid);
	PUT("vm", "%s", vm);
	PUT("name", "%s", config->name);
	PUT("domid", "%" PRIu32, zone->domid);
	PUT("memory/static-max", "%" PRIu64, config->memory_kib);
	PUT("memory/target", "%" PRIu64, config->memory_kib);
	for (uint32_t cpu = 0; cpu < config->vcpus; cpu++) {
		snprintf(path, sizeof(path), "%s/cpu/%" PRIu32 "/availability", base, cpu);
		writer_put(w, path, "online");
	}
	PUT("store/port", "%" PRIu32, zone->store_port);
	PUT("store/ring-ref", "%lu", (unsigned long)zone->store_frame);
	PUT("console/port", "%" PRIu32, zone->console_port);
	PUT("console/ring-ref", "%lu", (unsigned long)zone->console_frame);
	/* xenconsoled leaves consoles of a type that is not its own alone. */
	PUT("console/type", "xenrun");
	PUT("console/tty", "%s", zone->console.pty_name);
#undef PUT
	snprintf(path, sizeof(path), "%s/control", base);
	writer_folder(w, path, zone->domid, 0);

	snprintf(path, sizeof(path), "%s/uuid", vm);
	writer_put(w, path, "%s", uuid);
	snprintf(path, sizeof(path), "%s/name", vm);
	writer_put(w, path, "%s", config->name);

	/* What tells xl a PVH guest from an HVM one. */
	snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/type", zone->domid);
	writer_put(w, path, "%s", config->type == ZONE_PVH ? "pvh" : "pv");
}

/* The number of the next member, or of the next `count` block devices. None comes twice: a guest that has not
 * seen yet that a device is gone would take one of the same number for it. */
static uint32_t take_number(struct writer *w, uint32_t domid, const char *of, uint32_t count, uint32_t limit)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/local/domain/0/backend/" BACKEND_TYPE "/%" PRIu32 "/next-%s", domid,
		of);
	return writer_count(w, path, count, limit);
}

int nodes_write(struct zone *zone, const struct zone_config *config, struct error *err)
{
	struct writer w = {.store = zone->store};
	int result;

	do {
		if (!writer_begin(&w, &result, err))
			break;
		put_domain(&w, zone, config);
		for (uint32_t i = 0; config->tags[i]; i++)
			put_device(&w, zone->domid, i, config->tags[i]);
		for (uint32_t i = 0; i < config->vifs_len; i++)
			put_vif(&w, zone->domid, i, &config->vifs[i]);
		for (uint32_t i = 0; i < config->vbds_len; i++)
			vbd_write(&w, zone->domid, 0, &config->vbds[i]);
		if (config->vbds_len)
			take_number(&w, zone->domid, "vbd", config->vbds_len, VBDS_MAX);
	} while (writer_end(&w, &result, err));
	if (result)
		return -1;
	zone->vifs = config->vifs_len;

	if (!xs_introduce_domain(zone->store, zone->domid, zone->store_frame, zone->store_port))
		return error_set(err, errno, "cannot introduce the domain to XenStore");
	return 0;
}

static int take(
	struct zone *zone, const char *of, uint32_t count, uint32_t limit, uint32_t *first, struct error *err)
{
	struct writer w = {.store = zone->store};
	int result;

	do {
		if (!writer_begin(&w, &result, err))
			break;
		*first = take_number(&w, zone->domid, of, count, limit);
	} while (writer_end(&w, &result, err));
	return result;
}

int nodes_take_member(struct zone *zone, uint32_t *number, struct error *err)
{
	return take(zone, "member", 1, MEMBERS_MAX, number, err);
}

int nodes_take_vbds(struct zone *zone, uint32_t count, uint32_t *first, struct error *err)
{
	return take(zone, "vbd", count, VBDS_MAX, first, err);
}

int nodes_join(struct zone *zone, const struct zone_member *member, struct error *err)
{
	struct writer w = {.store = zone->store};
	const uint32_t number = member->number;
	int result;

	zone->first = number * ZONE_SHARES_MAX;
	zone->first_vif = number * ZONE_VIFS_MAX;
	do {
		if (!writer_begin(&w, &result, err))
			break;
		for (uint32_t i = 0; member->tags[i]; i++) {
			char tag[64];

			snprintf(tag, sizeof(tag), "%s.%" PRIu32, member->tags[i], number);
			put_device(&w, zone->domid, zone->first + i, tag);
		}
		for (uint32_t i = 0; i < member->vifs_len; i++)
			put_vif(&w, zone->domid, zone->first_vif + i, &member->vifs[i]);
		for (uint32_t i = 0; i < member->vbds_len; i++)
			vbd_write(&w, zone->domid, number, &member->vbds[i]);
	} while (writer_end(&w, &result, err));
	if (!result)
		zone->vifs = member->vifs_len;
	return result;
}

void nodes_leave(struct zone *zone)
{
	char path[PATH_SIZE];

	/* The back end's word first, as the protocol has it; then its driver lets go as the nodes go. */
	for (uint32_t number = zone->first; number < zone->first + zone->devices; number++) {
		struct error ignored = {0};

		nodes_write_state(zone, number, XenbusStateClosed, &ignored);
		error_clear(&ignored);
		frontend_path(path, zone->domid, number, "");
		xs_rm(zone->store, XBT_NULL, path);
		backend_path(path, zone->domid, number, "");
		xs_rm(zone->store, XBT_NULL, path);
	}
}

int nodes_add_vif(struct zone *zone, uint32_t number, const struct zone_vif *vif, struct error *err)
{
	struct writer w = {.store = zone->store};
	int result;

	do {
		if (!writer_begin(&w, &result, err))
			break;
		put_vif(&w, zone->domid, zone->first_vif + number, vif);
	} while (writer_end(&w, &result, err));
	return result;
}

int nodes_watch_vif(struct zone *zone, uint32_t number, struct error *err)
{
	char path[PATH_SIZE];

	vif_path(path, zone->domid, zone->first_vif + number, "state");
	if (!xs_watch(zone->store, path, "vif"))
		return error_set(err, errno, "cannot watch %s in XenStore", path);
	return 0;
}

enum zone_vif_state zone_vif_state(struct zone *zone, uint32_t number)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	unsigned int length;

	/* The back end's own word: the guest cannot write there. */
	vif_path(path, zone->domid, zone->first_vif + number, "state");
	text = xs_read(zone->store, XBT_NULL, path, &length);
	if (!text || length != 1)
		return ZONE_VIF_LOST;
	switch (*text - '0') {
	case XenbusStateInitialising:
		return ZONE_VIF_ABSENT;
	case XenbusStateInitWait:
		return ZONE_VIF_WAITS;
	case XenbusStateConnected:
		return ZONE_VIF_CONNECTED;
	default:
		return ZONE_VIF_LOST;
	}
}

void zone_vif_name(const struct zone *zone, uint32_t number, char name[ZONE_VIF_NAME_MAX])
{
	snprintf(name, ZONE_VIF_NAME_MAX, "vif%u.%u", zone->domid % 100000,
		(zone->first_vif + number) % 1000000);
}

int zone_vif_ready(struct zone *zone, uint32_t number, struct error *err)
{
	static const char value[] = "connected";
	char path[PATH_SIZE];

	vif_path(path, zone->domid, zone->first_vif + number, "hotplug-status");
	if (!xs_write(zone->store, XBT_NULL, path, value, sizeof(value) - 1))
		return error_set(err, errno, "cannot write %s", path);
	return 0;
}

/* The numbers of a domain's interfaces, as text; the caller frees it. NULL for none. */
static char **list_vifs(
	struct xs_handle *store, xs_transaction_t transaction, uint32_t domid, unsigned int *count)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%" PRIu32, domid);
	return xs_directory(store, transaction, path, count);
}

/* Its grants are let go of only then. Nobody tells when; a moment after its nodes are gone. */
static void await_vif_end(uint32_t domid, const char *number)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vif-%" PRIu32 "-%s", domid, number);
	for (int i = 0; i < VIF_END_MS && access(path, F_OK) == 0; i++)
		usleep(1000);
}

static void remove_vifs(struct xs_handle *store, uint32_t domid)
{
	char path[PATH_SIZE];
	unsigned int count;
	char **numbers = list_vifs(store, XBT_NULL, domid, &count);

	if (!numbers)
		return;
	snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%" PRIu32, domid);
	xs_rm(store, XBT_NULL, path);
	for (unsigned int i = 0; i < count; i++)
		await_vif_end(domid, numbers[i]);
	free(numbers);
}

/* Whether it is of the container whose numbers begin there. */
static bool is_between(const char *text, uint32_t first, uint32_t *number)
{
	*number = (uint32_t)strtoul(text, NULL, 10);
	return *number >= first && *number < first + ZONE_VIFS_MAX;
}

/* The back ends' word that they close, to which the guest's front ends are to answer. In one piece with
 * looking for them: a node is not to be made again that its owner has removed meanwhile. */
static void close_vifs(struct xs_handle *store, uint32_t domid, uint32_t first)
{
	struct writer w = {.store = store};
	struct error ignored = {0};
	char path[PATH_SIZE];
	uint32_t number;
	int result;

	do {
		unsigned int count;
		char **numbers;

		if (!writer_begin(&w, &result, &ignored))
			break;
		numbers = list_vifs(store, w.transaction, domid, &count);
		for (unsigned int i = 0; numbers && i < count; i++) {
			if (!is_between(numbers[i], first, &number))
				continue;
			vif_path(path, domid, number, "online");
			writer_put(&w, path, "0");
			vif_path(path, domid, number, "state");
			writer_put(&w, path, "%d", XenbusStateClosing);
		}
		free(numbers);
	} while (writer_end(&w, &result, &ignored));
	error_clear(&ignored);
}

static bool is_closed(struct xs_handle *store, uint32_t domid, uint32_t number)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	unsigned int length;

	vif_path(path, domid, number, "state");
	text = xs_read(store, XBT_NULL, path, &length);
	return !text || (length == 1 && *text == '0' + XenbusStateClosed);
}

void nodes_unplug_vifs(struct xs_handle *store, uint32_t domid, uint32_t first)
{
	char path[PATH_SIZE];
	unsigned int count;
	char **numbers = list_vifs(store, XBT_NULL, domid, &count);
	int waited = 0;
	uint32_t number;

	if (!numbers)
		return;
	close_vifs(store, domid, first);
	for (unsigned int i = 0; i < count; i++) {
		if (!is_between(numbers[i], first, &number))
			continue;
		/* A guest that does not answer loses them all the same. */
		for (; waited < VIF_CLOSE_MS && !is_closed(store, domid, number); waited++)
			usleep(1000);
		snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/device/vif/%" PRIu32, domid, number);
		xs_rm(store, XBT_NULL, path);
		vif_path(path, domid, number, "");
		xs_rm(store, XBT_NULL, path);
		await_vif_end(domid, numbers[i]);
	}
	free(numbers);
}

void nodes_remove(struct xs_handle *store, uint32_t domid, const uint8_t uuid[ZONE_UUID_LENGTH])
{
	char path[PATH_SIZE], text[37];

	snprintf(path, sizeof(path), "/local/domain/%" PRIu32, domid);
	xs_rm(store, XBT_NULL, path);
	snprintf(path, sizeof(path), "/local/domain/0/backend/" BACKEND_TYPE "/%" PRIu32, domid);
	xs_rm(store, XBT_NULL, path);
	remove_vifs(store, domid);
	vbds_remove(store, domid);
	snprintf(path, sizeof(path), "/libxl/%" PRIu32, domid);
	xs_rm(store, XBT_NULL, path);
	uuid_text(uuid, text);
	snprintf(path, sizeof(path), "/vm/%s", text);
	xs_rm(store, XBT_NULL, path);
}

/* A node of the guest's that holds a decimal number. */
static int read_number(struct zone *zone, uint32_t number, const char *node, uint32_t *value)
{
	char path[PATH_SIZE], *end;
	cleanup_free char *text = NULL;
	unsigned long n;
	unsigned int length;

	frontend_path(path, zone->domid, number, node);
	text = xs_read(zone->store, XBT_NULL, path, &length);
	if (!text || length == 0 || length > 10 || text[0] < '0' || text[0] > '9')
		return -1;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > UINT32_MAX)
		return -1;
	*value = (uint32_t)n;
	return 0;
}

int nodes_read_device(struct zone *zone, uint32_t number, struct zone_device *device)
{
	char node[32];
	uint32_t state;

	if (read_number(zone, number, "state", &state))
		return -1;
	if (state != XenbusStateInitialised && state != XenbusStateConnected)
		return 0;
	if (read_number(zone, number, "num-rings", &device->rings) || device->rings < 1 ||
		device->rings > ZONE_RINGS)
		return -1;

	device->number = number;
	device->domid = zone->domid;
	for (uint32_t i = 0; i < device->rings; i++) {
		snprintf(node, sizeof(node), "ring-ref%" PRIu32, i);
		if (read_number(zone, number, node, &device->ring_ref[i]))
			return -1;
		snprintf(node, sizeof(node), "event-channel-%" PRIu32, i);
		if (read_number(zone, number, node, &device->event_channel[i]))
			return -1;
	}
	return 1;
}

int nodes_write_memory(struct zone *zone, uint64_t most_kib, uint64_t target_kib, struct error *err)
{
	struct writer w = {.store = zone->store, .transaction = XBT_NULL};
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/static-max", zone->domid);
	writer_put(&w, path, "%" PRIu64, most_kib);
	/* The last: it is what the guest watches. */
	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/target", zone->domid);
	writer_put(&w, path, "%" PRIu64, target_kib);
	return w.failed ? error_set(err, errno, "cannot write %s", path) : 0;
}

int nodes_write_state(struct zone *zone, uint32_t number, int state, struct error *err)
{
	char path[PATH_SIZE], value[16];

	backend_path(path, zone->domid, number, "state");
	snprintf(value, sizeof(value), "%d", state);
	if (!xs_write(zone->store, XBT_NULL, path, value, (unsigned int)strlen(value)))
		return error_set(err, errno, "cannot write %s", path);
	return 0;
}
