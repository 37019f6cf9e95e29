/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of libocispec/ share: documents in short, and what they are expected to give. */
#ifndef XENRUN_TEST_OCISPEC_H
#define XENRUN_TEST_OCISPEC_H

#include "libocispec/ocispec.h"

#include "tests/unit/unit.h"
#include "util/error.h"
#include <stdlib.h>
#include <string.h>

/* Tests run where the Makefile is. */
#define CONFIGS "tests/unit/configs/"

static inline bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The message that the text gives, or "" if it is taken; to be freed. */
static inline char *message_of(const char *text, size_t length)
{
	struct error err = {0};
	struct oci_config *config = oci_config_parse(text, length, &err);
	char *message = strdup(config ? "" : error_message(&err));

	oci_config_free(config);
	error_clear(&err);
	return message;
}

static inline void expect_message(const char *text, size_t length, const char *want)
{
	char *message = message_of(text, length);

	if (!CHECK(same(message, want)))
		printf("# %s\n# gives  %s\n# wanted %s\n", text, message, want);
	free(message);
}

/* A document that lacks nothing but for what is given, with ' for ". To be freed. */
static inline char *document(const char *properties)
{
	char *text = NULL;

	if (asprintf(&text, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"}%s%s}",
		    *properties ? "," : "", properties) < 0)
		abort();
	for (char *c = text; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return text;
}

static inline void expect(const char *properties, const char *want)
{
	char *text = document(properties);

	expect_message(text, strlen(text), want);
	free(text);
}

/* Properties of process and linux, to be given to expect(). */
#define PROCESS(properties) "'process':{'cwd':'/','args':['sh']," properties "}"
#define LINUX(properties)   "'linux':{" properties "}"

#endif
