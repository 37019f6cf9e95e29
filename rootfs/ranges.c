/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

/* Whether they overlap or nothing is between them. */
static bool touch(const struct range *a, const struct range *b)
{
	return a->start <= b->last + 1 && b->start <= a->last + 1;
}

static void add(struct ranges *ranges, uint64_t start, uint64_t last, int type)
{
	ranges->list[ranges->count++] = (struct range){.start = start, .last = last, .type = type};
}

int ranges_change(const struct ranges *before, const struct range *change, struct ranges *after)
{
	struct range made = *change;

	/* Two more is the most: one that is cut in two, and the new one between. */
	*after = (struct ranges){.list = calloc(before->count + 2, sizeof(*after->list))};
	if (!after->list)
		return -ENOMEM;
	for (uint32_t i = 0; i < before->count; i++) {
		const struct range *old = &before->list[i];

		if (old->type == change->type && touch(old, change)) {
			if (old->start < made.start)
				made.start = old->start;
			if (old->last > made.last)
				made.last = old->last;
			continue;
		}
		if (old->start < change->start)
			add(after, old->start, old->last < change->start ? old->last : change->start - 1,
				old->type);
		if (old->last > change->last)
			add(after, old->start > change->last ? old->start : change->last + 1, old->last,
				old->type);
	}
	if (change->type != F_UNLCK)
		add(after, made.start, made.last, made.type);
	return 0;
}

void ranges_release(struct ranges *ranges)
{
	free(ranges->list);
	*ranges = (struct ranges){.count = 0};
}
