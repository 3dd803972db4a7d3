// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets, and recovery from errors on the link: what they leave behind of BARs,
 * poison and PCI_COMMAND, and when the user hears of them. Resets are the PCI
 * core's.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "driver.h"
#include "opened.h"
#include "suites.h"

/* A reset that VFIO does not do clears the BARs as well; being prepared does not */
static void bars_are_cleared(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);
	unsigned int i;

	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		cdev->function->regs[i].value = 0x12345678;
	kunit_power(cdev);
	kunit_prepare(cdev);
	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		KUNIT_EXPECT_EQ(test, 0x12345678, cdev->function->regs[i].value);
	kunit_done(cdev);
	for (i = 0; i < cdev->function->ap.layout.nr_regions; i++)
		KUNIT_EXPECT_EQ(test, 0, cdev->function->regs[i].value);
}

/* The only reset of a function that has no other: D3hot and back, by the PCI core */
static void reset_by_power(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, SOFT_NO_FLR | SOFT_PM_RESET);
	struct pci_dev *pdev = kunit_function(test, &spec);
	struct coherent_function *fn;

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	fn = kunit_device_of(pdev)->function;
	fn->regs[0].value = 0x12345678;
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(pdev));
	KUNIT_EXPECT_EQ(test, 0, fn->regs[0].value);
}

/* The arguments and results of a recovery's callbacks */
static void recovery_results(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);
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

static unsigned long pages_left(struct coherent_device *cdev)
{
	coherent_queue_flush();
	return coherent_ledger_count(cdev->function->ap.ledger);
}

/* What a reset heals is healed when the memory is seen ready, and not before */
static void heals_when_ready(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_backend.reset_heals_poison = true;
	kunit_ready_answer(0);
	cdev = kunit_open(test);
	KUNIT_ASSERT_EQ(test, 0, kunit_copy(cdev));
	coherent_report(cdev->function->ap.layout.base, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_ASSERT_EQ(test, 1, pages_left(cdev));
	kunit_ready_answer(-EAGAIN);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, -EAGAIN, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, pages_left(cdev));
	kunit_ready_answer(0);
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 0, pages_left(cdev));
}

/* ... at once, where nobody can be asked; and not at all, where it does not */
static void heals_or_not(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);

	coherent_report(cdev->function->ap.layout.base, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, pages_left(cdev));
	cdev->function->ap.reset_heals = true;
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(cdev->core.pdev));
	KUNIT_EXPECT_EQ(test, 0, pages_left(cdev));
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

/* A user notified of an error that stops the link finds the gate closed */
static void told_when_shut(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);

	kunit_activate_static_stub(test, coherent_tell_user, user_is_told);
	told_while_open = -1;
	kunit_frozen(cdev);
	KUNIT_EXPECT_EQ(test, 0, told_while_open);
	told_while_open = -1;
	kunit_failed(cdev);
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
	struct coherent_device *cdev = kunit_open(test);
	struct pci_dev *pdev = cdev->core.pdev;
	unsigned long recoveries;

	/* As saved by a reset: nothing set */
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(pdev));
	recoveries = coherent_command_write_begin(cdev->function);
	kunit_set_memory_decoding(cdev, true);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	coherent_command_write_end(cdev->function, recoveries);
	kunit_frozen(cdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);	/* The link's reset */
	kunit_slot_reset(cdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, command_of(cdev));

	/* A recovery while the user writes: the user's has the last word */
	recoveries = coherent_command_write_begin(cdev->function);
	kunit_frozen(cdev);
	kunit_slot_reset(cdev);
	kunit_set_memory_decoding(cdev, false);
	coherent_command_write_end(cdev->function, recoveries);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MASTER, command_of(cdev));

	/* What the reset of the link has made of it is not the user's */
	kunit_frozen(cdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	coherent_command_write_end(cdev->function,
				   coherent_command_write_begin(cdev->function));
	kunit_slot_reset(cdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MASTER, command_of(cdev));

	/* The second time as the first */
	kunit_frozen(cdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	kunit_slot_reset(cdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MASTER, command_of(cdev));
}

/* A user's write that ends while something else resets the function */
struct late_write {
	struct coherent_device *cdev;
	bool began;
	bool ended;
};

static int end_write(void *data)
{
	struct late_write *write = data;
	struct coherent_function *fn = write->cdev->function;

	WRITE_ONCE(write->began, true);
	coherent_command_write_end(fn, coherent_command_write_begin(fn));
	WRITE_ONCE(write->ended, true);
	return 0;
}

/* What a reset has made of PCI_COMMAND for the moment is not what the user set */
static void command_of_a_reset_is_not_the_users(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);
	struct pci_dev *pdev = cdev->core.pdev;
	struct late_write write = { .cdev = cdev };
	struct task_struct *task;
	bool waited;

	kunit_set_memory_decoding(cdev, true);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	task = kthread_create(end_write, &write, "coherent-kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);

	pci_cfg_access_lock(pdev);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	wake_up_process(task);
	while (!READ_ONCE(write.ended) &&
	       !(READ_ONCE(write.began) &&
		 READ_ONCE(task->__state) == TASK_UNINTERRUPTIBLE))
		cond_resched();
	waited = !READ_ONCE(write.ended);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_cfg_access_unlock(pdev);
	kthread_stop_put(task);
	KUNIT_EXPECT_TRUE(test, waited);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			cdev->function->command);
}

static struct kunit_case reset_cases[] = {
	KUNIT_CASE(bars_are_cleared),
	KUNIT_CASE(reset_by_power),
	KUNIT_CASE(recovery_results),
	KUNIT_CASE(told_when_shut),
	KUNIT_CASE(command_is_restored),
	KUNIT_CASE(command_of_a_reset_is_not_the_users),
	KUNIT_CASE(heals_when_ready),
	KUNIT_CASE(heals_or_not),
	{ }
};

struct kunit_suite coherent_reset_suite = {
	.name = "coherent-reset",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_opened_init,
	.test_cases = reset_cases,
};
