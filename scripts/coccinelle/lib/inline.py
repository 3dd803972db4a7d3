# SPDX-License-Identifier: GPL-2.0-only
"""Macros of the program as functions, which is what they are to our rules.

spatch looks into no macro that it can do without. So each that stands for an
expression or a statement becomes a function in a file of its own, on the line on
which it was defined: a lock in it is taken by whoever uses it.
"""
import re

MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)\(([^()\n]*)\)((?:[^\n\\]|\\.|\\\n)*)",
                   re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
VARIADIC = re.compile(r"^(\w*)\.\.\.$")
STATEMENT = re.compile(r"do\b")
# Neither expression nor statement: initializers, declarations, loops to be gone on with
OTHER = re.compile(r"[.{\[]|(static|struct|extern|typedef|const|for|if|while|switch|else|case|"
                   r"return|asm|__asm__|static_assert|_Static_assert|module_\w+|MODULE_\w+|EXPORT_\w+|DEFINE_\w+|DECLARE_\w+)\b")


def function(name, parameters, body):
    """A macro as a function; or nothing, as for one that calls what it is named after."""
    body = COMMENT.sub(" ", body.replace("\\\n", " ")).strip()
    body = re.sub(r",\s*##\s*(\w+)", r", \1", body)
    names = [VARIADIC.sub(lambda m: m[1] or "__VA_ARGS__", word.strip())
             for word in parameters.split(",") if word.strip()]
    if "(" not in body or "#" in body or OTHER.match(body) or \
       re.search(rf"\b{name}\(", body) or not all(re.fullmatch(r"[A-Za-z_]\w*", word) for word in names):
        return ""
    if STATEMENT.match(body):
        body = body.rstrip("; \t") + ";"
    elif ";" in body and not body.startswith("({"):
        return ""
    else:
        body = f"return {body};"
    given = ", ".join(f"long {word}" for word in names) or "void"
    return f"static long {name}({given}) {{ {body} }}"


def text(source):
    """The file for what a source defines, as many lines long; nothing if there is
    nothing to put into it."""
    lines, empty = [""] * source.count("\n"), True
    for match in MACRO.finditer(source):
        code = function(*match.groups())
        if code:
            lines[source.count("\n", 0, match.start())] = code
            empty = False
    return "" if empty else "\n".join(lines) + "\n"
