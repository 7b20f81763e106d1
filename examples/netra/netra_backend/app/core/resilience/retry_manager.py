"""Calling again what failed, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["RetryExhaustedException", "RetryManager", "RetryPolicy"]

T = TypeVar("T")


class RetryExhaustedException(Exception):
    """Every attempt failed; the last error is the cause."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"gave up after {attempts} attempts")
        self.attempts = attempts


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and which errors are worth another attempt."""

    attempts: int = 3
    retry_on: tuple[type[Exception], ...] = (ConnectionError, TimeoutError)


class RetryManager:
    """Runs a function under a policy."""

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self.policy = policy or RetryPolicy()

    def run(self, function: Callable[[], T]) -> T:
        last: Exception | None = None
        for _ in range(self.policy.attempts):
            try:
                return function()
            except self.policy.retry_on as error:
                last = error
        raise RetryExhaustedException(self.policy.attempts) from last
