"""Settings, the root, source roots, first-party packages and the environment: found by reading."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ssot_lsp.config import (
    ConfigError,
    Settings,
    declared_distributions,
    find_root,
    line_length,
    load_settings,
    oldest_python,
    read_pyproject,
    source_roots,
)
from ssot_lsp.environment import Environment
from ssot_lsp.model import Severity
from ssot_lsp.project import Project
from tests.trees import write


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def tree(root: Path, files: Mapping[str, str] | Iterable[str]) -> None:
    for name, text in (files if isinstance(files, Mapping) else dict.fromkeys(files, "")).items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


# the root

OURS = "[tool.ssot-lsp]\n"
OTHER = "[tool.other]\n"
ROOTS: dict[str, tuple[dict[str, str], str]] = {
    "our table": ({"a/pyproject.toml": OURS}, "a"),
    "the nearest of our tables": ({"pyproject.toml": OURS, "a/pyproject.toml": OURS}, "a"),
    "our table before a nearer .git": ({"pyproject.toml": OURS, "a/.git/HEAD": ""}, ""),
    "our table before a nearer pyproject.toml": ({"pyproject.toml": OURS, "a/b/pyproject.toml": OTHER}, ""),
    "our table before a nearer registry.json": ({"pyproject.toml": OURS, "a/b/registry.json": "{}"}, ""),
    "our empty table in the middle": ({".git/HEAD": "", "a/pyproject.toml": OURS, "a/b/registry.json": "{}"}, "a"),
    "our table as a subtable": ({"a/pyproject.toml": "[tool.ssot-lsp.severity]\n", "a/b/.git/HEAD": ""}, "a"),
    "our table, inline": ({"a/pyproject.toml": "tool = {ssot-lsp = {}}\n", "a/b/.git/HEAD": ""}, "a"),
    "our table in a comment is none": ({"pyproject.toml": "# [tool.ssot-lsp]\n", "a/.git/HEAD": ""}, "a"),
    "our table in a string is none": ({"pyproject.toml": 'x = """\n[tool.ssot-lsp]\n"""\n', "a/.git/HEAD": ""}, "a"),
    ".git before a nearer pyproject.toml": ({"a/.git/HEAD": "", "a/b/pyproject.toml": OTHER}, "a"),
    ".git before a nearer registry.json": ({"a/.git/HEAD": "", "a/b/c/registry.json": "{}"}, "a"),
    ".git as a file": ({"a/.git": "gitdir: ../.git/worktrees/a\n", "a/b/pyproject.toml": OTHER}, "a"),
    "the nearest .git": ({".git/HEAD": "", "a/b/.git/HEAD": ""}, "a/b"),
    "pyproject.toml": ({"a/pyproject.toml": OTHER}, "a"),
    "registry.json": ({"a/registry.json": "{}"}, "a"),
    "the nearest of both": ({"a/pyproject.toml": OTHER, "a/b/registry.json": "{}"}, "a/b"),
    "the nearest of both, the other way": ({"a/registry.json": "{}", "a/b/pyproject.toml": OTHER}, "a/b"),
    "where we are": ({"a/b/c/pyproject.toml": OURS}, "a/b/c"),
    "below does not count": ({"a/.git/HEAD": "", "a/b/c/d/pyproject.toml": OURS}, "a"),
    "a broken pyproject.toml is one": ({"a/pyproject.toml": "[tool\n"}, "a"),
    "a folder called pyproject.toml is none": ({"a/.git/HEAD": "", "a/b/pyproject.toml/": ""}, "a"),
    "tool is no table": ({"a/.git/HEAD": "", "a/b/pyproject.toml": "tool = 1\n"}, "a"),
}


@pytest.mark.parametrize(("files", "expected"), ROOTS.values(), ids=ROOTS)
def test_root(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    tree(tmp_path, {"a/b/c/": "", **files})
    assert find_root(tmp_path / "a/b/c") == tmp_path / expected


def test_the_root_is_the_current_folder_without_any_sign(tmp_path: Path) -> None:
    tree(tmp_path, ["a/b/"])
    if find_root(tmp_path) == tmp_path:  # nothing above
        assert find_root(tmp_path / "a/b") == tmp_path / "a/b"


# settings


def test_all_settings(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "pyproject.toml": """
                [tool.ssot-lsp]
                registry = "conf/moves.json"
                src = ["lib"]
                select = ["SSOT00"]
                ignore = ["SSOT005"]
                exclude = ["gen/**"]
                python = ".venv"
                severity = { SSOT002 = "hint", SSOT003 = "error" }
                [tool.ssot-lsp.per-file-ignores]
                "tests/**" = ["ssot005", "SSOT1"]
                [tool.ssot-lsp.per-file-severity]
                "legacy/**" = { ssot001 = "information" }
            """
        },
    )
    assert load_settings(tmp_path) == Settings(
        registry=tmp_path / "conf/moves.json",
        src=("lib",),
        select=("SSOT00",),
        ignore=("SSOT005",),
        exclude=("gen/**",),
        severity={"SSOT002": Severity.HINT, "SSOT003": Severity.ERROR},
        per_file_ignores={"tests/**": ("SSOT005", "SSOT1")},
        per_file_severity={"legacy/**": {"SSOT001": Severity.INFORMATION}},
        python=tmp_path / ".venv",
    )


@pytest.mark.parametrize("text", [None, "", OTHER, OURS, "\ufeff" + OURS, "tool = {}\n"])
def test_no_settings(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        tree(tmp_path, {"pyproject.toml": text})
    assert load_settings(tmp_path) == Settings()


BAD: dict[str, tuple[str, int, str]] = {
    "unknown": ('[tool.ssot-lsp]\nsrc = []\nregistri = "x"\n', 3, "registri"),
    "registry a number": ("[tool.ssot-lsp]\nregistry = 1\n", 2, "registry"),
    "registry empty": ('[tool.ssot-lsp]\nregistry = ""\n', 2, "registry"),
    "python a list": ('[tool.ssot-lsp]\npython = ["a"]\n', 2, "python"),
    "src a string": ('[tool.ssot-lsp]\nsrc = "lib"\n', 2, "src"),
    "src of numbers": ("[tool.ssot-lsp]\nsrc = [1]\n", 2, "src"),
    "select a string": ('[tool.ssot-lsp]\nselect = "SSOT001"\n', 2, "select"),
    "select an unknown code": ('[tool.ssot-lsp]\nselect = ["SSOT999"]\n', 2, "select"),
    "ignore an unknown code": ('[tool.ssot-lsp]\nignore = ["E501"]\n', 2, "ignore"),
    "ignore an empty code": ('[tool.ssot-lsp]\nignore = [""]\n', 2, "ignore"),
    "exclude a table": ("[tool.ssot-lsp.exclude]\na = 1\n", 1, "exclude"),
    "exclude no glob": ('[tool.ssot-lsp]\nexclude = ["a", "!"]\n', 2, "exclude"),
    "severity a string": ('[tool.ssot-lsp]\nseverity = "error"\n', 2, "severity"),
    "severity unknown": ('[tool.ssot-lsp]\n[tool.ssot-lsp.severity]\nSSOT001 = "fatal"\n', 3, "SSOT001"),
    "severity inline": ('[tool.ssot-lsp]\nsrc = []\nseverity = { SSOT001 = "fatal" }\n', 3, "SSOT001"),
    "severity a number": ("[tool.ssot-lsp.severity]\nSSOT001 = 1\n", 2, "SSOT001"),
    "severity a list": ('[tool.ssot-lsp.severity]\nSSOT001 = ["error"]\n', 2, "SSOT001"),
    "severity a table": ("[tool.ssot-lsp.severity.SSOT001]\na = 1\n", 1, "SSOT001"),
    "severity of an unknown code": ('[tool.ssot-lsp.severity]\nSSOT999 = "error"\n', 2, "SSOT999"),
    "ignores a list": ('[tool.ssot-lsp]\nper-file-ignores = ["tests/**"]\n', 2, "per-file-ignores"),
    "ignores of a string": ('[tool.ssot-lsp.per-file-ignores]\na = []\n"b.py" = "SSOT001"\n', 3, 'ignores."b.py"'),
    "ignores of an unknown code": ('[tool.ssot-lsp.per-file-ignores]\n"b/*.py" = ["F401"]\n', 2, "'F401'"),
    "ignores for no glob": ('[tool.ssot-lsp]\nper-file-ignores = { "!" = ["SSOT001"] }\n', 2, 'ignores."!"'),
    "severities a string": ('[tool.ssot-lsp]\nper-file-severity = "error"\n', 2, "per-file-severity"),
    "severities of a string": ('[tool.ssot-lsp.per-file-severity]\n"a/**" = "error"\n', 2, 'severity."a/**"'),
    "severities unknown": (
        '[tool.ssot-lsp.per-file-severity]\n"a/**" = { SSOT001 = "error" }\n"b.py" = { SSOT001 = "bad" }\n',
        3,
        'severity."b.py".SSOT001',
    ),
    "no table": ('[tool]\nssot-lsp = "x"\n', 2, "ssot-lsp"),
    "tables": ("[[tool.ssot-lsp]]\nsrc = []\n", 1, "ssot-lsp"),
    "dotted keys": ("[tool]\nssot-lsp.src = 1\n", 2, "src"),
    "quoted key": ('[tool.ssot-lsp]\n"src" = 1\n', 2, "src"),
    "the same key elsewhere": ("[tool.other]\nsrc = 1\n[tool.ssot-lsp]\n\nsrc = 1\n[tool.last]\nsrc = 1\n", 5, "src"),
    "a table that begins alike": ("[tool.ssot-lsp-more]\nsrc = 1\n[tool.ssot-lsp]\nsrc = 1\n", 4, "src"),
    "spaces in the header": ("[tool.other]\nsrc = 1\n[ tool . ssot-lsp ]\nsrc = 1\n", 4, "src"),
    "CRLF": ("[tool.ssot-lsp]\r\n\r\nsrc = 1\r\n", 3, "src"),
}


@pytest.mark.parametrize(("text", "row", "key"), BAD.values(), ids=BAD)
def test_bad_settings_say_where(tmp_path: Path, text: str, row: int, key: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode())
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert str(caught.value).startswith(f"{path}:{row}: ")
    assert key in str(caught.value).partition(":")[2]
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "data", [b"[tool\n", b"a = \n", b"\xff", b"a = 1\na = 2\n", b"a = '\xe9'\n", b"a = " + b"[" * 5000]
)
def test_what_is_not_toml(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'pyproject.toml'}:")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "tool = 1\n",
        "tool = [1]\n",
        "project = 1\n",
        "project = {dependencies = 1}\n",
        'tool = {pytest = 1, poetry = ""}\n',
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str) -> None:
    """Other people's mistakes do not concern us; a `tool` that is no table may be said to be one."""
    tree(tmp_path, {"pyproject.toml": text, "pkg/a.py": ""})
    try:
        assert load_settings(tmp_path) == Settings()
        assert source_roots(tmp_path, Settings())[-1] == tmp_path
        assert declared_distributions(tmp_path) == frozenset()
    except ConfigError as error:
        assert text.startswith("tool"), error


