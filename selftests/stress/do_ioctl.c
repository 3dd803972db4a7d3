// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operation: an ioctl of the device that changes nothing, or that must be
 * refused, whatever else goes on. Which answer is right depends on the call alone.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stress.h"

static int call(const struct stress *s, unsigned long cmd, void *arg)
{
	return neg(ioctl(s->f.device, cmd, arg));
}

/* Numbers of VFIO's that mean nothing to a device, and such as nobody has */
static int unknown_command(const struct stress *s, const struct op *op)
{
	static const unsigned long cmds[] = {
		_IO(VFIO_TYPE, VFIO_BASE + 60), VFIO_GROUP_GET_STATUS, VFIO_SET_IOMMU, 0, ~0U,
	};
	u8 arg[64] = { 0 };

	return call(s, cmds[op->val % ARRAY_SIZE(cmds)], arg);
}

static int too_short(const struct stress *s, const struct op *op)
{
	static const unsigned long cmds[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_PCI_HOT_RESET, VFIO_DEVICE_IOEVENTFD,
		VFIO_DEVICE_FEATURE,
	};
	u32 arg[64] = { op->val / 8 % 8 };

	return call(s, cmds[op->val / 64 % ARRAY_SIZE(cmds)], arg);
}

static int bad_pointer(const struct stress *s, const struct op *op)
{
	static const unsigned long cmds[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_IOEVENTFD,
	};

	return call(s, cmds[op->val % ARRAY_SIZE(cmds)], (void *)(op->val & 1 ? 0 : ~0xfffUL));
}

static int no_such_region(const struct stress *s, const struct op *op)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_NUM_REGIONS + op->val % 0xfffffff0,
	};

	return call(s, VFIO_DEVICE_GET_REGION_INFO, &info);
}

static int strange_irq_flags(const struct stress *s, const struct op *op)
{
	struct vfio_irq_set req = {
		.argsz = sizeof(req), .index = VFIO_PCI_REQ_IRQ_INDEX, .count = 1,
		.flags = (VFIO_IRQ_SET_ACTION_TYPE_MASK | VFIO_IRQ_SET_DATA_TYPE_MASK) + 1,
	};

	req.flags <<= op->val % 8;
	return call(s, VFIO_DEVICE_SET_IRQS, &req);
}

/* Others do the same: whose is there last does not matter */
static int request_eventfd(const struct stress *s)
{
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (efd < 0)
		return -errno;
	ret = fn_irq_eventfd(&s->f, VFIO_PCI_REQ_IRQ_INDEX, efd);
	close(efd);
	return ret;
}

/* It would write to the BAR that the fake one hides */
static int ioeventfd(const struct stress *s, const struct op *op)
{
	unsigned int index = s->a.win[op->window].index + (op->val & 1);
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req), .flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = at(index, op->off & ~3), .fd = -1,
	};

	return call(s, VFIO_DEVICE_IOEVENTFD, &req);
}

void do_ioctl(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	int ret, want = -EINVAL;

	switch (op->way) {
	case 0:
		ret = unknown_command(s, op);
		want = -ENOTTY;
		break;
	case 1:
		ret = bad_pointer(s, op);
		want = -EFAULT;
		break;
	case 2:
		ret = no_such_region(s, op);
		break;
	case 3:
		ret = strange_irq_flags(s, op);
		break;
	case 4:
		ret = ioeventfd(s, op);
		break;
	case 5:
	case 6:
		ret = request_eventfd(s);
		want = 0;
		break;
	default:
		ret = too_short(s, op);
		break;
	}
	if (ret != want)
		fail(s, w->id, "ioctl of kind %u: %d, not %d", op->way, ret, want);
}
