/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_IOMMU_H
#define COHERENT_COMPAT_IOMMU_H

#ifdef COMPAT_HAS_ATTACH_OLD	/* from 6.19 */
#define COMPAT_IOMMU_ATTACH_ARGS(domain, dev, old)			\
	struct iommu_domain *domain, struct device *dev,		\
	struct iommu_domain *old
#else
#define COMPAT_IOMMU_ATTACH_ARGS(domain, dev, old)			\
	struct iommu_domain *domain, struct device *dev
#endif

#endif
