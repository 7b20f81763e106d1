"""The websocket manager."""

import asyncio

from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager, WebSocketConnection
from netra_backend.app.websocket_core.websocket_manager import (
    WebSocketManager,
    get_websocket_manager,
)


def test_there_is_one_class() -> None:
    assert WebSocketManager is UnifiedWebSocketManager
    assert isinstance(get_websocket_manager(), UnifiedWebSocketManager)


def test_writes_to_one_user_only() -> None:
    manager = UnifiedWebSocketManager()
    mine, other = WebSocketConnection("1", "me"), WebSocketConnection("2", "other")
    manager.connect(mine)
    manager.connect(other)
    assert asyncio.run(manager.send_to_user("me", WebSocketMessage(MessageType.PING))) == 1
    assert mine.sent and not other.sent


def test_disconnect() -> None:
    manager = UnifiedWebSocketManager()
    connection = WebSocketConnection("1", "me")
    manager.connect(connection)
    manager.disconnect(connection)
    assert manager.connection_count() == 0
