// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core expects of every backend. A backend that lists itself
 * (coherent_kunit.h) is put through all of it; nothing here knows one by name.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "aperture.h"
#include "coherent_kunit.h"
#include "function.h"

/* The PCI core waits for no reset longer than a minute, CXL for none over five */
#define LONGEST_MS	(300 * MSEC_PER_SEC)

/* A function as the backend's driver would be offered it */
static struct soft_spec spec_of(struct kunit *test, bool with_bar0,
				const struct property_entry *properties)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct pci_device_id *id = self->driver->id_table;
	struct soft_spec spec = kunit_function_spec(test, with_bar0);

	if (id->vendor != PCI_ANY_ID)
		spec.config.vendor = id->vendor;
	if (id->device != PCI_ANY_ID)
		spec.config.device = id->device;
	spec.properties = properties;
	return spec;
}

static int discover(struct kunit *test, const struct property_entry *properties,
		    struct coherent_layout *layout)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = spec_of(test, false, properties);
	struct coherent_device *cdev;
	int ret;

	cdev = coherent_alloc(kunit_function(test, &spec), self->backend,
			      &coherent_passthrough_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cdev));
	ret = coherent_discover(cdev->function);
	if (!ret)
		coherent_undiscover(cdev->function);
	*layout = cdev->function->ap.layout;
	vfio_put_device(&cdev->core.vdev);
	return ret;
}

static bool has_ready(const struct coherent_backend *backend)
{
	return backend->ready || backend->cxl_ready;
}

/* coherent_kunit_facts() - what can be seen without running it */
void coherent_kunit_facts(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct coherent_backend *backend = self->backend;

	KUNIT_ASSERT_NOT_NULL(test, backend->name);
	KUNIT_EXPECT_GT(test, strlen(backend->name), 0);
	KUNIT_EXPECT_TRUE(test, !backend->device_size ||
			  backend->device_size >= sizeof(struct coherent_device));
	KUNIT_EXPECT_NULL_MSG(test, strpbrk(backend->name, " /\n"), "%s", backend->name);
	KUNIT_ASSERT_NOT_NULL(test, backend->discover);
	if (backend->ready_bar != COHERENT_NO_BAR) {
		KUNIT_EXPECT_GE(test, backend->ready_bar, 0);
		KUNIT_EXPECT_LT(test, backend->ready_bar, PCI_STD_NUM_BARS);
	}
	if (backend->ready) {
		KUNIT_EXPECT_GT(test, backend->ready_timeout_ms, 0);
		KUNIT_EXPECT_LE(test, backend->ready_timeout_ms, LONGEST_MS);
	}
	/* Else nothing tells that a reset has succeeded, and thus healed */
	KUNIT_EXPECT_TRUE(test, has_ready(backend) || !backend->reset_heals_poison);
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_facts, "COHERENT_VFIO_PCI");

/* coherent_kunit_driver() - the PCI driver around the backend */
void coherent_kunit_driver(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct vfio_device_ops *ops = self->backend->ops;
	const struct pci_driver *driver = self->driver;
	const struct pci_device_id *id;

	KUNIT_EXPECT_NOT_NULL(test, driver->probe);
	KUNIT_EXPECT_NOT_NULL(test, driver->remove);
	/* Else mappings outlive resets */
	KUNIT_ASSERT_NOT_NULL(test, driver->err_handler);
	KUNIT_EXPECT_TRUE(test, driver->err_handler->reset_prepare &&
			  driver->err_handler->reset_done &&
			  driver->err_handler->error_detected &&
			  driver->err_handler->slot_reset);
	KUNIT_EXPECT_TRUE(test, driver->driver_managed_dma);
	KUNIT_ASSERT_NOT_NULL(test, driver->id_table);
	KUNIT_EXPECT_NE(test, 0, driver->id_table->vendor);
	/* No function is ours unless somebody wants it given to userspace */
	for (id = driver->id_table; id->vendor; id++)
		KUNIT_EXPECT_EQ(test, PCI_ID_F_VFIO_DRIVER_OVERRIDE, id->override_only);
	if (!ops)
		return;
	KUNIT_EXPECT_TRUE(test, ops->init && ops->release && ops->open_device &&
			  ops->close_device && ops->read && ops->write &&
			  ops->mmap && ops->ioctl && ops->device_feature);
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_driver, "COHERENT_VFIO_PCI");

