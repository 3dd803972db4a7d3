// SPDX-License-Identifier: GPL-2.0-only
/*
 * Character devices: what memory they refuse, that nothing stays of one that was refused,
 * and who can open them.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/device/class.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../coherent/chardev/chardev.h"
#include "../coherent/poison/private.h"
#include "driver.h"
#include "suites.h"

#define BASE	KUNIT_FUNCTION_BASE
#define SIZE	((u64)SZ_1M)

static const struct class test_class = { .name = "coherent-kunit" };

static struct {
	bool shared;
	int bad_pages;		/* what it returns */
	unsigned int asked;
	struct device *dev;	/* whose firmware description has a table, if not NULL */
} backend;

static int bad_pages(struct coherent_chardev *chardev)
{
	backend.asked++;
	if (backend.dev)
		return coherent_chardev_bad_table(chardev, backend.dev, "coherent,bad", SZ_64K);
	return backend.bad_pages ?: coherent_chardev_bad_page(chardev, BASE + SZ_64K, 1);
}

static struct coherent_chardev_info info;

static int chardev_init(struct kunit *test)
{
	memset(&backend, 0, sizeof(backend));
	info = (struct coherent_chardev_info) {
		.name = "coherent-kunit0", .class = &test_class, .owner = THIS_MODULE,
		.base = BASE, .size = SIZE, .shared = &backend.shared,
		.bad_pages = bad_pages, .data = &backend,
	};
	return 0;
}

static void chardev_exit(struct kunit *test)
{
	coherent_quarantine_lift(0, ULONG_MAX);
	coherent_report_forget(0, ULONG_MAX >> PAGE_SHIFT);
}

static int suite_begin(struct kunit_suite *suite)
{
	return class_register(&test_class);
}

static void suite_end(struct kunit_suite *suite)
{
	class_unregister(&test_class);
}

static void unregister(void *chardev)
{
	coherent_chardev_unregister(chardev);
}

static struct coherent_chardev *chardev_of(struct kunit *test)
{
	struct coherent_chardev *chardev = coherent_chardev_register(&info);

	KUNIT_ASSERT_FALSE(test, IS_ERR(chardev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister, chardev));
	return chardev;
}

static void shown(struct kunit *test)
{
	struct coherent_chardev *chardev = chardev_of(test);

	KUNIT_EXPECT_EQ(test, 1, backend.asked);
	KUNIT_EXPECT_EQ(test, 1, coherent_poison_count(&chardev->ap));
	KUNIT_EXPECT_PTR_EQ(test, (void *)&backend,
			    coherent_chardev_data(coherent_chardev_device(chardev)));
	KUNIT_EXPECT_FALSE(test, kunit_is_free(BASE, SIZE));
	kunit_release_action(test, unregister, chardev);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));
}

static int last_page_is_bad(struct coherent_chardev *chardev)
{
	return coherent_chardev_bad_page(chardev, info.base + info.size - PAGE_SIZE, 1);
}

/* Of BARs VFIO can address 1 TiB; a file has no such limit, nor has a socket's memory */
static void larger_than_a_bar(struct kunit *test)
{
	struct coherent_chardev *chardev;

	info.base = 2 * COHERENT_MAX_BAR_SIZE;
	info.size = info.base;
	info.bad_pages = last_page_is_bad;
	if (info.base + info.size - 1 > iomem_resource.end)
		kunit_skip(test, "the CPU has not so many physical addresses");
	chardev = chardev_of(test);
	KUNIT_EXPECT_EQ(test, info.size, chardev->ap.layout.regions[0].length);
	KUNIT_EXPECT_EQ(test, 1, coherent_poison_count(&chardev->ap));
	KUNIT_EXPECT_FALSE(test, kunit_is_free(info.base + info.size - SIZE, SIZE));
}

static void refused(struct kunit *test, int expected)
{
	struct coherent_chardev *chardev = coherent_chardev_register(&info);

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(expected), chardev);
	if (!IS_ERR(chardev))
		coherent_chardev_unregister(chardev);
}

