/* SPDX-License-Identifier: Apache-2.0 */
/* --preserve-fds: which of the caller's descriptors can be carried, and which way. */
#include "container/preserved.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* Puts it where the caller of xenrun would have. */
static void place(int fd, int number)
{
	if (fd < 0 || (fd != number && dup2(fd, number) < 0))
		abort();
	if (fd != number)
		close(fd);
}

static bool refused(int fd, const char *why)
{
	struct preserved preserved;
	struct error err = {0};
	bool as_said;

	place(fd, 3);
	as_said = preserved_check(&preserved, 1, &err) && strstr(error_message(&err), why);
	if (!as_said)
		printf("# %s\n", error_message(&err));
	error_clear(&err);
	close(3);
	return as_said && !preserved.count;
}

static void streams_are_carried(void)
{
	struct preserved preserved;
	struct error err = {0};
	struct spec spec = {0};
	int ends[2], pair[2], fds[2 * ZONE_DESCRIPTORS_MAX];

	CHECK(!pipe(ends) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(ends[i], F_DUPFD, 20);
		pair[i] = fcntl(pair[i], F_DUPFD, 20);
	}
	place(ends[0], 3);
	place(ends[1], 4);
	place(pair[0], 5);
	place(open("/dev/null", O_RDWR), 6);
	CHECK_EQ(preserved_check(&preserved, 4, &err), 0);
	CHECK_EQ(preserved.count, 4);
	CHECK_EQ(preserved.flags[0], ZONE_DESCRIPTOR_IN);
	CHECK_EQ(preserved.flags[1], ZONE_DESCRIPTOR_OUT);
	CHECK_EQ(preserved.flags[2], ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT);
	CHECK_EQ(preserved.flags[3], ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT);
	compile_preserved(&preserved, &spec);
	CHECK_EQ(spec.count, 4);
	spec_free(&spec);
	preserved_prepare(&preserved, fds);
	/* In and out of each. */
	CHECK(fds[0] > 2 && fds[1] == -1 && fds[2] == -1 && fds[3] > 2 && fds[4] > 2 && fds[5] > 2);
	for (int i = 0; i < 8; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (int fd = 3; fd < 7; fd++)
		close(fd);
	close(pair[1]);
}

static void others_are_refused(void)
{
	char name[] = "/tmp/xenrun-preserved-XXXXXX";
	struct preserved preserved;
	struct error err = {0};
	int fd;

	CHECK(refused(open("/", O_RDONLY), "it is no stream"));
	CHECK(refused(open("/dev/null", O_PATH), "it is no stream"));
	CHECK(refused(mkstemp(name), "a file that is read and written"));
	unlink(name);
	CHECK(refused(socket(AF_UNIX, SOCK_DGRAM, 0), "no socket of this host"));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!listen(fd, 1));
	CHECK(refused(fd, "no socket of this host"));
	close(3);
	CHECK_EQ(preserved_check(&preserved, 1, &err), -1);
	CHECK(strstr(error_message(&err), "descriptor 3"));
	CHECK_EQ(preserved_check(&preserved, ZONE_DESCRIPTORS_MAX + 1, &err), -1);
	CHECK(strstr(error_message(&err), "more than 16"));
	error_clear(&err);
}

int main(void)
{
	/* What the one who runs the test has open is not the test's. */
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	RUN(streams_are_carried);
	RUN(others_are_refused);
	return unit_end();
}
