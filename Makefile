# SPDX-License-Identifier: GPL-2.0-only
#
# make                         modules for the running kernel
# make KDIR=... [ARCH=... CROSS_COMPILE=...]   for another kernel
# make modules_install, make clean; make dkms-install, make uninstall
# make dist, make deb, make rpm [OUT=DIR]: see Documentation/install.md and packaging/
# make demo, make shell, make check, make check-all, make kunit, make stress, make vm, make bench,
# make bench-check: see README.md
# make kernels: the kernel patches in patches/, and their tests
# make prove, make analyze [LANES="sparse w1"] [DIR=/path/to/backend] [SARIF=file]:
#   Documentation/static-analysis.md

KDIR ?= /lib/modules/$(shell uname -r)/build
KBUILD_ARGS = -C $(KDIR) M=$(CURDIR)
need_headers = @test -e $(KDIR)/Makefile || { \
	echo "No kernel headers at $(KDIR): install linux-headers-$$(uname -r), or give KDIR=." >&2; \
	exit 1; }

all: modules

modules clean: FORCE
	$(need_headers)
	$(MAKE) $(KBUILD_ARGS) $@

modules_install: FORCE
	$(need_headers)
	+@packaging/$(subst _,-,$@) $(KDIR) $(MAKE) $(KBUILD_ARGS)

# DKMS="coherent-vfio coherent-vfio-dummy", or coherent-vfio-dropin: what of packaging/dkms
dkms-install: FORCE
	@packaging/$@ $(DKMS)

uninstall dist: FORCE
	@packaging/$@

deb rpm: FORCE
	@packaging/$@-build

check check-all check-long check-defects kernels kunit stress coverage prove vm: FORCE
	@scripts/$@

# A root shell in a machine that has a function: DEVICE=gb200 APERTURE=96G KERNEL=new-arm64
shell: FORCE
	@scripts/lab/run --shell $(if $(DEVICE),--device '$(DEVICE)') \
		$(if $(APERTURE),--aperture '$(APERTURE)') $(if $(KERNEL),--kernel '$(KERNEL)')

demo: FORCE
	@tools/$@/run

# KERNEL="new-arm64 lts-arm64": others than the newest for amd64
bench: FORCE
	@tools/bench/run $(KERNEL)

bench-check: FORCE
	@tools/bench/run --check $(KERNEL)

analyze: FORCE
	@scripts/analyze $(if $(DIR),--dir '$(DIR)') $(if $(SARIF),--sarif '$(SARIF)') $(LANES)

FORCE:
.PHONY: all modules modules_install clean dkms-install uninstall dist deb rpm check check-all check-long check-defects kernels demo bench bench-check shell kunit stress coverage prove vm analyze FORCE
