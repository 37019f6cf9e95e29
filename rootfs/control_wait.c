/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/control_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_MESSAGE (P9_READ_HEADER_SIZE + sizeof(struct zone_event))

static void send(struct control *control, const struct p9_writer *writer)
{
	control->share.reply(control->share.transport, writer->data, writer->length);
}

static void reply_event(struct p9_writer *reply, uint16_t tag, const struct zone_event *event)
{
	uint32_t room;
	uint8_t *space = p9_read_space(reply, sizeof(*event), &room);

	memcpy(space, event, sizeof(*event));
	p9_reply_read(reply, tag, sizeof(*event));
}

int control_read_event(struct control *control, const struct p9_request *request, struct p9_writer *reply)
{
	if (request->u.read.count < sizeof(struct zone_event))
		return -EINVAL;
	if (control->event_count > 0) {
		reply_event(reply, request->tag, &control->events[control->first_event]);
		control->first_event = (control->first_event + 1) % CONTROL_EVENTS;
		control->event_count--;
		return 0;
	}
	if (control->event_waits)
		return -EBUSY;
	control->event_waits = true;
	control->event_tag = request->tag;
	return CONTROL_LATER;
}

int control_event(struct share *share, const struct zone_event *event)
{
	struct control *control = (struct control *)share;
	uint8_t message[EVENT_MESSAGE];
	struct p9_writer writer;

	if (control->event_waits) {
		control->event_waits = false;
		p9_writer_init(&writer, message, sizeof(message));
		reply_event(&writer, control->event_tag, event);
		send(control, &writer);
		return 0;
	}
	if (control->event_count == CONTROL_EVENTS)
		return -ENOSPC;
	control->events[(control->first_event + control->event_count) % CONTROL_EVENTS] = *event;
	control->event_count++;
	return 0;
}

static struct control_wait **find_wait(struct control *control, uint32_t process, uint32_t stream)
{
	struct control_wait **at = &control->waits;

	while (*at && ((*at)->process != process || (*at)->stream != stream))
		at = &(*at)->next;
	return at;
}

static struct control_wait *take_wait(struct control *control, struct control_wait **at)
{
	struct control_wait *wait = *at;

	*at = wait->next;
	control->wait_count--;
	return wait;
}

bool control_waits(struct share *share, uint32_t process, uint32_t stream)
{
	return *find_wait((struct control *)share, process, stream) != NULL;
}

void waits_drop_tag(struct control *control, uint16_t tag)
{
	struct control_wait **at = &control->waits;

	if (control->event_waits && control->event_tag == tag)
		control->event_waits = false;
	while (*at) {
		if ((*at)->tag == tag)
			free(take_wait(control, at));
		else
			at = &(*at)->next;
	}
}

void waits_drop_all(struct control *control)
{
	control->event_waits = false;
	while (control->waits)
		free(take_wait(control, &control->waits));
}

/* Keeps a request for later, with its own copy of `data`, which may be NULL. */
static int wait_for(struct control *control, uint32_t process, uint32_t stream, uint16_t tag, uint32_t count,
	const uint8_t *data)
{
	struct control_wait *wait;

	if (control->wait_count >= CONTROL_WAITS)
		return -EBUSY;
	wait = malloc(sizeof(*wait) + (data ? count : 0));
	if (!wait)
		return -ENOMEM;
	*wait = (struct control_wait){
		.next = control->waits,
		.process = process,
		.stream = stream,
		.tag = tag,
		.count = count,
	};
	if (data)
		memcpy(wait->data, data, count);
	control->waits = wait;
	control->wait_count++;
	return CONTROL_LATER;
}

/* One try of a read. 0 with the reply made, or -errno. */
static int try_read(struct control *control, uint32_t process, uint32_t stream, uint16_t tag, uint32_t count,
	struct p9_writer *reply)
{
	uint32_t room;
	uint8_t *space = p9_read_space(reply, count, &room);
	ssize_t got = control->ops->stream_read(control->arg, process, stream, space, room);

