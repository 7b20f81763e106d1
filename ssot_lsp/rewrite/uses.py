"""The uses of an imported module: which attributes a file takes from it, and renaming `a.b` to `c.d` in `a.b.X`.

Works on `ast`. Where it is not certain what a name refers to, it says so instead of guessing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ssot_lsp.text import Span, Text, TextEdit


def attributes_of(tree: ast.Module, dotted: str) -> frozenset[str]:
    """The attributes that the file takes from what it calls `dotted`: `X` of `dotted.X`, whatever the scope."""
    chains = (_chain(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    prefix = dotted + "."
    return frozenset(chain[len(prefix) :].partition(".")[0] for chain in chains if chain.startswith(prefix))


def rename_dotted(tree: ast.Module, text: Text, statement: Span, old: str, new: str) -> tuple[TextEdit, ...]:
    """The edits that make uses of `import old` (dotted, no `as`) uses of `import new`.

    Raises ValueError where a use cannot be told, or where the file gives the names another meaning.
    """
    old_root, new_root = old.partition(".")[0], new.partition(".")[0]
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import) and _binds_root(node, old_root)]
    here = next((node for node in plain if _span(text, node) == statement), None)
    if here is None:
        raise ValueError("the file has changed")
    for name in {old_root, new_root}:
        if any(bound == name for bound in _bound_otherwise(tree)):
            raise ValueError(f"`{name}` is also bound in another way")
    owners = _owners(tree)
    if len(plain) > 1 and any(owners[node] is not tree for node in plain):
        raise ValueError(f"`{old_root}` is imported in more than one scope")
    stays = sum(_root_paths(node, old_root) != [old] for node in plain) > 0
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    edits = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and old in node.value:
            if _is_annotation(node, parents):
                raise ValueError(f"a string annotation uses `{old}`")
            continue
        if not isinstance(node, ast.Name) or node.id != old_root:
            continue
        use = _longest(node, parents)
        if not (_chain(use) + ".").startswith(old + "."):
            if not stays:
                raise ValueError(f"`{_chain(use)}` is used, which only `import {old}` provides")
            continue
        if not _is_inside(node, owners[here], owners):
            raise ValueError(f"`{old}` is used outside of the scope that imports it")
        edits.append(TextEdit(_prefix_span(text, node, parents, old), new))
    return tuple(edits)


def _binds_root(node: ast.Import, root: str) -> bool:
    return bool(_root_paths(node, root))


def _root_paths(node: ast.Import, root: str) -> list[str]:
    """The paths that an `import` statement binds under the name of their first part."""
    return [alias.name for alias in node.names if not alias.asname and alias.name.partition(".")[0] == root]


def _span(text: Text, node: ast.stmt | ast.expr) -> Span:
    end_row, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return Span(
        text.offset_of_utf8(node.lineno - 1, node.col_offset),
        text.offset_of_utf8(end_row - 1, end_column),
    )


def _bound_otherwise(tree: ast.Module) -> Iterator[str]:
    """Every name that the file binds anywhere, but for those of `import a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.asname for alias in node.names if alias.asname)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        elif type(node).__name__ in ("TypeVar", "ParamSpec", "TypeVarTuple"):
            yield node.name  # type: ignore[attr-defined]


def _owners(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    """For every node, the function or module in whose scope it stands; classes do not count, as uses see past them."""
    owners: dict[ast.AST, ast.AST] = {tree: tree}
    todo: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while todo:
        node, owner = todo.pop()
        for child in ast.iter_child_nodes(node):
            owners[child] = owner
            is_scope = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef))
            todo.append((child, child if is_scope else owner))
    return owners


def _is_inside(node: ast.AST, scope: ast.AST, owners: dict[ast.AST, ast.AST]) -> bool:
    if isinstance(scope, ast.ClassDef):  # what a class body imports is an attribute, seen by the body alone
        return owners[node] is scope
    owner = owners[node]
    while owner is not scope and owners[owner] is not owner:
        owner = owners[owner]
    return owner is scope


def _chain(node: ast.AST) -> str:
    """`a.b.c` for such an expression, else an empty text."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _longest(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    while isinstance(parent := parents.get(node), ast.Attribute):
        node = parent
    return node


def _prefix_span(text: Text, node: ast.Name, parents: dict[ast.AST, ast.AST], old: str) -> Span:
    """The span of `old`, which begins with `node`. Raises ValueError if it is not written in one piece."""
    prefix: ast.AST = node
    while _chain(prefix) != old:
        prefix = parents[prefix]
    assert isinstance(prefix, ast.expr)  # noqa: S101 - the parents in a chain are attributes
    span = _span(text, prefix)
    if text.source[slice(*span)] != old:
        raise ValueError(f"a use of `{old}` is written on several lines")
    return span


def _is_annotation(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a string stands in an annotation, or in a call of `cast` or the like, where it is read as code."""
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, (ast.stmt, ast.arg)):
        if isinstance(parent, ast.Call) and _chain(parent.func).rpartition(".")[2] in ("cast", "TypeVar", "NewType"):
            return True
        child, parent = parent, parents.get(parent)
    return child in (getattr(parent, "annotation", None), getattr(parent, "returns", None))
