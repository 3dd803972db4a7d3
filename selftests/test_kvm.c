// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest's CPU may do with the memory, under KVM and with no VMM in between: a
 * few instructions each, through a mapping of a region of the function. arm64 alone.
 *
 * Stage 1, the guest's, says what type a mapping has, and stage 2, KVM's, what it may
 * have at most: write-back for the usable part, where KVM maps that as cacheable; Normal
 * without caches for write-combining memory. A KVM that takes all memory without struct
 * page for a device's gives the guest Device memory. Another refuses what it cannot give:
 * where the CPU wants its caches to be maintained, and to a guest with MTE. Which KVM and
 * CPU these are, COHERENT_KERNEL_HAS and COHERENT_MACHINE_LACKS may say (lib/expect.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "machine.h"

#define RW		(PROT_READ | PROT_WRITE)
#define MOST		(32 * MiB)
#define WORD		0x1122334455667788ULL

/* ESR_EL1: a data abort of the guest's own level, for alignment */
#define IS_ALIGNMENT(esr)	((esr) >> 26 == 0x25 && ((esr) & 0x3f) == 0x21)

MACHINE_CODE(load, "ldr x0, [x0]");
MACHINE_CODE(store_load, "str x1, [x0]\nldr x0, [x0]");
MACHINE_CODE(pair, "stp x1, x1, [x0]\nldp x2, x0, [x0]");
MACHINE_CODE(simd, "fmov d0, x1\nmov v0.d[1], x1\nstr q0, [x0]\nldr q1, [x0]\nmov x0, v1.d[1]");
MACHINE_CODE(exclusive, "2: ldxr x2, [x0]\nadd x2, x2, x1\nstxr w3, x2, [x0]\ncbnz w3, 2b\nldr x0, [x0]");
MACHINE_CODE(lse_add, ".arch_extension lse\nldadd x1, x2, [x0]\nldr x0, [x0]");
MACHINE_CODE(lse_cas, ".arch_extension lse\nmov x2, x1\nadd x3, x1, #1\ncas x2, x3, [x0]\nldr x0, [x0]");
MACHINE_CODE(zva, "dc zva, x0\nldr x0, [x0]");
MACHINE_CODE(zva_size, "mrs x0, dczid_el0");
MACHINE_CODE(clean, "str x1, [x0]\ndc cvac, x0\ndsb sy\ndc civac, x0\ndsb sy\nldr x0, [x0]");
MACHINE_CODE(call, "mov x2, x0\nmov x0, x1\nblr x2");
MACHINE_CODE(called, "add x0, x0, #1\nret");
/* x1 pages, 4 KiB each: a word of each, and their sum */
MACHINE_CODE(walk, "mov x3, #0\n2: ldr x2, [x0]\nadd x3, x3, x2\nadd x0, x0, #4096\nsubs x1, x1, #1\nb.ne 2b\nmov x0, x3");

FIXTURE(kvm) {
	struct expect e;
	struct fn f;
	struct machine m;
	u8 *p;
	u64 n, page;
	bool cached;	/* the host has it cached */
	bool device;	/* whatever it asks for, the guest gets Device memory */
};

FIXTURE_VARIANT(kvm) {
	unsigned int index;
	enum machine_type type;
};

FIXTURE_VARIANT_ADD(kvm, usable_wb) { .index = USEMEM, .type = NORMAL_WB };
FIXTURE_VARIANT_ADD(kvm, usable_nc) { .index = USEMEM, .type = NORMAL_NC };
FIXTURE_VARIANT_ADD(kvm, usable_device) { .index = USEMEM, .type = DEVICE };
FIXTURE_VARIANT_ADD(kvm, reserved_wb) { .index = RESMEM, .type = NORMAL_WB };
FIXTURE_VARIANT_ADD(kvm, reserved_nc) { .index = RESMEM, .type = NORMAL_NC };

FIXTURE_SETUP(kvm)
{
	const char *why, *type = getenv("COHERENT_EXPECT_RESTYPE") ?: "";
	const struct expect_region *r;

	self->p = MAP_FAILED;
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	r = expect_region(&self->e, variant->index);
	if (!r)
		SKIP(return, "no such region");
	self->page = page_size();
	self->n = r->len < MOST ? r->len & ~(self->page - 1) : MOST;
	self->p = map_aligned(&self->f, variant->index, r->base, 0, self->n, pmd_size(), 0, RW);
	ASSERT_NE(MAP_FAILED, self->p);
#ifndef __aarch64__
	SKIP(return, "for arm64 only");
#endif
	why = machine_make(&self->m, self->p, self->n);
	if (kernel_has("kvm-caches"))
		ASSERT_EQ(!machine_lacks("cpu-caches"), self->m.cacheable);
	if (why)
		SKIP(return, "%s", why);
	self->cached = variant->index == USEMEM || !strcmp(type, "cached");
	self->device = variant->type == DEVICE || (self->cached && !self->m.cacheable) ||
		       (!self->cached && strcmp(type, "wc"));
}

FIXTURE_TEARDOWN(kvm)
{
	machine_unmake(&self->m);
	if (self->p != MAP_FAILED)
		munmap(self->p, self->n);
	fn_close_calm(&self->f, &self->e);
}

/* Run @code at byte @off of the region */
#define RUN(code, off, x1)	\
	machine_run(&self->m, code, code##_end, machine_data(&self->m, variant->type, off), x1)

/* ... which must end well and report @want */
#define EXPECT_VALUE(want, code, off, x1) do {						\
	struct machine_result r_ = RUN(code, off, x1);					\
	EXPECT_EQ(ENDED, r_.end);							\
	EXPECT_EQ((u64)(want), r_.value);						\
} while (0)

/* ... or take an alignment fault, of the guest's or of KVM's, where it gets Device memory */
#define EXPECT_NORMAL(want, code, off, x1) do {						\
	struct machine_result r_ = RUN(code, off, x1);					\
	if (!self->device) {								\
		EXPECT_EQ(ENDED, r_.end);						\
		EXPECT_EQ((u64)(want), r_.value);					\
	} else {									\
		EXPECT_TRUE(r_.end == FAILED ||						\
			    (r_.end == FAULTED && IS_ALIGNMENT(r_.value)));		\
	}										\
} while (0)

