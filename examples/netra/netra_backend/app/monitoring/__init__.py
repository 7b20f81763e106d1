"""What the dashboards import."""

from netra_backend.app.services.circuit_breaker import CircuitBreaker, CircuitBreakerState

__all__ = ["CircuitBreaker", "CircuitBreakerState"]
