"""A plugin for pytest: with `--ssot` each Python file has a test more, of its imports.

Files are read for that and never run. Without `--ssot` these lines are all that it costs.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("ssot-lsp")
    group.addoption("--ssot", action="store_true", help="Check the imports of each Python file too.")
    group.addoption("--ssot-baseline", metavar="FILE", help="Findings that are known, as of `ssot-lsp check`.")
    parser.addini("ssot", "Check the imports of each Python file too, as --ssot does.", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Begin, if we are asked to."""
    config.addinivalue_line("markers", "ssot: the imports of a file, as ssot-lsp sees them.")
    if config.getoption("--ssot") or config.getini("ssot"):
        from ssot_lsp.pytest_plugin.imports import Imports  # noqa: PLC0415 - who does not ask for it does not pay

        config.pluginmanager.register(Imports(config), "ssot-lsp imports")
