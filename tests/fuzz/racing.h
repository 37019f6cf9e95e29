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
	/* A byte for each access; when they are used up, the same again. */
	struct input whole, in;
	struct xen_9pfs_data_intf *intf[RACING_RINGS];
	uint8_t *data[RACING_RINGS]; /* NULL: none */
	size_t length;		     /* of each data */
	bool raced;		     /* something was done */
} racing;

/* What was done by all inputs, by the step of its input in which it was: the first, up to the tenth, later.
 */
static unsigned long races[3];
static unsigned int racing_steps; /* that this input has begun */

static inline void __attribute__((destructor)) say_races(void)
{
	fprintf(stderr, "races: %lu in a first step, %lu up to a tenth, %lu later\n", races[0], races[1],
		races[2]);
}

/* From now on. */
static inline void race(struct input bytes)
{
	racing.whole = racing.in = bytes;
}

static inline void racing_step(void)
{
	struct xen_9pfs_data_intf *intf;
	uint32_t value;
	uint8_t what;

	if (!racing.in.left)
		racing.in = racing.whole;
	what = input_u8(&racing.in);
	if (what < 0x80 || !racing.data[what & 1])
		return;
	racing.raced = true;
	races[racing_steps > 1 ? racing_steps <= 10 ? 1 : 2 : 0]++;
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
