"""Time that a test can move."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells seconds."""

    def now(self) -> float:
        """Return seconds that never run backwards."""


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that only moves when it is told to."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds
