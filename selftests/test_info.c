// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO says about the function: device and region info, the sparse-mmap
 * capability of the fake BARs, and the corners of argsz.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"

#define GUARD 0xa5

FIXTURE(info) {
	struct expect e;
	struct fn f;
};

FIXTURE_SETUP(info)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
}

FIXTURE_TEARDOWN(info)
{
	fn_close(&self->f);
}

static int get_region(const struct fn *f, void *buf, u32 argsz, u32 index)
{
	struct vfio_region_info *info = buf;

	info->argsz = argsz;
	info->index = index;
	return ioctl(f->device, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

TEST_F(info, device)
{
	EXPECT_TRUE(self->f.info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_EQ(self->e.no_reset, !(self->f.info.flags & VFIO_DEVICE_FLAGS_RESET));
	EXPECT_LE(VFIO_PCI_NUM_REGIONS, self->f.info.num_regions);
	EXPECT_LE(VFIO_PCI_NUM_IRQS, self->f.info.num_irqs);
}

TEST_F(info, bound_driver)
{
	char name[64];

	ASSERT_EQ(0, pci_driver(self->e.bdf, name, sizeof(name)));
	EXPECT_NE(0, strlen(self->e.driver));
	/* the driver's own name may use dashes where the module has underscores */
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	EXPECT_EQ(0, strncmp(name, self->e.driver, strlen(self->e.driver)))
		TH_LOG("bound to %s, expected %s", name, self->e.driver);
}

TEST_F(info, other_regions)
{
	u64 start, len;

	/* Configuration space and the real BAR 0 are vfio-pci's own business */
	EXPECT_LE(256, self->f.region[VFIO_PCI_CONFIG_REGION_INDEX].size);
	ASSERT_EQ(0, pci_resource(self->e.bdf, 0, &start, &len));
	EXPECT_EQ(len, self->f.region[VFIO_PCI_BAR0_REGION_INDEX].size);
	EXPECT_EQ(at(VFIO_PCI_CONFIG_REGION_INDEX, 0),
		  self->f.region[VFIO_PCI_CONFIG_REGION_INDEX].offset);
}

TEST_F(info, regions_without_memory_are_real)
{
	static const unsigned int bars[] = { RESMEM, USEMEM };
	u64 start, len;

	/* A BAR that is not faked looks as the device made it */
	for (unsigned int i = 0; i < ARRAY_SIZE(bars); i++) {
		unsigned int bar = bars[i];

		if (expect_region(&self->e, bar))
			continue;
		ASSERT_EQ(0, pci_resource(self->e.bdf, bar, &start, &len));
		EXPECT_EQ(len, self->f.region[bar].size);
		EXPECT_EQ(len, self->f.usable[bar]);
		/* no capability but, at most, one about MSI-X */
		if (!len) {
			EXPECT_EQ(0, self->f.region[bar].flags);
		}
	}
}

/* BAR 0 is the device's own: mapped by vfio-pci, with what the file shows */
TEST_F(info, real_bar_can_be_mapped)
{
	const struct vfio_region_info *bar0 = &self->f.region[VFIO_PCI_BAR0_REGION_INDEX];
	size_t page = page_size(), block = block_at() % page;
	volatile u32 *p;
	u8 *map;

	if (!self->e.model || bar0->size < page || !(bar0->flags & VFIO_REGION_INFO_FLAG_MMAP))
		SKIP(return, "no BAR of which something is known");
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, self->f.device,
		   at(VFIO_PCI_BAR0_REGION_INDEX, block_at() - block));
	ASSERT_NE(MAP_FAILED, (void *)map);
	p = (u32 *)(map + block);
	EXPECT_EQ(TEST_MAGIC, le32toh(p[TEST_MAGIC_REG / 4]));
	p[TEST_SCRATCH / 4] = htole32(0x12345678);
	EXPECT_EQ(0x12345678, block_read(&self->f, TEST_SCRATCH));
	munmap(map, page);
}

/* A number, or else what was read instead */
static u64 region_file(const char *bdf, unsigned int index, const char *name, char *text,
		       size_t n)
{
	char path[128], file[64];

	snprintf(file, sizeof(file), "coherent/region%u_%s", index, name);
	if (pci_path(path, sizeof(path), bdf, file) || sysfs_read(path, text, n))
		snprintf(text, n, "unreadable");
	return strtoull(text, NULL, 0);
}

TEST_F(info, regions_in_sysfs)
{
	const char *restype = getenv("COHERENT_EXPECT_RESTYPE");
	char text[64];

	for (unsigned int index = 0; index < 6; index += 2) {
		const struct expect_region *r = expect_region(&self->e, index);
		const char *type = "cached";
		u64 base = region_file(self->e.bdf, index, "base", text, sizeof(text));

		if (!r || !r->present) {
			EXPECT_STREQ("unreadable", text);
			continue;
		}
		if (index == RESMEM && restype && !strcmp(restype, "wc"))
			type = "write-combining";
		if (index == RESMEM && restype && !strcmp(restype, "uc"))
			type = "uncached";
		EXPECT_EQ(r->base, base);
		EXPECT_EQ(r->len, region_file(self->e.bdf, index, "length", text, sizeof(text)));
		EXPECT_EQ(r->bar, region_file(self->e.bdf, index, "bar_size", text, sizeof(text)));
		region_file(self->e.bdf, index, "memory_type", text, sizeof(text));
		EXPECT_EQ(0, strncmp(type, text, strlen(type))) TH_LOG("%s", text);
		/* Of what node device memory is depends on the machine */
		region_file(self->e.bdf, index, "numa_node", text, sizeof(text));
		EXPECT_TRUE(*text == '-' || (*text >= '0' && *text <= '9')) TH_LOG("%s", text);
	}
}

/* Those of the machine's SRAT; without one, or with none of this function, no file */
TEST_F(info, proximity_domains)
{
	const char *domains = getenv("COHERENT_EXPECT_DOMAINS");
	char path[128], text[128];
	struct stat st;
	int ret;

	ASSERT_EQ(0, pci_path(path, sizeof(path), self->e.bdf, "coherent/proximity_domains"));
	ret = sysfs_read(path, text, sizeof(text));
	if (!domains || !*domains) {
		EXPECT_EQ(-ENOENT, ret);
		return;
	}
	ASSERT_EQ(0, ret);
	EXPECT_STREQ(domains, text);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0444, st.st_mode & 0777);
}

/* Are the first records gone? Reads one. */
static bool kmsg_lost(int fd)
{
	unsigned long long nr = 0;
	char rec[2048];
	ssize_t n = read(fd, rec, sizeof(rec) - 1);

	if (n <= 0)
		return true;
	rec[n] = 0;
	return sscanf(rec, "%*u,%llu,", &nr) != 1 || nr;
}

/* VMMs on such hosts cannot be told otherwise: what guests do with it ends them */
TEST_F(info, guests_without_cacheable_memory_are_announced)
{
	const char *said = "KVM on this kernel cannot give guests cacheable device memory";
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, kmsg;
	bool announced, can;

#ifndef __aarch64__
	close(kvm);
	SKIP(return, "no question elsewhere");
#endif
	if (kvm < 0 || self->e.pass_through)
		SKIP(return, "no guests, or no memory for them");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, vm);
	/* KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED, newer than some headers */
	can = ioctl(vm, KVM_CHECK_EXTENSION, 243) > 0;
	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, lseek(kmsg, 0, SEEK_SET));
	if (kmsg_lost(kmsg))
		SKIP(return, "the log has lost its beginning");
	announced = !kmsg_wait(kmsg, said, 0, NULL, 0);
	EXPECT_EQ(!can, announced);
	close(kmsg);
	close(vm);
	close(kvm);
}

