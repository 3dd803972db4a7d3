/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the functional tests share: opening a function through VFIO, moving
 * bytes, watching for SIGBUS, counting page faults, and knowing what to expect
 * of the function under test.
 *
 * Functions return 0 or a positive value on success and a negative errno value
 * on failure; nothing in here ends a test by itself.
 */
#ifndef COHERENT_SELFTESTS_H
#define COHERENT_SELFTESTS_H

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define USEMEM		VFIO_PCI_BAR4_REGION_INDEX
#define RESMEM		VFIO_PCI_BAR2_REGION_INDEX
#define KiB		1024ULL
#define MiB		(1024 * KiB)
#define GiB		(1024 * MiB)

/* The bits of an address register that no backend of ours ever changes */
#define FAKE_BAR_FLAGS	(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)

/* ---- expect.c: what the environment says about the function under test ---- */

struct expect_region {
	bool present;
	u64 base;		/* guest-physical */
	u64 len;		/* backed bytes */
	u64 bar;		/* BAR size: @len rounded up to a power of two */
};

struct expect {
	char bdf[32];
	char driver[64];
	bool pass_through;	/* no firmware property: plain vfio-pci behaviour */
	bool model;		/* BAR0 is our device model's, with a test block */
	bool hot_reset;		/* behind a port of its own ... */
	char port[32];		/* ... which QEMU knows by this name */
	bool flr;		/* the function has FLR */
	bool no_reset;		/* ... or no way of being reset alone */
	bool slow;		/* run what takes as long as the backend's limit */
	bool readiness;		/* the backend waits for the device after a reset */
	u64 ready_limit_ms;	/* ... for this long */
	bool mem_needed;	/* ... and reads a BAR for that */
	struct expect_region use, res;
};

int expect_load(struct expect *e);
/* Is it a word of COHERENT_KERNEL_HAS? */
bool kernel_has(const char *what);
/* ... and in COHERENT_MACHINE_LACKS */
bool machine_lacks(const char *what);
const struct expect_region *expect_region(const struct expect *e, unsigned int index);
u64 round_up_pow2(u64 v);
u64 env_u64(const char *name, u64 dflt);

/* ---- vfio.c ---- */

struct fn {
	int container;		/* or iommufd's file */
	int group;
	int device;
	int group_nr;
	struct vfio_device_info info;
	struct vfio_region_info region[VFIO_PCI_NUM_REGIONS];
	u64 usable[VFIO_PCI_NUM_REGIONS];	/* sparse area, or the whole size */
};

/* What a system call has returned, or -errno */
int neg(int ret);
int fn_open(struct fn *f, const char *bdf);
/* What all ways of opening end with: see what there is, and decode memory */
int fn_begin(struct fn *f);
void fn_close(struct fn *f);
/* A second file of the same open group */
int fn_device_fd(const struct fn *f, const char *bdf);
/* Region info with capabilities, in a buffer that the caller frees */
struct vfio_region_info *fn_region_info(const struct fn *f, unsigned int index);
struct vfio_info_cap_header *info_cap(struct vfio_region_info *info, u16 id);

static inline off_t at(unsigned int index, u64 off)
{
	return ((u64)index << 40) + off;
}

/* Like pread()/pwrite(), but -errno */
ssize_t rd(const struct fn *f, unsigned int index, void *buf, size_t n, u64 off);
ssize_t wr(const struct fn *f, unsigned int index, const void *buf, size_t n, u64 off);
/* ... and over until everything is moved, for transfers that must be whole */
int rd_all(const struct fn *f, unsigned int index, void *buf, size_t n, u64 off);
int wr_all(const struct fn *f, unsigned int index, const void *buf, size_t n, u64 off);

/* Configuration space by little-endian value; ~0 when reading fails */
u32 cfg_read(const struct fn *f, unsigned int off, unsigned int size);
int cfg_write(const struct fn *f, unsigned int off, unsigned int size, u32 val);
unsigned int cfg_find_cap(const struct fn *f, u8 id);
int fn_memory_decode(const struct fn *f, bool on);

