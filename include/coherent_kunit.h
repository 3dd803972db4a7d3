/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backend's part of its own tests: one line that names the firmware properties. The tests
 * (kunit/backend_*test.c) then check everything that the core expects of every backend
 * whenever the backend is loaded.
 */
#ifndef COHERENT_KUNIT_H
#define COHERENT_KUNIT_H

#ifdef CONFIG_COHERENT_VFIO_PCI_KUNIT_TEST
#include <kunit/test.h>
#include <linux/module.h>

struct coherent_backend;
struct coherent_device;
struct pci_driver;
struct property_entry;

/**
 * struct coherent_kunit_backend - what the tests must be told
 * @backend: the backend
 * @driver: its driver
 * @base_name: property with the aperture's base address; NULL with @cxl
 * @size_name: property with its size; likewise
 * @cxl: the aperture is the function's CXL.mem, by coherent_cxl_read_aperture()
 * @size: a size that the backend takes. 0: the first power of two that it takes, of
 *	4 GiB up to 512 GiB, then down to 64 KiB
 * @more: other properties that it must find, ended by an empty one; NULL for none
 * @set_ready: makes the registers at coherent_device.ready_io, which are memory here,
 *	say whether the memory is ready. NULL: all bytes of one value do, 0x00, 0xff,
 *	0x01, 0x55 or 0x80
 */
struct coherent_kunit_backend {
	const struct coherent_backend *backend;
	const struct pci_driver *driver;
	const char *base_name;
	const char *size_name;
	bool cxl;
	u64 size;
	const struct property_entry *more;
	void (*set_ready)(struct coherent_device *cdev, bool ready);
};

void coherent_kunit_facts(struct kunit *test);
void coherent_kunit_driver(struct kunit *test);
void coherent_kunit_nothing_described(struct kunit *test);
void coherent_kunit_wrong_descriptions(struct kunit *test);
void coherent_kunit_good_descriptions(struct kunit *test);
void coherent_kunit_ready(struct kunit *test);
void coherent_kunit_bad_pages(struct kunit *test);
void coherent_kunit_bind(struct kunit *test);

/* What may follow are members of struct coherent_kunit_backend: .size = 80ULL * SZ_1G */
#define COHERENT_KUNIT_BACKEND(_backend, _driver, _base_name, _size_name, ...)	\
static struct kunit_case coherent_kunit_cases[] = {			\
	KUNIT_CASE(coherent_kunit_facts),				\
	KUNIT_CASE(coherent_kunit_driver),				\
	KUNIT_CASE(coherent_kunit_nothing_described),			\
	KUNIT_CASE(coherent_kunit_wrong_descriptions),			\
	KUNIT_CASE(coherent_kunit_good_descriptions),			\
	KUNIT_CASE(coherent_kunit_ready),				\
	KUNIT_CASE(coherent_kunit_bad_pages),				\
	KUNIT_CASE(coherent_kunit_bind),				\
	{ }								\
};									\
									\
static int coherent_kunit_init(struct kunit *test)			\
{									\
	static const struct coherent_kunit_backend self = {		\
		.backend = &(_backend), .driver = &(_driver),		\
		.base_name = _base_name, .size_name = _size_name,	\
		__VA_ARGS__						\
	};								\
									\
	test->priv = (void *)&self;					\
	return 0;							\
}									\
									\
static struct kunit_suite coherent_kunit_suite = {			\
	.name = "coherent-" #_backend,					\
	.init = coherent_kunit_init,					\
	.test_cases = coherent_kunit_cases,				\
};									\
kunit_test_suite(coherent_kunit_suite)

/**
 * struct coherent_kunit_chardev - what tests of a backend of character devices must be told
 * @load: as in COHERENT_CHARDEV_MODULE()
 * @unload: likewise
 * @owner: the backend's module, if it is one
 * @loaded: has the host such memory itself?
 * @base_name: property, of a PCI function, with the memory's base address
 * @size_name: property with its size
 * @more: other properties that it must find, ended by an empty one; NULL for none
 */
struct coherent_kunit_chardev {
	int (*load)(void);
	void (*unload)(void);
	struct module *owner;
	const bool *loaded;
	const char *base_name;
	const char *size_name;
	const struct property_entry *more;
};

void coherent_kunit_chardev_nothing(struct kunit *test);
void coherent_kunit_chardev_wrong(struct kunit *test);
void coherent_kunit_chardev_good(struct kunit *test);
void coherent_kunit_chardev_taken(struct kunit *test);

/*
 * Behind COHERENT_CHARDEV_MODULE(), in the same file. What may follow are members of struct
 * coherent_kunit_chardev.
 */
#define COHERENT_KUNIT_CHARDEV(_name, _load, _unload, _base_name, _size_name, ...) \
static struct kunit_case coherent_kunit_cases[] = {			\
	KUNIT_CASE(coherent_kunit_chardev_nothing),			\
	KUNIT_CASE(coherent_kunit_chardev_wrong),			\
	KUNIT_CASE(coherent_kunit_chardev_good),			\
	KUNIT_CASE(coherent_kunit_chardev_taken),			\
	{ }								\
};									\
									\
static const struct coherent_kunit_chardev coherent_kunit_self = {	\
	.load = _load, .unload = _unload, .owner = THIS_MODULE,		\
	.loaded = &coherent_chardev_loaded,				\
	.base_name = _base_name, .size_name = _size_name,		\
	__VA_ARGS__							\
};									\
									\
static int coherent_kunit_init(struct kunit *test)			\
{									\
	test->priv = (void *)&coherent_kunit_self;			\
	return 0;							\
}									\
									\
static struct kunit_suite coherent_kunit_suite = {			\
	.name = "coherent-" #_name,					\
	.init = coherent_kunit_init,					\
	.test_cases = coherent_kunit_cases,				\
};									\
kunit_test_suite(coherent_kunit_suite)

#else
#define COHERENT_KUNIT_BACKEND(...)	static_assert(true)
#define COHERENT_KUNIT_CHARDEV(...)	static_assert(true)
#endif

#endif /* COHERENT_KUNIT_H */
