// SPDX-License-Identifier: GPL-2.0-only
/// File I/O moves *ppos by what it returns, and not at all when it returns an
/// error: whoever tries again would go on at the wrong place.
///
// Confidence: Moderate
// Comments: *ppos -= takes a move back; knows vfio_pci_core_read() and vfio_pci_core_write() as functions
// that move the position they are handed
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import callgraph

findings = callgraph.Findings()

def note(moved, end, how):
    findings.add(end[0], "*ppos was %s on line %s, and this path returns an error" % (how, moved[0].line))

@moved exists@
type T;
identifier f, ppos;
expression e, e2;
constant C;
position p, q;
@@
T f(..., loff_t *ppos, ...)
{
... when any
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e2
    when any
return@q -C;
}

@script:python@
p << moved.p;
q << moved.q;
@@
note(p, q, "moved")

@moved_var exists@
type T;
identifier f, ppos, ret;
expression e, e2, e3;
constant C;
position p, q;
@@
T f(..., loff_t *ppos, ...)
{
... when any
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e3
    when any
ret = -C;
... when != ret = e2
    when != *ppos -= e3
    when any
return@q ret;
}

@script:python@
p << moved_var.p;
q << moved_var.q;
@@
note(p, q, "moved")

@inner exists@
identifier ppos;
expression e, e2, x;
constant C;
position p, q;
@@
loff_t *ppos = x;
... when any
 *ppos@p += e
... when != *ppos -= e2
    when any
return@q -C;

@script:python@
p << inner.p;
q << inner.q;
@@
note(p, q, "moved")

// What moves it for its caller

@handed exists@
type T;
identifier f, ppos, ret;
expression e;
constant C;
statement S;
position p, q;
@@
T f(..., loff_t *ppos, ...)
{
... when any
ret = \(vfio_pci_core_read@p\|vfio_pci_core_write@p\)(..., ppos);
if (<+... ret ...+>) S
... when != *ppos -= e
    when != *ppos = e
    when any
return@q -C;
}

@script:python@
p << handed.p;
q << handed.q;
@@
note(p, q, "moved by vfio-pci")

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
