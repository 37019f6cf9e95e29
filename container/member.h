/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that share a zone: who joins the network namespace of a container joins its zone, for no two
 * zones have one network, and no two containers with one network are apart. So a pod's containers, of Podman
 * or Kubernetes, are in the zone of its first. And who names a zone (ANNOTATION_ZONE) joins the one of that
 * name, with a network of his own. The first is the owner, the others are its members. A member has a
 * stand-in and a monitor as any container has; its monitor does not own the zone, but asks the owner's for
 * what it needs.
 */
#ifndef XENRUN_MEMBER_H
#define XENRUN_MEMBER_H

#include "container/process.h"
#include "container/zone_network.h"

/* Finds the zone that the container is to be in, by its network namespace, which is open, or by name:
 * container->owner, ->mate and ->shared. 0, also when there is none; -1 when it wants something of that zone
 * that it cannot have. With a name it waits for another call that makes the zone, and ->deciding is held. */
int member_find_zone(struct container *container, struct error *err);

/* Plugs the container's shares and interfaces into the owner's zone, and has its mate's zone init make one
 * for it. NULL with *err. */
struct zone *member_join(struct container *container, const struct zone_network *network, struct error *err);

/* Has the owner's zone be larger or smaller, by what that is more or less than the member had of it. */
int member_resize(const char *root, const struct record *record, uint64_t memory_kib, struct error *err);

/* Has the owner's monitor end what is left of the container in the zone. Best effort: the zone may be gone.
 */
void member_leave(const char *root, const struct record *record);

/* The same for one whose monitor is gone; its interfaces and block devices, too. Its shares go with the zone:
 * nobody has seen the guest let go of them. */
void member_reclaim(const char *root, const struct record *record);

#endif
