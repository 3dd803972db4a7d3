// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core expects of every backend that shows memory by a character device. A backend
 * that lists itself (coherent_kunit.h) is put through all of it; nothing here knows one by
 * name.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../coherent/chardev/chardev.h"
#include "../coherent/poison/private.h"
#include "coherent_kunit.h"
#include "driver.h"
#include "function.h"

#define BASE	KUNIT_FUNCTION_BASE
#define SIZE	KUNIT_FUNCTION_SIZE

static bool has_device(const struct module *owner)
{
	struct coherent_ledger *ledger;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &coherent_ledgers, node)
		if (ledger->ap && ledger->ap->face == &coherent_chardev_face &&
		    container_of(ledger->ap, struct coherent_chardev, ap)->info->owner == owner)
			return true;
	return false;
}

static const struct coherent_kunit_chardev *self_of(struct kunit *test)
{
	const struct coherent_kunit_chardev *self = test->priv;

	if (!*self->loaded)
		return self;
	KUNIT_ASSERT_TRUE_MSG(test, has_device(self->owner),
			      "it has loaded, and there is no such memory");
	kunit_skip(test, "the host has such memory, and it is in use");
}

/* A function that is described by these properties, and by what else must be there */
static struct soft_spec described(struct kunit *test, struct property_entry first,
				  struct property_entry second)
{
	const struct coherent_kunit_chardev *self = test->priv;
	struct soft_spec spec = kunit_function_spec(test, false);
	struct property_entry *properties;
	unsigned int n = 0, used = 0;

	while (self->more && self->more[n].name)
		n++;
	properties = kunit_kcalloc(test, n + 3, sizeof(*properties), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, properties);
	if (first.name)
		properties[used++] = first;
	if (second.name)
		properties[used++] = second;
	if (n)
		memcpy(&properties[used], self->more, n * sizeof(*properties));
	spec.properties = properties;
	return spec;
}

/* Not taken, and nothing stays that was made on the way */
static int refused(struct kunit *test, const char *what)
{
	const struct coherent_kunit_chardev *self = test->priv;
	int ret = self->load();

	KUNIT_EXPECT_NE_MSG(test, 0, ret, "%s", what);
	if (!ret)
		self->unload();
	KUNIT_EXPECT_TRUE_MSG(test, kunit_is_free(BASE, SIZE), "%s", what);
	return ret;
}

/* coherent_kunit_chardev_nothing() - a host without such memory */
void coherent_kunit_chardev_nothing(struct kunit *test)
{
	const struct property_entry none = { };
	struct soft_spec spec;

	self_of(test);
	KUNIT_EXPECT_EQ(test, -ENODEV, refused(test, "no description"));
	spec = described(test, none, none);
	kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, -ENODEV, refused(test, "neither base nor size"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_chardev_nothing, "COHERENT_VFIO_PCI");

/* Each is the only description while it is tried */
static void refuses(struct kunit *test, const char *what, struct property_entry first,
		    struct property_entry second)
{
	struct soft_spec spec = described(test, first, second);
	struct soft_function *fn = soft_function_create(&spec);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(fn), "no function (%pe)", fn);
	refused(test, what);
	soft_function_destroy(fn);
}

