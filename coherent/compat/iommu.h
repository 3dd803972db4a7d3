/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_IOMMU_H
#define COHERENT_COMPAT_IOMMU_H

/* IOMMU drivers are told which domain was attached before: from 6.19 */
#ifndef COMPAT_HAS_ATTACH_OLD
#define soft_attach(domain, dev, old)	soft_attach(domain, dev)
#endif

#endif
