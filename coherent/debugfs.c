// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's directory in debugfs, where the kernel has that, and one page of it for
 * a person: why does an access wait, or fail, now? For programs there is sysfs.
 */
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/rwsem.h>
#include <linux/seq_file.h>
#include <linux/string_choices.h>

#include "coherent.h"
#include "poison/poison.h"

static struct dentry *root;

static const char * const reasons[] = {
	"closed", "reset runs", "link frozen", "system asleep", "link failed",
};

static void show_reasons(struct seq_file *m, unsigned int shut)
{
	seq_puts(m, "gate:       ");
	if (!shut)
		seq_puts(m, "open");
	for (unsigned int i = 0; i < ARRAY_SIZE(reasons); i++)
		if (shut & BIT(i))
			seq_printf(m, "%s%s", shut & (BIT(i) - 1) ? ", " : "shut: ",
				   reasons[i]);
	seq_putc(m, '\n');
}

static void show_facts(struct seq_file *m, const struct coherent_gate_facts *facts)
{
	seq_printf(m, "function:   memory decoding %s, %s\n",
		   str_on_off(facts->decoding),
		   facts->in_d3 ? "in D3hot" :
		   facts->low_power ? "in runtime low power" : "awake");
}

static void show_readiness(struct seq_file *m, const struct coherent_gate_state *state)
{
	u64 now = coherent_gate_now();

	if (!state->pending)
		seq_puts(m, "readiness:  seen since the last event\n");
	else if (state->pending_since && state->pending_since <= now)
		seq_printf(m, "readiness:  not seen since the last event, %llu ms ago\n",
			   now - state->pending_since);
	else
		seq_puts(m, "readiness:  not seen yet\n");
}

/* Whoever holds these locks for writing may do so for a minute: say so instead of waiting */
static void show_gate(struct seq_file *m, struct coherent_aperture *ap)
{
	struct coherent_gate_facts facts = { .may_ask = true };	/* all of them */
	struct coherent_gate *gate = &ap->gate;

	show_reasons(m, coherent_gate_shut(ap));
	if (!down_read_trylock(ap->face_lock)) {
		seq_puts(m, "function:   busy with a reset, or with a change of its power\n");
		return;
	}
	if (down_read_trylock(&gate->lock)) {
		/*
		 * Without a user the device's facts do not exist, or are going
		 * away
		 */
		if (!(gate->state.shut & COHERENT_SHUT_CLOSED)) {
			ap->face->facts(ap, &facts);
			show_facts(m, &facts);
		}
		show_readiness(m, &gate->state);
		up_read(&gate->lock);
	} else {
		seq_puts(m, "function:   an event is being handled\n");
	}
	up_read(ap->face_lock);
}

static void show_memory(struct seq_file *m, struct coherent_aperture *ap)
{
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++) {
		const struct coherent_region *region = &ap->layout.regions[i];

		seq_printf(m, "region %u:   %s, base %#llx, usable length %#llx, BAR size %#llx%s\n",
			   region->bar, coherent_memtype_name(region->memtype),
			   region->base, region->length, region->bar_size,
			   READ_ONCE(ap->windows[i].va) ? ", mapped by the kernel" : "");
	}
	seq_printf(m, "poison:     %lu bad pages, policy %s\n",
		   coherent_poison_count(ap), coherent_poison_policy(ap));
	seq_printf(m, "scrub:      %llu of %llu bytes done\n",
		   (u64)atomic64_read(&ap->scrub.done), ap->scrub.total);
	seq_printf(m, "dma-bufs:   %zu\n", coherent_dmabufs_count(ap));
}

static int state_show(struct seq_file *m, void *unused)
{
	struct coherent_aperture *ap = m->private;

	show_gate(m, ap);
	show_memory(m, ap);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/**
 * coherent_debugfs_add() - make the device's directory
 * @ap: the aperture
 */
void coherent_debugfs_add(struct coherent_aperture *ap)
{
	ap->debugfs = debugfs_create_dir(dev_name(ap->dev), root);
	debugfs_create_file("state", 0400, ap->debugfs, ap, &state_fops);
	coherent_poison_debugfs_add(ap);
}

/**
 * coherent_debugfs_remove() - undo coherent_debugfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads and writes have ended.
 */
void coherent_debugfs_remove(struct coherent_aperture *ap)
{
	debugfs_remove(ap->debugfs);
}

/** coherent_debugfs_init() - at module init. Return: 0: one can do without */
int coherent_debugfs_init(void)
{
	root = debugfs_create_dir("coherent-vfio", NULL);
	return 0;
}

/** coherent_debugfs_exit() - at module exit */
void coherent_debugfs_exit(void)
{
	debugfs_remove(root);
}
