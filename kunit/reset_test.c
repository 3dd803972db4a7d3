// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events and readiness: who is let in when, on a function that is open. The
 * backend says what the test wants; resets are the PCI core's, time is ours.
 * What the state machine makes of events is gate_test.c's.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "driver.h"
#include "suites.h"

/* Longer than any reset may take */
#define LONG_MS		(1000 * MSEC_PER_SEC)

static u64 ahead_ms;

static u64 clock_ahead(void)
{
	return ktime_to_ms(ktime_get()) + ahead_ms;
}

static void time_passes(void)
{
	ahead_ms += LONG_MS;
}

static void close_function(void *data)
{
	struct vfio_device *vdev = data;

	guard(mutex)(&vdev->dev_set->lock);
	vdev->ops->close_device(vdev);
}

static struct coherent_device *
open_function(struct kunit *test, struct coherent_device *cdev)
{
	struct vfio_device *vdev = &cdev->core.vdev;
	int ret;

	scoped_guard(mutex, &vdev->dev_set->lock)
		ret = vdev->ops->open_device(vdev);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_function, vdev));
	return cdev;
}

static struct coherent_device *open_device(struct kunit *test)
{
	return open_function(test, kunit_device(test));
}

static int enter(struct coherent_device *cdev, enum coherent_access access)
{
	int ret = coherent_access_begin(&cdev->function->ap, access);

	if (!ret)
		coherent_access_end(&cdev->function->ap);
	return ret;
}

static int copy(struct coherent_device *cdev)
{
	return enter(cdev, COHERENT_ACCESS_COPY);
}

static int map(struct coherent_device *cdev)
{
	return enter(cdev, COHERENT_ACCESS_MAP);
}

/* As a user does through config space */
static void set_memory_decoding(struct coherent_device *cdev, bool on)
{
	__le16 *command = (__le16 *)&cdev->core.vconfig[PCI_COMMAND];

	*command = on ? cpu_to_le16(PCI_COMMAND_MEMORY) : 0;
}

/* Asked once in a generation, and not for each access */
static void asked_once(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = open_device(test);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_TRUE(test, cdev->function->ap.gate.state.pending);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
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
	set_memory_decoding(cdev, false);
}

static void low_power(struct coherent_device *cdev)
{
	cdev->core.pm_runtime_engaged = true;
}

static void prepare(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.reset_prepare(cdev->core.pdev);
}

static void prepare_long_ago(struct coherent_device *cdev)
{
	prepare(cdev);
	time_passes();
}

static void done(struct coherent_device *cdev)
{
	prepare(cdev);
	coherent_pci_err_handlers.reset_done(cdev->core.pdev);
}

static void done_long_ago(struct coherent_device *cdev)
{
	done(cdev);
	time_passes();
}

/* As a write of D0 to config space does */
static void power(struct coherent_device *cdev)
{
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_BEGINS);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_ENDS);
}

static void power_long_ago(struct coherent_device *cdev)
{
	power(cdev);
	time_passes();
}

static void power_long_ago_and_found(struct coherent_device *cdev)
{
	power(cdev);
	copy(cdev);
	time_passes();
}

static void in_d3(struct coherent_device *cdev)
{
	cdev->core.pdev->current_state = PCI_D3hot;
}

static void asleep(struct coherent_device *cdev)
{
	cdev->core.pdev->dev.driver->pm->suspend(&cdev->core.pdev->dev);
}

static void asleep_for_long(struct coherent_device *cdev)
{
	asleep(cdev);
	time_passes();
}

static void woken(struct coherent_device *cdev)
{
	asleep_for_long(cdev);
	cdev->core.pdev->dev.driver->pm->resume(&cdev->core.pdev->dev);
}

static void hibernated(struct coherent_device *cdev)
{
	cdev->core.pdev->dev.driver->pm->freeze(&cdev->core.pdev->dev);
	cdev->core.pdev->dev.driver->pm->restore(&cdev->core.pdev->dev);
}

static void frozen(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.error_detected(cdev->core.pdev,
						 pci_channel_io_frozen);
}

static void recovered(struct coherent_device *cdev)
{
	frozen(cdev);
	coherent_pci_err_handlers.slot_reset(cdev->core.pdev);
}

static void frozen_and_reset(struct coherent_device *cdev)
{
	frozen(cdev);
	done(cdev);
}

static void frozen_for_ever(struct coherent_device *cdev)
{
	frozen(cdev);
	time_passes();
}

static void frozen_for_ever_then_reset(struct coherent_device *cdev)
{
	frozen_for_ever(cdev);
	done(cdev);
}

