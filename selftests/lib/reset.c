// SPDX-License-Identifier: GPL-2.0-only
/* The ways of resetting a function. */
#include <errno.h>
#include <sys/ioctl.h>

#include "coherent.h"

int reset_ioctl(const struct fn *f)
{
	return ioctl(f->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

int reset_flr(const struct fn *f)
{
	unsigned int cap = cfg_find_cap(f, PCI_CAP_ID_EXP);
	u32 ctl;

	if (!cap)
		return -ENODEV;
	if (!(cfg_read(f, cap + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR))
		return -EOPNOTSUPP;
	ctl = cfg_read(f, cap + PCI_EXP_DEVCTL, 2);
	return cfg_write(f, cap + PCI_EXP_DEVCTL, 2, ctl | PCI_EXP_DEVCTL_BCR_FLR);
}

int reset_hot(const struct fn *f)
{
	struct {
		struct vfio_pci_hot_reset hdr;
		s32 fd;
	} req = {
		/* With no group, iommufd says what of the bus is ours */
		.hdr = { .argsz = sizeof(req), .count = f->group >= 0 },
		.fd = f->group,
	};

	return ioctl(f->device, VFIO_DEVICE_PCI_HOT_RESET, &req) ? -errno : 0;
}

int reset_sysfs(const char *bdf)
{
	char path[128];
	int ret = pci_path(path, sizeof(path), bdf, "reset");

	return ret ? ret : sysfs_write(path, "1");
}

int reset_by(const struct fn *f, const struct expect *e, enum reset_kind kind)
{
	switch (kind) {
	case BY_IOCTL:
		return reset_ioctl(f);
	case BY_FLR:
		return reset_flr(f);
	case BY_SYSFS:
		return reset_sysfs(e->bdf);
	default:
		return reset_hot(f);
	}
}

const char *reset_impossible(const struct expect *e, enum reset_kind kind)
{
	if (kind == BY_HOT && !e->hot_reset)
		return "not behind a port of its own";
	if (kind == BY_FLR && !e->flr)
		return "the function has no FLR";
	if (kind != BY_HOT && e->no_reset)
		return "the function cannot be reset";
	return NULL;
}