int fn_feature_set(const struct fn *f, u32 feature);
int fn_dma_map(const struct fn *f, void *va, u64 len, u64 iova);
int fn_dma_unmap(const struct fn *f, u64 len, u64 iova);
/* Have @efd signalled by interrupt @index: VFIO_PCI_REQ_IRQ_INDEX, ..._ERR_... */
int fn_irq_eventfd(const struct fn *f, unsigned int index, int efd);

/* ---- cdev.c: by iommufd, with no group; -ENOENT where the kernel has no such file ---- */

int fn_open_cdev(struct fn *f, const char *bdf);
/* A file of the device, bound to nothing */
int fn_cdev_fd(const char *bdf);
/* An address space for DMA, which the device is then attached to */
int fn_ioas_attach(const struct fn *f, u32 *ioas);
int fn_ioas_detach(const struct fn *f);
int fn_ioas_map(const struct fn *f, u32 ioas, void *va, u64 len, u64 iova);
int fn_ioas_unmap(const struct fn *f, u32 ioas, u64 len, u64 iova);

/* ---- reset.c; each returns 0 or -errno ---- */

enum reset_kind { BY_IOCTL, BY_FLR, BY_SYSFS, BY_HOT };

int reset_ioctl(const struct fn *f);
int reset_flr(const struct fn *f);
int reset_hot(const struct fn *f);
int reset_sysfs(const char *bdf);
int reset_by(const struct fn *f, const struct expect *e, enum reset_kind kind);
/* NULL, or why this kind of reset cannot be asked of the function */
const char *reset_impossible(const struct expect *e, enum reset_kind kind);

/* ---- pci.c: sysfs ---- */

int sysfs_read(const char *path, char *buf, size_t n);
int sysfs_write(const char *path, const char *val);
int pci_path(char *buf, size_t n, const char *bdf, const char *file);
int pci_driver(const char *bdf, char *buf, size_t n);
int pci_bind(const char *bdf, const char *driver);
int pci_unbind(const char *bdf);
/* The same for pthread_create() and wait_for(): it waits until nobody has the function */
struct pci_unbinder {
	const char *bdf;
	atomic_int done;
	int ret;
};

void *pci_unbinder_run(void *unbinder);
bool pci_unbinder_done(void *unbinder);
int pci_resource(const char *bdf, unsigned int bar, u64 *start, u64 *len);
int pci_group(const char *bdf);
int pci_config_raw(const char *bdf, unsigned int off, void *buf, size_t n);
/* Does /proc/iomem hold [base, base+len) under a name that contains @name? */
bool iomem_has(u64 base, u64 len, const char *name);

/* ---- fault.c: touching memory that may raise a signal ---- */

struct fault_seen {
	int sig;		/* 0: none */
	int code;
	void *addr;
	int lsb;		/* BUS_MCEERR_AR: how much is gone, as a shift */
};

void fault_catch(void);

/* SIGBUS of code BUS_MCEERR_AO, by which a process hears of an error elsewhere */
#define ADVICES_KEPT	64

struct advice {
	void *addr;
	int lsb;
	pid_t tid;
	u64 at_us;
	_Atomic bool complete;
};

/* How many this process had since fault_catch() or advice_forget(); and which */
unsigned int advice_count(void);
struct advice advice_get(unsigned int nr);
void advice_forget(void);

/* One access of 1, 2, 4 or 8 bytes; 0, or -EFAULT with *seen filled in */
int touch_read(const volatile void *p, unsigned int size, u64 *val, struct fault_seen *seen);
int touch_write(volatile void *p, unsigned int size, u64 val, struct fault_seen *seen);
/* Bulk copy out of or into such memory; 0, or -EFAULT */
int touch_copy(void *dst, const void *src, size_t n, struct fault_seen *seen);

/* Page faults that this thread takes while reading one byte of every page */
long faults_of_walk(const volatile u8 *p, size_t len, size_t step);

/* ---- pages.c: mappings whose alignment is chosen ---- */

/* Kilobytes of page tables that this process has; -1 if nobody says */
long page_tables(void);

u64 page_size(void);
u64 pmd_size(void);

/*
 * Map @len bytes of a region at @off so that virtual and physical addresses are
 * congruent modulo @align plus @skew bytes. MAP_FAILED on error.
 */
void *map_aligned(const struct fn *f, unsigned int index, u64 phys, u64 off,
		  size_t len, u64 align, u64 skew, int prot);
