# SPDX-License-Identifier: GPL-2.0-only
"""Locks that page faults wait for, for user_copy.cocci: those of the core by their
names, and those of a driver by who takes them.

A lock is known by the name of its field, and by the structure that it is in where
spatch knows that; one of the file's own by its name.
"""
import re

import callgraph

CORE = re.compile(r"(memory_lock|face_lock|map_lock|config_lock|ledger_lock|mmap_lock|gate(\.|->)lock)$")


def at(where):
    return (where.file, where.line, where.column)


def core_lock(text):
    match = CORE.search(callgraph.squeeze(text))
    return match and match.group(1)


def name_of(text):
    """What a lock is called, in its structure or by itself."""
    return core_lock(text) or re.sub(r".*(->|\.)|[&*()]", "", callgraph.squeeze(text))


class Locks:
    def __init__(self, graph):
        self.graph = graph
        self.handlers = []          # (position, function): called with mmap_lock held
        self.acquired = []          # positions
        self.taken = {}             # position -> (structure or None, field)
        self.waited = {}            # (structure or None, field) -> handler that waits for it

    def take(self, where, text):
        self.acquired.append(where)
        self.taken.setdefault(at(where), (None, name_of(text)))

    def take_member(self, where, structure, field):
        self.taken[at(where)] = (callgraph.squeeze(structure), field)

    def follow(self):
        """What is taken in a handler, or in what that calls, is waited for there."""
        roots = {self.graph.resolve(where.file, name): name for where, name in self.handlers}
        roots.pop(None, None)
        reached = self.graph.reachable(roots)
        for where in self.acquired:
            handler = reached.get((where.file, where.current_element))
            if handler:
                self.waited.setdefault(self.taken[at(where)], handler)

    def is_lock(self, text):
        """May it be one? Where it is taken tells more."""
        return bool(core_lock(text)) or name_of(text) in {field for _, field in self.waited}

    def waits(self, where, text):
        """The handler that waits for a driver's lock taken there, or None: it may be
        another one of the same name."""
        owner, name = self.taken.get(at(where), (None, name_of(text)))
        return next((handler for (other, field), handler in self.waited.items()
                     if field == name and (owner == other or None in (owner, other))), None)

    def counts(self, where, text):
        return bool(core_lock(text) or self.waits(where, text))

    def describe(self, where, text):
        handler = None if core_lock(text) else self.waits(where, text)
        return name_of(text) + (f", which {handler}() waits for," if handler else "")
