// SPDX-License-Identifier: GPL-2.0-only
/*
 * May importers map an exported dma-buf? vfio-pci's exporter asks if the kernel
 * has patches/linux; on other kernels this code does not run.
 */
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/pfn.h>
#include <linux/types.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "../dmabuf.h"
#include "pci.h"

static bool is_poisoned(const struct coherent_aperture *ap,
			const struct phys_vec *phys_vec, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (coherent_dmabuf_range_is_poisoned(ap, PHYS_PFN(phys_vec[i].paddr),
						      PHYS_PFN(phys_vec[i].paddr +
							       phys_vec[i].len - 1)))
			return true;
	return false;
}

/* Is the memory ready? Then the next attempt succeeds. */
static int look(struct coherent_aperture *ap)
{
	int ret = coherent_access_begin(ap, COHERENT_ACCESS_MAP);

	if (!ret)
		coherent_access_end(ap);
	return ret;
}

static void look_for_importers(struct work_struct *work)
{
	look(&container_of(work, struct coherent_function, look)->ap);
}

/**
 * coherent_dmabuf_gate_init() - nobody has asked
 * @fn: a function that is not yet registered
 */
void coherent_dmabuf_gate_init(struct coherent_function *fn)
{
	INIT_WORK(&fn->look, look_for_importers);
}

/**
 * coherent_dmabuf_gate_end() - nobody will ask any more
 * @fn: the function; vfio-pci has revoked all that was exported, for good
 *
 * Context: may sleep; takes face_lock and coherent_gate.lock.
 */
void coherent_dmabuf_gate_end(struct coherent_function *fn)
{
	cancel_work_sync(&fn->look);
}

/**
 * coherent_dmabuf_may_attach() - &vfio_pci_device_ops.dmabuf_may_attach
 * @core: the function
 * @phys_vec: what was exported
 * @nr: elements of @phys_vec
 *
 * Checks whether the memory is ready when an importer attaches: one that has
 * lost a mapping to a reset need not have touched it since. Conditions that may
 * change before it maps are no reason to refuse, or to wait, now.
 *
 * Context: may sleep; no lock held. The function may be closed, or closing.
 * Return: 0; as coherent_access_begin(), but never -EAGAIN.
 */
int coherent_dmabuf_may_attach(struct vfio_pci_core_device *core,
			       const struct phys_vec *phys_vec, size_t nr)
{
	int ret = look(&to_coherent_function(&core->vdev)->ap);

	return ret == -EAGAIN ? 0 : ret;
}

/**
 * coherent_dmabuf_may_map() - &vfio_pci_device_ops.dmabuf_may_map
 * @core: the function, open
 * @phys_vec: what was exported
 * @nr: elements of @phys_vec
 *
 * The importer that maps holds the dma-buf's lock, so this takes no lock of
 * ours. If the answer changes, the mapping is revoked as soon as that lock is
 * free.
 *
 * An importer that stays attached, and maps when its hardware faults, would get
 * -EAGAIN for ever if nobody else touches the memory. So a work checks on its
 * behalf.
 *
 * Context: the reservation lock is held.
 * Return: 0; as coherent_gate_peek(); -EHWPOISON for poison that the policy
 * isolates.
 */
int coherent_dmabuf_may_map(struct vfio_pci_core_device *core,
			    const struct phys_vec *phys_vec, size_t nr)
{
	struct coherent_function *fn = to_coherent_function(&core->vdev);
	int ret = coherent_gate_peek(&fn->ap);

	if (ret == -EAGAIN)
		queue_work(system_dfl_wq, &fn->look);
	if (ret)
		return ret;
	return is_poisoned(&fn->ap, phys_vec, nr) ? -EHWPOISON : 0;
}
