/* SPDX-License-Identifier: Apache-2.0 */
/* The control share: its tree, events, reports, specs, and the streams on which both sides may wait. */
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

static struct monitor *set_up(void)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	client_init(&monitor->client, control_new(&ops, monitor));
	CHECK_EQ(do_version(&monitor->client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(&monitor->client, 0, 0), 0);
	return monitor;
}

static void tear_down(struct monitor *monitor)
{
	monitor->client.share->free(monitor->client.share);
	free(monitor);
}

static void open_path(struct client *client, uint32_t fid, const char *path, uint32_t flags)
{
	CHECK_EQ(do_walk(client, 0, fid, path), 0);
	CHECK_EQ(do_lopen(client, fid, flags), 0);
}

static void send_in(struct monitor *monitor, const char *text)
{
	memcpy(monitor->in, text, strlen(text));
	monitor->in_length = strlen(text);
}

static uint32_t mode_of(struct client *client, const char *path, uint64_t *size)
{
	uint32_t mode;

	CHECK_EQ(do_walk(client, 0, 90, path), 0);
	begin(client, P9_TGETATTR);
	put32(client, 90);
	put64(client, 0x7ff);
	CHECK_EQ(call(client), 0);
	CHECK_EQ(get64(client), P9_GETATTR_BASIC);
	CHECK_EQ(get_qid(client).version, 0);
	mode = get32(client);
	get64(client);
	CHECK(get64(client) >= 1);
	get64(client);
	*size = get64(client);
	CHECK_EQ(do_clunk(client, 90), 0);
	return mode;
}

static void the_tree(void)
{
	static const char *const none[] = {"none", "1", "00", "017", "18", "+0", "-1", "0x0", " 0",
		"4294967296", "42949672960", "99999999999", "0/none", "17/events", "0/spec/x", "events/x"};
	static const struct {
		const char *path;
		uint32_t mode;
		uint64_t size;
	} there[] = {{"", S_IFDIR | 0555, 0}, {"events", S_IFREG | 0400, 0}, {"reports", S_IFREG | 0200, 0},
		{"0", S_IFDIR | 0555, 0}, {"0/spec", S_IFREG | 0400, sizeof(spec_text)},
		{"0/in", S_IFREG | 0400, 0}, {"0/out", S_IFREG | 0200, 0}, {"17/err", S_IFREG | 0200, 0},
		{"17/spec", S_IFREG | 0400, 0}};
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	uint64_t size;

	client->torture = true;
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		CHECK_EQ(mode_of(client, there[i].path, &size), there[i].mode);
		CHECK_EQ(size, there[i].size);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_EQ(do_walk(client, 0, 1, none[i]), -ENOENT);
	CHECK_EQ(do_walk(client, 0, 1, ".."), -EINVAL);
	CHECK_EQ(do_walk(client, 0, 1, "events"), 0);
	CHECK_EQ(do_walk(client, 1, 2, "x"), -ENOTDIR);
	CHECK_EQ(do_walk(client, 0, 1, "events"), -EBADF);
	CHECK_EQ(do_walk(client, 9, 2, "events"), -EBADF);
	/* Moved from where it is. */
	CHECK_EQ(do_walk(client, 0, 2, ""), 0);
	CHECK_EQ(do_walk(client, 2, 2, "17"), 0);
	CHECK_EQ(do_walk(client, 2, 2, "out"), 0);
	CHECK_EQ(do_lopen(client, 2, O_WRONLY), 0);
	CHECK_EQ(do_walk(client, 2, 2, ""), -EBUSY);
	begin(client, P9_TSTATFS);
	put32(client, 0);
	CHECK_EQ(call(client), 0);
	CHECK_EQ(get32(client), 0x01021997);
	tear_down(monitor);
}

