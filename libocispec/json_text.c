/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/json_text.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <ctype.h>
#include <fcntl.h>
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

/* Behind the digits at `i`, which is where the next thing begins. */
static size_t skip_digits(const char *text, size_t length, size_t i)
{
	while (i < length && isdigit((unsigned char)text[i]))
		i++;
	return i;
}

/* Moves *cursor behind the number; NULL, or what is wrong with it. */
static const char *check_number(const char *text, size_t length, size_t *cursor)
{
	size_t i = *cursor, first, last;
	bool integer = true, good;

	if (text[i] == '-')
		i++;
	first = i;
	last = i = skip_digits(text, length, i);
	good = last > first && (text[first] != '0' || last == first + 1);
	if (i < length && text[i] == '.') {
		integer = false;
		i = skip_digits(text, length, first = i + 1);
		good = good && i > first;
	}
	if (i < length && (text[i] == 'e' || text[i] == 'E')) {
		integer = false;
		first = i + 1;
		if (first < length && (text[first] == '+' || text[first] == '-'))
			first++;
		i = skip_digits(text, length, first);
		good = good && i > first;
	}
	if (!good)
		return "not a number";
	if (integer) {
		char copy[24] = {0};

		if (i - *cursor >= sizeof(copy))
			return "number out of range";
		memcpy(copy, text + *cursor, i - *cursor);
		errno = 0;
		if (*copy == '-')
			strtoll(copy, NULL, 10);
		else
			strtoull(copy, NULL, 10);
		if (errno == ERANGE)
			return "number out of range";
	}
	*cursor = i;
	return NULL;
}

/* Moves *cursor behind the string that begins there. json-c cuts a key at an escaped NUL, so that it would
 * pass for another one; values keep theirs, and decode.c refuses them with their path. */
static const char *check_string(const char *text, size_t length, size_t *cursor)
{
	bool nul = false;
	size_t i = *cursor + 1;

	for (; i < length && text[i] != '"'; i++) {
		if (text[i] != '\\')
			continue;
		nul = nul || (length - i > 5 && memcmp(text + i, "\\u0000", 6) == 0);
		i++;
	}
	*cursor = ++i;
	while (i < length && is_space(text[i]))
		i++;
	return nul && i < length && text[i] == ':' ? "a NUL in the property's name" : NULL;
}

/* What json-c takes though it is not JSON, or takes for something else: 'x', NaN, 01, numbers that do not
 * fit. The text is otherwise known to be JSON. */
static int check_strictly(const char *text, size_t length, struct error *err)
{
	static const char *const words[] = {"true", "false", "null"};
	const char *wrong = NULL;
	size_t i = 0, start = 0;

	while (i < length && !wrong) {
		start = i;
		if (text[i] == '"') {
			wrong = check_string(text, length, &i);
		} else if (text[i] == '-' || isdigit((unsigned char)text[i])) {
			wrong = check_number(text, length, &i);
		} else if (is_space(text[i]) || memchr("{}[]:,", text[i], 6)) {
			i++;
		} else {
			for (size_t w = 0; w < sizeof(words) / sizeof(words[0]) && i == start; w++) {
				size_t size = strlen(words[w]);

				if (length - i >= size && memcmp(text + i, words[w], size) == 0)
					i += size;
			}
			if (i == start)
				wrong = "unexpected character";
		}
	}
	return wrong ? syntax_error(text, start, wrong, err) : 0;
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
	if (status == json_tokener_continue) { /* a number can end only where something else begins */
		json = json_tokener_parse_ex(tokener, "", 1);
		status = json_tokener_get_error(tokener);
		end = length;
	}
	json_tokener_free(tokener);

	if (status == json_tokener_continue || status == json_tokener_error_parse_eof) {
		syntax_error(text, length, "unexpected end of data", err);
	} else if (status != json_tokener_success) {
		/* From 0.17 on json-c refuses numbers that do not fit, and says neither so nor where. */
		if (status != json_tokener_error_parse_number || check_strictly(text, end, err) == 0)
			syntax_error(text, end, json_tokener_error_desc(status), err);
	} else if (!json) {
		error_set(err, 0, "expected an object, found null");
	} else if (check_strictly(text, length, err) == 0) {
		return json;
	}
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

struct json_object *json_text_load_and_keep(const char *path, char **text, size_t *length, struct error *err)
{
	struct json_object *json;

	*text = read_all(path, length, err);
	json = *text ? json_text_parse(*text, *length, err) : NULL;
	if (!json)
		error_prefix(err, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
	return json;
}

struct json_object *json_text_load(const char *path, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	return json_text_load_and_keep(path, &text, &length, err);
}
