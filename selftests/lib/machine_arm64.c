// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU of a bare virtual machine, arm64: it begins with the MMU on, tables and system
 * registers are made by us.
 *
 * Arm Architecture Reference Manual, D8 (stage 1 tables), D1.3 (vectors)
 */
#ifdef __aarch64__
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine_cpu.h"

/* In OWN, beside CODE */
#define VECTORS		0
#define TABLE		0x2000

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

MACHINE_CODE(machine_report, "str x0, [x28]\n1: b 1b");
/* ... and any exception, 8 bytes behind that */
MACHINE_CODE(report_fault, "mrs x9, esr_el1\nstr x9, [x28, #8]\n1: b 1b");

static int set_reg(const struct machine *m, u64 id, u64 value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(m->vcpu, KVM_SET_ONE_REG, &reg) ? -errno : 0;
}

void machine_fill(struct machine *m)
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

int machine_set_up_cpu(struct machine *m)
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

int machine_set_registers(const struct machine *m, u64 x0, u64 x1)
{
	int ret = set_reg(m, CORE(regs.pc), OWN + CODE);

	ret = ret ?: set_reg(m, CORE(regs.regs[0]), x0);
	ret = ret ?: set_reg(m, CORE(regs.regs[1]), x1);
	return ret ?: set_reg(m, CORE(regs.regs[28]), REPORT);
}

int machine_set_tags(const struct machine *m)
{
	struct kvm_enable_cap mte = { .cap = KVM_CAP_ARM_MTE };

	return ioctl(m->vm, KVM_ENABLE_CAP, &mte) ? -errno : 0;
}
#endif
