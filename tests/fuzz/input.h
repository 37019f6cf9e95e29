/* SPDX-License-Identifier: Apache-2.0 */
/* What the harnesses share: taking the bytes of an input one after the other, and what is never to be. */
#ifndef XENRUN_FUZZ_INPUT_H
#define XENRUN_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* A finding, where it is not so. */
#define MUST(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

/* Behind the end all bytes are zero. */
static inline uint8_t input_u8(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

static inline uint64_t input_integer(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)input_u8(input) << (8 * i);
	return value;
}

/* Takes at most `length` bytes. */
static inline struct input input_part(struct input *input, size_t length)
{
	struct input part = {input->at, length < input->left ? length : input->left};

	input->at += part.left;
	input->left -= part.left;
	return part;
}

/* A copy that ends where its memory ends; to be freed. */
static inline uint8_t *exact_copy(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	MUST(copy);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

#endif
