// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes of devices. A device can have several nodes in several file systems, each
 * with an inode of its own. Mappings of all of them must be found in one place.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "chardev.h"

#define MAGIC	0x636f6865

/* There while there are inodes; it keeps this module */
static struct vfsmount *mounted;
static int users;

static int init_context(struct fs_context *fc)
{
	return init_pseudo(fc, MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type type = {
	.name			= "coherent-chardev",
	.owner			= THIS_MODULE,
	.init_fs_context	= init_context,
	.kill_sb		= kill_anon_super,
};

/**
 * coherent_chardev_inode() - an inode for a device
 *
 * Context: may sleep.
 * Return: the inode, to be given to coherent_chardev_inode_put(); or an error.
 */
struct inode *coherent_chardev_inode(void)
{
	struct inode *inode;
	int ret = simple_pin_fs(&type, &mounted, &users);

	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(mounted->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&mounted, &users);
	return inode;
}

/**
 * coherent_chardev_inode_put() - undo coherent_chardev_inode()
 * @inode: what it has returned; no file has it
 *
 * Context: may sleep.
 */
void coherent_chardev_inode_put(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&mounted, &users);
}
