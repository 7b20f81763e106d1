"""The nouns: frozen values that every other module speaks in. They know nothing of files, LSP or a terminal."""

from __future__ import annotations

import keyword
import re
from enum import Enum, IntEnum
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.text import Span, Text, TextEdit


def is_dotted_name(text: str) -> bool:
    """Whether `text` is identifiers joined by dots, none of them a keyword: all that we ever write into code.

    Newer versions of Unicode let invisible characters stand in identifiers; here they may not.
    """
    parts = text.split(".")
    return text.isprintable() and all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)


_PLAIN_NAME = rf"(?!(?:{'|'.join(keyword.kwlist)})\b)[A-Za-z_]\w*"
_PLAIN_PATH = rf"{_PLAIN_NAME}(?:\.{_PLAIN_NAME})*"
is_plain_reference = re.compile(rf"{_PLAIN_PATH}(?::{_PLAIN_PATH})?", re.ASCII).fullmatch
"""Whether a text is an object reference in ASCII: a quick way to say yes, which `ObjectRef.parse` alone can deny."""


RULE_NAMES = {
    "SSOT001": "deprecated-import",
    "SSOT002": "removed-import",
    "SSOT003": "unresolved-module",
    "SSOT004": "unresolved-name",
    "SSOT005": "non-exported-import",
    "SSOT006": "noncanonical-import",
    "SSOT007": "deprecated-path-string",
    "SSOT008": "deprecated-star-import",
    "SSOT020": "wrapped-payload",
    "SSOT090": "unused-suppression",
    "SSOT091": "refused-fix",
    "SSOT092": "unreadable-file",
    "SSOT100": "invalid-registry",
    "SSOT101": "dangling-canonical",
    "SSOT102": "registry-cycle",
    "SSOT103": "duplicate-entry",
    "SSOT104": "contradictory-entry",
    "SSOT105": "shadowed-entry",
    "SSOT106": "canonical-not-exported",
    "SSOT107": "stale-entry",
    "SSOT108": "overdue-removal",
    "SSOT109": "incomplete-bridge",
    "SSOT110": "not-drop-in",
}
"""All codes that are given out, and the names that go with them; not all of the rules exist yet."""


def is_code(text: str) -> bool:
    """Whether it is a code, or the beginning of one: what `--select` and `--ignore` take."""
    return bool(text) and any(code.startswith(text) for code in RULE_NAMES)


class ObjectRef(NamedTuple):
    """An object reference: `package.module:qualified.name`, or `package.module` for a module.

    The syntax is that of entry points (https://packaging.python.org/specifications/entry-points/, "value").
    """

    module: str
    qualname: str = ""

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """Read `module` or `module:qualname`.

        Raises ValueError where a part is not a dotted identifier, or is a keyword.
        """
        module, colon, qualname = text.partition(":")
        if not is_plain_reference(text) and not (is_dotted_name(module) and (not colon or is_dotted_name(qualname))):
            raise ValueError(f"{text!r} is not an object reference (package.module or package.module:name)")
        return cls(module, qualname)

    @property
    def dotted(self) -> str:
        """The path with dots only, as `import` statements and `mock.patch` strings spell it."""
        return f"{self.module}.{self.qualname}" if self.qualname else self.module

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}" if self.qualname else self.module


class Applicability(str, Enum):
    """How sure a fix is, in ruff's words."""

    SAFE = "safe"
    """Same meaning: applied on save and by `fix`."""
    UNSAFE = "unsafe"
    """A person says yes: `--unsafe-fixes`, or choosing it in the editor."""
    DISPLAY = "display"
    """A choice that the editor offers; never applied in bulk, never preferred."""


