"""How many connections and open breakers there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netra_backend.app.core.resilience.unified_circuit_breaker import UnifiedCircuitBreaker

try:
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager
except ImportError:
    UnifiedWebSocketManager = None

try:
    from netra_backend.app.services.circuit_breaker import CircuitBreakerState
except ImportError:
    CircuitBreakerState = None


def connection_count(manager: Any) -> int:
    """Return the open connections; 0 for what is not a manager."""
    if UnifiedWebSocketManager is None or not isinstance(manager, UnifiedWebSocketManager):
        return 0
    return manager.connection_count()


def open_breakers(breakers: Iterable[UnifiedCircuitBreaker]) -> int:
    """Return how many breakers keep calls away."""
    if CircuitBreakerState is None:
        return 0
    return sum(breaker.state == CircuitBreakerState.OPEN for breaker in breakers)
