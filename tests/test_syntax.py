"""What `parse` says of texts, against `ast` and `tokenize` as independent readers of the same."""

from __future__ import annotations

import ast
import io
import random
import re
import sys
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.model import ImportStatement
from ssot_lsp.syntax import Suppression, count_errors, parse
from ssot_lsp.text import Text

# module, level, is_from, is_star, names with their asnames
Shape = tuple[str, int, bool, bool, tuple[tuple[str, str | None], ...]]


def shape(statement: ImportStatement) -> Shape:
    names = tuple((name.name, name.asname) for name in statement.names)
    return statement.module, statement.level, statement.is_from, statement.is_star, names


def expected_shape(node: ast.Import | ast.ImportFrom) -> Shape:
    names = tuple((alias.name, alias.asname) for alias in node.names)
    if isinstance(node, ast.Import):
        return "", 0, False, False, names
    is_star = names == (("*", None),)
    return node.module or "", node.level, True, is_star, () if is_star else names


def read_ast(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def import_nodes(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def squeezed(text: str) -> str:
    """A dotted name without what may stand between its parts."""
    return re.sub(r"\\?\s+|#[^\n]*", "", text)


def differences(source: str) -> Iterator[str]:
    """What `parse` says otherwise than `ast`."""
    text = Text(source)
    syntax = parse(text)
    nodes = import_nodes(read_ast(source))
    if len(nodes) != len(syntax.imports):
        yield f"{len(nodes)} imports, the reader sees {len(syntax.imports)}"
    if syntax.has_errors:
        yield "errors in what ast accepts"
    for node, said in zip(nodes, syntax.imports, strict=False):
        where = f"line {node.lineno}: "
        if shape(said) != expected_shape(node):
            yield f"{where}{expected_shape(node)}, the reader says {shape(said)}"
        start = text.offset_of_utf8(node.lineno - 1, node.col_offset)
        end = text.offset_of_utf8((node.end_lineno or 0) - 1, node.end_col_offset or 0)
        if tuple(said.span) != (start, end):
            yield f"{where}span {source[start:end]!r}, the reader says {source[slice(*said.span)]!r}"
        if not said.well_formed:
            yield f"{where}not well formed"
        for alias, name in zip(node.names, said.names, strict=False):
            alias_start = text.offset_of_utf8(alias.lineno - 1, alias.col_offset)
            alias_end = text.offset_of_utf8((alias.end_lineno or 0) - 1, alias.end_col_offset or 0)
            if tuple(name.span) != (alias_start, alias_end):
                yield f"{where}alias {source[alias_start:alias_end]!r}, the reader says {source[slice(*name.span)]!r}"
            if squeezed(source[slice(*name.name_span)]) != alias.name or not name.span.contains(name.name_span):
                yield f"{where}name {alias.name!r}, the reader says {source[slice(*name.name_span)]!r}"
        if isinstance(node, ast.ImportFrom) and said.module != "__future__":
            written = "." * node.level + (node.module or "")
            if squeezed(source[slice(*said.module_span)]) != written:
                yield f"{where}module {written!r}, the reader says {source[slice(*said.module_span)]!r}"


def real_files(mentioning: bytes = b"", count: int = 900) -> list[Path]:
    """Some files of the running interpreter's libraries, the same ones each time, not the huge ones."""
    folders = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]
    files = {path for folder in folders for path in folder.rglob("*.py") if path.stat().st_size < 60_000}
    chosen = sorted(files)
    random.Random(1).shuffle(chosen)
    return list(islice((path for path in chosen if mentioning in path.read_bytes()), count))


def test_real_files_are_read_as_ast_reads_them() -> None:
    wrong: dict[str, list[str]] = {}
    statements = files = 0
    for path in real_files():
        try:
            source = decode(path.read_bytes()).source
            statements += len(import_nodes(read_ast(source)))
        except (UnreadableFileError, SyntaxError, ValueError):
            continue
        files += 1
        if found := list(differences(source)):
            wrong[str(path)] = found[:3]
    assert wrong == {}
    assert files > 300
    assert statements > 2000


FORMS = [
    "import a",
    "import a.b.c",
    "import a as b, c.d as e, f",
    "import a . b",
    "import a.\\\n  b as c",
    "import\ta\t,\tb",
    "import a; import b",
    "import a;",
    "import a  # comment",
    "from a import b",
    "from a import b as b",
    "from a import *",
    "from . import *",
    "from .a import *",
    "from . import a",
    "from .. import a as b",
    "from ... import a",
    "from .... import a",
    "from ...a.b import c",
    "from . . a import b",
    "from .\\\n.a import b",
    "from . a . b import c",
    "from.import a",
    "from.a import(b)",
    "from a import(b)",
    "from a import (b)",
    "from a import (b,)",
    "from a import (b as c,)",
    "from a import (\n    b,  # one\n    # two\n    c as d,\n)",
    "from a import (  # zero\n    b\n    as\n    c\n)",
    "from a import b, \\\n    c",
    "from a \\\n  import b",
    "from a import b as \\\n c",
    "from a import match, case, type, _, soft",
    "from match import case as type",
    "import match, type.case, print, exec",
    "from print import exec",
    "from __future__ import annotations",
    "from __future__ import (annotations, division as d)",
    "from __future__ import annotations; import a",
    "from .__future__ import x",
    "if x: from a import b; import c",
    "if x: import a\nelse: import b",
    "for x in y:\n\tfrom a import b\n\timport c",
    "class A:\n  from a import b\n  def f(self):\n    import c",
    "async def f():\n    import a\n    async with b: from c import d",
    "try:\n    import a\nexcept:\n    import b\nelse:\n    import c\nfinally:\n    import d",
    *(["try:\n    import a\nexcept* ValueError:\n    import b"] if sys.version_info >= (3, 11) else []),
    "match x:\n    case 1: import a\n    case 2:\n        from b import c",
    "with a, b as c: import d",
    "while x: import a\nelse: import b",
    "lambda: 0; import a",
    "'import a'; from b import c",
    '"""\nimport a\n"""\nimport b',
    "x = '''\nfrom a import b\n'''",
    "f'{x}import a'; import b",
    "# import a\nimport b",
    "import a\n\\\nimport b",
    "if x:\n    import a\n  # comment\nimport b",
    "import a\r\nfrom b import (\r\n  c,\r\n  d\r\n)\r\n",
    "\f\nimport a\n\fimport b",
    "x = 'ü𝒳'; import a; from b import (c, # é\n d)",
    "from ü.ä import ö as é",
    "import größe",
    "# é\n'🙂'; from a import (\n  # 🙂\n  b, c)",
    "from a import b  # é",
    "x = 1 if y else 2; import a",
    "def f(): import a; return a",
    "@decorated\ndef f():\n    from . import a",
    "print >> x; import a",
    "import a # type: ignore",
    "import a\n\n\n",
    "   \nimport a",
    "from a import b; from a import c; from a import d",
]


@pytest.mark.parametrize("source", FORMS)
def test_forms(source: str) -> None:
    assert list(differences(source)) == []


@pytest.mark.parametrize("source", [form for form in FORMS if not form.startswith(("\f", "from __future__"))])
@pytest.mark.parametrize("around", ["def f():\n{}", "if x:\n    try:\n{}\n    except E: pass", "class Ä:\n    'é'\n{}"])
def test_forms_in_blocks(source: str, around: str) -> None:
    inner = source.replace("\r\n", "\n").replace("\r", "\n")
    whole = around.format(indent(inner, "        "))
    try:
        read_ast(whole)
    except SyntaxError:
        return  # a star in a function, a string that was cut
    assert list(differences(whole)) == []


@settings(deadline=None)  # the first example loads the parser
@given(st.lists(st.sampled_from(FORMS), min_size=1, max_size=6), st.sampled_from(["\n", "\n\n", "\n# é\n"]))
def test_forms_in_any_order(forms: list[str], between: str) -> None:
    source = between.join(forms)
    try:
        read_ast(source)
    except (SyntaxError, ValueError):
        return
    assert list(differences(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import a\rimport b\r",
        "# comment\rimport a\r",
        "x = 1\rfrom a import (\rb)\r",
        "if x:\r    import b\rimport c\r",
    ],
)
def test_lines_that_end_at_a_lone_carriage_return(source: str) -> None:
    assert list(differences(source)) == []


@pytest.mark.parametrize("source", ["type X = int\nimport a", "def f[T](x: T):\n    import a", "class A[T]: import a"])
def test_newer_syntax_than_some_interpreters_is_read(source: str) -> None:
    syntax = parse(Text(source))
    assert [shape(statement) for statement in syntax.imports] == [("", 0, False, False, (("a", None),))]
    assert not syntax.has_errors
    assert all(statement.well_formed for statement in syntax.imports)


# ------------------------------------------------------------ where a statement stands

# In each text `import X` is the statement that is asked about; what must hold of it.
G, H, E, T = "guarded_by", "handler_of", "expects_error", "type_checking"
PLACES: list[tuple[str, set[str]]] = [
    ("import X", set()),
    ("try: import X\nexcept ImportError: pass", {G}),
    ("try: import X\nexcept ModuleNotFoundError: pass", {G}),
    ("try: import X\nexcept Exception: pass", {G}),
    ("try: import X\nexcept BaseException as e: pass", {G}),
    ("try: import X\nexcept: pass", {G}),
    ("try: import X\nexcept (ValueError, ImportError): pass", {G}),
    ("try: import X\nexcept (ValueError, builtins.ImportError) as e: pass", {G}),
    ("try: import X\nexcept ((ImportError)): pass", {G}),
    ("try: import X\nexcept builtins.ImportError: pass", {G}),
    ("try: import X\nexcept ValueError: pass\nexcept ImportError: pass", {G}),
    *([("try: import X\nexcept* ImportError: pass", {G})] if sys.version_info >= (3, 11) else []),
    ("try: import X  # why\n# comment\nexcept ImportError:  # comment\n  pass", {G}),
    ("try:\n  if x:\n    for y in z:\n      import X\nexcept ImportError: pass", {G}),
    ("try: import X\nexcept ValueError: pass", set()),
    ("try: import X\nexcept KeyError as ImportError: pass", set()),
    ("try: import X\nexcept errors(ImportError): pass", set()),
    ("try: import X\nfinally: pass", set()),
    ("try: pass\nexcept ImportError: import X", {H}),
    ("try: pass\nexcept: import X", {H}),
    ("try: pass\nexcept (ImportError, KeyError) as e:\n  if e: import X", {H}),
    ("try: pass\nexcept ValueError: import X", set()),
    ("try: pass\nexcept ImportError: pass\nexcept ValueError: import X", set()),
    ("try: pass\nexcept ImportError: pass\nelse: import X", set()),
    ("try: pass\nexcept ImportError: pass\nfinally: import X", set()),
    ("try:\n  try: import X\n  except ImportError: pass\nexcept ImportError: pass", {G}),
    ("try:\n  try: import X\n  finally: pass\nexcept ImportError: pass", {G}),
    ("try:\n  try: pass\n  except ImportError: import X\nexcept ImportError: pass", {G, H}),
    ("try:\n  def f(): import X\nexcept ImportError: pass", set()),
    ("try:\n  async def f():\n    import X\nexcept ImportError: pass", set()),
    ("def f():\n  try: import X\n  except ImportError: pass", {G}),
    ("try:\n  class A:\n    import X\nexcept ImportError: pass", {G}),
    ("try:\n  class A:\n    def f(self): import X\nexcept ImportError: pass", set()),
    ("with suppress(ImportError): import X", {G}),
    ("with contextlib.suppress(ValueError, ImportError): import X", {G}),
    ("with suppress(Exception) as s, other(): import X", {G}),
    ("with other(), suppress(ImportError): import X", {G}),
    ("with (suppress(ImportError), other()): import X", {G}),
    ("with (suppress(ImportError)): import X", {G}),
    ("with suppress(KeyError): import X", set()),
    ("with suppress(KeyError), other(ImportError): import X", set()),
    ("with suppress(ImportError):\n  def f(): import X", set()),
    ("with pytest.raises(ImportError): import X", {E}),
    ("with raises(ModuleNotFoundError, match='x') as e: import X", {E}),
    ("with pytest.raises((ImportError, KeyError)): import X", {E}),
    ("with pytest.raises(expected_exception=ImportError): import X", {E}),
    ("with self.assertRaises(ImportError): import X", {E}),
    ("with self.assertRaisesRegex(ImportError, 'x'):\n  if y:\n    import X", {E}),
    ("with (pytest.raises(ImportError)): import X", {E}),
    ("with (\n  patch('x'),\n  pytest.raises(ImportError),\n): import X", {E}),
    ("with pytest.raises(ValueError): import X", set()),
    ("with pytest.raises(Exception): import X", set()),
    ("with pytest.warns(ImportWarning): import X", set()),
    ("async def f():\n  async with raises(ImportError): import X", {E}),
    ("with pytest.raises(ImportError):\n  def f(): import X", set()),
    ("if TYPE_CHECKING: import X", {T}),
    ("if typing.TYPE_CHECKING:\n  import X", {T}),
    ("if t.TYPE_CHECKING:\n  if y: import X", {T}),
    ("if (TYPE_CHECKING): import X", {T}),
    ("if TYPE_CHECKING:  # why\n  # and\n  import X", {T}),
    ("if TYPE_CHECKING: pass\nelse: import X", set()),
    ("if TYPE_CHECKING: pass\nelif y: import X", set()),
    ("if y: pass\nelif TYPE_CHECKING: import X", {T}),
    ("if not TYPE_CHECKING: import X", set()),
    ("if not TYPE_CHECKING: pass\nelse: import X", {T}),
    ("if TYPE_CHECKING or y: import X", set()),
    ("if TYPE_CHECKING and y: import X", {T}),
    ("def f():\n  if TYPE_CHECKING: import X", {T}),
    ("if TYPE_CHECKING:\n  try: import X\n  except ImportError: pass", {T, G}),
    ("while TYPE_CHECKING: import X", set()),
]


def place(source: str) -> set[str]:
    (found,) = [s for s in parse(Text(source)).imports if s.names and s.names[0].name == "X"]
    return {name for name in (G, H, E, T) if getattr(found, name)}


@pytest.mark.parametrize(("source", "holds"), PLACES)
def test_places(source: str, holds: set[str]) -> None:
    read_ast(source)
    assert place(source) == holds


@pytest.mark.parametrize(("source", "holds"), PLACES)
def test_places_after_other_text(source: str, holds: set[str]) -> None:
    assert place(f"'é'; import before\n{source}\nimport after\n") == holds


def test_a_handler_and_the_body_of_its_try_are_known_by_one_number() -> None:
    source = "try:\n  import a\nexcept ImportError:\n  try:\n    import b\n  except ImportError:\n    import c\n"
    a, b, c = parse(Text(source)).imports
    assert a.guarded_by == b.handler_of
    assert set(b.guarded_by) <= set(c.handler_of)
    assert set(a.guarded_by) <= set(c.handler_of)
    assert not set(b.guarded_by) & set(a.guarded_by)


# ------------------------------------------------------------ half-typed files

WHOLE = dedent('''\
    """Docs: import nothing."""
    from __future__ import annotations

    import os
    import a.b as ab, c
    from old.module import Alpha, Beta as B
    from old.module import (
        Gamma,  # a comment
        Delta as D,
    )
    from . import sibling
    from ..up import Other

    VALUE = {"key": [1, 2, (3, 4)], "é": "ü"}


    class Thing(Alpha):
        """More docs."""

        from inside import klass

        def method(self, x=(1, 2)):
            from lazy import Late
            if x:
                import deep.er
                return [Late(y) for y in x if y]
            return f"{x!r} and {self}"


    try:
        from maybe import Optional_
    except ImportError:
        Optional_ = None

    def function(a, b):
        for i in range(10):
            print(i, "text", a[b])
        return a

    from last import Final
    ''')

INSERTED = [
    "(",
    ")",
    "[",
    "{",
    "}",
    '"',
    "'",
    '"""',
    ":",
    ",",
    ".",
    "=",
    "\\",
    "@",
    "import",
    "from",
    "def",
    "class",
    " x",
]


def mutations() -> list[tuple[str, int]]:
    """One edit each: a text, and the row of the original that it touched."""
    chance = random.Random(7)
    lines = WHOLE.split("\n")
    found = []
    rows = [row for row, line in enumerate(lines) if line.strip() and not line.lstrip().startswith('"""')]
    for row in chance.choices(rows, k=130):
        line = lines[row]
        at = chance.randrange(len(line) - len(line.lstrip()), len(line) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            new = line[:at]  # cut off: being typed
        elif kind == 1:
            new = line[:at] + line[at + 1 :]
        elif kind == 2:
            new = line[:at] + chance.choice(INSERTED) + line[at:]
        else:
            new = line + "\n" + line[: len(line) - len(line.lstrip())] + chance.choice(HALF)
        if new != line:
            found.append(("\n".join([*lines[:row], new, *lines[row + 1 :]]), row))
    return found


HALF = [
    "import ",
    "from ",
    "from a",
    "from a.",
    "from a import",
    "from a import ",
    "from a import (",
    "import a.",
    "x = ",
    "x.",
    "def f(",
    "class ",
    "if x",
    "foo(",
    "from . import",
    "from a import b,",
    "from a import b as",
    "@",
]


def untouched(row: int, statements: list[ast.Import | ast.ImportFrom]) -> list[Shape]:
    return [expected_shape(node) for node in statements if not node.lineno - 1 <= row <= (node.end_lineno or 0) - 1]


def opens_a_string(source: str) -> bool:
    """Whether the text after an edit belongs to another string than before, so that no reader can know better."""
    return source.count('"""') % 2 == 1


MUTATIONS = mutations()


def test_imports_of_untouched_lines_are_found_in_half_typed_files() -> None:
    nodes = import_nodes(read_ast(WHOLE))
    wanted = found = 0
    lost = []
    for source, row in MUTATIONS:
        if opens_a_string(source):
            continue
        here = [shape(statement) for statement in parse(Text(source)).imports if statement.well_formed]
        expected = untouched(row, nodes)
        missing = [one for one in expected if one not in here]
        wanted += len(expected)
        found += len(expected) - len(missing)
        if missing:
            lost.append((Text(source).line(row), missing))
    assert len(MUTATIONS) > 100
    assert found >= 0.98 * wanted, f"{found} of {wanted} found; lost: {lost}"


def test_what_is_called_well_formed_is_what_ast_reads_there() -> None:
    wrong = []
    for source, row in MUTATIONS:
        for statement in parse(Text(source)).imports:
            if not statement.well_formed:
                continue
            written = source[slice(*statement.span)]
            try:
                (node,) = read_ast(written).body
            except (SyntaxError, ValueError):
                wrong.append((Text(source).line(row), written, "is rejected"))
                continue
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                wrong.append((Text(source).line(row), written, "is no import"))
            elif shape(statement) != expected_shape(node):
                wrong.append((Text(source).line(row), written, f"reads as {shape(statement)}"))
    assert wrong == []


def test_what_is_half_typed_takes_nothing_of_the_lines_below() -> None:
    """A well-formed statement never claims names of the statement after it."""
    wrong = []
    for half in HALF:
        for below in ("import os", "from m import n", "from m import (\n    n,\n)", "x = 1", "class A: pass", "f(y)"):
            source = f"import first\n{half}\n{below}\nimport last\n"
            shapes = [shape(statement) for statement in parse(Text(source)).imports if statement.well_formed]
            allowed = {expected_shape(node) for node in import_nodes(read_ast(f"import first\n{below}\nimport last\n"))}
            wrong += [(half, below, one) for one in shapes if one not in allowed]
    assert wrong == []


@pytest.mark.parametrize("half", HALF)
def test_imports_around_a_half_typed_line_are_found(half: str) -> None:
    source = f"import first\nfrom m import n\n\n{half}\n\nfrom o import p\nimport last\n"
    found = [shape(statement) for statement in parse(Text(source)).imports if statement.well_formed]
    wanted = import_nodes(read_ast("import first\nfrom m import n\nfrom o import p\nimport last\n"))
    assert [one for one in map(expected_shape, wanted) if one not in found] == []


@settings(deadline=None)  # the first example loads the parser
@given(st.text(alphabet="from import as.,()*\\\n\t #é'\"abX:", max_size=60))
def test_any_text_can_be_read(source: str) -> None:
    text = Text(source)
    count_errors(source)
    for string in parse(Text(source.replace("abX", "patch('a.b')"))).paths:
        assert string.path == "a.b" or ":" in string.path  # `module:name` needs no call around it
    for statement in parse(text).imports:
        assert 0 <= statement.span.start < statement.span.end <= len(source)
        assert source[statement.span.start :].startswith(("import", "from"))
        for name in statement.names:
            assert statement.span.contains(name.span)
            assert name.span.contains(name.name_span)
        if statement.well_formed:
            (node,) = read_ast(source[slice(*statement.span)]).body
            assert isinstance(node, (ast.Import, ast.ImportFrom))
            assert expected_shape(node) == shape(statement)


@pytest.mark.parametrize(
    "source", ["(" * 3000 + "import a", "import " + "a." * 3000 + "a", "x" * 100_000 + "\nimport a"]
)
def test_extreme_texts(source: str) -> None:
    parse(Text(source))
    count_errors(source)


def test_lone_surrogates_and_nul() -> None:
    source = "x = '\ud800'; import a\n\0\nimport b  # ssot: ignore\n"
    syntax = parse(Text(source))
    assert ("", 0, False, False, (("a", None),)) in [shape(statement) for statement in syntax.imports]


# ------------------------------------------------------------ suppression comments


ALL: set[str] = set()
COMMENTS: list[tuple[str, list[tuple[int, set[str], str | None]]]] = [
    ("import a  # ssot: ignore", [(0, ALL, None)]),
    ("import a  # ssot:ignore", [(0, ALL, None)]),
    ("import a  #ssot: ignore", [(0, ALL, None)]),
    ("import a  # SSOT: IGNORE", [(0, ALL, None)]),
    ("import a  # ssot: ignore[SSOT001]", [(0, {"SSOT001"}, None)]),
    ("import a  # ssot: ignore[ssot001, SSOT004]", [(0, {"SSOT001", "SSOT004"}, None)]),
    ("import a  # ssot: ignore[SSOT001,SSOT004,SSOT005]", [(0, {"SSOT001", "SSOT004", "SSOT005"}, None)]),
    ("import a  # ssot: ignore[SSOT001] until=2026-12-31", [(0, {"SSOT001"}, "2026-12-31")]),
    ("import a  # ssot: ignore until=2026-12-31", [(0, ALL, "2026-12-31")]),
    ("import a  # ssot: ignore[SSOT001] until=2026-12-31 because", [(0, {"SSOT001"}, "2026-12-31")]),
    ("import a  # ssot: ignore[SSOT001] because until=2026-12-31", [(0, {"SSOT001"}, "2026-12-31")]),
    ("import a  # ssot: ignore[SSOT001] until=2026-02-30", [(0, {"SSOT001"}, "0001-01-01")]),
    ("import a  # type: ignore  # ssot: ignore[SSOT001]", [(0, {"SSOT001"}, None)]),
    ("import a  # ssot: ignore[SSOT001]  # noqa: E402", [(0, {"SSOT001"}, None), (0, {"E402"}, None)]),
    ("import a  # noqa: SSOT001", [(0, {"SSOT001"}, None)]),
    ("import a  # noqa: E402, SSOT001", [(0, {"E402", "SSOT001"}, None)]),
    ("import a  # noqa: E402 SSOT001", [(0, {"E402", "SSOT001"}, None)]),
    ("import a  # noqa: SSOT001,F401 because SSOT004 works", [(0, {"SSOT001", "F401"}, None)]),
    ("import a  # NOQA:SSOT001", [(0, {"SSOT001"}, None)]),
    ("import a  # noqa", []),
    ("import a  # noqa: because of ssot: x", []),
    ("import a  # about ssot: ignore", []),
    ("import a  # ssot: ignored", []),
    ("import a  # ssot: ignores[SSOT001]", []),
    ("x = '# ssot: ignore'\nimport a", []),
    ("'''\n# ssot: ignore\n'''\nimport a", []),
    ("f'{x} # ssot: ignore'\nimport a", []),
    ("# ssot: ignore\nimport a", [(0, ALL, None)]),
    ("from a import (\n  b,  # ssot: ignore[SSOT001]\n  c,\n)", [(1, {"SSOT001"}, None)]),
    (
        "'é'; import a  # ssot: ignore\r\nimport b  # ssot: ignore[SSOT004]\r\n",
        [(0, ALL, None), (1, {"SSOT004"}, None)],
    ),
    ("x = (1,\n  2)  # ssot: ignore", [(1, ALL, None)]),
    ("patch('a.b')  # ssot: ignore[SSOT007]", [(0, {"SSOT007"}, None)]),
]


def brief(found: Suppression) -> tuple[int, set[str], str | None]:
    return found.row, set(found.codes), found.until.isoformat() if found.until else None


@pytest.mark.parametrize(("source", "expected"), COMMENTS)
def test_suppressions(source: str, expected: list[tuple[int, set[str], str | None]]) -> None:
    syntax = parse(Text(source))
    assert [brief(found) for found in syntax.suppressions] == expected
    assert not syntax.ignore_file
    assert all(source[found.span.start] == "#" for found in syntax.suppressions)


@pytest.mark.parametrize("source", [source for source, expected in COMMENTS if expected])
def test_the_span_of_a_suppression_is_its_comment(source: str) -> None:
    comments = [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]
    assert all(source[slice(*found.span)] in comments for found in parse(Text(source)).suppressions)


@pytest.mark.parametrize(
    ("source", "ignored"),
    [
        ("# ssot: ignore-file\nimport a", True),
        ("import a\n# SSOT:ignore-file", True),
        ("'docs'\n# ssot: ignore-file because\nimport a", True),
        ("'# ssot: ignore-file'\nimport a", False),
        ("'''\n# ssot: ignore-file\n'''\nimport a", False),
        ("# ssot: ignore-files\nimport a", False),
        ("# ssot: ignore\nimport a", False),
    ],
)
def test_ignore_file(source: str, *, ignored: bool) -> None:
    assert parse(Text(source)).ignore_file is ignored


@pytest.mark.parametrize("bad", ["[SSOT001", "[SSOT-001]", "[SSOT001; SSOT004]", "[*]", " [SSOT001]", "(SSOT001)"])
def test_a_mistyped_list_of_codes_does_not_silence_everything(bad: str) -> None:
    for found in parse(Text(f"import a  # ssot: ignore{bad}")).suppressions:
        assert not found.silences("SSOT003", date(2026, 1, 1))


def test_until_is_the_last_day() -> None:
    (found,) = parse(Text("import a  # ssot: ignore[SSOT001] until=2026-12-31")).suppressions
    assert found.silences("SSOT001", date(2026, 12, 31))
    assert not found.silences("SSOT001", date(2027, 1, 1))
    assert not found.silences("SSOT002", date(2026, 12, 31))


# ------------------------------------------------------------ blocks and runs


BLOCKS: list[tuple[str, str]] = [
    # imports in the order of the text, as block/run, renumbered from 0 in the order of appearance
    ("import a\nimport b", "0/0 0/0"),
    ("import a; import b; from c import d", "0/0 0/0 0/0"),
    ("import a\nx = 1\nimport b", "0/0 0/1"),
    ("import a\n# comment\n\nimport b", "0/0 0/0"),
    ("'docs'\nimport a", "0/0"),
    ("from __future__ import annotations\nimport a", "0/0 0/0"),
    ("import a\nif x:\n  import b\nimport c", "0/0 1/0 0/1"),
    ("if x:\n  import a\nelse:\n  import b", "0/0 1/0"),
    ("try:\n  import a\n  import b\nexcept E:\n  import c", "0/0 0/0 1/0"),
    ("def f():\n  import a\n  x()\n  import b\ndef g():\n  import c", "0/0 0/1 1/0"),
    ("class A:\n  import a\n  def f(self):\n    import b\n  import c", "0/0 1/0 0/1"),
    ("if x: import a; import b", "0/0 0/0"),
    ("import a\n@d\ndef f(): pass\nimport b", "0/0 0/1"),
]


@pytest.mark.parametrize(("source", "expected"), BLOCKS)
def test_blocks_and_runs(source: str, expected: str) -> None:
    statements = parse(Text(source)).imports
    blocks = list(dict.fromkeys(s.block for s in statements))
    runs: dict[int, list[int]] = {}
    said = []
    for s in statements:
        seen = runs.setdefault(s.block, [])
        if s.run not in seen:
            seen.append(s.run)
        said.append(f"{blocks.index(s.block)}/{seen.index(s.run)}")
    assert " ".join(said) == expected


@pytest.mark.parametrize(
    ("source", "others"),
    [
        ("import a", [sys.maxsize]),
        ("import a\nimport b\nx = 1", [sys.maxsize] * 2),
        ("def f():\n  import a", [0]),
        ("def f():\n  'docs'\n  import a", [1]),
        ("def f():\n  import a\n  # comment", [0]),
        ("def f():\n  import a\n  import b", [1, 1]),
        ("try: import a\nexcept E: pass", [0]),
        ("if x: import a; y = 1", [1]),
        ("class A:\n  import a\n  x = 1\n  y = 1", [2]),
    ],
)
def test_others(source: str, others: list[int]) -> None:
    assert [statement.others for statement in parse(Text(source)).imports] == others


def blocks_of(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def test_blocks_of_real_files_are_those_of_ast() -> None:
    wrong = []
    for path in real_files()[:250]:
        try:
            source = decode(path.read_bytes()).source
            tree = read_ast(source)
        except (UnreadableFileError, SyntaxError, ValueError):
            continue
        text = Text(source)
        said = {statement.span.start: statement for statement in parse(text).imports}
        numbers = []
        for block in blocks_of(tree):
            imports = [node for node in block if isinstance(node, (ast.Import, ast.ImportFrom))]
            if not imports:
                continue
            ours = [said[text.offset_of_utf8(node.lineno - 1, node.col_offset)] for node in imports]
            others = sys.maxsize if block is tree.body else len(block) - 1
            numbers.append(ours[0].block)
            if len({s.block for s in ours}) != 1 or {s.others for s in ours} != {others}:
                wrong.append((str(path), imports[0].lineno, others, [(s.block, s.others) for s in ours]))
        if len(set(numbers)) != len(numbers):
            wrong.append((str(path), 0, 0, [(n, 0) for n in numbers]))
    assert wrong == []


# Paths in strings

PATHS: list[tuple[str, str]] = [
    # what mock and its family patch
    ("patch('a.b.C')", "patch a.b.C"),
    ("mock.patch('a.b.C', autospec=True)", "patch a.b.C"),
    ("unittest.mock.patch('a.b')", "patch a.b"),
    ("import unittest.mock as um\num.patch('a.b')", "patch a.b"),
    ("from unittest import mock as m\nm.patch('a.b')", "patch a.b"),
    ("from mock import patch as p\n@p('a.b')\ndef f(): ...", "patch a.b"),
    ("patch(target='a.b', new=1)", "patch a.b"),
    ("patch(new=1, target='a.b')", "patch a.b"),
    ("patch(('a.b'))", "patch a.b"),
    ("patch(\n    # about it\n    'a.b',\n)", "patch a.b"),
    ("patch(r'a.b'), patch(u'c.d'), patch(F'e.f'), patch(Rf'g.h')", "patch a.b, patch c.d, patch e.f, patch g.h"),
    ('patch("""a.b""")', "patch a.b"),
    ("patch('größe.ä')", "patch größe.ä"),
    ("def f(mocker, class_mocker): mocker.patch('a.b'), class_mocker.patch('c.d')", "patch a.b, patch c.d"),
    ("self.mocker.patch('a.b')", "patch a.b"),
    ("f'{patch(\"a.b\")}'", "patch a.b"),
    ("patch.dict('os.environ', {'a.b': 1}), patch.dict(in_dict='a.b')", "object os.environ, object a.b"),
    ("mocker.patch.multiple('a.b', C=1), patch.multiple(target='a')", "object a.b, object a"),
    ("patch('a.b', create=True), patch('a.b', **x)", "patch a.b lacks, patch a.b lacks"),
    ("patch('a.b', create=False), patch('a.b', *x)", "patch a.b, patch a.b"),
    # what monkeypatch takes for a path
    ("monkeypatch.setattr('a.b', 1)", "attribute a.b"),
    ("monkeypatch.setattr('a.b', 1, raising=False)", "attribute a.b lacks"),
    ("self.monkeypatch.delattr('a.b')", "attribute a.b"),
    ("m.setattr('a.b', 1), mp.delattr('a.b', raising=x)", "attribute a.b, attribute a.b lacks"),
    ("pytest.MonkeyPatch().setattr('a.b', 1)", "attribute a.b"),
    ("monkeypatch.setitem(sys.modules, 'a', 1), monkeypatch.delitem(sys.modules, name='b')", "module a, module b"),
    # modules by name
    ("importlib.import_module('a'), import_module(name='b.c')", "module a, module b.c"),
    ("from importlib import import_module as load\nload('a.b', package='c')", "module a.b"),
    ("__import__('a'), builtins.__import__('b')", "module a, module b"),
    ("importlib.util.find_spec('a.b')", "module a.b lacks"),
    ("from importlib import util as u\nu.find_spec('a')", "module a lacks"),
    ("sys.modules['a.b'] = x; del sys.modules['c']", "module a.b, module c"),
    ("import sys as s\ns.modules['a'] if 'sys.modules' else 0", "module a"),
    ("patch.dict(sys.modules, {'a.b': None, **x, 'c': 'd.e'})", "module a.b, module c"),
    ("patch.dict(in_dict=sys.modules, values={'a.b': None})", "module a.b"),
    # objects by name
    ("pkgutil.resolve_name('a.b'), resolve_name('a:b.c')", "object a.b, object a:b.c"),
    ("run('a.b:c')", "object a.b:c"),
    ("x = {'a:b': 'c.d:e.f'}", "object a:b, object c.d:e.f"),
    # nothing of that
    ("patch.object('a.b', 'c')", ""),
    ("patch('a'), monkeypatch.setattr('a', 1)", ""),
    ("patch(1, 'a.b'), patch(*x, 'a.b'), patch(new='a.b')", ""),
    ("patch('a' '.b'), patch('a.' + 'b'), patch(b'a.b'), patch(f'{a}.b'), patch('a\\x2eb'), patch('%s.b' % a)", ""),
    (
        "patch(' a.b'), patch('a.b '), patch('a..b'), patch('.a'), patch('a.'), patch('a.1'), patch('a.if'), patch('')",
        "",
    ),
    ("client.patch('a.b'), from_(x).patch('a.b'), dispatch('a.b'), patch.stopall('a.b'), patch.x.dict('a.b')", ""),
    ("from app.http import patch\npatch('a.b')", ""),
    ("setattr('a.b', 'c', 1), x.setattr('a.b', 1), monkeypatch.setattr('a.b', 'c', 1)", ""),
    ("monkeypatch.delattr('a.b', 'c'), monkeypatch.setenv('a.b', 1), monkeypatch.setitem(x, 'a.b', 1)", ""),
    ("import_module('.a', 'b'), import_module(x), x.import_module('a.b'), importlib.util.resolve_name('a.b')", ""),
    ("modules['a'], sys.path['a'], sys.modules.get('a'), 'a' in sys.modules, sys.modules[x]['a.b']", ""),
    ("patch.dict(x, {'a.b': 1}), patch.dict(sys.modules, x={'a.b': 1}), f(sys.modules, {'a.b': 1})", ""),
    ("'''a:b'''\n'a:b'\n# 'a:b'\nx = f'a:b', b'a:b', f'{x}a:b', 'a:' 'b'", ""),
    ("x = 'http://a.b:80', '12:30', 'a:b:c', 'a: b', 'a :b', ':a', 'a:', 'C:\\\\a', 'a:b ', 'a:if', 'a.:b'", ""),
    ("'patch(\"a.b\")', \"import_module('a')\"  # patch('a.b')", ""),
]


def told(source: str) -> str:
    text = Text(source)
    found = parse(text).paths
    assert all(source[slice(*string.span)] == string.path for string in found)
    assert all(string.place.contains(string.span) for string in found)
    assert sorted(found, key=lambda string: string.span) == list(found)
    return ", ".join(f"{string.kind.value} {string.path}{' lacks' if string.may_lack else ''}" for string in found)


@pytest.mark.parametrize(("source", "expected"), PATHS)
def test_paths_in_strings(source: str, expected: str) -> None:
    assert told(source) == expected


@pytest.mark.parametrize(("source", "expected"), PATHS)
def test_paths_in_strings_between_half_typed_lines(source: str, expected: str) -> None:
    for before, after in (
        ("x = '🎉é'\r\nfrom a import (b,\r\n    c)\r\n", ""),
        ("def g(:\n    pass\n\n", "\n\ndef f(:\n    pass\n"),
    ):
        assert told(f"{before}{source}\n{after}") == expected


def test_the_place_of_a_path_is_its_call() -> None:
    source = "with patch(\n    'a.b',\n) as x, f(sys.modules['c']):\n    y = 'd:e'\n"
    places = [source[slice(*string.place)] for string in parse(Text(source)).paths]
    assert places == ["patch(\n    'a.b',\n)", "sys.modules['c']", "'d:e'"]


def test_guards_of_paths_are_those_of_imports() -> None:
    source = (
        "try:\n    import_module('a')\nexcept ImportError:\n    import_module('b')\n"
        "with pytest.raises(ImportError), patch('c.d'):\n    import_module('e')\n"
        "with patch('f.g'), pytest.raises(ImportError):\n    pass\n"
    )
    first, second, *others = parse(Text(source)).paths
    assert first.guarded_by == second.handler_of == (0,)
    assert [string.expects_error for string in others] == [True, True, False]


def test_paths_are_what_ast_reads_there() -> None:
    """Each is the whole of a constant of a real file, and all that `patch` is given as its first argument are found."""
    wrong = []
    count = 0
    for path in real_files(mentioning=b"import_module(", count=100):
        try:
            source = decode(path.read_bytes()).source
            tree = read_ast(source)
        except (UnreadableFileError, SyntaxError, ValueError):
            continue
        text = Text(source)
        found = {(string.span.start, string.path) for string in parse(text).paths}
        count += len(found)
        constants: dict[int, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants[text.offset_of_utf8(node.lineno - 1, node.col_offset)] = node.value
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in ("patch", "mock.patch"):
                value = getattr(node.args[0], "value", None)
                at = text.offset_of_utf8(node.args[0].lineno - 1, node.args[0].col_offset)
                is_path = re.fullmatch(r"[a-z]\w*(\.[a-zA-Z_]\w*)+", str(value))
                if is_path and source[at:].startswith(f'"{value}"') and (at + 1, value) not in found:
                    wrong.append((path, value))
        wrong += [(path, name) for start, name in found if name not in [constants.get(start - n) for n in (1, 2, 3)]]
    assert wrong == []
    assert count > 20
