/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share among themselves.
 *
 * Lock order, outermost first; a lock is taken only while locks above it, or
 * none, are held:
 *
 *   device_lock(pdev)			probe, remove, resets (the PCI core's);
 *					under face_lock VFIO only tries it
 *   claims_lock				claim.c
 *     own_lock				memory.c; coherent_ledger_lock in it
 *   coherent_chardev.users_lock	chardev/file.c; the memory is cleared under it:
 *					map_lock and below
 *   interface_lock			foreign.c; the lock of VFIO's class in it
 *   emulated_lock			foreign.c; innermost, also under claims_lock,
 *					mmap_lock and the lock of VFIO's class
 *   mmap_lock or the VMA's lock	faults, mmap (mm's)
 *     map_lock				makes kernel mappings
 *     loans_lock			loan.c; also under all down to coherent_gate.lock;
 *					i_mmap and page table locks in it
 *     coherent_aperture.face_lock	vfio_pci_core_device.memory_lock, which
 *					vfio-pci takes for writing in resets; that of
 *					character devices nobody does
 *       coherent_ledger_lock		what is poisoned (poison/)
 *         coherent_gate.lock		reading: memory is touched or mapped
 *					writing: a reset begins or ends, or
 *					what is poisoned changes
 *           page table locks, i_mmap	(mm's)
 *         coherent_dmabufs.lock	dmabuf.c; never with coherent_gate.lock
 *           dma_resv, importers' locks	(the dma-bufs'); waited for under face_lock
 *					and device_lock alone
 *   command_lock			PCI_COMMAND after recoveries (pci/command.c);
 *					no user copy under it
 *   config_lock			innermost, around plain stores (pci/config.c)
 *   poison_lock			innermost, also under coherent_ledger_lock
 *					(pci/poison.c)
 *   coherent_queue_lock		innermost, in any context but NMI: what
 *					was reported (poison/queue.c)
 *   stray_lock				the same: what is in no known aperture
 *
 * A reset is announced with face_lock held for writing when VFIO resets and
 * without it when anybody else does.  That is why coherent_gate.lock exists:
 * it is what keeps accesses and resets apart whoever began the reset.
 *
 * Nothing that can fault on a user page runs under face_lock or
 * coherent_gate.lock: the fault may be on a mapping of this very device and
 * would take them again, behind a waiting reset.
 */
#ifndef COHERENT_COHERENT_H
#define COHERENT_COHERENT_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include "aperture.h"

struct class;
struct device;
struct iommu_group;
struct iov_iter;
struct kobject;
struct tracepoint;
struct vm_fault;

/* mapping.c: kernel mappings */
void *coherent_map(struct coherent_window *win);
void coherent_unmap_all(struct coherent_aperture *ap);
int coherent_map_for_user(struct coherent_window *win);

/* mmap.c: user mappings */
bool coherent_maps_decrypted(const struct coherent_aperture *ap);
unsigned long coherent_vma_pfn(const struct vm_area_struct *vma,
			       unsigned long addr);
void coherent_revoke(struct coherent_aperture *ap, unsigned long first,
		     unsigned long last);
bool coherent_vma_pages(struct vm_area_struct *vma, unsigned long *first,
			unsigned long *last);
bool coherent_vma_address(struct vm_area_struct *vma, unsigned long pfn,
			  unsigned long *addr);
int coherent_mmap_window(struct coherent_window *win, struct vm_area_struct *vma);

/* fault.c: page faults on them */
vm_fault_t coherent_fault(struct vm_fault *vmf);
vm_fault_t coherent_huge_fault(struct vm_fault *vmf, unsigned int order);

/* kvm.c: what guests can have of it */
void coherent_kvm_report(const struct coherent_aperture *ap);
int coherent_kvm_init(void);
void coherent_kvm_exit(void);

/* loan.c: poisoned pages, mapped until type1 or KVM has found them */
vm_fault_t coherent_loan_for_fault(const struct vm_fault *vmf);
void coherent_loans_end(struct coherent_aperture *ap);
int coherent_loans_init(void);
void coherent_loans_exit(void);

