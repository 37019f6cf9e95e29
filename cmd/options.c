/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

/* What getopt_long returns for an option: its place in the table, beyond the letters. */
#define FIRST_PLACE 256

static size_t build(const struct option_spec *specs, bool in_order, struct option *longs, char *shorts)
{
	size_t count = 0;

	/* '+': stop at the first argument; ':': a missing value is told from an unknown option. */
	if (in_order)
		*shorts++ = '+';
	*shorts++ = ':';
	for (; specs[count].name; count++) {
		longs[count] = (struct option){
			.name = specs[count].name,
			.has_arg = specs[count].argument ? required_argument : no_argument,
			.val = FIRST_PLACE + (int)count,
		};
		if (specs[count].letter) {
			*shorts++ = specs[count].letter;
			if (specs[count].argument)
				*shorts++ = ':';
		}
	}
	*shorts++ = 'h';
	*shorts = '\0';
	longs[count] = (struct option){.name = "help", .val = 'h'};
	memset(&longs[count + 1], 0, sizeof(*longs));
	return count;
}

/* A list with one more; the old one is left to the end of the call. */
static const char *append(const char *list, const char *value)
{
	size_t length = 0, more = strlen(value);
	char *grown;

	while (list && list[length])
		length += strlen(list + length) + 1;
	grown = calloc(1, length + more + 2);
	if (!grown)
		return NULL;
	if (length)
		memcpy(grown, list, length);
	memcpy(grown + length, value, more);
	return grown;
}

int options_parse(const struct option_spec *specs, bool in_order, int argc, char **argv, const char **values,
	bool *help, struct error *err)
{
	struct option longs[OPTIONS_MAX + 2];
	char shorts[2 * OPTIONS_MAX + 4];
	size_t count = build(specs, in_order, longs, shorts);
	int got;

	*help = false;
	opterr = 0;
	optind = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t place = count;

		if (got == ':')
			return error_set(err, 0, "option %s needs a value", argv[optind - 1]);
		if (got == '?' && optopt > 0 && optopt < FIRST_PLACE)
			return error_set(err, 0, "unknown option -%c", optopt);
		if (got == '?' && optopt >= FIRST_PLACE)
			return error_set(
				err, 0, "option --%s takes no value", specs[optopt - FIRST_PLACE].name);
		if (got == '?')
			return error_set(err, 0, "unknown option %s", argv[optind - 1]);
		if (got >= FIRST_PLACE)
			place = (size_t)(got - FIRST_PLACE);
		else
			for (place = 0; place < count && specs[place].letter != got; place++)
				;
		if (place == count)
			*help = true;
		else if (!specs[place].many)
			values[place] = optarg ? optarg : "";
		else if (!(values[place] = append(values[place], optarg)))
			return error_set(err, ENOMEM, "option --%s", specs[place].name);
	}
	return optind;
}

void options_print(const struct option_spec *specs)
{
	char name[64];

	for (; specs->name; specs++) {
		if (!specs->help)
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", specs->name, specs->argument ? " " : "",
			specs->argument ? specs->argument : "");
		if (specs->letter)
			printf("  -%c, %-26s %s\n", specs->letter, name, specs->help);
		else
			printf("      %-26s %s\n", name, specs->help);
	}
	printf("  -h, %-26s %s\n", "--help", "say this and end");
}

int option_number(const char *name, const char *value, long min, long max, long *number, struct error *err)
{
	char *end;

	errno = 0;
	*number = strtol(value, &end, 10);
	if (errno || !*value || *end || *number < min || *number > max)
		return error_set(
			err, 0, "--%s: \"%s\" is not a number from %ld to %ld", name, value, min, max);
	return 0;
}
