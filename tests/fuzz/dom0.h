/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control share's other end: operations that answer now, later or never as an input says, and that come
 * back to the share from within. Which requests wait is kept account of: none is answered twice, none that
 * was flushed is answered.
 */
#ifndef XENRUN_FUZZ_DOM0_H
#define XENRUN_FUZZ_DOM0_H

#include <errno.h>

#include "rootfs/control_internal.h"
#include "tests/fuzz/guest.h"

#define DOM0_PROCESSES 4

static struct {
	struct input *in;
	struct share *share;
	unsigned int alive;		      /* a bit for each process */
	uint8_t *specs[DOM0_PROCESSES];	      /* each with memory of its own */
	unsigned int waiting[UINT16_MAX + 1]; /* requests with this tag */
	size_t waiting_sum;
	int depth; /* operations under way, one in another */
} dom0;

static const size_t dom0_spec_lengths[DOM0_PROCESSES] = {0, 1, 100, 9000};

/* Of those that a process has, two that are read and two that are written. */
static const uint32_t dom0_streams[] = {CONTROL_IN, CONTROL_OUT, 3, 4};

static inline bool dom0_has(uint32_t process)
{
	return process < DOM0_PROCESSES && dom0.alive >> process & 1;
}

static inline void dom0_set(uint32_t process, bool alive)
{
	dom0.alive &= ~(1u << process);
	free(dom0.specs[process]);
	dom0.specs[process] = NULL;
	if (!alive)
		return;
	dom0.alive |= 1u << process;
	dom0.specs[process] = calloc(1, dom0_spec_lengths[process] + 1);
	MUST(dom0.specs[process]);
}

/* Something happens on dom0's side. */
static inline void dom0_act(uint8_t what)
{
	uint32_t process = what & 3;
	struct zone_event event = {.type = what};

	switch (what >> 4 & 7) {
	case 0:
		control_event(dom0.share, &event);
		break;
	case 1:
		control_stream_ready(dom0.share, process, dom0_streams[what >> 2 & 3]);
		break;
	case 2:
		dom0_set(process, false);
		control_end(dom0.share, process);
		break;
	case 3:
		dom0_set(process, true);
		break;
	case 4:
		for (int i = 0; i < 100; i++)
			control_event(dom0.share, &event);
		break;
	case 5:
		control_waits(dom0.share, process, dom0_streams[what >> 2 & 3]);
		break;
	default:
		control_end(dom0.share, process);
	}
}

/* Operations may call the share. */
static inline void dom0_come_back(void)
{
	uint8_t what;

	if (dom0.depth > 1)
		return;
	dom0.depth++;
	what = input_u8(dom0.in);
	/* A process that answers lives until it has. */
	if (what >= 0xc0 && (what >> 4 & 7) != 2 && (what >> 4 & 7) != 3)
		dom0_act(what);
	dom0.depth--;
}

static inline int dom0_spec(void *arg, uint32_t process, const uint8_t **data, size_t *length)
{
	MUST(arg == &dom0);
	if (!dom0_has(process))
		return -ENOENT;
	*data = dom0.specs[process];
	*length = dom0_spec_lengths[process];
	return 0;
}

static inline void dom0_report(void *arg, const struct zone_report *report)
{
	MUST(arg == &dom0);
	dom0_act((uint8_t)report->type);
}

static inline ssize_t dom0_stream_read(
	void *arg, uint32_t process, uint32_t stream, void *buffer, size_t length)
{
	uint8_t how = input_u8(dom0.in);

	MUST(arg == &dom0 && stream < ZONE_STREAMS_MAX && !zone_stream_is_out(stream) && length > 0);
	memset(buffer, how, length);
	if (how & 0x80)
		dom0_come_back();
	if (!dom0_has(process))
		return -ENOENT;
	switch (how % 8) {
	case 0:
	case 1:
	case 2:
		return -EAGAIN;
	case 3:
		return 0;
	case 4:
		return -EIO;
	default:
		return (ssize_t)(how % 8 == 5 || how > length ? length : how);
	}
}

