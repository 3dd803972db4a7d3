// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is let in to the memory of a function that is open, and when is readiness
 * asked for? Events come as the kernel tells them; what the state machine makes
 * of them is gate_test.c's.
 */
#include <kunit/test.h>
#include <linux/kconfig.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "opened.h"
#include "suites.h"

/* Asked once in a generation, and not for each access */
static void asked_once(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_TRUE(test, cdev->function->ap.gate.state.pending);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 2, kunit_ready_asked());
}

/* Every entry into a generation, and what the first one in it is told */
struct state {
	const char *name;
	int copy, map;
	void (*enter)(struct coherent_device *cdev);
	int ready;
	bool sleeps;
};

static void nothing(struct coherent_device *cdev)
{
}

static void decoding_off(struct coherent_device *cdev)
{
	kunit_set_memory_decoding(cdev, false);
}

static void prepare_long_ago(struct coherent_device *cdev)
{
	kunit_prepare(cdev);
	kunit_time_passes();
}

static void reset_long_ago(struct coherent_device *cdev)
{
	kunit_reset(cdev);
	kunit_time_passes();
}

static void power_long_ago(struct coherent_device *cdev)
{
	kunit_power(cdev);
	kunit_time_passes();
}

static void power_long_ago_and_found(struct coherent_device *cdev)
{
	kunit_power(cdev);
	kunit_copy(cdev);
	kunit_time_passes();
}

static void asleep_for_long(struct coherent_device *cdev)
{
	kunit_asleep(cdev);
	kunit_time_passes();
}

static void woken(struct coherent_device *cdev)
{
	asleep_for_long(cdev);
	kunit_woken(cdev);
}

static void hibernated(struct coherent_device *cdev)
{
	cdev->core.pdev->dev.driver->pm->freeze(&cdev->core.pdev->dev);
	cdev->core.pdev->dev.driver->pm->restore(&cdev->core.pdev->dev);
}

static void frozen_and_reset(struct coherent_device *cdev)
{
	kunit_frozen(cdev);
	kunit_reset(cdev);
}

static void frozen_for_ever(struct coherent_device *cdev)
{
	kunit_frozen(cdev);
	kunit_time_passes();
}

static void frozen_for_ever_then_reset(struct coherent_device *cdev)
{
	frozen_for_ever(cdev);
	kunit_reset(cdev);
}

static void frozen_then_resumed(struct coherent_device *cdev)
{
	kunit_frozen(cdev);
	kunit_resumed(cdev);
}

static void failed_in_reset(struct coherent_device *cdev)
{
	kunit_frozen(cdev);
	kunit_failed(cdev);
}

static void failed_then_reset(struct coherent_device *cdev)
{
	kunit_failed(cdev);
	kunit_reset(cdev);
}

static void failed_then_opened(struct coherent_device *cdev)
{
	kunit_failed(cdev);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_OPENED);
}

static void failed_then_power(struct coherent_device *cdev)
{
	kunit_failed(cdev);
	kunit_power(cdev);
}

static void not_fatal(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.error_detected(cdev->core.pdev,
						 pci_channel_io_normal);
}