static void wrong_memory(struct kunit *test)
{
	/* The stack, where @test is, need not be in the linear map */
	const u64 ram = __pa(kunit_kmalloc(test, SZ_4K, GFP_KERNEL)) & PAGE_MASK;
	const struct {
		u64 base, size;
		int ret;
	} wrong[] = {
		{ BASE, 0, -EINVAL }, { BASE + 1, SIZE, -EINVAL }, { BASE, SIZE + 1, -EINVAL },
		{ 0 - SIZE, 2 * SIZE, -EINVAL }, { BASE, U64_MAX, -EINVAL },
		{ ram, SIZE, -EBUSY },
	};

	for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct coherent_chardev *chardev;

		info.base = wrong[i].base;
		info.size = wrong[i].size;
		chardev = coherent_chardev_register(&info);
		KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(chardev), "%d", i);
		if (!IS_ERR(chardev))
			coherent_chardev_unregister(chardev);
	}
	info.base = ram;
	info.size = SIZE;
	refused(test, -EBUSY);
}

static void nothing_stays(struct kunit *test)
{
	backend.bad_pages = -EIO;
	refused(test, -EIO);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));

	/* Another driver has it */
	backend.bad_pages = 0;
	kunit_claim(test, BASE + SZ_64K, SZ_64K);
	refused(test, -EBUSY);
	kunit_unclaim(test);

	/* A name that is there already */
	chardev_of(test);
	info.base = BASE + SIZE;
	refused(test, -EEXIST);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE + SIZE, SIZE));
}

static struct device *with_property(struct kunit *test, struct property_entry property)
{
	const struct property_entry properties[] = { property, { } };
	struct device *dev = kunit_device_register(test, "coherent-kunit-firmware");

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_ASSERT_EQ(test, 0, device_create_managed_software_node(dev, properties, NULL));
	return dev;
}

/* A device whose firmware description has @base as the address of a table */
static struct device *describing(struct kunit *test, u64 base)
{
	return with_property(test, PROPERTY_ENTRY_U64("coherent,bad", base));
}

/* What is where firmware says: so many 64-bit words. The description goes with the test */
static u64 *described_table(struct kunit *test)
{
	u64 *table = kunit_kzalloc(test, 6 * sizeof(*table), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	backend.dev = describing(test, virt_to_phys(table));
	return table;
}

/* A description that lists nothing */
static void lists_nothing(struct kunit *test)
{
	struct coherent_chardev *chardev = chardev_of(test);

	KUNIT_EXPECT_EQ(test, 1, backend.asked);
	KUNIT_EXPECT_EQ(test, 0, coherent_poison_count(&chardev->ap));
	kunit_release_action(test, unregister, chardev);
	backend.asked = 0;
}

/* Without the property, with none, with an empty one */
static void no_table(struct kunit *test)
{
	backend.dev = kunit_device_register(test, "coherent-kunit-silent");
	KUNIT_ASSERT_FALSE(test, IS_ERR(backend.dev));
	lists_nothing(test);
	backend.dev = describing(test, 0);
	lists_nothing(test);
	kunit_device_unregister(test, backend.dev);
	described_table(test);
	lists_nothing(test);
}

/* The beginning of one, the last byte of another, two that are not of this memory */
static void table(struct kunit *test)
{
	u64 *table = described_table(test);
	struct coherent_chardev *chardev;

	table[0] = 4;
	table[1] = BASE + SZ_64K;
	table[2] = BASE + SIZE - 1;
	table[3] = BASE - 1;
	table[4] = BASE + SIZE;
	table[5] = BASE;
	chardev = chardev_of(test);
	KUNIT_EXPECT_EQ(test, 2 * SZ_64K / PAGE_SIZE, coherent_poison_count(&chardev->ap));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(BASE + SZ_64K),
			coherent_poison_next(PHYS_PFN(BASE), PHYS_PFN(BASE + SIZE - 1)));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(BASE + SIZE - SZ_64K),
			coherent_poison_next(PHYS_PFN(BASE + SZ_128K),
					     PHYS_PFN(BASE + SIZE - 1)));
}

/* What is no table is not believed, and nothing is read beyond its count */
static void wrong_tables(struct kunit *test)
{
	u64 *table = described_table(test);

	table[0] = U64_MAX;
	refused(test, -EINVAL);
	table[0] = SZ_4K + 1;
	refused(test, -EINVAL);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));
}

