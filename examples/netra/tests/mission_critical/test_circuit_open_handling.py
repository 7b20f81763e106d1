"""What an open breaker does: written for the exception that never came."""

import pytest

from netra_backend.app.core.resilience.unified_circuit_breaker import UnifiedCircuitConfig
from netra_backend.app.services.circuit_breaker import (
    CircuitBreaker,
    # Raised for every call while the breaker is open.
    CircuitOpenException,
    CircuitBreakerState,  # and the state that it is open in
)


def test_an_open_breaker_raises() -> None:
    breaker = CircuitBreaker(UnifiedCircuitConfig("db", failure_threshold=1))
    breaker.record_failure()
    assert breaker.state == CircuitBreakerState.OPEN
    with pytest.raises(CircuitOpenException):
        breaker.call(lambda: None)