def test_what_is_given_goes_before_settings(tmp_path: Path) -> None:
    settings = Settings(select=("SSOT001",), ignore=("SSOT005",), src=("a",))
    assert settings.override(select=("SSOT004",), ignore=(), registry=None, python=tmp_path) == Settings(
        select=("SSOT004",), ignore=("SSOT005",), src=("a",), python=tmp_path
    )


REPORTS = {
    ((), ()): {"SSOT001": True, "SSOT102": True},
    (("SSOT001",), ()): {"SSOT001": True, "SSOT002": False},
    (("SSOT00",), ()): {"SSOT001": True, "SSOT005": True, "SSOT102": False},
    (("SSOT",), ("SSOT1",)): {"SSOT001": True, "SSOT102": False},
    (("SSOT00",), ("SSOT005",)): {"SSOT001": True, "SSOT005": False},
    ((), ("SSOT00",)): {"SSOT001": False, "SSOT102": True},
}


@pytest.mark.parametrize(("given", "expected"), REPORTS.items(), ids=map(str, REPORTS))
def test_select_and_ignore(given: tuple[tuple[str, ...], tuple[str, ...]], expected: dict[str, bool]) -> None:
    settings = Settings(select=given[0], ignore=given[1])
    assert {code: settings.reports(code) for code in expected} == expected


