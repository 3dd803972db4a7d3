# SPDX-License-Identifier: GPL-2.0-only
"""File positions: who moves them, by what, and which variables are errors: the part
of ppos.cocci that needs memory."""
import re

import callgraph

# Besides what is found to move the position that it is handed
MOVERS = {"vfio_pci_core_read", "vfio_pci_core_write", "coherent_read", "coherent_write",
          "simple_read_from_buffer", "simple_write_to_buffer"}
# What they return is no error, though a call
COUNTS = re.compile(r"(min(_t|3)?|umin|max(_t|3)?|umax|clamp(_t|_val)?|copy_(to|from)_(user|iter)|"
                    r"sizeof|strn?len|round_?(up|down)|ALIGN(_DOWN)?)$")
ERROR = re.compile(r"-E[A-Z0-9]+$")
# What a condition asks about, and whether it holds when that is not 0
CONDITIONS = ((re.compile(r"(\w+)(?:<0|>0|>=0|!=0)?$"), True),
              (re.compile(r"IS_ERR_VALUE\((\w+)\)$"), True),
              (re.compile(r"!(\w+)$"), False),
              (re.compile(r"(\w+)(?:==0|<=0)$"), False))


def key(where):
    return (where.file, where.current_element)


def base(text):
    """The variable that a condition asks about, and whether the condition holds when
    that is not 0: (name, True) for ret, ret < 0 and done > 0, (name, False) for !ret."""
    text = re.sub(r"^(?:un)?likely\((.*)\)$", r"\1", callgraph.squeeze(text))
    for pattern, holds in CONDITIONS:
        match = pattern.match(text)
        if match:
            return match.group(1), holds
    return None, False


class Moves:
    def __init__(self):
        self.graph = callgraph.Graph()
        self.movers = set(MOVERS)
        self.moving = set()         # functions that move what they are handed
        self.handing = []           # (position, callee) to which the position is handed
        self.saved = set()          # variables that keep what the position was
        self.amounts = {}           # function -> texts of what the position is moved by
        self.counted = {}           # function -> variables that something is added to
        self.failing = {}           # function -> {variable: lines where it gets what may be an error}

    # What the semantic patch asks while it looks

    def is_mover(self, name):
        return name in self.movers

    def is_count(self, name):
        return COUNTS.match(name) is not None

    def is_saved(self, text):
        return callgraph.squeeze(text) in self.saved

    # What it sees

    def moved(self, where, amount):
        self.moving.add(key(where))
        self.moved_by(where, amount)

    def moved_by(self, where, amount):
        self.amounts.setdefault(key(where), set()).add(callgraph.squeeze(amount))

    def counts(self, where, name):
        self.counted.setdefault(key(where), set()).add(name)

    def fails(self, where, name):
        self.failing.setdefault(key(where), {}).setdefault(name, []).append(int(where.line))

    def follow(self):
        """Who hands the position to one that moves it moves it."""
        grown = True
        while grown:
            grown = False
            for where, name in self.handing:
                target = self.graph.resolve(where.file, name)
                if not (target in self.moving if target else name in self.movers):
                    continue
                grown |= key(where) not in self.moving
                self.moving.add(key(where))
                self.movers.add(name)

    # What follows from it

    def is_error(self, text, moved, end):
        """May a branch be one, after the position was moved?"""
        text = callgraph.squeeze(text)
        if ERROR.match(text):
            return True
        me = key(end)
        if not re.match(r"[A-Za-z_]\w*$", text) or text in self.counted.get(me, ()):
            return False
        # What was moved by is no error, unless it became something else since
        since = int(moved.line) if text in self.amounts.get(me, ()) else 0
        return any(since < line <= int(end.line)
                   for line in self.failing.get(me, {}).get(text, ()))

    def may_fail(self, moved, end, cond, yes, no):
        """return cond ? yes : no; a choice without yes has cond there."""
        me = key(end)
        if key(moved) != me:
            return False
        name, holds = base(cond)
        about_count = name in self.counted.get(me, ()) or name in self.amounts.get(me, ())
        # done == 0 ? -EFAULT : done is fine: then nothing was moved
        if self.is_error(yes, moved, end):
            return not (about_count and not holds)
        return self.is_error(no, moved, end) and not (about_count and holds)
