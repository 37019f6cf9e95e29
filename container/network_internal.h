/* SPDX-License-Identifier: Apache-2.0 */
/* What the files network*.c have in common. */
#ifndef XENRUN_NETWORK_INTERNAL_H
#define XENRUN_NETWORK_INTERNAL_H

#include "util/error.h"

/* Between the two calls this thread is in that namespace. The first returns what the second takes, -1 with an
 * error; the second keeps errno. */
int network_enter(int namespace, struct error *err);
void network_leave(int own);

/* A netlink socket of that namespace. */
int network_socket(int namespace, struct error *err);

#endif
