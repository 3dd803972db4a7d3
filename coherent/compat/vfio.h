/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_VFIO_H
#define COHERENT_COMPAT_VFIO_H

#include <linux/err.h>
#include <linux/kconfig.h>
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
 * What tables of operations have had no place for: a table of ours begins with the
 * kernel's, so that a pointer to the one is one to the other. (By -fms-extensions,
 * which newer kernels are built with, and probes.mk gives to older ones.)
 */
#ifndef COMPAT_HAS_REGION_INFO_OP
#define COMPAT_OWN_OPS
#endif
#if !defined(COMPAT_HAS_MATCH_TOKEN_OP) || !defined(COMPAT_HAS_PASID_OPS)
#define COMPAT_OWN_OPS
#endif

#ifdef COMPAT_OWN_OPS
typedef struct vfio_device_ops compat_vfio_device_ops_t;

struct compat_vfio_device_ops {
	struct vfio_device_ops;
#ifndef COMPAT_HAS_REGION_INFO_OP	/* from 6.19 */
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
#endif
#ifndef COMPAT_HAS_MATCH_TOKEN_OP	/* from 6.18 */
	void *match_token_uuid;
#define vfio_pci_core_match_token_uuid	NULL
#endif
#ifndef COMPAT_HAS_PASID_OPS		/* from 6.15 */
	void *pasid_attach_ioas;
	void *pasid_detach_ioas;
#define vfio_iommufd_physical_pasid_attach_ioas	NULL
#define vfio_iommufd_physical_pasid_detach_ioas	NULL
#endif
};

#define vfio_device_ops	compat_vfio_device_ops
#define _vfio_alloc_device(size, dev, ops)				\
	_vfio_alloc_device(size, dev, (const compat_vfio_device_ops_t *)(ops))
#endif

/* Asked by the exporter of dma-bufs with patches/linux alone */
#ifndef COMPAT_HAS_DMABUF_MAY_MAP
#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
struct compat_vfio_pci_device_ops {
	struct vfio_pci_device_ops;
	int (*dmabuf_may_attach)(struct vfio_pci_core_device *vdev,
				 const struct phys_vec *phys_vec,
				 size_t nr_ranges);
	int (*dmabuf_may_map)(struct vfio_pci_core_device *vdev,
			      const struct phys_vec *phys_vec,
			      size_t nr_ranges);
};

#define vfio_pci_device_ops	compat_vfio_pci_device_ops
#endif
#endif

/*
 * GET_REGION_INFO was a case of a driver's ioctl(), which copies for itself, until
 * 6.17: region_info.c does that around the op above.
 */
#ifndef COMPAT_HAS_REGION_INFO_OP
int compat_vfio_pci_region_info(struct vfio_device *core_vdev,
				struct vfio_region_info *info,
				struct vfio_info_cap *caps);
long compat_vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
				unsigned long arg);
#define vfio_pci_ioctl_get_region_info	compat_vfio_pci_region_info
#define vfio_pci_core_ioctl		compat_vfio_pci_core_ioctl
#endif

#endif
