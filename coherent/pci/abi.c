// SPDX-License-Identifier: GPL-2.0-only
/*
 * Was a backend built for this core? This file also has the struct layout that
 * belongs to the number (../abi.h).
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include "../abi.h"
#include "pci.h"

SIZE(coherent_abi, 28);
AT(coherent_abi, abi, 0);
AT(coherent_abi, self, 4);

SIZE(coherent_backend, 80);
AT(coherent_backend, name, 0);
AT(coherent_backend, device_size, 8);
AT(coherent_backend, discover, 16);
AT(coherent_backend, remove, 24);
AT(coherent_backend, ready, 32);
AT(coherent_backend, ready_bar, 40);
AT(coherent_backend, ready_timeout_ms, 44);
AT(coherent_backend, cxl_ready, 48);
AT(coherent_backend, bad_pages, 56);
AT(coherent_backend, reset_heals_poison, 64);
AT(coherent_backend, scrub, 68);
AT(coherent_backend, ops, 72);

/* What comes first is the kernel's */
#define AFTER_CORE(offset)						\
	(ALIGN(sizeof(struct vfio_pci_core_device), sizeof(void *)) + (offset))

AT(coherent_device, core, 0);
AT(coherent_device, backend, AFTER_CORE(0));
AT(coherent_device, ready_io, AFTER_CORE(8));
AT(coherent_device, function, AFTER_CORE(16));

SIZE(coherent_region, 32);
AT(coherent_region, bar, 0);
AT(coherent_region, memtype, 4);
AT(coherent_region, base, 8);
AT(coherent_region, length, 16);
AT(coherent_region, bar_size, 24);

SIZE(coherent_layout, 128);
AT(coherent_layout, base, 0);
AT(coherent_layout, size, 8);
AT(coherent_layout, nr_regions, 16);
AT(coherent_layout, regions, 24);
AT(coherent_layout, why, 120);

SIZE(coherent_carve, 24);
AT(coherent_carve, reserved, 0);
AT(coherent_carve, reserved_memtype, 8);
AT(coherent_carve, usable_align, 16);

static_assert(COHERENT_CACHED == 0 && COHERENT_WC == 1 && COHERENT_UC == 2, CHANGED);
static_assert(COHERENT_SCRUB_NONE == 0 && COHERENT_SCRUB_OPEN == 1 &&
	      COHERENT_SCRUB_CLOSE == 2, CHANGED);
static_assert(COHERENT_NO_BAR == -1, CHANGED);

FUNCTION(coherent_pci_probe_abi, int, struct pci_dev *, const struct coherent_backend *,
	 const struct coherent_abi *);
FUNCTION(coherent_pci_remove, void, struct pci_dev *);
FUNCTION(coherent_read_aperture, int, struct coherent_device *, const char *,
	 const char *, u64 *, u64 *);
FUNCTION(coherent_cxl_read_aperture, int, struct coherent_device *,
	 struct coherent_layout *, u64 *, u64 *);
FUNCTION(coherent_free_bar, int, struct pci_dev *);
FUNCTION(coherent_bad_page, int, struct coherent_device *, u64, u64);
FUNCTION(coherent_read_bad_pages, int, struct coherent_device *, const char *);
FUNCTION(coherent_layout_carve, int, struct coherent_layout *, u64, u64,
	 const struct coherent_carve *);
FUNCTION(coherent_layout_check, int, struct coherent_layout *, u64, u64);
FUNCTION(coherent_memory_alloc, int, u64, u64 *);
FUNCTION(coherent_memory_free, void, u64);
FUNCTION(coherent_open_device, int, struct vfio_device *);
FUNCTION(coherent_close_device, void, struct vfio_device *);
FUNCTION(coherent_read, ssize_t, struct vfio_device *, char __user *, size_t, loff_t *);
FUNCTION(coherent_write, ssize_t, struct vfio_device *, const char __user *, size_t,
	 loff_t *);
FUNCTION(coherent_mmap, int, struct vfio_device *, struct vm_area_struct *);
FUNCTION(coherent_ioctl, long, struct vfio_device *, unsigned int, unsigned long);
FUNCTION(coherent_device_feature, int, struct vfio_device *, u32, void __user *, size_t);
FUNCTION(coherent_get_region_info, int, struct vfio_device *, struct vfio_region_info *,
	 struct vfio_info_cap *);

#define SIZE_OF(type, member)	{ "struct " #type, offsetof(struct coherent_abi, member) }

static const struct {
	const char *name;
	size_t at;
} structs[] = {
	SIZE_OF(coherent_backend, backend),
	SIZE_OF(coherent_device, device),
	SIZE_OF(coherent_layout, layout),
	SIZE_OF(coherent_carve, carve),
	SIZE_OF(vfio_device_ops, ops),
};

static u32 size_at(const struct coherent_abi *abi, size_t at)
{
	return *(const u32 *)((const char *)abi + at);
}

/* Nothing else of the backend is looked at before; what is wrong is said to the log */
static int check(struct pci_dev *pdev, const struct coherent_abi *abi)
{
	static const struct coherent_abi ours = COHERENT_ABI_SEEN;

	if (abi->abi != ours.abi || abi->self != ours.self)
		return dev_err_probe(&pdev->dev, -ENOEXEC,
				     "refused: the driver was built for ABI %u of coherent-vfio, and this core has ABI %u; build the driver again with the headers of this core\n",
				     abi->abi, ours.abi);
	for (unsigned int i = 0; i < ARRAY_SIZE(structs); i++) {
		u32 its_size = size_at(abi, structs[i].at);
		u32 our_size = size_at(&ours, structs[i].at);

		if (its_size != our_size)
			return dev_err_probe(&pdev->dev, -ENOEXEC,
					     "refused: the driver was built with another %s (%u bytes, and not %u); build it again with the headers of this core, by its backend.mk\n",
					     structs[i].name, its_size, our_size);
	}
	return 0;
}

/**
 * coherent_pci_probe_abi() - what coherent_pci_probe() is for a backend built apart
 * @pdev: the function
 * @backend: what the backend knows of it; not looked at where @abi is not ours
 * @abi: what it was built with
 *
 * Context: may sleep, as long as the memory may take to become ready.
 * Return: 0, or why the function is refused; that has been said to the log.
 */
int coherent_pci_probe_abi(struct pci_dev *pdev,
			   const struct coherent_backend *backend,
			   const struct coherent_abi *abi)
{
	return check(pdev, abi) ?: coherent_pci_probe(pdev, backend);
}
EXPORT_SYMBOL_NS_GPL(coherent_pci_probe_abi, "COHERENT_VFIO_PCI");
