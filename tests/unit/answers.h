/* SPDX-License-Identifier: Apache-2.0 */
/* What the zone answers to ps and events, without a zone: the two commands' own decoders, over a text. */
#ifndef XENRUN_TEST_ANSWERS_H
#define XENRUN_TEST_ANSWERS_H

#include <stdlib.h>

#include "container/events.c"
#include "container/ps.c"

static const char *zone_answer;

char *exec_query(int dir, enum zone_op_type operation, const char *property, struct error *err)
{
	(void)dir;
	(void)operation;
	(void)property;
	(void)err;
	return strdup(zone_answer);
}

int request_monitor(int dir, const struct request *request, struct answer *answer, struct error *err)
{
	(void)dir;
	(void)request;
	(void)err;
	*answer = (struct answer){.text = "1 2 3"};
	return 0;
}

struct record *record_load(int dir, struct error *err)
{
	(void)dir;
	(void)err;
	return NULL;
}

void record_free(struct record *record)
{
	(void)record;
}

/* What ps, or events, prints; the caller frees it. */
static inline char *printed(const char *answer, bool events)
{
	struct error err = {0};
	char *text = NULL, *copy = strdup(answer);
	size_t size;
	FILE *out = open_memstream(&text, &size);

	zone_answer = answer;
	if (out && copy && events)
		print_statistics(-1, "id", NULL, out, &err);
	else if (out && copy)
		print(copy, out);
	if (out)
		fclose(out);
	free(copy);
	error_clear(&err);
	return text;
}

#endif
