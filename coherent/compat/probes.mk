# SPDX-License-Identifier: GPL-2.0-only
#
# Which names does the kernel that we build against have?  Each probe looks for
# a declaration, never at a version number: stable and distribution kernels
# move declarations about.  Beside each stands the range of mainline kernels
# that it is for, so that it is plain when it can go.
#
# Included by the Kbuild files; sets compat-flags.

compat-has = $(if $(shell grep -sE '$(2)' $(srctree)/include/$(1)),-DCOMPAT_HAS_$(strip $(3)))

# Until 6.17 GET_REGION_INFO was a driver's own ioctl; then an op (from 6.19)
compat-flags += $(call compat-has,linux/vfio.h,get_region_info_caps,REGION_INFO_OP)
# VF token match for iommufd binding: from 6.18
compat-flags += $(call compat-has,linux/vfio.h,[*]match_token_uuid,MATCH_TOKEN_OP)
# PASID attach: from 6.15
compat-flags += $(call compat-has,linux/vfio.h,[*]pasid_attach_ioas,PASID_OPS)
# BARs are mapped at open and handed out by a helper: 7.x; setup_barmap before
compat-flags += $(call compat-has,linux/vfio_pci_core.h,vfio_pci_core_get_iomap,GET_IOMAP)
# exported to variant drivers from 6.19
compat-flags += $(call compat-has,linux/vfio_pci_core.h,__vfio_pci_memory_enabled,MEMORY_ENABLED)
# PFNs had a type of their own, pfn_t, until 6.16
compat-flags += $(call compat-has,linux/pfn_t.h,pfn_t,PFN_T)
# alloc_contig_pages() is exported from 7.0, in the release that added this one
compat-flags += $(call compat-has,linux/gfp.h,alloc_contig_frozen_pages,CONTIG_PAGES)
# sysfs hands binary attributes to their functions as const from 6.16
compat-flags += $(call compat-has,linux/sysfs.h,^[[:space:]]ssize_t .[*]read.*const struct bin_attribute,CONST_BIN_ATTR)
# sysfs asks how large binary attributes are from 6.13
compat-flags += $(call compat-has,linux/sysfs.h,[*]bin_size,BIN_SIZE)
# arm_event tells of errors one by one, and their severity: from 6.18, and backported
compat-flags += $(call compat-has,ras/ras_event.h,pei_len,ARM_EVENT_PEI)
# IOMMU drivers are told which domain was attached before: from 6.19
compat-flags += $(call compat-has,linux/iommu.h,[*]attach_dev.*struct device [*]dev.$$,ATTACH_OLD)
# domain numbers for emulated PCI host bridges: from 6.18
compat-flags += $(call compat-has,linux/pci.h,pci_bus_find_emul_domain_nr,EMUL_DOMAIN)
# driver_override belongs to all devices: from 7.0, and backported; before, to PCI's
compat-flags += $(call compat-has,linux/device.h,device_set_driver_override,DRIVER_OVERRIDE)
# dma_buf_move_notify() was called so until 7.0
compat-flags += $(call compat-has,linux/dma-buf.h,dma_buf_invalidate_mappings,DMABUF_INVALIDATE)
# Who faults can say that it reports poison: with patches/linux and patches/linux-lts alone, whose
# second have KVM say so
compat-flags += $(call compat-has,linux/mm_types.h,FAULT_FLAG_HWPOISON =,FAULT_HWPOISON)
# Importers of dma-bufs ask the driver: with patches/linux alone
compat-flags += $(call compat-has,linux/vfio_pci_core.h,[*]dmabuf_may_map,DMABUF_MAY_MAP)
# symbol namespaces became string literals in 6.13
compat-flags += $(call compat-has,linux/module.h,MODULE_INFO.import_ns. ns.$$,STRING_NS)

# Structs in structs without a name: newer kernels are built with that anyhow (6.19),
# and have clang say nothing of it
compat-flags += -fms-extensions
compat-flags += $(if $(CONFIG_CC_IS_CLANG),-Wno-microsoft-anon-tag)

# Headers of the kernel's that older ones do not have: found after its own
compat-flags += -I$(COHERENT_COMPAT)/include
compat-flags += -include $(COHERENT_COMPAT)/compat.h
