/* SPDX-License-Identifier: Apache-2.0 */
/* What dom0 asks of the container as a whole (ZONE_OP_PROCESSES and others). */
#ifndef XENRUN_QUERY_H
#define XENRUN_QUERY_H

#include <stdint.h>

/* Writes the answer to an operation of zone_wire.h into a file that has no name, and returns it, open at its
 * start; -1 with errno. `cgroup` is the container's. */
int query_answer(uint32_t operation, int cgroup);

#endif
