// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/bug_pfns: some pages of memory that is in no direct map, as a driver of a device
 * shows such. Nothing is behind them, and nobody may touch them. While the file is open the
 * memory manager signals who maps them; one process at a time.
 */
#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#define FIRST	(SZ_512G >> PAGE_SHIFT)	/* beyond the machine's own memory */
#define PAGES	4

static int pfn_to_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			pgoff_t *pgoff)
{
	unsigned long nr = pfn - FIRST;

	if (nr < vma->vm_pgoff || nr - vma->vm_pgoff >= vma_pages(vma))
		return -EFAULT;
	*pgoff = nr;
	return 0;
}

static struct pfn_address_space space = {
	.node = { .start = FIRST, .last = FIRST + PAGES - 1 },
	.pfn_to_vma_pgoff = pfn_to_pgoff,
};

static int bug_pfns_open(struct inode *inode, struct file *file)
{
	/* It is the same for who comes second, and is refused */
	space.mapping = file->f_mapping;
	return register_pfn_address_space(&space);
}

static int bug_pfns_release(struct inode *inode, struct file *file)
{
	unregister_pfn_address_space(&space);
	return 0;
}

static int bug_pfns_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) > PAGES)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, FIRST,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations bug_pfns_fops = {
	.owner	 = THIS_MODULE,
	.open	 = bug_pfns_open,
	.release = bug_pfns_release,
	.mmap	 = bug_pfns_mmap,
};

static struct miscdevice bug_pfns = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "bug_pfns",
	.fops	= &bug_pfns_fops,
};

static int __init bug_pfns_init(void)
{
	return misc_register(&bug_pfns);
}
module_init(bug_pfns_init);

static void __exit bug_pfns_exit(void)
{
	misc_deregister(&bug_pfns);
}
module_exit(bug_pfns_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Memory without struct page whose users are signalled");
