/* SPDX-License-Identifier: Apache-2.0 */
/* Who is given what comes for a port that nobody has. */
#ifndef XENRUN_LOOKUP_H
#define XENRUN_LOOKUP_H

#include <stdint.h>

/*
 * Gives what comes for that address (network order) and port to two sockets of a network namespace, there,
 * whose own port is another: who binds that port there, at all addresses or at this one, may. For the life of
 * zone init. 0, or -1 with errno: not every kernel can do it.
 */
int lookup_give(const uint8_t address[4], uint16_t port, int datagrams, int listener);

#endif