static const struct state states[] = {
	{ "as it was", 0, 0, nothing, 0 },
	{ "as it was, and not asked", 0, 0, nothing, -EIO },
	{ "memory decoding off", 0, -EIO, decoding_off, 0 },
	{ "low power", 0, -EIO, kunit_low_power, 0 },
	{ "in reset", -EAGAIN, -EAGAIN, kunit_prepare, 0 },
	{ "in reset for ever", -ETIME, -ETIME, prepare_long_ago, 0 },
	{ "after reset", 0, 0, kunit_reset, 0 },
	{ "after reset, not ready", -EAGAIN, -EAGAIN, kunit_reset, -EAGAIN },
	{ "after reset, broken", -ENXIO, -ENXIO, kunit_reset, -ENXIO },
	{ "after reset, never ready", -ETIME, -ETIME, reset_long_ago, -EAGAIN },
	{ "after reset, ready late", 0, 0, reset_long_ago, 0 },
	{ "power changed", 0, 0, kunit_power, 0 },
	{ "power changed, not ready", -EAGAIN, -EAGAIN, kunit_power, -EAGAIN },
	{ "power changed long ago, not ready", -EAGAIN, -EAGAIN, power_long_ago, -EAGAIN },
	{ "power changed, never ready", -ETIME, -ETIME, power_long_ago_and_found, -EAGAIN },
	{ "in D3hot", -EIO, -EIO, kunit_in_d3, 0 },
	/* Where the kernel can sleep at all */
	{ "asleep", -EAGAIN, -EAGAIN, kunit_asleep, 0, true },
	{ "asleep for long", -EAGAIN, -EAGAIN, asleep_for_long, 0, true },
	{ "woken", 0, 0, woken, 0, true },
	{ "woken, not ready", -EAGAIN, -EAGAIN, woken, -EAGAIN, true },
	{ "hibernated, not ready", -EAGAIN, -EAGAIN, hibernated, -EAGAIN, true },
	{ "frozen", -EAGAIN, -EAGAIN, kunit_frozen, 0 },
	{ "frozen, and a reset", -EAGAIN, -EAGAIN, frozen_and_reset, 0 },
	{ "frozen for ever", -ETIME, -ETIME, frozen_for_ever, 0 },
	{ "frozen for ever, then reset", 0, 0, frozen_for_ever_then_reset, 0 },
	{ "frozen, then resumed", 0, 0, frozen_then_resumed, 0 },
	{ "frozen, then resumed, not ready", -EAGAIN, -EAGAIN, frozen_then_resumed, -EAGAIN },
	{ "recovered", 0, 0, kunit_recovered, 0 },
	{ "recovered, not ready", -EAGAIN, -EAGAIN, kunit_recovered, -EAGAIN },
	{ "recovered for a neighbour", -EAGAIN, -EAGAIN, kunit_slot_reset, -EAGAIN },
	{ "failed", -EIO, -EIO, kunit_failed, 0 },
	{ "failed in reset", -EIO, -EIO, failed_in_reset, 0 },
	{ "failed, then reset", 0, 0, failed_then_reset, 0 },
	{ "failed while it was opened", -EIO, -EIO, failed_then_opened, 0 },
	{ "failed, then a change of power", -EIO, -EIO, failed_then_power, 0 },
	{ "an error that is not fatal", 0, 0, not_fatal, -EIO },
};

static void state_desc(const struct state *state, char *desc)
{
	strscpy(desc, state->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, states, state_desc);

static void who_is_let_in(struct kunit *test)
{
	const struct state *t = test->param_value;
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	if (t->sleeps && !IS_ENABLED(CONFIG_PM_SLEEP))
		kunit_skip(test, "this kernel does not sleep");
	kunit_set_memory_decoding(cdev, true);
	KUNIT_ASSERT_EQ(test, 0, kunit_copy(cdev));
	kunit_ready_answer(t->ready);
	t->enter(cdev);
	KUNIT_EXPECT_EQ(test, t->map, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, t->copy, kunit_copy(cdev));
	/* Whatever it was, it is over after this */
	cdev->core.pdev->current_state = PCI_D0;
	cdev->core.pm_runtime_engaged = false;
	kunit_set_memory_decoding(cdev, true);
	kunit_ready_answer(0);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_WAKES);
	kunit_recovered(cdev);
	kunit_reset(cdev);
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
}

/* A register behind a BAR cannot be read while the BAR is off */
static void bar_is_off(struct kunit *test)
{
	struct soft_spec spec = kunit_ready_bar_spec(test);
	struct coherent_device *cdev;
	struct pci_dev *pdev;

	kunit_ready_answer(0);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	cdev = kunit_open_function(test, kunit_device_of(pdev));
	KUNIT_EXPECT_TRUE(test, cdev->ready_io);
	kunit_ready_answer(0);
	kunit_set_memory_decoding(cdev, false);
	KUNIT_EXPECT_EQ(test, -EIO, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
	kunit_set_memory_decoding(cdev, true);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	/* Seen ready, it stays so, on or off */
	kunit_set_memory_decoding(cdev, false);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, -EIO, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
}

/* Who waits is let in when it is ready, and not before */
static void waits_until_ready(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_ready_answer(-EAGAIN);
	kunit_ready_later(5);
	kunit_backend.ready_timeout_ms = 60 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, 0, coherent_access_wait(&cdev->function->ap, COHERENT_ACCESS_COPY,
						      TASK_KILLABLE));
	KUNIT_EXPECT_EQ(test, 6, kunit_ready_asked());
	/* ... or told that it never will be */
	kunit_backend.ready_timeout_ms = 5;
	kunit_ready_answer(-EAGAIN);
	kunit_reset(cdev);
	KUNIT_EXPECT_EQ(test, -ETIME,
			coherent_access_wait(&cdev->function->ap, COHERENT_ACCESS_COPY,
					     TASK_KILLABLE));
}

/* The time limit counts from the end of the reset */
static void time_limit(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_ready_answer(-EAGAIN);
	kunit_backend.ready_timeout_ms = 60 * MSEC_PER_SEC;
	prepare_long_ago(cdev);
	kunit_done(cdev);
	KUNIT_EXPECT_EQ(test, -EAGAIN, kunit_copy(cdev));
	kunit_clock_goes_on(59 * MSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, -EAGAIN, kunit_copy(cdev));
	kunit_clock_goes_on(2 * MSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, -ETIME, kunit_copy(cdev));
}

