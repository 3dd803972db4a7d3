#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""messages.py PAGE FILE...: what the files print to the log is on the page, and no more.

On the page a message is a line of its own, **`like this, with <words> for values`**.
"""

import pathlib
import re
import sys

PRINTS = re.compile(
    r"\b(?:dev|pci|pr)_(?:emerg|alert|crit|err|warn|notice|info)(?:_once|_ratelimited|_probe)?\s*\("
)
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"|\b([A-Z][A-Z0-9_]*)\b')
CONVERSION = re.compile(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|t)?(?:p[A-Za-z]*|[a-oq-zA-Z])")
DOCUMENTED = re.compile(r"^\*\*`(.+)`\*\*$")
PLACE = re.compile(r"<[^<>]+>")
ANY = "\0"


def arguments(text, start):
    """The text between the parentheses that open before start."""
    depth, at, quoted = 1, start, False
    while depth:
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        else:
            depth += (char == "(") - (char == ")")
        at += 1
    return text[start : at - 1]


def format_of(text):
    """The first string among the arguments, its pieces put together; a macro is a value."""
    pieces, end = [], None
    for match in LITERAL.finditer(text):
        if end is not None and text[end : match.start()].strip():
            break
        if match.group(1) is None and not pieces and '"' not in text[match.end() :].split(",")[0]:
            continue
        pieces.append(ANY if match.group(1) is None else match.group(1))
        end = match.end()
    return "".join(pieces)


def messages(path):
    """(line, message) for each, values taken out."""
    text = path.read_text()
    for match in PRINTS.finditer(text):
        found = format_of(arguments(text, match.end())).removesuffix("\\n")
        if found:
            yield text.count("\n", 0, match.start()) + 1, CONVERSION.sub(ANY, found)


def main(page, files):
    """Print what is missing on either side."""
    documented = {}
    for number, line in enumerate(page.read_text().splitlines(), 1):
        match = DOCUMENTED.match(line)
        if match:
            documented.setdefault(PLACE.sub(ANY, match.group(1)), number)
    printed = set()
    for path in files:
        for line, message in messages(path):
            printed.add(message)
            if message not in documented:
                shown = message.replace(ANY, "<...>")
                print(f"{path}:{line}: messages: not in {page}: {shown}")
    for message, number in documented.items():
        if message not in printed:
            shown = message.replace(ANY, "<...>")
            print(f"{page}:{number}: messages: nothing prints this: {shown}")


main(pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]])