/* What the host has there */
static u64 host(const u8 *p, u64 off)
{
	u64 word;

	memcpy(&word, p + off, sizeof(word));
	return word;
}

static void host_sets(u8 *p, u64 off, u64 word)
{
	memcpy(p + off, &word, sizeof(word));
}

TEST_F_TIMEOUT(kvm, words_are_shared_with_the_host, 120)
{
	u64 last = self->n - sizeof(u64);

	host_sets(self->p, 64, WORD);
	EXPECT_VALUE(WORD, load, 64, 0);
	EXPECT_VALUE(~WORD, store_load, 64, ~WORD);
	EXPECT_EQ(~WORD, host(self->p, 64));
	host_sets(self->p, last, WORD + 1);
	EXPECT_VALUE(WORD + 1, load, last, 0);
	EXPECT_VALUE(WORD, pair, 128, WORD);
	EXPECT_EQ(WORD, host(self->p, 136));
	EXPECT_VALUE(WORD + 2, simd, 256, WORD + 2);
	EXPECT_EQ(WORD + 2, host(self->p, 264));
}

/* Across 8 and 16 bytes, a cache line, a page */
TEST_F_TIMEOUT(kvm, unaligned_words, 120)
{
	const u64 where[] = { 3, 13, 61, self->page - 3 };

	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		EXPECT_NORMAL(WORD + i, store_load, where[i], WORD + i);
		if (!self->device)
			EXPECT_EQ(WORD + i, host(self->p, where[i]));
		EXPECT_NORMAL(WORD - i, simd, where[i], WORD - i);
	}
}

/* Whether exclusives work without caches is the implementation's affair */
TEST_F_TIMEOUT(kvm, exclusives_and_atomics, 120)
{
	if (variant->type != NORMAL_WB || !self->cached)
		SKIP(return, "not promised for this type");
	host_sets(self->p, 0, 5);
	EXPECT_VALUE(12, exclusive, 0, 7);
	EXPECT_EQ(12, host(self->p, 0));
	EXPECT_VALUE(32, lse_add, 0, 20);
	EXPECT_EQ(32, host(self->p, 0));
	EXPECT_VALUE(33, lse_cas, 0, 32);
	EXPECT_EQ(33, host(self->p, 0));
}