/* coherent_kunit_chardev_wrong() - all that firmware can say wrong */
void coherent_kunit_chardev_wrong(struct kunit *test)
{
	const struct coherent_kunit_chardev *self = self_of(test);
	const u64 ram = __pa(kunit_kmalloc(test, SZ_4K, GFP_KERNEL)) & PAGE_MASK;
	const struct {
		const char *what;
		u64 base, size;
	} wrong[] = {
		{ "size 0", BASE, 0 },
		{ "base not aligned", BASE + 0x800, SIZE },
		{ "size not aligned", BASE, SIZE + 0x800 },
		{ "one byte", BASE, 1 },
		{ "wrapping", 0 - PAGE_SIZE, SIZE },
		{ "all there is", 0, U64_MAX },
		{ "beyond the last address", (u64)iomem_resource.end + 1, SIZE },
		{ "System RAM", ram, SIZE },
	};
	const struct property_entry base = PROPERTY_ENTRY_U64(self->base_name, BASE);
	const struct property_entry size = PROPERTY_ENTRY_U64(self->size_name, SIZE);
	const struct property_entry none = { };

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		refuses(test, wrong[i].what, PROPERTY_ENTRY_U64(self->base_name, wrong[i].base),
			PROPERTY_ENTRY_U64(self->size_name, wrong[i].size));
	refuses(test, "base alone", base, none);
	refuses(test, "size alone", none, size);
	refuses(test, "base is text", PROPERTY_ENTRY_STRING(self->base_name, "high"), size);
	refuses(test, "size is text", base, PROPERTY_ENTRY_STRING(self->size_name, "4 GiB"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_chardev_wrong, "COHERENT_VFIO_PCI");

static void describe_well(struct kunit *test)
{
	const struct coherent_kunit_chardev *self = test->priv;
	struct soft_spec spec = described(test, PROPERTY_ENTRY_U64(self->base_name, BASE),
					  PROPERTY_ENTRY_U64(self->size_name, SIZE));

	kunit_function(test, &spec);
}

/* Of a device that is there as long as the caller does not unload the backend */
static struct coherent_chardev *chardev_at(u64 base)
{
	struct coherent_ledger *ledger;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &coherent_ledgers, node)
		if (ledger->ap && ledger->first == PHYS_PFN(base))
			return container_of(ledger->ap, struct coherent_chardev, ap);
	return NULL;
}

static void shown_well(struct kunit *test, const struct coherent_chardev *chardev)
{
	const struct coherent_kunit_chardev *self = test->priv;
	const struct coherent_chardev_info *info;

	KUNIT_EXPECT_NOT_NULL(test, chardev);
	if (!chardev)
		return;
	info = chardev->info;
	KUNIT_EXPECT_EQ(test, BASE, info->base);
	KUNIT_EXPECT_EQ(test, SIZE, info->size);
	KUNIT_EXPECT_NOT_NULL(test, info->shared);
	KUNIT_EXPECT_NOT_NULL(test, info->class);
	KUNIT_EXPECT_STREQ(test, info->name, dev_name(&chardev->dev));
	KUNIT_EXPECT_NULL_MSG(test, strpbrk(info->name, " /\n"), "%s", info->name);
	/* Else a module could go while a file is open */
	KUNIT_EXPECT_PTR_EQ(test, self->owner, info->owner);
	/* Firmware that lists no bad memory has none */
	KUNIT_EXPECT_EQ(test, 0, coherent_poison_count(&chardev->ap));
	/* What one had, the next does not see */
	KUNIT_EXPECT_NE(test, (int)COHERENT_SCRUB_NONE, (int)info->scrub);
}

/* coherent_kunit_chardev_good() - a good description is taken, and again, and let go */
void coherent_kunit_chardev_good(struct kunit *test)
{
	const struct coherent_kunit_chardev *self = self_of(test);
	int ret;

	describe_well(test);
	for (int i = 0; i < 3; i++) {
		ret = self->load();
		KUNIT_ASSERT_EQ(test, 0, ret);
		shown_well(test, chardev_at(BASE));
		KUNIT_EXPECT_FALSE(test, kunit_is_free(BASE, PAGE_SIZE));
		KUNIT_EXPECT_FALSE(test, kunit_is_free(BASE + SIZE - PAGE_SIZE, PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE + SIZE, PAGE_SIZE));
		self->unload();
		KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));
	}
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_chardev_good, "COHERENT_VFIO_PCI");

/* coherent_kunit_chardev_taken() - memory that another driver has is not shown */
void coherent_kunit_chardev_taken(struct kunit *test)
{
	const struct coherent_kunit_chardev *self = self_of(test);
	int ret;

	describe_well(test);
	kunit_claim(test, BASE + SZ_64M, SZ_64K);
	ret = self->load();
	kunit_unclaim(test);
	KUNIT_EXPECT_EQ(test, -EBUSY, ret);
	if (!ret)
		self->unload();
	KUNIT_EXPECT_TRUE(test, kunit_is_free(BASE, SIZE));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_chardev_taken, "COHERENT_VFIO_PCI");
