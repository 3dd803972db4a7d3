// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare virtual machine under KVM. Its CPU begins with the MMU on: tables and system
 * registers are made by us.
 *
 * Arm Architecture Reference Manual, D8 (stage 1 tables), D1.3 (vectors);
 * Documentation/virt/kvm/api.rst
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "machine.h"

#ifdef __aarch64__
/* Guest-physical; where virtual addresses of the region lead to, whatever their type */
#define REPORT		0x10000000ULL
#define OWN		0x40000000ULL
#define DATA		0x80000000ULL

/* In OWN */
#define VECTORS		0
#define CODE		0x1000
#define TABLE		0x2000
#define OWN_SIZE	0x10000		/* a page, whatever that is */

/* KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED, newer than some C libraries' headers */
#define CACHEABLE_PFNMAP	243

#define CORE(name)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 offsetof(struct kvm_regs, name) / 4)
#define SCTLR_EL1	ARM64_SYS_REG(3, 0, 1, 0, 0)
#define CPACR_EL1	ARM64_SYS_REG(3, 0, 1, 0, 2)
#define TTBR0_EL1	ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TCR_EL1		ARM64_SYS_REG(3, 0, 2, 0, 2)
#define MAIR_EL1	ARM64_SYS_REG(3, 0, 10, 2, 0)
#define VBAR_EL1	ARM64_SYS_REG(3, 0, 12, 0, 0)

#define SCTLR		(0x30d00800 | 1 << 12 | 1 << 2 | 1)	/* RES1; I, C, M */
#define CPACR		(3 << 20)				/* SIMD */
/* Four KiB, 39 bits, write-back walks; only TTBR0; 40 bits of physical address */
#define TCR		(2ULL << 32 | 1 << 23 | 3 << 12 | 1 << 10 | 1 << 8 | 25)
/* As enum machine_type */
#define MAIR		(0xffULL | 0x44ULL << 8 | 0x04ULL << 16)

/* A GiB at level 1: valid, block, accessed, inner shareable */
#define BLOCK(to, type)	((to) | 1 << 10 | 3 << 8 | (u64)(type) << 2 | 1)

#define LIMIT_S		60

/* Reports what x0 holds, at REPORT; then waits to be given other registers */
MACHINE_CODE(report, "str x0, [x28]\n1: b 1b");
/* ... and any exception, 8 bytes behind that */
MACHINE_CODE(report_fault, "mrs x9, esr_el1\nstr x9, [x28, #8]\n1: b 1b");

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

static void fill_own(struct machine *m)
{
	u64 *table = (u64 *)(m->own + TABLE);
	size_t n = report_fault_end - report_fault;

	/* From this exception level and all others, of any kind */
	for (unsigned int vector = 0; vector < 16; vector++)
		memcpy(m->own + VECTORS + vector * 0x80, report_fault, n);
	table[0] = BLOCK(0, DEVICE);
	table[1] = BLOCK(OWN, NORMAL_WB);
	for (unsigned int type = 0; type < MACHINE_TYPES; type++)
		table[2 + type] = BLOCK(DATA, type);
	__builtin___clear_cache((char *)m->own, (char *)m->own + OWN_SIZE);
}

static int set_up_cpu(struct machine *m)
{
	struct kvm_vcpu_init init;
	int ret;

	if (ioctl(m->vm, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(m->vcpu, KVM_ARM_VCPU_INIT, &init))
		return -errno;
	ret = set_reg(m, MAIR_EL1, MAIR);
	ret = ret ?: set_reg(m, TCR_EL1, TCR);
	ret = ret ?: set_reg(m, TTBR0_EL1, OWN + TABLE);
	ret = ret ?: set_reg(m, VBAR_EL1, OWN + VECTORS);
	ret = ret ?: set_reg(m, CPACR_EL1, CPACR);
	return ret ?: set_reg(m, SCTLR_EL1, SCTLR);
}

const char *machine_make(struct machine *m, void *data, u64 n)
{
	memset(m, 0, sizeof(*m));
	m->vm = -1;
	m->vcpu = -1;
	m->run = MAP_FAILED;
	m->own = MAP_FAILED;
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return "no KVM";
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return "KVM makes no machine";
	m->cacheable = ioctl(m->vm, KVM_CHECK_EXTENSION, CACHEABLE_PFNMAP) > 0;
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0)
		return "KVM makes no CPU";
	m->run_size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	m->own = mmap(NULL, OWN_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->run == MAP_FAILED || m->own == MAP_FAILED)
		return "no memory for a machine";
	fill_own(m);
	if (set_up_cpu(m))
		return "KVM does not take the CPU's registers";
	/* KVM maps blocks where addresses of the guest and of the host agree */
	m->skew = (uintptr_t)data % pmd_size();
	if (add_slot(m, 0, OWN, m->own, OWN_SIZE) || add_slot(m, 1, DATA + m->skew, data, n))
		return "KVM does not take the memory";
	return NULL;
}