static void listing(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	static const char *const names[2][6] = {
		{".", "..", "events", "reports"}, {".", "..", "spec", "in", "out", "err"}};
	static const char *const paths[2] = {"", "17"};
	static const int counts[2] = {4, 6};

	for (uint32_t folder = 0; folder < 2; folder++) {
		uint64_t offset = 0;
		char name[256];

		open_path(client, 1 + folder, paths[folder], O_RDONLY);
		for (int i = 0; i <= counts[folder]; i++) {
			begin(client, P9_TREADDIR);
			put32(client, 1 + folder);
			put64(client, offset);
			put32(client, 40); /* one at a time */
			CHECK_EQ(call(client), 0);
			if (i == counts[folder]) {
				CHECK_EQ(get32(client), 0);
				break;
			}
			CHECK_EQ(get32(client), 24 + strlen(names[folder][i]));
			get_qid(client);
			offset = get64(client);
			get8(client);
			get_string(client, name);
			CHECK(at_end(client));
			CHECK(strcmp(name, names[folder][i]) == 0);
		}
	}
	begin(client, P9_TREADDIR);
	put32(client, 1);
	put64(client, 0);
	put32(client, 10);
	CHECK_EQ(call(client), -EINVAL);
	tear_down(monitor);
}

static void only_what_it_is_for(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	char buffer[16];

	CHECK_EQ(do_walk(client, 0, 1, "events"), 0);
	CHECK_EQ(do_read(client, 1, 0, buffer, 16), -EBADF);
	CHECK_EQ(do_lopen(client, 1, O_WRONLY), -EACCES);
	CHECK_EQ(do_lopen(client, 1, O_RDWR), -EACCES);
	CHECK_EQ(do_walk(client, 0, 2, "reports"), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDONLY), -EACCES);
	CHECK_EQ(do_lopen(client, 0, O_WRONLY), -EISDIR);
	CHECK_EQ(do_lopen(client, 2, O_WRONLY | O_TRUNC | O_APPEND), 0);
	CHECK_EQ(do_lopen(client, 2, O_WRONLY), -EBADF);
	CHECK_EQ(do_read(client, 2, 0, buffer, 16), -EBADF);
	CHECK_EQ(do_lopen(client, 1, O_RDONLY), 0);
	CHECK_EQ(do_write(client, 1, 0, buffer, 16), -EBADF);
	CHECK_EQ(do_lopen(client, 0, O_RDONLY), 0);
	CHECK_EQ(do_read(client, 0, 0, buffer, 16), -EISDIR);

	/* A shell's ">" truncates what it writes to. */
	for (uint32_t fid = 0; fid < 3; fid++) {
		begin(client, P9_TSETATTR);
		put32(client, fid);
		put32(client, P9_SETATTR_SIZE | P9_SETATTR_MTIME | P9_SETATTR_CTIME);
		for (int i = 0; i < 3; i++)
			put32(client, 0);
		for (int i = 0; i < 5; i++)
			put64(client, 0);
		CHECK_EQ(call(client), fid == 2 ? 0 : -EPERM);
		client->request[11] = P9_SETATTR_MODE;
		CHECK_EQ(call(client), -EPERM);
	}
	begin(client, P9_TMKDIR);
	put32(client, 0);
	put_string(client, "x");
	put64(client, 0);
	CHECK_EQ(call(client), -EPERM);
	begin(client, P9_TUNLINKAT);
	put32(client, 0);
	put_string(client, "events");
	put32(client, 0);
	CHECK_EQ(call(client), -EPERM);
	begin(client, P9_TXATTRWALK);
	put64(client, 0x0000000900000000);
	put_string(client, "");
	CHECK_EQ(call(client), -EOPNOTSUPP);
	begin(client, P9_TREMOVE);
	put32(client, 2);
	CHECK_EQ(call(client), -EPERM);
	CHECK_EQ(do_clunk(client, 2), -EBADF);
	begin(client, P9_TFSYNC);
	put64(client, 1);
	CHECK_EQ(call(client), 0);
	tear_down(monitor);
}

static void specs_are_read(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	char buffer[64];

	open_path(client, 1, "0/spec", O_RDONLY);
	CHECK_EQ(do_read(client, 1, 0, buffer, sizeof(buffer)), sizeof(spec_text));
	CHECK(memcmp(buffer, spec_text, sizeof(spec_text)) == 0);
	CHECK_EQ(do_read(client, 1, 4, buffer, 4), 4);
	CHECK(memcmp(buffer, "spec", 4) == 0);
	CHECK_EQ(do_read(client, 1, sizeof(spec_text), buffer, 4), 0);
	CHECK_EQ(do_read(client, 1, 0xffffffffffffffff, buffer, 4), 0);
	open_path(client, 2, "17/spec", O_RDONLY);
	CHECK_EQ(do_read(client, 2, 0, buffer, 4), 0);
	tear_down(monitor);
}

