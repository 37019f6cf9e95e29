/* SPDX-License-Identifier: Apache-2.0 */
/* Relays: a thread for each of a process's streams, between its pipe and dom0's file. */
#ifndef XENRUN_RELAY_H
#define XENRUN_RELAY_H

#include <stdbool.h>

struct process;

struct relay {
	struct process *process; /* for the news of its end */
	unsigned stream;	 /* as zone_wire.h numbers them */
	int folder;		 /* of the process in the control share; stays the caller's */
	int pipe;      /* zone init's end, which does not wait, or a whole file; closed by the relay */
	bool terminal; /* it is a terminal's master */
	bool socket;   /* another relay has the other direction of it */
	int stop;      /* hangs up when the process has ended; stays the caller's */
};

/*
 * Starts a relay; `relay` must stay until its NEWS_RELAY. When the process has ended, output that is in
 * the pipe by then is still delivered, though others may hold its other end.
 */
int relay_start(struct relay *relay);

#endif