class Severity(IntEnum):
    """How bad a diagnostic is; the numbers are LSP's `DiagnosticSeverity`: the smaller, the worse."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4

    @property
    def label(self) -> str:
        """The word for it in settings and outputs: `error`, `warning`, `information`, `hint`."""
        return self.name.lower()


class Entry(NamedTuple):
    """One entry of a registry. Fields are named as its keys in registry.json, which the schema describes."""

    canonical: ObjectRef | None
    deprecated: tuple[ObjectRef, ...]
    alternatives: tuple[ObjectRef, ...] = ()
    reason: str = ""
    issue: str = ""
    owner: str = ""
    since: str = ""
    removal: str = ""
    severity: Severity | None = None
    applicability: Applicability | None = None
    exclusive: bool = False
    allow: tuple[str, ...] = ()
    path: Path = Path()
    """The registry file that it stands in."""
    place: int = 0
    """Its place in that file's `entries`, from 0."""
    versions_of: str = ""
    """What the versions in `since` and `removal` are versions of, as `Python`; empty for the project itself."""
    is_gone: bool = False
    """What it replaces is not there any more, in the oldest version that the project supports."""

    @property
    def dates(self) -> tuple[str, ...]:
        """Since when it holds, and when what it replaces goes, in words; without what it does not say."""
        since, removal = self.named(self.since), self.named(self.removal)
        goes = f"{'removed' if self.is_gone else 'to be removed'}{' in' if removal != self.removal else ''}"
        told = (f"since {since}",) if since else ()
        return (*told, f"{goes} {removal}") if removal else told

    def named(self, version: str) -> str:
        """What stands in `since` or `removal`: a version of others with their name, as `Python 3.10`, else as it is."""
        is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", version) is not None
        return f"{self.versions_of} {version}" if self.versions_of and version and not is_date else version


class ImportedName(NamedTuple):
    """One alias of an import statement: `b as c` in `from a import b as c`, `a.b` in `import a.b`."""

    name: str
    """As written; dotted in `import a.b`."""
    asname: str | None
    span: Span
    """The whole alias, `as` included."""
    name_span: Span
    """The name alone."""

    @property
    def local(self) -> str:
        """The name that comes to be bound: the `asname`, else the name's first part (`a` for `import a.b`)."""
        return self.asname or self.name.partition(".")[0]

    def path_in(self, module: str) -> str:
        """The dotted path that it refers to, imported from `module`; by `import`, which has none, the name itself."""
        return f"{module}.{self.name}" if module else self.name

    def bound_in(self, module: str) -> str:
        """The dotted path that the local name then refers to: `a` for `import a.b`, else what `path_in` says."""
        return self.path_in(module) if module or self.asname else self.local


class ImportStatement(NamedTuple):
    """An `import` or `from … import` statement and where it stands."""

    span: Span
    """From its first keyword to its last token; a comment behind it is not part of it."""
    is_from: bool
    module: str
    """`a.b` in `from ..a.b import c`; empty in `from . import c` and in `import a`."""
    level: int
    """Leading dots of a relative import."""
    module_span: Span
    """Dots and module in `from ..a.b import c`; in `import a` the first name."""
    names: tuple[ImportedName, ...]
    is_star: bool = False
    block: int = 0
    """Which block of statements it stands in; equal numbers are the same block."""
    run: int = 0
    """Which unbroken run of import statements it belongs to, within its block."""
    others: int = 1
    """How many other statements its block has: of a module more than anyone can take away, as it may be empty."""
    guarded_by: tuple[int, ...] = ()
    """The `try` statements, guarded against ImportError, in whose body it stands."""
    handler_of: tuple[int, ...] = ()
    """The `try` statements in whose handler against ImportError it stands."""
    expects_error: bool = False
    """It stands under `pytest.raises(ImportError)` or the like: it is there to fail."""
    branches: tuple[tuple[int, int], ...] = ()
    """The `if` statements in one of whose branches it stands, each with a number for the branch."""
    deferred: bool = False
    """It stands in a function, so it runs later than its file."""
    type_checking: bool = False
    """It stands under `if TYPE_CHECKING:`, so it never runs."""
    by_version: bool = False
    """It stands in a branch of an `if` that asks for the version of Python, or for what a module has."""
    well_formed: bool = True
    """The statement parses on its own. False for half-typed ones, which are left alone."""

    @property
    def parts(self) -> tuple[ImportedName, ...]:
        """The names, or in their place the `*` of an `import *`, as a name of its own."""
        span = Span(self.span.end - 1, self.span.end)
        return (ImportedName("*", None, span, span),) if self.is_star else self.names


