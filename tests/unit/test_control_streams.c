/* SPDX-License-Identifier: Apache-2.0 */
/* The control share's streams, on which both sides may wait. */
#include "tests/unit/control_fixture.h"

static void input_is_waited_for(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	char buffer[64];
	uint16_t waiting;

	open_path(client, 1, "17/in", O_RDONLY);
	send_in(monitor, "hello");
	CHECK_EQ(do_read(client, 1, 0, buffer, 3), 3);
	CHECK_EQ(monitor->last_process, 17);
	CHECK_EQ(do_read(client, 1, 3, buffer, sizeof(buffer)), 2);
	CHECK_EQ(do_read(client, 1, 5, buffer, 0), 0);
	CHECK(!control_waits(client->share, 17, CONTROL_IN));
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), LATER);
	waiting = client->tag;
	CHECK(control_waits(client->share, 17, CONTROL_IN));
	CHECK(!control_waits(client->share, 0, CONTROL_IN));
	CHECK(!control_waits(client->share, 17, CONTROL_OUT));
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), -EBUSY);
	control_stream_ready(client->share, 17, CONTROL_IN);
	control_stream_ready(client->share, 0, CONTROL_IN);
	control_stream_ready(client->share, 17, CONTROL_OUT);
	CHECK_EQ(client->late, 0);
	CHECK(control_waits(client->share, 17, CONTROL_IN));
	send_in(monitor, "more");
	control_stream_ready(client->share, 17, CONTROL_IN);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(look_at_reply(client, P9_TREAD, waiting), 0);
	CHECK_EQ(get32(client), 4);
	CHECK(memcmp(get_bytes(client, 4), "more", 4) == 0);
	CHECK(at_end(client));
	CHECK(!control_waits(client->share, 17, CONTROL_IN));
	/* Flushed, and no byte is lost. */
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), LATER);
	CHECK_EQ(do_flush(client, client->tag), 0);
	CHECK(!control_waits(client->share, 17, CONTROL_IN));
	send_in(monitor, "kept");
	control_stream_ready(client->share, 17, CONTROL_IN);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), 4);
	/* The end, at once and while somebody waits. */
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), LATER);
	waiting = client->tag;
	control_end(client->share, 0);
	CHECK_EQ(client->late, 1);
	control_end(client->share, 17);
	CHECK_EQ(client->late, 2);
	CHECK_EQ(look_at_reply(client, P9_TREAD, waiting), 0);
	CHECK_EQ(get32(client), 0);
	monitor->in_ended = true;
	CHECK_EQ(do_read(client, 1, 5, buffer, sizeof(buffer)), 0);
	tear_down(monitor);
}

