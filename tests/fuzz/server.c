/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole server, and a share of either kind, over rings in plain memory, between pages that nobody may
 * touch. The few Xen calls that the server makes are below; everything else is what the stand-in runs. The
 * guest puts messages and notifies, or writes what it likes, between any two accesses of the server's too.
 */
#include "tests/fuzz/dom0.h"
#include "tests/fuzz/tree.h"

#include <sys/mman.h>

#include "tests/fuzz/racing.h"
#include "xen/xen.h"

/* Other calls of the server's that are the harness's. */
static int fuzz_unmap(void *at, size_t length) __attribute__((unused));
static unsigned long long fuzz_ticks(void);
#define munmap(at, length)     fuzz_unmap(at, length)
#define __builtin_ia32_rdtsc() fuzz_ticks()

#include "xen/ring.c"
#include "xen/server.c"
#undef munmap
#undef __builtin_ia32_rdtsc

#define STEPS	   150 /* of an input */
#define PAGE	   4096
#define FIRST_PORT 10
#define ORDERS	   (ZONE_RING_ORDER + 1)

/* What the guest shares for one ring. */
struct memory {
	struct xen_9pfs_data_intf *intf;
	uint8_t *data;		    /* of the order in use */
	uint32_t size;		    /* of half of it */
	uint32_t out_prod, in_cons; /* the guest's own */
};

static struct {
	struct memory rings[RACING_RINGS];
	bool honest;	     /* nothing was written that the protocol does not provide for */
	uint32_t pending;    /* a bit for each ring that was notified and not looked at */
	int fails_at, calls; /* which of Xen's calls fails, 0: none */
	int mapped, bound, open;
	unsigned long long time;
} guest;

/* Data of each order for each ring, made once: between two pages that are not there. */
static uint8_t *data_of(size_t ring, uint32_t order)
{
	static uint8_t *made[RACING_RINGS][ORDERS];
	size_t length = (size_t)PAGE << order;
	uint8_t *at = made[ring][order];

	if (!at) {
		at = mmap(NULL, length + (size_t)2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(at != MAP_FAILED && mprotect(at + PAGE, length, PROT_READ | PROT_WRITE) == 0);
		at += PAGE;
		made[ring][order] = at;
	} else {
		memset(at, 0, length);
	}
	return at;
}

/* The guest has granted as many pages as it says. */
static void grant(size_t i, uint32_t order)
{
	size_t length = (size_t)PAGE << order;

	guest.rings[i].data = data_of(i, order);
	guest.rings[i].size = (uint32_t)XEN_FLEX_RING_SIZE(order);
	racing.data[i] = guest.rings[i].data;
	if (racing.length == 0 || length < racing.length)
		racing.length = length;
}

/* The Xen calls. */

static bool call_fails(void)
{
	errno = EINVAL;
	return ++guest.calls == guest.fails_at;
}

static void *opened(void)
{
	if (call_fails())
		return NULL;
	guest.open++;
	return &guest;
}

static int closed(void)
{
	guest.open--;
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
	(void)logger;
	(void)open_flags;
	return opened();
}

int xengnttab_close(xengnttab_handle *handle)
{
	(void)handle;
	return closed();
}

void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int prot)
{
	(void)handle;
	(void)domid;
	(void)prot;
	if (call_fails())
		return NULL;
	guest.mapped++;
	return guest.rings[ref % RACING_RINGS].intf;
}

/* The references say which ring's they are. */
void *xengnttab_map_domain_grant_refs(
	xengnttab_handle *handle, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	size_t ring;

	(void)handle;
	(void)domid;
	(void)prot;
	MUST(count >= 2 && count <= 1u << ZONE_RING_ORDER);
	if (call_fails())
		return NULL;
	guest.mapped += (int)count;
	ring = refs[0] % RACING_RINGS;
	if (count * PAGE != 2 * guest.rings[ring].size)
		grant(ring, (uint32_t)__builtin_ctz(count));
	return guest.rings[ring].data;
}

int xengnttab_unmap(xengnttab_handle *handle, void *start, uint32_t count)
{
	(void)handle;
	MUST(start);
	guest.mapped -= (int)count;
	return 0;
}

static int fuzz_unmap(void *at, size_t length)
{
	MUST(at);
	guest.mapped -= (int)(length / PAGE);
	return 0;
}

/* Time goes by as it is looked at. */
static unsigned long long fuzz_ticks(void)
{
	return guest.time += 30000;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return opened();
}

