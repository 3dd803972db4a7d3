// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of poison that whoever has the device open can read, and the interrupt that
 * tells of changes (include/uapi/coherent_vfio.h).
 */
#include <coherent_vfio.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

#define SOURCE	BY_DEBUGFS

/* Its index, or 0 */
static u32 find_list(const struct fn *f, u64 *size)
{
	for (u32 i = VFIO_PCI_NUM_REGIONS; i < f->info.num_regions; i++) {
		struct vfio_region_info *info = fn_region_info(f, i);
		struct vfio_region_info_cap_type *type;
		u32 found = 0;

		if (!info)
			continue;
		type = (void *)info_cap(info, VFIO_REGION_INFO_CAP_TYPE);
		if (type && type->type == COHERENT_VFIO_REGION_TYPE &&
		    type->subtype == COHERENT_VFIO_REGION_SUBTYPE_POISON &&
		    info->flags == (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_CAPS))
			found = i;
		*size = info->size;
		free(info);
		if (found)
			return found;
	}
	return 0;
}

static int read_header(const struct fn *f, u32 list, struct coherent_vfio_poison_header *h)
{
	if (rd(f, list, h, sizeof(*h), 0) != sizeof(*h))
		return -EIO;
	return h->header_size == sizeof(*h) && !h->flags &&
	       h->range_size == sizeof(struct coherent_vfio_poison_range) ? 0 : -EPROTO;
}

static int set_irq(const struct fn *f, u32 flags, u32 count, const void *data, size_t n)
{
	char room[sizeof(struct vfio_irq_set) + 8] = { 0 };
	struct vfio_irq_set *set = (void *)room;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + n,
		.flags = flags,
		.index = VFIO_PCI_NUM_IRQS,
		.count = count,
	};
	memcpy(set->data, data, n);
	return neg(ioctl(f->device, VFIO_DEVICE_SET_IRQS, set));
}

static int set_event(const struct fn *f, int efd)
{
	return set_irq(f, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1, &efd,
		       sizeof(efd));
}

static bool told(void *efd)
{
	struct pollfd p = { .fd = *(int *)efd, .events = POLLIN };
	eventfd_t n;

	return poll(&p, 1, 0) == 1 && !eventfd_read(p.fd, &n);
}

TEST_F(poison, list_names_regions_and_offsets)
{
	struct poison_ground *g = &self->g;
	struct coherent_vfio_poison_header h, later;
	struct coherent_vfio_poison_range r[3];
	u64 page = g->page, size;
	u32 list = find_list(&g->f, &size);

	ASSERT_NE(0, list);
	ASSERT_EQ(0, read_header(&g->f, list, &h));
	EXPECT_EQ(0, h.nr_ranges);
	ASSERT_EQ(0, poison_pages(g, 3, 2));
	ASSERT_EQ(0, poison_pages(g, 8, 1));
	ASSERT_EQ(0, read_header(&g->f, list, &later));
	EXPECT_NE(h.sequence, later.sequence);
	ASSERT_EQ(2, later.nr_ranges);
	ASSERT_EQ(sizeof(r), rd(&g->f, list, r, sizeof(r), h.header_size));
	EXPECT_EQ(USEMEM, r[0].region);
	EXPECT_EQ(3 * page, r[0].offset);
	EXPECT_EQ(2 * page, r[0].length);
	EXPECT_EQ(USEMEM, r[1].region);
	EXPECT_EQ(8 * page, r[1].offset);
	EXPECT_EQ(page, r[1].length);
	/* Nothing behind */
	EXPECT_EQ(-1, first_not(&r[2], sizeof(r[2]), 0));

	ASSERT_EQ(0, poison_clear(&g->e, 3 * page, 2 * page));
	ASSERT_EQ(0, read_header(&g->f, list, &h));
	EXPECT_NE(h.sequence, later.sequence);
	EXPECT_EQ(1, h.nr_ranges);
}

TEST_F(poison, list_of_both_regions)
{
	struct poison_ground *g = &self->g;
	const struct expect_region *use = &g->e.use, *res = &g->e.res;
	struct coherent_vfio_poison_range r[2];
	struct coherent_vfio_poison_header h;
	u64 size;
	u32 list = find_list(&g->f, &size);

	if (!res->present)
		SKIP(return, "one region");
	ASSERT_NE(0, list);
	ASSERT_EQ(0, inject_error(&g->e, SOURCE, use->base + use->len - g->page));
	ASSERT_EQ(0, inject_error(&g->e, SOURCE, res->base));
	ASSERT_TRUE(poison_wait(&g->e, 2, POISON_LIMIT_MS));
	ASSERT_EQ(0, read_header(&g->f, list, &h));
	/* One range of pages, but of two regions */
	ASSERT_EQ(2, h.nr_ranges);
	ASSERT_EQ(sizeof(r), rd(&g->f, list, r, sizeof(r), h.header_size));
	for (int i = 0; i < 2; i++) {
		bool is_use = r[i].region == USEMEM;

		EXPECT_EQ(is_use ? USEMEM : RESMEM, r[i].region);
		EXPECT_EQ(is_use ? use->len - g->page : 0, r[i].offset);
		EXPECT_EQ(g->page, r[i].length);
	}
	EXPECT_NE(r[0].region, r[1].region);
}

