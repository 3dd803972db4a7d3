// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions exported as dma-bufs, by vfio-pci's exporter: iommufd imports from no
 * other.
 *
 * That exporter revokes its dma-bufs when vfio-pci resets the function, puts it
 * to sleep, or has its memory decoding turned off, and at close. It is not
 * notified of anything else that ends mappings (other resets, errors on the
 * link, suspend, poison): for those coherent_dmabufs_revoke() takes importers'
 * mappings away. Only the exporter can keep an importer from mapping the same
 * dma-buf again meanwhile: it asks dmabuf_gate.c first, if the kernel has
 * patches/linux; other kernels ask nobody.
 *
 * The exporter does not say which dma-buf it made, either. The tracepoint
 * dma_buf_export does, in the exporting task and before anybody can have the
 * dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/dma-buf-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/pci-p2pdma.h>
#include <linux/pfn.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <trace/events/dma_buf.h>

#include "../dmabuf.h"
#include "cxl.h"
#include "pci.h"

/**
 * struct making - an export, while it is made
 * @node: in @in_the_making
 * @task: which makes it
 * @buf: what will be; NULL while it is not known
 */
struct making {
	struct list_head node;
	struct task_struct *task;
	struct coherent_dmabuf *buf;
};

static LIST_HEAD(in_the_making);
/* Protects the list; a tracepoint takes it */
static DEFINE_RAW_SPINLOCK(making_lock);

static struct making *find_making(void)
{
	struct making *making, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&making_lock, flags);
	list_for_each_entry(making, &in_the_making, node)
		if (making->task == current)
			found = making;
	raw_spin_unlock_irqrestore(&making_lock, flags);
	return found;
}

static void exported(void *data, struct dma_buf *dmabuf)
{
	struct making *making = find_making();

	if (making && making->buf)
		coherent_dmabuf_exported(making->buf, dmabuf);
}

static struct tracepoint *event;

/**
 * coherent_dmabuf_init() - at module init: hear of dma-bufs
 *
 * Return: 0. Without the tracepoint nothing is exported.
 */
int coherent_dmabuf_init(void)
{
	check_trace_callback_type_dma_buf_export(exported);
	if (coherent_tracepoint_start("dma_buf_export", exported, &event))
		event = NULL;
	return 0;
}

/** coherent_dmabuf_exit() - at module exit, with no device left */
void coherent_dmabuf_exit(void)
{
	if (event)
		coherent_tracepoint_stop(exported, event);
}

/*
 * Nothing describes what peers can do with the memory; for routing it is like
 * any BAR of the function. NULL when it has none.
 */
static struct p2pdma_provider *find_provider(struct pci_dev *pdev)
{
	struct p2pdma_provider *provider = NULL;

	for (int bar = 0; bar < PCI_STD_NUM_BARS && !provider; bar++)
		provider = pcim_p2pdma_provider(pdev, bar);
	return provider;
}

static int fake_phys(struct coherent_function *fn,
		     const struct coherent_region *region,
		     struct p2pdma_provider **provider,
		     struct phys_vec *phys_vec,
		     struct vfio_region_dma_range *ranges, size_t nr)
{
	*provider = find_provider(fn->cdev->core.pdev);
	if (!*provider)
		return -EOPNOTSUPP;
	return vfio_pci_core_fill_phys_vec(phys_vec, ranges, nr, region->base,
					   region->length);
}

static bool is_decoding(struct coherent_function *fn)
{
	struct vfio_pci_core_device *core = &fn->cdev->core;
	bool decoding;

	down_read(&core->memory_lock);
	decoding = __vfio_pci_memory_enabled(core);
	up_read(&core->memory_lock);
	return decoding;
}

/*
 * The memory must be seen ready before anybody maps it. With memory decoding
 * off nobody can: the dma-buf starts out revoked. VMMs export at that time.
 */
static int may_export(struct coherent_function *fn,
		      const struct coherent_dmabuf *buf)
{
	struct coherent_aperture *ap = &fn->ap;
	int ret;

	ret = coherent_access_begin_wait(ap, COHERENT_ACCESS_MAP,
					 TASK_INTERRUPTIBLE);
	if (!ret)
		coherent_access_end(ap);
	else if (ret != -EIO || coherent_gate_is(ap, COHERENT_SHUT_FAILED) ||
		 is_decoding(fn))
		return ret;
	return coherent_dmabuf_is_poisoned(ap, buf) ? -EHWPOISON : 0;
}

/* Are there registers in it that a user must not change, by nobody's DMA? */
static bool keeps_any(const struct coherent_function *fn, unsigned int index,
		      const struct vfio_region_dma_range *ranges, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (coherent_cxl_keeps(fn, index, ranges[i].offset, ranges[i].length))
			return true;
	return false;
}

static int get_phys(struct vfio_pci_core_device *core,
		    struct p2pdma_provider **provider, unsigned int index,
		    struct phys_vec *phys_vec,
		    struct vfio_region_dma_range *ranges, size_t nr)
{
	struct coherent_function *fn = to_coherent_function(&core->vdev);
	struct coherent_window *win = coherent_find_window(fn, index);
	struct coherent_dmabuf *buf;
	struct making *making = find_making();
	int ret;

	/* Memory that cannot be taken back is not given away */
	if (!event || !making)
		return -EOPNOTSUPP;
	if (coherent_is_upper_half(fn, index))
		return -ENODEV;
	if (win)
		ret = fake_phys(fn, win->region, provider, phys_vec, ranges, nr);
	else
		ret = vfio_pci_core_get_dmabuf_phys(core, provider, index,
						    phys_vec, ranges, nr);
	if (ret)
		return ret;
	if (keeps_any(fn, index, ranges, nr))
		return -EINVAL;

