/* SPDX-License-Identifier: Apache-2.0 */
#include "container/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/passing.h"

int terminal_check(bool terminal, const char *console_socket, bool foreground, struct error *err)
{
	if (console_socket && !terminal)
		return error_set(err, 0, "--console-socket: process.terminal is false");
	if (console_socket && foreground)
		return error_set(err, 0, "--console-socket: only with --detach");
	if (terminal && !console_socket && !foreground)
		return error_set(
			err, 0, "process.terminal: a terminal that is given away needs a --console-socket");
	return 0;
}

int terminal_open(struct terminal *terminal, const struct oci_console_size *size, struct error *err)
{
	cleanup_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
	struct winsize window = {0};
	struct termios raw;
	int unlocked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked))
		return error_set(err, errno, "cannot open a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &raw))
		return error_set(err, errno, "cannot open a terminal");
	cfmakeraw(&raw);
	if (size) {
		window.ws_row = (unsigned short)size->height;
		window.ws_col = (unsigned short)size->width;
	}
	if (tcsetattr(slave, TCSANOW, &raw) || ioctl(master, TIOCSWINSZ, &window))
		return error_set(err, errno, "cannot set a terminal up");
	terminal->master = steal_fd(&master);
	terminal->slave = steal_fd(&slave);
	return 0;
}

int terminal_hand_over(struct terminal *terminal, const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Who receives it takes the text for the terminal's name. */
	static const char name[] = "/dev/ptmx";

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ENAMETOOLONG, "--console-socket: %s", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		send_with(fd, name, sizeof(name) - 1, &terminal->master, 1) < 0)
		return error_set(err, errno, "--console-socket: %s", path);
	close(steal_fd(&terminal->master));
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->master >= 0)
		close(terminal->master);
	if (terminal->slave >= 0)
		close(terminal->slave);
	terminal->master = terminal->slave = -1;
}

static int changed = -1; /* the terminal that is to be restored */
static struct termios before;

void terminal_raw(void)
{
	struct termios raw;

	for (int fd = 0; fd < 3; fd++) {
		if (tcgetattr(fd, &before))
			continue;
		raw = before;
		cfmakeraw(&raw);
		changed = fd;
		/* However the call ends. */
		atexit(terminal_restore);
		tcsetattr(fd, TCSADRAIN, &raw);
		return;
	}
}

void terminal_restore(void)
{
	if (changed >= 0)
		tcsetattr(changed, TCSADRAIN, &before);
	changed = -1;
}

bool terminal_size(int fd, uint32_t *rows, uint32_t *columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size))
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}

bool terminal_event(bool terminal, const struct stream *streams, const struct signalfd_siginfo *info,
	struct zone_event *event)
{
	*event = (struct zone_event){.type = ZONE_EVENT_SIGNAL, .arg = {info->ssi_signo}};
	if (terminal && info->ssi_signo == SIGWINCH) {
		event->type = ZONE_EVENT_RESIZE;
		return terminal_size(streams[0].fd, &event->arg[0], &event->arg[1]) ||
		       terminal_size(streams[1].fd, &event->arg[0], &event->arg[1]);
	}
	/* SIGTERM is no terminal's: that one is for all processes of the host. */
	if (terminal && info->ssi_code == SI_KERNEL && info->ssi_signo != SIGTERM) {
		/* SIGCONT comes with it. */
		event->type = ZONE_EVENT_HANGUP;
		return info->ssi_signo == SIGHUP;
	}
	return true;
}
