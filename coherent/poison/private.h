/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this folder share. They stand in layers, the lowest first;
 * a file calls functions of those above it in this list, never of those below:
 *
 *   pages.c		the tree of poisoned pages
 *   ledgers.c		the apertures that there are and were
 *   mm.c		apertures registered with mm
 *   signal.c		processes that want to know early
 *   spill.c		errors that found the queue of reports full
 *   stray.c		errors in no known aperture
 *   notify.c		userspace hears of changes
 *   ledger.c		what poison means to an aperture
 *   queue.c		the queue of reports, and the worker that empties it
 *   report.c		what is believed of a report, and whose memory it is
 *   source_*.c		a source reports an error, in any context but NMI
 *   sources.c		the list of sources
 *   list.c		the list as users of the device read it
 *   sysfs.c		what an administrator sees and does
 *   debugfs.c		errors made up
 *   poison.c		the life of the module and of a device
 *
 * Functions are called after what they are about: coherent_pages_*(),
 * coherent_ledger_*(), coherent_report_*() and so on. coherent_poison_*() are
 * what the rest of the core calls, and declared in poison.h.
 */
#ifndef COHERENT_POISON_PRIVATE_H
#define COHERENT_POISON_PRIVATE_H

#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "poison.h"

struct notifier_block;
struct vm_area_struct;

/*
 * Taken by writers of the tree of pages and of the list of ledgers; protects
 * the ledgers' ap, policy and changed (pages.c)
 */
extern struct mutex coherent_ledger_lock;

/* The queue of reports, what spilled from it, the ledgers' heals (ledgers.c) */
extern raw_spinlock_t coherent_queue_lock;

/** enum coherent_policy - what a recorded page means to mappings */
enum coherent_policy {
	/** @COHERENT_POISON_AUTO: never mapped for userspace, only for KVM and DMA */
	COHERENT_POISON_AUTO,
	/** @COHERENT_POISON_ISOLATE: never mapped */
	COHERENT_POISON_ISOLATE,
	/** @COHERENT_POISON_KEEP: mapped as any other */
	COHERENT_POISON_KEEP,
};

/** enum coherent_source - who reported an error */
enum coherent_source {
	COHERENT_SOURCE_GHES,
	COHERENT_SOURCE_MCE,
	COHERENT_SOURCE_MEMORY_FAILURE,
	COHERENT_SOURCE_ARM,
	COHERENT_SOURCE_FIRMWARE,
	COHERENT_SOURCE_DEBUGFS,
	COHERENT_SOURCE_ADMIN,
	/** @COHERENT_SOURCE_OVERFLOW: several, that did not fit into the queue */
	COHERENT_SOURCE_OVERFLOW,
};

/**
 * struct coherent_ledger - an aperture, as long as the core is loaded
 * @node: in the list of all; added under coherent_ledger_lock, stays, but for
 *	@own_memory that is given back
 * @rcu: for kfree_rcu()
 * @first: first PFN of the aperture
 * @last: last PFN
 * @ap: as a bound device shows it, or NULL; under coherent_ledger_lock
 * @own_memory: ordinary memory of the kernel's, which handles errors in it
 *	itself: only those made up through debugfs, or named by an administrator,
 *	are recorded
 * @policy: changes under coherent_ledger_lock and, while bound,
 *	coherent_gate.lock
 * @spill_first: errors that found the queue full, as one range; under the
 *	queue's lock
 * @spill_last: its last PFN; below @spill_first when nothing spilled
 * @heals: a reset that heals is on its way, and no error was reported since it
 *	began; changes under the queue's lock
 * @changed: coherent_poison_notify() has to notify userspace; under
 *	coherent_ledger_lock
 * @sequence: another one after each change of what is recorded of its pages; under
 *	coherent_ledger_lock
 * @warned: the log says that this policy endangers the host; under
 *	coherent_ledger_lock
 *
 * The pages are not in here: they are in one tree for all apertures, by PFN.
 * So an aperture that comes back with other bounds meets what is known of
 * every page that it shares with an earlier one.
 */
struct coherent_ledger {
	struct list_head node;
	struct rcu_head rcu;
	unsigned long first;
	unsigned long last;
	struct coherent_aperture *ap __guarded_by(&coherent_ledger_lock);
	bool own_memory;
	enum coherent_policy policy;
	unsigned long spill_first __guarded_by(&coherent_queue_lock);
	unsigned long spill_last __guarded_by(&coherent_queue_lock);
	bool heals __guarded_by(&coherent_queue_lock);
	bool changed __guarded_by(&coherent_ledger_lock);
	bool warned __guarded_by(&coherent_ledger_lock);
	u64 sequence __guarded_by(&coherent_ledger_lock);
};

/** struct coherent_poison_range - an element of the list in sysfs */
struct coherent_poison_range {
	u64 offset;
	u64 length;
};

/* Instead of a page's number: there is none */
#define COHERENT_NO_PFN		ULONG_MAX

/* pages.c */
struct coherent_pages_change {
	struct ma_state mas;
	void *entry;
};

int coherent_pages_prepare(struct coherent_pages_change *change,
			   unsigned long first, unsigned long last,
			   bool poison)
	__must_hold(&coherent_ledger_lock);
bool coherent_pages_find(unsigned long *first, unsigned long *end,
			 unsigned long last)
	__must_hold(&coherent_ledger_lock);
bool coherent_pages_find_new(unsigned long *first, unsigned long *to,
			     unsigned long last)
	__must_hold(&coherent_ledger_lock);
