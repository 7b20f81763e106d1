"""What holds for the rewrite of any code: random registries of what files import, and what one file's fixes must keep.

The test shows it on a part of the standard library, `scripts/fuzz.py` on the corpus.
"""

from __future__ import annotations

import ast
import builtins
import io
import random
import symtable
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ssot_lsp import engine
from ssot_lsp.bindings import absolute
from ssot_lsp.files import SourceFile
from ssot_lsp.model import Applicability, Diagnostic, Move
from ssot_lsp.project import Document, Project
from ssot_lsp.text import TextEdit, apply_edits

BUILTINS = sorted(name for name in vars(builtins) if not name.startswith("_") and name not in {"True", "False", "None"})


class File(NamedTuple):
    """A file of real code, and where in the workspace it is to stand: its relative imports start from there."""

    path: Path
    """Relative to the workspace's root."""
    content: SourceFile


def parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(source: str) -> bool:
    """Whether Python takes it, scopes and `from __future__` included."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "file.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def unbound(source: str) -> set[str]:
    """The names that are read somewhere, and that neither the module nor Python binds."""
    read, bound = set[str](), set(dir(builtins))
    tables = [symtable.symtable(source, "file.py", "exec")]
    for table in tables:
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() or table is tables[0]:
                read |= {symbol.get_name()} if symbol.is_referenced() else set()
                bound |= {symbol.get_name()} if symbol.is_assigned() or symbol.is_imported() else set()
    return read - bound


# Registries


class Imported(NamedTuple):
    """What some files import, and which attributes of that they use."""

    names: set[str]
    """`a.b:X` for each `from a.b import X`."""
    modules: set[str]
    attributes: set[str]
    """`a.b:X` for each `a.b.X`, `b.X` or `c.X` after `import a.b`, `from a import b` or `import a.b as c`."""

    @classmethod
    def by(cls, files: Iterable[File]) -> Imported:
        imported = cls(set(), set(), set())
        for file in files:
            tree = parsed(file.content.source)
            if tree is not None:
                imported._add(file.path, tree)
        return imported

    def _add(self, path: Path, tree: ast.Module) -> None:
        here, is_init = ".".join(path.with_suffix("").parts).removesuffix(".__init__"), path.stem == "__init__"
        paths: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = absolute(node.module or "", node.level, here, is_init=is_init)
                if module and module != "__future__":
                    self.modules.add(module)
                    self.names.update(f"{module}:{alias.name}" for alias in node.names if alias.name != "*")
                    paths |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self.modules.add(alias.name)
                    paths[alias.asname or top] = alias.name if alias.asname else top
        for node in ast.walk(tree):
            chain = _chain(node) if isinstance(node, ast.Attribute) else ()
            if chain and chain[0] in paths:
                self.attributes.add(f"{'.'.join([paths[chain[0]], *chain[1:-1]])}:{chain[-1]}")


def _chain(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    outer = _chain(node.value) if isinstance(node, ast.Attribute) else ()
    return (*outer, node.attr) if outer and isinstance(node, ast.Attribute) else ()


Add = Callable[[str, str, str], None]
"""Takes the kind, the deprecated path and the canonical one of an entry."""


def random_registry(files: Iterable[File], chance: random.Random) -> list[dict[str, object]]:
    """Entries that move or rename a part of what the files import and use; an entry's `reason` is its kind.

    Their targets are third-party and so count as the registry says: `packages` must name none of them.
    """
    imported = Imported.by(files)
    entries: dict[str, dict[str, object]] = {}

    def add(kind: str, deprecated: str, canonical: str) -> None:
        dotted = deprecated.replace(":", ".")
        if dotted not in entries and deprecated != canonical:
            entries[dotted] = {"canonical": canonical, "deprecated": [deprecated], "reason": kind}

    def part(refs: set[str], share: int) -> list[str]:
        return chance.sample(sorted(refs), len(refs) // share)

    modules = sorted(imported.modules)
    names = sorted({ref.partition(":")[2] for ref in imported.names})
    for ref in [*part(imported.names, 2), *part(imported.attributes, 6)]:
        _add_name(add, ref, names, modules, chance)
    for module in part(imported.modules, 4):
        _add_module(add, module, chance)
    return list(entries.values())


def _add_name(add: Add, ref: str, names: Sequence[str], modules: Sequence[str], chance: random.Random) -> None:
    module, _, name = ref.partition(":")
    place = f"moved.to.m{chance.randrange(5)}"
    # a name that other code uses may mean something else already where this one is imported
    other = chance.choice([f"{name}New", f"{name}New", f"_{name}", chance.choice(names)])
    match chance.choices(range(8), (30, 22, 12, 10, 5, 7, 7, 7))[0]:
        case 0:
            add("move", ref, f"{place}:{name}")
        case 1:
            add("rename", ref, f"{place}:{other}")
        case 2:  # to where other names are imported from
            add("merge", ref, f"{chance.choice(modules)}:{name}")
        case 3:
            add("attribute", ref, f"{place}:registry.{chance.choice([name, other])}")
        case 4:
            add("builtin", ref, f"builtins:{name if name in BUILTINS else chance.choice(BUILTINS)}")
        case 5:
            add("push-down", ref, f"{module}.{name.strip('_').lower()}_parts:{name}")
        case 6:
            add("chain", ref, f"stage.one:{other}")
            add("chain", f"stage.one:{other}", f"stage.two.m{chance.randrange(3)}:{chance.choice([name, other])}")
        case _:
            add("renamed in place", ref, f"{module}:{other}")


def _add_module(add: Add, module: str, chance: random.Random) -> None:
    outer, _, last = module.rpartition(".")
    match chance.choices(range(6), (34, 22, 16, 14, 7, 7))[0]:
        case 0:
            add("module move", module, f"moved.{last}")
        case 1:
            add("module rename", module, chance.choice([f"top{chance.randrange(3)}", f"moved.{last}_new"]))
        case 2:
            add("prefix", outer or module, f"moved.{(outer or module).rpartition('.')[2]}")
        case 3:
            add("module push-down", module, f"{module}.{last}")
        case 4:
            add("module chain", module, f"stage.{last}")
            add("module chain", f"stage.{last}", f"stage.two.{last}")
        case _:
            add("module to object", module, f"moved.api:{last}")


# One file


class Verdict(NamedTuple):
    """What became of a finding that is to be fixed."""

    kind: str
    """Of its registry entry."""
    is_pure: bool
    """Only the module changes: the name that the file knows the object by can stay."""
    refusal: str
    """Why it was not fixed; empty if it was."""


class Outcome(NamedTuple):
    """What checking and fixing one file gave."""

    findings: int
    verdicts: tuple[Verdict, ...]
    """Of the findings that are to be fixed."""
    broken: tuple[str, ...]
    """What did not hold."""


def check_one(project: Project, file: File) -> Outcome:
    """Check and fix a file as the command line does, and look whether everything held that must hold."""
    source = file.content.source
    document = project.document(project.root / file.path, source)
    found = engine.check(document, project)
    if parsed(source) is None:
        return Outcome(len(found), (), tuple(_broken_in_unparsable(project, document, found)))
    fixed = engine.fix(document, project, found)
    wanted = [diagnostic for diagnostic in found if is_safe(diagnostic)]
    refusals = {refusal.span: refusal.message.partition(" is not made: ")[2] for refusal in fixed.refused}
    broken = [*_broken(file, fixed.text.source, fixed.edits)]
    if len(fixed.applied) + len(fixed.refused) != len(wanted):
        broken.append("what is to be fixed is neither fixed nor refused")
    if compiles(fixed.text.source):
        after = project.document(document.path, fixed.text.source)
        left = [diagnostic for diagnostic in engine.check(after, project) if is_safe(diagnostic)]
        if Counter(d.message for d in left) - Counter(d.message for d in wanted if d.span in refusals):
            broken.append("something is left to be fixed")
        if engine.fix(after, project, left).text.source != fixed.text.source:
            broken.append("a second run changes something")
    if any(why.startswith(engine.INTERNAL_ERROR) for why in refusals.values()):
        broken.append("a crash is told as a refusal")
    verdicts = (
        Verdict(d.entry.reason if d.entry else d.code, is_pure(document, d), refusals.get(d.span, "")) for d in wanted
    )
    return Outcome(len(found), tuple(verdicts), tuple(broken))


def _broken(file: File, result: str, edits: Sequence[TextEdit]) -> Iterator[str]:
    """What does not hold of a file that parsed, and of the result of its fixes."""
    source = file.content.source
    if result != apply_edits(source, edits) or file.content.encode(result) != spliced(file.content, edits):
        yield "bytes outside of the edits changed"
    if parsed(result) is None:
        yield "the result does not parse"
        return
    if compiles(source):
        if not compiles(result):
            yield "the result does not compile"
        elif unbound(result) - unbound(source):
            yield "a name is used that nothing binds"
    try:
        before = comments(source)
    except (SyntaxError, tokenize.TokenError):  # the tokenizer written in Python is stricter than Python
        return
    after = [*comments(result).elements()]
    # two may have come to stand on one line, where they are one to a tokenizer
    if any(sum(comment in other for other in after) < count for comment, count in before.items()):
        yield "a comment was lost"


def _broken_in_unparsable(project: Project, document: Document, found: Sequence[Diagnostic]) -> Iterator[str]:
    """What does not hold of the fixes that an editor would offer in a file that Python rejects."""
    source = document.text.source
    for diagnostic in found[:20]:
        for fix in engine.with_fixes(document, project, diagnostic).fixes:
            if Counter(comment_like(source)) - Counter(comment_like(apply_edits(source, fix.edits))):
                yield "a comment was lost in a file that does not parse"


def comment_like(source: str) -> list[str]:
    """What follows a `#` on its line, strings included: what a file has that no tokenizer reads."""
    return [line.partition("#")[2] for line in source.splitlines() if "#" in line]


def spliced(content: SourceFile, edits: Iterable[TextEdit]) -> bytes:
    """The file's bytes with the edits applied to them, and not to the text."""
    data, source = content.encode(content.source), content.source
    start = len(content.encode(""))  # a byte order mark is no part of the text
    result, done = data[:start], 0
    for span, new_text in sorted(edits, key=lambda edit: edit.span):
        kept = start + len(source[done : span.start].encode(content.encoding))
        result += data[start:kept] + new_text.encode(content.encoding)
        start, done = kept + len(source[span.start : span.end].encode(content.encoding)), span.end
    return result + data[start:]


def is_safe(diagnostic: Diagnostic) -> bool:
    """Whether it is to be fixed without asking."""
    return any(replacement.applicability is Applicability.SAFE for replacement in diagnostic.replacements)


def is_pure(document: Document, diagnostic: Diagnostic) -> bool:
    """Whether the fix can leave every use as it is: an import that keeps its name, or has an alias."""
    if not any(statement.span.contains(diagnostic.span) for statement in document.syntax.imports):
        return False
    moves = next(r.moves for r in diagnostic.replacements if r.applicability is Applicability.SAFE)
    return all(map(_keeps_name, moves))


def _keeps_name(move: Move) -> bool:
    target = move.target
    if "." in target.qualname or target.module == "builtins" or (target.qualname and not move.statement.is_from):
        return False  # an attribute, a name that needs no import, a module that is now another object's attribute
    return bool(move.name.asname) or target.dotted.rpartition(".")[2] == move.name.local
