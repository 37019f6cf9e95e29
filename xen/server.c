/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves shares over the rings of a zone's 9pfs devices: the only place where the memory and the event
 * channels of a guest are touched after its boot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "xen/ring.h"
#include "xen/xen.h"

/* How many requests of a ring are served before others get their turn: rings, streams, signals, the monitor.
 */
#define TURN 64

/* For how long rings are watched, and for how long they are served and watched before others have their turn;
 * ticks of the processor's clock, of which 1,000 to 4,000 are a microsecond. */
#define WATCH_MIN 50000
#define WATCH_MAX 500000
#define SLICE	  2500000

/* An answer that waits: for room in the ring, or, if it is an Rflush, until the guest has taken what was
 * answered before it (else its driver meets an answer to a tag that it has used again). */
struct waiting {
	struct waiting *next;
	bool after_all;
	size_t length;
	uint8_t message[];
};

struct channel {
	struct device *device;
	struct ring ring;
	void *data; /* mapped */
	uint32_t data_pages;
	evtchn_port_t port;
	bool bound;
	bool masked; /* its events are not delivered */
	bool due;    /* there may be something to serve */
	struct waiting *first, **last;
};

struct device {
	struct device *next;
	struct server *server;
	uint32_t number;
	struct share *share;
	uint32_t rings;
	struct channel channels[ZONE_RINGS];
	uint8_t *request, *reply; /* one message each, of message_size bytes */
	size_t message_size;
	const char *broken;	    /* what the guest did, a constant text */
	uint8_t ring_of_tag[65536]; /* where a request that is answered later came from */
};

struct server {
	xengnttab_handle *grants;
	xenevtchn_handle *channels;
	struct device *devices;
	bool alone;	   /* on its processor, so that the guest runs while this process watches */
	bool served;	   /* a request, since it was last cleared */
	uint64_t last;	   /* when one was served, or a watch ended; ticks */
	uint64_t patience; /* how long the next is looked out for; ticks */
};

/* Of the processor's clock, which needs no system call. */
static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

struct server *server_new(struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		error_set(err, ENOMEM, "cannot serve the zone");
		return NULL;
	}
	server->alone = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	server->grants = xengnttab_open(NULL, 0);
	server->channels = server->grants ? xenevtchn_open(NULL, 0) : NULL;
	if (!server->channels) {
		error_set(
			err, errno, "cannot open %s", server->grants ? "/dev/xen/evtchn" : "/dev/xen/gntdev");
		server_free(server);
		return NULL;
	}
	return server;
}

int server_fd(const struct server *server)
{
	return xenevtchn_fd(server->channels);
}

static bool may_go(const struct channel *channel, const struct waiting *waiting)
{
	if (!waiting->after_all)
		return true;
	for (uint32_t i = 0; i < channel->device->rings; i++)
		if (!ring_drained(&channel->device->channels[i].ring))
			return false;
	return true;
}

/* Sends what waits, as far as it goes. Returns whether something was sent. */
static bool send_waiting(struct channel *channel)
{
	bool sent = false;

	while (channel->first && may_go(channel, channel->first)) {
		struct waiting *waiting = channel->first;
		int put =
			ring_put(&channel->ring, waiting->message, waiting->length, &channel->device->broken);

		if (put <= 0)
			break;
		sent = true;
		channel->first = waiting->next;
		if (!channel->first)
			channel->last = &channel->first;
		free(waiting);
	}
	return sent;
}

/* Queues an answer behind those that wait, in the order in which they were given. */
static void queue(struct channel *channel, const uint8_t *message, size_t length, bool after_all)
{
	struct waiting *waiting = malloc(sizeof(*waiting) + length);

	if (!waiting) {
		channel->device->broken = "no memory for an answer";
		return;
	}
	waiting->next = NULL;
	waiting->after_all = after_all;
	waiting->length = length;
	memcpy(waiting->message, message, length);
	*channel->last = waiting;
	channel->last = &waiting->next;
}

