// SPDX-License-Identifier: GPL-2.0-only
/// Numbers that come from userspace or from firmware are added or multiplied
/// only after they were compared with a limit, or with check_add_overflow()
/// and its like. base + size that wraps around passes every check of its end.
///
// Confidence: Low
// Comments: a number is followed into the functions that it is handed to;
// any comparison of it that comes before counts as a check
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import re
import callgraph

# Which argument is filled in by firmware or by userspace
SOURCES = {
    "device_property_read_u64": 2, "device_property_read_u32": 2,
    "device_property_read_u64_array": 2, "fwnode_property_read_u64": 2,
    "of_property_read_u64": 2, "kstrtou64": 2, "kstrtoull": 2, "kstrtoul": 2,
    "kstrtou64_from_user": 3, "kstrtoull_from_user": 3,
    "get_user": 0, "copy_from_user": 0, "acpi_evaluate_integer": 3,
}
CHECKS = re.compile(r"(check_(add|mul|sub|shl)_overflow|size_(add|mul)|array_size|array3_size|struct_size|"
                    r"(add|mul)_would_overflow|overflows_type|min|min_t|min3|clamp|clamp_t|"
                    r"coherent_layout_carve|coherent_layout_check)$")

graph = callgraph.Graph()
args = []               # (position, callee, arguments)
params = {}             # (file, function) -> names
filled = {}             # function -> {index of a pointer that it fills in}
tainted = {}            # (file, function) -> {name or access path: line}
checks = []             # (position, text)
assigned = []           # (position, what)
sums = []               # (position, text)
findings = callgraph.Findings()

def key(where):
    return (where.file, where.current_element)

def taint(function, name, line):
    names = tainted.setdefault(function, {})
    if name and name not in names:
        names[name] = line
        return True
    return False

def words(text):
    """Variables, and paths through fields, that an expression reads."""
    return set(re.findall(r"[A-Za-z_]\w*(?:(?:->|\.)\w+|\[\w+\])*", text))

def is_tainted(function, word, line):
    for name, since in tainted.get(function, {}).items():
        # Something else was put there meanwhile
        if any(key(w) == function and text == word and since < int(w.line) < line
               for w, text in assigned):
            continue
        if line >= since and (word == name or word.startswith((name + ".", name + "[", name + "->"))):
            return True
    return False

def bare(text):
    """The variable behind an argument by reference."""
    text = re.sub(r"^(\([^()]*\))+", "", text)
    return text[1:] if text.startswith("&") else text

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
params[(p[0].file, f)] = parameter_names(ps.expr)

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
args.append((p[0], g, callgraph.arguments(es.expr)))

@compare@
expression a, b;
position p;
@@
(
a <@p b
|
a <=@p b
|
a >@p b
|
a >=@p b
)

@script:python@
a << compare.a;
b << compare.b;
p << compare.p;
@@
checks.append((p[0], callgraph.squeeze(a)))
checks.append((p[0], callgraph.squeeze(b)))

@add@
expression a, b;
position p;
@@
(
a +@p b
|
a *@p b
)

@script:python@
a << add.a;
b << add.b;
p << add.p;
@@
sums.append((p[0], callgraph.squeeze(a), callgraph.squeeze(b)))

@addto@
expression a, b;
position p;
@@
(
a +=@p b
|
a *=@p b
)

@script:python@
a << addto.a;
b << addto.b;
p << addto.p;
@@
sums.append((p[0], callgraph.squeeze(a), callgraph.squeeze(b)))

@assign@
expression a, b;
position p;
@@
a =@p b

@script:python@
a << assign.a;
p << assign.p;
@@
assigned.append((p[0], callgraph.squeeze(a)))

@script:python@
@@
for where, name, given in args:
    if CHECKS.match(name):
        checks.extend((where, text) for text in given)

grown = True
while grown:
    grown = False
    for where, name, given in args:
        me, line = key(where), int(where.line)
        # Filled in by the callee
        for i in [SOURCES[name]] if name in SOURCES else filled.get(name, ()):
            if i < len(given):
                var = bare(given[i])
                if var in params.get(me, []):
                    mine = filled.setdefault(me[1], set())
                    i = params[me].index(var)
                    if i not in mine:
                        mine.add(i)
                        grown = True
                    grown |= taint(me, "*" + var, line)
                grown |= taint(me, var, line)
        # Handed to the callee, unchecked
        target = graph.resolve(where.file, name)
        if not target:
            continue
        for i, text in enumerate(given):
            if i < len(params.get(target, [])) and not text.startswith("&") and \
               re.fullmatch(r"[\w.>\[\]+-]+", text) and is_tainted(me, text.split("[")[0], line) and \
               not any(key(w) == me and int(w.line) <= line and text in words(t) for w, t in checks):
                grown |= taint(target, params[target][i], 0)

CONSTANT = re.compile(r"(0x)?[0-9a-fA-F]+[uUlL]*$|[A-Z_][A-Z0-9_]*$|sizeof")
for where, a, b in sums:
    me, line = key(where), int(where.line)
    if CONSTANT.match(a) or CONSTANT.match(b) or '"' in a + b:
        continue
    bad = [w for w in words(a) | words(b) if is_tainted(me, w, line)]
    for word in bad:
        if not any(key(c) == me and (int(c.line), int(c.column)) < (line, int(where.column)) and
                   word in words(text) and text not in (a + "+" + b, a + "*" + b)
                   for c, text in checks):
            findings.add(where, "%s comes from outside and nothing was compared with it: this may wrap around" % word)
            break

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
