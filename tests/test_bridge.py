"""Bridges: what they say, that Python, ruff and importers agree with it, what they offer and where they stand."""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ssot_lsp.bindings import read_bindings
from ssot_lsp.bridges import Bridged, bridge_place, bridge_to, bridged_names
from ssot_lsp.model import ObjectRef
from ssot_lsp.modules import Modules
from ssot_lsp.registry import load
from ssot_lsp.registry.bridge import bridge_text, bridged_by
from ssot_lsp.text import Text
from tests.trees import write

SIMPLE = '''\
"""Deprecated: what was here has moved to where it is imported from below."""

import warnings as _warnings

from new import A
from new.core import Better as B

__all__ = ["A", "B"]

_warnings.warn(
    "pkg.old is deprecated: import A from new; Better from new.core",
    DeprecationWarning,
    stacklevel=2,
)
'''
LONG = '''\
"""Deprecated: what was here has moved to where it is imported from below."""

import warnings as _warnings

from somewhere.else_entirely import (
    CONSTANT,
    AnotherOfTheClasses,
    OneOfTheClasses,
    a_function,
    function2,
    function10,
)

__all__ = [
    "CONSTANT",
    "AnotherOfTheClasses",
    "OneOfTheClasses",
    "a_function",
    "function2",
    "function10",
]

_warnings.warn(
    "pkg.old is deprecated: import CONSTANT, AnotherOfTheClasses, OneOfTheClasses, "
    "a_function, function2 and 1 more from somewhere.else_entirely",
    DeprecationWarning,
    stacklevel=2,
)
'''
LAZY = '''\
"""Deprecated: what was here has moved to where it is imported from below."""

import typing as _typing
import warnings as _warnings
from pkgutil import resolve_name as _resolve_name

__all__ = ["CONSTANT", "A", "core", "part"]

if _typing.TYPE_CHECKING:
    from new import A as _A
    from new import core
    from new.core import Better as A
    from new.with_a_long_path.that_leaves_little_room import (
        CONSTANT_OF_ALL_OF_THEM as CONSTANT,
    )

    part = _A.part
else:
    _moved = {
        "CONSTANT": (
            "new.with_a_long_path.that_leaves_little_room:CONSTANT_OF_ALL_OF_THEM"
        ),
        "A": "new.core:Better",
        "core": "new.core:",
        "part": "new:A.part",
    }

    def __getattr__(name: str) -> object:
        if name not in _moved:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        _warnings.warn(
            f"{__name__}.{name} is deprecated: import {_moved[name].rstrip(':')}",
            DeprecationWarning,
            stacklevel=2,
        )
        return _resolve_name(_moved[name])

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
'''
LONG_NAMES = ["function10", "function2", "OneOfTheClasses", "AnotherOfTheClasses", "CONSTANT", "a_function"]


def parsed(names: Mapping[str, str]) -> dict[str, ObjectRef]:
    return {name: ObjectRef.parse(reference) for name, reference in names.items()}


def test_the_text() -> None:
    assert bridge_text("pkg.old", parsed({"B": "new.core:Better", "A": "new:A"})) == SIMPLE


def test_a_long_text() -> None:
    names = {name: ObjectRef("somewhere.else_entirely", name) for name in LONG_NAMES}
    assert bridge_text("pkg.old", names) == LONG


def test_a_lazy_text() -> None:
    names = {"A": "new.core:Better", "core": "new.core", "part": "new:A.part"}
    names["CONSTANT"] = "new.with_a_long_path.that_leaves_little_room:CONSTANT_OF_ALL_OF_THEM"
    assert bridge_text("pkg.old", parsed(names), is_lazy=True) == LAZY


