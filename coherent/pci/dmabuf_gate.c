// SPDX-License-Identifier: GPL-2.0-only
/*
 * May others map what is exported? vfio-pci's exporter asks where the kernel has
 * patches/linux; elsewhere nothing here runs.
 */
#include <linux/dma-buf-mapping.h>
#include <linux/errno.h>
#include <linux/pfn.h>
#include <linux/vfio_pci_core.h>

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

/**
 * coherent_dmabuf_may_attach() - &vfio_pci_device_ops.dmabuf_may_attach
 * @core: the function
 * @phys_vec: what was exported
 * @nr: elements of @phys_vec
 *
 * An importer comes: look whether the memory is ready, for who has lost a mapping to a
 * reset need not have touched it since. What may be otherwise when it maps is no reason
 * to refuse, or to wait, now.
 *
 * Context: may sleep; no lock held. The function may be closed, or closing.
 * Return: 0; as coherent_access_begin(), but never -EAGAIN.
 */
int coherent_dmabuf_may_attach(struct vfio_pci_core_device *core,
			       const struct phys_vec *phys_vec, size_t nr)
{
	struct coherent_aperture *ap = &to_coherent_function(&core->vdev)->ap;
	int ret = coherent_access_begin(ap, COHERENT_ACCESS_MAP);

	if (!ret)
		coherent_access_end(ap);
	return ret == -EAGAIN ? 0 : ret;
}

/**
 * coherent_dmabuf_may_map() - &vfio_pci_device_ops.dmabuf_may_map
 * @core: the function, open
 * @phys_vec: what was exported
 * @nr: elements of @phys_vec
 *
 * An importer maps, and holds the dma-buf's lock: so no lock of ours. Should the answer
 * change, the mapping is taken away as soon as that lock can be had.
 *
 * Context: the reservation lock is held.
 * Return: 0; as coherent_gate_peek(); -EHWPOISON for poison that the policy isolates.
 */
int coherent_dmabuf_may_map(struct vfio_pci_core_device *core,
			    const struct phys_vec *phys_vec, size_t nr)
{
	const struct coherent_aperture *ap = &to_coherent_function(&core->vdev)->ap;
	int ret = coherent_gate_peek(ap);

	if (ret)
		return ret;
	return is_poisoned(ap, phys_vec, nr) ? -EHWPOISON : 0;
}
