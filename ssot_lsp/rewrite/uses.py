"""The uses of an imported module: which attributes a file takes from it, and renaming `a.b` to `c.d` in `a.b.X`.

Where it is not certain what a name refers to, it says so instead of guessing.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from ssot_lsp.scopes import Scope, Scopes
from ssot_lsp.text import Span, Text, TextEdit


def attributes_of(tree: ast.Module, dotted: str) -> frozenset[str]:
    """The attributes that the file takes from what it calls `dotted`: `X` of `dotted.X`, whatever the scope."""
    chains = (_chain(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    prefix = dotted + "."
    return frozenset(chain[len(prefix) :].partition(".")[0] for chain in chains if chain.startswith(prefix))


class PlainImports:
    """The `import a.b` statements of a file, which bind `a` but speak of `a.b`, and the uses of what they import."""

    def __init__(self, tree: ast.Module, scopes: Scopes, text: Text) -> None:
        self._scopes = scopes
        self._text = text
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self._strings = [
            node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

    def rename(self, name: Span, old: str, new: str, moved: Collection[Span]) -> Iterator[TextEdit]:
        """The edits that make the uses of `import old` (dotted, no `as`) uses of `import new`.

        `name` is where the statement names `old`; `moved` are the names of all plain imports that move. Raises
        ValueError where a use cannot be told, or where the file gives the names another meaning.
        """
        scope = next((scope for alias, scope in self._aliases() if self._start(alias) == name.start), None)
        if scope is None:
            raise ValueError("the file has changed")
        old_root, new_root = old.partition(".")[0], new.partition(".")[0]
        for root in {old_root, new_root}:
            if root in self._scopes.given_away or not all(map(self._is_plain, scope.sites.get(root, []))):
                raise ValueError(f"`{root}` is also bound in another way")
        beside = [alias for alias in scope.sites[old_root] if isinstance(alias, ast.alias)]
        starts = {span.start for span in moved}
        staying = [alias for alias in beside if self._start(alias) not in starts]
        if staying and not all(self._always_runs(a, scope) for a in beside if a.name == old):
            raise ValueError(f"`{old_root}` is also imported where `{old}` may not be")
        certain = [alias for alias in staying if self._always_runs(alias, scope)]
        # the uses of what others import are not ours: of what is deeper, and of what moves by itself
        deeper = tuple(f"{a.name}." for a in beside if a.name.startswith(f"{old}."))
        moving = tuple(f"{a.name}." for a in beside if self._start(a) in starts)
        outer = {*scope.parent.within()} if scope.parent else set()
        self._forbid_annotations(old)
        for use in list(self._scopes.names()):
            here = self._scopes.of[use]
            if use.id == new_root and scope in here.within() and self._scopes.resolve(new_root, here) in outer:
                raise ValueError(f"`{new_root}` means something else here already")
            if use.id != old_root or self._scopes.resolve(old_root, here) is not scope:
                continue
            chain = _chain(self._longest(use))
            if deeper and (chain + ".").startswith(deeper):
                continue
            if (chain + ".").startswith(old + "."):
                if self._scopes.resolve(new_root, here) not in (scope, None):
                    raise ValueError(f"`{new_root}` means something else where `{old}` is used")
                yield TextEdit(self._prefix_span(use, old), new)
            elif not (chain + ".").startswith(moving) and not any(a.lineno <= use.lineno for a in certain):
                raise ValueError(f"`{chain}` is used, which only `import {old}` provides")

    def _always_runs(self, alias: ast.alias, scope: Scope) -> bool:
        """Whether an import stands in its scope under no condition."""
        return self._parents[alias] in getattr(scope.node, "body", ())

    def _aliases(self) -> Iterator[tuple[ast.alias, Scope]]:
        return ((node, scope) for node, scope in self._scopes.of.items() if isinstance(node, ast.alias))

    def _is_plain(self, site: ast.AST) -> bool:
        return isinstance(site, ast.alias) and not site.asname and isinstance(self._parents.get(site), ast.Import)

    def _start(self, node: ast.alias) -> int:
        return self._text.offset_of_utf8(node.lineno - 1, node.col_offset)

    def _forbid_annotations(self, old: str) -> None:
        for node in self._strings:
            if old in str(node.value) and _is_annotation(node, self._parents):
                raise ValueError(f"a string annotation uses `{old}`")

    def _longest(self, node: ast.AST) -> ast.AST:
        while isinstance(parent := self._parents.get(node), ast.Attribute):
            node = parent
        return node

    def _prefix_span(self, use: ast.Name, old: str) -> Span:
        """The span of `old`, which begins with `use`. Raises ValueError if it is not written in one piece."""
        prefix: ast.AST = use
        while _chain(prefix) != old:
            prefix = self._parents[prefix]
        assert isinstance(prefix, ast.expr)  # noqa: S101 - the parents in a chain are attributes
        end_row, end_column = prefix.end_lineno or prefix.lineno, prefix.end_col_offset or 0
        start = self._text.offset_of_utf8(prefix.lineno - 1, prefix.col_offset)
        span = Span(start, self._text.offset_of_utf8(end_row - 1, end_column))
        if self._text.source[slice(*span)] != old:
            raise ValueError(f"a use of `{old}` is written on several lines")
        return span


def _chain(node: ast.AST) -> str:
    """`a.b.c` for such an expression, else an empty text."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _is_annotation(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a string stands in an annotation, or in a call of `cast` or the like, where it is read as code."""
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, (ast.stmt, ast.arg)):
        if isinstance(parent, ast.Call) and _chain(parent.func).rpartition(".")[2] in ("cast", "TypeVar", "NewType"):
            return True
        child, parent = parent, parents.get(parent)
    return child in (getattr(parent, "annotation", None), getattr(parent, "returns", None))
