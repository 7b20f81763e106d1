"""Settings: where the root is, and what `[tool.ssot-lsp]` in its pyproject.toml says."""

from __future__ import annotations

import os.path
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, NamedTuple

from ssot_lsp.distributions import GROUP, normal
from ssot_lsp.files import is_glob
from ssot_lsp.model import RULE_NAMES, Severity, is_code

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Toml = Mapping[str, Any]

_OLDEST_PYTHON = (3, 10)
"""What a project supports that does not say which versions of Python it does."""
_MOST_MINOR = 100


class ConfigError(Exception):
    """Settings that cannot be used. Its text is one line: file, line (from 1), key, what is wrong."""


class Settings(NamedTuple):
    """What a workspace, a command line or an editor asks for."""

    registry: Path | None = None
    """The registry file; None: registry.json at the root, if it is one."""
    src: tuple[str, ...] = ()
    """Source roots besides the root itself and `src`, relative to the root."""
    select: tuple[str, ...] = ()
    """Codes, or beginnings of codes, to report; empty means all."""
    ignore: tuple[str, ...] = ()
    """Codes, or beginnings of codes, not to report."""
    exclude: tuple[str, ...] = ()
    """Files that are not checked: gitignore-style globs, relative to the root."""
    severity: Mapping[str, Severity] = MappingProxyType({})
    """Severities by code."""
    include_docs: bool = False
    """Markdown pages are checked too."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """As `ignore`, for some files: by globs as in `exclude`, of which each speaks for itself; `!` negates one."""
    per_file_severity: Mapping[str, Mapping[str, Severity]] = MappingProxyType({})
    """Severities by code in some files, by such globs; of several that match the last one decides."""
    python: Path | None = None
    """The interpreter, or the folder, of the environment to read."""
    is_confined: bool = False
    """Nobody trusts the workspace: its settings must name nothing outside of it. No setting of its own."""

    def reports(self, code: str) -> bool:
        """Whether diagnostics of that code are wanted."""
        return (not self.select or code.startswith(self.select)) and not (self.ignore and code.startswith(self.ignore))

    def of_file(self, matches: Callable[[str], bool]) -> Settings:
        """The settings that hold for one file, given which globs match it."""
        ignores = (codes for glob, codes in self.per_file_ignores.items() if matches(glob))
        severities = (by_code for glob, by_code in self.per_file_severity.items() if matches(glob))
        ignore, severity = chain(self.ignore, *ignores), chain(self.severity.items(), *(s.items() for s in severities))
        return self._replace(ignore=tuple(ignore), severity=dict(severity))

    def override(self, **given: Any) -> Settings:
        """These settings with those that are given (neither None nor empty) in their place."""
        return self._replace(**{key: value for key, value in given.items() if value})


def confine(settings: Settings, root: Path) -> None:
    """Raise ConfigError if settings name something outside of the root, be it by a symbolic link."""
    real = root.resolve()
    named = [("registry", settings.registry or root / "registry.json"), ("python", settings.python)]
    for key, path in [*named, *(("src", root / folder) for folder in settings.src)]:
        if path is not None and not path.resolve().is_relative_to(real):
            raise ConfigError(f"{key}: {path} is outside of the workspace, which is not trusted")


def find_root(start: Path) -> Path:
    """The root of the workspace around `start`.

    The nearest folder from there upwards with `[tool.ssot-lsp]` in its pyproject.toml, else with `.git`, else with a
    pyproject.toml or a registry.json, else `start` itself.
    """
    folders = [start, *start.parents]
    tests = (
        lambda folder: "ssot-lsp" in _tool(folder),
        lambda folder: (folder / ".git").exists(),
        lambda folder: (folder / "pyproject.toml").is_file() or (folder / "registry.json").is_file(),
    )
    return next((folder for test in tests for folder in folders if test(folder)), start)


def _tool(folder: Path) -> Toml:
    try:
        tool = read_pyproject(folder).get("tool", {})
    except ConfigError:
        return {}
    return tool if isinstance(tool, dict) else {}


def read_pyproject(root: Path) -> Toml:
    """The root's pyproject.toml, or nothing if there is none.

    Raises ConfigError if it is not TOML.
    """
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not TOML: nested too deeply") from error


def load_settings(root: Path) -> Settings:
    """The settings in `[tool.ssot-lsp]` of the root's pyproject.toml.

    Raises ConfigError for an unknown key or a wrong value.
    """
    table = _table(read_pyproject(root), "tool", "ssot-lsp")
    if table is None:
        return Settings()
    if not isinstance(table, dict):
        raise _error(root, "ssot-lsp", "expected a table")
    return settings_from(table, root, lambda key, reason: _error(root, key, reason))


def settings_from(table: Toml, root: Path, error: Any) -> Settings:
    """Settings from a table of them, be it TOML's or an editor's; `error(key, reason)` makes the exception to raise."""
    settings = Settings()
    for key, value in table.items():
        if key in ("registry", "python"):
            if not isinstance(value, str) or not value:
                raise error(key, "expected a path")
            settings = settings.override(**{key: root / value})
        elif key in ("select", "ignore"):
            settings = settings.override(**{key: _codes(key, value, error)})
        elif key in ("src", "exclude"):
            strings = _list_of_strings(key, value, error)
            if key == "exclude" and (bad := [glob for glob in strings if not is_glob(glob)]):
                raise error(key, f"{bad[0]!r} is not a glob")
            settings = settings.override(**{key: strings})
        elif key == "include-docs":
            if not isinstance(value, bool):
                raise error(key, "expected true or false")
            settings = settings._replace(include_docs=value)
        elif key == "severity":
            settings = settings._replace(severity=_severities(key, value, error))
        elif key == "per-file-ignores":
            ignores = {glob: _codes(at, codes, error) for glob, at, codes in _by_glob(key, value, error)}
            settings = settings._replace(per_file_ignores=ignores)
        elif key == "per-file-severity":
            severities = {glob: _severities(at, codes, error) for glob, at, codes in _by_glob(key, value, error)}
            settings = settings._replace(per_file_severity=severities)
        else:
            raise error(key, "unknown setting")
    return settings


def _list_of_strings(key: str, value: Any, error: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise error(key, "expected a list of strings")
    return tuple(value)


def _codes(key: str, value: Any, error: Any) -> tuple[str, ...]:
    codes = tuple(code.upper() for code in _list_of_strings(key, value, error))
    if bad := [code for code in codes if not is_code(code)]:
        raise error(key, f"no rule has the code {bad[0]!r}")
    return codes


def _severities(key: str, value: Any, error: Any) -> dict[str, Severity]:
    if not isinstance(value, dict):
        raise error(key, "expected a table of codes and severities")
    labels = {severity.label: severity for severity in Severity}
    for code, label in value.items():
        if code.upper() not in RULE_NAMES:
            raise error(f"{key}.{code}", "no rule has this code")
        if not isinstance(label, str) or label not in labels:
            raise error(f"{key}.{code}", f"expected one of {', '.join(labels)}")
    return {code.upper(): labels[label] for code, label in value.items()}


def _by_glob(key: str, value: Any, error: Any) -> Iterator[tuple[str, str, Any]]:
    """The globs of a table, each with the key that it stands under and its value."""
    if not isinstance(value, dict):
        raise error(key, "expected a table of globs")
    for glob, item in value.items():
        at = f'{key}."{glob}"'
        if not is_glob(glob.removeprefix("!")):
            raise error(at, "this is not a glob")
        yield glob, at, item


def _error(root: Path, key: str, reason: str) -> ConfigError:
    path = root / "pyproject.toml"
    row = _row_of(("tool", "ssot-lsp", *_toml_path(key)), path.read_text("utf-8", "replace").split("\n"))
    return ConfigError(f"{path}:{row + 1}: tool.ssot-lsp.{key}: {reason}")


def _row_of(wanted: tuple[str, ...], lines: list[str]) -> int:
    """The row (from 0) of a TOML text on which a key stands, or the nearest table or key that it is in."""
    best = row = 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        if match := re.match(r"\s*\[+([^\]]*)\]", line):
            table = path = _toml_path(match[1])
        elif match := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*'|[.\s])+?)\s*=""", line):
            path = (*table, *_toml_path(match[1]))
        else:
            continue
        if len(path) > best and path == wanted[: len(path)]:
            best, row = len(path), number
    return row


