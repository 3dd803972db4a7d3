/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend was built against, and what it may rely on.
 *
 * COHERENT_ABI identifies the binary interface between a backend's module and the core: the
 * layout of structs that both see, functions' arguments, the meaning of members. Each
 * change of these raises it. At probe, or when it registers memory, a backend passes the
 * number and the sizes that it was compiled with, and the core refuses it if they differ
 * from its own: without module versions the kernel would load such a module, and call
 * wrong addresses.
 *
 * COHERENT_API is the version of these headers as source. It promises:
 *
 * - A backend that compiles with MAJOR.MINOR compiles with each later MINOR, and means
 *   the same there. A MINOR adds: members to structs, functions, constants.
 * - A member that a backend does not set is 0, and 0 selects the behaviour from before
 *   the member existed. So use designated initialisers.
 * - Removing or renaming something, or changing its meaning, raises MAJOR.
 * - Neither number covers: names that do not begin with coherent_ or COHERENT_; struct
 *   coherent_function; names that begin with coherent_kunit_, except
 *   COHERENT_KUNIT_BACKEND() and COHERENT_KUNIT_CHARDEV(); and modules, which are built
 *   again for each core with another COHERENT_ABI (DKMS does it: BUILD_DEPENDS), and for
 *   each kernel.
 */
#ifndef COHERENT_ABI_H
#define COHERENT_ABI_H

#include <linux/stringify.h>
#include <linux/types.h>

/* coherent/pci/abi.c and coherent/chardev/abi.c have the shape that goes with the number */
#define COHERENT_ABI			1

#define COHERENT_API_VERSION(major, minor)	((major) << 16 | (minor))
#define COHERENT_API			COHERENT_API_VERSION(1, 1)

/**
 * struct coherent_abi - what a backend says of the headers that it was built with
 * @abi: COHERENT_ABI
 * @self: size of this struct; the first two are here in every ABI
 * @backend: size of struct coherent_backend
 * @device: size of struct coherent_device
 * @layout: size of struct coherent_layout
 * @carve: size of struct coherent_carve
 * @ops: size of struct vfio_device_ops, which compat/ makes larger on older kernels
 */
struct coherent_abi {
	u32 abi;
	u32 self;
	u32 backend;
	u32 device;
	u32 layout;
	u32 carve;
	u32 ops;
};

/**
 * struct coherent_chardev_abi - the same of a backend of character devices
 * @abi: COHERENT_ABI
 * @self: size of this struct; the first two are here in every ABI
 * @info: size of struct coherent_chardev_info
 */
struct coherent_chardev_abi {
	u32 abi;
	u32 self;
	u32 info;
};

/* As seen by who compiles this */
#define COHERENT_CHARDEV_ABI_SEEN					\
{									\
	.abi		= COHERENT_ABI,					\
	.self		= sizeof(struct coherent_chardev_abi),		\
	.info		= sizeof(struct coherent_chardev_info),		\
}

#define COHERENT_ABI_SEEN						\
{									\
	.abi		= COHERENT_ABI,					\
	.self		= sizeof(struct coherent_abi),			\
	.backend	= sizeof(struct coherent_backend),		\
	.device		= sizeof(struct coherent_device),		\
	.layout		= sizeof(struct coherent_layout),		\
	.carve		= sizeof(struct coherent_carve),		\
	.ops		= sizeof(struct vfio_device_ops),		\
}

#endif /* COHERENT_ABI_H */
