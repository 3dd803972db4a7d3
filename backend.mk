# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and checks a backend that has a repository of its own. Its Makefile names its
# module as any external module's does, and includes this file last:
#
#	obj-m := acme-coherent-vfio-pci.o
#	acme-coherent-vfio-pci-y := acme.o
#	include $(COHERENT)/backend.mk
#
# COHERENT is where this file is: a source tree of coherent-vfio, or what a package of
# it has installed. Headers, the names of newer kernels for older ones (compat/) and the
# core's symbols are taken from there; see Documentation/backend-guide.md.
#
#	make [KDIR=...] [ARCH=... CROSS_COMPILE=...]	the module
#	make modules_install, make clean
#	make dkms-install	by dkms.conf: built anew for every kernel, and each core
#	make check-backend, make kunit, make analyze	from a source tree, in its lab

COHERENT_KIT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

# Not KERNELRELEASE: DKMS gives that to the make that it runs, too
ifneq ($(obj),)

# kbuild reads this. In a kernel's own tree there is nothing for older kernels.
COHERENT_COMPAT := $(COHERENT_KIT)/coherent/compat
ifneq ($(KBUILD_EXTMOD),)
include $(COHERENT_COMPAT)/probes.mk
subdir-ccflags-$(CONFIG_COHERENT_VFIO_PCI_KUNIT_TEST) += -DCONFIG_COHERENT_VFIO_PCI_KUNIT_TEST=1
endif
subdir-ccflags-y += -I$(COHERENT_KIT)/include $(compat-flags)

else

# A person, or DKMS
KDIR ?= /lib/modules/$(shell uname -r)/build
COHERENT_RELEASE := $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
# What is made of the core here, if it must be
COHERENT_MADE := $(CURDIR)/.coherent/$(COHERENT_RELEASE)$(if $(ARCH),-$(ARCH))

# The core's symbols for this kernel: given; of this tree, if that is what it was built
# for last; of DKMS's build of this tree; else the core is built, for them alone
coherent-tree = $(shell grep -q -s -a 'vermagic=$(COHERENT_RELEASE) ' \
	$(COHERENT_KIT)/coherent/coherent-vfio-pci-core.ko && echo $(COHERENT_KIT)/Module.symvers)
coherent-dkms = $(shell for version in /var/lib/dkms/coherent-vfio/*/; do \
	[ "$$version/source" -ef '$(COHERENT_KIT)' ] && \
		ls $${version}$(COHERENT_RELEASE)/*/module/Module.symvers; done 2>/dev/null)
COHERENT_SYMVERS ?= $(firstword $(wildcard $(coherent-tree)) $(coherent-dkms) $(COHERENT_MADE)/Module.symvers)

COHERENT_KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) COHERENT=$(COHERENT_KIT) \
	KBUILD_EXTRA_SYMBOLS=$(COHERENT_SYMVERS)

modules: coherent-kernel $(COHERENT_SYMVERS)
	+$(COHERENT_KBUILD) modules

modules_install: coherent-kernel
	+$(COHERENT_KBUILD) modules_install

clean: coherent-kernel
	+$(COHERENT_KBUILD) clean
	rm -rf $(CURDIR)/.coherent

coherent-kernel:
	@test -n '$(COHERENT_RELEASE)' || { \
		echo "No kernel headers at $(KDIR): install linux-headers-$$(uname -r), or give KDIR=." >&2; \
		exit 1; }

# Nothing of it is used but what it exports
$(COHERENT_MADE)/Module.symvers: $(shell find $(COHERENT_KIT)/coherent $(COHERENT_KIT)/include -name '*.[ch]' 2>/dev/null)
	@test -e $(COHERENT_KIT)/coherent/module.c || { \
		echo "$(COHERENT_KIT) has no sources of the core, and DKMS has not built it for" \
			"$(COHERENT_RELEASE): install coherent-vfio-dkms, or give COHERENT=." >&2; \
		exit 1; }
	@echo "Building coherent-vfio's core for $(COHERENT_RELEASE), for its symbols..."
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cd $(COHERENT_KIT) && tar -cf - --exclude='*.o' --exclude='.*.cmd' --exclude='*.ko' \
		--exclude='*.mod*' Kbuild coherent include | tar -xf - -C $(@D)
	+@$(MAKE) -C $(KDIR) M=$(@D) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) \
		CONFIG_COHERENT_VFIO_PCI_NVGRACE=n CONFIG_COHERENT_VFIO_PCI_CXL=n CONFIG_COHERENT_VFIO_EGM=n \
		CONFIG_COHERENT_VFIO_PCI_DUMMY=n \
		CONFIG_COHERENT_VFIO_PCI_SOFT=n modules >$(@D).log 2>&1 || { \
		cat $(@D).log >&2; rm -f $@; exit 1; }

# Over what was there of the same version; without what is of this machine's alone. What
# make was told does not reach DKMS's make, which is run again for kernels to come.
COHERENT_DKMS = $(shell sed -n 's/^PACKAGE_$(1)="\(.*\)"$$/\1/p' dkms.conf)
dkms-install: name = $(call COHERENT_DKMS,NAME)
dkms-install: version = $(call COHERENT_DKMS,VERSION)
dkms-install:
	@test -n '$(name)' -a -n '$(version)' || { \
		echo "dkms.conf has no PACKAGE_NAME and PACKAGE_VERSION" >&2; exit 1; }
	@! dkms status $(name)/$(version) 2>/dev/null | grep -q . || dkms remove $(name)/$(version) --all
	rm -rf /usr/src/$(name)-$(version)
	mkdir -p /usr/src/$(name)-$(version)
	tar -cf - --exclude=./local.mk --exclude=./.coherent --exclude=./.git --exclude='*.o' \
		--exclude='.*.cmd' --exclude='*.ko' --exclude='*.mod*' . | \
		tar -xf - -C /usr/src/$(name)-$(version)
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u COHERENT \
		dkms install $(name)/$(version) $(DKMS_ARGS)

# What takes a source tree
coherent-lab = @test -x $(COHERENT_KIT)/scripts/$(1) || { \
	echo "make $@ takes a source tree of coherent-vfio: make $@ COHERENT=/path" >&2; exit 1; }; \
	exec $(COHERENT_KIT)/scripts/$(1)

check-backend:
	$(call coherent-lab,check-backend) $(CURDIR)

kunit:
	$(call coherent-lab,kunit) --backend $(CURDIR)

analyze:
	$(call coherent-lab,analyze) --dir $(CURDIR)

.DEFAULT_GOAL := modules
.PHONY: modules modules_install clean coherent-kernel dkms-install check-backend kunit analyze

endif
