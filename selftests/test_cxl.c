// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is a function's CXL.mem: users cannot change how it decodes, and a reset of
 * the bus does not leave it undecoded and in use.
 *
 *   COHERENT_EXPECT_CXL      ranges | decoders: by which of the two it decodes
 *
 * The last test of a function with decoders makes an end of its memory.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "dma.h"
#include "model.h"

#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define RW		(PROT_READ | PROT_WRITE)

/* CXL r4.0, 8.1.3: of the Device DVSEC */
#define CAP		0xa
#define CONTROL		0xc
#define MEM_ENABLE	4
#define CXL_LENGTH	0x3c
#define FLEX_LENGTH	0x20	/* of the link's, 8.1.8, where this bit is the same */

/* A block of registers: CXL r4.0, 8.2.3 */
#define COMPONENT	((u64)MODEL_CXL_COMPONENT)
#define BLOCK		(64 * KiB)
#define HDM		(COMPONENT + 0x1100)	/* of the model's */
#define HDM_CONTROL	(HDM + 4)

FIXTURE(cxl) {
	struct expect e;
	struct fn f;
	unsigned int dvsec;
	bool decoders;
	u64 word;
};

static unsigned int find_dvsec(const struct fn *f, u16 vendor, u16 id)
{
	unsigned int at = 0x100, n = 0;

	while (at && n++ < 64) {
		u32 header = cfg_read(f, at, 4);

		if ((header & 0xffff) == PCI_EXT_CAP_ID_DVSEC &&
		    cfg_read(f, at + 4, 2) == vendor && cfg_read(f, at + 8, 2) == id)
			return at;
		at = header >> 20;
	}
	return 0;
}

FIXTURE_SETUP(cxl)
{
	const char *how = getenv("COHERENT_EXPECT_CXL");

	self->f.device = -1;
	ASSERT_EQ(0, expect_load(&self->e));
	if (!how || !*how)
		SKIP(return, "the function's memory is no CXL.mem");
	self->decoders = !strcmp(how, "decoders");
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	fault_catch();
	self->dvsec = find_dvsec(&self->f, 0x1e98, 0);
	ASSERT_NE(0, self->dvsec);
	self->word = now_us() | 1;
	ASSERT_EQ(8, wr(&self->f, USEMEM, &self->word, 8, 0));
}

FIXTURE_TEARDOWN(cxl)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

static bool is_there(const struct fn *f, u64 word)
{
	u64 got;

	return rd(f, USEMEM, &got, 8, 0) == 8 && got == word;
}

/* A DVSEC's control and what is behind it, @before: written in each way, and as it was */
static void write_in_vain(struct __test_metadata *_metadata, const struct fn *f,
			  const char *bdf, unsigned int dvsec, const u8 *before, size_t length)
{
	u64 file = at(VFIO_PCI_CONFIG_REGION_INDEX, dvsec);
	u8 after[CXL_LENGTH], junk[CXL_LENGTH];

	/* Byte by byte, word by word, and all at once */
	memset(junk, 0, sizeof(junk));
	for (unsigned int i = CONTROL; i < length; i++)
		EXPECT_EQ(1, pwrite(f->device, junk, 1, file + i));
	for (unsigned int i = CONTROL; i < length; i += 4)
		EXPECT_EQ(4, pwrite(f->device, junk, 4, file + i));
	EXPECT_EQ(2, pwrite(f->device, "\0", 2, file + CONTROL - 1));
	memset(junk, 0xff, sizeof(junk));
	EXPECT_EQ(length - CONTROL, pwrite(f->device, junk, length - CONTROL,
					   file + CONTROL));
	ASSERT_EQ(length, pread(f->device, after, length, file));
	EXPECT_EQ(0, memcmp(before, after, length));
	/* What the function itself has, without vfio-pci in between */
	ASSERT_EQ(0, pci_config_raw(bdf, dvsec, after, length));
	EXPECT_EQ(0, memcmp(before + CONTROL, after + CONTROL, length - CONTROL));
}

TEST_F(cxl, dvsec_is_shown_and_not_written)
{
	u64 file = at(VFIO_PCI_CONFIG_REGION_INDEX, self->dvsec);
	u8 before[CXL_LENGTH];

	ASSERT_EQ(sizeof(before), pread(self->f.device, before, sizeof(before), file));
	EXPECT_TRUE(before[CAP] & 4);
	EXPECT_TRUE(before[CONTROL] & MEM_ENABLE);
	write_in_vain(_metadata, &self->f, self->e.bdf, self->dvsec, before, sizeof(before));
	EXPECT_TRUE(is_there(&self->f, self->word));
}