static void frozen_then_resumed(struct coherent_device *cdev)
{
	frozen(cdev);
	coherent_pci_err_handlers.resume(cdev->core.pdev);
}

static void neighbour_recovered(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.slot_reset(cdev->core.pdev);
}

static void failed(struct coherent_device *cdev)
{
	coherent_pci_err_handlers.error_detected(cdev->core.pdev,
						 pci_channel_io_perm_failure);
}

static void failed_in_reset(struct coherent_device *cdev)
{
	frozen(cdev);
	failed(cdev);
}

static void failed_then_reset(struct coherent_device *cdev)
{
	failed(cdev);
	done(cdev);
}

static void failed_then_opened(struct coherent_device *cdev)
{
	failed(cdev);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_OPENED);
}

static void failed_then_power(struct coherent_device *cdev)
{
	failed(cdev);
	power(cdev);
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
	{ "low power", 0, -EIO, low_power, 0 },
	{ "in reset", -EAGAIN, -EAGAIN, prepare, 0 },
	{ "in reset for ever", -ETIME, -ETIME, prepare_long_ago, 0 },
	{ "after reset", 0, 0, done, 0 },
	{ "after reset, not ready", -EAGAIN, -EAGAIN, done, -EAGAIN },
	{ "after reset, broken", -ENXIO, -ENXIO, done, -ENXIO },
	{ "after reset, never ready", -ETIME, -ETIME, done_long_ago, -EAGAIN },
	{ "after reset, ready late", 0, 0, done_long_ago, 0 },
	{ "power changed", 0, 0, power, 0 },
	{ "power changed, not ready", -EAGAIN, -EAGAIN, power, -EAGAIN },
	{ "power changed long ago, not ready", -EAGAIN, -EAGAIN, power_long_ago, -EAGAIN },
	{ "power changed, never ready", -ETIME, -ETIME, power_long_ago_and_found, -EAGAIN },
	{ "in D3hot", -EIO, -EIO, in_d3, 0 },
	/* Where the kernel can sleep at all */
	{ "asleep", -EAGAIN, -EAGAIN, asleep, 0, true },
	{ "asleep for long", -EAGAIN, -EAGAIN, asleep_for_long, 0, true },
	{ "woken", 0, 0, woken, 0, true },
	{ "woken, not ready", -EAGAIN, -EAGAIN, woken, -EAGAIN, true },
	{ "hibernated, not ready", -EAGAIN, -EAGAIN, hibernated, -EAGAIN, true },
	{ "frozen", -EAGAIN, -EAGAIN, frozen, 0 },
	{ "frozen, and a reset", -EAGAIN, -EAGAIN, frozen_and_reset, 0 },
	{ "frozen for ever", -ETIME, -ETIME, frozen_for_ever, 0 },
	{ "frozen for ever, then reset", 0, 0, frozen_for_ever_then_reset, 0 },
	{ "frozen, then resumed", 0, 0, frozen_then_resumed, 0 },
	{ "frozen, then resumed, not ready", -EAGAIN, -EAGAIN, frozen_then_resumed, -EAGAIN },
	{ "recovered", 0, 0, recovered, 0 },
	{ "recovered, not ready", -EAGAIN, -EAGAIN, recovered, -EAGAIN },
	{ "recovered for a neighbour", -EAGAIN, -EAGAIN, neighbour_recovered, -EAGAIN },
	{ "failed", -EIO, -EIO, failed, 0 },
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
	cdev = open_device(test);
	if (t->sleeps && !IS_ENABLED(CONFIG_PM_SLEEP))
		kunit_skip(test, "this kernel does not sleep");
	set_memory_decoding(cdev, true);
	KUNIT_ASSERT_EQ(test, 0, copy(cdev));
	kunit_ready_answer(t->ready);
	t->enter(cdev);
	KUNIT_EXPECT_EQ(test, t->map, map(cdev));
	KUNIT_EXPECT_EQ(test, t->copy, copy(cdev));
	/* Whatever it was, it is over after this */
	cdev->core.pdev->current_state = PCI_D0;
	cdev->core.pm_runtime_engaged = false;
	set_memory_decoding(cdev, true);
	kunit_ready_answer(0);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_WAKES);
	recovered(cdev);
	done(cdev);
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
}

