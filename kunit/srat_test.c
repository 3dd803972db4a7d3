// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic initiators in the SRAT: which entries are a function's, and tables that are
 * wrong in what they say of their own lengths.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../coherent/pci/srat.h"
#include "suites.h"

#define SEGMENT		9
#define BDF		0x0108		/* 01:01.0 */
#define HEADER		48
#define ROOM		512

struct table {
	u8 bytes[ROOM];
	size_t length;
};

/* Whatever is in the header is none of ours */
static void begin(struct table *table)
{
	memset(table, 0, sizeof(*table));
	memset(table->bytes, 5, HEADER);
	table->length = HEADER;
}

/* Any entry, of as many bytes as it says */
static u8 *add(struct table *table, u8 type, u8 length)
{
	u8 *entry = table->bytes + table->length;

	entry[0] = type;
	entry[1] = length;
	table->length += length;
	return entry;
}

/* A generic initiator that counts for the function */
static u8 *add_initiator(struct table *table, u32 domain)
{
	u8 *entry = add(table, 5, 32);

	entry[3] = 1;
	put_unaligned_le32(domain, entry + 4);
	put_unaligned_le16(SEGMENT, entry + 8);
	entry[10] = BDF >> 8;
	entry[11] = BDF & 0xff;
	put_unaligned_le32(1, entry + 24);
	return entry;
}

/* The domains that are found, all ones behind the last */
#define FOUND	4

static void find_in(const struct table *table, u32 *found)
{
	s64 above = -1;

	memset(found, 0xff, FOUND * sizeof(*found));
	for (unsigned int i = 0; i < FOUND; i++) {
		if (!coherent_srat_domain(table->bytes, table->length, SEGMENT,
					  BDF, above, &found[i]))
			break;
		above = found[i];
	}
}

static void expect_found(struct kunit *test, const struct table *table,
			 const u32 *want, unsigned int nr)
{
	u32 found[FOUND];

	find_in(table, found);
	for (unsigned int i = 0; i < FOUND; i++)
		KUNIT_EXPECT_EQ_MSG(test, found[i], i < nr ? want[i] : ~0U,
				    "number %u", i);
}

#define EXPECT_FOUND(test, table, ...)					\
	expect_found(test, table, (const u32[]){ __VA_ARGS__ },		\
		     ARRAY_SIZE(((const u32[]){ __VA_ARGS__ })))

#define EXPECT_NONE(test, table)	expect_found(test, table, NULL, 0)

static void all_ascending(struct kunit *test)
{
	struct table table;

	begin(&table);
	EXPECT_NONE(test, &table);
	add(&table, 1, 40);		/* memory */
	add_initiator(&table, 7);
	add(&table, 0, 16);		/* a CPU */
	add_initiator(&table, 0x12345678);
	add_initiator(&table, 0);
	add_initiator(&table, 7);
	EXPECT_FOUND(test, &table, 0, 7, 0x12345678);
	add_initiator(&table, 0xfffffffe);
	EXPECT_FOUND(test, &table, 0, 7, 0x12345678, 0xfffffffe);
}

/* Where the next one is follows from the length, also of what is longer than we know */
static void longer_entries(struct kunit *test)
{
	struct table table;
	u8 *entry;

	begin(&table);
	entry = add_initiator(&table, 3);
	entry[1] += 9;
	table.length += 9;
	add_initiator(&table, 4);
	EXPECT_FOUND(test, &table, 3, 4);
}

static void of_others(struct kunit *test)
{
	struct table table;

	begin(&table);
	put_unaligned_le16(SEGMENT + 1, add_initiator(&table, 1) + 8);
	put_unaligned_le16(0, add_initiator(&table, 2) + 8);
	add_initiator(&table, 3)[11]++;
	add_initiator(&table, 4)[10]++;
	/* The other way around: they are no number of 16 bits */
	put_unaligned_le16(BDF, add_initiator(&table, 11) + 10);
	add_initiator(&table, 5)[3] = 0;		/* an ACPI device's handle */
	add_initiator(&table, 6)[3] = 2;
	add_initiator(&table, 7)[0] = 6;		/* a generic port */
	put_unaligned_le32(0, add_initiator(&table, 8) + 24);
	put_unaligned_le32(2, add_initiator(&table, 9) + 24);
	EXPECT_NONE(test, &table);
	add_initiator(&table, 10);
	EXPECT_FOUND(test, &table, 10);
}

static void too_short_to_be_one(struct kunit *test)
{
	struct table table;

	begin(&table);
	add_initiator(&table, 1)[1] = 31;
	table.length--;
	add_initiator(&table, 2);
	EXPECT_FOUND(test, &table, 2);
}

static void length_of_nothing(struct kunit *test)
{
	for (u8 length = 0; length < 2; length++) {
		struct table table;

		begin(&table);
		add_initiator(&table, 1);
		add_initiator(&table, 2)[1] = length;
		add_initiator(&table, 3);
		EXPECT_FOUND(test, &table, 1);
	}
}

static void past_the_end(struct kunit *test)
{
	struct table table;
	u8 *last;

	begin(&table);
	add_initiator(&table, 1);
	last = add_initiator(&table, 2);
	last[1] = 33;
	EXPECT_FOUND(test, &table, 1);
	last[1] = 255;
	EXPECT_FOUND(test, &table, 1);
	last[1] = 32;
	EXPECT_FOUND(test, &table, 1, 2);
}

/* Cut off anywhere: what is not whole does not count, and nothing behind is read */
static void cut_off(struct kunit *test)
{
	struct table table;
	size_t length;

	begin(&table);
	add_initiator(&table, 1);
	add_initiator(&table, 2);
	for (length = 0; length <= table.length; length++) {
		u8 *exact = kunit_kmalloc(test, length ?: 1, GFP_KERNEL);
		s64 above = -1;
		unsigned int nr = 0;
		u32 domain;

		KUNIT_ASSERT_NOT_NULL(test, exact);
		memcpy(exact, table.bytes, length);
		for (; coherent_srat_domain(exact, length, SEGMENT, BDF, above,
					    &domain); nr++)
			above = domain;
		KUNIT_EXPECT_EQ(test, nr, (length >= HEADER + 32) + (length >= HEADER + 64));
		kunit_kfree(test, exact);
	}
}

static struct kunit_case srat_cases[] = {
	KUNIT_CASE(all_ascending),
	KUNIT_CASE(longer_entries),
	KUNIT_CASE(of_others),
	KUNIT_CASE(too_short_to_be_one),
	KUNIT_CASE(length_of_nothing),
	KUNIT_CASE(past_the_end),
	KUNIT_CASE(cut_off),
	{ }
};

struct kunit_suite coherent_srat_suite = {
	.name = "coherent-srat",
	.test_cases = srat_cases,
};
