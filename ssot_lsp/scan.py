"""A file's bytes → what it may import, and what it surely binds, many times faster than any parser.

Both err on one side only, and that is what they are for: `imports` finds every import statement that `syntax.parse`
finds, so that a file in which none of them matters need not be parsed; `outline` finds no name that `read_bindings`
does not find, so that a module need not be parsed to tell that it has a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from functools import cache
from keyword import kwlist
from typing import NamedTuple

from ssot_lsp.bindings import absolute
from ssot_lsp.lexical import strings
from ssot_lsp.syntax import MODULE_WORDS, PATCH_WORDS, PATH
from ssot_lsp.words import finder

# `import` and what stands behind it: a list in parentheses, or the rest of the line. Compiled on use, as the others.
_IMPORT = rb"import(?=[ \t\f\\(*])"
_IMPORTED = rb"(?:[ \t\f]|\\\n)*(?:\((?:[^()#]|#[^\n]*)*\)|[^\n#;\\]*(?:\\\n[^\n#;\\]*)*)"
_BINDS = rb"\n(?=\S)(?:(?:class|def|async[ \t]+def)[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n\"'#]+)?=(?!=))(?![\x80-\xff])"
_DELETES = rb"del(?=[ \t(\[\\])([^\n]*)"
_SHORT_STRING = rb"\"[^\"\\]*\"|'[^'\\]*'"
_INNERMOST = rb"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}"
_GAP = rb"(?:\s|#[^\n]*\n)*"
_ITEM = rb"(?:\"\w+\"|'\w+')%b" % _GAP
_ITEMS = rb"(?:%b,%b)" % (_ITEM, _GAP)
_LISTED = rb"\[%b(%b*(?:%b)?)\]|\(%b(%b+(?:%b)?)\)" % (_GAP, _ITEMS, _ITEM, _GAP, _ITEMS, _ITEM)
_ALL = rb"\n__all__[ \t]*(?::[^=\n]*)?=[ \t]*(?:%b)[ \t]*(?:#[^\n]*)?\n" % _LISTED
_COOKIE = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_ASCII_ABOVE = r"utf-?8|(us-)?ascii|latin-?1|iso-8859-\d+|cp125\d|windows-125\d"
_REFERENCE = rb":[A-Za-z_\x80-\xff][\w.\x80-\xff]*[\"']"
_MODULE_WORDS = tuple(word.encode() for word in MODULE_WORDS)
_SPACE = rb"(?:[ \t]|\\\n)+"
_NAME = rb"[\w\x80-\xff]+"
_DEFINES = rb"\n(?=\S)(?:(?:class|def|async%bdef)%b(%b)|(?:type[ \t]+)?(%b)[ \t]*(?::[^=\n]+|\[[^=\n]+)?=(?!=))"
_DEFINES %= (_SPACE, _SPACE, _NAME, _NAME)  # the look ahead halves the time: most lines begin with a space
_ANY_ALL = rb"__all__[^=\n]*=\s*[\[(]([^\])]*)"
_UNDERSCORE = ord("_")
_UNFINISHED = frozenset(b"([{,\\+-*/|&^%<>=:.@~!")


class ImportLine(NamedTuple):
    """An import statement, if it is one, as far as its text tells."""

    is_from: bool
    level: int
    """Leading dots of a relative import."""
    module: str
    """`a.b` in `from ..a.b import c`; empty in `from . import c` and in `import a`."""
    names: tuple[tuple[str, str], ...]
    """Each name, dotted in `import a.b`, with the name that comes to be bound; of `import *` none."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it is names: else it is prose, or half typed, and only the parser can tell what is in it."""
        written = [self.module, *(name for names in self.names for name in names)]
        return "".join(written).replace(".", "").replace("_", "a").isalnum() or not any(written)


