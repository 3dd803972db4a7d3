// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors and KVM: a machine of three instructions loads from a page of
 * the usable part. What it gets is a matter of policy: its VMM is told of the
 * error, by SIGBUS as of ordinary memory; or refused the page it is at its end
 * (KVM_RUN fails with EFAULT), unless the kernel's KVM reports by itself what it is
 * refused (COHERENT_KERNEL_HAS kvm-tells-poison).
 *
 * A KVM of arm64 that makes cached memory Device obeys the same policies.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "machine.h"
#include "poison_fixture.h"

#define SLOT_PAGES	64

MACHINE_CODES(load, "ldr x0, [x0]", "mov (%rax), %rax");

/* The error that the CPU's thread was told of while it ran */
static siginfo_t told;

/* 0 and what the machine loads from there; -errno of KVM_RUN; -EHWPOISON if it is told */
static int machine_load(struct machine *m, u64 at, u64 *value)
{
	struct machine_result r = machine_run(m, load, load_end, machine_data(m, NORMAL_WB, at), 0);

	told = r.told;
	*value = r.value;
	switch (r.end) {
	case ENDED:
		return 0;
	case TOLD:
		return -EHWPOISON;
	case FAILED:
		return -(int)r.value;
	default:
		return -EPROTO;
	}
}

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
	if (why) {
		machine_unmake(&m);
		SKIP(return, "%s", why);
	}

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
	machine_unmake(&m);
}

TEST_HARNESS_MAIN
