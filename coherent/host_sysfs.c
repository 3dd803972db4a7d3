// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/coherent_vfio: what an administrator sees of the host's memory
 * when no bound device shows it. Other files add their attributes to
 * coherent_host_kobj after coherent_host_sysfs_init() and remove them before
 * coherent_host_sysfs_exit().
 */
#include <linux/errno.h>
#include <linux/kobject.h>

#include "coherent.h"

/* Changes only while the module is loaded and removed */
struct kobject *coherent_host_kobj;

/**
 * coherent_host_sysfs_init() - make the directory
 *
 * Context: module init; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_host_sysfs_init(void)
{
	coherent_host_kobj = kobject_create_and_add("coherent_vfio",
						    kernel_kobj);
	return coherent_host_kobj ? 0 : -ENOMEM;
}

/**
 * coherent_host_sysfs_exit() - undo coherent_host_sysfs_init()
 *
 * Context: module init that fails, or module exit; may sleep.
 */
void coherent_host_sysfs_exit(void)
{
	kobject_put(coherent_host_kobj);
	coherent_host_kobj = NULL;
}
