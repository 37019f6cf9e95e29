/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that writes to the memory it shares between any two accesses of dom0's. Included before the sources
 * that are tried: each of their copies and loads is followed by what the guest does then.
 */
#ifndef XENRUN_FUZZ_RACING_H
#define XENRUN_FUZZ_RACING_H

#include "tests/fuzz/input.h"
#include "xen/ring.h"

#define RACING_RINGS 2

static struct {
	struct input in; /* a byte for each access; nothing is done once they are used up */
	struct xen_9pfs_data_intf *intf[RACING_RINGS];
	uint8_t *data[RACING_RINGS]; /* NULL: none */
	size_t length;		     /* of each data */
	bool raced;		     /* something was done */
} racing;

static inline void racing_step(void)
{
	uint8_t what = racing.in.left ? input_u8(&racing.in) : 0;
	struct xen_9pfs_data_intf *intf;
	uint32_t value;

	if (what < 0x80 || !racing.data[what & 1])
		return;
	racing.raced = true;
	intf = racing.intf[what & 1];
	value = (uint32_t)input_integer(&racing.in, what & 0x40 ? 1 : 2);
	switch (what >> 1 & 7) {
	case 0:
		intf->out_prod += value;
		break;
	case 1:
		intf->out_prod -= value;
		break;
	case 2:
		intf->in_cons += value;
		break;
	case 3:
		intf->in_cons -= value;
		break;
	case 4:
		intf->in_prod = intf->out_cons = value << 24;
		break;
	case 5:
		intf->ring_order = value;
		break;
	case 6: /* the beginning of the next request */
		racing.data[what & 1][racing.length / 2 + (intf->out_cons & (racing.length / 2 - 1))] =
			(uint8_t)value;
		break;
	default:
		racing.data[what & 1][value % racing.length] = input_u8(&racing.in);
	}
}

static inline void *racing_copy(void *to, const void *from, size_t length)
{
	memcpy(to, from, length);
	racing_step();
	return to;
}

#define memcpy(to, from, length) racing_copy(to, from, length)

#define __atomic_load_n(from, order)                                            \
	__extension__({                                                         \
		__typeof__(*(from)) loaded_ = __atomic_load_n((from), (order)); \
		racing_step();                                                  \
		loaded_;                                                        \
	})

#endif
