/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_NETWORK_H
#define XENRUN_NETWORK_H

/* Brings the loopback interface of the current network namespace up. 0, or -1 with errno. */
int network_loopback(void);

#endif
