"""The circuit breaker that replaced the four older ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from netra_backend.app.core.clock import Clock, SystemClock

__all__ = [
    "UnifiedCircuitBreaker",
    "UnifiedCircuitBreakerState",
    "UnifiedCircuitConfig",
]


class UnifiedCircuitBreakerState(Enum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class UnifiedCircuitConfig:
    """When a breaker opens, and when it tries again."""

    name: str
    failure_threshold: int = 3
    recovery_seconds: float = 30.0


class UnifiedCircuitBreaker:
    """Counts failures in a row; opens at the threshold; tries one call after the recovery time."""

    def __init__(self, config: UnifiedCircuitConfig, clock: Clock | None = None) -> None:
        self.config = config
        self._clock = clock or SystemClock()
        self._failures = 0
        self._opened_at: float | None = None

    @property
    def state(self) -> UnifiedCircuitBreakerState:
        if self._opened_at is None:
            return UnifiedCircuitBreakerState.CLOSED
        if self._clock.now() - self._opened_at >= self.config.recovery_seconds:
            return UnifiedCircuitBreakerState.HALF_OPEN
        return UnifiedCircuitBreakerState.OPEN

    def allows_request(self) -> bool:
        return self.state is not UnifiedCircuitBreakerState.OPEN

    def record_success(self) -> None:
        self._failures = 0
        self._opened_at = None

    def record_failure(self) -> None:
        self._failures += 1
        if self._failures >= self.config.failure_threshold:
            self._opened_at = self._clock.now()
