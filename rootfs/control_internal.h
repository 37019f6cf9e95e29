/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the control share have in common: the tree (control.c), what waits (control_wait.c).
 */
#ifndef XENRUN_ROOTFS_CONTROL_INTERNAL_H
#define XENRUN_ROOTFS_CONTROL_INTERNAL_H

#include "rootfs/control.h"
#include "rootfs/fids.h"

enum control_kind {
	CONTROL_ROOT,
	CONTROL_EVENTS_FILE,
	CONTROL_REPORTS_FILE,
	CONTROL_PROCESS, /* a folder */
	CONTROL_SPEC_FILE,
	CONTROL_STREAM_FILE, /* + the stream's number */
};

struct control_node {
	uint32_t kind; /* enum control_kind */
	uint32_t process;
};

struct control_fid {
	struct fid fid; /* first: fids.h */
	struct control_node node;
	bool open;
};

/* A request on a stream that is answered later. */
struct control_wait {
	struct control_wait *next;
	uint32_t process;
	uint32_t stream;
	uint16_t tag;
	uint32_t count; /* bytes asked for, or at data */
	uint8_t data[]; /* of a write */
};

struct control {
	struct share share; /* first */
	const struct control_ops *ops;
	void *arg;
	struct fids fids;

	struct zone_event events[CONTROL_EVENTS]; /* a ring */
	size_t first_event, event_count;
	bool event_waits; /* a read of the events, with this tag */
	uint16_t event_tag;

	struct control_wait *waits;
	size_t wait_count;
};

/* What an operation returns that keeps the tag; all others: 0 with the reply made, or -errno. */
#define CONTROL_LATER 1

int control_read_event(struct control *control, const struct p9_request *request, struct p9_writer *reply);
int control_read_stream(struct control *control, uint32_t process, uint32_t stream,
	const struct p9_request *request, struct p9_writer *reply);
int control_write_stream(struct control *control, uint32_t process, uint32_t stream,
	const struct p9_request *request, struct p9_writer *reply);

/* Forgets what waits, without an answer. */
void waits_drop_tag(struct control *control, uint16_t tag);
void waits_drop_all(struct control *control);

#endif
