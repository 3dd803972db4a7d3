// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixed memory windows in ACPI's CXL Early Discovery Table: CXL r4.0, 9.18.1.3.
 * Has no kernel state. Firmware wrote the table: no length in it is trusted.
 */
#include <linux/types.h>
#include <linux/unaligned.h>

#include "cedt.h"

#define CEDT_ENTRIES		36	/* the table's header */

#define ENTRY_TYPE		0
#define ENTRY_LENGTH		2
#define ENTRY_LEAST		4

#define CFMWS			1
#define CFMWS_LENGTH		36	/* without its list of targets */
#define CFMWS_BASE		8
#define CFMWS_SIZE		16
#define CFMWS_WAYS		24	/* encoded; 0 is one */

static bool is_within(const u8 *entry, u64 base, u64 size)
{
	u64 from = get_unaligned_le64(entry + CFMWS_BASE);
	u64 length = get_unaligned_le64(entry + CFMWS_SIZE);

	return !size || (base >= from && size <= length && base - from <= length - size);
}

/**
 * coherent_cedt_window() - the window of CXL memory that a range lies in
 * @table: the whole table
 * @length: its length in bytes, all of it readable
 * @base: host-physical address of the range
 * @size: bytes of it; 0: any window will do
 * @ways: where to store over how many host bridges the window is interleaved, as
 *	the table encodes it: 0 if it is not
 *
 * What comes behind an entry that is shorter than its own header, or that does not
 * end within the table, cannot be found.
 *
 * Context: any.
 * Return: whether there is a window with all of it.
 */
bool coherent_cedt_window(const void *table, size_t length, u64 base, u64 size,
			  u8 *ways)
{
	size_t at = CEDT_ENTRIES;

	while (at < length && length - at >= ENTRY_LEAST) {
		const u8 *entry = table + at;
		size_t its_size = get_unaligned_le16(entry + ENTRY_LENGTH);

		if (its_size < ENTRY_LEAST || its_size > length - at)
			break;
		at += its_size;
		if (entry[ENTRY_TYPE] != CFMWS || its_size < CFMWS_LENGTH ||
		    !is_within(entry, base, size))
			continue;
		*ways = entry[CFMWS_WAYS];
		return true;
	}
	return false;
}