# what is in the files beside the bridge; what the bridge is to bind
FILES = {
    "pkg/__init__.py": "",
    "new/__init__.py": "A, B, warnings, _warnings = 'A', 'B', 'W', '_W'\n",
    "new/core.py": "",
    "conf.py": "class conf:\n    name = 'n'\n    class inner:\n        name = 'i'\n_conf = open = 'other'\n",
}
BOUND = {
    "plain": {"A": "new:A", "B": "new:B"},
    "renamed": {"C": "new:A", "D": "new:A", "_": "new:B"},
    "swapped": {"A": "new:B", "B": "new:A"},
    "named as what warns": {"warnings": "new:warnings", "_warnings": "new:_warnings", "_warnings_": "new:A"},
    "an attribute": {"name": "conf:conf.name"},
    "attributes of one object": {"a": "conf:conf.name", "b": "conf:conf.inner.name", "conf": "conf:conf"},
    "an attribute, where its object's alias is taken": {"conf": "conf:conf.name", "_conf": "conf:_conf"},
    "a module": {"core": "new.core", "c": "new.core"},
    "a module in no package": {"conf": "conf", "c": "conf"},
    "a builtin": {"Failure": "builtins:ValueError"},
    "builtins of their own names": {"open": "builtins:open", "int": "builtins:int"},
    "a builtin, its name taken": {"open": "conf:open", "o": "builtins:open", "ValueError": "builtins:str.join"},
    "the standard library": {"path": "os:path", "date": "datetime:date", "warn": "warnings:warn", "new": "new"},
    "the module of the builtins": {"b": "builtins", "c": "builtins:int.real"},
    "the name of the warning": {"DeprecationWarning": "new:A", "A": "new:B"},
}
IMPORTER = """\
import json, pkgutil, sys

from pkg import old
bound = json.loads(sys.argv[1])
scope = {}
exec("from pkg.old import *", scope)
assert {*scope} - {"__builtins__", "__warningregistry__"} == {*old.__all__} == {*bound} <= {*dir(old)}
assert not hasattr(old, "nothing")
for name, reference in bound.items():
    assert scope[name] is getattr(old, name) is pkgutil.resolve_name(reference), name
"""


@pytest.mark.parametrize("names", BOUND.values(), ids=BOUND)
def test_names_are_the_canonical_objects(names: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "pkg/old.py": bridge_text("pkg.old", parsed(names)), "main.py": IMPORTER})
    assert run(tmp_path, json.dumps(names)) == WARNED.format(3, advice(names), "from pkg import old")


@pytest.mark.parametrize("names", BOUND.values(), ids=BOUND)
def test_a_lazy_bridge_hands_on_the_same_objects(names: dict[str, str], tmp_path: Path) -> None:
    lazy = bridge_text("pkg.old", parsed(names), is_lazy=True)
    write(tmp_path, {**FILES, "pkg/old.py": lazy, "main.py": IMPORTER})
    told = run(tmp_path, json.dumps(names))
    for name, reference in names.items():
        assert f"main.py:10: DeprecationWarning: pkg.old.{name} is deprecated: import {reference}\n" in told
        assert f"<string>:1: DeprecationWarning: pkg.old.{name} is deprecated: import {reference}\n" in told


def advice(names: Mapping[str, str]) -> str:
    """The warning of a bridge as Python tells it."""
    call = next(
        node for node in ast.walk(ast.parse(bridge_text("pkg.old", parsed(names)))) if isinstance(node, ast.Call)
    )
    return str(ast.literal_eval(call.args[0]))


WARNED = "main.py:{}: DeprecationWarning: {}\n  {}\n"


def run(folder: Path, *arguments: str) -> str:
    """What a run of main.py in a folder says on stderr, where its own path is left out."""
    command = [sys.executable, "-W", "always", "-B", "main.py", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=True)
    return done.stderr.replace(f"{folder}{os.sep}", "")


@pytest.mark.parametrize(
    "statement", ["import pkg.old", "from pkg.old import A", "from pkg.old import *", "import user"]
)
def test_the_warning_points_at_the_importer(statement: str, tmp_path: Path) -> None:
    bridge = bridge_text("pkg.old", parsed({"A": "new:A"}))
    write(tmp_path, {**FILES, "pkg/old.py": bridge, "user.py": "\n\nimport pkg.old\n", "main.py": f"\n{statement}\n"})
    warned = WARNED.format(2, "pkg.old is deprecated: import A from new", statement)
    warned_in_user = "user.py:3: DeprecationWarning: pkg.old is deprecated: import A from new\n  import pkg.old\n"
    assert run(tmp_path) == (warned_in_user if statement == "import user" else warned)


