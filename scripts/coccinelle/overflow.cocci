// SPDX-License-Identifier: GPL-2.0-only
/// Numbers that come from userspace or from firmware are added, subtracted,
/// multiplied, shifted or rounded up only after they were compared with a limit,
/// or with check_add_overflow() and its like. base + size that wraps around
/// passes every check of its end.
///
// Confidence: Low
// Comments: a number is followed into the functions that it is handed to, and
// back from those that fill it in (outside.py). A comparison that comes before
// counts as a check, but not one with 0 or with a type's maximum, nor
// one that only refuses what is too small
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import re
import callgraph
import outside

graph = callgraph.Graph()
numbers = outside.Numbers(graph)
findings = callgraph.Findings()

def parameter_names(text):
    return [re.findall(r"\w+", part)[-1] if re.findall(r"\w+", part) else "" for part in callgraph.arguments(text)]

@defs@
identifier f;
parameter list ps;
position p;
@@
f@p(ps) { ... }

@script:python@
f << defs.f;
ps << defs.ps;
p << defs.p;
@@
graph.define(p[0], f)
numbers.params[(p[0].file, f)] = parameter_names(ps.expr)

@calls@
identifier g;
expression list es;
position p;
@@
g@p(es)

@script:python@
g << calls.g;
es << calls.es;
p << calls.p;
@@
given = callgraph.arguments(es.expr)
numbers.calls.append((p[0], g, given))
if outside.ROUNDS.match(g) and given:
    numbers.sums.append((p[0], "+", given[0], g))

@less@
expression a, b;
position p;
@@
(
a <@p b
|
a <=@p b
)

@script:python@
a << less.a;
b << less.b;
p << less.p;
@@
numbers.comparisons.append((p[0], callgraph.squeeze(a), callgraph.squeeze(b)))

@more@
expression a, b;
position p;
@@
(
a >@p b
|
a >=@p b
)

@script:python@
a << more.a;
b << more.b;
p << more.p;
@@
numbers.comparisons.append((p[0], callgraph.squeeze(b), callgraph.squeeze(a)))

@branch@
expression a, b;
statement S, S2;
position p, q;
@@
(
if (<+... \(a <@p b\|a <=@p b\|a >@p b\|a >=@p b\) ...+>) S@q else S2
|
if (<+... \(a <@p b\|a <=@p b\|a >@p b\|a >=@p b\) ...+>) S@q
)

@script:python@
p << branch.p;
q << branch.q;
@@
for where in p:
    numbers.branch(where, q[0].line, q[0].line_end)

@add@
expression a, b;
position p;
@@
(
a +@p b
|
a +=@p b
)

@script:python@
a << add.a;
b << add.b;
p << add.p;
@@
numbers.sums.append((p[0], "+", callgraph.squeeze(a), callgraph.squeeze(b)))

@multiply@
expression a, b;
position p;
@@
(
a *@p b
|
a *=@p b
)

@script:python@
a << multiply.a;
b << multiply.b;
p << multiply.p;
@@
numbers.sums.append((p[0], "*", callgraph.squeeze(a), callgraph.squeeze(b)))

@subtract@
expression a, b;
position p;
@@
(
a -@p b
|
a -=@p b
)

@script:python@
a << subtract.a;
b << subtract.b;
p << subtract.p;
@@
numbers.sums.append((p[0], "-", callgraph.squeeze(a), callgraph.squeeze(b)))

@shift@
expression a, b;
position p;
@@
(
a <<@p b
|
a <<=@p b
)

@script:python@
a << shift.a;
b << shift.b;
p << shift.p;
@@
numbers.sums.append((p[0], "<<", callgraph.squeeze(a), callgraph.squeeze(b)))

@assign@
expression a, b;
position p;
@@
a =@p b

@script:python@
a << assign.a;
b << assign.b;
p << assign.p;
@@
numbers.assigned.append((p[0], callgraph.squeeze(a), callgraph.squeeze(b)))

@begin@
type T;
identifier x;
expression b;
position p;
@@
T x@p = b;

@script:python@
x << begin.x;
b << begin.b;
p << begin.p;
@@
numbers.assigned.append((p[0], x, callgraph.squeeze(b)))

@script:python@
@@
numbers.follow()
for where, op, a, b in numbers.sums:
    word = numbers.wraps(where, op, a, b)
    if word:
        findings.add(where, "%s comes from outside and nothing was compared with it: this may wrap around" % word)

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