static void events_wait_and_are_waited_for(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	struct zone_event event = {.type = ZONE_EVENT_START, .process = 17, .arg = {1, 2}}, got;

	open_path(client, 1, "events", O_RDONLY | 04000);
	CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got) - 1), -EINVAL);
	/* Queued ones come in order, one a read however much is asked for. */
	CHECK_EQ(control_event(client->share, &event), 0);
	event.process = 18;
	CHECK_EQ(control_event(client->share, &event), 0);
	CHECK_EQ(do_read(client, 1, 0, client->request + 1000, 4096), sizeof(got));
	memcpy(&got, client->request + 1000, sizeof(got));
	CHECK(got.type == ZONE_EVENT_START && got.process == 17 && got.arg[0] == 1 && got.arg[1] == 2);
	CHECK_EQ(do_read(client, 1, 16, &got, sizeof(got)), sizeof(got));
	CHECK_EQ(got.process, 18);
	/* Nothing there: the read waits, and a second one is refused. */
	CHECK_EQ(do_read(client, 1, 32, &got, sizeof(got)), LATER);
	uint16_t waiting = client->tag;
	CHECK_EQ(do_read(client, 1, 32, &got, sizeof(got)), -EBUSY);
	CHECK_EQ(client->late, 0);
	event.process = 19;
	CHECK_EQ(control_event(client->share, &event), 0);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(look_at_reply(client, P9_TREAD, waiting), 0);
	CHECK_EQ(get32(client), sizeof(got));
	memcpy(&got, get_bytes(client, sizeof(got)), sizeof(got));
	CHECK(at_end(client));
	CHECK_EQ(got.process, 19);
	/* An interrupted read is not answered, and the event is the next one's. */
	CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got)), LATER);
	waiting = client->tag;
	CHECK_EQ(do_flush(client, (uint16_t)(waiting + 100)), 0);
	CHECK_EQ(do_flush(client, waiting), 0);
	event.process = 20;
	CHECK_EQ(control_event(client->share, &event), 0);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got)), sizeof(got));
	CHECK_EQ(got.process, 20);
	/* The queue has an end. */
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CONTROL_EVENTS; i++) {
			event.process = i;
			CHECK_EQ(control_event(client->share, &event), 0);
		}
		CHECK_EQ(control_event(client->share, &event), -ENOSPC);
		for (uint32_t i = 0; i < CONTROL_EVENTS; i++) {
			CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got)), sizeof(got));
			CHECK_EQ(got.process, i);
		}
	}
	/* A new session: nobody waits, and what is queued is kept. */
	CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got)), LATER);
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(control_event(client->share, &event), 0);
	CHECK_EQ(client->late, 1);
	CHECK_EQ(do_attach(client, 0, 0), 0);
	open_path(client, 1, "events", O_RDONLY);
	CHECK_EQ(do_read(client, 1, 0, &got, sizeof(got)), sizeof(got));
	tear_down(monitor);
}

static void reports_are_passed_on(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	struct zone_report report = {.type = ZONE_REPORT_EXITED, .process = 77, .arg = {256, 1}};
	struct zone_event got;

	client->torture = true;
	open_path(client, 1, "reports", O_WRONLY);
	CHECK_EQ(do_write(client, 1, 0, &report, sizeof(report)), sizeof(report));
	CHECK_EQ(monitor->reports, 1);
	CHECK(memcmp(&monitor->report, &report, sizeof(report)) == 0);
	CHECK_EQ(do_write(client, 1, 16, &report, sizeof(report)), sizeof(report));
	CHECK_EQ(do_write(client, 1, 0, &report, sizeof(report) - 1), -EINVAL);
	CHECK_EQ(do_write(client, 1, 0, &report, 0), -EINVAL);
	CHECK_EQ(do_write(client, 1, 0, monitor->out, 32), -EINVAL);
	CHECK_EQ(monitor->reports, 2);
	/* Answered by an event from within, while its reader waits. */
	open_path(client, 2, "events", O_RDONLY);
	CHECK_EQ(do_read(client, 2, 0, &got, sizeof(got)), LATER);
	monitor->answer_report.type = ZONE_EVENT_START;
	CHECK_EQ(do_write(client, 1, 0, &report, sizeof(report)), sizeof(report));
	CHECK_EQ(client->late, 1);
	tear_down(monitor);
}

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

