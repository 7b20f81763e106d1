"""Which expressions stand for types, and which strings in them: as the verifier reads a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_TYPE_MAKERS = frozenset({"TypeVar", "NewType", "NamedTuple", "TypedDict"})
_GENERICS = frozenset(
    [
        "Optional",
        "Union",
        "List",
        "Dict",
        "Set",
        "FrozenSet",
        "Tuple",
        "Type",
        "Callable",
        "Iterable",
        "Iterator",
        "Sequence",
        "Mapping",
        "ClassVar",
        "Final",
        "Generic",
        "Protocol",
        "Annotated",
        "Generator",
        "Awaitable",
        "Coroutine",
        "AsyncIterator",
        "list",
        "dict",
        "set",
        "frozenset",
        "tuple",
        "type",
    ]
)


def _last(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def type_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions directly in a node that stand for types."""
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
        yield node.annotation
        value = getattr(node, "value", None)
        if value is not None and _last(node.annotation) == "TypeAlias":
            yield value
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        yield node.returns
    elif isinstance(node, ast.ClassDef):
        yield from (base for base in node.bases if isinstance(base, ast.Subscript))
    elif isinstance(node, ast.Subscript) and _last(node.value) in _GENERICS:
        yield node.slice
    elif isinstance(node, ast.Call) and _last(node.func) == "cast":
        yield from node.args[:1]
    elif isinstance(node, ast.Call) and _last(node.func) in _TYPE_MAKERS:
        yield from node.args[1:]
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "bound")
    elif type(node).__name__ == "TypeAlias":
        yield node.value  # type: ignore[attr-defined]


def type_strings(node: ast.AST) -> Iterator[ast.Constant]:
    """The strings in such an expression that are types themselves."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
    elif isinstance(node, ast.Subscript):
        parts: list[ast.expr] = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kind = _last(node.value)
        for part in [] if kind == "Literal" else parts[:1] if kind == "Annotated" else parts:
            yield from type_strings(part)
    elif isinstance(node, (ast.BinOp, ast.List, ast.Tuple, ast.Starred, ast.Dict)):
        for child in ast.iter_child_nodes(node):
            yield from type_strings(child)
