/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read by spatch, never by a compiler: what it cannot parse without being told
 * what it stands for. A function that is not parsed is not checked.
 */
#define scoped_guard(args...)		YACFE_ITERATOR

/*
 * As on the newest kernel. COHERENT_VFIO_OPS_COMMON itself is read from
 * include/coherent_vfio.h.
 */
#define COMPAT_REGION_INFO_OP(fn)	.get_region_info_caps = fn,

/* Of the kernel: members of struct dev_pm_ops */
#define SYSTEM_SLEEP_PM_OPS(suspend_fn, resume_fn)			\
	.suspend = suspend_fn, .resume = resume_fn,
#define RUNTIME_PM_OPS(suspend_fn, resume_fn, idle_fn)			\
	.runtime_suspend = suspend_fn, .runtime_resume = resume_fn,	\
	.runtime_idle = idle_fn,

/* Static but for KUnit */
#define VISIBLE_IF_KUNIT		static
