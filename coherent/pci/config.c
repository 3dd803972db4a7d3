// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: the fake BARs lie over what vfio-pci shows, byte by byte.
 *
 * An access of any width and position is cut into runs: bytes of a fake BAR,
 * and bytes between, which go to vfio-pci. The physical BARs under the fake
 * ones are thus neither shown nor written.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#include "cxl.h"
#include "pci.h"

/* All BAR registers together: no access has more overlaid bytes */
#define BAR_BYTES	(COHERENT_MAX_REGIONS * COHERENT_BAR_REG_BYTES)

/* A run of bytes that all go the same way */
struct config_run {
	struct coherent_bar_reg *reg;	/* NULL: vfio-pci's */
	size_t reg_off;			/* first byte within the BAR */
	size_t len;
};

/**
 * coherent_config_init() - at probe, the layout being known
 * @fn: the function
 */
void coherent_config_init(struct coherent_function *fn)
{
	unsigned int i;

	for (i = 0; i < fn->ap.layout.nr_regions; i++) {
		const struct coherent_region *region = &fn->ap.layout.regions[i];

		fn->regs[i].offset = PCI_BASE_ADDRESS_0 + 4 * region->bar;
		fn->regs[i].size = region->bar_size;
	}
}

/* The run that begins at @pos and ends at @pos + @count or before */
static struct config_run next_run(struct coherent_function *fn, u64 pos,
				  size_t count)
{
	struct config_run run = { .len = count };
	unsigned int i;

	for (i = 0; i < fn->ap.layout.nr_regions; i++) {
		struct coherent_bar_reg *reg = &fn->regs[i];
		size_t buf_off, reg_off, n;

		n = coherent_bar_overlap(reg, pos, run.len, &buf_off,
					 &reg_off);
		if (!n)
			continue;
		if (buf_off) {
			run.len = buf_off;
			continue;
		}
		return (struct config_run) {
			.reg = reg, .reg_off = reg_off, .len = n,
		};
	}
	return run;
}

/* A run of vfio-pci's bytes; it moves a position of its own */
static ssize_t core_run(struct coherent_function *fn, char __user *buf,
			size_t len, u64 pos, bool write)
{
	loff_t off = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX) +
		     pos;

	if (write)
		return vfio_pci_core_write(&fn->cdev->core.vdev, buf, len, &off);
	return vfio_pci_core_read(&fn->cdev->core.vdev, buf, len, &off);
}

/* The fake BAR that the whole of an access lies in, as most do; or NULL */
static struct coherent_bar_reg *find_reg(struct coherent_function *fn, u64 pos,
					 size_t count)
{
	unsigned int i;

	for (i = 0; i < fn->ap.layout.nr_regions; i++) {
		struct coherent_bar_reg *reg = &fn->regs[i];

		if (pos >= reg->offset &&
		    pos + count <= reg->offset + COHERENT_BAR_REG_BYTES)
			return reg;
	}
	return NULL;
}

static int read_reg(struct coherent_function *fn, struct coherent_bar_reg *reg,
		    char __user *buf, size_t count, size_t reg_off)
{
	u8 bytes[COHERENT_BAR_REG_BYTES];

	scoped_guard(mutex, &fn->config_lock)
		coherent_bar_read(reg, reg_off, bytes, count);
	return copy_to_user(buf, bytes, count) ? -EFAULT : 0;
}

static int write_reg(struct coherent_function *fn, struct coherent_bar_reg *reg,
		     const char __user *buf, size_t count, size_t reg_off)
{
	u8 bytes[COHERENT_BAR_REG_BYTES];

	if (copy_from_user(bytes, buf, count))
		return -EFAULT;
	guard(mutex)(&fn->config_lock);
	coherent_bar_write(reg, reg_off, bytes, count);
	return 0;
}

static ssize_t config_read(struct coherent_function *fn, char __user *buf,
			   size_t count, u64 pos)
{
	size_t done;
	ssize_t ret;

	for (done = 0; done < count; done += ret) {
		struct config_run run = next_run(fn, pos + done,
						 count - done);

		if (!run.reg) {
			ret = core_run(fn, buf + done, run.len, pos + done,
				       false);
		} else {
			ret = read_reg(fn, run.reg, buf + done, run.len,
				       run.reg_off) ?: (ssize_t)run.len;
		}
		if (ret < 0)
			return ret;
	}
	return done;
}

