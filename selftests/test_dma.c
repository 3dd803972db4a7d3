// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the function that another one's DMA reaches, imported by iommufd: all of it,
 * and no longer than it may.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "aer.h"
#include "coherent.h"
#include "dma.h"
#include "inject.h"
#include "poison.h"
#include "dma_fixture.h"

#define WORD	0x5a5aa5a5deadbeefULL

/* All that is usable of it; -errno */
static int export_whole(const struct fn *f, unsigned int index)
{
	return dmabuf_export(f, index, 0, f->usable[index] & ~(page_size() - 1));
}

static int map_whole(const struct fn *f, const struct peer *p, unsigned int index, int fd,
		     u64 iova)
{
	return ioas_map_file(f, p->ioas, fd, 0, f->usable[index] & ~(page_size() - 1), iova);
}

/* NULL, or what is wrong: both ways, at the beginning, behind page tables, at the end */
static const char *dma_wrong(const struct fn *f, const struct peer *p, unsigned int index,
			     u64 iova, u64 len)
{
	const u64 where[] = { 0, 2 * MiB + 8, len / 2, len - sizeof(u64) };
	static char why[120];
	u64 word, want;

	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		u64 off = where[i];
		int ret;

		want = WORD ^ off ^ now_us();
		if (off + sizeof(word) > len)
			continue;
		ret = peer_write(p, iova + off, &want, sizeof(want));
		if (ret || rd_all(f, index, &word, sizeof(word), off) || word != want) {
			snprintf(why, sizeof(why), "write at %#llx: %d, %#llx for %#llx",
				 (unsigned long long)off, ret, (unsigned long long)word,
				 (unsigned long long)want);
			return why;
		}
		want = ~want;
		if (wr_all(f, index, &want, sizeof(want), off))
			return "file I/O";
		ret = peer_read(p, iova + off, &word, sizeof(word));
		if (ret || word != want) {
			snprintf(why, sizeof(why), "read at %#llx: %d, %#llx for %#llx",
				 (unsigned long long)off, ret, (unsigned long long)word,
				 (unsigned long long)want);
			return why;
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(dma, reaches_all_usable_memory, 120)
{
	const unsigned int regions[] = { USEMEM, RESMEM };

	for (unsigned int i = 0; i < ARRAY_SIZE(regions); i++) {
		unsigned int index = regions[i];
		u64 len = self->f.usable[index] & ~(self->page - 1);
		u64 iova = 4 * GiB;
		const char *why;
		int fd;

		if (!expect_region(&self->e, index))
			continue;
		fd = export_whole(&self->f, index);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map_whole(&self->f, &self->peer, index, fd, iova));
		/* The mapping needs the file no more */
		close(fd);
		why = dma_wrong(&self->f, &self->peer, index, iova, len);
		EXPECT_EQ(NULL, why) TH_LOG("region %u: %s", index, why);
		EXPECT_FALSE(reaches(&self->peer, iova + len));
		EXPECT_EQ(0, fn_ioas_unmap(&self->f, self->peer.ioas, len, iova));
		EXPECT_FALSE(reaches(&self->peer, iova));
	}
}

TEST_F(dma, one_range_and_no_more)
{
	struct vfio_region_dma_range r[] = { { 0, self->page }, { 4 * self->page, self->page } };
	int fd = dmabuf_export_ranges(&self->f, USEMEM, r, ARRAY_SIZE(r));

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, ioas_map_file(&self->f, self->peer.ioas, fd, 0, self->page, IOVA));
	close(fd);
	fd = dmabuf_export(&self->f, USEMEM, 4 * self->page, 4 * self->page);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, ioas_map_file(&self->f, self->peer.ioas, fd, 0, 5 * self->page, IOVA));
	EXPECT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, self->page, self->page, IOVA));
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
	EXPECT_TRUE(reaches(&self->peer, IOVA));
	EXPECT_FALSE(reaches(&self->peer, IOVA + self->page));
	close(fd);
}

enum event {
	ON_IOCTL, ON_FLR, ON_SYSFS, ON_HOT, ON_DECODING, ON_D3HOT, ON_LOW_POWER, ON_LINK,
	EVENTS,
};

