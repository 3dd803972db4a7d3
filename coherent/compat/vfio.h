/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_VFIO_H
#define COHERENT_COMPAT_VFIO_H

#include <linux/err.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

/* vfio_pci_core_get_iomap(): 7.x; before, BARs were mapped on demand */
#ifndef COMPAT_HAS_GET_IOMAP
static inline void __iomem *
vfio_pci_core_get_iomap(struct vfio_pci_core_device *vdev, unsigned int bar)
{
	int ret = vfio_pci_core_setup_barmap(vdev, bar);

	return ret ? IOMEM_ERR_PTR(ret) : vdev->barmap[bar];
}
#endif

/* __vfio_pci_memory_enabled(): exported from 6.19 */
#ifndef COMPAT_HAS_MEMORY_ENABLED
static inline bool __vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev)
{
	__le16 cmd = *(__le16 *)&vdev->vconfig[PCI_COMMAND];

	return (__force int)vdev->pdev->current_state <
	       (__force int)PCI_D3hot &&
	       (vdev->pdev->no_command_memory ||
		(le16_to_cpu(cmd) & PCI_COMMAND_MEMORY));
}
#endif

/*
 * GET_REGION_INFO is an op of its own from 6.19.  Before, a driver's ioctl()
 * handled it: compat_ioctl() does the copying around the same op.
 */
#ifdef COMPAT_HAS_REGION_INFO_OP
#define COMPAT_REGION_INFO_OP(fn)	.get_region_info_caps = (fn),
#else
#define COMPAT_REGION_INFO_OP(fn)

int compat_vfio_pci_region_info(struct vfio_device *core_vdev,
				struct vfio_region_info *info,
				struct vfio_info_cap *caps);
#define vfio_pci_ioctl_get_region_info	compat_vfio_pci_region_info
#endif

typedef int (*compat_region_info_fn)(struct vfio_device *core_vdev,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps);

#ifdef COMPAT_HAS_REGION_INFO_OP
static inline long compat_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
				unsigned long arg,
				compat_region_info_fn region_info)
{
	return vfio_pci_core_ioctl(core_vdev, cmd, arg);
}
#else
long compat_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		  unsigned long arg, compat_region_info_fn region_info);
#endif

#ifdef COMPAT_HAS_MATCH_TOKEN_OP	/* from 6.18 */
#define COMPAT_MATCH_TOKEN_OP						\
	.match_token_uuid	= vfio_pci_core_match_token_uuid,
#else
#define COMPAT_MATCH_TOKEN_OP
#endif

#ifdef COMPAT_HAS_PASID_OPS		/* from 6.15 */
#define COMPAT_PASID_OPS						\
	.pasid_attach_ioas	= vfio_iommufd_physical_pasid_attach_ioas, \
	.pasid_detach_ioas	= vfio_iommufd_physical_pasid_detach_ioas,
#else
#define COMPAT_PASID_OPS
#endif

/* dma-buf export of real BARs for a function passed through: from 6.19 */
#ifdef COMPAT_HAS_DMABUF_OP
static inline void compat_set_dmabuf(struct vfio_pci_core_device *vdev)
{
	static const struct vfio_pci_device_ops ops = {
		.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
	};

	vdev->pci_ops = &ops;
}
#else
static inline void compat_set_dmabuf(struct vfio_pci_core_device *vdev) { }
#endif

#endif