static void output_waits_to_be_taken(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	uint8_t *big = malloc(100000);
	uint16_t waiting, other;

	for (size_t i = 0; i < 100000; i++)
		big[i] = (uint8_t)(i % 253);
	open_path(client, 1, "0/out", O_WRONLY);
	open_path(client, 2, "0/err", O_WRONLY);
	monitor->out_room = 4;
	CHECK_EQ(do_write(client, 1, 0, "hello", 5), 4);
	CHECK(monitor->last_process == 0 && monitor->last_stream == CONTROL_OUT);
	CHECK_EQ(do_write(client, 1, 0, "", 0), 0);
	CHECK_EQ(do_write(client, 1, 4, "o", 1), LATER);
	waiting = client->tag;
	/* What is written after it does not go before it; the other stream is another matter. */
	CHECK_EQ(do_write(client, 1, 5, "!", 1), -EBUSY);
	CHECK_EQ(do_write(client, 2, 0, "error", 5), LATER);
	other = client->tag;
	CHECK(control_waits(client->share, 0, CONTROL_OUT) && control_waits(client->share, 0, CONTROL_ERR));
	memset(client->request, 'x', 1000); /* the share has its own copy */
	monitor->out_room = 2;
	control_stream_ready(client->share, 0, CONTROL_OUT);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(look_at_reply(client, P9_TWRITE, waiting), 0);
	CHECK_EQ(get32(client), 1);
	CHECK(memcmp(monitor->out, "hello", 5) == 0);
	/* What was taken in part is answered with what was taken. */
	control_stream_ready(client->share, 0, CONTROL_ERR);
	CHECK_EQ(look_at_reply(client, P9_TWRITE, other), 0);
	CHECK_EQ(get32(client), 1);
	CHECK_EQ(monitor->out[5], 'e');
	CHECK_EQ(monitor->last_stream, CONTROL_ERR);
	/* No more than 64 KiB of one. */
	monitor->out_room = 150000;
	CHECK_EQ(do_write(client, 1, 0, big, 100000), 65536);
	CHECK(memcmp(monitor->out + 6, big, 65536) == 0);
	monitor->out_room = 0;
	CHECK_EQ(do_write(client, 1, 0, big, 100000), LATER);
	waiting = client->tag;
	monitor->out_room = 100000;
	control_stream_ready(client->share, 0, CONTROL_OUT);
	CHECK_EQ(look_at_reply(client, P9_TWRITE, waiting), 0);
	CHECK_EQ(get32(client), 65536);
	/* Nobody takes it any more. */
	monitor->out_error = EPIPE;
	CHECK_EQ(do_write(client, 1, 0, "x", 1), -EPIPE);
	monitor->out_error = 0;
	monitor->out_room = 0;
	CHECK_EQ(do_write(client, 1, 0, "x", 1), LATER);
	waiting = client->tag;
	monitor->out_error = EPIPE;
	control_stream_ready(client->share, 0, CONTROL_OUT);
	CHECK_EQ(look_at_reply(client, P9_TWRITE, waiting), -EPIPE);
	monitor->out_error = 0;
	/* The end. */
	CHECK_EQ(do_write(client, 2, 0, "x", 1), LATER);
	waiting = client->tag;
	control_end(client->share, 0);
	CHECK_EQ(look_at_reply(client, P9_TWRITE, waiting), -EPIPE);
	CHECK(!control_waits(client->share, 0, CONTROL_ERR));
	/* Flushed. */
	CHECK_EQ(do_write(client, 2, 0, "x", 1), LATER);
	CHECK_EQ(do_flush(client, client->tag), 0);
	CHECK(!control_waits(client->share, 0, CONTROL_ERR));
	CHECK_EQ(do_write(client, 2, 0, "x", 1), LATER); /* left waiting when all ends */
	free(big);
	tear_down(monitor);
}

static void there_are_more_streams(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	char buffer[8], name[16];

	/* Of descriptor 3: read as 3, written as 4. */
	open_path(client, 1, "17/3", O_RDONLY);
	open_path(client, 2, "17/4", O_WRONLY);
	send_in(monitor, "in");
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), 2);
	CHECK_EQ(monitor->last_stream, 3);
	monitor->out_room = 10;
	CHECK_EQ(do_write(client, 2, 0, "out", 3), 3);
	CHECK_EQ(monitor->last_stream, 4);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), LATER);
	CHECK(control_waits(client->share, 17, 3));
	CHECK_EQ(do_write(client, 1, 0, "x", 1), -EBADF);
	CHECK_EQ(do_read(client, 2, 0, buffer, sizeof(buffer)), -EBADF);
	control_end(client->share, 17);
	CHECK_EQ(client->late, 1);
	snprintf(name, sizeof(name), "0/%d", ZONE_STREAMS_MAX - 1);
	open_path(client, 3, name, O_WRONLY);
	snprintf(name, sizeof(name), "0/%d", ZONE_STREAMS_MAX);
	CHECK_EQ(do_walk(client, 0, 4, name), -ENOENT);
	CHECK_EQ(do_walk(client, 0, 4, "0/2"), -ENOENT);
	CHECK_EQ(do_walk(client, 0, 4, "0/03"), -ENOENT);
	tear_down(monitor);
}

static void the_end_of_output_is_told(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;

	open_path(client, 1, "17/err", O_WRONLY);
	open_path(client, 2, "17/in", O_RDONLY);
	CHECK_EQ(do_walk(client, 0, 3, "17/out"), 0);
	/* Only of what was open to be written. */
	CHECK_EQ(do_clunk(client, 3), 0);
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK_EQ(monitor->ends, 0);
	CHECK_EQ(do_clunk(client, 1), 0);
	CHECK_EQ(monitor->ends, 1);
	CHECK(monitor->last_process == 17 && monitor->last_stream == CONTROL_ERR);
	tear_down(monitor);
}

int main(void)
{
	RUN(input_is_waited_for);
	RUN(output_waits_to_be_taken);
	RUN(there_are_more_streams);
	RUN(the_end_of_output_is_told);
	return unit_end();
}