static const char * const event_name[EVENTS] = {
	"VFIO_DEVICE_RESET", "FLR", "a reset by sysfs", "a hot reset", "decoding off", "D3hot",
	"low power", "an error on the link",
};

static const char *event_impossible(const struct expect *e, enum event event)
{
	switch (event) {
	case ON_IOCTL:
		return reset_impossible(e, BY_IOCTL);
	case ON_FLR:
		return reset_impossible(e, BY_FLR);
	case ON_SYSFS:
		return reset_impossible(e, BY_SYSFS);
	case ON_HOT:
		return reset_impossible(e, BY_HOT) ?: bus_resettable(e->bdf) ? NULL :
		       "the kernel may not reset this bus";
	case ON_LINK:
		return aer_impossible(e) ?: bus_resettable(e->bdf) ? NULL :
		       "there is no way back for this function";
	default:
		return NULL;
	}
}

static int power_state(const struct fn *f, unsigned int state)
{
	unsigned int pm = cfg_find_cap(f, PCI_CAP_ID_PM);

	return pm ? cfg_write(f, pm + PCI_PM_CTRL, 2, state) : -ENXIO;
}

static int begins(const struct fn *f, const struct expect *e, enum event event)
{
	switch (event) {
	case ON_IOCTL:
		return reset_by(f, e, BY_IOCTL);
	case ON_FLR:
		return reset_by(f, e, BY_FLR);
	case ON_SYSFS:
		return reset_by(f, e, BY_SYSFS);
	case ON_HOT:
		return reset_by(f, e, BY_HOT);
	case ON_DECODING:
		return fn_memory_decode(f, false);
	case ON_D3HOT:
		return power_state(f, 3);
	case ON_LOW_POWER:
		return fn_feature_set(f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	case ON_LINK:
		return aer_error(e, FATAL);
	default:
		return -EINVAL;
	}
}

static int ends(const struct fn *f, enum event event)
{
	int ret = 0;

	if (event == ON_D3HOT)
		ret = power_state(f, 0);
	if (event == ON_LOW_POWER)
		ret = fn_feature_set(f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	return ret ?: fn_memory_decode(f, true);
}

TEST_F_TIMEOUT(dma, ends_with_what_ends_mappings, 300)
{
	for (enum event event = 0; event < EVENTS; event++) {
		u64 n = 16 * self->page;
		int fd;

		if (event_impossible(&self->e, event))
			continue;
		fd = dmabuf_export(&self->f, USEMEM, 0, n);
		ASSERT_LE(0, fd) TH_LOG("before %s: %d", event_name[event], fd);
		ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
		ASSERT_TRUE(reaches(&self->peer, IOVA));
		ASSERT_EQ(0, begins(&self->f, &self->e, event)) TH_LOG("%s", event_name[event]);
		EXPECT_FALSE(reaches(&self->peer, IOVA))
			TH_LOG("reached after %s", event_name[event]);
		ASSERT_EQ(0, ends(&self->f, event)) TH_LOG("%s", event_name[event]);
		/* The mapping is gone for good; a new one is not */
		EXPECT_FALSE(reaches(&self->peer, IOVA))
			TH_LOG("comes back after %s", event_name[event]);
		EXPECT_EQ(0, fn_ioas_unmap(&self->f, self->peer.ioas, n, IOVA));
		ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA))
			TH_LOG("after %s", event_name[event]);
		EXPECT_TRUE(reaches(&self->peer, IOVA)) TH_LOG("after %s", event_name[event]);
		EXPECT_EQ(0, fn_ioas_unmap(&self->f, self->peer.ioas, n, IOVA));
		close(fd);
	}
}

TEST_F(dma, not_imported_while_decoding_is_off)
{
	u64 n = 4 * self->page;
	int fd;

	ASSERT_EQ(0, fn_memory_decode(&self->f, false));
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENODEV, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
	EXPECT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	EXPECT_TRUE(reaches(&self->peer, IOVA));
	close(fd);
}

