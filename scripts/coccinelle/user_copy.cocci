// SPDX-License-Identifier: GPL-2.0-only
/// No faultable copy to or from userspace while a lock is held that page
/// faults take: those of the core (face_lock, map_lock, coherent_gate.lock, the
/// ledger's, and mmap_lock), and each lock that an mmap or fault handler of the
/// same program waits for. The user's buffer may be a mapping of this very device:
/// its fault waits for the lock, or for a reset that does, and that is a deadlock.
/// Sections with page faults disabled are exempt.
///
// Confidence: Moderate
// Comments: looks through the functions of all files that it is given together;
// a lock is known by the name of its field, and by the structure that it is in where
// spatch knows that
// Options: --no-includes

virtual report
virtual org

@initialize:python@
@@
import re
import callgraph
import locks

COPIES = re.compile(
    r"_*(copy_(to|from|in)_user|copy_struct_(to|from)_user|get_user|put_user|"
    r"clear_user|strncpy_from_user|strn?len_user|v?memdup_user(_nul)?|"
    r"memdup_array_user|simple_read_from_buffer|simple_write_to_buffer|"
    r"copy_(mc_)?(to|from)_iter(_full|_nocache|_flushcache)?|iov_iter_zero|"
    r"copy_page_(to|from)_iter|fault_in_\w+|(pin|get)_user_pages\w*|"
    r"iov_iter_(get|extract)_pages\w*|"
    r"vfio_pci_core_(read|write|ioctl|do_io_rw|ioctl_feature)|"
    r"coherent_(read|write|ioctl|device_feature))$")
BEGIN = {"coherent_access_begin", "coherent_access_begin_wait", "mmap_read_lock",
         "mmap_write_lock", "mmap_read_lock_killable", "mmap_write_lock_killable"}
END = {"coherent_access_end", "mmap_read_unlock", "mmap_write_unlock"}

graph = callgraph.Graph()
known = locks.Locks(graph)
is_lock, lock_name = known.is_lock, locks.name_of
exempt = set()
via = {}
locked, unlocked = set(), set()
begin, end = set(BEGIN), set(END)
sections = []

def at(where):
    return (where.file, where.line, where.column)

def is_copy(name):
    return COPIES.match(name) is not None

def is_begin(name):
    return name in begin

def is_end(name):
    return name in end

def reaches_copy(where, name):
    if at(where) in exempt:
        return False
    target = graph.resolve(where.file, name)
    return target in via if target else is_copy(name)

def may_copy(name):
    return is_copy(name) or any(name == f for _, f in via)

def chain(where, name):
    path = [name]
    target = graph.resolve(where.file, name)
    while target in via:
        name = via[target]
        path.append(name)
        target = graph.resolve(target[0], name)
    return " > ".join(path)

def message(where, name, lock, line):
    return "%s may fault while %s is held since line %s" % (chain(where, name), lock, line)

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

@nofault exists@
identifier g;
position p;
@@
pagefault_disable();
... when != pagefault_enable();
    when any
g@p(...)

@script:python@
p << nofault.p;
@@
exempt.add(at(p[0]))

@script:python@
@@
via.update(graph.callers_of(is_copy, lambda where: at(where) in exempt))

// The memory manager calls these with mmap_lock held

@handlers@
identifier x, f;
identifier slot =~ "^\(fault\|huge_fault\|map_pages\|page_mkwrite\|pfn_mkwrite\|mmap\|close\|open\|mremap\)$";
position p;
@@
(
struct vm_operations_struct x = { ..., .slot = f@p, ... };
|
struct vfio_device_ops x = { ..., .mmap = f@p, ... };
|
struct file_operations x = { ..., .mmap = f@p, ... };
)

@script:python@
f << handlers.f;
p << handlers.p;
@@
known.handlers.append((p[0], f))

// What they wait for

@takes@
identifier lock =~ "^\(down_read\|down_write\|mutex_lock\)\(\|_killable\|_interruptible\|_nested\)$";
expression l;
position p;
@@
lock@p(l, ...)

@script:python@
l << takes.l;
p << takes.p;
@@
known.take(p[0], l)

@guards@
identifier guard =~ "^\(guard\|ACQUIRE\)$";
expression l;
position p;
@@
guard@p(...)(l)

@script:python@
l << guards.l;
p << guards.p;
@@
known.take(p[0], l)

@scopes@
iterator name scoped_guard;
expression t, l;
statement S;
position p;
@@
scoped_guard@p(t, l) S

@script:python@
l << scopes.l;
p << scopes.p;
@@
known.take(p[0], l)

@members@
identifier lock =~ "^\(down_read\|down_write\|mutex_lock\)\(\|_killable\|_interruptible\|_nested\)$";
identifier fld;
type T;
T *e;
position p;
@@
lock@p(&e->fld, ...)

@script:python@
T << members.T;
fld << members.fld;
p << members.p;
@@
known.take_member(p[0], T, fld)

