# SPDX-License-Identifier: GPL-2.0-only
"""Numbers from outside (firmware, userspace), and what is done with them before
they were compared with anything: the part of overflow.cocci that needs memory.

A number is known by its path in a function, "size" or "own->mem.size". It is
followed through assignments, to the functions that it is handed to, and back to
the callers of those that fill it in, as a variable or as a member of a struct.
"""
import re

# Which arguments are filled in by firmware or by userspace
SOURCES = {"get_user": (0,), "__get_user": (0,), "acpi_evaluate_integer": (3,),
           "coherent_read_aperture": (3, 4), "of_property_read_u64_index": (3,),
           "of_property_read_u32_index": (3,)}
# ... by memory that is filled in as a whole
COPIES = {"copy_from_user": (0,), "__copy_from_user": (0,), "copy_struct_from_user": (0,),
          "copy_from_iter": (0,), "copy_from_iter_full": (0,), "copy_from_sockptr": (0,)}
WIDTHS = ("u8", "u16", "u32", "u64", "ll", "ull", "l", "ul", "s64", "int", "uint")
for width in WIDTHS:
    SOURCES["kstrto" + width] = (2,)
    SOURCES[f"kstrto{width}_from_user"] = (3,)
    for what in ("device", "fwnode", "of"):
        SOURCES[f"{what}_property_read_{width}"] = (2,)
        COPIES[f"{what}_property_read_{width}_array"] = (2,)
# What they return is from outside
RETURNS = ("memparse", "simple_strtoul", "simple_strtoull")
NARROW = re.compile(r"_(u8|u16|u32)(_index|_array)?$|kstrto(u8|u16|u32|u?int)(_from_user)?$")
# A 64-bit operand makes the operation one of 64 bits
WIDE = re.compile(r"\((__)?(u64|s64|uint64_t|unsigned long( long)?|size_t|ssize_t|loff_t|"
                  r"phys_addr_t|resource_size_t|dma_addr_t|unsignedlong(long)?)\)|"
                  r"(0x)?[0-9a-fA-F]+[uU]?[lL]+\b|SZ_(4|8|16|32|64|128|256|512)G|SZ_\d+T")
CHECKS = re.compile(r"(check_(add|mul|sub|shl)_overflow|size_(add|mul|sub)|array_size|"
                    r"array3_size|struct_size|(add|mul)_would_overflow|overflows_type|"
                    r"range_overflows(_t|_end_t)?|min|min_t|min3|umin|clamp|clamp_t|clamp_val|"
                    r"in_range|coherent_layout_carve|coherent_layout_check)$")
ROUNDS = re.compile(r"(PAGE_ALIGN|ALIGN|round_?up|roundup_pow_of_two|DIV_ROUND_UP(_ULL)?|PFN_UP)$")
# No limit, whatever is compared with it
NO_LIMIT = re.compile(r"(0[uUlL]*|0x0|U(64|32|LLONG|LONG)_MAX|SIZE_MAX|PHYS_ADDR_MAX|"
                      r"type_max\(.*\)|~0[uUlL]*|\(u64\)-1)$")
LITERAL = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*$")
PATH = re.compile(r"[A-Za-z_]\w*(?:(?:->|\.)\w+|\[[^\[\]]*\])*")
LEAVES = re.compile(r"\b(return\b[^;]*|goto\s+\w+|break|continue)\s*;\s*\}?\s*$")
PARAMETER = re.compile(r"^\s*module_param(?:_named)?\(\s*(?:\w+\s*,\s*)??(\w+)\s*,\s*"
                       r"(?:byte|u?short|u?int|u?long|ullong)\s*,", re.MULTILINE)
CAST = re.compile(r"^(?:\((?:\w+ )*\w+\**\))+(?=[\w&(])")


def words(text):
    """Variables, and paths through fields, that an expression reads."""
    return set(PATH.findall(re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)))


def bare(text):
    """The path behind an argument: without casts and parentheses around it."""
    while text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1]
    return CAST.sub("", text)


def within(word, path, content):
    """Is the word the path, or inside of what is there?"""
    return (word == path and not content) or word.startswith((path + "->", path + "["))\
        or (not content and word.startswith(path + "."))