void coherent_pages_commit(struct coherent_pages_change *change)
	__must_hold(&coherent_ledger_lock);
unsigned long coherent_pages_count(unsigned long first, unsigned long last);
size_t coherent_pages_list(unsigned long from, unsigned long to, loff_t off,
			   char *buf, size_t count);
void coherent_pages_exit(void);

/*
 * ledgers.c. Readers of the list hold RCU's read lock or coherent_ledger_lock.
 */
extern struct list_head coherent_ledgers;

int coherent_ledger_attach(struct coherent_aperture *ap,
			   enum coherent_policy policy);
void coherent_ledger_detach(struct coherent_aperture *ap);
void coherent_ledger_remove_own(unsigned long first, unsigned long last)
	__must_hold(&coherent_ledger_lock);
void coherent_ledger_exit(void);
unsigned long coherent_ledger_count(const struct coherent_ledger *ledger);
bool coherent_ledger_watches(unsigned long first, unsigned long last,
			     enum coherent_source source);
bool coherent_ledger_contains(unsigned long first, unsigned long last);

static inline bool coherent_ledger_overlaps(const struct coherent_ledger *ledger,
					    unsigned long first,
					    unsigned long last)
{
	return first <= ledger->last && last >= ledger->first;
}

/* mm.c */
void coherent_mm_register(struct coherent_aperture *ap);
void coherent_mm_unregister(struct coherent_aperture *ap);
bool coherent_mm_knows(const struct vm_area_struct *vma);

/* signal.c */
int coherent_signal_init(void);
void coherent_signal_exit(void);
void coherent_signal_early(unsigned long first, unsigned long last,
			   unsigned long mm_pfn);

/* spill.c */
void coherent_spill_add(unsigned long first, unsigned long last)
	__must_hold(&coherent_queue_lock);
bool coherent_spill_take(unsigned long *first, unsigned long *last)
	__must_hold(&coherent_queue_lock);

/**
 * struct coherent_stray - an error in no known aperture
 * @first: first PFN
 * @last: last PFN
 * @pfn: the page that was reported
 * @source: who reported it
 * @doubtful: more than @pfn is bad only if all of it lies in one aperture
 */
struct coherent_stray {
	unsigned long first;
	unsigned long last;
	unsigned long pfn;
	enum coherent_source source;
	bool doubtful;
};

#define COHERENT_MAX_STRAYS	64

/* stray.c */
bool coherent_stray_add(const struct coherent_stray *stray);
bool coherent_stray_take(unsigned long first, unsigned long last,
			 struct coherent_stray *taken);

/* ledger.c */
extern const char * const coherent_policy_names[];

const char *coherent_source_name(enum coherent_source source);
int coherent_ledger_record(unsigned long first, unsigned long last,
			   enum coherent_source source, unsigned long mm_pfn);
int coherent_ledger_forget(unsigned long first, unsigned long last);
int coherent_ledger_drop(unsigned long first, unsigned long last);
void coherent_ledger_set_policy(struct coherent_ledger *ledger,
				enum coherent_policy policy);

/**
 * struct coherent_queue_entry - pages of which something was reported
 * @first: first PFN
 * @last: last PFN
 * @mm_pfn: the one page that mm signals for, or COHERENT_NO_PFN
 * @source: who reported it
 * @healed: they are good now, and not bad
 */
struct coherent_queue_entry {
	unsigned long first;
	unsigned long last;
	unsigned long mm_pfn;
	u8 source;
	bool healed;
};

/* queue.c */
int coherent_queue_init(void);
void coherent_queue_exit(void);
void coherent_queue_put(const struct coherent_queue_entry *report);
void coherent_queue_healing(struct coherent_ledger *ledger);
void coherent_queue_healed(struct coherent_ledger *ledger);
int coherent_queue_flush(void);
int coherent_queue_drain(void);

/* report.c */
void coherent_report(u64 addr, u64 width, enum coherent_source source,
		     bool mm_signals);
void coherent_report_pages(unsigned long first, unsigned long last,
			   enum coherent_source source);
void coherent_report_strays(const struct coherent_ledger *ledger);
int coherent_report_forget(unsigned long first, unsigned long last);

/**
 * struct coherent_source_ops - a source of errors
 * @name: for the log
 * @start: begin to listen; an error leaves this source out, not the others
 * @stop: no report comes after it has returned
 */
struct coherent_source_ops {
	const char *name;
	int (*start)(void);
	void (*stop)(void);
};

extern const struct coherent_source_ops coherent_source_ghes;
extern const struct coherent_source_ops coherent_source_mce;
extern const struct coherent_source_ops coherent_source_mm;
extern const struct coherent_source_ops coherent_source_arm;

#if IS_ENABLED(CONFIG_KUNIT)	/* VISIBLE_IF_KUNIT */
int coherent_ghes_event(struct notifier_block *nb, unsigned long severity,
			void *data);
#endif

/* sources.c: what the core registers once for all devices */
void coherent_sources_start(void);
void coherent_sources_stop(void);

/* sysfs.c */
int coherent_sysfs_init(void);
void coherent_sysfs_exit(void);

/**
 * struct coherent_injection - errors made up
 * @offset: of the first, in the aperture
 * @count: how many
 * @stride: bytes from one to the next
 */
struct coherent_injection {
	u64 offset;
	u64 count;
	u64 stride;
};

#if IS_ENABLED(CONFIG_KUNIT)	/* VISIBLE_IF_KUNIT */
int coherent_parse_injection(char *text, u64 size,
			     struct coherent_injection *inj);
#endif

#endif /* COHERENT_POISON_PRIVATE_H */