	buf = coherent_dmabuf_alloc(nr);
	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		buf->ranges[i].first = PHYS_PFN(phys_vec[i].paddr);
		buf->ranges[i].last = PHYS_PFN(phys_vec[i].paddr +
					       phys_vec[i].len - 1);
	}
	coherent_dmabuf_begin(&fn->ap, buf);
	making->buf = buf;
	return may_export(fn, buf);
}

/**
 * coherent_dmabuf_is_export() - is it a call that makes a dma-buf?
 * @flags: of VFIO_DEVICE_FEATURE
 *
 * Return: whether it is; not the question whether there is such a feature.
 */
bool coherent_dmabuf_is_export(u32 flags)
{
	return (flags & VFIO_DEVICE_FEATURE_MASK) ==
		VFIO_DEVICE_FEATURE_DMA_BUF &&
	       flags & VFIO_DEVICE_FEATURE_GET &&
	       !(flags & VFIO_DEVICE_FEATURE_PROBE);
}

/**
 * coherent_dmabuf_export() - VFIO_DEVICE_FEATURE_DMA_BUF
 * @fn: the function
 * @flags: VFIO_DEVICE_FEATURE_*
 * @arg: user address
 * @argsz: bytes there
 *
 * Context: may sleep, interruptibly, until the memory is ready; no lock held.
 * Return: the dma-buf's file descriptor; as uapi/linux/vfio.h documents; -EINVAL
 * past the usable length; -EHWPOISON for poison in it that the policy isolates;
 * -EIO in low power, or when the link is gone; -ETIME when the memory is not ready in
 * time; -EOPNOTSUPP where the kernel cannot tell us of it, or no BAR is real.
 */
int coherent_dmabuf_export(struct coherent_function *fn, u32 flags,
			   void __user *arg, size_t argsz)
{
	struct making making = { .task = current };
	unsigned long irqs;
	int ret;

	coherent_dmabufs_prune(&fn->ap);
	raw_spin_lock_irqsave(&making_lock, irqs);
	list_add(&making.node, &in_the_making);
	raw_spin_unlock_irqrestore(&making_lock, irqs);
	ret = vfio_pci_core_ioctl_feature(&fn->cdev->core.vdev, flags, arg, argsz);
	raw_spin_lock_irqsave(&making_lock, irqs);
	list_del(&making.node);
	raw_spin_unlock_irqrestore(&making_lock, irqs);
	if (making.buf)
		coherent_dmabuf_end(&fn->ap, making.buf);
	return ret;
}

/*
 * vfio-pci checks the physical BAR of a region's index before it asks where the
 * region is. There may be no such BAR behind a fake one: then it sees another
 * that exists. Nothing else uses that BAR: everything else of a fake region is
 * ours.
 */
static bool has_physical_bar(struct vfio_pci_core_device *core, unsigned int bar)
{
	return pci_resource_len(core->pdev, bar);
}

/**
 * coherent_dmabuf_open() - on open: fake BARs can be exported
 * @fn: the function, enabled
 */
void coherent_dmabuf_open(struct coherent_function *fn)
{
	struct vfio_pci_core_device *core = &fn->cdev->core;
	void __iomem *lent = NULL;

	for (unsigned int bar = 0; bar < PCI_STD_NUM_BARS && !lent; bar++)
		if (!IS_ERR(core->barmap[bar]))
			lent = core->barmap[bar];
	for (unsigned int i = 0; i < fn->ap.layout.nr_regions; i++) {
		unsigned int bar = fn->ap.layout.regions[i].bar;

		if (IS_ERR(core->barmap[bar]) && !has_physical_bar(core, bar))
			core->barmap[bar] = lent ?: core->barmap[bar];
	}
}

/**
 * coherent_dmabuf_close() - undo coherent_dmabuf_open(), before vfio-pci unmaps BARs
 * @fn: the function
 */
void coherent_dmabuf_close(struct coherent_function *fn)
{
	struct vfio_pci_core_device *core = &fn->cdev->core;

	for (unsigned int i = 0; i < fn->ap.layout.nr_regions; i++) {
		unsigned int bar = fn->ap.layout.regions[i].bar;

		if (!IS_ERR_OR_NULL(core->barmap[bar]) &&
		    !has_physical_bar(core, bar))
			core->barmap[bar] = IOMEM_ERR_PTR(-ENODEV);
	}
}

/**
 * coherent_dmabuf_closed() - vfio-pci has closed the function
 * @fn: the function; of what was exported nothing can be mapped any more
 *
 * Context: may sleep; takes face_lock and coherent_gate.lock.
 */
void coherent_dmabuf_closed(struct coherent_function *fn)
{
	coherent_dmabuf_gate_end(fn);
	coherent_dmabufs_forget(&fn->ap);
}

static const struct vfio_pci_device_ops passthrough_dmabuf_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

static const struct vfio_pci_device_ops dmabuf_ops = {
	.get_dmabuf_phys = get_phys,
	.dmabuf_may_attach = coherent_dmabuf_may_attach,
	.dmabuf_may_map = coherent_dmabuf_may_map,
};

/* On some kernels our table is longer than theirs, and begins with it: so no type */
static const void *ops_of(const struct coherent_function *fn)
{
	return coherent_has_memory(fn) ? &dmabuf_ops : &passthrough_dmabuf_ops;
}

/**
 * coherent_dmabuf_setup() - let regions be exported
 * @fn: a function that is not yet registered
 */
void coherent_dmabuf_setup(struct coherent_function *fn)
{
	coherent_dmabuf_gate_init(fn);
	fn->cdev->core.pci_ops = ops_of(fn);
}
