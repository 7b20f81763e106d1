"""How healthy the services are, from the states of their breakers."""

from __future__ import annotations

from collections.abc import Iterable

from netra_backend.app.core.resilience.unified_circuit_breaker import (
    UnifiedCircuitBreaker,  # anything that has a state
)
from netra_backend.app.services.circuit_breaker import (
    # The breaker itself: new ones are made with the settings' thresholds.
    get_circuit_breaker,
    # Its state, under the short name that the dashboards use.
    CircuitBreakerState as CBState,  # closed, open or half open
)

WEIGHTS: dict[CBState, float] = {
    CBState.CLOSED: 1.0,
    CBState.HALF_OPEN: 0.5,
    CBState.OPEN: 0.0,
}


class HealthMonitor:
    """Watches breakers and sums them up."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._breakers: dict[str, UnifiedCircuitBreaker] = {name: get_circuit_breaker(name) for name in names}

    def watch(self, name: str, breaker: UnifiedCircuitBreaker) -> None:
        self._breakers[name] = breaker

    def failing(self) -> list[str]:
        return sorted(name for name, breaker in self._breakers.items() if breaker.state == CBState.OPEN)

    def score(self) -> float:
        if not self._breakers:
            return 1.0
        return sum(WEIGHTS[breaker.state] for breaker in self._breakers.values()) / len(self._breakers)