TEST_F_TIMEOUT(kvm, blocks_can_be_zeroed, 120)
{
	struct machine_result r = machine_run(&self->m, zva_size, zva_size_end, 0, 0);
	u64 block, off = self->page;

	ASSERT_EQ(ENDED, r.end);
	if (r.value & 16)
		SKIP(return, "the CPU forbids DC ZVA");
	/* It should fault, but emulated CPUs let it be */
	if (self->device)
		SKIP(return, "not promised for Device memory");
	block = 4ULL << (r.value & 15);
	memset(self->p + off - 8, 0xa5, block + 16);
	EXPECT_VALUE(0, zva, off, 0);
	for (u64 o = 0; o < block; o += 8)
		EXPECT_EQ(0, host(self->p, off + o));
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, host(self->p, off - 8));
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, host(self->p, off + block));
}

TEST_F_TIMEOUT(kvm, caches_can_be_cleaned, 120)
{
	EXPECT_VALUE(WORD, clean, 0, WORD);
	EXPECT_EQ(WORD, host(self->p, 0));
}

/* KVM lets nothing be executed that the host has uncached */
TEST_F_TIMEOUT(kvm, code_runs_from_cached_memory_alone, 120)
{
	struct machine_result r;

	if (variant->type == DEVICE)
		SKIP(return, "what comes of it is not determined");
	memcpy(self->p, called, called_end - called);
	__builtin___clear_cache((char *)self->p, (char *)self->p + (called_end - called));
	r = RUN(call, 0, 41);
	if (self->cached && self->m.cacheable) {
		EXPECT_EQ(ENDED, r.end);
		EXPECT_EQ(42, r.value);
	} else {
		EXPECT_TRUE(r.end == FAILED || r.end == FAULTED);
	}
}

/* By a count of what takes the CPU out of the guest: it would be once for each page */
TEST_F_TIMEOUT(kvm, stage_2_maps_blocks, 240)
{
	u64 block = pmd_size(), skip = first_block(expect_region(&self->e, variant->index), block);
	u64 n, pages, sum = 0;
	long before, exits;

	if (skip + block > self->n)
		SKIP(return, "no whole block in it");
	n = (self->n - skip) & ~(block - 1);
	pages = n / 4096;
	for (u64 o = 0; o < n; o += 4096) {
		host_sets(self->p, skip + o, o + WORD);
		sum += o + WORD;
	}
	before = machine_exits(&self->m);
	if (before < 0)
		SKIP(return, "KVM does not count");
	EXPECT_VALUE(sum, walk, skip, pages);
	exits = machine_exits(&self->m) - before;
	TH_LOG("%llu pages, %ld exits", (unsigned long long)pages, exits);
	/* Interrupts of the host's are in it */
	EXPECT_LT(exits, (long)(pages / 4));
}

/* Dirty bits that are taken away, or the time of use, take nothing from the guest */
TEST_F_TIMEOUT(kvm, clear_refs_takes_nothing, 120)
{
	static const char * const words[] = { "1", "4" };

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		EXPECT_VALUE(WORD + i, store_load, 0, WORD + i);
		ASSERT_LE(0, sysfs_write("/proc/self/clear_refs", words[i]));
		EXPECT_VALUE(WORD + i, load, 0, 0);
		EXPECT_VALUE(~WORD, store_load, 8, ~WORD);
		EXPECT_EQ(~WORD, host(self->p, 8));
		EXPECT_NORMAL(WORD - i, store_load, 3, WORD - i);
	}
}

/* Which memory a machine is given, and what comes of it later in the same place */
FIXTURE(slot) {
	struct expect e;
	struct fn f;
	struct machine m;
	u8 *p;
	u64 n;
};

FIXTURE_SETUP(slot)
{
	self->p = MAP_FAILED;
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	if (!kernel_has("kvm-caches"))
		SKIP(return, "KVM takes all of it for a device's");
	self->n = 16 * page_size();
	ASSERT_LE(self->n, self->e.use.len);
	self->p = map_plain(&self->f, USEMEM, 0, self->n, RW);
	ASSERT_NE(MAP_FAILED, self->p);
	host_sets(self->p, 64, WORD);
}

