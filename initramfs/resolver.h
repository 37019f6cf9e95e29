/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver that dom0 has for the container: ZONE_OP_RESOLVER. */
#ifndef XENRUN_RESOLVER_H
#define XENRUN_RESOLVER_H

#include <stdint.h>

/*
 * Takes queries at that address (network order) of the loopback in the network namespace of the process that
 * the pidfd is of, -1 for the zone's own; `folder` is that of the streams in the control share, and stays the
 * caller's. One for the life of zone init. 0, or -1 with errno.
 */
int resolver_start(const uint8_t address[4], int pidfd, int folder);

struct process;

/*
 * Who has waited longest has the streams in that folder for a connection with the resolver. Its end is told
 * as that of the process's relay of stream 1; until then `folder` stays. 0, or -1 with errno.
 */
int resolver_connect(struct process *process, int folder);

/* dom0 knows of the end: there may be another. */
void resolver_disconnected(void);

#endif