OF_FILES: dict[str, tuple[bool, Severity | None]] = {
    "main.py": (True, None),
    "tests/test_a.py": (False, None),
    "tests/deep/er/test_a.py": (False, None),
    "src/tests/test_a.py": (True, None),
    "legacy/a.py": (True, Severity.INFORMATION),
    "legacy/new/a.py": (True, Severity.ERROR),
    "generated_a.py": (False, None),
    "legacy/generated_a.py": (False, Severity.INFORMATION),
    "app/a.pyi": (True, Severity.HINT),
}


@pytest.mark.parametrize(("file", "expected"), OF_FILES.items(), ids=OF_FILES)
def test_settings_of_files(tmp_path: Path, file: str, expected: tuple[bool, Severity | None]) -> None:
    """Ignores add up; of the severities the last one that matches holds; `!` is for what a glob does not match."""
    tree(
        tmp_path,
        {
            "pyproject.toml": """
                [tool.ssot-lsp]
                ignore = ["SSOT008"]
                [tool.ssot-lsp.per-file-ignores]
                "tests/**" = ["SSOT001"]
                "generated_*.py" = ["SSOT00"]
                [tool.ssot-lsp.per-file-severity]
                "!*.py" = { SSOT001 = "hint" }
                "legacy/**" = { SSOT001 = "information", SSOT002 = "hint" }
                "/legacy/new/" = { SSOT001 = "error" }
            """
        },
    )
    settings = Project.load(tmp_path).settings_for(tmp_path / file)
    assert (settings.reports("SSOT001"), settings.severity.get("SSOT001")) == expected
    assert not settings.reports("SSOT008")