class Number:
    """What is known of a path: since which line, whether it is narrower than what is
    computed with, whether only memory behind the pointer is meant, and whether it was
    put behind a pointer, which callers see."""

    def __init__(self, line, narrow=False, content=False, shown=False):
        self.line, self.narrow, self.content, self.shown = line, narrow, content, shown


class Numbers:
    def __init__(self, graph):
        self.graph = graph
        self.calls, self.sums = [], []      # (position, name, arguments); (position, op, a, b)
        self.params = {}                    # (file, function) -> names
        self.comparisons = []               # (position, smaller, larger)
        self.leaving = set()                # positions of those whose branch leaves
        self.assigned = []                  # (position, what, value)
        self.known = {}                     # (file, function) -> {path: Number}
        self.shows = {}                     # (file, function) -> {(parameter, path behind it)}
        self.checks = {}                    # (file, function) -> [(line, column, text, kind)]
        self.settings = {}                  # file -> names of module parameters

    # What the semantic patch sees

    def branch(self, where, first, last):
        """A comparison in the condition of a statement that is on these lines."""
        with open(where.file, encoding="utf-8", errors="replace") as source:
            text = "".join(source.read().splitlines(keepends=True)[int(first) - 1:int(last)])
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        if LEAVES.search(text.rstrip()):
            self.leaving.add(self.at(where))

    @staticmethod
    def at(where):
        return (where.file, int(where.line), int(where.column))

    @staticmethod
    def function(where):
        return (where.file, where.current_element)

    # What follows from it

    def add(self, function, path, number):
        names = self.known.setdefault(function, {})
        old = names.get(path)
        if not path or (old and (old.shown or not number.shown)):
            return False
        names[path] = number
        return True

    def find(self, function, word, line):
        """The Number that a word is, or None."""
        for path, number in self.known.get(function, {}).items():
            if line < number.line or not within(word, path, number.content):
                continue
            # Something else was put there meanwhile
            if any(self.function(w) == function and text in (word, path) and
                   number.line < int(w.line) < line for w, text, _ in self.assigned):
                continue
            return number
        if word in self.settings.get(function[0], ()) and not any(
                word == name for name in self.params.get(function, ())):
            return Number(0)
        return None

    def checked(self, function, word, line, column, kinds, without=()):
        """Was it compared before that place?"""
        functions = [function]
        if word in self.settings.get(function[0], ()):
            # What init() has seen to holds for all
            functions = [f for f in self.checks if f[0] == function[0]]
            line = float("inf")
        return any((l, c) < (line, column) and kind in kinds and word in words(text) and
                   text not in without
                   for f in functions for l, c, text, kind in self.checks.get(f, ()))

    def collect_checks(self):
        for where, smaller, larger in self.comparisons:
            into = self.checks.setdefault(self.function(where), [])
            leaving = self.at(where) in self.leaving
            for text, other, kind in ((smaller, larger, "lower" if leaving else "both"),
                                      (larger, smaller, "both")):
                if NO_LIMIT.match(other):
                    # That it is not 0 is something for what is subtracted from
                    kind = "lower"
                into.append((int(where.line), int(where.column), text, kind))
        for where, name, given in self.calls:
            if CHECKS.match(name):
                self.checks.setdefault(self.function(where), []).extend(
                    (int(where.line), int(where.column), text, "both") for text in given)

    def read_settings(self):
        for file in {file for files in self.graph.defined.values() for file in files}:
            with open(file, encoding="utf-8", errors="replace") as source:
                self.settings[file] = set(PARAMETER.findall(source.read()))

    def filled(self, me, line, text, suffix, narrow, content=False):
        """An argument is filled in, or what is behind it in a member."""
        text = bare(text)
        by_address = text.startswith("&")
        path = bare(text[1:] if by_address else text.lstrip("*"))
        if suffix:
            path += "." + suffix[2:] if by_address else suffix
        root = PATH.match(path)
        root = re.match(r"\w+", path).group() if root else ""
        shown = root in self.params.get(me, ()) and (
            "->" in path or (not by_address and path == root))
        return self.add(me, path, Number(line, narrow, content and not by_address, shown))

    def follow_call(self, where, name, given):
        me, line = self.function(where), int(where.line)
        grown = False
        narrow = bool(NARROW.search(name))
        target = self.graph.resolve(where.file, name)
        for table, content in ((SOURCES, False), (COPIES, True)):
            for i in table.get(name, ()) if not target else ():
                if i < len(given):
                    grown |= self.filled(me, line, given[i], "", narrow, content)
        if not target:
            return grown
        for i, suffix in self.shows.get(target, ()):
            if i < len(given):
                grown |= self.filled(me, line, given[i], suffix, False)
        names = self.params.get(target, [])
        for i, text in enumerate(given[:len(names)]):
            path = bare(text)
            by_address = path.startswith("&")
            path = bare(path.lstrip("&*"))
            if PATH.fullmatch(path):
                grown |= self.hand_on(where, path, by_address, target, names[i])
        return grown

    def hand_on(self, where, path, by_address, target, name):
        """What is known of an argument is known of the parameter."""
        me, line, column = self.function(where), int(where.line), int(where.column)
        grown = False
        number = self.find(me, path, line)
        if number and not self.checked(me, path, line, column, ("both",)):
            grown |= self.add(target, name, Number(0, number.narrow))
        inside = path + ("." if by_address else "->")
        for other in list(self.known.get(me, {})):
            if other.startswith(inside) and self.find(me, other, line) and \
               not self.checked(me, other, line, column, ("both",)):
                grown |= self.add(target, name + "->" + other[len(inside):], Number(0))
        return grown

    def follow_assignment(self, where, what, value):
        me, line, column = self.function(where), int(where.line), int(where.column)
        value = re.sub(r"^(le|be)(32|64)_to_cpup?\((.*)\)$", r"\3", bare(value))
        called = re.match(r"(\w+)\(", value)
        if called and called.group(1) in RETURNS:
            return self.add(me, what, Number(line))
        value = bare(value.lstrip("*"))
        if not PATH.fullmatch(value):
            return False
        number = self.find(me, value, line)
        if not number or number.narrow or self.checked(me, value, line, column, ("both",)):
            return False
        shown = "->" in what and re.match(r"\w+", what).group() in self.params.get(me, ())
        return self.add(me, what.lstrip("*"), Number(line, shown=shown or what.startswith("*")))

    def show(self):
        """What functions leave behind the pointers that they are given."""
        grown = False
        for me, names in self.known.items():
            for path, number in list(names.items()):
                root = re.match(r"\w+", path).group()
                if not number.shown or root not in self.params.get(me, ()) or \
                   self.checked(me, path, float("inf"), 0, ("both",)):
                    continue
                what = (self.params[me].index(root), path[len(root):])
                mine = self.shows.setdefault(me, set())
                grown |= what not in mine
                mine.add(what)
        return grown

    def follow(self):
        self.read_settings()
        self.collect_checks()
        grown = True
        while grown:
            grown = False
            for call in self.calls:
                grown |= self.follow_call(*call)
            for assignment in self.assigned:
                grown |= self.follow_assignment(*assignment)
            grown |= self.show()

    def tested_afterwards(self, where, text, a, b):
        """end = a + b; if (end < a): whoever asks afterwards knows as well."""
        me = self.function(where)
        results = {text} | {what for w, what, value in self.assigned
                            if self.function(w) == me and int(w.line) == int(where.line) and
                            value == text}
        return any(self.function(w) == me and int(w.line) >= int(where.line) and
                   smaller in results and larger in (a, b)
                   for w, smaller, larger in self.comparisons)

    def wraps(self, where, op, a, b):
        """The path that comes from outside, if this operation may wrap; or None."""
        me, line, column = self.function(where), int(where.line), int(where.column)
        if '"' in a + b or self.tested_afterwards(where, a + op + b, a, b):
            return None
        for text, other in ((a, b), (b, a)):
            literal = LITERAL.match(other)
            value = int(literal.group(1), 0) if literal and not re.match(
                r"0\d", literal.group(1)) else None
            if (op in "+-" and value is not None and value < 4096) or (op == "*" and value == 1):
                continue
            for word in sorted(words(text)):
                number = self.find(me, word, line)
                if not number or (number.narrow and (op == "-" or WIDE.search(a + b))):
                    continue
                if op == "-" and bare(text) != word:
                    continue
                kinds = ("both", "lower") if op == "-" else ("both",)
                if not self.checked(me, word, line, column, kinds, (a + op + b, b + op + a)):
                    return word
        return None
