/* SPDX-License-Identifier: GPL-2.0-only */
/* What a word of memory holds where two machines know it by its place alone. */
#ifndef COHERENT_SELFTESTS_WORDS_H
#define COHERENT_SELFTESTS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;

static inline u64 word_at(u64 seed, u64 offset)
{
	return (offset / 8 + 1) * 0x9e3779b97f4a7c15ULL ^ seed << 32;
}

#endif
