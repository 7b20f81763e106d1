"""Names that the old workers import from here; they are all that is in this module."""

__all__ = ["CircuitBreakerConfig", "CircuitBreakerState"]

from netra_backend.app.services.circuit_breaker import CircuitBreakerConfig, CircuitBreakerState