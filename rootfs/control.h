/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control share: the synthetic files through which zone init and dom0 talk, see initramfs/zone_wire.h.
 * A read of what is not there yet, or a write that nobody takes yet, is answered later; a Tflush ends the
 * wait.
 *
 * Single-threaded, as the transport is. The functions below may be called from within the operations, and may
 * call share->reply before they return.
 */
#ifndef XENRUN_ROOTFS_CONTROL_H
#define XENRUN_ROOTFS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "initramfs/zone_wire.h"
#include "rootfs/share.h"

/* The files of a process that carry bytes; more of them have the numbers of zone_wire.h. */
enum control_stream { CONTROL_IN = 0, CONTROL_OUT = 1, CONTROL_ERR = 2 };

#define CONTROL_EVENTS 256   /* that wait for a reader */
#define CONTROL_WAITS  1024  /* reads and writes of streams that wait */
#define CONTROL_CHUNK  65536 /* bytes of a stream in one message */

struct control_ops {
	/* The spec of process N: bytes valid until the process is forgotten; -ENOENT if there is no such
	 * process. A process exists for the guest, its streams too, as long as this returns 0. */
	int (*spec)(void *arg, uint32_t process, const uint8_t **data, size_t *length);

	/* A report of the guest: neither its type nor its process is checked. */
	void (*report)(void *arg, const struct zone_report *report);

	/* Bytes of a stream that is read: >0, 0 at its end, -EAGAIN to wait, -errno. */
	ssize_t (*stream_read)(void *arg, uint32_t process, uint32_t stream, void *buffer, size_t length);

	/* How much was taken of `length` bytes: >0, -EAGAIN to wait, -errno (-EPIPE). The stream is one that
	 * is written. */
	ssize_t (*stream_write)(
		void *arg, uint32_t process, uint32_t stream, const void *data, size_t length);

	/* Nothing more will be written. */
	void (*stream_end)(void *arg, uint32_t process, uint32_t stream);
};

/* ops stays the caller's, and valid as long as the share. NULL: no memory. */
struct share *control_new(const struct control_ops *ops, void *arg);

/* Answers the waiting read of an event with it, or queues it: 0, or -ENOSPC when CONTROL_EVENTS are queued.
 */
int control_event(struct share *share, const struct zone_event *event);

/* Tries what waits on the stream again. */
void control_stream_ready(struct share *share, uint32_t process, uint32_t stream);

/* Answers whatever waits on the streams of a process: reads with the end, writes with EPIPE. */
void control_end(struct share *share, uint32_t process);

/* Whether somebody waits on the stream: only then is its descriptor worth polling. */
bool control_waits(struct share *share, uint32_t process, uint32_t stream);

#endif
