// SPDX-License-Identifier: GPL-2.0-only
/// Who registers with a source of memory errors unregisters in the same file,
/// and on every path that fails after the registration. Else the source calls
/// into a module that is gone, or about a device that is.
///
// Confidence: Moderate
// Comments: looks through functions of the file that do nothing but return what
// registering returned
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import callgraph

PAIRS = {
    "ghes_register_report_chain": "ghes_unregister_report_chain",
    "ghes_register_vendor_record_notifier": "ghes_unregister_vendor_record_notifier",
    "mce_register_decode_chain": "mce_unregister_decode_chain",
    "tracepoint_probe_register": "tracepoint_probe_unregister",
    "tracepoint_probe_register_prio": "tracepoint_probe_unregister",
    "register_pfn_address_space": "unregister_pfn_address_space",
    "register_die_notifier": "unregister_die_notifier",
    "atomic_notifier_chain_register": "atomic_notifier_chain_unregister",
    "blocking_notifier_chain_register": "blocking_notifier_chain_unregister",
    "coherent_tracepoint_start": "coherent_tracepoint_stop",
}

graph = callgraph.Graph()
wrappers = {}           # (file, function) -> what it registers with
undoers = {}            # (file, function) -> {what it undoes}
findings = callgraph.Findings()

def registers(name):
    return name in PAIRS or any(name == f for _, f in wrappers)

def source_of(where, name):
    return wrappers.get((where.file, name), name if name in PAIRS else None)

def undoes(where, name):
    """What a call by this name undoes."""
    done = {a for a, b in PAIRS.items() if b == name}
    return done | undoers.get((where.file, name), set())

def calls_in(where):
    return [c for w, c in graph.calls if w.file == where.file]

def is_undo(name):
    return name in PAIRS.values() or any(name == f for _, f in undoers)

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

@script:python@
@@
for where, name in graph.calls:
    done = {a for a, b in PAIRS.items() if b == name}
    if done:
        undoers.setdefault((where.file, where.current_element), set()).update(done)

@wraps@
identifier g : script:python() { registers(g) };
position p;
@@
return g@p(...);

@script:python@
g << wraps.g;
p << wraps.p;
@@
wrappers[(p[0].file, p[0].current_element)] = g

@script:python@
@@
for where, name in graph.calls:
    if name in PAIRS and PAIRS[name] not in calls_in(where):
        findings.add(where, "%s() without %s() in this file" % (name, PAIRS[name]))

// A registration that succeeded, and then an error

@leak exists@
expression ret, cond, c2, r;
identifier g : script:python() { registers(g) };
identifier u : script:python() { is_undo(u) };
statement S;
position p, q;
@@
(
ret = g@p(...);
if (<+... ret ...+>) S
|
if (g@p(...)) S
)
... when != u(...)
    when any
if (cond) {
	... when != u(...)
	    when != if (c2) u(...);
	    when any
	return@q r;
}

@script:python@
g << leak.g;
r << leak.r;
p << leak.p;
q << leak.q;
@@
if source_of(p[0], g) and r.strip() != "0":
    findings.add(q[0], "what %s() registered on line %s is still registered on this path" % (g, p[0].line))

// The same for those that cannot fail

@leak_void exists@
expression cond, c2, r;
identifier g : script:python() { registers(g) };
identifier u : script:python() { is_undo(u) };
position p, q;
@@
g@p(...);
... when != u(...)
    when any
if (cond) {
	... when != u(...)
	    when != if (c2) u(...);
	    when any
	return@q r;
}

@script:python@
g << leak_void.g;
r << leak_void.r;
p << leak_void.p;
q << leak_void.q;
@@
if source_of(p[0], g) and r.strip() != "0":
    findings.add(q[0], "what %s() registered on line %s is still registered on this path" % (g, p[0].line))

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
