// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CXL.mem of a function as its aperture. Firmware has set up how it
 * decodes; nothing here changes that.
 *
 * The registers say where in the host's physical address space the memory is.
 * In a virtual machine they may say so, too, and mean the host's: so only what
 * lies in a window that this machine's firmware has for CXL memory is believed.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/time64.h>

#include "cedt.h"
#include "cxl.h"
#include "pci.h"

/* Memory_Info_Valid is set within that time after a reset */
#define SIZES_MS	MSEC_PER_SEC
#define SIZES_STEP_MS	10

#ifdef CONFIG_ACPI
/*
 * coherent_cxl_window() - the window of this machine that a range lies in
 *
 * Return: 0, with the window's interleaving; -ENODATA for none. Without a size:
 * is there any?
 */
VISIBLE_IF_KUNIT int coherent_cxl_window(u64 base, u64 size, u8 *ways)
{
	struct acpi_table_header *table;
	bool found;

	KUNIT_STATIC_STUB_REDIRECT(coherent_cxl_window, base, size, ways);
	if (acpi_disabled || ACPI_FAILURE(acpi_get_table(ACPI_SIG_CEDT, 1, &table)))
		return -ENODATA;
	found = coherent_cedt_window(table, table->length, base, size, ways);
	acpi_put_table(table);
	return found ? 0 : -ENODATA;
}
#else
VISIBLE_IF_KUNIT int coherent_cxl_window(u64 base, u64 size, u8 *ways)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_cxl_window, base, size, ways);
	return -ENODATA;
}
#endif

static const char *media_trouble(struct pci_dev *pdev)
{
	struct coherent_cxl_block block;
	const char *trouble;
	void __iomem *io;

	coherent_cxl_locate(pdev, COHERENT_CXL_DEVICE, &block);
	io = coherent_cxl_map(pdev, &block);
	if (!io)
		return NULL;
	trouble = coherent_cxl_media_trouble(io);
	coherent_cxl_unmap(pdev, &block, io);
	return trouble;
}

/* Is it a function whose memory we can show, wherever that is? */
static int check_function(struct pci_dev *pdev, u16 control, const char **why)
{
	if (pci_pcie_type(pdev) == PCI_EXP_TYPE_RC_END)
		*why = "restricted CXL devices (RCD) are not supported";
	else if (pdev->multifunction || PCI_FUNC(pdev->devfn))
		*why = "CXL memory of a device with several functions is not supported";
	if (*why)
		return -EOPNOTSUPP;
	if (!(control & PCI_DVSEC_CXL_MEM_ENABLE))
		*why = "firmware has not enabled the function's CXL.mem";
	else
		*why = media_trouble(pdev);
	return *why ? -ENODEV : 0;
}

static int by_decoders(struct pci_dev *pdev, struct coherent_cxl_block *component,
		       struct coherent_cxl_span *span, const char **why)
{
	void __iomem *io;
	int ret;

	coherent_cxl_locate(pdev, COHERENT_CXL_COMPONENT, component);
	if (component->bar < 0)
		return -ENODATA;
	io = coherent_cxl_map(pdev, component);
	if (!io) {
		*why = "cannot map the registers that tell how its CXL.mem decodes";
		return -ENXIO;
	}
	ret = coherent_cxl_decoders(io, span, why);
	coherent_cxl_unmap(pdev, component, io);
	return ret;
}

/* The size of a range, which may take a moment after a reset */
static int wait_for_size(struct pci_dev *pdev, u16 dvsec, unsigned int i, u64 *size)
{
	unsigned long end = jiffies + msecs_to_jiffies(SIZES_MS);
	int ret;

	for (;;) {
		ret = coherent_cxl_range_size(pdev, dvsec, i, size);
		if (ret != -EAGAIN)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, end))
			return -ETIME;
		msleep(SIZES_STEP_MS);
	}
}

/* Also of ranges that are not in use: they are to be as they were, like the others */
static int read_bases(struct pci_dev *pdev, struct coherent_cxl *cxl)
{
	for (unsigned int i = 0; i < CXL_DVSEC_RANGE_MAX; i++)
		if (pci_read_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_HIGH(i),
					  &cxl->ranges[i][0]) ||
		    pci_read_config_dword(pdev, cxl->dvsec + PCI_DVSEC_CXL_RANGE_BASE_LOW(i),
					  &cxl->ranges[i][1]))
			return -ENODEV;
	return 0;
}