/* Where no table can be, and what is no address: never for "no table" */
static void wrong_properties(struct kunit *test)
{
	static const u8 bytes[] = { 1, 2, 3 };

	backend.dev = describing(test, U64_MAX - 7);
	refused(test, -EINVAL);
	kunit_device_unregister(test, backend.dev);
	backend.dev = with_property(test, PROPERTY_ENTRY_U8_ARRAY("coherent,bad", bytes));
	KUNIT_EXPECT_TRUE(test, IS_ERR(coherent_chardev_register(&info)));
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));
}

static int open_file(struct coherent_chardev *chardev, struct file *file)
{
	struct inode inode = { .i_cdev = &chardev->cdev };

	memset(file, 0, sizeof(*file));
	return coherent_chardev_fops.open(&inode, file);
}

static void close_file(struct file *file)
{
	coherent_chardev_fops.release(NULL, file);
}

static void who_opens(struct kunit *test)
{
	struct file *files = kunit_kcalloc(test, 2, sizeof(*files), GFP_KERNEL);
	struct coherent_chardev *chardev = chardev_of(test);

	KUNIT_ASSERT_NOT_NULL(test, files);
	/* What was there before is nobody's here: there is no memory at all */
	chardev->ap.scrub.policy = COHERENT_SCRUB_NONE;
	KUNIT_ASSERT_EQ(test, 0, open_file(chardev, &files[0]));
	KUNIT_EXPECT_EQ(test, 0, coherent_gate_shut(&chardev->ap));
	KUNIT_EXPECT_PTR_EQ(test, chardev->inode->i_mapping, files[0].f_mapping);
	KUNIT_EXPECT_EQ(test, -EBUSY, open_file(chardev, &files[1]));
	backend.shared = true;
	KUNIT_EXPECT_EQ(test, 0, open_file(chardev, &files[1]));
	close_file(&files[0]);
	KUNIT_EXPECT_EQ(test, 0, coherent_gate_shut(&chardev->ap));
	/* Whom it was shared with keeps it */
	backend.shared = false;
	KUNIT_EXPECT_EQ(test, -EBUSY, open_file(chardev, &files[0]));
	close_file(&files[1]);
	KUNIT_EXPECT_EQ(test, COHERENT_SHUT_CLOSED, coherent_gate_shut(&chardev->ap));
	KUNIT_ASSERT_EQ(test, 0, open_file(chardev, &files[0]));

	/* While one opens or closes it, clearing it perhaps */
	close_file(&files[0]);
	mutex_lock(&chardev->users_lock);
	KUNIT_EXPECT_EQ(test, -EBUSY, open_file(chardev, &files[0]));
	mutex_unlock(&chardev->users_lock);
}

static void ioctls(struct kunit *test)
{
	struct coherent_chardev *chardev = chardev_of(test);
	struct file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, file);
	chardev->ap.scrub.policy = COHERENT_SCRUB_NONE;
	KUNIT_ASSERT_EQ(test, 0, open_file(chardev, file));
	KUNIT_EXPECT_EQ(test, -EINVAL, coherent_chardev_fops.unlocked_ioctl(file, 0, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			coherent_chardev_fops.unlocked_ioctl(file, _IO('E', 100), 0));
	close_file(file);
}

static struct kunit_case chardev_cases[] = {
	KUNIT_CASE(shown),
	KUNIT_CASE(larger_than_a_bar),
	KUNIT_CASE(wrong_memory),
	KUNIT_CASE(nothing_stays),
	KUNIT_CASE(no_table),
	KUNIT_CASE(table),
	KUNIT_CASE(wrong_tables),
	KUNIT_CASE(wrong_properties),
	KUNIT_CASE(who_opens),
	KUNIT_CASE(ioctls),
	{ }
};

struct kunit_suite coherent_chardev_suite = {
	.name = "coherent-chardev",
	.suite_init = suite_begin,
	.suite_exit = suite_end,
	.init = chardev_init,
	.exit = chardev_exit,
	.test_cases = chardev_cases,
};