/* coherent_kunit_nothing_described() - then it is vfio-pci's */
void coherent_kunit_nothing_described(struct kunit *test)
{
	struct coherent_layout layout;

	KUNIT_EXPECT_EQ(test, -ENODATA, discover(test, NULL, &layout));
	KUNIT_EXPECT_EQ(test, 0, layout.nr_regions);
	KUNIT_EXPECT_NULL(test, layout.why);
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_nothing_described, "COHERENT_VFIO_PCI");

struct numbers {
	const char *what;
	u64 base, size;
};

/* Never taken for good, never for absent; and a person is told why */
static void refuses(struct kunit *test, const struct numbers *numbers)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(self->base_name, numbers->base),
		PROPERTY_ENTRY_U64(self->size_name, numbers->size),
		{ }
	};
	struct coherent_layout layout;
	int ret = discover(test, properties, &layout);

	KUNIT_EXPECT_TRUE_MSG(test, IS_ERR_VALUE((long)ret), "%s: %d",
			      numbers->what, ret);
	KUNIT_EXPECT_NE_MSG(test, ret, -ENODATA, "%s", numbers->what);
	KUNIT_EXPECT_NOT_NULL_MSG(test, layout.why, "%s", numbers->what);
}

/* One property is missing, or no number: said by who reads it */
static void refuses_property(struct kunit *test, const char *what,
			     struct property_entry first,
			     struct property_entry second)
{
	const struct property_entry properties[] = { first, second, { } };
	struct coherent_layout layout;
	int ret = discover(test, properties, &layout);

	KUNIT_EXPECT_TRUE_MSG(test, IS_ERR_VALUE((long)ret), "%s: %d", what, ret);
	KUNIT_EXPECT_NE_MSG(test, ret, -ENODATA, "%s", what);
}