def test_small_letters_in_settings_are_codes_too(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {"pyproject.toml": '[tool.ssot-lsp]\nselect = ["ssot001"]\n[tool.ssot-lsp.severity]\nssot001 = "hint"\n'},
    )
    try:
        settings = load_settings(tmp_path)
    except ConfigError:
        return  # said is as good
    assert settings.reports("SSOT001")
    assert settings.severity.get("SSOT001") is Severity.HINT


# source roots

SOURCE_ROOTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "the root alone": ({}, []),
    "src": ({"src/": ""}, ["src"]),
    "src as a file": ({"src": ""}, []),
    "ours": ({"lib/": "", "pyproject.toml": '[tool.ssot-lsp]\nsrc = ["lib", "nowhere"]\n'}, ["lib"]),
    "ours and src": ({"lib/": "", "src/": "", "pyproject.toml": '[tool.ssot-lsp]\nsrc = ["lib"]\n'}, ["lib", "src"]),
    "ours, as the root": ({"pyproject.toml": '[tool.ssot-lsp]\nsrc = ["."]\n'}, []),
    "ours, nested": ({"a/b/": "", "pyproject.toml": '[tool.ssot-lsp]\nsrc = ["./a/b/", "a//b"]\n'}, ["a/b"]),
    "setuptools find": ({"lib/": "", "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["lib"]\n'}, ["lib"]),
    "setuptools package-dir": (
        {"lib/": "", "pyproject.toml": '[tool.setuptools]\npackage-dir = {"" = "lib"}\n'},
        ["lib"],
    ),
    "setuptools list": ({"lib/": "", "pyproject.toml": '[tool.setuptools]\npackages = ["lib"]\n'}, []),
    "poetry": (
        {"lib/": "", "pyproject.toml": '[tool.poetry]\npackages = [{include = "a"}, {include = "b", from = "lib"}]\n'},
        ["lib"],
    ),
    "poetry, odd": ({"pyproject.toml": '[tool.poetry]\npackages = ["a", {from = 1}, 2]\n'}, []),
    "pdm": ({"lib/": "", "pyproject.toml": '[tool.pdm.build]\npackage-dir = "lib"\n'}, ["lib"]),
    "hatch packages": (
        {"lib/a/": "", "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["lib/a", "b"]\n'},
        ["lib"],
    ),
    "hatch packages with a slash": (
        {"lib/a/": "", "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["lib/a/"]\n'},
        ["lib"],
    ),
    "hatch sources": (
        {"lib/a/": "", "pyproject.toml": '[tool.hatch.build.targets.wheel]\nsources = ["lib"]\n'},
        ["lib"],
    ),
    "hatch sources for all targets": (
        {"lib/a/": "", "pyproject.toml": '[tool.hatch.build]\nsources = ["lib"]\n'},
        ["lib"],
    ),
    "uv": ({"lib/": "", "pyproject.toml": '[tool.uv.build-backend]\nmodule-root = "lib"\n'}, ["lib"]),
    "pytest, a list": (
        {"t/": "", "u/": "", "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["t", "u"]\n'},
        ["t", "u"],
    ),
    "pytest, a string": (
        {"t/": "", "u/": "", "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = "t u"\n'},
        ["t", "u"],
    ),
    "pytest 9's own table": ({"t/": "", "pyproject.toml": '[tool.pytest]\npythonpath = ["t"]\n'}, ["t"]),
    "pytest.ini": ({"t/": "", "pytest.ini": "[pytest]\npythonpath = t\n"}, ["t"]),
    "pytest.ini over several lines": (
        {"t/": "", "u/": "", "pytest.ini": "[pytest]\npythonpath =\n  t\n  u\n"},
        ["t", "u"],
    ),
    "tox.ini": ({"t/": "", "tox.ini": "[tox]\nx=%(y)s\n[pytest]\npythonpath = t\n"}, ["t"]),
    "setup.cfg": ({"t/": "", "setup.cfg": "[tool:pytest]\npythonpath = t\n"}, ["t"]),
    "setup.cfg, another section": ({"t/": "", "setup.cfg": "[pytest]\npythonpath = t\n"}, []),
    "pytest.ini before pyproject.toml": (
        {
            "t/": "",
            "u/": "",
            "pytest.ini": "[pytest]\npythonpath = t\n",
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["u"]\n',
        },
        ["t"],
    ),
    "pyproject.toml before tox.ini": (
        {
            "t/": "",
            "u/": "",
            "tox.ini": "[pytest]\npythonpath = t\n",
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["u"]\n',
        },
        ["u"],
    ),
    "pytest.ini before tox.ini": (
        {"t/": "", "u/": "", "pytest.ini": "[pytest]\npythonpath = t\n", "tox.ini": "[pytest]\npythonpath = u\n"},
        ["t"],
    ),
    "an ini file that is none": ({"t/": "", "pytest.ini": "pythonpath = t\n"}, []),
    "each once": (
        {
            "src/": "",
            "pyproject.toml": '[tool.ssot-lsp]\nsrc = ["src"]\n[tool.pytest.ini_options]\npythonpath = ["src/", "."]\n',
        },
        ["src"],
    ),
}


@pytest.mark.parametrize(("files", "expected"), SOURCE_ROOTS.values(), ids=SOURCE_ROOTS)
def test_source_roots(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    tree(tmp_path, files)
    roots = source_roots(tmp_path, load_settings(tmp_path))
    assert roots == (*(tmp_path / name for name in expected), tmp_path)


# declared distributions

DECLARED: dict[str, tuple[dict[str, str], set[str]]] = {
    "none": ({}, set()),
    "dependencies": (
        {
            "pyproject.toml": '[project]\ndependencies = ["Foo-Bar>=1", "b.z[x]", "q; python_version>\'3\'", "w @ https://e.com"]\n'
        },
        {"foo_bar", "b_z", "q", "w"},
    ),
    "optional": ({"pyproject.toml": '[project.optional-dependencies]\nx = ["foo"]\ny = ["bar~=2"]\n'}, {"foo", "bar"}),
    "groups": (
        {"pyproject.toml": '[dependency-groups]\nx = ["foo", {include-group = "y"}]\ny = ["bar"]\n'},
        {"foo", "bar"},
    ),
    "poetry": ({"pyproject.toml": '[tool.poetry.dependencies]\nFoo-Bar = "^1"\n'}, {"foo_bar"}),
    "poetry groups": (
        {"pyproject.toml": "[tool.poetry.group.x.dependencies]\nfoo = 1\n[tool.poetry.dev-dependencies]\nbar = 1\n"},
        {"foo", "bar"},
    ),
    "requirements": (
        {"requirements.txt": "foo==1\n# bar\n-r other.txt\n--hash=x\n\n  spam>1 # why\n./local\nhttps://e.com/x\n"},
        {"foo", "spam"},
    ),
    "several requirements": (
        {"requirements.txt": "foo\n", "requirements-dev.txt": "bar\n", "other.txt": "no\n"},
        {"foo", "bar"},
    ),
    "a folder of that name": ({"requirements.txt/": "", "requirements-dev.txt": "foo\n"}, {"foo"}),
}


@pytest.mark.parametrize(("files", "expected"), DECLARED.values(), ids=DECLARED)
def test_declared_distributions(tmp_path: Path, files: dict[str, str], expected: set[str]) -> None:
    tree(tmp_path, files)
    names = declared_distributions(tmp_path)
    assert names - {"https"} == expected


# the environment


def environment(folder: Path, *installed: str, cfg: bool = True) -> Path:
    """A virtual environment with distributions, or with files where a name has a suffix; gives its site-packages."""
    site = folder / f"lib/python3.{sys.version_info.minor}/site-packages"
    site.mkdir(parents=True, exist_ok=True)
    if cfg:
        tree(folder, {"pyvenv.cfg": "home = /usr/bin\n", "bin/python": ""})
    for name in installed:
        if "/" in name or "." in name:
            tree(site, [name])
        else:
            tree(site, {f"{name}-1.0.dist-info/METADATA": f"Name: {name}\nVersion: 1.0\n"})
    return site


def test_the_environment_given_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, active, local = (environment(tmp_path / name) for name in ("given", "active", "root/.venv"))
    root = tmp_path / "root"
    assert Environment.find(root, None).site_packages == (local,)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert Environment.find(root, None).site_packages == (active,)
    assert Environment.find(root, tmp_path / "given").site_packages == (given,)
    assert Environment.find(root, tmp_path / "given/bin/python").site_packages == (given,)


def test_an_interpreter_that_is_a_link_is_that_of_its_environment(tmp_path: Path) -> None:
    site = environment(tmp_path / "env")
    python = tmp_path / "env/bin/python"
    python.unlink()
    python.symlink_to(sys.executable)
    assert Environment.find(tmp_path, python).site_packages == (site,)


@pytest.mark.parametrize("value", ["", "/nowhere/at/all"])
def test_an_active_environment_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    local = environment(tmp_path / ".venv")
    monkeypatch.setenv("VIRTUAL_ENV", value)
    assert Environment.find(tmp_path, None).site_packages == (local,)


def test_a_venv_without_its_cfg_is_none(tmp_path: Path) -> None:
    environment(tmp_path / ".venv", cfg=False)
    assert Environment.find(tmp_path, None).site_packages == ()


def test_the_tools_own_packages_never_count(tmp_path: Path) -> None:
    assert Environment.find(tmp_path, None).site_packages == ()
    project = Project.load(tmp_path)
    assert project.environment.distributions == frozenset()


def test_the_python_setting_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = environment(tmp_path / "envs/one")
    other = environment(tmp_path / "other")
    tree(tmp_path, {"pyproject.toml": '[tool.ssot-lsp]\npython = "envs/one"\n'})
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "other"))
    assert Project.load(tmp_path).environment.site_packages == (site,)
    assert Project.load(tmp_path, Settings(python=tmp_path / "other")).environment.site_packages == (other,)


def test_an_environment_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = environment(tmp_path / ".venv")
    ran = tmp_path / "ran"
    tree(
        site,
        {
            "evil.pth": f"import pathlib; pathlib.Path({str(ran)!r}).touch()\n",
            "sitecustomize.py": f"open({str(ran)!r}, 'w')\n",
        },
    )
    python = tmp_path / ".venv/bin/python"
    python.write_text(f"#!/bin/sh\ntouch {ran}\n", "utf-8")
    python.chmod(0o755)
    tree(tmp_path, ["pkg/__init__.py"])
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    Project.load(tmp_path)
    Project.load(tmp_path, Settings(python=python))
    assert not ran.exists()


# first-party packages

FIRST_PARTY: dict[str, tuple[dict[str, str], tuple[str, ...], set[str]]] = {
    "packages and modules": (
        dict.fromkeys(
            ["pkg/__init__.py", "mod.py", "setup.py", "data/a.txt", "not-a-name/a.py", "1st/a.py", "stub.pyi"], ""
        ),
        (),
        {"pkg", "mod", "setup"},
    ),
    "namespace packages": (dict.fromkeys(["ns/a.py", "deep/er/still/a.py", "empty/er/a.txt"], ""), (), {"ns", "deep"}),
    "under src": (dict.fromkeys(["src/pkg/__init__.py", "src/ns/a.py"], ""), (), {"src", "pkg", "ns"}),
    "never": (
        dict.fromkeys(["__pycache__/a.py", "node_modules/a.py", ".hidden/a.py", "x/__pycache__/a.py", "y/.h/a.py"], ""),
        (),
        set(),
    ),
    "the environment": (
        dict.fromkeys(["pkg/a.py", ".venv/lib/a.py"], ""),
        ("requests",),
        {"pkg"},
    ),
    "a folder with the name of an installed distribution": (
        dict.fromkeys(["docs/a.py", "requests/a.py", "my_lib/a.py"], ""),
        ("requests", "My-Lib"),
        {"docs"},
    ),
    "unless it is a package": (dict.fromkeys(["requests/__init__.py"], ""), ("requests",), {"requests"}),
    "unless it is a package in another folder": (
        dict.fromkeys(["src/requests/__init__.py", "requests/a.py"], ""),
        ("requests",),
        {"src", "requests"},
    ),
    "a folder with the name of a module of the standard library": (
        dict.fromkeys(["json/a.py", "test/a.py", "src/logging/a.py", "Queue/a.py"], ""),
        (),
        {"src", "Queue"},
    ),
    "unless that is a package": (dict.fromkeys(["json/__init__.py", "types.py"], ""), (), {"json", "types"}),
    "a module with the name of a distribution": (dict.fromkeys(["requests.py"], ""), ("requests",), {"requests"}),
    "a declared distribution": (
        {
            "pyproject.toml": '[project]\ndependencies = ["redis>=5", "Foo-Bar"]\n',
            "redis/a.py": "",
            "foo_bar/a.py": "",
            "b/a.py": "",
        },
        (),
        {"b"},
    ),
    "in requirements": ({"requirements.txt": "docker\n", "docker/compose/a.py": "", "b/a.py": ""}, (), {"b"}),
    "a declared one that is a package": ({"requirements.txt": "docker\n", "docker/__init__.py": ""}, (), {"docker"}),
    "a module of the environment that is no distribution": (
        dict.fromkeys(["tests/test_a.py", "pkg/a.py"], ""),
        ("foo", "tests/__init__.py"),
        {"tests", "pkg"},
    ),
}


@pytest.mark.parametrize(("files", "installed", "expected"), FIRST_PARTY.values(), ids=FIRST_PARTY)
@pytest.mark.parametrize("by", ["VIRTUAL_ENV", "python"])
def test_first_party(  # noqa: PLR0917
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    installed: tuple[str, ...],
    expected: set[str],
    by: str,
) -> None:
    root = tmp_path / "root"
    tree(root, files)
    environment(tmp_path / "env", *installed)
    if by == "python":
        project = Project.load(root, Settings(python=tmp_path / "env"))
    else:
        monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
        project = Project.load(root)
    assert project.modules.packages == expected


REGISTRY = '{{"version": 1, {}"entries": [{{"canonical": "a:A", "deprecated": ["b:B"]}}]}}'


@pytest.mark.parametrize(
    ("packages", "expected"),
    [("", {"pkg"}), ('"packages": [], ', {"pkg"}), ('"packages": ["other.part"], ', {"other.part"})],
)
def test_the_registrys_packages_go_first(tmp_path: Path, packages: str, expected: set[str]) -> None:
    tree(tmp_path, {"registry.json": REGISTRY.format(packages), "pkg/a.py": ""})
    assert Project.load(tmp_path).modules.packages == expected


def test_links_in_circles_end(tmp_path: Path) -> None:
    tree(tmp_path, ["pkg/sub/x.txt"])
    (tmp_path / "pkg/sub/again").symlink_to(tmp_path / "pkg", target_is_directory=True)
    assert Project.load(tmp_path).modules.packages == frozenset()


# which registry

OTHER_KINDS = {
    "no entries": '{"name": "components", "items": []}',
    "a list": "[1, 2]",
    "entries deeper down": '{"name": "x", "log": {"entries": []}}',
    "entries as a value": '{"kind": "entries"}',
}


@pytest.mark.parametrize("source", OTHER_KINDS.values(), ids=OTHER_KINDS)
def test_a_registry_of_another_kind_is_ignored_with_a_note(tmp_path: Path, source: str) -> None:
    tree(tmp_path, {"registry.json": source})
    project = Project.load(tmp_path)
    assert not project.has_registry
    assert "registry.json" in project.note
    assert "\n" not in project.note


def test_without_a_registry_there_is_a_note(tmp_path: Path) -> None:
    project = Project.load(tmp_path)
    assert not project.has_registry
    assert "SSOT003" in project.note
    assert "SSOT005" in project.note


def test_the_registry_setting(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "pyproject.toml": '[tool.ssot-lsp]\nregistry = "conf/x/../moves.json"\n',
            "conf/x/": "",
            "conf/moves.json": REGISTRY.format(""),
            "registry.json": "of another kind",
        },
    )
    project = Project.load(tmp_path)
    assert project.has_registry
    assert not project.note
    assert [entry.path for entry in project.registry.entries] == [tmp_path / "conf/moves.json"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (">=3.8", (3, 8)),
        (">=3.8.1,<4", (3, 8)),
        (">3.8", (3, 8)),
        ("~=3.9", (3, 9)),
        ("==3.12.*", (3, 12)),
        (" >= 3.6 , != 3.7.* ", (3, 6)),
        ("!=3.0.*,!=3.1.*,>=3", (3, 2)),
        (">=2.7, !=3.0.*, !=3.1.*", (2, 7)),
        (">=2.6", (2, 7)),
        ("<4", (3, 0)),
        ("", (3, 10)),
        (">=3.8 <4", (3, 8)),
        (">=4", (3, 10)),
        ("three", (3, 10)),
    ],
)
def test_the_oldest_python(tmp_path: Path, written: str, expected: tuple[int, int]) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\nrequires-python = {written!r}\n", "utf-8")
    assert oldest_python(tmp_path) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (3, 10)),
        ({"pyproject.toml": "[project]\nname = 'a'\n"}, (3, 10)),
        ({"setup.cfg": "[options]\npython_requires = >=3.6, <4\n"}, (3, 6)),
        ({"setup.cfg": "[options]\npython_requires =\n  >=3.7\n  !=3.8.*\n"}, (3, 7)),
        ({"setup.cfg": "[options]\npython_requires = >= 3.7\n"}, (3, 7)),
        ({"setup.cfg": "[metadata]\nname = a\n"}, (3, 10)),
        (
            {
                "pyproject.toml": "[project]\nrequires-python = '>=3.9'\n",
                "setup.cfg": "[options]\npython_requires = >=3.6\n",
            },
            (3, 9),
        ),
        *(
            ({"pyproject.toml": f"[tool.poetry.dependencies]\npython = {written!r}\n"}, expected)
            for written, expected in [
                ("^3.9", (3, 9)),
                ("~3.9", (3, 9)),
                ("~=3.9", (3, 9)),
                (">=3.9,<4", (3, 9)),
                ("3.11", (3, 11)),
                ("3.11.*", (3, 11)),
                ("~2.7 || ^3.5", (2, 7)),
                ("^3.8 || ^3.7", (3, 7)),
                ("*", (3, 10)),
            ]
        ),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = {version = '^3.8'}\n"}, (3, 10)),
    ],
)
def test_where_the_oldest_python_is_said(tmp_path: Path, files: dict[str, str], expected: tuple[int, int]) -> None:
    write(tmp_path, files)
    assert oldest_python(tmp_path) == expected