/* copy.c: bytes between a region and a user buffer */
ssize_t coherent_copy(struct coherent_window *win, struct iov_iter *iter,
		      u64 off, size_t count);

/* gate.c: what happens to the device; gate_state.c says what it means */
u64 coherent_gate_now(void);
void coherent_gate_setup(struct coherent_aperture *ap);
void coherent_gate_happens(struct coherent_aperture *ap,
			   enum coherent_gate_event event);
void coherent_gate_shuts(struct coherent_aperture *ap,
			 enum coherent_gate_event event);
int coherent_gate_peek(const struct coherent_aperture *ap);

/* Why it is shut, or 0. For callers that keep events away, and for messages */
static inline unsigned int coherent_gate_shut(const struct coherent_aperture *ap)
	__context_unsafe(/* one word */)
{
	return READ_ONCE(ap->gate.state.shut);
}

/* Is it shut for this reason, among others? */
static inline bool coherent_gate_is(const struct coherent_aperture *ap,
				    unsigned int reason)
{
	return coherent_gate_shut(ap) & reason;
}

/*
 * access.c: which accesses may touch the memory, and when. Mapping obeys the
 * same rules as BARs, PCI_COMMAND and low power; copying ignores them (the
 * memory is not behind a BAR). Asking whether the memory is ready costs a few
 * config or register reads; a ready device should not be made to wait, and one
 * that trains its memory for seconds need not be asked a thousand times a
 * second.
 */
#define COHERENT_POLL_FIRST_MS	1U
#define COHERENT_POLL_LAST_MS	128U

/*
 * enum coherent_access - what for?
 * @COHERENT_ACCESS_COPY: to copy; where the user is in low power, -EHOSTDOWN
 *	says to take a runtime PM reference first. Otherwise the device cannot
 *	lose its power: VFIO has a reference, and gives it back under face_lock.
 * @COHERENT_ACCESS_COPY_AWAKE: to copy; the caller holds one
 * @COHERENT_ACCESS_MAP: to map
 */
enum coherent_access {
	COHERENT_ACCESS_COPY,
	COHERENT_ACCESS_COPY_AWAKE,
	COHERENT_ACCESS_MAP,
};

int coherent_access_begin(struct coherent_aperture *ap,
			  enum coherent_access access)
	__cond_acquires_shared(0, ap->face_lock)
	__cond_acquires_shared(0, &ap->gate.lock);
int coherent_access_begin_wait(struct coherent_aperture *ap,
			       enum coherent_access access, unsigned int state)
	__cond_acquires_shared(0, ap->face_lock)
	__cond_acquires_shared(0, &ap->gate.lock);
void coherent_access_end(struct coherent_aperture *ap)
	__releases_shared(&ap->gate.lock)
	__releases_shared(ap->face_lock);
int coherent_access_wait(struct coherent_aperture *ap,
			 enum coherent_access access, unsigned int state);
int coherent_access_pause(struct coherent_aperture *ap, unsigned int state,
			  unsigned int step_ms, unsigned int shut_ms);

/* health.c, health_sysfs.c: what went wrong, counted */
void coherent_health_event(struct coherent_aperture *ap,
			   enum coherent_gate_event event, unsigned int before,
			   unsigned int after);
void coherent_health_answer(struct coherent_aperture *ap, int answer);

/* The answer 0, which nearly always is no news */
static inline void coherent_health_ready(struct coherent_aperture *ap)
{
	if (unlikely(atomic_read(&ap->health.late)))
		coherent_health_answer(ap, 0);
}

void coherent_health_never_ready(void);
const char *coherent_health_state(const struct coherent_aperture *ap);
long coherent_health_readiness_failures(void);
int coherent_health_sysfs_add(struct coherent_aperture *ap);
void coherent_health_sysfs_remove(struct coherent_aperture *ap);
int coherent_health_init(void);
void coherent_health_exit(void);

