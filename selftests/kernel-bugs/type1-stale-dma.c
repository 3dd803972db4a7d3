// SPDX-License-Identifier: GPL-2.0-only
/*
 * type1-stale-dma BDF OTHER [default]: memory of BDF is mapped for the DMA of OTHER, a
 * device model (model/model.h), by type1; then BDF is closed, and another process opens it.
 *
 * What has that bug lets OTHER read and overwrite what that process has there. type1 is
 * loaded with a parameter by which a kernel that has it refuses such mappings; with
 * "default" it is loaded without.
 *
 * OTHER's DMA to ordinary memory must arrive before and after, for it is no fix if none does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bug.h"
#include "dma.h"

#define PARAMETER	"allow_device_memory"
#define IOVA		0x40000000ULL
#define ORDINARY	0x50000000ULL
#define SECRET		0x5ec2e75ec2e75ec2ULL
#define FORGED		0xf02ed0f02ed0f02eULL
#define LIMIT_MS	60000

static const char *owned;
static u64 *ordinary;

/* OTHER can write to memory that nobody objects to, and read it */
static bool dma_arrives(struct peer *other, u64 value)
{
	u64 word = 0;
	int ret = peer_write(other, ORDINARY, &value, 8);

	if (!ret && *(volatile u64 *)ordinary == value) {
		*ordinary = ~value;
		ret = peer_read(other, ORDINARY, &word, 8);
	}
	return !ret && word == ~value;
}

static bool ordinary_memory(struct peer *other)
{
	int ret;

	ordinary = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ordinary == MAP_FAILED)
		return false;
	ret = fn_dma_map(&other->fn, ordinary, page_size(), ORDINARY);
	return !ret && dma_arrives(other, SECRET) && dma_arrives(other, FORGED);
}

/* Does this kernel know the parameter, and is it off? */
static bool is_to_refuse(void)
{
	char value[16];

	return !sysfs_read("/sys/module/vfio_iommu_type1/parameters/" PARAMETER, value,
			   sizeof(value)) && value[0] == 'N';
}

/* What is documented: it is mapped, or refused with -EFAULT; and off is refused */
static bool as_documented(int ret)
{
	return ret == -EFAULT || (!ret && !is_to_refuse());
}

/* The next tenant: it has a secret there, and says what is there once OTHER was at it */
static int tenant(int told, int tell)
{
	u64 word = SECRET;
	struct fn f;
	u64 *p;

	if (fn_open(&f, owned))
		return 1;
	p = map_plain(&f, VFIO_PCI_BAR2_REGION_INDEX, 0, page_size(), PROT_READ | PROT_WRITE);
	if (p == MAP_FAILED)
		return 1;
	*p = SECRET;
	if (write(tell, &word, 8) != 8 || read(told, &word, 8) != 8)
		return 1;
	word = *(volatile u64 *)p;
	return write(tell, &word, 8) != 8;
}

/* OTHER, and the next tenant's memory */
static void while_another_has_it(struct peer *other)
{
	u64 word = 0, forged = FORGED;
	int there[2], back[2], ret;
	pid_t pid;

	if (pipe(there) || pipe(back))
		return;
	pid = fork();
	if (!pid) {
		close(there[1]);
		close(back[0]);
		_exit(tenant(there[0], back[1]));
	}
	close(there[0]);
	close(back[1]);
	if (bug_ok(read(back[0], &word, 8) == 8, "another process has the function")) {
		word = 0;
		ret = peer_read(other, IOVA, &word, 8);
		bug_ok(word != SECRET, "its memory cannot be read by DMA (%d, %#llx)", ret,
		       (unsigned long long)word);
		ret = peer_write(other, IOVA, &forged, 8);
		if (write(there[1], &word, 8) != 8 || read(back[0], &word, 8) != 8)
			word = 0;
		bug_ok(word == SECRET, "... nor overwritten (%d, %#llx)", ret,
		       (unsigned long long)word);
	}
	close(there[1]);
	bug_ok(!wait_child(pid, LIMIT_MS), "it ends");
}

int main(int argc, char **argv)
{
	struct peer other;
	struct fn f;
	bool dflt = argc == 4 && !strcmp(argv[3], "default");
	int ret;
	u64 *p;

	if (argc != 3 && !dflt)
		return 2;
	owned = argv[1];
	if (!bug_ok(!bug_modprobe(dflt ? "vfio_iommu_type1" :
				  "vfio_iommu_type1 " PARAMETER "=0") &&
		    !bug_bind(owned, "vfio-pci", "vfio-pci") &&
		    !bug_bind(argv[2], "vfio-pci", "vfio-pci"), "vfio-pci has both") ||
	    !bug_ok(!fn_open(&f, owned) && !fn_open(&other.fn, argv[2]) &&
		    !cfg_write(&other.fn, PCI_COMMAND, 2,
			       cfg_read(&other.fn, PCI_COMMAND, 2) | PCI_COMMAND_MASTER),
		    "both are open") ||
	    !bug_ok(ordinary_memory(&other), "DMA of the other one arrives in ordinary memory"))
		return bug_end();
	p = map_plain(&f, VFIO_PCI_BAR2_REGION_INDEX, 0, page_size(), PROT_READ | PROT_WRITE);
	if (!bug_ok(p != MAP_FAILED, "a page of the BAR is mapped"))
		return bug_end();
	*p = FORGED;
	ret = fn_dma_map(&other.fn, p, page_size(), IOVA);
	bug_note("%s is %s here", PARAMETER, is_to_refuse() ? "off" : "on, or unknown");
	bug_note("mapped for the DMA of the other one: %d", ret);
	bug_ok(as_documented(ret), "the mapping is made, or refused as documented");
	munmap(p, page_size());
	fn_close(&f);
	while_another_has_it(&other);
	bug_ok(dma_arrives(&other, SECRET), "DMA of the other one still arrives there");
	fn_close(&other.fn);
	return bug_end();
}
