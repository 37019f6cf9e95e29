/* SPDX-License-Identifier: Apache-2.0 */
/* The zone's processes as the stand-in holds them, by their numbers (zone_wire.h): 0 is the container's own,
 * the others came by exec, and each of those has a socket to the call that is its pid on this host. */
#ifndef XENRUN_PROCESSES_H
#define XENRUN_PROCESSES_H

#include <poll.h>
#include <stdbool.h>

#include "container/streams.h"
#include "initramfs/zone_wire.h"
#include "rootfs/control.h"

struct process {
	struct process *next;
	uint32_t number;
	const uint8_t *spec;
	size_t spec_length;
	uint8_t *owned; /* the spec's bytes, of an exec */
	struct stream streams[ZONE_STREAMS_MAX];
	uint32_t stream_count;
	int caller; /* -1: none */
};

struct processes {
	struct process *first; /* process 0 is the last of the list, and always there */
	size_t polled;	       /* descriptors of theirs */
	struct share *control;
	struct pollfd *fds; /* room for all */
	size_t room;
};

struct process *processes_find(const struct processes *processes, uint32_t number);

/* Begins with process 0, which stays the caller's. */
void processes_init(struct processes *processes, struct process *first, struct share *control);

/*
 * Takes a new process: its spec is read from fds[0], its caller is fds[count - 1], what is between are its
 * streams. All descriptors pass, of what is no process by their number, too. What is wrong with it the caller
 * is told.
 */
void processes_add(struct processes *processes, uint32_t number, const int *fds, size_t count);

/* A report of the guest's that concerns a process of exec's; anything else is ignored. */
void processes_report(struct processes *processes, const struct zone_report *report);

/* Polls `own` descriptors and those of all processes, serves the latter; own[].revents are then the caller's
 * to look at. It waits for something to happen, but no longer than `patience` (NULL: for ever). Returns 0, or
 * -1 with errno. */
int processes_wait(
	struct processes *processes, struct pollfd *own, size_t count, const struct timespec *patience);

#endif