def plain(data: bytes) -> bytes | None:
    r"""A Python file's bytes with `\n` for each line end, and without byte order mark.

    None if it cannot be decoded, or if ASCII characters may be other bytes in its encoding than they are in ASCII.
    """
    encoding = "utf-8"
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    elif b"coding" in data[:200]:
        cookies = [re.match(_COOKIE, line) for line in data[:1000].splitlines()[:2]]
        encoding = next((cookie[1].decode() for cookie in cookies if cookie), encoding).lower().replace("_", "-")
        if not re.fullmatch(_ASCII_ABOVE, encoding):
            return None
    if not data.isascii():
        try:
            data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return None
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def imports(data: bytes) -> Iterator[tuple[bytes, int, int, bool]]:
    """The stretches of `plain` bytes that may be import statements. Prose is among them, and what stands in strings.

    Each is given with the place of `import` in it, for `read_import`, and in the file, both in bytes, and with whether
    it begins a line without indentation.
    """
    imported = re.compile(_IMPORTED).match
    for match in re.finditer(_IMPORT, data):
        at, end = match.span()
        if at and (data[at - 1] == _UNDERSCORE or data[at - 1 : at].isalnum()):
            continue  # the end of another word
        tail = imported(data, end)
        end = tail.end() if tail else end
        start = data.rfind(b"\n", 0, at) + 1
        if start == at and data[at - 2 : at - 1] != b"\\":
            yield data[at:end], 0, at, True
            continue
        head = data[start:at]
        is_flush = True
        if not head.startswith(b"from") or b";" in head:
            while data[start - 2 : start] == b"\\\n":  # the line goes on from the one above
                start = data.rfind(b"\n", 0, start - 1) + 1
            head = data[start:at].replace(b"\\\n", b"  ")
            cut = max(head.rfind(b";"), head.rfind(b":")) + 1  # `x = 1; import a`, `try: import a`
            is_flush = not (cut or head[:1].isspace())
            head = head[cut:].lstrip()
            if head and not head.startswith(b"from"):
                continue
        yield head + data[at:end], len(head), at, is_flush


def read_import(stretch: bytes, at: int) -> ImportLine:
    """Read what `imports` has found. Raises UnicodeDecodeError if it is not in UTF-8."""
    text = stretch.decode()
    at = len(stretch[:at].decode())
    head, tail = text[:at].replace("\\\n", " "), text[at + len("import") :]
    if "#" in tail:
        tail = re.sub(r"#[^\n]*", "", tail)
    written = "".join(head[len("from") :].split())
    module = written.lstrip(".")
    names: list[tuple[str, str]] = []
    for part in tail.replace("\\\n", " ").strip(" \t\n\f()").split(","):
        words = part.split()
        named = "as" in words[1:-1]
        name = " ".join(words[: words.index("as", 1)] if named else words).replace(" .", ".").replace(". ", ".")
        if name and name != "*":
            names.append((name, words[-1] if named else name if head else name.partition(".")[0]))
    return ImportLine(bool(head), len(written) - len(module), module, tuple(names))


class Outline(NamedTuple):
    """What a module surely binds and exports."""

    names: frozenset[str] = frozenset()
    """Names that it binds at its top level; not all of them."""
    defined: frozenset[str] = frozenset()
    """Those of them that a class or a function is called."""
    has_all: bool = True
    """Whether it may have an `__all__`."""
    exports: tuple[str, ...] | None = None
    """The names in its `__all__`, if that is one plain list of them."""
    may_answer: bool = True
    """Whether it may have a `__getattr__`."""


def outline(data: bytes, module: str, *, is_init: bool) -> Outline:
    """What the `plain` bytes of a module, given by its dotted path, say beyond doubt."""
    data = b"\n" + data
    in_string = strings(data)
    defined = set[str]()
    names = set[str]()
    for match in re.finditer(_BINDS, data):
        if match[1] and not in_string(match.start()):
            defined.add(match[1].decode())
        elif not match[1] and not in_string(match.start()) and not _goes_on(data, match.start()):
            names.add(match[2].decode())
    names |= defined
    for stretch, at, place, is_flush in imports(data):
        if is_flush and stretch.isascii() and not in_string(place):
            line = read_import(stretch, at)
            source = absolute(line.module, line.level, module, is_init=is_init)
            # `from . import sub` in a package binds the submodule, if there is one
            names.update(local for _, local in line.names if source != module)
    for match in re.finditer(_DELETES, data):
        if not (data[match.start() - 1 : match.start()].isalnum() or in_string(match.start())):
            deleted = _deleted(match[1])
            names = names - deleted if deleted is not None else set()
    names.difference_update(kwlist)  # `try: a = 1`
    exports = _exports(data, in_string)
    has_all, may_answer = b"__all__" in data, b"__getattr__" in data
    return Outline(frozenset(names), frozenset(defined & names), has_all, exports, may_answer)


