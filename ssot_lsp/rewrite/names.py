"""What moved names will be called: imports and uses are spelled anew together, or an import keeps its local name.

Works on the scopes of the whole file. Where it is not certain what a name refers to, or others may ask this file for
it, an import keeps its local name (`B as A`); what no import can bind is refused.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ssot_lsp.model import ImportedName, ImportStatement, Move, ObjectRef
from ssot_lsp.reading import Reading, Reference
from ssot_lsp.rewrite.layout import Item
from ssot_lsp.rewrite.refusal import RefusalError
from ssot_lsp.rewrite.spelling import Spelling, is_plain, spellings, spellings_of_use
from ssot_lsp.scopes import Scope
from ssot_lsp.text import Span, TextEdit

Key = tuple[Span, Span]
"""The spans of a statement and of a name in it."""


class Others(NamedTuple):
    """What other files have to do with the one that is rewritten."""

    is_needed: Callable[[str], bool]
    """Whether a name of the module must exist for the sake of others."""
    is_root_needed: Callable[[str], bool]
    """Whether others ask for the name that an `import a.b` binds: `a`."""
    leads_back: Callable[[ImportStatement], bool]
    """Whether what a statement imports may import this file in its turn."""
    is_there: Callable[[ImportStatement, str], bool]
    """Whether a name that a `from` statement imports is known to be there."""
    is_deprecated: Callable[[str], bool]
    """Whether the registry speaks of a module."""
    is_submodule: Callable[[str], bool]
    """Whether the file is a package's own and has a submodule of that name."""
    is_hidden: Callable[[str], bool]
    """Whether a module cannot be reached as an attribute of its package, which binds its name to something else."""
    line_length: int
    """How long lines of the project may be (code points), where a statement is wrapped."""


class Plan(NamedTuple):
    """What becomes of one imported name."""

    stays: bool
    """It is imported as before."""
    spellings: tuple[Spelling, ...]
    """What is imported in its place, or besides; nothing where a builtin needs no import."""


@dataclass
class Names:
    """What the imports of a file become, and the edits of their uses."""

    plans: dict[Key, Plan] = field(default_factory=dict)
    edits: list[TextEdit] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    """The names of the module that nobody else asks for, among those that the plan takes away."""
    is_renamed: bool = False
    """A local name changed that could have stayed."""


class _Alias(NamedTuple):
    """One imported name, and where it is imported from."""

    statement: ImportStatement
    name: ImportedName
    absolute: str

    @property
    def key(self) -> Key:
        return self.statement.span, self.name.span

    @property
    def path(self) -> str:
        return self.name.path_in(self.absolute)

    @property
    def is_own(self) -> bool:
        """Whether what it binds has the name that its path begins with: `import a`, `import a.b`."""
        return not self.statement.is_from and self.name.asname is None

    @property
    def bound(self) -> str:
        """What the local name refers to: `a` after `import a.b`."""
        return self.name.bound_in(self.absolute)

    @property
    def expression(self) -> str:
        """How the file writes what is imported: `a.b` after `import a.b`, else the local name."""
        return self.name.name if self.is_own else self.name.local


class _Group(NamedTuple):
    """A name in a scope, and the imports that bind it there."""

    scope: Scope
    local: str
    aliases: tuple[_Alias, ...]
    is_imported: bool
    """Nothing but these imports binds it."""
    is_optional: bool
    """Besides, it is set to None: an import may fail."""

    def owner(self, names: Sequence[str]) -> str | None:
        """The longest of what the imports provide that a use of these names goes through; None if it is less."""
        written = ".".join(names) + "."
        found = (alias.expression for alias in self.aliases if written.startswith(alias.expression + "."))
        return max(found, key=len, default=None)


def plan_names(
    statements: Sequence[tuple[ImportStatement, str]], moves: Sequence[Move], reading: Reading | None, others: Others
) -> Names:
    """Work out what the moved names become. Raises RefusalError for a move that cannot be made.

    `statements` are all of the document's imports, each with its absolute module (empty for `import`). Without a
    `reading`, the file does not parse, and every import keeps its local name.
    """
    stars = [move for move in moves if move.statement.is_star]
    named = [move for move in moves if not move.statement.is_star]
    if reading is None:
        plans = {_key(move): Plan(stays=False, spellings=(_kept(move),)) for move in named}
        return Names(plans | _plans_of_stars(stars))
    return _Planner(statements, named, _plans_of_stars(stars), reading, others).plan()