/* ... nor what says which protocols the link speaks */
TEST_F(cxl, flex_bus_dvsec_is_shown_and_not_written)
{
	unsigned int dvsec = find_dvsec(&self->f, 0x1e98, 7);
	u8 before[FLEX_LENGTH];

	ASSERT_NE(0, dvsec);
	ASSERT_EQ(sizeof(before), pread(self->f.device, before, sizeof(before),
					at(VFIO_PCI_CONFIG_REGION_INDEX, dvsec)));
	EXPECT_TRUE(before[CONTROL] & MEM_ENABLE);
	write_in_vain(_metadata, &self->f, self->e.bdf, dvsec, before, sizeof(before));
	EXPECT_TRUE(is_there(&self->f, self->word));
}

/* A write over its end writes what is behind: there the model has AER */
TEST_F(cxl, what_is_beside_the_dvsec_is_written)
{
	unsigned int end = self->dvsec + CXL_LENGTH, mask = end + PCI_ERR_UNCOR_MASK;
	u32 words[4], before, last, raw;

	if (self->decoders)
		SKIP(return, "another DVSEC is behind it");
	ASSERT_EQ(PCI_EXT_CAP_ID_ERR, cfg_read(&self->f, end, 2));
	before = cfg_read(&self->f, mask, 4);
	last = cfg_read(&self->f, end - 4, 4);
	memset(words, 0, sizeof(words));
	words[0] = htole32(~last);
	words[3] = htole32(before ^ PCI_ERR_UNC_POISON_TLP);
	EXPECT_EQ(sizeof(words), pwrite(self->f.device, words, sizeof(words),
					at(VFIO_PCI_CONFIG_REGION_INDEX, end - 4)));
	ASSERT_EQ(0, pci_config_raw(self->e.bdf, mask, &raw, 4));
	EXPECT_EQ(before ^ PCI_ERR_UNC_POISON_TLP, le32toh(raw));
	ASSERT_EQ(0, pci_config_raw(self->e.bdf, end - 4, &raw, 4));
	EXPECT_EQ(last, le32toh(raw));
	EXPECT_EQ(0, cfg_write(&self->f, mask, 4, before));
}

TEST_F(cxl, component_registers_are_shown_and_not_written)
{
	u32 before, after, junk = 0;
	u8 pair[8];

	if (!self->decoders)
		SKIP(return, "no registers but the DVSEC tell how it decodes");
	ASSERT_EQ(4, rd(&self->f, BAR0, &before, 4, HDM_CONTROL));
	EXPECT_TRUE(before & 2);
	EXPECT_EQ(4, wr(&self->f, BAR0, &junk, 4, HDM_CONTROL));
	EXPECT_EQ(1, wr(&self->f, BAR0, &junk, 1, HDM_CONTROL));
	ASSERT_EQ(4, rd(&self->f, BAR0, &after, 4, HDM_CONTROL));
	EXPECT_EQ(before, after);

	/* Over either end: what is outside is written, in one call or the next */
	memset(pair, 0x5a, sizeof(pair));
	EXPECT_EQ(0, wr_all(&self->f, BAR0, pair, sizeof(pair), COMPONENT - 4));
	ASSERT_EQ(0, rd_all(&self->f, BAR0, pair, sizeof(pair), COMPONENT - 4));
	EXPECT_EQ(0x5a, pair[3]);
	EXPECT_NE(0x5a, pair[4]);
	memset(pair, 0xa5, sizeof(pair));
	EXPECT_EQ(0, wr_all(&self->f, BAR0, pair, sizeof(pair), COMPONENT + BLOCK - 4));
	ASSERT_EQ(0, rd_all(&self->f, BAR0, pair, sizeof(pair), COMPONENT + BLOCK - 4));
	EXPECT_NE(0xa5, pair[3]);
	EXPECT_TRUE(is_there(&self->f, self->word));
}

static bool can_map(const struct fn *f, u64 off, u64 len)
{
	void *p = mmap(NULL, len, RW, MAP_SHARED, f->device, at(BAR0, off));

	if (p == MAP_FAILED)
		return false;
	munmap(p, len);
	return true;
}

