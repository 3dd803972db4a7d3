// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of an aperture's poison as users of the device read it, by region;
 * include/uapi/coherent_vfio.h.
 */
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include <uapi/coherent_vfio.h>

#include "../coherent.h"
#include "private.h"

/* A piece of the list, at @off; @pos is where the next bytes go */
struct piece {
	u64 off;
	char *buf;
	size_t count;
	u64 pos;
};

static void put(struct piece *piece, const void *data, size_t n)
{
	u64 from = max(piece->pos, piece->off);
	u64 to = min(piece->pos + n, piece->off + piece->count);

	if (from < to)
		memcpy(piece->buf + (from - piece->off),
		       data + (from - piece->pos), to - from);
	piece->pos += n;
}

/* Is there more to be stored? The header counts all. */
static bool wants_more(const struct piece *piece)
{
	return piece->off < sizeof(struct coherent_vfio_poison_header) ||
	       piece->pos < piece->off + piece->count;
}

static u64 list_region(const struct coherent_region *region, struct piece *piece)
	__must_hold(&coherent_ledger_lock)
{
	unsigned long base = PHYS_PFN(region->base);
	unsigned long last = base + PHYS_PFN(region->length) - 1;
	struct coherent_vfio_poison_range range = { .region = region->bar };
	unsigned long first = base, end;
	u64 nr = 0;

	lockdep_assert_held(&coherent_ledger_lock);

	for (; wants_more(piece) && coherent_pages_find(&first, &end, last);
	     first = end + 1) {
		range.offset = PFN_PHYS(first - base);
		range.length = PFN_PHYS(end - first + 1);
		put(piece, &range, sizeof(range));
		nr++;
		if (end == last)
			break;
	}
	return nr;
}

/**
 * coherent_poison_list_size() - of the list, at its longest
 * @ap: the aperture
 *
 * Return: bytes.
 */
u64 coherent_poison_list_size(const struct coherent_aperture *ap)
{
	u64 pages = 0;

	/* Every other page */
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		pages += PHYS_PFN(ap->layout.regions[i].length) / 2 + 1;
	return sizeof(struct coherent_vfio_poison_header) +
	       pages * sizeof(struct coherent_vfio_poison_range);
}

/**
 * coherent_poison_list() - a piece of the list
 * @ap: the aperture, attached
 * @irq_index: for the header
 * @off: byte of the list to begin at
 * @buf: where to
 * @count: bytes; those behind the end of the list are 0
 *
 * Context: may sleep, killably; takes coherent_ledger_lock, so that a piece is as the
 * list was at one moment.
 * Return: how many of the bytes are of the list; -EINTR when killed.
 */
ssize_t coherent_poison_list(const struct coherent_aperture *ap, u32 irq_index,
			     u64 off, void *buf, size_t count)
{
	struct coherent_vfio_poison_header header = {
		.header_size = sizeof(header),
		.range_size = sizeof(struct coherent_vfio_poison_range),
		.irq_index = irq_index,
	};
	struct piece piece = {
		.off = off, .buf = buf, .count = count, .pos = sizeof(header),
	};
	u64 end;

	memset(buf, 0, count);
	if (mutex_lock_killable(&coherent_ledger_lock))
		return -EINTR;
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		header.nr_ranges += list_region(&ap->layout.regions[i], &piece);
	header.sequence = ap->ledger->sequence;
	mutex_unlock(&coherent_ledger_lock);

	end = piece.pos;
	piece.pos = 0;
	put(&piece, &header, sizeof(header));
	return end > off ? min_t(u64, end - off, count) : 0;
}

/**
 * coherent_poison_spans() - the poison of an aperture with one region
 * @ap: the aperture, attached
 * @spans: where to store it, by ascending offset; what is more than @room is not
 * @room: how many there is place for
 *
 * Context: may sleep; takes coherent_ledger_lock.
 * Return: how many there are.
 */
u32 coherent_poison_spans(const struct coherent_aperture *ap,
			  struct coherent_poison_span *spans, u32 room)
{
	const struct coherent_region *region = &ap->layout.regions[0];
	unsigned long base = PHYS_PFN(region->base);
	unsigned long last = base + PHYS_PFN(region->length) - 1;
	unsigned long first = base, end;
	u32 nr = 0;

	guard(mutex)(&coherent_ledger_lock);
	for (; coherent_pages_find(&first, &end, last); first = end + 1) {
		if (nr < room)
			spans[nr] = (struct coherent_poison_span) {
				.offset = PFN_PHYS(first - base),
				.length = PFN_PHYS(end - first + 1),
			};
		nr++;
		if (end == last)
			break;
	}
	return nr;
}
