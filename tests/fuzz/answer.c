/* SPDX-License-Identifier: Apache-2.0 */
/* What a zone answers to ps and to events: what is printed is text for any terminal, and of events
 * JSON. */
#include "tests/fuzz/input.h"
#include "tests/unit/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t kind = input_u8(&in) % 2;
	char *answer = malloc(in.left + 1), *text;
	struct json_object *json;

	MUST(answer);
	if (in.left)
		memcpy(answer, in.at, in.left);
	answer[in.left] = '\0';
	text = printed(answer, kind == 0);
	MUST(text);
	for (const char *c = text; *c; c++)
		MUST(*c == '\n' || (*c >= ' ' && *c <= '~'));
	if (kind == 0) {
		json = json_tokener_parse(text);
		MUST(json && strchr(text, '\n') == text + strlen(text) - 1);
		json_object_put(json);
	}
	free(text);
	free(answer);
	return 0;
}
