"""Whether what is defined in one place can take the place of what is defined in another, as far as their texts tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from ssot_lsp.modules import Definition

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def difference(old: Definition, new: Definition) -> str:
    """Why callers of the old one may fail with the new one, in a few words; empty if nothing tells that they would."""
    before, after = _node(old), _node(new)
    if before is None or after is None:
        return ""
    if isinstance(before, ast.ClassDef) != isinstance(after, ast.ClassDef):
        return f"one is {_kind(before)}, the other {_kind(after)}"
    if isinstance(before, ast.ClassDef) and isinstance(after, ast.ClassDef):
        return _of_classes(before, after)
    assert not isinstance(before, ast.ClassDef)  # noqa: S101 - as was asked above
    assert not isinstance(after, ast.ClassDef)  # noqa: S101
    if isinstance(before, ast.AsyncFunctionDef) != isinstance(after, ast.AsyncFunctionDef):
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
    by_name = {*(name for name, _ in _named(after)[skip:])}
    required = {name for name, is_needed in [*new, *_keywords(after)] if is_needed}
    given = {name for name, _ in [*old, *_keywords(before)]}
    if after.kwarg is None:
        lost = [name for name, _ in [*_named(before)[skip:], *_keywords(before)] if name not in by_name]
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


def _named(arguments: ast.arguments) -> list[tuple[str, bool]]:
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


def _node(definition: Definition) -> _Definition | None:
    """The class or function that is defined; None if it is something else, decorated (who knows what it is then)."""
    head, _, rest = definition.ref.qualname.partition(".")
    found = [node for node in _top(definition.location.text.source) if node.name == head] if not rest else []
    return found[0] if len(found) == 1 and not _is_changed(found[0]) else None


def _is_changed(node: _Definition) -> bool:
    return bool(node.decorator_list) or (isinstance(node, ast.ClassDef) and bool(node.keywords))


@lru_cache(maxsize=16)
def _top(source: str) -> tuple[_Definition, ...]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_at_top(tree))


def _at_top(node: ast.AST) -> Iterator[_Definition]:
    """The classes and functions of a module, those in its branches included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            yield child
        elif not isinstance(child, ast.expr):
            yield from _at_top(child)
