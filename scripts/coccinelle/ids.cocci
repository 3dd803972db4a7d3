// SPDX-License-Identifier: GPL-2.0-only
/// A VFIO PCI driver takes no function that nobody has asked it to take: each id in
/// its table is for driver_override alone. Any other binds every such function of the
/// host at boot, before the vendor's own driver may have it.
///
// Confidence: High
// Comments: reads the text of the table, for spatch has no positions of its entries;
// a macro of the same program is looked into
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import re
import callgraph
import tables

PROBES = ("coherent_pci_probe", "vfio_pci_core_register_device")
OVERRIDE = re.compile(r"\b(PCI_DRIVER_OVERRIDE_DEVICE_VFIO|PCI_ID_F_VFIO_DRIVER_OVERRIDE)\b")

graph = callgraph.Graph()
probes = {}             # (file, driver) -> function
used = {}               # (file, driver) -> table
found = []              # (position, table)
findings = callgraph.Findings()

@calls@
identifier g;
position p;
@@
g@p(...)

@script:python@
g << calls.g;
p << calls.p;
@@
graph.call(p[0], g)

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

@probe@
identifier x, f;
position p;
@@
struct pci_driver x@p = { ..., .probe = f, ... };

@script:python@
x << probe.x;
f << probe.f;
p << probe.p;
@@
probes[(p[0].file, x)] = f

@uses@
identifier x, t;
position p;
@@
struct pci_driver x@p = { ..., .id_table = t, ... };

@script:python@
x << uses.x;
t << uses.t;
p << uses.p;
@@
used[(p[0].file, x)] = t

@ids@
identifier t;
position p;
@@
struct pci_device_id t@p[] = { ... };

@script:python@
t << ids.t;
p << ids.p;
@@
found.append((p[0], t))

@script:python@
@@
via = graph.callers_of(lambda name: name in PROBES)

def of_vfio(file, driver):
    return graph.resolve(file, probes.get((file, driver), "")) in via

files = {where.file for where, _ in graph.calls} | {where.file for where, _ in found}
macros = tables.macros(files)
names = {t for (file, driver), t in used.items() if of_vfio(file, driver)}
for where, t in found:
    if t not in names:
        continue
    for place, entry in tables.entries(where):
        if not OVERRIDE.search(tables.expanded(entry, macros)):
            findings.add(place, "this id in %s is not for driver_override alone: write PCI_DRIVER_OVERRIDE_DEVICE_VFIO()" % t)

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
