// SPDX-License-Identifier: GPL-2.0-only
/* Where tests of memory errors begin and end. */
#include <errno.h>
#include <string.h>

#include "poison_ground.h"

/* Those whom a test that died left behind are about to die, too */
static bool is_free(void *arg)
{
	struct poison_ground *g = arg;

	return fn_open(&g->f, g->e.bdf) != -EBUSY;
}

int ground_open(struct poison_ground *g)
{
	char driver[64];
	int ret;

	memset(g, 0, sizeof(*g));
	g->f.device = -1;
	ret = expect_load(&g->e);
	if (!ret && pci_driver(g->e.bdf, driver, sizeof(driver)))
		ret = pci_bind(g->e.bdf, g->e.driver);
	if (!ret && !wait_for(is_free, g, 5000))
		ret = -EBUSY;
	if (!ret && g->f.device < 0)
		ret = -ENODEV;
	if (!ret && g->e.model)
		ret = block_calm(&g->f);
	if (!ret)
		ret = poison_policy_set(&g->e, "auto");
	if (!ret)
		ret = poison_clear_all(&g->e);
	g->page = page_size();
	g->pmd = pmd_size();
	g->len = g->e.use.len;
	g->all = g->len + g->e.res.len;
	g->seed = now_ms();
	fault_catch();
	return ret;
}

int ground_close(struct poison_ground *g)
{
	int ret = poison_policy_set(&g->e, "auto");

	if (!ret)
		ret = poison_clear_all(&g->e);
	if (!ret && poison_count(&g->e))
		ret = -EBUSY;
	if (g->f.device >= 0)
		fn_close(&g->f);
	return ret;
}

bool only_recorded(const struct poison_ground *g, u64 off, u64 len)
{
	struct poison_range r[2];

	return poison_list(&g->e, r, 2) == 1 && r[0].offset == off && r[0].length == len;
}

int poison_pages(struct poison_ground *g, u64 nr, u64 n)
{
	return inject_many(&g->e, nr * g->page, n, 0);
}