/* coherent_kunit_wrong_descriptions() - all that firmware can say wrong */
void coherent_kunit_wrong_descriptions(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const u64 base = KUNIT_FUNCTION_BASE, size = KUNIT_FUNCTION_SIZE;
	const struct numbers wrong[] = {
		{ "size 0", base, 0 },
		{ "base not aligned", base + 0x800, size },
		{ "base odd", base + 1, size },
		{ "size not aligned", base, size + 0x800 },
		{ "one byte", base, 1 },
		{ "wrapping", 0 - PAGE_SIZE, size },
		{ "up to the very end", 0 - size, size },
		{ "all there is", 0, U64_MAX },
		{ "beyond the last address", (u64)iomem_resource.end + 1, size },
		{ "over the last address", (u64)iomem_resource.end + 1 - PAGE_SIZE, size },
		{ "System RAM", __pa(test) & PAGE_MASK, size },
	};
	const struct property_entry good_base = PROPERTY_ENTRY_U64(self->base_name, base);
	const struct property_entry good_size = PROPERTY_ENTRY_U64(self->size_name, size);
	const struct property_entry none = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		refuses(test, &wrong[i]);
	refuses_property(test, "base alone", good_base, none);
	refuses_property(test, "size alone", good_size, none);
	refuses_property(test, "base is text", good_size,
			 PROPERTY_ENTRY_STRING(self->base_name, "high"));
	refuses_property(test, "size is text", good_base,
			 PROPERTY_ENTRY_STRING(self->size_name, "4 GiB"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_wrong_descriptions, "COHERENT_VFIO_PCI");

/* coherent_kunit_good_descriptions() - and what becomes of them */
void coherent_kunit_good_descriptions(struct kunit *test)
{
	static const u64 sizes[] = { SZ_4G, SZ_4G + SZ_64K, 3ULL * SZ_4G,
				     24ULL * SZ_4G + SZ_64K };
	const struct coherent_kunit_backend *self = test->priv;
	struct coherent_layout layout, again;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct property_entry properties[] = {
			PROPERTY_ENTRY_U64(self->base_name, KUNIT_FUNCTION_BASE),
			PROPERTY_ENTRY_U64(self->size_name, sizes[i]),
			{ }
		};
		u64 shown = 0;

		KUNIT_ASSERT_EQ(test, 0, discover(test, properties, &layout));
		KUNIT_EXPECT_EQ(test, 0, coherent_layout_check(&layout, PAGE_SIZE,
							       iomem_resource.end));
		KUNIT_EXPECT_NULL(test, layout.why);
		KUNIT_EXPECT_EQ(test, KUNIT_FUNCTION_BASE, layout.base);
		KUNIT_EXPECT_EQ(test, sizes[i], layout.size);
		for (j = 0; j < layout.nr_regions; j++)
			shown += layout.regions[j].length;
		KUNIT_EXPECT_LE(test, shown, sizes[i]);
		/* It remembers nothing of one function when asked of another */
		KUNIT_ASSERT_EQ(test, 0, discover(test, properties, &again));
		KUNIT_EXPECT_MEMEQ(test, &layout, &again, sizeof(layout));
	}
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_good_descriptions, "COHERENT_VFIO_PCI");

/* A device that shows @byte wherever ready() looks */
static int ask_ready(struct kunit *test, struct coherent_device *cdev, int byte)
{
	unsigned long switches;
	int ret;

	memset((void __force *)cdev->ready_io, byte, SZ_4M);
	preempt_disable();
	switches = current->nvcsw;
	ret = cdev->backend->ready(cdev);
	KUNIT_EXPECT_EQ(test, switches, current->nvcsw);
	preempt_enable();
	return ret;
}

static void free_io(void *memory)
{
	vfree(memory);
}

/*
 * coherent_kunit_ready() - it answers, and does not wait
 *
 * With preemption off, where a kernel with DEBUG_ATOMIC_SLEEP sees each try.
 */
void coherent_kunit_ready(struct kunit *test)
{
	static const u8 bytes[] = { 0x00, 0xff, 0x01, 0x55, 0x80 };
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = spec_of(test, false, NULL);
	struct coherent_device *cdev;
	unsigned int i;
	void *memory;

	if (!self->backend->ready)
		kunit_skip(test, "its memory is always ready");
	cdev = kunit_kzalloc(test, max(sizeof(*cdev), self->backend->device_size),
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cdev);
	memory = vzalloc(SZ_4M);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_io, memory));
	cdev->backend = self->backend;
	cdev->core.pdev = kunit_function(test, &spec);
	cdev->ready_io = (void __iomem __force *)memory;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		int ret = ask_ready(test, cdev, bytes[i]);

		KUNIT_EXPECT_TRUE_MSG(test, !ret || IS_ERR_VALUE((long)ret),
				      "all bytes %#x: %d", bytes[i], ret);
		/* Nothing that it remembers */
		KUNIT_EXPECT_EQ(test, ret, ask_ready(test, cdev, bytes[i]));
	}
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_ready, "COHERENT_VFIO_PCI");

/* coherent_kunit_bad_pages() - firmware that lists none has none */
void coherent_kunit_bad_pages(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = spec_of(test, false, NULL);
	struct kunit_aperture *aperture;

	if (!self->backend->bad_pages)
		kunit_skip(test, "it knows of no list");
	aperture = kunit_aperture(test, KUNIT_APERTURE_BASE + SZ_256M, 16);
	aperture->cdev.backend = self->backend;
	aperture->cdev.core.pdev = kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, 0, self->backend->bad_pages(&aperture->cdev));
	KUNIT_EXPECT_EQ(test, 0, coherent_ledger_count(aperture->ledger));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_bad_pages, "COHERENT_VFIO_PCI");

/* coherent_kunit_bind() - the driver takes a function that is described well */
void coherent_kunit_bind(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(self->base_name, KUNIT_FUNCTION_BASE),
		PROPERTY_ENTRY_U64(self->size_name, KUNIT_FUNCTION_SIZE),
		{ }
	};
	struct soft_spec spec = spec_of(test, self->backend->ready, properties);
	struct pci_dev *pdev;

	spec.driver = self->driver->name;
	pdev = kunit_function(test, &spec);
	KUNIT_EXPECT_PTR_EQ(test, pdev->dev.driver,
			    (struct device_driver *)&self->driver->driver);
	/* Claimed, so nobody else may have it */
	KUNIT_EXPECT_NULL(test, request_mem_region(KUNIT_FUNCTION_BASE, PAGE_SIZE,
						   "kunit"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_bind, "COHERENT_VFIO_PCI");
