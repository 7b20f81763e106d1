"""The client of the language model."""

from __future__ import annotations

from collections.abc import Callable

from netra_backend.app.core.resilience.unified_circuit_breaker import UnifiedCircuitConfig
from netra_backend.app.services.circuit_breaker import CircuitBreaker, CircuitBreakerState

NOT_AVAILABLE = "The model is not available; please try again in a moment."


class LLMClient:
    """Asks the model, behind a breaker."""

    def __init__(self, transport: Callable[[str], str], breaker: CircuitBreaker | None = None) -> None:
        self._transport = transport
        self._breaker = breaker or CircuitBreaker(UnifiedCircuitConfig("llm", failure_threshold=2))

    @property
    def state(self) -> CircuitBreakerState:
        return self._breaker.state

    def ask(self, prompt: str) -> str:
        answer = self._breaker.call(lambda: self._transport(prompt))
        if answer is None:
            return NOT_AVAILABLE
        return answer

    def is_available(self) -> bool:
        return self.state in (CircuitBreakerState.CLOSED, CircuitBreakerState.HALF_OPEN)
