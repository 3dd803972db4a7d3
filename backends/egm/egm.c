// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVIDIA's Extended GPU Memory: memory of a Grace socket that firmware hides from the
 * host's kernel, to be the memory of virtual machines. /dev/egm<N> shows it, as in
 * NVIDIA's own driver; N is the proximity domain.
 *
 * Firmware describes it by properties of each GPU of the socket, alike in all.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "coherent_chardev.h"

#define PXM_PROPERTY	"nvidia,egm-pxm"
#define BASE_PROPERTY	"nvidia,egm-base-pa"
#define SIZE_PROPERTY	"nvidia,egm-size"

/* Memory that firmware has retired; its pages are so large, whatever the host's are */
#define RETIRED_PROPERTY	"nvidia,egm-retired-pages-data-base"
#define RETIRED_SIZE		SZ_64K

static bool shared;
module_param(shared, bool, 0644);
MODULE_PARM_DESC(shared, "may several programs have the same /dev/egm<N> open? (default: no)");

/**
 * struct egm - the memory of one socket
 * @node: in the list of all
 * @pxm: its proximity domain
 * @info: for the core
 * @chardev: the device; NULL if it was refused
 * @name: of that
 */
struct egm {
	struct list_head node;
	u64 pxm;
	struct coherent_chardev_info info;
	struct coherent_chardev *chardev;
	char name[24];
};

static LIST_HEAD(sockets);	/* made at load, freed at unload */

static ssize_t egm_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct egm *egm = coherent_chardev_data(dev);

	return sysfs_emit(buf, "%#llx\n", egm->info.size);
}
static DEVICE_ATTR_RO(egm_size);

static const struct class egm_class = {
	.name = "egm",
};

/* Does @pdev's description say that it has access to this memory? */
static bool is_gpu_of(struct pci_dev *pdev, const struct egm *egm)
{
	struct device *dev = &pdev->dev;
	u64 pxm, base, size;

	return !device_property_read_u64(dev, PXM_PROPERTY, &pxm) && pxm == egm->pxm &&
	       !device_property_read_u64(dev, BASE_PROPERTY, &base) &&
	       base == egm->info.base &&
	       !device_property_read_u64(dev, SIZE_PROPERTY, &size) &&
	       size == egm->info.size;
}

static int bad_pages(struct coherent_chardev *chardev)
{
	const struct egm *egm = coherent_chardev_data(coherent_chardev_device(chardev));
	struct pci_dev *pdev = NULL;
	int ret = -ENODEV;	/* whoever described it has gone, and with it the list */

	for_each_pci_dev(pdev) {
		if (!is_gpu_of(pdev, egm))
			continue;
		ret = coherent_chardev_bad_table(chardev, &pdev->dev, RETIRED_PROPERTY,
						 RETIRED_SIZE);
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return ret;
}

static struct egm *find(u64 pxm)
{
	struct egm *egm;

	list_for_each_entry(egm, &sockets, node)
		if (egm->pxm == pxm)
			return egm;
	return NULL;
}

static struct egm *add_socket(u64 pxm, u64 base, u64 size)
{
	struct egm *egm = kzalloc_obj(*egm, GFP_KERNEL);

	if (!egm)
		return NULL;
	egm->pxm = pxm;
	snprintf(egm->name, sizeof(egm->name), "egm%llu", pxm);
	egm->info = (struct coherent_chardev_info) {
		.name = egm->name, .class = &egm_class, .owner = THIS_MODULE,
		.base = base, .size = size, .shared = &shared,
		.scrub = COHERENT_SCRUB_OPEN, .bad_pages = bad_pages,
		.data = egm,
	};
	list_add_tail(&egm->node, &sockets);
	return egm;
}

/* What one GPU's description says; it may say less than others do */
static int add_gpu(struct pci_dev *pdev)
{
	struct device *dev = &pdev->dev;
	u64 pxm, base, size;
	struct egm *egm;

	if (device_property_read_u64(dev, PXM_PROPERTY, &pxm))
		return 0;
	if (device_property_read_u64(dev, BASE_PROPERTY, &base) ||
	    device_property_read_u64(dev, SIZE_PROPERTY, &size)) {
		dev_warn(dev, "firmware gives %s without base and size: no EGM by this GPU\n",
			 PXM_PROPERTY);
		return 0;
	}
	egm = find(pxm) ?: add_socket(pxm, base, size);
	if (!egm)
		return -ENOMEM;
	if (!is_gpu_of(pdev, egm))
		dev_warn(dev,
			 "firmware describes EGM of proximity domain %llu in two ways: this GPU is left out\n",
			 pxm);
	return 0;
}

static int find_all(void)
{
	struct pci_dev *pdev = NULL;
	int ret;

	for_each_pci_dev(pdev) {
		ret = add_gpu(pdev);
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return list_empty(&sockets) ? -ENODEV : 0;
}

/*
 * In sysfs its size, and a link for each GPU, by its address, as in NVIDIA's driver.
 * Users can have the device by now, so what is missing there does not end it.
 */
static int show(struct egm *egm)
{
	struct coherent_chardev *chardev = coherent_chardev_register(&egm->info);
	struct pci_dev *pdev = NULL;
	struct device *dev;
	int ret;

	if (IS_ERR(chardev))
		return PTR_ERR(chardev);
	egm->chardev = chardev;
	dev = coherent_chardev_device(chardev);
	ret = device_create_file(dev, &dev_attr_egm_size);
	for_each_pci_dev(pdev)
		if (is_gpu_of(pdev, egm))
			ret = sysfs_create_link(&dev->kobj, &pdev->dev.kobj,
						pci_name(pdev)) ?: ret;
	if (ret)
		dev_warn(dev, "cannot create all of its files in sysfs (%d)\n", ret);
	return 0;
}

/* Its files and links in sysfs go with the device */
static void forget(struct egm *egm)
{
	if (egm->chardev)
		coherent_chardev_unregister(egm->chardev);
	list_del(&egm->node);
	kfree(egm);
}

static void forget_all(void)
{
	struct egm *egm, *next;

	list_for_each_entry_safe(egm, next, &sockets, node)
		forget(egm);
	class_unregister(&egm_class);
}

/* One socket's memory that is refused does not cost the other's */
static int egm_load(void)
{
	unsigned int shown = 0;
	struct egm *egm;
	int ret;

	ret = class_register(&egm_class);
	if (ret)
		return ret;
	ret = find_all();
	if (ret)
		goto out;
	list_for_each_entry(egm, &sockets, node) {
		ret = show(egm);
		shown += !ret;
	}
	if (shown)
		return 0;
out:
	forget_all();
	return ret;
}

COHERENT_CHARDEV_MODULE(egm_load, forget_all);
COHERENT_KUNIT_CHARDEV(egm, egm_load, forget_all, BASE_PROPERTY, SIZE_PROPERTY,
		       .more = (const struct property_entry []){
				PROPERTY_ENTRY_U64(PXM_PROPERTY, 4), { } });

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("NVIDIA's Extended GPU Memory as character devices");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
