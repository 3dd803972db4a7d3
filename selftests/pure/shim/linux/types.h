/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel names that the pure parts of the core use, for userspace.
 * The other headers here only include this one.
 */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned __int128 u128;

#define U64_MAX				UINT64_MAX
#define BIT(n)				(1UL << (n))
#define BIT_ULL(n)			(1ULL << (n))
#define SZ_64K				0x10000
#define SZ_1M				0x100000
#define SZ_2M				0x200000
#define SZ_512M				0x20000000
#define ARRAY_SIZE(array)		(sizeof(array) / sizeof((array)[0]))
#define min(a, b)			((a) < (b) ? (a) : (b))
#define max(a, b)			((a) > (b) ? (a) : (b))
#define min_t(type, a, b)		min((type)(a), (type)(b))
#define max_t(type, a, b)		((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define check_add_overflow(a, b, r)	__builtin_add_overflow(a, b, r)
#define is_power_of_2(n)		((n) && !((n) & ((n) - 1)))
#define EXPORT_SYMBOL_NS_GPL(sym, ns)

#define strscpy(to, from, size)		((void)snprintf(to, size, "%s", from))

/* As the kernel's: not for 0, nor for what has no power of two above it */
static inline u64 roundup_pow_of_two(u64 n)
{
	return n == 1 ? 1 : 1ULL << (64 - __builtin_clzll(n - 1));
}

#endif
