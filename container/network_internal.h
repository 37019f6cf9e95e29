/* SPDX-License-Identifier: Apache-2.0 */
/* What the files network*.c have in common. */
#ifndef XENRUN_NETWORK_INTERNAL_H
#define XENRUN_NETWORK_INTERNAL_H

#include "util/error.h"

/* A netlink socket of that namespace. */
int network_socket(int namespace, struct error *err);

#endif
