/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back end of the zone's console (xen/include/public/io/console.h): keeps the last bytes that the guest
 * wrote, and copies them to a pty that `xl console` opens. No byte goes to the guest: nobody logs in there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "xen/zone.h"

#include <xen/io/console.h>

/* A master whose slave is open nowhere would report a hang-up: the slave stays open here as well, in raw
 * mode. */
static void open_pty(struct console *console)
{
	struct termios raw;
	int slave;

	console->pty_name[0] = '\0';
	console->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (console->pty < 0)
		return;
	if (unlockpt(console->pty) || ptsname_r(console->pty, console->pty_name, sizeof(console->pty_name))) {
		console->pty_name[0] = '\0';
		return;
	}
	slave = open(console->pty_name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	console->slave = slave;
	if (slave >= 0 && tcgetattr(slave, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(slave, TCSANOW, &raw);
	}
}

int console_open(struct zone *zone, struct error *err)
{
	struct console *console = &zone->console;
	xenevtchn_port_or_error_t port;

	console->memory = xenforeignmemory_open(&zone->log.logger, 0);
	if (console->memory)
		console->ring = xenforeignmemory_map(
			console->memory, zone->domid, PROT_READ | PROT_WRITE, 1, &zone->console_frame, NULL);
	if (!console->ring)
		return xen_error(err, &zone->log, "cannot map the domain's console");

	console->channel = xenevtchn_open(&zone->log.logger, 0);
	if (!console->channel)
		return error_set(err, errno, "cannot open /dev/xen/evtchn");
	port = xenevtchn_bind_interdomain(console->channel, zone->domid, zone->console_port);
	if (port < 0)
		return error_set(err, errno, "cannot bind the console's event channel");
	console->port = (evtchn_port_t)port;
	open_pty(console);
	return 0;
}

void console_close(struct zone *zone)
{
	struct console *console = &zone->console;

	if (console->ring)
		xenforeignmemory_unmap(console->memory, console->ring, 1);
	if (console->memory)
		xenforeignmemory_close(console->memory);
	if (console->channel)
		xenevtchn_close(console->channel);
	if (console->pty >= 0)
		close(console->pty);
	if (console->slave >= 0)
		close(console->slave);
	console->ring = NULL;
	console->memory = NULL;
	console->channel = NULL;
	console->pty = console->slave = -1;
}

static void keep(struct console *console, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		console->kept[console->written++ % sizeof(console->kept)] = bytes[i];
	/* When nobody reads the pty it is full, and bytes are dropped. */
	if (console->pty >= 0 && write(console->pty, bytes, length) < 0)
		return;
}

/* Takes what is in the ring; the indices are the guest's word. */
static void drain(struct console *console)
{
	struct xencons_interface *ring = console->ring;
	uint32_t produced = (uint32_t)__atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
	uint32_t consumed = (uint32_t)ring->out_cons;
	char bytes[sizeof(ring->out)];
	uint32_t length = produced - consumed;

	if (length > sizeof(bytes)) {
		/* Nonsense: what is in the ring is all there can be. */
		length = sizeof(bytes);
		consumed = produced - length;
	}
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = ring->out[MASK_XENCONS_IDX(consumed + i, ring->out)];
	__atomic_store_n(&ring->out_cons, (XENCONS_RING_IDX)produced, __ATOMIC_RELEASE);
	if (length)
		keep(console, bytes, length);
}

int zone_console_fd(const struct zone *zone)
{
	return zone->console.channel ? xenevtchn_fd(zone->console.channel) : -1;
}

void zone_console_event(struct zone *zone)
{
	struct console *console = &zone->console;
	xenevtchn_port_or_error_t port = xenevtchn_pending(console->channel);

	if (port < 0)
		return;
	drain(console);
	xenevtchn_notify(console->channel, console->port);
	xenevtchn_unmask(console->channel, (evtchn_port_t)port);
}

/* The kept bytes in their order, printable, NUL-terminated. */
static char *kept_text(const struct console *console)
{
	size_t size = sizeof(console->kept);
	size_t length = console->written < size ? console->written : size;
	char *text = malloc(length + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		char c = console->kept[(console->written - length + i) % size];

		text[i] = (c >= ' ' && c <= '~') || c == '\n' ? c : ' ';
	}
	text[length] = '\0';
	return text;
}

char *zone_console_reason(struct zone *zone)
{
	/* Zone init says why it gives up; the kernel's farewell comes after it. */
	static const char *const telling[] = {"Kernel panic - not syncing", "zone init: "};
	char *text, *line, *last = NULL, *reason = NULL;

	if (zone->console.ring)
		drain(&zone->console);
	text = kept_text(&zone->console);
	if (!text)
		return NULL;

	line = strstr(text, telling[0]);
	if (!line)
		line = strstr(text, telling[1]);
	if (!line) {
		char *rest = text;

		while ((line = strsep(&rest, "\n")))
			if (line[strspn(line, " ")] != '\0')
				last = line;
		line = last;
	}
	if (line)
		reason = strndup(line, strcspn(line, "\n"));
	if (reason) {
		size_t length = strlen(reason);

		while (length && reason[length - 1] == ' ')
			reason[--length] = '\0';
	}
	free(text);
	return reason;
}