/* A register behind a BAR cannot be read while the BAR is off */
static void bar_is_off(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct soft_spec with_bar0 = kunit_function_spec(test, true);
	struct coherent_device *cdev;
	struct pci_dev *pdev;

	spec.config.bar0_size = with_bar0.config.bar0_size;
	spec.bar0_base = with_bar0.bar0_base;
	kunit_backend.ready_bar = 0;
	kunit_ready_answer(0);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	cdev = open_function(test, kunit_device_of(pdev));
	KUNIT_EXPECT_TRUE(test, cdev->ready_io);
	kunit_ready_answer(0);
	set_memory_decoding(cdev, false);
	KUNIT_EXPECT_EQ(test, -EIO, copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
	set_memory_decoding(cdev, true);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	/* Seen ready, it stays so, on or off */
	set_memory_decoding(cdev, false);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, -EIO, map(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
}

/* A reset that VFIO does not do clears the BARs as well; being prepared does not */
static void bars_are_cleared(struct kunit *test)
{
	struct coherent_device *cdev = open_device(test);
	unsigned int i;

	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		cdev->function->regs[i].value = 0x12345678;
	power(cdev);
	prepare(cdev);
	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		KUNIT_EXPECT_EQ(test, 0x12345678, cdev->function->regs[i].value);
	coherent_pci_err_handlers.reset_done(cdev->core.pdev);
	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		KUNIT_EXPECT_EQ(test, 0, cdev->function->regs[i].value);
}

/* What a recovery is told by its caller, and what it tells */
static void recovery_results(struct kunit *test)
{
	struct coherent_device *cdev = open_device(test);
	struct pci_dev *pdev = cdev->core.pdev;
	pci_ers_result_t result;

	result = coherent_pci_err_handlers.error_detected(pdev, pci_channel_io_normal);
	KUNIT_EXPECT_EQ(test, kunit_number(PCI_ERS_RESULT_CAN_RECOVER),
			kunit_number(result));
	result = coherent_pci_err_handlers.error_detected(pdev, pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, kunit_number(PCI_ERS_RESULT_NEED_RESET),
			kunit_number(result));
	KUNIT_EXPECT_TRUE(test, coherent_gate_is(&cdev->function->ap, COHERENT_SHUT_FROZEN));
	KUNIT_EXPECT_EQ(test, kunit_number(PCI_ERS_RESULT_RECOVERED),
			kunit_number(coherent_pci_err_handlers.slot_reset(pdev)));
	KUNIT_EXPECT_FALSE(test, coherent_gate_is(&cdev->function->ap, COHERENT_SHUT_FROZEN));
}

/* Who waits is let in when it is ready, and not before */
static void waits_until_ready(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = open_device(test);
	kunit_ready_answer(-EAGAIN);
	kunit_ready_later(5);
	kunit_backend.ready_timeout_ms = 60 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, 0, coherent_access_wait(&cdev->function->ap, COHERENT_ACCESS_COPY,
						      TASK_KILLABLE));
	KUNIT_EXPECT_EQ(test, 6, kunit_ready_asked());
	/* ... or told that it never will be */
	kunit_backend.ready_timeout_ms = 5;
	kunit_ready_answer(-EAGAIN);
	done(cdev);
	KUNIT_EXPECT_EQ(test, -ETIME,
			coherent_access_wait(&cdev->function->ap, COHERENT_ACCESS_COPY,
					     TASK_KILLABLE));
}

/* The time limit counts from the end of the reset */
static void time_limit(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = open_device(test);
	kunit_ready_answer(-EAGAIN);
	kunit_backend.ready_timeout_ms = 60 * MSEC_PER_SEC;
	prepare_long_ago(cdev);
	coherent_pci_err_handlers.reset_done(cdev->core.pdev);
	KUNIT_EXPECT_EQ(test, -EAGAIN, copy(cdev));
	ahead_ms += 59 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, -EAGAIN, copy(cdev));
	ahead_ms += 2 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, -ETIME, copy(cdev));
}

static unsigned long pages_left(struct coherent_device *cdev)
{
	coherent_report_flush();
	return coherent_ledger_count(cdev->function->ap.ledger);
}

/* What a reset heals is healed when the memory is seen ready, and not before */
static void heals_when_ready(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_backend.reset_heals_poison = true;
	kunit_ready_answer(0);
	cdev = open_device(test);
	KUNIT_ASSERT_EQ(test, 0, copy(cdev));
	coherent_report(cdev->function->ap.layout.base, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_ASSERT_EQ(test, 1, pages_left(cdev));
	kunit_ready_answer(-EAGAIN);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, -EAGAIN, copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, pages_left(cdev));
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, pages_left(cdev));
}

