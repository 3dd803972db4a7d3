// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages: one tree of PFN ranges for the whole host. A page is
 * remembered whichever device shows it: the tree knows no devices, so the
 * record of a page also applies to an aperture that comes back with other
 * bounds. Neighbouring ranges are always merged.
 *
 * While there is a poisoned page the tree holds a reference on this module.
 */
#include <linux/cleanup.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/maple_tree.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "private.h"

/* See private.h */
DEFINE_MUTEX(coherent_ledger_lock);

/*
 * Readers hold RCU's read lock, writers coherent_ledger_lock. All entries are
 * POISONED.
 *
 * The same kind of tree as the one in which mm keeps VMAs; its gaps are not
 * used. Without MT_FLAGS_ALLOC_RANGE mt_free_walk() was seen to oops when four
 * levels or more are freed at once: it takes metadata in a node's last slot for
 * a child.
 */
struct maple_tree coherent_poisoned_pages =
	MTREE_INIT_EXT(coherent_poisoned_pages, MT_FLAGS_ALLOC_RANGE |
		       MT_FLAGS_USE_RCU | MT_FLAGS_LOCK_EXTERN,
		       coherent_ledger_lock);
#define POISONED	xa_mk_value(1)

/**
 * coherent_poison_next() - the first poisoned page of a range
 * @first: first PFN
 * @last: last PFN
 *
 * Context: any but NMI. The answer holds until coherent_access_end() where
 * the caller is between coherent_access_begin() and there.
 * Return: its PFN, or ULONG_MAX when there is none.
 */
unsigned long coherent_poison_next(unsigned long first, unsigned long last)
{
	MA_STATE(mas, &coherent_poisoned_pages, first, first);

	if (mtree_empty(&coherent_poisoned_pages))
		return ULONG_MAX;
	guard(rcu)();
	if (!mas_find(&mas, last))
		return ULONG_MAX;
	return max(mas.index, first);
}

/**
 * coherent_pages_find() - the next poisoned pages
 * @first: PFN to begin at; where to store the first one
 * @end: where to store the last one of that range
 * @last: last PFN to look at
 *
 * Context: coherent_ledger_lock is held.
 * Return: whether there is one.
 */
bool coherent_pages_find(unsigned long *first, unsigned long *end,
			 unsigned long last)
{
	MA_STATE(mas, &coherent_poisoned_pages, *first, *first);

	lockdep_assert_held(&coherent_ledger_lock);

	if (!mas_find(&mas, last))
		return false;
	*first = max(mas.index, *first);
	*end = min(mas.last, last);
	return true;
}

/**
 * coherent_pages_count() - how many pages of a range are poisoned
 * @first: first PFN
 * @last: last PFN
 *
 * Context: any but NMI.
 * Return: their number.
 */
unsigned long coherent_pages_count(unsigned long first, unsigned long last)
{
	MA_STATE(mas, &coherent_poisoned_pages, first, first);
	unsigned long n = 0;
	void *entry;

	guard(rcu)();
	mas_for_each(&mas, entry, last)
		n += min(mas.last, last) - max(mas.index, first) + 1;
	return n;
}

/**
 * coherent_pages_list() - a piece of the list of &struct coherent_poison_range
 * @from: first PFN of what the list is about; offsets count from there
 * @to: last PFN
 * @off: byte of the list to begin at
 * @buf: where to
 * @count: bytes there
 *
 * Context: may sleep; takes coherent_ledger_lock, so a piece is never torn.
 * Return: bytes stored, fewer than @count at the end of the list.
 */
size_t coherent_pages_list(unsigned long from, unsigned long to, loff_t off,
			   char *buf, size_t count)
{
	MA_STATE(mas, &coherent_poisoned_pages, from, from);
	struct coherent_poison_range range;
	size_t done = 0;
	loff_t pos = 0;
	void *entry;

	guard(mutex)(&coherent_ledger_lock);
	mas_for_each(&mas, entry, to) {
		unsigned long first = max(mas.index, from);
		unsigned long last = min(mas.last, to);
		size_t skip, n;

		if (done == count)
			break;
		pos += sizeof(range);
		if (pos <= off)
			continue;
		range.offset = PFN_PHYS(first - from);
		range.length = PFN_PHYS(last - first + 1);
		/* Of the first one the end may be wanted, of the last the start */
		skip = max_t(loff_t, off - (pos - sizeof(range)), 0);
		n = min(sizeof(range) - skip, count - done);
		memcpy(buf + done, (char *)&range + skip, n);
		done += n;
	}
	return done;
}

/* If @pfn is poisoned: the whole range around it is left in @mas */
static bool find_range(struct ma_state *mas, unsigned long pfn)
{
	mas_set(mas, pfn);
	return mas_walk(mas);
}

/**
 * coherent_pages_find_new() - the next pages that are not poisoned
 * @first: PFN to begin at; where to store the first that is not
 * @to: where to store the last one behind it that is not either
 * @last: last PFN to look at
 *
 * Context: coherent_ledger_lock is held.
 * Return: whether there is one.
 */
bool coherent_pages_find_new(unsigned long *first, unsigned long *to,
			     unsigned long last)
{
	MA_STATE(mas, &coherent_poisoned_pages, 0, 0);

	lockdep_assert_held(&coherent_ledger_lock);

	if (find_range(&mas, *first))
		*first = mas.last + 1;
	if (*first > last)
		return false;
	*to = min(coherent_poison_next(*first, last) - 1, last);
	return true;
}

/**
 * coherent_pages_prepare() - allocate what a change of the tree takes
 * @change: to be given to coherent_pages_commit()
 * @first: first PFN
 * @last: last PFN
 * @poison: are they going to be recorded or cleared?
 *
 * Allocations and the reference on the module (see above) are made here, so
 * that the commit, for which accesses have to wait, neither sleeps nor fails.
 *
 * Context: may sleep; coherent_ledger_lock is held until after the commit.
 * Return: 0; -ENOMEM; -ENODEV when the module is being removed.
 */
int coherent_pages_prepare(struct coherent_pages_change *change,
			   unsigned long first, unsigned long last, bool poison)
{
	struct ma_state *mas = &change->mas;
	unsigned long low = first, high = last;
	int ret;

	lockdep_assert_held(&coherent_ledger_lock);
	mas_init(mas, &coherent_poisoned_pages, first);
	change->entry = poison ? POISONED : NULL;
	if (poison) {
		if (first && find_range(mas, first - 1))
			low = mas->index;
		if (find_range(mas, last + 1))
			high = mas->last;
	}
	mas_set_range(mas, low, high);
	ret = mas_preallocate(mas, change->entry, GFP_KERNEL);
	if (ret)
		return ret;
	if (poison && mtree_empty(&coherent_poisoned_pages) && !try_module_get(THIS_MODULE)) {
		mas_destroy(mas);
		return -ENODEV;
	}
	return 0;
}

/**
 * coherent_pages_commit() - change the tree
 * @change: prepared
 *
 * Context: coherent_ledger_lock is held; neither sleeps nor fails.
 */
void coherent_pages_commit(struct coherent_pages_change *change)
{
	lockdep_assert_held(&coherent_ledger_lock);
	mas_store_prealloc(&change->mas, change->entry);
	if (!change->entry && mtree_empty(&coherent_poisoned_pages))
		module_put(THIS_MODULE);
}

/** coherent_pages_exit() - at module exit: free the tree */
void coherent_pages_exit(void)
{
	guard(mutex)(&coherent_ledger_lock);
	__mt_destroy(&coherent_poisoned_pages);
}
