// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does userspace own another device's DMA? Asked of functions whose groups are
 * claimed as VFIO claims them.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "suites.h"

static struct iommu_group *group_of(struct kunit *test, struct coherent_device *cdev)
{
	struct iommu_group *group = iommu_group_get(&cdev->core.pdev->dev);

	KUNIT_ASSERT_NOT_NULL(test, group);
	/* The device keeps it for as long as the test */
	iommu_group_put(group);
	return group;
}

/* Bound, at @base: two at a time must not show the same memory */
static struct coherent_device *function_at(struct kunit *test, u64 base)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, base),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, SZ_512M),
		{ }
	};
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev;

	spec.properties = properties;
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	return kunit_device_of(pdev);
}

static void nobody(struct kunit *test)
{
	struct coherent_device *ours = function_at(test, KUNIT_FUNCTION_BASE);

	function_at(test, KUNIT_FUNCTION_BASE + SZ_1G);
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(group_of(test, ours), NULL));
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(NULL, NULL));
}

static void claimed(struct kunit *test)
{
	struct iommu_group *ours = group_of(test, function_at(test, KUNIT_FUNCTION_BASE));
	struct iommu_group *other =
		group_of(test, function_at(test, KUNIT_FUNCTION_BASE + SZ_1G));

	KUNIT_ASSERT_EQ(test, 0, iommu_group_claim_dma_owner(other, test));
	KUNIT_EXPECT_TRUE(test, coherent_foreign_dma(ours, NULL));
	/* Alone in its group it can do no more than it could in any case */
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(other, NULL));
	iommu_group_release_dma_owner(other);
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
}

/* Whose driver comes or goes just now is not known, but for who asks */
static void locked(struct kunit *test)
{
	struct coherent_device *ours = function_at(test, KUNIT_FUNCTION_BASE);
	struct coherent_device *other = function_at(test, KUNIT_FUNCTION_BASE + SZ_1G);
	struct iommu_group *group = group_of(test, ours);

	device_lock(&other->core.pdev->dev);
	KUNIT_EXPECT_TRUE(test, coherent_foreign_dma(group, NULL));
	device_unlock(&other->core.pdev->dev);
	device_lock(&ours->core.pdev->dev);
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(group, &ours->core.pdev->dev));
	device_unlock(&ours->core.pdev->dev);
}

/* Somebody who owns one of two groups, and is in the other whenever one looks */
static struct iommu_group *hopper_groups[2];
static unsigned int hopper_at;

static bool hop_and_look(struct iommu_group *group)
{
	unsigned int next = !hopper_at;

	if (group == hopper_groups[hopper_at] &&
	    !iommu_group_claim_dma_owner(hopper_groups[next], hopper_groups)) {
		iommu_group_release_dma_owner(hopper_groups[hopper_at]);
		hopper_at = next;
	}
	return iommu_group_dma_owner_claimed(group);
}

static void hopping(struct kunit *test)
{
	struct iommu_group *ours = group_of(test, function_at(test, KUNIT_FUNCTION_BASE));

	hopper_groups[0] = group_of(test, function_at(test, KUNIT_FUNCTION_BASE + SZ_1G));
	hopper_groups[1] = group_of(test, function_at(test, KUNIT_FUNCTION_BASE + SZ_2G));
	kunit_activate_static_stub(test, coherent_foreign_claimed, hop_and_look);
	for (hopper_at = 0; hopper_at < 2; hopper_at++) {
		unsigned int at = hopper_at;

		KUNIT_ASSERT_EQ(test, 0, iommu_group_claim_dma_owner(hopper_groups[at],
								     hopper_groups));
		KUNIT_EXPECT_TRUE(test, coherent_foreign_dma(ours, NULL));
		iommu_group_release_dma_owner(hopper_groups[hopper_at]);
		hopper_at = at;
	}
	kunit_deactivate_static_stub(test, coherent_foreign_claimed);
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
}

