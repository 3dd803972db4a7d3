// SPDX-License-Identifier: GPL-2.0-only
/*
 * What register_pfn_address_space() refuses, and that undoing what was refused, or
 * never done, harms nobody. Loads if all is well; else the log says what is not.
 */
#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/mm.h>
#include <linux/module.h>

/* Beyond what any CPU has: 52 bits of physical address */
#define BASE	(1UL << 41)

static int nowhere(struct vm_area_struct *vma, unsigned long pfn,
		   pgoff_t *pgoff)
{
	return -EFAULT;
}

static struct address_space mapping;

#define SPACE(first_, last_) {						\
	.node = { .start = BASE + (first_), .last = BASE + (last_) },	\
	.mapping = &mapping,						\
	.pfn_to_vma_pgoff = nowhere,					\
}

static struct pfn_address_space one = SPACE(10, 19), other = SPACE(20, 20);
static struct pfn_address_space same = SPACE(10, 19), across = SPACE(15, 25);
static struct pfn_address_space inside = SPACE(12, 13);
static struct pfn_address_space backwards = SPACE(14, 12);
static struct pfn_address_space no_mapping = SPACE(40, 49);
static struct pfn_address_space no_function = SPACE(40, 49);
static struct pfn_address_space empty;

static int wrong;

static void expect(const char *what, int want, int got)
{
	if (got == want)
		return;
	pr_err("pfn_spaces: %s: %d, expected %d\n", what, got, want);
	wrong++;
}

static void expect_refused(const char *what, int why,
			   struct pfn_address_space *space)
{
	expect(what, why, register_pfn_address_space(space));
	unregister_pfn_address_space(space);
	expect("... and what is registered still is", -EBUSY,
	       register_pfn_address_space(&same));
}

static void expect_unharmed(const char *what, struct pfn_address_space *space)
{
	unregister_pfn_address_space(space);
	expect(what, -EBUSY, register_pfn_address_space(&same));
}

static int __init pfn_spaces_init(void)
{
	address_space_init_once(&mapping);
	no_mapping.mapping = NULL;
	no_function.pfn_to_vma_pgoff = NULL;

	expect("a range", 0, register_pfn_address_space(&one));
	expect("the one behind it", 0, register_pfn_address_space(&other));
	expect_refused("across both", -EBUSY, &across);
	expect_refused("backwards", -EINVAL, &backwards);
	expect_refused("without a mapping", -EINVAL, &no_mapping);
	expect_refused("without a function", -EINVAL, &no_function);
	expect_unharmed("undoing a range inside of it", &inside);
	expect_unharmed("undoing what is not filled in", &empty);

	expect("an error in none of them", -ENXIO,
	       memory_failure(BASE + 30, MF_SW_SIMULATED));
	expect("an error in one that nobody maps", 0,
	       memory_failure(BASE + 12, MF_SW_SIMULATED));

	unregister_pfn_address_space(&one);
	unregister_pfn_address_space(&one);
	expect("the other one remains", -EBUSY,
	       register_pfn_address_space(&across));
	unregister_pfn_address_space(&other);
	expect("none remains", 0, register_pfn_address_space(&across));
	unregister_pfn_address_space(&across);
	return wrong ? -EINVAL : 0;
}

static void __exit pfn_spaces_exit(void)
{
}

module_init(pfn_spaces_init);
module_exit(pfn_spaces_exit);
MODULE_DESCRIPTION("What can be registered with the memory manager");
MODULE_LICENSE("GPL");
