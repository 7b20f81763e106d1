"""The strings that code takes for dotted paths."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.model import ImportStatement, PathKind, PathString, is_dotted_name
from ssot_lsp.syntax.imports import place_of
from ssot_lsp.syntax.tree import Tree, dotted

if TYPE_CHECKING:
    from tree_sitter import Node

MODULE_WORDS = ("sys.modules", "import_module", "__import__", "find_spec")
PATCH_WORDS = ("patch", "setattr", "delattr", "resolve_name")
"""Without any of these a text has no dotted paths in strings, but for those of the form `module:name`.

Without the first no such path is a module's as a whole.
"""
_NAMES = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.[A-Za-z_\x80-\xff][\w\x80-\xff]*)*"
_REFERENCE = rb":[A-Za-z_\x80-\xff][\w.\x80-\xff]*[\"']"  # how `module:name` ends; compiled on use, as what follows
PATH = rb"([\"'])(?P<path>%b(?P<object>:%b)?)(?=\1)" % (_NAMES, _NAMES)
_PREFIX = r"(?i)(r|u|f|rf|fr)?[\"']+"


def has_path_words(source: str) -> bool:
    """Whether there are words in a text beside which any of its strings may be paths."""
    return any(word in source for word in (*PATCH_WORDS, *MODULE_WORDS))


def written_paths(data: bytes, has_words: bool, begin: int = 0, end: int = sys.maxsize) -> list[re.Match[bytes]]:
    """The strings of a text that may be paths, as they are written, between two places (in bytes)."""
    if not has_words and re.compile(_REFERENCE).search(data, begin, end) is None:
        return []
    return [match for match in re.compile(PATH).finditer(data, begin, end) if has_words or match["object"]]


def path_strings(
    tree: Tree, written: Iterable[re.Match[bytes]], imports: Sequence[ImportStatement]
) -> Iterator[PathString]:
    """Those of the strings that look like a dotted path that code takes for one."""
    origins: dict[str, str] = {}
    for statement in imports:
        for name in statement.names if not statement.level else ():
            origins[name.local] = name.bound_in(statement.module)
    for match in written:
        start, end = map(tree.reduced.here, match.span("path"))
        content = tree.root.descendant_for_byte_range(start, end)
        string = _whole_string(content) if content is not None and content.byte_range == (start, end) else None
        use = _use(string, origins, is_reference=bool(match["object"])) if string is not None else None
        path = match["path"].decode("utf-8", "surrogatepass")
        if content is None or string is None or use is None or not all(map(is_dotted_name, path.split(":"))):
            continue
        if "." not in path and use.kind.is_patch:
            continue
        around = place_of(string, tree.reduced.original)
        guards = around.guarded_by, around.handler_of, around.expects_error
        yield PathString(tree.span(content), path, use.kind, tree.span(use.node), use.may_lack, *guards)


def _whole_string(content: Node) -> Node | None:
    """The string literal whose whole text this is, if it is one piece of text: no bytes, no escapes, nothing put in."""
    string = content.parent
    if string is None or string.type != "string" or [child.type for child in string.children] != _PLAIN_STRING:
        return None
    is_text = re.fullmatch(_PREFIX, (string.children[0].text or b"").decode()) is not None
    is_piece = string.parent is not None and string.parent.type != "concatenated_string"
    return string if is_text and is_piece else None


_PLAIN_STRING = ["string_start", "string_content", "string_end"]


class _Use(NamedTuple):
    """What a string is used for. The fields are those of `PathString`, but for the node of its place."""

    kind: PathKind
    node: Node
    may_lack: bool = False


class _Call(NamedTuple):
    """A call, as it is written."""

    node: Node
    function: str
    """The dotted name of what is called, from where it is imported."""
    positional: tuple[Node, ...]
    """The arguments before the first `*`."""
    keywords: Mapping[str, Node]
    is_complete: bool
    """No `**` adds arguments."""

    def has(self, keyword: str, unless: str) -> bool:
        """Whether it may be called with another value of that argument than a constant."""
        value = self.keywords.get(keyword)
        return not self.is_complete if value is None else value.type != unless

    def argument(self, position: int, keyword: str) -> Node | None:
        """An argument by its place or name."""
        return self.positional[position] if position < len(self.positional) else self.keywords.get(keyword)


def _use(string: Node, origins: Mapping[str, str], *, is_reference: bool) -> _Use | None:
    """What a string is used for, if it is taken for a path; `origins`: what the file's names are imported from."""
    node, parent = string, string.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None or parent.type == "expression_statement":  # a docstring, or as good as one
        return None
    call = _call(parent, origins)
    use = _use_in_call(call, node, origins) if call is not None else None
    if is_reference:
        is_plain = not (string.text or b"").lower().startswith((b"f", b"rf"))
        return _Use(PathKind.OBJECT, use.node if use else string) if use or is_plain else None
    if parent.type == "subscript" and parent.child_by_field_name("value") != node:
        return _Use(PathKind.MODULE, parent) if _is_sys_modules(parent.named_children[0], origins) else None
    if parent.type == "pair" and parent.child_by_field_name("key") == node and (display := parent.parent) is not None:
        call = _call(display.parent, origins)
        if call is not None and _patched_by(call.function) == "dict" and call.argument(1, "values") == display:
            modules = call.argument(0, "in_dict")
            return _Use(PathKind.MODULE, string) if modules and _is_sys_modules(modules, origins) else None
    return use


