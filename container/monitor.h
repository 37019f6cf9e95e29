/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the monitor share: monitor.c, its life, and monitor_requests.c, what calls ask of it.
 */
#ifndef XENRUN_MONITOR_H
#define XENRUN_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "container/process.h"
#include "container/zone_network.h"

#define STATUS_LOST 255

/* What the zone was given for a member. */
struct member_memory {
	uint32_t number;
	uint64_t kib;
};

struct monitor {
	struct container *container;
	struct zone *zone;
	struct zone_network network;
	int listener;	/* control.sock */
	int keeper;	/* a pidfd: its end is everything's */
	int starter;	/* the call of `start` that waits for its answer, -1 */
	bool created;	/* zone init says so */
	bool committed; /* the creator has its answer */
	bool to_start;	/* as soon as the network is there */
	bool shares_connected[ZONE_SHARES_MAX];
	uint32_t processes;	 /* numbers given to exec's so far */
	uint32_t reported;	 /* bits: enum zone_report_type */
	time_t boot_deadline;	 /* CLOCK_MONOTONIC; 0 once up, and while hooks run */
	time_t kill_deadline;	 /* 0 while no SIGKILL was sent */
	time_t disks_deadline;	 /* 0 while nothing waits for them */
	time_t network_deadline; /* 0 while nothing waits for it */
	struct error err;	 /* why it ends, if it ends badly */
	enum oci_status before_pause;
	bool ending;
	bool left;		       /* the guest holds nothing of a member's shares any more */
	struct member_memory *members; /* of the zone, where it is this container's */
	size_t members_len;
	int end_status; /* of the stand-in, when the monitor ends it */
};

/* Everything is to end, the stand-in with that status; the first reason given counts. what may be NULL. */
void monitor_fail(struct monitor *monitor, const char *what, int status);

/* Writes the record; ends everything where that fails. */
void monitor_save(struct monitor *monitor);

/* To zone init, of process 0: zone_wire.h. */
void monitor_send_event(struct monitor *monitor, uint32_t type, uint32_t arg0, uint32_t arg1);

/* As soon as the network is there, the process is started. */
void monitor_begin_start(struct monitor *monitor);

/* Seconds of CLOCK_MONOTONIC. */
time_t monitor_now(void);

/* Somebody has connected to control.sock: takes the request, and answers it unless that has to wait. */
void monitor_request_event(struct monitor *monitor);

#endif