static void a_session_begins_with_a_version(void)
{
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;

	CHECK_EQ(do_version(client, 1000000, P9_VERSION), 0);
	CHECK_EQ(get32(client), CLIENT_MSIZE);
	CHECK_EQ(do_version(client, 100, P9_VERSION), -EMSGSIZE);
	CHECK_EQ(do_version(client, 8192, "9P2000.u"), 0);
	CHECK_EQ(do_attach(client, 0, 0), -EPROTO);
	CHECK_EQ(do_version(client, 8192, P9_VERSION), 0);
	CHECK_EQ(do_walk(client, 0, 1, ""), -EBADF);
	for (uint32_t fid = 0; fid < 4096; fid++)
		CHECK_EQ(do_attach(client, fid, 0), 0);
	CHECK_EQ(do_attach(client, 4096, 0), -EMFILE);
	tear_down(monitor);
}

static uint32_t state = 99;

static uint32_t next_random(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

/* Requests and what happens on the other side in any order. */
static void a_guest_that_sends_anything(void)
{
	static const char *const paths[] = {
		"", "events", "reports", "0", "0/spec", "0/in", "0/out", "17/err"};
	static const uint8_t types[] = {P9_TCLUNK, P9_TREAD, P9_TREAD, P9_TREAD, P9_TWRITE, P9_TWRITE,
		P9_TWRITE, P9_TREADDIR, P9_TGETATTR, P9_TFLUSH, P9_TLOPEN, P9_TLOPEN};
	struct monitor *monitor = set_up();
	struct client *client = &monitor->client;
	struct zone_event event = {.type = 1};

	for (int round = 0; round < 60000; round++) {
		uint8_t type = types[next_random(sizeof(types))];
		uint32_t fid = 1 + next_random(11); /* 0 stays the root */

		if (next_random(3) == 0) {
			do_walk(client, 0, 1 + next_random(11), paths[next_random(8)]);
			continue;
		}
		begin(client, type);
		if (type == P9_TFLUSH)
			put16(client, (uint16_t)(client->tag - next_random(20)));
		else
			put32(client, fid);
		if (type == P9_TLOPEN)
			put32(client, next_random(2));
		if (type == P9_TREAD || type == P9_TWRITE || type == P9_TREADDIR || type == P9_TGETATTR)
			put64(client, next_random(5));
		if (type == P9_TREAD || type == P9_TREADDIR)
			put32(client, next_random(300));
		if (type == P9_TWRITE) {
			put32(client, 16);
			put_bytes(client, "0123456789abcdef", 16);
		}
		call(client);
		monitor->out_length = 0;
		if (next_random(10) == 0)
			control_event(client->share, &event);
		monitor->out_room = next_random(20);
		monitor->in_length = next_random(20);
		control_stream_ready(client->share, next_random(2) * 17, next_random(3));
		monitor->out_room = 0;
		monitor->in_length = 0;
		if (next_random(50) == 0)
			control_end(client->share, next_random(2) * 17);
	}
	CHECK(client->late > 500);
	tear_down(monitor);
}

int main(void)
{
	RUN(a_session_begins_with_a_version);
	RUN(the_tree);
	RUN(listing);
	RUN(only_what_it_is_for);
	RUN(specs_are_read);
	RUN(events_wait_and_are_waited_for);
	RUN(reports_are_passed_on);
	RUN(input_is_waited_for);
	RUN(output_waits_to_be_taken);
	RUN(there_are_more_streams);
	RUN(the_end_of_output_is_told);
	RUN(a_guest_that_sends_anything);
	return unit_end();
}
