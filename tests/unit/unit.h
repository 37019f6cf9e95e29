/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit test is made of: functions of no arguments, run by RUN(), which CHECK() things. Each prints a
 * line of TAP; main() ends with `return unit_end();`.
 */
#ifndef XENRUN_UNIT_H
#define XENRUN_UNIT_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

static int unit_tests, unit_failures;
static bool unit_failed;	 /* the test that runs */
static const char *unit_skipped; /* why it did nothing */

/* Goes on after a failure, so that one run tells all. */
#define CHECK(condition) unit_check((condition), __FILE__, __LINE__, #condition)

#define CHECK_EQ(value, expected) \
	unit_check_equal((long long)(value), (long long)(expected), __FILE__, __LINE__, #value)

#define SKIP(why)                     \
	do {                          \
		unit_skipped = (why); \
		return;               \
	} while (0)

#define RUN(test) unit_run((test), #test)

static inline bool unit_check(bool passed, const char *file, int line, const char *condition)
{
	if (!passed) {
		printf("# %s:%d: %s\n", file, line, condition);
		unit_failed = true;
	}
	return passed;
}

static inline bool unit_check_equal(
	long long value, long long expected, const char *file, int line, const char *text)
{
	if (value != expected) {
		printf("# %s:%d: %s is %lld, not %lld\n", file, line, text, value, expected);
		unit_failed = true;
	}
	return value == expected;
}

static inline void unit_run(void (*test)(void), const char *name)
{
	unit_failed = false;
	unit_skipped = NULL;
	test();
	unit_tests++;
	if (unit_failed)
		unit_failures++;
	printf("%sok %d - %s%s%s\n", unit_failed ? "not " : "", unit_tests, name,
		unit_skipped ? " # SKIP " : "", unit_skipped ? unit_skipped : "");
	fflush(stdout);
}

static inline int unit_end(void)
{
	printf("1..%d\n", unit_tests);
	return unit_failures ? 1 : 0;
}

/* Descriptors that are open, to see that none leaks. */
static inline int unit_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

#endif
