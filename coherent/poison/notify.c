// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notify userspace of changes of what is recorded: those who poll the count,
 * udev, and the user of the device. Documentation/ABI/testing/sysfs-driver-coherent-vfio-pci.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sprintf.h>
#include <linux/sysfs.h>

#include "../coherent.h"
#include "private.h"

static void notify(struct coherent_aperture *ap)
{
	struct kobject *kobj = &ap->dev->kobj;
	char count[48];
	char *env[] = { count, NULL };

	snprintf(count, sizeof(count), "COHERENT_POISON_COUNT=%lu",
		 coherent_ledger_count(ap->ledger));
	sysfs_notify(kobj, COHERENT_SYSFS_GROUP, "poison_count");
	kobject_uevent_env(kobj, KOBJ_CHANGE, env);
	ap->face->poison_changed(ap);
}

/**
 * coherent_poison_notify() - notify userspace of what changed since last time
 *
 * Many errors that were recorded meanwhile are one notification.
 *
 * Context: process; may sleep; takes coherent_ledger_lock.
 */
void coherent_poison_notify(void)
{
	struct coherent_ledger *ledger;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &coherent_ledgers, node) {
		if (!ledger->changed || !ledger->ap)
			continue;
		ledger->changed = false;
		notify(ledger->ap);
	}
}
