// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real client gives the function on: in the guest, whose firmware says nothing of
 * memory, it is bound to the same driver, which passes it through as it is, and a
 * process of the guest has it by VFIO, behind an IOMMU of the guest's.
 *
 *   test_vm_nested type1|iommufd
 */
#include <stdio.h>
#include <string.h>

#include "kselftest.h"
#include "nested_guest.h"

#define DRIVER		"nvgrace_coherent_vfio_pci"
#define FUNCTION	"name=nested,bdf=" GUEST_BDF ",driver=nvgrace,pass"
#define PLANNED		9

static struct expect e;

/* With what was wrong, if anything was */
static bool functional(void)
{
	return sh("cd /opt/selftests; "
		  "./functional.sh -t test_info " FUNCTION " >/tmp/tap 2>&1; "
		  "status=$?; grep -B 6 '^not ok' /tmp/tap; exit $status");
}

static bool binds(void)
{
	return sh("set -e; modprobe vfio_iommu_type1; modprobe nvgrace-coherent-vfio-pci; "
		  "echo " DRIVER " >" GUEST_DIR "/driver_override; "
		  "echo " GUEST_BDF " >/sys/bus/pci/drivers_probe; "
		  "readlink " GUEST_DIR "/driver | grep -q " DRIVER);
}

static void life(void)
{
	step(guest_bar(2, &e.res) && guest_bar(4, &e.use),
	     "the guest finds BAR 2 and BAR 4 with size and type");
	step(functional(), "the guest's driver passes it through as it is");
	step(binds(), "bound again");
	step(sh("! ls -d " GUEST_DIR "/coherent 2>/dev/null && ! grep -i coherent /proc/iomem"),
	     "... and the guest's driver claims no memory");
	step(guest_vfio("write", &e, 1) && guest_vfio("check", &e, 1),
	     "the guest's VFIO reaches all of the memory, over resets");
	step(sh("rmmod nvgrace_coherent_vfio_pci && rmmod coherent_vfio_pci_core"),
	     "the guest removes the driver");
	step(powers_off(), "the machine ends");
	step(nested_host_finds(&e, 1), "the host reads what the guest's VFIO has written");
}

int main(int argc, char **argv)
{
	struct nested_options o = { .bdf = e.bdf, .iommu = true };
	int ret;

	ksft_print_header();
	if (argc < 2 || expect_load(&e))
		ksft_exit_fail_msg("usage: test_vm_nested type1|iommufd, with a function described\n");
	o.iommufd = !strcmp(argv[1], "iommufd");
	steps_begin(PLANNED);
	ret = nested_start(&m, &o);
	if (ret)
		ksft_print_msg("the machine did not come up: %s\n", strerror(-ret));
	else
		life();
	nested_end(&m);
	step(silent(), "QEMU complains of nothing");
	steps_end();
}
