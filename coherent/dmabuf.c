// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the device that others use for DMA, as dma-bufs.
 *
 * The face exports them. This file knows which dma-bufs exist, and of which
 * ranges, so that everything that revokes user mappings revokes importers'
 * mappings as well: an IOMMU has no page faults that would meet a closed gate.
 *
 * Each dma-buf is held by a reference of ours until nobody else has one, or the
 * device is closed: its exporter reports its end to nobody.
 *
 * Documentation/driver-api/dma-buf.rst
 */
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/dev_printk.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "coherent.h"
#include "dmabuf.h"
#include "poison/poison.h"

MODULE_IMPORT_NS("DMA_BUF");

/* For DMA that an importer has begun. Then it is said, and not waited for. */
#define IMPORTER_LIMIT_MS	10000

/**
 * coherent_dmabufs_init() - start with an empty list
 * @ap: an aperture that is not yet published
 */
void coherent_dmabufs_init(struct coherent_aperture *ap)
{
	mutex_init(&ap->dmabufs.lock);
	INIT_LIST_HEAD(&ap->dmabufs.list);
}

/**
 * coherent_dmabuf_alloc() - room to remember a dma-buf
 * @nr: ranges that it has
 *
 * Context: may sleep.
 * Return: for coherent_dmabuf_begin(), its ranges to be filled in; NULL.
 */
struct coherent_dmabuf *coherent_dmabuf_alloc(size_t nr)
{
	struct coherent_dmabuf *buf;

	buf = kvzalloc(struct_size(buf, ranges, nr), GFP_KERNEL_ACCOUNT);
	if (buf)
		buf->nr_ranges = nr;
	return buf;
}

/**
 * coherent_dmabuf_begin() - an export begins
 * @ap: the aperture
 * @buf: its ranges; @ap's from now on
 *
 * A revocation before coherent_dmabuf_end() counts for @buf as well.
 *
 * Context: may sleep.
 */
void coherent_dmabuf_begin(struct coherent_aperture *ap,
			   struct coherent_dmabuf *buf)
{
	buf->in_the_making = true;
	guard(mutex)(&ap->dmabufs.lock);
	list_add_tail(&buf->node, &ap->dmabufs.list);
}

/**
 * coherent_dmabuf_exported() - it is there
 * @buf: between coherent_dmabuf_begin() and coherent_dmabuf_end()
 * @dmabuf: before anybody else can have it
 *
 * Context: any but NMI.
 */
void coherent_dmabuf_exported(struct coherent_dmabuf *buf,
			      struct dma_buf *dmabuf)
{
	get_dma_buf(dmabuf);
	/*
	 * A task that walks the list meanwhile finds it complete, or leaves a
	 * mark
	 */
	smp_store_release(&buf->dmabuf, dmabuf);
}

static void forget(struct coherent_dmabuf *buf)
{
	list_del(&buf->node);
	/* No release runs from here: that is put off until the task has no lock */
	if (buf->dmabuf)
		dma_buf_put(buf->dmabuf);
	kvfree(buf);
}

static void revoke(struct dma_buf *dmabuf)
{
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
}

/**
 * coherent_dmabuf_end() - the export is done, well or not
 * @ap: the aperture
 * @buf: from coherent_dmabuf_begin()
 *
 * Context: may sleep; takes locks of the dma-buf and of its importers.
 */
void coherent_dmabuf_end(struct coherent_aperture *ap,
			 struct coherent_dmabuf *buf)
{
	guard(mutex)(&ap->dmabufs.lock);
	buf->in_the_making = false;
	if (!buf->dmabuf)
		forget(buf);
	else if (buf->missed)
		revoke(buf->dmabuf);
}

static bool is_ours_alone(const struct coherent_dmabuf *buf)
{
	return !buf->in_the_making && file_count(buf->dmabuf->file) == 1;
}

/**
 * coherent_dmabufs_prune() - drop dma-bufs that nobody else holds
 * @ap: the aperture
 *
 * Called before another one is made, so that unused ones never accumulate.
 *
 * Context: may sleep.
 */
void coherent_dmabufs_prune(struct coherent_aperture *ap)
{
	struct coherent_dmabuf *buf, *next;

	guard(mutex)(&ap->dmabufs.lock);
	list_for_each_entry_safe(buf, next, &ap->dmabufs.list, node)
		if (is_ours_alone(buf))
			forget(buf);
}

/**
 * coherent_dmabufs_count() - how many there are that somebody has
 * @ap: the aperture
 *
 * Context: may sleep, as long as importers take to end their DMA.
 * Return: their number.
 */
size_t coherent_dmabufs_count(struct coherent_aperture *ap)
{
	coherent_dmabufs_prune(ap);
	guard(mutex)(&ap->dmabufs.lock);
	return list_count_nodes(&ap->dmabufs.list);
}