/* Gives an answer, now or when it can go. Returns whether something was put in the ring. */
static bool answer(struct channel *channel, const uint8_t *message, size_t length, bool after_all)
{
	if (!channel->first && !after_all) {
		int put = ring_put(&channel->ring, message, length, &channel->device->broken);

		if (put)
			return put > 0;
	}
	queue(channel, message, length, after_all);
	return send_waiting(channel);
}

/* struct share's reply: to a request that was put off. */
static void reply_later(void *transport, const uint8_t *message, size_t length)
{
	struct device *device = transport;
	uint16_t tag = (uint16_t)(message[5] | message[6] << 8);
	struct channel *channel = &device->channels[device->ring_of_tag[tag]];

	if (answer(channel, message, length, false))
		xenevtchn_notify(device->server->channels, channel->port);
}

/* Has the share answer the request that ring_look() has found. The bytes of files go straight between the
 * ring and their files, all else is copied before it is looked at. */
static enum share_answer ask(
	struct channel *channel, const uint8_t *header, size_t length, struct p9_writer *writer)
{
	struct device *device = channel->device;
	struct ring *ring = &channel->ring;
	enum share_answer result;
	struct iovec rest[2];
	int pieces;

	if (header[4] == P9_TREAD)
		writer->piece_count = ring_place(ring, P9_READ_HEADER_SIZE, writer->pieces);
	if (header[4] != P9_TWRITE || length <= P9_WRITE_HEADER_SIZE || !device->share->takes_pieces) {
		ring_take_head(ring, device->request, header, length, length, NULL);
		ring_done(ring, length);
		return share_message(device->share, device->request, length, writer);
	}
	pieces = ring_take_head(ring, device->request, header, P9_WRITE_HEADER_SIZE, length, rest);
	result = share_write(device->share, device->request, length, rest, pieces, writer);
	ring_done(ring, length);
	return result;
}

/* Answers one request; returns whether something was put in the ring. */
static bool serve_one(struct channel *channel, const uint8_t *header, size_t length)
{
	struct device *device = channel->device;
	uint16_t tag = (uint16_t)(header[5] | header[6] << 8);
	struct p9_writer writer;

	p9_writer_init(&writer, device->reply, device->message_size);
	device->ring_of_tag[tag] = (uint8_t)(channel - device->channels);
	switch (ask(channel, header, length, &writer)) {
	case SHARE_ANSWERED:
		if (writer.in_pieces > 0)
			return ring_put_head(&channel->ring, writer.data, writer.length,
				       writer.length + writer.in_pieces, &device->broken) > 0;
		return answer(channel, writer.data, writer.length, header[4] == P9_TFLUSH);
	case SHARE_LATER:
		return false;
	default:
		device->broken =
			device->share->broken ? device->share->broken : "a violation of the protocol";
		return false;
	}
}

/* Serves what the ring holds, for a turn. While answers wait for room no more requests are taken: a guest
 * that does not read is not answered, and costs nothing. */
static void serve(struct channel *channel)
{
	struct device *device = channel->device;
	bool notify = send_waiting(channel);
	int left = TURN;

	channel->due = false;
	while (!device->broken && !channel->first) {
		uint8_t header[P9_HEADER_SIZE];
		ssize_t length;

		if (left-- == 0) {
			channel->due = true;
			break;
		}
		length = ring_look(&channel->ring, header, device->message_size, &device->broken);
		if (length <= 0)
			break;
		channel->device->server->served = true;
		if (serve_one(channel, header, (size_t)length))
			notify = true;
	}
	if (notify)
		xenevtchn_notify(device->server->channels, channel->port);
}

static struct channel *find_channel(struct server *server, evtchn_port_t port)
{
	for (struct device *device = server->devices; device; device = device->next)
		for (uint32_t i = 0; i < device->rings; i++)
			if (device->channels[i].bound && device->channels[i].port == port)
				return &device->channels[i];
	return NULL;
}

