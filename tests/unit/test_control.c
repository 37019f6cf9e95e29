/* SPDX-License-Identifier: Apache-2.0 */
/* The control share: its tree, events, reports, specs. */
#include "tests/unit/control_fixture.h"

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
	RUN(a_guest_that_sends_anything);
	return unit_end();
}