void *map_plain(const struct fn *f, unsigned int index, u64 off, size_t len, int prot);
/* In the place of what is mapped there */
void *map_over(const struct fn *f, unsigned int index, u64 off, size_t len, int prot, void *where);
/* First offset in the region where a block could start, as physical addresses go */
u64 first_block(const struct expect_region *r, u64 pmd);
/* Some whole blocks at a congruent address; NULL if the region has not as many */
u8 *map_blocks(const struct fn *f, unsigned int index, const struct expect_region *r,
	       u64 pmd, unsigned int blocks, u64 *off);
/* A word in each page that depends on @seed and on the page; 0, or -1 */
int mark_pages(u8 *p, u64 n, u64 page, u64 seed);
int check_pages(u8 *p, u64 n, u64 page, u64 seed);
/*
 * Was a mapping of the first @n bytes that mark_pages() wrote revoked, and does it
 * come back with the same memory, in file I/O too? NULL, or what is wrong.
 */
const char *not_back(const struct fn *f, unsigned int index, u8 *p, u64 n, u64 page, u64 seed);

/* ---- barmodel.c: an independent model of the six address registers ---- */

struct barmodel {
	u8 byte[24];		/* 0x10 .. 0x27 */
	u8 writable[24];	/* a bit set: software can change it */
};

void barmodel_init(struct barmodel *m, const struct fn *f, const struct expect *e,
		   const u8 now[24]);
void barmodel_write(struct barmodel *m, unsigned int off, const void *buf, unsigned int n);
/* Take the device's registers over, and write ~0 to the fake ones of both: 0 or -1 */
int barmodel_smear(struct barmodel *m, const struct fn *f, const struct expect *e);
/* Fake registers back to their state after reset; others are left alone */
void barmodel_reset(struct barmodel *m, const struct expect *e);
/* All 24 bytes of the device, read in one go and one by one; or -1 and @why */
int barmodel_compare(const struct fn *f, const struct barmodel *m, char *why, size_t n);

/* ---- testblock.c: the device model's registers (model.h) ---- */

/* Where in BAR 0 they begin */
u64 block_at(void);
u32 block_read(const struct fn *f, u32 reg);
int block_write(const struct fn *f, u32 reg, u32 val);
/* The device never becomes ready by itself; one more reset makes it so */
int block_never_ready(const struct fn *f);
/* Ready at once, now and after coming resets; -ENXIO if this is not our model */
int block_calm(const struct fn *f);
/* Open and close a function, and calm it both times if it is our model */
int fn_open_calm(struct fn *f, const struct expect *e);
void fn_close_calm(struct fn *f, const struct expect *e);

struct polled {
	const struct fn *f;
	u32 from;
	unsigned int times;
};

/* For wait_for(): asked for readiness @times since it had been asked @from times */
bool polled_often(void *polled);

/* ---- kmsg.c ---- */

int kmsg_open(void);
/* Next record at or after the point of opening that contains @needle, within @ms */
int kmsg_wait(int fd, const char *needle, int ms, char *line, size_t n);

/* ---- pattern.c ---- */

/* Bytes that depend on @seed and on their own position */
void pattern_fill(void *buf, size_t n, u64 pos, u64 seed);
/* Position of the first byte that differs, or -1 */
ssize_t pattern_check(const void *buf, size_t n, u64 pos, u64 seed);
ssize_t first_not(const void *buf, size_t n, u8 byte);

struct rng {
	u64 s;
};

u64 rng_next(struct rng *r);
static inline u64 rng_below(struct rng *r, u64 n)
{
	return rng_next(r) % n;
}

/* ---- waiting.c: conditions instead of sleeps ---- */

u64 now_ms(void);
u64 now_us(void);
/* Poll @cond until it is true or @ms have gone by; true when it became true */
bool wait_for(bool (*cond)(void *), void *arg, u64 ms);
/* For wait_for(): is this atomic_int not 0? */
bool flag_is_set(void *flag);
/* Wait for a child; its status, or -ETIME (it is then killed and reaped) */
int wait_child(pid_t pid, u64 ms);
/* Is this thread of ours (or any task) asleep in the kernel: state S, D? */
bool task_blocked(pid_t tid);

#endif
