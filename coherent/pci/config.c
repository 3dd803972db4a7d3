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

#include "../coherent.h"

/* All BAR registers together: no access has more overlaid bytes */
#define BAR_BYTES	(COHERENT_MAX_REGIONS * COHERENT_BAR_REG_BYTES)

/* A run of bytes that all go the same way */
struct config_run {
	struct coherent_bar *bar;	/* NULL: vfio-pci's */
	size_t reg_off;			/* first byte within the BAR */
	size_t len;
};

/* The run that begins at @pos and ends at @pos + @count or before */
static struct config_run next_run(struct coherent_device *cdev, u64 pos,
				  size_t count)
{
	struct config_run run = { .len = count };
	unsigned int i;

	for (i = 0; i < cdev->layout.nr_regions; i++) {
		struct coherent_bar *bar = &cdev->bars[i];
		size_t buf_off, reg_off, n;

		n = coherent_bar_overlap(&bar->reg, pos, run.len, &buf_off,
					 &reg_off);
		if (!n)
			continue;
		if (buf_off) {
			run.len = buf_off;
			continue;
		}
		return (struct config_run) {
			.bar = bar, .reg_off = reg_off, .len = n,
		};
	}
	return run;
}

/* A run of vfio-pci's bytes; it moves a position of its own */
static ssize_t core_run(struct coherent_device *cdev, char __user *buf,
			size_t len, u64 pos, bool write)
{
	loff_t off = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX) +
		     pos;

	if (write)
		return vfio_pci_core_write(&cdev->core.vdev, buf, len, &off);
	return vfio_pci_core_read(&cdev->core.vdev, buf, len, &off);
}

static int read_run(struct coherent_device *cdev, char __user *buf,
		    const struct config_run *run)
{
	u8 bytes[COHERENT_BAR_REG_BYTES];

	scoped_guard(mutex, &cdev->config_lock)
		coherent_bar_read(&run->bar->reg, run->reg_off, bytes,
				  run->len);
	return copy_to_user(buf, bytes, run->len) ? -EFAULT : 0;
}

static ssize_t config_read(struct coherent_device *cdev, char __user *buf,
			   size_t count, u64 pos)
{
	size_t done;
	ssize_t ret;

	for (done = 0; done < count; done += ret) {
		struct config_run run = next_run(cdev, pos + done,
						 count - done);

		if (!run.bar) {
			ret = core_run(cdev, buf + done, run.len, pos + done,
				       false);
		} else {
			ret = read_run(cdev, buf + done, &run) ?:
			      (ssize_t)run.len;
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
 * What goes to vfio-pci. A change of power and one of PCI_COMMAND are events of
 * their own, whatever comes of the write.
 */
static int write_core_runs(struct coherent_device *cdev, char __user *buf,
			   size_t count, u64 pos)
{
	u8 pm = cdev->core.pdev->pm_cap;
	bool power = pm && touches(pm + PCI_PM_CTRL, pos, count);
	bool command = touches(PCI_COMMAND, pos, count);
	unsigned long recoveries = coherent_command_write_begin(cdev);
	struct config_run run;
	ssize_t ret = 0;
	size_t done;

	if (power)
		coherent_gate_happens(cdev, COHERENT_GATE_POWER_BEGINS);
	for (done = 0; done < count && ret >= 0; done += run.len) {
		run = next_run(cdev, pos + done, count - done);
		if (!run.bar)
			ret = core_run(cdev, buf + done, run.len, pos + done,
				       true);
	}
	if (power)
		coherent_gate_happens(cdev, COHERENT_GATE_POWER_ENDS);
	if (command)
		coherent_command_write_end(cdev, recoveries);
	return min(ret, 0);
}

/*
 * The fake BARs change last and together: what can fail (the user's memory,
 * vfio-pci's own registers) comes first, so that an error leaves them alone,
 * and nobody sees half of an 8-byte write.
 */
static ssize_t config_write(struct coherent_device *cdev, char __user *buf,
			    size_t count, u64 pos)
{
	u8 bytes[BAR_BYTES];
	struct config_run run;
	size_t done, used = 0;
	int ret;

	for (done = 0; done < count; done += run.len) {
		run = next_run(cdev, pos + done, count - done);
		if (!run.bar)
			continue;
		if (copy_from_user(bytes + used, buf + done, run.len))
			return -EFAULT;
		used += run.len;
	}

	ret = write_core_runs(cdev, buf, count, pos);
	if (ret)
		return ret;

	guard(mutex)(&cdev->config_lock);
	for (done = 0, used = 0; done < count; done += run.len) {
		run = next_run(cdev, pos + done, count - done);
		if (!run.bar)
			continue;
		coherent_bar_write(&run.bar->reg, run.reg_off, bytes + used,
				   run.len);
		used += run.len;
	}
	return count;
}

/**
 * coherent_config_rw() - file I/O of config space
 * @cdev: the device
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
ssize_t coherent_config_rw(struct coherent_device *cdev, char __user *buf,
			   size_t count, loff_t *ppos, bool write)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t ret;

	/* Checked for the whole, lest a part of it be done first */
	if (pos >= cdev->core.pdev->cfg_size ||
	    count > cdev->core.pdev->cfg_size - pos)
		return -EFAULT;

	ret = write ? config_write(cdev, buf, count, pos) :
		      config_read(cdev, buf, count, pos);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * coherent_config_clear_bars() - what a reset does to BARs
 * @cdev: the device
 *
 * Context: may sleep; takes config_lock.
 */
void coherent_config_clear_bars(struct coherent_device *cdev)
{
	unsigned int i;

	guard(mutex)(&cdev->config_lock);
	for (i = 0; i < cdev->layout.nr_regions; i++)
		cdev->bars[i].reg.value = 0;
}