/* claim.c: the aperture in /proc/iomem, and what is in quarantine */
int coherent_claim(struct coherent_aperture *ap);
void coherent_claim_mapped(struct coherent_aperture *ap);
void coherent_release(struct coherent_aperture *ap);
int coherent_quarantine_list(char *buf);
int coherent_quarantine_lift(unsigned long first, unsigned long last);
void coherent_claim_exit(void);

/* debugfs.c: what a developer looks at */
int coherent_debugfs_init(void);
void coherent_debugfs_exit(void);
void coherent_debugfs_add(struct coherent_aperture *ap);
void coherent_debugfs_remove(struct coherent_aperture *ap);

/* scrub.c, scrub_sysfs.c: from one tenant to the next */
void coherent_scrub_init(struct coherent_aperture *ap,
			 enum coherent_scrub_policy policy);
int coherent_scrub_open(struct coherent_aperture *ap);
void coherent_scrub_close(struct coherent_aperture *ap);
int coherent_scrub_sysfs_add(struct coherent_aperture *ap);
void coherent_scrub_sysfs_remove(struct coherent_aperture *ap);

/* dmabuf.c: memory that others have for their DMA; dmabuf.h is for the face */
#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
void coherent_dmabufs_init(struct coherent_aperture *ap);
bool coherent_dmabufs_are_left(struct coherent_aperture *ap);
size_t coherent_dmabufs_count(struct coherent_aperture *ap);
void coherent_dmabufs_revoke(struct coherent_aperture *ap);
void coherent_dmabufs_revoke_poisoned(struct coherent_aperture *ap);
#else
static inline void coherent_dmabufs_init(struct coherent_aperture *ap) { }
static inline bool coherent_dmabufs_are_left(struct coherent_aperture *ap)
{
	return false;
}

static inline size_t coherent_dmabufs_count(struct coherent_aperture *ap)
{
	return 0;
}

static inline void coherent_dmabufs_revoke(struct coherent_aperture *ap) { }
static inline void coherent_dmabufs_revoke_poisoned(struct coherent_aperture *ap) { }
#endif

/* region_sysfs.c: facts about regions */
const char *coherent_memtype_name(enum coherent_memtype memtype);
int coherent_region_sysfs_add(struct coherent_aperture *ap);
void coherent_region_sysfs_remove(struct coherent_aperture *ap);

/* foreign.c: IOMMU mappings by others */
int coherent_foreign_watch(const struct class *class);
void coherent_foreign_unwatched(void);
void coherent_foreign_forget(void);
void coherent_foreign_exit(void);
bool coherent_foreign_dma(struct iommu_group *ours, const struct device *self);
#if IS_ENABLED(CONFIG_KUNIT)	/* VISIBLE_IF_KUNIT */
bool coherent_foreign_claimed(struct iommu_group *group);
#endif

/* quarantine.c: ... as an administrator sees it */
int coherent_quarantine_init(void);
void coherent_quarantine_exit(void);

/* memory.c: apertures of the core's own */
bool coherent_memory_owns(u64 base, u64 size);
struct resource *coherent_memory_claim(u64 base, u64 size, const char *name);
void coherent_memory_keep(u64 base, u64 size, bool keep);
void coherent_memory_release(u64 base, u64 size);

/* Of a device's directory in sysfs */
#define COHERENT_SYSFS_GROUP	"coherent"

/* parse.c: what is read and written there */
int coherent_sysfs_emit_choice(char *buf, const char * const *names,
			       int choice);
int coherent_parse_pages(const char *buf, unsigned long *first,
			 unsigned long *last, unsigned long base,
			 unsigned long limit);

/* tracepoints.c: to be notified of what the kernel does */
int coherent_tracepoint_start(const char *name, void *probe,
			      struct tracepoint **tp);
void coherent_tracepoint_stop(void *probe, struct tracepoint *tp);

/* host_sysfs.c: what belongs to no device */
extern struct kobject *coherent_host_kobj;

int coherent_host_sysfs_init(void);
void coherent_host_sysfs_exit(void);

#endif /* COHERENT_COHERENT_H */
