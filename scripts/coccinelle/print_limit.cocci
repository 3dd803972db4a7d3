// SPDX-License-Identifier: GPL-2.0-only
/// What userspace can make happen again and again (read, write, mmap, faults,
/// ioctls) must not print without a rate limit: a guest could fill the log of
/// its host.
///
// Confidence: Moderate
// Comments: looks through the functions of all files that it is given together;
// what is printed once by its nature is still reported,
// WARN() and the like, which say what cannot happen, are not
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import callgraph

graph = callgraph.Graph()
roots = {}
prints = []
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

@device@
identifier x, f;
identifier slot =~ "^\(read\|write\|mmap\|ioctl\|device_feature\|get_region_info_caps\|match\|match_token_uuid\|dma_unmap\)$";
position p;
@@
struct vfio_device_ops x = { ..., .slot = f@p, ... };

@script:python@
f << device.f;
slot << device.slot;
p << device.p;
@@
roots[(p[0].file, f)] = slot

@vm@
identifier x, f, slot;
position p;
@@
struct vm_operations_struct x = { ..., .slot = f@p, ... };

@script:python@
f << vm.f;
slot << vm.slot;
p << vm.p;
@@
roots[(p[0].file, f)] = slot

@fileops@
identifier x, f;
identifier slot =~ "^\(read\|write\|read_iter\|write_iter\|mmap\|unlocked_ioctl\|compat_ioctl\|poll\|llseek\)$";
position p;
@@
struct file_operations x = { ..., .slot = f@p, ... };

@script:python@
f << fileops.f;
slot << fileops.slot;
p << fileops.p;
@@
roots[(p[0].file, f)] = slot

@other@
identifier x, f, t;
identifier slot =~ "^\(migration_set_state\|migration_get_state\|migration_get_data_size\|log_start\|log_stop\|log_read_and_clear\|get_dmabuf_phys\)$";
position p;
@@
struct t x = { ..., .slot = f@p, ... };

@script:python@
f << other.f;
slot << other.slot;
p << other.p;
@@
roots[(p[0].file, f)] = slot

@unlimited@
identifier print =~ "^\(dev\|pci\|pr\|netdev\)_\(emerg\|alert\|crit\|err\|warn\|notice\|info\|warning\)$\|^printk$\|^dump_stack$";
position p;
@@
print@p(...)

@script:python@
print << unlimited.print;
p << unlimited.p;
@@
prints.append((p[0], print))

@script:python@
@@
for key in [k for k in roots if not graph.resolve(*k)]:
    del roots[key]
reached = graph.reachable({graph.resolve(*k): slot for k, slot in roots.items()})
for where, name in prints:
    key = (where.file, where.current_element)
    if key in reached:
        findings.add(where, "userspace can repeat this %s() by way of .%s: limit its rate, or print it once" % (name, reached[key]))

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
