# SPDX-License-Identifier: GPL-2.0-only
"""Who calls whom, for rules that must look through functions.

A rule records calls and definitions as it meets them; the files that spatch was
given together are one program.  A static function is its file's own, so names
are looked up in the caller's file first.
"""
import re


class Graph:
    def __init__(self):
        self.calls = []         # (position, name of the callee)
        self.defined = {}       # name -> set of files
        self.seen = set()

    def define(self, where, name):
        self.defined.setdefault(name, set()).add(where.file)

    def call(self, where, name):
        key = (where.file, where.line, where.column, name)
        if key not in self.seen:
            self.seen.add(key)
            self.calls.append((where, name))

    def resolve(self, file, name):
        """The function that `name' means in `file': (file, name) or None."""
        files = self.defined.get(name, set())
        if file in files:
            return (file, name)
        # Elsewhere, if there is no doubt which one
        return (min(files), name) if len(files) == 1 else None

    def callers_of(self, is_base, skip=lambda where: False):
        """Functions that call what is_base() says, however deep; each with the
        callee through which it does."""
        via = {}
        grown = True
        while grown:
            grown = False
            for where, name in self.calls:
                caller = (where.file, where.current_element)
                if caller in via or skip(where):
                    continue
                target = self.resolve(where.file, name)
                if (target in via) if target else is_base(name):
                    via[caller] = name
                    grown = True
        return via

    def reachable(self, roots):
        """Functions called from roots, a dict of (file, name) -> anything;
        each with what its root has."""
        found = dict(roots)
        grown = True
        while grown:
            grown = False
            for where, name in self.calls:
                caller = (where.file, where.current_element)
                target = self.resolve(where.file, name)
                if caller in found and target and target not in found:
                    found[target] = found[caller]
                    grown = True
        return found


def squeeze(text):
    """An expression as spatch gives it, without its spaces."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", text.strip())


# A comma, a bracket or a string that is no more than its characters
PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[^"\']', re.DOTALL)


def arguments(text):
    """The arguments in an expression list, split at the outermost commas."""
    out, depth, word = [], 0, ""
    for piece in PIECES.findall(text):
        if piece in ("(", "[", "{"):
            depth += 1
        elif piece in (")", "]", "}"):
            depth -= 1
        if piece == "," and depth == 0:
            out.append(squeeze(word))
            word = ""
        else:
            word += piece
    return out + [squeeze(word)] if word.strip() else out


class Findings:
    """Findings in the order of the source, each once."""

    def __init__(self):
        self.found = {}

    def add(self, where, message):
        key = (where.file, int(where.line), int(where.column))
        self.found.setdefault(key, (where, message))

    def __iter__(self):
        return iter([self.found[key] for key in sorted(self.found)])
