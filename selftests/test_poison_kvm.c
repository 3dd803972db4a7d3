// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors and KVM: a machine of three instructions loads from a page of
 * the usable part. What it gets is a matter of policy: its VMM is told of the
 * error, by SIGBUS as of ordinary memory; or refused the page it is at its end
 * (KVM_RUN fails with EFAULT), unless the kernel's KVM reports by itself what it is
 * refused (COHERENT_KERNEL_HAS kvm-tells-poison).
 *
 * arm64 alone, and kernels whose KVM maps cacheable memory without struct page.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

#define CODE		0x40000000ULL	/* guest-physical: ordinary memory */
#define DATA		0x80000000ULL	/* the region */
#define REPORT		0x10000000ULL	/* nothing there: a store ends KVM_RUN */
#define SLOT_PAGES	64

/* KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED, newer than some C libraries' headers */
#define CACHEABLE_PFNMAP	243

struct machine {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	u32 *code;
};

/* The error that the CPU's thread was told of while it ran */
static siginfo_t told;

#ifdef __aarch64__
static void on_error(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	told = *si;
}

#define CORE(name)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 offsetof(struct kvm_regs, name) / 4)

static int set_reg(const struct machine *m, u64 id, u64 value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(m->vcpu, KVM_SET_ONE_REG, &reg) ? -errno : 0;
}

static int add_slot(const struct machine *m, unsigned int slot, u64 at, void *p, u64 n)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = at,
		.memory_size = n,
		.userspace_addr = (uintptr_t)p,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

/* NULL, or why there is no machine */
static const char *machine_make(struct machine *m, void *data, u64 n)
{
	struct kvm_vcpu_init init;
	u64 page = page_size();

	memset(m, 0, sizeof(*m));
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return "no KVM";
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return "no machine";
	if (ioctl(m->vm, KVM_CHECK_EXTENSION, CACHEABLE_PFNMAP) <= 0)
		return "this KVM does not map cacheable memory without struct page";
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0 || ioctl(m->vm, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(m->vcpu, KVM_ARM_VCPU_INIT, &init))
		return "no CPU";
	m->run_size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, m->run_size, RW, MAP_SHARED, m->vcpu, 0);
	m->code = mmap(NULL, page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->run == MAP_FAILED || m->code == MAP_FAILED)
		return "no memory";
	m->code[0] = 0xf9400001;	/* ldr x1, [x0] */
	m->code[1] = 0xf9000041;	/* str x1, [x2] */
	m->code[2] = 0x14000000;	/* b . */
	__builtin___clear_cache((char *)m->code, (char *)(m->code + 3));
	if (add_slot(m, 0, CODE, m->code, page) || add_slot(m, 1, DATA, data, n))
		return "no slot";
	return NULL;
}

static void machine_end(struct machine *m)
{
	munmap(m->run, m->run_size);
	close(m->vcpu);
	close(m->vm);
	close(m->kvm);
	munmap(m->code, page_size());
}

/* 0, -errno of KVM_RUN, or -EHWPOISON if a memory error was told */
static int machine_run(struct machine *m)
{
	struct sigaction sa = { .sa_sigaction = on_error, .sa_flags = SA_SIGINFO }, before;
	int ret;

	memset(&told, 0, sizeof(told));
	sigaction(SIGBUS, &sa, &before);
	do {
		ret = neg(ioctl(m->vcpu, KVM_RUN, 0));
	} while (ret == -EINTR && !told.si_signo);
	sigaction(SIGBUS, &before, NULL);
	return told.si_signo && (!ret || ret == -EINTR) ? -EHWPOISON : ret;
}

