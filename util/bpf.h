/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for the kernel, written down: instructions, as linux/bpf.h orders their fields; a jump has where
 * it goes, the index of an instruction, until bpf_resolve(). */
#ifndef XENRUN_BPF_H
#define XENRUN_BPF_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>

enum { R0, R1, R2, R3, R4, R5, R6, R7, FP = 10 };

#define MOVE(to, from)                                      \
	{                                                   \
		BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0 \
	}
#define SET(to, value)                                       \
	{                                                    \
		BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value \
	}
#define ADD(to, value)                                       \
	{                                                    \
		BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value \
	}
#define AND(to, value)                                       \
	{                                                    \
		BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value \
	}
#define LOAD(size, to, from, at)                            \
	{                                                   \
		BPF_LDX | BPF_MEM | (size), to, from, at, 0 \
	}
#define STORE(size, to, at, value)                          \
	{                                                   \
		BPF_ST | BPF_MEM | (size), to, 0, at, value \
	}
#define CALL(function)                                \
	{                                             \
		BPF_JMP | BPF_CALL, 0, 0, 0, function \
	}
#define IF(reg, is, value, to)                            \
	{                                                 \
		BPF_JMP | (is) | BPF_K, reg, 0, to, value \
	}
/* Of the lower half of the register. */
#define IF32(reg, is, value, to)                            \
	{                                                   \
		BPF_JMP32 | (is) | BPF_K, reg, 0, to, value \
	}
#define GO(to)                                \
	{                                     \
		BPF_JMP | BPF_JA, 0, 0, to, 0 \
	}
#define END                                    \
	{                                      \
		BPF_JMP | BPF_EXIT, 0, 0, 0, 0 \
	}
/* Two instructions. */
#define MAP(to, fd)                                                \
	{BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd}, \
	{                                                          \
	}

static inline void bpf_resolve(struct bpf_insn *program, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int class = BPF_CLASS(program[i].code), operation = BPF_OP(program[i].code);

		if (class == BPF_JMP32 ||
			(class == BPF_JMP && operation != BPF_CALL && operation != BPF_EXIT))
			program[i].off = (short)(program[i].off - (int)i - 1);
	}
}

#endif
