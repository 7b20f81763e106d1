"""Registries that distributions offer: found in each layout that installers leave, used, and never imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ssot_lsp.config import read_pyproject
from ssot_lsp.distributions import GROUP, NotOfferedError
from ssot_lsp.environment import Environment
from ssot_lsp.model import ObjectRef
from ssot_lsp.project import Project
from ssot_lsp.registry import RegistryError
from ssot_lsp.server.settings import EditorSettings
from ssot_lsp.server.workspaces import WorkspaceFolder
from tests.fake_editor import Editor
from tests.test_cli import run
from tests.trees import write

MOVES = json.dumps({"version": 1, "entries": [{"canonical": "acme.new:A", "deprecated": ["acme.old:A"]}]})
SITE = f".venv/lib/python3.{sys.version_info.minor}/site-packages"
INFO = "SITE/acme-1.0.dist-info/entry_points.txt"


def offering(value: str = "acme:moves.json", name: str = "acme") -> str:
    return f"[{GROUP}]\n{name} = {value}\n"


@pytest.fixture(autouse=True)
def no_other_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def placed(root: Path, files: Mapping[str, str]) -> Path:
    """Files of an environment: SITE stands for its site-packages, ROOT for the folder of everything, ⇒ for a link."""
    root = root.resolve()
    for name, text in {"SITE/": "", "SITE/../../../pyvenv.cfg": "home = /usr/bin\n", **files}.items():
        path = root / os.path.normpath(name.replace("SITE", SITE))
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.replace("ROOT", root.as_posix())
        if content.startswith("⇒"):
            path.symlink_to(content[1:])
        elif name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text(content, "utf-8")
    return root


EDITABLE = '{"dir_info": {"editable": true}, "url": "file://ROOT/my%20lib"}'
FINDER = "from __future__ import annotations\nMAPPING: dict[str, str] = {'other': '/x', 'acme': 'ROOT/my lib/acme'}\n"
LAYOUTS: dict[str, tuple[dict[str, str], str]] = {
    "a wheel": ({INFO: offering(), "SITE/acme/moves.json": MOVES}, "SITE/acme/moves.json"),
    "in a subpackage": (
        {INFO: offering("acme.data:moves.json"), "SITE/acme/data/moves.json": MOVES},
        "SITE/acme/data/moves.json",
    ),
    "in a folder": (
        {INFO: offering("acme:data/moves.json"), "SITE/acme/data/moves.json": MOVES},
        "SITE/acme/data/moves.json",
    ),
    "a namespace package": (
        {INFO: offering("big.acme:moves.json"), "SITE/big/acme/moves.json": MOVES},
        "SITE/big/acme/moves.json",
    ),
    "spaces and other groups": (
        {INFO: f"[console_scripts]\nacme = x:y\n\n[{GROUP}]\nacme=acme : moves.json\n", "SITE/acme/moves.json": MOVES},
        "SITE/acme/moves.json",
    ),
    "another spelling": ({INFO: offering(name="ACME"), "SITE/acme/moves.json": MOVES}, "SITE/acme/moves.json"),
    "a byte order mark": ({INFO: "\ufeff" + offering(), "SITE/acme/moves.json": MOVES}, "SITE/acme/moves.json"),
    "an egg-info": (
        {"SITE/Acme-1.0-py3.11.egg-info/entry_points.txt": offering(), "SITE/acme/moves.json": MOVES},
        "SITE/acme/moves.json",
    ),
    "a development egg": (
        {
            "SITE/easy-install.pth": "ROOT/my lib\n",
            "my lib/acme.egg-info/entry_points.txt": offering(),
            "my lib/acme/moves.json": MOVES,
        },
        "my lib/acme/moves.json",
    ),
    "editable by a path": (
        {
            INFO: offering(),
            "SITE/acme.pth": "# a comment\nimport sys; sys.exit()\n\nROOT/nowhere\nROOT/my lib/src\n",
            "my lib/src/acme/moves.json": MOVES,
            "my lib/src/acme.egg-info/entry_points.txt": offering("acme:older.json"),
        },
        "my lib/src/acme/moves.json",
    ),
    "editable by a relative path": (
        {INFO: offering(), "SITE/acme.pth": "../../../../my lib", "my lib/acme/moves.json": MOVES},
        "my lib/acme/moves.json",
    ),
    "editable by setuptools' finder": (
        {
            INFO: offering("acme.data:moves.json"),
            "SITE/__editable__.acme-1.0.pth": "import __editable___acme_1_0_finder",
            "SITE/__editable___acme_1_0_finder.py": FINDER,
            "my lib/acme/data/moves.json": MOVES,
        },
        "my lib/acme/data/moves.json",
    ),
    "editable by setuptools' finder, a part of a namespace": (
        {
            INFO: offering("big.acme.data:moves.json"),
            "SITE/__editable___acme_1_0_finder.py": FINDER.replace("'acme'", "'big.acme'"),
            "my lib/acme/data/moves.json": MOVES,
        },
        "my lib/acme/data/moves.json",
    ),
    "editable by a finder that cannot be read": (
        {
            INFO: offering(),
            "SITE/__editable___acme_1_0_finder.py": "MAPPING = {'acme': find()}\n",
            "SITE/acme-1.0.dist-info/direct_url.json": EDITABLE,
            "my lib/src/acme/moves.json": MOVES,
        },
        "my lib/src/acme/moves.json",
    ),
    "editable in strict mode": (
        {
            INFO: offering(),
            "SITE/__editable__.acme-1.0.pth": "ROOT/my lib/build/__editable__.acme\n",
            "SITE/acme-1.0.dist-info/direct_url.json": EDITABLE,
            "my lib/acme/moves.json": MOVES,
            "my lib/build/__editable__.acme/acme/moves.json": "⇒ROOT/my lib/acme/moves.json",
        },
        "my lib/acme/moves.json",
    ),
    "linked, all of it, from a store": (
        {
            "store/acme-1.0.dist-info/entry_points.txt": offering(),
            "store/acme/moves.json": MOVES,
            "SITE/acme-1.0.dist-info": "⇒ROOT/store/acme-1.0.dist-info",
            "SITE/acme/moves.json": "⇒ROOT/store/acme/moves.json",
        },
        "store/acme/moves.json",
    ),
    "beside metadata that is none": (
        {
            INFO: offering(),
            "SITE/acme/moves.json": MOVES,
            "SITE/~cme-0.9.dist-info/entry_points.txt": offering("acme:removed.json"),
            "SITE/bad-1.0.dist-info/entry_points.txt": f"acme = acme:moves.json\n[{GROUP}]\n",
            "SITE/worse-1.0.dist-info/entry_points.txt": f"[{GROUP}]\nacme\n",
            "SITE/acme-1.0.dist-info/direct_url.json": '["no object"]',
            "SITE/bad.pth": f"\0\n{'a' * 5_000}\n",
        },
        "SITE/acme/moves.json",
    ),
    "on Windows": (
        {
            f"{INFO.replace('SITE', '.venv/Lib/site-packages')}": offering(),
            ".venv/Lib/site-packages/acme/moves.json": MOVES,
        },
        ".venv/Lib/site-packages/acme/moves.json",
    ),
}


@pytest.mark.parametrize(("files", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(tmp_path: Path, files: Mapping[str, str], expected: str) -> None:
    evil = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    modules = ("SITE/acme/__init__.py", "my lib/acme/__init__.py", "my lib/src/acme/__init__.py", "SITE/evil.py")
    root = placed(tmp_path, {**files, **dict.fromkeys(modules, evil)})
    found = Environment.find(root, None).registry("acme")
    assert found.path == root / expected.replace("SITE", SITE)
    assert found.distribution.lower().startswith("acme")
    write(root, {"registry.json": '{"version": 1, "extends": ["Acme"], "entries": []}'})
    assert [str(entry.canonical) for entry in Project.load(root).registry.entries] == ["acme.new:A"]
    assert not (root / "ran").exists()


@pytest.mark.parametrize("python", ["env", "env/bin/python", "env/python.exe", "env/Scripts/python.exe"])
@pytest.mark.parametrize("marker", ["pyvenv.cfg", "conda-meta/history"])
@pytest.mark.parametrize("site", ["lib/python3.12", "lib/pypy3.10", "Lib"])
def test_environments(tmp_path: Path, python: str, marker: str, site: str) -> None:
    here = f"env/{site}/site-packages"
    files = {f"{here}/acme-1.0.dist-info/entry_points.txt": offering(), f"{here}/acme/moves.json": MOVES}
    write(tmp_path, {**files, f"env/{marker}": "", **({python: ""} if python != "env" else {})})
    assert Environment.find(tmp_path, tmp_path / python).registry("acme").path == tmp_path / here / "acme/moves.json"


TWO = {INFO: offering(), "SITE/bee-2.0.dist-info/entry_points.txt": offering("bee:moves.json", "Acme")}
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "nobody": ({}, "'acme' is no file, and no installed distribution offers it"),
    "other names": (
        {INFO.replace("acme", "bee"): f"{offering(name='zeta')}beta = acme:moves.json\n"},
        "'acme' is no file, and no installed distribution offers it ('beta', 'zeta' are offered)",
    ),
    "a like name": (
        {INFO.replace("acme", "acme_lib"): offering(name="acme-lib")},
        "'acme' is no file, and no installed distribution offers it: did you mean 'acme-lib'?",
    ),
    "installed": ({"SITE/acme-1.0.dist-info/METADATA": ""}, "'acme' is installed, but offers no registry of that name"),
    "another group": (
        {INFO: "[console_scripts]\nacme = acme:moves.json\n"},
        "'acme' is installed, but offers no registry of that name",
    ),
    "two": (TWO, "'acme' is offered by acme 1.0 and bee 2.0: only one of them may be installed"),
    "no file": ({INFO: offering()}, "acme 1.0 offers 'acme' as 'acme:moves.json', and no such file is there"),
    "no file in the source": (
        {INFO: offering(), "SITE/acme-1.0.dist-info/direct_url.json": EDITABLE},
        "acme 1.0 offers 'acme' as 'acme:moves.json', and no such file is there (its source is in ROOT/my lib)",
    ),
    "too long": (
        {INFO: offering(f"acme:{'a' * 5_000}.json")},
        f"acme 1.0 offers 'acme' as 'acme:{'a' * 5_000}.json', and no such file is there",
    ),
    "no colon": ({INFO: offering("acme")}, "acme 1.0 offers 'acme' as 'acme', which is not package:file.json"),
    "no package": (
        {INFO: offering("ac me:moves.json")},
        "acme 1.0 offers 'acme' as 'ac me:moves.json', which is not package:file.json",
    ),
    "two lines": (
        {INFO: offering("acme:a\n b.json")},
        r"acme 1.0 offers 'acme' as 'acme:a\nb.json', which is not package:file.json",
    ),
    "up": (
        {INFO: offering("acme:../../../../../moves.json"), "moves.json": MOVES},
        "acme 1.0 offers 'acme' as 'acme:../../../../../moves.json', which leads out of its package",
    ),
    "up on Windows": (
        {INFO: offering(r"acme:..\moves.json")},
        r"acme 1.0 offers 'acme' as 'acme:..\\moves.json', which leads out of its package",
    ),
    "absolute": (
        {INFO: offering("acme:/moves.json")},
        "acme 1.0 offers 'acme' as 'acme:/moves.json', which leads out of its package",
    ),
    "a drive": (
        {INFO: offering("acme:c:moves.json")},
        "acme 1.0 offers 'acme' as 'acme:c:moves.json', which leads out of its package",
    ),
    "a link": (
        {INFO: offering(), "SITE/acme/moves.json": "⇒ROOT/moves.json", "moves.json": MOVES},
        "acme 1.0 offers 'acme' as 'acme:moves.json', which is a link that leads out of it, to ROOT/moves.json",
    ),
    "not JSON": (
        {INFO: offering(), "SITE/acme/moves.json": '{"entries":\n }'},
        "'acme' leads to acme 1.0, whose registry cannot be used: "
        f"{Path('acme/moves.json')}:2:2: not JSON: Expecting value",
    ),
    "a wrong type": (
        {INFO: offering(), "SITE/acme/moves.json": '{"version": 1, "entries": 1}'},
        "'acme' leads to acme 1.0, whose registry cannot be used: "
        f'{Path("acme/moves.json")}:1:27: entries: 1 is not of type "array"',
    ),
    "extends nothing": (
        {INFO: offering(), "SITE/acme/moves.json": '{"version": 1, "extends": ["a.json"], "entries": []}'},
        "'acme' leads to acme 1.0, whose registry cannot be used: "
        f"{Path('acme/a.json')}:1:1: cannot be read: No such file or directory",
    ),
    "extends what is not its own": (
        {
            INFO: offering(),
            "SITE/acme/moves.json": '{"version": 1, "extends": ["../other/a.json"], "entries": []}',
            "SITE/other/a.json": MOVES,
        },
        "'acme' leads to acme 1.0, whose registry cannot be used: "
        f"{Path('acme/moves.json')}:1:28: extends[0]: '../other/a.json' leads out of ROOT/SITE/acme",
    ),
    "extends a bad one": (
        {
            INFO: offering(),
            "SITE/acme/moves.json": '{"version": 1, "extends": ["bee"], "entries": []}',
            "SITE/bee-2.0.dist-info/entry_points.txt": offering("bee:moves.json", "bee"),
            "SITE/bee/moves.json": "[",
        },
        "'acme' leads to bee 2.0, whose registry cannot be used: "
        f"{Path('bee/moves.json')}:1:2: not JSON: Expecting value",
    ),
}


@pytest.mark.parametrize(("files", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_had_is_told_at_the_name(tmp_path: Path, files: Mapping[str, str], expected: str) -> None:
    root = placed(tmp_path, files)
    write(root, {"registry.json": '{"version": 1, "extends": [\n  "acme"], "entries": []}'})
    with pytest.raises(RegistryError) as caught:
        Project.load(root)
    reason = expected.replace("ROOT", root.as_posix()).replace("SITE", SITE)
    assert caught.value.reason.rstrip("…") == reason[: len(caught.value.reason.rstrip("…"))]
    assert str(caught.value).startswith(f"{root / 'registry.json'}:2:3: extends[0]: ")
    assert len(str(caught.value).splitlines()) == 1


def test_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"registry.json": '{"version": 1, "extends": ["acme"], "entries": []}'})
    told = run("check")
    assert told.exit_code == 2
    assert all(way in told.stderr for way in ("no Python environment", "--python", "VIRTUAL_ENV", ".venv"))
    told = run("check", "--python", "nowhere")
    assert told.stderr.endswith("no Python environment is at nowhere, where it may be offered\n")
    with pytest.raises(NotOfferedError):
        Environment().registry("acme")


def test_what_others_offer_is_theirs_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the command line nor an editor tells of a registry in site-packages, even below the root."""
    entries: list[dict[str, Any]] = [
        {"canonical": "app.nowhere:A", "deprecated": ["acme.old:A"]},
        {"canonical": "b:B", "deprecated": ["a:A"]},
        {"canonical": "a:A", "deprecated": ["b:B"]},
        {"canonical": "x:X", "deprecated": ["y:Y"], "unknown": 1},
    ]
    moves = json.dumps({"version": 1, "packages": ["acme"], "entries": entries})
    root = placed(tmp_path, {INFO: offering(), "SITE/acme/moves.json": moves, "app/__init__.py": ""})
    monkeypatch.chdir(root)
    own = {"canonical": "b:B", "deprecated": ["app.b"]}
    write(root, {"registry.json": json.dumps({"version": 1, "extends": ["acme"], "entries": [own]})})
    assert Project.load(root).modules.packages == {"app"}
    told = run("registry", "lint", "--output-format", "json", "--fail-on", "hint")
    assert [(one["code"], Path(one["filename"]).name) for one in json.loads(told.stdout)] == [
        ("SSOT107", "registry.json")
    ]
    assert run("check").exit_code == 0
    folder = WorkspaceFolder(root, EditorSettings(), Path.read_bytes)  # type: ignore[arg-type]
    folder.take(folder.load())
    folder.take_lint(folder.lint()())
    assert not [path for path, _, problems in folder.reported if problems and ".venv" in path.parts]


