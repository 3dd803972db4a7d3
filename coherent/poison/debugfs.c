// SPDX-License-Identifier: GPL-2.0-only
/*
 * Injected errors, for tests: coherent-vfio/DEVICE/inject_poison takes
 * "OFFSET [COUNT [STRIDE]]", COUNT errors of a page each (1 unless given),
 * STRIDE bytes apart (a page unless given), the first at OFFSET of the
 * aperture. They go through the queue of reports as all do. The write returns
 * when they are recorded.
 */
#include <kunit/visibility.h>
#include <linux/array_size.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../coherent.h"
#include "private.h"

static int parse(char *text, struct coherent_injection *inj)
{
	u64 *const fields[] = { &inj->offset, &inj->count, &inj->stride };
	char *rest = strim(text), *field;

	for (int i = 0; rest; i++) {
		field = strsep(&rest, " ");
		if (i >= ARRAY_SIZE(fields) || kstrtou64(field, 0, fields[i]))
			return -EINVAL;
	}
	return 0;
}

static int check(const struct coherent_injection *inj, u64 size)
{
	u64 span;

	if (!inj->count || (inj->count > 1 && !inj->stride) ||
	    check_mul_overflow(inj->count - 1, inj->stride, &span))
		return -EINVAL;
	return inj->offset < size && span < size - inj->offset ? 0 : -EINVAL;
}

/**
 * coherent_parse_injection() - what is to be injected
 * @text: as above; changed
 * @size: of the aperture
 * @inj: filled in
 *
 * Return: 0 or -EINVAL.
 */
VISIBLE_IF_KUNIT int coherent_parse_injection(char *text, u64 size,
					      struct coherent_injection *inj)
{
	*inj = (struct coherent_injection){ .count = 1, .stride = PAGE_SIZE };
	return parse(text, inj) ?: check(inj, size);
}

static ssize_t inject_write(struct file *file, const char __user *ubuf,
			    size_t count, loff_t *ppos)
{
	struct coherent_aperture *ap = file->private_data;
	struct coherent_injection inj;
	char text[80];
	int ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, ubuf, count))
		return -EFAULT;
	text[count] = '\0';
	ret = coherent_parse_injection(text, ap->layout.size, &inj);
	if (ret)
		return ret;

	for (u64 i = 0; i < inj.count; i++) {
		u64 addr = ap->layout.base + inj.offset + i * inj.stride;

		coherent_report(addr, 1, COHERENT_SOURCE_DEBUGFS, false);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!(i % 65536))
			cond_resched();
	}
	ret = coherent_queue_flush();
	return ret ?: count;
}

static const struct file_operations inject_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= inject_write,
};

/**
 * coherent_poison_debugfs_add() - create the files that inject errors
 * @ap: the aperture, whose directory in debugfs is there; it goes with that
 */
void coherent_poison_debugfs_add(struct coherent_aperture *ap)
{
	debugfs_create_file("inject_poison", 0200, ap->debugfs, ap,
			    &inject_fops);
}
