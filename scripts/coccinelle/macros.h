/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read by spatch, never by a compiler: what it cannot parse without being told
 * what it stands for. A function that is not parsed is not checked.
 */
#define scoped_guard(args...)		YACFE_ITERATOR

/* As on the newest kernel: include/coherent_vfio.h, coherent/compat/vfio.h */
#define COMPAT_REGION_INFO_OP(fn)	.get_region_info_caps = fn,
#define COHERENT_VFIO_OPS_COMMON					\
	.init = vfio_pci_core_init_dev,					\
	.release = vfio_pci_core_release_dev,				\
	.request = vfio_pci_core_request,				\
	.match = vfio_pci_core_match,					\
	.match_token_uuid = vfio_pci_core_match_token_uuid,		\
	.bind_iommufd = vfio_iommufd_physical_bind,			\
	.unbind_iommufd = vfio_iommufd_physical_unbind,			\
	.attach_ioas = vfio_iommufd_physical_attach_ioas,		\
	.detach_ioas = vfio_iommufd_physical_detach_ioas,		\
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,	\
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
