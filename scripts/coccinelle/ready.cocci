// SPDX-License-Identifier: GPL-2.0-only
/// A backend's ready() answers and does not wait: it sleeps nowhere, takes no
/// lock that sleeps, and does not poll until something happens. The core asks again
/// until the time is over; meanwhile resets and the user's signals must get through.
///
// Confidence: High
// Comments: looks through the functions of all files that it is given together
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import re
import callgraph

SLEEPS = re.compile(
    r"(msleep(_interruptible)?|ssleep|fsleep|usleep_range(_idle|_state)?|"
    r"schedule(_timeout\w*|_hrtimeout\w*)?|io_schedule\w*|cond_resched|might_sleep|"
    r"(___?)?wait_event\w*|wait_for_completion\w*|wait_on_bit\w*|wait_for_device_probe|"
    r"flush_(work|workqueue|delayed_work)|cancel_(delayed_)?work_sync|synchronize_\w+|"
    r"request_firmware\w*|pci_wait_for_pending\w*|pcie?_\w*(reset|flr)\w*|"
    r"mutex_lock(_killable|_interruptible|_nested)?|down(_read|_write)?(_killable|_interruptible|_timeout)?)$")
POLLS = re.compile(
    r"((io)?read\w*_poll_timeout(_atomic)?|regmap_read_poll_timeout|readx_poll_timeout(_atomic)?|"
    r"mdelay|cpu_relax|spin_until_cond|smp_cond_load_\w+|"
    r"time_(before|after)(_eq)?(64)?|time_is_(before|after)(_eq)?_jiffies|ktime_(before|after))$")
DELAYS = re.compile(r"(udelay|ndelay)$")
SHORT = 10              # microseconds that two accesses of a register may need between them
CLASSES = re.compile(r"(mutex\w*|rwsem_\w+|semaphore)$")

graph = callgraph.Graph()
roots = {}
delays = {}             # position -> argument
guards = []             # (position, class)
findings = callgraph.Findings()

def at(where):
    return (where.file, where.line, where.column)

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

@delay@
identifier g =~ "^\(udelay\|ndelay\)$";
expression e;
position p;
@@
g@p(e)

@script:python@
e << delay.e;
p << delay.p;
@@
delays[at(p[0])] = callgraph.squeeze(e)

@guarded@
identifier guard =~ "^\(guard\|ACQUIRE\)$";
identifier kind;
expression l;
position p;
@@
guard@p(kind)(l)

@script:python@
kind << guarded.kind;
p << guarded.p;
@@
guards.append((p[0], kind))

@scoped@
iterator name scoped_guard;
identifier kind;
expression l;
statement S;
position p;
@@
scoped_guard@p(kind, l) S

@script:python@
kind << scoped.kind;
p << scoped.p;
@@
guards.append((p[0], kind))

@backend@
identifier x, f;
position p;
@@
struct coherent_backend x = { ..., .ready = f@p, ... };

@script:python@
f << backend.f;
p << backend.p;
@@
target = graph.resolve(p[0].file, f)
if target:
    roots[target] = f

@script:python@
@@
reached = graph.reachable(roots)

def asked(where):
    return reached.get((where.file, where.current_element))

def short(where):
    text = delays.get(at(where), "")
    return text.isdigit() and int(text) <= SHORT

for where, name in graph.calls:
    ready = asked(where)
    if not ready or graph.resolve(where.file, name):
        continue
    if SLEEPS.match(name):
        findings.add(where, "%s() sleeps, and %s() must not wait: return -EAGAIN, the core asks again" % (name, ready))
    elif POLLS.match(name):
        findings.add(where, "%s(): %s() must not poll: return -EAGAIN, the core asks again" % (name, ready))
    elif DELAYS.match(name) and not short(where):
        findings.add(where, "%s(%s): %s() must not wait: return -EAGAIN, the core asks again" % (name, delays.get(at(where), "..."), ready))
for where, kind in guards:
    ready = asked(where)
    if ready and CLASSES.match(kind):
        findings.add(where, "a lock that sleeps, and %s() must not wait" % ready)

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
