// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses the kernel's tracepoints for events that it reports to modules in no
 * other way. They are not exported by name, but can be looked up.
 */
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "coherent.h"

struct search {
	const char *name;
	struct tracepoint *found;
};

static void match(struct tracepoint *tp, void *priv)
{
	struct search *search = priv;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

/**
 * coherent_tracepoint_start() - have a function called at a tracepoint
 * @name: the tracepoint's
 * @probe: the function; the caller has checked its type
 * @tp: where to store what coherent_tracepoint_stop() wants
 *
 * Context: may sleep.
 * Return: 0; -ENOENT when this kernel has no such tracepoint; -ENOMEM.
 */
int coherent_tracepoint_start(const char *name, void *probe,
			      struct tracepoint **tp)
{
	struct search search = { .name = name };

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return -ENOENT;
	for_each_kernel_tracepoint(match, &search);
	if (!search.found)
		return -ENOENT;
	*tp = search.found;
	return tracepoint_probe_register(search.found, probe, NULL);
}

/**
 * coherent_tracepoint_stop() - no call of the function is left when it returns
 * @probe: the function
 * @tp: from coherent_tracepoint_start()
 *
 * Context: may sleep.
 */
void coherent_tracepoint_stop(void *probe, struct tracepoint *tp)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return;
	tracepoint_probe_unregister(tp, probe, NULL);
	tracepoint_synchronize_unregister();
}
