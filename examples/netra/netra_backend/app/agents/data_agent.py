"""Collects the numbers; written on another machine, as its line ends tell."""

from __future__ import annotations

from netra_backend.app.agents.base_agent import AgentState, BaseAgent
from netra_backend.app.services.circuit_breaker import (
    CircuitBreaker,
    CircuitBreakerState,  # to tell "no data" from "not asked"
)
from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager, WebSocketConnection


class DataAgent(BaseAgent):
    """Reads numbers through a breaker."""

    name = "data"

    def __init__(self, breaker: CircuitBreaker, numbers: dict[str, int]) -> None:
        self._breaker = breaker
        self._numbers = numbers

    def run(self, state: AgentState) -> AgentState:
        total = self._breaker.call(lambda: sum(self._numbers.values()))
        state.findings["total"] = "not asked" if self._breaker.state == CircuitBreakerState.OPEN else str(total)
        return state


def open_channel(user_id: str) -> tuple[UnifiedWebSocketManager, WebSocketConnection]:
    """Return a manager with one connection of the user."""
    manager = UnifiedWebSocketManager()
    connection = WebSocketConnection(f"data-{user_id}", user_id)
    manager.connect(connection)
    return manager, connection