def _toml_path(written: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in written.split("."))


def source_roots(root: Path, settings: Settings) -> tuple[Path, ...]:
    """The folders from which imports start: the root, `src`, what pyproject.toml and pytest's settings name.

    The root comes last, as the least specific; folders that do not exist are left out.
    """
    project = read_pyproject(root)
    named = [*settings.src, *_build_roots(project), *_pytest_roots(root, project), "src"]
    folders = (Path(os.path.normpath(root / name)) for name in named)
    return tuple(dict.fromkeys([*(folder for folder in folders if folder != root and folder.is_dir()), root]))


def project_version(root: Path) -> str:
    """The version that the root's pyproject.toml gives; empty if it gives none.

    Raises ConfigError if it is not TOML.
    """
    version = _table(read_pyproject(root), "project", "version")
    return version if isinstance(version, str) else ""


def oldest_python(root: Path) -> tuple[int, int]:
    """The oldest minor version of Python that the project supports, as its build settings say; 3.10 if they do not.

    Raises ConfigError if pyproject.toml is not TOML.
    """
    project = read_pyproject(root)
    poetry = _table(project, "tool", "poetry", "dependencies", "python")
    # of Poetry's operators only the lower bound matters
    alternatives = re.sub(r"\^|~(?!=)", ">=", poetry).split("||") if isinstance(poetry, str) else []
    for written in (
        [_table(project, "project", "requires-python")],
        [" ".join(_ini_list(root / "setup.cfg", "options", "python_requires"))],
        alternatives,
    ):
        found = [oldest for text in written if isinstance(text, str) and text and (oldest := _oldest(text))]
        if found:
            return min(found)
    return _OLDEST_PYTHON


