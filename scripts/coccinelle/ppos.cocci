// SPDX-License-Identifier: GPL-2.0-only
/// File I/O moves *ppos by what it returns, and not at all when it returns an
/// error: whoever tries again would go on at the wrong place.
///
// Confidence: Moderate
// Comments: *ppos -= takes a move back, and so does *ppos = with what *ppos was;
// vfio_pci_core_read() and the like, and functions of the
// same program, move the position that they are handed
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import callgraph
import moves

findings = callgraph.Findings()
known = moves.Moves()
is_count, is_mover, is_saved = known.is_count, known.is_mover, known.is_saved

def note(moved, end, how="moved"):
    findings.add(end[0], "*ppos was %s on line %s, and this path returns an error" % (how, moved[0].line))

def judge(moved, end, cond, yes, no):
    if known.may_fail(moved[0], end[0], cond, yes, no):
        findings.add(end[0], "*ppos was moved on line %s, and this may return an error" % moved[0].line)

@defs@
identifier f;
position p;
@@
f@p(...) { ... }

@script:python@
f << defs.f;
p << defs.p;
@@
known.graph.define(p[0], f)

// What the position was

@keeps@
typedef loff_t;
idexpression loff_t *ppos;
identifier x;
@@
x = *ppos

@script:python@
x << keeps.x;
@@
known.saved.add(x)

@begins@
typedef loff_t;
idexpression loff_t *ppos;
type T;
identifier x;
@@
T x = *ppos;

@script:python@
x << begins.x;
@@
known.saved.add(x)

@spoils@
identifier x;
expression e;
@@
(
x += e
|
x -= e
|
x++
|
 &x
)

@script:python@
x << spoils.x;
@@
known.saved.discard(x)

// Who moves it

@moves@
typedef loff_t;
idexpression loff_t *ppos;
expression e : script:python() { not is_saved(e) };
position p;
@@
(
 *ppos +=@p e
|
 *ppos =@p e
)

@script:python@
p << moves.p;
e << moves.e;
@@
known.moved(p[0], e)

@hands@
typedef loff_t;
idexpression loff_t *ppos;
identifier g;
position p;
@@
g@p(..., ppos, ...)

@script:python@
g << hands.g;
p << hands.p;
@@
known.handing.append((p[0], g))

@script:python@
@@
known.follow()

// Which variables hold errors, and which hold counts

@sums@
identifier x;
expression e;
position p;
@@
(
x +=@p e
|
x@p++
)

@script:python@
x << sums.x;
p << sums.p;
@@
known.counts(p[0], x)

@gets@
identifier x;
identifier g : script:python() { not is_count(g) };
constant C;
expression e, e2;
position p;
@@
(
x =@p g(...)
|
x =@p -C
|
x =@p e ? -C : e2
|
x =@p e ? e2 : -C
)

@script:python@
x << gets.x;
p << gets.p;
@@
known.fails(p[0], x)

@declares@
identifier x;
identifier g : script:python() { not is_count(g) };
type T;
position p;
@@
T x@p = g(...);

@script:python@
x << declares.x;
p << declares.p;
@@
known.fails(p[0], x)

// From a move to an error

@fixed exists@
typedef loff_t;
idexpression loff_t *ppos;
expression e : script:python() { not is_saved(e) };
expression e2;
identifier s : script:python() { is_saved(s) };
constant C;
position p, q;
@@
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e2
    when != *ppos = s
    when any
return@q -C;

@script:python@
p << fixed.p;
q << fixed.q;
@@
note(p, q)

@varied exists@
typedef loff_t;
idexpression loff_t *ppos;
expression e : script:python() { not is_saved(e) };
expression e2, e3, e4, e5;
identifier ret;
identifier s : script:python() { is_saved(s) };
identifier g : script:python() { not is_count(g) };
constant C;
position p, q;
@@
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e2
    when != *ppos = s
    when any
