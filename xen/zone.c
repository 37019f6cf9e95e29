/* SPDX-License-Identifier: Apache-2.0 */
/* A zone from its making to its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen/zone.h"

#include <xen/io/xenbus.h>
#include <xen/sched.h>

/* Of XenStore, that are taken at a time. */
#define EVENTS 64

static int connect_hypervisor(struct zone *zone, struct error *err)
{
	xen_log_init(&zone->log);
	zone->xc = xc_interface_open(&zone->log.logger, &zone->log.logger, 0);
	if (!zone->xc)
		return error_set(err, errno, "cannot reach the hypervisor (is this a Xen control domain?)");
	zone->store = xs_open(0);
	if (!zone->store)
		return error_set(err, errno, "cannot reach XenStore (does xenstored run?)");
	return 0;
}

static void disconnect(struct zone *zone)
{
	/* With watches libxenstore has a thread, and ending that loads libgcc_s: an owner ends after its
	 * zone, and so does the connection. */
	if (zone->store && !zone->watching)
		xs_close(zone->store);
	if (zone->xc)
		xc_interface_close(zone->xc);
	free(zone);
}

static int watch(struct zone *zone, struct error *err)
{
	char path[64];

	zone->watching = true;
	/* Only what tells that all else is there: a frontend writes a dozen nodes. */
	for (uint32_t number = 0; number < zone->devices; number++) {
		snprintf(path, sizeof(path), "/local/domain/%u/device/9pfs/%u/state", zone->domid,
			zone->first + number);
		if (!xs_watch(zone->store, path, "device"))
			return error_set(err, errno, "cannot watch %s in XenStore", path);
	}
	for (uint32_t number = 0; number < zone->vifs; number++)
		if (nodes_watch_vif(zone, number, err))
			return -1;
	for (uint32_t i = 0; i < zone->vbds_len; i++)
		if (vbd_watch(zone, zone->vbds[i], err))
			return -1;
	if (!xs_watch(zone->store, "@releaseDomain", "domain"))
		return error_set(err, errno, "cannot watch XenStore for the domain's end");
	return 0;
}

static void note_vbds(struct zone *zone, const struct zone_vbd *vbds, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		zone->vbds[i] = vbds[i].number;
	zone->vbds_len = len;
}

struct zone *zone_build(const struct zone_config *config, struct error *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (!zone) {
		error_set(err, ENOMEM, "cannot build a zone");
		return NULL;
	}
	memcpy(zone->uuid, config->uuid, sizeof(zone->uuid));
	zone->type = config->type;
	zone->console.pty = zone->console.slave = -1;
	while (config->tags[zone->devices])
		zone->devices++;
	note_vbds(zone, config->vbds, config->vbds_len);

	if (connect_hypervisor(zone, err))
		goto fail;
	if (domain_build(zone, config, err) || console_open(zone, err) || nodes_write(zone, config, err) ||
		watch(zone, err))
		goto fail;
	return zone;

fail:
	zone_destroy(zone);
	return NULL;
}

int zone_unpause(struct zone *zone, struct error *err)
{
	if (xc_domain_unpause(zone->xc, zone->domid))
		return xen_error(err, &zone->log, "cannot unpause the domain");
	return 0;
}

int zone_pause(struct zone *zone, struct error *err)
{
	if (xc_domain_pause(zone->xc, zone->domid))
		return xen_error(err, &zone->log, "cannot pause the domain");
	return 0;
}

char *zone_statistics(struct zone *zone, uint64_t others_kib, struct error *err)
{
	xc_domaininfo_t info;
	uint64_t has_kib;
	char *text = NULL;

	if (xc_domain_getinfolist(zone->xc, zone->domid, 1, &info) != 1 || info.domain != zone->domid) {
		xen_error(err, &zone->log, "cannot look at the domain");
		return NULL;
	}
	has_kib = (uint64_t)info.tot_pages * (XC_PAGE_SIZE / 1024);
	/* The guest may not have taken all yet. */
	has_kib = has_kib > others_kib ? has_kib - others_kib : 0;
	if (asprintf(&text, "%llu %llu %u %llu %u", (unsigned long long)info.cpu_time,
		    (unsigned long long)has_kib, info.nr_online_vcpus,
		    (unsigned long long)(zone->memory_kib - others_kib), zone->vcpus) < 0) {
		error_set(err, ENOMEM, "statistics");
		return NULL;
	}
	return text;
}

