"""What the server does with a message that a client sent."""

from __future__ import annotations

from .types import MessageType, WebSocketMessage
from .unified_manager import UnifiedWebSocketManager


class PingHandler:
    """Answers a ping with a ping."""

    def __init__(self, manager: UnifiedWebSocketManager) -> None:
        self._manager = manager

    async def handle(self, user_id: str, message: WebSocketMessage) -> int:
        if message.type is not MessageType.PING:
            return 0
        return await self._manager.send_to_user(user_id, WebSocketMessage(MessageType.PING))


def default_handlers(manager: UnifiedWebSocketManager | None = None) -> list[PingHandler]:
    """Return the handlers that every route has."""
    return [PingHandler(manager or UnifiedWebSocketManager())]