	if (got < 0)
		return (int)got;
	p9_reply_read(reply, tag, (size_t)got < room ? (uint32_t)got : room);
	return 0;
}

/* One try of a write, in the same way. */
static int try_write(struct control *control, uint32_t process, uint32_t stream, uint16_t tag,
	const uint8_t *data, uint32_t count, struct p9_writer *reply)
{
	ssize_t taken = control->ops->stream_write(control->arg, process, stream, data, count);

	if (taken < 0)
		return (int)taken;
	if (taken == 0)
		return -EAGAIN;
	p9_reply_write(reply, tag, (size_t)taken < count ? (uint32_t)taken : count);
	return 0;
}

int control_read_stream(struct control *control, uint32_t process, uint32_t stream,
	const struct p9_request *request, struct p9_writer *reply)
{
	uint32_t count = request->u.read.count < CONTROL_CHUNK ? request->u.read.count : CONTROL_CHUNK;
	int result;

	if (count == 0) {
		p9_reply_read(reply, request->tag, 0);
		return 0;
	}
	if (*find_wait(control, process, stream))
		return -EBUSY;
	result = try_read(control, process, stream, request->tag, count, reply);
	if (result == -EAGAIN)
		return wait_for(control, process, stream, request->tag, count, NULL);
	return result;
}

int control_write_stream(struct control *control, uint32_t process, uint32_t stream,
	const struct p9_request *request, struct p9_writer *reply)
{
	uint32_t count = request->u.write.count < CONTROL_CHUNK ? request->u.write.count : CONTROL_CHUNK;
	int result;

	if (count == 0) {
		p9_reply_write(reply, request->tag, 0);
		return 0;
	}
	/* Bytes of a later write must not pass those that wait. */
	if (*find_wait(control, process, stream))
		return -EBUSY;
	result = try_write(control, process, stream, request->tag, request->u.write.data, count, reply);
	if (result == -EAGAIN)
		return wait_for(control, process, stream, request->tag, count, request->u.write.data);
	return result;
}

void control_stream_ready(struct share *share, uint32_t process, uint32_t stream)
{
	struct control *control = (struct control *)share;
	struct control_wait **at = find_wait(control, process, stream);
	struct control_wait *wait;
	bool out = zone_stream_is_out(stream);
	struct p9_writer writer;
	uint8_t *message;
	size_t size;
	int result;

	if (!*at)
		return;
	/* Out of the list while it is tried: the operations may come back to this share. */
	wait = take_wait(control, at);
	size = P9_ERROR_SIZE + (out ? 0 : wait->count);
	if (size > control->share.msize)
		size = control->share.msize;
	message = malloc(size);
	result = message ? 0 : -EAGAIN;
	if (message) {
		p9_writer_init(&writer, message, size);
		result =
			out ? try_write(control, process, stream, wait->tag, wait->data, wait->count, &writer)
			    : try_read(control, process, stream, wait->tag, wait->count, &writer);
	}
	if (result == -EAGAIN) {
		wait->next = control->waits;
		control->waits = wait;
		control->wait_count++;
	} else {
		if (result < 0)
			p9_reply_error(&writer, wait->tag, -result);
		send(control, &writer);
		free(wait);
	}
	free(message);
}

void control_end(struct share *share, uint32_t process)
{
	struct control *control = (struct control *)share;

	for (uint32_t stream = 0; stream < ZONE_STREAMS_MAX; stream++) {
		struct control_wait **at = find_wait(control, process, stream);
		uint8_t message[P9_ERROR_SIZE];
		struct control_wait *wait;
		struct p9_writer writer;

		if (!*at)
			continue;
		wait = take_wait(control, at);
		p9_writer_init(&writer, message, sizeof(message));
		if (zone_stream_is_out(stream))
			p9_reply_error(&writer, wait->tag, EPIPE);
		else
			p9_reply_read(&writer, wait->tag, 0);
		free(wait);
		send(control, &writer);
	}
}
