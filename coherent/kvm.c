// SPDX-License-Identifier: GPL-2.0-only
/*
 * Can KVM give guests the memory with its real memory type?
 *
 * On arm64 KVM uses the memory type of the host's mapping, if it knows how to and the
 * CPU does cache maintenance by itself. Else all memory without struct page is device
 * memory to it. With device memory a guest dies at its first unaligned
 * access, and cannot execute from there; it is not coherent with the host's
 * caches either. Nothing is refused for that reason: file I/O works, and so do
 * guests that avoid such accesses.
 *
 * Documentation/virt/kvm/api.rst, KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED
 */
#include <linux/cpufeature.h>
#include <linux/dev_printk.h>
#include <linux/kconfig.h>
#include <linux/kobject.h>
#include <linux/kvm.h>
#include <linux/string_choices.h>
#include <linux/sysfs.h>

#ifdef CONFIG_ARM64
#include <asm/virt.h>
#endif

#include "coherent.h"

#ifdef CONFIG_ARM64
static bool has_kvm(void)
{
	return IS_ENABLED(CONFIG_KVM) && is_kernel_in_hyp_mode();
}

/* As KVM answers of its capability */
static bool maps_cached(void)
{
#if !defined(COHERENT_IN_TREE) && !defined(KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED)
	/* It has none of that name */
	return false;
#endif
	return cpus_have_cap(ARM64_HAS_STAGE2_FWB) &&
	       cpus_have_cap(ARM64_HAS_CACHE_DIC);
}
#else
static bool has_kvm(void)
{
	return false;
}

static bool maps_cached(void)
{
	return true;
}
#endif

/**
 * coherent_kvm_report() - say once what guests cannot have
 * @ap: the aperture of a device that was bound
 *
 * Context: any.
 */
void coherent_kvm_report(const struct coherent_aperture *ap)
{
	if (!has_kvm() || maps_cached())
		return;
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		if (ap->layout.regions[i].memtype == COHERENT_CACHED)
			dev_warn_once(ap->dev,
				      "KVM on this kernel cannot give guests cacheable device memory: unaligned accesses to it end a guest\n");
}

/* "none": no guest runs here whose memory could be of a wrong type */
static ssize_t kvm_cacheable_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	if (IS_ENABLED(CONFIG_ARM64) && !has_kvm())
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s\n", str_yes_no(maps_cached()));
}

static struct kobj_attribute kvm_cacheable = __ATTR_RO(kvm_cacheable);

/**
 * coherent_kvm_init() - make the file that tells what guests can have
 *
 * Context: module init, with coherent_host_kobj there; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_kvm_init(void)
{
	return sysfs_create_file(coherent_host_kobj, &kvm_cacheable.attr);
}

/** coherent_kvm_exit() - undo coherent_kvm_init() */
void coherent_kvm_exit(void)
{
	sysfs_remove_file(coherent_host_kobj, &kvm_cacheable.attr);
}