def _use_in_call(call: _Call, node: Node, origins: Mapping[str, str]) -> _Use | None:
    """What a call takes one of its arguments for."""
    receiver, _, method = call.function.rpartition(".")
    patched = _patched_by(call.function)
    if patched is not None:
        if call.argument(0, "in_dict" if patched == "dict" else "target") != node:
            return None
        if patched:
            return _Use(PathKind.OBJECT, call.node)
        return _Use(PathKind.PATCH, call.node, call.has("create", unless="false"))
    if call.function in _OF_MODULES or call.function in _OF_OBJECTS:
        kind = PathKind.MODULE if call.function in _OF_MODULES else PathKind.OBJECT
        return _Use(kind, call.node, method == "find_spec") if call.argument(0, "name") == node else None
    if not re.fullmatch(_MONKEYPATCH, receiver.rpartition(".")[2]):
        return None
    if method in ("setitem", "delitem") and call.positional and _is_sys_modules(call.positional[0], origins):
        return _Use(PathKind.MODULE, call.node) if call.argument(1, "name") == node else None
    # with one more argument the first one is the object itself
    arguments = {"setattr": 2, "delattr": 1 if "name" not in call.keywords else 0}.get(method)
    if len(call.positional) == arguments and "value" not in call.keywords and call.positional[0] == node:
        return _Use(PathKind.ATTRIBUTE, call.node, call.has("raising", unless="true"))
    return None


_OF_MODULES = frozenset(
    {
        "importlib.import_module",
        "import_module",
        "importlib.util.find_spec",
        "util.find_spec",
        "find_spec",
        "__import__",
        "builtins.__import__",
    }
)
_OF_OBJECTS = frozenset({"pkgutil.resolve_name", "resolve_name"})
_MONKEYPATCH = r"(?i)\w*monkey_?patch\w*|mp|m"  # the names that pytest's documentation gives it


def _patched_by(function: str) -> str | None:
    """`dict` and `multiple` for `patch.dict` and `patch.multiple`, empty for `patch`; None for what is none of them."""
    *around, last = function.split(".")
    which = ""
    if last in ("dict", "multiple") and around:
        which, (*around, last) = last, around
    is_mock = not around or around[-1] == "mock" or around[-1].endswith("mocker")
    return which if last == "patch" and is_mock else None


def _call(arguments: Node | None, origins: Mapping[str, str]) -> _Call | None:
    """The call of which a node is the list of arguments, or a named one among them."""
    if arguments is not None and arguments.type == "keyword_argument":
        arguments = arguments.parent
    call = arguments.parent if arguments is not None and arguments.type == "argument_list" else None
    function = call.child_by_field_name("function") if call is not None else None
    if arguments is None or call is None or function is None or function.type not in ("identifier", "attribute"):
        return None
    given = [child for child in arguments.named_children if child.type != "comment"]
    special = ("keyword_argument", "list_splat", "dictionary_splat")
    positional = takewhile(lambda child: child.type not in special, given)
    named = (child for child in given if child.type == "keyword_argument")
    keywords = {dotted(child.named_children[0]): child.named_children[-1] for child in named}
    is_complete = all(child.type != "dictionary_splat" for child in given)
    return _Call(call, _origin(function, origins), tuple(positional), keywords, is_complete)


def _is_sys_modules(node: Node, origins: Mapping[str, str]) -> bool:
    return node.type in ("identifier", "attribute") and _origin(node, origins) == "sys.modules"


def _origin(node: Node, origins: Mapping[str, str]) -> str:
    """The dotted name of an expression, from where it is imported."""
    root, dot, rest = dotted(node).partition(".")
    return f"{origins.get(root, root)}{dot}{rest}"
