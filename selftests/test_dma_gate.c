// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dma-buf that there is may not be mapped for DMA anew while the memory may not be
 * touched: where the kernel asks the driver (COHERENT_KERNEL_HAS dmabuf-gate). Elsewhere
 * it can be, which is what is checked there: the gap is as wide as documented, and no
 * wider.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "aer.h"
#include "coherent.h"
#include "dma.h"
#include "inject.h"
#include "model.h"
#include "poison.h"
#include "dma_fixture.h"

#define PAGES	16

static int map(const struct fn *f, const struct peer *p, int fd, u64 iova)
{
	return ioas_map_file(f, p->ioas, fd, 0, PAGES * page_size(), iova);
}

static int unmap(const struct fn *f, const struct peer *p, u64 iova)
{
	return fn_ioas_unmap(f, p->ioas, PAGES * page_size(), iova);
}

/* What mapping it ends with, where nobody is asked: it is mapped, and that is undone */
static int refused(int err)
{
	return kernel_has("dmabuf-gate") ? err : 0;
}

#define EXPECT_REFUSED(err, fd) do {							\
	int ret_ = map(&self->f, &self->peer, fd, IOVA);				\
											\
	EXPECT_EQ(refused(err), ret_);							\
	EXPECT_EQ(!ret_, reaches(&self->peer, IOVA));					\
	if (!ret_)									\
		EXPECT_EQ(0, unmap(&self->f, &self->peer, IOVA));			\
} while (0)

#define EXPECT_MAPPED(fd) do {								\
	EXPECT_EQ(0, map(&self->f, &self->peer, fd, IOVA));				\
	EXPECT_TRUE(reaches(&self->peer, IOVA));					\
	EXPECT_EQ(0, unmap(&self->f, &self->peer, IOVA));				\
} while (0)

/* Whatever comes is not ready until somebody says so */
static int never_ready(const struct fn *f)
{
	return block_write(f, TEST_RESET_READY, TEST_NEVER) ?:
	       block_write(f, TEST_RESET_VALID, TEST_NEVER);
}

static int ready_now(const struct fn *f)
{
	return block_write(f, TEST_VALID, 0) ?: block_write(f, TEST_READY, 0);
}

TEST_F_TIMEOUT(dma, refused_until_the_memory_is_ready, 120)
{
	const enum reset_kind kinds[] = { BY_SYSFS, BY_IOCTL, BY_FLR };
	u64 n = PAGES * self->page;
	int fd;

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "nothing tells when it is ready");
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (reset_impossible(&self->e, kinds[i]))
			continue;
		ASSERT_EQ(0, never_ready(&self->f));
		ASSERT_EQ(0, reset_by(&self->f, &self->e, kinds[i]));
		ASSERT_EQ(0, fn_memory_decode(&self->f, true));
		for (int again = 0; again < 3; again++)
			EXPECT_REFUSED(-EAGAIN, fd);
		/* Nobody has touched it: who maps it finds out */
		ASSERT_EQ(0, ready_now(&self->f));
		EXPECT_MAPPED(fd);
	}
	close(fd);
}

TEST_F_TIMEOUT(dma, refused_when_the_link_is_gone, 200)
{
	u64 n = PAGES * self->page;
	int fd;

	if (aer_impossible(&self->e) || bus_resettable(self->e.bdf) || self->e.no_reset)
		SKIP(return, "no error on the link that lasts");
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	ASSERT_EQ(-EIO, aer_error(&self->e, FATAL));
	for (int again = 0; again < 3; again++)
		EXPECT_REFUSED(-EIO, fd);
	ASSERT_EQ(0, reset_by(&self->f, &self->e, BY_SYSFS));
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
	EXPECT_MAPPED(fd);
	close(fd);
}

/* ---- while the link recovers, which takes a tenth of a second at least ---- */

struct mapper {
	const struct fn *f;
	const struct peer *p;
	int fd;
	atomic_bool stop;
	atomic_uint refused;
	unsigned int mapped, other;
};

static void *map_again_and_again(void *arg)
{
	struct mapper *m = arg;

	while (!atomic_load(&m->stop)) {
		int ret = map(m->f, m->p, m->fd, IOVA);

		if (ret == -EAGAIN)
			atomic_fetch_add(&m->refused, 1);
		else if (ret || unmap(m->f, m->p, IOVA))
			m->other++;
		else
			m->mapped++;
	}
	return NULL;
}

TEST_F_TIMEOUT(dma, refused_while_the_link_recovers, 200)
{
	struct mapper m = { .f = &self->f, .p = &self->peer };
	pthread_t thread;

	if (aer_impossible(&self->e) || !bus_resettable(self->e.bdf))
		SKIP(return, "no error on the link that there is a way back from");
	m.fd = dmabuf_export(&self->f, USEMEM, 0, PAGES * self->page);
	ASSERT_LE(0, m.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, map_again_and_again, &m));
	/* A recovery is short, and who maps need not have run meanwhile */
	for (int i = 0; i < (kernel_has("dmabuf-gate") ? 5 : 1) && !atomic_load(&m.refused); i++)
		EXPECT_EQ(0, aer_error(&self->e, FATAL));
	atomic_store(&m.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(kernel_has("dmabuf-gate"), !!atomic_load(&m.refused))
		TH_LOG("refused %u times, mapped %u times", atomic_load(&m.refused), m.mapped);
	EXPECT_EQ(0, m.other);
	EXPECT_MAPPED(m.fd);
	close(m.fd);
}

/* ---- poison ---- */

TEST_F(dma, isolated_poison_is_not_mapped_anew)
{
	u64 n = PAGES * self->page;
	int fd, other;

	if (inject_impossible(BY_DEBUGFS))
		SKIP(return, "no errors can be made up");
	ASSERT_EQ(0, poison_policy_set(&self->e, "auto"));
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	other = dmabuf_export(&self->f, USEMEM, n, n);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, poison_page_4(&self->e, self->page));
	EXPECT_MAPPED(fd);

	ASSERT_EQ(0, poison_policy_set(&self->e, "isolate"));
	EXPECT_REFUSED(-EHWPOISON, fd);
	EXPECT_MAPPED(other);
	ASSERT_EQ(0, poison_policy_set(&self->e, "keep"));
	EXPECT_MAPPED(fd);
	ASSERT_EQ(0, poison_policy_set(&self->e, "isolate"));
	EXPECT_REFUSED(-EHWPOISON, fd);
	ASSERT_EQ(0, poison_clear_all(&self->e));
	EXPECT_MAPPED(fd);
	close(other);
	close(fd);
}

TEST_HARNESS_MAIN
