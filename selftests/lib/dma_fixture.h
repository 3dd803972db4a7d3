/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests of DMA by another function: the one under test and its peer are
 * open, the peer with an address space of its own. Skipped where that cannot be had.
 * Include after kselftest_harness.h, coherent.h, dma.h, inject.h and poison.h, once a
 * program.
 */
#ifndef COHERENT_DMA_FIXTURE_H
#define COHERENT_DMA_FIXTURE_H

#define IOVA	0x40000000ULL

FIXTURE(dma) {
	struct expect e;
	struct fn f;
	struct peer peer;
	u64 page;
	char policy[32];
};

FIXTURE_SETUP(dma)
{
	int ret;

	self->peer.fn.device = -1;
	ASSERT_EQ(0, expect_load(&self->e));
	ret = fn_open_cdev(&self->f, self->e.bdf);
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no character devices for VFIO");
	ASSERT_EQ(0, ret);
	if (self->e.model)
		ASSERT_EQ(0, block_calm(&self->f));
	if (!dmabuf_in_kernel(&self->f))
		SKIP(return, "this kernel has no dma-bufs of VFIO");
	ret = peer_open(&self->peer, &self->f);
	if (ret == -ENODEV)
		SKIP(return, "no other function to do DMA");
	ASSERT_EQ(0, ret);
	self->page = page_size();
	ASSERT_EQ(0, poison_policy_get(&self->e, self->policy, sizeof(self->policy)));
}

FIXTURE_TEARDOWN(dma)
{
	if (*self->policy)
		poison_policy_set(&self->e, self->policy);
	poison_clear_all(&self->e);
	if (self->peer.fn.device >= 0)
		peer_close(&self->peer);
	fn_close_calm(&self->f, &self->e);
}

static bool reaches(const struct peer *p, u64 iova)
{
	u64 word;

	return !peer_read(p, iova, &word, sizeof(word));
}

/* Errors made up by the core, in page 4 of the region */
static int poison_page_4(const struct expect *e, u64 page)
{
	int ret = inject_error(e, BY_DEBUGFS, e->use.base + 4 * page);

	return ret ?: poison_wait(e, 1, POISON_LIMIT_MS) ? 0 : -ETIME;
}

#endif
