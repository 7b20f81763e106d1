"""Whether what is defined in one place can take the place of what is defined in another, as far as their texts tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from ssot_lsp.lexical import around
from ssot_lsp.model import ObjectRef

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_HEADER = rb"\b(?:class|def)[ \t]+([\w\x80-\xff]+)"


def differences(pairs: Sequence[tuple[ObjectRef, ObjectRef]], source_of: Callable[[str], str]) -> Iterator[str]:
    """For each old and new object why callers of the old one may fail with the new one, in a few words.

    Empty if nothing tells that they would. The objects are named by where they are defined; `source_of` gives the text
    of a module, of which what is asked about is parsed once, and nothing else.
    """
    nodes = _nodes((ref for pair in pairs for ref in pair), source_of)
    return (_difference(nodes.get(old), nodes.get(new)) for old, new in pairs)


def _difference(before: _Definition | None, after: _Definition | None) -> str:
    if before is None or after is None:
        return ""
    if isinstance(before, ast.ClassDef) and isinstance(after, ast.ClassDef):
        return _of_classes(before, after)
    if type(before) is not type(after) or isinstance(before, ast.ClassDef) or isinstance(after, ast.ClassDef):
        return f"one is {_kind(before)}, the other {_kind(after)}"
    return _of_parameters(before.args, after.args)


def _of_classes(before: ast.ClassDef, after: ast.ClassDef) -> str:
    bases = [{ast.unparse(base).rpartition(".")[2] for base in node.bases} - {"object"} for node in (before, after)]
    lost = sorted(bases[0] - bases[1] - {after.name})
    if lost:
        return f"it is no longer a subclass of {', '.join(lost)}"
    one, other = (_method(node, "__init__") for node in (before, after))
    return _of_parameters(one.args, other.args, skip=1) if one is not None and other is not None else ""


def _of_parameters(before: ast.arguments, after: ast.arguments, skip: int = 0) -> str:
    """Which call that the old parameters take the new ones do not; `skip` are those that no call gives."""
    old, new = _positional(before)[skip:], _positional(after)[skip:]
    by_name = {*(name for name, _ in _by_keyword(after)[skip:])}
    required = {name for name, is_needed in [*new, *_keywords(after)] if is_needed}
    given = {name for name, _ in [*old, *_keywords(before)]}
    if after.kwarg is None:
        lost = [name for name, _ in [*_by_keyword(before)[skip:], *_keywords(before)] if name not in by_name]
        lost = [name for name in lost if name not in {name for name, _ in _keywords(after)}]
        if lost:
            return f"it no longer takes `{lost[0]}`"
    if more := sorted(required - given):
        return f"it needs `{more[0]}`"
    if now := sorted(name for name, is_needed in [*old, *_keywords(before)] if not is_needed and name in required):
        return f"it needs `{now[0]}`"
    if after.vararg is None and [name for name, _ in new][: len(old)] != [name for name, _ in old]:
        return "its positional parameters are others"
    if before.vararg is not None and after.vararg is None:
        return "it no longer takes any number of positional arguments"
    if before.kwarg is not None and after.kwarg is None:
        return "it no longer takes any keyword"
    return ""


def _positional(arguments: ast.arguments) -> list[tuple[str, bool]]:
    """The positional parameters, and whether each has to be given."""
    parameters = [*arguments.posonlyargs, *arguments.args]
    needed = len(parameters) - len(arguments.defaults)
    return [(parameter.arg, index < needed) for index, parameter in enumerate(parameters)]


def _by_keyword(arguments: ast.arguments) -> list[tuple[str, bool]]:
    """The positional parameters that can be given by their names."""
    return _positional(arguments)[len(arguments.posonlyargs) :]


def _keywords(arguments: ast.arguments) -> list[tuple[str, bool]]:
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [(parameter.arg, default is None) for parameter, default in pairs]


def _kind(node: _Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return "a class"
    return "a coroutine function" if isinstance(node, ast.AsyncFunctionDef) else "a function"


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    found = (child for child in node.body if isinstance(child, ast.FunctionDef) and child.name == name)
    return next(found, None)


def _nodes(refs: Iterable[ObjectRef], source_of: Callable[[str], str]) -> dict[ObjectRef, _Definition]:
    """The classes and functions that are defined; but for those that are decorated (who knows what they are then)."""
    wanted: dict[str, dict[str, list[_Definition]]] = {}
    for module, qualname in refs:
        wanted.setdefault(module, {})[qualname] = []
    for module, by_name in wanted.items():
        for node in _named(source_of(module), by_name):
            by_name[node.name].append(node)
    return {
        ObjectRef(module, name): nodes[0]
        for module, by_name in wanted.items()
        for name, nodes in by_name.items()
        if len(nodes) == 1 and not _is_changed(nodes[0])
    }


def _is_changed(node: _Definition) -> bool:
    return bool(node.decorator_list) or (isinstance(node, ast.ClassDef) and bool(node.keywords))


def _named(source: str, names: Container[str]) -> Iterator[_Definition]:
    """The classes and functions of a module's text that have one of some names. Only their statements are parsed."""
    data = source.encode("utf-8", "replace")
    found = ((match.start(), match[1].decode("utf-8", "replace")) for match in re.finditer(_HEADER, data))
    points = [start for start, name in found if name in names or name == "__init__"]
    try:
        tree = ast.parse(around(data, points).data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return iter(())
    return (node for node in _at_top(tree) if node.name in names)


def _at_top(node: ast.AST) -> Iterator[_Definition]:
    """The classes and functions of a module, those in its branches included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            yield child
        elif not isinstance(child, ast.expr):
            yield from _at_top(child)