def _oldest(specifiers: str) -> tuple[int, int] | None:
    """The oldest minor version that some specifiers admit, 2.7 only if they name a 2; None if nobody can tell."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - only a pack asks

    try:
        written = re.sub(r"^\s*([\d.]*\d)(\.\*)?\s*$", r"==\1.*", specifiers)
        admitted = SpecifierSet(re.sub(r"(?<=[\d*])\s+(?=[<>=!~])", ",", written))
    except InvalidSpecifier:
        return None
    if not admitted:
        return None
    names_2 = any(specifier.version.startswith("2") for specifier in admitted)
    versions = [*([(2, 7)] if names_2 else []), *((3, minor) for minor in range(_MOST_MINOR))]
    # a bound may be one of the patches
    return next((v for v in versions for patch in (0, 99) if f"{v[0]}.{v[1]}.{patch}" in admitted), None)


def offering_project(registry: Path, root: Path) -> Path | None:
    """The folder of the project that offers a registry file to others, by an entry point; None if none around it does.

    Projects are looked for from the file up to the root.
    """
    for folder in registry.parents if registry.is_relative_to(root) else ():
        for package, _, file in (value.partition(":") for value in _offered_by(folder)):
            parts = (*package.strip().split("."), *PurePath(file.strip()).parts)
            if registry.parts[len(folder.parts) :][-len(parts) :] == parts:
                return folder
        if folder == root:
            return None
    return None


def _offered_by(folder: Path) -> list[str]:
    """What a project's files say that it offers: the values of entry points."""
    try:
        project = read_pyproject(folder)
    except ConfigError:
        return []
    tables = [_table(project, "project", "entry-points", GROUP), _table(project, "tool", "poetry", "plugins", GROUP)]
    values = [value for table in tables if isinstance(table, dict) for value in table.values()]
    setup = _ini_list(folder / "setup.cfg", "options.entry_points", GROUP) if (folder / "setup.cfg").is_file() else []
    return _strings(values) + [word.rpartition("=")[2] for word in setup]