static inline ssize_t dom0_stream_write(
	void *arg, uint32_t process, uint32_t stream, const void *data, size_t length)
{
	uint8_t how = input_u8(dom0.in);

	MUST(arg == &dom0 && stream < ZONE_STREAMS_MAX && zone_stream_is_out(stream) && length > 0);
	free(exact_copy(data, length)); /* reads all of it */
	if (how & 0x80)
		dom0_come_back();
	if (!dom0_has(process))
		return -ENOENT;
	switch (how % 8) {
	case 0:
	case 1:
	case 2:
		return -EAGAIN;
	case 3:
		return 0;
	case 4:
		return -EPIPE;
	default:
		return (ssize_t)(how % 8 == 5 || how > length ? length : how);
	}
}

static inline void dom0_stream_end(void *arg, uint32_t process, uint32_t stream)
{
	(void)process;
	MUST(arg == &dom0 && stream < ZONE_STREAMS_MAX && zone_stream_is_out(stream));
	dom0_come_back();
}

static const struct control_ops dom0_ops = {
	.spec = dom0_spec,
	.report = dom0_report,
	.stream_read = dom0_stream_read,
	.stream_write = dom0_stream_write,
	.stream_end = dom0_stream_end,
};

/* To be called with every answer that came later… */
static inline void dom0_answered(const uint8_t *reply, size_t length)
{
	uint16_t tag = (uint16_t)(reply[5] | reply[6] << 8);

	MUST(length >= P9_HEADER_SIZE);
	guest_check_reply(reply, length, reply[4] == P9_RREAD ? P9_TREAD : P9_TWRITE, tag);
	MUST(dom0.waiting[tag] > 0);
	dom0.waiting[tag]--;
	dom0.waiting_sum--;
}

/* …and with every request that is answered later, or never. */
static inline void dom0_waits(const uint8_t *request)
{
	dom0.waiting[request[5] | request[6] << 8]++;
	dom0.waiting_sum++;
}

static inline void dom0_forget_all(void)
{
	memset(dom0.waiting, 0, sizeof(dom0.waiting));
	dom0.waiting_sum = 0;
}

/* After an answer at once. */
static inline void dom0_settle(const uint8_t *request, size_t length)
{
	uint16_t tag;

	if (request[4] == P9_TVERSION && dom0.waiting_sum)
		dom0_forget_all();
	if (request[4] != P9_TFLUSH || length != P9_HEADER_SIZE + 2 ||
		dom0.share->msize == 0)
		return;
	tag = (uint16_t)(request[7] | request[8] << 8);
	dom0.waiting_sum -= dom0.waiting[tag];
	dom0.waiting[tag] = 0;
}

static inline struct share *dom0_share(struct input *in)
{
	dom0.in = in;
	for (uint32_t process = 0; process < DOM0_PROCESSES; process++)
		dom0_set(process, process != 2);
	dom0.share = control_new(&dom0_ops, &dom0);
	MUST(dom0.share);
	return dom0.share;
}

static inline void dom0_check(void)
{
	const struct control *control = (struct control *)dom0.share;
	size_t waits = 0;

	for (const struct control_wait *wait = control->waits; wait; wait = wait->next)
		waits++;
	MUST(waits == control->wait_count && waits <= CONTROL_WAITS);
	MUST(waits + (control->event_waits ? 1 : 0) == dom0.waiting_sum);
	MUST(control->event_count <= CONTROL_EVENTS && control->first_event < CONTROL_EVENTS);
}

/* The share is gone. */
static inline void dom0_clear(void)
{
	if (dom0.waiting_sum)
		dom0_forget_all();
	for (uint32_t process = 0; process < DOM0_PROCESSES; process++)
		dom0_set(process, false);
}

#endif
