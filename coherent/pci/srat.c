// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic initiators in ACPI's System Resource Affinity Table: ACPI 6.5, 5.2.16.6. Has
 * no kernel state. Firmware wrote the table: no length in it is trusted.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include "srat.h"

/* The table's header, a reserved word and a reserved double word */
#define SRAT_ENTRIES		48

#define ENTRY_TYPE		0
#define ENTRY_LENGTH		1
#define ENTRY_LEAST		2

#define GENERIC_INITIATOR	5
#define GI_LENGTH		32
#define GI_HANDLE_TYPE		3
#define GI_HANDLE_PCI		1
#define GI_DOMAIN		4
#define GI_SEGMENT		8
#define GI_BUS			10
#define GI_DEVFN		11	/* device in the upper 5 bits */
#define GI_FLAGS		24
#define GI_ENABLED		BIT(0)

static bool is_ours(const u8 *entry, u16 segment, u16 bdf)
{
	return entry[ENTRY_TYPE] == GENERIC_INITIATOR &&
	       entry[ENTRY_LENGTH] >= GI_LENGTH &&
	       entry[GI_HANDLE_TYPE] == GI_HANDLE_PCI &&
	       get_unaligned_le16(entry + GI_SEGMENT) == segment &&
	       entry[GI_BUS] == bdf >> 8 && entry[GI_DEVFN] == (bdf & 0xff) &&
	       get_unaligned_le32(entry + GI_FLAGS) & GI_ENABLED;
}

/**
 * coherent_srat_domain() - a proximity domain of a PCI function
 * @table: the whole table
 * @length: its length in bytes, all of it readable
 * @segment: the function's PCI segment
 * @bdf: bus in the upper byte, device and function in the lower one
 * @above: only domains above this one; -1 for all
 * @domain: where to store the lowest of these
 *
 * What comes behind an entry that is shorter than its own header, or that does not end
 * within the table, cannot be found.
 *
 * Context: any.
 * Return: whether there is one.
 */
bool coherent_srat_domain(const void *table, size_t length, u16 segment, u16 bdf,
			  s64 above, u32 *domain)
{
	size_t at = SRAT_ENTRIES;
	bool found = false;

	while (at < length && length - at >= ENTRY_LEAST) {
		const u8 *entry = table + at;
		size_t size = entry[ENTRY_LENGTH];
		u32 its;

		if (size < ENTRY_LEAST || size > length - at)
			break;
		at += size;
		if (!is_ours(entry, segment, bdf))
			continue;
		its = get_unaligned_le32(entry + GI_DOMAIN);
		if (its > above && (!found || its < *domain)) {
			*domain = its;
			found = true;
		}
	}
	return found;
}
