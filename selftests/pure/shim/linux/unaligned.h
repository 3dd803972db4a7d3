/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_UNALIGNED_H
#define SHIM_LINUX_UNALIGNED_H

#include <linux/types.h>

static inline u16 get_unaligned_le16(const void *from)
{
	const u8 *byte = from;

	return byte[0] | byte[1] << 8;
}

static inline u32 get_unaligned_le32(const void *from)
{
	const u8 *byte = from;

	return get_unaligned_le16(byte) | (u32)get_unaligned_le16(byte + 2) << 16;
}

static inline u64 get_unaligned_le64(const void *from)
{
	const u8 *byte = from;

	return get_unaligned_le32(byte) | (u64)get_unaligned_le32(byte + 4) << 32;
}

static inline void put_unaligned_le16(u16 value, void *to)
{
	u8 *byte = to;

	byte[0] = value;
	byte[1] = value >> 8;
}

static inline void put_unaligned_le32(u32 value, void *to)
{
	put_unaligned_le16(value, to);
	put_unaligned_le16(value >> 16, (u8 *)to + 2);
}

static inline void put_unaligned_le64(u64 value, void *to)
{
	put_unaligned_le32(value, to);
	put_unaligned_le32(value >> 32, (u8 *)to + 4);
}

#endif