def test_read_pyproject_of_nothing(tmp_path: Path) -> None:
    assert read_pyproject(tmp_path) == {}
    tree(tmp_path, ["pyproject.toml/"])
    assert read_pyproject(tmp_path) == {}


# the length of lines


@pytest.mark.parametrize(
    ("name", "text", "length"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n[tool.black]\nline-length = 90\n", 100),
        ("pyproject.toml", "[tool.black]\nline-length = 90\n", 90),
        ("pyproject.toml", "[tool.isort]\nline_length = 70\n", 70),
        ("pyproject.toml", "[tool.ruff]\nline-length = 'long'\n", 88),
        ("ruff.toml", "line-length = 99\n", 99),
        (".ruff.toml", "line-length = 98\n", 98),
        ("ruff.toml", "line-length = = 3\n", 88),
        ("setup.cfg", "[flake8]\nmax-line-length = 97\n", 97),
        (".flake8", "[flake8]\nmax-line-length = 96\n", 96),
        ("tox.ini", "[flake8]\nmax-line-length = many\n", 88),
        ("other.txt", "", 88),
    ],
)
def test_the_length_of_lines_is_the_formatters(tmp_path: Path, name: str, text: str, length: int) -> None:
    tree(tmp_path, {name: text})
    assert line_length(tmp_path) == length
