/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that share a zone: who joins the network namespace of a container joins its zone, for no two
 * zones have one network, and no two containers with one network are apart. So a pod's containers, of Podman
 * or Kubernetes, are in the zone of its first; the first is the owner, the others are its members. A member
 * has a stand-in and a monitor as any container has; its monitor does not own the zone, but asks the owner's
 * for what it needs.
 */
#ifndef XENRUN_MEMBER_H
#define XENRUN_MEMBER_H

#include "container/process.h"

/* Finds the owner of the zone that the container is to be in, by its network namespace, which is open:
 * container->owner and
 * ->shared. 0, also when there is none; -1 when it wants something of that zone that it cannot have. */
int member_find_owner(struct container *container, struct error *err);

/* Plugs the container's shares into the owner's zone, and has that zone's init make one for it. NULL with
 * *err. */
struct zone *member_join(struct container *container, struct error *err);

/* Has the owner's monitor end what is left of the container in the zone. Best effort: the zone may be gone.
 */
void member_leave(const char *root, const struct record *record);

/* The same where its own monitor was killed; takes its block devices from the zone, too. */
void member_reclaim(const char *root, const struct record *record);

#endif
