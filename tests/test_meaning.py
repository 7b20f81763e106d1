"""What a rewrite may not do to any program: change what it does. Programs are made up, run, fixed and run again."""

from __future__ import annotations

import json
import sys
import textwrap
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ssot_lsp import engine
from ssot_lsp.project import Project
from ssot_lsp.rewrite.verify import verify_comments
from ssot_lsp.text import Text

ENTRIES = [
    {"canonical": "new:B", "deprecated": ["old:A"]},
    {"canonical": "new:conf.value", "deprecated": ["old:value"]},
    {"canonical": "builtins:list", "deprecated": ["old:L"]},
    {"canonical": "new.deep", "deprecated": ["old.sub"]},
]
NAMES = ("A", "B", "x", "old", "new", "conf", "value", "L", "list")
IMPORTS = (
    "from old import A",
    "from old import value",
    "from old import L",
    "import old",
    "import old.sub",
    "import new",
)
EXPRESSIONS = (
    "A",
    "A.v",
    "f'{A.v}{A.v!r:>{A.v}}'",
    "[A.v for x in (1,) if A]",
    "[A for A in (1,)]",
    "(lambda: A.v)()",
    "(lambda A: A)(1)",
    "(lambda x=A: x.v)()",
    "{'A': A.v}['A']",
    "dict(A=A.v)",
    "(x := A).v",
    "value",
    "L((1,))",
    "old.A.v",
    "old.value",
    "old.sub.y",
    "(old.sub).y",
    "B",
    "x",
    "list((2,))",
)


def indented(block: str) -> str:
    return textwrap.indent(block, "    ")


def nested(block: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Compound statements around a block."""
    name = st.sampled_from(NAMES)
    return st.one_of(
        st.builds(lambda b: f"def f():\n{indented(b)}\nf()", block),
        st.builds(lambda b, n: f"def f({n}=1):\n{indented(b)}\nf()", block, name),
        st.builds(lambda b, n: f"def f():\n    global {n}\n{indented(b)}\nf()", block, name),
        st.builds(lambda b: f"class C:\n{indented(b)}", block),
        st.builds(lambda b, n: f"for {n} in (1,):\n{indented(b)}", block, name),
        st.builds(lambda b, n: f"with here() as {n}:\n{indented(b)}", block, name),
        st.builds(lambda b, n: f"try:\n    1 / 0\nexcept ZeroDivisionError as {n}:\n{indented(b)}", block, name),
        st.builds(lambda b, n: f"match 1:\n    case {n}:\n{indented(indented(b))}", block, name),
        st.builds(lambda b, c: f"if {c}:\n{indented(b)}", block, st.sampled_from(("1", "0"))),
    )


SIMPLE = st.one_of(
    st.sampled_from(EXPRESSIONS).map("log({})".format),
    st.sampled_from(EXPRESSIONS).map("log({})".format),
    st.sampled_from(IMPORTS),
    st.builds("{} = {}".format, st.sampled_from(NAMES), st.sampled_from(EXPRESSIONS)),
    st.sampled_from(NAMES).map("del {}".format),
    st.builds("def g(a: '{}' = {}): log(a)\ng()".format, st.sampled_from(NAMES), st.sampled_from(EXPRESSIONS)),
)
STATEMENT = st.recursive(
    SIMPLE, lambda inner: nested(st.lists(inner, min_size=1, max_size=4).map("\n".join)), max_leaves=6
)
PROGRAM = st.builds(
    lambda first, rest: "\n".join((*first, *rest)) + "\n",
    st.lists(st.sampled_from(IMPORTS), min_size=1, max_size=3),
    st.lists(STATEMENT, min_size=1, max_size=5),
)


@contextmanager
def modules() -> Iterator[None]:
    """The modules of which the programs import: the old ones still have what the new ones have."""

    def made(name: str, **names: object) -> types.ModuleType:
        module = types.ModuleType(name)
        vars(module).update(names)
        return module

    thing = types.SimpleNamespace(v=7)
    deep, sub = made("new.deep", y=5), made("old.sub", y=5)
    new = made("new", B=thing, conf=types.SimpleNamespace(value=3), deep=deep, __path__=[])
    old = made("old", A=thing, value=3, L=list, sub=sub, __path__=[])
    ours = {"old": old, "old.sub": sub, "new": new, "new.deep": deep}
    before = {name: sys.modules.get(name) for name in ours}
    sys.modules.update(ours)
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def told(value: object) -> str:
    """A value in words that two runs have in common."""
    kinds = (types.FunctionType, types.ModuleType, type, BaseException)
    return type(value).__name__ if isinstance(value, kinds) else repr(value)


def run(source: str) -> list[str]:
    """What a program logs, and the exception that ends it."""
    events: list[str] = []

    @contextmanager
    def here() -> Iterator[int]:
        yield 1

    space = {"log": lambda value: events.append(told(value)), "here": here, "__name__": "program"}
    with modules(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, "program", "exec"), space)
        except Exception as error:
            events.append(type(error).__name__)
    return events


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("meaning").resolve()
    registry = {"version": 1, "packages": ["nothing"], "entries": ENTRIES}
    (root / "registry.json").write_text(json.dumps(registry), "utf-8")
    return Project.load(root)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(PROGRAM)
def test_a_program_does_the_same_after_the_fix(project: Project, source: str) -> None:
    try:
        compile(source, "program", "exec")
    except SyntaxError:
        assume(False)
    before = run(source)
    # a program that ends because a name is not bound lives by what the names are
    assume(not {"NameError", "UnboundLocalError", "AttributeError", "ImportError"} & {*before})
    path: Path = project.root / "program.py"
    document = project.document(path, source)
    fixed = engine.fix(document, project, engine.check(document, project))
    assert not [refusal.message for refusal in fixed.refused if engine.INTERNAL_ERROR in refusal.message]
    assert run(fixed.text.source) == before, fixed.text.source
    after = project.document(path, fixed.text.source)
    assert engine.fix(after, project, engine.check(after, project)).edits == (), fixed.text.source


COMMENTS = {
    "a comment less": ("import a  # x\n", "import a\n", True),
    "a line less": ("if a:\n    # x\n    b\n", "if a:\n    b\n", True),
    "another comment": ("import a  # x\r\n", "import a  # y\r\n", True),
    "a name less": ("import a  # x\n", "import b\n", False),
    "a statement less": ("import a  # x\nb\n", "import a  \n", False),
    "two lines made one": ("a = (1  # x\n)\nb\n", "a = (1  # )\nb\n", False),
    "a string": ("a = '# x'\n", "a = ''\n", False),
    "no Python": ("a = (  # x\n", "a = (\n", False),
}


@pytest.mark.parametrize(("before", "after", "is_fine"), COMMENTS.values(), ids=COMMENTS)
def test_what_changes_comments_changes_nothing_else(before: str, after: str, *, is_fine: bool) -> None:
    assert (verify_comments(Text(before), Text(after)) == "") is is_fine
