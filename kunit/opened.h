/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_KUNIT_OPENED_H
#define COHERENT_KUNIT_OPENED_H

#include <linux/types.h>

struct coherent_device;
struct kunit;

void kunit_clock_goes_on(u64 ms);
void kunit_time_passes(void);
int kunit_opened_init(struct kunit *test);

struct coherent_device *kunit_open_function(struct kunit *test,
					    struct coherent_device *cdev);
struct coherent_device *kunit_open(struct kunit *test);

/* An access to copy, or to map: Return: what it is told */
int kunit_copy(struct coherent_device *cdev);
int kunit_map(struct coherent_device *cdev);

void kunit_set_memory_decoding(struct coherent_device *cdev, bool on);
void kunit_low_power(struct coherent_device *cdev);
void kunit_in_d3(struct coherent_device *cdev);
void kunit_power(struct coherent_device *cdev);
void kunit_prepare(struct coherent_device *cdev);
void kunit_done(struct coherent_device *cdev);
void kunit_reset(struct coherent_device *cdev);
void kunit_frozen(struct coherent_device *cdev);
void kunit_slot_reset(struct coherent_device *cdev);
void kunit_recovered(struct coherent_device *cdev);
void kunit_resumed(struct coherent_device *cdev);
void kunit_failed(struct coherent_device *cdev);
void kunit_asleep(struct coherent_device *cdev);
void kunit_woken(struct coherent_device *cdev);

#endif
