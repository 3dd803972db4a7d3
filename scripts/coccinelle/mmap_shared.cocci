// SPDX-License-Identifier: GPL-2.0-only
/// An mmap handler of a VFIO driver that maps PFNs of its own must refuse
/// mappings that are not VM_SHARED. The first write to a private one is a copy
/// on write of a page that has no struct page: the kernel hits a BUG.
///
// Confidence: High
// Comments: looks through functions that are handed the VMA; a path that has
// been through vfio_pci_core_mmap() is checked there
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import callgraph

graph = callgraph.Graph()
unchecked = {}          # (file, function) -> {(line, column): position}
passes = []             # unchecked paths to a call that hands the VMA on
handlers = []

def note(where):
    key = (where.file, where.current_element)
    unchecked.setdefault(key, {})[(where.line, where.column)] = where

findings = callgraph.Findings()

@defs@
identifier f;
position p;
@@
f@p(...) { ... }

@script:python@
f << defs.f;
p << defs.p;
@@
graph.define(p[0], f)

@maps exists@
identifier f, vma;
expression e;
position p;
@@
f(..., struct vm_area_struct *vma, ...)
{
... when != VM_SHARED
    when != VM_MAYSHARE
    when != vfio_pci_core_mmap(...)
    when any
(
vma->vm_ops@p = e
|
\(remap_pfn_range@p\|io_remap_pfn_range@p\|vm_iomap_memory@p\|vm_insert_page@p\|vmf_insert_pfn@p\|remap_vmalloc_range@p\)(vma, ...)
)
... when any
}

@script:python@
p << maps.p;
@@
note(p[0])

@hands exists@
identifier f, g, vma;
position p;
@@
f(..., struct vm_area_struct *vma, ...)
{
... when != VM_SHARED
    when != VM_MAYSHARE
    when != vfio_pci_core_mmap(...)
    when any
g@p(..., vma, ...)
... when any
}

@script:python@
g << hands.g;
p << hands.p;
@@
passes.append((p[0], g))

@ops@
identifier x, f;
position p;
@@
struct vfio_device_ops x = { ..., .mmap = f@p, ... };

@script:python@
f << ops.f;
p << ops.p;
@@
handlers.append((p[0].file, f))

@script:python@
@@
grown = True
while grown:
    before = sum(map(len, unchecked.values()))
    for where, name in passes:
        if graph.resolve(where.file, name) in unchecked:
            note(where)
    grown = sum(map(len, unchecked.values())) != before
for file, f in handlers:
    for where in unchecked.get(graph.resolve(file, f), {}).values():
        findings.add(where, "%s() gets here without asking for VM_SHARED: a private mapping of PFNs is a kernel BUG" % f)

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