def line_length(root: Path) -> int:
    """How long the project's lines may be, in code points, as its formatter or linter has it; 88 if nobody says."""
    tool = _tool(root)
    found = [_table(tool, "ruff", "line-length"), _table(tool, "black", "line-length")]
    found += [_table(tool, "isort", "line_length"), _table(tool, "pycodestyle", "max_line_length")]
    for name in ("ruff.toml", ".ruff.toml"):
        try:
            found.append(tomllib.loads((root / name).read_bytes().decode("utf-8-sig")).get("line-length"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            continue
    for name, section in ((".flake8", "flake8"), ("setup.cfg", "flake8"), ("tox.ini", "flake8")):
        written = _ini_list(root / name, section, "max-line-length") if (root / name).is_file() else []
        found += [int(number) for number in written if number.isdecimal()]
    return next((length for length in found if isinstance(length, int) and length > 0), 88)


def _table(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _build_roots(project: Toml) -> list[str]:
    """Where the build back ends' tables say that packages are."""
    tool = project.get("tool")
    roots = _strings(_table(tool, "setuptools", "packages", "find", "where"))
    roots += _strings([_table(tool, "setuptools", "package-dir", "")])
    roots += _strings([_table(tool, "pdm", "build", "package-dir")])
    poetry = _table(tool, "poetry", "packages")
    roots += _strings([_table(item, "from") for item in poetry] if isinstance(poetry, list) else [])
    wheel = _table(tool, "hatch", "build", "targets", "wheel")
    for package in _strings(_table(wheel, "packages")):
        roots.append(package.rstrip("/").rpartition("/")[0] or ".")
    for sources in (_table(wheel, "sources"), _table(tool, "hatch", "build", "sources")):
        roots += [source for source in sources if isinstance(source, str)] if isinstance(sources, (list, dict)) else []
    uv_root = _table(tool, "uv", "build-backend", "module-root")
    return [*roots, *_strings([uv_root])]


def _pytest_roots(root: Path, project: Toml) -> list[str]:
    """pytest's `pythonpath`, from the first of its files that holds settings (pytest, "Configuration file formats")."""
    if (root / "pytest.ini").is_file():
        return _ini_list(root / "pytest.ini", "pytest", "pythonpath")
    pytest = _table(project.get("tool"), "pytest")
    for table in (pytest, _table(pytest, "ini_options")):
        found = _table(table, "pythonpath")
        if isinstance(found, (list, str)):
            return found.split() if isinstance(found, str) else _strings(found)
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if (root / name).is_file() and (roots := _ini_list(root / name, section, "pythonpath")):
            return roots
    return []


def _ini_list(path: Path, section: str, option: str) -> list[str]:
    from configparser import ConfigParser, Error  # noqa: PLC0415 - few projects still have one

    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, "utf-8")
        return parser.get(section, option, fallback="").split()
    except (Error, UnicodeDecodeError):
        return []


def declared_distributions(root: Path) -> frozenset[str]:
    """The distributions that the project says it needs, as names with `_` in lower case."""
    project = read_pyproject(root)
    lines = _strings(_table(project, "project", "dependencies"))
    for group in (_table(project, "project", "optional-dependencies"), project.get("dependency-groups")):
        for requirements in group.values() if isinstance(group, dict) else ():
            lines += _strings(requirements)
    poetry = _table(project.get("tool"), "poetry")
    groups = _table(poetry, "group")
    of_groups = [_table(group, "dependencies") for group in groups.values()] if isinstance(groups, dict) else []
    for table in (_table(poetry, "dependencies"), _table(poetry, "dev-dependencies"), *of_groups):
        lines += list(table) if isinstance(table, dict) else []
    for file in sorted(root.glob("requirements*.txt")):
        if file.is_file():
            lines += file.read_text("utf-8", "replace").splitlines()
    names = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in lines)
    return frozenset(normal(name[1]) for name in names if name)
