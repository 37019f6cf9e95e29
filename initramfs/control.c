/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read of the share that waits cannot be interrupted, nor polled for: a thread sits in the one for
 * events and passes them on through a pipe, on which everything that happens meets.
 */
#include "initramfs/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "initramfs/console.h"
#include "initramfs/member.h"
#include "initramfs/number.h"
#include "initramfs/ops.h"
#include "initramfs/platform.h"
#include "initramfs/thread.h"
#include "util/cleanup.h"

#define TEXT_(number) #number
#define TEXT(number)  TEXT_(number)

/* Larger than any filter and environment that a process could have. */
#define SPEC_MAX (16 << 20)

/* The shares of a member are announced before it is started. */
#define MEMBER_SECONDS 60

static int share = -1, events = -1, reports = -1;
static int news_in = -1;

void control_tell(const struct news *news)
{
	/* Less than PIPE_BUF: whole or not at all, and the reader is there as long as the zone is. */
	while (write(news_in, news, sizeof(*news)) < 0 && errno == EINTR)
		;
}

static void *listen_to_events(void *unused)
{
	struct news news = {.type = NEWS_EVENT};
	ssize_t length;

	(void)unused;
	for (;;) {
		length = share_read_waiting(events, &news.event, sizeof(news.event));
		if (length < 0 && (errno == EINTR || errno == ENOMEM))
			continue;
		if (length != sizeof(news.event))
			break;
		control_tell(&news);
	}
	news.type = NEWS_LOST;
	control_tell(&news);
	return NULL;
}

int control_open(void)
{
	int ends[2];

	if (share_mount(ZONE_TAG_CONTROL, CONTROL_PATH, 0, "cache=none,access=any,msize=" TEXT(CONTROL_MSIZE),
		    member_number ? MEMBER_SECONDS : WAIT_FOREVER))
		return -1;
	share = open(CONTROL_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (share < 0)
		return -1;
	reports = openat(share, "reports", O_WRONLY | O_CLOEXEC);
	events = share_open_waiting(share, "events");
	if (reports < 0 || events < 0 || pipe2(ends, O_CLOEXEC))
		return -1;
	news_in = ends[1];
	if (thread_start(listen_to_events, NULL, THREAD_STACK))
		return -1;
	return ends[0];
}

int control_report(uint32_t type, uint32_t process, uint32_t first, uint32_t second)
{
	struct zone_report report = {.type = type, .process = process, .arg = {first, second}};

	if (write(reports, &report, sizeof(report)) == sizeof(report))
		return 0;
	say("cannot report", NULL, errno);
	return -1;
}

int control_folder(uint32_t process)
{
	char digits[NUMBER_MAX];

	return openat(share, number_text(digits, process), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int control_spec(int folder, uint8_t **bytes, size_t *length, int *file)
{
	int fd = openat(folder, "spec", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup_free uint8_t *buffer = NULL;
	size_t size = 0, used = 0;
	ssize_t got;

	*file = fd;
	if (fd < 0)
		return -1;
	/* Its last operation ends it: a request less than reading up to the end. */
	while (!used || !spec_complete(buffer, used)) {
		if (size - used < CONTROL_PIECE) {
			uint8_t *larger = size < SPEC_MAX ? realloc(buffer, size * 2 + CONTROL_PIECE) : NULL;

			if (!larger) {
				errno = size < SPEC_MAX ? ENOMEM : EFBIG;
				return -1;
			}
			buffer = larger;
			size = size * 2 + CONTROL_PIECE;
		}
		got = read(fd, buffer + used, CONTROL_PIECE);
		if (got < 0)
			return -1;
		if (!got)
			break;
		used += (size_t)got;
	}
	*bytes = steal_pointer(&buffer);
	*length = used;
	return 0;
}