TEST_F(info, index_out_of_range)
{
	char buf[256];

	EXPECT_EQ(-EINVAL, get_region(&self->f, buf, sizeof(buf), self->f.info.num_regions));
	EXPECT_EQ(-EINVAL, get_region(&self->f, buf, sizeof(buf), ~0U));
}

TEST_F(info, bad_pointer)
{
	EXPECT_EQ(-1, ioctl(self->f.device, VFIO_DEVICE_GET_REGION_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* ---- the two fake regions ---- */

FIXTURE(fake) {
	struct expect e;
	struct fn f;
	const struct expect_region *r;
};

FIXTURE_VARIANT(fake) {
	unsigned int index;
};

FIXTURE_VARIANT_ADD(fake, usemem) { .index = USEMEM };
FIXTURE_VARIANT_ADD(fake, resmem) { .index = RESMEM };

FIXTURE_SETUP(fake)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->r = expect_region(&self->e, variant->index);
	if (!self->r)
		SKIP(return, "no such region on this function");
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
}

FIXTURE_TEARDOWN(fake)
{
	if (self->r)
		fn_close(&self->f);
}

TEST_F(fake, size_flags_offset)
{
	struct vfio_region_info *info = &self->f.region[variant->index];

	EXPECT_EQ(self->r->bar, info->size);
	EXPECT_EQ(0, info->size & (info->size - 1));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS, info->flags);
	EXPECT_EQ(at(variant->index, 0), info->offset);
	EXPECT_EQ(variant->index, info->index);
}

TEST_F(fake, sparse_mmap_capability)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info *info;

	info = fn_region_info(&self->f, variant->index);
	ASSERT_NE(NULL, info);
	sparse = (void *)info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	ASSERT_NE(NULL, sparse);
	EXPECT_EQ(1, sparse->header.version);
	EXPECT_EQ(0, sparse->header.next);
	ASSERT_EQ(1, sparse->nr_areas);
	EXPECT_EQ(0, sparse->areas[0].offset);
	EXPECT_EQ(self->r->len, sparse->areas[0].size);
	EXPECT_EQ(0, sparse->areas[0].size % page_size());
	free(info);
}

