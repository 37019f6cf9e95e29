/* SPDX-License-Identifier: Apache-2.0 */
/* The folder share: what a guest is promised to be told of, and that it is. */
#include "tests/unit/folder_fixture.h"

#include <sys/inotify.h>

#include "rootfs/changes.h"

static uint32_t counters[SHARE_CHANGES]; /* as the guest sees them */

/* Fid 0 is the root; the host tells of changes. */
static struct fixture *set_up_told(const char *where)
{
	struct folder_limits limits = {
		.proc_self_fd = -1, .inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	struct fixture *fixture = set_up_on(where, &limits);

	/* The descriptor came before the fixture, which becomes its owner. */
	fixture->fds_before--;
	memset(counters, 0xff, sizeof(counters));
	fixture->client.share->changes = counters;
	CHECK_EQ(do_version(&fixture->client, CLIENT_MSIZE, P9_VERSION), 0);
	CHECK_EQ(do_attach(&fixture->client, 0, 0), 0);
	CHECK_EQ(counters[0], 0);
	return fixture;
}

/* What is promised of a fid; 0: nothing. */
static uint64_t promise_of(struct client *client, uint32_t fid)
{
	struct p9_attributes attributes;

	CHECK_EQ(do_getattr_of(client, fid, P9_GETATTR_BASIC | P9_GETATTR_PROMISE, &attributes), 0);
	CHECK_EQ(!(attributes.valid & P9_GETATTR_PROMISE), attributes.data_version == 0);
	return attributes.data_version;
}

/* As the guest's kernel looks: at the counter only. */
static bool holds(uint64_t promise)
{
	uint32_t counter = (uint32_t)(promise >> 32) & INT32_MAX;

	return promise >> 63 && CHECK(counter < SHARE_CHANGES - 1) && counters[counter] == (uint32_t)promise;
}

/* The host is heard when the transport is told that there is something, not before. */
static bool told(struct client *client, uint64_t promise)
{
	uint32_t before = counters[SHARE_CHANGES - 1];

	CHECK(holds(promise));
	return CHECK(client->share->changed(client->share)) && !holds(promise) &&
	       counters[SHARE_CHANGES - 1] != before;
}

static void hosts_changes(void)
{
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
	char other[PATH_MAX];
	uint64_t promise;
	int fd;

	host_file(fixture, "file", "one");
	CHECK_EQ(mkdir(host(fixture, "folder"), 0755), 0);
	CHECK_EQ(symlink("x", host(fixture, "link")), 0);
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "folder"), 0);
	CHECK_EQ(do_walk(client, 0, 3, "link"), 0);

	/* A file: what is written, its size, mode, owner, times, attributes, links. */
	fd = open(host(fixture, "file"), O_WRONLY);
	promise = promise_of(client, 1);
	CHECK(!client->share->changed(client->share));
	CHECK_EQ(write(fd, "two", 3), 3);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(close(fd), 0); /* it may have been mapped */
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(truncate(host(fixture, "file"), 1), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(chmod(host(fixture, "file"), 0600), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(chown(host(fixture, "file"), 1, 1), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(utimensat(AT_FDCWD, host(fixture, "file"), times, 0), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	strcpy(other, host(fixture, "second"));
	CHECK_EQ(link(host(fixture, "file"), other), 0);
	CHECK(told(client, promise));
	/* By its other name. */
	promise = promise_of(client, 1);
	CHECK_EQ(truncate(other, 0), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 1);
	CHECK_EQ(unlink(other), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 3);
	strcpy(other, host(fixture, "link"));
	CHECK_EQ(rename(other, host(fixture, "folder/link")), 0);
	CHECK(told(client, promise));

	/* A folder: its names and its own attributes; what is written to a file in it is the file's. */
	promise = promise_of(client, 2);
	host_file(fixture, "folder/new", "");
	CHECK(told(client, promise));
	promise = promise_of(client, 2);
	host_file(fixture, "folder/new", "more");
	CHECK(!client->share->changed(client->share));
	CHECK_EQ(chmod(host(fixture, "folder/new"), 0600), 0);
	CHECK(client->share->changed(client->share));
	CHECK(holds(promise));
	CHECK_EQ(unlink(host(fixture, "folder/new")), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 2);
	strcpy(other, host(fixture, "folder/link"));
	CHECK_EQ(rename(other, host(fixture, "link")), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 2);
	CHECK_EQ(chmod(host(fixture, "folder"), 0700), 0);
	CHECK(told(client, promise));
	promise = promise_of(client, 2);
	CHECK_EQ(rmdir(host(fixture, "folder")), 0);
	CHECK_EQ(promise_of(client, 1) == 0, false);

	/* What was told once is not told again: it is the guest's to ask. */
	host_file(fixture, "file", "1");
	CHECK(client->share->changed(client->share));
	host_file(fixture, "file", "2");
	CHECK(!client->share->changed(client->share));
	tear_down(fixture);
}

/* A folder in which much goes on is not told of for ever to a guest that does not ask; but to one that does. */
static void a_busy_folder(void)
{
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	uint64_t promise = promise_of(client, 0);
	char name[16];
	int told_of = 0;

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		host_file(fixture, name, "");
		told_of += client->share->changed(client->share);
	}
	CHECK(!holds(promise) && told_of >= 64 && told_of < 70);
	for (int i = 0; i < 200; i++) {
		/* It may be too soon to watch it again. */
		for (promise = promise_of(client, 0); !holds(promise); promise = promise_of(client, 0))
			usleep(1000);
		snprintf(name, sizeof(name), "g%d", i);
		host_file(fixture, name, "");
		CHECK(told(client, promise));
	}
	tear_down(fixture);
}

/* Of two changes just before a getattr only what it says itself is promised. */
static void before_and_after(void)
{
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	uint64_t promise;

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	promise = promise_of(client, 1);
	host_file(fixture, "file", "one");
	CHECK(holds(promise)); /* not heard yet */
	promise = promise_of(client, 1);
	CHECK(holds(promise));
	CHECK(!client->share->changed(client->share));
	CHECK(holds(promise));

	/* Any answer comes after what the host had told before. */
	host_file(fixture, "file", "two");
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK(!holds(promise));
	tear_down(fixture);
}

/* The guest's own changes are told before they are answered. */
static void own_changes(void)
{
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	uint64_t promise, names;

	host_file(fixture, "file", "x");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_lopen(client, 2, O_RDWR), 0);
	names = promise_of(client, 0);
	promise = promise_of(client, 1);
	CHECK(holds(names) && holds(promise));
	CHECK_EQ(do_write(client, 2, 0, "y", 1), 1);
	CHECK(!holds(promise) && holds(names));
	promise = promise_of(client, 1);
	CHECK_EQ(do_setattr(client, 1, P9_SETATTR_MODE, 0600, 0, 0, 0), 0);
	CHECK(!holds(promise));
	CHECK_EQ(do_mkdir(client, 0, "new", 0755, 0), 0);
	CHECK(!holds(names));
	names = promise_of(client, 0);
	promise = promise_of(client, 1);
	CHECK_EQ(do_unlinkat(client, 0, "file", 0), 0);
	CHECK(!holds(names) && !holds(promise));

	/* What was removed and is open is promised as anything else. */
	promise = promise_of(client, 2);
	CHECK(holds(promise));
	CHECK_EQ(do_write(client, 2, 0, "z", 1), 1);
	CHECK(!holds(promise));
	tear_down(fixture);
}

/* A file that two walks found is watched once: the end of one must not be the end of what the other was
 * promised. */
static void two_fids(void)
{
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	uint64_t promise;

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	promise = promise_of(client, 1);
	CHECK_EQ(promise_of(client, 2), promise);
	CHECK_EQ(do_clunk(client, 2), 0);
	CHECK(!holds(promise)); /* nobody would tell any more */
	promise = promise_of(client, 1);
	host_file(fixture, "file", "x");
	CHECK(told(client, promise));
	tear_down(fixture);
}

/* More promises than are kept break others, not the newest, and cost no more. */
static void many(void)
{
	enum { FILES = CHANGES_MAX + 500 };
	struct fixture *fixture = set_up_told("/tmp");
	struct client *client = &fixture->client;
	uint64_t first = 0, last = 0;
	char name[16];

	for (uint32_t i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		host_file(fixture, name, "");
		CHECK_EQ(do_walk(client, 0, 1 + i, name), 0);
		last = promise_of(client, 1 + i);
		if (i == 0)
			first = last;
		CHECK(holds(last));
	}
	CHECK(!holds(first));
	host_file(fixture, name, "x");
	CHECK(told(client, last));
	for (uint32_t i = 0; i < FILES; i++)
		CHECK_EQ(do_clunk(client, 1 + i), 0);
	/* All are forgotten: there is room for as many again, and none of them breaks another. */
	client->share->changed(client->share);
	CHECK_EQ(do_walk(client, 0, 1, "f1"), 0);
	first = promise_of(client, 1);
	for (uint32_t i = 2; i < 200; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		CHECK_EQ(do_walk(client, 0, i, name), 0);
		promise_of(client, i);
	}
	CHECK(holds(first));
	tear_down(fixture);
}

/* Where changes may be made elsewhere, or nobody tells of them, nothing is promised. */
static void no_promise(void)
{
	struct fixture *fixture = set_up();
	struct client *client = &fixture->client;
	struct changes changes;
	int watch = 0, proc;

	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 1, "file"), 0);
	CHECK_EQ(promise_of(client, 1), 0);
	CHECK(!client->share->changed(client->share));
	tear_down(fixture);

	fixture = set_up_told("/tmp");
	client = &fixture->client;
	CHECK_EQ(mkfifo(host(fixture, "fifo"), 0600), 0);
	CHECK_EQ(do_walk(client, 0, 1, "fifo"), 0);
	CHECK_EQ(promise_of(client, 1), 0);
	/* Who does not ask is not promised anything. */
	host_file(fixture, "file", "");
	CHECK_EQ(do_walk(client, 0, 2, "file"), 0);
	CHECK_EQ(do_getattr(client, 2, &(struct p9_attributes){0}), 0);
	host_file(fixture, "file", "x");
	CHECK(!client->share->changed(client->share));
	tear_down(fixture);

	/* /proc is a file system that tells nobody. */
	proc = open("/proc/version", O_PATH | O_CLOEXEC);
	CHECK_EQ(changes_init(&changes, inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), 0);
	CHECK_EQ(changes_promise(&changes, "/proc/version", proc, 1, S_IFREG, 1, &watch), 0);
	changes_release(&changes);
	close(proc);
}

int main(void)
{
	RUN(hosts_changes);
	RUN(a_busy_folder);
	RUN(before_and_after);
	RUN(own_changes);
	RUN(two_fids);
	RUN(many);
	RUN(no_promise);
	return unit_end();
}
