// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a function's CXL.mem decodes is the host's affair. A user who changed it
 * would leave the host's CPU with addresses that nothing answers.
 *
 * So users read the CXL DVSECs and the component registers, and what they write
 * there by file I/O is ignored. Mappings, ioeventfds and dma-bufs of these
 * registers are refused. (vfio-pci passes all of it on.) Of the DVSECs it is all of
 * CXL's: beside the Device DVSEC there is the link's (which protocols it speaks), the
 * one for a flush before power is lost, and the one for a test of compliance, by
 * which the function itself would write to the host's memory.
 *
 * A reset of the bus disables CXL.mem. The kernel does not know of it, so the
 * DVSEC is restored here, when readiness is asked for; see there. Committed
 * decoders are lost for good.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/dev_printk.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "cxl.h"
#include "pci.h"

#define KEPT_BITS	((unsigned int)(PCI_CFG_SPACE_EXP_SIZE / sizeof(u32)))

/* Their next pointers may be a circle, and each has two dwords at least */
#define MOST_CAPABILITIES	((PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8)

/*
 * coherent_cxl_keep_dvsec() - a DVSEC, as long as it says or must be; config space ends
 * somewhere, whatever it says
 */
VISIBLE_IF_KUNIT void coherent_cxl_keep_dvsec(struct coherent_cxl *cxl, unsigned int at,
					      unsigned int length)
{
	unsigned int first = at / sizeof(u32);
	unsigned int end = min_t(unsigned int, DIV_ROUND_UP(at + length, sizeof(u32)), KEPT_BITS);

	bitmap_set(cxl->kept, first, end - first);
}

/* All of CXL's; the Device DVSEC is one of them, or config space does not say what there is */
static int keep_dvsecs(struct pci_dev *pdev, struct coherent_cxl *cxl)
{
	unsigned int left = MOST_CAPABILITIES;
	bool met = false;
	u32 header;
	u16 at = 0;

	while (left-- && (at = pci_find_next_ext_capability(pdev, at, PCI_EXT_CAP_ID_DVSEC))) {
		if (pci_read_config_dword(pdev, at + PCI_DVSEC_HEADER1, &header) ||
		    PCI_POSSIBLE_ERROR(header))
			return -ENODEV;
		if (PCI_DVSEC_HEADER1_VID(header) != PCI_VENDOR_ID_CXL)
			continue;
		coherent_cxl_keep_dvsec(cxl, at, PCI_DVSEC_HEADER1_LEN(header));
		met = met || at == cxl->dvsec;
	}
	return met ? 0 : -ENODEV;
}

/**
 * coherent_cxl_keep() - from now on it stays as it is
 * @fn: the function, in coherent_backend.discover
 * @cxl: as firmware has set it up; what users cannot write is filled in
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -ENODEV for a function that does not answer.
 */
int coherent_cxl_keep(struct coherent_function *fn, struct coherent_cxl *cxl)
{
	int ret = keep_dvsecs(fn->cdev->core.pdev, cxl);

	if (ret)
		return ret;
	/* Whatever it says of its length, these registers are there */
	coherent_cxl_keep_dvsec(cxl, cxl->dvsec, PCI_DVSEC_CXL_RANGE_BASE_LOW(1) + sizeof(u32));
	fn->cxl = *cxl;
	return 0;
}

static bool has_range(struct coherent_function *fn, unsigned int i)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;
	const struct coherent_cxl *cxl = &fn->cxl;
	u32 high, low;

	return !pci_read_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_HIGH(i), &high) &&
	       !pci_read_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_LOW(i), &low) &&
	       high == cxl->ranges[i][0] &&
	       !((low ^ cxl->ranges[i][1]) & PCI_DVSEC_CXL_MEM_BASE_LOW);
}

/* 1 if it is as firmware has set it up, as far as the DVSEC tells; 0 if not; -ENODEV */
static int is_set_up(struct coherent_function *fn)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;
	u16 control;

	if (pci_read_config_word(pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_CTRL, &control) ||
	    PCI_POSSIBLE_ERROR(control))
		return -ENODEV;
	if (!(control & PCI_DVSEC_CXL_MEM_ENABLE))
		return 0;
	for (unsigned int i = 0; fn->cxl.by_ranges && i < CXL_DVSEC_RANGE_MAX; i++)
		if (!has_range(fn, i))
			return 0;
	return 1;
}

/* Bases first: until it is enabled nothing decodes */
static void restore(struct coherent_function *fn)
{
	const struct coherent_cxl *cxl = &fn->cxl;
	struct pci_dev *pdev = fn->cdev->core.pdev;

	for (unsigned int i = 0; i < CXL_DVSEC_RANGE_MAX; i++) {
		pci_write_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_HIGH(i),
				       cxl->ranges[i][0]);
		pci_write_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_LOW(i),
				       cxl->ranges[i][1]);
	}
	pci_write_config_word(pdev, cxl->dvsec + PCI_DVSEC_CXL_CTRL, cxl->control);
}

/**
 * coherent_cxl_decodes() - does the memory still decode as firmware has set it up?
 * @fn: the function, whose aperture is its CXL.mem, which is active
 *
 * Of decoders only CXL Control is looked at; they are lost together.
 *
 * Context: may sleep as config accesses do; nobody maps or copies meanwhile whom
 * the answer lets in. Two that ask at once restore the same.
 * Return: 0; -ENODEV when the function does not answer; -EIO for memory that a reset has
 * disabled, for good.
 */
