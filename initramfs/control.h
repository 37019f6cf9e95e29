/* SPDX-License-Identifier: Apache-2.0 */
/* The control share (zone_wire.h): what dom0 asks for and what it is told. */
#ifndef XENRUN_CONTROL_H
#define XENRUN_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "initramfs/zone_wire.h"

/* The bytes of one message of the share that are not its header: a piece of this size is one request. */
#define CONTROL_MSIZE 32768
#define CONTROL_PIECE (CONTROL_MSIZE - 24)

/* What threads tell the one that holds the state. */
enum news_type {
	NEWS_EVENT, /* dom0 asks for something */
	NEWS_LOST,  /* dom0 will ask for nothing more: its side of the share is gone */
	NEWS_RELAY, /* a relay of `process` has ended; `stream` says which */
};

struct news {
	enum news_type type;
	unsigned stream;
	struct process *process;
	struct zone_event event;
};

/* Waits for the share, however long, mounts it and starts to listen. Returns the descriptor that news are
 * read from. */
int control_open(void);

/* Tells the thread that holds the state; from any other. */
void control_tell(const struct news *news);

/* Reports to dom0. 0, or -1 once that it cannot be done is said. */
int control_report(uint32_t type, uint32_t process, uint32_t first, uint32_t second);

/* Opens the folder of a process, as O_PATH. */
int control_folder(uint32_t process);

/*
 * Reads a process's whole spec into new memory, the caller's. *file is the caller's to close, -1 for none:
 * that takes two requests, which have time until the process is made. 0, or -1 with errno.
 */
int control_spec(int folder, uint8_t **bytes, size_t *length, int *file);

#endif
