/* SPDX-License-Identifier: GPL-2.0-only */
/* From 6.19 a header of the kernel's own, which is found first */
#ifndef COHERENT_COMPAT_MEMORY_FAILURE_H
#define COHERENT_COMPAT_MEMORY_FAILURE_H

#include <linux/errno.h>
#include <linux/interval_tree.h>
#include <linux/types.h>

struct address_space;
struct vm_area_struct;

struct pfn_address_space {
	struct interval_tree_node node;
	struct address_space *mapping;
	int (*pfn_to_vma_pgoff)(struct vm_area_struct *vma, unsigned long pfn,
				pgoff_t *pgoff);
};

static inline int register_pfn_address_space(struct pfn_address_space *space)
{
	return -EOPNOTSUPP;
}

static inline void unregister_pfn_address_space(struct pfn_address_space *space)
{
}

#endif
