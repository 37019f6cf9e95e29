/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals on this side of a zone. The line discipline that a person works with is the guest's: whatever
 * lies between is to pass bytes on as they are. Either it is a pair of this host, whose master goes to
 * --console-socket, or the very terminal that the call was made from.
 */
#ifndef XENRUN_TERMINAL_H
#define XENRUN_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "container/streams.h"
#include "initramfs/zone_wire.h"
#include "libocispec/ocispec.h"
#include "util/error.h"

/* A pair of this host; both descriptors -1: none. */
struct terminal {
	int master, slave;
};

/* Opens a pair that changes no byte. `size` may be NULL. */
int terminal_open(struct terminal *terminal, const struct oci_console_size *size, struct error *err);

/* Sends the master over the socket at `path` (AF_UNIX), as --console-socket wants it, and closes it. */
int terminal_hand_over(struct terminal *terminal, const char *path, struct error *err);

void terminal_close(struct terminal *terminal);

/* Makes the terminal that is among the standard streams pass bytes as they are; done when there is none.
 * terminal_restore() undoes it, and does nothing else. */
void terminal_raw(void);
void terminal_restore(void);

/* The size of the terminal behind a descriptor; false where there is none. */
bool terminal_size(int fd, uint32_t *rows, uint32_t *columns);

/*
 * `streams`: its three. What the signal that a process's pid on this host got means to the process: fills
 * *event in, true if it is anything. Of a process with a terminal, the kernel's word of the terminal's new
 * size and end are meant.
 */
bool terminal_event(bool terminal, const struct stream *streams, const struct signalfd_siginfo *info,
	struct zone_event *event);

/* Checks that the process's terminal and --console-socket fit: as runc says it. */
int terminal_check(bool terminal, const char *console_socket, bool foreground, struct error *err);

#endif