/*
 * What is seen in low power is good for that one access: the function may lose
 * its power right after it.
 */
static void asked_each_time_in_low_power(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_set_memory_decoding(cdev, true);
	kunit_power(cdev);
	kunit_low_power(cdev);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 2, kunit_ready_asked());
	/* Woken by an event, of which nobody tells us; and long after it began */
	kunit_time_passes();
	cdev->core.pm_runtime_engaged = false;
	kunit_ready_answer(-EAGAIN);
	KUNIT_EXPECT_EQ(test, -EAGAIN, kunit_map(cdev));
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
}

/* It may lose its power at any moment: a copy is not let in, nor does it ask */
static void copy_holds_power_in_low_power(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_low_power(cdev);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, -EHOSTDOWN,
			coherent_access_begin(&cdev->function->ap, COHERENT_ACCESS_COPY));
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
	/* ... nor where PCI has put it into D3hot, until it is awake */
	cdev->core.pdev->current_state = PCI_D3hot;
	KUNIT_EXPECT_EQ(test, -EHOSTDOWN,
			coherent_access_begin(&cdev->function->ap, COHERENT_ACCESS_COPY));
	cdev->core.pdev->current_state = PCI_D0;
	cdev->core.pm_runtime_engaged = false;
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
}

/* On which side of a change of power was it ready? Nobody knows */
static void asked_each_time_while_power_changes(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_set_memory_decoding(cdev, true);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_BEGINS);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 2, kunit_ready_asked());
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_ENDS);
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_map(cdev));
	KUNIT_EXPECT_EQ(test, 3, kunit_ready_asked());
}

/* Who waits for a reset hears within moments that it has lasted too long */
static void waiter_sees_the_limit(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);
	ktime_t began = ktime_get();

	kunit_prepare(cdev);
	kunit_clock_goes_on(COHERENT_RESET_LIMIT_MS - 100);
	KUNIT_EXPECT_EQ(test, -ETIME,
			coherent_access_wait(&cdev->function->ap, COHERENT_ACCESS_COPY,
					     TASK_KILLABLE));
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), began),
			(s64)COHERENT_RESET_LIMIT_MS / 2);
	kunit_done(cdev);
}

#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
/* What an importer is told that stays attached, and maps again and again */
static int importer_maps(struct coherent_device *cdev)
{
	const struct phys_vec vec = {
		.paddr = cdev->function->ap.layout.regions[0].base,
		.len = PAGE_SIZE,
	};
	int ret = coherent_dmabuf_may_map(&cdev->core, &vec, 1);

	flush_work(&cdev->function->look);
	return ret;
}

/* It is looked on its behalf when it is refused, and not where there is nothing to see */
static void asked_for_importers(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_set_memory_decoding(cdev, true);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, importer_maps(cdev));

	kunit_prepare(cdev);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, -EAGAIN, importer_maps(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
	kunit_done(cdev);
	kunit_ready_answer(-EAGAIN);
	kunit_ready_later(2);
	for (unsigned int asked = 1; asked <= 3; asked++) {
		KUNIT_EXPECT_EQ(test, -EAGAIN, importer_maps(cdev));
		KUNIT_EXPECT_EQ(test, asked, kunit_ready_asked());
	}
	KUNIT_EXPECT_EQ(test, 0, importer_maps(cdev));
	KUNIT_EXPECT_EQ(test, 3, kunit_ready_asked());

	kunit_frozen(cdev);
	kunit_failed(cdev);
	KUNIT_EXPECT_EQ(test, -EIO, importer_maps(cdev));
	KUNIT_EXPECT_EQ(test, 3, kunit_ready_asked());
}
#endif

static struct kunit_case access_cases[] = {
	KUNIT_CASE(asked_once),
	KUNIT_CASE(asked_each_time_in_low_power),
	KUNIT_CASE(copy_holds_power_in_low_power),
	KUNIT_CASE(asked_each_time_while_power_changes),
	KUNIT_CASE_PARAM(who_is_let_in, state_gen_params),
	KUNIT_CASE(bar_is_off),
	KUNIT_CASE(waits_until_ready),
	KUNIT_CASE(time_limit),
	KUNIT_CASE(waiter_sees_the_limit),
#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
	KUNIT_CASE(asked_for_importers),
#endif
	{ }
};

struct kunit_suite coherent_access_suite = {
	.name = "coherent-access",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_opened_init,
	.test_cases = access_cases,
};
