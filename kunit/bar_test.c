// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of fake BARs against a model: config space as an array of
 * bytes. Needs nothing of the kernel's.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>

#include "coherent_layout.h"
#include "suites.h"

#define FLAGS		0xc	/* memory, 64 bits, prefetchable */
#define CONFIG_BYTES	0x1000
#define WIDEST		48
#define FIRST_SHIFT	12
#define LAST_SHIFT	40

/* What may be in a BAR when an access comes */
static const u64 bar_values[] = {
	0, ~0ULL, 0x1122334455667788ULL, 0xffffffff00000000ULL, 0xffffffffULL,
};

struct slot {
	const char *name;
	u16 offset;
};

static const struct slot slots[] = {
	{ "BAR 0", 0x10 }, { "BAR 2", 0x18 }, { "BAR 4", 0x20 },
};

static void slot_desc(const struct slot *slot, char *desc)
{
	strscpy(desc, slot->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(slot, slots, slot_desc);

static u8 byte_of(u64 value, unsigned int i)
{
	return value >> (8 * i);
}

/* How many bytes of the access are the BAR's, counted one by one */
static size_t model_overlap(u16 at, u64 pos, size_t count)
{
	size_t n = 0, i;

	for (i = 0; i < count; i++)
		n += pos + i >= at && pos + i < at + 8u;
	return n;
}

/* The BAR's value after the bytes have been stored */
static u64 model_write(u16 at, u64 value, u64 pos, const u8 *buf, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned int shift = 8 * (pos + i - at);

		if (pos + i < at || pos + i >= at + 8u)
			continue;
		value = (value & ~(0xffULL << shift)) | (u64)buf[i] << shift;
	}
	return value;
}

/* One access, first as a write and then as a read of what it left */
static bool access_is_right(struct kunit *test, u16 at, u64 size, u64 value,
			    u64 pos, size_t count)
{
	struct coherent_bar_reg reg = { .offset = at, .size = size,
					.value = value };
	size_t buf_off = 99, reg_off = 99, n, i;
	u8 buf[WIDEST], seen[8];
	u64 image;

	for (i = 0; i < count; i++)
		buf[i] = 0xc3 + 7 * i;
	n = coherent_bar_overlap(&reg, pos, count, &buf_off, &reg_off);
	if (n != model_overlap(at, pos, count)) {
		KUNIT_FAIL(test, "pos %#llx count %zu: %zu bytes overlap", pos,
			   count, n);
		return false;
	}
	if (!n)
		return true;

	coherent_bar_write(&reg, reg_off, buf + buf_off, n);
	if (reg.value != model_write(at, value, pos, buf, count)) {
		KUNIT_FAIL(test, "pos %#llx count %zu: %#llx became %#llx", pos,
			   count, value, reg.value);
		return false;
	}
	/* As PCI shows it: flags below, address bits above the size */
	image = (reg.value & ~(size - 1)) | FLAGS;
	coherent_bar_read(&reg, reg_off, seen, n);
	for (i = 0; i < n; i++) {
		if (seen[i] == byte_of(image, pos + buf_off + i - at))
			continue;
		KUNIT_FAIL(test, "pos %#llx count %zu: byte %zu reads %#x", pos,
			   count, i, seen[i]);
		return false;
	}
	return true;
}

/* Every position and width that come near it, every size, every value */
static void accesses_around(struct kunit *test)
{
	const struct slot *slot = test->param_value;
	unsigned int shift, i, pos, count;

	for (shift = FIRST_SHIFT; shift <= LAST_SHIFT; shift++)
		for (i = 0; i < ARRAY_SIZE(bar_values); i++)
			for (pos = 0; pos < 0x2c; pos++)
				for (count = 1; count <= WIDEST; count++)
					if (!access_is_right(test, slot->offset, BIT_ULL(shift),
							     bar_values[i], pos, count))
						return;
}

/* Every position of config space in every width that a CPU has */
static void accesses_everywhere(struct kunit *test)
{
	const struct slot *slot = test->param_value;
	unsigned int pos, count;

	for (pos = 0; pos < CONFIG_BYTES; pos++)
		for (count = 1; count <= 8; count++)
			if (!access_is_right(test, slot->offset, BIT_ULL(21),
					     bar_values[2], pos, count))
				return;
}

static void positions_beyond(struct kunit *test)
{
	static const u64 positions[] = { 0x28, CONFIG_BYTES, U64_MAX - 7, U64_MAX };
	const struct slot *slot = test->param_value;
	struct coherent_bar_reg reg = { .offset = slot->offset, .size = 4096 };
	size_t a, b, i;

	for (i = 0; i < ARRAY_SIZE(positions); i++)
		KUNIT_EXPECT_EQ(test, 0, coherent_bar_overlap(&reg, positions[i],
							      SIZE_MAX, &a, &b));
	KUNIT_EXPECT_EQ(test, 8, coherent_bar_overlap(&reg, 0, SIZE_MAX, &a, &b));
	KUNIT_EXPECT_EQ(test, slot->offset, a);
	KUNIT_EXPECT_EQ(test, 0, b);
}

static void put_dword(struct coherent_bar_reg *reg, unsigned int half, u32 value)
{
	u8 bytes[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		bytes[i] = byte_of(value, i);
	coherent_bar_write(reg, 4 * half, bytes, 4);
}

static u64 get_qword(const struct coherent_bar_reg *reg)
{
	u8 bytes[8];
	u64 value = 0;
	unsigned int i;

	coherent_bar_read(reg, 0, bytes, 8);
	for (i = 0; i < 8; i++)
		value |= (u64)bytes[i] << (8 * i);
	return value;
}

/* As enumeration goes: all ones, read the size back, put an address in */
static void sizing(struct kunit *test)
{
	unsigned int shift;

	for (shift = FIRST_SHIFT; shift <= LAST_SHIFT; shift++) {
		u64 size = BIT_ULL(shift), address = 5 * size;
		struct coherent_bar_reg reg = { .offset = 0x18, .size = size };

		KUNIT_EXPECT_EQ(test, FLAGS, get_qword(&reg));
		put_dword(&reg, 0, ~0U);
		put_dword(&reg, 1, ~0U);
		KUNIT_EXPECT_EQ(test, size, ~(get_qword(&reg) & ~0xfULL) + 1);
		put_dword(&reg, 1, address >> 32);
		put_dword(&reg, 0, (u32)address | 3);
		KUNIT_EXPECT_EQ(test, address | FLAGS, get_qword(&reg));
	}
}

static struct kunit_case bar_cases[] = {
	KUNIT_CASE_PARAM(accesses_around, slot_gen_params),
	KUNIT_CASE_PARAM(accesses_everywhere, slot_gen_params),
	KUNIT_CASE_PARAM(positions_beyond, slot_gen_params),
	KUNIT_CASE(sizing),
	{ }
};

struct kunit_suite coherent_bar_suite = {
	.name = "coherent-bar",
	.test_cases = bar_cases,
};
