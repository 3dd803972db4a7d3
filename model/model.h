/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coherent-model: a GPU without a GPU.
 *
 * One process is one PCI function, served over a unix socket to the
 * vfio-user-pci device of QEMU:
 *
 *	coherent-model --socket=/run/gpu.sock --model=gh200 --ready-ms=3000 &
 *	qemu-system-x86_64 -M q35 ... -device '{"driver":"vfio-user-pci",
 *		"socket":{"type":"unix","path":"/run/gpu.sock"},"addr":"5"}'
 *
 * The socket's path appears when the process can be connected to. It serves
 * one connection and exits, 0 when the other side hung up between messages.
 *
 * Models (--model=)
 *	gh200	10de:2342
 *	gb200	10de:2941, with NVIDIA's DVSEC saying that all memory is usemem
 *	gb300	10de:31c2, likewise
 *	plain	1af4:10f0 (QEMU's ids for experiments), no readiness registers
 *	described	nothing but what options say
 * All have the AER capability, behind the other extended ones.
 *
 * Options (SIZE takes K, M, G; MS is a number of milliseconds or "never")
 *	--vendor-id=N --device-id=N	ids other than the model's
 *	--class=N	class code, 24 bits, other than the model's
 *	--dvsec=VENDOR:ID:REVISION:HEX	a DVSEC; HEX is what follows its header, from
 *			offset 0xa on, two digits a byte (repeatable)
 *	--register=BAR:OFFSET:BEFORE:READY	four bytes that read as BEFORE, and as
 *			READY once the memory is ready (repeatable)
 *	--test-block=OFFSET	in BAR 0 (default 0)
 *	--bar0=SIZE	registers, 64-bit, not prefetchable (default 16M, 0: none)
 *	--bar2=SIZE	memory, 64-bit, prefetchable (default 64M, 0: none)
 *	--bar4=SIZE	likewise (default 0)
 *	--cxl		a CXL Device DVSEC shows readiness; BAR 0 then never does, unless
 *			--cxl-cap= says that the DVSEC has no memory
 *	--cxl-range=BASE+SIZE	a range of it, as firmware has set it up, with CXL.mem
 *			enabled (up to two; multiples of 256M). Without any it is one of
 *			96 GiB that firmware has left alone
 *	--cxl-decoder=BASE+SIZE[:WAYS]	an HDM decoder that firmware has committed, among
 *			the component registers in BAR 0 (up to four; WAYS is encoded)
 *	--cxl-disabled	firmware has not enabled CXL.mem
 *	--cxl-cap=N	the CXL Capability register, 16 bits
 *	--cxl-media=N	device registers in BAR 0 with that Media Status (2: error,
 *			3: disabled)
 *	--cxl-active-timeout=CODE	its Memory_Active_Timeout, 0-7 (default 0: 1 s)
 *	--cxl-valid-ms=MS	Memory_Info_Valid that long after power-on and
 *			each reset (default 0: at once)
 *	--ready-ms=MS	ready that long after power-on, which is the first
 *			access to config space (default 0)
 *	--reset-ready-ms=MS	ready that long after each reset (default 0)
 *	--wake-ready-ms=MS	ready that long after each D3hot -> D0 that is no
 *			reset (default 0)
 *	--ready-after-resets=N	not ready before the N-th reset, QEMU's own at
 *			power-on counted
 *	--never-ready	the same as --ready-ms=never --reset-ready-ms=never
 *	--stuck=c2c|hbm	this one readiness register never says so
 *	--no-flr	no FLR; D3hot -> D0 resets instead (NoSoftRst-)
 *	--no-reset	neither: only the bus, or the machine, resets
 *	--broken	BAR 0 reads as ~0, as a function does that fell off
 *	--scratch-survives-reset
 *
 * A reset is an FLR (Device Control bit 15), D3hot -> D0 where that resets, or
 * the DEVICE_RESET message, into which QEMU turns resets of the bus and of
 * the machine (one at power-on). It puts config space and the scratch register back
 * and starts a new wait for readiness; it does not clear memory BARs. CXL.mem stays as it is
 * but in a DEVICE_RESET other than the first, which disables it.
 *
 * Two things to know of a bus reset in a guest: Linux has it disabled for
 * 10de:2340-237f (GH200), and behind QEMU's pcie-root-port it fails after the
 * fact (no Data Link Layer Link Active) unless that has x-speed=5.
 *
 * BAR 0 (little-endian, any width and alignment): memory, and in it the
 * registers below, the test block's from --test-block on. A write of part of a register
 * changes that part. A BAR with a register of --register is not mapped by QEMU either.
 *
 * With the link down (TEST_LINK_DOWN) config space and BAR 0 read as ~0, and what is
 * written is lost; one register is heard all the same, TEST_LINK_DOWN itself, so that a test
 * can end it. Resets do nothing then, but for DEVICE_RESET, which brings the link up.
 * A read that gets stuck (TEST_STALL) is one of a readiness register, in BAR 0 or, with
 * --cxl, in config space: its answer takes so long, and QEMU, and the guest's CPU, wait for it.
 * A function that vanishes (TEST_VANISH) is a process that ends.
 *
 * The function does DMA when it is told, with bus mastering on, between
 * DMA_BUFFER in BAR 0 and TEST_DMA_IOVA.
 */
#ifndef COHERENT_MODEL_H
#define COHERENT_MODEL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* The test block. Times are in ms; TEST_NEVER is for ever. */
#define TEST_MAGIC_REG		0x00	/* ro: TEST_MAGIC */
#define TEST_MAGIC		0x4c444d43U	/* "CMDL" */
#define TEST_RESETS		0x04	/* ro: resets of any kind */
#define TEST_SCRATCH		0x08	/* rw: cleared by reset */
#define TEST_RESET_READY	0x0c	/* rw: how long each coming reset takes */
#define TEST_READY		0x10	/* w: not ready for so long; r: what is left */
#define TEST_FLRS		0x14	/* ro: resets by FLR */
#define TEST_MESSAGES		0x18	/* ro: resets by DEVICE_RESET */
#define TEST_PM_RESETS		0x1c	/* ro: resets by D3hot -> D0 */
#define TEST_VALID		0x20	/* as TEST_READY: Memory_Info_Valid */
#define TEST_POLLS		0x24	/* ro: looks at readiness, any register */
#define TEST_NEED_RESETS	0x28	/* rw: not ready before so many more */
#define TEST_RESET_VALID	0x2c	/* as TEST_RESET_READY: Memory_Info_Valid */
#define TEST_WAKE_READY		0x30	/* rw: how long each coming D3hot -> D0 takes */
#define TEST_WAKES		0x34	/* ro: D3hot -> D0 that were no resets */
#define TEST_DMA		0x38	/* w: DMA_READ or DMA_WRITE; r: see below */
#define TEST_DMA_IOVA_LOW	0x3c	/* rw: where the other side is */
#define TEST_DMA_IOVA_HIGH	0x40
#define TEST_DMA_LENGTH		0x44	/* rw: bytes, 1 to DMA_ROOM */
#define TEST_LINK_DOWN		0x48	/* rw: the link is down for so long; 0: it is up */
#define TEST_STALL		0x4c	/* rw: how long each look at readiness gets stuck */
#define TEST_STALLS		0x50	/* ro: looks that were */
#define TEST_WAKE_VALID		0x54	/* as TEST_WAKE_READY: Memory_Info_Valid */
#define TEST_VANISH		0x58	/* w: one of the VANISH_, see below */
#define TEST_NEVER		0xffffffffU

/* TEST_VANISH: once that is answered, or in the middle of the next look at readiness */
#define VANISH_NOW		1U
#define VANISH_WHEN_ASKED	2U
#define MODEL_VANISHED		66	/* the process's status then */

/* TEST_DMA */
#define DMA_READ		1U	/* from there into DMA_BUFFER */
#define DMA_WRITE		2U
#define DMA_BUSY		0xffffffffU	/* else 0, or an errno */

#define DMA_BUFFER		0x2000U	/* in BAR 0 */
#define DMA_ROOM		0x1000U

/* Where GH200 and GB200/GB300 show that their memory can be used. */
#define GPU_C2C_LINK		0x1498
#define GPU_HBM_TRAINING	0x200bc
#define GPU_STATUS_READY	0xffU

#define PCI_CONFIG_BYTES	4096U
#define FUNCTION_BARS		6
#define MODEL_REGISTERS		8
#define MODEL_DVSECS		4
#define MODEL_CXL_RANGES	2
#define MODEL_CXL_DECODERS	4
#define MODEL_CXL_COMPONENT	0x400000U	/* in BAR 0; 64 KiB of device registers behind */
#define MODEL_NO_CXL_CAP	(~0U)
#define DVSEC_BYTES		64U

struct model_kind {
	const char *name;
	__u16 vendor;
	__u16 device;
	__u32 class;		/* 24 bits */
	bool nvidia_dvsec;
	bool status_regs;	/* the two readiness registers exist */
};

/* A register of --register */
struct model_register {
	unsigned int bar;
	__u32 offset;
	__u32 before;
	__u32 ready;
};

/* A DVSEC of --dvsec */
struct model_dvsec {
	__u16 vendor;
	__u16 id;
	__u8 revision;
	__u8 length;		/* of data */
	__u8 data[DVSEC_BYTES];
};

/* Memory of --cxl-range or --cxl-decoder */
struct model_cxl_memory {
	__u64 base;
	__u64 size;
	__u32 ways;		/* encoded; decoders only */
};

enum reset_cause { RESET_FLR, RESET_MESSAGE, RESET_PM, RESET_CAUSES };

struct model_options {
	const char *socket;
	const struct model_kind *kind;
	__u16 vendor;
	__u16 device;
	__u32 class;
	__u64 bar_size[FUNCTION_BARS];
	__u64 test_block;
	struct model_register registers[MODEL_REGISTERS];
	unsigned int nr_registers;
	struct model_dvsec dvsecs[MODEL_DVSECS];
	unsigned int nr_dvsecs;
	__u32 ready_ms;
	__u32 reset_ready_ms;
	__u32 wake_ready_ms;
	__u32 valid_ms;
	__u32 ready_after_resets;
	__u32 stuck;		/* offset of a register, 0: none */
	struct model_cxl_memory cxl_ranges[MODEL_CXL_RANGES];
	unsigned int nr_cxl_ranges;
	struct model_cxl_memory cxl_decoders[MODEL_CXL_DECODERS];
	unsigned int nr_cxl_decoders;
	__u32 cxl_cap;		/* MODEL_NO_CXL_CAP: what ranges there are */
	__u32 cxl_media;
	bool cxl_disabled;
	__u8 active_timeout;
	bool cxl;
	bool flr;
	bool pm_reset;
	bool broken;
	bool scratch_survives;
};

/* dma.c: the DMA engine */
struct dma {
	__u64 iova;
	__u32 length;
	__u32 command;		/* not yet asked for; 0: none */
	__u32 asked;		/* asked for last */
	__u32 status;
};

/* gpu.c: when the memory is ready, and the registers of BAR 0 */
struct gpu {
	const struct model_options *opt;
	bool powered;
	__u64 power_on_until;	/* ms of the monotonic clock, as the next two */
	__u64 ready_at;
	__u64 valid_at;
	__u32 reset_ready_ms;
	__u32 reset_valid_ms;
	__u32 wake_ready_ms;
	__u32 wake_valid_ms;
	__u32 stall_ms;
	__u32 stalls;
	__u64 link_up_at;
	__u32 vanish;
	__u32 wakes;
	__u32 need_resets;
	__u32 scratch;
	__u32 polls;
	__u32 resets[RESET_CAUSES];
	struct dma dma;
};

/* config.c: config space, and where in it things are (0: nowhere) */
struct config {
	__u8 bytes[PCI_CONFIG_BYTES];
	__u8 reset[PCI_CONFIG_BYTES];	/* what a reset brings back */
	__u8 writable[PCI_CONFIG_BYTES];
	__u8 clearable[PCI_CONFIG_BYTES];	/* by writing a 1 */
	__u16 pm;
	__u16 exp;
	__u16 cxl;		/* the CXL Device DVSEC */
	unsigned int cxl_ranges;
};

/* function.c: the whole */
struct bar {
	__u64 size;
	__u8 *memory;
	int fd;			/* behind a memory BAR; -1 for registers */
};

struct function {
	const struct model_options *opt;
	struct config config;
	struct gpu gpu;
	struct bar bar[FUNCTION_BARS];
};

void dma_start(struct dma *dma, __u32 command);
/* What to ask the client for: the length of the payload, or 0 for nothing */
size_t dma_request(struct dma *dma, const struct bar *bar, __u16 *command,
		   void *payload);
/* Its answer: 0 or an errno, and the payload */
void dma_answer(struct dma *dma, const struct bar *bar, int error,
		const void *payload, size_t length);

void gpu_init(struct gpu *gpu, const struct model_options *opt);
void gpu_power_on(struct gpu *gpu);
void gpu_reset(struct gpu *gpu, enum reset_cause cause);
void gpu_wake(struct gpu *gpu);
bool gpu_ready(const struct gpu *gpu);
bool gpu_info_valid(const struct gpu *gpu);
bool gpu_link_is_down(const struct gpu *gpu);
/* Somebody looks at readiness: counts it, and takes as long as it is to */
void gpu_polled(struct gpu *gpu);
/* Accesses to a BAR with registers: 0, or one that the options name */
void gpu_read(struct gpu *gpu, unsigned int index, const struct bar *bar, __u64 offset,
	      void *data, size_t count);
void gpu_write(struct gpu *gpu, unsigned int index, const struct bar *bar, __u64 offset,
	       const void *data, size_t count);
bool model_has_registers(const struct model_options *opt, unsigned int bar);

/* options.c: what is said on the command line; exits where that is wrong */
void parse_options(struct model_options *opt, int argc, char **argv);

void config_init(struct config *config, const struct model_options *opt);
void config_reset(struct config *config);
__u16 config_add_dvsec(struct config *config, __u16 at, __u16 vendor, __u16 id,
		       __u16 revision, __u16 length);
/*
 * Says what reset, if any, the write asks for: a reset_cause, or -1; CONFIG_WAKES
 * for a wake-up that is none.
 */
#define CONFIG_WAKES	RESET_CAUSES
int config_write(struct config *config, size_t offset, const __u8 *data,
		 size_t count);

/* cxl.c: CXL in config space and in BAR 0 */
__u16 cxl_add(struct config *config, __u16 at, const struct model_options *opt);
bool cxl_tells(const struct model_options *opt);
bool cxl_has_component(const struct model_options *opt);
void cxl_init_bar(__u8 *bar, const struct model_options *opt);
void cxl_reset(struct config *config, const __u8 *before, __u8 *bar, bool of_bus);
void cxl_show_memory(struct config *config, bool valid, bool active);
__u16 cxl_status_register(const struct config *config);

int function_init(struct function *fn, const struct model_options *opt);
void function_exit(struct function *fn);
void function_reset(struct function *fn, enum reset_cause cause);
__u64 function_region_size(const struct function *fn, __u32 region);
/* 0, or a negative errno */
int function_read(struct function *fn, __u32 region, __u64 offset, void *data,
		  __u32 count);
int function_write(struct function *fn, __u32 region, __u64 offset,
		   const void *data, __u32 count);

/* protocol.c: serves until the other side is gone; 0, or a negative errno */
int protocol_serve(struct function *fn, int sock);

#endif /* COHERENT_MODEL_H */
