/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_NETWORK_H
#define XENRUN_NETWORK_H

#include <stdint.h>

#include "initramfs/ops.h"

/* Brings the loopback interface of the current network namespace up. 0, or -1 with errno. */
int network_loopback(void);

/*
 * Carries out the spec's operations on the network, in the namespace of the process that the pidfd is of, to
 * which the zone's devices are moved; -1 for the zone's own. What is done already stays. Returns 0, or -1
 * with errno and *index, the operation to blame.
 */
int network_apply(const struct spec *spec, int pidfd, uint32_t *index);

/* A socket of IPv4, that type and protocol in the namespace of the process that the pidfd is of; -1 for the
 * zone's own. Returns -1 with errno. */
int network_socket(int pidfd, int type, int protocol);

#endif
