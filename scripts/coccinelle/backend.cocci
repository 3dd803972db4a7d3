// SPDX-License-Identifier: GPL-2.0-only
/// A backend says what there is and what the policy is; every mechanism is the
/// core's. A backend takes no lock of the core, touches no VMA, copies nothing
/// to or from userspace, and includes nothing of the core's but
/// coherent_vfio.h.
///
// Confidence: High
// Comments: a backend is a directory with a file that includes coherent_vfio.h,
// or that defines a struct coherent_backend, and what is below it
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import os
import re
import callgraph

LOCKS = re.compile(r"(memory_lock|face_lock|map_lock|config_lock|command_lock|ledger_lock|gate(\.|->)(lock|wait)|igate)$")
COPIES = re.compile(
    r"_*(copy_(to|from|in)_user(_nofault)?|copy_struct_(to|from)_user|get_user|put_user|"
    r"clear_user|strncpy_from_user|v?memdup_user(_nul)?|simple_read_from_buffer|"
    r"simple_write_to_buffer|(_?)copy_(mc_)?(to|from)_iter|iov_iter_zero|fault_in_\w+|"
    r"copy_(to|from)_user_inatomic|import_ubuf|import_single_range)$")
VMA = re.compile(
    r"(vm_flags_\w+|vmf_insert_\w+|vm_insert_\w+|(io_)?remap_pfn_range|vm_iomap_memory|"
    r"zap_vma_\w+|zap_page_range\w*|unmap_mapping_\w+|find_vma|vma_lookup|pgprot_\w+|"
    r"vfio_pci_vmf_insert_pfn|mmap_(read|write)_\w*lock\w*)$")
SECTIONS = {"coherent_access_begin", "coherent_access_begin_wait", "coherent_access_end"}

BACKEND = re.compile(r'^\s*#\s*include\s*[<"]coherent_vfio\.h[>"]|^(static )?(const )?struct coherent_backend \w+ =', re.M)

backends = {}
found = []
findings = callgraph.Findings()

def has_backend(folder):
    if folder not in backends:
        backends[folder] = False
        # The suites of the core have backends in them, and look behind the scenes
        if os.path.basename(os.path.normpath(folder)) == "kunit":
            return False
        for name in os.listdir(folder):
            if name.endswith(".c"):
                with open(os.path.join(folder, name), errors="replace") as source:
                    backends[folder] |= bool(BACKEND.search(source.read()))
    return backends[folder]

def is_backend(where):
    """In a folder with one, or in a folder of that folder's."""
    folder = os.path.dirname(where.file) or "."
    while not has_backend(folder):
        above = os.path.dirname(folder)
        if not above or above == folder or not any(name.endswith((".c", "Kbuild")) for name in os.listdir(above)):
            return False
        folder = above
    return True

@lock@
identifier f =~ "lock\|^down_\|^up_\|^downgrade_write\|^wake_up\|^wait_event\|^lockdep_";
expression l;
position p;
@@
f@p(..., l, ...)

@script:python@
l << lock.l;
p << lock.p;
@@
m = LOCKS.search(callgraph.squeeze(l))
if m:
    found.append((p[0], "%s is the core's to take, not a backend's" % m.group(1)))

@guarded@
identifier f =~ "^\(guard\|ACQUIRE\)$";
expression l;
position p;
@@
f@p(...)(l)

@script:python@
l << guarded.l;
p << guarded.p;
@@
m = LOCKS.search(callgraph.squeeze(l))
if m:
    found.append((p[0], "%s is the core's to take, not a backend's" % m.group(1)))

@scoped@
iterator name scoped_guard;
expression t, l;
statement S;
position p;
@@
scoped_guard@p(t, l) S

@script:python@
l << scoped.l;
p << scoped.p;
@@
m = LOCKS.search(callgraph.squeeze(l))
if m:
    found.append((p[0], "%s is the core's to take, not a backend's" % m.group(1)))

@calls@
identifier g;
position p;
@@
g@p(...)

@script:python@
g << calls.g;
p << calls.p;
@@
if COPIES.match(g):
    found.append((p[0], "%s(): what userspace reads and writes is the core's to copy" % g))
elif VMA.match(g):
    found.append((p[0], "%s(): mappings are the core's" % g))
elif g in SECTIONS:
    found.append((p[0], "%s() takes locks of the core's" % g))

@vma@
struct vm_area_struct *vma;
identifier fld;
position p;
@@
vma->fld@p

@script:python@
fld << vma.fld;
p << vma.p;
@@
found.append((p[0], "a VMA's %s is the core's to see to" % fld))

@vmops@
identifier x;
position p;
@@
struct vm_operations_struct x@p = { ... };

@script:python@
p << vmops.p;
@@
found.append((p[0], "page faults are the core's to handle"))

@script:python@
@@
for where, text in found:
    if is_backend(where):
        findings.add(where, text)

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