def test_versions_are_those_of_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"canonical": "acme.new:A", "deprecated": ["acme.old:A"], "since": "2.0", "removal": "3.0"},
        {"canonical": "acme.new:B", "deprecated": ["acme.old:B"], "since": "2026-01-01", "removal": "2026-12-31"},
    ]
    files = {
        INFO: offering(),
        "SITE/acme/moves.json": json.dumps({"version": 1, "entries": entries}),
        "registry.json": '{"version": 1, "extends": ["acme"], "entries": []}',
        "use.py": "from acme.old import A, B\n",
    }
    monkeypatch.chdir(placed(tmp_path, files))
    told = run("check", "--output-format", "concise").stdout
    assert "(since acme 2.0, to be removed in acme 3.0)" in told
    assert "(since 2026-01-01, to be removed 2026-12-31)" in told


def test_what_an_offered_registry_extends(tmp_path: Path) -> None:
    """Files of its own package, and what other distributions offer; the user's own entries come first."""
    extending = '{"version": 1, "extends": ["../more.json", "Bee"], "packages": ["app"], "entries": []}'
    more = MOVES.replace("acme.old:A", "acme.older:A")
    root = placed(
        tmp_path,
        {
            INFO: offering("acme.data:moves.json"),
            "SITE/acme/data/moves.json": extending,
            "SITE/acme/more.json": more,
            "SITE/bee-2.0.dist-info/entry_points.txt": offering("bee:moves.json", "bee"),
            "SITE/bee/moves.json": MOVES.replace("acme.new", "bee.new"),
            "own/__init__.py": "",
            "registry.json": json.dumps(json.loads(MOVES) | {"extends": ["acme"]}),
        },
    )
    project = Project.load(root)
    files = [(file.versions_of, file.path.name) for file in project.registry.files]
    assert files == [
        ("", "registry.json"),
        ("acme", "moves.json"),
        ("acme", "more.json"),
        ("bee", "moves.json"),
    ]
    targets = [project.registry.match(ObjectRef.parse(path)) for path in ("acme.old:A", "acme.older:A")]
    assert [str(match.target) for match in targets if match is not None] == ["acme.new:A", "acme.new:A"]
    assert project.modules.packages == {"own"}


