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

/* Where `length` bytes from index `from` of a circle are. The caller checked the length against its size. */
static int pieces_of(
	const struct ring *ring, uint8_t *circle, uint32_t from, size_t length, struct iovec pieces[2])
{
	uint32_t start = from & (ring->size - 1);
	size_t first = ring->size - start;

	if (first > length)
		first = length;
	pieces[0] = (struct iovec){.iov_base = circle + start, .iov_len = first};
	pieces[1] = (struct iovec){.iov_base = circle, .iov_len = length - first};
	return first < length ? 2 : 1;
}

static void copy_out(const struct ring *ring, uint32_t from, uint8_t *to, size_t length)
{
	struct iovec pieces[2];

	pieces_of(ring, ring->out, from, length, pieces);
	memcpy(to, pieces[0].iov_base, pieces[0].iov_len);
	memcpy(to + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
}

ssize_t ring_look(struct ring *ring, uint8_t *header, size_t capacity, const char **what)
{
	uint32_t produced = __atomic_load_n(&ring->intf->out_prod, __ATOMIC_ACQUIRE);
	uint32_t queued = produced - ring->out_cons;
	uint32_t length;

	if (queued > ring->size) {
		*what = "more requests in the ring than it holds";
		return -1;
	}
	if (queued < P9_HEADER_SIZE)
		return 0;

	copy_out(ring, ring->out_cons, header, P9_HEADER_SIZE);
	length = (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 |
		 (uint32_t)header[3] << 24;
	if (length < P9_HEADER_SIZE) {
		*what = "a request shorter than its header";
		return -1;
	}
	if (length > capacity || length > ring->size) {
		*what = "a request longer than msize";
		return -1;
	}
	return queued < length ? 0 : (ssize_t)length;
}

int ring_take_head(const struct ring *ring, uint8_t *message, const uint8_t *header, size_t head,
	size_t length, struct iovec rest[2])
{
	copy_out(ring, ring->out_cons, message, head);
	/* What was checked is what is used, whatever the guest wrote meanwhile. */
	memcpy(message, header, P9_HEADER_SIZE);
	return head < length
		       ? pieces_of(ring, ring->out, ring->out_cons + (uint32_t)head, length - head, rest)
		       : 0;
}

void ring_done(struct ring *ring, size_t length)
{
	ring->out_cons += (uint32_t)length;
	__atomic_store_n(&ring->intf->out_cons, ring->out_cons, __ATOMIC_RELEASE);
}

bool ring_has_request(const struct ring *ring)
{
	return __atomic_load_n(&ring->intf->out_prod, __ATOMIC_RELAXED) != ring->out_cons;
}

/* How many bytes the guest has not taken yet; more than the ring holds if it makes no sense. */
static uint32_t untaken(const struct ring *ring)
{
	return ring->in_prod - __atomic_load_n(&ring->intf->in_cons, __ATOMIC_ACQUIRE);
}

int ring_place(const struct ring *ring, size_t head, struct iovec pieces[2])
{
	uint32_t queued = untaken(ring);

	if (queued > ring->size || head >= ring->size - queued)
		return 0;
	return pieces_of(ring, ring->in, ring->in_prod + (uint32_t)head, ring->size - queued - head, pieces);
}

int ring_put_head(struct ring *ring, const uint8_t *message, size_t head, size_t length, const char **what)
{
	uint32_t queued = untaken(ring);
	struct iovec pieces[2];

	if (queued > ring->size) {
		*what = "more answers taken than were given";
		return -1;
	}
	if (length > ring->size - queued)
		return 0;

	pieces_of(ring, ring->in, ring->in_prod, head, pieces);
	memcpy(pieces[0].iov_base, message, pieces[0].iov_len);
	memcpy(pieces[1].iov_base, message + pieces[0].iov_len, pieces[1].iov_len);
	ring->in_prod += (uint32_t)length;
	/* Once for the whole answer: the guest's driver takes what it sees for one. */
	__atomic_store_n(&ring->intf->in_prod, ring->in_prod, __ATOMIC_RELEASE);
	return 1;
}

int ring_put(struct ring *ring, const uint8_t *message, size_t length, const char **what)
{
	return ring_put_head(ring, message, length, length, what);
}

bool ring_drained(const struct ring *ring)
{
	return __atomic_load_n(&ring->intf->in_cons, __ATOMIC_ACQUIRE) == ring->in_prod;
}
