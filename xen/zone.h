/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of xen/ share of a zone; nobody else includes it. */
#ifndef XENRUN_ZONE_H
#define XENRUN_ZONE_H

#include <stdint.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xenguest.h>
#include <xenstore.h>

#include "xen/xen.h"

/* libxenctrl's and libxenguest's messages: the last of them is the reason of a failure. */
struct xen_log {
	xentoollog_logger logger;
	char last[256];
};

void xen_log_init(struct xen_log *log);

/* error_set() with errno and, where the library gave one, its reason. */
int xen_error(struct error *err, const struct xen_log *log, const char *what);

struct console {
	xenforeignmemory_handle *memory;
	struct xencons_interface *ring; /* the guest's page, mapped */
	xenevtchn_handle *channel;
	evtchn_port_t port;
	char kept[16384]; /* the last bytes, a circle */
	size_t written;	  /* bytes ever put into it */
	int pty, slave;	  /* the pty that xl console opens, -1 for none */
	char pty_name[64];
};

struct zone {
	struct xen_log log;
	xc_interface *xc;
	struct xs_handle *store;
	bool watching;
	uint32_t domid;
	uint8_t uuid[ZONE_UUID_LENGTH];
	enum zone_type type;
	uint32_t vcpus;
	uint64_t memory_kib;	  /* what it was told to have */
	uint64_t memory_most_kib; /* the most of that so far */
	struct zone_processors processors;
	uint32_t store_port, console_port; /* the guest's ends of the event channels */
	xen_pfn_t store_frame, console_frame;
	uint32_t first;	  /* the number of its first device: of a member's zone not 0 */
	uint32_t devices; /* their count */
	bool offered[ZONE_SHARES_MAX];
	uint32_t first_vif; /* the same of its interfaces */
	uint32_t vifs;
	uint32_t vbds[ZONE_VBDS_MAX]; /* their numbers */
	uint32_t vbds_len;
	bool vbds_connected[ZONE_VBDS_MAX];
	struct console console;
};

/* domain.c: creates the domain and loads the guest; zone->domid is set as soon as there is one. */
int domain_build(struct zone *zone, const struct zone_config *config, struct error *err);

/* Xen's own bookkeeping is charged to the domain, so it may have a little more than it is given. */
#define SLACK_KIB 1024
/* Shadow or nested page tables: per vCPU and per MiB of memory, as Xen's own tool stack reckons. */
uint64_t paging_pool_bytes(uint64_t memory_kib, uint32_t vcpus);

/* mptable.c: tells a PVH guest of its local APICs. */
int mptable_write(struct xc_dom_image *dom, uint32_t vcpus);

/* nodes.c: writes the XenStore nodes of the zone and its devices, and introduces it. */
int nodes_write(struct zone *zone, const struct zone_config *config, struct error *err);
/* The devices of one more container: from zone->first and first_vif on. */
int nodes_join(struct zone *zone, const struct zone_member *member, struct error *err);
/* Numbers that none has had. */
int nodes_take_member(struct zone *zone, uint32_t *number, struct error *err);
int nodes_take_vbds(struct zone *zone, uint32_t count, uint32_t *first, struct error *err);
void nodes_leave(struct zone *zone);
/* The interfaces from number `first` on that are one container's, however many there are. */
void nodes_unplug_vifs(struct xs_handle *store, uint32_t domid, uint32_t first);
/* Waits until dom0's kernel has let go of the zone's interfaces. */
void nodes_remove(struct xs_handle *store, uint32_t domid, const uint8_t uuid[ZONE_UUID_LENGTH]);
/* What the guest's balloon goes by. */
int nodes_write_memory(struct zone *zone, uint64_t most_kib, uint64_t target_kib, struct error *err);
/* Reads what the frontend offers. Returns 1, 0 if it has not come up yet, -1 for nonsense. */
int nodes_read_device(struct zone *zone, uint32_t number, struct zone_device *device);
int nodes_write_state(struct zone *zone, uint32_t number, int state, struct error *err);

/* An interface, counted from zone->first_vif: adds its nodes; watches its back end's state. */
int nodes_add_vif(struct zone *zone, uint32_t number, const struct zone_vif *vif, struct error *err);
int nodes_watch_vif(struct zone *zone, uint32_t number, struct error *err);

/* vbd.c, block devices: the nodes of one; a watch of its back end's state; those of a member, 0 for the
 * owner, taken from a guest that goes on; all of a domain that is gone, once dom0's kernel has let go of
 * them. */
struct writer;
void vbd_write(struct writer *w, uint32_t domid, uint32_t member, const struct zone_vbd *vbd);
int vbd_watch(struct zone *zone, uint32_t number, struct error *err);
void vbds_unplug(struct xs_handle *store, uint32_t domid, uint32_t member);
void vbds_remove(struct xs_handle *store, uint32_t domid);

/* console.c */
int console_open(struct zone *zone, struct error *err);
void console_close(struct zone *zone);

/* UUID as text, 36 characters. */
void uuid_text(const uint8_t uuid[ZONE_UUID_LENGTH], char text[37]);

#endif
