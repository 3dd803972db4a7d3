/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An aperture, as it is shown by a device: all that the core keeps of it. What
 * kind of device that is, and how its users get at it, is the face's affair
 * (pci/, chardev/); nothing here knows of it.
 */
#ifndef COHERENT_APERTURE_H
#define COHERENT_APERTURE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/memory-failure.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "coherent_layout.h"
#include "coherent_scrub.h"
#include "gate_state.h"

struct address_space;
struct coherent_aperture;
struct coherent_claim;
struct coherent_ledger;
struct dentry;
struct device;

/**
 * struct coherent_window - a region, as the device's file shows it
 * @ap: the aperture that it belongs to
 * @region: what is shown; constant after probe
 * @file_offset: where in the file it begins; constant after probe
 * @va: kernel mapping, or NULL while nobody needed it; set once between open
 *	and close, under coherent_aperture.map_lock, read with acquire semantics
 * @had_pud: a PUD entry was inserted since open; only ever set, and that under
 *	coherent_gate.lock for reading
 */
struct coherent_window {
	struct coherent_aperture *ap;
	const struct coherent_region *region;
	u64 file_offset;
	void *va;
	bool had_pud;
};

/**
 * struct coherent_gate - every access to the memory passes through it
 * @lock: held for reading while memory is touched or mapped, for writing while
 *	an event changes @state; see the lock order in coherent.h
 * @wait: woken by events
 * @state: may it be touched, and must readiness be seen first? What an answer
 *	changes in it, see coherent_gate_answered(), is stored by readers of
 *	@lock. @state.shut is also read without it.
 */
struct coherent_gate {
	struct rw_semaphore lock;
	wait_queue_head_t wait;
	struct coherent_gate_state state __guarded_by(&lock);
};

/**
 * struct coherent_scrub - clearing of the memory
 * @policy: what an administrator wants; one word
 * @dirty: somebody may have written to it since all of it was cleared last; read
 *	and changed by open and close alone, which VFIO, or users_lock, keeps apart
 * @done: bytes that are done with, of the scrub that runs or of the last one
 * @total: of as many
 */
struct coherent_scrub {
	enum coherent_scrub_policy policy;
	bool dirty;
	atomic64_t done;
	u64 total;
};

/**
 * struct coherent_health - what went wrong since the device was bound
 * @link_errors: times that an error stopped the link
 * @link_recoveries: times that it came back
 * @link_failures: times that it did not, if the kernel reports that
 * @readiness_failures: times that the memory did not become ready in time
 * @late: such a failure was counted, and since then the memory was not ready
 *	and no event gave it a new chance
 */
struct coherent_health {
	atomic_long_t link_errors;
	atomic_long_t link_recoveries;
	atomic_long_t link_failures;
	atomic_long_t readiness_failures;
	atomic_t late;
};

/**
 * struct coherent_dmabufs - memory that others have for their DMA
 * @lock: protects @list
 * @list: of &struct coherent_dmabuf
 */
struct coherent_dmabufs {
	struct mutex lock;		/* list, and what is said of its elements */
	struct list_head list;
};

/**
 * struct coherent_face - what an aperture asks of the device that shows it
 * @facts: fill in what holds now, all but @map, @may_ask and @began; @decoding
 *	and @ready_needs_bar only if @map or @may_ask is set. Called for each
 *	access, with coherent_aperture.face_lock and coherent_gate.lock held for
 *	reading.
 * @ready: ask once whether the memory is ready: 0, -EAGAIN for not yet, or an
 *	error for never. Called with the same locks; may sleep as config accesses
 *	do.
 * @ready_limit: after a -EAGAIN: how long it may say so, in ms, as far as is known. With
 *	the same locks. NULL where it never does.
 * @ready_at_probe: wait for the memory of a device that nobody has opened yet;
 *	may sleep; errors have been logged. NULL: it is always ready.
 * @bad_pages: report what firmware lists as bad, by coherent_poison_bad(); may
 *	sleep; errors have been logged. NULL: it lists nothing.
 * @poison_changed: tell the user of the device. Called with coherent_ledger_lock
 *	held; may sleep.
 */
struct coherent_face {
	void (*facts)(struct coherent_aperture *ap,
		      struct coherent_gate_facts *facts);
	int (*ready)(struct coherent_aperture *ap);
	unsigned int (*ready_limit)(struct coherent_aperture *ap);
	int (*ready_at_probe)(struct coherent_aperture *ap);
	int (*bad_pages)(struct coherent_aperture *ap);
	void (*poison_changed)(struct coherent_aperture *ap);
};

/**
 * struct coherent_aperture - an aperture that a device shows
 * @dev: the device
 * @face: see &struct coherent_face
 * @face_lock: what @face->facts() says holds while it is held for reading
 * @mapping: of the file that users have
 * @layout: the aperture and its regions
 * @windows: one for each region
 * @map_lock: protects the making of coherent_window.va
 * @gate: see &struct coherent_gate
 * @health: see &struct coherent_health
 * @scrub: see &struct coherent_scrub
 * @dmabufs: see &struct coherent_dmabufs; where the kernel has such
 * @reset_heals: after a reset that ends with ready memory no page is poisoned
 * @own_memory: its memory is coherent_memory_alloc()'s
 * @claim: the aperture in /proc/iomem
 * @ledger: what is known of poisoned pages
 * @pfn_space: registered with mm, if @mm_registered
 * @mm_registered: mm signals for errors that it handles
 * @debugfs: the device's directory
 *
 * Where no lock is named it is constant while the device is bound.
 */
struct coherent_aperture {
	struct device *dev;
	const struct coherent_face *face;
	struct rw_semaphore *face_lock;
	struct address_space *mapping;
	struct coherent_layout layout;
	struct coherent_window windows[COHERENT_MAX_REGIONS];
	struct mutex map_lock;		/* coherent_window.va */
	struct coherent_gate gate;
	struct coherent_health health;
	struct coherent_scrub scrub;
	struct coherent_dmabufs dmabufs;
	bool reset_heals;
	bool own_memory;
	struct coherent_claim *claim;
	struct coherent_ledger *ledger;
	struct pfn_address_space pfn_space;
	bool mm_registered;
	struct dentry *debugfs;
};

void coherent_aperture_init(struct coherent_aperture *ap, struct device *dev,
			    const struct coherent_face *face,
			    struct rw_semaphore *face_lock,
			    struct address_space *mapping);
int coherent_aperture_check(struct coherent_layout *layout);
int coherent_aperture_setup(struct coherent_aperture *ap,
			    enum coherent_scrub_policy scrub);
void coherent_aperture_teardown(struct coherent_aperture *ap);
void coherent_aperture_report(const struct coherent_aperture *ap);
int coherent_aperture_publish(struct coherent_aperture *ap);
void coherent_aperture_unpublish(struct coherent_aperture *ap);
struct coherent_aperture *coherent_aperture_of(struct device *dev);

#endif /* COHERENT_APERTURE_H */
