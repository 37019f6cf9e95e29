/* SPDX-License-Identifier: Apache-2.0 */
/* A control share with what the monitor would be at its other end. */
#ifndef XENRUN_TEST_CONTROL_FIXTURE_H
#define XENRUN_TEST_CONTROL_FIXTURE_H

#include "rootfs/control.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/p9_client.h"

/* What the monitor would be: two processes, 0 and 17. */
struct monitor {
	struct client client;
	struct zone_report report;
	int reports;
	char in[256]; /* what standard input still has */
	size_t in_length;
	bool in_ended;
	char out[200000];
	size_t out_length, out_room;
	int out_error;
	uint32_t last_process, last_stream;
	int ends;			 /* of streams, the last in last_stream */
	struct zone_event answer_report; /* an event pushed from within report(), if it has a type */
};

static const uint8_t spec_text[] = "the spec of process 0";

static int op_spec(void *arg, uint32_t process, const uint8_t **data, size_t *length)
{
	(void)arg;
	if (process != 0 && process != 17)
		return -ENOENT;
	*data = spec_text;
	*length = process == 0 ? sizeof(spec_text) : 0;
	return 0;
}

static void op_report(void *arg, const struct zone_report *report)
{
	struct monitor *monitor = arg;

	monitor->report = *report;
	monitor->reports++;
	if (monitor->answer_report.type)
		CHECK_EQ(control_event(monitor->client.share, &monitor->answer_report), 0);
}

static ssize_t op_stream_read(void *arg, uint32_t process, uint32_t stream, void *buffer, size_t length)
{
	struct monitor *monitor = arg;

	monitor->last_process = process;
	monitor->last_stream = stream;
	if (monitor->in_length == 0)
		return monitor->in_ended ? 0 : -EAGAIN;
	if (length > monitor->in_length)
		length = monitor->in_length;
	memcpy(buffer, monitor->in, length);
	memmove(monitor->in, monitor->in + length, monitor->in_length - length);
	monitor->in_length -= length;
	return (ssize_t)length;
}

static ssize_t op_stream_write(void *arg, uint32_t process, uint32_t stream, const void *data, size_t length)
{
	struct monitor *monitor = arg;

	monitor->last_process = process;
	monitor->last_stream = stream;
	if (monitor->out_error)
		return -monitor->out_error;
	if (monitor->out_room == 0)
		return -EAGAIN;
	if (length > monitor->out_room)
		length = monitor->out_room;
	memcpy(monitor->out + monitor->out_length, data, length);
	monitor->out_length += length;
	monitor->out_room -= length;
	return (ssize_t)length;
}

static void op_stream_end(void *arg, uint32_t process, uint32_t stream)
{
	struct monitor *monitor = arg;

	monitor->last_process = process;
	monitor->last_stream = stream;
	monitor->ends++;
}

static const struct control_ops ops = {
	.spec = op_spec,
	.report = op_report,
	.stream_read = op_stream_read,
	.stream_write = op_stream_write,
	.stream_end = op_stream_end,
};

static inline struct monitor *set_up(void)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	client_init(&monitor->client, control_new(&ops, monitor));
	CHECK_EQ(do_version(&monitor->client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(&monitor->client, 0, 0), 0);
	return monitor;
}

static inline void tear_down(struct monitor *monitor)
{
	monitor->client.share->free(monitor->client.share);
	free(monitor);
}

static inline void open_path(struct client *client, uint32_t fid, const char *path, uint32_t flags)
{
	CHECK_EQ(do_walk(client, 0, fid, path), 0);
	CHECK_EQ(do_lopen(client, fid, flags), 0);
}

static inline void send_in(struct monitor *monitor, const char *text)
{
	memcpy(monitor->in, text, strlen(text));
	monitor->in_length = strlen(text);
}

#endif
