/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The face of character devices: an aperture without a PCI function. What the files
 * of this folder share; the folder above calls nothing of it but init and exit.
 */
#ifndef COHERENT_CHARDEV_PRIVATE_H
#define COHERENT_CHARDEV_PRIVATE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "../coherent.h"
#include "coherent_chardev.h"

#ifndef COHERENT_IN_TREE
/* Backends have abi.c between themselves and the function */
#undef coherent_chardev_register
#endif

struct file_operations;
struct inode;

/**
 * struct coherent_chardev - a device, and the aperture that it shows
 * @ap: the aperture, with one region and one window
 * @dev: in sysfs
 * @cdev: in /dev
 * @info: the backend's
 * @inode: its page cache's place, which all of its files share, wherever they were
 *	opened: mappings are taken away there
 * @face_lock: of @ap; nothing takes it for writing
 * @users_lock: protects @users; held while the memory is cleared
 * @users: files that are open
 */
struct coherent_chardev {
	struct coherent_aperture ap;
	struct device dev;
	struct cdev cdev;
	const struct coherent_chardev_info *info;
	struct inode *inode;
	struct rw_semaphore face_lock;
	struct mutex users_lock;	/* users */
	unsigned int users;
};

/* device.c */
extern const struct coherent_face coherent_chardev_face;

/* ... in the life of the module */
int coherent_chardev_init(void);
void coherent_chardev_exit(void);

/* file.c */
extern const struct file_operations coherent_chardev_fops;

/* inode.c: inodes of devices */
struct inode *coherent_chardev_inode(void);
void coherent_chardev_inode_put(struct inode *inode);

#endif /* COHERENT_CHARDEV_PRIVATE_H */
