/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/json_text.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* json-c frees what it has parsed by recursion, so depth is stack; the spec's own documents need 8. */
#define MAX_DEPTH 64

/* Far above any configuration, far below what would hurt. */
#define MAX_SIZE ((size_t)16 << 20)

static int syntax_error(const char *text, size_t offset, const char *what, struct error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) { /* a character, not a byte */
			column++;
		}
	}
	return error_set(err, 0, "line %zu, column %zu: %s", line, column, what);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* json-c cuts a key at an escaped NUL, so that it would pass for another one. Values keep theirs, and
 * decode.c refuses them with their path. The text is known to be JSON. */
static int check_keys(const char *text, size_t length, struct error *err)
{
	for (size_t i = 0; i < length; i++) {
		size_t nul = 0;

		if (text[i] != '"')
			continue;
		for (i++; i < length && text[i] != '"'; i++) {
			if (text[i] != '\\')
				continue;
			if (length - i > 5 && memcmp(text + i, "\\u0000", 6) == 0)
				nul = i;
			i++;
		}
		if (!nul)
			continue;
		do {
			i++;
		} while (i < length && is_space(text[i]));
		if (i < length && text[i] == ':')
			return syntax_error(text, nul, "a NUL in a property's name", err);
	}
	return 0;
}

struct json_object *json_text_parse(const char *text, size_t length, struct error *err)
{
	struct json_tokener *tokener;
	struct json_object *json;
	enum json_tokener_error status;
	size_t end;

	if (length > MAX_SIZE) {
		error_set(err, 0, "larger than %zu MiB", MAX_SIZE >> 20);
		return NULL;
	}
	tokener = json_tokener_new_ex(MAX_DEPTH);
	if (!tokener) {
		error_set(err, ENOMEM, "cannot parse JSON");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)length);
	status = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);

	if (status == json_tokener_continue)
		syntax_error(text, length, "unexpected end of data", err);
	else if (status != json_tokener_success)
		syntax_error(text, end, json_tokener_error_desc(status), err);
	else if (!json)
		error_set(err, 0, "expected an object, found null");
	else if (check_keys(text, length, err) == 0)
		return json;
	json_object_put(json);
	return NULL;
}

/* A pipe is as good as a file: `exec --process /dev/fd/63`. */
static char *read_all(const char *path, size_t *length, struct error *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	cleanup_close int owned = standard_input ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = standard_input ? STDIN_FILENO : owned;
	cleanup_free char *text = NULL;
	size_t size = 0, used = 0;

	if (fd < 0) {
		error_set(err, errno, "cannot open");
		return NULL;
	}
	for (;;) {
		ssize_t got;

		if (used == size) {
			char *larger = realloc(text, size = size ? size * 2 : 16384);

			if (!larger) {
				error_set(err, ENOMEM, "cannot read");
				return NULL;
			}
			text = larger;
		}
		got = read(fd, text + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set(err, errno, "cannot read");
			return NULL;
		}
		if (got == 0)
			break;
		used += (size_t)got;
		if (used > MAX_SIZE)
			break; /* json_text_parse() says so */
	}
	*length = used;
	return steal_pointer(&text);
}

struct json_object *json_text_load(const char *path, struct error *err)
{
	cleanup_free char *text = NULL;
	struct json_object *json;
	size_t length = 0;

	text = read_all(path, &length, err);
	json = text ? json_text_parse(text, length, err) : NULL;
	if (!json)
		error_prefix(err, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
	return json;
}
