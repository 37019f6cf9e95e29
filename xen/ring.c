/* SPDX-License-Identifier: Apache-2.0 */
#include "xen/ring.h"

#include <string.h>

#include "rootfs/p9.h"

void ring_init(struct ring *ring, struct xen_9pfs_data_intf *intf, void *data, uint32_t size)
{
	ring->intf = intf;
	ring->in = data;
	ring->out = ring->in + size;
	ring->size = size;
	ring->in_prod = intf->in_prod;
	ring->out_cons = intf->out_cons;
}

/* Copies out of the circle from index `from`. The caller checked the length against its size. */
static void copy_out(const struct ring *ring, uint32_t from, uint8_t *to, size_t length)
{
	uint32_t start = from & (ring->size - 1);
	size_t first = ring->size - start;

	if (first > length)
		first = length;
	memcpy(to, ring->out + start, first);
	memcpy(to + first, ring->out, length - first);
}

ssize_t ring_take(struct ring *ring, uint8_t *message, size_t capacity, const char **what)
{
	uint32_t produced = __atomic_load_n(&ring->intf->out_prod, __ATOMIC_ACQUIRE);
	uint32_t queued = produced - ring->out_cons;
	uint8_t header[P9_HEADER_SIZE];
	uint32_t length;

	if (queued > ring->size) {
		*what = "more requests in the ring than it holds";
		return -1;
	}
	if (queued < sizeof(header))
		return 0;

	copy_out(ring, ring->out_cons, header, sizeof(header));
	length = (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 |
		 (uint32_t)header[3] << 24;
	if (length < sizeof(header)) {
		*what = "a request shorter than its header";
		return -1;
	}
	if (length > capacity || length > ring->size) {
		*what = "a request longer than msize";
		return -1;
	}
	if (queued < length)
		return 0;

	copy_out(ring, ring->out_cons, message, length);
	/* What was checked is what is used, whatever the guest wrote meanwhile. */
	memcpy(message, header, sizeof(header));
	ring->out_cons += length;
	__atomic_store_n(&ring->intf->out_cons, ring->out_cons, __ATOMIC_RELEASE);
	return (ssize_t)length;
}

int ring_put(struct ring *ring, const uint8_t *message, size_t length, const char **what)
{
	uint32_t consumed = __atomic_load_n(&ring->intf->in_cons, __ATOMIC_ACQUIRE);
	uint32_t queued = ring->in_prod - consumed;
	uint32_t start = ring->in_prod & (ring->size - 1);
	size_t first = ring->size - start;

	if (queued > ring->size) {
		*what = "more answers taken than were given";
		return -1;
	}
	if (length > ring->size - queued)
		return 0;

	if (first > length)
		first = length;
	memcpy(ring->in + start, message, first);
	memcpy(ring->in, message + first, length - first);
	ring->in_prod += (uint32_t)length;
	/* Once for the whole answer: the guest's driver takes what it sees for one. */
	__atomic_store_n(&ring->intf->in_prod, ring->in_prod, __ATOMIC_RELEASE);
	return 1;
}

bool ring_drained(const struct ring *ring)
{
	return __atomic_load_n(&ring->intf->in_cons, __ATOMIC_ACQUIRE) == ring->in_prod;
}
