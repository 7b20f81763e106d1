"""The circuit breaker of the services: the unified one, with a call that never raises for an open circuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netra_backend.app.config import get_settings
from netra_backend.app.core.resilience.unified_circuit_breaker import UnifiedCircuitBreaker, UnifiedCircuitConfig

__all__ = ["CircuitBreaker", "CircuitBreakerConfig", "get_circuit_breaker"]

T = TypeVar("T")

CircuitBreakerConfig = UnifiedCircuitConfig


class CircuitBreaker(UnifiedCircuitBreaker):
    """A breaker that makes the call itself; who wants to know why nothing came back looks at its state."""

    def call(self, function: Callable[[], T]) -> T | None:
        if not self.allows_request():
            return None
        try:
            value = function()
        except ConnectionError:
            self.record_failure()
            return None
        self.record_success()
        return value


def get_circuit_breaker(name: str) -> CircuitBreaker:
    """Return a breaker with the thresholds of the settings."""
    settings = get_settings()
    return CircuitBreaker(CircuitBreakerConfig(name, settings.failure_threshold, settings.recovery_seconds))