def _deleted(targets: bytes) -> set[str] | None:
    """The names that a `del` deletes, given what stands behind it on its line; None if that does not tell."""
    plain_targets = re.split(rb"[#;]", re.sub(_SHORT_STRING, b"0", targets))[0]
    if re.search(rb"[\"'\\]", plain_targets):
        return None
    while (simpler := re.sub(_INNERMOST, b"!", plain_targets)) != plain_targets:
        plain_targets = simpler
    parts = [part.strip() for part in plain_targets.split(b",")]
    if any(part.startswith(b"!") or re.search(rb"[()\[\]{}]", part) for part in parts):
        return None  # `del (a, b)`, or more lines
    return {part.decode("utf-8", "replace") for part in parts}


def _exports(data: bytes, in_string: Callable[[int], bool]) -> tuple[str, ...] | None:
    match = re.search(_ALL, data) if data.count(b"__all__") == 1 else None
    if match is None or in_string(match.start()) or _goes_on(data, match.start()):
        return None
    return tuple(dict.fromkeys(re.findall(r"\w+", re.sub(rb"#[^\n]*", b"", match[match.lastindex or 0]).decode())))


def _goes_on(data: bytes, line_end: int) -> bool:
    """Whether the line that ends there may go on below: in brackets, or behind an operator or a backslash."""
    while True:
        start = data.rfind(b"\n", 0, line_end) + 1
        line = data[start:line_end].strip()
        if b"#" in line and not line.startswith(b"#"):
            if b'"' in line or b"'" in line:
                return True  # who knows where the comment begins
            line = line.partition(b"#")[0].rstrip()
        if line and not line.startswith(b"#"):
            return line[-1] in _UNFINISHED
        if not start:
            return False
        line_end = start - 1


class Paths(NamedTuple):
    """The strings of a file's bytes that code may take for dotted paths, as written, in bytes."""

    found: Set[bytes] = frozenset()
    may_be_modules: bool = False
    """Whether code may take them for modules."""


def paths(data: bytes) -> Paths:
    """At least all such strings that `syntax.parse` finds."""
    is_of_sys = b"modules" in data and b"sys" in data
    if is_of_sys or _has_words()(data):
        may_be_modules = is_of_sys or any(word in data for word in _MODULE_WORDS)
        return Paths({path for _, path, _ in re.findall(PATH, data)}, may_be_modules)
    are_references = re.search(_REFERENCE, data)
    return Paths({path for _, path, rest in re.findall(PATH, data) if rest}) if are_references else Paths()


@cache
def _has_words() -> Callable[[bytes], bool]:
    """A test of a file's bytes: whether there are words in it beside which strings may be paths."""
    return finder([*MODULE_WORDS, *PATCH_WORDS])


def definitions(data: bytes) -> set[str]:
    """The names that a file seems to define at the top level, or lists in an `__all__`; and that one, if it has it."""
    names = set[bytes]()
    for text in (b"\n" + data[: data.find(b"\n") + 1], data):  # a copy of all of it takes longer than the search
        names.update(defined or assigned for defined, assigned in re.findall(_DEFINES, text))
    if b"__all__" in data:
        names.add(b"__all__")
        names.update(name for listed in re.findall(_ANY_ALL, data) for name in re.findall(_NAME, listed))
    return {name.decode("utf-8", "replace") for name in names}


def chains(source: str, name: str) -> set[str]:
    """The attributes by which a text may use a name: `b.c` for `a . b.c`; at least all that `Reading` finds."""
    pattern = rf"{re.escape(name)}((?:[\s\\]*\.[\s\\]*\w+)+)"
    matches = ((m, source[m.start() - 1 : m.start()]) for m in re.finditer(pattern, source))
    found = {m[1] for m, before in matches if not (before.isalnum() or before in ("_", "."))}
    return {re.sub(r"[\s\\]+", "", chain)[1:] for chain in found}
