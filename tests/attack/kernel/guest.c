/* SPDX-License-Identifier: Apache-2.0 */
/* What the hostile kernel has of a guest: hypercalls, XenStore, grants, event channels, its devices' rings.
 */
#include "tests/attack/kernel/guest.h"

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/sched.h>

#define PAGE	    4096
#define FIRST_GRANT 8 /* those before it are Xen's tools' */
#define NO_GRANT    500

/* Xen puts 32 bytes for each call there. */
extern uint8_t hypercalls[];

/* clang-format off */
#define NOTE(type, value) \
	".long 4, 2f - 1f, " #type "\n.asciz \"Xen\"\n1: " value "\n2: .balign 4\n"

__asm__(".pushsection .note.Xen, \"a\", @note\n"
	NOTE(5, ".asciz \"xen-3.0\"") /* XEN_ELFNOTE_XEN_VERSION */
	NOTE(8, ".asciz \"generic\"") /* LOADER */
	NOTE(9, ".asciz \"yes\"")     /* PAE_MODE */
	NOTE(3, ".quad 0")	      /* VIRT_BASE: where it is linked is where its memory begins */
	NOTE(1, ".quad entry")
	NOTE(2, ".quad hypercalls")
	".popsection\n"
	".pushsection .text\n"
	".balign 4096\n"
	"hypercalls: .skip 4096\n"
	".global entry\n"
	"entry: lea stack + 16384(%rip), %rsp\n"
	"mov %rsi, %rdi\n"
	"call begin\n"
	"ud2\n"
	".popsection\n");
/* clang-format on */

uint8_t stack[16384] __attribute__((aligned(16), used));

struct front fronts[DEVICES];

static const struct start_info *start;
static uint8_t pages[DEVICES][1 + (1 << ORDER)][PAGE] __attribute__((aligned(PAGE)));
static grant_entry_v1_t grants[PAGE / sizeof(grant_entry_v1_t)] __attribute__((aligned(PAGE)));

/* No library is linked; the compiler calls these. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)to)[i] = (uint8_t)byte;
	return to;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static long hypercall(unsigned int number, unsigned long first, const void *second, unsigned long third)
{
	unsigned long two = (unsigned long)second;
	long result;

	__asm__ volatile("call *%[to]"
			 : "=a"(result), "+D"(first), "+S"(two), "+d"(third)
			 : [to] "r"(hypercalls + (size_t)32 * number)
			 : "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

void give_way(void)
{
	hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL, 0);
}

void notify(uint32_t port)
{
	struct evtchn_send send = {.port = port};

	hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, 0);
}

static unsigned long frame_of(const void *at)
{
	return ((const unsigned long *)start->mfn_list)[(unsigned long)at / PAGE];
}

static void *at_frame(unsigned long frame)
{
	unsigned long number = 0;

	while (((const unsigned long *)start->mfn_list)[number] != frame)
		number++;
	return (void *)(number * PAGE);
}

static void __attribute__((noreturn)) shut_down(unsigned int reason)
{
	struct sched_shutdown how = {.reason = reason};

	for (;;)
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &how, 0);
}

/* dom0 says the last line of the console. */
void fail(const char *why)
{
	struct xencons_interface *console = at_frame(start->console.domU.mfn);

	for (size_t i = 0; i <= strlen(why); i++)
		console->out[console->out_prod++ & (sizeof(console->out) - 1)] = why[i] ? why[i] : '\n';
	__sync_synchronize();
	notify(start->console.domU.evtchn);
	shut_down(SHUTDOWN_crash);
}

/* XenStore. */

static void store_send(struct xenstore_domain_interface *store, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (store->req_prod - *(volatile uint32_t *)&store->req_cons == sizeof(store->req)) {
			notify(start->store_evtchn);
			give_way();
		}
		store->req[MASK_XENSTORE_IDX(store->req_prod)] = ((const char *)bytes)[i];
		__sync_synchronize();
		store->req_prod++;
	}
	notify(start->store_evtchn);
}

static void store_receive(struct xenstore_domain_interface *store, void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (store->rsp_cons == *(volatile uint32_t *)&store->rsp_prod)
			give_way();
		__sync_synchronize();
		((char *)bytes)[i] = store->rsp[MASK_XENSTORE_IDX(store->rsp_cons)];
		store->rsp_cons++;
	}
	notify(start->store_evtchn);
}