def test_the_source_of_an_editable_distribution_in_the_workspace_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = json.dumps({"version": 1, "entries": [{"canonical": "acme.nowhere:A", "deprecated": ["acme.old:A"]}]})
    files = {INFO: offering(), "SITE/acme.pth": "ROOT/src", "src/acme/moves.json": bad, "src/acme/__init__.py": ""}
    root = placed(tmp_path, {**files, "registry.json": '{"version": 1, "extends": ["acme"], "entries": []}'})
    monkeypatch.chdir(root)
    found = json.loads(run("registry", "lint", "--select", "SSOT101", "--output-format", "json").stdout)
    assert [Path(one["filename"]).relative_to(root).as_posix() for one in found] == ["src/acme/moves.json"]
    write(root, {"src/acme/moves.json": "["})
    assert run("check").stderr.startswith(f"error: {root / 'src/acme/moves.json'}:1:2: not JSON")


# a real one: a wheel that pip installs


def wheel(folder: Path, version: str, moves: str) -> Path:
    """Acme-Lib, of which nothing may be imported."""
    info = f"acme_lib-{version}.dist-info"
    files = {
        "acme/__init__.py": "import os\nopen(os.environ['ACME_RAN'], 'w')\n",
        "acme/new.py": 'class A:\n    """What acme is about."""\n',
        "acme/data/moves.json": moves,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: Acme-Lib\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": offering("acme.data:moves.json"),
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    made = folder / f"acme_lib-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made


def install(python: Path, distribution: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    command = [*pip, "install", "--no-index", "--no-deps", "--upgrade", str(distribution)]
    subprocess.run(command, env=environment, check=True, timeout=300)


def test_from_the_wheel_to_the_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, ran = tmp_path / "root", tmp_path / "ran"
    monkeypatch.setenv("ACME_RAN", str(ran))
    write(root, {"use.py": "from acme.old import A\n\nprint(A)\n"})
    write(root, {"registry.json": '{"version": 1, "extends": ["acme"], "entries": []}'})
    monkeypatch.chdir(root)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True, timeout=300)
    python = next(path for path in (root / ".venv").rglob("python*") if path.stem == "python")
    with Editor(root) as editor:
        editor.wait_for_diagnostics("registry.json", lambda found: "offers it" in found[0]["message"])
        assert run("check").exit_code == 2

        install(python, wheel(tmp_path, "1.0", MOVES))  # nobody tells the server
        told = run("check", "--output-format", "concise")
        assert (told.exit_code, told.stdout.count("\n")) == (1, 1)
        assert "SSOT001" in told.stdout
        (warning,) = json.loads(run("check", "--output-format", "json").stdout)
        assert warning["severity"] == "warning", "whether the import fails nobody knows"
        editor.open("use.py")
        editor.wait_for_diagnostics("use.py", lambda found: [one["code"] for one in found] == ["SSOT001"])
        editor.wait_for_diagnostics("registry.json", lambda found: not found)
        hover = editor.hover("use.py", editor.text("use.py").index("A"))["contents"]
        assert "`acme.new:A`" in hover["value"]
        assert "What acme is about." in hover["value"]
        asked = {"textDocument": {"uri": editor.uri("use.py")}, "position": {"line": 0, "character": 21}}
        place = editor.request("textDocument/definition", asked)
        assert place["uri"].endswith("site-packages/acme/new.py")
        assert place["range"]["start"] == {"line": 0, "character": 6}

        install(python, wheel(tmp_path, "2.0", MOVES.replace("new:A", "newest:B")))
        editor.save("use.py")
        editor.wait_for_diagnostics("use.py", lambda found: "newest" in str(found))
        assert run("fix").exit_code == 0
        assert (root / "use.py").read_text() == "from acme.newest import B\n\nprint(B)\n"

    assert not ran.exists()


# docs/registries.md

PAGE = (Path(__file__).resolve().parent.parent / "docs/registries.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author's repository as the page has it, and a user's."""
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.chdir(library)
    extending, moves, described = blocks("json")
    entry_point, package_data, setting = blocks("toml")
    lint, check, schema = (re.findall(r"^\$ ssot-lsp (.*)$", block, re.MULTILINE)[0] for block in blocks("console"))
    author = {
        "pyproject.toml": f'[project]\nname = "acme"\nversion = "2.4"\n\n{entry_point}\n{package_data}',
        "src/acme/__init__.py": "",
        "src/acme/client.py": "class Client: ...\n",
        "src/acme/http.py": "from acme.client import Client as HTTPClient\n",
        "src/acme/moves.json": moves,
    }
    write(library, author)
    assert (run(*lint.split()).exit_code, run(*lint.split()).stdout) == (0, "")
    write(library, {"pyproject.toml": author["pyproject.toml"].replace("2.4", "3.0") + setting})
    assert "SSOT108" in run(*lint.split()).stdout
    assert "SSOT108" in run("registry", "lint").stdout
    write(library, {"src/acme/client.py": ""})
    assert "SSOT101" in run("check").stdout

    command, _, file = schema.partition(" > ")
    write(library, {file: run(*command.split()).stdout})
    validator = jsonschema_rs.validator_for(json.loads((library / json.loads(described)["$schema"]).read_text()))
    for registry in (extending, moves, described):
        assert not list(validator.iter_errors(json.loads(registry)))

    ((name, value),) = read_pyproject(library)["project"]["entry-points"][GROUP].items()
    user = placed(tmp_path / "user", {INFO: offering(value, name), "SITE/acme/moves.json": moves})
    (user / ".git").mkdir()
    write(user, {"registry.json": extending, "use.py": "from acme.http import HTTPClient, retry\n"})
    monkeypatch.chdir(user)
    told = run(*check.split())
    assert told.exit_code == 1, told.stderr
    assert [line.split()[1] for line in told.stdout.splitlines()] == ["SSOT001", "SSOT002"]
