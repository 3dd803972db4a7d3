/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bare virtual machine under KVM: one CPU, a page of code, page tables of its own, and
 * a mapping of a region of the function as its memory. No VMM in between.
 *
 * What the guest sees, by virtual address; each is a GiB:
 *   0		nothing is there: stores end KVM_RUN, and are how the guest reports
 *   1 GiB	code, vectors and page tables, ordinary memory
 *   2 GiB ...	the region, once for each kind of memory that stage 1 can make of it
 */
#ifndef COHERENT_SELFTESTS_MACHINE_H
#define COHERENT_SELFTESTS_MACHINE_H

#include "coherent.h"

/* As MAIR_EL1 has them, in this order; on amd64 all are the same */
enum machine_type { NORMAL_WB, NORMAL_NC, DEVICE, MACHINE_TYPES };

struct machine {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	u8 *own;		/* code, vectors and page tables */
	u64 skew;		/* of the region from the GiB, as from a block in the host */
	bool cacheable;		/* arm64: KVM says that it caches memory without struct page */
	int refused;		/* -errno of the region as memory */
};

/* MTE, asked for before the region is given or after that */
enum machine_tags { NO_TAGS, TAGS, TAGS_LATE };

/* Where the guest has byte @off of the region */
static inline u64 machine_data(const struct machine *m, enum machine_type type, u64 off)
{
	return 0x80000000ULL + ((u64)type << 30) + m->skew + off;
}

/* How a piece of code has ended */
enum machine_end {
	ENDED,			/* it has reported a value */
	FAULTED,		/* by an exception that the guest took; value: ESR_EL1 */
	FAILED,			/* KVM_RUN has failed; value: the error's number */
	TOLD,			/* the VMM, us, was told of a memory error, by SIGBUS */
	HUNG,			/* nothing came of it in time */
	ODD,			/* KVM_RUN ended otherwise; value: exit_reason */
};

struct machine_result {
	enum machine_end end;
	u64 value;
	siginfo_t told;		/* what SIGBUS came with, if one did */
};

/* NULL, or why there is no machine; @n bytes of a region are mapped at @data */
const char *machine_make(struct machine *m, void *data, u64 n);
const char *machine_make_tagged(struct machine *m, void *data, u64 n, enum machine_tags tags);
void machine_unmake(struct machine *m);

/*
 * Run what lies between @code and @end, of MACHINE_CODE(), with @x0 and @x1 in the
 * registers of these names; what is in x0 afterwards is reported.
 */
struct machine_result machine_run(struct machine *m, const char *code, const char *end, u64 x0,
				  u64 x1);
/* How often the CPU has left the guest so far, for whatever reason; or -errno */
long machine_exits(const struct machine *m);

/*
 * @name and @name_end: the instructions @arm64 or @amd64, which move to where the guest has
 * them. What is x0 and x1 on arm64 is %rax and %rbx on amd64.
 */
#ifdef __aarch64__
#define MACHINE_TEXT(arm64, amd64)	arm64
#else
#define MACHINE_TEXT(arm64, amd64)	amd64
#endif
#define MACHINE_CODES(name, arm64, amd64)			\
	extern const char name[], name##_end[];			\
	asm(".pushsection .rodata\n"				\
	    ".balign 4\n"					\
	    ".global " #name "\n" #name ":\n"			\
	    MACHINE_TEXT(arm64, amd64) "\n"			\
	    ".global " #name "_end\n" #name "_end:\n"		\
	    ".popsection\n")

/* For a program that arm64 alone runs */
#define MACHINE_CODE(name, arm64)	MACHINE_CODES(name, arm64, "")

#endif
