"""Settings: where the root is, and what `[tool.ssot-lsp]` in its pyproject.toml says."""

from __future__ import annotations

import os.path
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ssot_lsp.model import Severity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Toml = Mapping[str, Any]


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
    python: Path | None = None
    """The interpreter, or the folder, of the environment to read."""

    def reports(self, code: str) -> bool:
        """Whether diagnostics of that code are wanted."""
        return (not self.select or code.startswith(self.select)) and not (self.ignore and code.startswith(self.ignore))

    def override(self, **given: Any) -> Settings:
        """These settings with those that are given (neither None nor empty) in their place."""
        return self._replace(**{key: value for key, value in given.items() if value})


def find_root(start: Path) -> Path:
    """The root of the workspace around `start` (DESIGN: "Root")."""
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


def load_settings(root: Path) -> Settings:
    """The settings in `[tool.ssot-lsp]` of the root's pyproject.toml.

    Raises ConfigError for an unknown key or a wrong value.
    """
    table = read_pyproject(root).get("tool", {}).get("ssot-lsp", {})
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
        elif key in ("src", "select", "ignore", "exclude"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise error(key, "expected a list of strings")
            settings = settings.override(**{key: tuple(value)})
        elif key == "severity":
            settings = settings._replace(severity=_severities(value, error))
        else:
            raise error(key, "unknown setting")
    return settings


def _severities(value: Any, error: Any) -> dict[str, Severity]:
    if not isinstance(value, dict):
        raise error("severity", "expected a table of codes and severities")
    labels = {severity.label: severity for severity in Severity}
    for code, label in value.items():
        if label not in labels:
            raise error(code, f"expected one of {', '.join(labels)}")
    return {code: labels[label] for code, label in value.items()}


def _error(root: Path, key: str, reason: str) -> ConfigError:
    path = root / "pyproject.toml"
    lines = path.read_text("utf-8", "replace").split("\n")
    header = next((i for i, line in enumerate(lines) if line.strip().startswith("[tool.ssot-lsp")), 0)
    pattern = re.compile(rf"""^\s*["']?{re.escape(key)}["']?\s*[=.]""")
    row = next((i for i in range(header, len(lines)) if pattern.match(lines[i])), header)
    return ConfigError(f"{path}:{row + 1}: tool.ssot-lsp.{key}: {reason}")


def source_roots(root: Path, settings: Settings) -> tuple[Path, ...]:
    """The folders from which imports start: the root, `src`, what pyproject.toml and pytest's settings name.

    The root comes last, as the least specific; folders that do not exist are left out.
    """
    project = read_pyproject(root)
    named = [*settings.src, *_build_roots(project), *_pytest_roots(root, project), "src"]
    folders = (Path(os.path.normpath(root / name)) for name in named)
    return tuple(dict.fromkeys([*(folder for folder in folders if folder != root and folder.is_dir()), root]))


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
    for package in _strings(_table(tool, "hatch", "build", "targets", "wheel", "packages")):
        roots.append(package.rpartition("/")[0] or ".")
    uv_root = _table(tool, "uv", "build-backend", "module-root")
    return [*roots, *_strings([uv_root])]


def _pytest_roots(root: Path, project: Toml) -> list[str]:
    """pytest's `pythonpath`, from the first of its files that holds settings."""
    found = _table(project.get("tool"), "pytest", "ini_options", "pythonpath")
    if isinstance(found, list):
        return _strings(found)
    if isinstance(found, str):
        return found.split()
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
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
    poetry = _table(project.get("tool"), "poetry", "dependencies")
    lines += list(poetry) if isinstance(poetry, dict) else []
    for file in sorted(root.glob("requirements*.txt")):
        lines += file.read_text("utf-8", "replace").splitlines()
    names = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in lines)
    return frozenset(re.sub(r"[-_.]+", "_", name[1]).lower() for name in names if name)