FIXTURE_TEARDOWN(slot)
{
	machine_unmake(&self->m);
	if (self->p != MAP_FAILED)
		munmap(self->p, self->n);
	fn_close_calm(&self->f, &self->e);
}

static void *forget(void *p, u64 n)
{
	return mmap(p, n, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

#define LOAD(off)	machine_run(&self->m, load, load_end,				\
				    machine_data(&self->m, NORMAL_WB, off), 0)

#define EXPECT_LOADS(want) do {								\
	struct machine_result r_ = LOAD(64);						\
	EXPECT_EQ(ENDED, r_.end);							\
	EXPECT_EQ((u64)(want), r_.value);						\
} while (0)

#define EXPECT_REFUSED() do {								\
	struct machine_result r_ = LOAD(64);						\
	EXPECT_EQ(FAILED, r_.end);							\
	EXPECT_EQ(EFAULT, r_.value);							\
} while (0)

TEST_F_TIMEOUT(slot, cached_memory_is_taken_if_it_can_be_cached, 60)
{
	const char *why = machine_make(&self->m, self->p, self->n);

	if (self->m.vm < 0)
		SKIP(return, "%s", why);
	EXPECT_EQ(!machine_lacks("cpu-caches"), self->m.cacheable);
	EXPECT_EQ(self->m.cacheable ? 0 : -EINVAL, self->m.refused);
	if (!self->m.refused)
		EXPECT_LOADS(WORD);
}

TEST_F_TIMEOUT(slot, memory_that_comes_later_is_what_its_mapping_is, 120)
{
	const char *why;

	/* While it is the kernel's own it can be cached by any CPU */
	ASSERT_NE(MAP_FAILED, forget(self->p, self->n));
	host_sets(self->p, 64, ~WORD);
	why = machine_make(&self->m, self->p, self->n);
	if (why)
		SKIP(return, "%s", why);
	EXPECT_LOADS(~WORD);

	ASSERT_NE(MAP_FAILED, map_over(&self->f, USEMEM, 0, self->n, RW, self->p));
	if (!self->m.cacheable) {
		EXPECT_REFUSED();
	} else {
		EXPECT_LOADS(WORD);
		memcpy(self->p, called, called_end - called);
		__builtin___clear_cache((char *)self->p,
					(char *)self->p + (called_end - called));
		EXPECT_EQ(42, machine_run(&self->m, call, call_end,
					  machine_data(&self->m, NORMAL_WB, 0), 41).value);
	}

	/* What the host has uncached is not executed from, even where it could be before */
	if (self->e.res.present && self->e.res.len >= self->n &&
	    !strcmp(getenv("COHERENT_EXPECT_RESTYPE") ?: "", "wc")) {
		struct machine_result r;

		ASSERT_NE(MAP_FAILED, map_over(&self->f, RESMEM, 0, self->n, RW, self->p));
		memcpy(self->p, called, called_end - called);
		r = machine_run(&self->m, call, call_end, machine_data(&self->m, NORMAL_WB, 0), 41);
		EXPECT_TRUE(r.end == FAILED || r.end == FAULTED);
	}

	ASSERT_NE(MAP_FAILED, forget(self->p, self->n));
	host_sets(self->p, 64, WORD + 1);
	EXPECT_LOADS(WORD + 1);
}

TEST_F_TIMEOUT(slot, guest_with_tags_does_not_get_it, 120)
{
	const char *why = machine_make_tagged(&self->m, self->p, self->n, TAGS);

	if (!self->m.refused)
		SKIP(return, "%s", why ?: "KVM has no tags");
	EXPECT_EQ(-EINVAL, self->m.refused);
	machine_unmake(&self->m);

	ASSERT_NE(MAP_FAILED, forget(self->p, self->n));
	host_sets(self->p, 64, ~WORD);
	ASSERT_EQ(NULL, machine_make_tagged(&self->m, self->p, self->n, TAGS));
	EXPECT_LOADS(~WORD);
	ASSERT_NE(MAP_FAILED, map_over(&self->f, USEMEM, 0, self->n, RW, self->p));
	EXPECT_REFUSED();
	machine_unmake(&self->m);

	ASSERT_EQ(NULL, machine_make_tagged(&self->m, self->p, self->n, TAGS_LATE));
	EXPECT_REFUSED();
}

TEST_HARNESS_MAIN
