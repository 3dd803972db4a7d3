// SPDX-License-Identifier: GPL-2.0-only
/* bar.c: an access changes and shows exactly the bytes that overlap the BAR */
#include "proof.h"
#include "bar.c"

static u64 byte_of(u64 value, u64 n)
{
	return value >> (8 * n) & 0xff;
}

/* Any access, any byte of it: in the BAR or not, and which byte of it */
void proof_bar_overlap(void)
{
	const struct coherent_bar_reg reg = { .offset = any_u16() };
	u64 pos = any_u64(), i = any_u64();
	size_t count = any_size(), buf_off = 0, reg_off = 0, n;
	u128 at = (u128)pos + i;
	bool inside;

	n = coherent_bar_overlap(&reg, pos, count, &buf_off, &reg_off);

	claim(n <= COHERENT_BAR_REG_BYTES && n <= count);
	claim(!n || (reg_off < COHERENT_BAR_REG_BYTES &&
		     reg_off + n <= COHERENT_BAR_REG_BYTES));
	claim(!n || (buf_off < count && n <= count - buf_off));

	assume(i < count);
	inside = at >= reg.offset && at < (u128)reg.offset + COHERENT_BAR_REG_BYTES;
	claim(inside == (i >= buf_off && i - buf_off < n));
	claim(!inside || at - reg.offset == (u128)reg_off + (i - buf_off));
	proof_end();
}

void proof_bar_write(void)
{
	struct coherent_bar_reg reg = {
		.offset = any_u16(), .size = any_u64(), .value = any_u64(),
	};
	const struct coherent_bar_reg before = reg;
	size_t reg_off = any_size(), count = any_size(), k = any_size();
	u8 bytes[COHERENT_BAR_REG_BYTES];

	assume(reg_off <= COHERENT_BAR_REG_BYTES);
	assume(count <= COHERENT_BAR_REG_BYTES - reg_off);
	assume(k < COHERENT_BAR_REG_BYTES);

	coherent_bar_write(&reg, reg_off, bytes, count);

	claim(reg.offset == before.offset && reg.size == before.size);
	if (k >= reg_off && k - reg_off < count)
		claim(byte_of(reg.value, k) == bytes[k - reg_off]);
	else
		claim(byte_of(reg.value, k) == byte_of(before.value, k));
	proof_end();
}

/* truncates: bytes are cut from the image by storing it in a u8 */
void proof_bar_read(void)
{
	unsigned int shift = any_uint();
	struct coherent_bar_reg reg = {
		.offset = any_u16(), .value = any_u64(),
	};
	size_t reg_off = any_size(), count = any_size(), k = any_size();
	u8 bytes[COHERENT_BAR_REG_BYTES], before[COHERENT_BAR_REG_BYTES];
	u64 image;
	size_t i;

	/* A memory BAR has its flags below its smallest size, 16 bytes */
	assume(shift >= 4 && shift < 64);
	reg.size = 1ULL << shift;
	assume(reg_off <= COHERENT_BAR_REG_BYTES);
	assume(count <= COHERENT_BAR_REG_BYTES - reg_off);
	assume(k < COHERENT_BAR_REG_BYTES);
	for (i = 0; i < COHERENT_BAR_REG_BYTES; i++)
		before[i] = bytes[i];

	coherent_bar_read(&reg, reg_off, bytes, count);

	/* 64-bit, prefetchable; nothing below the size but that */
	image = ((reg.value >> shift) << shift) | 0xc;
	if (k < count)
		claim(bytes[k] == byte_of(image, reg_off + k));
	else
		claim(bytes[k] == before[k]);
	proof_end();
}
