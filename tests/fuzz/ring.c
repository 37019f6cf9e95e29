/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring. The first byte says whether the guest keeps the protocol: then each message arrives as it was
 * sent, in both directions; else it writes what it likes when it likes, and nothing but the ring's memory is
 * touched. Messages go as a whole, or their ends stay in their place in the ring, as the server has it with
 * the bytes of files.
 */
#include "tests/fuzz/racing.h"

#include "xen/ring.c"

#define MESSAGES 64 /* that are on their way */

struct queue {
	uint8_t *messages[MESSAGES];
	size_t lengths[MESSAGES];
	size_t first, count;
};

static struct ring ring;
static struct queue requests, answers;
static uint32_t out_prod, in_cons; /* the guest's own */
static uint32_t untold; /* bytes of its last request that out_prod in the ring does not count yet */
static bool honest;

#define IN_PARTS 0x10 /* of a step's byte */

static void queue_put(struct queue *queue, uint8_t *message, size_t length)
{
	size_t at = (queue->first + queue->count++) % MESSAGES;

	MUST(queue->count <= MESSAGES);
	queue->messages[at] = message;
	queue->lengths[at] = length;
}

static void queue_drop(struct queue *queue)
{
	free(queue->messages[queue->first]);
	queue->first = (queue->first + 1) % MESSAGES;
	queue->count--;
}

static uint8_t *message_of(struct input *in, size_t length)
{
	uint8_t *message = malloc(length);
	uint8_t seed = input_u8(in);

	MUST(message);
	for (size_t i = 0; i < length; i++)
		message[i] = (uint8_t)(seed + i);
	for (size_t i = 0; i < 4; i++)
		message[i] = (uint8_t)(length >> (8 * i));
	return message;
}

static void guest_tells(void)
{
	untold = 0;
	ring.intf->out_prod = out_prod;
}

static void guest_sends(struct input *in, bool in_parts)
{
	size_t length = P9_HEADER_SIZE + input_integer(in, 1) * (input_u8(in) & 3);
	uint8_t *message;

	guest_tells();
	if (length > ring.size - (out_prod - ring.out_cons) || requests.count == MESSAGES)
		return;
	message = message_of(in, length);
	for (size_t i = 0; i < length; i++)
		ring.out[(out_prod + i) & (ring.size - 1)] = message[i];
	out_prod += (uint32_t)length;
	untold = in_parts ? 1 + input_u8(in) % (uint32_t)length : 0;
	ring.intf->out_prod = out_prod - untold;
	queue_put(&requests, message, length);
}

/* In at most two pieces, none of them empty: within a circle, one after the other. Returns their length. */
static size_t check_pieces(const struct iovec *pieces, int count, const uint8_t *circle)
{
	size_t length = 0;

	MUST(count >= 0 && count <= 2);
	for (int i = 0; i < count; i++) {
		const uint8_t *base = pieces[i].iov_base;

		MUST(base >= circle && pieces[i].iov_len > 0 && pieces[i].iov_len <= ring.size);
		MUST((size_t)(base - circle) <= ring.size - pieces[i].iov_len);
		length += pieces[i].iov_len;
	}
	MUST(length <= ring.size);
	return length;
}

/* The next request; what is behind the head is read where it is. */
static ssize_t take(uint8_t *message, size_t head, size_t capacity, const char **what)
{
	uint8_t header[P9_HEADER_SIZE];
	uint32_t before = ring.out_cons;
	ssize_t length = ring_look(&ring, header, capacity, what);
	struct iovec rest[2];
	int count;

	MUST(ring.out_cons == before);
	if (length <= 0)
		return length;
	if (head > (size_t)length)
		head = (size_t)length;
	count = ring_take_head(&ring, message, header, head, (size_t)length, rest);
	MUST(memcmp(message, header, sizeof(header)) == 0);
	MUST(check_pieces(rest, count, ring.out) == (size_t)length - head);
	for (int i = 0; i < count; i++) {
		memcpy(message + head, rest[i].iov_base, rest[i].iov_len);
		head += rest[i].iov_len;
	}
	MUST(ring.out_cons == before);
	ring_done(&ring, (size_t)length);
	return length;
}

/* False: the ring makes no sense any more. A head of 0: as a whole. */
static bool server_takes(size_t capacity, size_t head)
{
	size_t whole = requests.count - (untold > 0), next = requests.lengths[requests.first];
	uint8_t *message = malloc(capacity);
	const char *what = NULL;
	uint32_t size, before = ring.out_cons;
	ssize_t length;

	MUST(message);
	if (honest)
		MUST(ring_has_request(&ring) == (out_prod - untold != before));
	length = take(message, head ? head : capacity, capacity, &what);
	MUST(length >= -1 && length <= (ssize_t)capacity && (length < 0) == !!what);
	if (length > 0) {
		memcpy(&size, message, sizeof(size));
		MUST(size == length && size <= ring.size && length >= P9_HEADER_SIZE);
		MUST(ring.out_cons - before == size);
	} else {
		MUST(ring.out_cons == before);
	}
	if (honest && whole && next <= capacity) {
		MUST(length == (ssize_t)next);
		MUST(memcmp(message, requests.messages[requests.first], next) == 0);
		queue_drop(&requests);
	} else if (honest && !whole) {
		/* Too long is seen before all of it is there. */
		MUST(length == 0 || (requests.count && next > capacity));
	}
	free(message);
	return length >= 0;
}

