"""Names that are re-exported."""

from netra_backend.app.core.resilience.unified_circuit_breaker import UnifiedCircuitBreakerState
from netra_backend.app.monitoring import CircuitBreaker, CircuitBreakerState
from netra_backend.app.worker_exports import CircuitBreakerConfig, CircuitBreakerState as WorkerState


def test_every_path_leads_to_the_same_states() -> None:
    assert CircuitBreakerState is WorkerState is UnifiedCircuitBreakerState


def test_the_breaker_of_the_dashboards() -> None:
    assert CircuitBreaker(CircuitBreakerConfig("db")).state is CircuitBreakerState.CLOSED
