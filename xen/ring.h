/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring of a 9pfs device (xen/include/public/io/9pfs.h, "Ring usage"): memory that a hostile guest
 * shares and may change at any time. Each index of its is read once, checked, then used; those of ours are
 * kept apart from the shared page. No Xen call is made here.
 */
#ifndef XENRUN_RING_H
#define XENRUN_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h> /* Xen's header calls memcpy, and 4.20's does not include this. */
#include <sys/types.h>
#include <sys/uio.h>

#include <xen/io/9pfs.h>

struct ring {
	struct xen_9pfs_data_intf *intf; /* shared */
	uint8_t *in, *out;		 /* shared: answers to the guest, requests of the guest */
	uint32_t size;			 /* bytes of each, a power of two */
	uint32_t in_prod, out_cons;	 /* ours */
};

/* `data` holds both halves, 2 * size bytes. Continues at the indices that the shared page has. */
void ring_init(struct ring *ring, struct xen_9pfs_data_intf *intf, void *data, uint32_t size);

/* Copies the first P9_HEADER_SIZE bytes of the next request and checks its length, which is at most
 * `capacity`. Returns that, 0 when there is no whole one, -1 when the ring makes no sense: then *what says
 * so. */
ssize_t ring_look(struct ring *ring, uint8_t *header, size_t capacity, const char **what);

/* Takes the request that was looked at: copies its first `head` bytes, all or all but the bytes of a file,
 * and says where in the ring the others are, in at most two pieces. The guest may change those at any time.
 */
int ring_take_head(const struct ring *ring, uint8_t *message, const uint8_t *header, size_t head,
	size_t length, struct iovec rest[2]);

/* Gives the place of that request back to the guest. */
void ring_done(struct ring *ring, size_t length);

/* Whether there is something to take: one look, for who waits. */
bool ring_has_request(const struct ring *ring);

/* Where what comes behind the first `head` bytes of the next answer belongs, as far as there is room, in at
 * most two pieces; returns how many. */
int ring_place(const struct ring *ring, size_t head, struct iovec pieces[2]);

/* Puts one answer of which only the first `head` bytes are in `message`: the others are in their place.
 * Returns as ring_put() does. */
int ring_put_head(struct ring *ring, const uint8_t *message, size_t head, size_t length, const char **what);

/* Puts one answer. Returns 1, 0 when there is no room yet, -1 when the ring makes no sense. */
int ring_put(struct ring *ring, const uint8_t *message, size_t length, const char **what);

/* Whether the guest has taken every answer. */
bool ring_drained(const struct ring *ring);

#endif
