/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison: memory errors are remembered by page, and users are kept away from
 * them. This is what the rest of the core calls; private.h is for the folder
 * itself.
 *
 * Whether a page is poisoned, and its aperture's policy, change only while the
 * device's coherent_gate.lock is held for writing, and mappings that no longer
 * agree with them are revoked before it is released. So between
 * coherent_access_begin() and coherent_access_end() the answer is the same for
 * every fault and every copy, and no huge entry contradicts it. (A poisoned
 * page can have a small entry after KVM was lent it, and for a moment after
 * type1 was, see loan.c.)
 */
#ifndef COHERENT_POISON_H
#define COHERENT_POISON_H

#include <linux/maple_tree.h>
#include <linux/types.h>

struct coherent_window;
struct coherent_aperture;

/* poison.c: in the life of the module and of a device */
int coherent_poison_init(void);
void coherent_poison_exit(void);
int coherent_poison_attach(struct coherent_aperture *ap);
void coherent_poison_watch(struct coherent_aperture *ap);
void coherent_poison_detach(struct coherent_aperture *ap);
void coherent_poison_reset(struct coherent_aperture *ap);
void coherent_poison_ready(struct coherent_aperture *ap);
int coherent_poison_settle(void);
int coherent_poison_bad(struct coherent_aperture *ap, u64 base, u64 length);
int coherent_poison_drop(unsigned long first, unsigned long last);
unsigned long coherent_poison_count(const struct coherent_aperture *ap);
const char *coherent_poison_policy(const struct coherent_aperture *ap);

/* sysfs.c, notify.c: the device's directory, and who watches it */
int coherent_poison_sysfs_add(struct coherent_aperture *ap);
void coherent_poison_sysfs_remove(struct coherent_aperture *ap);
void coherent_poison_notify(void);

/* debugfs.c: for tests */
void coherent_poison_debugfs_add(struct coherent_aperture *ap);

/* list.c: for users of the device */
/**
 * struct coherent_poison_span - poisoned memory of an aperture with one region
 * @offset: bytes from its start
 * @length: bytes
 */
struct coherent_poison_span {
	u64 offset;
	u64 length;
};

u32 coherent_poison_spans(const struct coherent_aperture *ap,
			  struct coherent_poison_span *spans, u32 room);
u64 coherent_poison_list_size(const struct coherent_aperture *ap);
ssize_t coherent_poison_list(const struct coherent_aperture *ap, u32 irq_index,
			     u64 off, void *buf, size_t count);

/* pages.c, ledger.c: for faults and file I/O, under coherent_access_begin() */
extern struct maple_tree coherent_poisoned_pages;
unsigned long coherent_poison_next(unsigned long first, unsigned long last);
bool coherent_poison_blocks(const struct coherent_aperture *ap,
			    unsigned long first, unsigned long last);
#ifndef COHERENT_IN_TREE
bool coherent_poison_kvm_may_map(const struct coherent_aperture *ap);
#endif
bool coherent_poison_dma_may_map(const struct coherent_aperture *ap);
size_t coherent_poison_cut(const struct coherent_window *win, u64 off, size_t n);

/* Nearly always there is no poison on the host: then it costs nothing */
static inline size_t coherent_poison_clip(const struct coherent_window *win,
					  u64 off, size_t n)
{
	return mtree_empty(&coherent_poisoned_pages) ?
		       n : coherent_poison_cut(win, off, n);
}

#endif /* COHERENT_POISON_H */