TEST_F(dma, ends_with_close)
{
	u64 n = 4 * self->page;
	int fd = dmabuf_export(&self->f, USEMEM, 0, n);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	ASSERT_TRUE(reaches(&self->peer, IOVA));
	close(self->f.device);
	self->f.device = -1;
	EXPECT_FALSE(reaches(&self->peer, IOVA));
	EXPECT_EQ(-ENODEV, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA + GiB));
	close(fd);
}

/* Till then its DMA may go on, behind what is cleared */
TEST_F_TIMEOUT(dma, memory_is_not_cleared_beside_a_dma_buf, 120)
{
	u64 n = 4 * self->page, word = WORD, none = 0;
	char path[128], line[256];
	int fd, kmsg;

	ASSERT_EQ(0, pci_path(path, sizeof(path), self->e.bdf, "coherent/scrub"));
	ASSERT_EQ(0, sysfs_write(path, "close"));
	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(8, wr(&self->f, USEMEM, &word, 8, 0));
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	fn_close(&self->f);
	EXPECT_EQ(0, kmsg_wait(kmsg, "was not cleared at close", 10000, line, sizeof(line)));
	close(fd);
	close(kmsg);

	/* But for the next one it is */
	ASSERT_EQ(0, fn_open_cdev(&self->f, self->e.bdf));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &none, 8, 0));
	EXPECT_EQ(0, none);
	EXPECT_EQ(0, sysfs_write(path, "none"));
}

/* An IOMMU's entry loads nothing: one bad page does not cost the rest its DMA */
TEST_F(dma, goes_on_beside_poison)
{
	u64 n = 16 * self->page;
	int fd = dmabuf_export(&self->f, USEMEM, 0, n);

	if (inject_impossible(BY_DEBUGFS))
		SKIP(return, "no errors can be made up");
	ASSERT_EQ(0, poison_policy_set(&self->e, "auto"));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	ASSERT_EQ(0, poison_page_4(&self->e, self->page));
	EXPECT_TRUE(reaches(&self->peer, IOVA + 3 * self->page));
	EXPECT_TRUE(reaches(&self->peer, IOVA + 5 * self->page));
	close(fd);
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, n));
}

TEST_F(dma, policy_isolate_takes_the_dma_buf)
{
	u64 n = 16 * self->page;
	int fd, other;

	if (inject_impossible(BY_DEBUGFS))
		SKIP(return, "no errors can be made up");
	ASSERT_EQ(0, poison_policy_set(&self->e, "isolate"));
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	other = dmabuf_export(&self->f, USEMEM, n, n);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, other, 0, n, IOVA + n));
	ASSERT_TRUE(reaches(&self->peer, IOVA));

	ASSERT_EQ(0, poison_page_4(&self->e, self->page));
	EXPECT_FALSE(reaches(&self->peer, IOVA));
	EXPECT_TRUE(reaches(&self->peer, IOVA + n));
	EXPECT_EQ(-EHWPOISON, dmabuf_exported(&self->f, USEMEM, 0, n));
	EXPECT_EQ(-EHWPOISON, dmabuf_exported(&self->f, USEMEM, 4 * self->page, self->page));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, 4 * self->page));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 5 * self->page, n));
	close(fd);

	ASSERT_EQ(0, poison_clear_all(&self->e));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, n));
	close(other);
}

/* What was exported under another policy goes when this one is chosen */
TEST_F(dma, policy_isolate_is_chosen_later)
{
	u64 n = 16 * self->page;
	int fd;

	if (inject_impossible(BY_DEBUGFS))
		SKIP(return, "no errors can be made up");
	ASSERT_EQ(0, poison_policy_set(&self->e, "auto"));
	ASSERT_EQ(0, poison_page_4(&self->e, self->page));
	fd = dmabuf_export(&self->f, USEMEM, 0, n);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_map_file(&self->f, self->peer.ioas, fd, 0, n, IOVA));
	EXPECT_TRUE(reaches(&self->peer, IOVA));
	ASSERT_EQ(0, poison_policy_set(&self->e, "isolate"));
	EXPECT_FALSE(reaches(&self->peer, IOVA));
	close(fd);
}

TEST_HARNESS_MAIN
