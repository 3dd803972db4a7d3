// SPDX-License-Identifier: GPL-2.0-only
/* The device model's registers in BAR 0, reached through VFIO. */
#include <endian.h>
#include <errno.h>

#include "coherent.h"
#include "model.h"

u64 block_at(void)
{
	return env_u64("COHERENT_TESTBLOCK", 0);
}

u32 block_read(const struct fn *f, u32 reg)
{
	u32 val = 0;

	if (rd(f, VFIO_PCI_BAR0_REGION_INDEX, &val, sizeof(val), block_at() + reg) != sizeof(val))
		return ~0U;
	return le32toh(val);
}

int block_write(const struct fn *f, u32 reg, u32 val)
{
	ssize_t ret;

	val = htole32(val);
	ret = wr(f, VFIO_PCI_BAR0_REGION_INDEX, &val, sizeof(val), block_at() + reg);
	if (ret < 0)
		return ret;
	return ret == sizeof(val) ? 0 : -EIO;
}

int block_never_ready(const struct fn *f)
{
	return block_write(f, TEST_NEED_RESETS, 2) ?: reset_ioctl(f);
}

int block_calm(const struct fn *f)
{
	int ret;

	/* The one register that is heard while the link is down */
	block_write(f, TEST_LINK_DOWN, 0);
	if (block_read(f, TEST_MAGIC_REG) != TEST_MAGIC)
		return -ENXIO;
	/* A test before this one may have died with the device still slow */
	ret = block_write(f, TEST_STALL, 0);
	if (!ret)
		ret = block_write(f, TEST_NEED_RESETS, 0);
	if (!ret)
		ret = block_write(f, TEST_RESET_READY, 0);
	if (!ret)
		ret = block_write(f, TEST_WAKE_READY, 0);
	if (!ret)
		ret = block_write(f, TEST_READY, 0);
	return ret;
}

int fn_open_calm(struct fn *f, const struct expect *e)
{
	int ret = fn_open(f, e->bdf);

	if (ret || !e->model)
		return ret;
	ret = block_calm(f);
	if (ret)
		fn_close(f);
	return ret;
}

void fn_close_calm(struct fn *f, const struct expect *e)
{
	if (f->device >= 0 && e->model)
		block_calm(f);
	fn_close(f);
}

bool polled_often(void *polled)
{
	struct polled *p = polled;

	return block_read(p->f, TEST_POLLS) - p->from >= p->times;
}
