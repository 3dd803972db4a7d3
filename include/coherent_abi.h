/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend was built against, and what it may rely on.
 *
 * COHERENT_ABI counts what makes a backend's module unusable with another core: the
 * layout of a struct that both see, a function's arguments, what a member means. It is
 * raised by each such change. A backend says at probe for which number, and for which
 * sizes, it was compiled, and the core refuses the function when they are not its own:
 * without module versions the kernel would load such a module, and call anywhere.
 *
 * COHERENT_API is the version of these headers as source. What is promised:
 *
 * - A backend that compiles with MAJOR.MINOR compiles with each later MINOR, and means
 *   the same there. A MINOR adds: members to structs, functions, constants.
 * - A member that a backend does not set is 0, and 0 is what was before there was that
 *   member. So structs are to be initialised by the names of their members.
 * - What is removed, renamed or means something else raises MAJOR.
 * - What is promised of neither: names that do not begin with coherent_ or COHERENT_;
 *   struct coherent_function; what begins with coherent_kunit_ beyond
 *   COHERENT_KUNIT_BACKEND(); and modules, which are built again for each core whose
 *   COHERENT_ABI differs (DKMS does it: BUILD_DEPENDS), and for each kernel.
 */
#ifndef COHERENT_ABI_H
#define COHERENT_ABI_H

#include <linux/stringify.h>
#include <linux/types.h>

/* coherent/pci/abi.c has the shape that goes with the number */
#define COHERENT_ABI			1

#define COHERENT_API_VERSION(major, minor)	((major) << 16 | (minor))
#define COHERENT_API			COHERENT_API_VERSION(1, 0)

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

/* As seen by who compiles this */
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
