/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges that an owner has locked (rootfs/ranges.h), beside those that the kernel has of the same story.
 */
#include "rootfs/ranges.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct ranges ranges;
static int file, other; /* two open file descriptions of one file */

static void set_up(void)
{
	char path[] = "/tmp/xenrun-unit-XXXXXX";

	ranges = (struct ranges){.count = 0};
	file = mkstemp(path);
	other = open(path, O_RDWR | O_CLOEXEC);
	CHECK(file >= 0 && other >= 0);
	unlink(path);
}

static void tear_down(void)
{
	ranges_release(&ranges);
	close(file);
	close(other);
}

static void change(int type, uint64_t start, uint64_t last)
{
	const struct range range = {.start = start, .last = last, .type = type};
	struct flock lock = {
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)start,
		.l_len = last == INT64_MAX ? 0 : (off_t)(last - start + 1),
	};
	struct ranges after;

	CHECK_EQ(ranges_change(&ranges, &range, &after), 0);
	ranges_release(&ranges);
	ranges = after;
	CHECK_EQ(fcntl(file, F_OFD_SETLK, &lock), 0);
}

static const struct range *range_at(uint64_t start)
{
	for (uint32_t i = 0; i < ranges.count; i++)
		if (ranges.list[i].start == start)
			return &ranges.list[i];
	return NULL;
}

/* Finds the kernel's, one after the other. */
static bool as_the_kernel(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	uint32_t count = 0;

	while (CHECK_EQ(fcntl(other, F_OFD_GETLK, &lock), 0) && lock.l_type != F_UNLCK) {
		const struct range *range = range_at((uint64_t)lock.l_start);
		off_t end = lock.l_start + lock.l_len;

		count++;
		if (!CHECK(range && range->type == lock.l_type) ||
			!CHECK_EQ(range->last, lock.l_len ? end - 1 : INT64_MAX))
			return false;
		if (!lock.l_len)
			break;
		lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = end};
	}
	return CHECK_EQ(ranges.count, count);
}

static void merges_and_cuts(void)
{
	static const struct {
		int type;
		uint64_t start, last;
		uint32_t count;
	} steps[] = {
		{F_RDLCK, 10, 19, 1},
		{F_RDLCK, 30, 39, 2},
		{F_RDLCK, 30, 39, 2},			/* there is already */
		{F_RDLCK, 20, 29, 1},			/* between the two */
		{F_WRLCK, 20, 24, 3},			/* in the middle of another */
		{F_WRLCK, 25, 29, 3},			/* adjacent */
		{F_UNLCK, 22, 22, 4},			/* in the middle of its own */
		{F_UNLCK, 50, 60, 4},			/* of nothing */
		{F_WRLCK, 0, 45, 1},			/* over all */
		{F_RDLCK, 46, INT64_MAX, 2},		/* to the end */
		{F_RDLCK, INT64_MAX - 1, INT64_MAX, 2}, /* the end itself */
		{F_WRLCK, INT64_MAX, INT64_MAX, 3},
		{F_UNLCK, 1, INT64_MAX - 1, 2},
		{F_RDLCK, 0, 0, 2},
		{F_RDLCK, 1, INT64_MAX - 1, 2},
		{F_UNLCK, 0, INT64_MAX, 0},
	};

	set_up();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		change(steps[i].type, steps[i].start, steps[i].last);
		CHECK_EQ(ranges.count, steps[i].count);
		as_the_kernel();
	}
	tear_down();
}

static uint32_t state = 12345;

static uint32_t next_random(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void as_the_kernel_whatever_comes(void)
{
	static const int types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
	uint32_t most = 0;

	set_up();
	for (int round = 0; round < 30000; round++) {
		/* At the beginning of the file or at the end of all files. */
		uint64_t base = next_random(4) ? 0 : INT64_MAX - 63;
		uint64_t start = base + next_random(64), last = start + next_random(next_random(8) ? 5 : 64);

		if (last > INT64_MAX || next_random(40) == 0)
			last = INT64_MAX;
		change(types[next_random(3)], start, last);
		if (!as_the_kernel())
			break;
		if (ranges.count > most)
			most = ranges.count;
	}
	CHECK(most > 20);
	tear_down();
}

int main(void)
{
	RUN(merges_and_cuts);
	RUN(as_the_kernel_whatever_comes);
	return unit_end();
}