@guard_members@
identifier guard =~ "^\(guard\|ACQUIRE\)$";
identifier fld;
type T;
T *e;
position p;
@@
guard@p(...)(&e->fld)

@script:python@
T << guard_members.T;
fld << guard_members.fld;
p << guard_members.p;
@@
known.take_member(p[0], T, fld)

@script:python@
@@
known.follow()

// What locks and does not unlock, or the other way round, is a wrapper

@locks@
identifier lock =~ "^\(down_read\|down_write\|mutex_lock\)\(\|_killable\|_interruptible\|_nested\)$";
expression l : script:python() { is_lock(l) };
position p;
@@
lock@p(l, ...)

@script:python@
l << locks.l;
p << locks.p;
@@
locked.add((p[0].current_element, lock_name(l)))

@unlocks@
identifier unlock =~ "^\(up_read\|up_write\|mutex_unlock\)$";
expression l : script:python() { is_lock(l) };
position p;
@@
unlock@p(l)

@script:python@
l << unlocks.l;
p << unlocks.p;
@@
unlocked.add((p[0].current_element, lock_name(l)))

@script:python@
@@
begin.update(f for f, _ in locked - unlocked)
end.update(f for f, _ in unlocked - locked)

@wrapper exists@
type T;
identifier i;
expression ret;
identifier acq : script:python() { is_begin(acq) };
identifier r : script:python() { is_end(r) };
position p;
statement S;
@@
(
ret = acq@p(...);
if (<+... ret ...+>) S
|
T i = acq@p(...);
if (<+... i ...+>) S
)
... when != r(...)
    when any
return ...;

@script:python@
p << wrapper.p;
@@
begin.add(p[0].current_element)

// From a lock to a copy with no unlock between

@held exists@
identifier lock =~ "^\(down_read\|down_write\|mutex_lock\|lockdep_assert_held\)\(\|_killable\|_interruptible\|_nested\|_trylock\|_read\|_write\)$";
identifier unlock =~ "^\(up_read\|up_write\|mutex_unlock\)$";
identifier r : script:python() { is_end(r) };
expression l : script:python() { is_lock(l) };
identifier g : script:python() { may_copy(g) };
position p, q;
@@
lock@p(l, ...)
... when != unlock(l)
    when != r(...)
    when any
g@q(...)

@script:python@
g << held.g;
l << held.l;
p << held.p;
q << held.q;
@@
if reaches_copy(q[0], g) and known.counts(p[0], l):
    findings.add(q[0], message(q[0], g, known.describe(p[0], l), p[0].line))

@begun exists@
identifier enter : script:python() { is_begin(enter) };
identifier r : script:python() { is_end(r) };
identifier unlock =~ "^\(up_read\|up_write\|mutex_unlock\)$";
expression l : script:python() { is_lock(l) };
identifier g : script:python() { may_copy(g) };
position p, q;
@@
enter@p(...)
... when != unlock(l)
    when != r(...)
    when any
g@q(...)

@script:python@
g << begun.g;
p << begun.p;
enter << begun.enter;
q << begun.q;
@@
if reaches_copy(q[0], g):
    findings.add(q[0], message(q[0], g, "what %s() takes" % enter, p[0].line))

// Guards hold to the end of their block

@block exists@
identifier guard =~ "^\(guard\|ACQUIRE\)$";
expression l : script:python() { is_lock(l) };
position p, z;
@@
{
... when any
guard@p(...)(l);
... when any
}@z

@script:python@
l << block.l;
p << block.p;
z << block.z;
@@
if known.counts(p[0], l):
    sections.append((p[0], int(p[0].line), int(z[0].line), known.describe(p[0], l)))

@scoped@
iterator name scoped_guard;
expression t;
expression l : script:python() { is_lock(l) };
statement S;
position p, q;
@@
scoped_guard@p(t, l) S@q

@script:python@
l << scoped.l;
p << scoped.p;
q << scoped.q;
@@
if known.counts(p[0], l):
    sections.append((p[0], int(p[0].line), int(q[0].line_end), known.describe(p[0], l)))

@script:python@
@@
for handler, f in known.handlers:
    for where, name in graph.calls:
        if (where.current_element == f and where.file == handler.file and
                reaches_copy(where, name)):
            findings.add(where, "%s may fault, and the caller of %s() holds mmap_lock" % (chain(where, name), f))

@script:python@
@@
# The innermost block is the one that ends first
ends = {}
for where, first, last, lock in sections:
    key = at(where)
    if key not in ends or last < ends[key][1]:
        ends[key] = (first, last, lock, where)
for first, last, lock, start in ends.values():
    for where, name in graph.calls:
        if (where.file == start.file and where.current_element == start.current_element and
                first < int(where.line) <= last and reaches_copy(where, name)):
            findings.add(where, message(where, name, lock, first))

@script:python depends on report@
@@
for where, text in findings:
    coccilib.report.print_report(where, text)

@script:python depends on org@
@@
for where, text in findings:
    coccilib.org.print_todo(where, text)
