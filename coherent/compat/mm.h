/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_MM_H
#define COHERENT_COMPAT_MM_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mm_types.h>

#ifndef COMPAT_HAS_FAULT_HWPOISON	/* KVM never reports poison of ours */
#define FAULT_FLAG_HWPOISON	0U
#endif

#ifndef COMPAT_HAS_CONTIG_PAGES	/* there before 7.0, too, but not for modules */
struct page *compat_alloc_contig_pages(unsigned long nr_pages, gfp_t gfp,
				       int nid, nodemask_t *nodemask);
#undef alloc_contig_pages
#define alloc_contig_pages	compat_alloc_contig_pages
#endif

#ifdef COMPAT_HAS_PFN_T	/* until 6.16 */
#include <linux/pfn_t.h>

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static inline vm_fault_t
compat_vmf_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

#define vmf_insert_pfn_pmd compat_vmf_insert_pfn_pmd
#endif

#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
static inline vm_fault_t
compat_vmf_insert_pfn_pud(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return vmf_insert_pfn_pud(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

#define vmf_insert_pfn_pud compat_vmf_insert_pfn_pud
#endif
#endif /* COMPAT_HAS_PFN_T */

#endif
