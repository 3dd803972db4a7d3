// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject BDF ghes|mce|offline|debugfs BASE ADDRESS [corrected | SHIFT]: one memory
 * error at a host-physical address, for scripts. BASE is where the aperture begins.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inject.h"

int main(int argc, char **argv)
{
	struct expect e = { 0 };
	unsigned int by;
	u64 phys;
	int ret;

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: inject BDF SOURCE BASE ADDRESS [corrected | SHIFT]\n");
		return 2;
	}
	snprintf(e.bdf, sizeof(e.bdf), "%s", argv[1]);
	for (by = 0; by < INJECT_SOURCES; by++)
		if (!strcmp(argv[2], inject_name[by]))
			break;
	if (by == INJECT_SOURCES) {
		fprintf(stderr, "inject: '%s' is no source of errors\n", argv[2]);
		return 2;
	}
	e.use.base = strtoull(argv[3], NULL, 0);
	phys = strtoull(argv[4], NULL, 0);
	if (argc < 6)
		ret = inject_error(&e, by, phys);
	else if (!strcmp(argv[5], "corrected"))
		ret = inject_corrected(&e, by, phys);
	else
		ret = inject_wide(&e, by, phys, strtoul(argv[5], NULL, 0));
	if (ret)
		fprintf(stderr, "inject: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}