TEST_F(cxl, component_registers_are_not_mapped)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info *info;
	u64 page = page_size(), size;

	if (!self->decoders)
		SKIP(return, "no registers but the DVSEC tell how it decodes");
	info = fn_region_info(&self->f, BAR0);
	ASSERT_NE(NULL, info);
	size = info->size;
	if (info->flags & VFIO_REGION_INFO_FLAG_MMAP) {
		sparse = (void *)info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
		ASSERT_NE(NULL, sparse);
		ASSERT_EQ(2, sparse->nr_areas);
		EXPECT_EQ(0, sparse->areas[0].offset);
		EXPECT_EQ(COMPONENT, sparse->areas[0].size);
		EXPECT_EQ(COMPONENT + BLOCK, sparse->areas[1].offset);
		EXPECT_EQ(size - COMPONENT - BLOCK, sparse->areas[1].size);
		EXPECT_TRUE(can_map(&self->f, 0, COMPONENT));
		EXPECT_TRUE(can_map(&self->f, COMPONENT + BLOCK, size - COMPONENT - BLOCK));
	}
	free(info);
	EXPECT_FALSE(can_map(&self->f, COMPONENT, page));
	EXPECT_FALSE(can_map(&self->f, COMPONENT - page, 2 * page));
	EXPECT_FALSE(can_map(&self->f, COMPONENT + BLOCK - page, page));
	EXPECT_FALSE(can_map(&self->f, 0, size));
	if (dmabuf_in_kernel(&self->f)) {
		EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, BAR0, COMPONENT, page));
		EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, BAR0, 0, size));
		EXPECT_EQ(0, dmabuf_exported(&self->f, BAR0, 0, COMPONENT));
	}
}

TEST_F(cxl, no_ioeventfd_where_registers_are_kept)
{
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req), .flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = at(BAR0, 0), .fd = -1,
	};

	if (!self->decoders)
		SKIP(return, "no registers but the DVSEC tell how it decodes");
	EXPECT_EQ(-1, ioctl(self->f.device, VFIO_DEVICE_IOEVENTFD, &req));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F_TIMEOUT(cxl, a_reset_of_the_function_leaves_it, 60)
{
	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_TRUE(cfg_read(&self->f, self->dvsec + CONTROL, 2) & MEM_ENABLE);
	EXPECT_TRUE(is_there(&self->f, self->word));
}

/* Root resets what is behind the port; not all kernels have that */
static int reset_bus(const char *bdf)
{
	char file[128];
	int ret = pci_path(file, sizeof(file), bdf, "../reset_subordinate");

	return ret ? ret : sysfs_write(file, "1");
}

/* The last one: for decoders nobody can do it but firmware */
TEST_F_TIMEOUT(cxl, z_a_reset_of_the_bus_disables_it, 60)
{
	struct fault_seen seen;
	int log = kmsg_open(), ret;
	char line[256];
	u64 got;
	const struct vfio_pci_hot_reset empty = { };
	u8 *p;

	ASSERT_LE(0, log);
	p = map_plain(&self->f, USEMEM, 0, page_size(), RW);
	ASSERT_NE(MAP_FAILED, p);
	if (!self->decoders) {
		ASSERT_EQ(0, reset_hot(&self->f));
		ASSERT_EQ(0, fn_memory_decode(&self->f, true));
		EXPECT_TRUE(is_there(&self->f, self->word));
		EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
		EXPECT_TRUE(cfg_read(&self->f, self->dvsec + CONTROL, 2) & MEM_ENABLE);
	} else {
		/* No user can do it */
		EXPECT_EQ(-ENODEV, reset_hot(&self->f));
		EXPECT_EQ(-EINVAL, neg(ioctl(self->f.device, VFIO_DEVICE_PCI_HOT_RESET, &empty)));
		EXPECT_TRUE(is_there(&self->f, self->word));
		ret = reset_bus(self->e.bdf);
		if (ret == -ENOENT)
			SKIP(return, "this kernel has no reset of a bus by its port");
		ASSERT_EQ(0, ret);
		ASSERT_EQ(0, fn_memory_decode(&self->f, true));
		EXPECT_FALSE(cfg_read(&self->f, self->dvsec + CONTROL, 2) & MEM_ENABLE);
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(0, kmsg_wait(log, "has disabled the function's CXL.mem", 5000,
				       line, sizeof(line)));
	}
	munmap(p, page_size());
	close(log);
}

TEST_HARNESS_MAIN
