"""The baseline: findings that are known and do not fail. It can only shrink: what is gone must be taken out of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from ssot_lsp.cli.reporters.common import Identity, identity
from ssot_lsp.model import Diagnostic, Report

_VERSION = 1
Checked = Callable[[str, str], bool]
"""Whether a file (relative to the root) was checked for a code."""


class BaselineError(Exception):
    """A baseline that cannot be read or written; the text names the file."""


class Baseline:
    """What is known, how often, and how often it was met."""

    def __init__(self, root: Path, known: Counter[Identity]) -> None:
        """`known` is by files relative to the root."""
        self._root = root
        self._left = known
        """What was not met yet."""
        self._met: Counter[Identity] = Counter()

    @classmethod
    def read(cls, path: Path, root: Path) -> Baseline:
        """What a file says is known. Raises BaselineError."""
        return cls(root, _read(path))

    @classmethod
    def of(cls, reports: Iterable[Report], root: Path) -> Baseline:
        """All that was found."""
        baseline = cls(root, Counter())
        baseline._met.update(identity(report, found, root) for report in reports for found in report.diagnostics)
        return baseline

    def fresh(self, report: Report) -> Report:
        """The report without what is known, each finding as often as it is known."""
        return report._replace(diagnostics=tuple(d for d in report.diagnostics if not self._meet(report, d)))

    def _meet(self, report: Report, diagnostic: Diagnostic) -> bool:
        here = identity(report, diagnostic, self._root)
        elsewhere = (key for key in self._moved.get(here[1:], ()) if self._left[key] > 0)
        known = here if self._left[here] > 0 else next(elsewhere, None)
        if known is None:
            return False
        self._left[known] -= 1
        self._met[here] += 1
        return True

    @cached_property
    def _moved(self) -> dict[tuple[str, ...], list[Identity]]:
        """What is known of files that are gone, by all but the file: it may be found in the files that they are now."""
        found: dict[tuple[str, ...], list[Identity]] = {}
        for key in self._left:
            if not (self._root / key[0]).exists():
                found.setdefault(key[1:], []).append(key)
        return found

    def slack(self, checked: Checked) -> int:
        """How many known findings are gone, as far as they were looked for."""
        return sum(count for (file, code, _), count in self._left.items() if checked(file, code))

    def write(self, path: Path, checked: Checked) -> int:
        """Write what was met, and what was not looked for; how many findings that are. Raises BaselineError."""
        counts = self._met + Counter({key: count for key, count in self._left.items() if not checked(key[0], key[1])})
        findings = [
            {"path": file, "code": code, "source": source, "count": count}
            for (file, code, source), count in sorted(counts.items())
        ]
        text = json.dumps({"version": _VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n"
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from error
        return counts.total()


def _read(path: Path) -> Counter[Identity]:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] != _VERSION:
            raise BaselineError(f"{path}: version: expected {_VERSION}")
        found = {(f["path"], f["code"], f["source"]): int(f["count"]) for f in data["findings"]}
        if not all(isinstance(part, str) for key in found for part in key):
            raise BaselineError(f"{path}: findings: expected texts for path, code and source")
        return Counter(found)
    except FileNotFoundError as error:
        raise BaselineError(f"{path}: is not there: --update-baseline makes it") from error
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BaselineError(f"{path}: not a baseline: {error}") from error
