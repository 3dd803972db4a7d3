// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's directory in debugfs, where the kernel has that.
 */
#include <linux/debugfs.h>
#include <linux/device.h>

#include "coherent.h"
#include "poison/poison.h"

static struct dentry *root;

/**
 * coherent_debugfs_add() - make the device's directory
 * @ap: the aperture
 */
void coherent_debugfs_add(struct coherent_aperture *ap)
{
	ap->debugfs = debugfs_create_dir(dev_name(ap->dev), root);
	coherent_poison_debugfs_add(ap);
}

/**
 * coherent_debugfs_remove() - undo coherent_debugfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads and writes have ended.
 */
void coherent_debugfs_remove(struct coherent_aperture *ap)
{
	debugfs_remove(ap->debugfs);
}

/** coherent_debugfs_init() - at module init */
void coherent_debugfs_init(void)
{
	root = debugfs_create_dir("coherent-vfio", NULL);
}

/** coherent_debugfs_exit() - at module exit */
void coherent_debugfs_exit(void)
{
	debugfs_remove(root);
}