/* ... at once, where nobody can be asked; and not at all, where it does not */
static void heals_or_not(struct kunit *test)
{
	struct coherent_device *cdev = open_device(test);

	coherent_report(cdev->function->ap.layout.base, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, pages_left(cdev));
	cdev->function->ap.reset_heals = true;
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, 0, pages_left(cdev));
}

/*
 * What is seen in low power is good for that one access: the function may lose
 * its power right after it.
 */
static void asked_each_time_in_low_power(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = open_device(test);
	set_memory_decoding(cdev, true);
	power(cdev);
	low_power(cdev);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, copy(cdev));
	KUNIT_EXPECT_EQ(test, 2, kunit_ready_asked());
	/* Woken by an event, of which nobody tells us; and long after it began */
	time_passes();
	cdev->core.pm_runtime_engaged = false;
	kunit_ready_answer(-EAGAIN);
	KUNIT_EXPECT_EQ(test, -EAGAIN, map(cdev));
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 1, kunit_ready_asked());
}

/* On which side of a change of power was it ready? Nobody knows */
static void asked_each_time_while_power_changes(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = open_device(test);
	set_memory_decoding(cdev, true);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_BEGINS);
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 2, kunit_ready_asked());
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_POWER_ENDS);
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 0, map(cdev));
	KUNIT_EXPECT_EQ(test, 3, kunit_ready_asked());
}

static int told_while_open;

static pci_ers_result_t user_is_told(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct coherent_device *cdev = kunit_device_of(pdev);
	unsigned int reason = state == pci_channel_io_frozen ?
			      COHERENT_SHUT_FROZEN : COHERENT_SHUT_FAILED;

	told_while_open = coherent_gate_is(&cdev->function->ap, reason) ? 0 : 1;
	return PCI_ERS_RESULT_CAN_RECOVER;
}

/* Who is told of an error that stops the link finds the gate shut */
static void told_when_shut(struct kunit *test)
{
	struct coherent_device *cdev = open_device(test);

	kunit_activate_static_stub(test, coherent_tell_user, user_is_told);
	told_while_open = -1;
	frozen(cdev);
	KUNIT_EXPECT_EQ(test, 0, told_while_open);
	told_while_open = -1;
	failed(cdev);
	KUNIT_EXPECT_EQ(test, 0, told_while_open);
}

static u16 command_of(struct coherent_device *cdev)
{
	u16 command;

	pci_read_config_word(cdev->core.pdev, PCI_COMMAND, &command);
	return command;
}

/* What the user has set since config space was saved survives a recovery */
static void command_is_restored(struct kunit *test)
{
	struct coherent_device *cdev = open_device(test);
	struct pci_dev *pdev = cdev->core.pdev;
	unsigned long recoveries;

	/* As saved by a reset: nothing set */
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(pdev));
	recoveries = coherent_command_write_begin(cdev->function);
	set_memory_decoding(cdev, true);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	coherent_command_write_end(cdev->function, recoveries);
	frozen(cdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);	/* The link's reset */
	coherent_pci_err_handlers.slot_reset(pdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, command_of(cdev));

	/* A recovery while the user writes: the user's has the last word */
	recoveries = coherent_command_write_begin(cdev->function);
	frozen(cdev);
	coherent_pci_err_handlers.slot_reset(pdev);
	set_memory_decoding(cdev, false);
	coherent_command_write_end(cdev->function, recoveries);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MASTER, command_of(cdev));

	/* The second time as the first */
	frozen(cdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	coherent_pci_err_handlers.slot_reset(pdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MASTER, command_of(cdev));
}

static int begin_with_clock(struct kunit *test)
{
	ahead_ms = 0;
	kunit_activate_static_stub(test, coherent_gate_now, clock_ahead);
	return kunit_driver_init(test);
}

static struct kunit_case reset_cases[] = {
	KUNIT_CASE(asked_each_time_in_low_power),
	KUNIT_CASE(asked_each_time_while_power_changes),
	KUNIT_CASE(told_when_shut),
	KUNIT_CASE(command_is_restored),
	KUNIT_CASE(asked_once),
	KUNIT_CASE_PARAM(who_is_let_in, state_gen_params),
	KUNIT_CASE(bar_is_off),
	KUNIT_CASE(bars_are_cleared),
	KUNIT_CASE(recovery_results),
	KUNIT_CASE(waits_until_ready),
	KUNIT_CASE(time_limit),
	KUNIT_CASE(heals_when_ready),
	KUNIT_CASE(heals_or_not),
	{ }
};

struct kunit_suite coherent_reset_suite = {
	.name = "coherent-reset",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = begin_with_clock,
	.exit = kunit_driver_exit,
	.test_cases = reset_cases,
};
