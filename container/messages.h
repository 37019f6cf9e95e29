/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's processes tell each other, as fixed-size records over SOCK_SEQPACKET sockets. */
#ifndef XENRUN_MESSAGES_H
#define XENRUN_MESSAGES_H

#include <stdint.h>

#include "initramfs/zone_wire.h"
#include "xen/xen.h"

#define MESSAGE_TEXT 1024

/* Between the monitor and the stand-in. */
enum message_type {
	MESSAGE_DEVICE = 1,    /* to the stand-in: the guest offers a device, serve it */
	MESSAGE_CONNECTED = 2, /* to the monitor: `number` is served */
	MESSAGE_EVENT = 3,     /* to the stand-in: for zone init */
	MESSAGE_REPORT = 4,    /* to the monitor: what zone init reports */
	MESSAGE_BROKEN = 5,    /* to the monitor: the stand-in cannot go on, `text` says why */
	MESSAGE_END =
		6, /* to the stand-in: end with exit status `number`, after saying `text` on standard error */
	MESSAGE_EXEC = 7,   /* to the stand-in: process `number`, with struct request's descriptors and the
			       caller's socket after them */
	MESSAGE_HOOKED = 8, /* to the monitor: the hooks that come before the root have run */
	MESSAGE_LEFT = 9,   /* to the monitor: the guest holds nothing of a member's shares any more */
};

struct message {
	uint32_t type;
	uint32_t number;
	union {
		struct zone_device device;
		struct zone_event event;
		struct zone_report report;
		char text[MESSAGE_TEXT];
	} u;
};

/* From a call (`xenrun start`) to the monitor. */
enum request_type {
	REQUEST_START = 1,
	REQUEST_KILL = 2, /* arg: signal, whether every process */
	/* With descriptors: the process spec as a file, then its streams in the order of zone_wire.h
	 * (stream_prepare()), the standard ones and both of each further descriptor. From here on
	 * the socket is the process's: the stand-in sends struct zone_report of it and takes struct
	 * zone_event for it; that the caller's end closes ends the process. A refusal is a struct answer.
	 * arg: 1 if it only asks (zone_wire.h), whether a paused zone is fine */
	REQUEST_EXEC = 3,
	REQUEST_PAUSE = 4,
	REQUEST_RESUME = 5,
	REQUEST_STATISTICS = 6, /* the answer's text: what Xen has of the domain (zone_statistics()) */
	REQUEST_MEMORY = 7,	/* memory_kib */
	REQUEST_PROCESSORS = 8, /* processors */
	REQUEST_JOIN = 9,   /* a member comes into the zone. arg: its number; memory_kib: that the zone is to
			       have in addition */
	REQUEST_LEAVE = 10, /* it goes, and the memory with it. arg: its number */
	REQUEST_SHARE = 11, /* it shares the container's namespaces, whose zone init makes one for it. arg:
			       its number, CLONE_NEW* of what it shares */
	REQUEST_MEMBER_MEMORY = 12, /* what the zone has for a member is to be another size. arg: its number;
				       memory_kib */
};
#define REQUEST_EXEC_FDS     4 /* at least */
#define REQUEST_EXEC_FDS_MAX (1 + ZONE_STREAMS_MAX)

struct request {
	uint32_t type;
	uint32_t arg[2];
	uint64_t memory_kib;
	struct zone_processors processors;
};

/* The monitor's answer to a request, and its last word to the call that creates. */
struct answer {
	int32_t failed; /* 0: done */
	int32_t number; /* errno, 0 if there is none */
	char text[MESSAGE_TEXT];
};

#endif
