/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's kernel that is hostile: a PV guest of Xen that has in it the front ends of its 9pfs devices and
 * nothing else. guest.c makes it a guest; attacks.c says what it does.
 */
#ifndef XENRUN_ATTACK_GUEST_H
#define XENRUN_ATTACK_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* With the handles of Xen's newer headers. */
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>

#include <xen/io/9pfs.h>

#define ORDER 3
#define HALF  ((uint32_t)XEN_FLEX_RING_SIZE(ORDER))

/* Its devices, by their numbers. */
enum { CONTROL, ROOT, DEVICES };

struct front {
	struct xen_9pfs_data_intf *intf;
	uint8_t *in, *out; /* answers, requests: HALF bytes each */
	uint32_t out_prod, in_cons;
	uint32_t port;
};

extern struct front fronts[DEVICES];

/* What it does when all is set up. */
void attack(void);

/* Whether attack=NAME is on its command line. */
bool is_told(const char *name);

/* Ends the guest; dom0 says why. */
void fail(const char *why) __attribute__((noreturn));

/* Lets others run. */
void give_way(void);

void notify(uint32_t port);

/* Of a node of the guest's: whether it is there. With a text, writes it. */
bool store_ask(const char *path, const char *text);

/* How many bytes of requests there is room for, and of answers there are. */
uint32_t room(const struct front *front);
uint32_t answered(const struct front *front);

/* Puts bytes in the ring as they are, when there is room, and tells of them; takes some, when they are there.
 */
void put_bytes(struct front *front, const uint8_t *bytes, uint32_t length);
void take_bytes(struct front *front, uint8_t *bytes, uint32_t length);

#endif