TEST_F(poison, list_is_read_at_any_offset)
{
	struct poison_ground *g = &self->g;
	u8 whole[512], part[512], *many;
	u64 size, n;
	u32 list = find_list(&g->f, &size);

	ASSERT_NE(0, list);
	for (u64 i = 0; i < 10; i++)
		ASSERT_EQ(0, inject_error(&g->e, SOURCE, g->e.use.base + 2 * i * g->page));
	ASSERT_TRUE(poison_wait(&g->e, 10, POISON_LIMIT_MS));
	ASSERT_EQ(sizeof(whole), rd(&g->f, list, whole, sizeof(whole), 0));
	for (unsigned int off = 0; off < 300; off += 7) {
		for (n = 1; n < 100; n += 13) {
			ASSERT_EQ(n, rd(&g->f, list, part, n, off));
			ASSERT_EQ(0, memcmp(part, whole + off, n)) TH_LOG("%u+%u", off, (u32)n);
		}
	}
	EXPECT_EQ(8, rd(&g->f, list, part, 100, size - 8));

	/* What is behind the list is zeros, however much of it is wanted */
	many = malloc(3 * MiB);
	ASSERT_NE(NULL, many);
	memset(many, 0xff, 3 * MiB);
	n = size < 3 * MiB ? size : 3 * MiB;
	ASSERT_EQ(n, rd(&g->f, list, many, 3 * MiB, 0));
	EXPECT_EQ(0, memcmp(many, whole, sizeof(whole)));
	EXPECT_EQ(-1, first_not(many + sizeof(whole), n - sizeof(whole), 0));
	free(many);
	EXPECT_EQ(-EINVAL, rd(&g->f, list, part, 1, size));
	EXPECT_EQ(-EINVAL, wr(&g->f, list, part, 1, 0));
	EXPECT_EQ(-EFAULT, rd(&g->f, list, (void *)8, 64, 0));
	EXPECT_EQ(MAP_FAILED, map_plain(&g->f, list, 0, g->page, PROT_READ));
}

TEST_F(poison, interrupt_tells_of_changes)
{
	struct poison_ground *g = &self->g;
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_NUM_IRQS };
	struct coherent_vfio_poison_header h;
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), closed;
	u64 size;
	u32 list = find_list(&g->f, &size);

	ASSERT_NE(0, list);
	ASSERT_EQ(0, read_header(&g->f, list, &h));
	ASSERT_EQ(VFIO_PCI_NUM_IRQS, h.irq_index);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS + 1, g->f.info.num_irqs);
	ASSERT_EQ(0, ioctl(g->f.device, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
	info.index++;
	EXPECT_NE(0, ioctl(g->f.device, VFIO_DEVICE_GET_IRQ_INFO, &info));

	ASSERT_EQ(0, set_event(&g->f, efd));
	EXPECT_FALSE(told(&efd));
	ASSERT_EQ(0, poison_pages(g, 3, 1));
	EXPECT_TRUE(wait_for(told, &efd, POISON_LIMIT_MS));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_TRUE(wait_for(told, &efd, POISON_LIMIT_MS));

	/* By hand, as for any interrupt */
	EXPECT_EQ(0, set_irq(&g->f, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1,
			     NULL, 0));
	EXPECT_TRUE(told(&efd));
	EXPECT_EQ(0, set_irq(&g->f, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, 1,
			     "\0", 1));
	EXPECT_FALSE(told(&efd));
	EXPECT_EQ(0, set_irq(&g->f, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, 1,
			     "\1", 1));
	EXPECT_TRUE(told(&efd));

	/* What is refused changes nothing */
	closed = dup(efd);
	close(closed);
	EXPECT_EQ(-EBADF, set_event(&g->f, closed));
	EXPECT_EQ(-EINVAL, set_event(&g->f, g->f.device));
	EXPECT_EQ(-ENOTTY, set_irq(&g->f, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 1,
				   NULL, 0));
	EXPECT_EQ(-EINVAL, set_irq(&g->f, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 2,
				   NULL, 0));
	EXPECT_EQ(-EINVAL, set_irq(&g->f, VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 1, NULL, 0));
	ASSERT_EQ(0, poison_pages(g, 3, 1));
	EXPECT_TRUE(wait_for(told, &efd, POISON_LIMIT_MS));

	EXPECT_EQ(0, set_event(&g->f, -1));
	ASSERT_EQ(0, poison_pages(g, 5, 1));
	EXPECT_FALSE(told(&efd));
	ASSERT_EQ(0, set_event(&g->f, efd));
	EXPECT_EQ(0, set_irq(&g->f, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0,
			     NULL, 0));
	ASSERT_EQ(0, poison_pages(g, 7, 1));
	EXPECT_FALSE(told(&efd));
	close(efd);
}

/* What a VMM's author reads first */
TEST(sample_program)
{
	char path[64], command[128], line[64], link[64];
	struct expect e;
	ssize_t n;
	FILE *out;
	int fd;

	ASSERT_EQ(0, expect_load(&e));
	fd = fn_cdev_fd(e.bdf);
	if (fd == -ENOENT)
		SKIP(return, "this kernel has no character devices for VFIO");
	ASSERT_LE(0, fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	ASSERT_LT(0, n);
	path[n] = 0;
	close(fd);
	snprintf(command, sizeof(command), "./poison_watch %s 0", path);
	out = popen(command, "r");
	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, fgets(line, sizeof(line), out));
	EXPECT_STREQ("0 ranges\n", line);
	EXPECT_EQ(0, pclose(out));
}

TEST_HARNESS_MAIN
