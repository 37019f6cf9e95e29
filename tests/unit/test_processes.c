/* SPDX-License-Identifier: Apache-2.0 */
/* exec's processes as the stand-in holds them: what comes with one is kept for as long as it is there. */
#include "container/processes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container/messages.h"
#include "tests/unit/unit.h"
#include "util/passing.h"

static const struct control_ops no_ops;

struct fixture {
	struct processes processes;
	struct process first;
	int caller; /* its end of the socket */
	int fds[PASSING_MAX];
};

static void set_up(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->first.caller = -1;
	processes_init(&fixture->processes, &fixture->first, control_new(&no_ops, NULL));
}

static void tear_down(struct fixture *fixture)
{
	fixture->processes.control->free(fixture->processes.control);
	free(fixture->processes.fds);
}

/* As many as are asked for: a spec, streams, a socket to the caller. */
static void open_all(struct fixture *fixture, size_t count)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		abort();
	fixture->caller = ends[0];
	for (size_t i = 0; i < count; i++)
		fixture->fds[i] = i == count - 1 ? ends[1] : memfd_create("test", MFD_CLOEXEC);
	if (count == 0)
		close(ends[1]);
	else if (write(fixture->fds[0], "spec", 4) != 4)
		CHECK(count == 1);
}

static size_t still_open(const struct fixture *fixture, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += fcntl(fixture->fds[i], F_GETFD) >= 0;
	return found;
}

static void no_process_by_its_descriptors(void)
{
	static const size_t counts[] = {0, 1, REQUEST_EXEC_FDS, REQUEST_EXEC_FDS_MAX + 2, PASSING_MAX};
	struct fixture fixture;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		set_up(&fixture);
		open_all(&fixture, counts[i]);
		processes_add(&fixture.processes, 7, fixture.fds, counts[i]);
		CHECK(!processes_find(&fixture.processes, 7));
		CHECK_EQ(still_open(&fixture, counts[i]), 0);
		close(fixture.caller);
		tear_down(&fixture);
	}
}

static void a_process_has_them_until_its_end(void)
{
	static const size_t counts[] = {REQUEST_EXEC_FDS + 1, REQUEST_EXEC_FDS_MAX + 1};
	const struct zone_report exited = {.type = ZONE_REPORT_EXITED, .process = 7};
	struct zone_report report;
	struct fixture fixture;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		set_up(&fixture);
		open_all(&fixture, counts[i]);
		processes_add(&fixture.processes, 7, fixture.fds, counts[i]);
		CHECK(processes_find(&fixture.processes, 7));
		/* All but the spec, which was read. */
		CHECK_EQ(still_open(&fixture, counts[i]), counts[i] - 1);
		processes_report(&fixture.processes, &exited);
		CHECK(!processes_find(&fixture.processes, 7));
		CHECK_EQ(still_open(&fixture, counts[i]), 0);
		CHECK_EQ(receive(fixture.caller, &report, sizeof(report), MSG_DONTWAIT), sizeof(report));
		CHECK_EQ(report.type, ZONE_REPORT_EXITED);
		close(fixture.caller);
		tear_down(&fixture);
	}
}

/* The caller is told. */
static void a_process_without_a_spec(void)
{
	struct zone_report report;
	struct fixture fixture;

	set_up(&fixture);
	open_all(&fixture, REQUEST_EXEC_FDS + 1);
	CHECK_EQ(ftruncate(fixture.fds[0], 0), 0);
	processes_add(&fixture.processes, 7, fixture.fds, REQUEST_EXEC_FDS + 1);
	CHECK(!processes_find(&fixture.processes, 7));
	CHECK_EQ(still_open(&fixture, REQUEST_EXEC_FDS + 1), 0);
	CHECK_EQ(receive(fixture.caller, &report, sizeof(report), MSG_DONTWAIT), sizeof(report));
	CHECK_EQ(report.type, ZONE_REPORT_FAILED);
	close(fixture.caller);
	tear_down(&fixture);
}

int main(void)
{
	RUN(no_process_by_its_descriptors);
	RUN(a_process_has_them_until_its_end);
	RUN(a_process_without_a_spec);
	return unit_end();
}
