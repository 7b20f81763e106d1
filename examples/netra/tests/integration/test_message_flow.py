"""From an agent to the browser."""

import asyncio

from netra_backend.app.websocket_core.agent_bridge import AgentWebSocketBridge, bridge_for
from netra_backend.app.websocket_core.handlers import default_handlers
from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager import (
    WebSocketConnection,
    UnifiedWebSocketManager as Manager,  # the real one: no mocks in here
)


def test_events_arrive_in_order() -> None:
    manager, connection = Manager(), WebSocketConnection("1", "me")
    manager.connect(connection)
    bridge = AgentWebSocketBridge(manager, "me")

    async def work() -> None:
        await bridge.started("triage")
        await bridge.completed("triage", "billing")

    asyncio.run(work())
    assert [event["type"] for event in connection.sent] == ["agent_started", "agent_completed"]


def test_nobody_is_there() -> None:
    assert asyncio.run(bridge_for("me").started("triage")) == 0


def test_a_ping_is_answered() -> None:
    manager, connection = Manager(), WebSocketConnection("1", "me")
    manager.connect(connection)
    (handler,) = default_handlers(manager)
    assert asyncio.run(handler.handle("me", WebSocketMessage(MessageType.PING))) == 1
