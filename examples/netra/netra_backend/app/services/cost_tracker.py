"""What the calls to the model cost."""

from __future__ import annotations

from netra_backend.app.services.circuit_breaker import get_circuit_breaker


class CostTracker:
    """Adds up tokens, and stops while billing does not answer."""

    def __init__(self, price_per_token: float = 0.00002) -> None:
        self._price = price_per_token
        self._tokens = 0
        self.billing = get_circuit_breaker("billing")

    def add(self, tokens: int) -> bool:
        # Imported late: the breaker used to import this module.
        from netra_backend.app.services.circuit_breaker import CircuitBreakerState

        if self.billing.state == CircuitBreakerState.OPEN:
            return False
        self._tokens += tokens
        return True

    @property
    def total(self) -> float:
        return round(self._tokens * self._price, 6)
