/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_KUNIT_DRIVER_H
#define COHERENT_KUNIT_DRIVER_H

#include <linux/pci.h>

#include "coherent_vfio.h"
#include "function.h"

struct kunit;
struct kunit_suite;

#define KUNIT_BASE_NAME		"kunit,mem-base"
#define KUNIT_SIZE_NAME		"kunit,mem-size"

/* The backend that a test sets up before the function comes */
extern struct coherent_backend kunit_backend;
extern int kunit_probe_result;

int kunit_driver_begin(struct kunit_suite *suite);
void kunit_driver_end(struct kunit_suite *suite);
int kunit_driver_init(struct kunit *test);

void kunit_backend_reset(void);
void kunit_ready_answer(int ret);
void kunit_ready_later(unsigned int n);
unsigned int kunit_ready_asked(void);
bool kunit_ready_had_io(void);

void kunit_discovered(struct coherent_device *cdev);
bool kunit_lives_balanced(void);

struct soft_spec kunit_described_spec(struct kunit *test, unsigned int flags);
struct soft_spec kunit_ready_bar_spec(struct kunit *test);
void kunit_offer(struct kunit *test, struct pci_dev *pdev);
struct coherent_device *kunit_device_of(struct pci_dev *pdev);
struct coherent_device *kunit_device(struct kunit *test);

/* KUnit compares numbers, which these are not to sparse */
static inline int kunit_number(pci_ers_result_t result)
{
	return (__force int)result;
}

void kunit_claim(struct kunit *test, u64 base, u64 size);
void kunit_unclaim(struct kunit *test);
bool kunit_is_free(u64 base, u64 size);

#endif
