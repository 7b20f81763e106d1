"""A breaker for tests that start containers: a machine without Docker fails once, not a hundred times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = [
    "DockerCircuitBreaker",
    "DockerCircuitBreakerConfig",
    "DockerOperation",
    "run_with_breaker",
]

T = TypeVar("T")


@dataclass(frozen=True)
class DockerOperation:
    """One call of the Docker client."""

    command: str
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class DockerCircuitBreakerConfig:
    """How many failures open the breaker."""

    failure_threshold: int = 2


class DockerCircuitBreaker:
    """Open after some failures in a row, until it is reset."""

    def __init__(self, config: DockerCircuitBreakerConfig | None = None) -> None:
        self.config = config or DockerCircuitBreakerConfig()
        self.failures = 0

    @property
    def is_open(self) -> bool:
        return self.failures >= self.config.failure_threshold

    def reset(self) -> None:
        self.failures = 0


def run_with_breaker(breaker: DockerCircuitBreaker, function: Callable[[], T], default: T) -> T:
    """Call the function; the default instead, where it fails or the breaker is open."""
    if breaker.is_open:
        return default
    try:
        value = function()
    except OSError:
        breaker.failures += 1
        return default
    breaker.reset()
    return value