static int read_range(struct pci_dev *pdev, struct coherent_cxl *cxl, unsigned int i,
		      struct coherent_cxl_span *span, const char **why)
{
	const u32 *base = cxl->ranges[i];
	u64 size;
	int ret;

	ret = wait_for_size(pdev, cxl->dvsec, i, &size);
	if (ret == -ETIME)
		*why = "the device does not say how large its CXL memory is";
	else if (ret == -ENODEV)
		*why = "the function does not answer";
	if (ret || !size)
		return ret;
	ret = coherent_cxl_span_add(span, (u64)base[0] << 32 |
				    (base[1] & PCI_DVSEC_CXL_MEM_BASE_LOW), size);
	if (ret)
		*why = "the device's ranges leave a gap, overlap, or wrap around the address space";
	return ret;
}

static int by_ranges(struct pci_dev *pdev, struct coherent_cxl *cxl, unsigned int nr,
		     struct coherent_cxl_span *span, const char **why)
{
	int ret = read_bases(pdev, cxl);

	cxl->by_ranges = true;
	if (ret)
		*why = "the function does not answer";
	for (unsigned int i = 0; !ret && i < nr; i++)
		ret = read_range(pdev, cxl, i, span, why);
	if (!ret && !span->size) {
		*why = "the device says that its CXL memory has size 0";
		ret = -ENODEV;
	}
	return ret;
}

static int check_window(const struct coherent_cxl_span *span, const char **why)
{
	u8 ways;
	int ret = coherent_cxl_window(span->base, span->size, &ways);

	if (!ret && ways) {
		*why = "interleaved over several host bridges";
		ret = -EOPNOTSUPP;
	}
	return ret;
}

static int find_span(struct pci_dev *pdev, struct coherent_cxl *cxl, unsigned int nr,
		     struct coherent_cxl_span *span, const char **why)
{
	int ret = by_decoders(pdev, &cxl->component, span, why);

	if (ret == -ENODATA)
		ret = by_ranges(pdev, cxl, nr, span, why);
	return ret ?: check_window(span, why);
}

/**
 * coherent_cxl_read_aperture() - the function's CXL.mem, as firmware has set it up
 * @cdev: the device, in coherent_backend.discover
 * @layout: where to store why, for a person, if it is refused
 * @base: where to store the host-physical base address
 * @size: where to store the size in bytes
 *
 * It is found by committed HDM decoders or, where those are not in use, by the
 * ranges of the CXL Device DVSEC: CXL r4.0, 8.2.4.20 and 8.1.3.8.
 *
 * From then on users cannot change how it decodes: what they write to CXL's
 * DVSECs, and to the component registers, is ignored. After a reset that has
 * disabled it the ranges are restored; decoders are not, and the memory does
 * not become ready then.
 *
 * Context: may sleep, for up to a second.
 * Return: 0; -ENODATA without CXL memory, or where none of this machine's
 * windows has it, as in a virtual machine; -EOPNOTSUPP for what is not
 * supported (interleaved memory, gaps, several functions, an RCD); -ENODEV for
 * memory that is not enabled, or of size 0, or whose media is in trouble, and for a
 * function that does not answer; -EINVAL for ranges that make no sense; -ETIME;
 * -ENXIO; -EINTR.
 */
int coherent_cxl_read_aperture(struct coherent_device *cdev,
			       struct coherent_layout *layout,
			       u64 *base, u64 *size)
{
	struct pci_dev *pdev = cdev->core.pdev;
	struct coherent_cxl_span span = { };
	struct coherent_cxl cxl = { };
	unsigned int nr;
	u8 ways;
	int ret;

	nr = coherent_cxl_find(pdev, &cxl.dvsec);
	if (!nr)
		return -ENODATA;
	if (pci_read_config_word(pdev, cxl.dvsec + PCI_DVSEC_CXL_CTRL, &cxl.control) ||
	    PCI_POSSIBLE_ERROR(cxl.control)) {
		layout->why = "the function does not answer";
		return -ENODEV;
	}
	/* Some window there must be, before anything is said of the function */
	ret = coherent_cxl_window(0, 0, &ways);
	if (!ret)
		ret = check_function(pdev, cxl.control, &layout->why);
	if (!ret)
		ret = find_span(pdev, &cxl, nr, &span, &layout->why);
	layout->base = span.base;
	layout->size = span.size;
	if (ret)
		return ret;
	ret = coherent_cxl_keep(cdev->function, &cxl);
	if (ret) {
		layout->why = "the function does not answer";
		return ret;
	}
	*base = span.base;
	*size = span.size;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(coherent_cxl_read_aperture, "COHERENT_VFIO_PCI");
