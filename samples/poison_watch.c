// SPDX-License-Identifier: GPL-2.0-only
/*
 * With /dev/vfio/devices/vfioN and perhaps TIMES as arguments: list the poison of a function with
 * coherent memory, and again whenever it changes; so a VMM can leave bad pages out.
 *
 * To be compiled with -I include/uapi.
 */
#include <coherent_vfio.h>
#include <err.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct vfio_region_info *find_region(int device)
{
	static union { struct vfio_region_info info; char room[512]; } region;
	struct vfio_region_info_cap_type *type;
	struct vfio_device_info dev = { .argsz = sizeof(dev) };

	if (ioctl(device, VFIO_DEVICE_GET_INFO, &dev))
		err(1, "VFIO_DEVICE_GET_INFO");
	for (__u32 i = VFIO_PCI_NUM_REGIONS; i < dev.num_regions; i++) {
		region.info = (struct vfio_region_info){ .argsz = sizeof(region), .index = i };
		if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region) || !region.info.cap_offset)
			continue;
		type = (void *)(region.room + region.info.cap_offset);
		if (type->header.id == VFIO_REGION_INFO_CAP_TYPE &&
		    type->type == COHERENT_VFIO_REGION_TYPE &&
		    type->subtype == COHERENT_VFIO_REGION_SUBTYPE_POISON)
			return &region.info;
	}
	errx(1, "this function has no list of poison");
}

static void list(int device, __u64 at, struct coherent_vfio_poison_header *header)
{
	struct coherent_vfio_poison_header again;
	struct coherent_vfio_poison_range range;

	do {
		if (pread(device, header, sizeof(*header), at) != sizeof(*header))
			err(1, "header");
		for (__u64 i = 0; i < header->nr_ranges; i++) {
			pread(device, &range, sizeof(range),
			      at + header->header_size + i * header->range_size);
			printf("region %u offset %#llx length %#llx\n", range.region,
			       range.offset, range.length);
		}
		if (pread(device, &again, sizeof(again), at) != sizeof(again))
			err(1, "header");
	} while (again.sequence != header->sequence);
	printf("%llu ranges\n", header->nr_ranges);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	union { struct vfio_irq_set set; char room[sizeof(struct vfio_irq_set) + 4]; } irq = {
		.set = { sizeof(irq), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			 .count = 1 },
	};
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	int device = open(argc > 1 ? argv[1] : "", O_RDWR), times = argc > 2 ? atoi(argv[2]) : -1;
	struct coherent_vfio_poison_header header;
	eventfd_t changes;
	__u64 at;

	bind.iommufd = open("/dev/iommu", O_RDWR);
	if (device < 0 || ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "usage: /dev/vfio/devices/vfioN [TIMES]");
	at = find_region(device)->offset;
	pread(device, &header, sizeof(header), at);
	irq.set.index = header.irq_index;
	*(int *)irq.set.data = eventfd(0, EFD_CLOEXEC);
	if (ioctl(device, VFIO_DEVICE_SET_IRQS, &irq))
		err(1, "VFIO_DEVICE_SET_IRQS");
	for (list(device, at, &header); times--; list(device, at, &header))
		eventfd_read(*(int *)irq.set.data, &changes);
	return 0;
}
