"""The editor's settings: those of `[tool.ssot-lsp]`, and what only an editor needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from ssot_lsp.config import ConfigError, Settings, settings_from

SECTION = "ssot"
"""Under which name an editor keeps them."""
_CLIENTS_OWN = frozenset({"enable", "path", "interpreter", "importStrategy", "trace", "isTrusted"})
"""What stands in the same section for the client alone."""


class DiagnosticMode(str, Enum):
    """In which files problems are shown."""

    OPEN = "openFilesOnly"
    CHANGED = "changedFiles"
    """Those that are open, and those that git says have changed."""
    EVERYTHING = "workspace"


class EditorSettings(NamedTuple):
    """What an editor asks for in one folder."""

    project: Settings = Settings()
    """What goes before the project's own settings."""
    diagnostic_mode: DiagnosticMode = DiagnosticMode.OPEN
    fix_on_save: bool = False
    """Safe fixes are applied before a file is saved."""
    inlay_hints: bool = False
    """Canonical paths are shown behind deprecated imports."""

    @classmethod
    def of(cls, options: Mapping[str, Any], root: Path, tell: Callable[[str], None]) -> EditorSettings:
        """The settings in an editor's own words; what is wrong is told and left out, what is empty is not meant."""
        settings = cls()
        for key, value in options.items():
            if key not in _CLIENTS_OWN and value not in (None, "", [], {}):
                try:
                    settings = settings._with(key, value, root)
                except ConfigError as error:
                    tell(f"settings: {error}")
        return settings

    def _with(self, key: str, value: Any, root: Path) -> EditorSettings:
        if key == "diagnosticMode":
            modes = [mode.value for mode in DiagnosticMode]
            if value not in modes:
                raise ConfigError(f"{key}: expected one of {', '.join(modes)}")
            return self._replace(diagnostic_mode=DiagnosticMode(value))
        if key in ("fixOnSave", "inlayHints"):
            if not isinstance(value, bool):
                raise ConfigError(f"{key}: expected true or false")
            return self._replace(fix_on_save=value) if key == "fixOnSave" else self._replace(inlay_hints=value)
        given = settings_from({key: value}, root, lambda key, reason: ConfigError(f"{key}: {reason}"))
        return self._replace(project=self.project.override(**given._asdict()))