def _plans_of_stars(moves: Sequence[Move]) -> dict[Key, Plan]:
    """Where the stars are imported from, and the names that one has provided so far: they are imported besides."""
    plans: dict[Key, Plan] = {}
    for move in sorted(moves, key=lambda move: move.name.name != "*"):
        stays, known = plans.get(_key(move), Plan(stays=move.name.name != "*", spellings=()))
        plans[_key(move)] = Plan(stays, (*known, _kept(move)))
    return plans


def _key(move: Move) -> Key:
    return move.statement.span, move.name.span


def _kept(move: Move) -> Spelling:
    """The spelling that keeps the local name. Raises RefusalError if there is none."""
    if is_plain(move.statement, move.name):
        raise RefusalError(f"the uses of `{move.name.name}` cannot be told in a file that does not parse")
    for spelling in spellings(move.statement, move.name, move.target):
        if spelling.item is not None and spelling.expression == move.name.local:
            return spelling
    raise RefusalError(f"no import can bind `{move.target}` to `{move.name.local}`")


class _Planner:
    def __init__(
        self,
        statements: Sequence[tuple[ImportStatement, str]],
        moves: Sequence[Move],
        stars: Mapping[Key, Plan],
        reading: Reading,
        others: Others,
    ) -> None:
        self.stars = stars
        self.reading = reading
        self.scopes = reading.scopes
        self.others = others
        self.names = Names()
        self.imports = [move for move in moves if move.use is None]
        self.uses = [move for move in moves if move.use is not None]
        self.targets = {_key(move): move.target for move in self.imports}
        self.aliases = {
            name.span.start: _Alias(statement, name, absolute)
            for statement, absolute in statements
            for name in statement.names
        }
        self.references = reading.by_root
        self.changed: set[int] = set()
        """Where the uses begin that are spelled anew."""
        self.reused: set[Key] = set()
        """The imports that uses spelled anew still go through."""
        self.added: dict[tuple[Scope, str], str] = {}
        """The names that new imports bind, and what they refer to."""
        self.deleted: set[tuple[Scope, str]] = set()
        """The new names that a `del` takes."""
        self.imported: set[tuple[Scope, str, Item | None]] = set()
        """The new imports."""
        self.written: list[tuple[str, Scope, Scope | None]] = []
        """The names that rewritten uses begin with, where they stand, and which scope is to bind them."""

    def plan(self) -> Names:
        self._plan_stars()
        besides = self._plan_uses()
        self._plan_moves()
        for key, (group, alias, spelled) in besides.items():
            known = self.names.plans.get(key)
            if known is not None:
                new = [s for s in spelled if all(s.imported != other.imported for other in known.spellings)]
                self.names.plans[key] = known._replace(spellings=(*known.spellings, *new))
            else:
                is_imported_anew = (group.scope, "", Item(alias.name.name)) in self.imported and alias.is_own
                is_used = key in self.reused or is_imported_anew or self._is_still_used(group, alias)
                self.names.plans[key] = Plan(is_used, tuple(spelled))
        return self.names

    def _plan_stars(self) -> None:
        """Import names that a star has provided: they must not have been bound in any other way."""
        module = self.scopes.module
        for spelling in (s for plan in self.stars.values() for s in plan.spellings if s.root != "*"):
            if spelling.root in module.sites or spelling.root in module.given_away:
                raise RefusalError(f"`{spelling.root}` is also bound in another way")
            if self.added.setdefault((module, spelling.root), spelling.path) != spelling.path:
                raise RefusalError(f"`{spelling.root}` may be one of several objects")
        self.names.plans.update(self.stars)

    def _plan_moves(self) -> None:
        grouped: dict[tuple[Scope, str], list[Move]] = {}
        for move in self.imports:
            scope = self.scopes.binder(move.name.local, self.reading.imports.scope(move.statement))
            grouped.setdefault((scope, move.name.local), []).append(move)
        for (scope, local), moves in grouped.items():
            group = self._group(scope, local)
            direct = [move for move in moves if not is_plain(move.statement, move.name)]
            if direct:
                self._plan_imports(group, direct)
            if len(direct) < len(moves):
                self._plan_plain_imports(group, [move for move in moves if move not in direct])

    def _group(self, scope: Scope, local: str) -> _Group:
        aliases: list[_Alias] = []
        is_imported = is_optional = True
        for site in scope.sites.get(local, ()):
            alias = self.aliases.get(self.reading.imports.aliases.get(site, -1))
            if alias is not None:
                aliases.append(alias)
            else:
                is_deleted = isinstance(site, ast.Name) and isinstance(site.ctx, ast.Del)
                is_imported &= is_deleted
                is_optional &= is_deleted or site in self.reading.nones
        return _Group(scope, local, tuple(aliases), is_imported, is_optional and not is_imported)

    def _of(self, group: _Group) -> list[Reference]:
        """The uses of a name that are not spelled anew yet."""
        uses = (use for use in self.references.get(group.local, ()) if use.start not in self.changed)
        return [use for use in uses if self.reading.resolve(use) is group.scope]

    # Imports that bind one name, the object's own or another one

    def _plan_imports(self, group: _Group, moves: Sequence[Move]) -> None:
        ways = [self._reachable(spellings(move.statement, move.name, move.target), move.target) for move in moves]
        self._see_that_nothing_is_there_already(group, moves)
        chosen, why = self._renamed(group, moves, ways)
        if chosen:
            self._write(group.scope, self._of(group), 1, chosen[0])
            self.names.is_renamed |= any(s.expression == group.local for s in ways[0])
        for index, (move, spelled) in enumerate(zip(moves, ways, strict=True)):
            spelling = chosen[index] if chosen else self._staying(group, spelled)
            if spelling is None:
                raise RefusalError(f"no import can bind `{move.target}` to `{group.local}`, and {why}")
            self._import(_key(move), group.scope, spelling)

    def _reachable(self, found: Iterable[Spelling], target: ObjectRef) -> list[Spelling]:
        """The spellings that do not go through a package which hides the module. Raises RefusalError without any."""
        reachable = [*found]
        if self.others.is_hidden(target.module):
            # `from a.b import C` alone does not ask the package for `b`
            reachable = [s for s in reachable if s.item is None or (target.qualname and s.module == target.module)]
            if not reachable:
                raise RefusalError(f"its package binds another object to the name of `{target.module}`")
        return reachable

    def _see_that_nothing_is_there_already(self, group: _Group, moves: Sequence[Move]) -> None:
        """Refuse a push-down (`foo` to `foo.bar`) where a use of what moves is at its target already."""
        paths = {alias.key: alias.path for alias in group.aliases}
        for move in moves:
            path = paths.get(_key(move), "")
            for use in self._of(group) if move.target.dotted.startswith(path + ".") else ():
                used = ".".join((path, *use.names[1:]))
                if f"{used}.".startswith(move.target.dotted + "."):
                    raise RefusalError(f"`{used}` is canonical already")

    def _renamed(
        self, group: _Group, moves: Sequence[Move], ways: Sequence[Sequence[Spelling]]
    ) -> tuple[list[Spelling], str]:
        """The spellings by which imports change together with their uses; or none, and why."""
        if any(move.keeps_name for move in moves) and any(s.expression == group.local for s in ways[0]):
            return [], "the name is to stay"
        why = self._unclear(group) or self._looked_up(group)
        if {alias.key for alias in group.aliases} != {_key(move) for move in moves}:
            why = why or f"`{group.local}` is also imported otherwise"
        for first in ways[0] if not why else ():
            same = [next((s for s in spelled if s.expression == first.expression), None) for spelled in ways]
            chosen = [spelling for spelling in same if spelling is not None]
            if first.expression == group.local or len(chosen) < len(same):
                continue
            if len({spelling.path for spelling in chosen}) > 1:
                why = f"`{group.local}` may be one of several objects"
            else:
                why = self._misfit(group.scope, self._of(group), first) or self._needed(group)
            if not why:
                return chosen, ""
        return [], why

    def _staying(self, group: _Group, spelled: Sequence[Spelling]) -> Spelling | None:
        """The spelling with the local name as it is."""
        same = [spelling for spelling in spelled if spelling.expression == group.local]
        if same and same[0].item is None and not self._is_builtin_enough(group):
            del same[0]
        return same[0] if same else None

    def _is_builtin_enough(self, group: _Group) -> bool:
        """Whether a name means the builtin of that name once the moved imports have gone."""
        around = self.scopes.resolve(group.local, group.scope.parent) if group.scope.parent else None
        if self._has_star(group.scope) or not self._is_builtin(group):
            return False
        if around is not None and not self._is_builtin(self._group(around, group.local)):
            return False
        if group.scope.is_module:
            return not self.others.is_needed(group.local)
        return not group.scope.is_class

    def _is_builtin(self, group: _Group) -> bool:
        """Whether nothing but the builtin of that name is bound to a name, moves made."""
        targets = (self.targets.get(alias.key) for alias in group.aliases)
        paths = {t.dotted if t else a.bound for a, t in zip(group.aliases, targets, strict=True)}
        is_deleted = any(reference.is_deleted for reference in self._of(group))
        return group.is_imported and not is_deleted and paths == {f"builtins.{group.local}"}

    # `import a.b`, which binds `a` and speaks of `a.b`

    def _plan_plain_imports(self, group: _Group, moves: Sequence[Move]) -> None:
        why = self._unclear(group)
        if why or not all(alias.is_own for alias in group.aliases):
            raise RefusalError(f"`{group.local}` cannot be told: {why or 'it has two origins'}")
        targets = {move.name.name: move.target for move in moves}
        moved = [alias for alias in group.aliases if alias.path in targets]  # those of the same path share their uses
        staying = [alias for alias in group.aliases if alias.path not in targets]
        always = [alias for alias in staying if self.reading.imports.is_direct(alias.statement)]
        uses: dict[str, list[Reference]] = {path: [] for path in targets}
        package = ""
        for use in self._of(group):
            owner = group.owner(use.names) or ""
            if use.is_cut and owner not in targets:
                raise RefusalError(f"it is not certain what a use of `{group.local}` goes on with")
            if owner in targets:
                uses[owner].append(use)
            elif not any(alias.statement.span.start <= use.start for alias in always):
                # the packages around, which were imported along with what moves
                package = max(package, *(_common(use.names, alias.path) for alias in moved), key=len)
        if group.scope.is_module and self.others.is_root_needed(group.local):
            package = package or group.local
        if package and self.others.is_deprecated(package):
            raise RefusalError(f"`{package}` is used, which only `import {moved[0].path}` provides")
        for path, target in targets.items():
            same = [alias for alias in moved if alias.path == path]
            spelling, why = None, ""
            for spelling in self._reachable(spellings(same[0].statement, same[0].name, target), target):
                why = self._misfit(group.scope, uses[path], spelling, path.count(".") + 1)
                if not why:
                    break
            if spelling is None or why:
                raise RefusalError(why)
            self._write(group.scope, uses[path], path.count(".") + 1, spelling)
            is_there = not package or f"{spelling.expression}.".startswith(f"{package}.")
            more = () if is_there else (Spelling(package, "", Item(package)),)
            for alias in same:
                self._import(alias.key, group.scope, spelling, *more)

    # Uses of what an import that stays provides

    def _plan_uses(self) -> dict[Key, tuple[_Group, _Alias, list[Spelling]]]:
        """Spell uses anew; gives what is to be imported for them, by the names that they went through."""
        by_start = {r.start: r for r in self.reading.references} if self.uses else {}
        grouped: dict[tuple[Scope, tuple[str, ...], ObjectRef], list[Reference]] = {}
        moved: dict[int, Move] = {}
        for move in self.uses:
            use = by_start.get(move.use.start) if move.use else None
            scope = self.reading.resolve(use) if use else None
            if use is None or scope is None or move.use is None:
                raise RefusalError("the file has changed")
            parts = use.ends.index(move.use.end) + 1
            moved[use.start] = move
            if use.is_target and len(use.names) == parts and move.target.module == "builtins":
                raise RefusalError(f"`{'.'.join(use.names)}` is set or deleted, and a builtin is nobody's own")
            if use.names[parts - 1] in self.reading.set_by_name:
                raise RefusalError(f"`{use.names[parts - 1]}` is also set or patched by its name")
            grouped.setdefault((scope, use.names[:parts], move.target), []).append(use)
        added: dict[Key, tuple[_Group, _Alias, list[Spelling]]] = {}
        for (scope, names, _), uses in grouped.items():
            group = self._group(scope, names[0])
            if why := self._unclear(group._replace(is_imported=group.is_imported or group.is_optional)):
                raise RefusalError(why)
            owner = group.owner(names)
            owners = [alias for alias in group.aliases if owner in (None, alias.expression)]
            first = min((use.start for use in uses if use.scope is scope), default=owners[0].statement.span.start)
            if all(alias.statement.span.start > first for alias in owners):  # it was loaded by someone else
                owners = [min(group.aliases, key=lambda alias: alias.statement.span)]
            if not all(self.reading.imports.is_direct(alias.statement) for alias in owners):
                owners = [*group.aliases]  # any of them may be the one that binds the name
            if len({alias.bound for alias in group.aliases}) != 1:
                raise RefusalError(f"`{group.local}` may be one of several objects")
            imported = (owners[0].path, owners[0].expression) if owner else (group.local, group.local)
            spelling = self._spelled(group, owners[0], imported, uses, moved[uses[0].start])
            self._write(scope, uses, len(names), spelling)
            for alias in owners:
                _, _, more = added.setdefault(alias.key, (group, alias, []))
                if spelling.item is not None:
                    self.added[scope, spelling.root] = spelling.path
                    self.imported.add((scope, *spelling.imported))
                    if all(spelling.imported != other.imported for other in more):
                        more.append(spelling)
                elif spelling.root == group.local:
                    self.reused.add(alias.key)
        return added

    def _spelled(
        self, group: _Group, alias: _Alias, imported: tuple[str, str], uses: Sequence[Reference], move: Move
    ) -> Spelling:
        """How a use is to be written; `imported` is the path that it goes through, and how the file writes that."""
        path, expression = imported
        parts = uses[0].ends.index(move.use.end) + 1 if move.use else 1
        used = ".".join((path, *uses[0].names[expression.count(".") + 1 : parts]))
        why = f"`{group.local}` may be None"
        ways = spellings_of_use(path, expression, used, move.target, is_from=not alias.is_own)
        for spelling in self._reachable(ways, move.target):
            if spelling.item is None and spelling.root == group.local:
                if alias.key not in self.targets:
                    return spelling
                continue
            if not group.is_optional:
                why = self._misfit(group.scope, uses, spelling, parts)
                if not why:
                    return spelling
        raise RefusalError(why)

    def _is_still_used(self, group: _Group, alias: _Alias) -> bool:
        """Whether an import is needed once the uses that are spelled anew do not count."""
        always = {a.expression: a for a in group.aliases if self.reading.imports.is_direct(a.statement)}
        for use in self._of(group):
            owner = group.owner(use.names) or ""
            other = always.get(owner) if owner != alias.expression else None
            if other is None or other.statement.span.start > use.start:
                return True
        return bool(self._looked_up(group) or self._needed(group))

    # What a name is, and may become

    def _unclear(self, group: _Group) -> str:
        """Why it is not certain what a name refers to; empty if it is."""
        local, scope = group.local, group.scope
        if not group.is_imported:
            return f"`{local}` is also bound in another way"
        if local in self.reading.unsure:
            return f"`{local}` is mentioned where its meaning cannot be told"
        if local in scope.given_away:
            return f"a function binds `{local}`"
        stars = [getattr(site, "lineno", 0) for site in scope.sites.get("*", ())]
        sites = [getattr(site, "lineno", 0) for site in scope.sites.get(local, ())]
        if stars and max(stars) >= min(sites, default=0):
            return f"an `import *` may bind `{local}` too"
        for use in self.references.get(local, ()):
            found = self.reading.resolve(use)
            if found is scope and scope.is_class and use.scope is scope and not scope.has_bound(local, use.row):
                return f"a class binds `{local}` and reads it"
            is_in_class = found is not scope and found is use.scope and found.is_class and scope in found.within()
            if found is not None and is_in_class and not found.has_bound(local, use.row):
                return f"a class binds `{local}` and reads it"
        return ""

    def _looked_up(self, group: _Group) -> str:
        """Why a name may be asked for by its text; empty if it is not."""
        local, scope = group.local, group.scope
        if scope.is_class:
            return f"`{local}` is an attribute of a class"
        if hasattr(builtins, local) and scope.is_module:
            return f"`{local}` is also a builtin"
        if _is_mangled(local):
            return f"`{local}` is private to classes"
        if any(scope in at.within() for at in self.reading.name_lookups):
            return f"`{local}` may be looked up by its name"
        return ""

    def _needed(self, group: _Group) -> str:
        """Why a name must go on to exist; empty if it need not."""
        if group.scope.is_module:
            if self.others.is_needed(group.local):
                return f"others may ask this file for `{group.local}`"
            self.names.private.add(group.local)
        return ""

    def _misfit(self, scope: Scope, uses: Sequence[Reference], spelling: Spelling, parts: int = 1) -> str:
        """Why a spelling cannot be used in a scope, and for the first `parts` of some uses; empty if it can."""
        root = spelling.root
        taken = f"`{root}` means something else where `{spelling.expression}` would stand"
        is_deleted = any(use.is_deleted for use in uses)
        is_shared = (scope, root) in self.added or root in scope.sites
        if (is_deleted and (spelling.expression != root or is_shared)) or (scope, root) in self.deleted:
            return f"a `del` cannot take `{spelling.expression}`"
        if scope.is_module and hasattr(builtins, root) and spelling.item and root not in scope.sites:
            return f"`{root}` is also a builtin"
        if "." not in spelling.expression and any(use.is_target and len(use.names) == parts > 1 for use in uses):
            return f"an assignment to `{spelling.expression}` would bind a name"
        if scope.is_module and self.others.is_submodule(root):
            return f"`{root}` is a submodule here"
        if root in self.reading.unsure or root in scope.given_away or root in scope.declared:
            return taken
        if _is_mangled(root) and any(at.is_class for use in uses for at in use.scope.within()):
            return f"`{root}` would be private to a class"
        if spelling.item is None:
            is_free = all(self.scopes.resolve(root, use.scope) is None for use in uses)
            is_hidden = any((at, root) in self.added for use in uses for at in use.scope.within())
            return "" if is_free and not (is_hidden or is_deleted or self._has_star(scope)) else taken
        if self.added.get((scope, root), spelling.path) != spelling.path:
            return taken
        if not all(self._binds(site, spelling.path) for site in scope.sites.get(root, ())):
            return f"`{root}` is bound here already"
        if self._is_captured(scope, root) or any(self._is_shadowed(use, scope, root) for use in uses):
            return taken
        return ""

    def _binds(self, site: ast.AST, path: str) -> bool:
        """Whether what binds a name is an import that binds it to a path, moves made."""
        alias = self.aliases.get(self.reading.imports.aliases.get(site, -1))
        if alias is None:
            return False
        target = self.targets.get(alias.key) if not alias.is_own else None
        return (target.dotted if target else alias.bound) == path

    def _is_captured(self, scope: Scope, root: str) -> bool:
        """Whether a name is used in a scope with the meaning that it has outside of it."""
        for use in self.references.get(root, ()):
            found = self.reading.resolve(use)
            is_outer = found is None or (found is not scope and found not in _below(use, scope))
            if is_outer and scope in use.scope.within():
                return True
        return any(
            name == root and meant is not scope and scope in at.within() and (meant is None or meant in scope.within())
            for name, at, meant in self.written
        )

    def _is_shadowed(self, use: Reference, scope: Scope, root: str) -> bool:
        """Whether a scope between a use and `scope` gives a name another meaning."""
        for at in _below(use, scope):
            is_visible = at is use.scope or not at.is_class
            if is_visible and (root in at.sites or root in at.declared or (at, root) in self.added):
                return True
        return False

    def _has_star(self, scope: Scope) -> bool:
        return any("*" in at.sites for at in scope.within())

    def _write(self, scope: Scope, uses: Sequence[Reference], parts: int, spelling: Spelling) -> None:
        """Spell the first `parts` of some uses anew."""
        for use in uses:
            self.names.edits.append(TextEdit(use.span(parts), spelling.expression))
            self.changed.add(use.start)
            self.written.append((spelling.root, use.scope, scope if spelling.item else None))
            self.deleted |= {(scope, spelling.root)} if use.is_deleted else set()

    def _import(self, key: Key, scope: Scope, *spellings: Spelling) -> None:
        """Import this in the place of a name."""
        needed = tuple(spelling for spelling in spellings if spelling.item is not None)
        for item in (spelling.item for spelling in needed):
            if item and _is_mangled(item.name) and any(at.is_class for at in scope.within()):
                raise RefusalError(f"`{item.name}` would be private to a class")
        self.names.plans[key] = Plan(stays=False, spellings=needed)
        for spelling in needed:
            self.added[scope, spelling.root] = spelling.path
            self.imported.add((scope, *spelling.imported))


def _below(use: Reference, scope: Scope) -> Iterator[Scope]:
    """The scopes from that of a use outwards, up to `scope` and without it."""
    for at in use.scope.within():
        if at is scope:
            return
        yield at


def _common(names: Sequence[str], path: str) -> str:
    """The beginning that a use and a path have in common, less the whole path."""
    parts = path.split(".")[:-1]
    count = next((i for i, (a, b) in enumerate(zip(names, parts, strict=False)) if a != b), min(len(names), len(parts)))
    return ".".join(parts[: max(count, 1)])


def _is_mangled(name: str) -> bool:
    """Whether classes change the name (the language reference, "Private name mangling")."""
    return name.startswith("__") and not name.endswith("__")