void machine_unmake(struct machine *m)
{
	if (m->run != MAP_FAILED)
		munmap(m->run, m->run_size);
	if (m->own != MAP_FAILED)
		munmap(m->own, OWN_SIZE);
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->vm >= 0)
		close(m->vm);
	if (m->kvm >= 0)
		close(m->kvm);
}

static volatile sig_atomic_t late, is_told;
static siginfo_t told;

static void on_error(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	told = *si;
	is_told = 1;
}

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

/* Every second from the limit on: one may come before KVM_RUN is there */
static void set_alarm(unsigned int seconds)
{
	struct itimerval timer = {
		.it_value.tv_sec = seconds,
		.it_interval.tv_sec = seconds ? 1 : 0,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static struct machine_result run(struct machine *m)
{
	int ret;

	do {
		ret = ioctl(m->vcpu, KVM_RUN, 0);
	} while (ret && (errno == EINTR || errno == EAGAIN) && !late && !is_told);
	if (ret && errno != EINTR)
		return (struct machine_result){ .end = FAILED, .value = errno };
	if (is_told)
		return (struct machine_result){ .end = TOLD, .told = told };
	if (late)
		return (struct machine_result){ .end = HUNG };
	if (m->run->exit_reason == KVM_EXIT_MMIO && m->run->mmio.is_write) {
		u64 value;

		memcpy(&value, m->run->mmio.data, sizeof(value));
		if (m->run->mmio.phys_addr == REPORT)
			return (struct machine_result){ .end = ENDED, .value = value };
		if (m->run->mmio.phys_addr == REPORT + 8)
			return (struct machine_result){ .end = FAULTED, .value = value };
	}
	return (struct machine_result){ .end = ODD, .value = m->run->exit_reason };
}

struct machine_result machine_run(struct machine *m, const char *code, const char *end, u64 x0,
				  u64 x1)
{
	struct sigaction error = { .sa_sigaction = on_error, .sa_flags = SA_SIGINFO };
	struct sigaction alarm = { .sa_handler = on_alarm }, alarm_before, error_before;
	struct machine_result result = { .end = ODD };
	char *at = (char *)m->own + CODE;

	memcpy(at, code, end - code);
	memcpy(at + (end - code), report, report_end - report);
	__builtin___clear_cache(at, at + (end - code) + (report_end - report));
	/* What the last store left to do is done on entry, before registers change */
	m->run->immediate_exit = 1;
	ioctl(m->vcpu, KVM_RUN, 0);
	m->run->immediate_exit = 0;
	if (set_reg(m, CORE(regs.pc), OWN + CODE) || set_reg(m, CORE(regs.regs[0]), x0) ||
	    set_reg(m, CORE(regs.regs[1]), x1) || set_reg(m, CORE(regs.regs[28]), REPORT))
		return result;
	late = 0;
	is_told = 0;
	sigaction(SIGBUS, &error, &error_before);
	sigaction(SIGALRM, &alarm, &alarm_before);
	set_alarm(LIMIT_S);
	result = run(m);
	set_alarm(0);
	sigaction(SIGALRM, &alarm_before, NULL);
	sigaction(SIGBUS, &error_before, NULL);
	return result;
}

long machine_exits(const struct machine *m)
{
	char path[96], text[32];
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/exits", getpid(), m->vm);
	ret = sysfs_read(path, text, sizeof(text));
	return ret < 0 ? ret : strtol(text, NULL, 0);
}
#else
const char *machine_make(struct machine *m, void *data, u64 n)
{
	(void)m, (void)data, (void)n;
	return "for arm64 only";
}

void machine_unmake(struct machine *m)
{
	(void)m;
}

struct machine_result machine_run(struct machine *m, const char *code, const char *end, u64 x0,
				  u64 x1)
{
	(void)m, (void)code, (void)end, (void)x0, (void)x1;
	return (struct machine_result){ .end = ODD };
}

long machine_exits(const struct machine *m)
{
	(void)m;
	return -EOPNOTSUPP;
}
#endif
