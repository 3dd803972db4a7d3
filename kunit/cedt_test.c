// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows in the CEDT: which one a range lies in, and tables that are wrong in what they
 * say of their own lengths.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../coherent/pci/cedt.h"
#include "suites.h"

#define HEADER		36
#define ROOM		512
#define BASE		BIT_ULL(40)
#define SIZE		BIT_ULL(30)

struct table {
	u8 bytes[ROOM];
	size_t length;
};

/* Whatever is in the header is no window */
static void begin(struct table *table)
{
	memset(table, 0, sizeof(*table));
	memset(table->bytes, 1, HEADER);
	table->length = HEADER;
}

static u8 *add(struct table *table, u8 type, u16 length)
{
	u8 *entry = table->bytes + table->length;

	entry[0] = type;
	put_unaligned_le16(length, entry + 2);
	table->length += length;
	return entry;
}

static u8 *add_window(struct table *table, u64 base, u64 size, u8 ways)
{
	u8 *entry = add(table, 1, 40);

	put_unaligned_le64(base, entry + 8);
	put_unaligned_le64(size, entry + 16);
	entry[24] = ways;
	return entry;
}

static bool finds(const struct table *table, u64 base, u64 size, u8 *ways)
{
	return coherent_cedt_window(table->bytes, table->length, base, size, ways);
}

static void which_window(struct kunit *test)
{
	struct table table;
	u8 ways = 9;

	begin(&table);
	KUNIT_EXPECT_FALSE(test, finds(&table, BASE, SIZE, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, 0, 0, &ways));
	add(&table, 0, 32);
	add_window(&table, BASE, SIZE, 0);
	add(&table, 2, 8);
	add_window(&table, BASE + 4 * SIZE, 2 * SIZE, 3);
	KUNIT_EXPECT_TRUE(test, finds(&table, 0, 0, &ways));

	KUNIT_EXPECT_TRUE(test, finds(&table, BASE, SIZE, &ways));
	KUNIT_EXPECT_EQ(test, 0, ways);
	KUNIT_EXPECT_TRUE(test, finds(&table, BASE + SIZE - 1, 1, &ways));
	KUNIT_EXPECT_TRUE(test, finds(&table, BASE + 5 * SIZE, SIZE, &ways));
	KUNIT_EXPECT_EQ(test, 3, ways);

	/* Over an end, or in none */
	KUNIT_EXPECT_FALSE(test, finds(&table, BASE - 1, SIZE, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, BASE + 1, SIZE, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, BASE, SIZE + 1, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, BASE + 2 * SIZE, SIZE, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, 0, U64_MAX, &ways));
	KUNIT_EXPECT_FALSE(test, finds(&table, U64_MAX, 2, &ways));
}

static void wrong_lengths(struct kunit *test)
{
	static const u16 wrong[] = { 0, 1, 3, ROOM };
	struct table table;
	u8 *entry, ways;

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin(&table);
		entry = add(&table, 0, 8);
		put_unaligned_le16(wrong[i], entry + 2);
		add_window(&table, BASE, SIZE, 0);
		KUNIT_EXPECT_FALSE(test, finds(&table, BASE, SIZE, &ways));
	}
	/* A window that is cut off, by itself or by the table's end */
	for (u16 length = 4; length < 36; length++) {
		begin(&table);
		entry = add_window(&table, BASE, SIZE, 0);
		put_unaligned_le16(length, entry + 2);
		KUNIT_EXPECT_FALSE(test, finds(&table, BASE, SIZE, &ways));
	}
	for (size_t length = 0; length < HEADER + 40; length++) {
		begin(&table);
		add_window(&table, BASE, SIZE, 0);
		table.length = length;
		KUNIT_EXPECT_FALSE(test, finds(&table, BASE, SIZE, &ways));
	}
}

static struct kunit_case cedt_cases[] = {
	KUNIT_CASE(which_window),
	KUNIT_CASE(wrong_lengths),
	{ }
};

struct kunit_suite coherent_cedt_suite = {
	.name = "coherent-cedt",
	.test_cases = cedt_cases,
};