# what the importer says; the lines at which it is warned by an eager bridge and by a lazy one
ASKING = {
    "a name": ("\nfrom pkg.old import A\n", [2], [2]),
    "a name, in a function": ("def f():\n    from pkg.old import A\n\nf()\n", [2], [2]),
    "all names": ("\n\nfrom pkg.old import *\n", [3], [3]),
    "the module": ("import pkg.old\n", [1], []),
    "the module, and its attribute": ("import pkg.old\n\nprint(pkg.old.A)\n", [1], [3]),
    "the module from its package": ("from pkg import old\n\nold.A\nold.A\n", [1], [3, 4]),
    "by a look": ("from pkg import old\ngetattr(old, 'A'); hasattr(old, 'a'); old.__path__ if 0 else 0\n", [1], [2]),
}
WARNINGS = """\
import json, runpy, warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    runpy.run_path("user.py")
print(json.dumps([[one.filename, one.lineno, one.category.__name__, str(one.message)] for one in told]))
"""


@pytest.mark.parametrize("place", ["pkg/old.py", "pkg/old/__init__.py"])
@pytest.mark.parametrize("is_lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize(("user", "eager", "lazy"), ASKING.values(), ids=ASKING)
def test_who_asks_is_warned(
    user: str, eager: list[int], lazy: list[int], *, is_lazy: bool, place: str, tmp_path: Path
) -> None:
    bridge = bridge_text("pkg.old", parsed({"A": "new.core:Better"}), is_lazy=is_lazy)
    write(tmp_path, {**FILES, "new/core.py": "Better = 1\n", place: bridge, "user.py": user})
    command = [sys.executable, "-B", "-c", WARNINGS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    if place.endswith("__init__.py"):  # a package is asked twice by a `from`: whether it has the name, and for it
        told = [one for number, one in enumerate(told) if one not in told[:number]]
    said = "pkg.old.A is deprecated: import new.core:Better" if is_lazy else advice({"A": "new.core:Better"})
    assert told == [["user.py", line, "DeprecationWarning", said] for line in (lazy if is_lazy else eager)]


CIRCLE = {
    "pkg/__init__.py": "",
    "pkg/new.py": "import pkg.old\n\nclass A: ...\n\ndef old() -> type[A]:\n    return pkg.old.A\n",
}


@pytest.mark.parametrize("first", ["pkg.new", "pkg.old"])
def test_only_a_lazy_bridge_is_no_circle(first: str, tmp_path: Path) -> None:
    write(
        tmp_path, {**CIRCLE, "main.py": f"import {first}\nimport pkg.new, pkg.old\nassert pkg.old.A is pkg.new.old()\n"}
    )
    for is_lazy in (False, True):
        write(tmp_path, {"pkg/old.py": bridge_text("pkg.old", parsed({"A": "pkg.new:A"}), is_lazy=is_lazy)})
        if first == "pkg.new" and not is_lazy:
            with pytest.raises(subprocess.CalledProcessError):
                run(tmp_path)
        else:
            run(tmp_path)


# what is in `pkg`; where its `A` is; the canonical modules for which a bridge at `pkg.old` has to be lazy
CIRCULAR: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "no circle": ({"pkg/__init__.py": "", "pkg/new.py": "A = 1\n"}, "pkg.new:A", ()),
    "directly": ({"pkg/__init__.py": "", "pkg/new.py": "import pkg.old\nA = 1\n"}, "pkg.new:A", ("pkg.new",)),
    "through another": (
        {"pkg/__init__.py": "", "pkg/mid.py": "from . import old\n", "pkg/new.py": "from pkg import mid\nA = 1\n"},
        "pkg.new:A",
        ("pkg.new",),
    ),
    "through the package around it": ({"pkg/__init__.py": "from . import old\nA = 1\n"}, "pkg:A", ("pkg",)),
    "the package around it": ({"pkg/__init__.py": "A = 1\n"}, "pkg:A", ()),
    "beside it, in such a package": (
        {"pkg/__init__.py": "from . import old\n", "pkg/new.py": "A = 1\n"},
        "pkg.new:A",
        (),
    ),
    "through the package around it, which the new one needs": (
        {"pkg/__init__.py": "from . import old\n", "pkg/base.py": "", "moved.py": "import pkg.base\nA = 1\n"},
        "moved:A",
        ("moved",),
    ),
    "a submodule as an object": (
        {"pkg/__init__.py": "", "moved/__init__.py": "import pkg.old\n", "moved/core.py": ""},
        "moved:core",
        ("moved",),
    ),
    "in the package that it is": (
        {"pkg/__init__.py": "", "pkg/old/new.py": "import pkg.old.other\nA = 1\n", "pkg/old/other.py": ""},
        "pkg.old.new:A",
        (),
    ),
    "later": ({"pkg/__init__.py": "", "pkg/new.py": "A = 1\ndef f():\n    import pkg.old\n"}, "pkg.new:A", ()),
    "a module": ({"pkg/__init__.py": "", "pkg/A.py": "import pkg.old\n"}, "pkg.A", ("pkg.A",)),
    "of others": ({"pkg/__init__.py": "", "pkg/new.py": "import os.path\n"}, "os:path", ()),
}


@pytest.mark.parametrize(("files", "target", "circular"), CIRCULAR.values(), ids=CIRCULAR)
def test_a_bridge_is_lazy_where_it_has_to_be(
    files: dict[str, str], target: str, circular: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, files)
    modules = Modules([tmp_path], {"pkg", "moved"})
    own = "pkg/old/__init__.py" if (tmp_path / "pkg/old").exists() else "pkg/old.py"
    made = bridge_to("pkg.old", parsed({"A": target}), (tmp_path / own,), modules)
    assert made.circular == circular
    assert ("__getattr__" in made.text) is bool(circular)
    write(tmp_path, {own: made.text})
    for first in ("pkg.old", target.partition(":")[0]):
        write(tmp_path, {"main.py": f"import {first}\nfrom pkg.old import A\n"})
        run(tmp_path)


@pytest.mark.parametrize("is_lazy", [False, True], ids=["eager", "lazy"])
def test_what_cannot_be_imported_is_told_as_it_is(is_lazy: bool, tmp_path: Path) -> None:
    bridge = bridge_text("pkg.old", parsed({"m": "new.broken"}), is_lazy=is_lazy)
    write(tmp_path, {**FILES, "new/broken.py": "import nowhere\n", "pkg/old.py": bridge})
    command = [sys.executable, "-B", "-c", "from pkg.old import m"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'nowhere'\n")


TYPED = {
    "pkg/__init__.py": "",
    "new/__init__.py": "",
    "new/core.py": "class A:\n    class Inner:\n        x: int = 1\n\n\ndef f(x: int) -> str:\n    return str(x)\n",
    "user.py": (
        "import new.core\nimport pkg.old\nfrom pkg.old import B, Failure, Inner, core, f\n\n"
        "a: new.core.A = B()\ns: str = f(1) + pkg.old.f(2)\nx: int = Inner().x + core.A.Inner.x\n"
        "e: ValueError = Failure()\n"
    ),
    "wrong.py": "from pkg.old import B, nothing, f\n\nb: int = B()\nf('')\n",
}
TYPED_NAMES = {
    "B": "new.core:A",
    "f": "new.core:f",
    "Inner": "new.core:A.Inner",
    "core": "new.core",
    "Failure": "builtins:ValueError",
}


@pytest.mark.parametrize("is_lazy", [False, True], ids=["eager", "lazy"])
def test_type_checkers_see_what_is_handed_on(is_lazy: bool, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    write(tmp_path, {**TYPED, "pkg/old.py": bridge_text("pkg.old", parsed(TYPED_NAMES), is_lazy=is_lazy)})
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", os.devnull]
    found = {}
    for file in ("user.py", "wrong.py"):
        done = subprocess.run(
            [*command, file], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300, check=False
        )
        found[file] = [(line.split(":")[1], line.rpartition("[")[2]) for line in done.stdout.splitlines()[:-1]]
        assert not done.stderr
    assert found == {"user.py": [], "wrong.py": [("1", "attr-defined]"), ("3", "assignment]"), ("4", "arg-type]")]}


ADVICE = {
    "sorted": ({"b": "new:b", "A": "new:A", "C": "core:C"}, "import C from core; A, b from new"),
    "canonical names": ({"a": "new:Z"}, "import Z from new"),
    "each once": ({"a": "new:Z", "b": "new:Z"}, "import Z from new"),
    "attributes": ({"get": "new:conf.get"}, "import conf.get from new"),
    "modules": ({"a": "new.core", "b": "conf"}, "import conf; core from new"),
    "at most five": ({c: f"new:{c}" for c in "abcdefg"}, "import a, b, c, d, e and 2 more from new"),
}


@pytest.mark.parametrize(("names", "said"), ADVICE.values(), ids=ADVICE)
def test_the_warning_names_the_canonical_paths(names: dict[str, str], said: str) -> None:
    assert advice(names) == f"pkg.old is deprecated: {said}"


REFUSED = {
    "nothing": ("pkg.old", {}),
    "no module": ("pkg.old-1", {"A": ObjectRef("new", "A")}),
    "a keyword as module": ("pkg.class", {"A": ObjectRef("new", "A")}),
    "a dotted name": ("pkg.old", {"A.B": ObjectRef("new", "A")}),
    "code as name": ("pkg.old", {"A = 1; B": ObjectRef("new", "A")}),
    "a keyword as name": ("pkg.old", {"class": ObjectRef("new", "A")}),
    "the list of its names": ("pkg.old", {"__all__": ObjectRef("new", "A")}),
    "a constant": ("pkg.old", {"__debug__": ObjectRef("new", "A")}),
    "code as target": ("pkg.old", {"A": ObjectRef("new", "A\nimport os")}),
    "no target": ("pkg.old", {"A": ObjectRef("", "A")}),
    "itself": ("pkg.old", {"A": ObjectRef("pkg.old")}),
    "of itself": ("pkg.old", {"A": ObjectRef("pkg.old", "B")}),
    "of itself through its package": ("pkg.old", {"A": ObjectRef("pkg", "old.B")}),
    "a statement for the compiler": ("pkg.old", {"A": ObjectRef("__future__", "annotations")}),
}


@pytest.mark.parametrize(("module", "names"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_refused(module: str, names: dict[str, ObjectRef]) -> None:
    with pytest.raises(ValueError, match=r"is not|is no name|cannot import|offer nothing"):
        bridge_text(module, names)


@pytest.mark.parametrize("name", ["__getattr__", "__name__", "__path__", "__class__", "__dir__", "__file__"])
def test_what_is_found_anyway_no_lazy_bridge_offers(name: str) -> None:
    with pytest.raises(ValueError, match="lazy bridge"):
        bridge_text("pkg.old", {name: ObjectRef("new", "A")}, is_lazy=True)
    assert bridge_text("pkg.old", {"__version__": ObjectRef("new", "A")}, is_lazy=True)


@pytest.mark.parametrize("is_lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize("seed", range(3))
def test_any_bridge(seed: int, is_lazy: bool, tmp_path: Path) -> None:
    """It compiles, offers its names, is told from what is not one, and ruff has nothing to say of it."""
    rng = random.Random(seed)
    words = [
        "A",
        "B1",
        "MAX",
        "MAX_OF_ALL",
        "Thing",
        "AnotherThing10",
        "AnotherThing9",
        "thing",
        "_private",
        "x10",
        "x9",
    ]
    words += ["a_function_with_a_rather_long_name", "open", "warnings", "_warnings", "Zebra", "zebra", "Été"]
    modules = ["pkg", "pkg.core", "pkg.Core.inner_part10", "pkg.core.inner_part9", "os", "os.path"]
    modules += ["others.with_a_long_path.that_leaves_little_room.on_a_line", "Others", "others2"]

    def reference() -> ObjectRef:
        if rng.random() < 0.1:
            return ObjectRef("builtins", rng.choice(["open", "str", "str.join"]))
        names = rng.sample(words, 2)
        return ObjectRef(rng.choice(modules), rng.choice(["", names[0], names[0], names[0], ".".join(names)]))

    write(tmp_path, {"pkg/__init__.py": ""})
    for number in range(100):
        names = {word: reference() for word in rng.sample(words, rng.randint(1, 12))}
        names |= {word: ObjectRef("pkg.core", word) for word in rng.sample(words, rng.randint(1, 12))}
        text = bridge_text("pkg.old", dict(rng.sample([*names.items()], len(names))), is_lazy=is_lazy)
        assert text == bridge_text("pkg.old", names, is_lazy=is_lazy)
        bindings = read_bindings(Text(text), "pkg.old", is_init=False, is_stub=False)
        assert {*names} == {*(bindings.all_parts or ())} <= {*bindings.names}
        ast.parse(text, feature_version=(3, 10))
        known = bridged_by("pkg.old", text)
        assert known is not None and text == bridge_text("pkg.old", known, is_lazy=is_lazy)
        assert {*known} == {*names}
        spoiled = spoil(rng, text)
        assert is_laid_out_otherwise(spoiled, text) or bridged_by("pkg.old", spoiled) is None, spoiled
        write(tmp_path, {f"pkg/old{number}.py": text})
    for arguments in (
        ["check", "--isolated", "--no-cache", "--select=E,F,I,UP"],
        ["format", "--isolated", "--no-cache", "--diff"],
    ):
        command = [sys.executable, "-m", "ruff", *arguments, "--target-version=py310", "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def is_laid_out_otherwise(spoiled: str, text: str) -> bool:
    """Whether two texts differ in nothing but spaces, line ends and commas at the ends of lists."""
    try:
        return "#" not in spoiled and ast.dump(ast.parse(spoiled)) == ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return False


FORMATTED = {
    "long lines": ["format", "--line-length=120", "--config", "format.skip-magic-trailing-comma=true"],
    "other quotes": ["format", "--config", "format.quote-style='single'"],
    "CRLF": ["format", "--config", "format.line-ending='cr-lf'"],
    "one name a line": ["check", "--fix", "--select=I", "--config", "lint.isort.force-single-line=true"],
    "one section": ["check", "--fix", "--select=I", "--config", "lint.isort.no-sections=true"],
}


@pytest.mark.parametrize("is_lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize("arguments", FORMATTED.values(), ids=FORMATTED)
def test_a_bridge_stays_one_whoever_formats_it(arguments: list[str], is_lazy: bool, tmp_path: Path) -> None:
    names = {"core": "new.core", "B": "new.core:Better", "name": "new:thing.name", "dumps": "json:dumps"}
    names["LONG"] = "somewhere.else_entirely.with_a_path_that_is_really_long:A_CONSTANT_WITH_A_LONG_NAME"
    names |= {name: f"pkg.e.f:{name}" for name in LONG_NAMES}
    text = bridge_text("pkg.old", parsed(names), is_lazy=is_lazy)
    write(tmp_path, {"old.py": text})
    subprocess.run(
        [sys.executable, "-m", "ruff", arguments[0], "--isolated", "--no-cache", *arguments[1:], "old.py"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    formatted = (tmp_path / "old.py").read_bytes().decode()
    assert formatted != text
    known = bridged_by("pkg.old", formatted)
    assert known is not None
    assert bridge_text("pkg.old", known, is_lazy=is_lazy) == text


def spoil(rng: random.Random, text: str) -> str:
    """A text with one character more, less or changed."""
    place, character = rng.randrange(len(text)), rng.choice(["x", " ", "\n", "\r", "#", "\0", "é", rng.choice(text)])
    return text[:place] + rng.choice(["", character, character]) + text[place + rng.randrange(2) :]


NEW = {
    "new/__init__.py": "from new.impl import A\nfrom third import T\n",
    "new/impl.py": (
        "import os\nimport new\nfrom typing import Any\nfrom new.core import Base, lost\n\n"
        "class A(Base): ...\nAlias = os.PathLike\n_private = 1\nx: Any = 1\n"
    ),
    "new/core.py": "class Base: ...\n",
    "new/listed.py": "__all__ = ['B', '_c', 'gone', 'no name', '__all__']\nfrom os import path as B\n_c = D = 1\n",
    "new/star.py": "from new.impl import *\nfrom new.star import *\nown = 1\n",
}
# the entries' canonical and deprecated paths; the module; what a bridge there can offer, and what it cannot
ENTRIES = {
    "a name": ({"old:A": "new.impl:A"}, "old", {"A": "new.impl:A"}, {}),
    "a name of another": ({"old:B": "new.impl:A", "older:A": "new.impl:A"}, "old", {"B": "new.impl:A"}, {}),
    "a name without its colon": ({"old.A": "new.impl:A"}, "old", {"A": "new.impl:A"}, {}),
    "a private name": ({"old:_p": "new.impl:_private"}, "old", {"_p": "new.impl:_private"}, {}),
    "an attribute of what is there": ({"old:f": "new.impl:A.f"}, "old", {"f": "new.impl:A.f"}, {}),
    "an attribute of what is not": ({"old:f": "new.impl:Z.f"}, "old", {}, {"f": "new.impl:Z.f"}),
    "an attribute in the old place": ({"old:A.f": "new.impl:f"}, "old", {}, {}),
    "a name that is not there": ({"old:A": "new.impl:Z"}, "old", {}, {"A": "new.impl:Z"}),
    "a name in a module that is not there": ({"old:A": "new.nowhere:A"}, "old", {}, {"A": "new.nowhere:A"}),
    "a name of somebody else's": ({"old:A": "third:A"}, "old", {"A": "third:A"}, {}),
    "a builtin": ({"old:A": "builtins:int"}, "old", {"A": "builtins:int"}, {}),
    "a name that is a module now": ({"old:core": "new.core"}, "old", {"core": "new.core"}, {}),
    "a module under it": ({"old.core": "new.core"}, "old", {}, {}),
    "removed": ({"old:A": None}, "old", {}, {}),
    "chains": ({"old:A": "mid:A", "mid": "new.impl"}, "old", {"A": "new.impl:A"}, {}),
    "its own": ({"new.core:A": "new:core.Base"}, "new.core", {}, {}),
    "no entry": ({"older:A": "new.impl:A"}, "old", {}, {}),
    "a circle": ({"old:A": "mid:A", "mid:A": "old:A"}, "old", {}, {}),
    "a module, with an `__all__`": (
        {"old": "new.listed"},
        "old",
        {"B": "new.listed:B", "_c": "new.listed:_c"},
        {"gone": "new.listed:gone"},
    ),
    "a module without": (
        {"old": "new.impl"},
        "old",
        {
            "A": "new.impl:A",
            "Alias": "new.impl:Alias",
            "Base": "new.impl:Base",
            "lost": "new.impl:lost",
            "x": "new.impl:x",
        },
        {},
    ),
    "a package": ({"old": "new"}, "old", {"A": "new:A"}, {}),
    "a module in a package": ({"old": "new"}, "old.core", {"Base": "new.core:Base"}, {}),
    "a star": (
        {"old": "new.star"},
        "old",
        {name: f"new.star:{name}" for name in ("A", "Alias", "Base", "lost", "own", "x")},
        {},
    ),
    "a module of somebody else's": ({"old": "third", "old:A": "third.core:B"}, "old", {"A": "third.core:B"}, {}),
    "a module that is not there": ({"old": "new.nowhere"}, "old", {}, {}),
    "a name beside its module": (
        {"old": "new.core", "old:A": "new.impl:A", "old:Base": None, "old:Root": "new.core:Base"},
        "old",
        {"A": "new.impl:A", "Root": "new.core:Base"},
        {},
    ),
    "names beyond its module": (
        {"old": "mid", "mid:A": "new.impl:A", "mid:Z": "new.impl:Z"},
        "old",
        {"A": "new.impl:A"},
        {"Z": "new.impl:Z"},
    ),
}


@pytest.mark.parametrize(("moves", "module", "names", "missing"), ENTRIES.values(), ids=ENTRIES)
def test_what_a_bridge_offers(
    moves: dict[str, str | None], module: str, names: dict[str, str], missing: dict[str, str], tmp_path: Path
) -> None:
    entries = [{"canonical": canonical, "deprecated": [deprecated]} for deprecated, canonical in moves.items()]
    write(tmp_path, {**NEW, "registry.json": json.dumps({"version": 1, "entries": entries})})
    registry = load(tmp_path / "registry.json", tmp_path)
    bridged = bridged_names(module, registry, Modules([tmp_path], {"new", "old", "older", "mid"}))
    assert bridged == Bridged(parsed(names), parsed(missing))
    assert [*bridged.names] == sorted(names)
    assert not names or bridge_text(module, bridged.names)


# the files that are there; the module; the files that are to be created, if any can be
PLACES: dict[str, tuple[list[str], str, list[str] | None]] = {
    "in a package": (["src/pkg/__init__.py"], "pkg.old", ["src/pkg/old.py"]),
    "in a package of a package": (["src/pkg/a/__init__.py"], "pkg.a.old", ["src/pkg/a/old.py"]),
    "in a namespace package": (["src/ns/pkg/__init__.py"], "ns.old", ["src/ns/old.py"]),
    "in packages that are missing": (
        ["src/pkg/__init__.py"],
        "pkg.a.b.old",
        ["src/pkg/a/__init__.py", "src/pkg/a/b/__init__.py", "src/pkg/a/b/old.py"],
    ),
    "in the second root": (["src/pkg/__init__.py", "other/__init__.py"], "other.old", ["other/old.py"]),
    "beside the packages": (["src/pkg/__init__.py"], "old", ["src/old.py"]),
    "beside packages in the second root": (["src/readme", "pkg/__init__.py"], "old.a", ["old/__init__.py", "old/a.py"]),
    "beside nothing": (["src/readme"], "old", ["src/old.py"]),
    "a module": (["src/pkg/old.py"], "pkg.old", None),
    "a stub": (["src/pkg/old.pyi"], "pkg.old", None),
    "a package": (["src/pkg/old/__init__.py"], "pkg.old", None),
    "a folder": (["src/pkg/old/readme"], "pkg.old", None),
    "an extension module": (["src/pkg/old.so"], "pkg.old", None),
    "the same on some disks": (["src/pkg/Old.py"], "pkg.old", None),
    "a file in the place of a package": (["src/pkg/a"], "pkg.a.old", None),
    "in a plain module": (["src/pkg/a.py"], "pkg.a.old", None),
    "deep in a plain module": (["src/pkg/a.py"], "pkg.a.b.old", None),
}


@pytest.mark.parametrize(("files", "module", "created"), PLACES.values(), ids=PLACES)
def test_where_a_bridge_stands(files: list[str], module: str, created: list[str] | None, tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    roots = [tmp_path / "src", tmp_path]
    place = bridge_place(module, Modules(roots, {"pkg", "ns", "other", "old"}))
    assert place == (None if created is None else tuple(tmp_path / name for name in created))
    if place is not None:
        write(tmp_path, {str(path): "" for path in place})
        found = Modules(roots, {"pkg", "ns", "other", "old"}).find(module)
        assert found is not None and found.path == place[-1]


@pytest.mark.parametrize("module", ["", "..", "pkg/old", "pkg..old", "pkg.class", "/etc/passwd"])
def test_a_place_for_what_is_no_module(module: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the dotted path"):
        bridge_place(module, Modules([tmp_path], {"pkg"}))


def test_without_roots_there_is_no_place() -> None:
    assert bridge_place("old", Modules([], {"old"})) is None
