/* SPDX-License-Identifier: Apache-2.0 */
/* One ring (xen/ring.h), with a guest that plays its part in the same memory. */
#include "xen/ring.h"

#include <stdlib.h>
#include <string.h>

#include "rootfs/p9.h"
#include "tests/unit/unit.h"

#define SIZE 64

struct guest {
	struct xen_9pfs_data_intf *intf;
	uint8_t *data;
	struct ring ring;
	const char *what;
};

/* Indices begin shortly before they wrap, and with them the circles. */
static void set_up(struct guest *guest, uint32_t index)
{
	guest->intf = calloc(1, sizeof(*guest->intf));
	guest->data = calloc(2, SIZE);
	guest->intf->in_prod = guest->intf->in_cons = guest->intf->out_prod = guest->intf->out_cons = index;
	guest->what = NULL;
	ring_init(&guest->ring, guest->intf, guest->data, SIZE);
}

static void tear_down(struct guest *guest)
{
	free(guest->intf);
	free(guest->data);
}

/* A request of `length` bytes, its size among them, of which the n-th is n. */
static void ask(struct guest *guest, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		guest->ring.out[(guest->intf->out_prod + i) % SIZE] =
			(uint8_t)(i < 4 ? length >> (8 * i) : i);
	guest->intf->out_prod += length;
}

/* The next request, all of it. */
static ssize_t take(struct guest *guest, uint8_t *message, size_t capacity)
{
	uint8_t header[P9_HEADER_SIZE];
	ssize_t length = ring_look(&guest->ring, header, capacity, &guest->what);

	if (length > 0) {
		CHECK_EQ(ring_take_head(&guest->ring, message, header, (size_t)length, (size_t)length, NULL),
			0);
		ring_done(&guest->ring, (size_t)length);
	}
	return length;
}

static void takes_whole_requests(void)
{
	struct guest guest;
	uint8_t message[SIZE];

	set_up(&guest, UINT32_MAX - 20);
	CHECK(!ring_has_request(&guest.ring));
	CHECK_EQ(take(&guest, message, sizeof(message)), 0);
	ask(&guest, 40);
	CHECK(ring_has_request(&guest.ring));
	CHECK_EQ(take(&guest, message, sizeof(message)), 40);
	CHECK_EQ(message[0], 40);
	for (uint8_t i = 4; i < 40; i++)
		CHECK_EQ(message[i], i);
	CHECK_EQ(guest.intf->out_cons, UINT32_MAX - 20 + 40);
	/* Half of one. */
	ask(&guest, 30);
	guest.intf->out_prod -= 10;
	CHECK_EQ(take(&guest, message, sizeof(message)), 0);
	CHECK(!guest.what);
	tear_down(&guest);
}

static void refuses_what_makes_no_sense(void)
{
	struct guest guest;
	uint8_t message[SIZE];

	for (int i = 0; i < 3; i++) {
		set_up(&guest, 7);
		ask(&guest, i == 0 ? 20 : i == 1 ? 6 : 50);
		if (i == 0)
			guest.intf->out_prod += SIZE;
		if (i == 1)
			guest.intf->out_prod += 10;
		CHECK_EQ(take(&guest, message, 40), -1);
		CHECK(guest.what);
		tear_down(&guest);
	}
	set_up(&guest, 7);
	guest.intf->in_cons++;
	CHECK_EQ(ring_put(&guest.ring, message, 10, &guest.what), -1);
	CHECK_EQ(ring_place(&guest.ring, 11, (struct iovec[2]){{0}}), 0);
	tear_down(&guest);
}

/* What the guest writes after its size was checked changes nothing of the head, and the rest is where it was.
 */
static void leaves_bytes_in_the_ring(void)
{
	struct guest guest;
	uint8_t header[P9_HEADER_SIZE], message[23];
	struct iovec rest[2];
	size_t length = 0;

	for (uint32_t index = 0; index < SIZE; index++) {
		set_up(&guest, index);
		ask(&guest, 50);
		CHECK_EQ(ring_look(&guest.ring, header, SIZE, &guest.what), 50);
		guest.ring.out[index % SIZE] = 255;
		int pieces = ring_take_head(&guest.ring, message, header, sizeof(message), 50, rest);

		CHECK_EQ(message[0], 50);
		CHECK_EQ(message[22], 22);
		length = 0;
		for (int i = 0; i < pieces; i++)
			for (size_t at = 0; at < rest[i].iov_len; at++)
				CHECK_EQ(((uint8_t *)rest[i].iov_base)[at], sizeof(message) + length++);
		CHECK_EQ(length, 27);
		CHECK_EQ(guest.intf->out_cons, index);
		ring_done(&guest.ring, 50);
		CHECK_EQ(guest.intf->out_cons, index + 50);
		tear_down(&guest);
	}
}

static void puts_bytes_in_their_place(void)
{
	struct guest guest;
	struct iovec pieces[2];
	uint8_t head[11];

	for (uint32_t index = 0; index < SIZE; index++) {
		size_t room = 0;

		set_up(&guest, index);
		memset(head, 1, sizeof(head));
		int count = ring_place(&guest.ring, sizeof(head), pieces);

		for (int i = 0; i < count; i++) {
			memset(pieces[i].iov_base, 2, pieces[i].iov_len);
			room += pieces[i].iov_len;
		}
		CHECK_EQ(room, SIZE - sizeof(head));
		CHECK_EQ(guest.intf->in_prod, index);
		CHECK_EQ(ring_put_head(&guest.ring, head, sizeof(head), 31, &guest.what), 1);
		CHECK_EQ(guest.intf->in_prod, index + 31);
		for (uint32_t i = 0; i < 31; i++)
			CHECK_EQ(guest.ring.in[(index + i) % SIZE], i < sizeof(head) ? 1 : 2);
		/* 33 are left, which 11 leave 22 of. */
		room = 0;
		count = ring_place(&guest.ring, sizeof(head), pieces);
		for (int i = 0; i < count; i++)
			room += pieces[i].iov_len;
		CHECK_EQ(room, 22);
		CHECK_EQ(ring_put_head(&guest.ring, head, sizeof(head), 34, &guest.what), 0);
		CHECK_EQ(ring_put_head(&guest.ring, head, sizeof(head), 33, &guest.what), 1);
		CHECK_EQ(ring_place(&guest.ring, sizeof(head), pieces), 0);
		CHECK(!ring_drained(&guest.ring));
		guest.intf->in_cons += SIZE;
		CHECK(ring_drained(&guest.ring));
		tear_down(&guest);
	}
}

int main(void)
{
	RUN(takes_whole_requests);
	RUN(refuses_what_makes_no_sense);
	RUN(leaves_bytes_in_the_ring);
	RUN(puts_bytes_in_their_place);
	return unit_end();
}
