"""The health route."""

from __future__ import annotations

from netra_backend.app.services.circuit_breaker import CircuitBreakerState
from netra_backend.app.services.health_monitor import HealthMonitor


def health(monitor: HealthMonitor) -> dict[str, object]:
    """Return what the load balancer asks for."""
    return {"healthy": not monitor.failing(), "score": monitor.score()}
