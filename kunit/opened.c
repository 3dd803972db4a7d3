// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function that is open, what can happen to it, and a clock that the test sets.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "opened.h"

static u64 ahead_ms;

static u64 clock_ahead(void)
{
	return ktime_to_ms(ktime_get()) + ahead_ms;
}

/** kunit_clock_goes_on() - by so many milliseconds */
void kunit_clock_goes_on(u64 ms)
{
	ahead_ms += ms;
}

/** kunit_time_passes() - more than any limit is */
void kunit_time_passes(void)
{
	kunit_clock_goes_on(1000 * MSEC_PER_SEC);
}

/** kunit_opened_init() - &kunit_suite.init, with that clock */
int kunit_opened_init(struct kunit *test)
{
	ahead_ms = 0;
	kunit_activate_static_stub(test, coherent_gate_now, clock_ahead);
	return kunit_driver_init(test);
}

static void close_function(void *data)
{
	struct vfio_device *vdev = data;

	guard(mutex)(&vdev->dev_set->lock);
	vdev->ops->close_device(vdev);
}

/** kunit_open_function() - as its only user does; closed at the test's end */
struct coherent_device *kunit_open_function(struct kunit *test,
					    struct coherent_device *cdev)
{
	struct vfio_device *vdev = &cdev->core.vdev;
	int ret;

	scoped_guard(mutex, &vdev->dev_set->lock)
		ret = vdev->ops->open_device(vdev);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_function, vdev));
	return cdev;
}

/** kunit_open() - kunit_device(), open */
struct coherent_device *kunit_open(struct kunit *test)
{
	return kunit_open_function(test, kunit_device(test));
}

static int enter(struct coherent_device *cdev, enum coherent_access access)
{
	int ret = coherent_access_begin(&cdev->function->ap, access);

	if (!ret)
		coherent_access_end(&cdev->function->ap);
	return ret;
}

/* As file I/O: with a reference of runtime PM where it is told to take one */
int kunit_copy(struct coherent_device *cdev)
{
	int ret = enter(cdev, COHERENT_ACCESS_COPY);

	return ret == -EHOSTDOWN ? enter(cdev, COHERENT_ACCESS_COPY_AWAKE) : ret;
}

int kunit_map(struct coherent_device *cdev)
{
	return enter(cdev, COHERENT_ACCESS_MAP);
}

/** kunit_set_memory_decoding() - as a user does through config space */
void kunit_set_memory_decoding(struct coherent_device *cdev, bool on)
{
	__le16 *command = (__le16 *)&cdev->core.vconfig[PCI_COMMAND];

	*command = on ? cpu_to_le16(PCI_COMMAND_MEMORY) : 0;
}

/* What happens to it, as the kernel tells the driver */
void kunit_low_power(struct coherent_device *cdev)
{
	cdev->core.pm_runtime_engaged = true;
}

void kunit_in_d3(struct coherent_device *cdev)
{
	cdev->core.pdev->current_state = PCI_D3hot;
}

void kunit_power(struct coherent_device *cdev)
{
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_BEGINS);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_ENDS);
}

void kunit_prepare(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.reset_prepare(cdev->core.pdev);
}

void kunit_done(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.reset_done(cdev->core.pdev);
}

void kunit_reset(struct coherent_device *cdev)
{
	kunit_prepare(cdev);
	kunit_done(cdev);
}

void kunit_frozen(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.error_detected(cdev->core.pdev,
						 pci_channel_io_frozen);
}

void kunit_slot_reset(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.slot_reset(cdev->core.pdev);
}

void kunit_recovered(struct coherent_device *cdev)
{
	kunit_frozen(cdev);
	kunit_slot_reset(cdev);
}

void kunit_resumed(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.resume(cdev->core.pdev);
}

void kunit_failed(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.error_detected(cdev->core.pdev,
						 pci_channel_io_perm_failure);
}

/* Where the kernel can sleep at all */
void kunit_asleep(struct coherent_device *cdev)
{
	cdev->core.pdev->dev.driver->pm->suspend(&cdev->core.pdev->dev);
}

void kunit_woken(struct coherent_device *cdev)
{
	cdev->core.pdev->dev.driver->pm->resume(&cdev->core.pdev->dev);
}