bool store_ask(const char *path, const char *text)
{
	struct xenstore_domain_interface *store = at_frame(start->store_mfn);
	struct xsd_sockmsg header = {.type = text ? XS_WRITE : XS_READ};
	char value[256];

	header.len = (uint32_t)(strlen(path) + 1 + (text ? strlen(text) : 0));
	store_send(store, &header, sizeof(header));
	store_send(store, path, strlen(path) + 1);
	if (text)
		store_send(store, text, strlen(text));
	store_receive(store, &header, sizeof(header));
	if (header.len > sizeof(value))
		fail("XenStore answers more than was asked for");
	store_receive(store, value, header.len);
	return header.type != XS_ERROR;
}

static void store_number(uint32_t device, const char *node, uint32_t number)
{
	char path[64] = "device/9pfs/0/", text[11], *digit = text + sizeof(text) - 1;

	path[strlen(path) - 2] = (char)('0' + device);
	memcpy(path + strlen(path), node, strlen(node) + 1);
	*digit = '\0';
	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	if (!store_ask(path, digit))
		fail("XenStore takes no node");
}

/* The name of what this guest is to do. */
bool is_told(const char *attack)
{
	for (const char *at = (const char *)start->cmd_line + 1; *at; at++) {
		size_t i = 0;

		while (attack[i] && at[i] == attack[i])
			i++;
		if (!attack[i] && at[-1] == '=' && (!at[i] || at[i] == ' '))
			return true;
	}
	return false;
}

/* Devices. */

static void map_grants(void)
{
	unsigned long frame = 0;
	struct gnttab_setup_table table = {.dom = DOMID_SELF, .nr_frames = 1};

	set_xen_guest_handle(table.frame_list, &frame);
	if (hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &table, 1) || table.status)
		fail("no grant table");
	/* Present, writable, a user's, accessed, dirty. */
	if (hypercall(__HYPERVISOR_update_va_mapping, (unsigned long)grants, (void *)(frame * PAGE | 0x67),
		    UVMF_INVLPG))
		fail("the grant table cannot be mapped");
}

static uint32_t grant(const void *page)
{
	static uint32_t next = FIRST_GRANT;

	grants[next].domid = 0;
	grants[next].frame = (uint32_t)frame_of(page);
	__sync_synchronize();
	grants[next].flags = GTF_permit_access;
	return next++;
}

static void offer(uint32_t number)
{
	struct front *front = &fronts[number];
	struct evtchn_alloc_unbound channel = {.dom = DOMID_SELF, .remote_dom = 0};

	front->intf = (void *)pages[number][0];
	front->in = pages[number][1];
	front->out = front->in + HALF;
	front->intf->ring_order = ORDER;
	for (int i = 0; i < 1 << ORDER; i++)
		front->intf->ref[i] = grant(pages[number][1 + i]);
	if (hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &channel, 0))
		fail("no event channel");
	front->port = channel.port;

	if (number == ROOT && is_told("order"))
		front->intf->ring_order = 0x80000008;
	if (number == ROOT && is_told("page"))
		front->intf->ref[1] = NO_GRANT;
	store_number(number, "ring-ref0", number == ROOT && is_told("ring") ? NO_GRANT : grant(front->intf));
	store_number(number, "event-channel-0",
		number == ROOT && is_told("channel") ? front->port + 100 : front->port);
	store_number(number, "num-rings", number == ROOT && is_told("rings") ? 4000000000u : 1);
	store_number(number, "state", XenbusStateInitialised);
}

/* Rings. */

uint32_t room(const struct front *front)
{
	return HALF - (front->out_prod - *(volatile uint32_t *)&front->intf->out_cons);
}

void put_bytes(struct front *front, const uint8_t *bytes, uint32_t length)
{
	while (room(front) < length)
		give_way();
	for (uint32_t i = 0; i < length; i++)
		front->out[(front->out_prod + i) & (HALF - 1)] = bytes[i];
	front->out_prod += length;
	__sync_synchronize();
	front->intf->out_prod = front->out_prod;
	__sync_synchronize();
	notify(front->port);
}

uint32_t answered(const struct front *front)
{
	return *(volatile uint32_t *)&front->intf->in_prod - front->in_cons;
}

void take_bytes(struct front *front, uint8_t *bytes, uint32_t length)
{
	while (answered(front) < length)
		give_way();
	__sync_synchronize();
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = front->in[(front->in_cons + i) & (HALF - 1)];
	front->in_cons += length;
	front->intf->in_cons = front->in_cons;
}

void __attribute__((noreturn, used)) begin(const struct start_info *info)
{
	struct sched_poll never = {.nr_ports = 0};

	start = info;
	map_grants();
	for (uint32_t number = 0; number < DEVICES; number++)
		offer(number);
	attack();
	for (;;)
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &never, 0);
}