static const struct vfio_device_ops emulated_ops = {
	.name			= "coherent-kunit-emulated",
	.bind_iommufd		= vfio_iommufd_emulated_bind,
	.unbind_iommufd		= vfio_iommufd_emulated_unbind,
	.attach_ioas		= vfio_iommufd_emulated_attach_ioas,
	.detach_ioas		= vfio_iommufd_emulated_detach_ioas,
};

static void unregister(void *data)
{
	vfio_unregister_group_dev(data);
}

static void put(void *data)
{
	vfio_put_device(data);
}

static struct vfio_device *emulated_device(struct kunit *test)
{
	struct device *parent = kunit_device_register(test, "coherent-kunit-parent");
	struct vfio_device *vdev;

	KUNIT_ASSERT_FALSE(test, IS_ERR(parent));
	vdev = _vfio_alloc_device(sizeof(*vdev), parent, &emulated_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vdev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put, vdev));
	KUNIT_ASSERT_EQ(test, 0, vfio_register_emulated_iommu_dev(vdev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister, vdev));
	return vdev;
}

/* An emulated device can hold pages of a container while it is open */
static void emulated(struct kunit *test)
{
	struct iommu_group *ours = group_of(test, function_at(test, KUNIT_FUNCTION_BASE));
	struct vfio_device *vdev = emulated_device(test);

	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
	/* As the VFIO core counts who has it open */
	vdev->open_count = 1;
	KUNIT_EXPECT_TRUE(test, coherent_foreign_dma(ours, NULL));
	vdev->open_count = 0;
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
}

/* One that is removed while it is open is not seen any more, and not forgotten */
static void emulated_and_removed(struct kunit *test)
{
	struct iommu_group *ours = group_of(test, function_at(test, KUNIT_FUNCTION_BASE));
	struct vfio_device *vdev = emulated_device(test);

	/* As in vfio_unregister_group_dev(), which then waits for its users */
	vdev->open_count = 1;
	kunit_release_action(test, unregister, vdev);
	vdev->open_count = 0;
	KUNIT_EXPECT_TRUE(test, coherent_foreign_dma(ours, NULL));
	coherent_foreign_forget();
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
}

/* A device that VFIO would give away in its no-IOMMU mode */
static int bare_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver bare_driver = {
	.driver.name		= "coherent-kunit-bare",
	.probe			= bare_probe,
	.driver_managed_dma	= true,
};

static void unregister_bare_driver(void *unused)
{
	platform_driver_unregister(&bare_driver);
}

static void unregister_bare(void *data)
{
	platform_device_unregister(data);
}

static void leave_group(void *data)
{
	iommu_group_remove_device(data);
}

static void no_iommu(struct kunit *test)
{
	struct iommu_group *ours = group_of(test, function_at(test, KUNIT_FUNCTION_BASE));
	struct platform_device *bare;
	struct iommu_group *group;
	int ret;

	KUNIT_ASSERT_EQ(test, 0, platform_driver_register(&bare_driver));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister_bare_driver,
							   NULL));
	bare = platform_device_register_simple("coherent-kunit-bare", -1, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bare));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister_bare, bare));
	KUNIT_ASSERT_NOT_NULL(test, bare->dev.driver);
	group = iommu_group_alloc();
	KUNIT_ASSERT_FALSE(test, IS_ERR(group));
	ret = iommu_group_add_device(group, &bare->dev);
	iommu_group_put(group);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, leave_group, &bare->dev));
	KUNIT_EXPECT_FALSE(test, coherent_foreign_dma(ours, NULL));
}

static struct kunit_case foreign_cases[] = {
	KUNIT_CASE(nobody),
	KUNIT_CASE(claimed),
	KUNIT_CASE(locked),
	KUNIT_CASE(hopping),
	KUNIT_CASE(emulated),
	KUNIT_CASE(emulated_and_removed),
	KUNIT_CASE(no_iommu),
	{ }
};

struct kunit_suite coherent_foreign_suite = {
	.name = "coherent-foreign",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_driver_init,
	.test_cases = foreign_cases,
};
