"""The breaker itself: nothing here was left behind by the migration."""

from netra_backend.app.core.clock import ManualClock
from netra_backend.app.core.resilience.unified_circuit_breaker import (
    UnifiedCircuitBreaker,
    UnifiedCircuitBreakerState,
    UnifiedCircuitConfig,
)


def test_opens_at_the_threshold_and_tries_again_later(clock: ManualClock) -> None:
    breaker = UnifiedCircuitBreaker(UnifiedCircuitConfig("db", failure_threshold=2, recovery_seconds=5), clock)
    breaker.record_failure()
    assert breaker.allows_request()
    breaker.record_failure()
    assert breaker.state is UnifiedCircuitBreakerState.OPEN
    clock.advance(5)
    assert breaker.state is UnifiedCircuitBreakerState.HALF_OPEN


def test_success_closes(clock: ManualClock) -> None:
    breaker = UnifiedCircuitBreaker(UnifiedCircuitConfig("db", failure_threshold=1), clock)
    breaker.record_failure()
    breaker.record_success()
    assert breaker.state is UnifiedCircuitBreakerState.CLOSED
