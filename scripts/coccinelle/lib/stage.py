# SPDX-License-Identifier: GPL-2.0-only
"""Copies of C sources without their lock annotations, which spatch reads.

spatch has no grammar for an attribute behind a function's parameters or a
member's name and skips what stands around it.  A macro file does not help in all
places, so the annotations become blanks here: lines stay what they were.
"""
import pathlib
import re

from lib import inline

NAMES = (r"__(?:pt_)?guarded_by|__(?:must_hold|acquires|releases|excludes)(?:_shared)?"
         r"|__must_not_hold|__cond_acquires(?:_shared)?|__cond_releases"
         r"|__context_unsafe|__no_context_analysis|__no_capability_analysis")
# Parentheses within parentheses, three deep: more is not an annotation
ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
# Where they are defined they stay
ANNOTATION = re.compile(rf"^[ \t]*#[^\n]*|(?<!\w)(?:{NAMES})\b[ \t]*(?:{ARGUMENTS})?",
                        re.MULTILINE)


def blank(match):
    text = match.group()
    if text.lstrip().startswith("#"):
        return text
    return re.sub(r"[^\n]", " ", text)


class Copies:
    """Below a folder each file has the path that it has on this machine."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.done = {}          # real file -> copy
        self.names = {}         # copy -> the name it was given by
        self.mentioned = re.compile(re.escape(str(self.root)) + r"[^: ]*")

    def copy(self, real):
        if real not in self.done:
            copy = self.root / real.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = real.read_text(encoding="utf-8", errors="replace")
            copy.write_text(ANNOTATION.sub(blank, text), encoding="utf-8")
            self.done[real] = copy
        return str(self.done[real])

    def add(self, name):
        """Copy a file, and what is beside it, for that may be included."""
        real = pathlib.Path(name).resolve()
        copy = self.copy(real)
        self.names[copy] = name
        for neighbour in real.parent.glob("*.[ch]"):
            if neighbour.is_file():
                self.copy(neighbour.resolve())
        return copy

    def macros(self, copy):
        """A file with the macros of a copy as functions, in a list; or none."""
        code = inline.text(pathlib.Path(copy).read_text(encoding="utf-8"))
        if not code:
            return []
        file = f"{copy}.macros.c"
        pathlib.Path(file).write_text(code, encoding="utf-8")
        self.names[file] = self.names[copy]
        return [file]

    def original(self, text):
        """`text' with the names of originals where it has those of copies."""
        def own(match):
            copy = match.group()
            return self.names.get(copy, copy[len(str(self.root)):])
        return self.mentioned.sub(own, text)
