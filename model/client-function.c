// SPDX-License-Identifier: GPL-2.0-only
/* What a driver does with the function, for the tests of it. */
#include <linux/pci_regs.h>
#include <time.h>

#include "client.h"
#include "model.h"

__u16 get16(struct client *cl, __u64 offset)
{
	__u16 value = 0;

	CHECK(!client_read(cl, CONFIG, offset, &value, sizeof(value)));
	return value;
}

void put16(struct client *cl, __u64 offset, __u16 value)
{
	CHECK(!client_write(cl, CONFIG, offset, &value, sizeof(value)));
}

/* Where the capability is; a list that does not end is not walked for ever. */
__u8 find_cap(struct client *cl, __u8 id)
{
	__u8 at = get16(cl, PCI_CAPABILITY_LIST);
	unsigned int limit;

	for (limit = 48; at && limit; limit--) {
		__u16 header = get16(cl, at);

		if ((header & 0xff) == id)
			return at;
		at = header >> 8;
	}
	return 0;
}

/* After @at, or from the beginning on if that is 0. */
__u16 find_ext_cap(struct client *cl, __u16 at, __u16 id)
{
	unsigned int limit;

	at = at ? client_get(cl, CONFIG, at) >> 20 : 0x100;
	for (limit = 960; at && limit; limit--) {
		__u32 header = client_get(cl, CONFIG, at);

		if ((header & 0xffff) == id)
			return at;
		at = header >> 20;
	}
	return 0;
}

__u16 find_dvsec(struct client *cl, __u16 vendor, __u16 id)
{
	__u16 at = 0;

	while ((at = find_ext_cap(cl, at, 0x23)))
		if (get16(cl, at + 4) == vendor && get16(cl, at + 8) == id)
			break;
	return at;
}

/* What a driver polls, polled until the limit. */
bool becomes(struct client *cl, __u32 region, __u64 offset, __u32 mask,
	     __u32 value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	__u64 limit = client_now_ms() + CLIENT_LIMIT_MS;

	while ((client_get(cl, region, offset) & mask) != value) {
		if (client_now_ms() > limit)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

bool is_ready(struct client *cl)
{
	bool link = client_get(cl, BAR0, GPU_C2C_LINK) == GPU_STATUS_READY;
	bool hbm = client_get(cl, BAR0, GPU_HBM_TRAINING) == GPU_STATUS_READY;

	return link && hbm;
}

void flr(struct client *cl)
{
	put16(cl, find_cap(cl, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL,
	      PCI_EXP_DEVCTL_BCR_FLR);
}

void power_cycle(struct client *cl)
{
	__u8 pm = find_cap(cl, PCI_CAP_ID_PM);

	put16(cl, pm + PCI_PM_CTRL, 3);
	CHECK((get16(cl, pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) == 3);
	put16(cl, pm + PCI_PM_CTRL, 0);
}