int server_event(struct server *server, struct error *err)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(server->channels);
	struct channel *channel;

	if (port < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : error_set(err, errno, "/dev/xen/evtchn");
	channel = find_channel(server, (evtchn_port_t)port);
	if (!channel)
		return 0;

	channel->masked = true;
	channel->due = true;
	/* What this event let the guest take may be what an Rflush of the other ring waits for. */
	for (uint32_t i = 0; i < channel->device->rings; i++) {
		struct channel *other = &channel->device->channels[i];

		if (other->first)
			other->due = true;
	}
	return 0;
}

static bool server_due(const struct server *server)
{
	for (const struct device *device = server->devices; device; device = device->next)
		for (uint32_t i = 0; i < device->rings; i++)
			if (device->channels[i].due)
				return true;
	return false;
}

/* While rings are served and watched, their events are interrupts for nothing: they stay masked. One that
 * came meanwhile comes when they no longer are. */
bool server_listen(struct server *server)
{
	if (server_due(server))
		return false;
	for (struct device *device = server->devices; device; device = device->next)
		for (uint32_t i = 0; i < device->rings; i++) {
			struct channel *channel = &device->channels[i];

			if (channel->masked)
				xenevtchn_unmask(server->channels, channel->port);
			channel->masked = false;
		}
	return true;
}

/* Whether a guest asks something. */
static bool look(struct server *server)
{
	bool found = false;

	for (struct device *device = server->devices; device; device = device->next)
		for (uint32_t i = 0; i < device->rings; i++) {
			struct channel *channel = &device->channels[i];

			if (!channel->first && ring_has_request(&channel->ring))
				found = channel->due = true;
		}
	return found;
}

/*
 * Most requests come soon after the answer to the one before, and waking up for one takes longer than serving
 * it. So the rings are watched for a while before this process sleeps: the longer, the more often that has
 * spared it a sleep, and not at all when it has not. A guest that asks seldom, or nothing, costs no watching.
 */
static void look_out(struct server *server)
{
	uint64_t start = ticks(), now = start;

	if (start - server->last <= WATCH_MAX)
		server->patience = server->patience < WATCH_MIN ? WATCH_MIN : server->patience * 2;
	else
		server->patience /= 4;
	if (server->patience > WATCH_MAX)
		server->patience = WATCH_MAX;
	while (!look(server) && now - start < server->patience) {
		__builtin_ia32_pause();
		now = ticks();
	}
	server->last = now;
}

static int serve_due(struct server *server, struct error *err)
{
	for (struct device *device = server->devices; device; device = device->next) {
		for (uint32_t i = 0; i < device->rings; i++)
			if (device->channels[i].due)
				serve(&device->channels[i]);
		if (device->broken)
			return error_set(err, 0, "the guest broke the 9P session of its device %u: %s",
				device->number, device->broken);
	}
	return 0;
}

int server_serve(struct server *server, struct error *err)
{
	uint64_t start = 0;

	do {
		server->served = false;
		if (serve_due(server, err))
			return -1;
		if (!server->served || !server->alone)
			break;
		look_out(server);
		if (!start)
			start = server->last;
	} while (server_due(server) && server->last - start < SLICE);
	return 0;
}

void server_changed(struct server *server)
{
	for (struct device *device = server->devices; device; device = device->next)
		if (device->share->changed && device->share->changed(device->share))
			xenevtchn_notify(server->channels, device->channels[0].port);
}

int server_restrict(struct server *server, uint32_t domid, struct error *err)
{
	/* What is mapped stays mapped. (xentoolcore_restrict_all() would put a /dev/null in its place.) */
	xengnttab_close(server->grants);
	server->grants = NULL;
	if (xenevtchn_restrict(server->channels, (domid_t)domid))
		return error_set(err, errno, "cannot restrict /dev/xen/evtchn to the zone");
	return 0;
}

