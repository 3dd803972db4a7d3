// SPDX-License-Identifier: GPL-2.0-only
/*
 * One CPU answers nobody for some seconds, and watches meanwhile whether the others
 * still count time. It measures by the TSC, and says for how many milliseconds at most
 * jiffies stood still.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <asm/tsc.h>

static unsigned int cpu = 1;
module_param(cpu, uint, 0444);
static unsigned int ms = 4000;
module_param(ms, uint, 0444);

static long watch(void *unused)
{
	u64 begin, since, now, longest = 0;
	unsigned long flags, last;

	local_irq_save(flags);
	begin = rdtsc_ordered();
	since = begin;
	last = READ_ONCE(jiffies);
	do {
		cpu_relax();
		now = rdtsc_ordered();
		if (READ_ONCE(jiffies) != last) {
			last = READ_ONCE(jiffies);
			since = now;
		}
		longest = max(longest, now - since);
	} while (now - begin < (u64)ms * tsc_khz);
	local_irq_restore(flags);
	return div_u64(longest, tsc_khz);
}

static int __init bug_irqs_off_init(void)
{
	long still;

	if (!cpu_online(cpu))
		return -ENODEV;
	still = work_on_cpu(cpu, watch, NULL);
	pr_info("bug_irqs_off: jiffies stood still for %ld ms\n", still);
	return 0;
}
module_init(bug_irqs_off_init);

static void __exit bug_irqs_off_exit(void)
{
}
module_exit(bug_irqs_off_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A CPU that answers nobody for some seconds");
