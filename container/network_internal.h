/* SPDX-License-Identifier: Apache-2.0 */
/* What the files network*.c have in common. */
#ifndef XENRUN_NETWORK_INTERNAL_H
#define XENRUN_NETWORK_INTERNAL_H

#include <linux/pkt_sched.h>

#include "util/error.h"

/* Where filters of an interface are, and their order there: what is let in comes before what is redirected.
 */
#define NETWORK_INGRESS TC_H_MAKE(TC_H_INGRESS, 0)
#define NETWORK_FIRST	1u
#define NETWORK_LAST	2u

/* Begins a filter for all that comes in by the interface of that index. Returns what netlink_nest_end() takes when
 * its options are there. */
struct netlink_request;
size_t network_begin_filter(struct netlink_request *request, int index, uint32_t order);

/* Between the two calls this thread is in that namespace. The first returns what the second takes, -1 with an
 * error; the second keeps errno. */
int network_enter(int namespace, struct error *err);
void network_leave(int own);

/* A netlink socket of that namespace. */
int network_socket(int namespace, struct error *err);

#endif