/* Puts what is behind the head in its place first, as much of it as fits there, and shortens the answer to
 * that. Returns as ring_put() does. */
static int put_in_parts(uint8_t *message, size_t head, size_t *length, const char **what)
{
	size_t room, at = head, free_room = ring.size - (ring.in_prod - in_cons);
	uint8_t *copy = exact_copy(message, head);
	struct iovec pieces[2];
	int put, count = ring_place(&ring, head, pieces);

	room = check_pieces(pieces, count, ring.in);
	if (honest)
		MUST(room == (head < free_room ? free_room - head : 0));
	if (*length - head > room) {
		*length = head + room;
		for (size_t i = 0; i < 4; i++)
			message[i] = copy[i] = (uint8_t)(*length >> (8 * i));
	}
	for (int i = 0; i < count && at < *length; i++) {
		size_t part = *length - at < pieces[i].iov_len ? *length - at : pieces[i].iov_len;

		memcpy(pieces[i].iov_base, message + at, part);
		at += part;
	}
	put = ring_put_head(&ring, copy, head, *length, what);
	free(copy);
	return put;
}

static bool server_answers(struct input *in, bool in_parts)
{
	size_t length = P9_HEADER_SIZE + input_integer(in, 1) * (input_u8(in) & 3);
	size_t head = in_parts ? P9_HEADER_SIZE + input_u8(in) % (length - P9_HEADER_SIZE + 1) : length;
	uint32_t before = ring.in_prod;
	const char *what = NULL;
	uint8_t *message;
	int put;

	if (answers.count == MESSAGES)
		return true;
	message = message_of(in, length);
	put = in_parts ? put_in_parts(message, head, &length, &what)
		       : ring_put(&ring, message, length, &what);
	MUST((put < 0) == !!what && (put == 1 || ring.in_prod == before));
	if (honest) {
		MUST((put == 1) == (length <= ring.size - (before - in_cons)));
		MUST(!put || ring.intf->in_prod == (uint32_t)(before + length));
	}
	if (honest && put)
		queue_put(&answers, message, length);
	else
		free(message);
	return put >= 0;
}

static void guest_takes(void)
{
	const uint8_t *message = answers.messages[answers.first];
	size_t length = answers.lengths[answers.first];

	if (!answers.count)
		return;
	MUST(ring.intf->in_prod - in_cons >= length);
	for (size_t i = 0; i < length; i++)
		MUST(ring.in[(in_cons + i) & (ring.size - 1)] == message[i]);
	in_cons += (uint32_t)length;
	ring.intf->in_cons = in_cons;
	queue_drop(&answers);
	MUST(ring_drained(&ring) == (in_cons == ring.in_prod));
}

static void guest_lies(struct input *in)
{
	uint8_t what = input_u8(in);
	uint32_t value = (uint32_t)input_integer(in, what & 4 ? 4 : 1);

	switch (what & 3) {
	case 0:
		ring.intf->out_prod = ring.out_cons + value;
		break;
	case 1:
		ring.intf->in_cons = ring.in_prod - value;
		break;
	case 2:
		ring.out[(ring.out_cons + (what >> 4)) & (ring.size - 1)] = (uint8_t)value;
		break;
	default:
		ring.intf->out_cons = ring.intf->in_prod = value;
		ring_drained(&ring);
	}
}

static bool step(struct input *in)
{
	uint8_t what = input_u8(in);
	size_t capacity, head;

	racing_steps++;
	switch (what & 7) {
	case 0:
	case 1:
		guest_sends(in, what & IN_PARTS);
		return true;
	case 2:
	case 3:
		capacity = what & 8 ? P9_HEADER_SIZE + input_integer(in, 1) : ring.size;
		head = what & IN_PARTS ? P9_HEADER_SIZE + input_integer(in, 1) : 0;
		return server_takes(capacity, head);
	case 4:
		return server_answers(in, what & IN_PARTS);
	case 5:
		guest_takes();
		return true;
	default:
		if (honest)
			guest_tells();
		else
			guest_lies(in);
		return true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t kind = input_u8(&in);
	uint32_t half = 64u << (kind & 3), start = (uint32_t)input_integer(&in, 1) - 128;
	struct xen_9pfs_data_intf *intf = calloc(1, sizeof(*intf));
	uint8_t *memory = calloc(2, half);

	MUST(intf && memory);
	honest = !(kind & 0x80);
	intf->in_prod = intf->in_cons = intf->out_prod = intf->out_cons = start;
	out_prod = in_cons = start;
	untold = 0;
	ring_init(&ring, intf, memory, half);
	memset(&racing, 0, sizeof(racing));
	racing_steps = 0;
	if (!honest) {
		race(input_part(&in, input_integer(&in, 1)));
		racing.intf[0] = racing.intf[1] = intf;
		racing.data[0] = racing.data[1] = memory;
		racing.length = 2 * half;
	}
	while (in.left && step(&in))
		;
	while (requests.count)
		queue_drop(&requests);
	while (answers.count)
		queue_drop(&answers);
	free(memory);
	free(intf);
	return 0;
}