class PathKind(Enum):
    """What code does with a dotted path that is written as a string."""

    PATCH = "patch"
    """`mock.patch`: replaces what its last part is bound to, where the part before it looks that up."""
    ATTRIBUTE = "attribute"
    """`monkeypatch.setattr` and `delattr`: as a patch."""
    MODULE = "module"
    """`import_module`, `sys.modules[…]` and the like: the whole path is a module."""
    OBJECT = "object"
    """`pkgutil.resolve_name`, `patch.dict`, `"module:name"`: the path leads to an object, wherever it is used."""

    @property
    def is_patch(self) -> bool:
        """Whether it replaces a name, so that it matters where that is looked up."""
        return self in (PathKind.PATCH, PathKind.ATTRIBUTE)


class PathString(NamedTuple):
    """A dotted path in a string, where code takes it for one."""

    span: Span
    """The path alone: neither the quotes nor a prefix belong to it."""
    path: str
    """As written: `a.b.C`, or `a.b:C`."""
    kind: PathKind
    place: Span
    """The call, the `sys.modules[…]` or, if neither is around it, the string itself."""
    may_lack: bool = False
    """The last part need not be there (`create=True`, `raising=False`), or the string only asks whether it is."""
    guarded_by: tuple[int, ...] = ()
    """As for an import statement."""
    handler_of: tuple[int, ...] = ()
    """As for an import statement."""
    expects_error: bool = False
    """As for an import statement."""

    @property
    def dotted(self) -> str:
        """The path with dots only."""
        return self.path.replace(":", ".")


class Location(NamedTuple):
    """A place in some file."""

    path: Path
    text: Text
    span: Span


class Related(NamedTuple):
    """Another place that helps to understand a diagnostic."""

    message: str
    location: Location


class Move(NamedTuple):
    """What an imported name, or a use of what it imports, is to be instead.

    Of an `import *` the `*` moves, to a `*`; any other name of such a statement is one that the star has provided so
    far and that is to be imported besides, by name.
    """

    statement: ImportStatement
    name: ImportedName
    target: ObjectRef
    use: Span | None = None
    """The part of a use that refers to the object, `a.b.X` after `import a.b`; None if the import itself moves."""
    keeps_name: bool = False
    """The local name is to stay, whatever the target is called."""


class StringMove(NamedTuple):
    """A path in a string, and what it is to be instead."""

    span: Span
    """The path alone, inside its quotes."""
    path: str


class Replacement(NamedTuple):
    """A fix before its edits are known: which names, and which paths in strings, move where."""

    title: str
    applicability: Applicability
    moves: tuple[Move, ...] = ()
    strings: tuple[StringMove, ...] = ()
    comments: tuple[TextEdit, ...] = ()
    """What is to stand in comments instead; goes with neither moves nor strings."""


class Fix(NamedTuple):
    """Edits that were verified: applied together they change what `title` says and nothing else."""

    title: str
    applicability: Applicability
    edits: tuple[TextEdit, ...]
    """Empty for what is only proposed: no one has asked for its edits."""


class Diagnostic(NamedTuple):
    """Something to tell the user about a span of a text."""

    code: str
    """`SSOT001`"""
    name: str
    """`deprecated-import`"""
    message: str
    severity: Severity
    span: Span
    help: str = ""
    """What to do about it, in a line; empty if the message says all."""
    deprecated: bool = False
    """What is imported still works: editors strike it through."""
    entry: Entry | None = None
    """The registry entry that speaks here."""
    related: tuple[Related, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    """The fixes to be worked out, the best first."""
    fixes: tuple[Fix, ...] = ()
    """The fixes worked out and verified; empty until someone asks."""

    @property
    def fix(self) -> Fix | None:
        """The one fix that a person need not choose among others: a safe or unsafe one, or the only one."""
        sure = [fix for fix in self.fixes if fix.applicability is not Applicability.DISPLAY]
        return sure[0] if sure else self.fixes[0] if len(self.fixes) == 1 else None


class Report(NamedTuple):
    """The diagnostics of one file."""

    path: Path
    text: Text
    diagnostics: tuple[Diagnostic, ...]
    note: str = ""
    """Something to tell besides."""
    silenced: tuple[Entry, ...] = ()
    """The entries that speak of something in it that comments or settings silence."""
