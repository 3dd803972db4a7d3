/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an aperture looks like to userspace: regions, fake BARs and how a file
 * offset falls on them.
 *
 * Nothing here knows of kernel state.  The three files that implement it
 * (layout.c, bar.c, clip.c) are compiled for the kernel and for userspace, so
 * that every input can be tried without a machine.
 */
#ifndef COHERENT_LAYOUT_H
#define COHERENT_LAYOUT_H

#include <linux/bits.h>
#include <linux/types.h>

/**
 * enum coherent_memtype - how the CPU may map a region
 */
enum coherent_memtype {
	/** @COHERENT_CACHED: write-back, like ordinary memory */
	COHERENT_CACHED,
	/** @COHERENT_WC: write-combining; Normal-NC on arm64 */
	COHERENT_WC,
	/** @COHERENT_UC: uncached; Device memory on arm64 */
	COHERENT_UC,
};

/* 64-bit BARs take two of the six slots each */
#define COHERENT_MAX_REGIONS	3

/*
 * vfio-pci gives each region a window of 2^40 bytes in the file offset
 * (VFIO_PCI_OFFSET_SHIFT); a larger BAR could not be addressed.
 */
#define COHERENT_MAX_BAR_SIZE	BIT_ULL(40)

/**
 * struct coherent_region - a part of an aperture, shown as one 64-bit BAR
 * @bar: first of the two BAR slots: 0, 2 or 4
 * @memtype: how it may be mapped
 * @base: host-physical address of the first byte, page aligned
 * @length: usable length in bytes: what memory backs, page aligned, not 0
 * @bar_size: @length rounded up to a power of two
 */
struct coherent_region {
	u8 bar;
	enum coherent_memtype memtype;
	u64 base;
	u64 length;
	u64 bar_size;
};

/**
 * struct coherent_layout - an aperture and the regions that it is cut into
 * @base: host-physical address of the aperture
 * @size: its size in bytes
 * @nr_regions: how many of @regions are in use
 * @regions: disjoint parts of the aperture, each on a BAR of its own
 * @why: when a layout is refused, the reason for a person to read
 */
struct coherent_layout {
	u64 base;
	u64 size;
	unsigned int nr_regions;
	struct coherent_region regions[COHERENT_MAX_REGIONS];
	const char *why;
};

/**
 * struct coherent_carve - policy: what of an aperture must not be cached
 * @reserved: bytes to keep for the reserved part at the end; 0 for none
 * @reserved_memtype: how the reserved part is mapped
 * @usable_align: the usable part is rounded down to a multiple of this power
 *	of two, the rest goes to the reserved part; 0 for no rounding
 */
struct coherent_carve {
	u64 reserved;
	enum coherent_memtype reserved_memtype;
	u64 usable_align;
};

/* Where vendors' guest drivers look for the two parts */
#define COHERENT_USABLE_BAR	4
#define COHERENT_RESERVED_BAR	2

int coherent_layout_carve(struct coherent_layout *layout, u64 base, u64 size,
			  const struct coherent_carve *policy);
int coherent_layout_check(struct coherent_layout *layout, u64 page_size,
			  u64 last_addr);
int coherent_layout_check_bars(struct coherent_layout *layout);

/**
 * struct coherent_bar_reg - the register pair of one fake 64-bit BAR
 * @offset: config space offset of the first byte: 0x10, 0x18 or 0x20
 * @size: BAR size in bytes, a power of two
 * @value: what was last written; reads mask it with @size
 */
struct coherent_bar_reg {
	u16 offset;
	u64 size;
	u64 value;
};

#define COHERENT_BAR_REG_BYTES	8

size_t coherent_bar_overlap(const struct coherent_bar_reg *reg, u64 pos,
			    size_t count, size_t *buf_off, size_t *reg_off);
void coherent_bar_read(const struct coherent_bar_reg *reg, size_t reg_off,
		       u8 *bytes, size_t count);
void coherent_bar_write(struct coherent_bar_reg *reg, size_t reg_off,
			const u8 *bytes, size_t count);

/**
 * struct coherent_clip - what a file access of a region falls on
 * @device: bytes that memory backs
 * @tail: bytes after them up to the BAR size: reads give ~0, writes vanish
 *
 * Bytes past the BAR size belong to neither: the access is short.
 */
struct coherent_clip {
	u64 device;
	u64 tail;
};

int coherent_clip(const struct coherent_region *region, u64 pos, u64 count,
		  struct coherent_clip *clip);

#endif /* COHERENT_LAYOUT_H */
