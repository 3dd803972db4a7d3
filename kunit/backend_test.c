// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core expects of every backend. A backend that lists itself
 * (coherent_kunit.h) is put through all of it; nothing here knows one by name.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "aperture.h"
#include "coherent_kunit.h"
#include "contract.h"
#include "function.h"

/* The PCI core waits for no reset longer than a minute, CXL for none over five */
#define LONGEST_MS	(300 * MSEC_PER_SEC)

/* Of apertures that are tried: from the first on it is up, and then down */
#define FIRST_SIZE	KUNIT_FUNCTION_SIZE
#define MOST		(512ULL * SZ_1G)
#define LEAST		((u64)SZ_64K)

/** contract_spec() - a function as the backend's driver would be offered it, not described */
struct soft_spec contract_spec(struct kunit *test, bool with_bar)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct pci_device_id *id = self->driver->id_table;
	struct soft_spec spec = kunit_function_spec(test, with_bar);

	if (id->vendor != PCI_ANY_ID)
		spec.config.vendor = id->vendor;
	if (id->device != PCI_ANY_ID)
		spec.config.device = id->device;
	if (with_bar) {
		spec.config.bar = self->backend->ready_bar;
		spec.config.bar_size = CONTRACT_IO_SIZE;
	}
	return spec;
}

/* Firmware's words for an aperture, and what else the backend must find */
static const struct property_entry *properties_of(struct kunit *test, u64 base, u64 size)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct property_entry *properties;
	unsigned int n = 0;

	while (self->more && self->more[n].name)
		n++;
	properties = kunit_kcalloc(test, n + 3, sizeof(*properties), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, properties);
	properties[0] = PROPERTY_ENTRY_U64(self->base_name, base);
	properties[1] = PROPERTY_ENTRY_U64(self->size_name, size);
	if (n)
		memcpy(&properties[2], self->more, n * sizeof(*properties));
	return properties;
}

/* Firmware has a window for CXL memory wherever there is some */
static int any_window(u64 base, u64 size, u8 *ways)
{
	*ways = 0;
	return 0;
}

/** contract_described() - the same with an aperture, as far as can_describe() */
struct soft_spec contract_described(struct kunit *test, bool with_bar, u64 base,
				    u64 size)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = contract_spec(test, with_bar);

	if (!self->cxl) {
		spec.properties = properties_of(test, base, size);
		return spec;
	}
	spec.config.flags = SOFT_CXL_DVSEC | SOFT_ENDPOINT;
	spec.config.cxl = (struct soft_cxl) {
		.cap = SOFT_CXL_MEMORY(1), .control = SOFT_CXL_MEM_ENABLE,
		.base = { base }, .size = { size },
	};
	kunit_activate_static_stub(test, coherent_cxl_window, any_window);
	return spec;
}

/* CXL's registers have no place for the lower bits of an address */
static bool can_describe(struct kunit *test, u64 base, u64 size)
{
	const struct coherent_kunit_backend *self = test->priv;

	return !self->cxl || IS_ALIGNED(base | size, SZ_256M);
}

static int discover(struct kunit *test, const struct soft_spec *spec,
		    struct coherent_layout *layout)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct coherent_device *cdev;
	int ret;

	cdev = coherent_alloc(kunit_function(test, spec), self->backend,
			      &coherent_passthrough_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cdev));
	ret = coherent_discover(cdev->function);
	if (!ret)
		coherent_undiscover(cdev->function);
	*layout = cdev->function->ap.layout;
	vfio_put_device(&cdev->core.vdev);
	return ret;
}

static int discover_at(struct kunit *test, u64 base, u64 size,
		       struct coherent_layout *layout)
{
	struct soft_spec spec = contract_described(test, false, base, size);

	return discover(test, &spec, layout);
}

static bool takes(struct kunit *test, u64 size)
{
	struct coherent_layout layout;

	return can_describe(test, KUNIT_FUNCTION_BASE, size) &&
	       !discover_at(test, KUNIT_FUNCTION_BASE, size, &layout);
}

/**
 * contract_size() - a size that the backend takes
 * @test: which says what backend; fails where it takes none
 *
 * How much is reserved, and how it is rounded, is its own affair.
 *
 * Return: the size in bytes.
 */