/* Does an access have to do with a register of two bytes? */
static bool touches(unsigned int reg, u64 pos, size_t count)
{
	return pos < reg + 2 && pos + count > reg;
}

/*
 * Passes bytes to vfio-pci. A change of power and one of PCI_COMMAND are
 * events, whether the write succeeds or not.
 */
static int write_core_runs(struct coherent_function *fn, char __user *buf,
			   size_t count, u64 pos)
{
	u8 pm = fn->cdev->core.pdev->pm_cap;
	bool power = pm && touches(pm + PCI_PM_CTRL, pos, count);
	bool command = touches(PCI_COMMAND, pos, count);
	unsigned long recoveries = coherent_command_write_begin(fn);
	struct config_run run;
	ssize_t ret = 0;
	size_t done;

	if (power)
		coherent_gate_happens(&fn->ap, COHERENT_GATE_POWER_BEGINS);
	for (done = 0; done < count && ret >= 0; done += run.len) {
		run = next_run(fn, pos + done, count - done);
		if (!run.reg &&
		    !coherent_cxl_keeps_config(fn, pos + done, &run.len))
			ret = core_run(fn, buf + done, run.len, pos + done,
				       true);
	}
	if (power)
		coherent_gate_happens(&fn->ap, COHERENT_GATE_POWER_ENDS);
	if (command)
		coherent_command_write_end(fn, recoveries);
	return min(ret, 0);
}

/*
 * The fake BARs change last and together: steps that can fail (the user's
 * memory, vfio-pci's own registers) come first, so that an error leaves the
 * BARs alone, and no reader sees half of an 8-byte write.
 */
static ssize_t config_write(struct coherent_function *fn, char __user *buf,
			    size_t count, u64 pos)
{
	u8 bytes[BAR_BYTES];
	struct config_run run;
	size_t done, used = 0;
	int ret;

	for (done = 0; done < count; done += run.len) {
		run = next_run(fn, pos + done, count - done);
		if (!run.reg)
			continue;
		if (copy_from_user(bytes + used, buf + done, run.len))
			return -EFAULT;
		used += run.len;
	}

	ret = write_core_runs(fn, buf, count, pos);
	if (ret)
		return ret;

	guard(mutex)(&fn->config_lock);
	for (done = 0, used = 0; done < count; done += run.len) {
		run = next_run(fn, pos + done, count - done);
		if (!run.reg)
			continue;
		coherent_bar_write(run.reg, run.reg_off, bytes + used,
				   run.len);
		used += run.len;
	}
	return count;
}

/**
 * coherent_config_rw() - file I/O of config space
 * @fn: the function
 * @buf: the user's buffer
 * @count: length, not 0
 * @ppos: file offset in the config region; moves by what is returned, and not
 *	on error
 * @write: direction
 *
 * Context: no lock held; may sleep.
 * Return: @count; -EFAULT for a bad buffer or, as vfio-pci has it, for an
 * access that does not end within config space.
 */
ssize_t coherent_config_rw(struct coherent_function *fn, char __user *buf,
			   size_t count, loff_t *ppos, bool write)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	struct coherent_bar_reg *reg = find_reg(fn, pos, count);
	ssize_t ret;

	if (reg) {
		ret = write ? write_reg(fn, reg, buf, count, pos - reg->offset) :
			      read_reg(fn, reg, buf, count, pos - reg->offset);
		if (ret)
			return ret;
		*ppos += count;
		return count;
	}

	/* Checked for the whole, lest a part of it be done first */
	if (pos >= fn->cdev->core.pdev->cfg_size ||
	    count > fn->cdev->core.pdev->cfg_size - pos)
		return -EFAULT;

	ret = write ? config_write(fn, buf, count, pos) :
		      config_read(fn, buf, count, pos);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * coherent_config_clear_bars() - what a reset does to BARs
 * @fn: the function
 *
 * Context: may sleep; takes config_lock.
 */
void coherent_config_clear_bars(struct coherent_function *fn)
{
	unsigned int i;

	guard(mutex)(&fn->config_lock);
	for (i = 0; i < fn->ap.layout.nr_regions; i++)
		fn->regs[i].value = 0;
}
