// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every sequence of a few things that can happen, each told as the kernel tells
 * it, beside the bare state machine: whoever tells, the right event comes of it,
 * and an access is told what the machine says.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/pci.h>
#include <linux/sched.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "opened.h"
#include "suites.h"

#define STEPS	3

struct happening {
	void (*tell)(struct coherent_device *cdev);
	int first, second;	/* events; -1: none */
	unsigned int only;	/* where it is shut for this reason, if not 0 */
};

static void time_passes(struct coherent_device *cdev)
{
	kunit_time_passes();
}

static void memory_is_ready(struct coherent_device *cdev)
{
	kunit_ready_answer(0);
}

static void memory_is_not_ready(struct coherent_device *cdev)
{
	kunit_ready_answer(-EAGAIN);
}

static const struct happening happenings[] = {
	{ kunit_prepare, COHERENT_GATE_RESET_BEGINS, -1 },
	{ kunit_done, COHERENT_GATE_RESET_ENDS, -1 },
	{ kunit_frozen, COHERENT_GATE_FROZEN, -1 },
	/* For a neighbour's sake it comes unannounced */
	{ kunit_slot_reset, COHERENT_GATE_FROZEN, COHERENT_GATE_RECOVERED },
	{ kunit_resumed, COHERENT_GATE_RECOVERED, -1, COHERENT_SHUT_FROZEN },
	{ kunit_failed, COHERENT_GATE_FAILED, -1 },
	{ kunit_power, COHERENT_GATE_POWER_BEGINS, COHERENT_GATE_POWER_ENDS },
	{ time_passes, -1, -1 },
	{ memory_is_ready, -1, -1 },
	{ memory_is_not_ready, -1, -1 },
#ifdef CONFIG_PM_SLEEP
	{ kunit_asleep, COHERENT_GATE_SLEEPS, -1 },
	{ kunit_woken, COHERENT_GATE_WAKES, -1 },
#endif
};

static void model_happens(struct coherent_gate_state *model,
			  const struct happening *what)
{
	/* One that is announced already is not announced again */
	bool told = what->tell == kunit_slot_reset &&
		    model->shut & COHERENT_SHUT_FROZEN;

	if (what->only && !(model->shut & what->only))
		return;
	if (what->first >= 0 && !told)
		coherent_gate_apply(model, what->first, coherent_gate_now());
	if (what->second >= 0)
		coherent_gate_apply(model, what->second, coherent_gate_now());
}

static int model_enter(struct coherent_gate_state *model, bool map, int ready)
{
	const struct coherent_gate_facts facts = {
		.map = map, .decoding = true, .began = coherent_gate_now(),
	};
	int ret = coherent_gate_verdict(model, &facts, coherent_gate_now());

	if (ret == COHERENT_GATE_ASK)
		ret = coherent_gate_answered(model, &facts, ready,
					     kunit_backend.ready_timeout_ms,
					     coherent_gate_now());
	return ret;
}

/* Whatever has happened is over */
static void calm_down(struct kunit *test, struct coherent_device *cdev)
{
	kunit_ready_answer(0);
	coherent_gate_happens(&cdev->function->ap, COHERENT_GATE_WAKES);
	kunit_recovered(cdev);
	kunit_reset(cdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_copy(cdev));
}

static void run_sequence(struct kunit *test, struct coherent_device *cdev,
			 unsigned int number)
	__context_unsafe(/* nobody else uses the device */)
{
	struct coherent_gate_state model = cdev->function->ap.gate.state;
	unsigned int left = number;

	for (unsigned int i = 0; i < STEPS; i++) {
		const struct happening *what =
			&happenings[left % ARRAY_SIZE(happenings)];
		int copied, mapped, ready;

		left /= ARRAY_SIZE(happenings);
		what->tell(cdev);
		model_happens(&model, what);
		ready = kunit_backend.ready(cdev);
		copied = kunit_copy(cdev);
		mapped = kunit_map(cdev);
		KUNIT_EXPECT_EQ_MSG(test, model_enter(&model, false, ready), copied,
				    "copying, sequence %u, step %u", number, i);
		KUNIT_EXPECT_EQ_MSG(test, model_enter(&model, true, ready), mapped,
				    "mapping, sequence %u, step %u", number, i);
		/* What was let in has asked; who only peeks sees the same */
		KUNIT_EXPECT_EQ_MSG(test, !mapped,
				    !coherent_gate_peek(&cdev->function->ap),
				    "peeking, sequence %u, step %u", number, i);
	}
}

static void sequences(struct kunit *test)
{
	struct coherent_device *cdev;
	unsigned int total = 1;

	kunit_ready_answer(0);
	/* Nothing of the test's own takes longer */
	kunit_backend.ready_timeout_ms = 100 * MSEC_PER_SEC;
	cdev = kunit_open(test);
	kunit_set_memory_decoding(cdev, true);
	for (unsigned int i = 0; i < STEPS; i++)
		total *= ARRAY_SIZE(happenings);
	for (unsigned int i = 0; i < total && test->status == KUNIT_SUCCESS; i++) {
		calm_down(test, cdev);
		run_sequence(test, cdev, i);
		cond_resched();
	}
	calm_down(test, cdev);
}

static struct kunit_case sequence_cases[] = {
	KUNIT_CASE(sequences),
	{ }
};

struct kunit_suite coherent_sequence_suite = {
	.name = "coherent-sequence",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_opened_init,
	.test_cases = sequence_cases,
};