/* What the machine loads from there: 0, or what machine_run() says */
static int machine_load(struct machine *m, u64 at, u64 *value)
{
	int ret;

	/* what the last store left to do is done on entry, before registers change */
	m->run->immediate_exit = 1;
	ioctl(m->vcpu, KVM_RUN, 0);
	m->run->immediate_exit = 0;
	if (set_reg(m, CORE(regs.pc), CODE) || set_reg(m, CORE(regs.regs[0]), DATA + at) ||
	    set_reg(m, CORE(regs.regs[2]), REPORT))
		return -EINVAL;
	ret = machine_run(m);
	if (ret)
		return ret;
	if (m->run->exit_reason != KVM_EXIT_MMIO || m->run->mmio.phys_addr != REPORT)
		return -EPROTO;
	memcpy(value, m->run->mmio.data, sizeof(*value));
	return 0;
}
#else
static const char *machine_make(struct machine *m, void *data, u64 n)
{
	(void)m, (void)data, (void)n;
	return "for arm64 only";
}

static void machine_end(struct machine *m)
{
	(void)m;
}

static int machine_load(struct machine *m, u64 at, u64 *value)
{
	(void)m, (void)at, (void)value;
	return -ENOSYS;
}
#endif

/* What was lent is taken back by a worker */
static bool is_poison(void *p)
{
	const char *why;

	return !touch_is_poison(p, 8, &why);
}

/* A load from there ends with the VMM told of the error at @p; KVM_RUN does not fail */
static bool is_told(struct machine *m, u64 at, const void *p)
{
	u64 got;

	return machine_load(m, at, &got) == -EHWPOISON && told.si_code == BUS_MCEERR_AR &&
	       told.si_addr == p && told.si_addr_lsb == __builtin_ctzl(page_size());
}

/* Refused the page, KVM_RUN fails; unless KVM reports that by itself */
static bool is_refused(struct machine *m, u64 at, const void *p)
{
	u64 got;

	return kernel_has("kvm-tells-poison") ? is_told(m, at, p) :
						machine_load(m, at, &got) == -EFAULT;
}

TEST_F_TIMEOUT(poison, kvm_is_given_the_page_as_the_policy_says, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, n = SLOT_PAGES * page, got, want = g->seed + 5 * page;
	struct machine m;
	const char *why;
	u8 *p, *other;

	p = map_plain(&g->f, USEMEM, 0, n, RW);
	other = map_plain(&g->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	ASSERT_EQ(0, touch_read(p + 5 * page, 8, &want, NULL));
	why = machine_make(&m, p, n);
	if (why)
		SKIP(return, "%s", why);

	ASSERT_EQ(0, machine_load(&m, 5 * page, &got));
	EXPECT_EQ(want, got);
	ASSERT_EQ(0, poison_pages(g, 5, 1));

	/* auto: and nobody keeps the page */
	for (int i = 0; i < 3; i++) {
		EXPECT_TRUE(is_told(&m, 5 * page, p + 5 * page));
		EXPECT_TRUE(wait_for(is_poison, p + 5 * page, 5000));
	}
	/* A KVM that reports it is not lent the page for a moment either */
	for (int i = 0; i < 20 && kernel_has("kvm-tells-poison"); i++) {
		EXPECT_TRUE(is_refused(&m, 5 * page, p + 5 * page));
		EXPECT_POISON(p + 5 * page);
	}
	EXPECT_POISON(p + 5 * page);
	EXPECT_POISON(other + 5 * page);
	EXPECT_EQ(0, machine_load(&m, 4 * page, &got));
	EXPECT_EQ(0, machine_load(&m, 6 * page, &got));

	ASSERT_EQ(0, poison_policy_set(&g->e, "isolate"));
	EXPECT_TRUE(is_refused(&m, 5 * page, p + 5 * page));
	EXPECT_POISON(p + 5 * page);
	EXPECT_EQ(0, machine_load(&m, 4 * page, &got));
	EXPECT_EQ(0, machine_load(&m, 6 * page, &got));

	ASSERT_EQ(0, poison_policy_set(&g->e, "keep"));
	EXPECT_EQ(0, machine_load(&m, 5 * page, &got));
	EXPECT_EQ(want, got);

	ASSERT_EQ(0, poison_policy_set(&g->e, "isolate"));
	EXPECT_TRUE(is_refused(&m, 5 * page, p + 5 * page));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, machine_load(&m, 5 * page, &got));
	EXPECT_EQ(want, got);
	ASSERT_EQ(0, poison_policy_set(&g->e, "auto"));
	machine_end(&m);
}

TEST_HARNESS_MAIN
