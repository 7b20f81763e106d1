"""The events that the product cannot do without."""

import asyncio

import pytest

from netra_backend.app.services.circuit_breaker import CircuitBreakerState
from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager import (
    UnifiedWebSocketManager,
    WebSocketConnection,
    WebSocketManagerMode,
)

CRITICAL = [MessageType.AGENT_STARTED, MessageType.AGENT_COMPLETED, MessageType.ERROR]


@pytest.fixture
def manager() -> "UnifiedWebSocketManager":
    return UnifiedWebSocketManager(WebSocketManagerMode.ISOLATED)


@pytest.mark.parametrize("kind", CRITICAL)
def test_is_delivered(manager: "UnifiedWebSocketManager", kind: MessageType) -> None:
    connection = WebSocketConnection("1", "me")
    manager.connect(connection)
    assert asyncio.run(manager.send_to_user("me", WebSocketMessage(kind))) == 1
    assert connection.sent == [{"type": kind.value, "payload": {}}]


@pytest.mark.parametrize("state", list(CircuitBreakerState), ids=lambda state: state.value)
def test_states_can_be_sent(manager: "UnifiedWebSocketManager", state: CircuitBreakerState) -> None:
    message = WebSocketMessage(MessageType.ERROR, {"state": state.value})
    assert asyncio.run(manager.send_to_user("nobody", message)) == 0