/**
 * coherent_dmabufs_are_left() - may anybody's DMA have the memory?
 * @ap: the aperture
 *
 * Context: may sleep.
 * Return: whether somebody has a dma-buf of it.
 */
bool coherent_dmabufs_are_left(struct coherent_aperture *ap)
{
	return coherent_dmabufs_count(ap);
}

/**
 * coherent_dmabufs_forget() - the device is closed
 * @ap: the aperture; its exporter has revoked all that there was
 *
 * Context: may sleep.
 */
void coherent_dmabufs_forget(struct coherent_aperture *ap)
{
	struct coherent_dmabuf *buf, *next;

	guard(mutex)(&ap->dmabufs.lock);
	list_for_each_entry_safe(buf, next, &ap->dmabufs.list, node)
		forget(buf);
}

/* If it is not there yet, coherent_dmabuf_end() does it */
static void revoke_or_mark(struct coherent_dmabuf *buf)
{
	/* Pairs with coherent_dmabuf_exported() */
	struct dma_buf *dmabuf = smp_load_acquire(&buf->dmabuf);

	if (dmabuf)
		revoke(dmabuf);
	else
		buf->missed = true;
}

/* DMA that was under way; @deadline is in jiffies, one for all */
static bool is_idle(const struct coherent_dmabuf *buf, unsigned long deadline)
{
	long left = max_t(long, deadline - jiffies, 1);
	/* As in revoke_or_mark(); a dma-buf added since has no DMA under way */
	struct dma_buf *dmabuf = smp_load_acquire(&buf->dmabuf);

	return !dmabuf ||
	       dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				     false, left);
}

/**
 * coherent_dmabufs_revoke() - take away all mappings of importers
 * @ap: the aperture
 *
 * An importer with pinned mappings (iommufd) has lost them for good, and its
 * user must import again; others map again when they need it. If an importer
 * says that it has DMA under way, that is waited for, but not for ever.
 *
 * Context: may sleep; takes locks of the dma-bufs and of their importers. Of
 * the locks that a fault takes none is held but face_lock.
 */
void coherent_dmabufs_revoke(struct coherent_aperture *ap)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(IMPORTER_LIMIT_MS);
	struct coherent_dmabuf *buf;
	bool idle = true;

	guard(mutex)(&ap->dmabufs.lock);
	list_for_each_entry(buf, &ap->dmabufs.list, node)
		revoke_or_mark(buf);
	list_for_each_entry(buf, &ap->dmabufs.list, node)
		idle &= is_idle(buf, deadline);
	if (!idle)
		dev_err_ratelimited(ap->dev,
				    "an importer of a dma-buf has not ended its DMA after %u s\n",
				    IMPORTER_LIMIT_MS / 1000);
}

/**
 * coherent_dmabuf_range_is_poisoned() - does poison forbid others' DMA to pages?
 * @ap: the aperture
 * @first: first PFN
 * @last: last PFN
 *
 * An entry of an IOMMU loads nothing, and a device that reads poison gets an
 * error in the completion. So only the policy that isolates poison from
 * everybody refuses.
 *
 * Context: any but NMI.
 * Return: whether it does.
 */
bool coherent_dmabuf_range_is_poisoned(const struct coherent_aperture *ap,
				       unsigned long first, unsigned long last)
{
	return !coherent_poison_dma_may_map(ap) &&
	       coherent_poison_next(first, last) != ULONG_MAX;
}

/**
 * coherent_dmabuf_is_poisoned() - does poison keep it from being exported?
 * @ap: the aperture
 * @buf: its ranges
 *
 * Context: any but NMI.
 * Return: whether it does.
 */
bool coherent_dmabuf_is_poisoned(const struct coherent_aperture *ap,
				 const struct coherent_dmabuf *buf)
{
	for (size_t i = 0; i < buf->nr_ranges; i++)
		if (coherent_dmabuf_range_is_poisoned(ap, buf->ranges[i].first,
						      buf->ranges[i].last))
			return true;
	return false;
}

/**
 * coherent_dmabufs_revoke_poisoned() - ... of what may not be exported any more
 * @ap: the aperture, whose poison or policy has changed
 *
 * A dma-buf is revoked as a whole. This does not wait for DMA that is under
 * way.
 *
 * Context: as coherent_dmabufs_revoke(); coherent_ledger_lock may be held.
 */
void coherent_dmabufs_revoke_poisoned(struct coherent_aperture *ap)
{
	struct coherent_dmabuf *buf;

	guard(mutex)(&ap->dmabufs.lock);
	list_for_each_entry(buf, &ap->dmabufs.list, node)
		if (coherent_dmabuf_is_poisoned(ap, buf))
			revoke_or_mark(buf);
}
