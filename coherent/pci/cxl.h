/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CXL.mem of a function: how it is found, and what the files about it share.
 *
 *	cxl.c		is it ready? And what the DVSEC says of its ranges
 *	cxl_registers.c	the registers behind BARs
 *	cxl_decoders.c	HDM decoders among them
 *	cedt.c		PURE: windows that firmware has for such memory
 *	cxl_aperture.c	all of it together: the aperture
 *	cxl_keep.c	nobody else changes how it decodes
 */
#ifndef COHERENT_CXL_H
#define COHERENT_CXL_H

#include <linux/bitops.h>
#include <linux/compiler_types.h>
#include <linux/kconfig.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct coherent_function;
struct pci_dev;
struct vfio_info_cap;
struct vfio_region_info;

/* Of the ids that the Register Locator has for blocks of registers */
#define COHERENT_CXL_COMPONENT	1
#define COHERENT_CXL_DEVICE	3

/* What a block has at most, and how it is aligned */
#define COHERENT_CXL_BLOCK_SIZE	SZ_64K

/**
 * struct coherent_cxl_block - a block of registers
 * @bar: that it is in; -1 for none
 * @offset: where in the BAR
 */
struct coherent_cxl_block {
	int bar;
	u64 offset;
};

/**
 * struct coherent_cxl_span - memory without a gap
 * @base: host-physical address
 * @size: in bytes; 0 for none yet
 */
struct coherent_cxl_span {
	u64 base;
	u64 size;
};

/**
 * struct coherent_cxl - of a function whose aperture is its CXL.mem
 * @dvsec: config offset of its CXL Device DVSEC; 0: its aperture is none
 * @kept: of each dword of config space: is what a user writes to it ignored?
 * @component: where the registers are that tell how it decodes
 * @by_ranges: the DVSEC's ranges decode it; else decoders do
 * @control: CXL Control as firmware has set it
 * @ranges: bases as firmware has set them: high, low
 */
struct coherent_cxl {
	u16 dvsec;
	DECLARE_BITMAP(kept, PCI_CFG_SPACE_EXP_SIZE / sizeof(u32));
	struct coherent_cxl_block component;
	bool by_ranges;
	u16 control;
	u32 ranges[2][2];
};

/* cxl.c */
unsigned int coherent_cxl_find(struct pci_dev *pdev, u16 *dvsec);
u64 coherent_cxl_memory(struct pci_dev *pdev);
int coherent_cxl_range_size(struct pci_dev *pdev, u16 dvsec, unsigned int i,
			    u64 *size);
int coherent_cxl_ready(struct coherent_function *fn, unsigned int *timeout_ms);

/* cxl_registers.c */
void coherent_cxl_locate(struct pci_dev *pdev, u8 id,
			 struct coherent_cxl_block *block);
void __iomem *coherent_cxl_map(struct pci_dev *pdev,
			       const struct coherent_cxl_block *block);
void coherent_cxl_unmap(struct pci_dev *pdev,
			const struct coherent_cxl_block *block,
			void __iomem *io);
const char *coherent_cxl_media_trouble(void __iomem *io);

/* cxl_decoders.c */
int coherent_cxl_span_add(struct coherent_cxl_span *span, u64 base, u64 size);
int coherent_cxl_decoders(void __iomem *component,
			  struct coherent_cxl_span *span, const char **why);

/* cxl_keep.c */
int coherent_cxl_keep(struct coherent_function *fn, struct coherent_cxl *cxl);
int coherent_cxl_decodes(struct coherent_function *fn);
bool coherent_cxl_has_component(const struct coherent_function *fn);
bool coherent_cxl_is_component(const struct coherent_function *fn, unsigned int index);
bool coherent_cxl_refuses(const struct coherent_function *fn, unsigned int cmd);
bool coherent_cxl_keeps_config(const struct coherent_function *fn, u64 pos,
			       size_t *len);
bool coherent_cxl_keeps(const struct coherent_function *fn, unsigned int index,
			u64 off, u64 count);
bool coherent_cxl_write_vanishes(const struct coherent_function *fn,
				 unsigned int index, u64 off, size_t *count);
int coherent_cxl_region_info(const struct coherent_function *fn,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps);

#if IS_ENABLED(CONFIG_KUNIT)	/* VISIBLE_IF_KUNIT */
/* cxl_aperture.c */
int coherent_cxl_window(u64 base, u64 size, u8 *ways);
/* cxl_keep.c */
void coherent_cxl_keep_dvsec(struct coherent_cxl *cxl, unsigned int at, unsigned int length);
#endif

#endif /* COHERENT_CXL_H */
