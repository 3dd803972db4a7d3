// SPDX-License-Identifier: GPL-2.0-only
/*
 * A maple tree in RCU mode, and without MT_FLAGS_ALLOC_RANGE: filled with ranges,
 * and then emptied at once, which frees whole subtrees after a grace period.
 * "ranges" is how many, "destroy" whether mtree_destroy() empties it or a store.
 */
#include <linux/limits.h>
#include <linux/maple_tree.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

static unsigned int ranges = 10000;
module_param(ranges, uint, 0444);
static bool destroy;
module_param(destroy, bool, 0444);

static struct maple_tree tree = MTREE_INIT(tree, MT_FLAGS_USE_RCU);

static int __init bug_tree_init(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ranges && !ret; i++)
		ret = mtree_store_range(&tree, 16UL * i, 16UL * i + 7,
					xa_mk_value(i), GFP_KERNEL);
	if (!ret && !destroy)
		ret = mtree_store_range(&tree, 0, ULONG_MAX, NULL, GFP_KERNEL);
	mtree_destroy(&tree);
	rcu_barrier();
	return ret;
}
module_init(bug_tree_init);

static void __exit bug_tree_exit(void)
{
}
module_exit(bug_tree_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A maple tree that is emptied at once");