uint32_t zone_domid(const struct zone *zone)
{
	return zone->domid;
}

void zone_destroy(struct zone *zone)
{
	if (!zone)
		return;
	console_close(zone);
	if (zone->store && zone->domid) {
		if (zone_condition(zone) != ZONE_GONE)
			xc_domain_destroy(zone->xc, zone->domid);
		xs_release_domain(zone->store, zone->domid);
		nodes_remove(zone->store, zone->domid, zone->uuid);
	} else if (zone->xc && zone->domid) {
		xc_domain_destroy(zone->xc, zone->domid);
	}
	disconnect(zone);
}

uint64_t zone_memory(const struct zone *zone)
{
	return zone->memory_kib;
}

enum zone_condition zone_condition(struct zone *zone)
{
	xc_domaininfo_t info;

	if (xc_domain_getinfolist(zone->xc, zone->domid, 1, &info) != 1 || info.domain != zone->domid ||
		memcmp(info.handle, zone->uuid, sizeof(zone->uuid)) != 0 || info.flags & XEN_DOMINF_dying)
		return ZONE_GONE;
	if (!(info.flags & XEN_DOMINF_shutdown))
		return ZONE_RUNS;
	switch ((info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask) {
	case SHUTDOWN_poweroff:
		return ZONE_POWEROFF;
	case SHUTDOWN_reboot:
		return ZONE_REBOOT;
	default:
		return ZONE_CRASHED;
	}
}

/* The domain with this UUID, 0 for none. */
static uint32_t find(xc_interface *xc, const uint8_t uuid[ZONE_UUID_LENGTH])
{
	xc_domaininfo_t info[64];
	uint32_t from = 1;
	int count;

	while ((count = xc_domain_getinfolist(xc, from, 64, info)) > 0) {
		for (int i = 0; i < count; i++)
			if (memcmp(info[i].handle, uuid, ZONE_UUID_LENGTH) == 0)
				return info[i].domain;
		from = info[count - 1].domain + 1u;
	}
	return 0;
}

/* Where the domain is gone already, its nodes still name it: /vm/UUID has no domid, so the names below are
 * searched. */
static uint32_t find_nodes(struct xs_handle *store, const uint8_t uuid[ZONE_UUID_LENGTH])
{
	char wanted[48], path[64];
	unsigned int count = 0, length;
	uint32_t found = 0;
	char **domains = xs_directory(store, XBT_NULL, "/local/domain", &count);

	memcpy(wanted, "/vm/", 4);
	uuid_text(uuid, wanted + 4);
	for (unsigned int i = 0; domains && i < count && !found; i++) {
		char *vm;

		snprintf(path, sizeof(path), "/local/domain/%s/vm", domains[i]);
		vm = xs_read(store, XBT_NULL, path, &length);
		if (vm && strcmp(vm, wanted) == 0)
			found = (uint32_t)strtoul(domains[i], NULL, 10);
		free(vm);
	}
	free(domains);
	return found;
}

/* A handle of somebody else's zone that runs. */
static struct zone *find_zone(const uint8_t uuid[ZONE_UUID_LENGTH], struct error *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (!zone) {
		error_set(err, ENOMEM, "cannot join a zone");
		return NULL;
	}
	memcpy(zone->uuid, uuid, sizeof(zone->uuid));
	zone->console.pty = zone->console.slave = -1;
	if (connect_hypervisor(zone, err) == 0) {
		zone->domid = find(zone->xc, uuid);
		if (zone->domid)
			return zone;
		error_set(err, 0, "the zone to join is gone");
	}
	disconnect(zone);
	return NULL;
}

int zone_take_member(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t *number, struct error *err)
{
	struct zone *zone = find_zone(uuid, err);
	int result = zone ? nodes_take_member(zone, number, err) : -1;

	if (zone)
		disconnect(zone);
	return result;
}

int zone_take_vbds(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t count, uint32_t *first, struct error *err)
{
	struct zone *zone = find_zone(uuid, err);
	int result = zone ? nodes_take_vbds(zone, count, first, err) : -1;

	if (zone)
		disconnect(zone);
	return result;
}

/* What a member has beside its shares. */
static void unplug(struct zone *zone, uint32_t number)
{
	nodes_unplug_vifs(zone->store, zone->domid, number * ZONE_VIFS_MAX);
	vbds_unplug(zone->store, zone->domid, number);
}

void zone_reclaim_member(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t number)
{
	struct error gone = {0};
	struct zone *zone = find_zone(uuid, &gone);

	error_clear(&gone);
	if (!zone)
		return;
	unplug(zone, number);
	disconnect(zone);
}

struct zone *zone_join(
	const uint8_t uuid[ZONE_UUID_LENGTH], const struct zone_member *member, struct error *err)
{
	struct zone *zone = find_zone(uuid, err);
	xc_domaininfo_t info;

	if (!zone)
		return NULL;
	while (member->tags[zone->devices])
		zone->devices++;
	note_vbds(zone, member->vbds, member->vbds_len);
	if (xc_domain_getinfolist(zone->xc, zone->domid, 1, &info) == 1) {
		zone->memory_kib = (uint64_t)info.tot_pages * (XC_PAGE_SIZE / 1024);
		zone->vcpus = info.max_vcpu_id + 1;
	}
	if (nodes_join(zone, member, err))
		goto fail;
	if (!watch(zone, err))
		return zone;
	unplug(zone, member->number);
	nodes_leave(zone);
fail:
	disconnect(zone);
	return NULL;
}

void zone_leave(struct zone *zone, bool unmounted)
{
	if (!zone)
		return;
	if (zone_condition(zone) != ZONE_GONE) {
		unplug(zone, zone->first / ZONE_SHARES_MAX);
		if (unmounted)
			nodes_leave(zone);
	}
	disconnect(zone);
}

int zone_reclaim(const uint8_t uuid[ZONE_UUID_LENGTH], struct error *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	uint32_t domid;
	int result;

	if (!zone)
		return error_set(err, ENOMEM, "cannot reclaim a zone");
	result = connect_hypervisor(zone, err);
	if (result)
		goto out;

	domid = find(zone->xc, uuid);
	if (domid && xc_domain_destroy(zone->xc, domid)) {
		result = xen_error(err, &zone->log, "cannot destroy the domain");
		goto out;
	}
	if (!domid)
		domid = find_nodes(zone->store, uuid);
	if (domid) {
		xs_release_domain(zone->store, domid);
		nodes_remove(zone->store, domid, uuid);
	}
out:
	disconnect(zone);
	return result;
}

int zone_store_fd(const struct zone *zone)
{
	return xs_fileno(zone->store);
}

int zone_store_event(struct zone *zone, void (*offered)(void *arg, const struct zone_device *device),
	void *arg, struct error *err)
{
	bool changed = false;
	char **event = NULL;

	/* A guest that writes its nodes without end keeps nobody from his turn. */
	for (int left = EVENTS; left > 0 && (event = xs_check_watch(zone->store)); left--) {
		changed |= event[XS_WATCH_TOKEN][0] == 'd' && event[XS_WATCH_TOKEN][1] == 'e';
		free(event);
	}
	if (!event && errno != EAGAIN)
		return error_set(err, errno, "XenStore is gone");
	for (uint32_t number = 0; changed && number < zone->devices; number++) {
		struct zone_device device = {0};

		if (zone->offered[number])
			continue;
		switch (nodes_read_device(zone, zone->first + number, &device)) {
		case 1:
			/* Counted from its owner's first. */
			device.number = number;
			zone->offered[number] = true;
			offered(arg, &device);
			break;
		case 0:
			break;
		default:
			if (zone_condition(zone) != ZONE_RUNS)
				break;
			return error_set(err, 0, "the guest offers no usable 9pfs device %u", number);
		}
	}
	return 0;
}

int zone_add_vif(struct zone *zone, const struct zone_vif *vif, struct error *err)
{
	if (nodes_add_vif(zone, zone->vifs, vif, err) || nodes_watch_vif(zone, zone->vifs, err))
		return -1;
	zone->vifs++;
	return 0;
}

int zone_device_connected(struct zone *zone, uint32_t number, struct error *err)
{
	return nodes_write_state(zone, zone->first + number, XenbusStateConnected, err);
}
