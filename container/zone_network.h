/* SPDX-License-Identifier: Apache-2.0 */
/* The zone's interfaces as the monitor leads them from being offered to carrying packets. */
#ifndef XENRUN_ZONE_NETWORK_H
#define XENRUN_ZONE_NETWORK_H

#include "container/network.h"
#include "xen/xen.h"

struct zone_network {
	int namespace; /* -1 until there is something to do in it */
	struct network network;
	struct spec spec; /* what the zone was told of it */
	const uint8_t *mark;
	bool resolves; /* there is a resolver in the namespace, at that address */
	uint8_t resolver_address[4];
	int connections[ZONE_CONNECTIONS_MAX]; /* with it: what says that one ends; -1 */
	bool redirected[ZONE_INTERFACES_MAX], connected[ZONE_INTERFACES_MAX]; /* by device */
	int change;   /* memfd: what the zone is to be told; -1 for nothing */
	int resolver; /* what the zone's queries go to, with that; -1: there is none */
	int answer;   /* where the zone's answer to that comes; -1: none is waited for */
	bool untold;  /* the zone has yet to say that it is done */
};

/* Takes what was found before the zone was built, the descriptor too. */
void zone_network_init(struct zone_network *network, int namespace, struct network *found,
	const uint8_t mark[NETWORK_MARK_LENGTH]);

/* What the zone is to be built with, an entry a device. Returns how many. */
uint32_t zone_network_vifs(const struct zone_network *network, struct zone_vif vifs[ZONE_VIFS_MAX]);

/* XenStore has changed: sets up the ends in dom0 that are there by now. */
int zone_network_event(struct zone_network *network, struct zone *zone, struct error *err);

/* Whether all of dom0's ends are set up; whether all interfaces carry packets, and the zone knows of them. */
bool zone_network_redirected(const struct zone_network *network);
bool zone_network_ready(const struct zone_network *network);

/* Looks at the namespace of a process again: it may have been filled meanwhile. Gives the zone the devices
 * that are new. Returns 1 when there is something to tell it, else 0, or -1. */
int zone_network_look(struct zone_network *network, struct zone *zone, int pid, struct error *err);

/* Has the stand-in tell the zone, as an exec of that number which makes no process. */
int zone_network_tell(struct zone_network *network, int standin, uint32_t number, struct error *err);
/* What the zone says to that, the guest's word: to be called when network->answer is readable. */
int zone_network_answer(struct zone_network *network, struct error *err);

/* Somebody in the zone connects with the resolver: has the stand-in make a process, of the number after
 * *last_number, whose streams are such a connection, or at their end where it cannot be had. Where there are
 * too many, or there is no resolver, nothing comes of it, and no number is taken. */
void zone_network_connect(struct zone_network *network, int standin, uint32_t *last_number);

/* Leaves the namespace as it was found. */
void zone_network_end(struct zone_network *network);

/* Loads dom0's driver if it is not there. */
int zone_network_driver(struct error *err);

#endif
