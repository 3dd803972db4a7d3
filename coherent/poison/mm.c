// SPDX-License-Identifier: GPL-2.0-only
/*
 * Apertures are registered with mm, if the kernel supports it: memory_failure()
 * then signals processes that requested early signals.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "../coherent.h"
#include "private.h"

/*
 * Where in the file @pfn is, if @vma shows it. Called with i_mmap locked. A VMA
 * of the same file that does not hold the page must be told apart here: mm
 * kills the process if it finds no address in its mapping.
 */
static int pfn_to_vma_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			    pgoff_t *pgoff)
{
	unsigned long addr;

	if (!coherent_vma_address(vma, pfn, &addr))
		return -EFAULT;
	*pgoff = vma->vm_pgoff + PHYS_PFN(addr - vma->vm_start);
	return 0;
}

/**
 * coherent_mm_register() - have mm send early signals
 * @ap: the aperture, attached to its ledger
 *
 * Without it the core does.
 *
 * Context: probe; may sleep.
 */
void coherent_mm_register(struct coherent_aperture *ap)
{
	struct pfn_address_space *space = &ap->pfn_space;
	int ret;

	/* What memory_failure() does to pages of the kernel's is its own affair */
	if (ap->own_memory)
		return;
	space->node.start = ap->ledger->first;
	space->node.last = ap->ledger->last;
	space->mapping = ap->mapping;
	space->pfn_to_vma_pgoff = pfn_to_vma_pgoff;
	ret = register_pfn_address_space(space);
	ap->mm_registered = !ret;
	if (ret && ret != -EOPNOTSUPP)
		dev_warn(ap->dev,
			 "cannot register with the memory manager (%pe): early signals come from the core alone\n",
			 ERR_PTR(ret));
}

/** coherent_mm_unregister() - undo coherent_mm_register() */
void coherent_mm_unregister(struct coherent_aperture *ap)
{
	if (ap->mm_registered)
		unregister_pfn_address_space(&ap->pfn_space);
	ap->mm_registered = false;
}

/**
 * coherent_mm_knows() - does mm signal for a mapping of ours?
 * @vma: a mapping of a region
 *
 * Context: mmap_lock is held.
 * Return: whether it does.
 */
bool coherent_mm_knows(const struct vm_area_struct *vma)
{
	const struct coherent_window *win = vma->vm_private_data;

	return win->ap->mm_registered;
}