\(ret = -C\|ret = g(...)\|ret = e4 ? -C : e5\|ret = e4 ? e5 : -C\)
... when != ret = e3
    when != *ppos -= e2
    when != *ppos = s
    when any
return@q ret;

@script:python@
p << varied.p;
q << varied.q;
@@
note(p, q)

@ternary exists@
typedef loff_t;
idexpression loff_t *ppos;
expression e : script:python() { not is_saved(e) };
expression e2, cond, yes, no;
identifier s : script:python() { is_saved(s) };
position p, q;
@@
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e2
    when != *ppos = s
    when any
return@q cond ? yes : no;

@script:python@
p << ternary.p;
q << ternary.q;
cond << ternary.cond;
yes << ternary.yes;
no << ternary.no;
@@
judge(p, q, cond, yes, no)

@elvis exists@
typedef loff_t;
idexpression loff_t *ppos;
expression e : script:python() { not is_saved(e) };
expression e2, cond, no;
identifier s : script:python() { is_saved(s) };
position p, q;
@@
(
 *ppos@p += e
|
 *ppos@p = e
)
... when != *ppos -= e2
    when != *ppos = s
    when any
return@q cond ?: no;

@script:python@
p << elvis.p;
q << elvis.q;
cond << elvis.cond;
no << elvis.no;
@@
judge(p, q, cond, cond, no)

// What moves it for its caller

@handed exists@
typedef loff_t;
idexpression loff_t *ppos;
identifier ret;
identifier g : script:python() { is_mover(g) };
identifier s : script:python() { is_saved(s) };
expression e;
constant C;
statement S;
position p, q;
@@
ret = g@p(..., ppos, ...);
if (<+... ret ...+>) S
... when != *ppos -= e
    when != *ppos = e
    when any
return@q -C;

@script:python@
p << handed.p;
q << handed.q;
g << handed.g;
@@
note(p, q, "moved by %s()" % g)

@handed_variable exists@
typedef loff_t;
idexpression loff_t *ppos;
identifier ret, ret2;
identifier g : script:python() { is_mover(g) };
identifier g2 : script:python() { not is_count(g2) };
expression e, e2, e4, e5;
constant C;
statement S;
position p, q;
@@
ret = g@p(..., ppos, ...);
if (<+... ret ...+>) S
... when != *ppos -= e
    when != *ppos = e
    when any
\(ret2 = -C\|ret2 = g2(...)\|ret2 = e4 ? -C : e5\|ret2 = e4 ? e5 : -C\)
... when != ret2 = e2
    when != *ppos -= e
    when != *ppos = e
    when any
return@q ret2;

@script:python@
p << handed_variable.p;
q << handed_variable.q;
g << handed_variable.g;
@@
note(p, q, "moved by %s()" % g)

@handed_choice exists@
typedef loff_t;
idexpression loff_t *ppos;
identifier ret;
identifier g : script:python() { is_mover(g) };
expression e, cond, yes, no;
statement S;
position p, q;
@@
ret = g@p(..., ppos, ...);
if (<+... ret ...+>) S
... when != *ppos -= e
    when != *ppos = e
    when any
return@q cond ? yes : no;

@script:python@
p << handed_choice.p;
q << handed_choice.q;
ret << handed_choice.ret;
cond << handed_choice.cond;
yes << handed_choice.yes;
no << handed_choice.no;
@@
known.moved_by(p[0], ret)
judge(p, q, cond, yes, no)

// By what nobody has looked at

@unasked exists@
typedef loff_t;
idexpression loff_t *ppos;
{int, long, ssize_t} ret;
identifier g : script:python() { not is_count(g) };
expression e, e2;
position p;
statement S;
@@
ret = g(...);
... when != if (<+... ret ...+>) S
    when != ret < e
    when != ret > e
    when != ret <= e
    when != ret >= e
    when != ret = e2
 *ppos@p += ret;

@script:python@
p << unasked.p;
@@
findings.add(p[0], "*ppos is moved by what may be an error")

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
