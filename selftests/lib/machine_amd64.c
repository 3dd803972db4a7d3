// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU of a bare virtual machine, amd64: it begins in long mode, tables and control
 * registers are made by us. It knows no exceptions: any is the end of it.
 *
 * AMD64 Architecture Programmer's Manual, volume 2: 5.3 (tables), 14.6 (long mode)
 */
#ifdef __x86_64__
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine_cpu.h"

/* In OWN, beside CODE */
#define TABLE		0x2000		/* level 4, and behind it level 3 */

#define CR0		0x80050033	/* PG, AM, WP, NE, ET, MP, PE */
#define CR4		0x20		/* PAE */
#define EFER		0x500		/* LMA, LME */
#define RFLAGS		2

/* Present, writable; a GiB at level 3 */
#define POINTER(to)	((to) | 3)
#define BLOCK(to)	((to) | 1 << 7 | 3)

/* As many functions of CPUID as KVM may know of */
#define FUNCTIONS	256

MACHINE_CODES(machine_report, "", "mov %rax, (%rbp)\n1: jmp 1b");

void machine_fill(struct machine *m)
{
	u64 *top = (u64 *)(m->own + TABLE), *table = top + 512;

	top[0] = POINTER(OWN + TABLE + 4096);
	table[0] = BLOCK(0ULL);
	table[1] = BLOCK(OWN);
	for (unsigned int type = 0; type < MACHINE_TYPES; type++)
		table[2 + type] = BLOCK(DATA);
}

static int set_cpuid(const struct machine *m)
{
	struct kvm_cpuid2 *all = calloc(1, sizeof(*all) + FUNCTIONS * sizeof(all->entries[0]));
	int ret;

	if (!all)
		return -ENOMEM;
	all->nent = FUNCTIONS;
	ret = ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, all) ||
	      ioctl(m->vcpu, KVM_SET_CPUID2, all) ? -errno : 0;
	free(all);
	return ret;
}

int machine_set_up_cpu(struct machine *m)
{
	struct kvm_segment code = {
		.limit = ~0U, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1,
	};
	struct kvm_segment data = {
		.limit = ~0U, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;
	int ret = set_cpuid(m);

	if (ret)
		return ret;
	if (ioctl(m->vcpu, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.cr0 = CR0;
	sregs.cr3 = OWN + TABLE;
	sregs.cr4 = CR4;
	sregs.efer = EFER;
	return ioctl(m->vcpu, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

int machine_set_registers(const struct machine *m, u64 x0, u64 x1)
{
	struct kvm_regs regs = {
		.rip = OWN + CODE, .rflags = RFLAGS, .rax = x0, .rbx = x1, .rbp = REPORT,
	};

	return ioctl(m->vcpu, KVM_SET_REGS, &regs) ? -errno : 0;
}

int machine_set_tags(const struct machine *m)
{
	(void)m;
	return -EOPNOTSUPP;
}
#endif