TEST_F(fake, argsz_too_small)
{
	char buf[256];
	u32 argsz;

	for (argsz = 0; argsz < sizeof(struct vfio_region_info); argsz++) {
		memset(buf, GUARD, sizeof(buf));
		EXPECT_EQ(-EINVAL, get_region(&self->f, buf, argsz, variant->index))
			TH_LOG("argsz %u", argsz);
		EXPECT_EQ(-1, first_not(buf + sizeof(struct vfio_region_info),
					sizeof(buf) - sizeof(struct vfio_region_info), GUARD));
	}
}

TEST_F(fake, argsz_exact_and_between)
{
	struct vfio_region_info *info;
	char buf[512];
	u32 need, argsz;

	/* Without room for capabilities: all the rest, and how much is needed */
	info = (void *)buf;
	memset(buf, GUARD, sizeof(buf));
	ASSERT_EQ(0, get_region(&self->f, buf, sizeof(*info), variant->index));
	need = info->argsz;
	EXPECT_LT(sizeof(*info), need);
	ASSERT_LT(need, sizeof(buf));

	for (argsz = sizeof(*info); argsz < need; argsz++) {
		memset(buf, GUARD, sizeof(buf));
		ASSERT_EQ(0, get_region(&self->f, buf, argsz, variant->index));
		ASSERT_EQ(need, info->argsz);
		ASSERT_EQ(0, info->cap_offset);
		ASSERT_EQ(self->r->bar, info->size);
		ASSERT_TRUE(info->flags & VFIO_REGION_INFO_FLAG_CAPS);
		ASSERT_EQ(-1, first_not(buf + sizeof(*info), sizeof(buf) - sizeof(*info), GUARD))
			TH_LOG("bytes behind the structure changed, argsz %u", argsz);
	}
}

TEST_F(fake, argsz_large)
{
	struct vfio_region_info *info;
	char buf[512];
	u32 need, argsz;

	info = (void *)buf;
	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(0, get_region(&self->f, buf, sizeof(*info), variant->index));
	need = info->argsz;

	for (argsz = need; argsz <= sizeof(buf); argsz += 37) {
		memset(buf, GUARD, sizeof(buf));
		ASSERT_EQ(0, get_region(&self->f, buf, argsz, variant->index));
		EXPECT_EQ(sizeof(*info), info->cap_offset);
		EXPECT_NE(NULL, info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP));
		EXPECT_EQ(-1, first_not(buf + need, sizeof(buf) - need, GUARD))
			TH_LOG("bytes behind the capability changed, argsz %u", argsz);
	}
}

TEST_F(fake, upper_half_is_no_region)
{
	unsigned int upper = variant->index + 1;
	struct vfio_region_info *info;
	u32 word = 0;
	void *map;

	info = fn_region_info(&self->f, upper);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(0, info->size);
	EXPECT_EQ(0, info->flags);
	free(info);

	EXPECT_EQ(-EINVAL, rd(&self->f, upper, &word, sizeof(word), 0));
	EXPECT_EQ(-EINVAL, wr(&self->f, upper, &word, sizeof(word), 0));
	map = map_plain(&self->f, upper, 0, page_size(), PROT_READ);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(fake, no_ioeventfd)
{
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = at(variant->index, 0),
		.fd = -1,
	};

	EXPECT_EQ(-1, ioctl(self->f.device, VFIO_DEVICE_IOEVENTFD, &req));
	EXPECT_EQ(EINVAL, errno);
	req.offset = at(variant->index + 1, 0);
	EXPECT_EQ(-1, ioctl(self->f.device, VFIO_DEVICE_IOEVENTFD, &req));
	EXPECT_EQ(EINVAL, errno);
	/* An address that is none of ours to read */
	EXPECT_EQ(-1, ioctl(self->f.device, VFIO_DEVICE_IOEVENTFD, -page_size()));
	EXPECT_EQ(EFAULT, errno);
}

TEST_HARNESS_MAIN
