# SPDX-License-Identifier: GPL-2.0-only
"""Tables as their text has them: entries with their places, and the macros in them."""
import re

# Comments and strings, in which braces are no more than characters
OPAQUE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:[^\n\\]|\\.|\\\n)*)", re.MULTILINE)
EMPTY = re.compile(r"\{\s*0?\s*,?\s*\}$")


class Place:
    """What a report wants to know of a position."""

    def __init__(self, where, text, first, last):
        self.file, self.current_element = where.file, where.current_element
        self.line, self.column = self.count(text, first)
        self.line_end, self.column_end = self.count(text, last)

    @staticmethod
    def count(text, at):
        return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)


def read(file):
    with open(file, encoding="utf-8", errors="replace") as source:
        return source.read()


def entries(where):
    """The entries of the table whose name stands at `where', each with its place, but
    not an empty one, which ends it."""
    text = read(where.file)
    # As long as it was, so that places are those of the file
    plain = OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    lines = plain.split("\n")
    at = sum(len(line) + 1 for line in lines[:int(where.line) - 1]) + int(where.column)
    depth, first = 0, 0
    for at in range(plain.index("{", at), len(plain)):
        if plain[at] == "{":
            depth += 1
            if depth == 2:
                first = at
        elif plain[at] == "}":
            depth -= 1
            if depth == 1 and not EMPTY.match(plain[first:at + 1]):
                yield Place(where, plain, first, at + 1), text[first:at + 1]
            if depth == 0:
                return


def macros(files):
    """name -> what it stands for, as the files define it."""
    return {name: body for file in files for name, body in MACRO.findall(read(file))}


def expanded(text, known):
    """The text, and behind it all that its macros stand for."""
    done, new = set(), set(re.findall(r"\w+", text)) & set(known)
    while new:
        done |= new
        more = " ".join(known[name] for name in sorted(new))
        text += " " + more
        new = set(re.findall(r"\w+", more)) & set(known) - done
    return text
