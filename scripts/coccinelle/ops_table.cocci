// SPDX-License-Identifier: GPL-2.0-only
/// A table of operations must fill the slots that its kernel has and that a
/// VFIO PCI driver needs: an empty one is not refused at registration but
/// takes something away from userspace (iommufd, VF tokens, features), or is
/// an oops.
///
// Confidence: High
// Comments: the slots of vfio_device_ops are looked up in the headers of the
// kernel at $KSRC; without it the newest kernel's are taken
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import os
import re
import callgraph

NEEDED = [
    "name", "init", "release", "open_device", "close_device", "ioctl", "read",
    "write", "request", "match", "device_feature", "bind_iommufd",
    "unbind_iommufd", "attach_ioas", "detach_ioas",
]
# Since 6.15, 6.18 and 6.19
NEWER = ["pasid_attach_ioas", "pasid_detach_ioas", "match_token_uuid", "get_region_info_caps"]

def kernel_slots():
    try:
        with open(os.path.join(os.environ["KSRC"], "include/linux/vfio.h")) as header:
            text = header.read()
    except (KeyError, OSError):
        return None
    found = re.search(r"^struct vfio_device_ops \{(.*?)^\};", text, re.M | re.S)
    return set(re.findall(r"\(\*(\w+)\)", found.group(1))) if found else None

KERNEL = kernel_slots()
tables = {}
types = {}
slots = {}
faults = set()
core_drivers = set()
findings = callgraph.Findings()

def key(where, x):
    return (where.file, x)

@table@
identifier t =~ "^\(vfio_device_ops\|pci_error_handlers\|pci_driver\|coherent_backend\|coherent_source_ops\)$";
identifier x;
position p;
@@
struct t x@p = { ... };

@script:python@
t << table.t;
x << table.x;
p << table.p;
@@
tables[key(p[0], x)] = p[0]
types[key(p[0], x)] = t

@slot@
identifier table.t;
identifier table.x, fld;
position table.p;
expression e;
@@
struct t x@p = { ..., .fld = e, ... };

@script:python@
x << table.x;
p << table.p;
fld << slot.fld;
e << slot.e;
@@
if e.strip() != "NULL":
    slots.setdefault(key(p[0], x), set()).add(fld)

@faulting@
identifier x;
expression e;
position p;
@@
struct vm_operations_struct x@p = { ..., .fault = e, ... };

@script:python@
p << faulting.p;
@@
faults.add(p[0].file)

@vfio@
position p;
@@
\(vfio_pci_core_register_device@p\|coherent_pci_probe@p\)(...)

@script:python@
p << vfio.p;
@@
core_drivers.add(p[0].file)

@script:python@
@@
def miss(where, name, slot, why):
    findings.add(where, "%s misses .%s: %s" % (name, ", .".join(slot), why))

for k, where in tables.items():
    have, kind = slots.get(k, set()), types[k]
    name = "struct %s %s" % (kind, k[1])
    if kind == "vfio_device_ops":
        want = NEEDED + [s for s in NEWER if KERNEL is None or s in KERNEL]
        gone = [s for s in want if s not in have]
        if gone:
            miss(where, name, gone, "the kernel has a slot for it that vfio-pci fills")
    elif kind == "pci_error_handlers":
        if "error_detected" not in have:
            miss(where, name, ["error_detected"], "userspace would not hear of errors on the link")
        elif k[0] in faults and "reset_done" in have and "reset_prepare" not in have:
            miss(where, name, ["reset_prepare"], "nobody revokes the driver's own mappings before a reset by sysfs")
        elif "reset_prepare" in have and "reset_done" not in have:
            miss(where, name, ["reset_done"], "what begins must end")
    elif kind == "pci_driver" and k[0] in core_drivers:
        gone = [s for s in ("id_table", "probe", "remove", "err_handler", "driver_managed_dma") if s not in have]
        if gone:
            miss(where, name, gone, "VFIO PCI drivers need it")
    elif kind == "coherent_backend":
        want = ["name", "discover"]
        if "ready" in have:
            want += ["ready_bar", "ready_timeout_ms"]
        gone = [s for s in want if s not in have]
        if gone:
            miss(where, name, gone, "0 is no sane default for it")
    elif kind == "coherent_source_ops":
        gone = [s for s in ("name", "start", "stop") if s not in have]
        if gone:
            miss(where, name, gone, "it is called without being asked for")

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
