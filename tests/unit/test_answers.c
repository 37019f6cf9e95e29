/* SPDX-License-Identifier: Apache-2.0 */
/* ps and events: what a hostile zone answers does nothing to a terminal, and costs no more than its length.
 */
#include "tests/unit/answers.h"
#include "tests/unit/unit.h"

#define ANSWER_MAX (1 << 20) /* as container/exec.c has it */

static void expect(char *text, const char *want)
{
	if (!CHECK(text && strstr(text, want)))
		printf("# %s\n# wanted %s\n", text ? text : "", want);
	free(text);
}

static void names_are_of_printable_characters(void)
{
	expect(printed("7 1 0 0:0 0 61000 a name", false), " 00:01:01 a name\n");
	expect(printed("7 1 0 0:0 0 0 a\033[2J\x7f\tb", false), " a?[2J??b\n");
	/* The same for terminals of 8 bits, and as UTF-8 has it. */
	expect(printed("7 1 0 0:0 0 0 a\x9b"
		       "2Jb\xc2\x9b"
		       "2J",
		       false),
		" a?2Jb??2J\n");
	expect(printed("nonsense\n-8 1 0 0:0 0 0 b\n9 7 0 0:0 0 0 c", false),
		" CMD\n0              9       7 ");
}

static void statistics_are_numbers(void)
{
	static const char answer[] =
		"[memory.stat]\nanon 5\nfile 6\n[io.stat]\n8:16 rbytes=1 wbytes=2 rios=3 wios=4 "
		"dbytes=0\n[pids.current]\n7\n";

	expect(printed(answer, true), "\"raw\":{\"anon\":5,\"file\":6}");
	expect(printed(answer, true), "{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":2}");
	expect(printed(answer, true), "\"pids\":{\"current\":7,\"limit\":0}");
	expect(printed("[memory.stat]\nanon", true), "\"raw\":{}");
}

static double seconds_of(const char *title, const char *line)
{
	char *answer = malloc(ANSWER_MAX), *at = stpcpy(answer, title);
	clock_t start = clock();

	while (at + strlen(line) < answer + ANSWER_MAX)
		at = stpcpy(at, line);
	free(printed(answer, true));
	free(answer);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void the_longest_answer_takes_no_time(void)
{
	CHECK(seconds_of("[memory.stat]\n", "a 1\n") < 2);
	CHECK(seconds_of("[io.stat]\n", "1:1 rbytes=1 wbytes=1 rios=1 wios=1\n") < 4);
}

int main(void)
{
	RUN(names_are_of_printable_characters);
	RUN(statistics_are_numbers);
	RUN(the_longest_answer_takes_no_time);
	return unit_end();
}