int coherent_cxl_decodes(struct coherent_function *fn)
{
	int ret;

	ret = is_set_up(fn);
	if (!ret && fn->cxl.by_ranges) {
		restore(fn);
		ret = is_set_up(fn);
	}
	if (ret)
		return min(ret, 0);
	dev_err_ratelimited(fn->ap.dev,
			    "a reset has disabled the function's CXL.mem, which firmware alone can set up again: reboot\n");
	return -EIO;
}

/**
 * coherent_cxl_refuses() - an ioctl that would make an end of the memory
 * @fn: the function
 * @cmd: VFIO_DEVICE_*
 *
 * A reset of the bus loses committed decoders, for all users to come. Such a function
 * has no hot reset, and says so when asked.
 *
 * Context: any.
 * Return: whether it would.
 */
bool coherent_cxl_refuses(const struct coherent_function *fn, unsigned int cmd)
{
	return fn->cxl.dvsec && !fn->cxl.by_ranges &&
	       (cmd == VFIO_DEVICE_PCI_HOT_RESET ||
		cmd == VFIO_DEVICE_GET_PCI_HOT_RESET_INFO);
}

/**
 * coherent_cxl_keeps_config() - is what a user writes to config space ignored?
 * @fn: the function
 * @pos: first byte
 * @len: how many, not 0; cut to as many as have the same answer
 *
 * Context: any.
 * Return: whether it is.
 */
bool coherent_cxl_keeps_config(const struct coherent_function *fn, u64 pos,
			       size_t *len)
{
	unsigned long dword = pos / sizeof(u32), end;
	bool kept;

	if (pos >= PCI_CFG_SPACE_EXP_SIZE)
		return false;
	kept = test_bit(dword, fn->cxl.kept);
	end = kept ? find_next_zero_bit(fn->cxl.kept, KEPT_BITS, dword) :
		     find_next_bit(fn->cxl.kept, KEPT_BITS, dword);
	/* Behind the end of config space nothing is kept */
	if (kept || end < KEPT_BITS)
		*len = min_t(u64, *len, end * sizeof(u32) - pos);
	return kept;
}

/** coherent_cxl_has_component() - are there component registers to be kept? */
bool coherent_cxl_has_component(const struct coherent_function *fn)
{
	return fn->cxl.dvsec && fn->cxl.component.bar >= 0;
}

/** coherent_cxl_is_component() - are they in this region? */
bool coherent_cxl_is_component(const struct coherent_function *fn, unsigned int index)
{
	return coherent_cxl_has_component(fn) && index == fn->cxl.component.bar;
}

/**
 * coherent_cxl_keeps() - are registers there that a user must not change?
 * @fn: the function
 * @index: of the region, any value
 * @off: first byte in it
 * @count: bytes
 *
 * Context: any.
 * Return: whether there are.
 */
bool coherent_cxl_keeps(const struct coherent_function *fn, unsigned int index,
			u64 off, u64 count)
{
	u64 first = fn->cxl.component.offset;

	return coherent_cxl_is_component(fn, index) && off < first + COHERENT_CXL_BLOCK_SIZE &&
	       (off >= first || count > first - off);
}

/**
 * coherent_cxl_write_vanishes() - a user writes to a region
 * @fn: the function
 * @index: of the region, any value
 * @off: first byte in it
 * @count: bytes, not 0; cut to as many as go the same way
 *
 * Context: any.
 * Return: whether they are to be ignored.
 */
bool coherent_cxl_write_vanishes(const struct coherent_function *fn,
				 unsigned int index, u64 off, size_t *count)
{
	u64 first = fn->cxl.component.offset;

	if (!coherent_cxl_keeps(fn, index, off, *count))
		return false;
	if (off < first) {
		*count = first - off;
		return false;
	}
	*count = min_t(u64, *count, first + COHERENT_CXL_BLOCK_SIZE - off);
	return true;
}

static int add_areas(struct vfio_region_info *info, struct vfio_info_cap *caps,
		     u64 first, u64 end)
{
	DEFINE_RAW_FLEX(struct vfio_region_info_cap_sparse_mmap, sparse, areas, 2);
	unsigned int n = 0;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	if (first) {
		sparse->areas[n].offset = 0;
		sparse->areas[n++].size = first;
	}
	if (end < info->size) {
		sparse->areas[n].offset = end;
		sparse->areas[n++].size = info->size - end;
	}
	sparse->nr_areas = n;
	if (!n)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return vfio_info_add_capability(caps, &sparse->header,
					struct_size(sparse, areas, n));
}

/* The table of interrupts is in it: it can be mapped all the same, as vfio-pci says */
static int add_msix(struct vfio_info_cap *caps)
{
	struct vfio_info_cap_header header = {
		.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, .version = 1,
	};

	return vfio_info_add_capability(caps, &header, sizeof(header));
}

/**
 * coherent_cxl_region_info() - what of the BAR with component registers can be mapped
 * @fn: the function
 * @info: the BAR's index in, the rest out
 * @caps: capabilities are added here
 *
 * In the place of vfio-pci's answer, which knows nothing of what is kept.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_cxl_region_info(const struct coherent_function *fn,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	const struct vfio_pci_core_device *core = &fn->cdev->core;
	u64 first = fn->cxl.component.offset;
	int ret;

	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = pci_resource_len(core->pdev, info->index);
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!core->bar_mmap_supported[info->index])
		return 0;
	ret = add_areas(info, caps, first, first + COHERENT_CXL_BLOCK_SIZE);
	if (!ret && info->index == core->msix_bar)
		ret = add_msix(caps);
	return ret;
}
