// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core expects of every backend, from readiness on: that it is told without
 * waiting, and that the driver takes a function whose memory is ready.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/vfio.h>
#include <linux/vmalloc.h>

#include "../coherent/pci/pci.h"
#include "coherent_kunit.h"
#include "contract.h"
#include "function.h"

/* What registers may read as, all of them alike */
static const u8 patterns[] = { 0x00, 0xff, 0x01, 0x55, 0x80 };

static int ask_ready(struct kunit *test, struct coherent_device *cdev)
{
	unsigned long switches;
	int ret;

	preempt_disable();
	switches = current->nvcsw;
	ret = cdev->backend->ready(cdev);
	KUNIT_EXPECT_EQ(test, switches, current->nvcsw);
	preempt_enable();
	return ret;
}

/* A device that shows @byte wherever ready() looks */
static int ask_pattern(struct kunit *test, struct coherent_device *cdev, u8 byte)
{
	memset((void __force *)cdev->ready_io, byte, CONTRACT_IO_SIZE);
	return ask_ready(test, cdev);
}

/* Discovered as at probe, but for its registers, which are memory */
static void forget_asked(void *data)
{
	struct coherent_device *cdev = data;

	vfree((void __force *)cdev->ready_io);
	cdev->ready_io = NULL;
	coherent_undiscover(cdev->function);
	vfio_put_device(&cdev->core.vdev);
}

static struct coherent_device *asked_device(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct soft_spec spec = contract_described(test, false, KUNIT_FUNCTION_BASE,
						   contract_size(test));
	struct coherent_device *cdev;
	void *memory;
	int ret;

	cdev = coherent_alloc(kunit_function(test, &spec), self->backend,
			      &coherent_passthrough_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cdev));
	ret = coherent_discover(cdev->function);
	if (ret)
		vfio_put_device(&cdev->core.vdev);
	KUNIT_ASSERT_EQ(test, 0, ret);
	memory = vzalloc(CONTRACT_IO_SIZE);
	cdev->ready_io = (void __iomem __force *)memory;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, forget_asked, cdev));
	KUNIT_ASSERT_NOT_NULL(test, memory);
	return cdev;
}

/*
 * coherent_kunit_ready() - it answers, and does not wait
 *
 * With preemption off, where a kernel with DEBUG_ATOMIC_SLEEP sees each try.
 */
void coherent_kunit_ready(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	struct coherent_device *cdev;
	unsigned int i;

	if (!self->backend->ready)
		kunit_skip(test, "its memory is always ready");
	cdev = asked_device(test);
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		int ret = ask_pattern(test, cdev, patterns[i]);

		KUNIT_EXPECT_TRUE_MSG(test, !ret || IS_ERR_VALUE((long)ret),
				      "all bytes %#x: %d", patterns[i], ret);
		/* Nothing that it remembers */
		KUNIT_EXPECT_EQ(test, ret, ask_pattern(test, cdev, patterns[i]));
	}
	if (!self->set_ready)
		return;
	for (i = 0; i < 4; i++) {
		self->set_ready(cdev, i % 2);
		KUNIT_EXPECT_EQ(test, i % 2 ? 0 : -EAGAIN, ask_ready(test, cdev));
	}
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_ready, "COHERENT_VFIO_PCI");

/* The same memory as the BAR of functions to come, with registers that say ready */
static bool make_ready(struct kunit *test, struct coherent_device *cdev)
{
	const struct coherent_kunit_backend *self = test->priv;
	unsigned int i;

	if (self->set_ready) {
		self->set_ready(cdev, true);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!ask_pattern(test, cdev, patterns[i]))
			return true;
	return false;
}

static void fill_bar(struct kunit *test)
{
	struct coherent_device *cdev = asked_device(test);
	void __iomem *bar;

	if (!make_ready(test, cdev))
		kunit_skip(test, "no bytes of one value make it ready: say how, .set_ready =");
	bar = ioremap(KUNIT_MEMORY_BASE, CONTRACT_IO_SIZE);
	KUNIT_ASSERT_TRUE(test, !!bar);
	memcpy_toio(bar, (void __force *)cdev->ready_io, CONTRACT_IO_SIZE);
	iounmap(bar);
	/* What it has acquired is for the function that the driver is to take */
	kunit_release_action(test, forget_asked, cdev);
}

/* coherent_kunit_bind() - the driver takes a function that is described well */
void coherent_kunit_bind(struct kunit *test)
{
	const struct coherent_kunit_backend *self = test->priv;
	const struct coherent_backend *backend = self->backend;
	bool reads_bar = backend->ready && backend->ready_bar != COHERENT_NO_BAR;
	struct soft_spec spec = contract_described(test, reads_bar, KUNIT_FUNCTION_BASE,
						   contract_size(test));
	struct pci_dev *pdev;

	if (reads_bar)
		fill_bar(test);
	spec.driver = self->driver->name;
	pdev = kunit_function(test, &spec);
	KUNIT_EXPECT_PTR_EQ(test, pdev->dev.driver,
			    (struct device_driver *)&self->driver->driver);
	/* Claimed, so nobody else may have it */
	KUNIT_EXPECT_NULL(test, request_mem_region(KUNIT_FUNCTION_BASE, PAGE_SIZE,
						   "kunit"));
}
EXPORT_SYMBOL_NS_GPL(coherent_kunit_bind, "COHERENT_VFIO_PCI");