static int map_channel(struct server *server, struct channel *channel, const struct zone_device *offer,
	uint32_t i, struct error *err)
{
	struct xen_9pfs_data_intf *intf;
	uint32_t refs[1u << ZONE_RING_ORDER], order;
	xenevtchn_port_or_error_t port;

	intf = xengnttab_map_grant_ref(
		server->grants, offer->domid, offer->ring_ref[i], PROT_READ | PROT_WRITE);
	if (!intf)
		return error_set(err, errno, "cannot map a ring of the guest");
	channel->ring.intf = intf;

	order = __atomic_load_n(&intf->ring_order, __ATOMIC_RELAXED);
	if (order < 1 || order > ZONE_RING_ORDER)
		return error_set(err, 0, "the guest offers a ring of order %u, 1 to %d are possible", order,
			ZONE_RING_ORDER);
	channel->data_pages = 1u << order;
	for (uint32_t n = 0; n < channel->data_pages; n++)
		refs[n] = __atomic_load_n(&intf->ref[n], __ATOMIC_RELAXED);

	channel->data = xengnttab_map_domain_grant_refs(
		server->grants, channel->data_pages, offer->domid, refs, PROT_READ | PROT_WRITE);
	if (!channel->data)
		return error_set(err, errno, "cannot map a ring's data of the guest");
	ring_init(&channel->ring, intf, channel->data, (uint32_t)XEN_FLEX_RING_SIZE(order));

	port = xenevtchn_bind_interdomain(server->channels, offer->domid, offer->event_channel[i]);
	if (port < 0)
		return error_set(err, errno, "cannot bind an event channel of the guest");
	channel->port = (evtchn_port_t)port;
	channel->bound = true;
	return 0;
}

static void device_free(struct device *device)
{
	struct server *server = device->server;

	device->share->free(device->share);
	for (uint32_t i = 0; i < device->rings; i++) {
		struct channel *channel = &device->channels[i];

		if (channel->bound)
			xenevtchn_unbind(server->channels, channel->port);
		if (channel->data)
			munmap(channel->data, (size_t)channel->data_pages << XEN_PAGE_SHIFT);
		if (channel->ring.intf)
			munmap(channel->ring.intf, 1u << XEN_PAGE_SHIFT);
		while (channel->first) {
			struct waiting *waiting = channel->first;

			channel->first = waiting->next;
			free(waiting);
		}
	}
	free(device->request);
	free(device->reply);
	free(device);
}

int server_attach(
	struct server *server, const struct zone_device *offer, struct share *share, struct error *err)
{
	struct device *device = calloc(1, sizeof(*device));

	if (!device) {
		share->free(share);
		return error_set(err, ENOMEM, "cannot serve a device");
	}
	device->server = server;
	device->number = offer->number;
	device->rings = offer->rings;
	device->share = share;
	device->message_size = XEN_FLEX_RING_SIZE(ZONE_RING_ORDER);
	share->reply = reply_later;
	share->transport = device;

	for (uint32_t i = 0; i < device->rings; i++) {
		struct channel *channel = &device->channels[i];

		channel->device = device;
		channel->last = &channel->first;
		if (map_channel(server, channel, offer, i, err))
			goto fail;
		if (channel->ring.size < device->message_size)
			device->message_size = channel->ring.size;
	}
	/* Behind all that the rings' format has. */
	share->changes = (uint32_t *)((uint8_t *)device->channels[0].ring.intf + (1u << XEN_PAGE_SHIFT)) -
			 SHARE_CHANGES;
	share->max_msize = (uint32_t)device->message_size;
	device->request = malloc(device->message_size);
	device->reply = malloc(device->message_size);
	if (!device->request || !device->reply) {
		error_set(err, ENOMEM, "cannot serve a device");
		goto fail;
	}

	device->next = server->devices;
	server->devices = device;
	/* A notification sent before the channel was bound is lost: look once. */
	for (uint32_t i = 0; i < device->rings; i++)
		device->channels[i].due = true;
	return 0;

fail:
	device_free(device);
	return -1;
}

bool server_idle(const struct server *server)
{
	for (const struct device *device = server->devices; device; device = device->next) {
		if (!device->share->idle(device->share))
			return false;
		for (uint32_t i = 0; i < device->rings; i++)
			if (device->channels[i].first || device->channels[i].due)
				return false;
	}
	return true;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (server->devices) {
		struct device *device = server->devices;

		server->devices = device->next;
		device_free(device);
	}
	if (server->channels)
		xenevtchn_close(server->channels);
	if (server->grants)
		xengnttab_close(server->grants);
	free(server);
}