int xenevtchn_close(xenevtchn_handle *handle)
{
	(void)handle;
	return closed();
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
	(void)handle;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(
	xenevtchn_handle *handle, uint32_t domid, evtchn_port_t remote)
{
	(void)handle;
	(void)domid;
	if (call_fails())
		return -1;
	guest.bound++;
	return (int)(FIRST_PORT + remote);
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle;
	(void)port;
	guest.bound--;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle)
{
	(void)handle;
	for (uint32_t i = 0; i < RACING_RINGS + 1; i++) { /* and a port of nobody */
		if (guest.pending >> i & 1) {
			guest.pending &= ~(1u << i);
			return (int)(FIRST_PORT + i);
		}
	}
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle;
	MUST(port >= FIRST_PORT && port <= FIRST_PORT + RACING_RINGS);
	return 0;
}

int xenevtchn_restrict(xenevtchn_handle *handle, domid_t domid)
{
	(void)handle;
	(void)domid;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle;
	MUST(port == FIRST_PORT || port == FIRST_PORT + 1);
	return 0;
}

/* The guest's side. */

/* How the guest begins: the orders of its rings, where its indices stand, which page is which. */
static void offer(struct input *in)
{
	static const uint8_t orders[] = {1, 1, 1, 2, 1, 3, ZONE_RING_ORDER, 1};
	uint8_t kind = input_u8(in);
	uint32_t start = (uint32_t)(input_u8(in) & 0x0f) * 1000 - 8000;

	for (size_t i = 0; i < RACING_RINGS; i++) {
		uint32_t order = orders[(kind >> (3 * i)) & 7];
		struct memory *ring = &guest.rings[i];

		grant(i, order);
		ring->intf = calloc(1, PAGE);
		MUST(ring->intf);
		ring->intf->ring_order = order;
		ring->intf->ref[0] = (uint32_t)i;
		ring->intf->in_prod = ring->intf->in_cons = start;
		ring->intf->out_prod = ring->intf->out_cons = start;
		ring->out_prod = ring->in_cons = start;
		racing.intf[i] = ring->intf;
	}
	guest.honest = true;
	if (kind == 0xff) { /* an order that is none */
		guest.rings[1].intf->ring_order = (uint32_t)input_integer(in, 4);
		guest.honest = false;
	}
}

/* Puts a message where the server will look for it, if there is room. */
static void put_message(struct memory *ring, const struct guest_message *message)
{
	uint8_t *out = ring->data + ring->size;

	if (message->length > ring->size - (ring->out_prod - ring->intf->out_cons))
		return;
	for (size_t i = 0; i < message->length; i++)
		out[(ring->out_prod + i) & (ring->size - 1)] = message->bytes[i];
	ring->out_prod += (uint32_t)message->length;
	ring->intf->out_prod = ring->out_prod;
}

/* Takes answers, at most so many. Those of an honest session are whole. */
static void take_answers(struct memory *ring, unsigned int most)
{
	uint32_t in_prod = ring->intf->in_prod, size;

	if (!guest.honest || racing.raced) {
		ring->in_cons = ring->intf->in_cons = in_prod;
		return;
	}
	for (; most && ring->in_cons != in_prod; most--) {
		uint8_t header[P9_HEADER_SIZE];

		MUST(in_prod - ring->in_cons >= sizeof(header));
		for (uint32_t i = 0; i < sizeof(header); i++)
			header[i] = ring->data[(ring->in_cons + i) & (ring->size - 1)];
		size = header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 |
		       (uint32_t)header[3] << 24;
		MUST(size >= sizeof(header) && size <= in_prod - ring->in_cons &&
			(header[4] & 1 || header[4] == P9_RLERROR));
		ring->in_cons += size;
	}
	ring->intf->in_cons = ring->in_cons;
}

static void lie(struct input *in)
{
	uint8_t what = input_u8(in);
	struct memory *ring = &guest.rings[what & 1];
	uint32_t value = (uint32_t)input_integer(in, what & 0x40 ? 4 : 1);

	guest.honest = false;
	switch (what >> 1 & 7) {
	case 0:
		ring->intf->out_prod = ring->out_prod = ring->intf->out_cons + value;
		break;
	case 1:
		ring->intf->in_cons = ring->in_cons = ring->intf->in_prod - value;
		break;
	case 2:
		ring->intf->in_prod = ring->intf->out_cons = value;
		break;
	case 3:
		ring->intf->ring_order = value;
		break;
	default:
		ring->data[ring->size + ((ring->intf->out_cons + value) & (ring->size - 1))] = input_u8(in);
	}
}

/* What waits for room is bounded, whatever the guest does. */
static void check_waiting(const struct server *server, bool control)
{
	for (const struct device *device = server->devices; device; device = device->next) {
		for (size_t i = 0; i < device->rings; i++) {
			size_t count = 0;

			for (const struct waiting *one = device->channels[i].first; one; one = one->next) {
				MUST(one->length <= device->message_size);
				count++;
			}
			MUST(count <= (control ? CONTROL_WAITS + 2 : 1));
		}
	}
}

/* What the stand-in does when it is told of an event. */
static int serve_event(struct server *server, struct error *err)
{
	int result = server_event(server, err);

	for (int i = 0; result == 0 && i < 100 && !server_listen(server); i++)
		result = server_serve(server, err);
	return result;
}

/* One step of the guest or of dom0. False: the session is over. */
static bool step(struct server *server, struct input *in, bool control)
{
	static struct guest_message message;
	uint8_t what = input_u8(in), how;
	struct error err = {0};
	int result = 0;

	racing_steps++;
	switch (what) {
	case 0xf0:
	case 0xf1:
	case 0xf2:
		guest.pending |= 1u << (what - 0xf0);
		result = serve_event(server, &err);
		break;
	case 0xf3:
		result = serve_event(server, &err);
		break;
	case 0xf4:
	case 0xf5:
		take_answers(&guest.rings[what & 1], UINT32_MAX);
		break;
	case 0xf6:
	case 0xf7:
		take_answers(&guest.rings[what & 1], 1);
		break;
	case 0xf8:
		lie(in);
		break;
	case 0xf9:
		if (control)
			dom0_act(input_u8(in));
		else
			tree_disturb(input_u8(in));
		break;
	default:
		how = input_u8(in);
		guest_next(&message, in, what);
		if (what == 0xff)
			guest.honest = false;
		put_message(&guest.rings[how & 1], &message);
		if (how & 2)
			break; /* more before it is told of */
		guest.pending |= 1u << (how & 1);
		result = serve_event(server, &err);
	}
	check_waiting(server, control);
	MUST(result == 0 || (result == -1 && strstr(error_message(&err), "device 7")));
	error_clear(&err);
	return result == 0;
}

static void begin_session(struct server *server, uint32_t rings, uint32_t user)
{
	static struct guest_message message;
	struct error err = {0};

	guest_version(&message, 65536);
	put_message(&guest.rings[rings - 1], &message);
	guest_attach(&message, 0, user);
	put_message(&guest.rings[0], &message);
	guest.pending = rings;
	serve_event(server, &err);
	guest.pending = 1;
	serve_event(server, &err);
	error_clear(&err);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	tree_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone_device device = {.number = 7, .ring_ref = {0, 1}, .event_channel = {0, 1}};
	struct input in = {data, size}, races_of_guest = {0};
	uint8_t kind = input_u8(&in);
	bool control = kind & 0x80;
	struct server *server;
	struct error err = {0};
	int steps = STEPS;

	memset(&guest, 0, sizeof(guest));
	memset(&racing, 0, sizeof(racing));
	racing_steps = 0;
	if (!control)
		tree_fill();
	offer(&in);
	if (kind & 0x40)
		guest.fails_at = input_u8(&in) % 16;
	if (kind & 0x20)
		races_of_guest = input_part(&in, input_integer(&in, 1));
	/* While its rings are mapped, or once there is a session. */
	if (kind & 0x10)
		race(races_of_guest);
	device.rings = 2 - (kind >> 2 & 1);
	server = server_new(&err);
	if (server &&
		server_attach(server, &device, control ? dom0_share(&in) : tree_share(kind), &err) == 0) {
		if (!(kind & 0x10))
			begin_session(server, device.rings, kind >> 3 & 1);
		race(races_of_guest);
		while (steps-- && in.left && step(server, &in, control))
			;
		if (!control && server->devices)
			tree_check(server->devices->share);
	} else {
		MUST(err.message);
	}
	server_free(server);
	MUST(guest.mapped == 0 && guest.bound == 0 && guest.open == 0);
	if (control)
		dom0_clear();
	else
		tree_clear();
	error_clear(&err);
	for (size_t i = 0; i < RACING_RINGS; i++)
		free(guest.rings[i].intf);
	return 0;
}