u64 contract_size(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	u64 size;

	if (self->size)
		return self->size;
	for (size = FIRST_SIZE; size <= MOST; size *= 2)
		if (takes(test, size))
			return size;
	for (size = FIRST_SIZE / 2; size >= LEAST; size /= 2)
		if (takes(test, size))
			return size;
	KUNIT_FAIL_AND_ABORT(test, "it takes no power of two: say a size, .size =");
	return 0;
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
	struct soft_spec spec = contract_spec(test, false);
	struct coherent_layout layout;

	KUNIT_EXPECT_EQ(test, -ENODATA, discover(test, &spec, &layout));
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
	struct coherent_layout layout;
	int ret;

	if (!can_describe(test, numbers->base, numbers->size))
		return;
	ret = discover_at(test, numbers->base, numbers->size, &layout);
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
	struct soft_spec spec = contract_spec(test, false);
	struct coherent_layout layout;
	int ret;

	spec.properties = properties;
	ret = discover(test, &spec, &layout);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ERR_VALUE((long)ret), "%s: %d", what, ret);
	KUNIT_EXPECT_NE_MSG(test, ret, -ENODATA, "%s", what);
}

/* coherent_kunit_wrong_descriptions() - all that firmware can say wrong */
void coherent_kunit_wrong_descriptions(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const u64 base = KUNIT_FUNCTION_BASE, size = contract_size(test);
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
		{ "System RAM, aligned", ALIGN_DOWN(__pa(test), SZ_256M), size },
	};
	const struct property_entry good_base = PROPERTY_ENTRY_U64(self->base_name, base);
	const struct property_entry good_size = PROPERTY_ENTRY_U64(self->size_name, size);
	const struct property_entry none = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		refuses(test, &wrong[i]);
	if (self->cxl)
		return;
	refuses_property(test, "base alone", good_base, none);
	refuses_property(test, "size alone", good_size, none);
	refuses_property(test, "base is text", good_size,
			 PROPERTY_ENTRY_STRING(self->base_name, "high"));
	refuses_property(test, "size is text", good_base,
			 PROPERTY_ENTRY_STRING(self->size_name, "4 GiB"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_wrong_descriptions, "COHERENT_VFIO_PCI");

/* It is shown well, and remembered of nobody else */
static void shows_well(struct kunit *test, const struct soft_spec *spec, u64 size)
{
	struct coherent_layout layout, again;
	unsigned int i;
	u64 shown = 0;

	KUNIT_ASSERT_EQ(test, 0, discover(test, spec, &layout));
	KUNIT_EXPECT_EQ(test, 0, coherent_layout_check(&layout, PAGE_SIZE,
						       iomem_resource.end));
	KUNIT_EXPECT_EQ(test, 0, coherent_layout_check_bars(&layout));
	KUNIT_EXPECT_NULL(test, layout.why);
	KUNIT_EXPECT_EQ(test, KUNIT_FUNCTION_BASE, layout.base);
	KUNIT_EXPECT_EQ(test, size, layout.size);
	for (i = 0; i < layout.nr_regions; i++)
		shown += layout.regions[i].length;
	KUNIT_EXPECT_LE(test, shown, size);
	/* It remembers nothing of one function when asked of another */
	KUNIT_ASSERT_EQ(test, 0, discover(test, spec, &again));
	KUNIT_EXPECT_MEMEQ(test, &layout, &again, sizeof(layout));
}

static void shows_well_or_says_why(struct kunit *test, u64 size)
{
	struct soft_spec spec = contract_described(test, false, KUNIT_FUNCTION_BASE, size);
	struct coherent_layout layout;
	int ret = discover(test, &spec, &layout);

	if (!ret) {
		shows_well(test, &spec, size);
		return;
	}
	KUNIT_EXPECT_NE_MSG(test, ret, -ENODATA, "size %#llx", size);
	KUNIT_EXPECT_NOT_NULL_MSG(test, layout.why, "size %#llx", size);
}

/*
 * coherent_kunit_good_descriptions() - and what becomes of them
 *
 * A size that is odd, or several times as large, may be refused, but never without a
 * reason.
 */
void coherent_kunit_good_descriptions(struct kunit *test)
{
	const u64 size = contract_size(test);
	const u64 others[] = {
		size + SZ_64K, size + SZ_256M, 3 * size, 24 * size + SZ_64K,
	};
	struct soft_spec spec = contract_described(test, false, KUNIT_FUNCTION_BASE, size);
	unsigned int i;

	shows_well(test, &spec, size);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (can_describe(test, KUNIT_FUNCTION_BASE, others[i]))
			shows_well_or_says_why(test, others[i]);
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_good_descriptions, "COHERENT_VFIO_PCI");

/* coherent_kunit_bad_pages() - firmware that lists none has none */
void coherent_kunit_bad_pages(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = contract_spec(test, false);
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
