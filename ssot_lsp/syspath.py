"""What a file's text does to `sys.path`, as far as it says so literally."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ssot_lsp.lexical import plain, without_bodies

_EDITS = {"insert": 1, "append": 0, "extend": 0}
"""The methods that add to it, each with which of its arguments is added."""
_HARMLESS = frozenset({"remove", "pop", "index", "count", "copy", "clear"})
_AS_IT_IS = frozenset({"abspath", "realpath", "normpath", "fspath", "str", "Path", "PurePath"})
"""Functions whose answer is, as a folder, what they are given."""
_AS_THEY_ARE = frozenset({"resolve", "absolute", "as_posix"})
"""Methods of a path whose answer is the same folder."""


class SysPath(NamedTuple):
    """What a file adds to `sys.path`."""

    added: tuple[str, ...] = ()
    """Folders, as the text has them: absolute where it begins with `__file__`, else relative to who knows what."""
    is_open: bool = False
    """There may be others that cannot be read from the text."""


def read_sys_path(source: str, file: str) -> SysPath:
    """What the text of a file, which is at that path, does to `sys.path`."""
    if "sys.path" not in source:
        return SysPath()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SysPath(is_open=True)
    reader = _Reader(tree, file)
    added: list[str] = []
    is_open = False
    for item in reader.edits():
        folder = reader.path(item) if item is not None else None
        added += [folder] if folder is not None else []
        is_open = is_open or folder is None
    return SysPath(tuple(dict.fromkeys(added)), is_open)


def _parsed(source: str) -> ast.Module:
    """The text's syntax tree, if that is enough without the bodies that neither name `sys.path` nor bind globals."""
    data = plain(source).encode("utf-8", "surrogatepass")
    points = [match.start() for match in re.finditer(rb"sys\.path|\bglobal\b", data)]
    try:
        return ast.parse(without_bodies(data, points).decode("utf-8", "surrogatepass"))
    except SyntaxError:
        return ast.parse(source)


class _Reader:
    def __init__(self, tree: ast.Module, file: str) -> None:
        self.file = file
        self.nodes = [*ast.walk(tree)]
        self.parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}
        self.assigned: dict[str, ast.expr] = {}
        bound = [node.id for node in self.nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]
        for node in tree.body:
            target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            if isinstance(node, ast.Assign) and isinstance(target, ast.Name) and bound.count(target.id) == 1:
                self.assigned[target.id] = node.value

    def edits(self) -> Iterator[ast.expr | None]:
        """Each thing that is added to `sys.path`; None for what cannot be read."""
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and node.attr == "path" and _name(node.value) == "sys":
                yield from self._edits_by(node)

    def _edits_by(self, path: ast.Attribute) -> Iterator[ast.expr | None]:
        parent = self.parents[path]
        call = self.parents.get(parent)
        if isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent:
            if parent.attr in _EDITS:
                at = _EDITS[parent.attr]
                item = call.args[at] if len(call.args) == at + 1 and not call.keywords else None
                yield from _items(item) if parent.attr == "extend" else [item]
            elif parent.attr not in _HARMLESS:
                yield None
        elif isinstance(parent, ast.AugAssign) and isinstance(parent.op, ast.Add):
            yield from _items(parent.value)
        elif not isinstance(parent, ast.Compare) and not (
            isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Load)
        ):
            yield None

    def path(self, node: ast.expr) -> str | None:
        """The path that an expression stands for, in normal form; None if it cannot be read."""
        try:
            return os.path.normpath(self._path(node))
        except (_NotLiteralError, RecursionError):
            return None

    def _path(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name):
            if node.id == "__file__":
                return self.file
            if node.id in self.assigned:
                return self._path(self.assigned[node.id])
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return os.path.join(self._path(node.left), self._path(node.right))  # noqa: PTH118 - texts, maybe relative
        elif isinstance(node, ast.Attribute) and node.attr == "parent":
            return _above(self._path(node.value))
        elif isinstance(node, ast.Attribute) and node.attr in {"pardir", "curdir"}:
            return os.pardir if node.attr == "pardir" else os.curdir
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and node.slice.value >= 0:
                return _above(self._path(node.value.value), node.slice.value + 1)
        elif isinstance(node, ast.Call) and not node.keywords:
            return self._call(node.func, node.args)
        raise _NotLiteralError

    def _call(self, function: ast.expr, args: Sequence[ast.expr]) -> str:
        name = _name(function)
        if isinstance(function, ast.Attribute) and not args:
            if name in _AS_THEY_ARE:
                return self._path(function.value)
            if name in {"cwd", "getcwd"}:
                return os.curdir
        elif args and name == "join" and _is_module(function):
            return os.path.join(*map(self._path, args))  # noqa: PTH118
        elif args and name == "joinpath" and isinstance(function, ast.Attribute):
            return os.path.join(self._path(function.value), *map(self._path, args))  # noqa: PTH118
        elif args and name in {"Path", "PurePath"}:
            return os.path.join(*map(self._path, args))  # noqa: PTH118
        elif len(args) == 1 and name in _AS_IT_IS:
            return self._path(args[0])
        elif len(args) == 1 and name == "dirname":
            return _above(self._path(args[0]))
        raise _NotLiteralError


class _NotLiteralError(Exception):
    """An expression that cannot be read."""


def _items(node: ast.expr | None) -> list[ast.expr | None]:
    return [*node.elts] if isinstance(node, (ast.List, ast.Tuple)) else [None]


def _name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_module(function: ast.expr) -> bool:
    """Whether it is `os.path.join`, or another name for it, and not the method of a string."""
    return isinstance(function, ast.Name) or (isinstance(function, ast.Attribute) and bool(_name(function.value)))


def _above(path: str, levels: int = 1) -> str:
    if not os.path.isabs(path):  # noqa: PTH117
        return os.path.join(path, *[os.pardir] * levels)  # noqa: PTH118
    path = os.path.normpath(path)
    for _ in range(levels):
        path = os.path.dirname(path)  # noqa: PTH120
    return path
